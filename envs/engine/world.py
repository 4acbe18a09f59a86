"""The record of a world, declared as a class: a type checker finds a misspelt field.

A game's world is a class with one annotation a field::

    class World(WorldRecord):
        gdp: PerPower
        allied: FlagPerPair
        reliability: Real

    WORLD = world_dtype(World, MOST_POWERS)

Rules annotate their `world` with the class; what they are given is a record of that dtype.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a field is stored.

    Attributes
    ----------
    code : str
        Numpy's type code.
    axes : int
        0 for one value, 1 for one a power, 2 for one a pair.
    """

    code: str
    axes: int = 0


Unsigned = Annotated[int, Kind("u8")]
Whole = Annotated[int, Kind("i8")]
Real = Annotated[float, Kind("f8")]
PerPower = Annotated[NDArray[np.float64], Kind("f8", 1)]
WholePerPower = Annotated[NDArray[np.int64], Kind("i8", 1)]
FlagPerPower = Annotated[NDArray[np.int8], Kind("i1", 1)]
PerPair = Annotated[NDArray[np.float64], Kind("f8", 2)]
FlagPerPair = Annotated[NDArray[np.int8], Kind("i1", 2)]

Actions = NDArray[Any]
"""What the powers do, [powers, components]: amounts (float64) or the options' numbers (int64)."""
Rewards = NDArray[np.float64]
"""What the powers are paid in a step, [powers]."""
Observations = NDArray[np.float32]
"""What the powers see, [powers, features]."""
Masks = NDArray[np.int8]
"""Which options are open, [powers, options]."""


class WorldRecord:
    """The header of every world, which the engine keeps."""

    random_state: Unsigned
    seed: Unsigned
    episode: Unsigned
    cycles: Whole
    year: Whole
    phase: Whole
    powers: Whole
    over: Whole
    # The probability that the game could go on after the last step. A rule that ends the game by
    # chance writes it, so that learners bootstrap with the probability instead of the draw.
    continuation: Real


def _fields(kind: type, capacity: int) -> list[Any]:
    found: list[Any] = []
    for name in vars(kind).get("__annotations__", {}):
        declared = typing.get_type_hints(kind, include_extras=True)[name]
        stored = next(each for each in declared.__metadata__ if isinstance(each, Kind))
        shape = (capacity,) * stored.axes
        found.append((name, stored.code, shape) if shape else (name, stored.code))
    return found


HEADER: list[Any] = _fields(WorldRecord, 0)


def world_dtype(kind: type[WorldRecord], capacity: int) -> np.dtype[Any]:
    """Return the record type of a world: the engine's header and the game's own fields.

    Parameters
    ----------
    kind : type
        A subclass of `WorldRecord` with one annotation a field, such as ``gdp: PerPower``.
    capacity : int
        The largest number of powers.
    """
    return np.dtype((np.record, HEADER + _fields(kind, capacity)), align=False)
