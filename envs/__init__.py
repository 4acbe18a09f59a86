"""The rules of every game, and the adapters to PettingZoo, Gymnasium and Stable-Baselines3.

`counterpoise.envs` depends on no other subpackage: theory, agents, training and evaluation build on
it. ``from counterpoise.envs import burden_sharing_v0`` gives the versioned module that PettingZoo's
users expect, with `parallel_env`, `env` and `raw_env`.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.envs, not envs: the folder is part of the package")

from counterpoise.envs.adapters.versioned import VERSIONED, VersionedModules

sys.meta_path.append(VersionedModules())


def __getattr__(name: str) -> ModuleType:
    """Return the versioned module of a registered game, such as ``burden_sharing_v0``."""
    module = f"{__name__}.{name}"
    if VERSIONED.fullmatch(module) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(module)
