"""Results as tables and one-line plots, for notebooks.

All results are read from files that `counterpoise predict`, `curve` and `benchmark` write. Tables
are Polars frames; ``pandas=True`` gives pandas frames where pandas is installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars

from counterpoise.display.figures import INK, LEARNED, colour, seed_line, style
from counterpoise.display.numbers import in_words
from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name
from counterpoise.evaluation.predictions.cases import QUANTITIES
from counterpoise.evaluation.predictions.estimation import estimate
from counterpoise.evaluation.predictions.verdicts import (
    ANSWERS_TABLE,
    ESTIMATES_TABLE,
    VERDICTS_TABLE,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def _read(path: Path, made_by: str, pandas: bool) -> Any:
    if not path.is_file():
        raise CounterpoiseError(f"There is no {path}. It is made by `{made_by}`.")
    table = polars.read_parquet(path)
    return table.to_pandas() if pandas else table


def verdicts(folder: str | Path, *, pandas: bool = False) -> Any:
    """Return one row per prediction, with its verdict.

    Parameters
    ----------
    folder : path
        The folder in which `counterpoise predict` wrote its tables.
    pandas : bool
        Return a pandas frame; pandas and pyarrow must be installed.

    Raises
    ------
    CounterpoiseError
        If there are no such results.
    """
    return _read(Path(folder) / VERDICTS_TABLE, "counterpoise predict", pandas)


def estimates(folder: str | Path, *, pandas: bool = False) -> Any:
    """Return one row per outcome: effect, interval, p-values, verdict; as `verdicts`."""
    return _read(Path(folder) / ESTIMATES_TABLE, "counterpoise predict", pandas)


def answers(folder: str | Path, *, pandas: bool = False) -> Any:
    """Return one row per seed and level of each treatment; as `verdicts`."""
    return _read(Path(folder) / ANSWERS_TABLE, "counterpoise predict", pandas)


def course(folder: str | Path, case: str, *, pandas: bool = False) -> Any:
    """Return a case's course, one row per seed, year and power; as `verdicts`."""
    path = Path(folder) / "figures" / f"{case}_course.parquet"
    return _read(path, f"counterpoise predict {case}", pandas)


def curve(folder: str | Path, *, pandas: bool = False) -> Any:
    """Return the points of a learned curve with the solved ones; as `verdicts`."""
    return _read(Path(folder) / "curve.parquet", "counterpoise curve", pandas)


def benchmark(folder: str | Path, *, pandas: bool = False) -> Any:
    """Return the benchmark, one row per game, seed and power; as `verdicts`."""
    return _read(Path(folder) / "results.parquet", "counterpoise benchmark", pandas)


# -- plots -----------------------------------------------------------------------------------------


def _axes(axes: Axes | None) -> Axes:
    if axes is not None:
        return axes
    import matplotlib.pyplot

    with style():
        return matplotlib.pyplot.subplots(figsize=(5.2, 3.4), layout="constrained")[1]


def plot_answers(
    folder: str | Path, prediction: str, metric: str, *, test: int = 0, axes: Axes | None = None
) -> Axes:
    """Plot one outcome over the levels of its treatment: seeds, mean, 95 % interval.

    Parameters
    ----------
    folder : path
    prediction, metric : str
    test : int
        The number of the prediction's test, from 0.
    axes : matplotlib Axes, optional
        New ones by default.
    """
    table = answers(folder).filter(prediction=prediction, test=test)
    if metric not in table["metric"]:
        raise unknown_name(f"metric of {prediction}", metric, set(table["metric"]))
    table = table.filter(metric=metric).sort("value")
    axes = _axes(axes)
    for (seed,), rows in table.group_by(["seed"], maintain_order=True):
        line = seed_line(int(str(seed)))
        axes.plot(rows["value"], rows["measured"], color=INK, alpha=0.3, lw=0.8, ls=line)
    levels = table["value"].unique().sort()
    found = [estimate(table.filter(value=level)["measured"].to_numpy()) for level in levels]
    mean = np.array([each.mean for each in found])
    reach = np.array([each.high - each.mean for each in found])
    axes.errorbar(levels, mean, reach, fmt="o-", color=LEARNED, capsize=3)
    axes.set_xlabel("level of the treatment")
    axes.set_ylabel(in_words(metric))
    axes.set_title(prediction, loc="left")
    return axes


def plot_curve(folder: str | Path, outcome: str, *, axes: Axes | None = None) -> Axes:
    """Plot a learned curve, every seed, with the solved one."""
    table = curve(folder).filter(outcome=outcome)
    if table.is_empty():
        raise unknown_name("outcome", outcome, set(curve(folder)["outcome"]))
    axes = _axes(axes)
    for (entry,), rows in table.group_by(["entry"], maintain_order=True):
        paint = colour(int(str(entry)))
        solved = rows.filter(seed=rows["seed"].min()).sort("value")
        axes.plot(solved["value"], solved["solved"], color=paint, ls="--", label=f"solved {entry}")
        for (_,), of_seed in rows.group_by(["seed"], maintain_order=True):
            of_seed = of_seed.sort("value")
            axes.plot(of_seed["value"], of_seed["learned"], "o", ms=3.5, color=paint, alpha=0.7)
    axes.set_xlabel(in_words(table["parameter"][0]))
    axes.set_ylabel(in_words(outcome))
    axes.legend()
    return axes


def plot_course(folder: str | Path, case: str, quantity: str, *, axes: Axes | None = None) -> Axes:
    """Plot one quantity of every power of a case over the years, the mean over seeds."""
    from counterpoise.envs.scenarios import scenario

    if quantity not in QUANTITIES:
        raise unknown_name("quantity", quantity, QUANTITIES)
    loaded = scenario(case)
    means = course(folder, case).group_by("year", "power").agg(polars.col(quantity).mean())
    axes = _axes(axes)
    for power, name in enumerate(loaded.names):
        rows = means.filter(power=power).sort("year")
        axes.plot(
            rows["year"], rows[quantity], color=colour(power), label=name,
            lw=2.6 if name == loaded.focus else 1.2,
        )  # fmt: skip
    title, unit = QUANTITIES[quantity]
    axes.set(title=title, ylabel=unit, xlabel="year")
    axes.legend(fontsize=7.5)
    return axes
