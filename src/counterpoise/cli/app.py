"""The command line: ``counterpoise list``, ``describe``, ``solve``, ``train``, ``compare``, …

Exit codes: 0 if all went well, 1 for a mistake that a person can mend (told in one line), 2 for a
wrong option, 3 if ``compare --strict`` finds a target not met, 130 after Ctrl-C.

Everything heavy is imported inside the command that needs it, so that ``--help`` comes at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

import counterpoise
from counterpoise.envs.engine.errors import CounterpoiseError

if TYPE_CHECKING:
    from rich.console import Console

    from counterpoise.envs.engine.game import Continuous, Game
    from counterpoise.envs.engine.parameters import ParametersBase
    from counterpoise.evaluation.playback import Cast
    from counterpoise.training.configuration import Configuration

MISTAKE, NOT_MET, STOPPED = 1, 3, 130

app = typer.Typer(
    name="counterpoise",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

# -- arguments that several commands share ---------------------------------------------------------

GameName = Annotated[str, typer.Argument(metavar="GAME", help="A game, such as arms_race.")]
Runs = Annotated[
    list[Path], typer.Argument(metavar="RUN…", help="Folders of runs, or folders that hold runs.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a parameter; several times for several. One value a power: gdp=100,40,20.",
    ),
]
ScenarioName = Annotated[
    str | None, typer.Option("--scenario", help="A named scenario, or the path of a TOML file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
Processes = Annotated[
    int | None,
    typer.Option(min=1, help="How many worker processes; by default one a core, at most four."),
]


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"counterpoise {counterpoise.__version__}")
        raise typer.Exit


@app.callback()
def _counterpoise(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Games about the balance of power: play them, learn them, hold them against their theory.

    [bold]To begin with[/bold]

      counterpoise demo                              trains, compares, reports
      counterpoise list                              what there is
      counterpoise describe arms_race                what it is made of
      counterpoise solve arms_race --set fear=0.9    what theory says of it
      counterpoise watch arms_race --with tit_for_tat_armer

    [bold]To learn, and to compare with theory[/bold]

      counterpoise train arms_race --seeds 3 --out runs/race
      counterpoise compare runs/race
      counterpoise report runs/race -o report/race.html
    """


# -- looking ---------------------------------------------------------------------------------------


@app.command("list")
def list_everything(as_json: AsJson = False) -> None:
    """List the games, the scenarios and the trainings that come with the package.

    counterpoise list
    counterpoise list --json
    """
    from counterpoise.envs.engine.registration import game, game_names
    from counterpoise.envs.scenarios import scenario, scenario_names
    from counterpoise.training.configuration import load, shipped

    games = [
        {
            "name": each.name,
            "version": each.version,
            "title": each.title,
            "powers": _powers_in_words(each),
            "actions": "choices" if each.is_discrete else "amounts",
            "variants": list(each.variants),
            "source": each.source,
        }
        for each in map(game, game_names())
    ]
    scenarios = [
        {"name": each.name, "game": each.game, "title": each.title}
        for each in map(scenario, scenario_names())
    ]
    trainings = [
        {
            "name": each.name,
            "game": each.game,
            "scenario": each.scenario,
            "policy": each.policy,
            "agent_steps": each.agent_steps,
        }
        for each in map(load, shipped())
    ]
    if as_json:
        _print_json({"games": games, "scenarios": scenarios, "trainings": trainings})
        return
    console = _console()
    for title, rows in (("Games", games), ("Scenarios", scenarios), ("Trainings", trainings)):
        console.print(f"[bold]{title}[/bold]")
        shown = [name for name in rows[0] if name not in ("version", "variants")] if rows else []
        _print_table(shown, [[_as_text(row[name]) for name in shown] for row in rows], words=9)
        console.print()


@app.command()
def describe(game: GameName, scenario: ScenarioName = None, as_json: AsJson = False) -> None:
    """Describe a game: its parameters, what powers see and do, who can play, after whom.

    counterpoise describe burden_sharing
    counterpoise describe grand_strategy --scenario europe
    """
    from counterpoise.agents.named import doctrines
    from counterpoise.envs.engine.registration import game as game_named
    from counterpoise.theory.regret import is_solved

    the_game = game_named(game)
    if scenario is not None:
        _describe_scenario(the_game, scenario, as_json)
        return
    described: dict[str, Any] = {
        "name": the_game.name,
        "version": the_game.version,
        "title": the_game.title,
        "source": the_game.source,
        "phases": list(the_game.phases),
        "parameters": _parameters_described(the_game),
        "observations": [
            {
                "name": feature.name + ("_…" if feature.others else ""),
                "low": feature.low,
                "high": feature.high,
                "unit": feature.unit,
                "meaning": feature.doc,
            }
            for feature in the_game.features
        ],
        "actions": _actions_described(the_game),
        "doctrines": {name: _first_line(kind) for name, kind in doctrines(game).items()},
        "variants": {name: dict(changes) for name, changes in the_game.variants.items()},
    }
    if as_json:
        _print_json(described)
        return
    console = _console()
    console.print(f"[bold]{the_game.name}[/bold] v{the_game.version}: {the_game.title}")
    console.print(f"[dim]{the_game.source}[/dim]")
    if len(the_game.phases) > 1:
        console.print(f"A year has {len(the_game.phases)} phases: {', '.join(the_game.phases)}.")
    for title in ("parameters", "observations", "actions"):
        console.print(f"\n[bold]{title.capitalize()}[/bold]")
        rows = described[title]
        head = list(rows[0])
        _print_table(head, [[_as_text(value) for value in row.values()] for row in rows], words=9)
    if any(row["observed"] for row in described["parameters"]):
        console.print("[dim]Observed parameters follow at the end of an observation.[/dim]")
    console.print(
        "\n[bold]Strategies[/bold] for --with, beside random, equilibrium, constant:VALUE"
    )
    _print_table(["name", "meaning"], list(described["doctrines"].items()), words=2)
    console.print("\n[bold]Variants[/bold] for --variant")
    changed = [
        [name, ", ".join(f"{key}={_as_text(value)}" for key, value in changes.items())]
        for name, changes in described["variants"].items()
    ]
    _print_table(["name", "changes"], changed, words=2)
    if is_solved(the_game.name):
        console.print(f"\nIts theory: counterpoise solve {the_game.name}", highlight=False)


def _describe_scenario(game: Game, name: str, as_json: bool) -> None:
    """Print a scenario: what each power and each pair starts from, and where that is from."""
    from counterpoise.envs.scenarios import scenario as scenario_named

    found = scenario_named(name)
    if found.game != game.name:
        raise CounterpoiseError(f"Scenario {found.name!r} is of {found.game}, not of {game.name}.")
    usual = game.parameters.from_mapping({"powers": found.parameters.powers})
    changed: dict[str, list[str]] = {"plain": [], "per_power": [], "per_pair": []}
    for key, declaration in game.parameters.declarations.items():
        kind = "per_pair" if declaration.per_pair else "plain"
        kind = "per_power" if declaration.per_power else kind
        if getattr(found.parameters, key) != getattr(usual, key):
            changed[kind].append(key)
    values = {key: getattr(found.parameters, key) for each in changed.values() for key in each}
    if as_json:
        observed = {key: column.tolist() for key, column in found.observed.items()}
        _print_json(
            {"name": found.name, "title": found.title, "powers": found.names, "focus": found.focus,
             "parameters": values, "observed": observed, "sources": found.sources,
             "notes": found.notes}
        )  # fmt: skip
        return
    console = _console()
    console.print(f"[bold]{found.name}[/bold]: {found.title}")
    if found.notes:
        console.print(found.notes, highlight=False)
    columns = {key: [_as_text(value) for value in values[key]] for key in changed["per_power"]}
    for key, column in found.observed.items():
        columns[f"observed {key}"] = [_as_text(None if v != v else float(v)) for v in column]
    console.print("\n[bold]Powers[/bold]")
    rows = [[who, *(column[k] for column in columns.values())] for k, who in enumerate(found.names)]
    _print_table(["power", *(key.replace("_", " ") for key in columns)], rows)
    for key in changed["per_pair"]:
        console.print(f"\n[bold]{key.capitalize()}[/bold], of the row towards the column")
        matrix = [
            [who, *("" if k == j else _as_text(values[key][k][j]) for j in range(len(rows)))]
            for k, who in enumerate(found.names)
        ]
        _print_table(["", *found.names], matrix)
    if changed["plain"]:
        console.print("\n[bold]Other parameters that differ from the game's own[/bold]")
        plain = [
            [key, _as_text(values[key]), _as_text(getattr(usual, key))] for key in changed["plain"]
        ]
        _print_table(["parameter", "here", "usually"], plain)
    console.print("\n[bold]Sources[/bold]")
    for source in found.sources:
        console.print(f"- {source}", highlight=False)


@app.command()
def solve(
    game: GameName,
    settings: Settings = None,
    scenario: ScenarioName = None,
    variant: Annotated[
        str | None, typer.Option("--variant", help="A named variant, as `describe` lists them.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the solved curves of the game, as PNG.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Solve a game: what its theory says will happen.

    counterpoise solve arms_race
    counterpoise solve arms_race --set fear=0.9 --set fatigue=4,8
    counterpoise solve burden_sharing --scenario nato_2024
    counterpoise solve burden_sharing --variant pure --json
    counterpoise solve deterrence --picture deterrence.png
    """
    import numpy as np

    from counterpoise.theory.regret import equilibria, theory_of

    parameters, names = _parameters_asked(game, settings, scenario, variant)
    solved, *rest = equilibria(game, parameters)
    if picture is not None:
        from counterpoise.display.figures import write_png
        from counterpoise.evaluation.equilibrium.curves import draw_solved

        write_png(draw_solved(game), picture)
    units = {name: spec.unit for name, spec in theory_of(game).declared.items()}
    outcomes = {name: np.asarray(value) for name, value in solved.outcomes.items()}
    if as_json:
        _print_json(
            {
                "game": game,
                "parameters": {name: getattr(parameters, name) for name in parameters.declarations},
                "powers": names,
                "method": solved.method,
                "is_unique": solved.is_unique,
                "name": solved.name,
                "others": [{"name": each.name, "values": each.values.tolist()} for each in rest],
                "values": solved.values.tolist(),
                "outcomes": {name: value.tolist() for name, value in outcomes.items()},
                "units": units,
            }
        )
        return
    console = _console()
    unique = "the only one" if solved.is_unique else "there may be others"
    name = "equilibrium" if solved.name == "equilibrium" else f"equilibrium “{solved.name}”"
    console.print(f"[bold]{game}[/bold]: {name}, {unique}")
    console.print(f"[dim]{solved.method.rstrip('.')}.[/dim]\n")
    by_power = {name: value for name, value in outcomes.items() if value.shape == (len(names),)}
    head = ["power", "value (payoff)"] + [f"{name} ({units[name]})" for name in by_power]
    columns = [solved.values, *by_power.values()]
    rows = [
        [name, *(f"{column[seat]:.6g}" for column in columns)] for seat, name in enumerate(names)
    ]
    _print_table(head, rows)
    others = [
        [name, _values_in_words(value), units[name]]
        for name, value in outcomes.items()
        if name not in by_power
    ]
    if others:
        console.print()
        _print_table(["outcome", "value, or one a year", "unit"], others, words=3)
    if rest:
        console.print("\nOthers, and what they are worth to each power:")
        worth = [[each.name, _values_in_words(each.values)] for each in rest]
        _print_table(["equilibrium", "values (payoff)"], worth, words=2)


@app.command()
def zoo(as_json: AsJson = False) -> None:
    """List the trained policies that come with the package, with their scores.

    counterpoise zoo
    counterpoise watch grand_strategy --with grand_strategy/population-1
    """
    from counterpoise.agents import zoo as policies

    cards = {name: policies.card(name) for name in policies.names()}
    if as_json:
        _print_json(cards)
        return
    rows = []
    for name, card in cards.items():
        regret = card["scores"]["regret"]
        worst = max(regret) if isinstance(regret, list) else regret
        rows.append([name, card["command"], f"{card['agent_steps']:,}", f"{worst:.4f}"])
    _print_table(["policy", "made by", "decisions", "largest regret"], rows, words=2)


# -- learning --------------------------------------------------------------------------------------


@app.command()
def train(
    what: Annotated[
        str,
        typer.Argument(
            metavar="TRAINING", help="A training, a game, a TOML file, or a run to --resume."
        ),
    ],
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from the first on.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the runs; runs/TRAINING by default."),
    ] = None,
    settings: Settings = None,
    scenario: ScenarioName = None,
    agent_steps: Annotated[
        int | None, typer.Option(min=1, help="How many decisions of single powers to learn from.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with runs that were stopped.")
    ] = False,
    device: Annotated[
        str, typer.Option(help="auto, cpu or cuda; auto takes a GPU where there is one.")
    ] = "auto",
    processes: Processes = None,
) -> None:
    """Train: all powers of a game learn at the same time, each for itself.

    Every seed is a run, a folder OUT/seed_N that can be killed, resumed, compared and watched.

      counterpoise train burden_sharing
      counterpoise train arms_race --seeds 3 --out runs/fear --set fear=0.9
      counterpoise train my_training.toml --agent-steps 500000
      counterpoise train runs/fear/seed_0 --resume
    """
    from counterpoise.evaluation.trainings import Training, train_all, usual_processes

    console = _console(to_errors=True)
    if (Path(what) / "config.toml").is_file():
        trainings = [_training_to_resume(Path(what), resume, [seed, out, settings, scenario])]
        if agent_steps is not None or seeds != 1:
            raise CounterpoiseError(f"{what} is a run: it is resumed as it was begun.")
    else:
        configuration = _configuration_asked(what, settings, scenario, agent_steps)
        folder = out or Path("runs") / configuration.name.replace(" ", "_").replace("/", "_")
        trainings = [
            Training(configuration, folder / f"seed_{each}", each, resume)
            for each in range(seed, seed + seeds)
        ]
    _refuse_what_is_there(trainings)
    try:
        train_all(
            trainings, processes=processes or usual_processes(), device=device, console=console
        )
    except KeyboardInterrupt:
        from counterpoise.training.learn import Interrupted

        again = _again(sys.argv[1:])
        raise Interrupted(
            f"Stopped. The runs can be used as they are; go on with: {again}"
        ) from None
    for training in trainings:
        typer.echo(training.folder)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for runs and report.")] = Path(
        "runs/demo"
    ),
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds of each training.")] = 3,
    quick: Annotated[
        bool, typer.Option("--quick", help="Train hardly at all, to see that everything runs.")
    ] = False,
    reuse: Annotated[
        bool, typer.Option("--reuse", help="Keep finished runs of an earlier demo.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option(help="Also write one picture of all games, as PNG.")
    ] = None,
    processes: Processes = None,
) -> None:
    """Train on every game, compare with theory, print a table and write the report.

    Unfinished runs of an earlier demo are resumed; finished ones are replaced, or kept by --reuse.

      counterpoise demo
      counterpoise demo --quick --out /tmp/demo
      counterpoise demo --reuse --picture demo.png
    """
    from counterpoise.cli.demonstration import demonstrate
    from counterpoise.evaluation.trainings import usual_processes

    demonstrate(
        out,
        console=_console(),
        seeds=seeds,
        processes=processes or usual_processes(),
        is_quick=quick,
        reuse=reuse,
        picture=picture,
    )


# -- comparing -------------------------------------------------------------------------------------


@app.command()
def compare(
    runs: Runs,
    as_json: AsJson = False,
    parquet: Annotated[
        Path | None, typer.Option(help="Also write every quantity of every run as Parquet.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 if a target is not met.")
    ] = False,
    processes: Processes = None,
) -> None:
    """Hold runs against their theory: NashConv, regret of every power, outcomes, over seeds.

    Runs that differ in the seed alone are one group; at least three are needed for an interval.

      counterpoise compare runs/demo
      counterpoise compare runs/race/seed_0 runs/race/seed_1 --json
      counterpoise compare runs/race --parquet race.parquet --strict
    """
    from counterpoise.display.tables import print_comparison
    from counterpoise.evaluation.equilibrium.comparison import compare as compare_runs
    from counterpoise.evaluation.equilibrium.comparison import find_runs
    from counterpoise.evaluation.trainings import usual_processes

    found = find_runs(runs)
    with _waiting(f"Judging {len(found)} runs …"):
        comparison = compare_runs(found, processes=processes or usual_processes())
    if parquet is not None:
        comparison.write_parquet(parquet)
    if as_json:
        _print_json(
            {
                "overview": comparison.overview().to_dicts(),
                "quantities": comparison.summary().to_dicts(),
            }
        )
    else:
        print_comparison(_console(), comparison)
    if strict and not comparison.is_met:
        raise typer.Exit(NOT_MET)


@app.command()
def report(
    runs: Runs,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The page, or a folder for its index.html.")
    ] = Path("report"),
    title: Annotated[str, typer.Option(help="The page's heading.")] = "",
    picture: Annotated[
        Path | None, typer.Option(help="Also write one picture of all groups, as PNG.")
    ] = None,
    processes: Processes = None,
) -> None:
    """Write the report on runs: one HTML page that needs nothing else, its data beside it.

    counterpoise report runs/demo
    counterpoise report runs/race -o report/race.html --title "Fear of 0.9"
    """
    from counterpoise.display import figures
    from counterpoise.display.report import write_report
    from counterpoise.evaluation.equilibrium.comparison import compare as compare_runs
    from counterpoise.evaluation.equilibrium.comparison import find_runs
    from counterpoise.evaluation.trainings import usual_processes

    found = find_runs(runs)
    with _waiting(f"Judging {len(found)} runs …"):
        comparison = compare_runs(found, processes=processes or usual_processes())
    page = write_report(comparison, out, title=title)
    if picture is not None:
        figures.write_png(figures.composite(comparison), picture)
    typer.echo(page)


@app.command()
def curve(
    game: GameName,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LOW:HIGH:POINTS",
            help="The parameter that moves and its values; NAME=1,2,3 for some of them, joined by "
            "+ for several in step. By default the curves that the game's theory is about.",
        ),
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(help="What to show; several times for several outcomes."),
    ] = None,
    separate: Annotated[
        bool,
        typer.Option("--separate", help="A training for each value instead of one for all."),
    ] = False,
    configuration: Annotated[
        str | None, typer.Option(help="The training to start from; by default the game's.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds.")] = 3,
    quick: Annotated[
        bool, typer.Option("--quick", help="Train hardly at all, to see that everything runs.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder; by default runs/curves/GAME.")
    ] = None,
    as_json: AsJson = False,
    processes: Processes = None,
) -> None:
    """Learn how outcomes move with a parameter, and lay the learned curve over the solved one.

    A killed command goes on where it was when it is given again.

      counterpoise curve shifting_power
      counterpoise curve arms_or_allies --vary reliability=0:1:11
      counterpoise curve burden_sharing --vary private_weight=0:0.04:5+deterrence_weight=0.04:0:5
      counterpoise curve arms_race --vary grievance=0.5,1,2 --separate
    """
    from counterpoise.evaluation.equilibrium.curves import (
        learn_curve,
        read_vary,
        rows_in_words,
        shipped_curves,
        task_of,
    )
    from counterpoise.evaluation.trainings import usual_processes

    asked: list[tuple[Any, Any]] = [(None, read_vary(each)) for each in vary or []]
    asked = asked or [(each, None) for each in shipped_curves(game)]
    options: dict[str, Any] = {
        "outcomes": outcome, "configuration": configuration, "is_separate": separate,
        "is_quick": quick,
    }  # fmt: skip
    tasks = [task_of(game, each, values, **options) for each, values in asked]
    folder = out or Path("runs") / "curves" / game
    console = _console(to_errors=True)
    found = []
    for task in tasks:
        where = folder / task.name
        learned = learn_curve(
            task, where, seeds=seeds, processes=processes or usual_processes(), console=console
        )
        found += [{"curve": task.name, **row} for row in learned.summary().to_dicts()]
        if not as_json:
            _console().print(f"[bold]{task.title}[/]")
            head, rows = rows_in_words(learned)
            _print_table(head, rows, words=2)
            typer.echo(where / "curve.png")
    if as_json:
        _print_json(found)


@app.command()
def benchmark(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for runs, rows and tables.")
    ] = Path("runs/benchmark"),
    seeds: Annotated[
        int | None, typer.Option(min=1, help="How many seeds of each game; by default 5.")
    ] = None,
    games: Annotated[
        list[str] | None,
        typer.Option("--game", metavar="GAME", help="Only this game; several times for several."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="A tenth of the training, two seeds, and no verdicts."),
    ] = False,
    as_json: AsJson = False,
    processes: Processes = None,
) -> None:
    """Learn every solved game and hold it against its theory; go on where it was stopped.

    Writes results.parquet, one row for each game, seed and power, and table.md. A game that misses
    its target stays in the table, marked; the exit code is 0 all the same.

      counterpoise benchmark
      counterpoise benchmark --game arms_race --game pledge --seeds 3
      counterpoise benchmark --quick --out /tmp/benchmark
    """
    from counterpoise.evaluation.equilibrium.benchmark import print_results, run_benchmark
    from counterpoise.evaluation.trainings import usual_processes

    results = run_benchmark(
        out,
        games=games,
        seeds=seeds or (2 if quick else 5),
        is_quick=quick,
        processes=processes or usual_processes(),
        console=_console(to_errors=True),
    )
    if as_json:
        _print_json([{**row, **_intervals_apart(row)} for row in results.summary()])
    else:
        print_results(_console(), results)
        typer.echo(out / "table.md")


@app.command()
def predict(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[P2 P3 … | FILE.toml …]",
            help="Predictions, or files of your own; by default the eighteen that are shipped.",
        ),
    ] = None,
    design: Annotated[
        str,
        typer.Option(help="amortised: one population for all levels; separate: one for each."),
    ] = "amortised",
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Training seeds; 8 by default, 2 with --quick.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="local: processes of this machine; ray: a Ray cluster.")
    ] = "local",
    address: Annotated[
        str, typer.Option(help="Of a running Ray cluster, or auto; by default one is begun here.")
    ] = "",
    budget: Annotated[
        str | None,
        typer.Option(metavar="2h", help="Shorten the trainings so that all is done in this time."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Train hardly at all; verdicts are withheld.")
    ] = False,
    solved_seeds: Annotated[
        int | None,
        typer.Option(min=0, help="Trainings of each solved game that bears on a prediction."),
    ] = None,
    read: Annotated[
        bool, typer.Option("--read", help="Train nothing: show what is done so far.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder; runs/predictions (with --quick …/quick)."),
    ] = None,
    as_json: AsJson = False,
    processes: Processes = None,
) -> None:
    """Hold predictions of the literature against what learned populations do, with verdicts.

    Predictions are registered before the first training. A killed command goes on when it is given
    again. Writes Parquet tables, figures, scorecard.md and index.html.

      counterpoise predict
      counterpoise predict --quick
      counterpoise predict P2 P3 --budget 2h
      counterpoise predict my_theory.toml --seeds 10 --out runs/my_theory
      counterpoise predict united_states china india europe --out runs/cases
      counterpoise predict P2 --design separate
      counterpoise predict --engine ray --address auto
    """
    from counterpoise.display import scorecard as scorecards
    from counterpoise.evaluation.predictions import verdicts as predicting
    from counterpoise.evaluation.predictions.cases import write_courses
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
    from counterpoise.evaluation.runner import usual_processes

    folder = out or Path("runs/predictions") / ("quick" if quick else "")
    asked = seeds or (predicting.QUICK_SEEDS if quick else FEWEST_SEEDS)
    games = (
        solved_seeds if solved_seeds is not None else (1 if quick else predicting.SMALL_GAME_SEEDS)
    )
    count = processes or usual_processes()
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
            with _waiting("Measuring how fast this machine learns …"):
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
            address=address, processes=count, console=_console(to_errors=True),
        )  # fmt: skip
    (another,) = (each for each in DESIGNS if each != design)
    other = None
    if (folder / another / PLAN).is_file():
        other = predicting.read(
            register(make_plan(what or (), **{**options, "design": another}), folder / another),
            folder, only=names, small_seeds=0,
        )  # fmt: skip
    command = _command_given(["predict", *(what or [])], sys.argv[1:])
    if design == AMORTISED:
        write_courses(found.plan, folder, folder / design / scorecards.FIGURES)
    written = scorecards.write(found, folder / design, command=command, other=other)
    if as_json:
        _print_json(
            {"verdicts": found.verdicts().to_dicts(), "findings": found.estimates().to_dicts()}
        )
    else:
        scorecards.print_scorecard(_console(), found)
        typer.echo(written[-1])


def _command_given(words: list[str], given: list[str]) -> str:
    import shlex

    kept = [word for word in given if word not in ("--json", "--read")]
    return "counterpoise " + shlex.join(kept if kept[:1] == words[:1] else words)


def read_seconds(text: str) -> float:
    """Return a time in seconds from ``2h``, ``90m``, ``1h30m`` or ``45s``.

    Raises
    ------
    CounterpoiseError
        If the text is not of this form.
    """
    import re

    found = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", text)
    if found is None or not any(found.groups()):
        raise CounterpoiseError(f"--budget {text!r}: expected a time such as 2h, 90m or 1h30m.")
    hours, minutes, seconds = (float(part or 0.0) for part in found.groups())
    return 3600.0 * hours + 60.0 * minutes + seconds


@app.command()
def tournament(
    game: GameName,
    who: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="STRATEGY",
            help="One that takes part; several times. By default all doctrines of the game.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Worlds of each match.")] = 500,
    settings: Settings = None,
    scenario: ScenarioName = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the page and the Parquet.")
    ] = None,
    as_json: AsJson = False,
    processes: Processes = None,
) -> None:
    """Have every strategy enter every population of another: who does best among whom?

    counterpoise tournament grand_strategy
    counterpoise tournament grand_strategy --with hawk --with dove --with runs/grand/seed_0
    counterpoise tournament grand_strategy --set autonomy_cost=0.004 --seeds 100
    """
    from counterpoise.envs.engine.registration import game as game_named
    from counterpoise.evaluation.populations.tournament import hold, print_tournament
    from counterpoise.evaluation.trainings import usual_processes

    parameters, _ = _parameters_asked(game, settings, scenario, None)
    with _waiting("Playing …"):
        held = hold(
            game_named(game),
            parameters,
            who,
            count=seeds,
            processes=processes or usual_processes(),
        )
    asked = [*(settings or []), *([f"scenario {scenario}"] if scenario else [])]
    words = f"{parameters.powers} powers, " + (", ".join(asked) or "default parameters")
    written = held.write(out, words) if out is not None else []
    if as_json:
        _print_json({"matches": held.tidy().to_dicts(), "dominant": held.dominant()})
        return
    print_tournament(_console(), held)
    for path in written:
        typer.echo(path)


@app.command()
def exam(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    seeds: Annotated[int, typer.Option(min=2, help="Worlds of each test.")] = 200,
    parquet: Annotated[Path | None, typer.Option(help="Also write the marks as Parquet.")] = None,
    as_json: AsJson = False,
) -> None:
    """Have a learned policy sit the exam of its game: scenarios among powers it never met.

    counterpoise exam runs/grand/seed_0
    """
    from counterpoise.evaluation.populations import exam as exams
    from counterpoise.training.runs import Run

    with _waiting("Sitting the exam …"):
        marks = exams.sit(Run(run), count=seeds)
    if parquet is not None:
        exams.write(marks, parquet)
    if as_json:
        _print_json(exams.tidy(marks).to_dicts())
    else:
        exams.print_marks(_console(), marks)


@app.command()
def exploit(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    power: Annotated[int, typer.Option(min=0, help="Whose seat answers.")] = 0,
    agent_steps: Annotated[
        int, typer.Option(min=1, help="Decisions that each answer is learned from.")
    ] = 5_000_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the learning.")] = 0,
    scenario: ScenarioName = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Learn a best response to a run's policy: how much is there still to gain?

    For games without a solved equilibrium; a solved game has exact answers: counterpoise compare.

      counterpoise exploit runs/grand/seed_0
      counterpoise exploit runs/great_powers/seed_0 --scenario europe --power 1
    """
    import dataclasses

    from counterpoise.evaluation.populations.exploitability import exploit as find
    from counterpoise.training.runs import Run

    the_run = Run(run)
    parameters = None
    if scenario or settings:
        parameters, _ = _parameters_asked(the_run.game.name, settings, scenario, None)
    with _waiting("Learning to answer the policy, and to answer random play …"):
        found = find(
            the_run, power=power, agent_steps=agent_steps, seed=seed, parameters=parameters
        )
    if as_json:
        _print_json({**dataclasses.asdict(found), "stake": found.stake, "regret": found.regret})
        return
    console = _console()
    console.print(f"The policy in seat {power} among its own kind: {found.own:.3f}")
    console.print(
        f"The best answer found ({found.how}): {found.response:.3f} "
        f"(s.e. of the gain {found.error:.3f})"
    )
    console.print(f"Stake: {found.stake:.3f}, from {found.random:.3f} at random among the random")
    console.print(f"[bold]Regret at least {found.regret:.4f} of the stake[/]")


def _intervals_apart(row: dict[str, Any]) -> dict[str, Any]:
    import dataclasses

    return {
        name: dataclasses.asdict(value)
        for name, value in row.items()
        if dataclasses.is_dataclass(value) and not isinstance(value, type)
    }


@app.command()
def watch(
    what: Annotated[str, typer.Argument(metavar="RUN|GAME", help="A run's folder, or a game.")],
    who: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="STRATEGY",
            help="Who plays: once for all powers, or once for each, in order.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the world's and strategies' chance.")] = 0,
    settings: Settings = None,
    scenario: ScenarioName = None,
    delay: Annotated[float, typer.Option(min=0.0, help="Seconds between two steps.")] = 0.5,
    steps: Annotated[int, typer.Option(min=1, help="At most so many steps.")] = 60,
    picture: Annotated[
        Path | None,
        typer.Option(help="Write the picture of the year in which most happened, as PNG."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(help="Write a page that plays the episode in a browser, as one HTML file."),
    ] = None,
    is_opened: Annotated[
        bool, typer.Option("--open", help="Open that page too; replay.html unless --page says so.")
    ] = False,
) -> None:
    """Watch one episode, year by year: in the terminal, on a page in the browser, or as a picture.

    counterpoise watch runs/race/seed_0
    counterpoise watch grand_strategy --scenario europe --with hedger --open
    counterpoise watch arms_race --with tit_for_tat_armer --set fear=0.9
    counterpoise watch arms_race --with equilibrium --with worst_case_armer
    counterpoise watch burden_sharing --with runs/burden/seed_0 --delay 0
    """
    from counterpoise.evaluation.playback import play_episode, who_plays, write_picture
    from counterpoise.evaluation.playback import watch as watch_episode

    cast = who_plays(what, who or (), changes=read_settings(settings), scenario=scenario)
    if page is not None or is_opened:
        _watch_on_page(cast, page or Path("replay.html"), seed, steps, is_opened)
        if picture is None:
            return
    episode = play_episode(
        cast.game, cast.parameters, cast.profile, names=cast.names, seed=seed, steps=steps
    )
    if picture is not None:
        write_picture(episode, picture)
        typer.echo(picture)
        return
    watch_episode(episode, _console(), delay=delay)


def _watch_on_page(cast: Cast, page: Path, seed: int, steps: int, is_opened: bool) -> None:
    import webbrowser

    from counterpoise.display.replay import as_page

    with _waiting("Playing, and writing the page …"):
        written = as_page(cast, seed=seed, steps=steps).write(page)
    typer.echo(written)
    if is_opened and not webbrowser.open(written.as_uri()):
        typer.echo("There is no browser to open it with: open the file yourself.", err=True)


@app.command("play")
def play_as_a_person(
    game: Annotated[
        str | None, typer.Argument(metavar="GAME", help="A game; none with --resume.")
    ] = None,
    seats: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            metavar="POWER",
            help="The power that you rule; several times for several people.",
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STRATEGY",
            help="Who rules the others: once for all, or once for each, in order. By default the "
            "game's doctrines in turn.",
        ),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(metavar="STRATEGY", help="Whom to compare your score with at the end."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of all chance; drawn anew by default.")
    ] = None,
    settings: Settings = None,
    scenario: ScenarioName = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The game's folder; in runs/games by default."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Go on with the game in a folder.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="By default one that is free.")] = 0,
    is_opened: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Rule a power yourself, on a page that only this machine can open.

    Every year is saved. Two people play two powers on two pages.

      counterpoise play grand_strategy --scenario india --as india --against threat_balancer
      counterpoise play grand_strategy --scenario india --as india --as china --against hedger
      counterpoise play grand_strategy --against runs/grand/seed_0 --beside hawk
      counterpoise play --resume runs/games/india-20260101-120000-5f3a
    """
    import importlib.util

    missing = [
        name
        for name in ("starlette", "uvicorn", "websockets")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise CounterpoiseError(f"Playing needs {missing[0]}: pip install 'counterpoise[play]'.")
    from counterpoise.envs.engine.registration import game as game_named
    from counterpoise.envs.scenarios import scenario as scenario_named
    from counterpoise.human.server import serve
    from counterpoise.human.session import Session, new_folder, prepare, seat_named

    if resume is not None:
        if game or seats or against or beside or settings or scenario or out or seed is not None:
            raise CounterpoiseError(f"{resume} goes on as it was begun: give only --resume.")
        session = Session.resume(resume)
    elif game is None:
        raise CounterpoiseError("Say which game: counterpoise play grand_strategy --as power_0.")
    else:
        parameters, names = _parameters_asked(game, settings, scenario, None)
        setup = prepare(
            game_named(game),
            parameters,
            names,
            title=scenario_named(scenario).title if scenario else "",
            humans=[seat_named(name, names) for name in seats or []] or [0],
            against=against or [],
            beside=beside or [],
            seed=seed,
        )
        name = Path(scenario).stem if scenario else game
        session = Session.begin(setup, out or new_folder(Path("runs") / "games", name))

    def announce(addresses: dict[int, str]) -> None:
        import webbrowser

        for seat, address in addresses.items():
            typer.echo(f"{session.setup.names[seat]}: {address}")
        typer.echo(f"Saved every year in {session.folder}; Ctrl-C stops.")
        sys.stdout.flush()
        if is_opened:
            webbrowser.open(next(iter(addresses.values())))

    try:
        serve(session, announce, port=port)
    except KeyboardInterrupt:
        typer.echo(f"Go on with: counterpoise play --resume {session.folder}", err=True)
        raise


# -- reading what was asked ------------------------------------------------------------------------


def read_settings(settings: list[str] | None) -> dict[str, Any]:
    """Return parameter changes from ``name=value`` texts.

    A value is a number, yes or no, or several numbers separated by commas, one for each power.

    Raises
    ------
    CounterpoiseError
        If a text is not of this form; the message shows one that is.
    """
    changes: dict[str, Any] = {}
    for setting in settings or []:
        name, equals, text = setting.partition("=")
        if not equals or not name.strip() or not text.strip():
            raise CounterpoiseError(
                f"--set {setting}: expected NAME=VALUE, as in --set fear=0.9 or --set gdp=100,40."
            )
        values = [_read_value(setting, part.strip()) for part in text.split(",")]
        changes[name.strip()] = values if len(values) > 1 else values[0]
    return changes


WORDS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def _read_value(setting: str, text: str) -> bool | int | float:
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise CounterpoiseError(
            f"--set {setting}: {text!r} is neither a number nor yes or no."
        ) from None


def _parameters_asked(
    game: str, settings: list[str] | None, scenario: str | None, variant: str | None
) -> tuple[ParametersBase, list[str]]:
    """Return the parameters that were asked for, and what the powers are called."""
    from counterpoise.envs.engine.errors import unknown_name
    from counterpoise.envs.engine.registration import game as game_named
    from counterpoise.envs.engine.worlds import as_parameters
    from counterpoise.envs.scenarios import scenario as scenario_named
    from counterpoise.evaluation.playback import power_names

    the_game = game_named(game)
    changes = read_settings(settings)
    if variant is not None:
        if variant not in the_game.variants:
            raise unknown_name(f"variant of {game}", variant, the_game.variants)
        changes = {**the_game.variants[variant], **changes}
    if scenario is None:
        parameters = as_parameters(the_game.parameters, changes)
        return parameters, power_names(the_game, parameters.powers)
    loaded = scenario_named(scenario)
    if loaded.game != game:
        raise CounterpoiseError(f"The scenario {scenario} is one of {loaded.game}, not of {game}.")
    parameters = loaded.parameters.replace(**changes)
    return parameters, power_names(the_game, parameters.powers, loaded)


def _configuration_asked(
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
                f"--set {name}: the training {what} sets {name} itself, differently for learning "
                "and for judging. Change it in a TOML file of your own and train that."
            )
    words = " ".join(setting.replace(" ", "") for setting in settings or [])
    return configuration.replace(
        parameters={**configuration.parameters, **set_values},
        name=f"{configuration.name} {words}",
    )


def _training_to_resume(folder: Path, resume: bool, others: list[Any]) -> Any:
    from counterpoise.evaluation.trainings import Training
    from counterpoise.training.runs import Run

    run = Run(folder)
    if not resume:
        raise CounterpoiseError(f"{folder} is a run: go on with it by --resume.")
    if any(others):
        raise CounterpoiseError(f"{folder} is a run: it is resumed as it was begun.")
    return Training(run.configuration, folder, run.seed, resume=True)


def _refuse_what_is_there(trainings: list[Any]) -> None:
    """Say before anything begins that a folder is taken, rather than after the first minutes."""
    for training in trainings:
        if not training.resume and (training.folder / "config.toml").exists():
            raise CounterpoiseError(
                f"{training.folder} holds a run already: go on with it by --resume, or choose "
                "another folder with --out."
            )


def _again(arguments: list[str]) -> str:
    """Return the command that goes on with what was just stopped."""
    import shlex

    words = ["counterpoise", *(word for word in arguments if word != "--resume"), "--resume"]
    return shlex.join(words)


# -- showing ---------------------------------------------------------------------------------------


def _console(*, to_errors: bool = False) -> Console:
    from rich.console import Console

    console = Console(stderr=to_errors)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        # In a file or a pipe nothing has to fit a window.
        console = Console(stderr=to_errors, width=160)
    return console


def _waiting(words: str) -> Any:
    return _console(to_errors=True).status(words)


def _print_table(head: list[str], rows: list[Any], words: int = 1) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for k, name in enumerate(head):
        table.add_column(name, justify="left" if k < words else "right")
    for row in rows:
        table.add_row(*row)
    _console().print(table, highlight=False)


def _print_json(content: Any) -> None:
    import json

    typer.echo(json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False))


def _plain(content: Any) -> Any:
    """Return nothing but what JSON knows; what is not a number becomes null."""
    import math

    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(_as_text(each) for each in value)
    return str(value)


def _values_in_words(values: Any) -> str:
    import numpy as np

    if values.ndim == 0:
        return f"{float(values):.6g}"
    if values.ndim == 1:
        return ", ".join(f"{value:.4g}" for value in values)
    ends = values if len(values) <= 2 else np.array([values[0], values[-1]])
    shown = " … ".join("(" + ", ".join(f"{value:.4g}" for value in row) + ")" for row in ends)
    return f"{shown}: {len(values)} years"


def _powers_in_words(game: Game) -> str:
    declared = game.parameters.declarations["powers"]
    low, high = int(declared.low), int(declared.high)
    return str(low) if low == high else f"{low}-{high}"


def _parameters_described(game: Game) -> list[dict[str, Any]]:
    return [
        {
            "name": declaration.name,
            "default": list(declaration.default) if declaration.per_power else declaration.default,
            "low": declaration.low,
            "high": declaration.high,
            "unit": "" if declaration.unit == "1" else declaration.unit,
            "per_power": declaration.per_power,
            "observed": declaration.observed,
            "meaning": declaration.doc,
        }
        for declaration in game.parameters.declarations.values()
    ]


def _actions_described(game: Game) -> list[dict[str, Any]]:
    from counterpoise.envs.engine.game import Choice

    rows = []
    for role in game.roles:
        for part in role.actions:
            if isinstance(part, Choice):
                count = len(part.options)
                shown = ", ".join(part.options) if count <= 4 else f"{count} options"
                rows.append([role.name, part.name, shown, "", part.doc])
            else:
                rows.append([role.name, part.name, _range_in_words(part), part.unit, part.doc])
    head = ("role", "action", "range or options", "unit", "meaning")
    return [dict(zip(head, row, strict=True)) for row in rows]


def _range_in_words(part: Continuous) -> str:
    return " to ".join(
        bound if isinstance(bound, str) else f"{bound:g}" for bound in (part.low, part.high)
    )


def _first_line(kind: Any) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0] if kind.__doc__ else ""


# -- the way in ------------------------------------------------------------------------------------


def main() -> None:
    """Run the command line; what goes wrong by a person's mistake is told in one line."""
    try:
        app()
    except KeyboardInterrupt:
        _leave("Stopped.", STOPPED)
    except CounterpoiseError as error:
        stopped = type(error).__name__ == "Interrupted"
        _leave(str(error), STOPPED if stopped else MISTAKE)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _leave(f"{where}{error.strerror or error}", MISTAKE)


def _leave(words: str, code: int) -> NoReturn:
    print("counterpoise:", " ".join(words.split()), file=sys.stderr)
    sys.exit(code)
