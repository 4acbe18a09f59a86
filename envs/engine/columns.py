"""Columns of an observation and components of an action by name, so that no rule writes a number.

A game declares its `Feature`s and its actions once. `columns` turns the features into a namedtuple
with one `Column` per feature, and `components` turns the parts of an action into a namedtuple with
the number of each. Rules read both as constants::

    SEES = columns(FEATURES)
    DOES = components(ACTIONS)
    observations[power, column(SEES.years_left, others)] = left
    row[column(SEES.arms_of_other, others, place)] = clipped(SEES.arms_of_other, reported)
    build = actions[power, DOES.build]

`others` is the number of other powers, and `place` says which of them.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from counterpoise.envs.engine.compilation import rule

if TYPE_CHECKING:
    from counterpoise.envs.engine.game import Choice, Continuous, Feature


class Column(NamedTuple):
    """Where a feature stands in an observation, and its bounds.

    Attributes
    ----------
    before : int
        Number of features before it that have one column.
    before_others : int
        Number of features before it that have one column for each other power.
    low, high : float
        The feature's bounds.
    """

    before: int
    before_others: int
    low: float
    high: float


def columns(features: Sequence[Feature]) -> Any:
    """Return a namedtuple with the `Column` of each feature under the feature's name."""
    made: dict[str, Column] = {}
    before = before_others = 0
    for feature in features:
        made[feature.name] = Column(before, before_others, float(feature.low), float(feature.high))
        if feature.others:
            before_others += 1
        else:
            before += 1
    return collections.namedtuple("Columns", made)(**made)


def components(actions: Sequence[Continuous | Choice]) -> Any:
    """Return a namedtuple with the number of each component of an action under its name.

    Raises
    ------
    ValueError
        If a component stands once for each other power: it has no single number.
    """
    towards = [part.name for part in actions if part.others]
    if towards:
        raise ValueError(f"{towards[0]} stands once for each other power and has no single number.")
    names = [part.name for part in actions]
    return collections.namedtuple("Components", names)(*range(len(names)))


@rule
def column(feature: Column, others: int, place: int = 0) -> int:
    """Return the number of a feature's column; of one towards others, the one for `place`."""
    return feature.before + feature.before_others * others + place


def columns_of(feature: Column, others: int) -> slice:
    """Return the columns of a feature that has one for each other power."""
    first = column(feature, others)
    return slice(first, first + others)


@rule
def clipped(feature: Column, value: float) -> float:
    """Return a value within a feature's bounds."""
    return min(max(value, feature.low), feature.high)
