"""Games in files: writing a game after every decision, reading it, resuming it.

A game is a folder with one file, ``game.json``: its parameters, its seed, the strategies' names,
what people decided in every step, and a digest of the world after each. Everything else follows
from these, so a game is resumed by playing it again; the digests say whether it came out the same.
"""

from __future__ import annotations

import datetime
import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.registration import why_superseded
from counterpoise.envs.engine.worlds import as_parameters
from counterpoise.human.setup import PERSON, Setup
from counterpoise.human.table import Refused, Table

FILE = "game.json"
FORMAT = 1
NEEDED = {
    "game", "version", "title", "parameters", "names", "humans", "against", "beside", "seed",
    "steps", "digests", "decided",
}  # fmt: skip


def new_folder(parent: Path, name: str) -> Path:
    """Return the path of a folder that no other game has."""
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    return parent / f"{re.sub(r'[^a-z0-9_]+', '_', name.lower())}-{now}-{secrets.token_hex(2)}"


class SavedTable(Table):
    """A game at the table that is saved after every decision.

    Parameters
    ----------
    setup : Setup
    folder : path
        The folder of the game.

    See Also
    --------
    begin, resume : start a new game, or go on with a saved one.
    """

    def __init__(self, setup: Setup, folder: str | Path) -> None:
        super().__init__(setup)
        self.folder = Path(folder)

    def commit(self, seat: int, step: int, action: Any) -> None:
        """Decide for a power, as `Table.commit` does, and save the game."""
        super().commit(seat, step, action)
        self.save()

    def save(self) -> None:
        """Write the game into its folder."""
        setup = self.setup
        parameters = {
            name: getattr(setup.parameters, name) for name in setup.game.parameters.declarations
        }
        content = {
            "format": FORMAT,
            "game": setup.game.name,
            "version": setup.game.version,
            "style": setup.game.style,
            "title": setup.title,
            "parameters": parameters,
            "names": setup.names,
            "humans": setup.humans,
            "against": setup.against,
            "beside": setup.beside,
            "seed": setup.seed,
            "is_over": self.is_over,
            "scores": {setup.names[seat]: self.score(seat) for seat in setup.humans},
            "steps": [_by_seat(step) for step in self.steps],
            "decided": _by_seat(self.decided),
            "digests": self.digests,
        }
        write_text_atomically(self.folder / FILE, json.dumps(content, indent=1) + "\n")


def begin(setup: Setup, folder: str | Path) -> SavedTable:
    """Begin a game and save it.

    Raises
    ------
    CounterpoiseError
        If the folder already holds a game.
    """
    if (Path(folder) / FILE).exists():
        raise CounterpoiseError(
            f"{folder} already holds a game: resume it (counterpoise play --resume {folder}), or "
            "choose another folder."
        )
    table = SavedTable(setup, folder)
    table.go_on()
    table.save()
    return table


def resume(folder: str | Path) -> SavedTable:
    """Play a saved game again up to its last decision.

    Raises
    ------
    CounterpoiseError
        If the folder holds no valid game, or if a step comes out differently because the rules or a
        learned strategy have changed since.
    """
    path = Path(folder) / FILE
    saved = _read(path)
    table = SavedTable(_setup_from(path, saved), folder)
    _play_again(table, path, saved)
    return table


# -- reading ---------------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise CounterpoiseError(
            f"{path.parent} holds no game: {FILE} is missing. Expected the folder that "
            "`counterpoise play` printed when the game began."
        )
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _invalid(path, f"it is not JSON ({error})") from None
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise _invalid(path, f"its format is not {FORMAT}")
    absent = sorted(NEEDED - saved.keys())
    if absent:
        raise _invalid(path, f"it lacks {absent[0]!r}")
    return saved


def _setup_from(path: Path, saved: Mapping[str, Any]) -> Setup:
    game = game_named(str(saved["game"])).in_style(saved.get("style"))
    if saved["version"] != game.version:
        known = type(saved["version"]) is int
        why = why_superseded(game.name, saved["version"]) if known else ""
        raise _invalid(
            path,
            f"it was played with {game.name} v{saved['version']}; this is v{game.version}"
            + (f" ({why.rstrip('.')})" if why else ""),
        )
    if not isinstance(saved["parameters"], dict):
        raise _invalid(path, "'parameters' is not a table")
    parameters = as_parameters(game.parameters, saved["parameters"])
    powers = parameters.powers
    for field, kind, length in (
        ("names", str, powers), ("against", str, powers), ("beside", str, None),
        ("humans", int, None), ("steps", dict, None), ("digests", str, None),
    ):  # fmt: skip
        values = saved[field]
        if not isinstance(values, list) or not all(type(value) is kind for value in values):
            raise _invalid(path, f"{field!r} is not a list of {kind.__name__}")
        if length is not None and len(values) != length:
            raise _invalid(path, f"{field!r} has {len(values)} entries for {length} powers")
    humans = saved["humans"]
    is_seated = humans and all(0 <= seat < powers for seat in humans)
    if not is_seated or len(set(humans)) != len(humans):
        raise _invalid(path, f"'humans' are not different seats from 0 to {powers - 1}")
    if type(saved["seed"]) is not int or not isinstance(saved["title"], str):
        raise _invalid(path, "'seed' is not a whole number, or 'title' is not a text")
    return Setup(
        game=game,
        parameters=parameters,
        names=list(saved["names"]),
        title=saved["title"],
        humans=tuple(sorted(humans)),
        against=tuple(saved["against"]),
        beside=tuple(saved["beside"]),
        seed=saved["seed"],
    )


def _play_again(table: Table, path: Path, saved: Mapping[str, Any]) -> None:
    """Play all steps of a saved game, comparing digests, and restore the open decisions."""
    steps, digests = saved["steps"], saved["digests"]
    if len(digests) != len(steps) + 1:
        raise _invalid(path, "the number of its digests is not one more than that of its steps")
    for number in range(len(digests)):
        if table.digests[-1] != digests[number]:
            players = ", ".join(sorted({*table.setup.against} - {PERSON}))
            raise CounterpoiseError(
                f"{path}: step {number} comes out differently from how it was played. The "
                f"rules, the machine or a strategy ({players}) have changed since; this game "
                "cannot be resumed."
            )
        if number < len(steps):
            table.decided = _decisions(table, path, steps[number], is_whole=True)
            table.play_step()
    table.decided = _decisions(table, path, saved["decided"], is_whole=False)


def _decisions(table: Table, path: Path, saved: Any, *, is_whole: bool) -> dict[int, list[float]]:
    """Return the people's decisions in one step of a saved game, by seat."""
    where = f"step {table.step}"
    if not isinstance(saved, dict) or (table.is_over and saved):
        raise _invalid(path, f"{where} is not a table of decisions")
    seats = {str(seat): seat for seat in table.setup.humans}
    if not saved.keys() <= seats.keys() or (is_whole and len(saved) < len(seats)):
        raise _invalid(path, f"the decisions of {where} are not those of the people's seats")
    try:
        return {
            seat: table.check(seat, saved[name]) for name, seat in seats.items() if name in saved
        }
    except Refused as error:
        raise _invalid(path, f"{where}: {error}") from None


def _by_seat(actions: Mapping[int, list[float]]) -> dict[str, list[float]]:
    return {str(seat): action for seat, action in sorted(actions.items())}


def _invalid(path: Path, why: str) -> CounterpoiseError:
    return CounterpoiseError(f"{path} is not a game that can be resumed: {why}.")
