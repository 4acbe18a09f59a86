"""Registration: this package's table of games, Gymnasium's registry and PettingZoo's.

PettingZoo is not imported for it. A game is registered there at once if PettingZoo is imported
already, and otherwise when it is: a finder on `sys.meta_path` waits for that import.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import gymnasium

from counterpoise.envs.engine.registration import ROWS, GameRow, add, row

PETTINGZOO = "pettingzoo"
ADAPTERS = "counterpoise.envs.adapters"
# What the ids of superseded versions lead to.
REFUSE = f"{ADAPTERS}.versioned:refuse"


def gymnasium_id(name: str, version: int | None = None) -> str:
    """Return a game's name with Gymnasium, such as ``counterpoise/BurdenSharing-v0``."""
    words = "".join(word.capitalize() for word in name.split("_"))
    return f"counterpoise/{words}-v{row(name).version if version is None else version}"


def pettingzoo_id(name: str, version: int | None = None) -> str:
    """Return a game's name with PettingZoo, such as ``counterpoise/burden_sharing-v0``."""
    return f"counterpoise/{name}-v{row(name).version if version is None else version}"


def register(row: GameRow) -> None:
    """Register a game by its row: here, with Gymnasium, and with PettingZoo (1.27 or newer).

    Afterwards the game is found by name like those that ship: ``counterpoise.make("my_game")``,
    ``gymnasium.make("counterpoise/MyGame-v0")``, ``pettingzoo.make("parallel",
    "counterpoise/my_game-v0")``, ``from counterpoise.envs import my_game_v0``, trainings and the
    command line.

    Parameters
    ----------
    row : GameRow
        The name, the version, and the parts as entry points ``"module:attribute"``, which are
        imported when they are first asked for. Only `rules` is needed.

    Returns
    -------
    None

    Raises
    ------
    CounterpoiseError
        If another game of that name is registered.

    Examples
    --------
    >>> import counterpoise
    >>> row = counterpoise.GameRow(name="my_game", version=0, rules="my_package.rules:GAME")
    >>> counterpoise.register(row)
    """
    add(row)
    if gymnasium_id(row.name) not in gymnasium.registry:
        gymnasium.register(
            gymnasium_id(row.name),
            entry_point=f"{ADAPTERS}.gymnasium:OnePower",
            vector_entry_point=f"{ADAPTERS}.vector:OnePowerVector",
            kwargs={"game": row.name},
        )
    for version in range(len(row.superseded)):
        if gymnasium_id(row.name, version) not in gymnasium.registry:
            gymnasium.register(
                gymnasium_id(row.name, version),
                entry_point=REFUSE,
                vector_entry_point=REFUSE,
                kwargs={"game": row.name, "version": version},
            )
    if PETTINGZOO in sys.modules:
        _register_with_pettingzoo(sys.modules[PETTINGZOO], row.name)


def _register_with_pettingzoo(pettingzoo: Any, name: str) -> None:
    # PettingZoo has had a registry since 1.27.
    if not hasattr(pettingzoo, "register"):
        return
    registries = {"parallel": pettingzoo.parallel_registry, "aec": pettingzoo.aec_registry}
    for kind, attribute in (("parallel", "parallel_env"), ("aec", "env")):
        if pettingzoo_id(name) not in registries[kind]:
            pettingzoo.register(
                kind,
                pettingzoo_id(name),
                f"{ADAPTERS}.pettingzoo:{attribute}",
                kwargs={"game": name},
            )
        for version in range(len(row(name).superseded)):
            if pettingzoo_id(name, version) not in registries[kind]:
                pettingzoo.register(
                    kind,
                    pettingzoo_id(name, version),
                    REFUSE,
                    kwargs={"game": name, "version": version},
                )


class _PettingZooImport(importlib.abc.MetaPathFinder):
    """Registers all games with PettingZoo after its first import, and does nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return PettingZoo's own spec, with the registration after its execution."""
        if fullname != PETTINGZOO:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            for name in ROWS:
                _register_with_pettingzoo(module, name)

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


if PETTINGZOO not in sys.modules:
    sys.meta_path.insert(0, _PettingZooImport())
