"""Normalisation of observations and rewards, measured once under uniformly random play."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.training.configuration import Configuration

WORLDS_PLAYED = 1_024
STEPS_PLAYED = 200


@dataclasses.dataclass(frozen=True)
class Normalisation:
    """Location and scale of a game's observations and returns under uniformly random play.

    Attributes
    ----------
    feature_mean, feature_scale : ndarray, [features]
        Mean and standard deviation; a scale of 1 for a feature that is constant. Where choices
        tremble, the chance of it is the last feature.
    reward_scale : ndarray, [powers]
        One over the standard deviation of each power's return.
    value_mean : ndarray, [powers]
        Mean scaled return.
    """

    feature_mean: NDArray[np.float32]
    feature_scale: NDArray[np.float32]
    reward_scale: NDArray[np.float64]
    value_mean: NDArray[np.float32]


class _WithinBounds(Uniform):
    """Uniformly random play in worlds that differ in the bounds of actions."""

    def __init__(self, worlds: Worlds, parameters: ParametersBase, power: int) -> None:
        super().__init__(worlds.game, parameters, power)
        self._low, self._high = worlds.action_low[:, power], worlds.action_high[:, power]

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Draw one action per world."""
        if self._is_discrete:
            return super().act(observations, masks, rng)
        share = rng.random((len(observations), self._low.shape[1]))
        return np.asarray(self._low + share * (self._high - self._low))


class _Moments:
    """Running sums of the observations of worlds that have not ended."""

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds
        self._lived = np.ones(worlds.count, np.bool_)
        self._rows = 0
        self._sums = np.zeros((2, worlds.observations.shape[-1]))

    def add(self) -> None:
        """Add the observations of the worlds that were running before the last step."""
        observed = self._worlds.observations[self._lived]
        seen = observed.reshape(-1, observed.shape[-1]).astype(np.float64)
        self._rows += len(seen)
        self._sums += seen.sum(axis=0), np.einsum("rf,rf->f", seen, seen)
        self._lived = self._worlds.records["over"] == 0

    def mean_and_spread(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return each feature's mean and standard deviation."""
        mean, square = self._sums / self._rows
        return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))


def normalisation_of(configuration: Configuration) -> Normalisation:
    """Play uniformly at random to find the scales that make networks' inputs of order one."""
    game, parameters = configuration.the_game(), configuration.game_parameters()
    each = configuration.parameters_of_worlds(WORLDS_PLAYED)
    worlds = Worlds(
        game, len(each), each, max_cycles=configuration.worlds.max_cycles, autoreset=False
    )
    profile = [_WithinBounds(worlds, parameters, power) for power in range(parameters.powers)]
    most = configuration.worlds.max_cycles or game.default_max_cycles
    seen = _Moments(worlds)
    rollout = play(
        worlds,
        profile,
        seed=0,
        steps=min(most, STEPS_PLAYED),
        watch=seen.add,
        keeps_records=False,
    )
    mean, scale = seen.mean_and_spread()
    if configuration.tremble.is_on:
        # The chance of a tremble follows the features; 0, as in play, stays 0.
        mean, scale = np.append(mean, 0.0), np.append(scale, configuration.tremble.chance[1])
    returns = rollout.returns(step_discount(configuration))
    spread = np.maximum(returns.std(axis=0), 1e-8)
    return Normalisation(
        feature_mean=mean.astype(np.float32),
        # A constant feature carries no information: leave its deviations unscaled.
        feature_scale=np.where(scale > 1e-5 * (1.0 + abs(mean)), scale, 1.0).astype(np.float32),
        reward_scale=1.0 / spread,
        value_mean=(returns.mean(axis=0) / spread).astype(np.float32),
    )


def step_discount(configuration: Configuration) -> float:
    """Return the discount factor per step: the configuration's, or the game's own."""
    if configuration.ppo.gamma is not None:
        return configuration.ppo.gamma
    game = configuration.the_game()
    parameters = configuration.game_parameters()
    return float(game.discount(parameters) ** (1 / len(game.phases_with(parameters))))
