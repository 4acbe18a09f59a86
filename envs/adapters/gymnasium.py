"""One power of a game as a Gymnasium environment, the others played by strategies.

Registered by ``import counterpoise``: ``gymnasium.make("counterpoise/BurdenSharing-v0", power=0)``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.adapters.actions import row_and_writer
from counterpoise.envs.adapters.masks import SeatMask
from counterpoise.envs.adapters.others import Others, checked_power, play_others, resolve_others
from counterpoise.envs.adapters.render import RENDER_MODES, draw
from counterpoise.envs.adapters.settings import (
    Settings,
    checked_render_mode,
    episode_parameters,
    way_in_metadata,
)
from counterpoise.envs.engine.errors import LifecycleError
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.rollouts import Memories
from counterpoise.envs.engine.worlds import Worlds


class OnePower(gymnasium.Env[NDArray[np.float32], Any]):
    """One world in which you play one power.

    Parameters
    ----------
    game : str or Game
        The game, by name.
    power : int
        Your seat.
    others : str, Strategy or sequence of them
        Strategies of the other powers: one for all of them, or one for each in order of seats. A
        whole profile is accepted too; its strategy for your own seat is ignored. Names are those of
        `counterpoise.agents.named`: ``random``, ``equilibrium``, a doctrine, the folder of a
        learned policy.
    max_cycles : int, optional
        Number of steps after which the world is truncated; by default the game's own limit.
    render_mode : {"human", "ansi", "rgb_array"}, optional
    parameters : Parameters or mapping, optional
        The game's parameters, or changes to the defaults.
    scenario : str or path, optional
        A scenario of the game by name, or its file.
    action_style : str, optional
        Another kind of actions, where the game offers one.
    observe : sequence of str
        Parameters that the powers observe, beside those that the game marks as observed: a column
        each, or one for each power where every power has a value of its own.
    **changes
        Single parameters of the game by name.

    Notes
    -----
    One step is one phase of a year. In a phase in which the power does not move every option
    except 0 is masked, and any action has the effect of option 0.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 2}  # noqa: RUF012

    def __init__(
        self,
        game: str | Game,
        *,
        power: int = 0,
        others: Others = "random",
        max_cycles: int | None = None,
        render_mode: str | None = None,
        parameters: ParametersBase | Mapping[str, Any] | None = None,
        scenario: str | os.PathLike[str] | None = None,
        action_style: str | None = None,
        observe: Sequence[str] = (),
        **changes: Any,
    ) -> None:
        settings = Settings.resolve(
            game,
            scenario=scenario,
            parameters=parameters,
            style=action_style,
            observe=observe,
            changes=changes,
        )
        self.game, self.parameters = settings.game, settings.parameters
        self._shown_names = settings.names
        self.power = checked_power(power, self.parameters)
        self.metadata = way_in_metadata(self.game)
        self.render_mode = checked_render_mode(render_mode)
        self._worlds = Worlds(self.game, 1, self.parameters, max_cycles=max_cycles, autoreset=False)
        self._others_given = others
        self._others = resolve_others(others, self.game, self.parameters, self.power)
        self._memories: Memories = {}
        self._mask = SeatMask(self.game, self.power)
        own = self.game.observation_space(self._worlds.powers)
        self.observation_space = gymnasium.spaces.Box(own.low, own.high, dtype=np.float32)
        self.action_space = self.game.action_space(self.parameters, self.power)
        self._is_running = False
        self._has_begun = False

    @property
    def observation_names(self) -> list[str]:
        """The name of each column of an observation."""
        return self._worlds.observation_names

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode; options as in `CounterpoiseParallel.reset`."""
        super().reset(seed=seed)
        parameters = episode_parameters(self.game, self.parameters, options)
        if parameters != self._worlds.parameters[0]:
            self._worlds.set_parameters(parameters)
            self._others = resolve_others(self._others_given, self.game, parameters, self.power)
            bounds = self.game.action_space(parameters, self.power)
            if bounds != self.action_space:
                self.action_space = bounds
        self._worlds.reset(seed)
        self._is_running = self._has_begun = True
        if self.render_mode == "human":
            self.render()
        return self._observation(), self._info()

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Play one step: a year, or one phase of it.

        Raises
        ------
        ActionError
            If the action is of the wrong kind or shape, or outside its space.
        LifecycleError
            Before the first reset, and after the end.
        """
        if not self._is_running:
            raise LifecycleError(
                f"This episode of {self.game.name} is over: call reset() for the next one."
                if self._has_begun
                else "This world has not begun: call reset() before step()."
            )
        worlds = self._worlds
        row, write = row_and_writer(worlds, 0, self.power)
        write(row, action, f"power_{self.power}", self.game.role(self.power))
        play_others(worlds, self._others, self.np_random, self._memories)
        worlds.check()
        worlds.advance()
        terminated, truncated = worlds.terminated.item(), worlds.truncated.item()
        self._is_running = not (terminated or truncated)
        if self.render_mode == "human":
            self.render()
        reward = worlds.rewards.item(0, self.power)
        return self._observation(), reward, terminated, truncated, self._info()

    def _observation(self) -> NDArray[np.float32]:
        return np.array(self._worlds.observations[0, self.power])

    def _info(self) -> dict[str, Any]:
        if not self.game.is_discrete:
            return {}
        mask = self._worlds.masks[0, self.power].copy()
        return {"action_mask": self._mask.for_sampling(mask)}

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which options are open, in the form that `sb3_contrib.MaskablePPO` reads."""
        return self._mask.flat(self._worlds.masks[0, self.power]).astype(np.bool_)

    def state(self) -> NDArray[np.float32]:
        """Return the observations of all powers, joined, [powers * features]."""
        return np.array(self._worlds.state()[0])

    def render(self) -> Any:
        """Return a picture of the current state, or print it ("human")."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() does nothing without a render_mode.")
            return None
        if not self._has_begun:
            raise LifecycleError("This world has not begun: call reset() before render().")
        worlds = self._worlds
        return draw(
            self.render_mode, self.game, worlds.records[0], worlds.parameters[0], self._shown_names
        )
