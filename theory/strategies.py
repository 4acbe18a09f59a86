"""Strategies that several theories return."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from counterpoise.envs.engine.strategy import Strategy


class Mixed(Strategy):
    """Draws one of its options with the same probabilities in every year.

    Parameters
    ----------
    chances : array_like, [options]
    """

    name = "mixed"

    def __init__(self, chances: ArrayLike) -> None:
        self.chances = np.asarray(chances, np.float64)
        self.is_random = bool((self.chances < 1.0).all())

    def probabilities(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return the probability of each option, [n, options]; closed options' goes to option 0."""
        chances = np.where(masks == 1, self.chances, 0.0)
        chances[:, 0] += np.where(masks == 1, 0.0, self.chances).sum(axis=1)
        return chances

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw an option for each row, [n, 1]."""
        upto = np.cumsum(self.probabilities(observations, masks), axis=1)
        draws = rng.random(len(upto))[:, None] * upto[:, -1:]
        return np.asarray((draws >= upto[:, :-1]).sum(axis=1)[:, None], np.int64)


class PlanByYear(Strategy):
    """Plays a table of actions by year, in any state.

    Parameters
    ----------
    plan : ndarray, [years, components]
        Amounts in the game's own units, or the options' numbers.
    column : int
        Column of the observation that holds the share of years left.
    """

    name = "plan by year"

    def __init__(self, plan: NDArray[Any], column: int) -> None:
        self.plan = plan
        self._column = column

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return each row's action, [n, components]."""
        return np.asarray(self.plan[year_of(observations, self._column, len(self.plan))])


def year_of(observations: NDArray[np.float32], column: int, years: int) -> NDArray[np.int64]:
    """Return the year of each row from the share of the years that is left, [n]."""
    left = np.rint(observations[:, column].astype(np.float64) * years).astype(np.int64)
    return np.clip(years - left, 0, years - 1)
