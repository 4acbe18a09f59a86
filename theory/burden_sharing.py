"""Theory of `burden_sharing`: how much of the common defence each ally pays in equilibrium.

The problem. Each year every member chooses its defence spending; defence is partly a public good.
Past spending is not observed and incomes grow exogenously, so each year is a game of its own. Each
member's payoff is strictly concave in its own defence, and the marginal payoffs together are
strongly monotone, so the equilibrium of a year is unique.

The method. Gauss-Seidel iteration of the members' best responses, each the root of the marginal
payoff in [0, cap]. The pure public good has a closed form (Olson and Zeckhauser 1966): d_i = max(0,
Y_i - k G) with k = (1 - theta) / theta.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from counterpoise.envs.engine.columns import column, columns_of
from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.burden_sharing import (
    GAME,
    SEES,
    Parameters,
    marginal_utility,
    utility,
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

SAMPLED_WORLDS = 8_192
MOST_SWEEPS = 10_000


@rule
def best_defence(
    parameters: Any, gdp: float, cap: float, defence_of_others: NDArray[np.float64]
) -> float:
    """Return the defence that maximises the expected payoff, by bisection to machine precision.

    `defence_of_others` has shape [n]: equally likely sums of the others' defence.
    """
    low, high = 0.0, cap * gdp
    for end, answer in ((low, -1.0), (high, 1.0)):
        slope = 0.0
        for others in defence_of_others:
            slope += marginal_utility(parameters, gdp, end, others)
        if slope * answer >= 0.0:
            return end
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        slope = 0.0
        for others in defence_of_others:
            slope += marginal_utility(parameters, gdp, middle, others)
        if slope > 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@rule
def expected_utility(
    parameters: Any, gdp: float, defence: float, defence_of_others: NDArray[np.float64]
) -> float:
    """Return the mean payoff over equally likely sums of the others' defence, shape [n]."""
    total = 0.0
    for others in defence_of_others:
        total += utility(parameters, gdp, defence, others)
    return total / len(defence_of_others)


def stage_equilibrium(parameters: Parameters, gdp: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each member's defence in the unique equilibrium of a year, given incomes.

    Parameters
    ----------
    parameters : Parameters
    gdp : ndarray of float64, [powers]

    Returns
    -------
    ndarray of float64, [powers]
        In the incomes' unit.
    """
    record = parameters.to_record()
    caps = np.array(parameters.fiscal_cap)
    defence = np.zeros(len(gdp))
    for _ in range(MOST_SWEEPS):
        before = defence.copy()
        for power in range(len(gdp)):
            others = np.array([defence.sum() - defence[power]])
            defence[power] = best_defence(record, gdp[power], caps[power], others)
        if np.abs(defence - before).max() <= 1e-13 * gdp.max():
            return defence
    raise ArithmeticError(
        f"Gauss-Seidel iteration did not settle in {MOST_SWEEPS} sweeps; last change "
        f"{np.abs(defence - before).max():.2e}."
    )


def pure_public_good(parameters: Parameters, gdp: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the closed form for the pure public good (no private product, full spill-in, no cap).

    d_i = max(0, Y_i - k G), k = (1 - theta) / theta, G = (E + sum_A Y) / (1 + k |A|) over the
    set A of members that pay.
    """
    if parameters.private_weight != 0.0 or parameters.spill_in != 1.0:
        raise ValueError("The closed form is for private_weight=0 and spill_in=1.")
    k = (1.0 - parameters.deterrence_weight) / parameters.deterrence_weight
    order = np.argsort(-gdp)
    for active in range(len(gdp), 0, -1):
        payers = order[:active]
        protection = (parameters.common_defence + gdp[payers].sum()) / (1.0 + k * active)
        if gdp[payers[-1]] > k * protection:
            return np.asarray(np.maximum(0.0, gdp - k * protection))
    return np.zeros(len(gdp))


def social_optimum(parameters: Parameters, gdp: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the defence that maximises the sum of all payoffs of a year, [powers]."""
    record = parameters.to_record()

    def loss(shares: NDArray[np.float64]) -> float:
        defence = shares * gdp
        return -sum(
            utility(record, gdp[k], defence[k], defence.sum() - defence[k]) for k in range(len(gdp))
        )

    bounds = [(0.0, cap) for cap in parameters.fiscal_cap]
    start = np.array(parameters.fiscal_cap) / 2
    found = scipy.optimize.minimize(
        loss, start, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-12}
    )
    return np.asarray(found.x * gdp)


class StageNash(Strategy):
    """Plays the equilibrium of the year, computed from the observed incomes."""

    name = "equilibrium"

    def __init__(self, parameters: Parameters, power: int) -> None:
        self._power = power
        self._parameters = parameters
        self._solve = functools.lru_cache(maxsize=4_096)(self._share)

    def _share(self, log_gdp: bytes) -> float:
        seen = np.exp(np.frombuffer(log_gdp, np.float32).astype(np.float64))
        gdp = np.insert(seen[1:], self._power, seen[0])
        return float(stage_equilibrium(self._parameters, gdp)[self._power] / gdp[self._power])

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the equilibrium share for each row's incomes, [n, 1]."""
        others = self._parameters.powers - 1
        own = observations[:, [column(SEES.log_gdp, others)]]
        seen = np.hstack([own, observations[:, columns_of(SEES.log_gdp_of_other, others)]])
        return np.array([[self._solve(row.tobytes())] for row in seen])


class ShareByYear(Strategy):
    """Spends a given share of income in each year."""

    name = "best response"

    def __init__(self, parameters: Parameters, shares: NDArray[np.float64]) -> None:
        self._column = GAME.observation_names(parameters.powers).index("years_left")
        self._horizon = parameters.horizon
        self._shares = shares

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the share of each row's year, [n, 1]."""
        years = np.rint(self._horizon * (1.0 - observations[:, self._column])).astype(int)
        return np.asarray(self._shares[np.minimum(years, self._horizon - 1)][:, None])


def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the unique subgame-perfect equilibrium: each year's one-shot equilibrium."""
    strategies = tuple(StageNash(parameters, power) for power in range(parameters.powers))
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=_rollout(parameters, strategies, 1).returns(parameters.discount)[0],
        outcomes=outcomes(parameters, strategies),
        method="Gauss-Seidel iteration of exact best responses in each year's one-shot game",
        is_unique=True,
    )


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return the exact best response: one strictly concave problem per year, in one dimension.

    Against random members the expectation is a mean over sampled episodes with a fixed seed, and
    the power's own value is the mean over the same episodes.
    """
    is_random = any(strategy.is_random for strategy in profile)
    rollout = _rollout(parameters, profile, SAMPLED_WORLDS if is_random else 1)
    record = parameters.to_record()
    cap = parameters.fiscal_cap[power]
    shares = np.zeros(parameters.horizon)
    value = 0.0
    for year in range(parameters.horizon):
        gdp = float(rollout.records["gdp"][year, 0, power])
        defence = rollout.records["defence"][year + 1, :, : parameters.powers]
        others = np.ascontiguousarray(np.delete(defence, power, axis=1).sum(axis=1))
        own = best_defence(record, gdp, cap, others)
        shares[year] = own / gdp
        value += parameters.discount**year * expected_utility(record, gdp, own, others)
    own_value = float(rollout.returns(parameters.discount)[:, power].mean())
    return BestResponse(ShareByYear(parameters, shares), value, own_value)


OUTCOMES = {
    "share": OutcomeSpec("of GDP", "Mean share of GDP spent on defence.", ("power",)),
    "share_by_year": OutcomeSpec(
        "of GDP", "Share of GDP spent on defence in each year.", ("year", "power")
    ),
    "total_defence": OutcomeSpec("index", "Sum of all members' defence in each year.", ("year",)),
    "exploitation_gap": OutcomeSpec(
        "of GDP", "The largest member's share less the smallest member's, in the first year."
    ),
}


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return the outcomes of a profile, as `OUTCOMES` declares them."""
    is_random = any(strategy.is_random for strategy in profile)
    rollout = _rollout(parameters, profile, SAMPLED_WORLDS if is_random else 1)
    after = rollout.records[1:]
    shares = after["share"][:, :, : parameters.powers].mean(axis=1)
    sizes = np.array(parameters.gdp)
    return {
        "share": shares.mean(axis=0),
        "share_by_year": shares,
        "total_defence": after["defence"].sum(axis=2).mean(axis=1),
        "exploitation_gap": float(shares[0, sizes.argmax()] - shares[0, sizes.argmin()]),
    }


def _rollout(parameters: Parameters, profile: Profile, count: int) -> Any:
    worlds = Worlds(GAME, count, parameters, autoreset=False)
    return play(worlds, profile, seed=0)


PER_CENT = 100.0
# The members whose shares are claimed, and the error allowed in percentage points.
LARGEST, LARGEST_ERROR = 10, 0.1


def claims(findings: Findings[Parameters]) -> list[Claim]:
    """Return whether the ten largest members learned their equilibrium shares."""
    if findings.observed("share") is None:
        return []
    sizes = np.array(findings.parameters.gdp)
    largest = np.argsort(-sizes)[:LARGEST]
    theory = np.asarray(findings.equilibrium.outcomes["share"])
    apart = PER_CENT * np.abs(findings.outcome("share") - theory)[:, largest]
    k = int(apart.max(axis=0).argmax())
    return [
        Claim(
            f"The {len(largest)} largest members learn shares within {LARGEST_ERROR:g} percentage "
            "points of the equilibrium's in every seed; the largest distance is "
            f"{apart.max():.3f}, of {findings.power_names[largest[k]]}.",
            bool(apart.max() <= LARGEST_ERROR),
        )
    ]


THEORY = Theory(
    game=GAME.name,
    equilibria=only(equilibrium),
    best_response=best_response,
    outcomes=outcomes,
    declared=OUTCOMES,
    targets=Targets(regret=0.01, outcomes=("share",)),
    curves=(
        Curve(
            name="private_share",
            title="The more private the good, the less large members are exploited",
            vary={"private_weight": (0.0, 0.04), "deterrence_weight": (0.04, 0.0)},
            points=9,
            outcomes=("exploitation_gap", "share"),
        ),
        Curve(
            name="fiscal_cap",
            title="A fiscal cap binds first on the members that would spend most",
            vary={"fiscal_cap": (0.01, 0.05)},
            points=9,
            outcomes=("share",),
        ),
    ),
    claims=claims,
)
