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
from counterpoise.evaluation.equilibrium.comparison import Claim, Group, interval_in_words
from counterpoise.theory.paradox_of_power import GRID, best_share
from counterpoise.theory.targets import Curve, Targets

AXES: dict[str, tuple[str, ...]] = {
    "fighting": ("power",),
    "fighting_share": ("power",),
    "income": ("power",),
    "value": ("power",),
}

TARGETS = Targets(regret=0.01, outcomes=("fighting", "income"))

CURVES = (
    Curve(
        name="inequality",
        title="However rich the rich, the poor keep up, until they fight with all they have",
        vary={"inequality": (0.5, 0.95)},
        points=10,
        outcomes=("income", "fighting"),
    ),
    Curve(
        name="decisiveness",
        title="Where conflict is decisive, the paradox breaks",
        vary={"decisiveness": (0.5, 4.0)},
        points=8,
        outcomes=("income", "fighting"),
    ),
)

POINTS = 121
HAPPENS = {
    "fighting_share": "Share fought with",
    "fighting": "Spent on fighting",
    "income": "Income",
}
# Less of a difference than this is none.
SAME = 1e-3


def _parameters(group: Group) -> Parameters:
    assert isinstance(group.parameters, Parameters)
    return group.parameters


def _resources(group: Group) -> NDArray[np.float64]:
    record = _parameters(group).to_record()
    return np.array([resources_of(record, power) for power in range(POWERS)])


def claims(group: Group) -> list[Claim]:
    """Return whether the poor fight harder, and whether incomes differ less than resources."""
    theory = group.equilibrium.outcomes
    resources = _resources(group)
    held = float(resources[RICH] / resources[POOR])
    found = []
    solved = np.asarray(theory["fighting_share"])
    if solved[POOR] - solved[RICH] > SAME:
        shares = group.outcome("fighting_share")
        apart = shares[:, POOR] - shares[:, RICH]
        found.append(
            Claim(
                "The poorer power fights with the larger share of its resources in every seed, by "
                f"{apart.min():.3f} at the least; in equilibrium by "
                f"{solved[POOR] - solved[RICH]:.3f}.",
                bool((apart > SAME).all()),
            )
        )
    if held - float(theory["income_ratio"]) > SAME:
        ratios = group.outcome("income_ratio")
        found.append(
            Claim(
                f"The richer power has {held:.2f} times the resources of the poorer but at most "
                f"{ratios.max():.2f} times its income, in every seed; in equilibrium "
                f"{float(theory['income_ratio']):.2f} times.",
                bool((held - ratios > SAME).all()),
            )
        )
    return found


def pictures(group: Group) -> list[Picture]:
    """Return the outcomes, and each power's best reply to the other's fighting."""
    return [what_happens(group), replies(group)]


def panel(canvas: SubFigure, group: Group) -> None:
    """Draw the best replies and their intersection for the figure of all games."""
    axes = canvas.subplots()
    _draw_replies(axes, group)
    axes.set_title("Paradox of power: best replies")
    axes.legend(loc="upper right")


def what_happens(group: Group) -> Picture:
    """Return bars of spending on fighting and of incomes."""
    with style():
        figure = new_figure(9.4, 2.9)
        three = figure.subplots(1, 3)
        for axes, (name, title) in zip(three, HAPPENS.items(), strict=True):
            outcome_panel(axes, group, name, title)
        legend_outside(figure, three[0])
    words = " ".join(claim.words for claim in claims(group))
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


def _draw_replies(axes: Any, group: Group) -> None:
    parameters = _parameters(group)
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


def replies(group: Group) -> Picture:
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
