r"""Theory of `buck_passing`: symmetric and led equilibria, best responses.

The problem. At each level :math:`x` of an aggressor, every power concerned balances, at cost
:math:`c_x`, or passes. Let :math:`H_x = l_x - \beta V_{x+1}` be the cost to each if nobody
balances, with :math:`V_X = -L` after the last level. Among :math:`n` powers that use the same
strategy,

.. math::

    q_x = \begin{cases} 0 & c_x \ge H_x \\ 1 & c_x \le h \\
        1 - \left( \frac{c_x - h}{H_x - h} \right)^{1 / (n - 1)} & \text{else} \end{cases}

is the probability of balancing that leaves each indifferent (Diekmann 1985), and :math:`V_x =
-\min(c_x, H_x)`. By backward induction this gives the symmetric Markov perfect equilibrium.

Other equilibria. For each power there is one in which it balances at every level at which that
pays, and all others pass: a designated leader. These are listed by name. With a different leader at
every level there are :math:`n^X` of them, and with more than two powers concerned some in which a
few powers mix and the rest pass; these are not listed. Powers that cannot tell their seats apart
can reach only the symmetric one.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.buck_passing import (
    BALANCE,
    GAME,
    Parameters,
    cost_of_balancing,
    loss_of_passing,
    payoff,
)
from counterpoise.theory.solution import (
    BestResponse,
    Curve,
    Equilibrium,
    OutcomeSpec,
    Targets,
    Theory,
)


class ByLevel(Strategy):
    """Balances with a probability that depends on the aggressor's level.

    Parameters
    ----------
    chances : ndarray, [levels]
    """

    name = "by level"

    def __init__(self, chances: NDArray[np.float64]) -> None:
        self.chances = np.asarray(chances, np.float64)
        self._first = GAME.observation_names(2).index("at_level_0")
        self.is_random = bool(((self.chances > 0.0) & (self.chances < 1.0)).any())

    def probabilities(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return the probability of passing and of balancing, [n, 2]."""
        levels = observations[:, self._first : self._first + len(self.chances)]
        chance = np.where(masks[:, BALANCE] == 1, levels @ self.chances, 0.0)
        return np.stack([1.0 - chance, chance], axis=1)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw an action for each row, [n, 1]."""
        chance = self.probabilities(observations, masks)[:, BALANCE]
        return (rng.random(len(chance)) < chance).astype(np.int64)[:, None]


def concerned(parameters: Parameters) -> int:
    """Return n, the number of powers that the aggressor concerns."""
    return parameters.powers - parameters.bystanders


@functools.lru_cache(maxsize=256)
def _sights(parameters: Parameters) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return every power's observations and masks at every level, [levels, powers, ...]."""
    worlds = Worlds(GAME, parameters.levels, parameters, autoreset=False)
    worlds.reset(0)
    worlds.records["level"] = np.arange(parameters.levels)
    worlds.observe()
    return worlds.observations.copy(), worlds.masks.copy()


def chances_of(parameters: Parameters, profile: Profile) -> NDArray[np.float64]:
    """Return every power's probability of balancing at each level, [levels, powers]."""
    seen, masks = _sights(parameters)
    found = np.stack(
        [each.probabilities(seen[:, k], masks[:, k]) for k, each in enumerate(profile)], axis=1
    )
    # A network's probabilities sum to 1 only up to 32-bit rounding.
    chances = found[:, :, BALANCE] / found.sum(axis=2)
    return np.asarray(np.where(masks[:, :, BALANCE] == 1, chances, 0.0))


def _worth(
    parameters: Parameters, chances: NDArray[np.float64], power: int, level: int, later: float
) -> tuple[float, float]:
    """Return a concerned power's values of passing and balancing; `later` if none balances."""
    record = parameters.to_record()
    none_else = float(np.prod(1.0 - np.delete(chances[level], power)))
    stopped = payoff(record, level, False, True)
    passed = payoff(record, level, False, False) + parameters.discount * later
    return (
        (1.0 - none_else) * stopped + none_else * passed,
        payoff(record, level, True, True),
    )


def level_values(
    parameters: Parameters, chances: NDArray[np.float64], power: int, *, is_best: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a power's value from each level on, [levels], and its actions, [levels].

    Parameters
    ----------
    parameters : Parameters
    chances : ndarray, [levels, powers]
        The probability of balancing of every power.
    power : int
    is_best : bool
        Whether the power takes the better action at each level, not its own probabilities.
    """
    levels = parameters.levels
    values, stands = np.zeros(levels), np.zeros(levels)
    if power >= concerned(parameters):
        return values, stands
    later = -parameters.final_loss
    for level in reversed(range(levels)):
        worth = _worth(parameters, chances, power, level, later)
        stands[level] = float(worth[1] > worth[0]) if is_best else chances[level, power]
        later = values[level] = (1.0 - stands[level]) * worth[0] + stands[level] * worth[1]
    return values, stands


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return a power's exact best response, by backward induction over the levels."""
    chances = chances_of(parameters, profile)
    first = parameters.start_level
    best, stands = level_values(parameters, chances, power, is_best=True)
    own, _ = level_values(parameters, chances, power)
    return BestResponse(ByLevel(stands), float(best[first]), float(own[first]))


def symmetric_chances(parameters: Parameters) -> NDArray[np.float64]:
    """Return the probability of balancing at each level in symmetric play, [levels]."""
    record = parameters.to_record()
    n, tie_cost = concerned(parameters), parameters.tie_cost
    chances = np.zeros(parameters.levels)
    value = -parameters.final_loss
    for level in reversed(range(parameters.levels)):
        cost = cost_of_balancing(record, level)
        alone = loss_of_passing(record, level) - parameters.discount * value
        if cost >= alone:
            chances[level], value = 0.0, -alone
        elif cost <= tie_cost:
            chances[level], value = 1.0, -cost
        else:
            share = (cost - tie_cost) / (alone - tie_cost)
            chances[level], value = 1.0 - share ** (1.0 / (n - 1)), -cost
    return chances


def led_chances(parameters: Parameters, leader: int) -> NDArray[np.float64]:
    """Return who balances at each level if one power leads wherever that pays, [levels, powers].

    Where ties make passing costlier than balancing, all balance.
    """
    n = concerned(parameters)
    record = parameters.to_record()
    chances = np.zeros((parameters.levels, parameters.powers))
    later = -parameters.final_loss
    for level in reversed(range(parameters.levels)):
        if cost_of_balancing(record, level) <= parameters.tie_cost:
            chances[level, :n] = 1.0
        else:
            passing, balancing = _worth(parameters, chances, leader, level, later)
            chances[level, leader] = float(balancing >= passing)
        passing, balancing = _worth(parameters, chances, leader, level, later)
        later = balancing if chances[level, leader] == 1.0 else passing
    return chances


@functools.lru_cache(maxsize=256)
def equilibria(parameters: Parameters) -> tuple[Equilibrium, ...]:
    """Return the symmetric Markov perfect equilibrium, then those with a designated leader."""
    n = concerned(parameters)
    alike = np.zeros((parameters.levels, parameters.powers))
    alike[:, :n] = symmetric_chances(parameters)[:, None]
    led = {f"power {leader} leads": led_chances(parameters, leader) for leader in range(n)}
    different = {name: found for name, found in led.items() if not np.array_equal(found, alike)}
    # Where no power ever mixes or leads, all equilibria coincide.
    is_unique = not different
    return tuple(
        _equilibrium(parameters, chances, name, is_unique)
        for name, chances in {"symmetric": alike, **different}.items()
    )


def _equilibrium(
    parameters: Parameters, chances: NDArray[np.float64], name: str, is_unique: bool
) -> Equilibrium:
    strategies = tuple(ByLevel(chances[:, power]) for power in range(parameters.powers))
    found = outcomes(parameters, strategies)
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=found["value"],
        outcomes=found,
        method="Backward induction over the aggressor's levels.",
        is_unique=is_unique,
        name=name,
    )


# Levels are numbered from 0 and stand on the axis of years: one level is contested in a year.
OUTCOMES = {
    "balance_rate": OutcomeSpec(
        "1", "Probability of balancing at each level, the mean of the powers concerned.", ("year",)
    ),
    "balance_by_power": OutcomeSpec(
        "1", "Probability of balancing at each level.", ("year", "power")
    ),
    "nobody_balances": OutcomeSpec(
        "1", "Probability at each level that no power balances.", ("year",)
    ),
    "reached": OutcomeSpec(
        "1", "Probability that the aggressor ever stands at each level.", ("year",)
    ),
    "conquered": OutcomeSpec("1", "Probability that the aggressor passes the last level."),
    "balancers": OutcomeSpec(
        "powers", "Expected number of powers that balance at the first level."
    ),
    "value": OutcomeSpec("payoff, discounted", "Discounted payoff.", ("power",)),
}


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return the outcomes of a profile, as `OUTCOMES` declares them."""
    chances = chances_of(parameters, profile)
    first, n = parameters.start_level, concerned(parameters)
    nobody = np.prod(1.0 - chances, axis=1)
    reached = np.zeros(parameters.levels)
    reached[first:] = np.cumprod(np.concatenate([[1.0], nobody[first:-1]]))
    values = [level_values(parameters, chances, k)[0][first] for k in range(parameters.powers)]
    return {
        "balance_rate": chances[:, :n].mean(axis=1),
        "balance_by_power": chances,
        "nobody_balances": nobody,
        "reached": reached,
        "conquered": float(reached[-1] * nobody[-1]),
        "balancers": float(chances[first].sum()),
        "value": np.array(values),
    }


THEORY = Theory(
    game=GAME.name,
    equilibria=equilibria,
    best_response=best_response,
    outcomes=outcomes,
    declared=OUTCOMES,
    targets=Targets(regret=0.02, outcomes=("balance_rate", "balance_by_power", "nobody_balances")),
    curves=(
        Curve(
            name="bystanders",
            title="The more powers could balance, the less each of them does",
            vary={"bystanders": (0, 6)},
            points=7,
            outcomes=("balancers", "balance_rate"),
            fixed={"powers": 8},
        ),
        Curve(
            name="tie_cost",
            title="Chain-ganging: with costlier ties, more powers balance at once",
            vary={"tie_cost": (0.0, 0.12)},
            points=7,
            outcomes=("balancers", "balance_rate"),
        ),
    ),
)
