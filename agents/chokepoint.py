"""Doctrines of `chokepoint`: who trusts in trade, who in walls, who in agreements.

In the hub's seat each demands a part of what an embargo would cost: half, all, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.games.chokepoint import HUB, LEAST_INVESTMENT, MOST_INVESTMENT, Parameters
from counterpoise.envs.strategy import Strategy
from counterpoise.theory.chokepoint import Hub, Target, planner


class _Share(Hub):
    """Demands a fixed share of what an embargo would cost."""

    def __init__(self, parameters: Parameters, share: float) -> None:
        super().__init__(parameters)
        self._share = share

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the demands of each row, [n, 2]."""
        return self._share * super().act(observations, masks, rng)


def _investing(name: str, amount: float, share: float) -> Callable[[Parameters, int], Strategy]:
    def make(parameters: Parameters, power: int) -> Strategy:
        made: Strategy
        if power == HUB:
            made = _Share(parameters, share)
        else:
            made = Target(parameters, power, np.array([[0.0, 0.0, amount]]))
        made.name = name
        return made

    return make


def coordinated_planner(parameters: Parameters, power: int) -> Strategy:
    """Invest as both targets would if they decided together; as the hub, demand everything."""
    strategy = Hub(parameters) if power == HUB else planner(parameters).strategies[power]
    strategy.name = "coordinated planner"
    return strategy


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    # Trades and lets its reserves run down: the liberal peace (after Cobden).
    "open_trader": _investing("open trader", LEAST_INVESTMENT, 0.0),
    # Insulates itself as fast as it can (after Fichte's closed commercial state, 1800).
    "autarkist": _investing("autarkist", MOST_INVESTMENT, 1.0),
    # Keeps what it has, whatever it costs.
    "maintainer": _investing("maintainer", 0.02, 0.5),
    "coordinated_planner": coordinated_planner,
}
