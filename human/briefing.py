"""What a person is shown of one game in addition to what every game declares.

A game's `Briefing` is the entry point ``briefing`` of its row in the registry. What a briefing
shows follows from the power's observation, from its own state and from public facts; the tests
check that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from counterpoise.envs.engine.registration import part

Seen = Mapping[str, Any]
"""A power's observation by name: a number, or a list with one number for each other power."""


@dataclasses.dataclass(frozen=True)
class ProjectionLine:
    """One line of a projection.

    Attributes
    ----------
    label : str
    amount : str
        In the game's unit.
    share : float
        Share of output; drawn as a bar.
    kind : str
        "in", "out", "sum" or "state".
    """

    label: str
    amount: str
    share: float
    kind: str


@dataclasses.dataclass(frozen=True)
class Projection:
    """What a decision would come to by the rules, if nothing else happened.

    Attributes
    ----------
    lines : list of ProjectionLine
    summary : str
        The same in one line.
    warnings : list of str
        Consequences that are out of the ordinary.
    notes : list of str
        What is assumed.
    """

    lines: list[ProjectionLine]
    summary: str
    warnings: list[str]
    notes: list[str]


def order_of_seats(record: Any, power: int) -> list[int]:
    """Return the other powers' seats."""
    return [other for other in range(int(record["powers"])) if other != power]


def _is_never(parameters: Any) -> bool:
    return False


def _no_lines(*_: Any) -> list[str]:
    return []


def _no_projection(game: Any, records: Any, parameters: Any, power: int, action: Any) -> None:
    return None


def _no_reason(part: str, option: str, seen: Seen, place: int) -> str:
    return ""


@dataclasses.dataclass(frozen=True)
class Briefing:
    """How a game is shown to a person; the defaults serve a game without a briefing.

    Attributes
    ----------
    labels : mapping
        Labels of features and of parts of an action; by default their names.
    chief : tuple of str
        The features of others that are shown first, the rest being folded; all if empty.
    estimated : frozenset of str
        The features that are observed with noise.
    notes : callable
        From parameters to lines that are shown above the other powers.
    order : callable
        From record and power to the other powers' seats, in the order in which it sees them.
    is_anonymous : callable
        From parameters to whether the identity of the other powers is hidden.
    news : callable
        From record, parameters and names to the public events of the last step, one line each.
    projection : callable
        From game, a copy of the world's records [1], parameters, power and its action to a
        `Projection`, or None.
    reason : callable
        From a part's name, an option, what is seen and the place of the other power (-1 for a part
        that concerns no other power) to the reason why the option is closed, or "".
    tags : callable
        From what is seen and a place to the most important facts about that power.
    """

    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    chief: tuple[str, ...] = ()
    estimated: frozenset[str] = frozenset()
    notes: Callable[[Any], list[str]] = _no_lines
    order: Callable[[Any, int], list[int]] = order_of_seats
    is_anonymous: Callable[[Any], bool] = _is_never
    news: Callable[[Any, Any, Sequence[str]], list[str]] = _no_lines
    projection: Callable[[Any, Any, Any, int, Any], Projection | None] = _no_projection
    reason: Callable[[str, str, Seen, int], str] = _no_reason
    tags: Callable[[Seen, int], list[str]] = _no_lines


def briefing_of(game: str) -> Briefing:
    """Return the briefing of a game by name."""
    return part(game, "briefing") or Briefing()
