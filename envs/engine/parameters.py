"""Parameters of a game: declared once, with unit, range and meaning, used everywhere.

A `Parameters` class is a frozen dataclass whose fields are made by `parameter`. That one
declaration gives validation, the numpy record that the compiled rules read, the documentation
tables, the command line's ``--set``, and the parameters in an observation.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeGuard, TypeVar, dataclass_transform

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import ParameterError, unknown_name

KINDS = ("amount", "share", "odds", "flag", "count", "log")
"""Kinds of numbers: an amount in its unit, a share of its unit, a probability ("odds"), yes (1) or
no (0), a count, and the logarithm of a ratio. Pages format a number by its kind and unit."""

Number = bool | int | float
Value = TypeVar("Value", covariant=True)


def checked_kind(kind: str) -> str:
    """Return a kind of number if there is such a kind.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"Expected a kind of number from {', '.join(KINDS)}, got {kind!r}.")
    return kind


class Pairs(Protocol[Value]):
    """A per-pair parameter as rules read it: ``parameters.proximity[power, other]``."""

    def __getitem__(self, pair: tuple[int, int], /) -> Value:
        """Return the value of one power towards another."""


@dataclasses.dataclass(frozen=True)
class Declaration:
    """The declaration of one parameter."""

    name: str
    default: Any
    low: float
    high: float
    unit: str
    doc: str
    per_power: bool
    observed: bool
    per_pair: bool = False
    declared_kind: str = ""
    spread_of: str = ""

    @property
    def is_shaped(self) -> bool:
        """Whether the value depends on the number of powers."""
        return self.per_power or self.per_pair

    @property
    def type(self) -> type:
        """The type of the default: `bool`, `int` or `float`."""
        sample = self.default[0] if self.per_power else self.default
        return type(sample)

    @property
    def kind(self) -> str:
        """Kind of number, one of `KINDS`; by default flag, count or amount, by the type."""
        return self.declared_kind or {bool: "flag", int: "count"}.get(self.type, "amount")


def parameter(
    default: Any,
    low: float,
    high: float,
    *,
    unit: str = "1",
    doc: str,
    per_power: bool = False,
    observed: bool = False,
    per_pair: bool = False,
    kind: str = "",
    spread_of: str = "",
) -> Any:
    """Declare one parameter of a game.

    Parameters
    ----------
    default : float, int, bool, or tuple of them
        The default; a tuple where every power has its own value. A tuple shorter than the number
        of powers is extended by its last value.
    low, high : float
        The allowed range; both ends are allowed.
    unit : str
        Unit; "1" where there is none.
    doc : str
        Meaning, in one line.
    per_power : bool
        Whether each power has its own value. A single number applies to all powers.
    observed : bool
        Whether the powers see the value in their observation, so that one policy can be trained
        over a distribution of it.
    per_pair : bool
        Whether each power has its own value towards each other power: one row of values per power.
        A single number, such as the default, applies to all pairs.
    kind : str
        Kind of number, one of `KINDS`; it decides how pages format the value. By default "flag" for
        a bool, "count" for an int and "amount" otherwise.
    spread_of : str
        The parameter around which values are drawn with this spread. A scenario that gives that
        parameter means its values: the spread is then 0 unless the scenario gives it too.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind:
        checked_kind(kind)
    metadata = dict(
        low=low,
        high=high,
        unit=unit,
        doc=doc,
        per_power=per_power,
        observed=observed,
        per_pair=per_pair,
        declared_kind=kind,
        spread_of=spread_of,
    )
    return dataclasses.field(default=default, metadata=metadata)


class ParametersBase:
    """Base class of every game's `Parameters`."""

    CAPACITY: ClassVar[int] = 32
    declarations: ClassVar[dict[str, Declaration]]
    dtype: ClassVar[np.dtype[Any]]

    powers: int

    def __post_init__(self) -> None:
        for declaration in self.declarations.values():
            value = getattr(self, declaration.name)
            object.__setattr__(self, declaration.name, _validated(self, declaration, value))
        self.check()

    def check(self) -> None:
        """Refuse combinations that no single range excludes; games override this method."""

    def refuse_one_sided(self, name: str) -> None:
        """Refuse a per-pair parameter that differs between the two sides of a pair."""
        rows = getattr(self, name)
        for one in range(self.powers):
            for other in range(one):
                if rows[one][other] != rows[other][one]:
                    raise ParameterError(
                        f"{name} ({self.declarations[name].doc}) of powers {other} and {one} must "
                        f"be the same both ways, not {rows[other][one]} and {rows[one][other]}."
                    )

    def refuse_seat(self, name: str) -> None:
        """Refuse a parameter that names a power by its seat, if there is no such seat."""
        if getattr(self, name) >= self.powers:
            raise ParameterError(
                f"{name} ({self.declarations[name].doc}) must be a seat from 0 to "
                f"{self.powers - 1}, not {getattr(self, name)}."
            )

    def to_record(self) -> Self:
        """Return the values as one numpy record, which the compiled rules read.

        The record has the fields of this class, so rules annotate it with the class.
        """
        records = np.zeros(1, self.dtype)
        for declaration in self.declarations.values():
            value = getattr(self, declaration.name)
            if declaration.per_power:
                records[declaration.name][0, : self.powers] = value
            elif declaration.per_pair:
                records[declaration.name][0, : self.powers, : self.powers] = value
            else:
                records[declaration.name][0] = value
        return records[0]  # type: ignore[no-any-return]

    def replace(self, **changes: Any) -> Self:
        """Return these parameters with some values changed; all are validated again."""
        current = {name: getattr(self, name) for name in self.declarations}
        if "powers" in changes and changes["powers"] != self.powers:
            for name, declaration in self.declarations.items():
                if declaration.is_shaped and name not in changes:
                    del current[name]
        elif any(
            self.declarations[name].is_shaped for name in changes if name in self.declarations
        ):
            lengths = {
                len(value)
                for name, value in changes.items()
                if name in self.declarations and _is_sequence(value)
            }
            if lengths and lengths != {self.powers}:
                current.pop("powers")
                for name, declaration in self.declarations.items():
                    if declaration.is_shaped:
                        current.pop(name, None)
        return type(self).from_mapping({**current, **changes})

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Return parameters from names and values; an error names the nearest known name.

        Where `powers` is not given, it is the length of the per-power values.
        """
        values = dict(values)
        for name in values:
            if name not in cls.declarations:
                raise unknown_name("parameter", name, cls.declarations)
        if "powers" not in values and "powers" in cls.declarations:
            lengths = {
                len(value)
                for name, value in values.items()
                if cls.declarations[name].is_shaped and _is_sequence(value)
            }
            if len(lengths) > 1:
                raise ParameterError(
                    f"Per-power parameters have different lengths, {sorted(lengths)}: give each "
                    "one value, or one for every power."
                )
            if lengths:
                values["powers"] = lengths.pop()
        return cls(**values)


TYPES_IN_WORDS = {bool: "a yes or no", int: "a whole number", float: "a number"}


def _is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)


def _number(declaration: Declaration, value: object) -> Number:
    expected = (
        f"{declaration.name} ({declaration.doc}) must be "
        f"{TYPES_IN_WORDS[declaration.type]}"
        f" from {declaration.low:g} to {declaration.high:g}"
        f"{'' if declaration.unit == '1' else ' ' + declaration.unit}"
    )
    if isinstance(value, str | bytes) or value is None:
        raise ParameterError(f"{expected}, not {value!r}.")
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ParameterError(f"{expected}, not {value!r}.") from None
    if math.isnan(number) or not declaration.low <= number <= declaration.high:
        raise ParameterError(f"{expected}, not {value!r}.")
    if declaration.type in (bool, int) and number != int(number):
        raise ParameterError(f"{expected}, not {value!r}.")
    made: Number = declaration.type(number)
    return made


def _validated(
    owner: ParametersBase, declaration: Declaration, value: object
) -> Number | tuple[Number, ...] | tuple[tuple[Number, ...], ...]:
    if declaration.per_pair:
        return _validated_pairs(owner, declaration, value)
    if not declaration.per_power:
        return _number(declaration, value)
    if _is_sequence(value):
        values = tuple(_number(declaration, item) for item in value)
        if not values:
            raise ParameterError(f"{declaration.name} ({declaration.doc}) has no values.")
        if value is declaration.default and len(values) != owner.powers:
            values = (values + values[-1:] * owner.powers)[: owner.powers]
    else:
        values = (_number(declaration, value),) * owner.powers
    if len(values) != owner.powers:
        raise ParameterError(
            f"{declaration.name} ({declaration.doc}) needs one value, or one for each of the "
            f"{owner.powers} powers; {len(values)} were given."
        )
    return values


def _validated_pairs(
    owner: ParametersBase, declaration: Declaration, value: object
) -> tuple[tuple[Number, ...], ...]:
    if not _is_sequence(value):
        return (((_number(declaration, value),) * owner.powers),) * owner.powers
    rows = tuple(
        tuple(_number(declaration, item) for item in row) if _is_sequence(row) else ()
        for row in value
    )
    if len(rows) != owner.powers or {len(row) for row in rows} != {owner.powers}:
        raise ParameterError(
            f"{declaration.name} ({declaration.doc}) needs one value, or {owner.powers} rows of "
            f"{owner.powers}, one per power; {value!r} was given."
        )
    return rows


ParametersType = TypeVar("ParametersType", bound=ParametersBase)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(parameter,))
def parameters(cls: type[ParametersType]) -> type[ParametersType]:
    """Return a frozen, validated dataclass from a class whose fields are made by `parameter`."""
    made = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    made.declarations = {
        field.name: Declaration(name=field.name, default=field.default, **field.metadata)
        for field in dataclasses.fields(made)  # type: ignore[arg-type]
    }
    kinds = {bool: "i8", int: "i8", float: "f8"}

    def shape(declaration: Declaration) -> tuple[int, ...]:
        return (made.CAPACITY,) * (declaration.per_power + 2 * declaration.per_pair)

    made.dtype = np.dtype(
        (
            np.record,
            [
                (name, kinds[declaration.type], shape(declaration))
                for name, declaration in made.declarations.items()
            ],
        )
    )
    return made


def column_names(declarations: Iterable[Declaration], powers: int) -> list[str]:
    """Return the names of observed parameters' columns, one per power for per-power values."""
    names = []
    for declaration in declarations:
        if declaration.per_power:
            names += [f"{declaration.name}_{power}" for power in range(powers)]
        else:
            names.append(declaration.name)
    return names


def column_values(
    declarations: Iterable[Declaration], records: NDArray[Any], powers: int
) -> NDArray[np.float32]:
    """Return the values in observed parameters' columns, shape [records, columns]."""
    columns = [
        records[each.name][:, :powers] if each.per_power else records[each.name][:, None]
        for each in declarations
    ]
    if not columns:
        return np.zeros((len(records), 0), np.float32)
    return np.concatenate(columns, axis=1).astype(np.float32)
