"""Commands that table conduct: of a population, and over draws of the rules' parameters."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from counterpoise.cli.options import (
    Changes,
    Processes,
    ScenarioName,
    command_given,
    process_count,
    read_settings,
)
from counterpoise.cli.printing import console, json_text, print_json, waiting
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_text_atomically

TO_TERMINAL = Path("-")

JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Write JSON to this file; - prints it.")
]


def conduct(
    who: Annotated[
        list[str],
        typer.Argument(
            metavar="POLICY…",
            help="Folders of runs (the seeds of one training), a policy of the zoo, or strategies "
            "by name: one for all powers, or one for each.",
        ),
    ],
    scenario: ScenarioName = None,
    settings: Changes = None,
    game: Annotated[
        str, typer.Option("--game", help="Game of strategies given by name.")
    ] = "grand_strategy",
    worlds: Annotated[int, typer.Option(min=2, help="Number of worlds.")] = 1_000,
    fixed_worlds: Annotated[
        int,
        typer.Option(
            min=0, help="Number of worlds in which each option is held in turn. 0 leaves this out."
        ),
    ] = 100,
    power: Annotated[int, typer.Option(min=0, help="Seat of the power that holds options.")] = 0,
    stake: Annotated[
        float | None,
        typer.Option(min=0.0, help="Stake in units of payoff, for instance from `exploit`."),
    ] = None,
    stake_steps: Annotated[
        int,
        typer.Option(
            min=0,
            help="Compute the stake by training a best response to random play, this many agent "
            "steps long.",
        ),
    ] = 0,
    treatments: Annotated[
        bool,
        typer.Option(
            "--treatments",
            help="Also find how often each option is the likeliest at any level of the registered "
            "treatments.",
        ),
    ] = False,
    json_file: JsonFile = None,
    figure: Annotated[Path | None, typer.Option(help="Also draw the figure, as PNG.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for conduct.md, tables and figure.")
    ] = None,
) -> None:
    """Table what a population does: options, moments beside the record, and options held fixed.

    For each option of each choice: the share of decisions in which it is open, taken and the
    likeliest, by size of power, and what one power gains by always taking it. For several seeds:
    means, and standard deviations between seeds.

      counterpoise conduct runs/grand_strategy
      counterpoise conduct runs/great_powers/seed_0 --scenario europe --figure conduct.png
      counterpoise conduct threat_balancer --set offence=1.5 --fixed-worlds 0
    """
    from counterpoise.display import conduct as pages
    from counterpoise.display.figures import write_png
    from counterpoise.evaluation.populations import conduct as judging

    asked = judging.populations(who, game=game, scenario=scenario, changes=read_settings(settings))
    if stake_steps:
        with waiting("Training a best response to random play …"):
            stake = judging.stake_of(asked[0], power=power, agent_steps=stake_steps)
    found, tried = [], []
    for number, population in enumerate(asked, start=1):
        with waiting(f"Playing {population.name} ({number} of {len(asked)}) …"):
            found.append(
                judging.conduct(
                    population, worlds=worlds, fixed_worlds=fixed_worlds, power=power, stake=stake
                )
            )
            if treatments:
                tried.append(judging.most_likeliest(population, worlds=worlds))
    summary = judging.summarised(found, tried)
    if figure is not None:
        write_png(pages.draw(summary), figure)
    written = [] if out is None else pages.write_conduct(summary, out, _command("conduct", *who))
    _tell_json(pages.as_data(summary), json_file)
    if json_file == TO_TERMINAL:
        return
    pages.print_conduct(console(), summary)
    for path in written:
        typer.echo(path)


def _tell_json(data: Any, where: Path | None) -> None:
    """Print data as JSON, or write it to a file."""
    if where == TO_TERMINAL:
        print_json(data)
    elif where is not None:
        write_text_atomically(where, json_text(data) + "\n")


def _command(name: str, *arguments: object) -> str:
    """Return the command as it was given on this command line, or with its arguments alone."""
    given = sys.argv[1:]
    return command_given(given if given[:1] == [name] else [name, *map(str, arguments)])


def calibrate(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="CONFIG|RUN…",
            help="Name or path of a training configuration, which is trained first, or folders of "
            "its runs.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder of the draws. A stopped run continues.")
    ] = Path("runs/calibration"),
    page: Annotated[
        Path | None,
        typer.Option(help="Folder for calibration.md, tables and figures. Default: that of --out."),
    ] = None,
    draws: Annotated[int, typer.Option(min=20, help="Number of draws of the parameters.")] = 512,
    worlds: Annotated[int, typer.Option(min=1, help="Number of worlds per draw and seed.")] = 40,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="NAME",
            help="Parameter to draw. Repeat for several. Default: all that are drawn in training "
            "and observed.",
        ),
    ] = None,
    settings: Changes = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option(
            "--hold-out",
            metavar="MOMENT",
            help="Moment that the set is not chosen by. Repeat for several. Default: fought_rate "
            "and tribute_share.",
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MOMENT=LOW,HIGH",
            help="Accept these values of a moment instead of the record's. Repeat for several.",
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of training seeds of a configuration.")
    ] = 1,
    json_file: JsonFile = None,
    processes: Processes = None,
) -> None:
    """Find the rules' parameters at which learned conduct agrees with the record.

    Plays one population, trained over ranges of parameters that it observes, at draws from these
    ranges. Reports the eligible set: the draws at which every moment lies within the record's
    sampling error or stated tolerance. Chooses the default in it by least change, and tables which
    parameter moves which moment. Needs pip install 'counterpoise[calibrate]'.

      counterpoise calibrate runs/grand_strategy --draws 1024
      counterpoise calibrate grand_strategy --seeds 2 --page docs/results/calibration
      counterpoise calibrate runs/grand_strategy --accept demand_rate=0.05,0.3
    """
    from counterpoise.display import calibration as pages
    from counterpoise.evaluation.populations import calibration as calibrating

    told = console(to_errors=True)
    workers = process_count(processes)
    runs = [Path(each) for each in what]
    if not all(each.is_dir() for each in runs):
        runs = _trained(what, out / "training", seeds, workers)
    plan = calibrating.make_plan(
        runs, draws=draws, worlds=worlds, parameters=parameters, changes=read_settings(settings)
    )
    found = calibrating.calibrate(
        plan,
        out,
        held_out=calibrating.HELD_OUT if held_out is None else held_out,
        accept=dict(map(_band, accept or ())),
        processes=workers,
        console=told,
    )
    with waiting("Splitting the variance of each moment …"):
        sensitivity = found.sensitivity()
    written = pages.write_calibration(found, sensitivity, page or out, _command("calibrate", *what))
    _tell_json(pages.as_data(found, sensitivity), json_file)
    if json_file == TO_TERMINAL:
        return
    pages.print_calibration(console(), found, sensitivity)
    for path in written:
        typer.echo(path)


def _trained(what: list[str], folder: Path, seeds: int, processes: int) -> list[Path]:
    """Train every seed of one configuration that is not trained yet, and return their folders."""
    from counterpoise.evaluation.trainings import Training, train_all
    from counterpoise.training.configuration import load
    from counterpoise.training.runs import CONFIGURATION, Run

    if len(what) > 1:
        raise CounterpoiseError(
            "Give one training configuration, or folders of runs that exist: "
            + ", ".join(each for each in what if not Path(each).is_dir())
            + "."
        )
    configuration = load(what[0])
    folders = [folder / configuration.name / f"seed_{seed}" for seed in range(seeds)]
    begun = [(each / CONFIGURATION).is_file() for each in folders]
    todo = [
        Training(configuration, each, seed, resume=has_begun)
        for seed, (each, has_begun) in enumerate(zip(folders, begun, strict=True))
        if not (has_begun and Run(each).is_finished)
    ]
    train_all(todo, processes=processes, console=console(to_errors=True))
    return folders


def _band(text: str) -> tuple[str, tuple[float, float]]:
    """Return a moment and its accepted values from ``name=low,high``."""
    name, _, ends = text.partition("=")
    try:
        low, high = (float(each) for each in ends.split(","))
    except ValueError:
        low, high = 1.0, 0.0
    if not low <= high:
        raise CounterpoiseError(
            f"--accept {text}: expected MOMENT=LOW,HIGH, as in --accept demand_rate=0.05,0.3."
        )
    return name.strip(), (low, high)
