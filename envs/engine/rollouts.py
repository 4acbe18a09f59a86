"""Rollouts: playing a profile of strategies to the end of the episode."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Worlds


@dataclasses.dataclass(frozen=True)
class Rollout:
    """One episode in each of several worlds.

    Attributes
    ----------
    records : record array, [steps + 1, worlds]
        The worlds at the start and after each step; empty where records were not kept.
    actions : ndarray, [steps, worlds, powers, components]
    rewards : ndarray of float64, [steps, worlds, powers]
    lived : ndarray of bool, [steps, worlds]
        Whether the world was still running when the step was played.
    """

    records: NDArray[Any]
    actions: NDArray[Any]
    rewards: NDArray[np.float64]
    lived: NDArray[np.bool_]

    def returns(self, discount: float) -> NDArray[np.float64]:
        """Return the discounted payoffs, [worlds, powers]; `discount` is per step."""
        weights = discount ** np.arange(len(self.rewards))
        return np.asarray(np.einsum("t,twp->wp", weights, self.rewards))


Memories = dict[int, NDArray[np.float32]]
"""By power: what its strategy remembers of each world's present episode, [worlds, memory]."""


def decide(
    worlds: Worlds,
    power: int,
    strategy: Strategy,
    rng: np.random.Generator,
    memories: Memories | None = None,
) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return the actions of one power in every world, [worlds, components].

    Parameters
    ----------
    worlds : Worlds
    power : int
    strategy : Strategy
    rng : Generator
    memories : dict of int to ndarray, optional
        Kept by the caller from step to step, empty at first; needed by strategies with a memory.
        What is remembered of a world is cleared where its episode begins.
    """
    seen, masks = worlds.observations[:, power], worlds.masks[:, power]
    if strategy.memory == 0 or memories is None:
        return strategy.act(seen, masks, rng)
    memory = memories.setdefault(power, np.zeros((worlds.count, strategy.memory), np.float32))
    memory[worlds.records["cycles"] == 0] = 0.0
    return strategy.act_with_memory(seen, masks, rng, memory)


def choose(
    worlds: Worlds,
    profile: Profile,
    rng: np.random.Generator,
    memories: Memories | None = None,
) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return the actions of every power in every world, [worlds, powers, components].

    Parameters as for `decide`.
    """
    kind = np.int64 if worlds.game.is_discrete else np.float64
    shape = (worlds.count, worlds.powers, worlds.game.action_width)
    actions: NDArray[Any] = np.zeros(shape, kind)
    for power, strategy in enumerate(profile):
        actions[:, power] = decide(worlds, power, strategy, rng, memories)
    return actions


def play(
    worlds: Worlds,
    profile: Profile,
    *,
    seed: int,
    steps: int | None = None,
    watch: Callable[[], None] | None = None,
    keeps_records: bool = True,
) -> Rollout:
    """Reset `worlds` (created with ``autoreset=False``) and play a profile to the end.

    Parameters
    ----------
    worlds : Worlds
    profile : sequence of Strategy
        One for each power.
    seed : int
        Seed of the worlds and of random strategies.
    steps : int, optional
        Maximum number of steps; by default, until every world has ended.
    watch : callable, optional
        Called at the start and after every step, to record what the rollout does not keep.
    keeps_records : bool
        Whether to keep the records, which take most of a rollout's memory.
    """
    if worlds.autoreset:
        raise ValueError(
            "play() follows one episode per world: create the worlds with autoreset=False."
        )
    if len(profile) != worlds.powers:
        raise ValueError(
            f"{len(profile)} strategies for {worlds.powers} powers: give one per power."
        )
    rng = np.random.default_rng(seed)
    worlds.reset(seed)
    if watch is not None:
        watch()
    records = [worlds.records.copy()] if keeps_records else []
    rewards, lived = [], []
    actions: list[NDArray[Any]] = []
    memories: Memories = {}
    while (steps is None or len(actions) < steps) and not worlds.records["over"].all():
        lived.append(worlds.records["over"] == 0)
        actions.append(choose(worlds, profile, rng, memories))
        rewards.append(worlds.step(actions[-1]).copy())
        if keeps_records:
            records.append(worlds.records.copy())
        if watch is not None:
            watch()
    kept = np.array(records, worlds.records.dtype)
    return Rollout(kept, np.array(actions), np.array(rewards), np.array(lived))
