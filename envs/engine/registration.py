"""The registry: one row per game, filled by the packages above, read by everyone.

A row names the parts of a game as entry points, ``"module:attribute"``, which are imported only
when somebody asks for them. This package holds the table and knows none of its rows:
`counterpoise.catalogue` fills it with the games that ship, and `counterpoise.register` adds a game
of your own.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from typing import TYPE_CHECKING, Any

from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name

if TYPE_CHECKING:
    from counterpoise.envs.engine.game import Game
    from counterpoise.envs.engine.parameters import ParametersBase
    from counterpoise.envs.engine.strategy import Strategy


@dataclasses.dataclass(frozen=True, kw_only=True)
class GameRow:
    """The parts of a game, named before any of them is imported.

    Every attribute except `name`, `version` and `superseded` is an entry point,
    ``"module:attribute"``, or empty where the game has no such part.

    Attributes
    ----------
    name : str
        The game's name.
    version : int
        Raised at any change of dynamics, spaces or rewards.
    superseded : tuple of str
        For each earlier version, from 0 on, why the next one replaced it, as a clause after
        "because"; whoever asks for such a version reads it.
    rules : str
        The `Game`.
    theory : str
        The `Theory`: equilibria, best responses, outcomes, targets, curves.
    doctrines : str
        The scripted strategies, a mapping of name to `Strategy` class.
    display : str
        The `Display`: figures of the report and the picture of a world.
    exam : str
        The situations of the game's exam.
    briefing : str
        The `Briefing` of a person who plays.
    ties : str
        The `Ties`: the choice by which two powers ally, and the options that offer and withdraw.
    """

    name: str
    version: int
    superseded: tuple[str, ...] = ()
    rules: str
    theory: str = ""
    doctrines: str = ""
    display: str = ""
    exam: str = ""
    briefing: str = ""
    ties: str = ""


ROWS: dict[str, GameRow] = {}
SERVICES: dict[str, str] = {}


def add(row: GameRow) -> None:
    """Add a game to the table; `counterpoise.register` does this and registers it elsewhere too.

    Raises
    ------
    CounterpoiseError
        If another game of that name is registered.
    """
    if row.superseded and len(row.superseded) != row.version:
        raise CounterpoiseError(
            f"{row.name} v{row.version} has {row.version} earlier versions and gives "
            f"{len(row.superseded)} reasons: give one for each in superseded, or none."
        )
    if ROWS.get(row.name, row) != row:
        raise CounterpoiseError(
            f"A game {row.name!r} is registered already, with other entry points: choose another "
            "name."
        )
    ROWS[row.name] = row


def provide(service: str, entry_point: str) -> None:
    """Name the entry point of a function that stands in a layer above, such as ``strategy``."""
    SERVICES[service] = entry_point


def service(name: str) -> Any:
    """Return a function that stands in a layer above this package.

    Raises
    ------
    CounterpoiseError
        If no layer provides it.
    """
    if name not in SERVICES:
        raise CounterpoiseError(f"No layer provides {name!r}: import counterpoise first.")
    return imported(SERVICES[name])


def strategy_by_name(name: str, game: Game, parameters: ParametersBase, power: int) -> Strategy:
    """Return a strategy of a game by name; `counterpoise.agents.named` says which names there are.

    Raises
    ------
    UnknownNameError
        If there is no such strategy.
    """
    made: Strategy = service("strategy")(name, game, parameters, power)
    return made


def imported(entry_point: str) -> Any:
    """Return the attribute that an entry point ``"module:attribute"`` names."""
    module, _, attribute = entry_point.partition(":")
    return getattr(importlib.import_module(module), attribute)


def row(name: str) -> GameRow:
    """Return a game's row.

    Raises
    ------
    UnknownNameError
        If there is no such game; the message names the nearest.
    """
    if name not in ROWS:
        raise unknown_name("game", name, ROWS)
    return ROWS[name]


def why_superseded(name: str, version: int) -> str:
    """Return what replaced a version of a game, and why; "" where nothing is known of it.

    Examples
    --------
    >>> import counterpoise
    >>> why_superseded("grand_strategy", 0)[:46]
    'grand_strategy v1 replaced v0, because alliance'
    """
    reasons = row(name).superseded
    if not 0 <= version < len(reasons):
        return ""
    return f"{name} v{version + 1} replaced v{version}, because {reasons[version]}."


def has_part(name: str, part: str) -> bool:
    """Return whether a game has a part, such as ``theory``, without importing it."""
    return bool(getattr(row(name), part))


@functools.cache
def part(name: str, part: str) -> Any | None:
    """Return a part of a game, such as ``theory`` or ``display``; None where it has none."""
    entry_point = getattr(row(name), part)
    return imported(entry_point) if entry_point else None


def game_names() -> list[str]:
    """Return the name of every registered game.

    Returns
    -------
    list of str
        In the order of registration.

    Examples
    --------
    >>> import counterpoise
    >>> "arms_race" in counterpoise.games()
    True
    """
    return list(ROWS)


def game(name: str) -> Game:
    """Return a game by name: its rules, its parameters, and what its powers see and do.

    Parameters
    ----------
    name : str
        The name of a registered game.

    Returns
    -------
    Game

    Raises
    ------
    UnknownNameError
        If there is no such game; the message names the nearest.

    Examples
    --------
    >>> import counterpoise
    >>> arms_race = counterpoise.game("arms_race")
    >>> arms_race.parameters(fear=0.9).fear
    0.9
    """
    return part(name, "rules")  # type: ignore[return-value]


@functools.cache
def restored(row: GameRow, style: str, powers: int, observed: tuple[str, ...]) -> Game:
    """Return a game by its row, with a style of actions, some powers and observed parameters.

    `powers` is 0 for a game that is not seated; `observed` names the parameters that the powers
    observe beside those that the game marks.

    A process that loads a pickled game of yours need not have registered it.
    """
    add(row)
    made = game(row.name).in_style(style).observing(observed)
    return made.seated(powers) if powers else made
