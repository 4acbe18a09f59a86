"""The record of a world, declared as a class so that a type checker finds a misspelt field.

A game's world is a class with one annotation per field::

    class World(WorldRecord):
        gdp: PerPower
        allied: FlagPerPair
        reliability: Real

    WORLD = world_dtype(World, MOST_POWERS)

Rules annotate their `world` with the class; at run time they receive a record of that dtype.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import TYPE_CHECKING, Annotated, Any

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
        0 for a single value, 1 for one per power, 2 for one per pair.
    """

    code: str
    axes: int = 0


Unsigned = Annotated[np.uint64, Kind("u8")]
Whole = Annotated[int, Kind("i8")]
Real = Annotated[float, Kind("f8")]
PerPower = Annotated[NDArray[np.float64], Kind("f8", 1)]
FlagPerPower = Annotated[NDArray[np.int8], Kind("i1", 1)]
PerPair = Annotated[NDArray[np.float64], Kind("f8", 2)]
SeenPerPair = Annotated[NDArray[np.float32], Kind("f4", 2)]
"""In single precision, as observations are: what is read every year weighs half as much."""
FlagPerPair = Annotated[NDArray[np.int8], Kind("i1", 2)]

Actions = NDArray[Any]
"""The powers' actions, [powers, components]: amounts (float64) or option numbers (int64)."""
Rewards = NDArray[np.float64]
"""The powers' rewards of a step, [powers]."""
Observations = NDArray[np.float32]
"""What the powers see, [powers, features]."""
Masks = NDArray[np.int8]
"""Which options are open, [powers, options]."""

# Values of `over`: the game ended by its own rules, or at max_cycles.
ENDED, CUT_OFF = 1, 2


class WorldRecord:
    """The header of every world, which the engine writes."""

    random_state: Unsigned
    seed: Unsigned
    episode: Unsigned
    cycles: Whole
    year: Whole
    phase: Whole
    powers: Whole
    over: Whole
    # Probability that the game went on after the last step. A rule that ends the game by chance
    # writes it, so that learners bootstrap with the probability instead of the draw.
    continuation: Real

    if TYPE_CHECKING:

        def __getitem__(self, field: str) -> Any:
            """Return a field whose name is not written out, as in a loop over names."""


def _fields(kind: type, capacity: int) -> list[Any]:
    found: list[Any] = []
    hints = typing.get_type_hints(kind, include_extras=True)
    for name in vars(kind).get("__annotations__", {}):
        stored = next(each for each in hints[name].__metadata__ if isinstance(each, Kind))
        shape = (capacity,) * stored.axes
        found.append((name, stored.code, shape) if shape else (name, stored.code))
    return found


HEADER: list[Any] = _fields(WorldRecord, 0)


def world_dtype(kind: type[WorldRecord], capacity: int) -> np.dtype[Any]:
    """Return the record type of a world: the engine's header, then the game's fields.

    Parameters
    ----------
    kind : type
        A subclass of `WorldRecord` with one annotation per field, such as ``gdp: PerPower``.
    capacity : int
        Maximum number of powers.
    """
    return np.dtype((np.record, HEADER + _fields(kind, capacity)), align=False)
