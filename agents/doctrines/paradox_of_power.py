"""Doctrines of `paradox_of_power`: produce, fight, or match the other's resources."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.paradox_of_power import Parameters, resources_of


class _Share(Strategy):
    """Spends the same share of its resources on fighting in every year."""

    def __init__(self, name: str, share: float) -> None:
        self.name = name
        self._share = share

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the share for every row, [n, 1]."""
        return np.full((len(observations), 1), self._share)


def producer(parameters: Parameters, power: int) -> Strategy:
    """Spend five per cent on fighting and produce with the rest."""
    return _Share("producer", 0.05)


def predator(parameters: Parameters, power: int) -> Strategy:
    """Spend everything on fighting and live on the other's production."""
    return _Share("predator", 1.0)


def matcher(parameters: Parameters, power: int) -> Strategy:
    """Spend as much as the other's whole resources, or all of its own if they are fewer."""
    record = parameters.to_record()
    own, other = resources_of(record, power), resources_of(record, 1 - power)
    return _Share("matcher", float(min(1.0, other / own)))


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "producer": producer,
    "predator": predator,
    "matcher": matcher,
}
