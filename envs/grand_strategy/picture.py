"""The full game in one picture: the powers as a network, their budgets, the year in words."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.grand_strategy.words import events
from counterpoise.envs.grand_strategy.world import BEATEN, HELD

WIDTH, HEIGHT, DOTS_PER_INCH = 960, 640, 100
INK, FAINT, PAPER = "#222222", "#999999", "#FFFFFF"
# Okabe and Ito 2008: told apart by the colour-blind.
POWER, ARMS, DEBT = "#56B4E9", "#0072B2", "#CC79A7"
ALLIANCE, DEMAND, EMBARGO = "#009E73", "#D55E00", "#E69F00"
LINES = (
    ("defence", ("procurement", "upkeep"), "#0072B2"),
    ("research", ("research",), "#56B4E9"),
    ("industry", ("industry",), "#009E73"),
    ("security of supply", ("supply", "stockpile"), "#F0E442"),
    ("welfare", ("welfare",), "#BBBBBB"),
)
MOST_EVENTS = 5
NOBODY = -1


def picture(record: Any, parameters: Any, names: Sequence[str]) -> NDArray[np.uint8]:
    """Return a world as a picture, uint8 [640, 960, 3].

    A disc is a power, its area its product; the ring about it is its arms, the outer one its debt,
    a full turn being as much as a year's product. Lines join allies; arrows are demands, wars
    (double) and embargoes (dashed). The bars are what was spent of product last year, the tick the
    tax.

    Parameters
    ----------
    record : numpy record
        One world.
    parameters : Parameters
    names : sequence of str, [powers]
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((WIDTH / DOTS_PER_INCH, HEIGHT / DOTS_PER_INCH), DOTS_PER_INCH)
    canvas: Any = FigureCanvasAgg(figure)
    over = " · over" if int(record["over"]) else ""
    figure.text(
        0.02, 0.955, f"grand strategy · year {int(record['year'])}{over}",
        size=13, weight="bold", color=INK,
    )  # fmt: skip
    network = figure.add_axes((0.0, 0.19, 0.54, 0.75))
    draw_network(network, record, names)
    draw_budgets(figure.add_axes((0.675, 0.25, 0.305, 0.63)), record, names)
    draw_legend(figure)
    draw_events(figure, events(record, parameters, names))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def places(powers: int) -> NDArray[np.float64]:
    """Return where the powers stand, evenly on a circle, the first on top, [powers, 2]."""
    angles = math.pi / 2 - 2 * math.pi * np.arange(powers) / powers
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def radii(record: Any) -> NDArray[np.float64]:
    """Return the discs' radii, [powers]: areas are products, the largest always the same."""
    powers = int(record["powers"])
    product = np.asarray(record["product"][:powers], np.float64)
    largest = 0.30 if powers <= 4 else 0.25
    sizes: NDArray[np.float64] = largest * np.sqrt(product / product.max())
    return np.maximum(sizes, 0.05)


def draw_network(axes: Any, record: Any, names: Sequence[str]) -> None:
    """Draw powers, alliances, demands, wars and embargoes."""
    from matplotlib.patches import Circle, Wedge

    axes.set_xlim(-1.95, 1.95)
    axes.set_ylim(-1.6, 1.6)
    axes.set_aspect("equal")
    axes.set_axis_off()
    at, size = places(len(names)), radii(record)
    for one in range(len(names)):
        for other in range(one):
            if record["allied"][one, other] == 1:
                axes.plot(
                    [at[one, 0], at[other, 0]], [at[one, 1], at[other, 1]],
                    color=ALLIANCE, linewidth=3.0, zorder=1, solid_capstyle="round",
                )  # fmt: skip
    for power, name in enumerate(names):
        alive = record["alive"][power] == 1
        centre, radius = (at[power, 0], at[power, 1]), size[power]
        axes.add_patch(
            Circle(centre, radius, facecolor=POWER if alive else PAPER, edgecolor=INK, zorder=4)
        )
        if alive:
            product = float(record["product"][power])
            for share, colour, inner in (
                (float(record["arms"][power]) / product, ARMS, radius + 0.02),
                (float(record["debt"][power]) / product, DEBT, radius + 0.09),
            ):
                turn = min(max(share, 0.0), 1.0)
                axes.add_patch(
                    Wedge(centre, inner + 0.055, 90 - 360 * turn, 90, width=0.055,
                          facecolor=colour, zorder=3)
                )  # fmt: skip
        else:
            axes.plot(*centre, "x", color=INK, markersize=12, zorder=5)
        # Names stand outside the circle of powers, where no line passes.
        out = at[power] * (1.0 + radius + 0.19)
        aligned = "center" if abs(out[0]) < 0.4 else ("left" if out[0] > 0 else "right")
        shown = textwrap.fill(name, 12)
        axes.text(
            out[0], out[1], shown, size=10, ha=aligned, zorder=6,
            va="center" if aligned != "center" else ("bottom" if out[1] > 0 else "top"),
            color=INK if alive else FAINT,
        )  # fmt: skip
    draw_pressure(axes, record, at, size)


def draw_pressure(axes: Any, record: Any, at: Any, size: Any) -> None:
    """Draw an arrow for every demand, war and embargo."""
    powers = len(at)
    for target in range(powers):
        demander = int(record["demanded_by"][target])
        if demander != NOBODY:
            is_war = record["outcome"][target] in (HELD, BEATEN)
            arrow(axes, at, size, demander, target, DEMAND, 4.5 if is_war else 2.2, "solid")
            if is_war:
                middle = 0.5 * (at[demander] + at[target])
                axes.plot(
                    *middle, marker=(8, 1, 0), markersize=17, color=DEMAND, markeredgecolor=INK,
                    zorder=8,
                )  # fmt: skip
        for maker in range(powers):
            if record["embargo"][maker, target] == 1:
                arrow(axes, at, size, maker, target, EMBARGO, 2.0, (0, (3, 2)))


def arrow(
    axes: Any, at: Any, size: Any, start: int, end: int, colour: str, width: float, line: Any
) -> None:
    """Draw an arrow from one power's rim to another's, bent so that two ways do not hide."""
    from matplotlib.patches import FancyArrowPatch

    along = at[end] - at[start]
    along = along / np.linalg.norm(along)
    tail, head = at[start] + along * (size[start] + 0.16), at[end] - along * (size[end] + 0.16)
    axes.add_patch(
        FancyArrowPatch(
            tuple(tail), tuple(head), arrowstyle="-|>", mutation_scale=9 + 3 * width,
            linewidth=width, color=colour, linestyle=line, zorder=7,
            connectionstyle="arc3,rad=0.12", shrinkA=0, shrinkB=0,
        )
    )  # fmt: skip


def draw_budgets(axes: Any, record: Any, names: Sequence[str]) -> None:
    """Draw what each power spent of its product, with its tax, growth and debt."""
    powers = len(names)
    rows = np.arange(powers)
    left = np.zeros(powers)
    for label, fields, colour in LINES:
        shares = 100 * np.sum([record[field][:powers] for field in fields], axis=0)
        axes.barh(rows, shares, 0.5, left=left, color=colour, label=label, linewidth=0)
        left += shares
    tax = 100 * np.asarray(record["tax"][:powers])
    axes.plot(tax, rows, "|", color=INK, markersize=200 / powers * 0.72, markeredgewidth=1.6)
    axes.set_ylim(powers - 0.5, -0.65)
    axes.set_xlim(0, max(50.0, float(left.max()) + 2.0, float(tax.max()) + 2.0))
    size = 9.0 if powers <= 6 else 8.0
    axes.set_yticks(rows, [textwrap.fill(name, 13) for name in names], size=size, color=INK)
    axes.tick_params(length=0, labelsize=size)
    axes.set_xlabel("% of product: spending; the tick is the tax", size=8.5, color=INK)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    for power in range(powers):
        product = float(record["product"][power])
        words = (
            f"product {product:.2f} ({100 * float(record['growth'][power]):+.1f} %), "
            f"arms {float(record['arms'][power]) / product:.2f}, "
            f"debt {float(record['debt'][power]) / product:.2f}"
        )
        if record["alive"][power] == 0:
            words = "out of the game"
        axes.text(0.0, power - 0.31, words, size=7.5, color=INK, va="bottom")


def draw_legend(figure: Any) -> None:
    """Draw what the colours mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    budget = [Patch(color=colour, label=label) for label, _, colour in LINES]
    figure.legend(
        handles=budget, loc="upper right", bbox_to_anchor=(0.995, 0.985), ncols=3, fontsize=8,
        frameon=False, handlelength=1.0, columnspacing=1.0,
    )  # fmt: skip
    network = [
        Line2D([], [], marker="o", linestyle="", color=POWER, label="product", markersize=8),
        Line2D([], [], color=ARMS, linewidth=4, label="arms (full turn: a year's product)"),
        Line2D([], [], color=DEBT, linewidth=4, label="debt (the same)"),
        Line2D([], [], color=ALLIANCE, linewidth=3, label="allies"),
        Line2D([], [], color=DEMAND, linewidth=2.2, label="demand"),
        Line2D([], [], color=DEMAND, linewidth=4.5, marker=(8, 1, 0), markersize=11, label="war"),
        Line2D([], [], color=EMBARGO, linewidth=2, linestyle=(0, (3, 2)), label="embargo"),
    ]
    figure.legend(
        handles=network, loc="lower left", bbox_to_anchor=(0.01, 0.155), ncols=7, fontsize=7.5,
        frameon=False, handlelength=1.6, columnspacing=0.9,
    )  # fmt: skip


def draw_events(figure: Any, lines: Sequence[str]) -> None:
    """Write the year's events at the bottom, as many as there is room for."""
    wrapped: list[str] = []
    kept = 0
    for line in lines:
        rows = textwrap.wrap(line, 128)
        if len(wrapped) + len(rows) > MOST_EVENTS:
            break
        wrapped += rows
        kept += 1
    if kept < len(lines):
        wrapped.append(f"… and {len(lines) - kept} more.")
    figure.text(0.02, 0.145, "\n".join(wrapped), size=9, color=INK, va="top", linespacing=1.45)
