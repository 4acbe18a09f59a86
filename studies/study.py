"""What the studies share: their options, the runs they read, and the pages they write."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars

from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.training.runs import Run

RESULTS = Path("docs/results")
PREDICTIONS = RESULTS / "predictions"
GRAND_STRATEGY = RESULTS / "grand_strategy"


def options(
    doc: str | None,
    *,
    run: bool = False,
    group: bool = False,
    worlds: int | None = None,
    agent_steps: int | None = None,
    out: Path | None = None,
) -> argparse.ArgumentParser:
    """Return a parser with a study's docstring as its help, and the options that it shares.

    Parameters
    ----------
    doc : str
        The study's docstring.
    run, group : bool
        Whether the study reads one run, or the runs of all seeds of a population.
    worlds, agent_steps : int, optional
        Default number of worlds, and default training length in agent steps.
    out : path, optional
        Default folder of the study's files.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if run:
        parser.add_argument("run", type=Path, help="folder of a run")
    if group:
        parser.add_argument("group", type=Path, help="folder of all seeds of a population")
    if agent_steps is not None:
        parser.add_argument(
            "--agent-steps", type=int, default=agent_steps, help="length of each training"
        )
    if worlds is not None:
        parser.add_argument("--worlds", type=int, default=worlds, help="number of worlds")
    if out is not None:
        parser.add_argument("--out", type=Path, default=out, help="folder of the results")
    return parser


def runs_of(group: Path) -> list[Run]:
    """Return the runs of a population, one per training seed."""
    return [Run(folder / "run") for folder in sorted(group.glob("seed_*"))]


def allow_small_minibatches() -> None:
    """Silence the warning of Stable-Baselines3 about a last minibatch that is smaller."""
    warnings.filterwarnings("ignore", category=UserWarning, module="stable_baselines3")


def tell(*words: object) -> None:
    """Print progress at once."""
    print(*words, flush=True)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def write_page(path: Path, title: str, *paragraphs: str) -> None:
    """Write a page: a title, then paragraphs and tables in Markdown."""
    write_text_atomically(path, "\n\n".join([f"# {title}", *paragraphs]) + "\n")


def write_rows(path: Path, rows: polars.DataFrame) -> None:
    """Write a study's rows as Parquet."""
    write_atomically(path, rows.write_parquet)
