"""Deterrence: who arms, who attacks, and when there are several ways for it to end."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.agents.named import doctrines, profile
from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.deterrence import DETERRENT, DOVE, GAME, HAWK, Parameters
from counterpoise.theory import deterrence as theory
from counterpoise.theory import regret


class Network(Strategy):
    """A smooth, arbitrary mixture by year, as of an untrained network."""

    is_random = True

    def __init__(self, power):
        inputs = len(GAME.observation_names(2))
        self._weights = np.random.default_rng(power).normal(size=(inputs, 3))

    def probabilities(self, observations, masks):
        odds = np.exp(np.sin(3.0 * observations.astype(np.float64) @ self._weights))
        return odds / odds.sum(axis=1, keepdims=True)

    def act(self, observations, masks, rng):
        upto = np.cumsum(self.probabilities(observations, masks), axis=1)
        return (rng.random((len(upto), 1)) >= upto[:, :-1]).sum(axis=1)[:, None]


def played(parameters, first, second):
    """Return one year's rewards and record."""
    worlds = Worlds(GAME, 1, parameters, autoreset=False)
    worlds.reset(0)
    rewards = worlds.step(np.array([[[first], [second]]]))[0].copy()
    return rewards, worlds.records[0]


def every_meeting(parameters):
    """Return the rewards of the first power by both powers' options, [3, 3], by playing them."""
    pairs = list(itertools.product(range(3), repeat=2))
    worlds = Worlds(GAME, len(pairs), parameters, autoreset=False)
    worlds.reset(0)
    return worlds.step(np.array(pairs)[:, :, None])[:, 0].reshape(3, 3).copy()


def gains_by_playing(parameters, chances):
    """Return what the best option gains each power over mixtures [2, 3]; a year, by playing it."""
    table = every_meeting(parameters)
    pays = [table @ chances[1], table @ chances[0]]
    return np.array([pay.max() - own @ pay for own, pay in zip(chances, pays, strict=True)])


def sampled(parameters, strategies, count=40_000):
    worlds = Worlds(GAME, count, parameters, autoreset=False)
    return play(worlds, strategies, seed=1)


def test_the_default_equilibrium_has_doves_deterrents_and_hawks():
    solved = theory.THEORY.equilibrium(Parameters())
    found = [solved.outcomes[name][0] for name in ("doves", "deterrents", "hawks")]
    np.testing.assert_allclose(found, [0.382272, 0.538464, 0.079265], atol=5e-7)
    assert solved.outcomes["war_rate"] == pytest.approx(0.060601, abs=5e-7)
    np.testing.assert_allclose(solved.outcomes["arms"], 0.348497, atol=5e-7)
    np.testing.assert_allclose(solved.values, -0.1, atol=1e-12)
    assert solved.is_unique
    assert solved.name == "doves, deterrents and hawks"


@pytest.mark.parametrize(
    ("name", "values", "rates"),
    [
        ("decisiveness", (1.8, 1.9, 2.0, 2.1), (0.0760, 0.0673, 0.0606, 0.0554)),
        ("war_cost", (0.47, 0.50, 0.53), (0.0557, 0.0606, 0.0669)),
        ("arms_cost", (0.1, 0.2, 0.25), (0.0152, 0.0606, 0.0947)),
    ],
)
def test_wars_are_rarer_where_winning_responds_to_arms_and_arms_are_cheap(name, values, rates):
    found = [
        theory.THEORY.equilibrium(Parameters(**{name: value})).outcomes["war_rate"]
        for value in values
    ]
    np.testing.assert_allclose(found, rates, atol=5.1e-5)


def test_where_war_is_dear_there_are_three_equilibria_and_one_is_of_doves_alone():
    found = theory.equilibria(Parameters(war_cost=0.60))
    assert [each.name for each in found] == [
        "doves, deterrents and hawks",
        "doves and hawks",
        "all doves",
    ]
    assert not any(each.is_unique for each in found)


def test_where_war_is_cheap_no_doves_survive():
    for each in theory.equilibria(Parameters(war_cost=0.40)):
        assert (np.asarray(each.outcomes["doves"]) == 0.0).all()


@pytest.mark.parametrize("cost", [0.40, 0.50, 0.60])
def test_no_power_gains_by_leaving_any_equilibrium(cost):
    parameters = Parameters(war_cost=cost)
    for each in theory.equilibria(parameters):
        assert regret.nash_conv("deterrence", parameters, each.strategies) < 1e-12


@pytest.mark.parametrize("cost", [0.4622, 0.48, 0.50, 0.54, 0.5615])
def test_at_intermediate_costs_of_war_all_three_live_side_by_side_in_the_only_equilibrium(cost):
    (found,) = theory.equilibria(Parameters(war_cost=cost))
    assert found.is_unique
    assert found.name == "doves, deterrents and hawks"
    assert min(found.outcomes[name][0] for name in theory.NAMES) > 0.01


def test_outside_that_range_no_doves_survive_or_doves_alone_are_an_equilibrium_too():
    for cost in (0.35, 0.40, 0.4620):
        found = theory.equilibria(Parameters(war_cost=cost))
        assert all(each.outcomes["doves"].max() == 0.0 for each in found)
    for cost in (0.5617, 0.60, 0.65):
        found = theory.equilibria(Parameters(war_cost=cost))
        assert len(found) == 3
        assert found[0].name == "doves, deterrents and hawks"
        assert found[-1].name == "all doves"
    (peace,) = theory.equilibria(Parameters(war_cost=0.70))
    assert peace.name == "all doves"


@given(
    decisiveness=st.floats(0.1, 8.0),
    war_cost=st.floats(0.0, 2.0),
    arms_cost=st.floats(0.0, 1.0),
    deterrent_arms=st.floats(0.05, 0.95),
)
def test_every_equilibrium_holds_when_each_meeting_is_played(
    decisiveness, war_cost, arms_cost, deterrent_arms
):
    parameters = Parameters(
        decisiveness=decisiveness,
        war_cost=war_cost,
        arms_cost=arms_cost,
        deterrent_arms=deterrent_arms,
    )
    found = theory.equilibria(parameters)
    assert len({each.name for each in found}) == len(found)
    first = found[0].strategies
    np.testing.assert_allclose(first[0].chances, first[1].chances, atol=1e-9)
    for each in found:
        chances = np.array([strategy.chances for strategy in each.strategies])
        assert gains_by_playing(parameters, chances).max() < 1e-9


@pytest.mark.parametrize(
    "changes",
    [
        {"arms_cost": 0.0},
        {"arms_cost": 0.0, "prize": 0.0},
        {"decisiveness": 0.0, "arms_cost": 0.0},
        {"war_cost": float(np.tanh(1.0)) - 0.2},
    ],
)
def test_where_kinds_of_play_are_alike_no_equilibrium_is_called_the_only_one(changes):
    parameters = Parameters(**changes)
    found = theory.equilibria(parameters)
    assert not any(each.is_unique for each in found)
    assert len({each.name for each in found}) == len(found)
    assert max(regret.nash_conv("deterrence", parameters, x.strategies) for x in found) < 1e-12


def test_where_arms_cost_nothing_nobody_is_a_dove():
    found = theory.equilibria(Parameters(arms_cost=0.0))
    assert "all hawks" in [each.name for each in found]
    assert all(each.outcomes["doves"].max() == 0.0 for each in found)


def test_no_option_pays_more_than_the_equilibrium_when_it_is_played():
    parameters = Parameters()
    strategies = list(theory.THEORY.equilibrium(parameters).strategies)
    for option in ("dove", "porcupine", "hawk"):
        deviating = doctrines("deterrence")[option](parameters, 0)
        rewards = sampled(parameters, [deviating, strategies[1]]).rewards[0, :, 0]
        assert rewards.mean() == pytest.approx(
            -0.1, abs=4 * rewards.std() / len(rewards) ** 0.5 + 1e-12
        )


def test_deterrence_works_without_parity():
    """A deterrent with half a hawk's arms is never attacked; a dove is."""
    parameters = Parameters()
    assert played(parameters, DETERRENT, HAWK)[1].war[0] == 0.0
    assert played(parameters, DOVE, HAWK)[1].war[0] == 1.0
    assert played(parameters, DOVE, DETERRENT)[1].war[0] == 0.0


def test_a_hawk_attacks_nobody_who_is_half_as_armed_and_everybody_who_is_not_armed_at_all():
    """The rate of attack falls to nothing long before arms are at parity."""
    attacks = {
        share: played(Parameters(deterrent_arms=share), DETERRENT, HAWK)[1].war[0]
        for share in (0.1, 0.3, 0.4, 0.46, 0.5, 0.7, 0.9)
    }
    assert attacks == {0.1: 1, 0.3: 1, 0.4: 1, 0.46: 0, 0.5: 0, 0.7: 0, 0.9: 0}


def test_wars_are_between_unequal_arms():
    rollout = sampled(Parameters(), theory.THEORY.equilibrium(Parameters()).strategies)
    records = rollout.records[1]
    at_war = records["war"][:, 0] == 1.0
    assert at_war.mean() == pytest.approx(0.0606, abs=0.005)
    assert (records["arms"][at_war, 0] != records["arms"][at_war, 1]).all()


def test_a_war_moves_the_prize_and_costs_both():
    parameters = Parameters()
    for first, second in itertools.product(range(3), repeat=2):
        rewards, record = played(parameters, first, second)
        spent = parameters.arms_cost * record.arms.sum()
        wars = 2.0 * parameters.war_cost if record.war[0] else 0.0
        assert rewards.sum() == pytest.approx(-spent - wars)


def test_years_are_independent():
    once = theory.THEORY.equilibrium(Parameters())
    often = theory.THEORY.equilibrium(Parameters(years=5, discount=0.9))
    np.testing.assert_allclose(often.values, once.values * (1 - 0.9**5) / (1 - 0.9))


@given(
    decisiveness=st.floats(0.0, 20.0),
    war_cost=st.floats(0.0, 10.0),
    arms_cost=st.floats(0.01, 10.0),
    first=st.integers(0, 2),
    second=st.integers(0, 2),
)
def test_two_alike_are_paid_alike(decisiveness, war_cost, arms_cost, first, second):
    parameters = Parameters(decisiveness=decisiveness, war_cost=war_cost, arms_cost=arms_cost)
    rewards, record = played(parameters, first, second)
    mirrored, _ = played(parameters, second, first)
    np.testing.assert_allclose(rewards, mirrored[::-1])
    assert record.war[0] == record.war[1]
    assert np.isfinite(rewards).all()


def test_a_hawk_gains_against_doves_until_there_are_too_many():
    parameters = Parameters()
    assert regret.gains("deterrence", parameters, profile("dove", GAME, parameters)).min() > 0.0
    assert regret.gains("deterrence", parameters, profile("hawk", GAME, parameters)).min() > 0.0


def test_a_best_response_to_any_mixture_gets_what_it_says_when_it_is_played():
    parameters = Parameters(years=4, discount=0.9)
    networks = [Network(0), Network(1)]
    for power in range(2):
        found = theory.best_response(parameters, networks, power)
        assert found.gain > 0.01
        for strategy, value in ((found.strategy, found.value), (networks[power], found.own_value)):
            pair = [*networks]
            pair[power] = strategy
            returns = sampled(parameters, pair).returns(parameters.discount)[:, power]
            assert returns.mean() == pytest.approx(value, abs=5 * returns.std() / 200)


def test_random_play_regrets_one_stake_and_nobody_the_equilibrium():
    for variant in ({}, *GAME.variants.values()):
        parameters = Parameters(**variant)
        random = profile("random", GAME, parameters)
        np.testing.assert_allclose(regret.regret("deterrence", parameters, random), 1.0)
        for each in theory.equilibria(parameters):
            assert regret.nash_conv("deterrence", parameters, each.strategies) < 1e-12


def test_the_outcomes_that_are_asked_for_are_among_those_that_are_reported():
    asked = {
        *theory.THEORY.targets.outcomes,
        *(name for curve in theory.THEORY.curves for name in curve.outcomes),
    }
    assert asked <= theory.OUTCOMES.keys()
    assert theory.OUTCOMES.keys() == theory.THEORY.equilibrium(Parameters()).outcomes.keys()
    for curve in theory.THEORY.curves:
        for k in range(curve.points):
            values = {name: float(each[k]) for name, each in curve.values().items()}
            assert theory.THEORY.equilibrium(Parameters(**values)).is_unique


def test_what_a_power_sees_is_what_its_columns_say():
    worlds = Worlds(GAME, 1, Parameters(years=4), autoreset=False)
    worlds.reset(0)
    worlds.step(np.array([[[HAWK], [DOVE]]]))
    seen = dict(zip(worlds.observation_names, worlds.observations[0, 1].tolist(), strict=True))
    expected = {"years_left": 0.75, "decisiveness": 2.0, "war_cost": 0.5, "arms_cost": 0.2}
    assert seen == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"years": 0}, "years .* from 1 to 1000 years"),
        ({"war_cost": -0.1}, "war_cost .C: cost of a war to each side"),
        ({"war_cost": float("nan")}, "not nan"),
        ({"powers": 3}, "powers"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_in_words(changes, words):
    with pytest.raises(ParameterError, match=words):
        Parameters(**changes)


def test_a_deterrent_armed_like_a_hawk_is_refused():
    with pytest.raises(ParameterError, match="must lie between 0 and hawk_arms"):
        Parameters(deterrent_arms=1.0)
