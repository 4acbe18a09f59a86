"""Doctrines of `guns_and_butter`: rules of thumb for the division of income."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.columns import column, columns_of
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.guns_and_butter import MILITARY, MOST_WEIGHT, SEES, Parameters

# By how much the mirror armer's log weight of the military exceeds the trading state's.
ALERT = 3.0


class _Fixed(Strategy):
    """Takes the same shares of industry, technology, military and consumption in every year."""

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
    """Invests in industry and technology and hardly arms (after Rosecrance 1986)."""

    name = "trading state"
    SHARES = (0.20, 0.12, 0.002, 0.678)


class Garrison(_Fixed):
    """Spends a large share on the military (after Lasswell 1941)."""

    name = "garrison state"
    SHARES = (0.15, 0.05, 0.30, 0.50)


class MirrorArmer(Strategy):
    """Raises military spending with its distance to the others; otherwise as the trading state."""

    name = "mirror armer"

    def __init__(self, parameters: Parameters, power: int) -> None:
        others = parameters.powers - 1
        self._own = column(SEES.military, others)
        self._others = columns_of(SEES.military_of_other, others)
        self._usual = Trader(parameters, power)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the weights of each row, [n, 4]."""
        weights = np.asarray(self._usual.act(observations, masks, rng), np.float64)
        behind = observations[:, self._others].mean(axis=1) - observations[:, self._own]
        raised = weights[:, MILITARY] + ALERT + np.maximum(behind.astype(np.float64), 0.0)
        weights[:, MILITARY] = np.clip(raised, -MOST_WEIGHT, MOST_WEIGHT)
        return weights


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "trading_state": Trader,
    "garrison_state": Garrison,
    "mirror_armer": MirrorArmer,
}
