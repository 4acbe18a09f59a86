"""Figures of `chokepoint`: paths of resilience, learned, in equilibrium and of a planner."""

from __future__ import annotations

from collections.abc import Sequence
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
    outcome_panel,
    seed_line,
    style,
)
from counterpoise.display.numbers import decimal
from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.chokepoint import TARGETS as TARGET_COUNT
from counterpoise.envs.games.chokepoint import Parameters
from counterpoise.evaluation.equilibrium.comparison import Group
from counterpoise.evaluation.equilibrium.statistics import interval_in_words
from counterpoise.theory.chokepoint import planned_path

RESILIENCE_UNIT, INVESTMENT_UNIT = "share", "share/year"
MOST_YEARS_DRAWN = 30
POINTS = 61


def pictures(group: Group[Parameters]) -> list[Picture]:
    """Return outcomes, paths and reaction lines."""
    return [insulation(group), paths(group), reactions(group)]


def panel(canvas: SubFigure, group: Group[Parameters]) -> None:
    """Draw the paths of resilience for the figure of all games."""
    axes = canvas.subplots()
    _draw_paths(axes, group)
    axes.set_title("Chokepoint: resilience against coercion")
    axes.legend(loc="lower right")


def insulation(group: Group[Parameters]) -> Picture:
    """Return bars of each power's final resilience and of what the hub extracts from it."""
    with style():
        figure = new_figure(9.4, 2.9)
        left, right = figure.subplots(1, 2)
        in_the_end = "in the long run" if group.parameters.endless else "after the last year"
        outcome_panel(left, group, "final_resilience", f"Resilience {in_the_end}")
        outcome_panel(right, group, "extracted", "Extracted by the hub")
        left.set_ylabel(f"resilience ({RESILIENCE_UNIT})")
        right.set_ylabel("extracted (payoff/year)")
        legend_outside(figure, left)
    return Picture(
        "outcomes",
        "Resilience and extraction",
        "Learned (mean over seeds) and feedback equilibrium. " + interval_in_words(len(group.runs)),
        figure,
    )


def _draw_paths(axes: Any, group: Group[Parameters]) -> None:
    learned = group.outcome("resilience_path")
    theory = np.asarray(group.equilibrium.outcomes["resilience_path"])
    years = np.arange(min(len(theory), 1 + MOST_YEARS_DRAWN))
    for power in range(TARGET_COUNT):
        for k in range(len(group.runs)):
            axes.plot(
                years, learned[k, : len(years), power], color=colour(power),
                linestyle=seed_line(k), marker=marker(power), markevery=(2 * power + k, 6),
                label=group.power_names[power] if k == 0 else None, linewidth=1.2,
            )  # fmt: skip
        axes.plot(
            years, theory[: len(years), power], color=INK, linewidth=3.4, alpha=0.22, zorder=0,
            label="equilibrium" if power == 0 else None,
        )  # fmt: skip
    planned = planned_path(group.parameters)
    if planned is not None:
        axes.plot(
            years, planned[: len(years), 0], color=OBSERVED, linewidth=1.6, linestyle=(0, (6, 2)),
            label="coordinated planner",
        )  # fmt: skip
    axes.set_xlabel("year")
    axes.set_ylabel(f"resilience ({RESILIENCE_UNIT})")
    axes.set_ylim(0.0, 1.0)


def paths(group: Group[Parameters]) -> Picture:
    """Return both targets' resilience over the years, and a planner's choice."""
    with style():
        figure = new_figure(6.4, 3.4)
        axes = figure.subplots()
        _draw_paths(axes, group)
        axes.legend()
    learned = group.outcome("resilience_path")
    theory = np.asarray(group.equilibrium.outcomes["resilience_path"])
    furthest = float(np.abs(learned - theory)[:, :, :TARGET_COUNT].max())
    return Picture(
        "paths",
        "Resilience by year",
        "Resilience at the beginning of each year; grey bands are the equilibrium, the dashed line "
        "is the joint optimum of both targets. The largest distance from the equilibrium, over "
        f"targets, years and seeds, is {decimal(furthest, 3)}.",
        figure,
    )


# -- reaction lines --------------------------------------------------------------------------------


def investments_at(
    group: Group[Parameters],
    strategies: Sequence[Strategy],
    resilience: NDArray[np.float64],
    power: int,
) -> NDArray[np.float64]:
    """Return one target's investment in the first year at given resiliences [n, 2]."""
    worlds = Worlds(group.game, len(resilience), group.parameters, autoreset=False)
    worlds.reset(0)
    worlds.records["resilience"][:, :TARGET_COUNT] = resilience
    worlds.observe()
    return np.asarray(choose(worlds, strategies, np.random.default_rng(0))[:, power, 0])


def reactions(group: Group[Parameters]) -> Picture:
    """Return each target's investment as a function of its and of the other's resilience."""
    passed = group.outcome("resilience_path")[:, :, :TARGET_COUNT]
    usual = np.asarray(group.equilibrium.outcomes["resilience_path"])[:, :TARGET_COUNT].mean(axis=0)
    varying = np.linspace(0.0, 1.0, POINTS)
    with style():
        figure = new_figure(9.4, 3.6)
        pair = figure.subplots(1, 2, sharey=True)
        for axes, is_own in zip(pair, (True, False), strict=True):
            for power in range(TARGET_COUNT):
                varied = power if is_own else 1 - power
                resilience = np.tile(usual, (POINTS, 1))
                resilience[:, varied] = varying
                for k, run in enumerate(group.runs):
                    axes.plot(
                        varying, investments_at(group, run.profile(), resilience, power),
                        color=colour(power), linestyle=seed_line(k), marker=marker(power),
                        markevery=(4 * power + 2 * k, 12), linewidth=1.2,
                        label=group.power_names[power] if k == 0 else None,
                    )  # fmt: skip
                axes.plot(
                    varying,
                    investments_at(group, group.equilibrium.strategies, resilience, power),
                    color=INK, linewidth=3.4, alpha=0.25, zorder=0,
                )  # fmt: skip
                band = passed[:, :, varied]
                axes.axvspan(float(band.min()), float(band.max()), color=LEARNED, alpha=0.06)
            axes.axhline(0.0, color=INK, linewidth=0.8)
            axes.set_xlim(0.0, 1.0)
        pair[0].set_ylabel(f"investment ({INVESTMENT_UNIT})")
        pair[0].set_xlabel(f"the target's resilience ({RESILIENCE_UNIT})")
        pair[1].set_xlabel(f"the other's resilience ({RESILIENCE_UNIT})")
        pair[0].set_title("Response to the target's resilience")
        pair[1].set_title("Response to the other's resilience")
        pair[1].plot([], [], color=INK, linewidth=3.4, alpha=0.25, label="equilibrium")
        pair[1].legend(loc="lower right")
    return Picture(
        "reactions",
        "Reaction lines",
        "Investment in the first year, with the other resilience at its equilibrium mean. The "
        "shaded range is visited in learned play.",
        figure,
    )


DISPLAY = Display(pictures=pictures, panel=panel)
