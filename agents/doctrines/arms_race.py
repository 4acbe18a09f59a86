"""Doctrines of armament: how much to build, by rule of thumb."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.arms_race import GAME, LARGEST_BUILD, Parameters


class _Builder(Strategy):
    """Builds towards a stock for the next year, within the limits to building."""

    def __init__(self, parameters: Parameters, power: int) -> None:
        names = GAME.observation_names(parameters.powers)
        others = parameters.powers - 1
        first_other = names.index("arms_of_other_0")
        first_ally = names.index("other_is_ally_0")
        self._own = names.index("arms")
        self._others = slice(first_other, first_other + others)
        self._is_ally = slice(first_ally, first_ally + others)
        self._kept = 1.0 - parameters.obsolescence

    def _wanted(self, arms: NDArray[np.float64], is_ally: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the stock wanted next year, [n], from the others' stocks, [n, powers - 1]."""
        raise NotImplementedError

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the build of each row, [n, 1]."""
        seen = observations.astype(np.float64)
        wanted = self._wanted(seen[:, self._others], seen[:, self._is_ally] > 0.5)
        build = wanted - self._kept * seen[:, self._own]
        return np.clip(build, -LARGEST_BUILD, LARGEST_BUILD)[:, None]


class TitForTatArmer(_Builder):
    """Matches the largest stock among its rivals: armament reciprocated (after Axelrod 1984)."""

    name = "tit-for-tat armer"

    def _wanted(self, arms: NDArray[np.float64], is_ally: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray(np.where(is_ally, 0.0, arms).max(axis=1))


class Disarmer(Strategy):
    """Builds nothing and lets its arms age out: the dove who waits to be followed (Osgood 1962)."""

    name = "disarmer"

    def __init__(self, parameters: Parameters, power: int) -> None:
        pass

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return no build for every row, [n, 1]."""
        return np.zeros((len(observations), 1))


class WorstCaseArmer(_Builder):
    """Arms for rivals that build all they can and an ally that builds nothing.

    The hawk reckons with capabilities and not with intentions (after Mearsheimer 2001).
    """

    name = "worst-case armer"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__(parameters, power)
        self._fear = parameters.fear
        self._spill_in = parameters.spill_in
        self._grievance = parameters.grievance[power]

    def _wanted(self, arms: NDArray[np.float64], is_ally: NDArray[np.bool_]) -> NDArray[np.float64]:
        feared = np.where(is_ally, 0.0, self._kept * arms + LARGEST_BUILD).sum(axis=1)
        helping = np.where(is_ally, self._kept * arms, 0.0).sum(axis=1)
        return np.asarray(self._grievance + self._fear * feared - self._spill_in * helping)


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "tit_for_tat_armer": TitForTatArmer,
    "disarmer": Disarmer,
    "worst_case_armer": WorstCaseArmer,
}
