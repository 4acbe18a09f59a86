"""The command that seats people at a game, on a page in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterpoise.cli.options import Changes, ScenarioName, read_settings
from counterpoise.envs.engine.errors import CounterpoiseError


def play(
    game: Annotated[
        str | None, typer.Argument(metavar="GAME", help="Name of a game. Omit with --resume.")
    ] = None,
    seats: Annotated[
        list[str] | None,
        typer.Option(
            "--as", metavar="POWER", help="Power that you play. Repeat for several people."
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STRATEGY",
            help="Strategy of the other powers: once for all, or once for each, in order. Default: "
            "the game's doctrines in turn.",
        ),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(metavar="STRATEGY", help="Strategy to compare your score with at the end."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the game. Default: drawn at random.")
    ] = None,
    settings: Changes = None,
    scenario: ScenarioName = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder of the game. Default: a new one in runs/games."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Resume the game in this folder.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of the page. Default: one that is free.")
    ] = 0,
    is_opened: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Play a power yourself, on a page that only this machine can open.

    The game is saved every year. Two people play two powers on two pages.

      counterpoise play grand_strategy --scenario india --as india --against threat_balancer
      counterpoise play grand_strategy --scenario india --as india --as china --against hedger
      counterpoise play grand_strategy --against runs/grand/seed_0 --beside hawk
      counterpoise play --resume runs/games/india-20260101-120000-5f3a
    """
    from counterpoise.human.play import play as seat_people

    if resume is not None:
        if game or seats or against or beside or settings or scenario or out or seed is not None:
            raise CounterpoiseError(
                f"{resume} is resumed with the options that it was started with: give only "
                "--resume."
            )
        seat_people(resume, port=port, open_browser=is_opened)
        return
    if game is None:
        raise CounterpoiseError("Name a game: counterpoise play grand_strategy --as power_0.")
    seat_people(
        game,
        scenario=scenario,
        parameters=read_settings(settings),
        power=seats or 0,
        against=against or (),
        beside=beside or (),
        seed=seed,
        folder=out,
        port=port,
        open_browser=is_opened,
    )
