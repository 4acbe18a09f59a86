"""From one effect per training seed to an estimate and a verdict.

The unit of replication is the training seed: each seed gives one effect (a slope, a contrast, a
position), and a two-sided t-test compares the seeds' effects with zero. Holm's correction (1979)
runs over all outcomes of one scorecard, so the family-wise error rate is at most 5 percent.
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
    Expectation,
)

SUPPORTED, CONTRADICTED, UNDECIDED = VERDICTS = ("supported", "contradicted", "undecided")
WITHHELD = "withheld"

FEWEST_SEEDS = 8
ERROR_RATE = 0.05
POWER = 0.8
ROUNDING = 1e-9
# A population counts as converged if a best response gains at most this share of the stake.
CONVERGED = 0.05

WHAT_EFFECTS_ARE = {
    RISES: "fitted change over the range",
    FALLS: "fitted change over the range",
    POSITIVE: "mean over the levels",
    NEGATIVE: "mean over the levels",
    HALVED_BEFORE: "distance below the threshold at which it is halved",
    HALVED_AFTER: "distance below the threshold at which it is halved",
    HIGHEST_FIRST: "lead of the first level",
}


def effect(
    outcome: Expectation, levels: Sequence[float], measured: Sequence[float] | NDArray[np.float64]
) -> float:
    """Return one seed's effect; NaN where there is too little to measure.

    Parameters
    ----------
    outcome : Expectation
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
    """Return the change of the fitted straight line from the lowest level to the highest."""
    known = np.isfinite(measured)
    if known.sum() < 2:
        return math.nan
    # A constant outcome has slope zero; the fit would return rounding errors as evidence.
    if np.ptp(measured[known]) <= ROUNDING * abs(measured[known]).max():
        return 0.0
    slope = np.polyfit(levels[known], measured[known], 1)[0]
    return float(slope * (levels.max() - levels.min()))


def halved_at(levels: NDArray[np.float64], measured: NDArray[np.float64]) -> float:
    """Return the level above which the outcome stays below half of its maximum.

    The level is interpolated linearly. Where the outcome never falls that far, the result is the
    highest level plus half the range; where the outcome is zero throughout, NaN.
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
    """The mean effect over seeds, its interval and its test against zero.

    Attributes
    ----------
    effects : tuple of float
        One per seed in which there was something to measure.
    seeds : int
        Number of all seeds.
    mean, low, high : float
        Mean and 95 % t-interval; NaN with fewer than two effects.
    p : float
        p-value of the two-sided t-test; 1 where there is nothing to test.
    detectable : float
        Minimum detectable effect: found at the 5 % level with power 80 %.
    """

    effects: tuple[float, ...]
    seeds: int
    mean: float
    low: float
    high: float
    p: float
    detectable: float


def estimate(effects: Sequence[float]) -> Estimate:
    """Return the estimate from one effect per seed; NaN effects are left out."""
    given = np.asarray(effects, float)
    found = given[np.isfinite(given)]
    count = len(found)
    mean = float(found.mean()) if count else math.nan
    if count < 2:
        return Estimate(tuple(found), len(given), mean, math.nan, math.nan, 1.0, math.nan)
    error = float(found.std(ddof=1) / math.sqrt(count))
    quantile = float(stats.t.ppf(1.0 - 0.5 * ERROR_RATE, count - 1))
    reach = quantile * error
    # With no spread between seeds t is 0/0 (all effects zero: p = 1) or infinite (p = 0).
    p = 1.0 if mean == 0.0 else 0.0
    if error > 0.0:
        p = float(2.0 * stats.t.sf(abs(mean) / error, count - 1))
    detectable = (quantile + float(stats.t.ppf(POWER, count - 1))) * error
    return Estimate(tuple(found), len(given), mean, mean - reach, mean + reach, p, detectable)


def holm(ps: Sequence[float]) -> list[float]:
    """Return p-values after Holm's step-down correction (1979)."""
    order = np.argsort(ps, kind="stable")
    corrected, most = [1.0] * len(ps), 0.0
    for rank, place in enumerate(order):
        most = max(most, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = most
    return corrected


def verdict(found: Estimate, corrected: float, sign: int) -> str:
    """Return the verdict on one outcome.

    With effects in fewer than eight seeds the verdict is *undecided*.
    """
    if len(found.effects) < FEWEST_SEEDS or not corrected < ERROR_RATE:
        return UNDECIDED
    return SUPPORTED if found.mean * sign > 0.0 else CONTRADICTED


def jointly(verdicts: Sequence[str]) -> str:
    """Return the verdict on a claim that holds only if all of its parts hold."""
    if any(each == CONTRADICTED for each in verdicts):
        return CONTRADICTED
    if verdicts and all(each == SUPPORTED for each in verdicts):
        return SUPPORTED
    return UNDECIDED


def regrets(gains: Sequence[dict[str, Any]], stake: float) -> NDArray[np.float64]:
    """Return regret per seed, [seeds]: the gain of a best response over the stake."""
    return np.array([(each["response"] - each["own"]) / stake for each in gains])
