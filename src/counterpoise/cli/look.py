"""Commands that show what the package contains: games, scenarios, trainings, policies, episodes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterpoise.cli.options import AsJson, Changes, GameName, ScenarioName, read_settings
from counterpoise.cli.printing import as_text, console, print_json, print_table, waiting

if TYPE_CHECKING:
    from counterpoise.envs.engine.game import Continuous, Game
    from counterpoise.evaluation.playback import Cast

ALL_TEXT = 9


def list_everything(as_json: AsJson = False) -> None:
    """List the games, scenarios and training configurations of the package.

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
            "policy": each.network.policy,
            "agent_steps": each.agent_steps,
        }
        for each in map(load, shipped())
    ]
    if as_json:
        print_json({"games": games, "scenarios": scenarios, "trainings": trainings})
        return
    for title, rows in (("Games", games), ("Scenarios", scenarios), ("Trainings", trainings)):
        console().print(f"[bold]{title}[/bold]")
        shown = [name for name in rows[0] if name not in ("version", "variants")] if rows else []
        print_table(shown, [[as_text(row[name]) for name in shown] for row in rows], ALL_TEXT)
        console().print()


def describe(game: GameName, scenario: ScenarioName = None, as_json: AsJson = False) -> None:
    """Describe a game: parameters, observations, actions, strategies, variants, sources.

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
        print_json(described)
        return
    shown = console()
    shown.print(f"[bold]{the_game.name}[/bold] v{the_game.version}: {the_game.title}")
    shown.print(f"[dim]{the_game.source}[/dim]")
    if len(the_game.phases) > 1:
        shown.print(f"A year has {len(the_game.phases)} phases: {', '.join(the_game.phases)}.")
    for title in ("parameters", "observations", "actions"):
        shown.print(f"\n[bold]{title.capitalize()}[/bold]")
        rows = described[title]
        head = list(rows[0])
        print_table(head, [[as_text(value) for value in row.values()] for row in rows], ALL_TEXT)
    if any(row["observed"] for row in described["parameters"]):
        shown.print("[dim]Observed parameters follow at the end of an observation.[/dim]")
    shown.print(
        "\n[bold]Strategies[/bold] for --with, in addition to random, equilibrium, constant:VALUE"
    )
    print_table(["name", "meaning"], list(described["doctrines"].items()), ALL_TEXT)
    shown.print("\n[bold]Variants[/bold] for --variant")
    changed = [
        [name, ", ".join(f"{key}={as_text(value)}" for key, value in changes.items())]
        for name, changes in described["variants"].items()
    ]
    print_table(["name", "changes"], changed, ALL_TEXT)
    if is_solved(the_game.name):
        shown.print(f"\nTheory: counterpoise solve {the_game.name}", highlight=False)


def _describe_scenario(game: Game, name: str, as_json: bool) -> None:
    """Print a scenario: all that its start depends on, and the sources.

    Values of powers and pairs and the spread of random draws are shown whether the scenario gives
    them or not; of the other parameters, those that differ from the game's defaults.
    """
    from counterpoise.envs.scenarios import scenario_of

    found = scenario_of(game.name, name)
    usual = game.parameters.from_mapping({"powers": found.parameters.powers})
    changed: dict[str, list[str]] = {"plain": [], "per_power": [], "per_pair": []}
    same: dict[str, Any] = {}
    spreads: dict[str, str] = {}
    for key, declaration in game.parameters.declarations.items():
        kind = "per_pair" if declaration.per_pair else "plain"
        kind = "per_power" if declaration.per_power else kind
        value = getattr(found.parameters, key)
        if declaration.spread_of:
            spreads[key] = declaration.spread_of
        elif value != getattr(usual, key):
            changed[kind].append(key)
        elif declaration.per_power:
            same[key] = value[0]
        elif declaration.per_pair:
            same[key] = value[0][-1]
    shown_keys = [*(key for each in changed.values() for key in each), *same, *spreads]
    values = {key: getattr(found.parameters, key) for key in shown_keys}
    if as_json:
        observed = {key: column.tolist() for key, column in found.observed.items()}
        print_json(
            {"name": found.name, "title": found.title, "powers": found.names, "focus": found.focus,
             "parameters": values, "observed": observed, "sources": found.sources,
             "notes": found.notes}
        )  # fmt: skip
        return
    shown = console()
    shown.print(f"[bold]{found.name}[/bold]: {found.title}")
    if found.notes:
        shown.print(found.notes, highlight=False)
    columns = {key: [as_text(value) for value in values[key]] for key in changed["per_power"]}
    for key, column in found.observed.items():
        columns[f"observed {key}"] = [as_text(None if v != v else float(v)) for v in column]
    shown.print("\n[bold]Powers[/bold]")
    rows = [[who, *(column[k] for column in columns.values())] for k, who in enumerate(found.names)]
    print_table(["power", *(key.replace("_", " ") for key in columns)], rows)
    for key in changed["per_pair"]:
        shown.print(f"\n[bold]{key.capitalize()}[/bold] of the row's power towards the column's")
        matrix = [
            [who, *("" if k == j else as_text(values[key][k][j]) for j in range(len(rows)))]
            for k, who in enumerate(found.names)
        ]
        print_table(["", *found.names], matrix)
    if same:
        shown.print("\n[bold]The same for all powers or pairs[/bold], the game's defaults")
        print_table(
            ["parameter", "value"], [[key, as_text(each) or "no"] for key, each in same.items()]
        )
    if spreads:
        shown.print("\n[bold]Random draws at the start[/bold]; with a spread of 0 none")
        drawn = [[key, as_text(values[key]), of] for key, of in spreads.items()]
        print_table(["spread", "value", "of"], drawn)
    if changed["plain"]:
        shown.print("\n[bold]Other parameters that differ from the game's defaults[/bold]")
        plain = [
            [key, as_text(values[key]), as_text(getattr(usual, key))] for key in changed["plain"]
        ]
        print_table(["parameter", "here", "default"], plain)
    shown.print("\n[bold]Sources[/bold]")
    for source in found.sources:
        shown.print(f"- {source}", highlight=False)


def zoo(as_json: AsJson = False) -> None:
    """List the trained policies of the package and their scores.

    Regret is the gain of a best response as a share of the stake.
    Pairs: upper bound of what any two powers would both gain by allying, in the same unit.

      counterpoise zoo
      counterpoise watch arms_race --with arms_race/equilibrium-learner
    """
    from counterpoise.agents import zoo as policies

    cards = {name: policies.card(name) for name in policies.names()}
    if as_json:
        print_json(cards)
        return
    rows = []
    for name, card in cards.items():
        regret = card["scores"]["regret"]
        worst = max(regret) if isinstance(regret, list) else regret
        pairs = card["scores"].get("stability")
        gain = "" if pairs is None else f"{pairs['allying_upper']:.4f}"
        rows.append([name, card["command"], f"{card['agent_steps']:,}", f"{worst:.4f}", gain])
    head = ["policy", "command", "agent steps", "largest regret", "pairs"]
    print_table(head, rows, text_columns=2)


def watch(
    what: Annotated[str, typer.Argument(metavar="RUN|GAME", help="Folder of a run, or a game.")],
    who: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="STRATEGY",
            help="Strategy of the powers: once for all, or once for each power, in order.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the world and of the strategies.")] = 0,
    settings: Changes = None,
    scenario: ScenarioName = None,
    delay: Annotated[float, typer.Option(min=0.0, help="Seconds between two steps.")] = 0.5,
    steps: Annotated[int, typer.Option(min=1, help="Maximum number of steps.")] = 60,
    picture: Annotated[
        Path | None, typer.Option(help="Write a PNG of the year with the most events.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(help="Write one HTML file that replays the episode in a browser."),
    ] = None,
    is_opened: Annotated[
        bool,
        typer.Option("--open", help="Open that page. Written to replay.html without --page."),
    ] = False,
) -> None:
    """Watch one episode, year by year: in the terminal, in the browser, or as a picture.

    counterpoise watch runs/race/seed_0
    counterpoise watch grand_strategy --scenario europe --with hedger --open
    counterpoise watch arms_race --with tit_for_tat_armer --set fear=0.9
    counterpoise watch arms_race --with equilibrium --with worst_case_armer
    counterpoise watch burden_sharing --with runs/burden/seed_0 --delay 0
    """
    from counterpoise.display.text import show_in_terminal
    from counterpoise.evaluation.playback import play_episode, who_plays

    cast = who_plays(what, who or (), changes=read_settings(settings), scenario=scenario)
    if page is not None or is_opened:
        _watch_on_page(cast, page or Path("replay.html"), seed, steps, is_opened)
        if picture is None:
            return
    episode = play_episode(
        cast.game, cast.parameters, cast.profile, names=cast.names, seed=seed, steps=steps
    )
    if picture is not None:
        from counterpoise.display.picture import write_picture

        write_picture(episode, picture)
        typer.echo(picture)
        return
    show_in_terminal(episode, console(), delay=delay)


def _watch_on_page(cast: Cast, page: Path, seed: int, steps: int, is_opened: bool) -> None:
    import webbrowser

    from counterpoise.display.replay import as_page

    with waiting("Playing the episode and writing the page …"):
        written = as_page(cast, seed=seed, steps=steps).write(page)
    typer.echo(written)
    if is_opened and not webbrowser.open(written.as_uri()):
        typer.echo("No browser found. Open the file yourself.", err=True)


# -- words for what a game declares ----------------------------------------------------------------


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
                shown += f", {part.each} each other power" if part.each else ""
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
