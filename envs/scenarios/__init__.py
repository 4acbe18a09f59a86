"""Scenarios: named starting points of a game with their sources, as TOML files.

A scenario file names its ``game``, a ``title`` and its ``sources``; ``[parameters]`` changes the
game's parameters, and each ``[[power]]`` gives one power's ``name``, its per-power parameters and,
under ``observed``, its recorded conduct, which pages show beside learned and equilibrium play.
``[scale]`` rescales a per-power parameter so that its largest value is the one given. Each
``[[pair]]`` names two powers in ``between`` and gives per-pair parameters: one value for both
directions, or two, the first power's towards the second first; pairs that are not listed keep the
values of ``[parameters]`` or of the game. A file that ``extends`` another scenario changes it:
single parameters, powers by name, pairs by their two names. What a scenario gives is what play
begins with: a parameter that spreads random draws around given values (such as ``size_spread``) is
0 unless the scenario gives it as well. ``focus`` names the power that the
scenario is about, which gets the first seat.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import (
    CounterpoiseError,
    ParameterError,
    ScenarioError,
    UnknownNameError,
    unknown_name,
)
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.registration import why_superseded

if TYPE_CHECKING:
    from counterpoise.envs.engine.game import Game

FOLDER = Path(__file__).resolve().parent
FIELDS = {
    "title",
    "game",
    "sources",
    "notes",
    "parameters",
    "scale",
    "power",
    "pair",
    "extends",
    "focus",
}


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
        Recorded conduct of the powers, by the name of the outcome; NaN where it is unknown.
    sources : list of str
    notes : str
    focus : str
        The power in the first seat that the scenario is about; empty if it is about all.
    """

    name: str
    title: str
    game: str
    parameters: ParametersBase
    names: list[str]
    observed: dict[str, NDArray[np.float64]]
    sources: list[str]
    notes: str
    focus: str = ""


def scenario_names() -> list[str]:
    """Return the scenarios that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def scenario(name: str | Path) -> Scenario:
    """Read a scenario by name or from a file.

    Parameters
    ----------
    name : str or path
        A scenario that comes with the package, or the path of a TOML file.

    Returns
    -------
    Scenario
        The game's parameters, the powers' names, their recorded conduct, and the sources.

    Raises
    ------
    UnknownNameError
        If there is no such scenario.
    ScenarioError
        If the file cannot be understood; the message names the line and the field.

    Examples
    --------
    >>> import counterpoise
    >>> counterpoise.scenario("nato_2024").game
    'burden_sharing'
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


def scenario_of(game: str, name: str | os.PathLike[str]) -> Scenario:
    """Read a scenario as `scenario` does, and check that it is one of a game.

    Raises
    ------
    ParameterError
        If it is a scenario of another game.
    """
    found = scenario(os.fspath(name))
    if found.game != game:
        raise ParameterError(f"Scenario {found.name!r} is of {found.game}, not of {game}.")
    return found


def _extended(path: Path, values: dict[str, Any], fault: Any) -> dict[str, Any]:
    """Return the values of the scenario that a file extends, updated with the file's own."""
    if "extends" not in values:
        return values
    below = path.with_name(f"{values['extends']}.toml")
    if not below.is_file():
        below = FOLDER / f"{values['extends']}.toml"
    if not below.is_file() or below == path:
        known = [name for name in scenario_names() if name != path.stem]
        raise fault(str(unknown_name("scenario", str(values["extends"]), known)), "extends")
    base = tomllib.loads(below.read_text(encoding="utf-8"))
    if "extends" in base:
        raise fault(f"{below.stem} extends another itself: extend that one.", "extends")
    made = {**base, **values}
    for table in ("parameters", "scale"):
        made[table] = {**base.get(table, {}), **values.get(table, {})}
    made["sources"] = [*values.get("sources", []), *base.get("sources", [])]
    powers = {power["name"]: dict(power) for power in base.get("power", [])}
    for k, power in enumerate(values.get("power", [])):
        if power.get("name") not in powers:
            raise fault(
                str(unknown_name(f"power of {below.stem}", str(power.get("name")), powers)),
                "name", "power", k,
            )  # fmt: skip
        powers[power["name"]] |= power
    made["power"] = list(powers.values())
    made["pair"] = [*base.get("pair", []), *values.get("pair", [])]
    return made


def _focused(values: dict[str, Any], fault: Any) -> str | None:
    """Move the power that a scenario is about to the first seat, and return its name."""
    focus = values.get("focus")
    if focus is None:
        return None
    names = [power.get("name") for power in values.get("power", [])]
    if focus not in names:
        raise fault(str(unknown_name("power", str(focus), names)), "focus")
    values["power"].sort(key=lambda power: power["name"] != focus)
    return str(focus)


def _line_of(text: str, key: str, table: str = "", occurrence: int = 0) -> int:
    """Return the line of `key` in the `occurrence`-th table of that name, from 1."""
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
    values = _extended(path, values, fault)
    focus = _focused(values, fault)
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
            raise fault(_with_history(error, game), key, "parameters") from None
        changes[key] = value
    powers = values.get("power", [])
    columns = _columns(powers, declarations, fault)
    for key, largest in values.get("scale", {}).items():
        if key not in columns or not isinstance(largest, int | float) or largest <= 0:
            raise fault("scales a per-power parameter by a positive number.", key, "scale")
        factor = largest / max(columns[key])
        columns[key] = [value * factor for value in columns[key]]
    columns |= _pairs(values.get("pair", []), powers, changes, declarations, fault)
    for key, declaration in declarations.items():
        if declaration.spread_of in {*changes, *columns} and key not in changes:
            changes[key] = declaration.low
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
        focus=focus or "",
    )


def _with_history(error: CounterpoiseError, game: Game) -> str:
    """Return an error's message; of an unknown parameter, with what the versions have changed."""
    if not isinstance(error, UnknownNameError):
        return str(error)
    reasons = [why_superseded(game.name, version) for version in range(game.version)]
    return " ".join([str(error), *filter(None, reasons)])


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


def _pairs(
    pairs: list[dict[str, Any]],
    powers: list[dict[str, Any]],
    changes: dict[str, Any],
    declarations: Any,
    fault: Any,
) -> dict[str, Any]:
    """Return the per-pair parameters, each as a matrix of powers by powers."""
    names = [power["name"] for power in powers]
    known = [name for name in declarations if declarations[name].per_pair]
    rows: dict[str, list[list[Any]]] = {}
    for k, pair in enumerate(pairs):
        between = pair.get("between")
        if not isinstance(between, list) or len(between) != 2 or len(set(between)) != 2:
            raise fault("must name two different powers.", "between", "pair", k)
        for name in between:
            if name not in names:
                raise fault(str(unknown_name("power", str(name), names)), "between", "pair", k)
        one, other = (names.index(name) for name in between)
        for key, value in pair.items():
            if key == "between":
                continue
            if key not in known:
                raise fault(str(unknown_name("per-pair parameter", key, known)), key, "pair", k)
            both = value if isinstance(value, list) else [value, value]
            if len(both) != 2 or not all(isinstance(each, int | float) for each in both):
                raise fault(f"must be one number, or two, not {value!r}.", key, "pair", k)
            declaration = declarations[key]
            for each in both:
                if not declaration.low <= each <= declaration.high:
                    limits = f"from {declaration.low:g} to {declaration.high:g}"
                    raise fault(f"must be {limits}, not {each!r}.", key, "pair", k)
            if key not in rows:
                usual = changes.get(key, declaration.default)
                rows[key] = [[usual] * len(names) for _ in names]
            rows[key][one][other], rows[key][other][one] = both
    return rows


def _blamed(error: CounterpoiseError, columns: Any, declarations: Any, fault: Any) -> ScenarioError:
    """Return the fault at the value that is out of its range, otherwise at the parameters."""
    for key, column in columns.items():
        for k, value in enumerate(column if declarations[key].per_power else []):
            if not declarations[key].low <= value <= declarations[key].high:
                blamed: ScenarioError = fault(str(error), key, "power", k)
                return blamed
    general: ScenarioError = fault(str(error), "parameters", "parameters")
    return general
