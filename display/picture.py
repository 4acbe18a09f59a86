"""The picture of a world: one row per power, with its accounts and its allies.

A game's `Display` may draw another picture instead. `counterpoise.envs` reaches this module through
the registry, by the service ``picture``, so that no environment needs Matplotlib until it renders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.image
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from counterpoise.display.appearance import display_of
from counterpoise.envs.adapters.render import (
    alliance_groups,
    columns_of,
    headline,
    to_same_decimals,
)
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically
from counterpoise.envs.engine.game import Account, Game

if TYPE_CHECKING:
    from counterpoise.evaluation.playback import Episode

WIDTH, HEIGHT, DOTS_PER_INCH = 640, 480, 100
# Three colours that differ in lightness too, so that they tell kinds apart in grey (Okabe and Ito).
COLOURS = {"spends": "#E69F00", "holds": "#0072B2", "owes": "#B4478A"}
HATCHES = {"spends": "", "holds": "", "owes": "////"}
INK = "#222222"
MOST_LANES = 8
THICKEST = 40.0


def picture(game: Game, record: Any, parameters: Any, names: Sequence[str]) -> NDArray[np.uint8]:
    """Return a world as a picture, uint8 [480, 640, 3], or as its game draws it.

    Each row is a power and each column an account with its own scale; a line with dots to the right
    of the names joins allies.

    Parameters
    ----------
    game : Game
    record : numpy record
        One world, as in `Worlds.records`.
    parameters : Parameters
    names : sequence of str, [powers]
    """
    drawn_by_game = display_of(game).picture
    if drawn_by_game is not None:
        return drawn_by_game(record, parameters, names)
    powers = int(record["powers"])
    names = list(names)
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
        zip(game.accounts, columns_of(game, record, powers), strict=True)
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
    axes: Any, account: Account, values: NDArray[np.float64], rows: int, size: float
) -> None:
    _clear(axes, rows)
    numbers = to_same_decimals(values)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    scale = _round_up(max(high, -low))
    box = axes.get_position()
    # The number is written beside its bar, outside the scale: a character is 0.6 em wide.
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


def write_picture(episode: Episode, path: Path) -> None:
    """Write the picture of the year with most events as PNG; of the last year if there are none.

    Raises
    ------
    CounterpoiseError
        If the path does not end in ``.png``.
    """
    if path.suffix != ".png":
        raise CounterpoiseError(f"A picture is a PNG: give a path that ends in .png, not {path}.")
    game, parameters, names = episode.game, episode.parameters, episode.names
    counts = [0] * len(episode.records)
    if game.events is not None:
        counts = [len(game.events(record, parameters, names)) for record in episode.records]
    # Of the years with most events, the last.
    step = max(range(len(counts)), key=lambda k: (counts[k], k))
    pixels = picture(game, episode.records[step], parameters, names)
    write_atomically(path, lambda place: matplotlib.image.imsave(place, pixels, format="png"))
