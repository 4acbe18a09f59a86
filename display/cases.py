"""Figures of the courses of case studies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars
from matplotlib.figure import Figure

from counterpoise.display.figures import INK, LEARNED, colour, marker, new_figure, style, write_png
from counterpoise.display.numbers import counted, decimal
from counterpoise.envs.engine.files import write_atomically
from counterpoise.evaluation.predictions.cases import QUANTITIES, Course, courses
from counterpoise.evaluation.predictions.estimation import estimate
from counterpoise.evaluation.predictions.plan import Plan


def draw(found: Course) -> Figure:
    """Return the figure: a panel for each quantity, and one of the alliances."""
    names = found.scenario.names
    with style():
        figure = new_figure(11.0, 6.4)
        panels = figure.subplots(2, 3).ravel()
        for axes, (name, (title, unit)) in zip(panels, QUANTITIES.items(), strict=False):
            for power, who in enumerate(names):
                table = found.years.filter(power=power)
                by_year = table.group_by("year").agg(polars.col(name)).sort("year")
                seeds = [estimate(values) for values in by_year[name].to_list()]
                years = by_year["year"].to_numpy()
                mean = np.array([each.mean for each in seeds])
                paint = LEARNED if who == found.scenario.focus else colour(power + 1)
                is_focus = who == found.scenario.focus
                axes.plot(
                    years, mean, color=paint, linewidth=2.6 if is_focus else 1.2,
                    marker=marker(power), markevery=8, label=who,
                )  # fmt: skip
                if is_focus:
                    low = np.array([each.low for each in seeds])
                    high = np.array([each.high for each in seeds])
                    axes.fill_between(years, low, high, color=paint, alpha=0.2, linewidth=0)
            axes.set_title(title)
            axes.set_ylabel(unit)
            axes.set_xlabel("year")
        _draw_ties(panels[-1], found)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
        figure.suptitle(
            f"{found.scenario.title}: {counted(found.seeds, 'seed')}, {found.worlds} worlds each",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
    return figure


def _draw_ties(axes: Any, found: Course) -> None:
    names = found.scenario.names
    share = 100.0 * found.ties.mean(axis=0)
    axes.imshow(share, cmap="Blues", vmin=0.0, vmax=100.0)
    for one in range(len(names)):
        for other in range(len(names)):
            if one != other:
                dark = share[one, other] > 60.0
                axes.text(
                    other, one, decimal(share[one, other], 0), ha="center", va="center", fontsize=8,
                    color="#ffffff" if dark else INK,
                )  # fmt: skip
    short = ["".join(word[0] for word in who.split()) if " " in who else who for who in names]
    axes.set_xticks(range(len(names)), short, rotation=45, fontsize=8)
    axes.set_yticks(range(len(names)), short, fontsize=8)
    axes.grid(visible=False)
    axes.set_title("Allied, % of years")


def write_courses(plan: Plan, out: Path, folder: Path) -> list[Path]:
    """Write table and figure of the course of every prediction that has a scenario.

    Parameters
    ----------
    plan : Plan
        Of the amortised design, carried out.
    out : path
        The folder of results.
    folder : path
        Where tables and figures are written.
    """
    written = []
    for name, found in courses(plan, out).items():
        table, figure = (folder / f"{name}_course{kind}" for kind in (".parquet", ".png"))
        write_atomically(table, found.years.write_parquet)
        write_png(draw(found), figure)
        written += [table, figure]
    return written
