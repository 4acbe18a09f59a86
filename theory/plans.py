"""Plans: what one power does in each year, and how to better one by playing it.

Against rivals whose answers are not linear, the best response of a game in amounts is found here by
climbing the gradient of what a plan pays in the game itself.
"""

from __future__ import annotations

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from counterpoise.envs.game import Game
from counterpoise.envs.parameters import ParametersBase
from counterpoise.envs.rollouts import play
from counterpoise.envs.strategy import Profile, Strategy
from counterpoise.envs.worlds import Worlds

STEP = 1e-4
SAMPLED_WORLDS = 64


class PlanByYear(Strategy):
    """Takes the action that a table has for the year, whatever else it sees.

    Parameters
    ----------
    plan : ndarray, [years, components]
    column : int
        Where an observation says which share of the years is left.
    """

    name = "plan by year"

    def __init__(self, plan: NDArray[np.float64], column: int) -> None:
        self.plan = plan
        self._column = column

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Look each row's action up, [n, components]."""
        return np.asarray(self.plan[year_of(observations, self._column, len(self.plan))])


def year_of(observations: NDArray[np.float32], column: int, years: int) -> NDArray[np.int64]:
    """Return the year of each row from the share of the years that is left, [n]."""
    left = np.rint(observations[:, column].astype(np.float64) * years).astype(np.int64)
    return np.clip(years - left, 0, years - 1)


class _Planned(Strategy):
    """Follows another strategy, but for one component that each world has its own plan of."""

    def __init__(
        self, plans: NDArray[np.float64], copies: int, column: int, follows: Strategy
    ) -> None:
        self._plans = np.repeat(plans, copies, axis=0)
        self._column = column
        self._follows = follows

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        actions = np.array(self._follows.act(observations, masks, rng), np.float64)
        years = self._plans.shape[1]
        year = year_of(observations, self._column, years)
        components = self._plans.shape[2]
        actions[:, :components] = self._plans[np.arange(len(actions)), year]
        return actions


def values_of_plans(
    game: Game,
    parameters: ParametersBase,
    profile: Profile,
    power: int,
    plans: NDArray[np.float64],
    column: int,
    step_discount: float,
) -> NDArray[np.float64]:
    """Return what each plan pays a power against the others of a profile, [plans].

    Parameters
    ----------
    plans : ndarray, [plans, years, components]
        The first components of the power's action in each year; the profile's own strategy gives
        the rest.
    column : int
        Where an observation says which share of the years is left.
    step_discount : float
        Of a step.

    Notes
    -----
    Where anybody is random, means over the same 64 worlds for every plan.
    """
    is_random = any(each.is_random for each in profile)
    copies = SAMPLED_WORLDS if is_random else 1
    tried = [*profile]
    tried[power] = _Planned(plans, copies, column, profile[power])
    worlds = Worlds(game, len(plans) * copies, parameters, autoreset=False)
    returns = play(worlds, tried, seed=0).returns(step_discount)[:, power]
    return np.asarray(returns.reshape(len(plans), copies).mean(axis=1))


def improved_plan(
    game: Game,
    parameters: ParametersBase,
    profile: Profile,
    power: int,
    plan: NDArray[np.float64],
    bounds: tuple[float, float],
    column: int,
    step_discount: float,
    *,
    climbs: int,
) -> NDArray[np.float64]:
    """Return a plan, [years, components], that pays at least as much as the one given.

    Quasi-Newton steps (L-BFGS-B) on differences of what neighbouring plans pay, all played at once.
    """
    size = plan.size
    low, high = bounds

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        moved = np.repeat(flat[None], 2 * size + 1, axis=0)
        moved[1 : size + 1] += STEP * np.eye(size)
        moved[size + 1 :] -= STEP * np.eye(size)
        plans = np.clip(moved, low, high)
        found = values_of_plans(
            game, parameters, profile, power, plans.reshape(-1, *plan.shape), column, step_discount
        )
        apart = (plans[1 : size + 1] - plans[size + 1 :]).sum(axis=1)
        return -float(found[0]), -(found[1 : size + 1] - found[size + 1 :]) / apart

    found = scipy.optimize.minimize(
        loss,
        np.clip(plan, low, high).ravel(),
        jac=True,
        method="L-BFGS-B",
        bounds=[bounds] * size,
        options={"maxiter": climbs, "ftol": 1e-14, "gtol": 1e-9},
    )
    return np.asarray(found.x.reshape(plan.shape))
