"""A calibration as tables, figures and a page: the eligible set, and which parameter moves what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars
from matplotlib.figure import Figure

from counterpoise.display.figures import INK, LEARNED, OBSERVED, new_figure, style, write_png
from counterpoise.display.numbers import ABSENT, MINUS, counted, in_words, number, percent, plain
from counterpoise.display.tables import markdown_table, print_table
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.evaluation.populations.calibration import Calibration

if TYPE_CHECKING:
    from rich.console import Console

PAGE, DRAWS_TABLE, INDICES_TABLE, MOMENTS_TABLE = (
    "calibration.md", "draws.parquet", "indices.parquet", "moments.parquet",
)  # fmt: skip
EFFECTS_FIGURE, MOMENTS_FIGURE = "effects.png", "moments.png"
LEAST_SHOWN = 0.1
MOST_STRONGEST = 4


# -- rows ------------------------------------------------------------------------------------------


def moment_rows(found: Calibration) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the table of moments, in words."""
    head = ["moment", "accepted", "by", "over the draws", "draws accepted", "default", "chosen",
            "set: mean", "set: accepted", "between seeds", "R2"]  # fmt: skip
    rows = [
        [
            in_words(row["moment"]) + (" (held out)" if row["held_out"] else ""),
            _range(row["low"], row["high"]),
            row["source"],
            _range(row["lowest"], row["highest"]),
            percent(row["accepted"]),
            number(row["default"]),
            number(row["chosen"]),
            number(row["set_mean"]),
            ABSENT if row["in_set"] is None else percent(row["in_set"]),
            number(row["between"], digits=2),
            number(row["r2"], digits=2),
        ]
        for row in found.met().iter_rows(named=True)
    ]
    return head, rows


def parameter_rows(found: Calibration) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the table of parameters, in words."""
    head = ["parameter", "range", "default", "eligible: lowest", "median", "highest", "chosen"]
    rows = []
    for name, ends in found.plan.ranges.items():
        column = found.eligible[name]
        inside = [column.min(), column.median(), column.max()] if len(column) else [None] * 3
        rows.append(
            [
                f"`{name}`",
                _range(*ends),
                plain(found.default[name], 4),
                *(ABSENT if value is None else plain(float(str(value)), 3) for value in inside),
                plain(found.chosen[name], 4) if found.chosen else ABSENT,
            ]
        )
    return head, rows


def index_rows(sensitivity: polars.DataFrame, column: str) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the table of one kind of index, R2 in the first row."""
    moments = sensitivity["moment"].unique(maintain_order=True).to_list()
    r2 = {row["moment"]: row["r2"] for row in sensitivity.iter_rows(named=True)}
    rows = [["R2 of the surrogate", *(number(r2[moment], digits=2) for moment in moments)]]
    for (name,), part in sensitivity.group_by(["parameter"], maintain_order=True):
        own = {row["moment"]: row for row in part.iter_rows(named=True)}
        rows.append([f"`{name}`", *(f"{own[moment][column]:.2f}" for moment in moments)])
    return ["parameter", *map(in_words, moments)], rows


def strongest_rows(sensitivity: polars.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table of the parameters that move each moment most."""
    rows = []
    for (moment,), part in sensitivity.group_by(["moment"], maintain_order=True):
        strongest = part.sort("total", descending=True).head(MOST_STRONGEST)
        words = [
            f"{row['parameter']} {'+' if row['slope'] > 0 else MINUS} ({row['total']:.2f})"
            for row in strongest.iter_rows(named=True)
            if row["total"] >= LEAST_SHOWN
        ]
        r2 = number(float(part["r2"][0]), digits=2)
        rows.append([in_words(str(moment)), r2, ", ".join(words) or ABSENT])
    return ["moment", "R2", "parameters that move it most"], rows


def _range(low: float | None, high: float | None) -> str:
    return f"{number(low)} to {number(high)}"


def verdict(found: Calibration) -> list[str]:
    """Return sentences that say what was found."""
    plan = found.plan
    told = [
        f"{plan.draws} draws of {counted(len(plan.ranges), 'parameter')}, "
        f"{counted(len(plan.runs), 'training seed')}, {plan.worlds} worlds of at most "
        f"{plan.years} years per draw and seed.",
        f"**{len(found.eligible)} of {len(found.draws)} draws are eligible**: all of these moments "
        f"are accepted: {_listed(found.used)}.",
    ]
    if found.is_default_eligible:
        told.append(
            f"The default is eligible in {found.worlds_verified} worlds per seed and stays as it "
            "is."
        )
    elif found.chosen:
        told.append(
            "The default is not eligible. The chosen point is the nearest eligible one that was "
            f"found, verified in {found.worlds_verified} worlds per seed."
        )
    else:
        told.append("Neither the default nor any point that was tried is eligible.")
    if not len(found.eligible):
        for names in found.conflicts():
            told.append(
                f"No draw has an accepted {in_words(names[0])}."
                if len(names) == 1
                else f"No draw has these together: {_listed(names)}."
            )
    if plan.most_changed:
        told.append(
            f"In training at most {plan.most_changed} parameters differed from the default at "
            "once; draws change all of them."
        )
    return told


def _listed(names: Any) -> str:
    return ", ".join(map(in_words, names))


# -- terminal, page, files -------------------------------------------------------------------------


def print_calibration(console: Console, found: Calibration, sensitivity: polars.DataFrame) -> None:
    """Print what a calibration found."""
    for sentence in verdict(found):
        console.print(sentence.replace("**", ""), highlight=False)
    console.print()
    print_table(console, *moment_rows(found))
    console.print()
    print_table(console, *parameter_rows(found))
    console.print()
    print_table(console, *strongest_rows(sensitivity), words=3)
    console.print(
        "[dim]In brackets: total Sobol' index, the share of the moment's variance over the draws "
        "that involves the parameter; + raises the moment, − lowers it.[/dim]",
        highlight=False,
    )


def as_markdown(found: Calibration, sensitivity: polars.DataFrame, command: str) -> str:
    """Return the page of a calibration."""
    lines = ["# Calibration to the record", "", f"Made by `{command}`.", ""]
    lines += [line for sentence in verdict(found) for line in (sentence, "")]
    lines += [
        "A moment is accepted within the 95 % bootstrap interval of the record or the tolerance of "
        "its source (`record`), or within the range given in the command (`stated`). Moments held "
        "out do not choose the set. R2: share of a moment's variance over the draws that its "
        "surrogate predicts, by tenfold cross-validation.",
        "",
        f"![Moments over the draws]({MOMENTS_FIGURE})",
        "",
        "## Moments",
        "",
        *markdown_table(*moment_rows(found)),
        "## Parameters",
        "",
        *markdown_table(*parameter_rows(found)),
        "## Which parameter moves which moment",
        "",
        "Sobol' indices on the surrogates, over the ranges of the parameters: the first-order "
        "index is the share of a moment's variance that a parameter explains alone, the total "
        "index the share that involves it at all. An index says as much as the R2 above it.",
        "",
        f"![Which parameter moves which moment]({EFFECTS_FIGURE})",
        "",
        "### Total indices",
        "",
        *markdown_table(*index_rows(sensitivity, "total")),
        "### First-order indices",
        "",
        *markdown_table(*index_rows(sensitivity, "first")),
    ]
    return "\n".join(lines)


def write_calibration(
    found: Calibration, sensitivity: polars.DataFrame, folder: Path, command: str
) -> list[Path]:
    """Write the page, its tables as Parquet and its figures; return their paths."""
    tables = {
        DRAWS_TABLE: found.draws,
        INDICES_TABLE: sensitivity,
        MOMENTS_TABLE: found.met(),
    }
    for name, table in tables.items():
        write_atomically(folder / name, table.write_parquet)
    write_png(draw_effects(sensitivity), folder / EFFECTS_FIGURE)
    write_png(draw_moments(found), folder / MOMENTS_FIGURE)
    write_text_atomically(folder / PAGE, as_markdown(found, sensitivity, command))
    return [folder / name for name in (*tables, EFFECTS_FIGURE, MOMENTS_FIGURE, PAGE)]


def as_data(found: Calibration, sensitivity: polars.DataFrame) -> Mapping[str, Any]:
    """Return everything but the draws as plain values, for JSON."""
    return {
        "draws": len(found.draws),
        "eligible": found.eligible["draw"].to_list(),
        "is_default_eligible": found.is_default_eligible,
        "conflicts": [list(names) for names in found.conflicts()],
        "default": dict(found.default),
        "chosen": dict(found.chosen),
        "moments": found.met().to_dicts(),
        "sensitivity": sensitivity.to_dicts(),
    }


# -- figures ---------------------------------------------------------------------------------------


def draw_effects(sensitivity: polars.DataFrame) -> Figure:
    """Return a figure of total indices, with the sign of each parameter's mean effect."""
    moments = sensitivity["moment"].unique(maintain_order=True).to_list()
    names = sensitivity["parameter"].unique(maintain_order=True).to_list()
    total, slope = (
        sensitivity[column].to_numpy().reshape(len(moments), len(names))
        for column in ("total", "slope")
    )
    signed = np.clip(total, 0.0, 1.0) * np.sign(slope)
    with style():
        figure = new_figure(5.4 + 0.5 * len(names), max(4.6, 2.4 + 0.36 * len(moments)))
        axes = figure.subplots()
        shown = axes.imshow(signed, cmap="RdBu", vmin=-1.0, vmax=1.0, aspect="auto")
        for row, column in zip(*np.nonzero(total >= LEAST_SHOWN), strict=True):
            axes.text(
                column, row, f"{total[row, column]:.1f}".lstrip("0"), ha="center", va="center",
                fontsize=7.5, color=INK if total[row, column] < 0.6 else "white",
            )  # fmt: skip
        r2 = dict(sensitivity.select("moment", "r2").iter_rows())
        axes.set_xticks(range(len(names)), map(in_words, names), rotation=55, ha="right")
        axes.set_yticks(
            range(len(moments)),
            [f"{in_words(moment)} (R2 {number(r2[moment], digits=2)})" for moment in moments],
        )
        axes.grid(visible=False)
        axes.set_title("Which parameter moves which moment")
        figure.colorbar(shown, shrink=0.7, label="total index, below 0 if it lowers the moment")
    return figure


def draw_moments(found: Calibration) -> Figure:
    """Return a figure of each moment over the draws: what is accepted, the set, and the default."""
    columns = 3
    rows = -(-len(found.bands) // columns)
    with style():
        figure = new_figure(9.4, 1.7 * rows + 0.4)
        panels = np.atleast_2d(figure.subplots(rows, columns)).ravel()
        for axes, (name, band) in zip(panels, found.bands.items(), strict=False):
            values = found.draws[name].drop_nulls().to_numpy()
            axes.axvspan(band.low, band.high, color=OBSERVED, alpha=0.35, label="accepted")
            if len(values):
                axes.hist(values, 30, color=LEARNED, alpha=0.5, label="draws")
            inside = found.eligible[name].drop_nulls().to_numpy()
            axes.plot(
                inside, np.zeros(len(inside)), "|", color=INK, markersize=9, label="eligible set",
                # An empty line that is not clipped has no finite extent for the layout.
                clip_on=not len(inside),
            )  # fmt: skip
            _draw_line(axes, found.default[name], "--", "default")
            if found.chosen and not found.is_default_eligible:
                _draw_line(axes, found.chosen[name], "-", "chosen")
            held = " (held out)" if name in found.held_out else ""
            axes.set_title(in_words(name) + held, fontsize=9)
            axes.set_yticks([])
        for axes in panels[len(found.bands) :]:
            axes.set_axis_off()
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower right", ncols=5)
    return figure


def _draw_line(axes: Any, value: float, line: str, label: str) -> None:
    # Where nothing happened there is no value; the line is kept for the legend.
    places = [value, value] if np.isfinite(value) else []
    axes.plot(
        places, [0.0, 1.0][: len(places)], color=INK, linestyle=line, label=label,
        transform=axes.get_xaxis_transform(),
    )  # fmt: skip
