"""Figures of `shifting_power`: rates of secret investment, strikes and wars, and payoffs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import SubFigure

from counterpoise.display.appearance import Display
from counterpoise.display.figures import (
    Picture,
    legend_outside,
    new_figure,
    outcome_panel,
    paired_bars,
    style,
)
from counterpoise.evaluation.equilibrium.comparison import Group
from counterpoise.evaluation.equilibrium.statistics import interval_in_words

RATES = {
    "investment_rate": "secret\ninvestment",
    "strike_rate_unseen": "strike,\nnothing seen",
    "strike_rate_seen": "strike,\ninvestment seen",
    "war_rate": "war",
    "war_on_nothing_rate": "war against\nnothing",
}


def pictures(group: Group[Any]) -> list[Picture]:
    """Return the rates of each side's actions, and the payoffs."""
    return [rates(group)]


def panel(canvas: SubFigure, group: Group[Any]) -> None:
    """Draw the rates for the figure of all games."""
    axes = canvas.subplots()
    _draw_rates(axes, group)
    axes.set_title("Shifting power: secret arms and strikes")
    axes.legend(loc="upper left")


def _draw_rates(axes: Any, group: Group[Any]) -> None:
    learned = np.stack([group.outcome(name) for name in RATES], axis=1)
    theory = np.array([float(group.equilibrium.outcomes[name]) for name in RATES])
    paired_bars(axes, list(RATES.values()), learned, theory, "probability")
    axes.tick_params(axis="x", labelsize=8)
    axes.set_ylim(0.0, 1.05)


def rates(group: Group[Any]) -> Picture:
    """Return bars of the rates of each side's actions, and of the payoffs."""
    with style():
        figure = new_figure(9.4, 3.4)
        left, right = figure.subplots(1, 2, width_ratios=(2.4, 1))
        _draw_rates(left, group)
        left.set_title("Rates")
        outcome_panel(right, group, "value", "Discounted payoff")
        right.set_ylabel("payoff")
        legend_outside(figure, left)
    words = " ".join(claim.words for claim in group.claims)
    return Picture(
        "rates",
        "Secret investment, strikes and wars",
        f"{words} {interval_in_words(len(group.runs))}".strip(),
        figure,
    )


DISPLAY = Display(pictures=pictures, panel=panel)
