"""The distance of a profile from equilibrium: best responses, NashConv and regret.

The *regret* of a power is the gain of its best response as a share of the *stake*: of the gain of a
best response over uniformly random play when all others play uniformly at random. 0 is a best
response; 1 is the loss of random play among random players.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.registration import game_names, has_part, part
from counterpoise.envs.engine.strategy import Profile, Uniform
from counterpoise.theory.solution import BestResponse, Equilibrium, Theory


def is_solved(game: str) -> bool:
    """Return whether a game has a solved equilibrium."""
    return has_part(game, "theory")


def solved_games() -> list[str]:
    """Return the name of every game that has a solved equilibrium."""
    return [name for name in game_names() if is_solved(name)]


def theory_of(game: str) -> Theory[Any]:
    """Return the theory of a game.

    Raises
    ------
    CounterpoiseError
        If the game has no solved equilibrium.
    """
    found: Theory[Any] | None = part(game, "theory")
    if found is None:
        raise CounterpoiseError(
            f"{game} has no solved equilibrium: play it with doctrines or learned policies. Solved "
            f"are {', '.join(solved_games())}."
        )
    return found


def equilibrium(game: str, parameters: ParametersBase) -> Equilibrium:
    """Return the equilibrium of a game with which learned play is compared."""
    return theory_of(game).equilibrium(parameters)


def equilibria(game: str, parameters: ParametersBase) -> tuple[Equilibrium, ...]:
    """Return every equilibrium that the theory of a game lists."""
    return theory_of(game).equilibria(parameters)


def best_response(
    game: str, parameters: ParametersBase, profile: Profile, power: int
) -> BestResponse:
    """Return the exact best response of one power to the others of a profile."""
    return theory_of(game).best_response(parameters, profile, power)


def gains(game: str, parameters: ParametersBase, profile: Profile) -> NDArray[np.float64]:
    """Return the gain of each power's best response, in payoff, [powers]."""
    return np.array(
        [best_response(game, parameters, profile, k).gain for k in range(parameters.powers)]
    )


def nash_conv(game: str, parameters: ParametersBase, profile: Profile) -> float:
    """Return NashConv, the sum of all powers' gains: 0 in equilibrium."""
    return float(gains(game, parameters, profile).sum())


@functools.lru_cache(maxsize=64)
def stakes(game: str, parameters: ParametersBase) -> tuple[float, ...]:
    """Return each power's stake: the gain of a best response over random play among random play."""
    profile = [Uniform(game_named(game), parameters, k) for k in range(parameters.powers)]
    return tuple(gains(game, parameters, profile))


def regret(game: str, parameters: ParametersBase, profile: Profile) -> NDArray[np.float64]:
    """Return each power's regret: its gain as a share of its stake, [powers]."""
    return of_stakes(gains(game, parameters, profile), stakes(game, parameters))


def of_stakes(gained: ArrayLike, at_stake: ArrayLike) -> NDArray[np.float64]:
    """Return gains as shares of the stakes; without stake and gain, 0."""
    gain, stake = np.broadcast_arrays(np.asarray(gained, float), np.asarray(at_stake, float))
    found = np.where(np.isnan(gain), np.nan, np.where(gain > 0.0, np.inf, 0.0))
    return np.asarray(np.divide(gain, stake, out=found, where=stake > 0.0))
