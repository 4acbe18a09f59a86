"""Figures that every game has: learning curves, bars of outcomes, one figure of all games.

A game's `Display` may add figures of its own and a panel for the figure of all games; a game
without them gets bars of its outcomes.

Everything drawn can be told apart without colour: by marker, line style or hatch. In the SVG, ink,
grid and the colour of learned values are the page's own colours, so that a figure follows its light
and dark themes.
"""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray

from counterpoise.display.appearance import display_of
from counterpoise.display.numbers import displayed, in_words, plain
from counterpoise.envs.engine.files import write_atomically
from counterpoise.evaluation.equilibrium.comparison import (
    Comparison,
    Group,
)
from counterpoise.evaluation.equilibrium.statistics import bootstrap, interval_in_words

INK, GRID, PAPER = "#1b1f24", "#d0d7de", "#ffffff"

# After Okabe and Ito: distinguishable with any colour vision, and of different lightness.
LEARNED, OBSERVED = "#0072B2", "#E69F00"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#7A5195", "#8C6D31")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")
LINES = ("-", "--", ":", "-.")
THEORY_HATCH = "////"

MOST_LINES = 6
LEAST_SHOWN_REGRET = 1e-6

STYLE: Any = {
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "hatch.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
}


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure with its title and its caption."""

    name: str
    title: str
    words: str
    figure: Figure


@contextmanager
def style() -> Iterator[None]:
    """Draw in the common style."""
    with matplotlib.rc_context(STYLE):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, sizes in inches, with constrained layout."""
    return Figure((width, height), layout="constrained")


def seed_line(k: int) -> str:
    """Return the line style of the k-th seed."""
    return LINES[k % len(LINES)]


def colour(power: int) -> str:
    """Return the colour of a power."""
    return COLOURS[power % len(COLOURS)]


def marker(power: int) -> str:
    """Return the marker of a power."""
    return MARKERS[power % len(MARKERS)]


def errors(group_values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the interval's distance below and above each mean, [2, n], from [seeds, n]."""
    found = [bootstrap(column) for column in group_values.T]
    if not all(each.is_known for each in found):
        return None
    return np.array(
        [
            [each.mean - each.low for each in found if each.low is not None],
            [each.high - each.mean for each in found if each.high is not None],
        ]
    )


def paired_bars(
    axes: Any,
    names: list[str],
    learned: NDArray[np.float64],
    theory: NDArray[np.float64],
    label: str,
) -> None:
    """Draw means over seeds with intervals, from [seeds, n], beside the equilibrium, [n]."""
    places = np.arange(len(names))
    axes.bar(places - 0.2, learned.mean(axis=0), 0.36, color=LEARNED, label="learned")
    axes.bar(
        places + 0.2,
        theory,
        0.36,
        facecolor="none",
        edgecolor=INK,
        hatch=THEORY_HATCH,
        label="equilibrium",
    )
    reach = errors(learned)
    if reach is not None:
        axes.errorbar(
            places - 0.2,
            learned.mean(axis=0),
            reach,
            fmt="none",
            ecolor=INK,
            elinewidth=1.1,
            capsize=3,
        )
    axes.set_xticks(places, names)
    axes.set_ylabel(label)
    axes.grid(axis="x", visible=False)


def legend_outside(figure: Figure, axes: Any) -> None:
    """Put the legend of one panel above all panels, where it covers no data."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=4)


def learning_curves(group: Group[Any]) -> Picture:
    """Return regret and reward of every power during training, all seeds."""
    with style():
        figure = new_figure(9.4, 3.6)
        left, right = figure.subplots(1, 2)
        has_regret = False
        for k, run in enumerate(group.runs):
            metrics = run.metrics()
            judged = metrics.drop_nulls("nash_conv")
            has_regret |= len(judged) > 0
            for power, words in _lines_shown(group):
                if power != "min":
                    regret = np.maximum(_across(judged, "regret", power), LEAST_SHOWN_REGRET)
                    _line(left, judged["agent_steps"].to_numpy(), regret, power, k, "", every=1)
                reward = _across(metrics, "reward", power)
                steps = metrics["agent_steps"].to_numpy()
                _line(right, steps, reward - reward[:1], power, k, words, max(1, len(steps) // 8))
        left.axhline(group.targets.regret, color=INK, linewidth=1.0, linestyle=(0, (6, 2)))
        left.annotate(
            f"target {plain(group.targets.regret)}", (1, group.targets.regret), (0, 3), color=INK,
            fontsize=8.5,
            xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
        )  # fmt: skip
        if has_regret:
            left.set_yscale("log")
        left.set_title("Regret")
        left.set_ylabel("regret (share of the stake)")
        right.set_title("Reward during training")
        right.set_ylabel("change since the first batch\n(payoff per step)")
        for axes in (left, right):
            axes.set_xlabel("agent-steps")
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
            axes.set_xlim(left=0)
        figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=6)
    shown = ", ".join(
        f"{('solid', 'dashed', 'dotted', 'dash-dotted')[k % 4]} seed {seed}"
        for k, seed in enumerate(group.seeds)
    )
    return Picture(
        "learning",
        "Learning curves",
        "Left: regret, the gain of a best response as a share of the stake, on a logarithmic scale "
        f"(values below {plain(LEAST_SHOWN_REGRET)} are drawn at that value). Right: reward of "
        f"the exploring policies, as the change since the first batch. Lines: {shown}.",
        figure,
    )


OF_MANY = {"max": "highest of all powers", "median": "median power", "min": "lowest of all powers"}


def _lines_shown(group: Group[Any]) -> list[tuple[int | str, str]]:
    """Return the powers drawn as lines; of many, the highest, the median and the lowest."""
    return list(enumerate(group.power_names) if group.powers <= MOST_LINES else OF_MANY.items())


def _across(table: Any, name: str, power: int | str) -> NDArray[np.float64]:
    if isinstance(power, int):
        return np.asarray(table[f"{name}_{power}"].to_numpy(), np.float64)
    columns = [column for column in table.columns if re.fullmatch(rf"{name}_\d+", column)]
    values = table.select(columns).to_numpy().astype(np.float64)
    if name == "reward":
        # Payoff levels differ between powers: compare their changes.
        values = values - values[:1]
    if power == "median":
        return np.asarray(np.median(values, axis=1))
    return np.asarray(values.max(axis=1) if power == "max" else values.min(axis=1))


def _line(
    axes: Any,
    x: NDArray[Any],
    y: NDArray[np.float64],
    power: int | str,
    k: int,
    words: str,
    every: int,
) -> None:
    place = power if isinstance(power, int) else list(OF_MANY).index(power)
    axes.plot(
        x, y, color=colour(place), linestyle=seed_line(k), marker=marker(place), alpha=0.9,
        markevery=(every // 2, every), label=words if k == 0 else None, linewidth=1.3,
    )  # fmt: skip


def outcome_bars(group: Group[Any]) -> Picture:
    """Return one panel for each outcome that is one number, or one number per power."""
    shown = [name for name in group.equilibrium.outcomes if group.axes(name) in ((), ("power",))]
    with style():
        columns = min(3, max(1, len(shown)))
        rows = max(1, -(-len(shown) // columns))
        figure = new_figure(9.4, 2.6 * rows)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, name in zip(grid, shown, strict=False):
            outcome_panel(axes, group, name)
        for axes in grid[len(shown) :]:
            axes.set_axis_off()
        if shown:
            legend_outside(figure, grid[0])
    return Picture(
        "outcomes",
        "Outcomes",
        "Learned outcomes compared with those of the equilibrium. "
        + interval_in_words(len(group.runs)),
        figure,
    )


def outcome_panel(axes: Any, group: Group[Any], name: str, title: str | None = None) -> None:
    """Draw one outcome, one number or one per power, beside the equilibrium."""
    unit = group.units.get(name, "1")
    factor, shown = displayed(unit)
    learned = factor * group.outcome(name).reshape(len(group.runs), -1)
    theory = factor * np.atleast_1d(np.asarray(group.equilibrium.outcomes[name], float))
    names = group.power_names if group.axes(name) == ("power",) else [""]
    paired_bars(axes, names, learned, theory, shown)
    axes.set_title(title or in_words(name).capitalize())
    if len(names) == 1:
        axes.set_xlim(-1.0, 1.0)


def pictures(group: Group[Any]) -> list[Picture]:
    """Return every figure of a group: learning curves, then the game's own figures."""
    drawn_by_game = display_of(group.game).pictures
    own = [outcome_bars(group)] if drawn_by_game is None else drawn_by_game(group)
    return [learning_curves(group), *own]


def composite(comparison: Comparison) -> Figure:
    """Return one figure with a panel for each group: learned outcomes and the equilibrium's."""
    groups = comparison.groups
    columns = 1 if len(groups) == 1 else 2
    rows = -(-len(groups) // columns)
    with style():
        figure = new_figure(6.2 * columns, 4.3 * rows)
        cells = figure.subfigures(rows, columns, squeeze=False).ravel()
        for cell, group in zip(cells, groups, strict=False):
            (display_of(group.game).panel or _generic_panel)(cell, group)
    return figure


def _generic_panel(canvas: SubFigure, group: Group[Any]) -> None:
    shown = [name for name in group.equilibrium.outcomes if group.axes(name) in ((), ("power",))]
    axes = canvas.subplots()
    outcome_panel(axes, group, shown[0], f"{in_words(group.name)}: {in_words(shown[0])}")
    axes.legend()


# -- to files --------------------------------------------------------------------------------------


def to_svg(figure: Figure, name: str) -> str:
    """Return a figure as SVG for a page, in the page's ink and typeface.

    `name` makes the figure's ids differ from those of other figures on the page.
    """
    file = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(file, metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = _renamed(text, name)
    text = re.sub(r"'DejaVu Sans'(, [^;\"]*)?", "inherit-family", text)
    text = text.replace("inherit-family", "system-ui, sans-serif")
    own = {INK: "currentColor", GRID: "var(--grid)", LEARNED.lower(): "var(--learned)"}
    for drawn, shown in own.items():
        text = text.replace(drawn, shown)
    return text


def _renamed(text: str, name: str) -> str:
    """Return a drawing with ids prefixed by `name`, without the ids that nothing refers to."""
    referred = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))

    def rename(found: re.Match[str]) -> str:
        return f' id="{name}-{found[1]}"' if found[1] in referred else ""

    text = re.sub(r' id="([^"]+)"', rename, text)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", text)


def write_png(figure: Figure, path: Path, *, dots_per_inch: int = 110) -> None:
    """Write a figure on white paper, atomically."""
    figure.patch.set_facecolor(PAPER)
    with style():
        canvas = FigureCanvasAgg(figure)
        write_atomically(
            path,
            lambda temporary: canvas.print_figure(
                temporary, format="png", dpi=dots_per_inch, facecolor=PAPER
            ),
        )
