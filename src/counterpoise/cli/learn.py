"""Commands that train: one game, a curve over a parameter, every solved game, the demonstration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterpoise.cli.options import (
    AsJson,
    Changes,
    GameName,
    IsQuick,
    Processes,
    ScenarioName,
    command_given,
    process_count,
    read_settings,
)
from counterpoise.cli.printing import console, print_json, print_table
from counterpoise.envs.engine.errors import CounterpoiseError, Interrupted

if TYPE_CHECKING:
    from counterpoise.evaluation.trainings import Training
    from counterpoise.training.configuration import Configuration


def train(
    what: Annotated[
        str,
        typer.Argument(
            metavar="TRAINING",
            help="Training configuration, game, TOML file, or folder of a run to --resume.",
        ),
    ],
    seed: Annotated[int, typer.Option(min=0, help="First training seed.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Number of training seeds.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the runs. Default: runs/TRAINING."),
    ] = None,
    settings: Changes = None,
    scenario: ScenarioName = None,
    agent_steps: Annotated[
        int | None,
        typer.Option(min=1, help="Training length in agent steps (decisions of single powers)."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume runs that were stopped.")
    ] = False,
    device: Annotated[
        str, typer.Option(help="auto, cpu or cuda. auto uses a GPU if there is one.")
    ] = "auto",
    processes: Processes = None,
) -> None:
    """Train the powers of a game, all at the same time, each on its own reward.

    Each seed is a run: a folder OUT/seed_N to resume, compare and watch.

      counterpoise train burden_sharing
      counterpoise train arms_race --seeds 3 --out runs/fear --set fear=0.9
      counterpoise train my_training.toml --agent-steps 500000
      counterpoise train runs/fear/seed_0 --resume
    """
    from counterpoise.evaluation.trainings import Training, train_all

    if (Path(what) / "config.toml").is_file():
        trainings = [_training_to_resume(Path(what), resume, [seed, out, settings, scenario])]
        if agent_steps is not None or seeds != 1:
            raise CounterpoiseError(_RESUMED_UNCHANGED.format(what))
    else:
        configuration = configuration_asked(what, settings, scenario, agent_steps)
        folder = out or Path("runs") / configuration.name.replace(" ", "_").replace("/", "_")
        trainings = [
            Training(configuration, folder / f"seed_{each}", each, resume)
            for each in range(seed, seed + seeds)
        ]
    _refuse_what_is_there(trainings)
    try:
        train_all(
            trainings,
            processes=process_count(processes),
            device=device,
            console=console(to_errors=True),
        )
    except KeyboardInterrupt:
        again = command_given(sys.argv[1:], without=("--resume",)) + " --resume"
        raise Interrupted(
            f"Stopped. The runs are usable as they are. Resume with: {again}"
        ) from None
    for training in trainings:
        typer.echo(training.folder)


_RESUMED_UNCHANGED = "{} is a run: it is resumed with the options that it was started with."


def configuration_asked(
    what: str, settings: list[str] | None, scenario: str | None, agent_steps: int | None
) -> Configuration:
    """Return the training that was asked for: a shipped one, a file's, or a game's default."""
    from counterpoise.envs.engine.registration import game_names
    from counterpoise.training.configuration import Configuration, load, shipped

    if what in game_names() and what not in shipped():
        configuration = Configuration(name=what, game=what)
    else:
        configuration = load(what)
    changes: dict[str, Any] = {}
    if scenario is not None:
        changes |= {"scenario": scenario, "name": Path(scenario).stem}
    if agent_steps is not None:
        changes["agent_steps"] = agent_steps
    configuration = configuration.replace(**changes)
    set_values = read_settings(settings)
    if not set_values:
        return configuration
    for name in set_values:
        if name in configuration.judged_parameters or name in configuration.varied:
            raise CounterpoiseError(
                f"--set {name}: the training {what} sets {name} itself, with different values for "
                "training and for evaluation. Copy its TOML file, change it there and train that."
            )
    words = " ".join(setting.replace(" ", "") for setting in settings or [])
    return configuration.replace(
        parameters={**configuration.parameters, **set_values},
        name=f"{configuration.name} {words}",
    )


def _training_to_resume(folder: Path, resume: bool, others: list[Any]) -> Training:
    from counterpoise.evaluation.trainings import Training
    from counterpoise.training.runs import Run

    run = Run(folder)
    if not resume:
        raise CounterpoiseError(f"{folder} is a run: resume it with --resume.")
    if any(others):
        raise CounterpoiseError(_RESUMED_UNCHANGED.format(folder))
    return Training(run.configuration, folder, run.seed, resume=True)


def _refuse_what_is_there(trainings: list[Training]) -> None:
    """Refuse a folder that is taken before training starts, not minutes later."""
    for training in trainings:
        if not training.resume and (training.folder / "config.toml").exists():
            raise CounterpoiseError(
                f"{training.folder} holds a run already: resume it with --resume, or choose "
                "another folder with --out."
            )


def curve(
    game: GameName,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LOW:HIGH:POINTS",
            help="Parameter on the horizontal axis and its values. NAME=1,2,3 lists values; + "
            "joins parameters that move together. Default: the curves of the game's theory.",
        ),
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(help="Outcome on the vertical axis. Repeat for several."),
    ] = None,
    separate: Annotated[
        bool,
        typer.Option("--separate", help="Train once per value instead of once for all values."),
    ] = False,
    configuration: Annotated[
        str | None, typer.Option(help="Training configuration. Default: the game's own.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of training seeds.")] = 3,
    quick: IsQuick = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder. Default: runs/curves/GAME.")
    ] = None,
    as_json: AsJson = False,
    processes: Processes = None,
) -> None:
    """Learn how outcomes change with a parameter, and draw the learned and the solved curve.

    If the command was stopped, give it again: it continues where it was.

      counterpoise curve shifting_power
      counterpoise curve arms_or_allies --vary reliability=0:1:11
      counterpoise curve burden_sharing --vary private_weight=0:0.04:5+deterrence_weight=0.04:0:5
      counterpoise curve arms_race --vary grievance=0.5,1,2 --separate
    """
    from counterpoise.display import curves as shown
    from counterpoise.evaluation.equilibrium.curves import (
        learn_curve,
        read_vary,
        shipped_curves,
        task_of,
    )

    asked: list[tuple[Any, Any]] = [(None, read_vary(each)) for each in vary or []]
    asked = asked or [(each, None) for each in shipped_curves(game)]
    options: dict[str, Any] = {
        "outcomes": outcome, "configuration": configuration, "is_separate": separate,
        "is_quick": quick,
    }  # fmt: skip
    tasks = [task_of(game, each, values, **options) for each, values in asked]
    folder = out or Path("runs") / "curves" / game
    found = []
    for task in tasks:
        where = folder / task.name
        learned = learn_curve(
            task,
            where,
            seeds=seeds,
            processes=process_count(processes),
            console=console(to_errors=True),
        )
        figure = shown.write(learned, where)
        found += [{"curve": task.name, **row} for row in learned.summary().to_dicts()]
        if not as_json:
            console().print(f"[bold]{task.title}[/]")
            head, rows = shown.rows_in_words(learned)
            print_table(head, rows, text_columns=2)
            typer.echo(figure)
    if as_json:
        print_json(found)


def benchmark(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for runs, results and tables.")
    ] = Path("runs/benchmark"),
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Number of training seeds per game. Default: 5.")
    ] = None,
    games: Annotated[
        list[str] | None,
        typer.Option("--game", metavar="GAME", help="Only this game. Repeat for several."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Train for a tenth of the time, two seeds, no verdicts."),
    ] = False,
    as_json: AsJson = False,
    processes: Processes = None,
) -> None:
    """Train on every solved game and compare with theory.

    Writes results.parquet, one row per game, seed and power, and table.md.
    A game that misses its target is marked in the table; the exit code is 0.
    If the command was stopped, give it again: it continues where it was.

      counterpoise benchmark
      counterpoise benchmark --game arms_race --game pledge --seeds 3
      counterpoise benchmark --quick --out /tmp/benchmark
    """
    from counterpoise.display.tables import print_benchmark, write_benchmark
    from counterpoise.evaluation.equilibrium.benchmark import run_benchmark

    results = run_benchmark(
        out,
        games=games,
        seeds=seeds or (2 if quick else 5),
        is_quick=quick,
        processes=process_count(processes),
        console=console(to_errors=True),
    )
    page = write_benchmark(results, out)
    if as_json:
        print_json([{**row, **_intervals_apart(row)} for row in results.summary()])
    else:
        print_benchmark(console(), results)
        typer.echo(page)


def _intervals_apart(row: dict[str, Any]) -> dict[str, Any]:
    import dataclasses

    return {
        name: dataclasses.asdict(value)
        for name, value in row.items()
        if dataclasses.is_dataclass(value) and not isinstance(value, type)
    }


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for runs and report.")] = Path(
        "runs/demo"
    ),
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of training seeds per configuration.")
    ] = 3,
    quick: IsQuick = False,
    reuse: Annotated[
        bool, typer.Option("--reuse", help="Keep finished runs of an earlier demo.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option(help="Also write one PNG with a figure per game.")
    ] = None,
    processes: Processes = None,
) -> None:
    """Train on three games, compare with theory, print a table and write a report.

    Unfinished runs of an earlier demo are resumed.
    Finished ones are replaced unless --reuse is given.

      counterpoise demo
      counterpoise demo --quick --out /tmp/demo
      counterpoise demo --reuse --picture demo.png
    """
    from counterpoise.cli.demonstration import demonstrate

    demonstrate(
        out,
        console=console(),
        seeds=seeds,
        processes=process_count(processes),
        is_quick=quick,
        reuse=reuse,
        picture=picture,
    )
