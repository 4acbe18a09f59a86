"""How numbers, units and names are written, on every page, in every table and every figure."""

from __future__ import annotations

import math

ABSENT = "–"
MINUS = "−"


def number(value: float | None, *, digits: int = 3, signed: bool = False) -> str:
    """Return a number to a number of significant digits; a dash if it is missing or not finite."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if value == 0.0:
        return "0"
    size = abs(value)
    sign = MINUS if value < 0 else "+" if signed else ""
    if size < 1e-4 or size >= 1e6:
        mantissa, exponent = f"{size:.{digits - 2}e}".split("e")
        return f"{sign}{mantissa}e{int(exponent)}".replace("e-", f"e{MINUS}")
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return f"{sign}{size:.{decimals}f}"


def with_interval(
    mean: float | None, low: float | None, high: float | None, digits: int = 3
) -> str:
    """Return a mean and, where it is known, its interval in brackets."""
    shown, *ends = (number(value, digits=digits) for value in (mean, low, high))
    is_point = low is None or high is None or ends == [shown, shown]
    return shown if is_point else f"{shown} [{ends[0]}, {ends[1]}]"


def decimal(value: float, decimals: int = 2) -> str:
    """Return a number to a fixed number of decimals, for columns that are compared."""
    return f"{value:.{decimals}f}".replace("-", MINUS)


def with_error(value: float, error: float, decimals: int = 2) -> str:
    """Return a number and, in brackets, its standard error, to the same decimals."""
    return f"{decimal(value, decimals)} ({decimal(error, decimals)})"


def plain(value: float, digits: int = 6) -> str:
    """Return a number without trailing zeros, to at most a number of significant digits."""
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    shown = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return shown.replace("-", MINUS)


def percent(share: float, decimals: int = 1) -> str:
    """Return a share in percent."""
    return f"{decimal(100.0 * share, decimals)} %"


def plain_percent(share: float) -> str:
    """Return a share in percent without trailing zeros, such as a target's."""
    return f"{plain(100.0 * share)} %"


def count(value: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{value:,.0f}"


def millions(value: float) -> str:
    """Return a large count in millions."""
    return f"{value / 1e6:.1f} M"


def duration(seconds: float) -> str:
    """Return a time in seconds or, from a minute on, in minutes."""
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.1f} min"


def counted(value: int, one: str, several: str = "") -> str:
    """Return a count with its noun: "1 seed", "3 seeds"."""
    return f"{value} {one}" if value == 1 else f"{value} {several or one + 's'}"


# -- units and names -------------------------------------------------------------------------------


def displayed(unit: str) -> tuple[float, str]:
    """Return the factor by which a quantity is multiplied to be shown, and its unit then."""
    if unit.startswith("of GDP"):
        return 100.0, "% " + unit
    return 1.0, "" if unit == "1" else unit


def in_words(name: str) -> str:
    """Return an identifier as words: `share_by_year` as "share by year"."""
    return name.replace("_", " ")


def axis_label(name: str, unit: str = "1") -> str:
    """Return what is written at an axis: a quantity in words, with its unit in brackets."""
    return in_words(name) + ("" if unit in ("", "1") else f" ({unit})")
