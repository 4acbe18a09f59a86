"""The zoo: trained policies, each with a card of its scores and the command that trained it.

A policy is a folder ``zoo/GAME/NAME`` with weights as safetensors and descriptions as JSON; nothing
is unpickled. ``counterpoise zoo`` lists them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from counterpoise.agents.learned import load_profile
from counterpoise.envs.engine.errors import unknown_name
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.strategy import Strategy

FOLDER = Path(__file__).resolve().parent
CARD = "card.json"


def names() -> list[str]:
    """Return the names of all policies, such as ``arms_race/equilibrium-learner``."""
    return sorted(path.parent.relative_to(FOLDER).as_posix() for path in FOLDER.glob(f"*/*/{CARD}"))


def folder_of(name: str) -> Path:
    """Return the folder of a policy of the zoo.

    Raises
    ------
    UnknownNameError
        If there is no policy of that name.
    """
    if name not in names():
        raise unknown_name("trained policy", name, names())
    return FOLDER / name


def card(name: str) -> dict[str, Any]:
    """Return a policy's card: game, scores, command, seed, date and versions."""
    return dict(json.loads((folder_of(name) / CARD).read_text()))


def load(name: str, parameters: ParametersBase | None = None) -> list[Strategy]:
    """Return a trained policy as one strategy for every power.

    Parameters
    ----------
    name : str
        One of `names`.
    parameters : Parameters, optional
        Parameters of the game that is played; by default those of the policy's evaluation.

    Raises
    ------
    UnknownNameError
        If there is no such policy.
    CounterpoiseError
        If it was trained on another version of the rules or for another number of powers.

    Examples
    --------
    >>> from counterpoise import agents
    >>> profile = agents.load("burden_sharing/equilibrium-learner")
    """
    return load_profile(folder_of(name), parameters=parameters)[2]
