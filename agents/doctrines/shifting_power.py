"""Doctrines of `shifting_power`: prevent, verify, or appease. Each can play either seat."""

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
    """Always arms and always strikes: preventive war (after Copeland 2000)."""

    name = "preventer"
    invests, strikes_unseen, strikes_seen = 1.0, 1.0, 1.0


class Verifier(_Doctrine):
    """Never arms, and strikes only an investment that it has seen."""

    name = "verifier"
    invests, strikes_unseen, strikes_seen = 0.0, 0.0, 1.0


class Appeaser(_Doctrine):
    """Always arms and never strikes."""

    name = "appeaser"
    invests, strikes_unseen, strikes_seen = 1.0, 0.0, 0.0


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "preventer": Preventer,
    "verifier": Verifier,
    "appeaser": Appeaser,
}
