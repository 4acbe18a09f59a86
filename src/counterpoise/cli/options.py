"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterpoise.envs.engine.errors import CounterpoiseError

if TYPE_CHECKING:
    from counterpoise.envs.engine.parameters import ParametersBase

MISTAKE, NOT_MET, STOPPED = 1, 3, 130

GameName = Annotated[str, typer.Argument(metavar="GAME", help="Name of a game, such as arms_race.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN…", help="Folders of runs, or folders that contain runs."),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set a parameter. Repeat for several. One value per power: gdp=100,40,20.",
    ),
]
ScenarioName = Annotated[
    str | None, typer.Option("--scenario", help="Name of a scenario, or path of a TOML file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Processes = Annotated[
    int | None,
    typer.Option(min=1, help="Number of worker processes. Default: one per core, at most four."),
]
IsQuick = Annotated[
    bool, typer.Option("--quick", help="Train very briefly, to check that everything runs.")
]

TRUTH = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def process_count(asked: int | None) -> int:
    """Return the number of worker processes: as `asked`, or the default of this machine."""
    from counterpoise.evaluation.runner import usual_processes

    return asked or usual_processes()


def read_settings(settings: list[str] | None) -> dict[str, Any]:
    """Return parameter changes from ``name=value`` texts.

    A value is a number, yes or no, or several numbers separated by commas, one per power.

    Raises
    ------
    CounterpoiseError
        If a text does not have this form; the message shows one that does.
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


def _read_value(setting: str, text: str) -> bool | int | float:
    if text.lower() in TRUTH:
        return TRUTH[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise CounterpoiseError(f"--set {setting}: {text!r} is neither a number nor yes or no.")


def read_seconds(text: str) -> float:
    """Return a time in seconds from ``2h``, ``90m``, ``1h30m`` or ``45s``.

    Raises
    ------
    CounterpoiseError
        If the text does not have this form.
    """
    found = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", text)
    if found is None or not any(found.groups()):
        raise CounterpoiseError(f"--budget {text!r}: expected a time such as 2h, 90m or 1h30m.")
    hours, minutes, seconds = (float(part or 0.0) for part in found.groups())
    return 3600.0 * hours + 60.0 * minutes + seconds


def parameters_asked(
    game: str, settings: list[str] | None, scenario: str | None, variant: str | None = None
) -> tuple[ParametersBase, list[str]]:
    """Return a game's parameters as the options set them, and the names of its powers."""
    from counterpoise.envs.adapters.settings import Settings
    from counterpoise.envs.engine.errors import unknown_name
    from counterpoise.envs.engine.registration import game as game_named
    from counterpoise.evaluation.playback import power_names

    the_game = game_named(game)
    changes = read_settings(settings)
    if variant is not None:
        if variant not in the_game.variants:
            raise unknown_name(f"variant of {game}", variant, the_game.variants)
        changes = {**the_game.variants[variant], **changes}
    made = Settings.resolve(the_game, scenario=scenario, changes=changes)
    powers = made.parameters.powers
    return made.parameters, power_names(the_game, powers, made.scenario)


def command_given(arguments: list[str], *, without: tuple[str, ...] = ()) -> str:
    """Return a command as a person would type it, `without` some of its options."""
    return "counterpoise " + shlex.join(word for word in arguments if word not in without)
