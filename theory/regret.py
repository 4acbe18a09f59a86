"""How far a profile is from an equilibrium: best responses, NashConv and regret.

The *regret* of a power is what its best response would gain, in units of the game's *stake*: what a
best response gains over uniformly random play when all others play uniformly at random. So 0 is a
best response, and 1 is as much as there is to lose against aimless rivals.
"""

from __future__ import annotations

import functools
import importlib
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.registration import game_names, has_part, row
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.theory.solution import BestResponse, Equilibrium


class Uniform(Strategy):
    """Draws every action with equal probability from what is open to the power."""

    name = "uniformly random"
    is_random = True

    def __init__(self, game: Game, parameters: ParametersBase, power: int) -> None:
        game = game.seated(parameters.powers)
        self._counts = game.choice_counts
        self._is_discrete = game.is_discrete
        low, high = game.action_bounds(np.array([parameters.to_record()]), parameters.powers)
        self._low, self._high = low[0, power], high[0, power]

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Draw one action a row."""
        if not self._is_discrete:
            return rng.uniform(self._low, self._high, (len(observations), len(self._low)))
        chosen = np.zeros((len(observations), len(self._counts)), np.int64)
        at = 0
        for component, count in enumerate(self._counts):
            weights = np.cumsum(masks[:, at : at + count], axis=1, dtype=np.float64)
            draws = rng.random(len(observations)) * weights[:, -1]
            chosen[:, component] = (draws[:, None] >= weights).sum(axis=1)
            at += count
        return chosen

    def probabilities(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return equal probabilities over the open options."""
        return np.asarray(masks / masks.sum(axis=1, keepdims=True), np.float64)


def is_solved(game: str) -> bool:
    """Return whether a game has a solved equilibrium."""
    return has_part(game, "theory")


def solved_games() -> list[str]:
    """Return the name of every game that has a solved equilibrium."""
    return [name for name in game_names() if is_solved(name)]


def theory_of(game: str) -> ModuleType:
    """Return the module that holds a game's theory.

    Raises
    ------
    CounterpoiseError
        If the game has no solved equilibrium.
    """
    game_named(game)
    if not is_solved(game):
        raise CounterpoiseError(
            f"{game} has no solved equilibrium: play it with doctrines or learned policies. Solved "
            f"are {', '.join(solved_games())}."
        )
    return importlib.import_module(row(game).theory.partition(":")[0])


def equilibrium(game: str, parameters: ParametersBase) -> Equilibrium:
    """Return the equilibrium of a game."""
    return theory_of(game).equilibrium(parameters)  # type: ignore[no-any-return]


def equilibria(game: str, parameters: ParametersBase) -> tuple[Equilibrium, ...]:
    """Return every equilibrium that the theory of a game knows, the usual one first."""
    module = theory_of(game)
    if hasattr(module, "equilibria"):
        return tuple(module.equilibria(parameters))
    return (equilibrium(game, parameters),)


def best_response(
    game: str, parameters: ParametersBase, profile: Profile, power: int
) -> BestResponse:
    """Return the exact best response of one power to the others of a profile."""
    return theory_of(game).best_response(parameters, profile, power)  # type: ignore[no-any-return]


def gains(game: str, parameters: ParametersBase, profile: Profile) -> NDArray[np.float64]:
    """Return what each power would gain by its best response, [powers]."""
    return np.array(
        [best_response(game, parameters, profile, k).gain for k in range(parameters.powers)]
    )


def nash_conv(game: str, parameters: ParametersBase, profile: Profile) -> float:
    """Return the sum of all powers' gains from deviating: 0 in equilibrium."""
    return float(gains(game, parameters, profile).sum())


@functools.lru_cache(maxsize=64)
def stakes(game: str, parameters: ParametersBase) -> tuple[float, ...]:
    """Return each power's stake: what there is to gain over random play among random players."""
    profile = [Uniform(game_named(game), parameters, k) for k in range(parameters.powers)]
    return tuple(gains(game, parameters, profile))


def regret(game: str, parameters: ParametersBase, profile: Profile) -> NDArray[np.float64]:
    """Return each power's gain from deviating in units of its stake, [powers]."""
    return of_stakes(gains(game, parameters, profile), stakes(game, parameters))


def of_stakes(gained: ArrayLike, at_stake: ArrayLike) -> NDArray[np.float64]:
    """Return gains in units of the stakes; a power with nothing to gain or lose has no regret."""
    gain, stake = np.broadcast_arrays(np.asarray(gained, float), np.asarray(at_stake, float))
    found = np.where(np.isnan(gain), np.nan, np.where(gain > 0.0, np.inf, 0.0))
    return np.asarray(np.divide(gain, stake, out=found, where=stake > 0.0))
