"""What a game's learners are to reach, and the curves that its theory is about.

``evaluation/<game>.py`` declares both: ``TARGETS``, one `Targets`, and ``CURVES``, a tuple of
`Curve`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Targets:
    """How near a learned profile is to come.

    Attributes
    ----------
    regret : float
        The largest regret of any power in any seed, in units of its stake.
    outcomes : tuple of str
        The outcomes, by their names in the game's theory, that are to agree with the equilibrium's.
    tolerance : float
        Their largest relative distance, where the equilibrium is unique.
    """

    regret: float
    outcomes: tuple[str, ...]
    tolerance: float = 0.03


@dataclasses.dataclass(frozen=True)
class Curve:
    """Comparative statics: parameters that move together, and the outcomes that follow.

    Attributes
    ----------
    name : str
        What files and tables call it.
    title : str
        What the theory says of it, for a heading.
    vary : mapping of str to (float, float)
        From and to, for each parameter that moves; the first is what the axis shows.
    points : int
        How many values, evenly spaced, both ends included.
    outcomes : tuple of str
        Names of outcomes in the game's theory; one number each, or one a power.
    fixed : mapping
        Other parameters that differ from the game's defaults.
    """

    name: str
    title: str
    vary: Mapping[str, tuple[float, float]]
    points: int
    outcomes: tuple[str, ...]
    fixed: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def parameter(self) -> str:
        """The parameter on the axis."""
        return next(iter(self.vary))

    def values(self) -> dict[str, NDArray[np.float64]]:
        """Return the values of each parameter, [points]."""
        return {
            name: np.linspace(low, high, self.points) for name, (low, high) in self.vary.items()
        }
