"""Counterpoise: multi-agent reinforcement-learning environments about the balance of power.

The names in `__all__` are the public face: environments, theory, learning, and people at the board.
Each is imported when it is first used. Importing the package registers every game with Gymnasium
and, as soon as that is imported, with PettingZoo; a game's rules are compiled or loaded when the
game is first made.
"""

from __future__ import annotations

from pathlib import Path as _Path
from typing import TYPE_CHECKING
from typing import Any as _Any

__version__ = "0.1.0"

# In a checkout the subpackages lie at the repository root, not beside this file: look there first,
# so that tracebacks, breakpoints and coverage name envs/..., and no symlink is needed to run.
_root = _Path(__file__).resolve().parents[2]
if (_root / "pyproject.toml").is_file() and (_root / "envs" / "__init__.py").is_file():
    __path__.insert(0, str(_root))
del _root

from counterpoise.catalogue import FACE as _FACE  # noqa: E402
from counterpoise.catalogue import register_games as _register_games  # noqa: E402
from counterpoise.envs.engine.registration import imported as _imported  # noqa: E402

_register_games()

if TYPE_CHECKING:
    from counterpoise.envs.adapters.registries import register
    from counterpoise.envs.engine.registration import GameRow, game
    from counterpoise.envs.engine.registration import game_names as games
    from counterpoise.envs.engine.worlds import Worlds
    from counterpoise.envs.scenarios import scenario
    from counterpoise.face import (
        best_response,
        compare,
        load,
        make,
        regret,
        solve,
        train,
        watch,
    )
    from counterpoise.human.play import play

__all__ = [
    "GameRow",
    "Worlds",
    "best_response",
    "compare",
    "game",
    "games",
    "load",
    "make",
    "play",
    "register",
    "regret",
    "scenario",
    "solve",
    "train",
    "watch",
]


def __getattr__(name: str) -> _Any:
    """Import a name of the public face when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = _imported(_FACE[name])
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public face and what is imported already."""
    return sorted({*globals(), *__all__})
