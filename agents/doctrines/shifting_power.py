"""Doctrines of `shifting_power`: who trusts, who prevents, who arms in the dark.

Each can sit in either seat.
"""

from __future__ import annotations

from collections.abc import Callable

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.shifting_power import TARGET, Parameters
from counterpoise.theory.shifting_power import Mixed


class _Doctrine(Mixed):
    invests: float
    strikes_unseen: float
    strikes_seen: float

    def __init__(self, parameters: Parameters, power: int) -> None:
        if power == TARGET:
            super().__init__(power, self.invests)
        else:
            super().__init__(power, self.strikes_unseen, self.strikes_seen)


class Preventer(_Doctrine):
    """Arms while it can, and strikes whatever it sees: better now than later (Copeland 2000)."""

    name = "preventer"
    invests, strikes_unseen, strikes_seen = 1.0, 1.0, 1.0


class Verifier(_Doctrine):
    """Does not arm in secret, and strikes only what it has seen: trust, but verify."""

    name = "verifier"
    invests, strikes_unseen, strikes_seen = 0.0, 0.0, 1.0


class Appeaser(_Doctrine):
    """Arms, and never strikes: counts on being left alone."""

    name = "appeaser"
    invests, strikes_unseen, strikes_seen = 1.0, 0.0, 0.0


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "preventer": Preventer,
    "verifier": Verifier,
    "appeaser": Appeaser,
}
