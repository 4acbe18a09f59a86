"""The command that tests predictions of the literature on learned populations."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from counterpoise.cli.options import (
    AsJson,
    IsQuick,
    Processes,
    command_given,
    process_count,
    read_seconds,
)
from counterpoise.cli.printing import console, print_json, waiting
from counterpoise.envs.engine.errors import CounterpoiseError


def predict(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[P2 P3 … | FILE.toml …]",
            help="Predictions, or TOML files of your own. Default: all that the package contains.",
        ),
    ] = None,
    design: Annotated[
        str,
        typer.Option(
            help="amortised: one population for all levels; separate: one population per level."
        ),
    ] = "amortised",
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Number of training seeds. Default: 8, or 2 with --quick."),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="local: processes of this machine; ray: a Ray cluster.")
    ] = "local",
    address: Annotated[
        str,
        typer.Option(help="Address of a Ray cluster, or auto. Default: start a cluster here."),
    ] = "",
    budget: Annotated[
        str | None,
        typer.Option(metavar="2h", help="Shorten the trainings to finish within this time."),
    ] = None,
    quick: IsQuick = False,
    solved_seeds: Annotated[
        int | None,
        typer.Option(
            min=0, help="Number of training seeds per solved game that a prediction is about."
        ),
    ] = None,
    read: Annotated[
        bool, typer.Option("--read", help="Show the results so far without training.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Folder. Default: runs/predictions, with --quick its folder quick."
        ),
    ] = None,
    as_json: AsJson = False,
    processes: Processes = None,
) -> None:
    """Test predictions of the literature on learned populations, and give verdicts.

    Predictions are registered before the first training; with --quick, verdicts
    are withheld. Writes Parquet tables, figures, scorecard.md and index.html.
    If the command was stopped, give it again: it continues where it was.

      counterpoise predict
      counterpoise predict --quick
      counterpoise predict P2 P3 --budget 2h
      counterpoise predict my_theory.toml --seeds 10 --out runs/my_theory
      counterpoise predict united_states china india europe --out runs/cases
      counterpoise predict P2 --design separate
      counterpoise predict --engine ray --address auto
    """
    from counterpoise.display import scorecard as scorecards
    from counterpoise.display.cases import write_courses
    from counterpoise.evaluation.predictions import verdicts as predicting
    from counterpoise.evaluation.predictions.estimation import FEWEST_SEEDS
    from counterpoise.evaluation.predictions.plan import (
        AMORTISED,
        DESIGNS,
        PLAN,
        make_plan,
        register,
        steps_registered,
    )
    from counterpoise.evaluation.predictions.replication import Effort

    folder = out or Path("runs/predictions") / ("quick" if quick else "")
    asked = seeds or (predicting.QUICK_SEEDS if quick else FEWEST_SEEDS)
    games = (
        solved_seeds if solved_seeds is not None else (1 if quick else predicting.SMALL_GAME_SEEDS)
    )
    count = process_count(processes)
    effort = predicting.QUICK_EFFORT if quick else Effort()
    options: dict[str, Any] = {
        "design": design, "seeds": asked, "is_quick": quick,
        "changes": predicting.QUICK if quick else None,
    }  # fmt: skip
    plan = make_plan(what or (), **options)
    names = [each.name for each in plan.predictions]
    if budget is not None:
        steps = steps_registered(folder / design)
        if not steps:
            with waiting("Measuring the training speed of this machine …"):
                steps = predicting.steps_within(
                    read_seconds(budget), plan, processes=count, effort=effort, small_seeds=games
                )
        plan = make_plan(what or (), agent_steps=steps, **options)
    if read and not (folder / design / PLAN).is_file():
        raise CounterpoiseError(f"Nothing is registered in {folder / design}: nothing to read.")
    plan = register(plan, folder / design)
    if read:
        found = predicting.read(plan, folder, only=names, small_seeds=games)
    else:
        found = predicting.carry_out(
            plan, folder, only=names, effort=effort, small_seeds=games, engine=engine,
            address=address, processes=count, console=console(to_errors=True),
        )  # fmt: skip
    (another,) = (each for each in DESIGNS if each != design)
    other = None
    if (folder / another / PLAN).is_file():
        other = predicting.read(
            register(make_plan(what or (), **{**options, "design": another}), folder / another),
            folder, only=names, small_seeds=0,
        )  # fmt: skip
    if design == AMORTISED:
        write_courses(found.plan, folder, folder / design / scorecards.FIGURES)
    written = scorecards.write(found, folder / design, command=_command(what), other=other)
    if as_json:
        print_json(
            {"verdicts": found.verdicts().to_dicts(), "findings": found.estimates().to_dicts()}
        )
    else:
        scorecards.print_scorecard(console(), found)
        typer.echo(written[-1])


def _command(what: list[str] | None) -> str:
    """Return the command that makes the scorecard, as it was given on this command line."""
    given = sys.argv[1:]
    if given[:1] != ["predict"]:
        given = ["predict", *(what or [])]
    return command_given(given, without=("--json", "--read"))
