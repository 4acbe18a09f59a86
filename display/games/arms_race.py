"""Figures of `arms_race`: paths of arms, reaction lines, and the phase diagram."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import SubFigure
from numpy.typing import NDArray

from counterpoise.display.appearance import Display
from counterpoise.display.figures import (
    INK,
    LEARNED,
    Picture,
    colour,
    legend_outside,
    marker,
    new_figure,
    outcome_panel,
    seed_line,
    style,
)
from counterpoise.display.numbers import decimal, plain
from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.arms_race import MOST_ARMS_AT_START, Parameters
from counterpoise.evaluation.equilibrium.comparison import Group
from counterpoise.evaluation.equilibrium.statistics import interval_in_words

ARMS_UNIT, BUILD_UNIT = "% of GDP", "% of GDP/year"
POINTS = 61
MOST_YEARS_DRAWN = 30


def pictures(group: Group[Parameters]) -> list[Picture]:
    """Return outcomes, paths, reaction lines and the phase diagram."""
    return [burdens(group), paths(group), reactions(group), phases(group)]


def panel(canvas: SubFigure, group: Group[Parameters]) -> None:
    """Draw the phase diagram for the figure of all games."""
    axes = canvas.subplots()
    _draw_phases(axes, group)
    axes.set_title("Arms race: two stocks from five starts")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def burdens(group: Group[Parameters]) -> Picture:
    """Return bars of each power's mean stock and of its cost."""
    with style():
        figure = new_figure(9.4, 2.9)
        left, right = figure.subplots(1, 2)
        outcome_panel(left, group, "arms", "Mean stock of arms over the years")
        outcome_panel(right, group, "cost", "Discounted cost")
        right.set_ylabel("cost (payoff, discounted)")
        left.set_ylabel(f"arms ({ARMS_UNIT})")
        legend_outside(figure, left)
    return Picture(
        "outcomes",
        "Arms and their cost",
        "Learned (mean over seeds) and feedback equilibrium. " + interval_in_words(len(group.runs)),
        figure,
    )


def paths(group: Group[Parameters]) -> Picture:
    """Return every power's stock over the years."""
    learned = group.outcome("arms_path")
    theory = np.asarray(group.equilibrium.outcomes["arms_path"])
    years = np.arange(min(len(theory), 1 + 4 * MOST_YEARS_DRAWN))
    with style():
        figure = new_figure(6.4, 3.2)
        axes = figure.subplots()
        for power, name in enumerate(group.power_names):
            for k in range(len(group.runs)):
                axes.plot(
                    years, learned[k, : len(years), power], color=colour(power),
                    linestyle=seed_line(k), marker=marker(power),
                    markevery=(2 * power + k, 6), label=name if k == 0 else None, linewidth=1.2,
                )  # fmt: skip
            axes.plot(
                years, theory[: len(years), power], color=INK, linewidth=3.4, alpha=0.22, zorder=0
            )
        axes.plot([], [], color=INK, linewidth=3.4, alpha=0.22, label="equilibrium")
        axes.set_xlabel("year")
        axes.set_ylabel(f"arms ({ARMS_UNIT})")
        axes.set_ylim(bottom=0)
        axes.legend()
    furthest = float(np.abs(learned - theory).max())
    return Picture(
        "paths",
        "Stocks by year",
        "Stocks at the beginning of each year; grey bands are the equilibrium. The largest "
        "distance from it, over powers, years and seeds, is "
        f"{decimal(furthest, 3)} {ARMS_UNIT}.",
        figure,
    )


# -- reaction lines --------------------------------------------------------------------------------


def middle_year(group: Group[Parameters]) -> int:
    """Return the year for which reactions are drawn: a third of the way."""
    parameters = group.parameters
    return 0 if parameters.endless else parameters.horizon // 3


def builds_at(
    group: Group[Parameters], strategies: Sequence[Strategy], arms: NDArray[np.float64], power: int
) -> NDArray[np.float64]:
    """Return one power's build in the middle year at given stocks [n, powers]."""
    worlds = Worlds(group.game, len(arms), group.parameters, autoreset=False)
    worlds.reset(0)
    worlds.records["arms"][:, : group.powers] = arms
    worlds.records["year"] = middle_year(group)
    worlds.observe()
    return np.asarray(choose(worlds, strategies, np.random.default_rng(0))[:, power, 0])


def reactions(group: Group[Parameters]) -> Picture:
    """Return each power's build as a function of its stock and of its rival's."""
    year = middle_year(group)
    passed = group.outcome("arms_path")
    usual = np.asarray(group.equilibrium.outcomes["arms_path"])[year]
    top = min(MOST_ARMS_AT_START, 1.6 * float(passed.max()))
    stocks = np.linspace(0.0, top, POINTS)
    with style():
        figure = new_figure(9.4, 3.6)
        pair = figure.subplots(1, 2, sharey=True)
        for axes, is_own in zip(pair, (True, False), strict=True):
            for power, name in enumerate(group.power_names):
                varied = power if is_own else rival_of(group.powers, power)
                arms = np.tile(usual, (POINTS, 1))
                arms[:, varied] = stocks
                for k, run in enumerate(group.runs):
                    axes.plot(
                        stocks, builds_at(group, run.profile(), arms, power), color=colour(power),
                        linestyle=seed_line(k), marker=marker(power),
                        markevery=(4 * power + 2 * k, 12), linewidth=1.2,
                        label=name if k == 0 else None,
                    )  # fmt: skip
                axes.plot(
                    stocks, builds_at(group, group.equilibrium.strategies, arms, power), color=INK,
                    linewidth=3.4, alpha=0.25, zorder=0,
                )  # fmt: skip
                band = passed[:, :, varied]
                axes.axvspan(float(band.min()), float(band.max()), color=LEARNED, alpha=0.06)
            axes.axhline(0.0, color=INK, linewidth=0.8)
            axes.set_xlim(0.0, top)
        pair[0].set_ylabel(f"build ({BUILD_UNIT})")
        pair[0].set_xlabel(f"the power's arms ({ARMS_UNIT})")
        pair[1].set_xlabel(f"rival's arms ({ARMS_UNIT})")
        pair[0].set_title("Fatigue: response to the power's stock")
        pair[1].set_title("Fear: response to the rival's stock")
        pair[1].plot([], [], color=INK, linewidth=3.4, alpha=0.25, label="equilibrium")
        pair[1].legend(loc="lower right")
    return Picture(
        "reactions",
        "Reaction lines",
        f"Build in year {year}, with the other stocks at their equilibrium values in that year. "
        "The shaded range is visited in learned play; outside it a policy is hardly trained.",
        figure,
    )


def rival_of(powers: int, power: int) -> int:
    """Return a rival of a power: the last for all but the last, whose first rival is power 0."""
    return 0 if power == powers - 1 else powers - 1


# -- phase diagram ---------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Trajectories:
    """Stocks over the years from several starts, [years + 1, starts, powers]."""

    arms: NDArray[np.float64]


def trajectories(
    group: Group[Parameters], strategies: Sequence[Strategy], starts: list[tuple[float, ...]]
) -> Trajectories:
    """Play a profile from several starting stocks, without shocks."""
    parameters = group.parameters.replace(noise=0.0)
    years = MOST_YEARS_DRAWN if parameters.endless else parameters.horizon
    each = [parameters.replace(arms=start) for start in starts]
    worlds = Worlds(group.game, len(each), each, autoreset=False, max_cycles=years)
    worlds.reset(0)
    rng = np.random.default_rng(0)
    arms = [worlds.records["arms"][:, : group.powers].copy()]
    for _ in range(years):
        worlds.step(choose(worlds, strategies, rng))
        arms.append(worlds.records["arms"][:, : group.powers].copy())
    return Trajectories(np.array(arms))


def starts_drawn(group: Group[Parameters]) -> list[tuple[float, ...]]:
    """Return the game's initial stocks, and four starts around the equilibrium's path."""
    parameters = group.parameters
    peak = float(np.asarray(group.equilibrium.outcomes["arms_path"]).max())
    low, high = 0.15 * peak, min(MOST_ARMS_AT_START, 1.6 * peak)
    between = (0.6 * peak,) * (parameters.powers - 2)
    corners = [(low, low), (low, high), (high, low), (high, high)]
    return [tuple(parameters.arms), *((one, *between, two) for one, two in corners)]


def _draw_phases(axes: Any, group: Group[Parameters]) -> None:
    starts = starts_drawn(group)
    last = group.powers - 1
    theory = trajectories(group, group.equilibrium.strategies, starts).arms
    for k, run in enumerate(group.runs):
        learned = trajectories(group, run.profile(), starts).arms
        for start in range(len(starts)):
            x, y = learned[:, start, 0], learned[:, start, last]
            axes.plot(
                x, y, color=LEARNED, linestyle=seed_line(k), linewidth=1.2,
                marker="o" if k == 0 else None, markersize=2.6,
                label=f"learned, seed {run.seed}" if start == 0 else None,
            )  # fmt: skip
    for start in range(len(starts)):
        x, y = theory[:, start, 0], theory[:, start, last]
        axes.plot(
            x, y, color=INK, linewidth=4.0, alpha=0.25, zorder=0,
            label="equilibrium" if start == 0 else None,
        )  # fmt: skip
        axes.plot(
            x[0], y[0], "s", color=INK, markersize=6, zorder=4,
            label="start" if start == 0 else None,
        )  # fmt: skip
    highest = 1.08 * float(theory.max())
    axes.set_xlim(0.0, highest)
    axes.set_ylim(0.0, highest)
    axes.set_aspect("equal")
    axes.set_xlabel(f"arms of {group.power_names[0]} ({ARMS_UNIT})")
    axes.set_ylabel(f"arms of {group.power_names[last]} ({ARMS_UNIT})")


def phases(group: Group[Parameters]) -> Picture:
    """Return the phase diagram: trajectories in the plane of two rivals' stocks."""
    with style():
        figure = new_figure(7.0, 4.6)
        axes = figure.subplots()
        _draw_phases(axes, group)
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0))
    usual = " and ".join(plain(stock) for stock in group.parameters.arms)
    words = "Each dot is one year."
    if "arms" not in group.configuration.varied:
        words += (
            f" Training always started from {usual}; the other starts show how the learned "
            "policies generalise to states that training did not visit."
        )
    return Picture("phases", "Phase diagram", words, figure)


DISPLAY = Display(pictures=pictures, panel=panel)
