"""Mixtures of strategies: each decision is that of a member drawn by weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from counterpoise.envs.engine.strategy import Strategy


class Mixture(Strategy):
    """Follows one of several strategies, drawn again for every decision.

    With one decision per power this is the mixed strategy of game theory. With several decisions
    game theory draws once for the whole game, whereas here the draws are independent.

    Parameters
    ----------
    members : sequence of Strategy
        Strategies of one game and power.
    weights : array_like, [members]
        Relative probabilities of the members; they are normalised.

    Raises
    ------
    ValueError
        If there is not one weight per member, or if they are no distribution.
    """

    name = "mixture"
    is_random = True

    def __init__(self, members: Sequence[Strategy], weights: ArrayLike) -> None:
        shares = np.asarray(weights, np.float64)
        if shares.shape != (len(members),) or not (shares >= 0.0).all() or shares.sum() <= 0.0:
            raise ValueError(
                f"Weights {shares.tolist()} of {len(members)} members: give each a number, none "
                "below 0, not all 0."
            )
        kept = [k for k, share in enumerate(shares) if share > 0.0]
        self.members = tuple(members[k] for k in kept)
        self.weights = shares[kept] / shares[kept].sum()

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return the action of the member drawn for each row, [n, components]."""
        drawn = rng.choice(len(self.members), size=len(observations), p=self.weights)
        answers = [member.act(observations, masks, rng) for member in self.members]
        chosen: NDArray[Any] = np.stack(answers)[drawn, np.arange(len(observations))]
        return chosen

    def probabilities(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return the weighted mean of the members' probabilities of each option, [n, options]."""
        answers = [member.probabilities(observations, masks) for member in self.members]
        return np.asarray(np.einsum("m,mno->no", self.weights, np.stack(answers)))
