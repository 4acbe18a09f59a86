"""The types of a game's theory: `Theory`, and what its functions take and return.

Each game's theory is one file, ``theory/<game>.py``, which ends with ``THEORY = Theory(...)``. The
game's row in the registry names it, and `counterpoise.theory.regret.theory_of` returns it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.strategy import Profile, Strategy

P = TypeVar("P", bound=ParametersBase)
P_co = TypeVar("P_co", bound=ParametersBase, covariant=True)


@dataclasses.dataclass(frozen=True)
class Equilibrium:
    """An equilibrium of a game.

    Attributes
    ----------
    game : str
    parameters : Parameters
    strategies : tuple of Strategy
        One for each power, playable in the game.
    values : ndarray of float64, [powers]
        Each power's discounted payoff from the start.
    outcomes : mapping of str to float or ndarray
        The outcomes when it is played, under the names that the theory declares.
    method : str
        How it was computed, in one sentence.
    is_unique : bool
        Whether the theory proves that there is no other.
    name : str
        Its name where the game has several.
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
    """A best response of one power to the others of a profile.

    Attributes
    ----------
    strategy : Strategy
        A strategy that attains the value.
    value : float
        Its discounted payoff from the start.
    own_value : float
        The discounted payoff of the power's own strategy in the profile.
    """

    strategy: Strategy
    value: float
    own_value: float

    @property
    def gain(self) -> float:
        """The power's gain from deviating."""
        return self.value - self.own_value


@dataclasses.dataclass(frozen=True)
class OutcomeSpec:
    """The declaration of one outcome: a quantity in which profiles are compared.

    Attributes
    ----------
    unit : str
        Its unit, as tables and axes show it; "1" for a pure number.
    doc : str
        What it is, in one sentence.
    axes : tuple of str
        What its axes run over, such as "power" or "year"; empty for a single number.
    """

    unit: str
    doc: str
    axes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Targets:
    """The largest distances from equilibrium at which a game counts as learned.

    Attributes
    ----------
    regret : float
        Largest regret of any power in any seed, as a share of its stake.
    outcomes : tuple of str
        Names of the outcomes that are compared with the equilibrium's.
    tolerance : float
        Largest relative distance of these outcomes, where the equilibrium is unique.
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
        Its name in files and tables.
    title : str
        What the theory says of it, as a heading.
    vary : mapping of str to (float, float)
        First and last value of each parameter that moves; the first parameter is on the axis.
    points : int
        Number of values, evenly spaced, both ends included.
    outcomes : tuple of str
        Names of outcomes; each a single number, or one number per power.
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


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement about learned play, and whether it holds."""

    words: str
    is_met: bool


class Findings(Protocol[P_co]):
    """What a claim reads: the runs of one training over seeds, and their equilibrium."""

    @property
    def parameters(self) -> P_co:
        """The game's parameters."""

    @property
    def equilibrium(self) -> Equilibrium:
        """The equilibrium with which the runs are compared."""

    @property
    def power_names(self) -> Sequence[str]:
        """The powers' names."""

    @property
    def seeds(self) -> Sequence[int]:
        """The runs' training seeds."""

    def outcome(self, name: str) -> NDArray[np.float64]:
        """Return an outcome of every run, [seeds, ...]."""

    def observed(self, name: str) -> NDArray[np.float64] | None:
        """Return the recorded values of an outcome, [powers], where the scenario has them."""


def no_claims(findings: Findings[Any]) -> list[Claim]:
    """Return no claim beyond the targets."""
    return []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Theory(Generic[P]):
    """What is known of a solved game.

    Attributes
    ----------
    game : str
        The game's name.
    equilibria : callable
        ``(parameters) -> tuple of Equilibrium``: every equilibrium that the theory lists, first the
        one with which learned play is compared.
    best_response : callable
        ``(parameters, profile, power) -> BestResponse``, for any profile of strategies of the game,
        exact by the method that the function documents.
    outcomes : callable
        ``(parameters, profile) -> dict`` with every declared outcome of a profile, each a number or
        an array of the declared axes.
    declared : mapping of str to OutcomeSpec
        The outcomes: name, unit, meaning and axes.
    targets : Targets
        The largest distances from equilibrium at which the game counts as learned.
    curves : tuple of Curve
        The theory's comparative statics.
    claims : callable
        ``(findings) -> list of Claim``: statements of the theory about learned play.
    """

    game: str
    equilibria: Callable[[P], tuple[Equilibrium, ...]]
    best_response: Callable[[P, Profile, int], BestResponse]
    outcomes: Callable[[P, Profile], dict[str, Any]]
    declared: Mapping[str, OutcomeSpec]
    targets: Targets
    curves: tuple[Curve, ...] = ()
    claims: Callable[[Findings[P]], list[Claim]] = no_claims

    def equilibrium(self, parameters: P) -> Equilibrium:
        """Return the equilibrium with which learned play is compared: the first listed."""
        return self.equilibria(parameters)[0]


def only(equilibrium: Callable[[P], Equilibrium]) -> Callable[[P], tuple[Equilibrium, ...]]:
    """Return the function of a theory that lists one equilibrium, from the one that solves it."""
    return lambda parameters: (equilibrium(parameters),)
