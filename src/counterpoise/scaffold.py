"""The files of a new game: a package of your own that passes the conformance suite.

`write_game` fills the templates in ``counterpoise/new_game`` with the game's name. What they hold
is a small game with a solved theory; replace its rules, and then its theory, step by step.
"""

from __future__ import annotations

import keyword
import re
import string
from pathlib import Path

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.envs.engine.registration import game_names

TEMPLATES = Path(__file__).resolve().parent / "new_game"

# Template and path of the file that it becomes, below the folder.
FILES = {
    "__init__.py.txt": "$name/__init__.py",
    "rules.py.txt": "$name/rules.py",
    "theory.py.txt": "$name/theory.py",
    "doctrines.py.txt": "$name/doctrines.py",
    "training.toml.txt": "$name/training.toml",
    "test_game.py.txt": "test_$name.py",
    "page.md.txt": "$name.md",
}


def write_game(name: str, folder: Path) -> list[Path]:
    """Write the files of a new game that passes the conformance suite.

    ``NAME/`` becomes a package with the rules, the theory, the doctrines and a training; importing
    it registers the game by one row (`counterpoise.register`). Beside it stand ``test_NAME.py``,
    which runs `counterpoise.testing`, and the page ``NAME.md``.

    Parameters
    ----------
    name : str
        Name of the game and of its package: lower-case letters, digits and underscores.
    folder : Path
        Folder of the package; made if it does not exist. It has to be on Python's path when the
        game is imported, as the working directory is for ``python -m``.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    CounterpoiseError
        If the name is not allowed or taken, or one of the files exists.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> files = write_game("common_good", pathlib.Path(tempfile.mkdtemp()))
    >>> files[0].name
    '__init__.py'
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise CounterpoiseError(
            f"{name!r} cannot name a game: use lower-case letters, digits and underscores, such as "
            "'common_good'."
        )
    if name in game_names():
        raise CounterpoiseError(f"A game {name!r} is registered already: choose another name.")
    words = {"name": name, "title": name.replace("_", " ").capitalize()}
    texts = {
        Path(folder) / string.Template(path).substitute(words): string.Template(
            (TEMPLATES / template).read_text(encoding="utf-8")
        ).substitute(words)
        for template, path in FILES.items()
    }
    for path in texts:
        if path.exists():
            raise CounterpoiseError(f"{path} exists: choose another folder or another name.")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomically(path, text)
    return list(texts)
