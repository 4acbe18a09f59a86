"""The one loop over worlds.

This file is loaded once for each game, with the game's rules as its globals (`compilation.py` says
why), and steps one world or ten thousand with the same code.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.randomness import seed_world
from counterpoise.envs.engine.world import CUT_OFF, ENDED, HEADER

HEADER_BYTES = np.dtype(HEADER).itemsize

start: Callable[..., None]
step: Callable[..., bool]
observe: Callable[..., None]
allow: Callable[..., None]


@rule
def place_of(parameters, k):  # type: ignore[no-untyped-def]
    """Return the place of world `k`'s parameters: all worlds may share one set."""
    return k if len(parameters) > 1 else 0


@rule
def begin(worlds, parameters, k):  # type: ignore[no-untyped-def]
    """Start the episode whose number and seed stand in the record of world `k`."""
    # No field of the last episode carries over into the next.
    worlds[k : k + 1].view(np.uint8)[HEADER_BYTES:] = 0
    world = worlds[k]
    seed_world(world, world.seed, world.episode)
    world.cycles = 0
    world.year = 0
    world.phase = 0
    world.over = 0
    start(world, parameters[place_of(parameters, k)])  # type: ignore[no-untyped-call]


@rule
def open_all(masks, outer_masks):  # type: ignore[no-untyped-def]
    """Open every option that each power has; four times as fast as an array assignment."""
    own, outer = masks.reshape(-1), outer_masks.reshape(-1)
    for at in range(len(outer)):
        own[at] = outer[at]


@rule
def begin_worlds(worlds, parameters, observations, masks, outer_masks, first, last):  # type: ignore[no-untyped-def]
    """Start the worlds from `first` up to `last` and write what their powers see."""
    for k in range(first, last):
        begin(worlds, parameters, k)  # type: ignore[no-untyped-call]
        own = parameters[place_of(parameters, k)]  # type: ignore[no-untyped-call]
        observe(worlds[k], own, observations[k])
        open_all(masks[k], outer_masks)  # type: ignore[no-untyped-call]
        allow(worlds[k], own, masks[k])


@rule
def observe_worlds(worlds, parameters, observations, masks, outer_masks, first, last):  # type: ignore[no-untyped-def]
    """Write what the powers of the worlds from `first` up to `last` see."""
    for k in range(first, last):
        own = parameters[place_of(parameters, k)]  # type: ignore[no-untyped-call]
        observe(worlds[k], own, observations[k])
        open_all(masks[k], outer_masks)  # type: ignore[no-untyped-call]
        allow(worlds[k], own, masks[k])


@rule
def find_illegal(actions, low, high):  # type: ignore[no-untyped-def]
    """Return the flat index of the first entry outside its bounds, or -1.

    An amount that exceeds its bound only by the rounding of a 32-bit float is set to the bound.
    """
    count, powers, width = actions.shape
    for k in range(count):
        row = k if len(low) > 1 else 0
        for power in range(powers):
            for component in range(width):
                value = actions[k, power, component]
                least = low[row, power, component]
                most = high[row, power, component]
                if value < least and np.float32(value) >= np.float32(least):
                    actions[k, power, component] = least
                elif value > most and np.float32(value) <= np.float32(most):
                    actions[k, power, component] = most
                elif not least <= value <= most:
                    return (k * powers + power) * width + component
    return -1


@rule
def close_actions(actions, masks, counts):  # type: ignore[no-untyped-def]
    """Replace closed options by the null action."""
    for power in range(len(masks)):
        at = 0
        for component in range(len(counts)):
            if masks[power, at + int(actions[power, component])] == 0:
                actions[power, component] = 0
            at += counts[component]


@rule
def step_worlds(  # type: ignore[no-untyped-def]
    worlds,
    parameters,
    actions,
    observations,
    rewards,
    terminated,
    truncated,
    final_observations,
    masks,
    outer_masks,
    counts,
    max_cycles,
    autoreset,
    first,
    last,
):
    """Step the worlds from `first` up to `last`; with `autoreset`, ended worlds start again."""
    for k in range(first, last):
        world = worlds[k]
        rewards[k] = 0.0
        if world.over != 0:
            continue
        close_actions(actions[k], masks[k], counts)  # type: ignore[no-untyped-call]
        world.continuation = 1.0
        own = parameters[place_of(parameters, k)]  # type: ignore[no-untyped-call]
        ended = step(world, own, actions[k], rewards[k])
        if ended and world.continuation == 1.0:
            world.continuation = 0.0
        world.cycles += 1
        cut = not ended and world.cycles >= max_cycles
        terminated[k] = ended
        truncated[k] = cut
        if ended or cut:
            world.over = ENDED if ended else CUT_OFF
            if autoreset:
                observe(world, own, final_observations[k])
                world.episode += np.uint64(1)
                begin(worlds, parameters, k)  # type: ignore[no-untyped-call]
        observe(world, own, observations[k])
        open_all(masks[k], outer_masks)  # type: ignore[no-untyped-call]
        allow(world, own, masks[k])
