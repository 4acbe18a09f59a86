"""What commands print: tables for people, JSON for programs, and words for values."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from counterpoise.evaluation.progress import TellParts

WIDTH_WITHOUT_WINDOW = 160


def console(*, to_errors: bool = False) -> Console:
    """Return a console for results, or `to_errors` for progress and messages."""
    from rich.console import Console

    made = Console(stderr=to_errors)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        # A file or a pipe has no window whose width the output must fit.
        made = Console(stderr=to_errors, width=WIDTH_WITHOUT_WINDOW)
    return made


@contextlib.contextmanager
def waiting(words: str) -> Iterator[TellParts]:
    """Show `words` while something runs: in the terminal, or elsewhere as a line now and then.

    Yields
    ------
    callable
        Takes the number of parts done and their total, where the work has parts.
    """
    from counterpoise.evaluation.progress import beat

    shown = console(to_errors=True)
    if not shown.is_terminal:
        with beat(shown, words) as tell:
            yield tell
        return
    with shown.status(words) as status:
        yield lambda done, total: status.update(f"{words} {done} of {total}")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int = 1) -> None:
    """Print a table without lines; the first `text_columns` are aligned left, the others right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for k, name in enumerate(head):
        table.add_column(name, justify="left" if k < text_columns else "right")
    for row in rows:
        table.add_row(*row)
    console().print(table, highlight=False)


def print_json(content: Any) -> None:
    """Print JSON; numbers that are not finite become null."""
    typer.echo(json_text(content))


def json_text(content: Any) -> str:
    """Return JSON as text; numbers that are not finite become null."""
    return json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content


def as_text(value: Any) -> str:
    """Return a value as a cell of a table: nothing for None and False, "yes" for True."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(as_text(each) for each in value)
    return str(value)
