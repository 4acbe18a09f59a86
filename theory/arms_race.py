"""Theory of `arms_race`: feedback and open-loop equilibria, coordinated allies, best responses.

The problem. Each power chooses how much to build every year; costs are quadratic in all stocks and
in the power's own building. While no power reaches the limits to building and scrapping, the game
is linear-quadratic, and `linear_quadratic.py` solves it. Its matrices are read off the game's own
rules: these are quadratic, so three values along each axis determine them.

Best responses. Against linear feedbacks, the Riccati equation. Against any other strategies,
dynamic programming on a grid of stocks: the rivals' actions and the next stocks come from asking
the strategies and stepping the game, and between grid points the value is a cubic spline. Where
neither shocks nor rivals are random, the path is then improved year by year, by gradient ascent on
the payoff of playing it. The value reported is always one that was attained by playing the game.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.interpolate
import scipy.optimize
import scipy.sparse
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Snapshot, Worlds
from counterpoise.envs.games.arms_race import (
    GAME,
    LARGEST_BUILD,
    Parameters,
    arms_left,
    yearly_cost,
)
from counterpoise.theory import linear_quadratic
from counterpoise.theory.endless import years_followed
from counterpoise.theory.linear_quadratic import Feedbacks, LinearQuadraticGame
from counterpoise.theory.solution import (
    BestResponse,
    Curve,
    Equilibrium,
    OutcomeSpec,
    Targets,
    Theory,
    only,
)

Matrix = NDArray[np.float64]


SEED = 0
SAMPLED_WORLD_YEARS = 600_000
FEWEST_SAMPLED_WORLDS = 2_000

# The linear solution counts as valid if the limits are this many standard deviations away.
SAFE_DEVIATIONS = 5.0


def years_of(parameters: Parameters) -> int:
    """Return the number of years played: the horizon, or until the rest is negligible."""
    if not parameters.endless:
        return parameters.horizon
    return years_followed(parameters.discount, worth="cost")


# -- the game as a linear-quadratic one ------------------------------------------------------------


def linear_quadratic_game(parameters: Parameters) -> LinearQuadraticGame:
    """Return the game without its limits; the state is all stocks in order of seats, then 1."""
    record = parameters.to_record()
    return linear_quadratic.game_of_costs(
        functools.partial(yearly_cost, record),
        float(arms_left(record, 1.0)),
        parameters.powers,
        parameters.discount,
        noise=parameters.noise**2 * np.eye(parameters.powers),
    )


def steady_state(parameters: Parameters) -> Matrix:
    """Return the steady-state stocks of the endless game's feedback equilibrium, [powers]."""
    game = linear_quadratic_game(parameters)
    solution = linear_quadratic.feedback_equilibrium(game)
    return linear_quadratic.feedback_steady_state(game, solution.feedbacks)


def open_loop_steady_state(parameters: Parameters) -> Matrix:
    """Return the steady-state stocks of the open-loop equilibrium, [powers].

    Each power commits to its whole path at the outset. Stocks are higher than in the feedback
    equilibrium, in which each power knows that building today makes its rivals build tomorrow.
    """
    return linear_quadratic.open_loop_steady_state(linear_quadratic_game(parameters))


# -- strategies ------------------------------------------------------------------------------------


class _ByYear(Strategy):
    """Reads stocks and the year from an observation."""

    def __init__(self, parameters: Parameters, power: int, years: int) -> None:
        names = GAME.observation_names(parameters.powers)
        others = [k for k, name in enumerate(names) if name.startswith("arms_of_other_")]
        others.insert(power, names.index("arms"))
        self._columns = others
        self._years_left = names.index("years_left")
        self._horizon = parameters.horizon
        self._years = years

    def _arms(self, observations: NDArray[np.float32]) -> Matrix:
        """Return the stocks in order of seats, [n, powers]."""
        return np.asarray(observations[:, self._columns], np.float64)

    def _year(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the year, [n]; the last that is known where it is later, 0 in endless games."""
        gone = 1.0 - observations[:, self._years_left].astype(np.float64)
        return np.minimum(np.rint(self._horizon * gone), self._years - 1).astype(np.int64)


class LinearFeedback(_ByYear):
    """Builds by a linear rule in all stocks, one rule per year, within the limits to building.

    Attributes
    ----------
    gains : ndarray, [years, powers]
        Change of building per unit of each power's stock, in order of seats.
    constants : ndarray, [years]
        Building at zero stocks.
    """

    name = "linear feedback"

    def __init__(
        self, parameters: Parameters, power: int, gains: Matrix, constants: Matrix
    ) -> None:
        super().__init__(parameters, power, len(gains))
        self.gains = gains
        self.constants = constants

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Matrix:
        """Return the build of each row, [n, 1]."""
        year = self._year(observations)
        build: Matrix = np.einsum("np,np->n", self._arms(observations), self.gains[year])
        build += self.constants[year]
        return np.clip(build, -LARGEST_BUILD, LARGEST_BUILD)[:, None]


class BuildByYear(_ByYear):
    """Builds a given amount in each year."""

    name = "best response"

    def __init__(self, parameters: Parameters, power: int, builds: Matrix) -> None:
        super().__init__(parameters, power, len(builds))
        self.builds = builds

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Matrix:
        """Return the build of each row's year, [n, 1]."""
        return self.builds[self._year(observations)][:, None]


class GridFeedback(_ByYear):
    """Builds by a cubic spline through the best builds at the points of a grid of stocks.

    Attributes
    ----------
    coefficients : ndarray, [years, points, ...]
        Of the splines; one axis per power, in order of seats.
    """

    name = "best response"

    def __init__(
        self, parameters: Parameters, power: int, knots: Matrix, coefficients: Matrix
    ) -> None:
        super().__init__(parameters, power, len(coefficients))
        self._knots = knots
        self.coefficients = coefficients

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Matrix:
        """Return the build of each row, [n, 1]."""
        year = self._year(observations)
        arms = np.clip(self._arms(observations), self._knots[0], self._knots[-1])
        build = np.zeros(len(observations))
        for each in np.unique(year):
            spline = scipy.interpolate.NdBSpline(
                (self._knots,) * arms.shape[1], self.coefficients[each], DEGREE
            )
            build[year == each] = spline(arms[year == each])
        return np.clip(build, -LARGEST_BUILD, LARGEST_BUILD)[:, None]


def _as_strategies(
    parameters: Parameters, feedbacks: Feedbacks, name: str
) -> tuple[LinearFeedback, ...]:
    strategies = []
    for power, feedback in enumerate(feedbacks):
        strategies.append(
            LinearFeedback(parameters, power, feedback[:, 0, :-1], feedback[:, 0, -1])
        )
        strategies[-1].name = name
    return tuple(strategies)


def _as_feedback(strategy: LinearFeedback) -> Matrix:
    return np.concatenate([strategy.gains, strategy.constants[:, None]], axis=1)[:, None, :]


# -- playing ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Played:
    """Payoffs and mean paths of a profile over the episodes, all [..., powers]."""

    values: Matrix
    arms_path: Matrix
    build_path: Matrix


def _is_uncertain(parameters: Parameters, strategies: Sequence[Strategy]) -> bool:
    return parameters.noise > 0.0 or any(strategy.is_random for strategy in strategies)


def _played(parameters: Parameters, profile: Profile) -> _Played:
    """Play a profile from the start: once, or many times where chance matters.

    Shocks and each power's draws are the same at every call, so profiles are compared with common
    random numbers.
    """
    years = years_of(parameters)
    count = 1
    if _is_uncertain(parameters, profile):
        count = max(FEWEST_SAMPLED_WORLDS, SAMPLED_WORLD_YEARS // years)
    worlds = Worlds(GAME, count, parameters, max_cycles=years, autoreset=False)
    worlds.reset(SEED)
    draws = [np.random.default_rng((SEED, power)) for power in range(worlds.powers)]
    shown = slice(worlds.powers)
    values = np.zeros(worlds.powers)
    arms = [worlds.records["arms"][:, shown].mean(axis=0)]
    builds = []
    for year in range(years):
        rewards = worlds.step(_choices(worlds, profile, draws))
        values += parameters.discount**year * rewards.mean(axis=0)
        arms.append(worlds.records["arms"][:, shown].mean(axis=0))
        builds.append(worlds.records["build"][:, shown].mean(axis=0))
    return _Played(values, np.array(arms), np.array(builds))


def _choices(worlds: Worlds, profile: Profile, draws: Sequence[np.random.Generator]) -> Matrix:
    actions = np.zeros((worlds.count, worlds.powers, 1))
    for power, strategy in enumerate(profile):
        actions[:, power] = strategy.act(
            worlds.observations[:, power], worlds.masks[:, power], draws[power]
        )
    return actions


OUTCOMES = {
    "arms": OutcomeSpec("% of GDP", "Mean stock of arms over the years.", ("power",)),
    "final_arms": OutcomeSpec("% of GDP", "Stock of arms after the last year.", ("power",)),
    "build": OutcomeSpec("% of GDP/year", "Mean building over the years.", ("power",)),
    "cost": OutcomeSpec("discounted", "Discounted sum of costs.", ("power",)),
    "arms_path": OutcomeSpec(
        "% of GDP", "Stock of arms as each year begins, and at the end.", ("year", "power")
    ),
    "build_path": OutcomeSpec("% of GDP/year", "Building in each year.", ("year", "power")),
}


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return the outcomes of a profile; means over many episodes where chance matters."""
    played = _played(parameters, profile)
    return {
        "arms": played.arms_path[:-1].mean(axis=0),
        "final_arms": played.arms_path[-1],
        "build": played.build_path.mean(axis=0),
        "cost": -played.values,
        "arms_path": played.arms_path,
        "build_path": played.build_path,
    }


# -- equilibria ------------------------------------------------------------------------------------


def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the feedback Nash equilibrium: unique for a finite horizon, else the limit.

    Raises
    ------
    ParameterError
        If the equilibrium path reaches the limits to building or scrapping, where the linear
        solution does not hold.
    """
    game = linear_quadratic_game(parameters)
    solution = linear_quadratic.feedback_equilibrium(game, _years_to_solve(parameters))
    return _equilibrium(
        parameters,
        game,
        solution.feedbacks,
        "equilibrium",
        "feedback Nash equilibrium by the coupled Riccati recursion"
        + (", in the limit of ever longer horizons" if parameters.endless else ""),
        is_unique=not parameters.endless,
    )


def coordinated_equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the feedback equilibrium when the two allies minimise their joint cost.

    After Bruce (1990): the allies may be worse off than without coordination, because their rival
    reacts to it.
    """
    if parameters.powers != 3:
        raise ParameterError("Only with powers=3 are there allies that could coordinate.")
    allies = [0, 1]
    game = linear_quadratic_game(parameters)
    merged = linear_quadratic.merge_players(game, allies)
    solution = linear_quadratic.feedback_equilibrium(merged, _years_to_solve(parameters))
    return _equilibrium(
        parameters,
        game,
        linear_quadratic.split_feedbacks(game, solution.feedbacks, allies),
        "coordinated allies",
        "feedback Nash equilibrium between the alliance's joint cost and its rival's",
        is_unique=not parameters.endless,
    )


def _years_to_solve(parameters: Parameters) -> int | None:
    years = years_of(parameters)
    return None if parameters.endless else years


def _equilibrium(
    parameters: Parameters,
    game: LinearQuadraticGame,
    feedbacks: Feedbacks,
    name: str,
    method: str,
    *,
    is_unique: bool,
) -> Equilibrium:
    reached = _limit_reached(parameters, game, feedbacks)
    if reached is not None:
        raise ParameterError(
            f"In equilibrium {reached}: the linear-quadratic solution holds only inside these "
            "limits. Try a starting stock nearer to what is wanted, more fatigue, less fear, "
            "grievance or noise."
        )
    strategies = _as_strategies(parameters, feedbacks, name)
    costs = linear_quadratic.costs_of(game, feedbacks, _years_to_solve(parameters))
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=-costs.cost([*parameters.arms, 1.0]),
        outcomes=outcomes(parameters, strategies),
        method=method,
        is_unique=is_unique,
    )


def _limit_reached(
    parameters: Parameters, game: LinearQuadraticGame, feedbacks: Feedbacks
) -> str | None:
    """Return in words the limit that linear play reaches from the start, if any."""
    years = years_of(parameters)
    means, covariances = linear_quadratic.path(game, feedbacks, [*parameters.arms, 1.0], years)
    for power, feedback in enumerate(feedbacks):
        rules = feedback[np.minimum(np.arange(years), len(feedback) - 1), 0]
        build = np.einsum("ta,ta->t", rules, means[:-1])
        spread = np.einsum("ta,tab,tb->t", rules, covariances[:-1], rules)
        highest = np.abs(build) + SAFE_DEVIATIONS * np.sqrt(np.maximum(spread, 0.0))
        stock = means[1:, power] - SAFE_DEVIATIONS * np.sqrt(covariances[1:, power, power])
        if highest.max() > LARGEST_BUILD:
            return (
                f"power_{power} would build {build[highest.argmax()]:.3g} in year "
                f"{highest.argmax()}, at or near the limit of {LARGEST_BUILD:g} % of GDP"
            )
        if stock.min() < 0.0:
            return (
                f"power_{power}'s stock would be {means[1 + stock.argmin(), power]:.3g} in year "
                f"{1 + stock.argmin()}, at or near zero"
            )
    return None


# -- best responses --------------------------------------------------------------------------------


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return the best response of one power to the others of a profile.

    Against linear feedbacks it is the solution of the Riccati equation, as long as no limit is
    reached. Against other strategies it is found on a grid (`_GridProblem`) and, in a finite game
    in which neither rivals nor stocks are random, improved by gradient ascent. Value and own value
    are payoffs of playing the game; where chance matters, means over the same sampled episodes. The
    profile's own strategy is returned if nothing better was found.
    """
    others = [strategy for seat, strategy in enumerate(profile) if seat != power]
    played = _played(parameters, profile)
    own = BestResponse(profile[power], float(played.values[power]), float(played.values[power]))
    candidates: list[Strategy] = []
    linear = _linear_best_response(parameters, profile, power)
    if linear is not None:
        candidates.append(linear)
    else:
        feedback = _GridProblem(parameters, profile, power).solve()
        candidates.append(feedback)
        if not _is_uncertain(parameters, others) and not parameters.endless:
            path = _PathProblem(parameters, profile, power)
            starts = [path.builds_of(feedback), played.build_path[:, power]]
            candidates += [BuildByYear(parameters, power, path.improved(start)) for start in starts]
    best = own
    for candidate in candidates:
        deviated = [*profile[:power], candidate, *profile[power + 1 :]]
        value = float(_played(parameters, deviated).values[power])
        if value > best.value:
            best = BestResponse(candidate, value, own.own_value)
    return best


def _linear_best_response(
    parameters: Parameters, profile: Profile, power: int
) -> LinearFeedback | None:
    """Return the Riccati best response; None where it does not apply."""
    feedbacks: list[Matrix] = []
    for seat, strategy in enumerate(profile):
        if seat == power:
            feedbacks.append(np.zeros((1, 1, parameters.powers + 1)))
        elif isinstance(strategy, LinearFeedback):
            feedbacks.append(_as_feedback(strategy))
        else:
            return None
    game = linear_quadratic_game(parameters)
    solution = linear_quadratic.best_response(
        game, tuple(feedbacks), power, _years_to_solve(parameters)
    )
    feedbacks[power] = solution.feedbacks[0]
    if _limit_reached(parameters, game, tuple(feedbacks)) is not None:
        return None
    return _as_strategies(parameters, tuple(feedbacks), "best response")[power]


DEGREE = 3
# By the number of powers. Against uniformly random rivals, four times the draws or twice the points
# raise the value found by a tenth of a percent of the stake at most.
GRID_POINTS = {2: 49, 3: 21}
DRAWS = {2: 32, 3: 16}
CANDIDATES = 41
SHOCKS = 7
GRID_CROWDING = 1.6
VALUE_SETTLED = 1e-9


class _GridProblem:
    """One power's problem against fixed others, on a grid of all stocks.

    In each state the others' actions, and the next stocks, come from asking the strategies and
    stepping the game; random actions are drawn several times, with the same draws for every own
    stock. The expected value of the next year is then a fixed linear map of its
    values on the grid. Shocks are integrated by Gauss-Hermite quadrature. The payoff of a year is
    the sum of a part that depends on the stocks and a part that depends on the power's own build.
    """

    def __init__(self, parameters: Parameters, profile: Profile, power: int) -> None:
        self._parameters = parameters
        self._calm = parameters.replace(noise=0.0)
        self._profile = profile
        self._power = power
        self._others = [seat for seat in range(parameters.powers) if seat != power]
        self._points = GRID_POINTS[parameters.powers]
        top = self._highest_stock()
        self._grid = top * np.linspace(0.0, 1.0, self._points) ** GRID_CROWDING
        # The knots of a "not-a-knot" spline, which reproduces every cubic exactly.
        self._knots = np.concatenate(
            [np.zeros(DEGREE + 1), self._grid[2:-2], np.full(DEGREE + 1, top)]
        )
        self._to_coefficients = np.linalg.inv(self._basis(self._grid).toarray())
        self._expectation = self._to_coefficients @ self._shocked_basis()
        self._builds = np.linspace(-LARGEST_BUILD, LARGEST_BUILD, CANDIDATES)
        # Own stock first, then the others in order of seats.
        self._states = np.stack(
            np.meshgrid(*[self._grid] * parameters.powers, indexing="ij"), axis=-1
        ).reshape(-1, parameters.powers)
        self._shape = (self._points,) * parameters.powers
        self._prepare_payoffs()

    def _highest_stock(self) -> float:
        """Return a stock that no power exceeds, except by an unlikely run of shocks."""
        parameters = self._parameters
        keeps = float(arms_left(parameters.to_record(), 1.0))
        years = np.arange(years_of(parameters) + 1)
        built = LARGEST_BUILD * (1.0 - keeps**years) / (1.0 - keeps)
        highest = (max(parameters.arms) * keeps**years + built).max()
        shocks = parameters.noise / math.sqrt(1.0 - keeps**2)
        return float(highest + SAFE_DEVIATIONS * shocks)

    def _basis(self, stocks: Matrix) -> Any:
        """Return the weight of every spline coefficient at each stock, sparse [n, points]."""
        return scipy.interpolate.BSpline.design_matrix(
            np.clip(stocks, 0.0, self._knots[-1]), self._knots, DEGREE
        )

    def _shocked_basis(self) -> Matrix:
        """Return the basis at the grid's points after a shock, on average, [points, points]."""
        if self._parameters.noise == 0.0:
            return np.asarray(self._basis(self._grid).toarray())
        nodes, weights = np.polynomial.hermite_e.hermegauss(SHOCKS)
        shocked = sum(
            weight * self._basis(self._grid + self._parameters.noise * node).toarray()
            for node, weight in zip(nodes, weights / weights.sum(), strict=True)
        )
        return np.asarray(shocked)

    def _worlds_at(self, states: Matrix, year: int) -> Worlds:
        """Return worlds without shocks at the given stocks, own first, in the given year."""
        worlds = Worlds(GAME, len(states), self._calm, max_cycles=2, autoreset=False)
        records = worlds.records.copy()
        records["arms"][:, [self._power, *self._others]] = states
        records["year"] = year
        worlds.restore(Snapshot(GAME.name, records, worlds.parameters))
        return worlds

    def _prepare_payoffs(self) -> None:
        actions = np.zeros((len(self._states), self._parameters.powers))
        worlds = self._worlds_at(self._states, 0)
        self._state_payoffs = worlds.step(actions)[:, self._power].reshape(self._shape).copy()
        alone = np.zeros((self._points * CANDIDATES, self._parameters.powers))
        alone[:, 0] = np.repeat(self._grid, CANDIDATES)
        actions = np.zeros_like(alone)
        worlds = self._worlds_at(alone, 0)
        idle = worlds.step(actions)[:, self._power].copy()
        actions[:, self._power] = np.tile(self._builds, self._points)
        worlds = self._worlds_at(alone, 0)
        building = worlds.step(actions)[:, self._power] - idle
        self._build_payoffs = building.reshape(self._points, CANDIDATES)
        following = worlds.records["arms"][:, self._power]
        own_basis = self._basis(following).toarray()
        self._own_basis = own_basis.reshape(self._points, CANDIDATES, self._points)

    def _answers(self, year: int) -> Any:
        """Return the weights on the others' coefficients next year, sparse [states, points ...]."""
        others = [self._profile[seat] for seat in self._others]
        is_random = any(strategy.is_random for strategy in others)
        draws = DRAWS[self._parameters.powers] if is_random else 1
        worlds = self._worlds_at(np.repeat(self._states, draws, axis=0), year)
        actions = np.zeros((worlds.count, worlds.powers, 1))
        for seat, strategy in zip(self._others, others, strict=True):
            seen, masks = worlds.observations[:, seat], worlds.masks[:, seat]
            slices = self._points if strategy.is_random else 1
            actions[:, seat] = np.concatenate(
                [
                    strategy.act(rows, mask_rows, np.random.default_rng((SEED, year, seat)))
                    for rows, mask_rows in zip(
                        np.split(seen, slices), np.split(masks, slices), strict=True
                    )
                ]
            )
        worlds.step(actions)
        columns = np.zeros((worlds.count, 1), np.int64)
        weights = np.ones((worlds.count, 1))
        for seat in self._others:
            basis = self._basis(worlds.records["arms"][:, seat])
            near = basis.indices.reshape(worlds.count, 1, DEGREE + 1)
            share = basis.data.reshape(worlds.count, 1, DEGREE + 1)
            columns = (columns[:, :, None] * self._points + near).reshape(worlds.count, -1)
            weights = (weights[:, :, None] * share).reshape(worlds.count, -1)
        width = columns.shape[1] * draws
        return scipy.sparse.csr_matrix(
            (
                weights.ravel() / draws,
                columns.ravel(),
                np.arange(0, len(self._states) * width + 1, width),
            ),
            shape=(len(self._states), self._points ** len(self._others)),
        )

    def _along_axes(self, matrix: Matrix, values: Matrix) -> Matrix:
        for axis in range(values.ndim):
            values = np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)
        return values

    def _best_builds(self, answers: Any, values: Matrix) -> tuple[Matrix, Matrix]:
        """Return the value of each state and the build that attains it, from next year's values."""
        coefficients = self._along_axes(self._to_coefficients, values)
        if self._parameters.noise > 0.0:
            coefficients = self._along_axes(self._expectation, coefficients)
        later = answers @ coefficients.reshape(self._points, -1).T
        later = later.reshape(self._points, -1, self._points)
        payoffs = self._parameters.discount * (later @ self._own_basis.transpose(0, 2, 1))
        payoffs += self._build_payoffs[:, None, :]
        best = payoffs.argmax(axis=2)
        middle = np.clip(best, 1, CANDIDATES - 2)[..., None]
        below, at, above = (
            np.take_along_axis(payoffs, middle + shift, axis=2)[..., 0] for shift in (-1, 0, 1)
        )
        # The top of the parabola through three neighbours, where they bend down and it is among
        # them; else the best candidate itself.
        bend = below - 2.0 * at + above
        is_curved = bend < 0.0
        shift = np.where(is_curved, 0.5 * (below - above) / np.where(is_curved, bend, 1.0), 2.0)
        is_inside = np.abs(shift) <= 1.0
        top = at - 0.25 * (below - above) * shift
        step = self._builds[1] - self._builds[0]
        value = np.where(is_inside, top, payoffs.max(axis=2)).reshape(self._shape)
        build = np.where(is_inside, self._builds[middle[..., 0]] + shift * step, self._builds[best])
        return value + self._state_payoffs, build.reshape(self._shape)

    def _policy_coefficients(self, builds: Matrix) -> Matrix:
        coefficients = self._along_axes(self._to_coefficients, builds)
        return np.moveaxis(coefficients, 0, self._power)

    def solve(self) -> GridFeedback:
        """Iterate backward from the last year; endless, until values settle up to a constant."""
        values = np.zeros(self._shape)
        policies: list[Matrix] = []
        if self._parameters.endless:
            answers = self._answers(0)
            builds = values
            for _ in range(years_of(self._parameters)):
                before = values
                values, builds = self._best_builds(answers, values)
                if np.ptp(values - before) < VALUE_SETTLED:
                    break
            policies.append(self._policy_coefficients(builds))
        else:
            for year in reversed(range(self._parameters.horizon)):
                values, builds = self._best_builds(self._answers(year), values)
                policies.append(self._policy_coefficients(builds))
        return GridFeedback(self._parameters, self._power, self._knots, np.array(policies[::-1]))


DIFFERENCE = 3e-3
MOST_ASCENTS = 200


class _PathProblem:
    """One power's path of builds against rivals that are not random, in a finite game.

    The payoff of a path comes from playing it. Its gradient comes from small changes in single
    years, all played at once, carried back from the last year to the first (the adjoint method).
    """

    def __init__(self, parameters: Parameters, profile: Profile, power: int) -> None:
        self._parameters = parameters
        self._profile = profile
        self._power = power
        self._draws = [np.random.default_rng(SEED)] * parameters.powers
        self._one = Worlds(GAME, 1, parameters, autoreset=False, max_cycles=parameters.horizon)
        self._directions = parameters.powers + 1
        count = parameters.horizon * 2 * self._directions
        self._near = Worlds(GAME, count, parameters, autoreset=False)

    def builds_of(self, strategy: Strategy) -> Matrix:
        """Return a strategy's builds in each year on its own path, [years]."""
        profile = [*self._profile[: self._power], strategy, *self._profile[self._power + 1 :]]
        return _played(self._parameters, profile).build_path[:, self._power]

    def improved(self, builds: Matrix) -> Matrix:
        """Return a path that pays at least as much and that small changes do not improve."""
        found = scipy.optimize.minimize(
            self._loss,
            np.clip(builds, -LARGEST_BUILD, LARGEST_BUILD),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-LARGEST_BUILD, LARGEST_BUILD)] * len(builds),
            options={"maxiter": MOST_ASCENTS, "ftol": 1e-15, "gtol": 1e-8, "maxcor": 30},
        )
        return np.asarray(found.x)

    def _loss(self, builds: Matrix) -> tuple[float, Matrix]:
        powers, years = self._parameters.powers, self._parameters.horizon
        discount = self._parameters.discount
        worlds = self._one
        worlds.reset(SEED)
        records = np.zeros(years, GAME.world)
        value = 0.0
        for year in range(years):
            records[year] = worlds.records[0]
            actions = _choices_but(worlds, self._profile, self._draws, self._power)
            actions[0, self._power] = builds[year]
            value += discount**year * worlds.step(actions)[0, self._power]

        near = np.repeat(records, 2 * self._directions).reshape(years, self._directions, 2)
        own = np.repeat(builds, 2 * self._directions).reshape(near.shape)
        for side, sign in enumerate((-1.0, 1.0)):
            for other in range(powers):
                near["arms"][:, other, side, other] += sign * DIFFERENCE
            own[:, powers, side] += sign * DIFFERENCE
        near["arms"] = np.maximum(near["arms"], 0.0)
        own = np.clip(own, -LARGEST_BUILD, LARGEST_BUILD)
        moved = np.stack([near["arms"][:, other, :, other] for other in range(powers)], axis=1)
        apart = np.diff(np.concatenate([moved, own[:, powers:]], axis=1), axis=2)[..., 0]
        self._near.restore(Snapshot(GAME.name, near.ravel(), self._near.parameters))
        actions = _choices_but(self._near, self._profile, self._draws, self._power)
        actions[:, self._power, 0] = own.ravel()
        rewards = self._near.step(actions)[:, self._power].reshape(near.shape)
        arms = self._near.records["arms"][:, :powers].reshape(*near.shape, powers)
        payoff_slopes = (rewards[..., 1] - rewards[..., 0]) / apart
        stock_slopes = (arms[:, :, 1] - arms[:, :, 0]) / apart[..., None]

        worth = np.zeros(powers)
        gradient = np.zeros(years)
        for year in reversed(range(years)):
            slopes = payoff_slopes[year] + discount * stock_slopes[year] @ worth
            gradient[year] = discount**year * slopes[powers]
            worth = slopes[:powers]
        return -value, -gradient


def _choices_but(
    worlds: Worlds, profile: Profile, draws: Sequence[np.random.Generator], power: int
) -> Matrix:
    """Return the actions of all powers but one, whose actions are zero."""
    actions = np.zeros((worlds.count, worlds.powers, 1))
    for seat, strategy in enumerate(profile):
        if seat != power:
            actions[:, seat] = strategy.act(
                worlds.observations[:, seat], worlds.masks[:, seat], draws[seat]
            )
    return actions


THEORY = Theory(
    game=GAME.name,
    equilibria=only(equilibrium),
    best_response=best_response,
    outcomes=outcomes,
    declared=OUTCOMES,
    targets=Targets(regret=0.01, outcomes=("arms", "final_arms")),
    curves=(
        Curve(
            name="fear",
            title="Fear drives a spiral: arms rise at an increasing rate",
            vary={"fear": (0.0, 0.9)},
            points=10,
            outcomes=("arms", "cost"),
        ),
        Curve(
            name="fatigue",
            title="A higher cost of building lowers arms",
            vary={"fatigue": (2.0, 16.0)},
            points=8,
            outcomes=("arms", "cost"),
        ),
    ),
)
