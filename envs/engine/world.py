"""The record of a world, declared as a class so that a type checker finds a misspelt field.

A game's world is a class with one annotation per field::

    class World(WorldRecord):
        gdp: PerPower
        allied: FlagPerPair
        reliability: Real

    WORLD = world_dtype(World, MOST_POWERS)

Rules annotate their `world` with the class; at run time they receive a record of that dtype.

Fields of one kind that follow each other can have a second name as the rows of one array, which a
rule can loop over. Both names are the same memory::

    class World(WorldRecord):
        tax: PerPower
        research: PerPower
        budget: Annotated[NDArray[np.float64], Rows(("tax", "research"))]

    world.budget[line, power]  # line 1 is world.research[power]
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
        0 for a single value, 1 for one per power, 2 for one per pair.
    """

    code: str
    axes: int = 0


@dataclasses.dataclass(frozen=True)
class Rows:
    """An array whose rows are other fields of the world, in the same memory.

    Attributes
    ----------
    fields : tuple of str
        Fields of one kind, declared one after another in this order, before the array.
    """

    fields: tuple[str, ...]


Unsigned = Annotated[np.uint64, Kind("u8")]
Whole = Annotated[int, Kind("i8")]
Real = Annotated[float, Kind("f8")]
PerPower = Annotated[NDArray[np.float64], Kind("f8", 1)]
WholePerPower = Annotated[NDArray[np.int64], Kind("i8", 1)]
FlagPerPower = Annotated[NDArray[np.int8], Kind("i1", 1)]
PerPair = Annotated[NDArray[np.float64], Kind("f8", 2)]
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


def _fields(kind: type, capacity: int) -> list[Any]:
    found: list[Any] = []
    for name, declared in _declared(kind).items():
        stored = next((each for each in declared.__metadata__ if isinstance(each, Kind)), None)
        if stored is not None:
            shape = (capacity,) * stored.axes
            found.append((name, stored.code, shape) if shape else (name, stored.code))
    return found


def _declared(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in vars(kind).get("__annotations__", {})}


HEADER: list[Any] = _fields(WorldRecord, 0)


def world_dtype(kind: type[WorldRecord], capacity: int) -> np.dtype[Any]:
    """Return the record type of a world: the engine's header, then the game's fields.

    Parameters
    ----------
    kind : type
        A subclass of `WorldRecord` with one annotation per field, such as ``gdp: PerPower``.
    capacity : int
        Maximum number of powers.

    Raises
    ------
    ValueError
        If the rows of an array are not fields of one kind, one after another.
    """
    packed = np.dtype(HEADER + _fields(kind, capacity), align=False)
    names = list(packed.names or ())
    placed = {name: (packed[name], _offset(packed, name)) for name in names}
    for name, declared in _declared(kind).items():
        for rows in declared.__metadata__:
            if isinstance(rows, Rows):
                placed[name] = _array_over(packed, name, rows)
    if len(placed) == len(names):
        return np.dtype((np.record, packed))
    layout: Any = {
        "names": list(placed),
        "formats": [stored for stored, _ in placed.values()],
        "offsets": [offset for _, offset in placed.values()],
        "itemsize": packed.itemsize,
    }
    return np.dtype((np.record, np.dtype(layout)))


def _offset(packed: np.dtype[Any], name: str) -> int:
    assert packed.fields is not None
    return int(packed.fields[name][1])


def _array_over(packed: np.dtype[Any], name: str, rows: Rows) -> tuple[Any, int]:
    """Return the type and the offset of an array over fields of the world."""
    names = list(packed.names or ())
    first = names.index(rows.fields[0]) if rows.fields[0] in names else len(names)
    kinds = {packed[field] for field in names[first : first + len(rows.fields)]}
    if tuple(names[first : first + len(rows.fields)]) != rows.fields or len(kinds) != 1:
        raise ValueError(
            f"The rows of {name} must be fields of one kind, declared one after another: "
            f"{', '.join(rows.fields)}."
        )
    row = kinds.pop()
    return np.dtype((row.base, (len(rows.fields), *row.shape))), _offset(packed, rows.fields[0])
