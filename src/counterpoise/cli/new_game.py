"""The command that writes the files of a new game."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new_game(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Name of the game: lower-case letters, digits, _."),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the files. Default: the current one.")
    ] = Path(),
) -> None:
    """Write the files of a new game: rules, theory, doctrines, training, test and page.

    The game passes the conformance suite as written. Replace its rules step by step.

      counterpoise new-game common_good
      counterpoise new-game common_good --out games
    """
    from counterpoise.scaffold import write_game

    for path in write_game(name, out):
        typer.echo(path)
