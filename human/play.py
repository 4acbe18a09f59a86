"""Playing a game as a person: set up or resume a game, and serve its page."""

from __future__ import annotations

import importlib.util
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from counterpoise.envs.adapters.settings import Settings
from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game_names
from counterpoise.envs.scenarios import scenario as scenario_named
from counterpoise.envs.scenarios import scenario_names
from counterpoise.evaluation.playback import power_names
from counterpoise.human.saved import FILE, SavedTable, begin, new_folder, resume
from counterpoise.human.setup import prepare, seat_named

GAMES = Path("runs") / "games"
PACKAGES = ("starlette", "uvicorn", "websockets")


def play(
    game_or_scenario: str | Path | Game,
    *,
    scenario: str | Path | None = None,
    parameters: ParametersBase | Mapping[str, Any] | None = None,
    power: str | int | Sequence[str | int] = 0,
    against: str | Sequence[str] = (),
    beside: str | Sequence[str] = (),
    seed: int | None = None,
    folder: str | Path | None = None,
    port: int = 0,
    open_browser: bool = False,
) -> None:
    """Rule a power yourself, on a web page that only this machine can open.

    Prints the address of each person's page and serves it until it is interrupted (Ctrl-C). The
    game is saved after every decision.

    Parameters
    ----------
    game_or_scenario : str, path or Game
        A game; or a scenario, by name or as a TOML file; or the folder of a saved game, which is
        resumed as it was begun.
    scenario : str or path, optional
        A scenario of the game, where that is given first.
    parameters : Parameters or mapping, optional
        All parameters of a game, or changes to those of the game or scenario.
    power : str, int, or sequence of them
        The power that you rule, by name or seat; several powers for several people.
    against : str or sequence of str
        Strategies of the other powers: one for all of them, or one for each in order. A strategy
        is the name of a doctrine or the folder of a run. By default the game's doctrines in turn.
    beside : str or sequence of str
        Further strategies to compare your score with at the end.
    seed : int, optional
        Random seed; by default one from the operating system.
    folder : path, optional
        Where the game is saved; by default a new folder in ``runs/games``.
    port : int
        Port of the page; 0 takes a free one.
    open_browser : bool
        Whether to open the page in a browser.

    Raises
    ------
    CounterpoiseError
        If packages of the extra ``play`` are missing, if the game or a strategy is unknown, if the
        folder already holds a game, or if a saved game cannot be resumed.

    Examples
    --------
    >>> counterpoise.play("india", power="India", against="threat_balancer")  # doctest: +SKIP
    """
    require_packages()
    if isinstance(game_or_scenario, str | Path) and _is_folder(game_or_scenario):
        given = (scenario, parameters, against, beside, folder)
        if any(given) or power != 0 or seed is not None:
            raise CounterpoiseError(
                f"{game_or_scenario} is a saved game, which is resumed as it was begun: give only "
                "port and open_browser with it."
            )
        serve_table(resume(game_or_scenario), port=port, open_browser=open_browser)
        return
    settings = _resolve(game_or_scenario, scenario, parameters)
    names = power_names(settings.game, settings.parameters.powers, settings.scenario)
    setup = prepare(
        settings.game,
        settings.parameters,
        names,
        title=settings.title,
        humans=[seat_named(str(each), names) for each in _listed(power)],
        against=_listed(against),
        beside=_listed(beside),
        seed=seed,
    )
    name = settings.scenario.name if settings.scenario else settings.game.name
    table = begin(setup, folder or new_folder(GAMES, name))
    serve_table(table, port=port, open_browser=open_browser)


def require_packages() -> None:
    """Check that the packages that serve the page are installed.

    Raises
    ------
    CounterpoiseError
        If one is missing; the message says how to install it.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise CounterpoiseError(f"Playing needs {missing[0]}: pip install 'counterpoise[play]'.")


def serve_table(table: SavedTable, *, port: int = 0, open_browser: bool = False) -> None:
    """Print the addresses of a game's pages and serve them until interrupted.

    Raises
    ------
    CounterpoiseError
        If the game is being served already.
    """
    # Needs the extra ``play``, which `require_packages` has looked for.
    from counterpoise.human.server import serve

    def announce(addresses: dict[int, str]) -> None:
        for seat, address in addresses.items():
            print(f"{table.setup.names[seat]}: {address}")
        print(f"Saved every year in {table.folder}. Stop with Ctrl-C.", flush=True)
        if open_browser:
            webbrowser.open(next(iter(addresses.values())))

    try:
        serve(table, announce, port=port)
    except KeyboardInterrupt:
        print(f"Resume with: counterpoise play --resume {table.folder}", file=sys.stderr)
        raise


def _is_folder(asked: str | Path) -> bool:
    """Return whether the folder of a saved game is meant; a name could also be a game's."""
    if isinstance(asked, Path):
        return asked.suffix != ".toml"
    return (Path(asked) / FILE).is_file()


def _resolve(
    asked: str | Path | Game,
    scenario: str | Path | None,
    parameters: ParametersBase | Mapping[str, Any] | None,
) -> Settings:
    if isinstance(asked, Game) or str(asked) in game_names():
        game = asked if isinstance(asked, Game) else str(asked)
        return Settings.resolve(game, scenario=scenario, parameters=parameters)
    is_scenario = str(asked) in scenario_names() or Path(asked).suffix == ".toml"
    if is_scenario and scenario is None:
        return Settings.resolve(scenario_named(asked).game, scenario=asked, parameters=parameters)
    known = game_names() if scenario else [*game_names(), *scenario_names()]
    raise unknown_name("game" if scenario else "game or scenario", str(asked), known)


def _listed(given: str | int | Sequence[Any]) -> Sequence[Any]:
    return [given] if isinstance(given, str | int) else given
