"""One picture for every game: what each power spends, holds and owes, and who is allied with whom.

What there is to show comes from the game's `accounts` and `alliances`; no game is known by name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import unknown_name
from counterpoise.envs.engine.game import Game

RENDER_MODES = ("human", "ansi", "rgb_array")

WIDTH, HEIGHT, DOTS_PER_INCH = 640, 480, 100
# Three colours that differ in lightness too, so that they tell kinds apart in grey (Okabe and Ito).
COLOURS = {"spends": "#E69F00", "holds": "#0072B2", "owes": "#B4478A"}
HATCHES = {"spends": "", "holds": "", "owes": "////"}
INK, FAINT = "#222222", "#BBBBBB"
MOST_LANES = 8
THICKEST = 40.0


def draw(
    mode: str, game: Game, record: Any, parameters: Any, names: Sequence[str] | None = None
) -> str | NDArray[np.uint8] | None:
    """Return the picture of a world in one of `RENDER_MODES`; "human" prints it instead."""
    if mode == "rgb_array":
        return render_rgb(game, record, parameters, names)
    if mode == "ansi":
        return render_ansi(game, record, parameters, names)
    if mode == "human":
        print(render_ansi(game, record, parameters, names))
        return None
    raise unknown_name("render_mode", mode, RENDER_MODES)


def headline(game: Game, record: Any, parameters: Any) -> str:
    """Return the game, the year and, where a year has several, the phase."""
    words = [game.name.replace("_", " "), f"year {int(record['year'])}"]
    phases = game.phases_with(parameters)
    if len(phases) > 1:
        words.append(phases[int(record["phase"])])
    if int(record["over"]):
        words.append("over")
    return " · ".join(words)


def alliance_groups(
    game: Game, record: Any, parameters: Any, names: Sequence[str]
) -> list[list[str]]:
    """Return who is allied, as groups in which everyone is allied with everyone.

    Powers are called by `names`; an ally that is no power of the game keeps its own name. Allies
    who do not all share their allies are listed pair by pair.
    """
    shown = dict(zip(game.agent_names(len(names)), names, strict=True))
    pairs = [
        (shown.get(first, first), shown.get(second, second))
        for first, second in game.alliances(record, parameters)
    ]
    allies: dict[str, set[str]] = {}
    for first, second in pairs:
        allies.setdefault(first, {first}).add(second)
        allies.setdefault(second, {second}).add(first)
    groups: list[list[str]] = []
    for first, second in pairs:
        is_clique = all(allies[member] == allies[first] for member in allies[first])
        group = [member for member in allies if member in allies[first]]
        group = group if is_clique else [first, second]
        if group not in groups:
            groups.append(group)
    return groups


def _columns(game: Game, record: Any, powers: int) -> list[NDArray[np.float64]]:
    return [np.asarray(record[account.field][:powers], np.float64) for account in game.accounts]


def _numbers(values: NDArray[np.float64]) -> list[str]:
    """Return one column's numbers, to the same decimals: five digits for the largest."""
    finite = values[np.isfinite(values)]
    largest = float(np.abs(finite).max(initial=0.0))
    if largest >= 1e7 or 0.0 < largest < 1e-3:
        return [f"{value:.2e}" if value else "0" for value in values]
    digits = math.floor(math.log10(largest)) if largest > 0.0 else 0
    decimals = min(4, max(0, 4 - digits))
    rounded = finite.round(decimals)
    while decimals > 0 and (rounded == rounded.round(decimals - 1)).all():
        decimals -= 1
    return [f"{value:.{decimals}f}" if value else "0" for value in values]


def render_ansi(
    game: Game, record: Any, parameters: Any, names: Sequence[str] | None = None
) -> str:
    """Return a world as a small table for the terminal.

    Parameters
    ----------
    game : Game
    record : numpy record
        One world, as in `Worlds.records`.
    parameters : Parameters
    names : sequence of str, optional
        What the powers are called; ``power_0``, … by default.
    """
    powers = int(record["powers"])
    names = list(names) if names is not None else game.agent_names(powers)
    table = [["", *(account.kind for account in game.accounts)]]
    table.append(["", *(account.label for account in game.accounts)])
    table.append(["", *("" if a.unit == "1" else a.unit for a in game.accounts)])
    columns = [_numbers(column) for column in _columns(game, record, powers)]
    for power, name in enumerate(names):
        table.append([name, *(column[power] for column in columns)])
    widths = [max(len(row[k]) for row in table) for k in range(len(table[0]))]
    lines = [headline(game, record, parameters)]
    for k, row in enumerate(table):
        if k == 3:
            lines.append("-" * (sum(widths) + 2 * len(widths) - 2))
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    groups = alliance_groups(game, record, parameters, names)
    for group in groups:
        everyone = len(group) > 3 and set(group) == set(names)
        lines.append(f"allied: {f'all {powers} powers' if everyone else ' - '.join(group)}")
    if not groups:
        lines.append("allied: nobody")
    if game.events is not None:
        lines += game.events(record, parameters, names)
    return "\n".join(lines)


def render_rgb(
    game: Game, record: Any, parameters: Any, names: Sequence[str] | None = None
) -> NDArray[np.uint8]:
    """Return a world as a picture, uint8 [480, 640, 3].

    One row is one power, one column one account, with its own scale at the top; a line with dots to
    the right of the names joins allies. A game with a `picture` of its own draws that instead.
    Parameters as in `render_ansi`.
    """
    if game.picture is not None:
        shown = list(names) if names is not None else game.agent_names(int(record["powers"]))
        return game.picture(record, parameters, shown)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    powers = int(record["powers"])
    names = list(names) if names is not None else game.agent_names(powers)
    groups = alliance_groups(game, record, parameters, names)
    outsiders = [member for group in groups for member in group if member not in names]
    rows = names + list(dict.fromkeys(outsiders))
    figure = Figure((WIDTH / DOTS_PER_INCH, HEIGHT / DOTS_PER_INCH), DOTS_PER_INCH)
    canvas: Any = FigureCanvasAgg(figure)
    figure.text(0.025, 0.945, headline(game, record, parameters), size=12, weight="bold", color=INK)

    size = min(10.0, max(5.0, 0.76 * HEIGHT * 0.72 / max(len(rows), 1) * 0.85))
    longest = max(len(name) for name in rows)
    names_end = 0.035 + min(0.30, longest * size * 0.62 / 0.72 / WIDTH)
    lanes = min(len(groups), MOST_LANES)
    lanes_end = names_end + 0.016 + 0.016 * lanes
    bottom, top = 0.035, 0.815
    _draw_stripes(figure.add_axes((0.0, bottom, 1.0, top - bottom)), len(rows))
    margin = figure.add_axes((0.0, bottom, lanes_end, top - bottom))
    _draw_names(margin, rows, len(names), names_end / lanes_end, size)
    _draw_alliances(margin, rows, groups, names_end / lanes_end, lanes)

    count = max(len(game.accounts), 1)
    width = (0.985 - lanes_end) / count
    for k, (account, values) in enumerate(
        zip(game.accounts, _columns(game, record, powers), strict=True)
    ):
        axes = figure.add_axes((lanes_end + k * width, bottom, width * 0.93, top - bottom))
        _draw_account(axes, account, values, len(rows), size)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _clear(axes: Any, rows: int) -> None:
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_axis_off()


def _draw_stripes(axes: Any, rows: int) -> None:
    _clear(axes, rows)
    for row in range(0, rows, 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#F3F3F3", linewidth=0)


def _draw_names(axes: Any, rows: list[str], powers: int, end: float, size: float) -> None:
    _clear(axes, len(rows))
    axes.set_xlim(0.0, 1.0)
    for row, name in enumerate(rows):
        axes.text(
            end,
            row,
            name,
            size=size,
            color=INK,
            ha="right",
            va="center_baseline",
            style="normal" if row < powers else "italic",
        )


def _draw_alliances(
    axes: Any, rows: list[str], groups: list[list[str]], start: float, lanes: int
) -> None:
    """Draw each group as a vertical line with a dot at each member."""
    for k, group in enumerate(groups):
        x = start + (1.0 - start) * (k % MOST_LANES + 1) / (lanes + 1)
        places = sorted(rows.index(member) for member in group)
        axes.plot([x, x], [places[0], places[-1]], color=INK, linewidth=1.2, zorder=2)
        dot = max(2.5, min(6.0, 120.0 / len(rows)))
        axes.plot([x] * len(places), places, "o", color=INK, markersize=dot, zorder=3)


def _draw_account(
    axes: Any, account: Any, values: NDArray[np.float64], rows: int, size: float
) -> None:
    _clear(axes, rows)
    numbers = _numbers(values)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    scale = _round_up(max(high, -low))
    box = axes.get_position()
    # The number stands beside its bar, outside the scale: characters are 0.6 of their size wide.
    room = (max(map(len, numbers)) * 0.6 * size / 0.72 + 8.0) / (box.width * WIDTH)
    start = -scale if low < 0.0 else 0.0
    axes.set_xlim(start, start + (scale - start) / max(1.0 - room, 0.2))
    places = np.arange(len(values))
    height = min(0.62, THICKEST * rows / (box.height * HEIGHT))
    axes.barh(
        places,
        values,
        height=height,
        color=COLOURS[account.kind],
        hatch=HATCHES[account.kind],
        edgecolor="white" if HATCHES[account.kind] else COLOURS[account.kind],
        linewidth=0.0,
        zorder=2,
    )
    axes.axvline(0.0, color=INK, linewidth=0.8, zorder=3)
    for place, (value, number) in enumerate(zip(values, numbers, strict=True)):
        axes.annotate(
            number,
            (max(value, 0.0), place),
            (4, 0),
            textcoords="offset points",
            size=size * 0.92,
            color=INK,
            va="center_baseline",
            zorder=4,
        )
    unit = "" if account.unit == "1" else f" ({account.unit})"
    axes.annotate(
        account.kind,
        (0.0, 1.0),
        (0, 19),
        xycoords="axes fraction",
        textcoords="offset points",
        size=8,
        color="#666666",
    )
    axes.annotate(
        account.label + unit,
        (0.0, 1.0),
        (0, 7),
        xycoords="axes fraction",
        textcoords="offset points",
        size=9.5 if box.width > 0.16 else 8.0,
        color=INK,
    )


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, … at or above a value, so that scales seldom change."""
    if value <= 0.0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(
        step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= value * (1 - 1e-9)
    )
