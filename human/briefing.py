"""What a person is told of a game beside what every game says of itself.

A game may have a module of its own name in this folder with a `Briefing` called ``BRIEFING``; no
game is known by name elsewhere. Whatever a briefing tells follows from what the power sees, from
its own state and from what is public; the tests hold it to that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from counterpoise.envs.engine.registration import part

Seen = Mapping[str, Any]
"""A power's observation by name: a number, or a list with one for each other power."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of an account.

    Attributes
    ----------
    label : str
    amount : str
        In the game's unit.
    share : float
        Of output; drawn as a bar.
    kind : str
        "in", "out", "sum" or "state".
    """

    label: str
    amount: str
    share: float
    kind: str


@dataclasses.dataclass(frozen=True)
class Account:
    """What a decision would come to by the rules, if nothing else happened.

    Attributes
    ----------
    lines : list of Line
    summary : str
        The same in one line.
    notes : list of str
        What is assumed, and what is out of the ordinary.
    """

    lines: list[Line]
    summary: str
    notes: list[str]


def order_of_seats(record: Any, power: int) -> list[int]:
    """Return the other powers' seats."""
    return [other for other in range(int(record["powers"])) if other != power]


def _is_never(parameters: Any) -> bool:
    return False


def _no_lines(*_: Any) -> list[str]:
    return []


def _no_account(game: Any, record: Any, parameters: Any, power: int, action: Any) -> None:
    return None


def _no_reason(part: str, option: str, seen: Seen, place: int) -> str:
    return ""


@dataclasses.dataclass(frozen=True)
class Briefing:
    """How a game is put before a person; the defaults serve a game without a briefing.

    Attributes
    ----------
    labels : mapping
        Words for features and for parts of an action; by default their names.
    chief : tuple of str
        The features of others that are shown first; the rest is folded away. All if empty.
    estimated : frozenset of str
        The features that carry noise.
    notes : callable
        From parameters to lines that stand above the other powers.
    order : callable
        From record and power to the other powers' seats, in the order in which it sees them.
    is_anonymous : callable
        From parameters to whether a power may not know who is who.
    news : callable
        From record, parameters and names to what everyone hears of the last step, a line each.
    account : callable
        From game, a copied record, parameters, power and its action to an `Account`, or None.
    reason : callable
        From a part's name, an option, what is seen and the place of the other power (-1 for a part
        of one's own) to why the option is closed, or "".
    tags : callable
        From what is seen and a place to what is to be known at once of that power.
    """

    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    chief: tuple[str, ...] = ()
    estimated: frozenset[str] = frozenset()
    notes: Callable[[Any], list[str]] = _no_lines
    order: Callable[[Any, int], list[int]] = order_of_seats
    is_anonymous: Callable[[Any], bool] = _is_never
    news: Callable[[Any, Any, Sequence[str]], list[str]] = _no_lines
    account: Callable[[Any, Any, Any, int, Any], Account | None] = _no_account
    reason: Callable[[str, str, Seen, int], str] = _no_reason
    tags: Callable[[Seen, int], list[str]] = _no_lines


def briefing_of(game: str) -> Briefing:
    """Return the briefing of a game by name."""
    return part(game, "briefing") or Briefing()
