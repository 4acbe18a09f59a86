"""Doctrines of `chokepoint`: who trusts in trade, who in walls, who in agreement.

Each doctrine can sit in any seat; one that the literature knows only for a target of coercion has a
hub's counterpart there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.chokepoint import HUB, MOST_INVESTMENT, TARGETS, Parameters
from counterpoise.theory.chokepoint import planner


class _Constant(Strategy):
    """Does the same in every year."""

    def __init__(self, target: tuple[float, float], demand: float, power: int) -> None:
        self._action = np.array((demand,) * TARGETS if power == HUB else target)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the one action for every row, [n, 2]."""
        return np.tile(self._action, (len(observations), 1))


class OpenTrader(_Constant):
    """Never insulates itself and gives in to every demand; as the hub it demands nothing.

    What it depends on is what makes war unthinkable (after Cobden and Angell 1910).
    """

    name = "open trader"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__((0.0, 1.0), 0.0, power)


class Autarkist(_Constant):
    """Insulates itself as fast as it can and refuses every demand; as the hub it demands the most.

    The closed commercial state (after Fichte 1800).
    """

    name = "autarkist"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__((MOST_INVESTMENT, 0.0), parameters.embargo_loss, power)


class CoordinatedPlanner(Strategy):
    """Insulates itself as both targets would that decide together; as the hub demands all it can.

    What is best for both as long as both keep to it (after Clayton, Maggiori and Schreger 2023).
    """

    name = "coordinated planner"

    def __init__(self, parameters: Parameters, power: int) -> None:
        self._planned = planner(parameters).strategies[power]

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return what the plan says for each row, [n, 2]."""
        return np.asarray(self._planned.act(observations, masks, rng), np.float64)


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "open_trader": OpenTrader,
    "autarkist": Autarkist,
    "coordinated_planner": CoordinatedPlanner,
}
