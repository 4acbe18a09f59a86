"""The reference: the public face of the package, and the modules of each room."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence

from markdown_tables import first_line, table

import counterpoise

GAMES = ("counterpoise.envs.games", "counterpoise.envs.grand_strategy")

PUBLIC_MODULES = ("counterpoise.testing",)

# The rooms, each with a page: what it contains, and the packages that the page shows.
ROOMS: Mapping[str, tuple[str, Sequence[str]]] = {
    "envs": ("Engine, adapters, scenarios.", ("counterpoise.envs",)),
    "games": ("Rules of every game.", GAMES),
    "theory": ("Equilibria, best responses, regret, predictions.", ("counterpoise.theory",)),
    "agents": ("Doctrines, learned policies, the zoo.", ("counterpoise.agents",)),
    "training": ("Learners, populations, runs.", ("counterpoise.training",)),
    "evaluation": (
        "Comparison with theory, populations, predictions.",
        ("counterpoise.evaluation",),
    ),
    "display": ("Figures, tables, reports, replays.", ("counterpoise.display",)),
    "human": ("People at the board: sessions, pages, server.", ("counterpoise.human",)),
}


def public_face() -> str:
    """Return every public name: a table, then each with its signature and docstring."""
    names = [name for name in counterpoise.__all__ if not name.startswith("_")]
    rows = [
        [f"{{py:obj}}`{name} <counterpoise.{name}>`", first_line(getattr(counterpoise, name))]
        for name in names
    ]
    described = [_automatic(_directive(name), f"counterpoise.{name}") for name in names]
    modules = [_modules(module) for module in PUBLIC_MODULES]
    return "\n\n".join([table(["name", "what it is"], rows), *described, *modules])


def _directive(name: str) -> str:
    found = getattr(counterpoise, name)
    if inspect.isclass(found):
        return "autoclass"
    return "autofunction" if callable(found) else "autodata"


def _automatic(directive: str, name: str) -> str:
    return f"```{{eval-rst}}\n.. {directive}:: {name}\n```"


def rooms() -> str:
    """Return a table of the rooms, with links to their pages."""
    return table(
        ["package", "contents"],
        [
            [f"[{', '.join(f'`{package}`' for package in packages)}]({name}.md)", contents]
            for name, (contents, packages) in ROOMS.items()
        ],
    )


def room(name: str) -> str:
    """Return every module of a room's packages, each with a heading and its docstrings."""
    _, packages = ROOMS[name]
    elsewhere = [package for package in GAMES if package not in packages]
    return "\n\n".join(_modules(package, elsewhere) for package in packages)


def _modules(package: str, but: Sequence[str] = ()) -> str:
    """Return every public module of a package; `but` are subpackages on a page of their own."""
    found = importlib.import_module(package)
    within = pkgutil.walk_packages(getattr(found, "__path__", ()), f"{package}.")
    names = [package, *(each.name for each in within)]
    shown = [
        name
        for name in names
        if not any(part.startswith("_") for part in name.split("."))
        and not any(f"{name}.".startswith(f"{other}.") for other in but)
    ]
    return "\n\n".join(
        f"## {name.removeprefix('counterpoise.')}\n\n{_automatic('automodule', name)}"
        for name in shown
    )


PARTS: Mapping[str, Callable[[], str]] = {
    "public face": public_face,
    "rooms": rooms,
    **{f"modules of {name}": functools.partial(room, name) for name in ROOMS},
}
