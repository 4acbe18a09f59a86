"""How the full game is shown: its appearance, and a picture of it.

The appearance states once what is shown of a power (stocks, budget, income) and what powers do to
each other; the picture, the replay and the briefing read it. What happened in words is
`counterpoise.envs.grand_strategy.words.events`.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.display.appearance import (
    Appearance,
    BudgetPart,
    Display,
    Moment,
    Reasons,
    Series,
    Tie,
    TieKind,
    amount,
    percent,
    ratio,
)
from counterpoise.display.numbers import percent as in_percent
from counterpoise.envs.engine.columns import Column, column
from counterpoise.envs.grand_strategy.perception import SEES
from counterpoise.envs.grand_strategy.words import QUIET, demand_in_words, events
from counterpoise.envs.grand_strategy.world import (
    BUDGET,
    CONCEDED,
    NO_DEMAND,
    NOBODY,
    STAND,
    STANDS,
    WARS,
)

# -- what is shown ---------------------------------------------------------------------------------

PERCENT = "% of product"
# What rounding leaves of a difference.
LEAST_MOBILISATION = 1e-9


def planned(label: str, colour: str, *fields: str) -> BudgetPart:
    """Return a part of the budget that is the sum of lines of the plan, shares of product."""
    return BudgetPart(
        label, PERCENT, percent(*fields), is_flow=True, is_settled=True, colour=colour,
        fields=fields,
    )  # fmt: skip


def unplanned(label: str, colour: str, values: Callable[[Any], Any]) -> BudgetPart:
    """Return a part of the budget that is paid outside the plan."""
    return BudgetPart(label, PERCENT, values, is_flow=True, is_settled=True, colour=colour)


# Of each purpose that lines of the budget serve; Okabe and Ito 2008, distinguishable with any
# colour vision.
COLOURS = {
    "defence": "#0072B2",
    "research": "#56B4E9",
    "industry": "#009E73",
    "security of supply": "#F0E442",
    "welfare": "#BBBBBB",
}
PLANNED = tuple(
    planned(purpose, colour, *(line.name for line in BUDGET if line.purpose == purpose))
    for purpose, colour in COLOURS.items()
)


def mobilisation(records: Any) -> Any:
    """Return spending beyond the plan and transfers, in percent of product."""
    transfers = records["aid_paid"] - records["aid_received"]
    fields = [field for each in PLANNED for field in each.fields]
    plan = sum(np.asarray(records[field], np.float64) for field in fields)
    left = (records["spending"] - transfers) / np.maximum(records["output"], 1e-12) - plan
    return 100.0 * np.where(left > LEAST_MOBILISATION, left, 0.0)


def interest_paid(records: Any) -> Any:
    """Return interest in percent of product: borrowing is interest plus spending minus tax."""
    paid = records["borrowed"] + records["revenue"] - records["spending"]
    return 100.0 * paid / np.maximum(records["output"], 1e-12)


def ties(record: Any, parameters: Any) -> list[Tie]:
    """Return who demands, fights, helps, embargoes and pays, in the year of a record."""
    powers = range(int(record["powers"]))
    found = []
    for target in powers:
        maker = int(record["demanded_by"][target])
        outcome = int(record["outcome"][target])
        if maker >= 0:
            found.append(Tie("war" if outcome in WARS else "demand", maker, target))
            if outcome != NO_DEMAND:
                found += [
                    Tie("help", ally, target)
                    for ally in powers
                    if record["calls"][ally, target] == 1 and record["comes"][ally, target] == 1
                ]
        for other in powers:
            if record["embargo"][other, target] == 1:
                found.append(Tie("embargo", other, target))
            if record["tribute"][target, other] == 1:
                found.append(Tie("tribute", target, other))
    return found


def crises(moment: Moment) -> list[Reasons]:
    """Return why each demand of a step ended as it did: orders, odds seen, private costs."""
    after = moment.after
    found = []
    for target in range(len(moment.names)):
        demander = int(after["demanded_by"][target])
        if demander == NOBODY:
            continue
        lines = [(demander, _of_the_demander(moment, demander, target))]
        lines.append((target, _of_the_target(moment, demander, target)))
        lines += [
            (ally, _of_an_ally(moment, ally, target))
            for ally in range(len(moment.names))
            if after["calls"][ally, target] == 1
        ]
        found.append(Reasons(demand_in_words(after, moment.names, target), tuple(lines)))
    return found


def _of_the_demander(moment: Moment, demander: int, target: int) -> str:
    # In phases the stand is ordered in the last one; the orders of others say nothing of it.
    is_ordered = not moment.parameters.phased or int(moment.before["phase"]) == STAND
    stand = STANDS[int(moment.after["stand"][demander])]
    issue = float(moment.before["issue"][demander, target])
    words = f"demands {issue:.1f} of the usual stake"
    if is_ordered:
        words += f"; if resisted: {stand}"
    odds = _seen(moment, SEES.prospect, demander, target)
    return f"{words}. Saw a chance of {odds} to win. {_cost(moment, demander)}"


def _of_the_target(moment: Moment, demander: int, target: int) -> str:
    outcome = int(moment.after["outcome"][target])
    done = {NO_DEMAND: "has not answered yet", CONCEDED: "concedes"}.get(
        outcome, "mobilises and resists" if moment.after["mobilised"][target] else "resists"
    )
    odds = _seen(moment, SEES.threat, target, demander)
    return f"{done}. Saw a chance of {odds} to be beaten. {_cost(moment, target)}"


def _of_an_ally(moment: Moment, ally: int, target: int) -> str:
    after = moment.after
    came = after["comes"][ally, target] == 1
    if after["committed"][ally, target] == 1:
        done = "was committed, and comes" if came else "was committed, and fails to come"
    else:
        done = "was free, and comes" if came else "was free, and stays away"
    return f"{done}. {_cost(moment, ally)}"


def _cost(moment: Moment, power: int) -> str:
    cost = float(moment.before["war_cost"][power])
    return f"A war would cost it {in_percent(cost)} of product."


def _seen(moment: Moment, feature: Column, power: int, other: int) -> str:
    others = len(moment.names) - 1
    place = moment.before["seat"][power][:others].tolist().index(other)
    return in_percent(float(moment.seen[power, column(feature, others, place)]), 0)


def utils(part: str, doc: str) -> Series:
    """Return a part of a year's payoff, in utils."""
    return Series(part, "utils", amount(f"{part}_utils"), is_flow=True, is_settled=True, doc=doc)


def is_alive(records: Any) -> Any:
    """Return whether each power is still in the game."""
    return np.asarray(records["alive"]) == 1


PRODUCT = Series(
    "product", "", amount("product"), colour="#56B4E9", doc="available in the coming year"
)

APPEARANCE = Appearance(
    series=(
        Series("arms", PERCENT, ratio("arms", over="product"), colour="#0072B2", doc="stock"),
        Series("debt", PERCENT, ratio("debt", over="product"), colour="#CC79A7", doc="stock"),
        Series("coherence", "", amount("coherence"), doc="cohesion of state and people"),
        Series("resilience", "", amount("resilience"), doc="to a cut of trade"),
        PRODUCT,
        Series("technology", "", amount("technology"), doc="level"),
        Series("reserves", "", amount("reserves"), doc="stockpiles"),
        Series(
            "security", "", amount("security"), is_flow=True, is_settled=True, doc="as perceived"
        ),
    ),
    size=PRODUCT,
    budget=(
        *PLANNED,
        unplanned("aid and tribute", "#E69F00", ratio("aid_paid", over="output")),
        unplanned("mobilisation", "#D55E00", mobilisation),
        unplanned("interest", "#CC79A7", interest_paid),
    ),
    income=Series(
        "income",
        PERCENT,
        ratio("revenue", "aid_received", over="output"),
        is_flow=True,
        is_settled=True,
        doc="Tax, and aid and tribute received; spending above it is borrowed.",
    ),
    tie_kinds=(
        TieKind("demand", "demand", "D", "#D55E00", 2.2),
        TieKind("war", "war", "W", "#D55E00", 4.5),
        TieKind("help", "help in a war or crisis", "H", "#0072B2", 2.2),
        TieKind("embargo", "embargo", "E", "#E69F00", 2.0, is_dashed=True),
        TieKind("tribute", "tribute that ends an embargo", "T", "#CC79A7", 2.0, is_dashed=True),
    ),
    ties=ties,
    is_alive=is_alive,
    quiet=(QUIET,),
    payoff=(
        utils("consumption", "log of private consumption, after losses at home"),
        utils("welfare", "log of welfare spending, weighted"),
        utils("security", "odds of withstanding the worst attack, weighted"),
        utils("autonomy", "what alliances cost in autonomy"),
    ),
    reasons=crises,
)


# -- a picture of a world --------------------------------------------------------------------------
# Matplotlib is imported where it draws: replay and briefing read the appearance without it.

WIDTH, HEIGHT, DOTS_PER_INCH = 960, 640, 100
INK, FAINT, PAPER = "#222222", "#999999", "#FFFFFF"
ALLIANCE = "#009E73"
DRAWN_TIES = ("demand", "war", "embargo")
MOST_EVENTS = 5


def picture(record: Any, parameters: Any, names: Sequence[str]) -> NDArray[np.uint8]:
    """Return a world as a picture, uint8 [640, 960, 3].

    Each disc is a power, its area proportional to the power's product; the inner ring is its arms
    and the outer ring its debt, a full turn being one year's product. Lines join allies; arrows are
    demands, wars (wide, with a star) and embargoes (dashed). The bars are last year's planned
    spending as a share of product; the tick is the tax rate.

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
    draw_network(network, record, parameters, names)
    draw_budgets(figure.add_axes((0.675, 0.25, 0.305, 0.63)), record, names)
    draw_legend(figure)
    draw_events(figure, events(record, parameters, names))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def places(powers: int) -> NDArray[np.float64]:
    """Return the powers' places, evenly spaced on the unit circle from the top, [powers, 2]."""
    angles = math.pi / 2 - 2 * math.pi * np.arange(powers) / powers
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def radii(record: Any) -> NDArray[np.float64]:
    """Return the discs' radii, [powers]: areas in proportion to product, the largest fixed."""
    powers = int(record["powers"])
    product = np.asarray(record["product"][:powers], np.float64)
    largest = 0.30 if powers <= 4 else 0.25
    sizes: NDArray[np.float64] = largest * np.sqrt(product / product.max())
    return np.maximum(sizes, 0.05)


def draw_network(axes: Any, record: Any, parameters: Any, names: Sequence[str]) -> None:
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
            Circle(
                centre, radius, facecolor=PRODUCT.colour if alive else PAPER, edgecolor=INK,
                zorder=4,
            )
        )  # fmt: skip
        if alive:
            for stock, inner in (("arms", radius + 0.02), ("debt", radius + 0.09)):
                shown = APPEARANCE.labelled(stock)
                turn = min(max(shown.values(record)[power] / 100, 0.0), 1.0)
                axes.add_patch(
                    Wedge(centre, inner + 0.055, 90 - 360 * turn, 90, width=0.055,
                          facecolor=shown.colour, zorder=3)
                )  # fmt: skip
        else:
            axes.plot(*centre, "x", color=INK, markersize=12, zorder=5)
        # Names stand outside the circle of powers, where no line passes.
        out = at[power] * (1.0 + radius + 0.19)
        aligned = "center" if abs(out[0]) < 0.4 else ("left" if out[0] > 0 else "right")
        axes.text(
            out[0], out[1], textwrap.fill(name, 12), size=10, ha=aligned, zorder=6,
            va="center" if aligned != "center" else ("bottom" if out[1] > 0 else "top"),
            color=INK if alive else FAINT,
        )  # fmt: skip
    draw_ties(axes, ties(record, parameters), at, size)


def draw_ties(axes: Any, made: Sequence[Tie], at: Any, size: Any) -> None:
    """Draw an arrow for every demand, war and embargo."""
    for tie in made:
        if tie.kind not in DRAWN_TIES:
            continue
        kind = APPEARANCE.tie_kind(tie.kind)
        line = (0, (3, 2)) if kind.is_dashed else "solid"
        arrow(axes, at, size, tie.maker, tie.target, kind.colour, kind.width, line)
        if tie.kind == "war":
            middle = 0.5 * (at[tie.maker] + at[tie.target])
            axes.plot(
                *middle, marker=(8, 1, 0), markersize=17, color=kind.colour, markeredgecolor=INK,
                zorder=8,
            )  # fmt: skip


def arrow(
    axes: Any, at: Any, size: Any, start: int, end: int, colour: str, width: float, line: Any
) -> None:
    """Draw an arrow between two discs, curved so that arrows in both directions are visible."""
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
    """Draw each power's spending as a share of its product, with its tax, growth and debt."""
    powers = len(names)
    rows = np.arange(powers)
    left = np.zeros(powers)
    for part in APPEARANCE.planned:
        shares = part.values(record)[:powers]
        axes.barh(rows, shares, 0.5, left=left, color=part.colour, label=part.label, linewidth=0)
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
            f"arms {APPEARANCE.labelled('arms').values(record)[power] / 100:.2f}, "
            f"debt {APPEARANCE.labelled('debt').values(record)[power] / 100:.2f}"
        )
        if record["alive"][power] == 0:
            words = "out of the game"
        axes.text(0.0, power - 0.31, words, size=7.5, color=INK, va="bottom")


def draw_legend(figure: Any) -> None:
    """Draw the legend of the colours."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    arms, debt = (APPEARANCE.labelled(label) for label in ("arms", "debt"))
    demand, war, embargo = map(APPEARANCE.tie_kind, DRAWN_TIES)
    budget = [Patch(color=part.colour, label=part.label) for part in APPEARANCE.planned]
    figure.legend(
        handles=budget, loc="upper right", bbox_to_anchor=(0.995, 0.985), ncols=3, fontsize=8,
        frameon=False, handlelength=1.0, columnspacing=1.0,
    )  # fmt: skip
    network = [
        Line2D(
            [], [], marker="o", linestyle="", color=PRODUCT.colour, label=PRODUCT.label,
            markersize=8,
        ),
        Line2D(
            [], [], color=arms.colour, linewidth=4,
            label=f"{arms.label} (full turn: a year's product)",
        ),
        Line2D([], [], color=debt.colour, linewidth=4, label=f"{debt.label} (the same)"),
        Line2D([], [], color=ALLIANCE, linewidth=3, label="allies"),
        Line2D([], [], color=demand.colour, linewidth=demand.width, label=demand.label),
        Line2D(
            [], [], color=war.colour, linewidth=war.width, marker=(8, 1, 0), markersize=11,
            label=war.label,
        ),
        Line2D(
            [], [], color=embargo.colour, linewidth=embargo.width, linestyle=(0, (3, 2)),
            label=embargo.label,
        ),
    ]  # fmt: skip
    figure.legend(
        handles=network, loc="lower left", bbox_to_anchor=(0.01, 0.155), ncols=7, fontsize=7.5,
        frameon=False, handlelength=1.6, columnspacing=0.9,
    )  # fmt: skip


def draw_events(figure: Any, lines: Sequence[str]) -> None:
    """Write the year's events at the bottom, up to the number that fits."""
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


DISPLAY = Display(picture=picture, appearance=APPEARANCE)
