"""The games by name, and their registration with Gymnasium and PettingZoo.

Nothing here imports the rules: a registered game is loaded when it is first asked for.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

from counterpoise.envs.errors import unknown_name

if TYPE_CHECKING:
    from counterpoise.envs.game import Game

# Name and version of every game; any change of dynamics, spaces or rewards raises the version.
GAMES = {
    "burden_sharing": 0,
    "arms_race": 0,
    "guns_and_butter": 0,
    "arms_or_allies": 0,
    "chokepoint": 0,
    "deterrence": 0,
    "buck_passing": 0,
    "pledge": 0,
    "paradox_of_power": 0,
    "shifting_power": 0,
    "grand_strategy": 0,
}


def game_names() -> list[str]:
    """Return the name of every game."""
    return list(GAMES)


@functools.cache
def game(name: str) -> Game:
    """Return a game by name.

    Raises
    ------
    UnknownNameError
        If there is none of that name; the message names the nearest.
    """
    if name not in GAMES:
        raise unknown_name("game", name, GAMES)
    return importlib.import_module(f"counterpoise.envs.games.{name}").GAME  # type: ignore[no-any-return]


@functools.cache
def restored(name: str, style: str, powers: int) -> Game:
    """Return a game by name, in a style of actions and, where that matters, for some powers."""
    made = game(name).in_style(style)
    return made.seated(powers) if powers else made


def gymnasium_id(name: str) -> str:
    """Return a game's name with Gymnasium, such as ``counterpoise/BurdenSharing-v0``."""
    words = "".join(word.capitalize() for word in name.split("_"))
    return f"counterpoise/{words}-v{GAMES[name]}"


def pettingzoo_id(name: str) -> str:
    """Return a game's name with PettingZoo, such as ``counterpoise/burden_sharing-v0``."""
    return f"counterpoise/{name}-v{GAMES[name]}"


def register_everywhere() -> None:
    """Register every game with Gymnasium's registry and, where it has one, with PettingZoo's."""
    import gymnasium
    import pettingzoo

    for name, version in GAMES.items():
        module = f"counterpoise.envs.{name}_v{version}"
        if gymnasium_id(name) not in gymnasium.registry:
            gymnasium.register(
                gymnasium_id(name),
                entry_point="counterpoise.envs.single:OnePower",
                vector_entry_point="counterpoise.envs.vector:OnePowerVector",
                kwargs={"game": name},
            )
        # PettingZoo has had a registry since 1.27.
        if hasattr(pettingzoo, "register"):
            registries = {"parallel": pettingzoo.parallel_registry, "aec": pettingzoo.aec_registry}
            for kind, attribute in (("parallel", "parallel_env"), ("aec", "env")):
                if pettingzoo_id(name) not in registries[kind]:
                    pettingzoo.register(kind, pettingzoo_id(name), f"{module}:{attribute}")
