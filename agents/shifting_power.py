"""Doctrines of `shifting_power`: who trusts, who prevents, who arms in the dark.

Each can sit in either seat.
"""

from __future__ import annotations

from collections.abc import Callable

from counterpoise.envs.games.shifting_power import TARGET, Parameters
from counterpoise.envs.strategy import Strategy
from counterpoise.theory.shifting_power import Mixed


def _doctrine(name: str, invests: float, unseen: float, seen: float) -> type[Strategy]:
    class Doctrine(Mixed):
        def __init__(self, parameters: Parameters, power: int) -> None:
            if power == TARGET:
                super().__init__(power, invests)
            else:
                super().__init__(power, unseen, seen)

    Doctrine.name = name
    return Doctrine


# Strikes whatever it sees, and arms while it can: the logic of prevention (after Copeland 2000).
Preventer = _doctrine("preventer", 1.0, 1.0, 1.0)
# Strikes only what it has seen, and does not arm in secret: trust, but verify.
Verifier = _doctrine("verifier", 0.0, 0.0, 1.0)
# Never strikes and always arms: counts on being left alone.
Appeaser = _doctrine("appeaser", 1.0, 0.0, 0.0)

DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "preventer": Preventer,
    "verifier": Verifier,
    "appeaser": Appeaser,
}
