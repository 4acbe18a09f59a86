"""Claims about shifting power: secret arming, signals and strikes, found by playing the game."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterpoise.agents.doctrines.shifting_power import DOCTRINES
from counterpoise.agents.named import profile
from counterpoise.envs.engine.errors import ActionError, ParameterError
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.shifting_power import (
    DETERRER,
    GAME,
    INVEST,
    STRIKE,
    TARGET,
    Parameters,
)
from counterpoise.theory import regret
from counterpoise.theory import shifting_power as theory

DEFAULT = Parameters()
CASES = [DEFAULT, *(Parameters(**changes) for changes in GAME.variants.values())]
LIKELY_PARAMETERS = {
    "intelligence": st.floats(0.0, 1.0),
    "shift": st.floats(0.01, 3.0),
    "investment_cost": st.floats(0.001, 2.0),
    "target_war_cost": st.floats(0.0, 2.0),
    "deterrer_war_cost": st.floats(0.001, 2.0),
}
RANDOM_WORLDS = 100_000
FOUR_SIGMA = 4.0 * 0.5 / RANDOM_WORLDS**0.5


class Table(Strategy):
    """Takes option 1 with chances that depend on year and signal alone."""

    name = "table"
    is_random = True

    def __init__(self, parameters, power, chances):
        self._years, self._power = parameters.years, power
        self._chances = np.asarray(chances)

    def probabilities(self, observations, masks):
        names = GAME.observation_names(2)
        left = observations[:, names.index("years_left")] * self._years
        year = np.clip(self._years - np.rint(left).astype(int), 0, self._years - 1)
        signal = np.rint(observations[:, names.index("signal")]).astype(int)
        chance = self._chances[year, signal] * (masks[:, 1] == 1)
        return np.stack([1.0 - chance, chance], axis=1)

    def act(self, observations, masks, rng):
        chance = self.probabilities(observations, masks)[:, 1]
        return (rng.random(len(chance)) < chance).astype(np.int64)[:, None]


def payoffs(parameters):
    """Return both payoffs for every investment and strike, [2, 2, 2], by playing one year of each.

    The last axis is the power.
    """
    worlds = Worlds(GAME, 4, parameters.replace(years=1), autoreset=False)
    worlds.reset(0)
    moves = np.array(list(itertools.product(range(2), range(2))))
    assert not worlds.step(np.stack([moves[:, 0], 0 * moves[:, 0]], axis=1)).any()
    return worlds.step(np.stack([0 * moves[:, 1], moves[:, 1]], axis=1)).reshape(2, 2, 2).copy()


def worth(parameters, invest, unseen, seen):
    """Return both expected payoffs of a year from the payoffs played and the chances of each."""
    table, s = payoffs(parameters), parameters.intelligence
    total = np.zeros(2)
    for invested, signal, strike in itertools.product(range(2), range(2), range(2)):
        of_signal = (s if signal else 1.0 - s) if invested else 1.0 - signal
        striking = seen if signal else unseen
        chance = (invest if invested else 1.0 - invest) * of_signal
        total += chance * (striking if strike else 1.0 - striking) * table[invested, strike]
    return total


def rates(parameters):
    """Return the equilibrium's investment, strike unseen and strike seen."""
    found = theory.equilibrium(parameters).outcomes
    names = ("investment_rate", "strike_rate_unseen", "strike_rate_seen")
    return tuple(found[name] for name in names)


def largest_gain(parameters, invest, unseen, seen):
    """Return what the better of both sides could gain by any pure strategy."""
    target, deterrer = worth(parameters, invest, unseen, seen)
    other_target = max(worth(parameters, each, unseen, seen)[TARGET] for each in (0.0, 1.0))
    other_deterrer = max(
        worth(parameters, invest, *each)[DETERRER]
        for each in itertools.product((0.0, 1.0), (0.0, 1.0))
    )
    return max(other_target - target, other_deterrer - deterrer)


# -- the printed numbers --------------------------------------------------------------------------


def test_both_sides_mix_as_theory_prints():
    found = theory.equilibrium(DEFAULT)
    assert found.outcomes["investment_rate"] == pytest.approx(0.333333, abs=6e-7)
    assert found.outcomes["strike_rate_unseen"] == pytest.approx(0.714286, abs=6e-7)
    assert found.outcomes["strike_rate_seen"] == 1.0
    assert found.outcomes["war_rate"] == pytest.approx(0.761905, abs=6e-7)
    assert found.is_unique


def test_war_ends_all_at_once_where_intelligence_passes_the_printed_point():
    before, after = (
        theory.equilibrium(Parameters(intelligence=s)).outcomes for s in (0.6923, 0.6924)
    )
    assert before["investment_rate"] > 0.4
    assert before["war_rate"] > 0.25
    assert after["investment_rate"] == after["war_rate"] == after["strike_rate_unseen"] == 0.0


def test_the_equilibrium_happens_when_it_is_played():
    found = theory.equilibrium(DEFAULT)
    worlds = Worlds(GAME, RANDOM_WORLDS, DEFAULT, autoreset=False)
    rollout = play(worlds, found.strategies, seed=1)
    last = rollout.records[-1]
    invested, seen = last["invested"][:, TARGET] == 1, last["seen"][:, DETERRER] == 1
    struck = last["struck"][:, DETERRER] == 1
    assert invested.mean() == pytest.approx(found.outcomes["investment_rate"], abs=FOUR_SIGMA)
    assert struck.mean() == pytest.approx(found.outcomes["war_rate"], abs=FOUR_SIGMA)
    on_nothing = (struck & ~invested).mean()
    assert on_nothing == pytest.approx(found.outcomes["war_on_nothing_rate"], abs=FOUR_SIGMA)
    assert seen[invested].mean() == pytest.approx(DEFAULT.intelligence, abs=2 * FOUR_SIGMA)
    assert not seen[~invested].any()
    assert struck[seen].all()
    np.testing.assert_allclose(rollout.returns(1.0).mean(axis=0), found.values, atol=FOUR_SIGMA)


# -- comparative statics --------------------------------------------------------------------------


def test_better_intelligence_means_fewer_strikes_at_nothing_seen_yet_more_tries_until_peace():
    values = np.linspace(0.0, 0.69, 24)
    found = [rates(Parameters(intelligence=s)) for s in values]
    invest, unseen, _ = np.array(found).T
    assert (np.diff(unseen) < 0.0).all()
    assert (np.diff(invest) > 0.0).all()


def test_war_grows_rarer_with_intelligence_but_does_not_fade_out():
    values = np.linspace(0.0, 0.69, 24)
    war = np.array(
        [theory.equilibrium(Parameters(intelligence=s)).outcomes["war_rate"] for s in values]
    )
    assert (np.diff(war) < 0.0).all()
    assert war[-1] > 0.2


def test_years_are_independent_of_each_other():
    once = theory.equilibrium(DEFAULT)
    ten = theory.equilibrium(Parameters(years=10, discount=0.95))
    np.testing.assert_allclose(ten.values, once.values * (1 - 0.95**10) / 0.05, rtol=1e-12)
    assert ten.outcomes["war_rate"] == pytest.approx(once.outcomes["war_rate"])


# -- the regimes ----------------------------------------------------------------------------------

REGIMES = {
    "both mix": ({}, None),
    "never seen: both mix, war is against a guess": ({"intelligence": 0.0}, None),
    "seen too often to be tried": ({"intelligence": 0.8}, (0.0, 0.0, 1.0)),
    "always seen": ({"intelligence": 1.0}, (0.0, 0.0, 1.0)),
    "dearer than what it brings": ({"investment_cost": 1.5}, (0.0, 0.0, 1.0)),
    "almost free: nothing seen is struck almost surely": ({"investment_cost": 0.001}, None),
    "war dearer than the shift: arms without fear": (
        {"deterrer_war_cost": 1.5},
        (1.0, 0.0, 0.0),
    ),
    "war dearer than the shift, and the shift not worth its cost": (
        {"deterrer_war_cost": 1.5, "investment_cost": 1.2},
        (0.0, 0.0, 0.0),
    ),
}


@pytest.mark.parametrize("regime", REGIMES)
def test_every_regime_is_what_it_is_called_and_no_deviation_pays(regime):
    changes, expected = REGIMES[regime]
    parameters = Parameters(**changes)
    found = rates(parameters)
    if expected is None:
        assert 0.0 < found[0] < 1.0
        assert 0.0 < found[1] < 1.0
        assert found[2] == 1.0
    else:
        assert found == expected
    assert largest_gain(parameters, *found) <= 1e-12
    np.testing.assert_allclose(
        theory.equilibrium(parameters).values, worth(parameters, *found), atol=1e-12
    )


@pytest.mark.parametrize(("cost", "least"), [(0.1, 0.7), (0.01, 0.97), (0.001, 0.997)])
def test_the_cheaper_secret_arms_are_the_surer_is_a_strike_at_nothing_seen(cost, least):
    assert rates(Parameters(investment_cost=cost))[1] > least


@settings(max_examples=150)
@given(changes=st.fixed_dictionaries(LIKELY_PARAMETERS))
def test_no_deviation_pays_whatever_the_parameters(changes):
    parameters = Parameters(**changes)
    found = rates(parameters)
    assert all(0.0 <= each <= 1.0 for each in found)
    assert largest_gain(parameters, *found) <= 1e-12
    # A signal proves an investment, also one that the equilibrium never makes.
    table = payoffs(parameters)[1, :, DETERRER]
    seen = found[2]
    assert seen * table[1] + (1.0 - seen) * table[0] == pytest.approx(table.max(), abs=1e-12)


def test_where_both_mix_no_pure_strategies_are_in_equilibrium():
    for invest, unseen, seen in itertools.product((0.0, 1.0), repeat=3):
        assert largest_gain(DEFAULT, invest, unseen, seen) > 0.05


@pytest.mark.parametrize(
    "changes",
    [
        {"shift": 0.5, "deterrer_war_cost": 0.5},
        {"deterrer_war_cost": 1.5, "investment_cost": 1.0},
        {"intelligence": 0.5, "shift": 0.5, "target_war_cost": 0.25, "investment_cost": 0.125},
    ],
)
def test_where_somebody_does_not_care_the_equilibrium_is_not_the_only_one(changes):
    parameters = Parameters(**changes)
    assert not theory.equilibrium(parameters).is_unique
    assert largest_gain(parameters, *rates(parameters)) <= 1e-12


# -- best responses -------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", CASES)
def test_nobody_regrets_the_equilibrium(parameters):
    found = theory.equilibrium(parameters)
    assert regret.nash_conv("shifting_power", parameters, found.strategies) <= 1e-12


@pytest.mark.parametrize("parameters", CASES)
def test_random_play_regrets_one_stake(parameters):
    random = profile("random", GAME, parameters)
    found = regret.regret("shifting_power", parameters, random)
    np.testing.assert_allclose(found, 1.0, atol=1e-12)


@settings(max_examples=60)
@given(
    changes=st.fixed_dictionaries(LIKELY_PARAMETERS),
    invest=st.floats(0.0, 1.0),
    unseen=st.floats(0.0, 1.0),
    seen=st.floats(0.0, 1.0),
)
def test_a_best_response_to_any_chances_gains_what_the_best_pure_strategy_does(
    changes, invest, unseen, seen
):
    parameters = Parameters(**changes)
    others = [
        Table(parameters, TARGET, [[invest, invest]]),
        Table(parameters, DETERRER, [[unseen, seen]]),
    ]
    answers = [regret.best_response("shifting_power", parameters, others, k) for k in range(2)]
    own = worth(parameters, invest, unseen, seen)
    np.testing.assert_allclose([each.own_value for each in answers], own, atol=1e-12)
    target = max(worth(parameters, each, unseen, seen)[TARGET] for each in (0.0, 1.0))
    deterrer = max(
        worth(parameters, invest, *each)[DETERRER]
        for each in itertools.product((0.0, 1.0), repeat=2)
    )
    np.testing.assert_allclose([each.value for each in answers], [target, deterrer], atol=1e-12)
    for power, answer in enumerate(answers):
        tried = [*others]
        tried[power] = answer.strategy
        again = regret.best_response("shifting_power", parameters, tried, power)
        assert again.own_value == pytest.approx(answer.value, abs=1e-12)


@pytest.mark.parametrize("power", [TARGET, DETERRER])
def test_a_best_response_that_changes_with_the_year_is_attained_by_playing(power):
    parameters = Parameters(years=3, discount=0.9)
    chances = [[0.9, 0.2], [0.1, 0.9], [0.5, 1.0]]
    others = [Table(parameters, k, chances) for k in range(2)]
    answer = regret.best_response("shifting_power", parameters, others, power)
    tried = [*others]
    tried[power] = answer.strategy
    worlds = Worlds(GAME, RANDOM_WORLDS, parameters, autoreset=False)
    rewards = play(worlds, tried, seed=2).rewards[:, :, power].mean(axis=1)
    weights = np.repeat(parameters.discount ** np.arange(3), 2)
    assert weights @ rewards == pytest.approx(answer.value, abs=4 * FOUR_SIGMA)
    assert answer.gain > 0.1


@pytest.mark.parametrize("name", DOCTRINES)
def test_every_doctrine_plays_both_seats_and_is_regretted_by_somebody(name):
    assert regret.nash_conv("shifting_power", DEFAULT, profile(name, GAME, DEFAULT)) > 0.05


# -- what is seen and done ------------------------------------------------------------------------


def test_the_deterrer_cannot_tell_an_investment_that_was_not_seen_from_none():
    worlds = Worlds(GAME, 2, Parameters(intelligence=0.0))
    worlds.reset(0)
    worlds.step([[[0], [0]], [[1], [0]]])
    names = GAME.observation_names(2)
    assert np.array_equal(worlds.observations[0, DETERRER], worlds.observations[1, DETERRER])
    assert worlds.observations[:, TARGET, names.index("invested")].tolist() == [0.0, 1.0]
    assert worlds.records["invested"][:, TARGET].tolist() == [0.0, 1.0]


def test_an_investment_that_is_seen_is_shown_to_the_deterrer_alone():
    worlds = Worlds(GAME, 2, Parameters(intelligence=1.0))
    worlds.reset(0)
    worlds.step([[[0], [0]], [[1], [0]]])
    signal = GAME.observation_names(2).index("signal")
    assert worlds.observations[:, DETERRER, signal].tolist() == [0.0, 1.0]
    assert not worlds.observations[:, TARGET, signal].any()


def test_nothing_of_last_year_is_seen_in_the_next():
    worlds = Worlds(GAME, 4, Parameters(years=2, intelligence=1.0))
    worlds.reset(0)
    worlds.step([[[i], [0]] for i in (0, 0, 1, 1)])
    worlds.step([[[0], [a]] for a in (0, 1, 0, 1)])
    assert (worlds.records["phase"] == INVEST).all()
    assert (worlds.observations == worlds.observations[0]).all()


@settings(max_examples=40)
@given(
    changes=st.fixed_dictionaries(LIKELY_PARAMETERS),
    seed=st.integers(0, 2**32 - 1),
    moves=st.lists(st.integers(0, 1), min_size=4, max_size=4),
)
def test_who_is_not_on_the_move_moves_nothing(changes, seed, moves):
    parameters = Parameters(**changes)
    worlds = Worlds(GAME, 2, parameters, autoreset=False)
    worlds.reset([seed, seed])
    invest, strike, early, late = moves
    worlds.step([[[invest], [early]], [[invest], [0]]])
    assert (worlds.records["phase"] == STRIKE).all()
    rewards = worlds.step([[[late], [strike]], [[0], [strike]]])
    assert np.array_equal(rewards[0], rewards[1])
    assert np.array_equal(rewards[0], payoffs(parameters)[invest, strike])
    assert worlds.terminated.all()
    space = GAME.observation_space(2)
    assert all(space.contains(row) for row in worlds.observations.reshape(-1, *space.shape))


def test_wrong_input_is_refused_in_words():
    with pytest.raises(ParameterError, match="intelligence"):
        Parameters(intelligence=1.01)
    with pytest.raises(ParameterError, match="deterrer_war_cost"):
        Parameters(deterrer_war_cost=0.0)
    worlds = Worlds(GAME, 1, DEFAULT)
    worlds.reset(0)
    with pytest.raises(ActionError):
        worlds.step([[[2], [0]]])


def test_what_learners_are_to_reach_are_outcomes_that_the_theory_has():
    assert set(theory.THEORY.targets.outcomes) <= set(theory.equilibrium(DEFAULT).outcomes)
    assert set(theory.OUTCOMES) == set(theory.equilibrium(DEFAULT).outcomes)
