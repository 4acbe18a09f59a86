"""Figures of `guns_and_butter`: the shares of income by use, and by year."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import SubFigure
from numpy.typing import NDArray

from counterpoise.display.appearance import Display
from counterpoise.display.figures import (
    INK,
    LEARNED,
    OBSERVED,
    Picture,
    colour,
    legend_outside,
    marker,
    new_figure,
    paired_bars,
    seed_line,
    style,
)
from counterpoise.display.numbers import decimal
from counterpoise.envs.games.guns_and_butter import (
    CONSUMPTION,
    GAME,
    INDUSTRY,
    MILITARY,
    TECHNOLOGY,
    Parameters,
)
from counterpoise.evaluation.equilibrium.comparison import Group
from counterpoise.evaluation.equilibrium.statistics import interval_in_words
from counterpoise.theory.guns_and_butter import SHARES, cooperation

USE_NAMES = tuple(part.name for part in GAME.roles[0].actions)
PER_CENT = 100.0
LABEL = "share of income (%)"


def pictures(group: Group[Parameters]) -> list[Picture]:
    """Return the shares of income by use, over all years and by year."""
    return [spending(group), years(group)]


def panel(canvas: SubFigure, group: Group[Parameters]) -> None:
    """Draw the shares by year for the figure of all games."""
    axes = canvas.subplots()
    _draw_years(axes, group)
    axes.set_title("Guns and butter: shares of income by use")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _mean_over_powers(group: Group[Parameters]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the learned shares, [seeds, 4], and those of the equilibrium, [4], in percent."""
    learned = np.stack([group.outcome(name).mean(axis=1) for name in SHARES], axis=1)
    theory = [np.mean(group.equilibrium.outcomes[name]) for name in SHARES]
    return PER_CENT * learned, PER_CENT * np.array(theory)


def spending(group: Group[Parameters]) -> Picture:
    """Return bars of the mean share of each use; consumption has a scale of its own."""
    learned, theory = _mean_over_powers(group)
    invested = [INDUSTRY, TECHNOLOGY, MILITARY]
    with style():
        figure = new_figure(9.4, 3.0)
        left, right = figure.subplots(1, 2, width_ratios=(3, 1))
        names = [USE_NAMES[use] for use in invested]
        paired_bars(left, names, learned[:, invested], theory[invested], LABEL)
        left.set_title("Industry, technology, military")
        paired_bars(right, ["consumption"], learned[:, [CONSUMPTION]], theory[[CONSUMPTION]], LABEL)
        right.set_title("Consumption")
        right.set_xlim(-1.0, 1.0)
        legend_outside(figure, left)
    return Picture(
        "spending",
        "Shares of income by use",
        "Mean over years and powers. " + interval_in_words(len(group.runs)),
        figure,
    )


def _draw_years(axes: Any, group: Group[Parameters]) -> None:
    learned = PER_CENT * group.outcome("shares_path")
    theory = PER_CENT * np.asarray(group.equilibrium.outcomes["shares_path"])
    at = np.arange(len(theory))
    for use, name in enumerate(USE_NAMES):
        for k in range(len(group.runs)):
            axes.plot(
                at, learned[k, :, use], color=colour(use), linestyle=seed_line(k),
                marker=marker(use), markevery=(2 * use + k, 8), linewidth=1.2,
                label=name if k == 0 else None,
            )  # fmt: skip
        axes.plot(
            at, theory[:, use], color=INK, linewidth=3.4, alpha=0.22, zorder=0,
            label="equilibrium" if use == 0 else None,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xlabel("year")
    axes.set_ylabel(LABEL)


def years(group: Group[Parameters]) -> Picture:
    """Return the shares by year, and the military share beside the joint optimum."""
    theory = np.asarray(group.equilibrium.outcomes["shares_path"])
    together = cooperation(group.parameters).outcomes["shares_path"]
    with style():
        figure = new_figure(9.4, 3.8)
        left, right = figure.subplots(1, 2)
        _draw_years(left, group)
        left.set_title("All uses, on a logarithmic scale")
        at = np.arange(len(theory))
        for k in range(len(group.runs)):
            right.plot(
                at, PER_CENT * group.outcome("shares_path")[k, :, MILITARY], color=LEARNED,
                linestyle=seed_line(k), linewidth=1.2, label="learned" if k == 0 else None,
            )  # fmt: skip
        right.plot(
            at, PER_CENT * theory[:, MILITARY], color=INK, linewidth=3.4, alpha=0.22, zorder=0
        )
        right.plot(
            at, PER_CENT * np.asarray(together)[:, MILITARY], color=OBSERVED, linewidth=1.6,
            linestyle=(0, (6, 2)), label="joint optimum",
        )  # fmt: skip
        right.set_ylim(bottom=0.0)
        right.set_title("Military")
        right.set_xlabel("year")
        right.set_ylabel(LABEL)
        right.legend()
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    apart = PER_CENT * np.abs(group.outcome("shares_path") - theory).max()
    return Picture(
        "years",
        "Shares of income by year",
        "Mean of all powers; grey bands are the equilibrium. The largest distance from it, over "
        f"uses, years and seeds, is {decimal(apart)} percentage points. Investment stops when its "
        "return would come after the last year: towards the end all income is consumed.",
        figure,
    )


DISPLAY = Display(pictures=pictures, panel=panel)
