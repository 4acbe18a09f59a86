"""The columns of an observation by name, so that no rule writes a number of a column.

A game declares its `Feature`s once. `columns` turns them into a namedtuple with one `Column` a
feature, which rules read as a constant::

    SEES = columns(FEATURES)
    observations[power, column(SEES.years_left, others)] = left
    row[column(SEES.arms_of_other, others, place)] = clipped(SEES.arms_of_other, told)

`others` is the number of other powers, and `place` says which of them.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from counterpoise.envs.engine.compilation import rule

if TYPE_CHECKING:
    from counterpoise.envs.engine.game import Feature


class Column(NamedTuple):
    """Where a feature stands in an observation, and its bounds.

    Attributes
    ----------
    before : int
        Features before it that have one column.
    before_others : int
        Features before it that have one column for each other power.
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


@rule
def clipped(feature: Column, value: float) -> float:
    """Return a value within a feature's bounds."""
    return min(max(value, feature.low), feature.high)
