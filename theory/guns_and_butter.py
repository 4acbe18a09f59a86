r"""The equilibrium of `guns_and_butter`, best responses, and what happens.

A power's value is linear in its own stocks, :math:`V_t = A_t k + B_t h + E_t m + \text{const}`, and
the others enter its payoff by addition only. So in every year it maximises, whatever they do,

.. math::

    \ln s_C + B \left( A_{t+1} \delta_K \ln s_K + B_{t+1} \delta_H \ln s_H
        + E_{t+1} \delta_M \ln s_M \right), \qquad B = \beta \pi,

which gives shares in proportion to the four weights: dominant strategies, hence the only
equilibrium (of strategies that do not answer what the others hold). How stocks carry into the next
year is read off the game's own rules, which are linear. Where a share would be less than
e\ :sup:`-8` of the largest, that limit binds and the others are found with it.

Against rivals who do answer a power's stocks, its best response may turn their answers to account:
there the plan is improved by climbing the gradient of what playing it pays.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.games.guns_and_butter import (
    CONSUMPTION,
    GAME,
    INDUSTRY,
    MILITARY,
    MOST_WEIGHT,
    TECHNOLOGY,
    USES,
    Parameters,
    discount,
    industry_next,
    military_next,
    own_payoff,
    technology_next,
)
from counterpoise.envs.rollouts import Rollout, play
from counterpoise.envs.strategy import Profile
from counterpoise.envs.worlds import Worlds
from counterpoise.theory.plans import PlanByYear, improved_plan
from counterpoise.theory.solution import BestResponse, Equilibrium

OUTCOME_UNITS = {
    "industry_share": "of income",
    "technology_share": "of income",
    "military_share": "of income",
    "consumption_share": "of income",
    "first_shares": "of income",
    "shares_path": "of income",
    "income": "logarithm",
    "value": "payoff, discounted",
}

FIELDS = ("industry_share", "technology_share", "military_share", "consumption_share")
SPAN = 2.0 * MOST_WEIGHT
SAMPLED_WORLDS = 2_000
SETTLED = 1e-15
MOST_YEARS = 1_000_000
CLIMBS = 6
# Rivals whose answers to a change of a power's stocks are weaker than this need no climbing.
NO_ANSWER = 1e-9


def _carry(parameters: Parameters) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how stocks [3] carry into the next year's, [3, 3], and how log shares do, [3, 4]."""
    record = parameters.to_record()

    def following(held: NDArray[np.float64], spent: NDArray[np.float64]) -> NDArray[np.float64]:
        k, h, m = held
        return np.array(
            [
                industry_next(record, k, h, spent[INDUSTRY]),
                technology_next(record, k, h, spent[TECHNOLOGY]),
                military_next(record, k, h, m, spent[MILITARY]),
            ]
        )

    nothing = np.zeros(USES)
    stocks = np.stack([following(unit, nothing) for unit in np.eye(3)], axis=1)
    shares = np.stack([following(np.zeros(3), unit) for unit in np.eye(USES)], axis=1)
    return stocks, shares


def _worth_now(parameters: Parameters) -> NDArray[np.float64]:
    """Return what each stock adds to a year's payoff, [3]."""
    record = parameters.to_record()
    return np.array([own_payoff(record, unit[0], unit[1], unit[2], 0.0) for unit in np.eye(3)])


def best_weights(worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log weights that maximise the sum of `worth`, [4], times log shares.

    Shares are in proportion to their worth, as far as the span of the weights lets them; those
    that it does not stand at its lower end, and the largest gives up what they need.
    """
    top = int(worth.argmax())
    bound = np.zeros(USES, np.bool_)
    while True:
        largest = (worth[top] + worth[bound].sum()) / (1.0 + bound.sum() * math.exp(-SPAN))
        least = largest * math.exp(-SPAN)
        more = bound | (worth < least)
        if (more == bound).all():
            break
        bound = more
    shares = np.where(bound, least, worth)
    shares[top] = largest
    return np.asarray(MOST_WEIGHT + np.log(shares / shares.max()))


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    exponentials = np.exp(weights - weights.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def _worth_of_shares(
    parameters: Parameters, later: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    worth = discount(parameters) * (later @ shares)
    worth[CONSUMPTION] += 1.0
    return np.asarray(worth)


@functools.lru_cache(maxsize=256)
def dominant_plan(parameters: Parameters) -> NDArray[np.float64]:
    """Return the log weights of the dominant strategy, [horizon, 4]."""
    stocks, shares = _carry(parameters)
    now = _worth_now(parameters)
    plan = np.zeros((parameters.horizon, USES))
    later = np.zeros(3)
    for year in reversed(range(parameters.horizon)):
        plan[year] = best_weights(_worth_of_shares(parameters, later, shares))
        later = now + discount(parameters) * (later @ stocks)
    return plan


def stationary_shares(parameters: Parameters) -> NDArray[np.float64]:
    """Return the shares of an endless game, [4]: the limit of ever longer horizons.

    Raises
    ------
    ArithmeticError
        If there is no limit within a million years.
    """
    stocks, shares = _carry(parameters)
    now = _worth_now(parameters)
    later = np.zeros(3)
    for _ in range(MOST_YEARS):
        before, later = later, now + discount(parameters) * (later @ stocks)
        if np.abs(later - before).max() <= SETTLED * np.abs(later).max():
            return _shares(best_weights(_worth_of_shares(parameters, later, shares)))
    raise ArithmeticError("Payoffs do not converge: lower discount or survival below 1.")


def cooperative_plan(parameters: Parameters) -> NDArray[np.float64]:
    """Return the plan that is best for all together, [horizon, 4]: no arms beyond the least.

    What one power gains by its military, the others lose.
    """
    return dominant_plan(parameters.replace(military_weight=0.0))


def _as_strategy(parameters: Parameters, plan: NDArray[np.float64]) -> PlanByYear:
    names = GAME.observation_names(parameters.powers)
    return PlanByYear(plan, names.index("years_left"))


def _play(parameters: Parameters, profile: Profile, count: int = 1) -> Rollout:
    worlds = Worlds(GAME, count, parameters, autoreset=False)
    return play(worlds, profile, seed=0, steps=parameters.horizon)


def _rollout(parameters: Parameters, profile: Profile) -> Rollout:
    is_random = any(strategy.is_random for strategy in profile)
    return _play(parameters, profile, SAMPLED_WORLDS if is_random else 1)


def _value(parameters: Parameters, rollout: Rollout, power: int) -> float:
    return float(rollout.returns(discount(parameters))[:, power].mean())


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return a power's best response.

    It starts from the dominant strategy, which is exact against all who do not answer the power's
    stocks, and against random play. Against deterministic rivals who do, the plan then climbs the
    gradient of what playing it pays, so that the value is one that was attained: a lower bound.
    """
    own = _value(parameters, _rollout(parameters, profile), power)
    plan = dominant_plan(parameters)
    others = [each for k, each in enumerate(profile) if k != power]
    if any(each.is_random for each in others):
        # With the same draws the others do the same, whatever this power does.
        gain = _own_value(parameters, plan) - _own_part(parameters, profile, power)
        return BestResponse(_as_strategy(parameters, plan), own + gain, own)
    if _is_answered(parameters, profile, power, plan):
        column = GAME.observation_names(parameters.powers).index("years_left")
        plan = improved_plan(
            GAME, parameters, profile, power, plan, (-MOST_WEIGHT, MOST_WEIGHT), column,
            discount(parameters), climbs=CLIMBS,
        )  # fmt: skip
    best = [*profile]
    best[power] = _as_strategy(parameters, plan)
    value = _value(parameters, _rollout(parameters, best), power)
    if own > value:
        return BestResponse(profile[power], own, own)
    return BestResponse(best[power], value, own)


def _own_value(parameters: Parameters, plan: NDArray[np.float64]) -> float:
    profile = [_as_strategy(parameters, plan)] * parameters.powers
    return _own_part(parameters, profile, 0)


def _own_part(parameters: Parameters, profile: Profile, power: int) -> float:
    """Return the part of a power's value in which the others have no part, by playing."""
    rollout = _rollout(parameters, profile)
    military = rollout.records["military"][:-1, :, : parameters.powers]
    others = np.delete(military, power, axis=2).mean(axis=2)
    own = rollout.rewards[:, :, power] + parameters.military_weight * others
    weights = discount(parameters) ** np.arange(parameters.horizon)
    return float((weights @ own).mean())


def _is_answered(
    parameters: Parameters, profile: Profile, power: int, plan: NDArray[np.float64]
) -> bool:
    """Return whether the others do anything else when this power does nothing but consume."""
    consuming = np.tile(np.array([-1.0, -1.0, -1.0, 1.0]) * MOST_WEIGHT, (len(plan), 1))
    done = []
    for tried in (plan, consuming):
        others = [*profile]
        others[power] = _as_strategy(parameters, tried)
        done.append(np.delete(_play(parameters, others).actions, power, axis=2))
    return bool(np.abs(done[0] - done[1]).max() > NO_ANSWER)


@functools.lru_cache(maxsize=64)
def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the equilibrium in dominant strategies."""
    strategy = _as_strategy(parameters, dominant_plan(parameters))
    strategies = (strategy,) * parameters.powers
    found = outcomes(parameters, strategies)
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=found["value"],
        outcomes=found,
        method="Backward recursion of values that are linear in the logarithms of the stocks.",
        is_unique=True,
    )


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return shares of income by power, their mean path, and the incomes reached.

    Shares by power are means over the years; ``first_shares`` are those of the first year, by power
    and use; ``shares_path`` the mean of all powers by year and use.
    """
    rollout = _rollout(parameters, profile)
    n = parameters.powers
    records = rollout.records[1:]
    shares = np.stack([records[name][:, :, :n] for name in FIELDS], axis=3).mean(axis=1)
    returns = rollout.returns(discount(parameters))
    return {
        **{name: shares[:, :, use].mean(axis=0) for use, name in enumerate(FIELDS)},
        "first_shares": shares[0],
        "shares_path": shares.mean(axis=1),
        "income": records["income"][-1, :, :n].mean(axis=0),
        "value": returns.mean(axis=0),
    }
