"""Figures of `paradox_of_power`: spending on fighting, incomes, and best replies."""

from __future__ import annotations

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
    style,
)
from counterpoise.display.numbers import plain
from counterpoise.envs.games.paradox_of_power import POOR, POWERS, RICH, Parameters, resources_of
from counterpoise.evaluation.equilibrium.comparison import Group
from counterpoise.evaluation.equilibrium.statistics import interval_in_words
from counterpoise.theory.paradox_of_power import GRID, best_share

POINTS = 121
HAPPENS = {
    "fighting_share": "Share fought with",
    "fighting": "Spent on fighting",
    "income": "Income",
}


def _resources(group: Group[Parameters]) -> NDArray[np.float64]:
    record = group.parameters.to_record()
    return np.array([resources_of(record, power) for power in range(POWERS)])


def pictures(group: Group[Parameters]) -> list[Picture]:
    """Return the outcomes, and each power's best reply to the other's fighting."""
    return [what_happens(group), replies(group)]


def panel(canvas: SubFigure, group: Group[Parameters]) -> None:
    """Draw the best replies and their intersection for the figure of all games."""
    axes = canvas.subplots()
    _draw_replies(axes, group)
    axes.set_title("Paradox of power: best replies")
    axes.legend(loc="upper right")


def what_happens(group: Group[Parameters]) -> Picture:
    """Return bars of spending on fighting and of incomes."""
    with style():
        figure = new_figure(9.4, 2.9)
        three = figure.subplots(1, 3)
        for axes, (name, title) in zip(three, HAPPENS.items(), strict=True):
            outcome_panel(axes, group, name, title)
        legend_outside(figure, three[0])
    words = " ".join(claim.words for claim in group.claims)
    return Picture(
        "outcomes",
        "Fighting and income",
        f"{words} {interval_in_words(len(group.runs))}".strip(),
        figure,
    )


def best_replies(parameters: Parameters, power: int) -> tuple[NDArray[np.float64], ...]:
    """Return the other's spending on fighting, and a power's best reply to it, [n] each."""
    record = parameters.to_record()
    own, other = resources_of(record, power), resources_of(record, 1 - power)
    shares = np.linspace(0.0, 1.0, POINTS)[1:]
    certain = np.ones(1)
    best = [best_share(record, power, GRID, shares[k : k + 1], certain) for k in range(len(shares))]
    return other * shares, own * np.array(best)


def _draw_replies(axes: Any, group: Group[Parameters]) -> None:
    parameters = group.parameters
    for power, name in enumerate(group.power_names):
        other, own = best_replies(parameters, power)
        pair = (own, other) if power == RICH else (other, own)
        axes.plot(
            *pair, color=colour(1 + power), marker=marker(1 + power), markevery=(10 * power, 24),
            label=f"best reply of {name}",
        )  # fmt: skip
    solved = np.asarray(group.equilibrium.outcomes["fighting"])
    axes.plot(
        solved[RICH], solved[POOR], "s", color=INK, markersize=13, alpha=0.3, zorder=3,
        label="equilibrium",
    )  # fmt: skip
    learned = group.outcome("fighting")
    axes.plot(learned[:, RICH], learned[:, POOR], "o", color=LEARNED, zorder=4, label="learned")
    axes.set_xlabel(f"spent on fighting by {group.power_names[RICH]}")
    axes.set_ylabel(f"by {group.power_names[POOR]}")
    axes.set_xlim(0.0, 1.02 * float(_resources(group)[RICH]))
    axes.set_ylim(0.0, 1.08 * float(_resources(group)[POOR]))


def replies(group: Group[Parameters]) -> Picture:
    """Return each power's best reply to the other's spending, and learned play."""
    with style():
        figure = new_figure(7.0, 3.8)
        axes = figure.subplots()
        _draw_replies(axes, group)
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0))
    furthest = np.abs(group.outcome("fighting") - group.equilibrium.outcomes["fighting"]).max()
    return Picture(
        "replies",
        "Best replies",
        "Each power's best spending on fighting, by the other's spending. Each has one best reply, "
        "and the lines intersect once. Learned spending is at most "
        f"{plain(float(furthest), 3)} from the intersection, over seeds.",
        figure,
    )


DISPLAY = Display(pictures=pictures, panel=panel)
