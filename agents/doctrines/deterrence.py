"""Doctrines of `deterrence`: always a dove, always a deterrent, always a hawk."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.deterrence import DETERRENT, DOVE, HAWK, OPTIONS, Parameters
from counterpoise.theory.strategies import Mixed


def _always(name: str, option: int) -> Callable[[Parameters, int], Strategy]:
    def make(parameters: Parameters, power: int) -> Strategy:
        strategy = Mixed(np.eye(OPTIONS)[option])
        strategy.name = name
        return strategy

    return make


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    # Never arms: war is too costly for either side.
    "dove": _always("dove", DOVE),
    # Arms just enough that an attack does not pay: the porcupine.
    "porcupine": _always("porcupine", DETERRENT),
    # Arms to win, after Mearsheimer (2001).
    "hawk": _always("hawk", HAWK),
}
