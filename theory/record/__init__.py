"""The record of the major powers: moments that the full game is compared with, as data.

``moments.toml`` says what each moment is and where it comes from; ``figures.toml`` holds the values
that ``python studies/record.py`` computes from a reader's own copy of the data, with the sampling
error of a bootstrap over blocks of ten years. The project contains these figures and not the data,
which belong to their authors; `counterpoise.theory.record.sources` reads a reader's copy.

The comparison is one of orders of magnitude, not a causal estimate.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name
from counterpoise.theory.metrics import METRICS

FOLDER = Path(__file__).resolve().parent
MOMENTS_FILE, FIGURES_FILE = FOLDER / "moments.toml", FOLDER / "figures.toml"

PERIODS: Mapping[str, tuple[int, int]] = {"until_1945": (1816, 1945), "until_2010": (1816, 2010)}
"""First and last year of each period."""


@dataclasses.dataclass(frozen=True)
class Figure:
    """The value of a moment in one period.

    Attributes
    ----------
    value : float
    error : float, optional
        Bootstrap standard error; None where the value is quoted from a source.
    low, high : float
        Ends of the 95 % bootstrap interval; of a quoted value, the value plus and minus the stated
        tolerance.
    """

    value: float
    error: float | None
    low: float
    high: float

    def accepts(self, value: float) -> bool:
        """Return whether a value lies within the sampling error or the stated tolerance."""
        return self.low <= value <= self.high


@dataclasses.dataclass(frozen=True)
class Moment:
    """One moment of the record.

    Attributes
    ----------
    name : str
    counterpart : str
        The metric of the full game that it is compared with.
    unit, definition, source : str
    caution : str
        What a reader must know to interpret the comparison.
    from_memory : bool
        Whether the value was quoted from memory: check it against the source before citing it.
    count, over : str
        Columns of the yearly table whose sums are divided; empty for a quoted value.
    figures : mapping of str to Figure
        By period; a period that the source does not cover is absent.
    """

    name: str
    counterpart: str
    unit: str
    definition: str
    source: str
    caution: str
    from_memory: bool
    count: str
    over: str
    figures: Mapping[str, Figure]

    @property
    def is_computed(self) -> bool:
        """Whether the value was computed from data, with a sampling error."""
        return bool(self.over)

    @property
    def figure(self) -> Figure:
        """The figure that conduct is compared with: until 1945 where the source covers it."""
        return next(self.figures[period] for period in PERIODS if period in self.figures)

    @property
    def period(self) -> str:
        """The period of `figure`, as in 1816-1945."""
        first, last = next(PERIODS[period] for period in PERIODS if period in self.figures)
        return f"{first}-{last}"


def moments() -> dict[str, Moment]:
    """Return the moments of the record by name.

    Examples
    --------
    >>> round(moments()["demand_rate"].figure.value, 3)
    0.106
    """
    return read(MOMENTS_FILE, FIGURES_FILE)


def counterparts() -> dict[str, Moment]:
    """Return the moment that each metric of the full game is compared with first, by metric."""
    found: dict[str, Moment] = {}
    for moment in moments().values():
        found.setdefault(moment.counterpart, moment)
    return found


def read(declared: Path, computed: Path) -> dict[str, Moment]:
    """Read moments from the file that declares them and the file of computed figures.

    Raises
    ------
    UnknownNameError
        If a moment has an unknown key, or a counterpart that is not a declared metric.
    CounterpoiseError
        If something is missing; the message says where and what.
    """
    figures = tomllib.loads(computed.read_text(encoding="utf-8")) if computed.is_file() else {}
    made: dict[str, Moment] = {}
    for values in tomllib.loads(declared.read_text(encoding="utf-8"))["moments"]:
        moment = _moment(values, figures, declared.name)
        made[moment.name] = moment
    return made


def _moment(values: Mapping[str, Any], figures: Mapping[str, Any], where: str) -> Moment:
    texts = [field.name for field in dataclasses.fields(Moment) if field.name != "figures"]
    for key in values:
        if key not in (*texts, *PERIODS):
            raise unknown_name(f"key in {where}", key, (*texts, *PERIODS))
    for key in ("name", "counterpart", "unit", "definition", "source"):
        if not values.get(key):
            raise CounterpoiseError(f"{where}, {values.get('name', 'a moment')}: {key} is missing.")
    name = str(values["name"])
    if values["counterpart"] not in METRICS:
        raise unknown_name(f"metric in {where}, {name}", values["counterpart"], METRICS)
    if "over" in values:
        found = {period: Figure(**figures[name][period]) for period in PERIODS if name in figures}
    else:
        found = {period: _quoted(values[period]) for period in PERIODS if period in values}
        if not found:
            raise CounterpoiseError(
                f"{where}, {name}: give {' or '.join(PERIODS)} as {{ value, tolerance }}, or the "
                "columns count and over from which it is computed."
            )
    return Moment(
        name=name,
        figures=found,
        **{key: values.get(key, "") for key in texts if key not in ("name", "from_memory")},
        from_memory=bool(values.get("from_memory", False)),
    )


def _quoted(values: Mapping[str, float]) -> Figure:
    value, tolerance = float(values["value"]), float(values["tolerance"])
    return Figure(value, None, max(0.0, value - tolerance), value + tolerance)
