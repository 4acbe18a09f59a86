"""Commands that judge: solutions, comparisons with theory, reports, exams, best responses."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterpoise.cli.options import (
    NOT_MET,
    AsJson,
    Changes,
    GameName,
    Processes,
    RunFolder,
    Runs,
    ScenarioName,
    parameters_asked,
    process_count,
)
from counterpoise.cli.printing import console, print_json, print_table, waiting
from counterpoise.envs.engine.errors import CounterpoiseError

if TYPE_CHECKING:
    from counterpoise.evaluation.equilibrium.comparison import Comparison


def solve(
    game: GameName,
    settings: Changes = None,
    scenario: ScenarioName = None,
    variant: Annotated[
        str | None, typer.Option("--variant", help="Name of a variant, from `describe`.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the game's solved curves, as PNG.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Solve a game: print its equilibrium.

    counterpoise solve arms_race
    counterpoise solve arms_race --set fear=0.9 --set fatigue=4,8
    counterpoise solve burden_sharing --scenario nato_2024
    counterpoise solve burden_sharing --variant pure --json
    counterpoise solve deterrence --picture deterrence.png
    """
    import numpy as np

    from counterpoise.theory.regret import equilibria, theory_of

    parameters, names = parameters_asked(game, settings, scenario, variant)
    solved, *rest = equilibria(game, parameters)
    if picture is not None:
        from counterpoise.display.curves import draw_solved
        from counterpoise.display.figures import write_png

        write_png(draw_solved(game), picture)
    units = {name: spec.unit for name, spec in theory_of(game).declared.items()}
    outcomes = {name: np.asarray(value) for name, value in solved.outcomes.items()}
    if as_json:
        print_json(
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
    shown = console()
    unique = "unique" if solved.is_unique else "not known to be unique"
    name = "equilibrium" if solved.name == "equilibrium" else f"equilibrium “{solved.name}”"
    shown.print(f"[bold]{game}[/bold]: {name}, {unique}")
    shown.print(f"[dim]{solved.method.rstrip('.')}.[/dim]\n")
    by_power = {name: value for name, value in outcomes.items() if value.shape == (len(names),)}
    head = ["power", "value (payoff)"] + [f"{name} ({units[name]})" for name in by_power]
    columns = [solved.values, *by_power.values()]
    rows = [
        [name, *(f"{column[seat]:.6g}" for column in columns)] for seat, name in enumerate(names)
    ]
    print_table(head, rows)
    others = [
        [name, _values_in_words(value), units[name]]
        for name, value in outcomes.items()
        if name not in by_power
    ]
    if others:
        shown.print()
        print_table(["outcome", "value, or value per year", "unit"], others, text_columns=3)
    if rest:
        shown.print("\nOther equilibria and their value to each power:")
        worth = [[each.name, _values_in_words(each.values)] for each in rest]
        print_table(["equilibrium", "values (payoff)"], worth, text_columns=2)


def _values_in_words(values: Any) -> str:
    import numpy as np

    if values.ndim == 0:
        return f"{float(values):.6g}"
    if values.ndim == 1:
        return ", ".join(f"{value:.4g}" for value in values)
    ends = values if len(values) <= 2 else np.array([values[0], values[-1]])
    shown = " … ".join("(" + ", ".join(f"{value:.4g}" for value in row) + ")" for row in ends)
    return f"{shown}: {len(values)} years"


def compare(
    runs: Runs,
    as_json: AsJson = False,
    parquet: Annotated[
        Path | None, typer.Option(help="Also write every quantity of every run, as Parquet.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 3 if a target is not met.")
    ] = False,
    processes: Processes = None,
) -> None:
    """Compare runs with theory: regret of each power, NashConv and outcomes, over seeds.

    Regret is the gain of a best response as a share of the stake.
    NashConv is the sum of the powers' gains. Runs that differ only in their seed
    form a group; an interval needs at least three runs.

      counterpoise compare runs/demo
      counterpoise compare runs/race/seed_0 runs/race/seed_1 --json
      counterpoise compare runs/race --parquet race.parquet --strict
    """
    from counterpoise.display.tables import print_comparison

    comparison = _compared(runs, processes)
    if parquet is not None:
        comparison.write_parquet(parquet)
    if as_json:
        print_json(
            {
                "overview": comparison.overview().to_dicts(),
                "quantities": comparison.summary().to_dicts(),
            }
        )
    else:
        print_comparison(console(), comparison)
    if strict and not comparison.is_met:
        raise typer.Exit(NOT_MET)


def report(
    runs: Runs,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="HTML file, or a folder for index.html.")
    ] = Path("report"),
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "",
    picture: Annotated[
        Path | None, typer.Option(help="Also write one PNG with a figure per group.")
    ] = None,
    processes: Processes = None,
) -> None:
    """Write a report on runs: one self-contained HTML page, and its data next to it.

    counterpoise report runs/demo
    counterpoise report runs/race -o report/race.html --title "Fear of 0.9"
    """
    from counterpoise.display import figures
    from counterpoise.display.report import write_report

    comparison = _compared(runs, processes)
    page = write_report(comparison, out, title=title)
    if picture is not None:
        figures.write_png(figures.composite(comparison), picture)
    typer.echo(page)


def _compared(runs: list[Path], processes: int | None) -> Comparison:
    from counterpoise.evaluation.equilibrium.comparison import compare as compare_runs
    from counterpoise.evaluation.equilibrium.comparison import find_runs

    found = find_runs(runs)
    with waiting(f"Evaluating {len(found)} runs …"):
        return compare_runs(found, processes=process_count(processes))


def exam(
    run: RunFolder,
    seeds: Annotated[int, typer.Option(min=2, help="Number of worlds per situation.")] = 200,
    parquet: Annotated[
        Path | None, typer.Option(help="Also write the results, as Parquet.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Test a learned policy against unseen opponents, in the scenarios of its game's exam.

    counterpoise exam runs/grand/seed_0
    """
    from counterpoise.display.tables import print_exam
    from counterpoise.evaluation.populations import exam as exams
    from counterpoise.training.runs import Run

    with waiting("Playing the tests …") as tell:
        results = exams.sit(Run(run), count=seeds, tell=tell)
    if parquet is not None:
        exams.write(results, parquet)
    if as_json:
        print_json(exams.tidy(results).to_dicts())
    else:
        print_exam(console(), results)


def exploit(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a run, or of several seeds.")
    ],
    power: Annotated[int, typer.Option(min=0, help="Seat of the best response.")] = 0,
    agent_steps: Annotated[
        int, typer.Option(min=1, help="Training length of each best response, in agent steps.")
    ] = 5_000_000,
    seed: Annotated[int, typer.Option(min=0, help="Training seed.")] = 0,
    scenario: ScenarioName = None,
    settings: Changes = None,
    treatments: Annotated[
        int,
        typer.Option(
            min=0,
            help="Number of registered pairs of treatment level and seat to exploit under, instead "
            "of the defaults.",
        ),
    ] = 0,
    states: Annotated[
        int,
        typer.Option(
            min=0,
            help="Number of states for rollout policy improvement; 0 leaves it out. It is also "
            "left out under treatments.",
        ),
    ] = 128,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Also test pairwise stability of alliances.")
    ] = False,
    as_json: AsJson = False,
    processes: Processes = None,
) -> None:
    """Train a best response to a run's policy and print the policy's regret.

    Regret is the gain of a best response as a share of the stake.
    A trained response gives a lower bound. For solved games, `compare` is exact.
    In a game with alliances the regret is also measured where pairs start as allies.
    Rollout policy improvement estimates the gain without training.
    Pairwise stability: no two powers both gain by allying, none by leaving an ally.
    For several seeds, or with --treatments, results are kept in RUN/exploit.

      counterpoise exploit runs/grand/seed_0 --pairs
      counterpoise exploit runs/great_powers/seed_0 --scenario europe --power 1
      counterpoise exploit runs/grand
      counterpoise exploit runs/grand/seed_0 --treatments 20
    """
    from counterpoise.display.responses import print_exploit, print_stability
    from counterpoise.evaluation.populations.exploitability import exploit as find
    from counterpoise.evaluation.populations.stability import stability
    from counterpoise.training.runs import CONFIGURATION, Run

    if treatments or not (run / CONFIGURATION).is_file():
        if scenario or settings:
            raise CounterpoiseError(
                "--scenario and --set are for one run without --treatments: leave them out, or "
                "name the folder of a run."
            )
        _exploit_all(
            run, as_json, processes, treatments=treatments, seat=power, agent_steps=agent_steps,
            seed=seed, has_pairs=pairs, states=states,
        )  # fmt: skip
        return
    the_run = Run(run)
    parameters = the_run.parameters
    if scenario or settings:
        parameters, _ = parameters_asked(the_run.game.name, settings, scenario)
    with waiting("Training best responses to the policy and to random play …"):
        found = find(
            the_run, power=power, agent_steps=agent_steps, seed=seed, parameters=parameters,
            states=states,
        )  # fmt: skip
    tested = None
    if pairs:
        with waiting("Testing every pair of powers …"):
            tested = stability(the_run.game, parameters, the_run.profile(parameters=parameters))
    if as_json:
        told = {} if tested is None else {"stability": tested.as_json(found.stake)}
        print_json({**found.as_json(), **told})
        return
    print_exploit(console(), found)
    if tested is not None:
        print_stability(console(), tested, found.stake)


def _exploit_all(folder: Path, as_json: bool, processes: int | None, **options: Any) -> None:
    from counterpoise.display.responses import print_exploits
    from counterpoise.evaluation.predictions.convergence import exploit_all, summary

    rows = exploit_all(
        folder, processes=process_count(processes), console=console(to_errors=True), **options
    )
    if as_json:
        print_json({"cases": rows.to_dicts(), "summary": summary(rows)})
    else:
        print_exploits(console(), rows, summary(rows))


def tournament(
    game: GameName,
    who: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="STRATEGY",
            help="Entrant. Repeat for several. Default: all doctrines of the game.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Number of worlds per match.")] = 500,
    settings: Changes = None,
    scenario: ScenarioName = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for tournament.md and the Parquet.")
    ] = None,
    as_json: AsJson = False,
    processes: Processes = None,
) -> None:
    """Play a round robin: each strategy in one seat, each other strategy in all the other seats.

    counterpoise tournament grand_strategy
    counterpoise tournament grand_strategy --with hawk --with dove --with runs/grand/seed_0
    counterpoise tournament grand_strategy --set autonomy_cost=0.004 --seeds 100
    """
    from counterpoise.display.tables import print_tournament, write_tournament
    from counterpoise.envs.engine.registration import game as game_named
    from counterpoise.evaluation.populations.tournament import hold

    parameters, _ = parameters_asked(game, settings, scenario)
    workers = process_count(processes)
    # Worker processes report their own progress.
    with waiting("Playing the matches …") if workers == 1 else contextlib.nullcontext() as tell:
        held = hold(
            game_named(game), parameters, who, count=seeds, processes=workers,
            console=console(to_errors=True), tell=tell,
        )  # fmt: skip
    asked = [*(settings or []), *([f"scenario {scenario}"] if scenario else [])]
    words = f"{parameters.powers} powers, " + (", ".join(asked) or "default parameters")
    written = write_tournament(held, out, words) if out is not None else []
    if as_json:
        print_json({"matches": held.tidy().to_dicts(), "dominant": held.dominant()})
        return
    print_tournament(console(), held)
    for path in written:
        typer.echo(path)
