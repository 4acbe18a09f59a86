"""Figures of `arms_or_allies`: the response to a sudden threat, and the long run."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import SubFigure

from counterpoise.display.appearance import Display
from counterpoise.display.figures import (
    INK,
    LEARNED,
    LINES,
    Picture,
    legend_outside,
    new_figure,
    outcome_panel,
    style,
)
from counterpoise.evaluation.equilibrium.comparison import Group
from counterpoise.evaluation.equilibrium.statistics import interval_in_words

LONG_RUN = {
    "arms": "Own arms",
    "debt": "Debt",
    "allied": "Allied",
    "challenge_rate": "Challenged",
    "arms_threat": "Own arms under threat",
    "allied_threat": "Allied under threat",
}


def pictures(group: Group[Any]) -> list[Picture]:
    """Return the path after a sudden threat, and the long run."""
    return [sudden_threat(group), the_long_run(group)]


def panel(canvas: SubFigure, group: Group[Any]) -> None:
    """Draw the path after a sudden threat for the figure of all games."""
    top, bottom = canvas.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
    _draw_path(top, group, "arms", "the defender's arms (units)")
    _draw_path(bottom, group, "allied", "ally (probability)")
    bottom.set_ylim(-0.08, 1.08)
    bottom.set_xlabel("years after the threat")
    top.set_title("Arms or allies: response to a sudden threat")
    top.legend(loc="lower right")


def _draw_path(axes: Any, group: Group[Any], name: str, label: str) -> None:
    learned = group.outcome(f"sudden_threat_{name}")
    theory = np.asarray(group.equilibrium.outcomes[f"sudden_threat_{name}"])
    years = np.arange(len(theory))
    axes.plot(
        years, theory, drawstyle="steps-mid", color=INK, linewidth=4.5, alpha=0.25,
        label="equilibrium", zorder=0,
    )  # fmt: skip
    for k, seed in enumerate(group.seeds):
        axes.plot(
            years, learned[k], drawstyle="steps-mid", color=LEARNED,
            linestyle=LINES[k % len(LINES)], marker="osD^"[k % 4], markersize=4.0,
            label=f"learned, seed {seed}", linewidth=1.4,
        )  # fmt: skip
    axes.set_ylabel(label)
    axes.set_ylim(bottom=min(0.0, float(theory.min())) - 0.1)
    axes.set_xlim(-0.5, len(theory) - 0.5)


def sudden_threat(group: Group[Any]) -> Picture:
    """Return arms, debt and alliance in the years after a permanent threat begins."""
    with style():
        figure = new_figure(7.4, 5.6)
        three = figure.subplots(3, 1, sharex=True, height_ratios=(2, 1.4, 1))
        for axes, name, label in zip(
            three,
            ("arms", "debt", "allied"),
            ("the defender's arms (units)", "debt (units)", "ally\n(probability)"),
            strict=True,
        ):
            _draw_path(axes, group, name, label)
        three[2].set_ylim(-0.08, 1.08)
        three[2].set_xlabel("years after the threat")
        three[0].legend(loc="lower right")
    return Picture(
        "threat",
        "After a sudden threat",
        "The threat begins in the first year, from the game's initial state, and is permanent. "
        "Procurement never fails here, so that the path shows decisions only. "
        + group.claims[0].words,
        figure,
    )


def the_long_run(group: Group[Any]) -> Picture:
    """Return bars of the defender's stocks and of how often it is challenged."""
    with style():
        figure = new_figure(9.4, 4.6)
        for axes, (name, title) in zip(
            figure.subplots(2, 3).ravel(), LONG_RUN.items(), strict=True
        ):
            outcome_panel(axes, group, name, title)
            axes.tick_params(axis="x", length=0)
        legend_outside(figure, figure.axes[0])
    return Picture(
        "long-run",
        "The long run",
        "Averages of an endless world, from the exact stationary distribution over its 324 states. "
        + interval_in_words(len(group.runs)),
        figure,
    )


DISPLAY = Display(pictures=pictures, panel=panel)
