"""Doctrines of `chokepoint`: openness, autarky, or coordination.

Each doctrine can play any seat. Where the literature knows one only for a target, it has a
counterpart for the hub.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.chokepoint import HUB, MOST_INVESTMENT, TARGETS, Parameters
from counterpoise.theory.chokepoint import planner


class _Constant(Strategy):
    """Takes the same action in every year."""

    def __init__(self, investment: float, acceptance: float, demand: float, power: int) -> None:
        self._action = np.array((demand,) * TARGETS if power == HUB else (investment, acceptance))

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the same action for every row, [n, 2]."""
        return np.tile(self._action, (len(observations), 1))


class OpenTrader(_Constant):
    """Never invests in resilience and accepts every demand; as the hub it demands nothing.

    Interdependence makes conflict too costly (after Cobden and Angell 1910).
    """

    name = "open trader"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__(investment=0.0, acceptance=1.0, demand=0.0, power=power)


class Autarkist(_Constant):
    """Invests as fast as it can and refuses every demand; as the hub it demands the maximum.

    The closed commercial state (after Fichte 1800).
    """

    name = "autarkist"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__(
            investment=MOST_INVESTMENT,
            acceptance=0.0,
            demand=parameters.embargo_loss,
            power=power,
        )


class CoordinatedPlanner(Strategy):
    """Invests as the targets would if they decided together; as the hub it demands the maximum.

    The plan maximises the targets' joint payoff (after Clayton, Maggiori and Schreger 2023).
    """

    name = "coordinated planner"

    def __init__(self, parameters: Parameters, power: int) -> None:
        self._planned = planner(parameters).strategies[power]

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the planned action for each row, [n, 2]."""
        return np.asarray(self._planned.act(observations, masks, rng), np.float64)


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "open_trader": OpenTrader,
    "autarkist": Autarkist,
    "coordinated_planner": CoordinatedPlanner,
}
