"""Doctrines of `arms_or_allies`: internal balancing, alliances, or challenge.

Each doctrine can play either seat. As the defender it wants some arms, a change of debt and an ally
or none, and takes the nearest open plan: the alliance counts first, then the arms, then the debt.
As the challenger it challenges if its private cost is below a cut-off. Where the literature knows a
doctrine only for the threatened state, its cut-off as the challenger is the expected gain.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.arms_or_allies import (
    CHALLENGER,
    CHALLENGING,
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
# A difference in alliance outweighs any in arms, and a difference in arms outweighs any in debt.
_WEIGHTS = np.array([100, 10, 1])

Wants = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


class Doctrine(Strategy):
    """A scripted strategy for either seat.

    Parameters
    ----------
    parameters : Parameters
    power : int
        `DEFENDER` or `CHALLENGER`.
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
        """Return the wanted alliance, orders of arms and change of debt, [n] each.

        The default is none of them.
        """
        nothing = np.zeros_like(seen.arms)
        return nothing, nothing, nothing

    def cut_off(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the private cost below which it challenges, [n]; by default the expected gain."""
        seen = read(observations)
        return np.asarray(self._prize[seen.threat, seen.arms, seen.alliance], np.float64)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Return the doctrine's action among the open options, [n, 1]."""
        seen = read(observations)
        if self.power == CHALLENGER:
            challenges = (masks[:, CHALLENGING] > 0) & (
                seen.private_cost < self.cut_off(observations)
            )
            return challenges.astype(np.int64)[:, None]
        wanted = np.stack(self.wants(seen), axis=1)
        distance = np.abs(wanted[:, None, :] - _PLANNED) @ _WEIGHTS
        closed = masks[:, :PLANS] == 0
        nearest = np.where(closed, np.iinfo(np.int64).max, distance).argmin(axis=1)
        return np.asarray(nearest, np.int64)[:, None]

    def lacking(self, seen: Sight, superiority: float) -> NDArray[np.int64]:
        """Return the number of units missing for `superiority` times the challenger's strength.

        It is at most the largest order of a year.
        """
        needed = superiority * self._rival_strength[seen.threat] - self._own_strength[seen.arms]
        return np.clip(np.ceil(needed), 0, MOST_ORDERED).astype(np.int64)


class PureInternalBalancer(Doctrine):
    """Relies on its own arms: orders until it has twice the challenger's present strength."""

    name = "pure internal balancer"
    superiority = 2.0

    def wants(self, seen: Sight) -> Wants:
        """Return arms from taxes, and no ally."""
        nothing = np.zeros_like(seen.arms)
        return nothing, self.lacking(seen, self.superiority), nothing


class PureAllySeeker(Doctrine):
    """Relies on an ally: has one in every year, and orders no arms."""

    name = "pure ally-seeker"

    def wants(self, seen: Sight) -> Wants:
        """Return an ally, and nothing else."""
        nothing = np.zeros_like(seen.arms)
        return nothing + 1, nothing, nothing


class AlliesFirstThenArms(Doctrine):
    """Has an ally while it arms.

    While its own strength is below one and a half times the challenger's, it has an ally, orders
    arms and borrows for them. Once it is strong enough it ends the alliance and repays.
    """

    name = "allies first, then arms"
    superiority = 1.5

    def wants(self, seen: Sight) -> Wants:
        """Return ally, arms and credit while too weak, repayment once strong."""
        ordered = self.lacking(seen, self.superiority)
        is_weak = (ordered > 0).astype(np.int64)
        return is_weak, ordered, 2 * is_weak - 1


class Opportunist(Doctrine):
    """Takes the cheap options.

    As a challenger it never challenges a defender with an ally, and challenges a lone one if the
    expected gain exceeds the cost. As a defender it has an ally while a threat lasts, orders no
    arms, and borrows while it can.
    """

    name = "opportunist"

    def wants(self, seen: Sight) -> Wants:
        """Return an ally under threat, and credit."""
        nothing = np.zeros_like(seen.arms)
        return seen.threat, nothing, nothing + 1

    def cut_off(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the expected gain against a lone defender, otherwise 0."""
        return np.where(read(observations).alliance == 1, 0.0, super().cut_off(observations))


class Pacifist(Doctrine):
    """Never challenges; as a defender it has neither arms nor ally, and repays its debt."""

    name = "pacifist"

    def wants(self, seen: Sight) -> Wants:
        """Return repayment, and nothing else."""
        nothing = np.zeros_like(seen.arms)
        return nothing, nothing, nothing - 1

    def cut_off(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return 0: no cost is low enough."""
        return np.zeros(len(observations))


class Hawk(Doctrine):
    """Challenges whenever it is more likely to win than to lose, at any cost.

    As a defender it orders as many arms as it can, on credit, and has no ally.
    """

    name = "hawk"

    def wants(self, seen: Sight) -> Wants:
        """Return as many arms as can be ordered, and credit."""
        nothing = np.zeros_like(seen.arms)
        return nothing, nothing + MOST_ORDERED, nothing + 1

    def cut_off(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return infinity where a win is more likely than a loss, otherwise 0."""
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
"""Every doctrine by name, each made from the parameters and the power that it plays."""
