"""Doctrines of `guns_and_butter`: how to divide an income, by rule of thumb."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.guns_and_butter import GAME, MOST_WEIGHT, Parameters


class _Fixed(Strategy):
    """Divides every year alike, in shares of industry, technology, military and consumption."""

    SHARES = (0.25, 0.25, 0.25, 0.25)

    def __init__(self, parameters: Parameters, power: int) -> None:
        weights = np.log(np.array(self.SHARES) / max(self.SHARES)) + MOST_WEIGHT
        self._weights = np.clip(weights, -MOST_WEIGHT, MOST_WEIGHT)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the same weights for every row, [n, 4]."""
        return np.repeat(self._weights[None], len(observations), axis=0)


class Trader(_Fixed):
    """Builds industry and laboratories and hardly arms (after Rosecrance 1986)."""

    name = "trading state"
    SHARES = (0.20, 0.12, 0.002, 0.678)


class Garrison(_Fixed):
    """Arms first and consumes what is left (after Lasswell 1941)."""

    name = "garrison state"
    SHARES = (0.15, 0.05, 0.30, 0.50)


class MirrorArmer(Strategy):
    """Arms as much more as the others are ahead of it, and else builds and consumes."""

    name = "mirror armer"

    def __init__(self, parameters: Parameters, power: int) -> None:
        names = GAME.observation_names(parameters.powers)
        self._own = names.index("military")
        first = names.index("military_of_other_0")
        self._others = slice(first, first + parameters.powers - 1)
        self._usual = Trader(parameters, power)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the weights of each row, [n, 4]."""
        weights = np.asarray(self._usual.act(observations, masks, rng), np.float64)
        behind = observations[:, self._others].mean(axis=1) - observations[:, self._own]
        raised = weights[:, 2] + 3.0 + np.maximum(behind.astype(np.float64), 0.0)
        weights[:, 2] = np.clip(raised, -MOST_WEIGHT, MOST_WEIGHT)
        return weights


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "trading_state": Trader,
    "garrison_state": Garrison,
    "mirror_armer": MirrorArmer,
}
