"""Errors for people: what was wrong, what was expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CounterpoiseError(Exception):
    """A mistake in the use of Counterpoise that the user can correct."""


class UnknownNameError(CounterpoiseError, KeyError):
    """A name of a game, parameter, scenario or strategy that does not exist."""

    def __str__(self) -> str:
        return str(self.args[0])


class ParameterError(CounterpoiseError, ValueError):
    """A parameter outside its range, of the wrong type or of the wrong length."""


class ActionError(CounterpoiseError, ValueError):
    """An action outside its space, of the wrong shape, or not a number."""


class LifecycleError(CounterpoiseError, RuntimeError):
    """A step before the first reset or after the end of an episode."""


class ScenarioError(CounterpoiseError, ValueError):
    """An invalid scenario file; the message names line and field."""


class Interrupted(CounterpoiseError):
    """A training was stopped by the user; its run can be used and resumed."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Return the error for an unknown `name`, with the nearest known name if there is one."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UnknownNameError(f"There is no {kind} {name!r}.{hint} Known: {', '.join(names)}.")
