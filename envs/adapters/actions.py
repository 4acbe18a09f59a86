"""Actions in the forms that libraries give them, checked and written into `Worlds.actions`.

The role of a power decides the form of its action: one choice, several choices, or amounts.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import ActionError
from counterpoise.envs.engine.game import Choice, Role
from counterpoise.envs.engine.worlds import Worlds

Writer = Callable[[NDArray[Any], Any, str, Role], None]
"""Writes an action into a power's row of `Worlds.actions`, or raises an `ActionError`."""


def write_choice(row: NDArray[Any], action: Any, agent: str, role: Role) -> None:
    """Write the number of one chosen option into a power's row of the worlds' actions."""
    try:
        row[0] = operator.index(action)
    except (TypeError, OverflowError):
        raise unreadable_action(action, agent, role) from None


def write_choices(row: NDArray[Any], action: Any, agent: str, role: Role) -> None:
    """Write the numbers of several chosen options into a power's row."""
    given = action if type(action) is np.ndarray else _as_array(action, agent, role)
    if given.shape != row.shape or given.dtype.kind not in "iu":
        raise unreadable_action(action, agent, role)
    row[:] = given


def write_amounts(row: NDArray[Any], action: Any, agent: str, role: Role) -> None:
    """Write amounts into a power's row."""
    given = action if type(action) is np.ndarray else _as_array(action, agent, role)
    if given.shape != row.shape or given.dtype.kind not in "fiu":
        raise unreadable_action(action, agent, role)
    row[:] = given


def row_and_writer(worlds: Worlds, world: int, power: int) -> tuple[NDArray[Any], Writer]:
    """Return a power's row in `Worlds.actions`, and the function that writes an action there."""
    role = worlds.game.role(power)
    row = worlds.actions[world, power, : len(role.actions)]
    if not worlds.game.is_discrete:
        return row, write_amounts
    return row, write_choice if len(role.actions) == 1 else write_choices


def _as_array(action: Any, agent: str, role: Role) -> NDArray[Any]:
    try:
        return np.asarray(action)
    except ValueError:
        raise unreadable_action(action, agent, role) from None


def unreadable_action(action: Any, agent: str, role: Role) -> ActionError:
    """Return the error for an action of the wrong kind or shape."""
    parts = ", ".join(repr(part.name) for part in role.actions)
    first = role.actions[0]
    if isinstance(first, Choice) and len(role.actions) == 1:
        expected = f"one whole number from 0 to {len(first.options) - 1}"
    else:
        kind = "whole numbers" if isinstance(first, Choice) else "numbers"
        expected = f"an array of {kind} of shape ({len(role.actions)},)"
    given = f" of shape {action.shape}" if isinstance(action, np.ndarray) else ""
    return ActionError(
        f"{agent}'s action ({parts}) must be {expected}, not {action!r} ({type(action).__name__}"
        f"{given})."
    )
