"""A world rendered as text: what each power spends, holds and owes, and who is allied with whom.

What is shown comes from the game's `accounts`, `alliances` and `events`; no game is known by name.
Pictures are drawn by `counterpoise.display`, which is reached through the registry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.registration import service

RENDER_MODES = ("human", "ansi", "rgb_array")

# What pictures need beside the packages that every environment needs.
NEEDED_FOR_PICTURES = ("matplotlib", "polars")


def draw(
    mode: str, game: Game, record: Any, parameters: Any, names: Sequence[str] | None = None
) -> str | NDArray[np.uint8] | None:
    """Render a world in one of `RENDER_MODES`; "human" prints the text and returns None."""
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
    """Return the alliances as groups in which every member is allied with every other.

    Powers have the given `names`; an ally that is not a power of the game keeps its own name.
    Allies that do not have all their allies in common are listed pair by pair.
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


def columns_of(game: Game, record: Any, powers: int) -> list[NDArray[np.float64]]:
    """Return the values of each of the game's accounts, [powers]."""
    return [np.asarray(record[account.field][:powers], np.float64) for account in game.accounts]


def to_same_decimals(values: NDArray[np.float64]) -> list[str]:
    """Return a column's numbers to the same number of decimals: five digits for the largest."""
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
    """Return a world as a table of text.

    Parameters
    ----------
    game : Game
    record : numpy record
        One world, as in `Worlds.records`.
    parameters : Parameters
    names : sequence of str, optional
        The powers' names; ``power_0``, … by default.
    """
    powers = int(record["powers"])
    names = list(names) if names is not None else game.agent_names(powers)
    table = [["", *(account.kind for account in game.accounts)]]
    table.append(["", *(account.label for account in game.accounts)])
    table.append(["", *("" if a.unit == "1" else a.unit for a in game.accounts)])
    columns = [to_same_decimals(column) for column in columns_of(game, record, powers)]
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
    """Return a world as a picture, uint8 [height, width, 3]; parameters as in `render_ansi`.

    Raises
    ------
    CounterpoiseError
        If Matplotlib is not installed.
    """
    names = list(names) if names is not None else game.agent_names(int(record["powers"]))
    try:
        drawn: NDArray[np.uint8] = service("picture")(game, record, parameters, names)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in NEEDED_FOR_PICTURES:
            raise
        raise CounterpoiseError(
            f"render_mode='rgb_array' needs {package}, which is not installed: "
            'pip install "counterpoise[display]", or render as "ansi".'
        ) from error
    return drawn
