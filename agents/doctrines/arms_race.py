"""Doctrines of `arms_race`: rules of thumb for building arms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.columns import column, columns_of
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.arms_race import LARGEST_BUILD, SEES, Parameters


class _Builder(Strategy):
    """Builds towards a wanted stock in the next year, within the limits to building."""

    def __init__(self, parameters: Parameters, power: int) -> None:
        others = parameters.powers - 1
        self._own = column(SEES.arms, others)
        self._others = columns_of(SEES.arms_of_other, others)
        self._is_ally = columns_of(SEES.other_is_ally, others)
        self._kept = 1.0 - parameters.obsolescence

    def _wanted(self, arms: NDArray[np.float64], is_ally: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the wanted stock of the next year, [n], from the others', [n, powers - 1]."""
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
    """Matches the largest stock among its rivals: reciprocity (after Axelrod 1984)."""

    name = "tit-for-tat armer"

    def _wanted(self, arms: NDArray[np.float64], is_ally: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray(np.where(is_ally, 0.0, arms).max(axis=1))


class Disarmer(Strategy):
    """Builds nothing and lets its arms age: unilateral disarmament (after Osgood 1962)."""

    name = "disarmer"

    def __init__(self, parameters: Parameters, power: int) -> None:
        pass

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return no build for every row, [n, 1]."""
        return np.zeros((len(observations), 1))


class WorstCaseArmer(_Builder):
    """Arms against rivals that build all they can, with an ally that builds nothing.

    It looks at capabilities, not at intentions (after Mearsheimer 2001).
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
