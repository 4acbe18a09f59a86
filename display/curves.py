"""Curves of comparative statics: figure, table and page of a learned curve and the solved one."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import polars
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from counterpoise.display.figures import (
    INK,
    colour,
    marker,
    new_figure,
    seed_line,
    style,
    write_png,
)
from counterpoise.display.numbers import axis_label, counted, in_words, plain
from counterpoise.display.tables import markdown_table
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.evaluation.equilibrium.curves import (
    CurveTask,
    LearnedCurve,
    shipped_curves,
    solved_line,
    task_of,
)
from counterpoise.theory import regret

POINTS_FILE, TABLE_FILE, FIGURE_FILE = "curve.parquet", "curve.md", "curve.png"
MOST_LINES = 4


def write(learned: LearnedCurve, out: Path) -> Path:
    """Write data, table and figure of a learned curve into a folder; return the figure's path."""
    write_atomically(out / POINTS_FILE, learned.table.write_parquet)
    write_text_atomically(out / TABLE_FILE, markdown(learned))
    write_png(draw(learned), out / FIGURE_FILE)
    return out / FIGURE_FILE


def rows_in_words(learned: LearnedCurve) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the table: value, solved, learned, interval."""
    head = [learned.task.axis, "outcome", "solved", "learned", "interval"]
    several = {
        name: len(part["entry"].unique()) > 1
        for (name,), part in learned.table.group_by(["outcome"])
    }
    rows = []
    for row in learned.summary().iter_rows(named=True):
        name = in_words(row["outcome"])
        if several[row["outcome"]]:
            name += f" {row['entry']}"
        interval = ""
        if row["low"] is not None:
            interval = f"{plain(row['low'], 4)} to {plain(row['high'], 4)}"
        solved = "none" if row["solved"] is None else plain(row["solved"], 4)
        rows.append([plain(row["value"], 4), name, solved, plain(row["learned"], 4), interval])
    return head, rows


def markdown(learned: LearnedCurve) -> str:
    """Return the table as Markdown."""
    how = "a training for each value" if learned.task.is_separate else "one training for all values"
    seeds = learned.table["seed"].n_unique()
    lines = [
        f"# {learned.task.title}",
        "",
        f"`{learned.task.game.name}`, {how}, {counted(seeds, 'seed')}; the interval is the 95 % "
        "bootstrap interval over seeds.",
        "",
        *markdown_table(*rows_in_words(learned)),
    ]
    return "\n".join(lines)


def draw(learned: LearnedCurve) -> Figure:
    """Return the figure: learned points with their intervals, and the solved lines."""
    task, summary = learned.task, learned.summary()
    line_values, lines = solved_line(task)
    with style():
        figure = new_figure(3.9 * len(task.outcomes) + 0.8, 3.6)
        panels = np.atleast_1d(figure.subplots(1, len(task.outcomes)))
        for axes, outcome in zip(panels, task.outcomes, strict=True):
            part = summary.filter(polars.col("outcome") == outcome)
            entries = sorted(part["entry"].unique())[:MOST_LINES]
            for entry in entries:
                chosen = part.filter(polars.col("entry") == entry)
                paint = colour(entry)
                if len(line_values):
                    axes.plot(line_values, lines[outcome][:, entry], color=paint, linewidth=1.3)
                label = (
                    "learned" if len(entries) == 1 else f"{_entry_in_words(task, outcome, entry)}"
                )
                values, mean = chosen["value"].to_numpy(), chosen["learned"].to_numpy()
                if chosen["low"].null_count() == 0:
                    low, high = chosen["low"].to_numpy(), chosen["high"].to_numpy()
                    axes.errorbar(
                        values, mean, [np.maximum(mean - low, 0.0), np.maximum(high - mean, 0.0)],
                        fmt="none", ecolor=paint, elinewidth=1.2, capsize=2.5,
                    )  # fmt: skip
                axes.plot(
                    values, mean, marker(entry), color=paint, markeredgecolor=INK,
                    markeredgewidth=0.5, markersize=5.5, label=label,
                )  # fmt: skip
            axes.plot([], [], color=INK, linewidth=1.3, label="solved")
            _label(axes, task, outcome)
            axes.legend(fontsize=7.5)
        figure.suptitle(task.title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    return figure


def draw_solved(game: str) -> Figure:
    """Return one figure of a game's solved curves, without learned values."""
    tasks = [
        task_of(game, curve, is_separate=True, outcomes=curve.outcomes[:1])
        for curve in shipped_curves(game)
    ]
    if not tasks:
        raise CounterpoiseError(f"The theory of {game} declares no curves to draw.")
    with style():
        figure = new_figure(4.6 * len(tasks), 3.5)
        for axes, task in zip(np.atleast_1d(figure.subplots(1, len(tasks))), tasks, strict=True):
            (outcome,) = task.outcomes
            values, lines = solved_line(task)
            entries = range(min(lines[outcome].shape[1], MOST_LINES))
            for entry in entries:
                axes.plot(
                    values, lines[outcome][:, entry], color=colour(entry), linewidth=1.6,
                    linestyle=seed_line(entry),
                    marker=marker(entry), markevery=max(1, len(values) // 8), markersize=4.5,
                    label=_entry_in_words(task, outcome, entry),
                )  # fmt: skip
            axes.set_title("\n".join(textwrap.wrap(task.title, 44)), fontsize=9.5)
            _label(axes, task, outcome)
            if len(entries) > 1:
                axes.legend(fontsize=7.5)
    return figure


def _label(axes: Any, task: CurveTask, outcome: str) -> None:
    unit = regret.theory_of(task.game.name).declared[outcome].unit
    axes.set_xlabel(in_words(task.axis))
    axes.set_ylabel(axis_label(outcome, unit))
    axes.xaxis.set_major_locator(MaxNLocator(6))


def _entry_in_words(task: CurveTask, outcome: str, entry: int) -> str:
    axes = regret.theory_of(task.game.name).declared[outcome].axes
    return f"{axes[0]} {entry}" if len(axes) == 1 else f"entry {entry}"
