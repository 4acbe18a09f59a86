"""The rules of every game, and the adapters to PettingZoo, Gymnasium and Stable-Baselines3.

`counterpoise.envs` depends on no other subpackage: theory, agents, training and evaluation build on
it. ``from counterpoise.envs import burden_sharing_v0`` gives the versioned module that PettingZoo's
users expect, with `parallel_env`, `env` and `raw_env`.
"""

from __future__ import annotations

import re
import sys
import types

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.envs, not envs: the folder is part of the package")

_VERSIONED = re.compile(r"(?P<game>[a-z][a-z0-9_]*)_v(?P<version>\d+)")


def __getattr__(name: str) -> types.ModuleType:
    """Return the versioned module of a registered game, such as ``burden_sharing_v0``.

    Raises
    ------
    ImportError
        If the game has another version now; the message names it.
    """
    from counterpoise.envs.engine.registration import ROWS

    found = _VERSIONED.fullmatch(name)
    if found is None or found["game"] not in ROWS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from counterpoise.envs.adapters.pettingzoo import versioned_module

    module = versioned_module(found["game"], int(found["version"]))
    sys.modules[module.__name__] = module
    return module
