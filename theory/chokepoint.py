r"""Theory of `chokepoint`: the feedback equilibrium, the planner's solution, best responses.

The problem. Two targets invest in resilience against a hub that can embargo them. While nobody
reaches the limits of resilience and investment, the targets' game is linear-quadratic, and
`linear_quadratic.py` solves it: backward from the last year, where the solution is unique, or for
an endless game as the limit of ever longer horizons. Its matrices are read off the game's own
rules. An interior solution requires that the hub extracts more than trading together brings,
:math:`\psi\lambda > \gamma`.

With the hub as a player, a year is solved from its end. A target accepts a demand that costs it no
more than the embargo, so the hub demands exactly that and extracts the whole loss. The targets then
play as if :math:`\psi = 1`, and an embargo happens only off the equilibrium path.

Best responses. A target's is the Riccati equation where the others play equilibrium strategies,
which are linear in the resiliences. Against any other strategies it is dynamic programming on a
grid of both resiliences: the others' actions and the next state come from asking the strategies and
stepping the game, and between grid points the value is a cubic spline. The hub's demands move no
stock, because the targets invest before they see them; its best response is the demand that pays
most in each state, found on successively finer grids. The value reported is always one that was
attained by playing the game.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.interpolate
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Snapshot, Worlds
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
from counterpoise.theory import linear_quadratic
from counterpoise.theory.endless import years_followed
from counterpoise.theory.linear_quadratic import Feedbacks, LinearQuadraticGame
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

Matrix = NDArray[np.float64]

# Outcomes of an endless game cover the years that have a visible weight.
ENDLESS_YEARS_SHOWN = 60

SEED = 0
SAMPLED_WORLD_YEARS = 60_000
FEWEST_SAMPLED_WORLDS = 500

# A demand is seen as a 32-bit number: one equal to the loss must not be refused for its rounding.
ROUNDING = 1e-7


def years_of(parameters: Parameters) -> int:
    """Return the number of years played: the horizon, or until the rest is negligible."""
    if not parameters.endless:
        return parameters.horizon
    return years_followed(parameters.discount)


# -- the targets' game as a linear-quadratic one ---------------------------------------------------


def linear_quadratic_game(parameters: Parameters) -> LinearQuadraticGame:
    """Return the targets' game without its limits; the state is both resiliences, then 1."""
    record = parameters.to_record()
    extracted_share = 1.0 if has_hub(record) else parameters.exposure

    def cost(target: int, resilience: Matrix, investment: float) -> float:
        own, other = resilience[target], resilience[1 - target]
        extracted = extracted_share * loss_of_embargo(record, own)
        return -float(target_payoff(record, own, other, investment, extracted))

    return linear_quadratic.game_of_costs(
        cost, float(kept(record, 1.0)), TARGETS, parameters.discount
    )


def steady_state(parameters: Parameters) -> Matrix:
    """Return the steady-state resiliences of the endless game's feedback equilibrium, [2]."""
    game = linear_quadratic_game(parameters)
    solution = linear_quadratic.feedback_equilibrium(game)
    return linear_quadratic.feedback_steady_state(game, solution.feedbacks)


def planner_steady_state(parameters: Parameters) -> Matrix:
    """Return the steady-state resiliences that the targets would choose jointly, [2].

    Lower than in equilibrium, where neither counts the loss of trade that it imposes on the other.
    """
    game = linear_quadratic.merge_players(linear_quadratic_game(parameters), range(TARGETS))
    solution = linear_quadratic.feedback_equilibrium(game)
    return linear_quadratic.feedback_steady_state(game, solution.feedbacks)


# -- strategies ------------------------------------------------------------------------------------


class _Seat(Strategy):
    """Reads resiliences, demand and the year from an observation of one power."""

    def __init__(self, parameters: Parameters, power: int) -> None:
        names = GAME.observation_names(parameters.powers)
        columns = [k for k, name in enumerate(names) if name.startswith("resilience_of_other_")]
        columns.insert(power, names.index("resilience"))
        self._columns = columns[:TARGETS]
        self._phase = names.index("phase")
        self._demand = names.index("demand")
        self._years_left = names.index("years_left")
        self._horizon = parameters.horizon
        self._record = parameters.to_record()

    def _resilience(self, observations: NDArray[np.float32]) -> Matrix:
        """Return the targets' resiliences in order of seats, [n, 2]."""
        return np.asarray(observations[:, self._columns], np.float64)

    def _year(self, observations: NDArray[np.float32], years: int) -> NDArray[np.int64]:
        """Return the year, [n]; the last that is known where it is later, 0 in endless games."""
        gone = 1.0 - observations[:, self._years_left].astype(np.float64)
        return np.minimum(np.rint(self._horizon * gone), years - 1).astype(np.int64)


class Target(_Seat):
    """Invests by its own rule, and accepts demands that cost no more than an embargo."""

    name = "target"

    def __init__(self, parameters: Parameters, power: int) -> None:
        super().__init__(parameters, power)
        self._power = power

    def _investment(self, observations: NDArray[np.float32]) -> Matrix:
        """Return the investment of each row, [n]."""
        raise NotImplementedError

    def _acceptance(self, observations: NDArray[np.float32]) -> Matrix:
        """Return the probability of acceptance of each row, [n]."""
        own = self._resilience(observations)[:, self._power]
        loss = loss_of_embargo(self._record, own)
        return np.asarray(observations[:, self._demand] <= loss * (1.0 + ROUNDING), np.float64)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Matrix:
        """Return investment and acceptance of each row, [n, 2]."""
        invested = np.clip(self._investment(observations), LEAST_INVESTMENT, MOST_INVESTMENT)
        return np.stack([invested, self._acceptance(observations)], axis=1)


class LinearTarget(Target):
    """Invests by a linear rule in both resiliences, one rule per year.

    Attributes
    ----------
    gains : ndarray, [years, 2]
        Change of investment per unit of each target's resilience, in order of seats.
    constants : ndarray, [years]
        Investment at zero resilience.
    """

    name = "linear target"

    def __init__(
        self, parameters: Parameters, power: int, gains: Matrix, constants: Matrix
    ) -> None:
        super().__init__(parameters, power)
        self.gains = gains
        self.constants = constants

    def _investment(self, observations: NDArray[np.float32]) -> Matrix:
        year = self._year(observations, len(self.gains))
        invested: Matrix = np.einsum("np,np->n", self._resilience(observations), self.gains[year])
        return invested + self.constants[year]


class GridTarget(Target):
    """Invests by a cubic spline through the best investments on a grid of resiliences.

    Attributes
    ----------
    investment : ndarray, [years, points, points]
        At the grid's points; the target's own resilience first.
    """

    name = "best response"

    def __init__(
        self, parameters: Parameters, power: int, grid: Matrix, investment: Matrix
    ) -> None:
        super().__init__(parameters, power)
        self.investment = investment
        self._splines = [
            scipy.interpolate.RectBivariateSpline(grid, grid, each) for each in investment
        ]

    def _investment(self, observations: NDArray[np.float32]) -> Matrix:
        year = self._year(observations, len(self.investment))
        resilience = self._resilience(observations)
        own, other = resilience[:, self._power], resilience[:, 1 - self._power]
        invested = np.zeros(len(observations))
        for each in np.unique(year):
            now = year == each
            invested[now] = self._splines[each].ev(own[now], other[now])
        return invested


class Hub(_Seat):
    """Demands of each target exactly the cost of an embargo to it."""

    name = "hub"

    def __init__(self, parameters: Parameters, power: int = HUB) -> None:
        super().__init__(parameters, power)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Matrix:
        """Return the demands of each row, [n, 2]."""
        return np.asarray(loss_of_embargo(self._record, self._resilience(observations)))


class PathHub(Hub):
    """Demands by a table of observations along a path; off it, the cost of an embargo.

    Parameters
    ----------
    observations : ndarray of float32, [sights, features]
    demands : ndarray, [sights, 2]
    """

    name = "best response"

    def __init__(
        self, parameters: Parameters, observations: NDArray[np.float32], demands: Matrix
    ) -> None:
        super().__init__(parameters)
        self._known = {
            seen.tobytes(): demand for seen, demand in zip(observations, demands, strict=True)
        }

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Matrix:
        """Look each row's demands up, [n, 2]."""
        usual = super().act(observations, masks, rng)
        rows = zip(np.ascontiguousarray(observations), usual, strict=True)
        return np.array([self._known.get(seen.tobytes(), demand) for seen, demand in rows])


class GridHub(Hub):
    """Demands by interpolation between the best demands on a grid of resiliences."""

    name = "best response"

    def __init__(self, parameters: Parameters, grid: Matrix, demands: Matrix) -> None:
        super().__init__(parameters)
        self._demands = [
            scipy.interpolate.RegularGridInterpolator((grid, grid), each) for each in demands
        ]

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Matrix:
        """Return the demands of each row, [n, 2]."""
        year = self._year(observations, len(self._demands))
        resilience = self._resilience(observations)
        demands = np.zeros((len(observations), TARGETS))
        for each in np.unique(year):
            now = year == each
            demands[now] = self._demands[each](resilience[now])
        return demands


# -- playing ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Played:
    """Payoffs and mean paths of a profile over the episodes, all [..., powers].

    `seen` is the hub's observation of each year when it demands, in the first episode.
    """

    values: Matrix
    resilience_path: Matrix
    investment_path: Matrix
    extracted_path: Matrix
    seen: NDArray[np.float32]


def _are_random(strategies: Sequence[Strategy]) -> bool:
    return any(strategy.is_random for strategy in strategies)


def _draws(powers: int) -> list[np.random.Generator]:
    return [np.random.default_rng((SEED, power)) for power in range(powers)]


def _choices(worlds: Worlds, profile: Profile, draws: Sequence[np.random.Generator]) -> Matrix:
    actions = np.zeros((worlds.count, worlds.powers, GAME.action_width))
    for power, strategy in enumerate(profile):
        seen, masks = worlds.observations[:, power], worlds.masks[:, power]
        actions[:, power] = strategy.act(seen, masks, draws[power])
    return actions


def _played(parameters: Parameters, profile: Profile) -> _Played:
    """Play a profile from the start: once, or many times where a strategy is random.

    A year's payoffs are discounted to its beginning. Each power's draws are the same at every call,
    so profiles are compared with common random numbers.
    """
    years, phases = years_of(parameters), phase_count(parameters)
    count = 1
    if _are_random(profile):
        count = max(FEWEST_SAMPLED_WORLDS, SAMPLED_WORLD_YEARS // years)
    worlds = Worlds(GAME, count, parameters, max_cycles=years * phases, autoreset=False)
    worlds.reset(SEED)
    draws = _draws(worlds.powers)
    shown = slice(worlds.powers)
    values = np.zeros(worlds.powers)
    resilience, investment, extracted, seen = [], [], [], []
    for year in range(years):
        seen.append(worlds.observations[0, -1].copy())
        resilience.append(worlds.records["resilience"][:, shown].mean(axis=0))
        for _ in range(phases):
            rewards = worlds.step(_choices(worlds, profile, draws))
        values += parameters.discount**year * rewards.mean(axis=0)
        investment.append(worlds.records["investment"][:, shown].mean(axis=0))
        extracted.append(worlds.records["extracted"][:, shown].mean(axis=0))
    resilience.append(worlds.records["resilience"][:, shown].mean(axis=0))
    return _Played(
        values, np.array(resilience), np.array(investment), np.array(extracted), np.array(seen)
    )


OUTCOMES = {
    "resilience": OutcomeSpec("1", "Mean resilience over the years; 0 for the hub.", ("power",)),
    "final_resilience": OutcomeSpec(
        "1", "Resilience after the last year; of an endless game, in the long run.", ("power",)
    ),
    "investment": OutcomeSpec("1/year", "Mean investment over the years.", ("power",)),
    "extracted": OutcomeSpec(
        "payoff/year", "Mean payoff that the hub extracts from each target.", ("power",)
    ),
    "value": OutcomeSpec("payoff, discounted", "Discounted payoff.", ("power",)),
    "resilience_path": OutcomeSpec(
        "1", "Resilience at the beginning of each year, and at the end.", ("year", "power")
    ),
    "investment_path": OutcomeSpec("1/year", "Investment in each year.", ("year", "power")),
}


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return the outcomes of a profile; means over many episodes where a strategy is random.

    Means and paths of an endless game are those of its first 60 years.
    """
    played = _played(parameters, profile)
    years = len(played.investment_path)
    shown = min(years, ENDLESS_YEARS_SHOWN) if parameters.endless else years
    return {
        "resilience": played.resilience_path[:shown].mean(axis=0),
        "final_resilience": played.resilience_path[-1],
        "investment": played.investment_path[:shown].mean(axis=0),
        "extracted": played.extracted_path[:shown].mean(axis=0),
        "value": played.values,
        "resilience_path": played.resilience_path[: shown + 1],
        "investment_path": played.investment_path[:shown],
    }


# -- equilibria ------------------------------------------------------------------------------------


def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the feedback Nash equilibrium; with the hub, the subgame-perfect one.

    Unique for a finite horizon; for an endless game, the limit of ever longer horizons.

    Raises
    ------
    ParameterError
        If its path reaches a limit, where the linear solution does not hold.
    """
    solution = _feedback_equilibrium(parameters, linear_quadratic_game(parameters))
    return _solved(
        parameters,
        solution.feedbacks,
        "equilibrium",
        "feedback Nash equilibrium by the coupled Riccati recursion"
        + (", in the limit of ever longer horizons" if parameters.endless else "")
        + (", the hub demanding all that an embargo would cost" if parameters.powers > 2 else ""),
    )


def planner(parameters: Parameters) -> Equilibrium:
    """Return the plan of two targets that decide jointly; not an equilibrium of the game.

    They insulate themselves less: uncoordinated insulation reduces the gains from trade.
    """
    members = list(range(TARGETS))
    game = linear_quadratic_game(parameters)
    solution = _feedback_equilibrium(parameters, linear_quadratic.merge_players(game, members))
    return _solved(
        parameters,
        linear_quadratic.split_feedbacks(game, solution.feedbacks, members),
        "coordinated planner",
        "the Riccati recursion of both targets as one",
    )


MENDED_BY = (
    "Let the hub extract more than trading together brings (exposure x embargo_loss above "
    "network_gain), raise adjustment_cost, or start nearer to what is wanted."
)


def _feedback_equilibrium(
    parameters: Parameters, game: LinearQuadraticGame
) -> linear_quadratic.Solution:
    years = _years_to_solve(parameters)
    try:
        return linear_quadratic.feedback_equilibrium(game, years)
    except ArithmeticError as error:
        raise ParameterError(f"The game has no linear solution. {error} {MENDED_BY}") from None


def _years_to_solve(parameters: Parameters) -> int | None:
    years = years_of(parameters)
    return None if parameters.endless else years


def _as_target(parameters: Parameters, power: int, feedback: Matrix, name: str) -> LinearTarget:
    target = LinearTarget(parameters, power, feedback[:, 0, :-1], feedback[:, 0, -1])
    target.name = name
    return target


def _solved(parameters: Parameters, feedbacks: Feedbacks, name: str, method: str) -> Equilibrium:
    strategies: list[Strategy] = [
        _as_target(parameters, power, feedback, name) for power, feedback in enumerate(feedbacks)
    ]
    if parameters.powers > TARGETS:
        strategies.append(Hub(parameters))
        strategies[-1].name = name
    reached = _limit_reached(parameters, feedbacks)
    if reached is not None:
        raise ParameterError(
            f"In the {name}'s solution {reached}: it is linear, and holds only inside these "
            f"limits. {MENDED_BY}"
        )
    found = outcomes(parameters, strategies)
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=tuple(strategies),
        values=found["value"],
        outcomes=found,
        method=method,
        is_unique=not parameters.endless,
        name=name,
    )


def _limit_reached(parameters: Parameters, feedbacks: Feedbacks) -> str | None:
    """Return in words the limit that linear play reaches from the start, if any."""
    years = years_of(parameters)
    game = linear_quadratic_game(parameters)
    start = [*parameters.resilience[:TARGETS], 1.0]
    path = linear_quadratic.path(game, feedbacks, start, years)[0]
    for power, feedback in enumerate(feedbacks):
        rules = feedback[np.minimum(np.arange(years), len(feedback) - 1), 0]
        investment = np.einsum("ta,ta->t", rules, path[:-1])
        for what, amounts, low, high in (
            ("invest", investment, LEAST_INVESTMENT, MOST_INVESTMENT),
            ("reach a resilience of", path[1:, power], 0.0, 1.0),
        ):
            beyond = np.flatnonzero((amounts < low) | (amounts > high))
            if len(beyond):
                return (
                    f"power_{power} would {what} {amounts[beyond[0]]:.3g} in year {beyond[0]}, "
                    f"beyond the limits of {low:g} and {high:g}"
                )
    return None


# -- best responses --------------------------------------------------------------------------------


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return the best response of one power to the others of a profile.

    A target's is the solution of the Riccati equation against linear feedbacks and a hub that
    demands the whole loss, as long as no limit is reached, and is otherwise found on a grid
    (`_TargetProblem`); the hub's is the best demand in each state (`_HubProblem`). Value and own
    value are payoffs of playing the game; where a strategy is random, means over the same sampled
    episodes. The profile's own strategy is returned if nothing better was found.
    """
    played = _played(parameters, profile)
    own = float(played.values[power])
    found: Strategy | None
    if power == HUB:
        found = _HubProblem(parameters, profile).solve(played)
    else:
        found = _linear_best_response(parameters, profile, power)
        if found is None:
            found = _TargetProblem(parameters, profile, power).solve()
    deviated = [*profile[:power], found, *profile[power + 1 :]]
    value = float(_played(parameters, deviated).values[power])
    if value > own:
        return BestResponse(found, value, own)
    return BestResponse(profile[power], own, own)


def _linear_best_response(
    parameters: Parameters, profile: Profile, power: int
) -> LinearTarget | None:
    """Return the Riccati best response; None where it does not apply."""
    rival = profile[1 - power]
    if not isinstance(rival, LinearTarget):
        return None
    if parameters.powers > TARGETS and type(profile[HUB]) is not Hub:
        return None
    game = linear_quadratic_game(parameters)
    feedbacks = [np.zeros((1, 1, TARGETS + 1))] * TARGETS
    feedbacks[1 - power] = np.concatenate([rival.gains, rival.constants[:, None]], axis=1)[:, None]
    years = _years_to_solve(parameters)
    try:
        solution = linear_quadratic.best_response(game, tuple(feedbacks), power, years)
    except ArithmeticError:
        return None
    feedbacks[power] = solution.feedbacks[0]
    if _limit_reached(parameters, tuple(feedbacks)) is not None:
        return None
    return _as_target(parameters, power, feedbacks[power], "best response")


def _answers_of(
    strategy: Strategy, worlds: Worlds, seat: int, slices: int, seed: tuple[int, ...]
) -> Matrix:
    """Return a strategy's action in each world; if random, with the same draws in each slice."""
    parts = zip(
        np.split(worlds.observations[:, seat], slices if strategy.is_random else 1),
        np.split(worlds.masks[:, seat], slices if strategy.is_random else 1),
        strict=True,
    )
    return np.concatenate(
        [strategy.act(seen, masks, np.random.default_rng(seed)) for seen, masks in parts]
    )


GRID_POINTS = 33
CANDIDATES = 41
DRAWS = 16
VALUE_SETTLED = 1e-10


class _TargetProblem:
    """One target's problem against fixed others, on a grid of both resiliences.

    In each state the others' actions, and the next state, come from asking the strategies and
    stepping the game; random actions are drawn several times, with the same draws for every own
    resilience. The payoff of a year is the sum of a part that depends on the state and the hub's
    demand, and a part that depends on the target's own resilience and investment. A demand is
    accepted or refused, whichever pays more.
    """

    def __init__(self, parameters: Parameters, profile: Profile, power: int) -> None:
        self._parameters = parameters
        self._profile = profile
        self._power = power
        self._phases = phase_count(parameters)
        self._others = [seat for seat in range(parameters.powers) if seat != power]
        self._draws = DRAWS if _are_random([profile[seat] for seat in self._others]) else 1
        self._grid = np.linspace(0.0, 1.0, GRID_POINTS)
        self._candidates = np.linspace(LEAST_INVESTMENT, MOST_INVESTMENT, CANDIDATES)
        own, other, _ = np.meshgrid(self._grid, self._grid, np.arange(self._draws), indexing="ij")
        self._shape = own.shape
        self._worlds = self._worlds_at(own.ravel(), other.ravel())
        self._begin = self._worlds.copy()
        self._prepare_investments()

    def _worlds_at(self, own: Matrix, other: Matrix) -> Worlds:
        """Return worlds at the given resiliences, at the beginning of a year."""
        worlds = Worlds(GAME, len(own), self._parameters, max_cycles=4, autoreset=False)
        records = worlds.records.copy()
        records["resilience"][:, self._power] = own
        records["resilience"][:, 1 - self._power] = other
        worlds.restore(Snapshot(GAME.name, records, worlds.parameters))
        return worlds

    def _end_year(self, worlds: Worlds, actions: Matrix) -> Matrix:
        """Step to the end of a year, demands accepted or refused; return own payoffs."""
        rewards = worlds.step(actions)[:, self._power].copy()
        if self._phases == 1:
            return rewards
        asked = worlds.copy()
        answers = np.zeros_like(actions)
        refused = worlds.step(answers)[:, self._power].copy()
        worlds.restore(asked)
        answers[:, self._power, 1] = 1.0
        return np.maximum(refused, worlds.step(answers)[:, self._power])

    def _prepare_investments(self) -> None:
        """Set each candidate's cost and successor at each own resilience, [points, candidates].

        The other target's action adds the same to every candidate's payoff, so it is left out.
        """
        own = np.repeat(self._grid, CANDIDATES)
        actions = np.zeros((len(own), self._parameters.powers, GAME.action_width))
        worlds = self._worlds_at(own, np.zeros_like(own))
        idle = self._end_year(worlds, actions)
        worlds = self._worlds_at(own, np.zeros_like(own))
        actions[:, self._power, 0] = np.tile(self._candidates, GRID_POINTS)
        paid = self._end_year(worlds, actions) - idle
        self._paid = paid.reshape(GRID_POINTS, CANDIDATES)
        following = worlds.records["resilience"][:, self._power]
        self._following = following.reshape(GRID_POINTS, CANDIDATES).copy()

    def _answers(self, year: int) -> tuple[Matrix, Matrix]:
        """Return the payoff of a year without investment, [points, points], and the successor.

        The latter is the other's next resilience in each draw, [points, points, draws].
        """
        worlds = self._worlds
        self._begin.records["year"] = year
        worlds.restore(self._begin)
        actions = np.zeros((worlds.count, worlds.powers, GAME.action_width))
        for seat in self._others:
            actions[:, seat] = _answers_of(
                self._profile[seat], worlds, seat, GRID_POINTS, (SEED, year, seat)
            )
        payoffs = self._end_year(worlds, actions).reshape(self._shape).mean(axis=2)
        following = worlds.records["resilience"][:, 1 - self._power].reshape(self._shape)
        return payoffs, following.copy()

    def _best_investments(
        self, payoffs: Matrix, following: Matrix, values: Matrix
    ) -> tuple[Matrix, Matrix]:
        """Return the value of each state and the investment that attains it, [points, points]."""
        by_other = scipy.interpolate.CubicSpline(self._grid, values, axis=1)
        expected = by_other(following).mean(axis=3)
        best_values, best_investments = np.zeros_like(payoffs), np.zeros_like(payoffs)
        for own in range(GRID_POINTS):
            by_own = scipy.interpolate.CubicSpline(self._grid, expected[:, own])
            worth = self._parameters.discount * by_own(self._following[own])
            worth += self._paid[own][:, None]
            best_values[own], best_investments[own] = _tops(self._candidates, worth)
        return best_values + payoffs, best_investments

    def solve(self) -> GridTarget:
        """Iterate backward from the last year; endless, until values settle up to a constant."""
        values = np.zeros((GRID_POINTS, GRID_POINTS))
        rules: list[Matrix] = []
        if self._parameters.endless:
            answers = self._answers(0)
            rule = values
            for _ in range(years_of(self._parameters)):
                before = values
                values, rule = self._best_investments(*answers, values)
                if np.ptp(values - before) < VALUE_SETTLED:
                    break
            rules.append(rule)
        else:
            for year in reversed(range(self._parameters.horizon)):
                values, rule = self._best_investments(*self._answers(year), values)
                rules.append(rule)
        return GridTarget(self._parameters, self._power, self._grid, np.array(rules[::-1]))


def _tops(candidates: Matrix, worth: Matrix) -> tuple[Matrix, Matrix]:
    """Return the largest value of each column of [candidates, n], and its location.

    It is the top of the parabola through three neighbours where they bend down and it is among
    them, else the best candidate.
    """
    best = worth.argmax(axis=0)
    middle = np.clip(best, 1, len(candidates) - 2)
    below, at, above = (
        np.take_along_axis(worth, (middle + shift)[None], axis=0)[0] for shift in (-1, 0, 1)
    )
    bend = below - 2.0 * at + above
    is_curved = bend < 0.0
    shift = np.where(is_curved, 0.5 * (below - above) / np.where(is_curved, bend, 1.0), 2.0)
    is_inside = np.abs(shift) <= 1.0
    top = np.where(is_inside, at - 0.25 * (below - above) * shift, worth.max(axis=0))
    step = candidates[1] - candidates[0]
    return top, np.where(is_inside, candidates[middle] + shift * step, candidates[best])


# Where no target is random, and where one is.
DEMANDS = {False: 401, True: 41}
REFINEMENTS = {False: 3, True: 1}
FINER = 41
HUB_GRID_POINTS = 5


class _HubProblem:
    """The hub's problem: in each state of the targets, the demand of each that pays most.

    The value of a demand is the payoff of playing it against the target's own response; each target
    sees only its own demand, so both are chosen at once. Where no target is random, the states are
    those of the path, which no demand can change; otherwise those of a grid, with the mean over
    several draws, the same for every demand.
    """

    def __init__(self, parameters: Parameters, profile: Profile) -> None:
        self._parameters = parameters
        self._profile = profile
        self._is_random = _are_random(profile[:TARGETS])
        self._draws = DRAWS if self._is_random else 1

    def solve(self, played: _Played) -> Hub:
        """Return the best demands, given the path on which the profile was played."""
        parameters = self._parameters
        years = years_of(parameters)
        if not self._is_random:
            path = played.resilience_path[:years, :TARGETS]
            return PathHub(parameters, played.seen, self._best_demands(path, np.arange(years)))
        grid = np.linspace(0.0, 1.0, HUB_GRID_POINTS)
        states = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, TARGETS)
        tables = [
            self._best_demands(states, np.full(len(states), year))
            for year in range(1 if parameters.endless else years)
        ]
        shape = (len(tables), HUB_GRID_POINTS, HUB_GRID_POINTS, TARGETS)
        return GridHub(parameters, grid, np.array(tables).reshape(shape))

    def _best_demands(self, states: Matrix, years: NDArray[np.int64]) -> Matrix:
        """Return the best demand of each target in each state, [states, 2]."""
        highest = self._parameters.embargo_loss
        tried = np.linspace(0.0, highest, DEMANDS[self._is_random])
        best = self._chosen(states, years, np.tile(tried[:, None, None], (len(states), TARGETS)))
        apart = tried[1]
        for _ in range(REFINEMENTS[self._is_random]):
            # The best so far is among those tried again.
            near = best + np.linspace(-apart, apart, FINER)[:, None, None]
            best = self._chosen(states, years, np.clip(near, 0.0, highest))
            apart *= 2.0 / (FINER - 1)
        return best

    def _chosen(self, states: Matrix, years: NDArray[np.int64], demands: Matrix) -> Matrix:
        """Return the best of the demands tried, [tried, states, 2], as [states, 2]."""
        shape = (len(demands), len(states), self._draws)
        worlds = Worlds(GAME, math.prod(shape), self._parameters, max_cycles=4, autoreset=False)
        records = worlds.records.copy()
        at = records.reshape(shape)
        at["resilience"][..., :TARGETS] = states[:, None]
        at["year"] = years[:, None]
        at["phase"] = ANSWER
        at["demand"][..., :TARGETS] = demands[:, :, None]
        asked = Snapshot(GAME.name, records, worlds.parameters)
        best = np.zeros((len(states), TARGETS))
        for target in range(TARGETS):
            worlds.restore(asked)
            actions = np.zeros((worlds.count, worlds.powers, GAME.action_width))
            actions[:, target] = _answers_of(
                self._profile[target], worlds, target, len(demands), (SEED, target)
            )
            actions[:, target, 0] = 0.0
            paid = worlds.step(actions)[:, HUB].reshape(shape).mean(axis=2)
            best[:, target] = np.take_along_axis(
                demands[:, :, target], paid.argmax(axis=0)[None], axis=0
            )[0]
        return best


def planned_path(parameters: Parameters) -> Matrix | None:
    """Return the resiliences that the targets would choose together, [years + 1, powers].

    None where their joint plan reaches a limit, so that its linear solution does not hold.
    """
    try:
        return np.asarray(planner(parameters).outcomes["resilience_path"])
    except ParameterError:
        return None


def claims(findings: Findings[Parameters]) -> list[Claim]:
    """Return whether the targets learned to insulate themselves more than is best for both."""
    planned = planned_path(findings.parameters)
    if planned is None:
        return []
    learned = findings.outcome("resilience_path")[:, :, :TARGETS].mean(axis=1)
    together = float(planned[:, :TARGETS].mean())
    return [
        Claim(
            "Without coordination, the targets insulate themselves more than is jointly optimal in "
            f"every seed: mean resilience is at least {learned.min():.4f}; the planner's is "
            f"{together:.4f}.",
            bool(learned.min() > together),
        )
    ]


THEORY = Theory(
    game=GAME.name,
    equilibria=only(equilibrium),
    best_response=best_response,
    outcomes=outcomes,
    declared=OUTCOMES,
    targets=Targets(regret=0.01, outcomes=("resilience", "final_resilience", "extracted")),
    curves=(
        Curve(
            name="exposure",
            title="The more the hub can extract, the more its targets insulate themselves",
            vary={"exposure": (0.4, 1.0)},
            points=7,
            outcomes=("resilience",),
        ),
        Curve(
            name="autarky_cost",
            title="The costlier self-reliance is, the lower resilience is",
            vary={"autarky_cost": (0.02, 0.08)},
            points=7,
            outcomes=("resilience",),
        ),
    ),
    claims=claims,
)
