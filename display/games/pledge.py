"""Figures of `pledge`: firmness and the risk of war as functions of the pledge."""

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
    Picture,
    legend_outside,
    new_figure,
    outcome_panel,
    seed_line,
    style,
)
from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.pledge import FIRMNESS, PATRON, PROTEGE, Parameters, risk_of_war
from counterpoise.evaluation.equilibrium.comparison import Group
from counterpoise.evaluation.equilibrium.statistics import interval_in_words

POINTS = 101
HAPPENS = {"pledge": "Pledge", "firmness": "Firmness", "war_risk": "Risk of war"}


def pictures(group: Group[Parameters]) -> list[Picture]:
    """Return the outcomes, and the responses to every pledge."""
    return [what_happens(group), responses(group)]


def panel(canvas: SubFigure, group: Group[Parameters]) -> None:
    """Draw the responses to every pledge for the figure of all games."""
    left, right = canvas.subplots(1, 2)
    _draw_responses(left, right, group)
    left.set_title("Pledge: response to the pledge")
    left.legend()


def what_happens(group: Group[Parameters]) -> Picture:
    """Return bars of pledge, firmness and risk of war."""
    with style():
        figure = new_figure(9.4, 2.9)
        three = figure.subplots(1, 3)
        for axes, (name, title) in zip(three, HAPPENS.items(), strict=True):
            outcome_panel(axes, group, name, title)
            axes.tick_params(axis="x", length=0)
        legend_outside(figure, three[0])
    return Picture(
        "outcomes",
        "Pledge, firmness and risk of war",
        "Learned (mean over seeds) and equilibrium. " + interval_in_words(len(group.runs)),
        figure,
    )


def answers(
    group: Group[Parameters], strategies: Sequence[Strategy], pledges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the firmness of a profile's protege after each pledge, [n]."""
    worlds = Worlds(group.game, len(pledges), group.parameters, autoreset=False)
    worlds.reset(0)
    worlds.records["pledged"][:, PATRON] = pledges
    worlds.records["phase"] = FIRMNESS
    worlds.observe()
    return np.asarray(choose(worlds, strategies, np.random.default_rng(0))[:, PROTEGE, 0])


def _draw_responses(left: Any, right: Any, group: Group[Parameters]) -> None:
    pledges = np.linspace(0.0, 1.0, POINTS)
    record = group.parameters.to_record()
    shown: list[tuple[Sequence[Strategy], float, dict[str, Any]]] = [
        (
            group.equilibrium.strategies,
            float(group.equilibrium.outcomes["pledge"]),
            {"color": INK, "linewidth": 4.0, "alpha": 0.25, "zorder": 0, "label": "equilibrium"},
        )
    ]
    for k, run in enumerate(group.runs):
        words = {"color": LEARNED, "linestyle": seed_line(k), "linewidth": 1.3}
        words["label"] = f"learned, seed {run.seed}"
        shown.append((run.profile(), float(group.outcome("pledge")[k]), words))
    for strategies, given, look in shown:
        firmness = answers(group, strategies, pledges)
        risk = np.array(
            [risk_of_war(record, a, x) for a, x in zip(pledges, firmness, strict=True)]
        )  # fmt: skip
        for axes, drawn in ((left, firmness), (right, risk)):
            axes.plot(pledges, drawn, **look)
            at = float(np.interp(given, pledges, drawn))
            axes.plot(
                given, at, "o", color=look["color"], markersize=9 if look["color"] == INK else 5,
                alpha=look.get("alpha", 1.0),
            )  # fmt: skip
    for axes, label in ((left, "firmness"), (right, "risk of war (1/year)")):
        axes.set_xlabel("pledge")
        axes.set_ylabel(label)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(bottom=0.0)


def responses(group: Group[Parameters]) -> Picture:
    """Return firmness and risk of war after every pledge, on the path and off it."""
    with style():
        figure = new_figure(9.4, 3.6)
        left, right = figure.subplots(1, 2)
        _draw_responses(left, right, group)
        left.set_title("Moral hazard: firmness")
        right.set_title("Entrapment or deterrence: risk of war")
        left.legend()
    return Picture(
        "responses",
        "Responses to every pledge",
        "Dots mark the pledge that is made; the rest of each line is the response to other "
        "pledges. " + " ".join(claim.words for claim in group.claims),
        figure,
    )


DISPLAY = Display(pictures=pictures, panel=panel)
