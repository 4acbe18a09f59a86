"""Counterpoise: multi-agent reinforcement-learning environments about the balance of power.

Importing the package registers every game with Gymnasium and with PettingZoo; the rules themselves
are compiled or loaded only when a game is made.
"""

from pathlib import Path as _Path

__version__ = "0.1.0"

# In a checkout the subpackages lie at the repository root, not beside this file: look there first,
# so that tracebacks, breakpoints and coverage name envs/..., and no symlink is needed to run.
_root = _Path(__file__).resolve().parents[2]
if (_root / "pyproject.toml").is_file() and (_root / "envs" / "__init__.py").is_file():
    __path__.insert(0, str(_root))
del _root, _Path

from counterpoise.catalogue import register_games as _register_games  # noqa: E402

_register_games()
