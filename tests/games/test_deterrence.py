"""Deterrence: who arms, who attacks, and when there are several ways for it to end."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.agents.named import doctrines, profile
from counterpoise.envs.errors import ParameterError
from counterpoise.envs.games.deterrence import DETERRENT, DOVE, GAME, HAWK, Parameters
from counterpoise.envs.rollouts import play
from counterpoise.envs.worlds import Worlds
from counterpoise.theory import deterrence as theory
from counterpoise.theory import regret


def played(parameters, first, second):
    """Return one year's rewards and record."""
    worlds = Worlds(GAME, 1, parameters, autoreset=False)
    worlds.reset(0)
    rewards = worlds.step(np.array([[[first], [second]]]))[0].copy()
    return rewards, worlds.records[0]


def sampled(parameters, strategies, count=40_000):
    worlds = Worlds(GAME, count, parameters, autoreset=False)
    return play(worlds, strategies, seed=1)


def test_the_default_equilibrium_has_doves_deterrents_and_hawks():
    solved = theory.equilibrium(Parameters())
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
        theory.equilibrium(Parameters(**{name: value})).outcomes["war_rate"] for value in values
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


def test_no_option_pays_more_than_the_equilibrium_when_it_is_played():
    parameters = Parameters()
    strategies = list(theory.equilibrium(parameters).strategies)
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


def test_wars_are_between_unequal_arms():
    rollout = sampled(Parameters(), theory.equilibrium(Parameters()).strategies)
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
    once = theory.equilibrium(Parameters())
    often = theory.equilibrium(Parameters(years=5, discount=0.9))
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


def test_a_deterrent_armed_like_a_hawk_is_refused():
    with pytest.raises(ParameterError, match="must lie between 0 and hawk_arms"):
        Parameters(deterrent_arms=1.0)
