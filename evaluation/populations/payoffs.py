"""Payoffs of strategy profiles over many worlds, with the same seeds for every profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.rollouts import Memories, choose
from counterpoise.envs.engine.strategy import Profile
from counterpoise.envs.engine.worlds import Worlds

# Tells the generator of the worlds' random numbers from that of the strategies.
RENEWAL = 1

Choosing = Callable[[Worlds, Profile, np.random.Generator, Memories], NDArray[Any]]


def payoffs(
    game: Game,
    parameters: ParametersBase | Sequence[ParametersBase],
    profile: Profile,
    *,
    count: int,
    seed: int | NDArray[np.int64] = 0,
    choosing: Choosing = choose,
    renews: bool = False,
) -> NDArray[np.float64]:
    """Play a profile to the end in many worlds and return every power's payoff.

    World ``k`` is seeded with ``seed + k``, so that profiles can be compared in pairs of worlds.

    Parameters
    ----------
    game : Game
    parameters : Parameters, or a sequence of them
        A sequence is assigned to the worlds in turn; the discount factor is that of its first.
    profile : sequence of Strategy
    count : int
        Number of worlds.
    seed : int, or ndarray of int, [count]
        Seed of the first world and of the strategies; or one seed for each world.
    choosing : callable
        `choose`, or `choose_while_running`, which is quicker.
    renews : bool
        Whether each step has random numbers of its own, as `play_on` explains.

    Returns
    -------
    ndarray, [count, powers]
        Discounted to the first year.
    """
    each = [parameters] if isinstance(parameters, ParametersBase) else parameters
    in_turn = [each[world % len(each)] for world in range(count)] if len(set(each)) > 1 else each[0]
    first = int(np.ravel(seed)[0])
    with Worlds(game, count, in_turn, autoreset=False) as worlds:
        worlds.reset(seed)
        return play_on(
            worlds,
            profile,
            np.random.default_rng(first),
            discount=discount_per_step(game, each[0]),
            choosing=choosing,
            renewal=np.random.default_rng((first, RENEWAL)) if renews else None,
        )


def discount_per_step(game: Game, parameters: ParametersBase) -> float:
    """Return the game's discount factor per step: a year has one step for each phase."""
    return float(game.discount(parameters) ** (1.0 / len(game.phases_with(parameters))))


def play_on(
    worlds: Worlds,
    profile: Profile,
    rng: np.random.Generator,
    *,
    discount: float,
    least_weight: float = 0.0,
    choosing: Choosing = choose,
    renewal: np.random.Generator | None = None,
) -> NDArray[np.float64]:
    """Play a profile from where the worlds stand and return every power's payoff.

    Parameters
    ----------
    worlds : Worlds
        Created with ``autoreset=False``.
    profile : sequence of Strategy
    rng : numpy.random.Generator
        Generator of the strategies.
    discount : float
        Discount factor per step.
    least_weight : float
        Play stops when the discount factor falls below it; by default, when all worlds have ended.
    choosing : callable
        As for `payoffs`.
    renewal : numpy.random.Generator, optional
        Generator of a random state for every world before every step. Without it, a world in which
        one more number is drawn has other numbers ever after; with it, two profiles that are
        compared have common random numbers again in the next step.

    Returns
    -------
    ndarray, [count, powers]
        Discounted to the first step played here.
    """
    weight, memories = 1.0, Memories()
    paid = np.zeros((worlds.count, worlds.powers))
    while weight >= least_weight and not worlds.records["over"].all():
        if renewal is not None:
            renew(worlds, renewal)
        paid += weight * worlds.step(choosing(worlds, profile, rng, memories))
        weight *= discount
    return paid


def renew(worlds: Worlds, renewal: np.random.Generator) -> None:
    """Draw a random state for every world."""
    worlds.records["random_state"] = renewal.integers(2**64, size=worlds.count, dtype=np.uint64)


def choose_while_running(
    worlds: Worlds, profile: Profile, rng: np.random.Generator, memories: Memories
) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return the actions of every power, as `choose` does, asking only for worlds that still run.

    Random strategies are asked in all worlds, so that a world's draws do not depend on how long the
    others last; so are those with a memory, of which each world has a row.
    """
    running = np.flatnonzero(worlds.records["over"] == 0)
    if len(running) == worlds.count or any(
        strategy.is_random or strategy.memory > 0 for strategy in profile
    ):
        return choose(worlds, profile, rng, memories)
    actions: NDArray[Any] = np.zeros_like(worlds.actions)
    for power, strategy in enumerate(profile):
        seen, masks = worlds.observations[running, power], worlds.masks[running, power]
        actions[running, power] = strategy.act(seen, masks, rng)
    return actions
