r"""Theory of `paradox_of_power`: the unique equilibrium, best responses.

The problem. Two powers with resources :math:`R_1 \ge R_2` divide them between production and
fighting. Against a rival that fights with :math:`F_j`, a power's income is log-concave in its own
fighting: :math:`\ln u_i` has the slope

.. math::

    \frac{m}{F_i} \cdot \frac{F_j^m}{F_1^m + F_2^m} - \frac{1}{R - F_1 - F_2},

a product of two decreasing factors less an increasing term. So for every decisiveness :math:`m` the
first-order condition, or the limit of the power's own resources, gives the one global best, and no
equilibrium is mixed. Where both have enough resources,

.. math::

    F_1 = F_2 = \frac{m}{2 (1 + m)}\, R,

both fight with the same amount and the incomes are equal, however unequal the resources: the
paradox. Where the poorer power has less than that, it spends everything, :math:`l = R_2`, on
fighting, and the richer solves

.. math::

    m\, l^m (R_1 - F) = F \left( F^m + l^m \right).

Then the richer gets more, and the more so the more decisive conflict is. Two interior conditions
together give :math:`F_1^{m+1} = F_2^{m+1}`, and the poorer is at its limit only where the richer
fights with at least as much, which is :math:`l \le m R / (2 (1 + m))`: exactly one of the two cases
holds, and the equilibrium is unique.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy.optimize
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.strategy import Profile, Strategy, Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.paradox_of_power import (
    GAME,
    POOR,
    POWERS,
    RICH,
    Parameters,
    income,
    resources_of,
)
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

# Gauss-Legendre nodes for uniform draws; number of draws of other random strategies.
NODES, DRAWS = 256, 1_024

# The grid of shares: even, and fine near 0, because little is best against a rival that hardly
# fights.
GRID = np.concatenate([[0.0], np.geomspace(1e-9, 1e-3, 120), np.linspace(0.0, 1.0, 501)[1:]])
# Each step keeps this part of the interval that holds a best share: the golden section.
KEPT = 0.5 * (5.0**0.5 - 1.0)
STEPS = 60

Array = NDArray[np.float64]


@rule
def mean_income(
    parameters: Any, power: int, share: float, rival: NDArray[np.float64], weights: Any
) -> float:
    """Return a power's expected income of a year, given its own share of fighting.

    `rival` has shape [n], the other's possible shares, and `weights` their probabilities.
    """
    own = share * resources_of(parameters, power)
    held = resources_of(parameters, 1 - power)
    expected = 0.0
    for k in range(len(rival)):
        expected += weights[k] * income(parameters, own, rival[k] * held)
    return expected


@rule
def best_share(
    parameters: Any, power: int, grid: NDArray[np.float64], rival: NDArray[np.float64], weights: Any
) -> float:
    """Return the best share of fighting against the rival's, by grid and golden section."""
    at, highest = 0, -1.0
    for k in range(len(grid)):
        worth = mean_income(parameters, power, grid[k], rival, weights)
        if worth > highest:
            at, highest = k, worth
    low, high = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
    left, right = high - KEPT * (high - low), low + KEPT * (high - low)
    at_left = mean_income(parameters, power, left, rival, weights)
    at_right = mean_income(parameters, power, right, rival, weights)
    for _ in range(STEPS):
        if at_left >= at_right:
            high, right, at_right = right, left, at_left
            left = high - KEPT * (high - low)
            at_left = mean_income(parameters, power, left, rival, weights)
        else:
            low, left, at_left = left, right, at_right
            right = low + KEPT * (high - low)
            at_right = mean_income(parameters, power, right, rival, weights)
    found, worth = (left, at_left) if at_left >= at_right else (right, at_right)
    return float(found) if worth > highest else float(grid[at])


@functools.lru_cache(maxsize=64)
def _sights(parameters: Parameters) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return each power's observations in each year and empty masks, [years, powers, ...]."""
    worlds = Worlds(GAME, parameters.years, parameters, autoreset=False)
    worlds.reset(0)
    worlds.records["year"] = np.arange(parameters.years)
    worlds.observe()
    return worlds.observations.copy(), worlds.masks.copy()


def shares_of(parameters: Parameters, strategy: Strategy, power: int) -> tuple[Array, Array]:
    """Return a power's possible shares of fighting, [years, n], and their probabilities, [n]."""
    seen, masks = (each[:, power] for each in _sights(parameters))
    if isinstance(strategy, Uniform):
        nodes, weights = leggauss(NODES)
        return np.tile(0.5 * (nodes + 1.0), (parameters.years, 1)), 0.5 * weights
    draws = DRAWS if strategy.is_random else 1
    rng = np.random.default_rng(power)
    done = strategy.act(np.repeat(seen, draws, axis=0), np.repeat(masks, draws, axis=0), rng)
    shares = np.clip(done[:, 0], 0.0, 1.0).reshape(parameters.years, draws)
    return np.asarray(shares, np.float64), np.full(draws, 1.0 / draws)


def incomes(parameters: Parameters, profile: Profile) -> Array:
    """Return each power's expected income of each year, [powers, years]."""
    record = parameters.to_record()
    asked = [shares_of(parameters, each, power) for power, each in enumerate(profile)]
    # Most strategies do the same in every year.
    together = np.hstack([shares for shares, _ in asked])
    different, which = np.unique(together, axis=0, return_inverse=True)
    parts = np.split(different, [len(asked[0][1])], axis=1)
    found = np.zeros((POWERS, len(different)))
    for power in range(POWERS):
        chances, weights = asked[power][1], asked[1 - power][1]
        for k, (own, rival) in enumerate(zip(parts[power], parts[1 - power], strict=True)):
            each = [mean_income(record, power, share, rival, weights) for share in own.tolist()]
            found[power, k] = chances @ each
    return found[:, which.ravel()]


def _discounted(parameters: Parameters, by_year: Array) -> float:
    return float(parameters.discount ** np.arange(parameters.years) @ by_year)


def values(parameters: Parameters, profile: Profile) -> Array:
    """Return each power's discounted payoff, [2].

    Uniform draws are integrated by Gauss-Legendre quadrature, other random strategies by 1,024
    draws.
    """
    return np.array([_discounted(parameters, each) for each in incomes(parameters, profile)])


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return a power's best response: in each year the best share against the rival's.

    Against a rival that is not random, income has one peak, which golden-section search finds to
    the rounding of its value. Against a random rival it may have several: the search starts at the
    best of 621 shares. Where the rival does not fight at all, the best share is the smallest that
    is positive; the value is then that of a vanishing share.
    """
    record = parameters.to_record()
    own = float(values(parameters, profile)[power])
    rival, weights = shares_of(parameters, profile[1 - power], 1 - power)
    different, which = np.unique(rival, axis=0, return_inverse=True)
    best = np.array([best_share(record, power, GRID, each, weights) for each in different])
    worth = np.array(
        [
            mean_income(record, power, share, each, weights)
            for share, each in zip(best.tolist(), different, strict=True)
        ]
    )
    value = _discounted(parameters, worth[which.ravel()])
    if own > value:
        return BestResponse(profile[power], own, own)
    return BestResponse(_plan(parameters, best[which.ravel()]), value, own)


def _plan(parameters: Parameters, shares: Array) -> PlanByYear:
    """Return the strategy that fights with these shares of its resources, one or [years]."""
    column = GAME.observation_names(parameters.powers).index("years_left")
    by_year = np.broadcast_to(np.asarray(shares, np.float64), (parameters.years,))
    return PlanByYear(by_year[:, None], column)


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


OUTCOMES = {
    "fighting": OutcomeSpec("resources", "Mean spending on fighting over the years.", ("power",)),
    "fighting_share": OutcomeSpec(
        "of own resources", "Mean share of a power's resources spent on fighting.", ("power",)
    ),
    "income": OutcomeSpec("resources", "Mean income over the years.", ("power",)),
    "income_ratio": OutcomeSpec("1", "The richer power's income over the poorer's."),
    "value": OutcomeSpec("payoff, discounted", "Discounted payoff.", ("power",)),
}


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return the outcomes of a profile, as `OUTCOMES` declares them."""
    record = parameters.to_record()
    asked = [shares_of(parameters, each, power) for power, each in enumerate(profile)]
    spent = np.array([float((shares @ weights).mean()) for shares, weights in asked])
    by_year = incomes(parameters, profile)
    got = by_year.mean(axis=1)
    return {
        "fighting": spent * [resources_of(record, power) for power in range(POWERS)],
        "fighting_share": spent,
        "income": got,
        "income_ratio": float(got[RICH] / got[POOR]) if got[POOR] > 0.0 else float("inf"),
        "value": np.array([_discounted(parameters, each) for each in by_year]),
    }


# A smaller difference counts as none.
SAME = 1e-3


def claims(findings: Findings[Parameters]) -> list[Claim]:
    """Return whether the poorer fights harder, and whether incomes differ less than resources."""
    theory = findings.equilibrium.outcomes
    record = findings.parameters.to_record()
    resources = np.array([resources_of(record, power) for power in range(POWERS)])
    held = float(resources[RICH] / resources[POOR])
    found = []
    solved = np.asarray(theory["fighting_share"])
    if solved[POOR] - solved[RICH] > SAME:
        shares = findings.outcome("fighting_share")
        apart = shares[:, POOR] - shares[:, RICH]
        found.append(
            Claim(
                "The poorer power spends the larger share of its resources on fighting in every "
                f"seed, by at least {apart.min():.3f}; in equilibrium by "
                f"{solved[POOR] - solved[RICH]:.3f}.",
                bool((apart > SAME).all()),
            )
        )
    if held - float(theory["income_ratio"]) > SAME:
        ratios = findings.outcome("income_ratio")
        found.append(
            Claim(
                f"The richer power has {held:.2f} times the resources of the poorer but at most "
                f"{ratios.max():.2f} times its income, in every seed; in equilibrium "
                f"{float(theory['income_ratio']):.2f} times.",
                bool((held - ratios > SAME).all()),
            )
        )
    return found


THEORY = Theory(
    game=GAME.name,
    equilibria=only(equilibrium),
    best_response=best_response,
    outcomes=outcomes,
    declared=OUTCOMES,
    targets=Targets(regret=0.01, outcomes=("fighting", "income")),
    curves=(
        Curve(
            name="inequality",
            title="Incomes stay equal until the poorer power spends everything on fighting",
            vary={"inequality": (0.5, 0.95)},
            points=10,
            outcomes=("income", "fighting"),
        ),
        Curve(
            name="decisiveness",
            title="If conflict is decisive, the paradox fails",
            vary={"decisiveness": (0.5, 4.0)},
            points=8,
            outcomes=("income", "fighting"),
        ),
    ),
    claims=claims,
)
