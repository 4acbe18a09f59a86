"""Commands that table conduct: of a population, and over draws of the rules' parameters."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from counterpoise.cli.options import Changes, ScenarioName, command_given, read_settings
from counterpoise.cli.printing import console, json_text, print_json, waiting
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
