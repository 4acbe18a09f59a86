"""The versioned modules that PettingZoo's users expect, such as `counterpoise.envs.pledge_v0`.

They have no files: a finder on `sys.meta_path` makes the module of any registered game, so that
``from counterpoise.envs import pledge_v0``, ``import counterpoise.envs.pledge_v0`` and
`importlib.import_module` all work, and a version stands in one place, the game's row.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import re
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.registration import ROWS, why_superseded

VERSIONED = re.compile(r"counterpoise\.envs\.(?P<game>[a-z][a-z0-9_]*)_v(?P<version>\d+)")


def refuse(game: str, version: int, **_: Any) -> NoReturn:
    """Say what replaced a version of a game, and why; the registries call this for old versions.

    Raises
    ------
    CounterpoiseError
    """
    raise CounterpoiseError(
        f"{why_superseded(game, version)} Ask for version {ROWS[game].version}."
    )


class VersionedModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and makes ``counterpoise.envs.<game>_v<version>``."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a registered game's module; None for any other name.

        Raises
        ------
        ImportError
            If the game has another version now; the message names it and says why.
        """
        found = VERSIONED.fullmatch(fullname)
        if found is None or found["game"] not in ROWS:
            return None
        current = ROWS[found["game"]].version
        if int(found["version"]) != current:
            why = why_superseded(found["game"], int(found["version"]))
            raise ImportError(
                f"{fullname.rpartition('.')[2]} is not the current version: import "
                f"{found['game']}_v{current}. {why}".strip()
            )
        return importlib.util.spec_from_loader(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        """Give the module `parallel_env`, `env` and `raw_env`."""
        from counterpoise.envs.adapters import pettingzoo

        found = VERSIONED.fullmatch(module.__name__)
        assert found is not None
        game = found["game"]
        module.__doc__ = (
            f"`{game}` as a PettingZoo environment: `parallel_env`; `env` and `raw_env` are AEC."
            "\n\nSettings are those of "
            "`counterpoise.envs.adapters.pettingzoo.CounterpoiseParallel`."
        )
        members = {
            "parallel_env": functools.partial(pettingzoo.parallel_env, game),
            "env": functools.partial(pettingzoo.env, game),
            "raw_env": functools.partial(pettingzoo.env, game),
        }
        vars(module).update(members, __all__=list(members))
