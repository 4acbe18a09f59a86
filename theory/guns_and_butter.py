r"""Theory of `guns_and_butter`: dominant spending shares, and best responses.

The problem. Each power divides its income among industry, technology, the military and consumption.
Its value is linear in its own log stocks, :math:`V_t = A_t k + B_t h + E_t m + \text{const}`, and
the others enter its payoff only additively. So in every year it maximises, whatever they do,

.. math::

    \ln s_C + B \left( A_{t+1} \delta_K \ln s_K + B_{t+1} \delta_H \ln s_H
        + E_{t+1} \delta_M \ln s_M \right), \qquad B = \beta \pi,

which gives shares in proportion to the four weights. These are dominant strategies against all who
do not react to its stocks and, by backward induction, the only subgame-perfect equilibrium of the
finite game. For the endless game the limit is reported; there, as in every repeated prisoners'
dilemma, threats could support other equilibria. How stocks carry into the next year is read off the
game's own rules, which are linear. Where a share would be less than e\ :sup:`-8` of the largest,
that limit binds and the other shares are solved together with it.

Best responses to rivals that react. Then a power's shares also matter through what its stocks make
the rivals do. That effect is measured by playing the game along the path and is carried back from
the last year (the adjoint method); the shares that are best for these marginal values give the next
path, as long as playing it pays more.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Snapshot, Worlds
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
from counterpoise.theory.endless import years_followed
from counterpoise.theory.solution import (
    BestResponse,
    Claim,
    Curve,
    Equilibrium,
    Findings,
    OutcomeSpec,
    Targets,
    Theory,
    only,
)
from counterpoise.theory.strategies import PlanByYear

Matrix = NDArray[np.float64]

SHARES = ("industry_share", "technology_share", "military_share", "consumption_share")
STOCKS = ("industry", "technology", "military")
LEAST_RATIO = math.exp(-2.0 * MOST_WEIGHT)

# Outcomes of an endless game cover the years that have a visible weight.
ENDLESS_YEARS_SHOWN = 60

SEED = 0
SAMPLED_WORLD_YEARS = 60_000
FEWEST_SAMPLED_WORLDS = 500


def years_of(parameters: Parameters) -> int:
    """Return the number of years played: the horizon, or until the rest is negligible."""
    if not parameters.endless:
        return parameters.horizon
    return years_followed(discount(parameters), named="discount and survival")


# -- what a share is worth -------------------------------------------------------------------------


def _carry(parameters: Parameters) -> tuple[Matrix, Matrix]:
    """Return how stocks [3] carry into the next year's, [3, 3], and how log shares do, [3, 4]."""
    record = parameters.to_record()

    def following(held: Matrix, spent: Matrix) -> Matrix:
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


def _worth_now(parameters: Parameters) -> Matrix:
    """Return the effect of each log stock on a year's payoff, [3]."""
    record = parameters.to_record()
    return np.array([own_payoff(record, unit[0], unit[1], unit[2], 0.0) for unit in np.eye(3)])


def worth_of_stocks(parameters: Parameters) -> Matrix:
    """Return what a power's stocks are worth to it at the beginning of each year and after the
    last, [years + 1, 3]; in an endless game always the same, [2, 3].
    """
    stocks, _ = _carry(parameters)
    now = _worth_now(parameters)
    if parameters.endless:
        years_of(parameters)
        settled = np.linalg.solve(np.eye(3) - discount(parameters) * stocks.T, now)
        return np.stack([settled, settled])
    worth = np.zeros((parameters.horizon + 1, 3))
    for year in reversed(range(parameters.horizon)):
        worth[year] = now + discount(parameters) * (worth[year + 1] @ stocks)
    return worth


def worth_of_shares(parameters: Parameters) -> Matrix:
    """Return the marginal value of each log share, [years, 4]; [1, 4] in an endless game."""
    _, shares = _carry(parameters)
    worth = discount(parameters) * (worth_of_stocks(parameters)[1:] @ shares)
    worth[:, CONSUMPTION] += 1.0
    return np.asarray(worth)


def unlimited_shares(parameters: Parameters) -> Matrix:
    """Return the best shares without a lower limit, [years, 4]: the closed form.

    In an endless game, [1, 4].
    """
    worth = worth_of_shares(parameters)
    return np.asarray(worth / worth.sum(axis=1, keepdims=True))


def unlimited_value(parameters: Parameters) -> float:
    """Return a power's payoff of these shares, without the effect of the others' military."""
    worth, shares = worth_of_shares(parameters), unlimited_shares(parameters)
    # A use of no worth gets no share, and costs nothing.
    paid = (worth * np.log(np.where(worth > 0.0, shares, 1.0))).sum(axis=1)
    weight = discount(parameters)
    if parameters.endless:
        return float(paid[0] / (1.0 - weight))
    return float((weight ** np.arange(len(paid)) * paid).sum())


def best_weights(worth: Matrix) -> Matrix:
    """Return the log weights that maximise the sum of `worth`, [4], times log shares.

    Shares are in proportion to their worth, unless one would be less than e^-8 of the largest.
    Then shares that would be smaller are at that limit, and the common factor of the others solves
    one equation. A worth may be negative, but not their sum.
    """
    total = worth.sum()
    if total <= 0.0:
        raise ValueError(f"The worths sum to {total:g}: no division of the income is best.")

    def excess(log_factor: float) -> float:
        factor = math.exp(log_factor)
        return float(np.clip(worth * factor, LEAST_RATIO, 1.0).sum() / factor - total)

    log_factor = -math.log(worth.max())
    if worth.min() < LEAST_RATIO * worth.max():
        lowest = math.log(LEAST_RATIO) + log_factor
        highest = math.log(USES / total)
        log_factor = scipy.optimize.brentq(excess, lowest, highest, xtol=1e-14, rtol=1e-14)
    weights = np.clip(worth * math.exp(log_factor), LEAST_RATIO, 1.0)
    return np.clip(MOST_WEIGHT + np.log(weights), -MOST_WEIGHT, MOST_WEIGHT)


def shares_of(weights: Matrix) -> Matrix:
    """Return the shares that log weights give, both [..., 4]."""
    exponentials = np.exp(weights - weights.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


@functools.lru_cache(maxsize=256)
def dominant_plan(parameters: Parameters) -> Matrix:
    """Return the log weights of the dominant strategy, [years, 4]; [1, 4] in an endless game."""
    return np.array([best_weights(worth) for worth in worth_of_shares(parameters)])


def stationary_shares(parameters: Parameters) -> Matrix:
    """Return the shares of the endless game, [4]: the limit of ever longer horizons."""
    return shares_of(dominant_plan(parameters.replace(endless=True))[0])


# -- strategies ------------------------------------------------------------------------------------


def by_year(parameters: Parameters, plan: Matrix, name: str) -> Strategy:
    """Return the strategy that follows a plan of log weights, [years, 4], in any state."""
    strategy = PlanByYear(plan, GAME.observation_names(parameters.powers).index("years_left"))
    strategy.name = name
    return strategy


class PlanByPath(Strategy):
    """Plays the action of the nearest point of a path: the year of an endless game is not seen.

    Parameters
    ----------
    observations : ndarray of float32, [years, features]
    plan : ndarray, [years, 4]
    """

    name = "best response"

    def __init__(self, observations: NDArray[np.float32], plan: Matrix) -> None:
        self._observations = observations
        self.plan = plan

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Matrix:
        """Return the weights of the nearest year for each row, [n, 4]."""
        apart = observations[:, None, :].astype(np.float64) - self._observations
        return np.asarray(self.plan[(apart**2).sum(axis=2).argmin(axis=1)])


# -- playing ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Played:
    """Payoffs [powers] and mean paths of a profile over the episodes."""

    values: Matrix
    shares_path: Matrix
    income_path: Matrix


def _choices(worlds: Worlds, profile: Profile, draws: Sequence[np.random.Generator]) -> Matrix:
    actions = np.zeros((worlds.count, worlds.powers, USES))
    for power, strategy in enumerate(profile):
        seen, masks = worlds.observations[:, power], worlds.masks[:, power]
        actions[:, power] = strategy.act(seen, masks, draws[power])
    return actions


def _worlds(parameters: Parameters, count: int) -> Worlds:
    worlds = Worlds(GAME, count, parameters, max_cycles=years_of(parameters), autoreset=False)
    worlds.reset(SEED)
    return worlds


def _draws(powers: int) -> list[np.random.Generator]:
    return [np.random.default_rng((SEED, power)) for power in range(powers)]


def _played(parameters: Parameters, profile: Profile) -> _Played:
    """Play a profile from the start: once, or many times where a strategy is random.

    Each power's draws are the same at every call, so profiles are compared with common random
    numbers.
    """
    years, count = years_of(parameters), 1
    if any(strategy.is_random for strategy in profile):
        count = max(FEWEST_SAMPLED_WORLDS, SAMPLED_WORLD_YEARS // years)
    worlds, draws = _worlds(parameters, count), _draws(parameters.powers)
    shown = slice(parameters.powers)
    values = np.zeros(parameters.powers)
    shares, incomes = [], []
    for year in range(years):
        rewards = worlds.step(_choices(worlds, profile, draws))
        values += discount(parameters) ** year * rewards.mean(axis=0)
        now = [worlds.records[field][:, shown].mean(axis=0) for field in SHARES]
        shares.append(np.stack(now, axis=1))
        incomes.append(worlds.records["income"][:, shown].mean(axis=0))
    return _Played(values, np.array(shares), np.array(incomes))


OUTCOMES = {
    "industry_share": OutcomeSpec(
        "of income", "Mean share of income over the years; endless, the first sixty.", ("power",)
    ),
    "technology_share": OutcomeSpec("of income", "The same for technology.", ("power",)),
    "military_share": OutcomeSpec("of income", "The same for the military.", ("power",)),
    "consumption_share": OutcomeSpec("of income", "The same for consumption.", ("power",)),
    "first_shares": OutcomeSpec("of income", "The four in the first year.", ("power", "use")),
    "shares_path": OutcomeSpec(
        "of income", "The four shares in each year, the mean of all powers.", ("year", "use")
    ),
    "income": OutcomeSpec("logarithm", "Log income in the last year.", ("power",)),
    "value": OutcomeSpec("payoff, discounted", "Discounted payoff.", ("power",)),
}


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return the outcomes of a profile; means over many episodes where a strategy is random."""
    return _outcomes(parameters, _played(parameters, profile))


def _outcomes(parameters: Parameters, played: _Played) -> dict[str, Any]:
    years = ENDLESS_YEARS_SHOWN if parameters.endless else parameters.horizon
    shares = played.shares_path[:years]
    return {
        **{name: shares[:, :, use].mean(axis=0) for use, name in enumerate(SHARES)},
        "first_shares": shares[0],
        "shares_path": shares.mean(axis=1),
        "income": played.income_path[:years][-1],
        "value": played.values,
    }


@functools.lru_cache(maxsize=64)
def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the equilibrium in dominant strategies; endless, the limit of long horizons."""
    return _solved(
        parameters,
        dominant_plan(parameters),
        "equilibrium",
        "dominant strategies, by backward recursion of values linear in log stocks"
        + (", in the limit of ever longer horizons" if parameters.endless else ""),
        is_unique=not parameters.endless,
    )


@functools.lru_cache(maxsize=64)
def cooperation(parameters: Parameters) -> Equilibrium:
    """Return the joint optimum: no arms beyond the minimum. It is not an equilibrium.

    The military gains of one power are the others' losses, so the joint weight of arms is zero.
    """
    return _solved(
        parameters,
        dominant_plan(parameters.replace(military_weight=0.0)),
        "cooperation",
        "the dominant strategies of powers that do not care to be stronger",
        is_unique=True,
    )


def _solved(
    parameters: Parameters, plan: Matrix, name: str, method: str, *, is_unique: bool
) -> Equilibrium:
    strategies = (by_year(parameters, plan, name),) * parameters.powers
    played = _played(parameters, strategies)
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=played.values,
        outcomes=_outcomes(parameters, played),
        method=method,
        is_unique=is_unique,
        name=name,
    )


# -- best responses --------------------------------------------------------------------------------


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return the best response of one power to the others of a profile.

    Against rivals that do not react to its stocks, random ones included, it is the dominant
    strategy, and exact. Against rivals that react and are not random, the plan is then improved as
    long as playing it pays more (`_Answered`); reactions of random rivals are left out. The value
    is the payoff of playing the game; the profile's own strategy is returned if nothing better was
    found.
    """
    own = float(_played(parameters, profile).values[power])
    candidates = [by_year(parameters, dominant_plan(parameters), "best response")]
    if not any(each.is_random for seat, each in enumerate(profile) if seat != power):
        improved = _Answered(parameters, profile, power).improved()
        if improved is not None:
            candidates.append(improved)
    best = BestResponse(profile[power], own, own)
    for candidate in candidates:
        deviated = [*profile[:power], candidate, *profile[power + 1 :]]
        value = float(_played(parameters, deviated).values[power])
        if value > best.value:
            best = BestResponse(candidate, value, own)
    return best


DIFFERENCE = 3e-3
MOST_ROUNDS = 30
LEAST_IMPROVEMENT = 1e-11
STRIDES = 0.5 ** np.arange(8)


class _Answered:
    """One power's plan against rivals that react to its stocks and are not random."""

    def __init__(self, parameters: Parameters, profile: Profile, power: int) -> None:
        self._parameters = parameters
        self._years = years_of(parameters)
        self._profile = profile
        self._power = power
        self._draws = _draws(parameters.powers)
        self._discount = discount(parameters)
        _, self._shares = _carry(parameters)
        self._last_worth = worth_of_stocks(parameters)[-1]

    def improved(self) -> Strategy | None:
        """Return a strategy that pays more than the dominant one; None if none was found."""
        usual = dominant_plan(self._parameters)
        plan = np.broadcast_to(usual, (self._years, USES)).copy()
        value, records, seen = self._follow(plan[None])
        before = value[0]
        for _ in range(MOST_ROUNDS):
            worth = self._worth_of_shares(plan, records[:, 0])
            if (worth.sum(axis=1) <= 0.0).any():
                break
            wanted = np.array([best_weights(each) for each in worth])
            tried = plan + STRIDES[:, None, None] * (wanted - plan)
            values, tried_records, tried_seen = self._follow(tried)
            best = int(values.argmax())
            if values[best] <= value[0] + LEAST_IMPROVEMENT:
                break
            value, plan = values[[best]], tried[best]
            records, seen = tried_records[:, [best]], tried_seen[:, [best]]
        if value[0] == before:
            return None
        if self._parameters.endless:
            return PlanByPath(seen[:, 0], plan)
        return by_year(self._parameters, plan, "best response")

    def _act(self, worlds: Worlds, own: Matrix) -> Matrix:
        actions = np.zeros((worlds.count, worlds.powers, USES))
        for seat, strategy in enumerate(self._profile):
            if seat != self._power:
                looks, masks = worlds.observations[:, seat], worlds.masks[:, seat]
                actions[:, seat] = strategy.act(looks, masks, self._draws[seat])
        actions[:, self._power] = own
        return actions

    def _follow(self, plans: Matrix) -> tuple[Matrix, NDArray[Any], NDArray[np.float32]]:
        """Return the payoffs of plans [plans, years, 4], each year's worlds, and observations."""
        worlds = _worlds(self._parameters, len(plans))
        values = np.zeros(len(plans))
        records, seen = [], []
        for year in range(self._years):
            records.append(worlds.records.copy())
            seen.append(worlds.observations[:, self._power].copy())
            rewards = worlds.step(self._act(worlds, plans[:, year]))[:, self._power]
            values += self._discount**year * rewards
        return values, np.array(records), np.array(seen)

    def _worth_of_shares(self, plan: Matrix, records: NDArray[Any]) -> Matrix:
        """Return the marginal value of each log share along a path, [years, 4].

        Every stock of every power is moved slightly up and down in every year, all at once, and
        the game is played for one year; the effects are carried back from the last year.
        """
        powers, years = self._parameters.powers, self._years
        size = 3 * powers
        moved = np.repeat(records, 2 * size).reshape(years, size, 2)
        for stock, field in enumerate(STOCKS):
            for seat in range(powers):
                moved[field][:, 3 * seat + stock, :, seat] += DIFFERENCE * np.array([-1.0, 1.0])
        worlds = _worlds(self._parameters, moved.size)
        worlds.restore(Snapshot(GAME.name, moved.ravel(), worlds.parameters))
        rewards = worlds.step(self._act(worlds, np.repeat(plan, 2 * size, axis=0)))
        paid = rewards[:, self._power].reshape(years, size, 2)
        following = np.stack([worlds.records[field][:, :powers] for field in STOCKS], axis=2)
        following = following.reshape(years, size, 2, size)
        paid_slopes = (paid[:, :, 1] - paid[:, :, 0]) / (2.0 * DIFFERENCE)
        slopes = (following[:, :, 1] - following[:, :, 0]) / (2.0 * DIFFERENCE)
        own = slice(3 * self._power, 3 * self._power + 3)
        later = np.zeros(size)
        later[own] = self._last_worth
        worth = np.zeros((years, USES))
        for year in reversed(range(years)):
            worth[year] = self._discount * (later[own] @ self._shares)
            worth[year, CONSUMPTION] += 1.0
            later = paid_slopes[year] + self._discount * (slopes[year] @ later)
        return worth


# In the last year everything but the minimum is consumed.
YEARS_LEFT_OUT = 1
FEWEST_YEARS = 6


def guns_per_investment(shares_path: Matrix) -> Matrix:
    """Return the military's share over those of industry and technology, [..., years]."""
    invested = shares_path[..., INDUSTRY] + shares_path[..., TECHNOLOGY]
    return np.asarray(shares_path[..., MILITARY] / invested)


def claims(findings: Findings[Parameters]) -> list[Claim]:
    """Return whether all arm although all lose by it, and whether they grow first and arm later."""
    parameters = findings.parameters
    found = []
    if parameters.military_weight > 0.0:
        learned = findings.outcome("value").mean(axis=1)
        together = float(cooperation(parameters).values.mean())
        found.append(
            Claim(
                "All arm, although all would gain if none did: the mean payoff is at most "
                f"{learned.max():.4f} in any seed; without arms it would be {together:.4f}.",
                bool(learned.max() < together),
            )
        )
    if parameters.military_weight > 0.0 and not parameters.endless:
        years = parameters.horizon - YEARS_LEFT_OUT
        if years >= FEWEST_YEARS:
            ratio = guns_per_investment(findings.outcome("shares_path"))[:, :years]
            third = years // 3
            first, last = ratio[:, :third].mean(axis=1), ratio[:, -third:].mean(axis=1)
            k = int((last - first).argmin())
            found.append(
                Claim(
                    "Growth first, arms later: military spending per unit invested in industry "
                    f"and technology is higher in the last {third} years than in the first, in "
                    f"every seed; the smallest increase, in seed {findings.seeds[k]}, is from "
                    f"{first[k]:.4f} to {last[k]:.4f} (the last year is left out).",
                    bool((last > first).all()),
                )
            )
    return found


THEORY = Theory(
    game=GAME.name,
    equilibria=only(equilibrium),
    best_response=best_response,
    outcomes=outcomes,
    declared=OUTCOMES,
    targets=Targets(
        regret=0.01,
        outcomes=("industry_share", "technology_share", "military_share", "consumption_share"),
    ),
    curves=(
        Curve(
            name="survival",
            title="Governments with low survival odds neglect industry and education",
            vary={"survival": (0.8, 1.0)},
            points=9,
            outcomes=("industry_share", "technology_share", "military_share"),
        ),
        Curve(
            name="military_weight",
            title="A higher weight on relative strength raises arms, not industry",
            vary={"military_weight": (0.025, 0.1)},
            points=7,
            outcomes=("military_share", "industry_share"),
        ),
    ),
    claims=claims,
)
