"""Figures of `burden_sharing`: burdens learned, in equilibrium and, where known, observed."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import scipy.stats
from matplotlib.figure import SubFigure
from matplotlib.ticker import LogLocator, ScalarFormatter
from numpy.typing import NDArray

from counterpoise.display.appearance import Display
from counterpoise.display.figures import (
    INK,
    LEARNED,
    OBSERVED,
    Picture,
    colour,
    errors,
    legend_outside,
    marker,
    new_figure,
    paired_bars,
    seed_line,
    style,
)
from counterpoise.display.numbers import decimal, plain
from counterpoise.evaluation.equilibrium.comparison import Group
from counterpoise.evaluation.equilibrium.statistics import interval_in_words

PER_CENT = 100.0
GREAT_POWERS = 6
MOST_BARS = 12
NAMED = 5
LEAST_SHARE = 0.005
CROWDED = 0.16

# Members with a land border with Russia or Belarus, which is not part of the theory.
FRONTLINE = ("Norway", "Finland", "Estonia", "Latvia", "Lithuania", "Poland")


def pictures(group: Group[Any]) -> list[Picture]:
    """Return the members' burdens and, for a real alliance, how well size predicts them."""
    if group.observed("share") is None:
        return [burdens(group), years(group)]
    return [members(group), sizes_and_burdens(group)]


def panel(canvas: SubFigure, group: Group[Any]) -> None:
    """Draw the burdens for the figure of all games."""
    axes = canvas.subplots()
    if group.observed("share") is None:
        _draw_burdens(axes, group)
        axes.set_title("Burden sharing: who pays for the alliance")
    else:
        _draw_members(axes, group, name_size=6.5)
        axes.set_title(f"{group.title}: learned, predicted, observed")
    axes.legend(loc="upper right")


def _draw_burdens(axes: Any, group: Group[Any]) -> None:
    sizes = np.array(group.parameters.gdp)
    names = [
        f"{name}\nGDP {plain(size)}" for name, size in zip(group.power_names, sizes, strict=True)
    ][:MOST_BARS]
    learned = PER_CENT * group.outcome("share")[:, :MOST_BARS]
    theory = PER_CENT * np.asarray(group.equilibrium.outcomes["share"])[:MOST_BARS]
    paired_bars(axes, names, learned, theory, "defence (% of GDP)")


def burdens(group: Group[Any]) -> Picture:
    """Return bars of every member's mean share, learned and in equilibrium."""
    with style():
        figure = new_figure(6.4, 3.4)
        axes = figure.subplots()
        _draw_burdens(axes, group)
        axes.legend()
    learned = PER_CENT * group.outcome("share").mean(axis=0)
    sizes = np.array(group.parameters.gdp)
    big, small = int(sizes.argmax()), int(sizes.argmin())
    which = "bears the larger" if learned[big] > learned[small] else "does not bear the larger"
    return Picture(
        "burdens",
        "Who pays",
        f"Mean share of income over the years. The largest member {which} share: "
        f"{decimal(learned[big])} % compared with the smallest member's "
        f"{decimal(learned[small])} %. " + interval_in_words(len(group.runs)),
        figure,
    )


def years(group: Group[Any]) -> Picture:
    """Return every member's share year by year."""
    learned = PER_CENT * group.outcome("share_by_year")
    theory = PER_CENT * np.asarray(group.equilibrium.outcomes["share_by_year"])
    with style():
        figure = new_figure(6.4, 3.4)
        axes = figure.subplots()
        at = np.arange(1, len(theory) + 1)
        for power, name in enumerate(group.power_names[:MOST_BARS]):
            for k in range(len(group.runs)):
                axes.plot(
                    at, learned[k, :, power], color=colour(power), linestyle=seed_line(k),
                    marker=marker(power), markevery=(k % 3, 3), label=name if k == 0 else None,
                    linewidth=1.2,
                )  # fmt: skip
            axes.plot(at, theory[:, power], color=INK, linewidth=3.2, alpha=0.22, zorder=0)
        axes.plot([], [], color=INK, linewidth=3.2, alpha=0.22, label="equilibrium")
        axes.set_xlabel("year")
        axes.set_ylabel("defence (% of GDP)")
        axes.set_ylim(bottom=0)
        axes.legend(ncols=2)
    furthest = float(np.abs(learned - theory).max())
    return Picture(
        "years",
        "Year by year",
        "Incomes grow at different rates, and shares change with them. Grey bands are the "
        "equilibrium. The largest distance from it, over members, years and seeds, is "
        f"{decimal(furthest, 3)} percentage points.",
        figure,
    )


# -- a real alliance -------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Alliance:
    """Shares of a real alliance's members, in order of income, in % of GDP."""

    names: list[str]
    sizes: NDArray[np.float64]
    learned: NDArray[np.float64]
    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]

    @classmethod
    def of(cls, group: Group[Any]) -> Alliance:
        """Return the members of a group whose spending is known; `learned` is [seeds, members]."""
        observed = group.observed("share")
        assert observed is not None
        sizes = np.array(group.parameters.gdp)
        order = [k for k in np.argsort(-sizes) if np.isfinite(observed[k])]
        return cls(
            names=[group.power_names[k] for k in order],
            sizes=sizes[order],
            learned=PER_CENT * group.outcome("share")[:, order],
            predicted=PER_CENT * np.asarray(group.equilibrium.outcomes["share"])[order],
            observed=PER_CENT * observed[order],
        )


def _draw_members(axes: Any, group: Group[Any], name_size: float = 8.5) -> None:
    alliance = Alliance.of(group)
    at = np.arange(len(alliance.names))
    mean = alliance.learned.mean(axis=0)
    axes.vlines(at, alliance.predicted, alliance.observed, color=INK, linewidth=0.5, alpha=0.5)
    axes.plot(
        at, alliance.observed, "s", color=OBSERVED, markeredgecolor=INK, markeredgewidth=0.5,
        markersize=5.5, label="observed",
    )  # fmt: skip
    axes.plot(
        at, alliance.predicted, "D", markerfacecolor="none", markeredgecolor=INK, markersize=7,
        label="predicted (equilibrium)",
    )  # fmt: skip
    reach = errors(alliance.learned)
    if reach is not None:
        axes.errorbar(at, mean, reach, fmt="none", ecolor=LEARNED, elinewidth=1.2, capsize=2)
    axes.plot(at, mean, "o", color=LEARNED, markersize=3.8, label="learned")
    axes.set_xticks(at, alliance.names, rotation=60, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", labelsize=name_size)
    axes.set_ylabel("defence (% of GDP)")
    axes.set_ylim(bottom=-0.12)
    axes.set_xlim(-0.8, len(at) - 0.2)
    axes.grid(axis="x", visible=False)


def members(group: Group[Any]) -> Picture:
    """Return every member's learned, predicted and observed burden."""
    with style():
        figure = new_figure(9.6, 4.2)
        axes = figure.subplots()
        _draw_members(axes, group)
        axes.legend(ncols=3)
    return Picture(
        "members",
        "Learned, predicted and observed burdens",
        "Members in descending order of income. The game's parameters are its defaults; none was "
        "fitted to the members' spending. " + interval_in_words(len(group.runs)),
        figure,
    )


def sizes_and_burdens(group: Group[Any]) -> Picture:
    """Return observed against predicted burdens and against income, with rank correlations."""
    alliance = Alliance.of(group)
    at_front = np.array([name in FRONTLINE for name in alliance.names])
    great = np.arange(len(alliance.names)) < GREAT_POWERS
    with style():
        figure = new_figure(9.4, 4.0)
        left, right = figure.subplots(1, 2, sharey=True)
        shown = [("six largest", great, "o", LEARNED), ("the others", ~great, "s", OBSERVED)]
        if at_front.any():
            shown[1] = ("the others", ~great & ~at_front, "s", OBSERVED)
            shown.append(("bordering Russia or Belarus", ~great & at_front, "^", "#D55E00"))
        for axes, x in ((left, alliance.predicted), (right, alliance.sizes)):
            for words, chosen, sign, paint in shown:
                axes.plot(
                    x[chosen], alliance.observed[chosen], sign, color=paint,
                    markeredgecolor=INK, markeredgewidth=0.5, markersize=6, label=words,
                )  # fmt: skip
            _name_some(axes, alliance, x)
        top = 1.08 * max(alliance.observed.max(), alliance.predicted.max())
        left.plot([0, top], [0, top], color=INK, linewidth=1, linestyle="--")
        left.annotate(
            "observed = predicted", (0.62 * top, 0.62 * top), (0, 4), textcoords="offset points",
            rotation=38, rotation_mode="anchor", fontsize=7.5,
        )  # fmt: skip
        left.set_xlim(-0.15, top)
        left.set_ylim(0, top)
        left.set_xlabel("predicted (% of GDP)")
        left.set_ylabel("observed (% of GDP)")
        right.set_xscale("log")
        right.xaxis.set_major_locator(LogLocator())
        right.xaxis.set_major_formatter(ScalarFormatter())
        right.set_xlabel(f"income (largest = {plain(alliance.sizes.max())}, logarithmic)")
        right.set_xlim(right=alliance.sizes.max() * 4)
        legend_outside(figure, left)
        left.set_title("Prediction")
        right.set_title("Income only")
    return Picture(
        "sizes", "Burdens predicted, and burdens by size", size_in_words(alliance), figure
    )


def _worth_naming(alliance: Alliance) -> list[int]:
    """Return the largest members and those furthest above their prediction."""
    above = np.argsort(-(alliance.observed - alliance.predicted))[:NAMED]
    return sorted({*range(min(4, len(alliance.names))), *(int(k) for k in above)})


def _name_some(axes: Any, alliance: Alliance, x: NDArray[np.float64]) -> None:
    """Write names beside points from the top down, below a point that has a neighbour above."""
    height = np.inf
    for k in sorted(_worth_naming(alliance), key=lambda k: -alliance.observed[k]):
        is_crowded = height - alliance.observed[k] < CROWDED
        height = alliance.observed[k]
        axes.annotate(
            alliance.names[k], (x[k], height), (6, -8 if is_crowded else 3),
            textcoords="offset points", fontsize=7.5,
        )  # fmt: skip


def size_in_words(alliance: Alliance) -> str:
    """Return how well size predicts the members' spending, in words."""
    apart = np.abs(alliance.observed - alliance.predicted)
    great = apart[:GREAT_POWERS]
    small = apart[GREAT_POWERS:]
    count = len(alliance.names)
    sentences = [
        _correlation("predicted and observed burdens", alliance.predicted, alliance.observed),
        _correlation("income and observed burdens", alliance.sizes, alliance.observed),
    ]
    if len(small):
        verb = "explains" if great.mean() < 0.5 * small.mean() else "does not explain"
        sentences.append(
            f"Size {verb} the great powers' spending: the {len(great)} largest are "
            f"{decimal(great.mean())} percentage points from their prediction on average (at most "
            f"{decimal(great.max())}, {alliance.names[int(great.argmax())]}), the other "
            f"{len(small)} are {decimal(small.mean())}."
        )
    nothing = int((alliance.predicted < LEAST_SHARE).sum())
    if nothing:
        sentences.append(
            f"{nothing} of the {count} are predicted to spend nothing, as the others protect them; "
            f"they spend {decimal(alliance.observed[alliance.predicted < LEAST_SHARE].mean(), 1)} "
            "% on average."
        )
    above = np.argsort(-(alliance.observed - alliance.predicted))[:NAMED]
    sentences.append(
        "Size does not explain the small members' spending: furthest above their prediction are "
        + _listed(
            [
                f"{alliance.names[k]} ({decimal(alliance.observed[k], 1)} %, predicted "
                f"{decimal(alliance.predicted[k], 1)} %)"
                for k in above
            ]
        )
        + "."
    )
    at_front = np.array([name in FRONTLINE for name in alliance.names])
    if at_front.any() and not at_front.all():
        front, rear = alliance.observed[at_front].mean(), alliance.observed[~at_front].mean()
        if front > rear:
            sentences.append(
                f"The {int(at_front.sum())} members that border Russia or Belarus spend "
                f"{decimal(front, 1)} % on average, the other {count - int(at_front.sum())} "
                f"{decimal(rear, 1)} %; predicted are "
                f"{decimal(alliance.predicted[at_front].mean(), 1)} % and "
                f"{decimal(alliance.predicted[~at_front].mean(), 1)} %. Among the small members, "
                "spending follows the border, not size."
            )
    sentences.append(
        "The theory takes incomes into account but not borders, and it was not fitted to the data."
    )
    return " ".join(sentences)


def _correlation(words: str, first: NDArray[np.float64], second: NDArray[np.float64]) -> str:
    found = scipy.stats.spearmanr(first, second)
    if found.pvalue > 0.05:
        strength = "no"
    else:
        strength = "a positive" if found.statistic > 0 else "a negative"
    return (
        f"Over all {len(first)} members there is {strength} rank correlation of {words} "
        f"(Spearman's rho {decimal(found.statistic)}, p = {decimal(found.pvalue)})."
    )


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


DISPLAY = Display(pictures=pictures, panel=panel)
