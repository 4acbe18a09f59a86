"""The paradox of power: the poor fight harder, unless conflict is decisive."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.agents.named import profile
from counterpoise.envs.engine.errors import ActionError, ParameterError
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.paradox_of_power import GAME, POOR, RICH, Parameters
from counterpoise.theory import paradox_of_power as theory
from counterpoise.theory import regret


class Network(Strategy):
    """A smooth, arbitrary answer to what it sees, as of an untrained network."""

    def __init__(self, power):
        self._weights = np.random.default_rng(power).normal(size=len(GAME.observation_names(2)))

    def act(self, observations, masks, rng):
        return 0.5 + 0.5 * np.sin(3.0 * observations.astype(np.float64) @ self._weights)[:, None]


class Coin(Strategy):
    """Fights with little or with much, by the toss of a coin."""

    is_random = True

    def act(self, observations, masks, rng):
        return 0.02 + 0.9 * rng.integers(2, size=(len(observations), 1))


def incomes(parameters, rich, poor):
    """Play one year with these shares of the own resources, [n] each; return rewards, [n, 2]."""
    shares = np.stack(np.broadcast_arrays(np.atleast_1d(rich), np.atleast_1d(poor)), axis=1)
    worlds = Worlds(GAME, len(shares), parameters, autoreset=False)
    worlds.reset(0)
    return worlds.step(shares[..., None]).copy()


def solved(**changes):
    return theory.equilibrium(Parameters(**changes)).outcomes


def test_both_fight_alike_and_get_the_same_however_unequal_they_are():
    found = solved()
    np.testing.assert_allclose(found["fighting"], [50.0, 50.0])
    np.testing.assert_allclose(found["income"], [50.0, 50.0])


def test_the_very_poor_fight_with_all_they_have_and_still_fall_behind():
    found = solved(inequality=0.9)
    np.testing.assert_allclose(found["fighting"], [43.24555, 20.0], atol=5e-6)
    np.testing.assert_allclose(found["income"], [93.50889, 43.24555], atol=5e-6)


def test_decisive_conflict_breaks_the_paradox():
    found = solved(decisiveness=4.0)
    np.testing.assert_allclose(found["income"], [63.49426, 17.30115], atol=5e-6)


@given(
    inequality=st.floats(0.5, 0.99),
    decisiveness=st.floats(0.1, 10.0),
    power=st.integers(0, 1),
)
def test_no_share_pays_more_than_the_equilibrium_when_it_is_played(inequality, decisiveness, power):
    parameters = Parameters(inequality=inequality, decisiveness=decisiveness)
    solution = theory.equilibrium(parameters)
    rich, poor = solution.outcomes["fighting_share"]
    tried = np.linspace(0.0, 1.0, 401)
    pair = (tried, poor) if power == 0 else (rich, tried)
    best = incomes(parameters, *pair)[:, power].max()
    assert best <= solution.values[power] + 1e-9 * parameters.resources


@given(
    inequality=st.floats(0.5, 0.99),
    decisiveness=st.floats(0.1, 10.0),
    rich=st.floats(0.0, 1.0),
    poor=st.floats(0.0, 1.0),
)
def test_the_common_income_is_divided_to_the_cent(inequality, decisiveness, rich, poor):
    parameters = Parameters(inequality=inequality, decisiveness=decisiveness)
    rewards = incomes(parameters, rich, poor)[0]
    fought = parameters.resources * (inequality * rich + (1.0 - inequality) * poor)
    assert (rewards >= 0.0).all()
    assert rewards.sum() == pytest.approx(parameters.resources - fought, abs=1e-9 * 200.0)


def test_who_does_not_fight_gets_nothing_unless_nobody_does():
    parameters = Parameters()
    np.testing.assert_allclose(incomes(parameters, 0.0, 0.0)[0], [100.0, 100.0])
    assert incomes(parameters, 0.0, 0.5)[0, 0] == 0.0


def test_the_gap_in_income_is_narrower_than_the_gap_in_resources():
    for inequality in (0.6, 0.75, 0.9, 0.97):
        assert solved(inequality=inequality)["income_ratio"] < inequality / (1.0 - inequality)


def test_the_more_decisive_conflict_the_more_is_fought():
    fought = [solved(decisiveness=m)["fighting"][0] for m in (0.5, 1.0, 2.0, 4.0)]
    assert fought == sorted(fought)


def test_best_responses_against_doctrines_are_better_than_a_fine_grid():
    parameters = Parameters(decisiveness=3.0)
    for name in ("producer", "predator"):
        doctrine = profile(name, GAME, parameters)
        shares = [theory.shares_of(parameters, each, k)[0][0, 0] for k, each in enumerate(doctrine)]
        for power in range(2):
            tried = np.linspace(0.0, 1.0, 2_001)
            pair = (tried, shares[1]) if power == 0 else (shares[0], tried)
            best = incomes(parameters, *pair)[:, power].max()
            found = theory.best_response(parameters, doctrine, power)
            assert found.value >= best - 1e-12
            assert found.gain >= 0.0


@given(
    inequality=st.floats(0.5, 0.99),
    decisiveness=st.floats(0.1, 10.0),
    rival=st.floats(0.001, 1.0),
    power=st.integers(0, 1),
)
def test_however_decisive_conflict_is_income_has_one_peak_in_the_own_fighting(
    inequality, decisiveness, rival, power
):
    """So that what no small deviation betters, no large one does: pure equilibria always exist."""
    parameters = Parameters(inequality=inequality, decisiveness=decisiveness)
    tried = np.linspace(0.0, 1.0, 401)
    pair = (tried, rival) if power == RICH else (rival, tried)
    rises = np.diff(incomes(parameters, *pair)[:, power])
    turns = np.flatnonzero(np.diff(np.sign(rises[np.abs(rises) > 1e-9])))
    assert len(turns) <= 1


@pytest.mark.parametrize("decisiveness", [0.5, 1.0, 2.0, 4.0])
def test_the_poor_fight_with_everything_once_they_have_less_than_equals_would_spend(decisiveness):
    threshold = decisiveness / (2.0 * (1.0 + decisiveness))
    for apart in (-0.01, 0.01):
        inequality = 1.0 - threshold - apart
        if inequality < 0.5:
            continue
        found = solved(inequality=inequality, decisiveness=decisiveness)
        is_paradox = apart > 0.0
        assert (found["fighting_share"][POOR] < 1.0) == is_paradox
        assert (found["income_ratio"] == pytest.approx(1.0)) == is_paradox


def test_the_paradox_breaks_first_where_conflict_is_decisive():
    ratios = [solved(decisiveness=m)["income_ratio"] for m in (1.0, 1.5, 2.0, 4.0, 8.0)]
    assert ratios[0] == pytest.approx(1.0)
    assert (np.diff(ratios) > 0.0).all()
    assert ratios[3] > 3.0, "with m = 4 the rich gain on the poor, who have a third"


def test_the_poorer_fights_with_the_larger_share_of_its_resources():
    for inequality in (0.55, 0.7, 0.9):
        for decisiveness in (0.5, 1.0, 4.0):
            shares = solved(inequality=inequality, decisiveness=decisiveness)["fighting_share"]
            assert shares[POOR] > shares[RICH]


def test_only_relations_matter_so_resources_in_other_units_change_nothing_else():
    small, large = solved(resources=1.0), solved(resources=1e6)
    np.testing.assert_allclose(small["fighting_share"], large["fighting_share"], rtol=1e-9)
    np.testing.assert_allclose(1e6 * small["income"], large["income"], rtol=1e-9)


# -- best responses and stakes ------------------------------------------------------------------


@pytest.mark.parametrize("power", [RICH, POOR])
@pytest.mark.parametrize("decisiveness", [0.3, 1.0, 6.0])
def test_a_best_response_to_any_play_by_year_beats_a_fine_grid_and_gets_what_it_says(
    power, decisiveness
):
    parameters = Parameters(years=3, discount=0.9, decisiveness=decisiveness, inequality=0.6)
    networks = [Network(0), Network(1)]
    found = theory.best_response(parameters, networks, power)
    tried = [*networks]
    tried[power] = found.strategy
    for pair, value in ((tried, found.value), (networks, found.own_value)):
        worlds = Worlds(GAME, 1, parameters, autoreset=False)
        returns = play(worlds, pair, seed=0).returns(parameters.discount)[0, power]
        assert returns == pytest.approx(value, rel=1e-12)
    rival, _ = theory.shares_of(parameters, networks[1 - power], 1 - power)
    grid = np.linspace(0.0, 1.0, 2_001)
    reached = 0.0
    for year in range(3):
        pair = (grid, rival[year, 0]) if power == RICH else (rival[year, 0], grid)
        reached += 0.9**year * incomes(parameters, *pair)[:, power].max()
    assert found.value >= reached - 1e-9


@pytest.mark.parametrize("power", [RICH, POOR])
def test_against_chance_the_best_share_is_the_best_on_average(power):
    parameters = Parameters(decisiveness=8.0)
    coins = [Coin(), Coin()]
    found = theory.best_response(parameters, coins, power)
    grid = np.linspace(0.0, 1.0, 2_001)
    mean = np.zeros(len(grid))
    drawn, weights = theory.shares_of(parameters, coins[1 - power], 1 - power)
    for share in np.unique(drawn):
        pair = (grid, share) if power == RICH else (share, grid)
        mean += weights[drawn[0] == share].sum() * incomes(parameters, *pair)[:, power]
    assert found.value >= mean.max() - 1e-9


def test_against_who_does_not_fight_next_to_nothing_takes_nearly_everything():
    parameters = Parameters()
    peaceful = profile("constant:0", GAME, parameters)
    found = theory.best_response(parameters, peaceful, POOR)
    assert found.own_value == pytest.approx(100.0)
    assert found.value == pytest.approx(200.0, abs=1e-6)
    rollout = play(
        Worlds(GAME, 1, parameters, autoreset=False), [peaceful[0], found.strategy], seed=0
    )
    assert rollout.rewards[0, 0, POOR] == pytest.approx(found.value)


def test_the_stake_is_what_random_play_loses_in_the_game_itself():
    parameters = Parameters()
    random = profile("random", GAME, parameters)
    for power, stake in enumerate(regret.stakes("paradox_of_power", parameters)):
        best = theory.best_response(parameters, random, power).strategy
        returns = []
        for own in (best, random[power]):
            pair = [*random]
            pair[power] = own
            worlds = Worlds(GAME, 40_000, parameters, autoreset=False)
            returns.append(play(worlds, pair, seed=3).rewards[0, :, power])
        error = np.hypot(*(each.std() / len(each) ** 0.5 for each in returns))
        assert returns[0].mean() - returns[1].mean() == pytest.approx(stake, abs=5.0 * error)


def test_the_stake_of_a_year_does_not_depend_on_how_many_there_are():
    once = np.array(regret.stakes("paradox_of_power", Parameters()))
    often = np.array(regret.stakes("paradox_of_power", Parameters(years=25)))
    np.testing.assert_allclose(often, 25.0 * once, rtol=1e-9)


def test_a_thousand_years_are_judged_in_seconds():
    parameters = Parameters(years=1_000)
    started = time.process_time()
    random = profile("random", GAME, parameters)
    np.testing.assert_allclose(regret.regret("paradox_of_power", parameters, random), 1.0)
    strategies = theory.equilibrium(parameters).strategies
    assert regret.nash_conv("paradox_of_power", parameters, strategies) < 1e-8
    assert time.process_time() - started < 20.0


def test_nobody_regrets_the_equilibrium_in_any_variant():
    for variant in ({}, *GAME.variants.values()):
        parameters = Parameters(**variant)
        strategies = theory.equilibrium(parameters).strategies
        assert regret.nash_conv("paradox_of_power", parameters, strategies) < 1e-9


def test_the_outcomes_that_are_asked_for_are_among_those_that_are_reported():
    asked = {
        *theory.THEORY.targets.outcomes,
        *(name for curve in theory.THEORY.curves for name in curve.outcomes),
    }
    assert asked <= theory.OUTCOMES.keys()
    assert theory.OUTCOMES.keys() == solved().keys()


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inequality": 0.4}, "inequality .* from 0.5 to 0.99"),
        ({"inequality": 1.0}, "inequality .* from 0.5 to 0.99"),
        ({"decisiveness": 0.0}, "decisiveness .* from 0.1 to 10"),
        ({"resources": float("inf")}, "resources"),
        ({"powers": 3}, "powers"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_in_words(changes, words):
    with pytest.raises(ParameterError, match=words):
        Parameters(**changes)


def test_nobody_can_fight_with_more_than_it_has():
    with pytest.raises(ActionError):
        incomes(Parameters(), 1.01, 0.5)
