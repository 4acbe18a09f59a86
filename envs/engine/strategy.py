"""Strategies: one batched interface for all players."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase


class Strategy(abc.ABC):
    """Maps a power's observations to its actions.

    A strategy is made for one game, one set of parameters and one power. Most have no memory, so
    the rows of a batch may come from different worlds and years. One with a memory implements
    `act_with_memory`; who plays it keeps what it remembers, because the same strategy may play in
    many worlds: see `counterpoise.envs.engine.rollouts.decide`.

    Attributes
    ----------
    name : str
        Name in tables and pictures.
    is_random : bool
        Whether it may answer the same observation with different actions.
    memory : int
        How many numbers it remembers of an episode; 0 without a memory.
    """

    name: str = "strategy"
    is_random: bool = False
    memory: int = 0

    @abc.abstractmethod
    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return the actions for a batch of observations.

        Parameters
        ----------
        observations : ndarray of float32, [n, features]
        masks : ndarray of int8, [n, options]
            Which options are open, in the padded union over powers; of width 0 for amounts.
        rng : numpy.random.Generator
            Generator of a random strategy's draws.

        Returns
        -------
        ndarray, [n, components]
            Amounts in the game's units (float64), or option numbers (int64).
        """

    def act_with_memory(
        self,
        observations: NDArray[np.float32],
        masks: NDArray[np.int8],
        rng: np.random.Generator,
        memory: NDArray[np.float32],
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return the actions for a batch of observations, and remember these.

        Parameters
        ----------
        observations, masks, rng
            As for `act`.
        memory : ndarray of float32, [n, memory]
            What is remembered of each row's episode, zeros where one begins. It is overwritten.

        Returns
        -------
        ndarray, [n, components]
        """
        return self.act(observations, masks, rng)

    def probabilities(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return the probability of each option in a game with one choice, [n, options].

        The default implementation is for strategies that are not random.
        """
        if self.is_random:
            raise NotImplementedError(
                f"{self.name} is random: it must define its own `probabilities`."
            )
        chosen = self.act(observations, masks, np.random.default_rng(0))[:, 0].astype(np.int64)
        certain = np.zeros(masks.shape)
        certain[np.arange(len(chosen)), chosen] = 1.0
        return certain


class Uniform(Strategy):
    """Draws uniformly from the amounts or the open options."""

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
        """Draw one action per row."""
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
"""One strategy per power, in order of seats."""
