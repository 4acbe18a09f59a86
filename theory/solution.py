"""What a solver of a game hands back.

Every game's theory stands in ``theory/<game>.py`` and offers four functions, found by name:

``equilibrium(parameters) -> Equilibrium``
``best_response(parameters, profile, power) -> BestResponse``
    Exact for any profile of strategies of that game, by the method that the function documents.
``outcomes(parameters, profile) -> dict``
    The quantities in which a profile is compared with the equilibrium, each a number or an array.
``OUTCOME_UNITS``
    The unit of each.

A game that has several equilibria also offers

``equilibria(parameters) -> tuple[Equilibrium, ...]``
    Each with a name of its own; first the one that `equilibrium` returns.

`regret.py` builds NashConv and regret on these.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.strategy import Strategy


@dataclasses.dataclass(frozen=True)
class Equilibrium:
    """A solved game.

    Attributes
    ----------
    game : str
    parameters : Parameters
    strategies : tuple of Strategy
        One for each power, playable in the game.
    values : ndarray of float64, [powers]
        Each power's discounted payoff from the start.
    outcomes : mapping of str to float or ndarray
        What happens when it is played; the same keys as the game's ``outcomes`` function.
    method : str
        How it was computed, in one sentence.
    is_unique : bool
        Whether the theory knows it to be the only one.
    name : str
        What it is called where the game has several.
    """

    game: str
    parameters: ParametersBase
    strategies: tuple[Strategy, ...]
    values: NDArray[np.float64]
    outcomes: Mapping[str, Any]
    method: str
    is_unique: bool
    name: str = "equilibrium"


@dataclasses.dataclass(frozen=True)
class BestResponse:
    """The best that one power can do against the others of a profile.

    Attributes
    ----------
    strategy : Strategy
        A strategy that attains it.
    value : float
        Its discounted payoff from the start.
    own_value : float
        What the profile's own strategy gets there.
    """

    strategy: Strategy
    value: float
    own_value: float

    @property
    def gain(self) -> float:
        """How much the power would gain by deviating."""
        return self.value - self.own_value
