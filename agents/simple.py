"""Strategies for every game: a constant action, and strategies with some choices fixed."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import ActionError
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.strategy import Strategy


class Constant(Strategy):
    """Takes the same action in every year.

    Parameters
    ----------
    game : Game
    parameters : Parameters
    power : int
    action : array_like, [components]
        In the game's units; option numbers for choices. Option 0 replaces a closed option.

    Raises
    ------
    ActionError
        If the action is outside the power's action space.
    """

    name = "constant"

    def __init__(
        self,
        game: Game,
        parameters: ParametersBase,
        power: int,
        action: NDArray[np.float64] | list[float] | float,
    ) -> None:
        game = game.seated(parameters.powers)
        kind = np.int64 if game.is_discrete else np.float64
        self._action: NDArray[Any] = np.zeros(game.action_width, kind)
        given = np.atleast_1d(np.asarray(action, np.float64))
        if len(given) > game.action_width:
            raise ActionError(f"{len(given)} components; {game.name} has {game.action_width}.")
        self._action[: len(given)] = given
        low, high = game.action_bounds(np.array([parameters.to_record()]), parameters.powers)
        if ((given < low[0, power, : len(given)]) | (given > high[0, power, : len(given)])).any():
            raise ActionError(
                f"{given.tolist()} is outside power_{power}'s bounds {low[0, power].tolist()} to "
                f"{high[0, power].tolist()}."
            )
        self._first_option = np.cumsum((0, *game.choice_counts))[:-1]
        self._is_discrete = game.is_discrete

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return the same action for every row, [n, components]."""
        actions: NDArray[Any] = np.repeat(self._action[None], len(observations), axis=0)
        if self._is_discrete:
            is_open = masks[:, self._first_option + self._action] == 1
            actions = np.where(is_open, actions, 0)
        return actions


class Changed(Strategy, abc.ABC):
    """Plays another strategy, some of whose actions are then changed.

    Parameters
    ----------
    strategy : Strategy
        The other strategy.
    how : str
        What is changed, for the name.
    """

    def __init__(self, strategy: Strategy, how: str) -> None:
        self.name = f"{strategy.name}, {how}"
        self.is_random, self.memory = strategy.is_random, strategy.memory
        self._strategy = strategy

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return the other strategy's actions with the changes, [n, components]."""
        actions: NDArray[Any] = self._strategy.act(observations, masks, rng)
        self.change(actions, masks, rng)
        return actions

    def act_with_memory(
        self,
        observations: NDArray[np.float32],
        masks: NDArray[np.int8],
        rng: np.random.Generator,
        memory: NDArray[np.float32],
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return the other strategy's actions with the changes, [n, components]."""
        actions: NDArray[Any] = self._strategy.act_with_memory(observations, masks, rng, memory)
        self.change(actions, masks, rng)
        return actions

    @abc.abstractmethod
    def change(
        self, actions: NDArray[Any], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> None:
        """Change actions in place, [n, components]."""


class Holding(Changed):
    """Plays another strategy, except that one choice is fixed while its option is open.

    Parameters
    ----------
    game : Game
        A game whose actions are choices.
    strategy : Strategy
        The other strategy.
    component : int
        Number of the fixed choice.
    option : int
        The option that it always takes.
    """

    def __init__(self, game: Game, strategy: Strategy, component: int, option: int) -> None:
        super().__init__(strategy, "one choice fixed")
        self._component, self._option = component, option
        self._place = int(sum(game.choice_counts[:component])) + option

    def change(
        self, actions: NDArray[Any], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> None:
        """Fix the one choice where its option is open."""
        actions[masks[:, self._place] == 1, self._component] = self._option


class HoldingInTurn(Changed):
    """Plays another strategy in blocks of worlds, in each of which another choice is fixed.

    It must be asked for all worlds at once, in their order: see `choose`.

    Parameters
    ----------
    game : Game
        A game whose actions are choices.
    strategy : Strategy
        The other strategy.
    held : sequence of (int, int)
        Of each block, the number of the fixed choice and the option that it always takes where that
        is open.
    """

    def __init__(self, game: Game, strategy: Strategy, held: Sequence[tuple[int, int]]) -> None:
        super().__init__(strategy, "one choice fixed")
        self._blocks = [Holding(game, strategy, component, option) for component, option in held]

    def change(
        self, actions: NDArray[Any], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> None:
        """Fix each block's choice."""
        # Views of the actions, which each block changes in place.
        blocks: list[NDArray[Any]] = np.split(actions, len(self._blocks))
        open_options = np.split(masks, len(self._blocks))
        for holding, own, own_masks in zip(self._blocks, blocks, open_options, strict=True):
            holding.change(own, own_masks, rng)


class HoldingAll(Changed):
    """Plays another strategy, except that a choice is fixed towards all powers at once.

    Parameters
    ----------
    game : Game
        A game whose actions are choices, for a number of powers.
    strategy : Strategy
        The other strategy.
    held : sequence of (int, sequence of int)
        Numbers of the fixed choices, each with the options that it is confined to. Where one of
        these is open, it is taken: the one that `strategy` takes or, if it takes none of them, one
        drawn with equal probabilities.
    """

    def __init__(
        self, game: Game, strategy: Strategy, held: Sequence[tuple[int, Sequence[int]]]
    ) -> None:
        super().__init__(strategy, "a choice fixed")
        self.is_random = True
        first = np.cumsum((0, *game.choice_counts))
        self._held = [
            (component, np.asarray(options), first[component] + np.asarray(options))
            for component, options in held
        ]

    def change(
        self, actions: NDArray[Any], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> None:
        """Fix the choice."""
        for component, options, places in self._held:
            is_open = masks[:, places] == 1
            is_own = is_open & (actions[:, component, None] == options)
            # An option of its own goes before all draws.
            drawn = is_open * rng.random(is_open.shape) + is_own
            rows = is_open.any(axis=1)
            actions[rows, component] = options[drawn.argmax(axis=1)[rows]]


class Preferring(Changed):
    """Plays another strategy, except that some choices take the first open option of a list.

    Parameters
    ----------
    game : Game
        A game whose actions are choices, seated.
    strategy : Strategy
        The other strategy.
    preferred : mapping of int to sequence of int
        Number of a choice, and its options in order of preference. Where none of them is open, the
        other strategy's choice stands.
    """

    def __init__(
        self, game: Game, strategy: Strategy, preferred: Mapping[int, Sequence[int]]
    ) -> None:
        super().__init__(strategy, "some choices fixed")
        # The most preferred option comes last and overwrites the others.
        self._rules = [
            Holding(game, strategy, component, option)
            for component, options in preferred.items()
            for option in reversed(options)
        ]

    def change(
        self, actions: NDArray[Any], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> None:
        """Set the choices to the preferred options."""
        for rule in self._rules:
            rule.change(actions, masks, rng)
