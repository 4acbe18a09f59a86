"""From what every seed showed to a verdict.

The unit of replication is the training seed: each seed gives one effect (a slope, a contrast, a
place), and the seeds' effects are held against nought by a two-sided t-test. Over all outcomes of
one scorecard the tests are corrected after Holm (1979), so that among them the chance of even one
false verdict is at most five percent.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from counterpoise.theory.prediction import (
    FALLS,
    HALVED_AFTER,
    HALVED_BEFORE,
    HIGHEST_FIRST,
    NEGATIVE,
    POSITIVE,
    RISES,
    Outcome,
)

SUPPORTED, CONTRADICTED, UNDECIDED = VERDICTS = ("supported", "contradicted", "undecided")
WITHHELD = "withheld"

FEWEST_SEEDS = 8
ERROR_RATE = 0.05
POWER = 0.8
ROUNDING = 1e-9
# A best response that gains more than this share of the stake says that learning is not at an end.
CONVERGED = 0.05

WHAT_EFFECTS_ARE = {
    RISES: "fitted change over the range",
    FALLS: "fitted change over the range",
    POSITIVE: "mean over the levels",
    NEGATIVE: "mean over the levels",
    HALVED_BEFORE: "how far before the threshold it is halved",
    HALVED_AFTER: "how far before the threshold it is halved",
    HIGHEST_FIRST: "lead of the first level",
}


def effect(
    outcome: Outcome, levels: Sequence[float], measured: Sequence[float] | NDArray[np.float64]
) -> float:
    """Return one seed's effect; NaN where too little happened to tell.

    Parameters
    ----------
    outcome : Outcome
    levels : sequence of float, [levels]
    measured : sequence of float, [levels]
        NaN where nothing happened.
    """
    at, found = np.asarray(levels, float), np.asarray(measured, float)
    known = np.isfinite(found)
    if outcome.expected in (POSITIVE, NEGATIVE):
        return float(found[known].mean()) if known.any() else math.nan
    if outcome.expected in (RISES, FALLS):
        return change(at, found)
    if not known.all():
        return math.nan
    if outcome.expected == HIGHEST_FIRST:
        return float(found[0] - found[1:].max())
    return outcome.threshold - halved_at(at, found)


def change(levels: NDArray[np.float64], measured: NDArray[np.float64]) -> float:
    """Return how much the fitted straight line changes from the lowest level to the highest."""
    known = np.isfinite(measured)
    if known.sum() < 2:
        return math.nan
    # A line through what is always the same is level to the last digit: rounding is no evidence.
    if np.ptp(measured[known]) <= ROUNDING * abs(measured[known]).max():
        return 0.0
    slope = np.polyfit(levels[known], measured[known], 1)[0]
    return float(slope * (levels.max() - levels.min()))


def halved_at(levels: NDArray[np.float64], measured: NDArray[np.float64]) -> float:
    """Return the level from which on the outcome stays below half of its largest value.

    Between two levels it is interpolated. Where that is never so, the highest level and half of
    the range are returned; where nothing is ever measured, NaN.
    """
    half = 0.5 * measured.max()
    if half <= 0.0:
        return math.nan
    above = np.flatnonzero(measured >= half)
    last = int(above[-1])
    if last == len(levels) - 1:
        return float(levels[-1] + 0.5 * (levels[-1] - levels[0]))
    share = (measured[last] - half) / (measured[last] - measured[last + 1])
    return float(levels[last] + share * (levels[last + 1] - levels[last]))


@dataclasses.dataclass(frozen=True)
class Estimate:
    """The effects of all seeds, held against nought.

    Attributes
    ----------
    effects : tuple of float
        One a seed in which there was something to measure.
    seeds : int
        All seeds.
    mean, low, high : float
        With the 95 % t-interval; NaN where there are fewer than two effects.
    p : float
        Of the two-sided t-test; 1 where there is nothing to test.
    detectable : float
        The smallest effect that would be found at the 5 % level in 80 % of such studies.
    """

    effects: tuple[float, ...]
    seeds: int
    mean: float
    low: float
    high: float
    p: float
    detectable: float


def estimate(effects: Sequence[float]) -> Estimate:
    """Return the estimate from one effect a seed; those that are not numbers are left out."""
    given = np.asarray(effects, float)
    found = given[np.isfinite(given)]
    count = len(found)
    mean = float(found.mean()) if count else math.nan
    if count < 2:
        return Estimate(tuple(found), len(given), mean, math.nan, math.nan, 1.0, math.nan)
    error = float(found.std(ddof=1) / math.sqrt(count))
    quantile = float(stats.t.ppf(1.0 - 0.5 * ERROR_RATE, count - 1))
    reach = quantile * error
    # Effects that are all nought are no evidence; all alike and not nought are as strong as can be.
    p = 1.0 if mean == 0.0 else 0.0
    if error > 0.0:
        p = float(2.0 * stats.t.sf(abs(mean) / error, count - 1))
    detectable = (quantile + float(stats.t.ppf(POWER, count - 1))) * error
    return Estimate(tuple(found), len(given), mean, mean - reach, mean + reach, p, detectable)


def holm(ps: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number after Holm (1979)."""
    order = np.argsort(ps, kind="stable")
    corrected, most = [1.0] * len(ps), 0.0
    for rank, place in enumerate(order):
        most = max(most, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = most
    return corrected


def verdict(found: Estimate, corrected: float, sign: int) -> str:
    """Return the verdict on one outcome.

    Without effects in at least eight seeds nothing is decided.
    """
    if len(found.effects) < FEWEST_SEEDS or not corrected < ERROR_RATE:
        return UNDECIDED
    return SUPPORTED if found.mean * sign > 0.0 else CONTRADICTED


def jointly(verdicts: Sequence[str]) -> str:
    """Return the verdict on a claim that holds only if all its parts do."""
    if any(each == CONTRADICTED for each in verdicts):
        return CONTRADICTED
    if verdicts and all(each == SUPPORTED for each in verdicts):
        return SUPPORTED
    return UNDECIDED


def regrets(gains: Sequence[dict[str, Any]], stake: float) -> NDArray[np.float64]:
    """Return what a best response gains in each seed, as a share of the stake, [seeds]."""
    return np.array([(each["response"] - each["own"]) / stake for each in gains])
