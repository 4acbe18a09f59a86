"""What it is to play: one small interface for everyone who decides, in batches."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase


class Strategy(abc.ABC):
    """Maps what one power sees to what it does.

    A strategy is made for one game, one set of parameters and one power; it keeps no memory of its
    own, so that rows of a batch may come from different worlds and years.

    Attributes
    ----------
    name : str
        How tables and pictures call it.
    is_random : bool
        Whether the same observation can be answered by different actions.
    """

    name: str = "strategy"
    is_random: bool = False

    @abc.abstractmethod
    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Decide for a batch.

        Parameters
        ----------
        observations : ndarray of float32, [n, features]
        masks : ndarray of int8, [n, options]
            Which choices are open, in the padded union over powers; of width 0 for amounts.
        rng : numpy.random.Generator
            Where a random strategy draws from.

        Returns
        -------
        ndarray, [n, components]
            Amounts in the game's own units (float64), or the options' numbers (int64).
        """

    def probabilities(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return the probability of each option of a game with one choice, [n, options].

        The default serves strategies that are not random.
        """
        if self.is_random:
            raise NotImplementedError(
                f"{self.name} is random and must say with which probabilities."
            )
        chosen = self.act(observations, masks, np.random.default_rng(0))[:, 0].astype(np.int64)
        certain = np.zeros(masks.shape)
        certain[np.arange(len(chosen)), chosen] = 1.0
        return certain


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


Profile = Sequence[Strategy]
"""One strategy for every power, in order of seats."""
