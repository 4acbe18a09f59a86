"""A mixture of strategies: each decision is one of its members', drawn by weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from counterpoise.envs.engine.strategy import Strategy


class Mixture(Strategy):
    """Follows one of several strategies, drawn anew for every decision.

    In a game of one decision a power this is the mixed strategy of game theory. Over several
    decisions game theory draws once for the whole game; here what a power does now does not tell
    which member it followed before.

    Parameters
    ----------
    members : sequence of Strategy
        Of one game and power.
    weights : array_like, [members]
        How often each is followed; they are made to sum to 1.

    Raises
    ------
    ValueError
        If the weights are not one for each member, or not a distribution.
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
        """Return what the member drawn for each row does, [n, components]."""
        drawn = rng.choice(len(self.members), size=len(observations), p=self.weights)
        answers = [member.act(observations, masks, rng) for member in self.members]
        chosen: NDArray[Any] = np.stack(answers)[drawn, np.arange(len(observations))]
        return chosen

    def probabilities(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return the members' probabilities of each option by weight, [n, options]."""
        answers = [member.probabilities(observations, masks) for member in self.members]
        return np.asarray(np.einsum("m,mno->no", self.weights, np.stack(answers)))
