r"""The equilibrium of `paradox_of_power`, best responses, and what happens.

A power's income is log-concave in its own fighting, so one condition of the first order, or a
limit, finds the best. Where both have enough,

.. math::

    F_1 = F_2 = \frac{m}{2 (1 + m)}\, R,

both fight alike and the incomes are equal, however unequal the resources: the paradox. Where the
poorer has less than that it spends all, :math:`l = R_2`, on fighting, and the richer solves

.. math::

    m\, l^m (R_1 - F) = F \left( F^m + l^m \right).

Then it gets more; and the more so the more decisive conflict is.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from counterpoise.envs.games.paradox_of_power import (
    GAME,
    POOR,
    POWERS,
    RICH,
    Parameters,
    income,
    resources_of,
)
from counterpoise.envs.strategy import Profile, Strategy
from counterpoise.envs.worlds import Worlds
from counterpoise.theory.plans import PlanByYear
from counterpoise.theory.solution import BestResponse, Equilibrium

OUTCOME_UNITS = {
    "fighting": "resources",
    "fighting_share": "of own resources",
    "income": "resources",
    "income_ratio": "1",
    "value": "payoff, discounted",
}

DRAWS = 256
GRID = 1_001
STEP = 1e-7


def _plan(parameters: Parameters, shares: NDArray[np.float64]) -> PlanByYear:
    """Return the strategy that fights with these shares of its resources, [years]."""
    column = GAME.observation_names(parameters.powers).index("years_left")
    by_year = np.broadcast_to(np.asarray(shares, np.float64), (parameters.years,))
    return PlanByYear(by_year[:, None], column)


def _shares(parameters: Parameters, strategy: Strategy, power: int) -> NDArray[np.float64]:
    """Return the share that a power fights with in each year, [years, draws]."""
    draws = DRAWS if strategy.is_random else 1
    worlds = Worlds(GAME, parameters.years * draws, parameters, autoreset=False)
    worlds.reset(0)
    worlds.records["year"] = np.repeat(np.arange(parameters.years), draws)
    worlds.restore(worlds.copy())
    seen, masks = worlds.observations[:, power], worlds.masks[:, power]
    done = strategy.act(seen, masks, np.random.default_rng(power))[:, 0]
    return np.asarray(np.clip(done, 0.0, 1.0), np.float64).reshape(parameters.years, draws)


def _played(parameters: Parameters, rich: NDArray[np.float64], poor: NDArray[np.float64]) -> Worlds:
    """Return worlds in which one year was played with these shares, [n] each."""
    worlds = Worlds(GAME, len(rich), parameters, autoreset=False)
    worlds.reset(0)
    worlds.step(np.stack([rich, poor], axis=1)[..., None])
    return worlds


def _meetings(
    parameters: Parameters, own: NDArray[np.float64], other: NDArray[np.float64], power: int
) -> NDArray[np.float64]:
    """Return a power's mean income of each year for shares [years, n] against [years, draws]."""
    years, n, draws = *own.shape, other.shape[1]
    mine = np.repeat(own, draws, axis=1).ravel()
    theirs = np.repeat(other[:, None], n, axis=1).ravel()
    pair = (mine, theirs) if power == RICH else (theirs, mine)
    rewards = _played(parameters, *pair).rewards[:, power]
    return np.asarray(rewards.reshape(years, n, draws).mean(axis=2))


def _discounted(parameters: Parameters, by_year: NDArray[np.float64]) -> float:
    return float(parameters.discount ** np.arange(parameters.years) @ by_year)


def values(parameters: Parameters, profile: Profile) -> NDArray[np.float64]:
    """Return each power's discounted payoff, [2]; means over 256 draws of who is random."""
    shares = [_shares(parameters, each, power) for power, each in enumerate(profile)]
    return np.array(
        [
            _discounted(
                parameters,
                _meetings(parameters, shares[power], shares[1 - power], power).mean(axis=1),
            )
            for power in range(POWERS)
        ]
    )


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return a power's best response: in each year the best of ever finer grids of shares.

    Three grids of 1,001 shares, each about the best of the last, leave a share exact to 1e-8. A
    random rival is met in 256 draws.
    """
    own = float(values(parameters, profile)[power])
    rival = _shares(parameters, profile[1 - power], 1 - power)
    shares = np.tile(np.linspace(0.0, 1.0, GRID), (parameters.years, 1))
    width = 1.0 / (GRID - 1)
    while True:
        worth = _meetings(parameters, shares, rival, power)
        best = np.take_along_axis(shares, worth.argmax(axis=1)[:, None], axis=1)
        if width < STEP:
            break
        shares = np.clip(best + np.linspace(-width, width, GRID), 0.0, 1.0)
        width /= (GRID - 1) / 2.0
    value = _discounted(parameters, worth.max(axis=1))
    if own > value:
        return BestResponse(profile[power], own, own)
    return BestResponse(_plan(parameters, best[:, 0]), value, own)


@functools.lru_cache(maxsize=256)
def fighting_in_equilibrium(parameters: Parameters) -> tuple[float, float]:
    """Return F_1 and F_2."""
    record = parameters.to_record()
    m, total = parameters.decisiveness, parameters.resources
    alike = m * total / (2.0 * (1.0 + m))
    rich, poor = (float(resources_of(record, power)) for power in (RICH, POOR))
    if poor >= alike:
        return alike, alike

    def excess(fighting: float) -> float:
        return float(m * (rich - fighting) - fighting * ((fighting / poor) ** m + 1.0))

    return float(scipy.optimize.brentq(excess, 0.0, rich, xtol=1e-13 * total)), poor


@functools.lru_cache(maxsize=256)
def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the equilibrium."""
    record = parameters.to_record()
    fighting = fighting_in_equilibrium(parameters)
    strategies = tuple(
        _plan(parameters, np.array(amount / resources_of(record, power)))
        for power, amount in enumerate(fighting)
    )
    once = [income(record, fighting[k], fighting[1 - k]) for k in range(POWERS)]
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=_discounted(parameters, np.ones(parameters.years)) * np.array(once),
        outcomes=outcomes(parameters, strategies),
        method="Conditions of the first order, in closed form or by Brent's method.",
        is_unique=True,
    )


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return what is spent on fighting and what is got, means over the years, by power.

    ``income_ratio`` is the richer's income over the poorer's.
    """
    shares = [_shares(parameters, each, power) for power, each in enumerate(profile)]
    record = parameters.to_record()
    spent = np.array([each.mean() for each in shares])
    got = np.array(
        [
            _meetings(parameters, shares[power], shares[1 - power], power).mean()
            for power in range(POWERS)
        ]
    )
    return {
        "fighting": spent * [resources_of(record, power) for power in range(POWERS)],
        "fighting_share": spent,
        "income": got,
        "income_ratio": float(got[RICH] / got[POOR]) if got[POOR] > 0.0 else float("inf"),
        "value": values(parameters, profile),
    }
