"""Doctrines of `buck_passing`: always pass, always balance, lead, or wait."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.buck_passing import MOST_LEVELS, Parameters
from counterpoise.theory.buck_passing import ByLevel


class BuckPasser(ByLevel):
    """Always passes the buck (after Mearsheimer 2001)."""

    name = "buck-passer"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__(np.zeros(MOST_LEVELS))


class ChainGanger(ByLevel):
    """Always balances at once (after Christensen and Snyder 1990)."""

    name = "chain-ganger"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__(np.ones(MOST_LEVELS))


class DesignatedLeader(ByLevel):
    """Balances at once in the first seat; passes in any other."""

    name = "designated leader"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__(np.full(MOST_LEVELS, float(power == 0)))


class LastMinuteBalancer(ByLevel):
    """Passes at first, and balances from the last level before the final one."""

    name = "last-minute balancer"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__((np.arange(MOST_LEVELS) >= parameters.levels - 1).astype(np.float64))


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "buck_passer": BuckPasser,
    "chain_ganger": ChainGanger,
    "designated_leader": DesignatedLeader,
    "last_minute_balancer": LastMinuteBalancer,
}
