"""The registry: one row per game, filled by the packages above, asked by everyone.

A row names what belongs to a game as entry points, ``"module:attribute"``, which are imported only
when they are asked for. This package holds the table and knows none of its rows: `counterpoise`
fills it for the games that ship, and `register` adds a game of your own.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from typing import TYPE_CHECKING, Any

from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name

if TYPE_CHECKING:
    from counterpoise.envs.engine.game import Game


@dataclasses.dataclass(frozen=True, kw_only=True)
class GameRow:
    """What is known of a game before any of it is imported.

    Every attribute but `name` and `version` is an entry point, ``"module:attribute"``, or empty
    where the game has no such part.

    Attributes
    ----------
    name : str
        The game's name.
    version : int
        Raised at any change of dynamics, spaces or rewards.
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
    """

    name: str
    version: int
    rules: str
    theory: str = ""
    doctrines: str = ""
    display: str = ""
    exam: str = ""
    briefing: str = ""


ROWS: dict[str, GameRow] = {}
SERVICES: dict[str, str] = {}


def register(row: GameRow) -> None:
    """Add a game to the registry.

    Raises
    ------
    CounterpoiseError
        If another game of that name is registered.
    """
    if ROWS.get(row.name, row) != row:
        raise CounterpoiseError(
            f"A game {row.name!r} is registered already, with other entry points: choose another "
            "name."
        )
    ROWS[row.name] = row


def provide(service: str, entry_point: str) -> None:
    """Name the entry point of a function that this package asks for and that stands above it."""
    SERVICES[service] = entry_point


def imported(entry_point: str) -> Any:
    """Return the attribute that an entry point ``"module:attribute"`` names."""
    module, _, attribute = entry_point.partition(":")
    return getattr(importlib.import_module(module), attribute)


def service(name: str) -> Any:
    """Return a function that stands above this package, such as ``strategy``.

    Raises
    ------
    CounterpoiseError
        If nobody provides it.
    """
    if name not in SERVICES:
        raise CounterpoiseError(f"Nobody provides {name!r}: import counterpoise first.")
    return imported(SERVICES[name])


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


def has_part(name: str, part: str) -> bool:
    """Return whether a game has a part, such as ``theory``, without importing it."""
    return bool(getattr(row(name), part))


@functools.cache
def part(name: str, part: str) -> Any | None:
    """Return a part of a game, such as ``theory`` or ``display``; None where it has none."""
    entry_point = getattr(row(name), part)
    return imported(entry_point) if entry_point else None


def game_names() -> list[str]:
    """Return the name of every registered game."""
    return list(ROWS)


def game(name: str) -> Game:
    """Return a game by name.

    Raises
    ------
    UnknownNameError
        If there is no such game; the message names the nearest.
    """
    return part(name, "rules")  # type: ignore[return-value]


@functools.cache
def restored(name: str, style: str, powers: int) -> Game:
    """Return a game by name, in a style of actions and, where that matters, for some powers."""
    made = game(name).in_style(style)
    return made.seated(powers) if powers else made


def gymnasium_id(name: str) -> str:
    """Return a game's name with Gymnasium, such as ``counterpoise/BurdenSharing-v0``."""
    words = "".join(word.capitalize() for word in name.split("_"))
    return f"counterpoise/{words}-v{row(name).version}"


def pettingzoo_id(name: str) -> str:
    """Return a game's name with PettingZoo, such as ``counterpoise/burden_sharing-v0``."""
    return f"counterpoise/{name}-v{row(name).version}"


def register_everywhere() -> None:
    """Register every game with Gymnasium's registry and, where it has one, with PettingZoo's."""
    import gymnasium
    import pettingzoo

    adapter = "counterpoise.envs.adapters.pettingzoo"
    for name in ROWS:
        if gymnasium_id(name) not in gymnasium.registry:
            gymnasium.register(
                gymnasium_id(name),
                entry_point="counterpoise.envs.adapters.gymnasium:OnePower",
                vector_entry_point="counterpoise.envs.adapters.vector:OnePowerVector",
                kwargs={"game": name},
            )
        # PettingZoo has had a registry since 1.27.
        if hasattr(pettingzoo, "register"):
            registries = {"parallel": pettingzoo.parallel_registry, "aec": pettingzoo.aec_registry}
            for kind, attribute in (("parallel", "parallel_env"), ("aec", "env")):
                if pettingzoo_id(name) not in registries[kind]:
                    pettingzoo.register(
                        kind,
                        pettingzoo_id(name),
                        f"{adapter}:{attribute}",
                        kwargs={"game": name},
                    )
