"""Doctrines of `pledge`: pledge and firmness by rule of thumb. Each can play either seat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.columns import column
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.pledge import PATRON, SEES, Parameters


class _Bound(Strategy):
    """Pledges a fixed amount; its firmness is linear in the pledge."""

    pledge: float
    alone: float
    slope: float

    def __init__(self, parameters: Parameters, power: int) -> None:
        self._is_patron = power == PATRON
        self._column = column(SEES.pledge, parameters.powers - 1)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the pledge or the firmness of each row, [n, 1]."""
        pledged = observations[:, [self._column]].astype(np.float64)
        if self._is_patron:
            return np.full_like(pledged, self.pledge)
        return np.clip(self.alone + self.slope * pledged, 0.0, 1.0)


class Loyalist(_Bound):
    """Pledges in full and is fully firm: fears abandonment (after Snyder 1984)."""

    name = "loyalist"
    pledge, alone, slope = 1.0, 1.0, 0.0


class Aloof(_Bound):
    """Pledges nothing and is not firm: fears entrapment (after Snyder 1984)."""

    name = "aloof"
    pledge, alone, slope = 0.0, 0.0, 0.0


class Ambiguous(_Bound):
    """Pledges half, and is as firm as the pledge: strategic ambiguity and moral hazard."""

    name = "ambiguous"
    pledge, alone, slope = 0.5, 0.0, 1.0


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "loyalist": Loyalist,
    "aloof": Aloof,
    "ambiguous": Ambiguous,
}
