"""Claims about pledges: what help that is promised does to who is promised it, found by playing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterpoise.agents.doctrines.pledge import DOCTRINES
from counterpoise.agents.named import profile
from counterpoise.envs.engine.errors import ActionError, ParameterError
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.pledge import FIRMNESS, GAME, PATRON, PLEDGE, PROTEGE, Parameters
from counterpoise.theory import pledge as theory
from counterpoise.theory import regret

DEFAULT = Parameters()
ENTRAPS, HUMP, DETERS = (Parameters(deterrent_effect=k) for k in (0.3, 0.6, 0.9))
TREMBLING = Parameters(tremble=0.3)
CASES = [DEFAULT, *(Parameters(**changes) for changes in GAME.variants.values())]
LIKELY_PARAMETERS = {
    "deterrent_effect": st.floats(0.0, 1.0),
    "war_risk": st.floats(0.0, 1.0),
    "war_loss": st.floats(0.0, 3.0),
    "patron_war_loss": st.floats(0.0, 3.0),
    "firmness_gain": st.floats(0.0, 2.0),
    "patron_gain": st.floats(0.0, 2.0),
    "firmness_cost": st.floats(0.01, 3.0),
}


class Network(Strategy):
    """A smooth, arbitrary answer to what it sees, as of an untrained network."""

    name = "network"

    def __init__(self, power):
        draw = np.random.default_rng(power)
        inputs = len(GAME.observation_names(2))
        self._first, self._last = draw.normal(size=(inputs, 16)) * 3.0, draw.normal(size=(16, 1))

    def act(self, observations, masks, rng):
        hidden = np.tanh((observations.astype(np.float64) - 0.4) @ self._first)
        return 1.0 / (1.0 + np.exp(-hidden @ self._last))


class Coin(Strategy):
    """Does nothing or everything, by the toss of a coin."""

    name = "coin"
    is_random = True

    def act(self, observations, masks, rng):
        return rng.integers(2, size=(len(observations), 1)).astype(np.float64)


def played(parameters, pledges, firmness):
    """Return both payoffs and the risk of war of one year with given moves, by playing it."""
    pledges, firmness = np.broadcast_arrays(pledges, firmness)
    worlds = Worlds(GAME, pledges.size, parameters, autoreset=False)
    worlds.reset(0)
    moves = np.stack([pledges.ravel(), firmness.ravel()], axis=1)[..., None]
    assert not worlds.step(moves).any()
    rewards = worlds.step(moves).reshape(*pledges.shape, 2)
    return rewards, worlds.records["risk"][:, 0].reshape(pledges.shape)


def answered(parameters, protege, pledges):
    """Return the firmness with which a strategy meets pledges in the first year."""
    worlds = Worlds(GAME, len(pledges), parameters, autoreset=False)
    worlds.reset(0)
    worlds.step(np.stack([pledges, np.zeros(len(pledges))], axis=1)[..., None])
    seen, masks = worlds.observations[:, PROTEGE], worlds.masks[:, PROTEGE]
    return protege.act(seen, masks, np.random.default_rng(0))[:, 0]


# -- the printed numbers --------------------------------------------------------------------------


def test_patron_pledges_a_little_and_the_protege_is_as_firm_as_theory_prints():
    found = theory.equilibrium(DEFAULT)
    assert found.outcomes["pledge"] == pytest.approx(0.08703, abs=6e-6)
    assert found.outcomes["firmness"] == pytest.approx(0.240577, abs=6e-7)
    assert found.outcomes["war_risk"] == pytest.approx(0.093718, abs=6e-7)
    assert found.values[PATRON] == pytest.approx(0.023873, abs=6e-7)
    assert found.is_unique


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (ENTRAPS, (0.0667, 0.1870, 0.2333)),
        (HUMP, (0.0667, 0.1680, 0.1333)),
        (DETERS, (0.0667, 0.1430, 0.0333)),
    ],
)
def test_risk_of_war_after_no_half_and_full_pledges_is_what_theory_prints(parameters, expected):
    pledges = np.array([0.0, 0.5, 1.0])
    protege = theory.equilibrium(parameters).strategies[PROTEGE]
    _, risk = played(parameters, pledges, answered(parameters, protege, pledges))
    np.testing.assert_allclose(risk, expected, atol=6e-5)
    reported = theory.equilibrium(parameters).outcomes["war_risk_at"]
    np.testing.assert_allclose(reported, risk, atol=1e-8)


# -- comparative statics --------------------------------------------------------------------------


def test_a_firmer_pledge_makes_a_firmer_protege():
    pledges = np.linspace(0.0, 1.0, 101)
    for parameters in (ENTRAPS, HUMP, DETERS):
        protege = theory.equilibrium(parameters).strategies[PROTEGE]
        assert (np.diff(answered(parameters, protege, pledges)) > 0.0).all()


def test_pledges_entrap_then_hump_then_deter_as_their_effect_grows():
    entraps, hump, deters = (
        theory.equilibrium(each).outcomes["war_risk_at"] for each in (ENTRAPS, HUMP, DETERS)
    )
    assert entraps[0] < entraps[1] < entraps[2]
    assert hump[1] > hump[2] > hump[0]
    assert deters[2] < deters[0] < deters[1]


def test_the_pledge_rises_with_its_deterrent_effect_and_then_jumps_to_a_whole_one():
    effects = np.linspace(0.1, 0.9, 161)
    found = np.array(
        [theory.equilibrium(Parameters(deterrent_effect=k)).outcomes["pledge"] for k in effects]
    )
    assert (np.diff(found) >= 0.0).all()
    assert set(found[effects > 0.6]) == {1.0}
    jump = np.diff(found).argmax()
    assert found[jump] < 0.3
    assert found[jump + 1] == 1.0
    assert np.delete(np.diff(found), jump).max() < 0.05


def test_where_the_pledge_jumps_both_pledges_are_worth_the_same():
    low, high = 0.3, 0.6
    while high - low > 1e-13:
        middle = 0.5 * (low + high)
        is_whole = theory.best_pledges(Parameters(deterrent_effect=middle))[0] == 1.0
        low, high = (low, middle) if is_whole else (middle, high)
    worth = [theory.equilibrium(Parameters(deterrent_effect=k)).values[PATRON] for k in (low, high)]
    assert worth[0] == pytest.approx(worth[1], abs=1e-9)
    assert not theory.equilibrium(Parameters(deterrent_effect=low)).is_unique


def test_years_are_independent_of_each_other():
    once = theory.equilibrium(DEFAULT)
    ten = theory.equilibrium(Parameters(years=10, discount=0.95))
    np.testing.assert_allclose(ten.values, once.values * (1 - 0.95**10) / 0.05, rtol=1e-12)
    assert ten.outcomes["pledge"] == once.outcomes["pledge"]


# -- no deviation pays, in the game itself --------------------------------------------------------


@pytest.mark.parametrize("parameters", CASES)
def test_no_pledge_pays_the_patron_more(parameters):
    found = theory.equilibrium(parameters)
    pledges = np.append(np.linspace(0.0, 1.0, 20_001), found.outcomes["pledge"])
    firmness = answered(parameters, found.strategies[PROTEGE], pledges)
    patron = played(parameters, pledges, firmness)[0][:, PATRON]
    assert patron.max() - patron[-1] <= 1e-9


@pytest.mark.parametrize("parameters", CASES)
def test_no_firmness_pays_the_protege_more_after_any_pledge(parameters):
    pledges = np.linspace(0.0, 1.0, 41)
    firmness = np.linspace(0.0, 1.0, 2_001)
    protege = theory.equilibrium(parameters).strategies[PROTEGE]
    settled = played(parameters, pledges, answered(parameters, protege, pledges))[0][:, PROTEGE]
    tried = played(parameters, pledges[:, None], firmness)[0][..., PROTEGE]
    assert (tried.max(axis=1) - settled <= 1e-9).all()


@pytest.mark.parametrize("parameters", CASES)
def test_nobody_regrets_the_equilibrium(parameters):
    found = theory.equilibrium(parameters)
    assert regret.nash_conv("pledge", parameters, found.strategies) <= 1e-7


@settings(max_examples=60)
@given(changes=st.fixed_dictionaries(LIKELY_PARAMETERS))
def test_the_pledge_is_the_best_of_all_whatever_the_parameters(changes):
    parameters = Parameters(**changes)
    best = theory.best_pledges(parameters)
    pledges = np.concatenate([best, np.linspace(0.0, 1.0, 4_001)])
    firmness = theory.answer(parameters, pledges)
    patron = played(parameters, pledges, firmness)[0][:, PATRON]
    assert patron.max() - patron[: len(best)].min() <= 1e-11


@pytest.mark.parametrize("changes", [{"war_risk": 0.0}, {"firmness_gain": 0.0}])
def test_where_the_pledge_changes_nothing_the_equilibrium_is_not_the_only_one(changes):
    found = theory.equilibrium(Parameters(**changes))
    assert not found.is_unique
    assert found.outcomes["pledge"] == 0.0


# -- best responses -------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [PATRON, PROTEGE])
@pytest.mark.parametrize("name", [*DOCTRINES, "network"])
def test_best_responses_are_attained_by_playing_and_beaten_by_nothing(name, power):
    others = (
        [Network(0), Network(1)] if name == "network" else profile(name, GAME, DEFAULT)
    )  # fmt: skip
    answer = regret.best_response("pledge", DEFAULT, others, power)
    tried = [*others]
    tried[power] = answer.strategy
    worlds = Worlds(GAME, 1, DEFAULT, autoreset=False)
    assert play(worlds, tried, seed=0).returns(1.0)[0, power] == pytest.approx(
        answer.value, abs=1e-6
    )
    assert play(worlds, others, seed=0).returns(1.0)[0, power] == pytest.approx(
        answer.own_value, abs=1e-6
    )
    grid = np.linspace(0.0, 1.0, 5_001)
    if power == PATRON:
        rewards, _ = played(DEFAULT, grid, answered(DEFAULT, others[PROTEGE], grid))
    else:
        pledge = play(worlds, others, seed=0).records["pledged"][1, 0, PATRON]
        rewards, _ = played(DEFAULT, pledge, grid)
    assert rewards[:, power].max() <= answer.value + 1e-6


def test_a_best_response_to_random_play_is_not_the_luckiest_of_many():
    """Play every pledge against every firmness, and let the protege answer every pledge."""
    random = profile("random", GAME, DEFAULT)
    pledges, firmness = np.linspace(0.0, 1.0, 401), (np.arange(1_000) + 0.5) / 1_000
    patron = played(DEFAULT, pledges[:, None], firmness)[0][..., PATRON].mean(axis=1)
    answer = regret.best_response("pledge", DEFAULT, random, PATRON)
    assert answer.value == pytest.approx(patron.max(), abs=1e-9)
    drawn = (np.arange(400) + 0.5) / 400
    both = played(DEFAULT, drawn[:, None], firmness)[0]
    assert answer.own_value == pytest.approx(both[..., PATRON].mean(), abs=1e-6)
    protege = regret.best_response("pledge", DEFAULT, random, PROTEGE)
    assert protege.own_value == pytest.approx(both[..., PROTEGE].mean(), abs=1e-6)
    assert protege.value == pytest.approx(both[..., PROTEGE].max(axis=1).mean(), abs=1e-5)


@pytest.mark.parametrize("parameters", CASES)
def test_random_play_regrets_one_stake(parameters):
    random = profile("random", GAME, parameters)
    np.testing.assert_allclose(regret.regret("pledge", parameters, random), 1.0, atol=1e-12)


def test_who_tosses_a_coin_is_answered_by_what_its_tosses_are_worth():
    pledges = np.linspace(0.0, 1.0, 101)
    mean = played(DEFAULT, pledges[:, None], np.array([0.0, 1.0]))[0][..., PATRON].mean(axis=1)
    answer = regret.best_response("pledge", DEFAULT, [Coin(), Coin()], PATRON)
    assert answer.value == pytest.approx(mean.max(), rel=0.2)
    assert answer.strategy.pledges[0] == pytest.approx(pledges[mean.argmax()], abs=0.1)


# -- a trembling hand -----------------------------------------------------------------------------


def test_a_trembling_hand_changes_what_is_got_but_not_what_is_meant():
    found = theory.equilibrium(TREMBLING)
    assert found.strategies[PATRON].pledges[0] == theory.best_pledges(DEFAULT)[0]
    steady = theory.equilibrium(DEFAULT)
    assert found.values[PATRON] < steady.values[PATRON]
    assert regret.nash_conv("pledge", TREMBLING, found.strategies) <= 1e-7


@pytest.mark.parametrize("name", ["equilibrium", "loyalist", "random", "network"])
def test_values_with_a_trembling_hand_are_those_of_playing(name):
    others = (
        [Network(0), Network(1)] if name == "network" else profile(name, GAME, TREMBLING)
    )  # fmt: skip
    worlds = Worlds(GAME, 100_000, TREMBLING, autoreset=False)
    returns = play(worlds, others, seed=3).returns(1.0)
    reach = 4.0 * returns.std(axis=0).max() / len(returns) ** 0.5
    np.testing.assert_allclose(returns.mean(axis=0), theory.values(TREMBLING, others), atol=reach)
    pledged = worlds.records["pledged"][:, PATRON]
    assert pledged.mean() == pytest.approx(theory.outcomes(TREMBLING, others)["pledge"], abs=0.005)


def test_a_hand_that_trembles_with_certainty_pledges_anything():
    worlds = Worlds(GAME, 10_000, Parameters(tremble=1.0), autoreset=False)
    worlds.reset(0)
    worlds.step(np.zeros((10_000, 2, 1)))
    pledged = np.sort(worlds.records["pledged"][:, PATRON])
    np.testing.assert_allclose(pledged, (np.arange(10_000) + 0.5) / 10_000, atol=0.02)


# -- what is seen and done ------------------------------------------------------------------------


def test_the_protege_sees_the_pledge_and_nobody_sees_one_before_it_is_made():
    worlds = Worlds(GAME, 1, Parameters(years=2))
    worlds.reset(0)
    column = GAME.observation_names(2).index("pledge")
    seen = [worlds.observations[0, :, column].tolist()]
    for _ in range(2):
        worlds.step([[[0.25], [0.75]]])
        seen.append(worlds.observations[0, :, column].tolist())
    assert seen == [[0.0, 0.0], [0.25, 0.25], [0.0, 0.0]]


@settings(max_examples=40)
@given(
    changes=st.fixed_dictionaries(LIKELY_PARAMETERS),
    moves=st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4),
)
def test_who_is_not_on_the_move_moves_nothing(changes, moves):
    parameters = Parameters(**changes)
    worlds = Worlds(GAME, 2, parameters, autoreset=False)
    worlds.reset(0)
    pledge, firmness, early, late = moves
    assert (worlds.records["phase"] == PLEDGE).all()
    worlds.step([[[pledge], [early]], [[pledge], [0.0]]])
    assert (worlds.records["phase"] == FIRMNESS).all()
    rewards = worlds.step([[[late], [firmness]], [[0.0], [firmness]]])
    assert np.array_equal(rewards[0], rewards[1])
    assert np.isfinite(rewards).all()
    assert ((worlds.records["risk"] >= 0.0) & (worlds.records["risk"] <= 1.0)).all()
    assert worlds.terminated.all()
    space = GAME.observation_space(2)
    assert all(space.contains(row) for row in worlds.observations.reshape(-1, *space.shape))


def test_wrong_input_is_refused_in_words():
    with pytest.raises(ParameterError, match="deterrent_effect"):
        Parameters(deterrent_effect=1.2)
    with pytest.raises(ParameterError, match="firmness_cost"):
        Parameters(firmness_cost=0.0)
    worlds = Worlds(GAME, 1, DEFAULT)
    worlds.reset(0)
    with pytest.raises(ActionError):
        worlds.step([[[1.2], [0.0]]])


def test_what_learners_are_to_reach_are_outcomes_that_the_theory_has():
    assert set(theory.THEORY.targets.outcomes) <= set(theory.equilibrium(DEFAULT).outcomes)
    assert set(theory.OUTCOMES) == set(theory.equilibrium(DEFAULT).outcomes)
