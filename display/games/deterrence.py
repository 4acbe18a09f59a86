"""Figures of `deterrence`: the shares of the three kinds of play, and their payoffs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import SubFigure
from numpy.typing import NDArray

from counterpoise.display.appearance import Display
from counterpoise.display.figures import (
    Picture,
    legend_outside,
    new_figure,
    outcome_panel,
    paired_bars,
    style,
)
from counterpoise.display.numbers import decimal
from counterpoise.envs.games.deterrence import Parameters
from counterpoise.evaluation.equilibrium.comparison import Group
from counterpoise.evaluation.equilibrium.statistics import interval_in_words
from counterpoise.theory.deterrence import NAMES, payoff_table


def _solved(group: Group[Parameters]) -> NDArray[np.float64]:
    """Return the equilibrium's shares of the three kinds of play, [kinds, powers]."""
    return np.array([group.equilibrium.outcomes[name] for name in NAMES])


def _learned(group: Group[Parameters]) -> NDArray[np.float64]:
    """Return the learned shares of the three kinds of play, [seeds, kinds, powers]."""
    return np.stack([group.outcome(name) for name in NAMES], axis=1)


def pictures(group: Group[Parameters]) -> list[Picture]:
    """Return the shares of the three kinds of play, and their payoffs."""
    return [who_arms(group), temptations(group)]


def panel(canvas: SubFigure, group: Group[Parameters]) -> None:
    """Draw the shares of the kinds of play for the figure of all games."""
    axes = canvas.subplots()
    _draw_shares(axes, group)
    axes.set_title("Deterrence: doves, deterrents and hawks")
    axes.legend(loc="upper right")


def _by_kind_and_power(group: Group[Parameters]) -> list[str]:
    """Return the labels of six bars, of each kind of play by both powers."""
    return [f"{kind}\n{name}" for kind in NAMES for name in group.power_names]


def _draw_shares(axes: Any, group: Group[Parameters]) -> None:
    learned = _learned(group).reshape(len(group.runs), -1)
    paired_bars(axes, _by_kind_and_power(group), learned, _solved(group).ravel(), "share of years")
    axes.tick_params(axis="x", labelsize=8)
    axes.set_ylim(bottom=0.0)


def who_arms(group: Group[Parameters]) -> Picture:
    """Return bars of the shares of doves, deterrents and hawks, and of the rate of war."""
    with style():
        figure = new_figure(9.4, 3.4)
        left, right = figure.subplots(1, 2, width_ratios=(3.2, 1))
        _draw_shares(left, group)
        left.set_title("Kinds of play")
        outcome_panel(right, group, "war_rate", "War")
        right.set_ylabel("wars per year")
        right.tick_params(axis="x", length=0)
        legend_outside(figure, left)
    words = " ".join(claim.words for claim in group.claims)
    return Picture(
        "shares",
        "Doves, deterrents and hawks",
        f"{words} {interval_in_words(len(group.runs))}".strip(),
        figure,
    )


def payoffs_against(table: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the payoff of each kind of play against the other's mixture of them.

    Parameters
    ----------
    table : ndarray, [3, 3]
        A power's payoff per year, by its play and the other's.
    shares : ndarray, [..., kinds, powers]

    Returns
    -------
    ndarray, [..., kinds, powers]
    """
    return np.asarray(np.einsum("ij,...jp->...ip", table, shares[..., ::-1]))


def temptations(group: Group[Parameters]) -> Picture:
    """Return bars of the payoff of each kind of play against the other's learned play."""
    table = payoff_table(group.parameters)
    learned = payoffs_against(table, _learned(group))
    solved = payoffs_against(table, _solved(group))
    with style():
        figure = new_figure(9.4, 3.2)
        axes = figure.subplots()
        flat = learned.reshape(len(group.runs), -1)
        paired_bars(axes, _by_kind_and_power(group), flat, solved.ravel(), "payoff per year")
        legend_outside(figure, axes)
    spread = float((learned.max(axis=1) - learned.min(axis=1)).max())
    return Picture(
        "temptations",
        "Payoff of each kind of play",
        "Against the other side's play, mean over the years. In a mixed equilibrium all kinds that "
        "are played have the same payoff; in learned play the three differ by at most "
        f"{decimal(spread, 4)}, over seeds and powers.",
        figure,
    )


DISPLAY = Display(pictures=pictures, panel=panel)
