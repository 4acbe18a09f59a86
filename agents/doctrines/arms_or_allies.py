"""Doctrines of `arms_or_allies`: who arms, who seeks allies, who challenges.

Each doctrine can sit in either seat. In the defender's it wants some arms, a change of debt and an
ally or none, and takes the open plan that comes nearest: the alliance first, then the arms, then
the debt. In the challenger's it challenges if its private cost is below a cut-off; a doctrine that
the literature knows only for the threatened state there weighs the expected gain against the cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.arms_or_allies import (
    CHALLENGER,
    MOST_ARMS,
    MOST_ORDERED,
    PLANS,
    Parameters,
    Sight,
    challenger_payoff,
    challenger_strength,
    planned_alliance,
    planned_arms,
    planned_debt_change,
    read,
    success_table,
)

_PLANNED = np.array(
    [[planned_alliance(k), planned_arms(k), planned_debt_change(k)] for k in range(PLANS)]
)
# An alliance outweighs any difference in arms, and those any difference in debt.
_WEIGHTS = np.array([100, 10, 1])

Wants = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


class Doctrine(Strategy):
    """A scripted strategy for either seat.

    Parameters
    ----------
    parameters : Parameters
    power : int
        0 for the defender's seat, 1 for the challenger's.
    """

    name = "doctrine"

    def __init__(self, parameters: Parameters, power: int) -> None:
        self.power = power
        record = parameters.to_record()
        self._own_strength = parameters.base_strength + np.arange(MOST_ARMS + 1)
        self._rival_strength = np.array([challenger_strength(record, kind) for kind in range(2)])
        self._success = success_table(parameters)
        self._prize = np.array(
            [challenger_payoff(record, 1, wins, 0.0) for wins in self._success.ravel().tolist()]
        ).reshape(self._success.shape)

    def wants(self, seen: Sight) -> Wants:
        """Return the alliance, the orders of arms and the change of debt that it wants, [n] each.

        Here: nothing.
        """
        nothing = np.zeros_like(seen.arms)
        return nothing, nothing, nothing

    def cut_off(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the private cost below which it challenges, [n]. Here: the expected gain."""
        seen = read(observations)
        return np.asarray(self._prize[seen.threat, seen.arms, seen.alliance], np.float64)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Decide by the doctrine, among what is open."""
        seen = read(observations)
        if self.power == CHALLENGER:
            challenges = (masks[:, 1] > 0) & (seen.private_cost < self.cut_off(observations))
            return challenges.astype(np.int64)[:, None]
        wanted = np.stack(self.wants(seen), axis=1)
        distance = np.abs(wanted[:, None, :] - _PLANNED) @ _WEIGHTS
        closed = masks[:, :PLANS] == 0
        nearest = np.where(closed, np.iinfo(np.int64).max, distance).argmin(axis=1)
        return np.asarray(nearest, np.int64)[:, None]

    def lacking(self, seen: Sight, superiority: float) -> NDArray[np.int64]:
        """Return how many units are lacking for `superiority` times the challenger's strength.

        Never more than the most that can be ordered in a year.
        """
        needed = superiority * self._rival_strength[seen.threat] - self._own_strength[seen.arms]
        return np.clip(np.ceil(needed), 0, MOST_ORDERED).astype(np.int64)


class PureInternalBalancer(Doctrine):
    """Trusts its own arms only: orders until it has twice the challenger's present strength."""

    name = "pure internal balancer"
    superiority = 2.0

    def wants(self, seen: Sight) -> Wants:
        """Return arms from taxes, and no ally."""
        nothing = np.zeros_like(seen.arms)
        return nothing, self.lacking(seen, self.superiority), nothing


class PureAllySeeker(Doctrine):
    """Trusts an ally only: has one in every year, and orders no arms."""

    name = "pure ally-seeker"

    def wants(self, seen: Sight) -> Wants:
        """Return an ally, and nothing else."""
        nothing = np.zeros_like(seen.arms)
        return nothing + 1, nothing, nothing


class AlliesFirstThenArms(Doctrine):
    """Bridges with an ally the years that arming takes.

    As long as its own strength is below one and a half times the challenger's it has an ally,
    orders arms and borrows for them; once strong enough it lets the ally go and repays.
    """

    name = "allies first, then arms"
    superiority = 1.5

    def wants(self, seen: Sight) -> Wants:
        """Return ally, arms and credit while too weak, repayment once strong."""
        ordered = self.lacking(seen, self.superiority)
        is_weak = (ordered > 0).astype(np.int64)
        return is_weak, ordered, 2 * is_weak - 1


class Opportunist(Doctrine):
    """Takes what comes cheap.

    As a challenger it leaves a defender with an ally in peace, and weighs gain against cost where
    the defender stands alone; as a defender it has an ally while a threat lasts, no arms, and
    borrows while it can.
    """

    name = "opportunist"

    def wants(self, seen: Sight) -> Wants:
        """Return an ally under threat, and credit."""
        nothing = np.zeros_like(seen.arms)
        return seen.threat, nothing, nothing + 1

    def cut_off(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the expected gain against a lone defender, else 0."""
        return np.where(read(observations).alliance == 1, 0.0, super().cut_off(observations))


class Pacifist(Doctrine):
    """Never challenges; as a defender has neither arms nor ally, and repays its debt."""

    name = "pacifist"

    def wants(self, seen: Sight) -> Wants:
        """Return repayment, and nothing else."""
        nothing = np.zeros_like(seen.arms)
        return nothing, nothing, nothing - 1

    def cut_off(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return 0: no cost is low enough."""
        return np.zeros(len(observations))


class Hawk(Doctrine):
    """Challenges whenever it is likelier to win than not, whatever it costs.

    As a defender it orders all the arms that it can, on credit, and has no ally.
    """

    name = "hawk"

    def wants(self, seen: Sight) -> Wants:
        """Return as many arms as can be ordered, and credit."""
        nothing = np.zeros_like(seen.arms)
        return nothing, nothing + MOST_ORDERED, nothing + 1

    def cut_off(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return infinity where a win is likelier than not, else 0."""
        seen = read(observations)
        return np.where(self._success[seen.threat, seen.arms, seen.alliance] > 0.5, math.inf, 0.0)


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "pure_internal_balancer": PureInternalBalancer,
    "pure_ally_seeker": PureAllySeeker,
    "allies_first_then_arms": AlliesFirstThenArms,
    "opportunist": Opportunist,
    "pacifist": Pacifist,
    "hawk": Hawk,
}
"""Every doctrine by name, each made from the parameters and the power it plays."""
