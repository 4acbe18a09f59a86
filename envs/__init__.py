"""The rules of every game, and the adapters to PettingZoo, Gymnasium and Stable-Baselines3.

`counterpoise.envs` depends on no other subpackage: theory, agents, training and evaluation build on
it. ``from counterpoise.envs import burden_sharing_v0`` gives the versioned module that PettingZoo's
users expect, with `parallel_env`, `env` and `raw_env`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.envs, not envs: the folder is part of the package")

from counterpoise.envs.adapters.versioned import VersionedModules

sys.meta_path.append(VersionedModules())

if TYPE_CHECKING:
    # Type checkers do not see what the finder makes.
    def __getattr__(name: str) -> ModuleType: ...
