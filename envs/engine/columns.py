"""Columns of observations and parts of actions by name, so that no rule writes their numbers.

A game declares its `Feature`s once. `columns` turns them into a namedtuple with one `Column` per
feature, which rules read as a constant::

    SEES = columns(FEATURES)
    observations[power, column(SEES.years_left, others)] = left
    row[column(SEES.arms_of_other, others, place)] = clipped(SEES.arms_of_other, reported)

`others` is the number of other powers, and `place` says which of them.

`parts` does the same for the actions of a role: `component` is a part's number in an action,
`first_option` the place of its first option in a mask::

    DOES = parts(CHOICES)
    plan = actions[power, component(DOES.plan)]
    answer = actions[power, component(DOES.resolve, others, place)]
    masks[power, first_option(DOES.diplomacy, others, place) + OFFER] = 0

A role without parts towards others leaves `others` out.
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


class Part(NamedTuple):
    """Where a part of an action stands, and its number of options.

    Attributes
    ----------
    before : int
        Number of parts before it that are decided once.
    before_others : int
        Number of parts before it that are decided for each other power.
    options_before, options_before_others : int
        Number of options of those parts.
    options : int
        Number of its options; 0 for an amount. Of a part with one option for each other power,
        the number of the options before those.
    each : int
        1 for a part with one option for each other power after its `options`, otherwise 0.
    """

    before: int
    before_others: int
    options_before: int
    options_before_others: int
    options: int
    each: int = 0


def parts(actions: Sequence[Choice | Continuous]) -> Any:
    """Return a namedtuple with the `Part` of each part of a role's action, under its name."""
    made: dict[str, Part] = {}
    counts, options = [0, 0], [0, 0]
    for action in actions:
        width, each = len(getattr(action, "options", ())), int(bool(getattr(action, "each", "")))
        made[action.name] = Part(counts[0], counts[1], options[0], options[1], width, each)
        counts[action.others] += 1
        options[action.others] += width
        options[1] += each
    return collections.namedtuple("Parts", made)(**made)


@rule
def component(part: Part, others: int = 0, place: int = 0) -> int:
    """Return the number of a part in an action; of one towards others, the one for `place`."""
    return part.before + part.before_others * others + place


@rule
def options_of(part: Part, others: int = 0) -> int:
    """Return a part's number of options."""
    return part.options + part.each * others


@rule
def first_option(part: Part, others: int = 0, place: int = 0) -> int:
    """Return the place of a part's first option in a mask."""
    earlier = part.options_before + part.options_before_others * others
    return earlier + place * part.options
