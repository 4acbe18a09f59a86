"""Payoffs of strategy profiles over many worlds, with the same seeds for every profile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.rollouts import Memories, choose
from counterpoise.envs.engine.strategy import Profile
from counterpoise.envs.engine.worlds import Worlds


def payoffs(
    game: Game, parameters: ParametersBase, profile: Profile, *, count: int, seed: int = 0
) -> NDArray[np.float64]:
    """Play a profile to the end in many worlds and return every power's payoff.

    World ``k`` is seeded with ``seed + k``, so that profiles can be compared in pairs of worlds.

    Returns
    -------
    ndarray, [count, powers]
        Discounted to the first year.
    """
    phases = len(game.phases_with(parameters))
    per_step = game.discount(parameters) ** (1.0 / phases)
    rng = np.random.default_rng(seed)
    weight, memories = 1.0, Memories()
    with Worlds(game, count, parameters, autoreset=False) as worlds:
        worlds.reset(seed)
        paid = np.zeros((count, worlds.powers))
        while not worlds.records["over"].all():
            paid += weight * worlds.step(choose(worlds, profile, rng, memories))
            weight *= per_step
    return paid
