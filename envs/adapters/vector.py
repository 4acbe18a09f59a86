"""One power of many worlds as a Gymnasium vector environment, stepped in one compiled call.

``gymnasium.make_vec("counterpoise/BurdenSharing-v0", num_envs=8)`` makes it. Row k is, number for
number, row k of Gymnasium's own `SyncVectorEnv` over `OnePower` with `AutoresetMode.SAME_STEP`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from counterpoise.envs.adapters.masks import SeatMask
from counterpoise.envs.adapters.others import Others, checked_power, play_others, resolve_others
from counterpoise.envs.adapters.render import RENDER_MODES, draw
from counterpoise.envs.adapters.settings import (
    Settings,
    checked_render_mode,
    episode_parameters,
    way_in_metadata,
)
from counterpoise.envs.engine.errors import ActionError, LifecycleError, ParameterError
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.rollouts import Memories
from counterpoise.envs.engine.worlds import Worlds


class OnePowerVector(gymnasium.vector.VectorEnv[NDArray[np.float32], NDArray[Any], Any]):
    """Many worlds in each of which you play the same power.

    A world that ends begins its next episode within the same step: `step` returns the first
    observation of the new episode, and ``infos["final_obs"]`` and ``infos["final_info"]`` hold the
    last of the old one, where ``infos["_final_obs"]`` is true.

    Parameters
    ----------
    game : str or Game
        The game, by name.
    num_envs : int
        The number of worlds.
    power, others, max_cycles, render_mode, parameters, scenario, action_style, observe, **changes
        As in `OnePower`. The strategies of the others decide for all worlds in one call.
    threads : int
        Number of threads; results do not depend on it.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": list(RENDER_MODES),
        "render_fps": 2,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(
        self,
        game: str | Game,
        num_envs: int = 1,
        *,
        power: int = 0,
        others: Others = "random",
        max_cycles: int | None = None,
        render_mode: str | None = None,
        parameters: ParametersBase | Mapping[str, Any] | None = None,
        scenario: str | os.PathLike[str] | None = None,
        action_style: str | None = None,
        observe: Sequence[str] = (),
        threads: int = 1,
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
        self.num_envs = num_envs
        self.metadata = {
            **way_in_metadata(self.game),
            "autoreset_mode": AutoresetMode.SAME_STEP,
        }
        self.render_mode = checked_render_mode(render_mode)
        # The worlds are reset here and not by themselves, because their last masks are returned.
        self._worlds = Worlds(
            self.game,
            num_envs,
            self.parameters,
            max_cycles=max_cycles,
            autoreset=False,
            threads=threads,
        )
        self._others_given = others
        self._others = resolve_others(others, self.game, self.parameters, self.power)
        self._memories: Memories = {}
        self._mask = SeatMask(self.game, self.power)
        own = self.game.observation_space(self._worlds.powers)
        self.single_observation_space = gymnasium.spaces.Box(own.low, own.high, dtype=np.float32)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._settle_actions(self.parameters)
        self._has_begun = False

    def _settle_actions(self, parameters: ParametersBase) -> None:
        single = self.game.action_space(parameters, self.power)
        if getattr(self, "single_action_space", None) != single:
            self.single_action_space = single
            self.action_space = batch_space(single, self.num_envs)

    @property
    def observation_names(self) -> list[str]:
        """The name of each column of an observation."""
        return self._worlds.observation_names

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode in every world.

        Parameters
        ----------
        seed : int or sequence of int or None, optional
            World ``k`` is seeded with ``seed + k``, or with the k-th of a sequence.
        options : dict, optional
            As in `CounterpoiseParallel.reset`; parameters hold until the next call of `reset`.
            ``"reset_mask"``, bool of shape [worlds], selects the worlds to reset.
        """
        worlds = self._worlds
        chosen = np.arange(self.num_envs)
        if options is not None and "reset_mask" in options:
            chosen = self._masked(options["reset_mask"])
        else:
            parameters = episode_parameters(self.game, self.parameters, options)
            if parameters != worlds.parameters[0]:
                worlds.set_parameters(parameters)
                self._others = resolve_others(self._others_given, self.game, parameters, self.power)
                self._settle_actions(parameters)
        seeds = self._seeds(seed, chosen)
        first = next((each for each in seeds if each is not None), None)
        super().reset(seed=first)
        if None not in seeds:
            worlds.reset(seeds, chosen)  # type: ignore[arg-type]
        else:
            worlds.reset(None, chosen)
            seeded = [k for k in range(len(seeds)) if seeds[k] is not None]
            if seeded:
                worlds.reset([seeds[k] or 0 for k in seeded], chosen[seeded])
        self._has_begun = True
        return self._observations(), self._infos(chosen)

    def _seeds(
        self, seed: int | Sequence[int | None] | None, chosen: NDArray[np.int64]
    ) -> list[int | None]:
        if seed is None:
            return [None] * len(chosen)
        if isinstance(seed, int | np.integer):
            return [int(seed) + k for k in chosen.tolist()]
        if len(seed) != self.num_envs:
            raise ParameterError(
                f"{len(seed)} seeds for {self.num_envs} worlds: give one, or one each."
            )
        return [seed[k] for k in chosen.tolist()]

    def _masked(self, mask: Any) -> NDArray[np.int64]:
        mask = np.asarray(mask)
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_ or not mask.any():
            raise ParameterError(
                f"reset_mask must be a boolean array of shape ({self.num_envs},) with at least one "
                f"True, not {mask!r}."
            )
        return np.flatnonzero(mask)

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[
        NDArray[np.float32],
        NDArray[np.float64],
        NDArray[np.bool_],
        NDArray[np.bool_],
        dict[str, Any],
    ]:
        """Play one step in every world.

        Parameters
        ----------
        actions : array_like, [worlds] for one choice, else [worlds, components]
            In the game's own units.
        """
        if not self._has_begun:
            raise LifecycleError("These worlds have not begun: call reset() before step().")
        worlds = self._worlds
        self._write(actions)
        play_others(worlds, self._others, self.np_random, self._memories)
        worlds.check()
        worlds.advance()
        rewards = worlds.rewards[:, self.power].copy()
        terminated, truncated = worlds.terminated.copy(), worlds.truncated.copy()
        ended = np.flatnonzero(terminated | truncated)
        infos: dict[str, Any] = {}
        if len(ended):
            infos = self._final(ended)
            worlds.reset(worlds=ended)
        infos |= self._infos(np.arange(self.num_envs))
        return self._observations(), rewards, terminated, truncated, infos

    def _write(self, actions: Any) -> None:
        given = np.asarray(actions)
        width = len(self.game.role(self.power).actions)
        kinds = "iu" if self.game.is_discrete else "fiu"
        if given.shape != self.action_space.shape or given.dtype.kind not in kinds:
            raise ActionError(
                f"power_{self.power}'s actions must be of shape {self.action_space.shape}, "
                f"{'whole numbers' if self.game.is_discrete else 'numbers'}; not of shape "
                f"{given.shape}, {given.dtype}."
            )
        self._worlds.actions[:, self.power, :width] = given.reshape(self.num_envs, width)

    def _observations(self) -> NDArray[np.float32]:
        return self._worlds.observations[:, self.power].copy()

    def _infos(self, chosen: NDArray[np.int64]) -> dict[str, Any]:
        """Return the masks of some worlds in the manner of Gymnasium's vector infos."""
        if not self.game.is_discrete:
            return {}
        has_mask = np.zeros(self.num_envs, np.bool_)
        has_mask[chosen] = True
        own = self._worlds.masks[:, self.power]
        if len(self.game.role(self.power).actions) == 1:
            masks = np.where(has_mask[:, None], self._mask.flat(own), np.int8(0))
        else:
            masks = np.full(self.num_envs, None, object)
            for world in chosen:
                masks[world] = self._mask.for_sampling(own[world].copy())
        return {"action_mask": masks, "_action_mask": has_mask}

    def _final(self, ended: NDArray[np.int64]) -> dict[str, Any]:
        observations = np.full(self.num_envs, None, object)
        for world in ended:
            observations[world] = self._worlds.observations[world, self.power].copy()
        has_ended = np.zeros(self.num_envs, np.bool_)
        has_ended[ended] = True
        return {
            "final_obs": observations,
            "_final_obs": has_ended,
            "final_info": self._infos(ended),
            "_final_info": has_ended.copy(),
        }

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which options are open to the power, [worlds, options]."""
        return self._mask.flat(self._worlds.masks[:, self.power]).astype(np.bool_)

    def render(self) -> tuple[Any, ...] | None:
        """Return a picture of every world's current state, or print them ("human")."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() does nothing without a render_mode.")
            return None
        if not self._has_begun:
            raise LifecycleError("These worlds have not begun: call reset() before render().")
        return tuple(
            draw(
                self.render_mode,
                self.game,
                record,
                self._worlds.parameters[0],
                self._shown_names,
            )
            for record in self._worlds.records
        )

    def close_extras(self, **kwargs: Any) -> None:
        """End the worlds' threads."""
        self._worlds.close()
