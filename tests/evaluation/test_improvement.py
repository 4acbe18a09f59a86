"""Rollouts find no gain at an equilibrium, and the gain of a mistake that was planted."""

from __future__ import annotations

import numpy as np
import pytest

from counterpoise.agents.simple import Constant
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.arms_race import GAME as ARMS_RACE
from counterpoise.envs.games.buck_passing import GAME, Parameters
from counterpoise.evaluation.populations.improvement import improve
from counterpoise.evaluation.populations.payoffs import choose_while_running, payoffs, renew
from counterpoise.theory.buck_passing import ByLevel
from counterpoise.theory.regret import best_response, equilibria

PARAMETERS = Parameters()
SYMMETRIC, LED, *_ = equilibria("buck_passing", PARAMETERS)


def test_nothing_is_gained_at_an_equilibrium_in_pure_strategies() -> None:
    found = improve(GAME, PARAMETERS, LED.strategies, 0, states=8)
    assert found.total == found.error == found.significant == 0.0
    assert found.choices == {}


def test_nothing_is_gained_at_an_equilibrium_in_mixed_strategies_beyond_the_error() -> None:
    found = improve(GAME, PARAMETERS, SYMMETRIC.strategies, 1, states=40)
    assert abs(found.total) < 4.0 * found.error
    assert found.significant < 0.2


def test_the_gain_of_a_planted_mistake_is_found() -> None:
    """The leader passes at the first level and balances at the second: one choice is wrong."""
    chances = np.ones(PARAMETERS.levels)
    chances[0] = 0.0
    profile = [ByLevel(chances), *LED.strategies[1:]]
    exact = best_response("buck_passing", PARAMETERS, profile, 0)
    found = improve(GAME, PARAMETERS, profile, 0, states=200)
    assert exact.value - exact.own_value > 0.05
    assert found.total == pytest.approx(exact.value - exact.own_value, abs=4.0 * found.error)
    assert found.decisions == pytest.approx(1.0 + PARAMETERS.discount)
    # Of the two states of an episode one allows a gain.
    assert found.significant == pytest.approx(0.5, abs=0.15)
    assert list(found.choices) == ["stand"]


def test_its_numbers_follow_from_the_seed() -> None:
    profile = [ByLevel(np.full(PARAMETERS.levels, 0.1)) for _ in range(PARAMETERS.powers)]
    once, again = (improve(GAME, PARAMETERS, profile, 2, states=6, seed=3) for _ in range(2))
    assert once == again


def test_amounts_and_powers_without_a_choice_are_refused() -> None:
    parameters = ARMS_RACE.parameters()
    still = [Constant(ARMS_RACE, parameters, power, 0.0) for power in range(parameters.powers)]
    with pytest.raises(CounterpoiseError, match="amounts"):
        improve(ARMS_RACE, parameters, still, 0)
    # A bystander may only pass.
    bystanders = Parameters(bystanders=1)
    (alike, *_) = equilibria("buck_passing", bystanders)
    with pytest.raises(CounterpoiseError, match="choice in no step"):
        improve(GAME, bystanders, alike.strategies, 2, states=4)


def test_asking_running_worlds_only_changes_no_payoff() -> None:
    profile = LED.strategies
    usual, quick = (
        payoffs(GAME, PARAMETERS, profile, count=5, choosing=choosing)
        for choosing in (choose, choose_while_running)
    )
    assert np.array_equal(usual, quick)


def test_renewed_random_numbers_are_those_of_the_step() -> None:
    """Two worlds that differ in what they drew before draw the same again."""
    with Worlds(GAME, 2, PARAMETERS, autoreset=False) as worlds:
        worlds.reset(0)
        renew(worlds, np.random.default_rng(5))
        first = worlds.records["random_state"].copy()
        worlds.reset(7)
        renew(worlds, np.random.default_rng(5))
        assert np.array_equal(first, worlds.records["random_state"])
        assert len(set(first.tolist())) == 2
