"""Doctrines of `pledge`: how much to promise, and how firm to be. Each can sit in either seat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.games.pledge import GAME, PATRON, Parameters
from counterpoise.envs.strategy import Strategy


class _Bound(Strategy):
    """Pledges a fixed amount, and is as firm as a line in what was pledged."""

    def __init__(
        self, parameters: Parameters, power: int, pledge: float, alone: float, slope: float
    ) -> None:
        self._is_patron = power == PATRON
        self._pledge, self._alone, self._slope = pledge, alone, slope
        self._column = GAME.observation_names(parameters.powers).index("pledge")

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the pledge or the firmness of each row, [n, 1]."""
        pledged = observations[:, [self._column]].astype(np.float64)
        if self._is_patron:
            return np.full_like(pledged, self._pledge)
        return np.clip(self._alone + self._slope * pledged, 0.0, 1.0)


def _doctrine(
    name: str, pledge: float, alone: float, slope: float
) -> Callable[[Parameters, int], Strategy]:
    def make(parameters: Parameters, power: int) -> Strategy:
        strategy = _Bound(parameters, power, pledge, alone, slope)
        strategy.name = name
        return strategy

    return make


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    # Promises everything and insists on everything: fears abandonment more than entrapment.
    "loyalist": _doctrine("loyalist", 1.0, 1.0, 0.0),
    # Promises nothing and yields: fears entrapment more than abandonment (after Snyder 1984).
    "aloof": _doctrine("aloof", 0.0, 0.0, 0.0),
    # Promises half, and dares as much as was promised: strategic ambiguity, and moral hazard.
    "ambiguous": _doctrine("ambiguous", 0.5, 0.0, 1.0),
}
