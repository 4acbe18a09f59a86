"""Surrogates: moments of conduct as smooth functions of the rules' parameters, and their indices.

A surrogate is a ridge regression of one moment on all parameters, their squares and their products,
fitted to draws of the parameters. Its penalty is the one with the smallest leave-one-out error.
:math:`R^2` is of predictions by tenfold cross-validation, in which every fold chooses a penalty of
its own: the share of the moment's variance over the draws that the surrogate predicts.

Sobol' indices (Sobol' 1993, Saltelli et al. 2010) split that variance: the first-order index of a
parameter is the share that it explains alone, the total index the share that involves it at all,
alone or together with others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import CounterpoiseError

Array = NDArray[np.float64]

PENALTIES = np.logspace(-4, 4, 33)
FOLDS = 10
LEAST_DRAWS = 2 * FOLDS
"""Number of draws with a value that a surrogate needs."""
# A power of two, as Sobol' sequences need.
SAMPLES = 1_024


@dataclasses.dataclass(frozen=True, eq=False)
class Surrogate:
    """One moment as a function of the parameters.

    Attributes
    ----------
    low, high : ndarray, [parameters]
        Range over which it was fitted.
    centre : ndarray, [features]
        Mean of the features over the draws.
    coefficients : ndarray, [features]
    mean : float
        Mean of the moment over the draws.
    r2 : float
        Share of the variance over draws that is predicted, by cross-validation; it is negative
        where the mean of the draws predicts better.
    draws : int
        Number of draws with a value.
    """

    low: Array
    high: Array
    centre: Array
    coefficients: Array
    mean: float
    r2: float
    draws: int

    def __call__(self, points: Array) -> Array:
        """Return predictions at parameter values, from [points, parameters] to [points]."""
        found = features(points, self.low, self.high) - self.centre
        return np.asarray(self.mean + found @ self.coefficients)

    def slope(self, points: Array) -> Array:
        """Return the mean change of the prediction from the low to the high end, [parameters].

        All other parameters are at their values in `points`.
        """
        moved = []
        for number in range(len(self.low)):
            ends = []
            for end in (self.low, self.high):
                there = points.copy()
                there[:, number] = end[number]
                ends.append(self(there).mean())
            moved.append(ends[1] - ends[0])
        return np.array(moved)


def features(points: Array, low: Array, high: Array) -> Array:
    """Return scaled parameters, their squares and products, [points, features].

    Parameters are scaled to lie between -1 and 1.
    Squares enter as Legendre polynomials, which are uncorrelated with the linear terms.
    """
    scaled = 2.0 * (points - low) / (high - low) - 1.0
    first, second = np.triu_indices(scaled.shape[1], 1)
    return np.concatenate(
        [scaled, 1.5 * scaled**2 - 0.5, scaled[:, first] * scaled[:, second]], axis=1
    )


def fit(points: Array, values: Array, low: Array, high: Array) -> Surrogate:
    """Fit a surrogate to draws.

    Parameters
    ----------
    points : ndarray, [draws, parameters]
    values : ndarray, [draws]
        The moment; draws in which it is not finite are left out.
    low, high : ndarray, [parameters]

    Raises
    ------
    CounterpoiseError
        If fewer than twenty draws have a value.
    """
    known = np.isfinite(values)
    points, values = points[known], values[known]
    if len(values) < LEAST_DRAWS:
        raise CounterpoiseError(
            f"{len(values)} draws have a value, fewer than {LEAST_DRAWS}: ask for more draws, or "
            "for more worlds per draw."
        )
    wide = features(points, low, high)
    centre, mean, coefficients = _ridge(wide, values)
    predicted = np.empty(len(values))
    # Neighbours in the sequence of draws are apart in space, so that folds may take every tenth.
    fold = np.arange(len(values)) % FOLDS
    for number in range(FOLDS):
        inside, outside = fold != number, fold == number
        its_centre, its_mean, its = _ridge(wide[inside], values[inside])
        predicted[outside] = its_mean + (wide[outside] - its_centre) @ its
    spread = float(((values - values.mean()) ** 2).sum())
    missed = float(((values - predicted) ** 2).sum())
    r2 = 1.0 - missed / spread if spread > 0.0 else float("nan")
    return Surrogate(low, high, centre, coefficients, mean, r2, len(values))


def _ridge(wide: Array, values: Array) -> tuple[Array, float, Array]:
    """Return the features' means, the values' mean, and the coefficients at the best penalty."""
    centre, mean = wide.mean(axis=0), float(values.mean())
    left, sizes, right = np.linalg.svd(wide - centre, full_matrices=False)
    turned = left.T @ (values - mean)
    best, chosen = np.inf, np.zeros(len(sizes))
    for penalty in PENALTIES:
        kept = sizes**2 / (sizes**2 + penalty)
        residuals = values - mean - left @ (kept * turned)
        # The leave-one-out error of a linear smoother, the mean taking 1/n.
        influence = (left**2) @ kept + 1.0 / len(values)
        error = float(((residuals / np.maximum(1.0 - influence, 1e-9)) ** 2).mean())
        if error < best:
            best, chosen = error, sizes / (sizes**2 + penalty)
    return centre, mean, np.asarray(right.T @ (chosen * turned))


def indices(surrogate: Surrogate, names: Sequence[str], *, seed: int = 0) -> polars.DataFrame:
    """Return a surrogate's Sobol' indices, by SALib.

    Returns
    -------
    polars.DataFrame
        One row per parameter: ``parameter``, ``first``, ``first_reach``, ``total`` and
        ``total_reach``; the reaches are half widths of 95 % bootstrap intervals.

    Raises
    ------
    CounterpoiseError
        If SALib is not installed.
    """
    try:
        from SALib.analyze import sobol as analysis
        from SALib.sample import sobol as sampling
    except ImportError:
        raise CounterpoiseError(
            "SALib is not installed: pip install 'counterpoise[calibrate]'."
        ) from None
    bounds = np.stack([surrogate.low, surrogate.high], axis=1).tolist()
    problem = {"num_vars": len(names), "names": list(names), "bounds": bounds}
    points = sampling.sample(problem, SAMPLES, calc_second_order=False, seed=seed)
    values = surrogate(np.asarray(points))
    if float(values.std()) == 0.0:
        nothing = np.zeros(len(names))
        found = {"S1": nothing, "S1_conf": nothing, "ST": nothing, "ST_conf": nothing}
    else:
        found = analysis.analyze(problem, values, calc_second_order=False, seed=seed)
    return polars.DataFrame(
        {
            "parameter": list(names),
            "first": np.asarray(found["S1"], np.float64),
            "first_reach": np.asarray(found["S1_conf"], np.float64),
            "total": np.asarray(found["ST"], np.float64),
            "total_reach": np.asarray(found["ST_conf"], np.float64),
        }
    )
