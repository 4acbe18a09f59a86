"""Plans: what one power does in each year, whatever else it sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.strategy import Strategy


class PlanByYear(Strategy):
    """Takes the action that a table has for the year, whatever else it sees.

    Parameters
    ----------
    plan : ndarray, [years, components]
    column : int
        Where an observation says which share of the years is left.
    """

    name = "plan by year"

    def __init__(self, plan: NDArray[np.float64], column: int) -> None:
        self.plan = plan
        self._column = column

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Look each row's action up, [n, components]."""
        return np.asarray(self.plan[year_of(observations, self._column, len(self.plan))])


def year_of(observations: NDArray[np.float32], column: int, years: int) -> NDArray[np.int64]:
    """Return the year of each row from the share of the years that is left, [n]."""
    left = np.rint(observations[:, column].astype(np.float64) * years).astype(np.int64)
    return np.clip(years - left, 0, years - 1)
