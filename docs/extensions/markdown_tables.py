"""Tables in Markdown: written, and read from pages."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table on a page: its place and its cells.

    Attributes
    ----------
    first, end : int
        Numbers of its first line and of the line after its last.
    section : str
        Heading above it.
    """

    first: int
    end: int
    section: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of(text: str) -> list[Table]:
    """Return every table of a page, outside blocks of code."""
    found: list[Table] = []
    lines, section, is_code, at = text.splitlines(), "", False, 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code and line.startswith("#"):
            section = line.lstrip("# ").strip()
        elif not is_code and line.startswith("|"):
            first = at
            while at < len(lines) and lines[at].startswith("|"):
                at += 1
            rows = [_cells(row) for row in lines[first:at]]
            found.append(Table(first, at, section, rows[0], tuple(rows[2:])))
            continue
        at += 1
    return found


def _cells(line: str) -> tuple[str, ...]:
    parts = re.split(r"(?<!\\)\|", line.strip())[1:-1]
    return tuple(part.strip().replace(r"\|", "|") for part in parts)


def _names_in(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def column(found: Table | None, *heads: str) -> dict[str, str]:
    """Return the cells of one column of a hand-written table, by the names in their rows."""
    if found is None:
        return {}
    place = next((k for k, head in enumerate(found.head) if head in heads), None)
    names = next(
        (k for k, head in enumerate(found.head) if head in ("parameter", "name", "feature")), 0
    )
    said: dict[str, str] = {}
    for row in found.rows if place is not None else ():
        known = _names_in(row[names])
        value = row[place].replace("*seen*", "").strip()
        # One row for several names gives their symbols in the same order.
        parts = [part.strip() for part in value.strip("$").split(",")]
        if len(known) > 1 and len(parts) == len(known):
            dollar = "$" if value.startswith("$") else ""
            said |= {
                name: f"{dollar}{part}{dollar}" for name, part in zip(known, parts, strict=True)
            }
        else:
            said |= {name: value for name in known}
    return said


def shown(value: Any) -> str:
    """Return a value as a page shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}".replace("-", "−")
    if isinstance(value, tuple | list):
        return ", ".join(shown(each) for each in value)
    return str(value)


def first_line(what: Any) -> str:
    """Return the first paragraph of a docstring on one line."""
    return (inspect.getdoc(what) or "").split("\n\n")[0].replace("\n", " ")
