"""Statistics over training seeds: the mean, and its percentile bootstrap interval."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

FEWEST_SEEDS = 3
CONFIDENCE = 0.95

# All equally likely resamples of up to six seeds are enumerated; of more seeds, this many are
# drawn.
MOST_ENUMERATED = 6
RESAMPLES = 10_000


@dataclasses.dataclass(frozen=True)
class Interval:
    """A mean over seeds with its bootstrap interval; None below three seeds."""

    mean: float
    low: float | None
    high: float | None
    seeds: int

    @property
    def is_known(self) -> bool:
        """Whether there were enough seeds for an interval."""
        return self.low is not None


def bootstrap(values: Iterable[float]) -> Interval:
    """Return the mean of one value per seed and its 95 % percentile bootstrap interval.

    The resamples of up to six seeds are enumerated, so the interval is exact; of more seeds, 10,000
    resamples are drawn with a fixed seed. The quantiles are values that occur, without
    interpolation. Values that are not finite are left out.
    """
    given = np.array([value for value in values if math.isfinite(value)])
    if len(given) == 0:
        return Interval(math.nan, None, None, 0)
    if len(given) < FEWEST_SEEDS:
        return Interval(float(given.mean()), None, None, len(given))
    means = given[_resamples(len(given))].mean(axis=1)
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail], method="inverted_cdf")
    return Interval(float(given.mean()), float(low), float(high), len(given))


@functools.cache
def _resamples(seeds: int) -> NDArray[np.int64]:
    if seeds <= MOST_ENUMERATED:
        return np.array(list(itertools.product(range(seeds), repeat=seeds)))
    return np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))


def interval_in_words(seeds: int) -> str:
    """Return a sentence that says what the interval of a number of seeds is."""
    if seeds < FEWEST_SEEDS:
        have = "1 seed" if seeds == 1 else f"{seeds} seeds"
        return f"{have}: at least {FEWEST_SEEDS} seeds are needed for an interval."
    if seeds == FEWEST_SEEDS:
        return (
            "The 95 % bootstrap interval of 3 seeds, which reaches from the smallest to the "
            "largest value."
        )
    how = (
        f"all {seeds**seeds} resamples"
        if seeds <= MOST_ENUMERATED
        else f"{RESAMPLES:,} resamples with a fixed seed"
    )
    return f"The 95 % percentile bootstrap interval of the mean over {seeds} seeds, from {how}."
