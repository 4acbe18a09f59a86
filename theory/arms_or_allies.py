r"""Theory of `arms_or_allies`: a defender plans against a challenger with a private cost.

The problem. Each year the defender chooses one of 18 plans in one of 324 states (threat, arms,
debt, ally), and a challenger with private cost :math:`c` then challenges or not. The challenger's
move never changes the state, so it challenges if and only if its cost is below its expected gain,
:math:`c < (1 - Ew) G`: a cut-off. Given the cut-offs, the defender faces a finite Markov decision
problem.

The method. Howard's policy iteration takes each policy's value from one linear system of 324
equations,

.. math::

    V = u_\pi + B P_\pi V, \qquad B = \text{discount} \cdot (1 - \text{random ending}),

until no plan improves on the policy in any state. Nothing is iterated to a tolerance: the value is
exact up to the rounding of the linear solve. The value is unique; the policy is unique wherever the
second-best plan is strictly worse (`action_gaps`).

Any other profile is evaluated with the same tables: the defender's strategy by its probabilities in
the 324 states, the challenger's by the probability of a challenge after each plan, integrated over
the private cost. Payoffs and probabilities come from the game's own rules.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import scipy.linalg
from numba.extending import register_jitable
from numpy.typing import NDArray

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.arms_or_allies import (
    CHALLENGE,
    CHALLENGER,
    DEFENDER,
    GAME,
    MOST_ARMS,
    MOST_DEBT,
    PLANS,
    Parameters,
    arms_next_year,
    attrition_chance,
    challenge_success,
    challenger_payoff,
    defender_payoff,
    is_affordable,
    planned_alliance,
    planned_arms,
    planned_debt_change,
    read,
    success_table,
    tax_due,
    threat_chance,
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

SHAPE = (2, MOST_ARMS + 1, MOST_DEBT + 1, 2)
"""Threat, arms, debt, allied: the axes of a state's number."""

STATES = int(np.prod(SHAPE))
COST_POINTS = 200
ROWS_AT_ONCE = 50_000
SUDDEN_THREAT_YEARS = 12

# Below this a plan counts as no better: far above the linear solve's rounding, far below any gap.
IMPROVEMENT = 1e-12

# How often a long-run average starts anew: rarely enough to show in no printed digit, often enough
# for the linear system to be well conditioned.
RESTART = 1e-8
SETTLING_YEARS = 256


# Open to compiled rules, and plain Python for whole arrays, each kind of which would be compiled.
@register_jitable
def state_number(threat: Any, arms: Any, debt: Any, allied: Any) -> Any:
    """Return the number of a state, 0 to 323; elementwise for arrays."""
    return ((threat * SHAPE[1] + arms) * SHAPE[2] + debt) * SHAPE[3] + allied


def first_state(parameters: Parameters) -> int:
    """Return the number of the state in which the game begins."""
    return int(
        state_number(
            parameters.start_threat,
            parameters.start_arms,
            parameters.start_debt,
            parameters.start_allied,
        )
    )


def yearly_discount(parameters: Parameters) -> float:
    """Return B, the weight of the next year: its discount times the probability that it comes.

    Raises
    ------
    ParameterError
        If the game neither ends nor discounts, so that no value is finite.
    """
    weight = parameters.discount * (1.0 - parameters.random_ending)
    if weight >= 1.0:
        raise ParameterError(
            "Without an ending or a discount the payoffs have no finite sum: set random_ending "
            "above 0, or discount below 1, to solve this game."
        )
    return weight


# -- the game's rules as tables -------------------------------------------------------------------


@rule
def _fill_year(
    parameters: Any,
    is_open: Any,
    success: Any,
    calm_payoff: Any,
    challenged_payoff: Any,
    prize: Any,
    successors: Any,
    chances: Any,
) -> None:
    state = 0
    for threat in range(2):
        to_threat = threat_chance(parameters, threat)
        for arms in range(MOST_ARMS + 1):
            to_loss = attrition_chance(parameters, float(arms))
            for debt in range(MOST_DEBT + 1):
                for allied in range(2):
                    for plan in range(PLANS):
                        is_open[state, plan] = is_affordable(parameters, float(debt), plan)
                        adopted = plan if is_open[state, plan] else 0
                        ordered = planned_arms(adopted)
                        change = planned_debt_change(adopted)
                        alliance = planned_alliance(adopted)
                        tax = tax_due(parameters, float(debt), ordered, change)
                        wins = challenge_success(parameters, threat, float(arms), alliance)
                        success[state, plan] = wins
                        calm_payoff[state, plan] = defender_payoff(
                            parameters, tax, allied, alliance, 0, wins
                        )
                        challenged_payoff[state, plan] = defender_payoff(
                            parameters, tax, allied, alliance, 1, wins
                        )
                        prize[state, plan] = challenger_payoff(parameters, 1, wins, 0.0)
                        for lost in range(2):
                            # Without arms, none can be lost.
                            left = arms_next_year(float(arms), min(lost, arms), ordered)
                            by_loss = to_loss if lost == 1 else 1.0 - to_loss
                            for later in range(2):
                                by_threat = to_threat if later == 1 else 1.0 - to_threat
                                branch = lost * 2 + later
                                chances[state, plan, branch] = by_loss * by_threat
                                successors[state, plan, branch] = state_number(
                                    later, int(left), debt + change, alliance
                                )
                    state += 1


@dataclasses.dataclass(frozen=True, eq=False)
class YearTables:
    """One year of the game by state and plan, [324, 18]; a closed plan acts as the null plan.

    Attributes
    ----------
    is_open : ndarray of bool
        Whether the plan is affordable.
    success : ndarray
        Probability that a challenge succeeds, 1 - Ew.
    calm_payoff, challenged_payoff : ndarray
        The defender's payoff of the year without and with a challenge.
    prize : ndarray
        Value of a challenge to the challenger, before its private cost.
    successors : ndarray of int, [324, 18, 4]
        The states that may follow, for loss (no, yes) and threat (no, yes).
    chances : ndarray, [324, 18, 4]
        Their probabilities, given that the game continues.
    """

    is_open: NDArray[np.bool_]
    success: NDArray[np.float64]
    calm_payoff: NDArray[np.float64]
    challenged_payoff: NDArray[np.float64]
    prize: NDArray[np.float64]
    successors: NDArray[np.int64]
    chances: NDArray[np.float64]

    def expected_next(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the expected value of next year's state, [324, 18]."""
        return np.asarray((self.chances * values[self.successors]).sum(axis=2), np.float64)

    def transition(self, policy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the transition matrix under plan probabilities `policy`, [324, 324]."""
        matrix = np.zeros((STATES, STATES))
        states = np.arange(STATES)[:, None, None]
        np.add.at(
            matrix,
            (np.broadcast_to(states, self.successors.shape), self.successors),
            self.chances * policy[:, :, None],
        )
        return matrix


@functools.lru_cache(maxsize=64)
def year_tables(parameters: Parameters) -> YearTables:
    """Tabulate one year of the game with the game's own rules."""
    record = parameters.to_record()
    is_open = np.zeros((STATES, PLANS), np.bool_)
    success, calm, challenged, prize = (np.zeros((STATES, PLANS)) for _ in range(4))
    successors = np.zeros((STATES, PLANS, 4), np.int64)
    chances = np.zeros((STATES, PLANS, 4))
    _fill_year(record, is_open, success, calm, challenged, prize, successors, chances)
    return YearTables(is_open, success, calm, challenged, prize, successors, chances)


@functools.lru_cache(maxsize=16)
def _sights(
    parameters: Parameters,
) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float32], NDArray[np.int8]]:
    """Return each power's observations where it moves, as the game writes them.

    The defender's observations and masks, [324, ...]; the challenger's, [324 * 18, ...], after
    every plan, with a private cost of 0.
    """
    threat, arms, debt, allied = np.unravel_index(np.arange(STATES), SHAPE)
    plans = np.arange(PLANS)
    worlds = Worlds(GAME, STATES * (1 + PLANS), parameters, autoreset=False)
    worlds.reset(0)
    records = worlds.records
    repeats = np.concatenate([np.ones(STATES, np.int64), np.full(STATES, PLANS)])
    for name, values in (("threat", threat), ("allied", allied)):
        records[name] = np.repeat(np.tile(values, 2), repeats)
    records["arms"][:, DEFENDER] = np.repeat(np.tile(arms, 2), repeats)
    records["debt"][:, DEFENDER] = np.repeat(np.tile(debt, 2), repeats)
    records["phase"][STATES:] = CHALLENGE
    for name, part in (
        ("ordered_arms", planned_arms),
        ("debt_change", planned_debt_change),
        ("alliance", planned_alliance),
    ):
        records[name][STATES:] = np.tile([part(int(plan)) for plan in plans], STATES)
    worlds.observe()
    return (
        worlds.observations[:STATES, DEFENDER].copy(),
        worlds.masks[:STATES, DEFENDER].copy(),
        worlds.observations[STATES:, CHALLENGER].copy(),
        worlds.masks[STATES:, CHALLENGER].copy(),
    )


# -- strategies -----------------------------------------------------------------------------------


@runtime_checkable
class HasCutOff(Protocol):
    """A challenger that challenges if and only if its private cost is below a cut-off."""

    def cut_off(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the cut-off in each row, [n]."""


class CutOffChallenger(Strategy):
    """Challenges if and only if the expected gain exceeds the private cost."""

    name = "cut-off challenger"

    def __init__(self, parameters: Parameters) -> None:
        record = parameters.to_record()
        self._prizes = np.array(
            [
                challenger_payoff(record, 1, wins, 0.0)
                for wins in success_table(parameters).ravel().tolist()
            ]
        ).reshape(2, MOST_ARMS + 1, 2)

    def cut_off(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the private cost below which it challenges, [n]."""
        seen = read(observations)
        return self._prizes[seen.threat, seen.arms, seen.alliance]

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Challenge, in the challenge phase, where it pays."""
        seen = read(observations)
        challenges = seen.is_challenge_phase & (seen.private_cost < self.cut_off(observations))
        return challenges.astype(np.int64)[:, None]


class TablePlanner(Strategy):
    """A defender that looks its plan up by state.

    Parameters
    ----------
    plans : ndarray of int, [324]
        The plan in each state, in the order of `state_number`.
    """

    name = "table planner"

    def __init__(self, plans: NDArray[np.int64]) -> None:
        self.plans = np.asarray(plans, np.int64)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Plan, in the plan phase, by the table."""
        seen = read(observations)
        plans = self.plans[state_number(seen.threat, seen.arms, seen.debt, seen.allied)]
        return np.where(seen.is_challenge_phase, 0, plans)[:, None]


# -- a profile in numbers -------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Response:
    """A challenger's response to each plan in each state, [324, 18], over its private cost.

    Attributes
    ----------
    challenge : ndarray
        The probability of a challenge.
    payoff : ndarray
        The challenger's expected payoff of the year.
    """

    challenge: NDArray[np.float64]
    payoff: NDArray[np.float64]


def cut_off_response(parameters: Parameters, cut_offs: NDArray[np.float64]) -> Response:
    """Return the response of a challenger with cut-offs [324, 18], in closed form."""
    highest = parameters.highest_challenge_cost
    below = np.clip(cut_offs, 0.0, highest)
    challenge = below / highest
    return Response(challenge, challenge * (year_tables(parameters).prize - 0.5 * below))


def defender_policy(parameters: Parameters, defender: Strategy) -> NDArray[np.float64]:
    """Return the probability of each plan in each state, [324, 18].

    Probability on plans that are not affordable goes to the null plan, as in the game.
    """
    observations, masks, _, _ = _sights(parameters)
    policy = np.array(defender.probabilities(observations, masks), np.float64)
    # A network's probabilities sum to 1 only up to 32-bit rounding.
    policy /= policy.sum(axis=1, keepdims=True)
    is_open = year_tables(parameters).is_open
    policy[:, 0] += np.where(is_open, 0.0, policy).sum(axis=1)
    return np.where(is_open, policy, 0.0)


def reached(parameters: Parameters, played: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which states can follow the first one if the plans `played`, [324, 18], are played."""
    tables = year_tables(parameters)
    follows = tables.transition(played.astype(np.float64)) > 0.0
    states = np.zeros(STATES, np.bool_)
    states[first_state(parameters)] = True
    while True:
        more = states | follows[states].any(axis=0)
        if (more == states).all():
            return states
        states = more


def challenger_response(
    parameters: Parameters, challenger: Strategy, needed: NDArray[np.bool_] | None = None
) -> Response:
    """Return the response of any challenger, integrated over its private cost.

    A strategy with a ``cut_off`` method is integrated in closed form; any other is asked for its
    probabilities at the midpoints of 200 equal intervals of the private cost.

    Parameters
    ----------
    parameters : Parameters
    challenger : Strategy
    needed : ndarray of bool, [324, 18], optional
        Where the response is needed; it is 0 elsewhere. By default everywhere.
    """
    tables = year_tables(parameters)
    _, _, observations, masks = _sights(parameters)
    if isinstance(challenger, HasCutOff):
        return cut_off_response(parameters, challenger.cut_off(observations).reshape(STATES, PLANS))
    wanted = tables.is_open if needed is None else needed & tables.is_open
    rows = np.flatnonzero(wanted.ravel())
    costs = (np.arange(COST_POINTS) + 0.5) * (parameters.highest_challenge_cost / COST_POINTS)
    column = GAME.observation_names(parameters.powers).index("private_cost")
    challenge = np.zeros(STATES * PLANS)
    payoff = np.zeros(STATES * PLANS)
    for part in np.array_split(rows, max(1, len(rows) * COST_POINTS // ROWS_AT_ONCE)):
        asked = np.repeat(observations[part], COST_POINTS, axis=0)
        asked[:, column] = np.tile(costs, len(part))
        answers = challenger.probabilities(asked, np.repeat(masks[part], COST_POINTS, axis=0))
        chosen = (answers[:, 1] / answers.sum(axis=1)).reshape(len(part), COST_POINTS)
        challenge[part] = chosen.mean(axis=1)
        payoff[part] = (chosen * (tables.prize.ravel()[part, None] - costs)).mean(axis=1)
    return Response(challenge.reshape(STATES, PLANS), payoff.reshape(STATES, PLANS))


def _defender_payoffs(tables: YearTables, response: Response) -> NDArray[np.float64]:
    challenge = response.challenge
    return (1.0 - challenge) * tables.calm_payoff + challenge * tables.challenged_payoff


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """The values of a profile.

    Attributes
    ----------
    values : ndarray, [2]
        Each power's discounted payoff from the first state.
    state_values : ndarray, [324, 2]
        The same from every state; of states that cannot be reached, without the responses that
        were not needed.
    policy : ndarray, [324, 18]
        The defender's plan probabilities.
    response : Response
        The challenger's responses.
    """

    values: NDArray[np.float64]
    state_values: NDArray[np.float64]
    policy: NDArray[np.float64]
    response: Response


def evaluate(parameters: Parameters, profile: Profile) -> Evaluation:
    """Return each power's exact discounted payoff under any profile, by one linear solve.

    Source of the integration over the private cost: see `challenger_response`.
    """
    policy = defender_policy(parameters, profile[DEFENDER])
    needed = (policy > 0.0) & reached(parameters, policy > 0.0)[:, None]
    response = challenger_response(parameters, profile[CHALLENGER], needed)
    state_values = _values(parameters, policy, response)
    return Evaluation(state_values[first_state(parameters)], state_values, policy, response)


def _values(
    parameters: Parameters, policy: NDArray[np.float64], response: Response
) -> NDArray[np.float64]:
    tables = year_tables(parameters)
    payoffs = np.stack(
        [
            (policy * _defender_payoffs(tables, response)).sum(axis=1),
            (policy * response.payoff).sum(axis=1),
        ],
        axis=1,
    )
    system = np.eye(STATES) - yearly_discount(parameters) * tables.transition(policy)
    return np.asarray(scipy.linalg.solve(system, payoffs), np.float64)


# -- best responses and equilibrium ---------------------------------------------------------------


def plan_values(
    parameters: Parameters, response: Response, values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the defender's value of each plan, given next values [324]; -inf if closed."""
    tables = year_tables(parameters)
    worth = _defender_payoffs(tables, response)
    worth = worth + yearly_discount(parameters) * tables.expected_next(values)
    return np.where(tables.is_open, worth, -np.inf)


def best_plans(
    parameters: Parameters, response: Response
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the defender's best plan and its value in every state, [324] each.

    Policy iteration; among plans of equal value the first is kept.
    """
    states = np.arange(STATES)
    plans = np.zeros(STATES, np.int64)
    while True:
        policy = np.eye(PLANS)[plans]
        values = _values(parameters, policy, response)[:, DEFENDER]
        worth = plan_values(parameters, response, values)
        better = worth.argmax(axis=1)
        least = IMPROVEMENT * max(1.0, np.abs(values).max())
        improves = worth[states, better] > worth[states, plans] + least
        if not improves.any():
            return plans, values
        plans = np.where(improves, better, plans)


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return a power's exact best response to the other of a profile.

    The defender's is found by policy iteration against the challenger's probabilities of a
    challenge; the challenger's is a cut-off, because it never changes the state.
    """
    if power == DEFENDER:
        return _best_defence(parameters, profile)
    challenger = CutOffChallenger(parameters)
    best = evaluate(parameters, (profile[DEFENDER], challenger))
    own = evaluate(parameters, profile)
    return BestResponse(challenger, float(best.values[power]), float(own.values[power]))


def _best_defence(parameters: Parameters, profile: Profile) -> BestResponse:
    is_open = year_tables(parameters).is_open
    within = is_open & reached(parameters, is_open)[:, None]
    response = challenger_response(parameters, profile[CHALLENGER], within)
    policy = defender_policy(parameters, profile[DEFENDER])
    first = first_state(parameters)
    plans, values = best_plans(parameters, response)
    own = _values(parameters, policy, response)[first, DEFENDER]
    return BestResponse(TablePlanner(plans), float(values[first]), float(own))


@functools.lru_cache(maxsize=64)
def _solution(parameters: Parameters) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    return best_plans(parameters, challenger_response(parameters, CutOffChallenger(parameters)))


@functools.lru_cache(maxsize=64)
def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the equilibrium: the challenger's cut-off and the defender's best plans against it.

    The value is unique. `is_unique` says whether the play is: no tie between plans in any state
    that the equilibrium reaches.
    """
    plans, _ = _solution(parameters)
    strategies = (TablePlanner(plans), CutOffChallenger(parameters))
    evaluation = evaluate(parameters, strategies)
    gaps = action_gaps(parameters)[reached(parameters, evaluation.policy > 0.0)]
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=evaluation.values,
        outcomes=outcomes(parameters, strategies),
        method="Policy iteration over 324 states and 18 plans against the challenger's cut-off.",
        is_unique=bool(gaps.min() > IMPROVEMENT),
    )


def action_gaps(parameters: Parameters) -> NDArray[np.float64]:
    """Return the loss of the second-best plan relative to the best in every state, [324]."""
    _, values = _solution(parameters)
    response = challenger_response(parameters, CutOffChallenger(parameters))
    ordered = np.sort(plan_values(parameters, response, values), axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2], np.float64)


# -- what happens ---------------------------------------------------------------------------------


def long_run(parameters: Parameters, policy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of years that a world without an ending spends in each state, [324].

    The stationary distribution; where a policy has several, the one reached from the first state.
    """
    transition = year_tables(parameters).transition(policy)
    start = np.zeros(STATES)
    start[first_state(parameters)] = RESTART
    system = np.eye(STATES) - (1.0 - RESTART) * transition
    shares = np.maximum(scipy.linalg.solve(system.T, start), 0.0)
    # A few more years clear the states that are visited only after a restart.
    for _ in range(SETTLING_YEARS):
        shares = shares @ transition
    return np.asarray(shares / shares.sum(), np.float64)


def threat_path(
    parameters: Parameters, profile: Profile, *, years: int, with_losses: bool
) -> dict[str, NDArray[np.float64]]:
    """Return the defender's path under a new threat that does not pass.

    From the parameters' initial arms, debt and ally, with the threat kept on; expected values
    where the strategy or the losses are random.

    Parameters
    ----------
    parameters : Parameters
    profile : sequence of Strategy
        Only the defender's matters.
    years : int
    with_losses : bool
        Whether arms may be lost.

    Returns
    -------
    dict
        ``arms`` and ``debt`` at the beginning of each year and after the last, [years + 1];
        ``allied``, whether there is an ally in each year, [years].
    """
    held = parameters.replace(
        start_threat=1,
        threat_passes=0.0,
        depreciation=parameters.depreciation if with_losses else 0.0,
    )
    policy = defender_policy(parameters, profile[DEFENDER])
    transition = year_tables(held).transition(policy)
    _, arms, debt, _ = np.unravel_index(np.arange(STATES), SHAPE)
    with_ally = policy[:, 1::2].sum(axis=1)
    shares = np.zeros((years + 1, STATES))
    shares[0, first_state(held)] = 1.0
    for year in range(years):
        shares[year + 1] = shares[year] @ transition
    return {"arms": shares @ arms, "debt": shares @ debt, "allied": shares[:-1] @ with_ally}


OUTCOMES = {
    "arms": OutcomeSpec("units", "The defender's mean stock of arms in the long run."),
    "arms_calm": OutcomeSpec("units", "The same over calm years; NaN without any."),
    "arms_threat": OutcomeSpec("units", "The same over years of threat; NaN without any."),
    "debt": OutcomeSpec("units", "The defender's mean debt in the long run."),
    "debt_calm": OutcomeSpec("units", "The same over calm years; NaN without any."),
    "debt_threat": OutcomeSpec("units", "The same over years of threat; NaN without any."),
    "allied": OutcomeSpec("share of years", "How often the defender has an ally in the long run."),
    "allied_calm": OutcomeSpec("share of calm years", "The same over calm years; NaN without any."),
    "allied_threat": OutcomeSpec(
        "share of years of threat", "The same over years of threat; NaN without any."
    ),
    "challenge_rate": OutcomeSpec("1/year", "Probability of a challenge in the long run."),
    "challenge_rate_calm": OutcomeSpec("1/year", "The same over calm years; NaN without any."),
    "challenge_rate_threat": OutcomeSpec(
        "1/year", "The same over years of threat; NaN without any."
    ),
    "sudden_threat_arms": OutcomeSpec(
        "units", "Arms in each of the 12 years after a sudden threat, without losses.", ("year",)
    ),
    "sudden_threat_debt": OutcomeSpec("units", "Debt in the same years.", ("year",)),
    "sudden_threat_allied": OutcomeSpec(
        "probability", "Probability of an ally in the same years.", ("year",)
    ),
}


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return the outcomes of a profile, as `OUTCOMES` declares them.

    The long run is the stationary distribution of the chain without its ending. The sudden threat
    comes in the first state and stays for 12 years, without losses.
    """
    policy = defender_policy(parameters, profile[DEFENDER])
    shares = long_run(parameters, policy)
    needed = (policy > 0.0) & (shares > 0.0)[:, None]
    response = challenger_response(parameters, profile[CHALLENGER], needed)
    threat, arms, debt, _ = np.unravel_index(np.arange(STATES), SHAPE)
    quantities: Mapping[str, NDArray[Any]] = {
        "arms": arms,
        "debt": debt,
        "allied": policy[:, 1::2].sum(axis=1),
        "challenge_rate": (policy * response.challenge).sum(axis=1),
    }
    found: dict[str, Any] = {}
    for name, values in quantities.items():
        found[name] = float(shares @ values)
        for kind, suffix in ((0, "calm"), (1, "threat")):
            within = shares * (threat == kind)
            total = within.sum()
            average = float(within @ values / total) if total > 0.0 else float("nan")
            found[f"{name}_{suffix}"] = average
    path = threat_path(parameters, profile, years=SUDDEN_THREAT_YEARS, with_losses=False)
    for name in ("arms", "debt", "allied"):
        found[f"sudden_threat_{name}"] = path[name][:SUDDEN_THREAT_YEARS]
    return found


# Above this probability, a path counts as having an ally.
LIKELY = 0.5


def alliance_precedes_arms(arms: NDArray[np.float64], allied: NDArray[np.float64]) -> bool:
    """Return whether a path takes an ally at once and reaches its full arms only later."""
    return bool(allied[0] > LIKELY and arms[0] < arms.max() and allied.argmax() < arms.argmax())


def year_of_dropping(allied: NDArray[np.float64]) -> int | None:
    """Return the first year without an ally after there was one; None if it is kept."""
    years = np.flatnonzero((allied[1:] <= LIKELY) & (allied[:-1] > LIKELY))
    return int(years[0]) + 1 if len(years) else None


def alliance_in_words(allied: NDArray[np.float64]) -> str:
    """Return in words when there is an ally."""
    if not (allied > LIKELY).any():
        return "never an ally"
    begins = int((allied > LIKELY).argmax())
    begun = "an ally at once" if begins == 0 else f"an ally from year {begins}"
    dropped = year_of_dropping(allied)
    return f"{begun}, " + ("kept to the end" if dropped is None else f"given up in year {dropped}")


def arms_in_words(arms: NDArray[np.float64]) -> str:
    """Return in words how far arms rise, and by when."""
    if arms.max() <= arms[0]:
        return "no more arms"
    return f"arms from {arms[0]:.0f} to {arms.max():.0f} by year {int(arms.argmax())}"


def claims(findings: Findings[Parameters]) -> list[Claim]:
    """Return whether a sudden threat is answered by allies first, then arms, in every seed."""
    arms, allied = findings.outcome("sudden_threat_arms"), findings.outcome("sudden_threat_allied")
    came_out = [alliance_precedes_arms(*path) for path in zip(arms, allied, strict=True)]
    parts = [
        f"seed {seed}: {alliance_in_words(allied[k])}, {arms_in_words(arms[k])}"
        for k, seed in enumerate(findings.seeds)
    ]
    theory = findings.equilibrium.outcomes
    words = (
        f"The response to a sudden threat is allies first, then arms, in {sum(came_out)} of "
        f"{len(came_out)} seeds ({'; '.join(parts)}). In equilibrium: "
        f"{alliance_in_words(np.asarray(theory['sudden_threat_allied']))}, "
        f"{arms_in_words(np.asarray(theory['sudden_threat_arms']))}."
    )
    return [Claim(words, all(came_out))]


THEORY = Theory(
    game=GAME.name,
    equilibria=only(equilibrium),
    best_response=best_response,
    outcomes=outcomes,
    declared=OUTCOMES,
    targets=Targets(
        regret=0.02, outcomes=("arms", "debt", "allied", "challenge_rate"), tolerance=0.10
    ),
    curves=(
        Curve(
            name="reliability",
            title="A more reliable ally substitutes for more arms",
            vary={"reliability": (0.0, 1.0)},
            points=11,
            outcomes=("arms", "allied"),
        ),
        Curve(
            name="committed_revenue",
            title="Committed revenue shifts security from arms to allies",
            vary={"committed_revenue": (0.0, 0.20)},
            points=9,
            outcomes=("arms", "allied"),
        ),
    ),
    claims=claims,
)
