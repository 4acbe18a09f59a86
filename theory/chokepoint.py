r"""The equilibrium of `chokepoint`, the planner's solution, best responses, and what happens.

As long as nobody comes up against the limits of resilience and investment, the targets' game is
linear-quadratic, and `linear_quadratic.py` solves it backward from the last year (uniquely) or for
ever (the limit of ever longer horizons). Its matrices are read off the game's own rules. For an
interior solution the hub must extract more than trading together brings: :math:`\psi\lambda >
\gamma`.

With the hub as a player the year is solved from its end: a target gives in to what costs it no more
than the embargo; so the hub demands just that, and extracts all of the loss. The targets then play
as if :math:`\psi = 1`. An embargo is never seen.

A best response of a target is its plan against the others' answers, bettered by climbing the
gradient of what playing it pays; a target that answers a demand gives in exactly if that is no
dearer. The hub's demands move no stock, so its best response is the best demand of each year along
the path, found on a grid and once more on a finer one about the best.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.errors import ParameterError
from counterpoise.envs.games.chokepoint import (
    ANSWER,
    GAME,
    HUB,
    LEAST_INVESTMENT,
    MOST_INVESTMENT,
    TARGETS,
    Parameters,
    has_hub,
    kept,
    loss_of_embargo,
    phase_count,
    target_payoff,
)
from counterpoise.envs.rollouts import Rollout, play
from counterpoise.envs.strategy import Profile, Strategy
from counterpoise.envs.worlds import Snapshot, Worlds
from counterpoise.theory import linear_quadratic
from counterpoise.theory.linear_quadratic import LinearQuadraticGame
from counterpoise.theory.plans import improved_plan, year_of
from counterpoise.theory.solution import BestResponse, Equilibrium

OUTCOME_UNITS = {
    "resilience": "1",
    "final_resilience": "1",
    "investment": "1/year",
    "extracted": "payoff/year",
    "demand": "payoff",
    "resilience_path": "1",
    "value": "payoff, discounted",
}

SAMPLED_WORLDS = 2_000
CLIMBS = 30
RESTARTS = 6
SETTLED = 1e-7
DEMANDS = 201
FINER = 51
# A demand is seen as a 32-bit number: an equal one must not be refused for its rounding.
ROUNDING = 1e-6
DRAWS = 32
SAMPLED_PATHS = 16


def _loss_of_many(parameters: Parameters) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return the game's `loss_of_embargo` as a function of many resiliences at once."""
    # Uncompiled, the rule is arithmetic that arrays understand.
    arithmetic: Any = getattr(loss_of_embargo, "py_func", loss_of_embargo)
    record = parameters.to_record()
    return lambda resiliences: np.asarray(arithmetic(record, resiliences))


class Target(Strategy):
    """Invests by a linear feedback or a plan, and gives in to what is no dearer than an embargo.

    Parameters
    ----------
    parameters : Parameters
    power : int
        0 or 1.
    feedback : ndarray, [years, 3]
        What is invested in each year, as weights of the own resilience, the other's, and 1.
    """

    name = "target"

    def __init__(self, parameters: Parameters, power: int, feedback: NDArray[np.float64]) -> None:
        names = GAME.observation_names(parameters.powers)
        self._feedback = feedback
        self._own, self._other = names.index("resilience"), names.index("resilience_of_other_0")
        self._demand, self._left = names.index("demand"), names.index("years_left")
        self._horizon = parameters.horizon
        self._loss = _loss_of_many(parameters)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return investment and acceptance of each row, [n, 2]."""
        seen = observations.astype(np.float64)
        year = year_of(observations, self._left, self._horizon)
        weights = self._feedback[np.minimum(year, len(self._feedback) - 1)]
        own, other = seen[:, self._own], seen[:, self._other]
        invested = weights[:, 0] * own + weights[:, 1] * other + weights[:, 2]
        accepts = seen[:, self._demand] <= self._loss(own) + ROUNDING
        actions = np.stack([invested, accepts.astype(np.float64)], axis=1)
        return np.clip(actions, [LEAST_INVESTMENT, 0.0], [MOST_INVESTMENT, 1.0])


class Hub(Strategy):
    """Demands of each target just what an embargo would cost it."""

    name = "hub"

    def __init__(self, parameters: Parameters, power: int = HUB) -> None:
        names = GAME.observation_names(parameters.powers)
        first = names.index("resilience_of_other_0")
        self._targets = slice(first, first + TARGETS)
        self._loss = _loss_of_many(parameters)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the demands of each row, [n, 2]."""
        return np.asarray(self._loss(observations[:, self._targets].astype(np.float64)))


class DemandByYear(Strategy):
    """Demands what a table has for the year, [years, 2]."""

    name = "demand by year"

    def __init__(self, parameters: Parameters, demands: NDArray[np.float64]) -> None:
        self._demands = demands
        self._left = GAME.observation_names(parameters.powers).index("years_left")

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Look each row's demands up, [n, 2]."""
        return np.asarray(self._demands[year_of(observations, self._left, len(self._demands))])


# -- the targets' game as a linear-quadratic one ---------------------------------------------------


def linear_quadratic_game(parameters: Parameters) -> LinearQuadraticGame:
    """Return the targets' game without its limits; the state is both resiliences, and 1."""
    record = parameters.to_record()
    share = 1.0 if has_hub(record) else parameters.exposure
    units = np.eye(TARGETS)

    def cost(power: int, state: NDArray[np.float64], invested: float) -> float:
        own, other = state[power], state[1 - power]
        extracted = share * loss_of_embargo(record, own)
        return -float(target_payoff(record, own, other, invested, extracted))

    nobody = np.zeros(TARGETS)
    quadratic, linear, constant, haste = [], [], [], []
    for power in range(TARGETS):
        level = cost(power, nobody, 0.0)
        square = np.array(
            [
                [
                    cost(power, first + second, 0.0)
                    - cost(power, first, 0.0)
                    - cost(power, second, 0.0)
                    + level
                    for second in units
                ]
                for first in units
            ]
        )
        square /= 2.0
        quadratic.append(square)
        linear.append(np.array([cost(power, unit, 0.0) - level for unit in units]))
        linear[-1] -= np.diag(square)
        constant.append(level)
        haste.append([[cost(power, nobody, 1.0) - level]])
    return linear_quadratic.affine_game(
        float(kept(record, 1.0)) * units,
        [units[:, [power]] for power in range(TARGETS)],
        quadratic,
        linear,
        constant,
        haste,
        parameters.discount,
    )


def steady_state(parameters: Parameters) -> NDArray[np.float64]:
    """Return the resiliences that the endless game's feedback equilibrium keeps, [2]."""
    game = linear_quadratic_game(parameters)
    solution = linear_quadratic.feedback_equilibrium(game)
    return linear_quadratic.feedback_steady_state(game, solution.feedbacks)


def _feedbacks(
    parameters: Parameters, years: int | None, *, is_planned: bool
) -> list[NDArray[np.float64]]:
    """Return each target's feedback on (own, other, 1), [years, 3]."""
    game = linear_quadratic_game(parameters)
    if is_planned:
        merged = linear_quadratic.merge_players(game, [0, 1])
        (both,) = linear_quadratic.feedback_equilibrium(merged, years).feedbacks
        rules = [both[:, target] for target in range(TARGETS)]
    else:
        solved = linear_quadratic.feedback_equilibrium(game, years).feedbacks
        rules = [solved[target][:, 0] for target in range(TARGETS)]
    return [rules[0], rules[1][:, [1, 0, 2]]]


def planner_steady_state(parameters: Parameters) -> NDArray[np.float64]:
    """Return the resiliences that both targets together would keep, [2]."""
    game = linear_quadratic.merge_players(linear_quadratic_game(parameters), [0, 1])
    solution = linear_quadratic.feedback_equilibrium(game)
    return linear_quadratic.feedback_steady_state(game, solution.feedbacks)


# -- playing ---------------------------------------------------------------------------------------


def _step_discount(parameters: Parameters) -> float:
    return float(parameters.discount ** (1.0 / phase_count(parameters)))


def _rollout(parameters: Parameters, profile: Profile, count: int | None = None) -> Rollout:
    if count is None:
        is_random = any(strategy.is_random for strategy in profile)
        count = SAMPLED_WORLDS if is_random else 1
    worlds = Worlds(GAME, count, parameters, autoreset=False)
    return play(worlds, profile, seed=0)


def _returns(parameters: Parameters, rollout: Rollout) -> NDArray[np.float64]:
    """Return each world's discounted payoffs; with phases, those of a year count as of its start.

    A year's payoffs fall in its last phase.
    """
    phases = phase_count(parameters)
    delay = _step_discount(parameters) ** (phases - 1)
    return rollout.returns(_step_discount(parameters)) / delay


def _value(parameters: Parameters, profile: Profile, power: int) -> float:
    return float(_returns(parameters, _rollout(parameters, profile))[:, power].mean())


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return a power's best response; its value is what playing it pays.

    Exact up to the climbing's last step for a target, and to a ten-thousandth of the largest demand
    for the hub. Against random others a target's is the best plan that does not look at what they
    have done.
    """
    own = _value(parameters, profile, power)
    if power == HUB:
        found: Strategy = _best_demands(parameters, profile)
    else:
        found = _best_target(parameters, profile, power)
    best = [*profile]
    best[power] = found
    value = _value(parameters, best, power)
    if own > value:
        return BestResponse(profile[power], own, own)
    return BestResponse(found, value, own)


def _best_target(parameters: Parameters, profile: Profile, power: int) -> Target:
    feedback = _feedbacks(parameters, parameters.horizon, is_planned=False)[power]
    column = GAME.observation_names(parameters.powers).index("years_left")
    tried = [*profile]
    tried[power] = Target(parameters, power, feedback)
    value = _value(parameters, tried, power)
    for _ in range(RESTARTS):
        # What is ordered beyond a limit is not felt: go on from what was really invested.
        rollout = _rollout(parameters, tried)
        ended = rollout.records[phase_count(parameters) :: phase_count(parameters)]
        path = ended["investment"][:, :, power].mean(axis=1)
        plan = improved_plan(
            GAME, parameters, tried, power, path[:, None], (LEAST_INVESTMENT, MOST_INVESTMENT),
            column, _step_discount(parameters), climbs=CLIMBS,
        )  # fmt: skip
        before, bettered = value, [*profile]
        bettered[power] = Target(parameters, power, np.pad(plan, ((0, 0), (2, 0))))
        value = _value(parameters, bettered, power)
        if value > before:
            tried = bettered
        if value <= before + SETTLED:
            break
    best = tried[power]
    assert isinstance(best, Target)
    return best


def _best_demands(parameters: Parameters, profile: Profile) -> DemandByYear:
    is_random = any(each.is_random for each in profile[:TARGETS])
    rollout = _rollout(parameters, profile, SAMPLED_PATHS if is_random else 1)
    # The worlds as they stand when the hub demands.
    states = rollout.records[: 2 * parameters.horizon : 2]
    highest = parameters.embargo_loss
    grid = np.tile(np.linspace(0.0, highest, DEMANDS), (parameters.horizon, TARGETS, 1))
    for step in (highest / (DEMANDS - 1), None):
        worth = _worth_of_demands(parameters, profile, states, grid, is_random)
        chosen = np.take_along_axis(grid, worth.argmax(axis=2)[..., None], axis=2)[..., 0]
        if step is not None:
            near = chosen[..., None] + np.linspace(-step, step, FINER)
            grid = np.clip(near, 0.0, highest)
    return DemandByYear(parameters, chosen)


def _worth_of_demands(
    parameters: Parameters,
    profile: Profile,
    states: NDArray[Any],
    grid: NDArray[np.float64],
    is_random: bool,
) -> NDArray[np.float64]:
    """Return what each demand, [years, targets, demands], is expected to bring in its year."""
    years, _, count = grid.shape
    copies = states.shape[1]
    draws = DRAWS if is_random else 1
    records = np.repeat(states[:, :, None], count, axis=2)
    records["demand"][..., :TARGETS] = np.moveaxis(grid, 1, 2)[:, None]
    records["phase"] = ANSWER
    worlds = Worlds(GAME, records.size * draws, parameters, autoreset=False)
    flat = np.repeat(records.ravel(), draws)
    worlds.restore(Snapshot(GAME.name, flat, worlds.parameters))
    worth = np.zeros(grid.shape)
    rng = np.random.default_rng(0)
    for target in range(TARGETS):
        seen, masks = worlds.observations[:, target], worlds.masks[:, target]
        accepted = np.clip(profile[target].act(seen, masks, rng)[:, 1], 0.0, 1.0)
        mean = accepted.reshape(years, copies, count, draws).mean(axis=(1, 3))
        refused = (1.0 - mean) * parameters.embargo_cost
        worth[:, target] = mean * grid[:, target] - refused
    return worth


def _profile_of(parameters: Parameters, *, is_planned: bool) -> tuple[Strategy, ...]:
    rules = _feedbacks(parameters, parameters.horizon, is_planned=is_planned)
    targets = tuple(Target(parameters, power, rule) for power, rule in enumerate(rules))
    return (*targets, Hub(parameters)) if parameters.powers > TARGETS else targets


@functools.lru_cache(maxsize=256)
def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the feedback equilibrium; with the hub as a player, the subgame perfect one.

    Raises
    ------
    ParameterError
        If the targets would come up against a limit, where the linear solution is none.
    """
    strategies = _profile_of(parameters, is_planned=False)
    _refuse_limits(parameters, strategies)
    found = outcomes(parameters, strategies)
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=found["value"],
        outcomes=found,
        method="Coupled Riccati equations, backward from the last year.",
        is_unique=True,
    )


def planner(parameters: Parameters) -> Equilibrium:
    """Return what is best for both targets together; no equilibrium of the two."""
    strategies = _profile_of(parameters, is_planned=True)
    _refuse_limits(parameters, strategies)
    found = outcomes(parameters, strategies)
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=found["value"],
        outcomes=found,
        method="The Riccati equation of both targets as one.",
        is_unique=True,
        name="planner",
    )


def _refuse_limits(parameters: Parameters, strategies: Profile) -> None:
    records = _rollout(parameters, strategies).records[:, 0]
    resilience = records["resilience"][1:, :TARGETS]
    investment = records["investment"][1:, :TARGETS]
    is_inside = (resilience > 0.0) & (resilience < 1.0)
    is_inside &= (investment > LEAST_INVESTMENT) & (investment < MOST_INVESTMENT)
    if not is_inside.all():
        year = int(records["year"][1:][~is_inside.all(axis=1)][0])
        raise ParameterError(
            f"The targets would come up against a limit of resilience or investment in year {year},"
            " where the linear-quadratic solution is no equilibrium: the hub must extract more "
            "than trade brings (exposure x embargo_loss above network_gain), and adjustment_cost "
            "must not be too small."
        )


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return resilience, investment and what is extracted, means over the years, by power.

    ``final_resilience`` is what is left after the last year; ``resilience_path`` are the
    resiliences at the beginning of each year, and after the last; of the targets only.
    """
    rollout = _rollout(parameters, profile)
    yearly = rollout.records[:: phase_count(parameters)]
    path = yearly["resilience"][:, :, :TARGETS].mean(axis=1)
    ended = yearly[1:]

    def mean(name: str) -> NDArray[np.float64]:
        return np.asarray(ended[name][:, :, :TARGETS].mean(axis=(0, 1)))

    return {
        "resilience": path[:-1].mean(axis=0),
        "final_resilience": path[-1],
        "investment": mean("investment"),
        "extracted": mean("extracted"),
        "demand": mean("demand"),
        "resilience_path": path,
        "value": _returns(parameters, rollout).mean(axis=0),
    }
