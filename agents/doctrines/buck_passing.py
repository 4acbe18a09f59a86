"""Doctrines of `buck_passing`: who leaves it to others, who never does, who leads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.buck_passing import MOST_LEVELS, Parameters
from counterpoise.theory.buck_passing import ByLevel


class BuckPasser(ByLevel):
    """Leaves it to the others, always (after Mearsheimer 2001)."""

    name = "buck-passer"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__(np.zeros(MOST_LEVELS))


class ChainGanger(ByLevel):
    """Stands up at once, whoever else does (after Christensen and Snyder 1990)."""

    name = "chain-ganger"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__(np.ones(MOST_LEVELS))


class DesignatedLeader(ByLevel):
    """In the first seat stands up at once; in any other passes."""

    name = "designated leader"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__(np.full(MOST_LEVELS, float(power == 0)))


class LastMinuteBalancer(ByLevel):
    """Passes as long as it can, and stands up at the last level before all is lost."""

    name = "last-minute balancer"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__((np.arange(MOST_LEVELS) >= parameters.levels - 1).astype(np.float64))


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "buck_passer": BuckPasser,
    "chain_ganger": ChainGanger,
    "designated_leader": DesignatedLeader,
    "last_minute_balancer": LastMinuteBalancer,
}
