"""Scenarios: named starting points of a game with their sources, as TOML files.

A scenario file names its ``game``, a ``title`` and its ``sources``; ``[parameters]`` changes the
game's parameters, and each ``[[power]]`` gives one power's ``name``, its per-power parameters and,
under ``observed``, what that power really did, to be shown beside what is learned and predicted.
``[scale]`` rescales a per-power parameter so that its largest value is the one given.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.errors import (
    CounterpoiseError,
    ScenarioError,
    unknown_name,
)
from counterpoise.envs.parameters import ParametersBase
from counterpoise.envs.registration import game as game_named

FOLDER = Path(__file__).resolve().parent
FIELDS = {"title", "game", "sources", "notes", "parameters", "scale", "power"}


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A named starting point.

    Attributes
    ----------
    name, title, game : str
    parameters : Parameters
        Of the game.
    names : list of str
        The powers' names, in order of seats.
    observed : dict of str to ndarray, [powers]
        What the powers really did, by the name of the outcome; NaN where it is not known.
    sources : list of str
    notes : str
    """

    name: str
    title: str
    game: str
    parameters: ParametersBase
    names: list[str]
    observed: dict[str, NDArray[np.float64]]
    sources: list[str]
    notes: str


def scenario_names() -> list[str]:
    """Return the scenarios that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def scenario(name: str | Path) -> Scenario:
    """Read a scenario by name, or from a file of the user's.

    Raises
    ------
    UnknownNameError
        If there is no such scenario.
    ScenarioError
        If the file cannot be understood; the message names the line and the field.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise unknown_name("scenario", str(name), scenario_names())
    text = path.read_text(encoding="utf-8")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: {error}.") from None
    return _read(path, text, values)


def _line_of(text: str, key: str, table: str = "", occurrence: int = 0) -> int:
    """Return the line where `key` stands in the `occurrence`-th table of that name, from 1."""
    here, seen = "", -1
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([\w.]+)\s*\]\]?", line)
        if header:
            here = header.group(1)
            seen += here == table
            if here == table == key:
                return number
        is_here = here == table and (not table or seen == occurrence)
        if is_here and re.match(rf"\s*{re.escape(key)}\s*(\.|=)", line):
            return number
    return 1


def _read(path: Path, text: str, values: dict[str, Any]) -> Scenario:
    def fault(message: str, key: str, table: str = "", occurrence: int = 0) -> ScenarioError:
        line = _line_of(text, key, table, occurrence)
        field = f"{table}.{key}" if table else key
        return ScenarioError(f"{path}, line {line}, field {field!r}: {message}")

    for key in values:
        if key not in FIELDS:
            raise fault(str(unknown_name("field", key, FIELDS)), key)
    for key, kind in (("title", str), ("game", str), ("sources", list)):
        if not isinstance(values.get(key), kind):
            raise fault(f"is needed, as a {'text' if kind is str else 'list of texts'}.", key)
    try:
        game = game_named(values["game"])
    except CounterpoiseError as error:
        raise fault(str(error), "game") from None
    declarations = game.parameters.declarations
    changes: dict[str, Any] = {}
    for key, value in values.get("parameters", {}).items():
        try:
            game.parameters.from_mapping({key: value})
        except CounterpoiseError as error:
            raise fault(str(error), key, "parameters") from None
        changes[key] = value
    powers = values.get("power", [])
    columns = _columns(powers, declarations, fault)
    for key, largest in values.get("scale", {}).items():
        if key not in columns or not isinstance(largest, int | float) or largest <= 0:
            raise fault("scales a per-power parameter by a positive number.", key, "scale")
        factor = largest / max(columns[key])
        columns[key] = [value * factor for value in columns[key]]
    try:
        parameters = game.parameters.from_mapping({**changes, **columns})
    except CounterpoiseError as error:
        raise _blamed(error, columns, declarations, fault) from None
    observed_names = sorted({name for power in powers for name in power.get("observed", {})})
    return Scenario(
        name=path.stem,
        title=values["title"],
        game=game.name,
        parameters=parameters,
        names=[power["name"] for power in powers] or game.agent_names(parameters.powers),
        observed={
            name: np.array([power.get("observed", {}).get(name, np.nan) for power in powers])
            for name in observed_names
        },
        sources=list(values["sources"]),
        notes=str(values.get("notes", "")),
    )


def _columns(powers: list[dict[str, Any]], declarations: Any, fault: Any) -> dict[str, Any]:
    """Return the per-power parameters, each a list in the order of the file."""
    columns: dict[str, list[Any]] = {}
    for k, power in enumerate(powers):
        if not isinstance(power.get("name"), str):
            raise fault("each power needs a name.", "name", "power", k)
        for key, value in power.items():
            if key in ("name", "observed"):
                continue
            if key not in declarations or not declarations[key].per_power:
                known = [name for name in declarations if declarations[name].per_power]
                raise fault(str(unknown_name("per-power parameter", key, known)), key, "power", k)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise fault(f"must be a number, not {value!r}.", key, "power", k)
            columns.setdefault(key, []).append(value)
        for key, value in power.get("observed", {}).items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise fault(f"must be a number, not {value!r}.", f"observed.{key}", "power", k)
    for key, column in columns.items():
        if len(column) != len(powers):
            absent = next(k for k, power in enumerate(powers) if key not in power)
            raise fault(f"is missing for {powers[absent]['name']!r}.", "name", "power", absent)
    return columns


def _blamed(error: CounterpoiseError, columns: Any, declarations: Any, fault: Any) -> ScenarioError:
    """Return the fault at the value that is out of its range, or else at the parameters."""
    for key, column in columns.items():
        for k, value in enumerate(column):
            if not declarations[key].low <= value <= declarations[key].high:
                blamed: ScenarioError = fault(str(error), key, "power", k)
                return blamed
    general: ScenarioError = fault(str(error), "parameters", "parameters")
    return general
