r"""The equilibrium of `pledge`, best responses, and what happens.

The protege's payoff is quadratic in its firmness, so its answer to a pledge is

.. math::

    x^*(a) = \operatorname{clip}\left( \frac{v - w_0 (1 - k a)(1 - a)\, l}{c},\; 0,\; 1 \right),

read off the game's own rules. The patron knows it: :math:`a^*` is the global maximum of
:math:`u_A(a, x^*(a))`, found on a fine grid and then by Brent's method about the best point. Below
a certain :math:`k` a little is pledged, for much would entrap; above it everything is, for a full
pledge deters more than it emboldens: :math:`a^*` jumps.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from counterpoise.envs.games.pledge import (
    FIRMNESS,
    GAME,
    PATRON,
    PROTEGE,
    Parameters,
    patron_payoff,
    protege_payoff,
    risk_of_war,
)
from counterpoise.envs.strategy import Profile, Strategy
from counterpoise.envs.worlds import Worlds
from counterpoise.theory.plans import year_of
from counterpoise.theory.solution import BestResponse, Equilibrium

OUTCOME_UNITS = {
    "pledge": "1",
    "firmness": "1",
    "war_risk": "1/year",
    "firmness_at": "1",
    "war_risk_at": "1/year",
    "value": "payoff, discounted",
}

# Where the answer to a pledge is reported, on the path or not: nothing, half, everything.
PLEDGES = np.array([0.0, 0.5, 1.0])
GRID = 4_001
DRAWS = 64
# An equal best: a pledge must be better by more than this to be preferred to a smaller one.
BETTER = 1e-12

Array = NDArray[np.float64]


def _on_arrays(rule_: Any) -> Any:
    # Uncompiled, these rules are arithmetic that arrays understand.
    return getattr(rule_, "py_func", rule_)


def answer(parameters: Parameters, pledges: Array) -> Array:
    """Return the protege's best firmness to each pledge, x*; from its quadratic payoff."""
    record = parameters.to_record()
    payoff = _on_arrays(protege_payoff)
    none, half, full = (payoff(record, pledges, np.full_like(pledges, x)) for x in (0.0, 0.5, 1.0))
    bend = 2.0 * (full - 2.0 * half + none)
    slope = full - none - bend
    return np.asarray(np.clip(-slope / (2.0 * bend), 0.0, 1.0))


class Patron(Strategy):
    """Pledges the same in every year, or what a table has for each.

    Parameters
    ----------
    parameters : Parameters
    pledges : ndarray, [years]
    """

    name = "patron"

    def __init__(self, parameters: Parameters, pledges: Array) -> None:
        self.pledges = np.broadcast_to(np.asarray(pledges, np.float64), (parameters.years,))
        self._column = GAME.observation_names(parameters.powers).index("years_left")

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Array:
        """Return the pledge of each row, [n, 1]."""
        years = len(self.pledges)
        return np.asarray(self.pledges[year_of(observations, self._column, years)][:, None])


class Protege(Strategy):
    """Answers every pledge as is best for it."""

    name = "protege"

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._column = GAME.observation_names(parameters.powers).index("pledge")

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Array:
        """Return the firmness of each row, [n, 1]."""
        pledges = observations[:, self._column].astype(np.float64)
        return answer(self._parameters, pledges)[:, None]


# -- what a profile does ---------------------------------------------------------------------------


def _asked(
    parameters: Parameters, strategy: Strategy, power: int, pledges: Array | None, draws: int
) -> Array:
    """Return what a power does in each year, [years, 1, draws], or after pledges [years, n]."""
    years = parameters.years
    count = 1 if pledges is None else pledges.shape[1]
    worlds = Worlds(GAME, years * count * draws, parameters, autoreset=False)
    worlds.reset(0)
    records = worlds.records
    records["year"] = np.repeat(np.arange(years), count * draws)
    if pledges is not None:
        records["phase"] = FIRMNESS
        records["pledged"][:, PATRON] = np.repeat(pledges.ravel(), draws)
    worlds.restore(worlds.copy())
    seen, masks = worlds.observations[:, power], worlds.masks[:, power]
    done = strategy.act(seen, masks, np.random.default_rng(0))[:, 0]
    return np.asarray(np.clip(done, 0.0, 1.0), np.float64).reshape(years, count, draws)


def _draws(strategy: Strategy) -> int:
    return DRAWS if strategy.is_random else 1


def _pledges(parameters: Parameters, profile: Profile) -> Array:
    """Return the pledges of each year, [years, draws]."""
    patron = profile[PATRON]
    return _asked(parameters, patron, PATRON, None, _draws(patron))[:, 0]


def _firmness(parameters: Parameters, profile: Profile, pledges: Array) -> Array:
    """Return the firmness after pledges [years, n], [years, n, draws]."""
    protege = profile[PROTEGE]
    return _asked(parameters, protege, PROTEGE, pledges, _draws(protege))


def _mean(parameters: Parameters, rule_: Any, pledges: Array, firmness: Array) -> Array:
    """Return the mean over draws of the firmness of a rule's value, [years, n]."""
    record = parameters.to_record()
    return np.asarray(_on_arrays(rule_)(record, pledges[..., None], firmness).mean(axis=-1))


def _discounted(parameters: Parameters, by_year: Array) -> float:
    return float(parameters.discount ** np.arange(parameters.years) @ by_year)


def values(parameters: Parameters, profile: Profile) -> Array:
    """Return each power's discounted payoff, [2]; means over 64 draws of who is random."""
    pledges = _pledges(parameters, profile)
    firmness = _firmness(parameters, profile, pledges)
    return np.array(
        [
            _discounted(parameters, _mean(parameters, rule_, pledges, firmness).mean(axis=1))
            for rule_ in (patron_payoff, protege_payoff)
        ]
    )


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return a power's best response.

    The protege's is exact. The patron's is the best of 4,001 pledges, each answered by the
    profile's own protege, and of as many again between that one's neighbours.
    """
    own = float(values(parameters, profile)[power])
    found: Strategy
    if power == PROTEGE:
        found = Protege(parameters)
        value = float(values(parameters, [profile[PATRON], found])[PROTEGE])
    else:
        pledges = np.tile(np.linspace(0.0, 1.0, GRID), (parameters.years, 1))
        width = 1.0 / (GRID - 1)
        for is_last in (False, True):
            firmness = _firmness(parameters, profile, pledges)
            worth = _mean(parameters, patron_payoff, pledges, firmness)
            best = np.take_along_axis(pledges, worth.argmax(axis=1)[:, None], axis=1)
            if not is_last:
                near = best + np.linspace(-width, width, GRID)
                pledges = np.clip(near, 0.0, 1.0)
        found = Patron(parameters, best[:, 0])
        value = _discounted(parameters, worth.max(axis=1))
    if own > value:
        return BestResponse(profile[power], own, own)
    return BestResponse(found, value, own)


@functools.lru_cache(maxsize=256)
def best_pledge(parameters: Parameters) -> float:
    """Return a*, the patron's best pledge to a protege that answers as is best for it."""

    def loss(pledges: Array) -> Array:
        record = parameters.to_record()
        firmness = answer(parameters, pledges)
        return np.asarray(-_on_arrays(patron_payoff)(record, pledges, firmness))

    grid = np.linspace(0.0, 1.0, GRID)
    losses = loss(grid)
    k = int(np.flatnonzero(losses <= losses.min() + BETTER)[0])
    low, high = grid[max(k - 1, 0)], grid[min(k + 1, GRID - 1)]
    found = scipy.optimize.minimize_scalar(
        lambda a: float(loss(np.array([a]))[0]), bounds=(low, high), method="bounded",
        options={"xatol": 1e-12},
    )  # fmt: skip
    return float(grid[k]) if losses[k] <= found.fun else float(found.x)


@functools.lru_cache(maxsize=256)
def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the subgame perfect equilibrium."""
    strategies = (Patron(parameters, np.array(best_pledge(parameters))), Protege(parameters))
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=values(parameters, strategies),
        outcomes=outcomes(parameters, strategies),
        method="The protege's answer in closed form; the patron's pledge by global search.",
        is_unique=True,
    )


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return pledge, firmness and risk of war, and both after pledges of 0, 1/2 and 1.

    Means over the years, and over 64 draws of who is random.
    """
    pledges = _pledges(parameters, profile)
    firmness = _firmness(parameters, profile, pledges)
    asked = np.tile(PLEDGES, (parameters.years, 1))
    after = _firmness(parameters, profile, asked)
    return {
        "pledge": float(pledges.mean()),
        "firmness": float(firmness.mean()),
        "war_risk": float(_mean(parameters, risk_of_war, pledges, firmness).mean()),
        "firmness_at": after.mean(axis=(0, 2)),
        "war_risk_at": _mean(parameters, risk_of_war, asked, after).mean(axis=0),
        "value": values(parameters, profile),
    }
