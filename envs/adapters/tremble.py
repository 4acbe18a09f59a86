"""The trembling hand: a power now and then carries out another option than it chose.

Selten (1975), "Reexamination of the perfectness concept for equilibrium points in extensive games",
International Journal of Game Theory 4. Where every option is played with some chance, every branch
of the game is reached, and what is decided there is learned.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import unknown_name
from counterpoise.envs.engine.game import Game


@dataclasses.dataclass(frozen=True)
class Tremble:
    """The chances with which choices are replaced by a uniformly drawn open option.

    Attributes
    ----------
    chances : ndarray of float32, [worlds]
        Probability, per choice and step, that a choice is replaced.
    is_exposed : ndarray of bool, [powers, components]
        Which components of an action tremble.
    counts : tuple of int
        Number of options of each component, as `Game.choice_counts`.
    """

    chances: NDArray[np.float32]
    is_exposed: NDArray[np.bool_]
    counts: tuple[int, ...]

    @classmethod
    def of(
        cls, game: Game, powers: int, chances: NDArray[np.float32], choices: Sequence[str]
    ) -> Self:
        """Return the tremble of some choices of a game by name, of all if there is no name.

        Raises
        ------
        UnknownNameError
            If the game has no such choice.
        """
        whole, seated = game.general or game, game.seated(powers)
        known = {part.name for role in whole.roles for part in role.actions}
        for name in choices:
            if name not in known:
                raise unknown_name(f"choice of {game.name}", name, sorted(known))
        is_exposed = np.zeros((powers, seated.action_width), np.bool_)
        for power in range(powers):
            names = [
                part.name
                for part in whole.role(power).actions
                for _ in range(powers - 1 if part.others else 1)
            ]
            is_exposed[power, : len(names)] = [not choices or name in choices for name in names]
        return cls(chances, is_exposed, seated.choice_counts)

    def still(self) -> Self:
        """Return the same with a chance of 0 in every world."""
        return dataclasses.replace(self, chances=np.zeros_like(self.chances))

    def applied(
        self, actions: NDArray[Any], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[Any]:
        """Return what is carried out in place of the chosen actions.

        Parameters
        ----------
        actions : ndarray of int, [worlds, powers, components]
        masks : ndarray of int8, [worlds, powers, options]
        rng : Generator

        Returns
        -------
        ndarray of int, [worlds, powers, components]
            `actions` itself is left as it is.
        """
        shaky = np.flatnonzero(self.chances > 0.0)
        if len(shaky) == 0:
            return actions
        draws = rng.random((len(shaky), *actions.shape[1:]))
        is_replaced = (draws < self.chances[shaky, None, None]) & self.is_exposed
        row, power, component = np.nonzero(is_replaced)
        world = shaky[row]
        counts = np.array(self.counts)
        first = np.cumsum(counts) - counts
        options = np.arange(counts.max())
        columns = np.minimum(first[component, None] + options, counts.sum() - 1)
        is_open = masks[world[:, None], power[:, None], columns] == 1
        is_open &= options < counts[component, None]
        # The largest of independent uniform draws is at each open option with the same chance.
        drawn = np.where(is_open, rng.random(is_open.shape), -1.0).argmax(axis=1)
        carried_out = actions.copy()
        carried_out[world, power, component] = drawn
        return carried_out
