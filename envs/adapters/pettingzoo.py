"""PettingZoo: a `ParallelEnv` over one world of any game.

The versioned modules (`counterpoise.envs.burden_sharing_v0` and so on) offer `parallel_env`, `env`
(the same as an `AECEnv`) and `raw_env`, as PettingZoo's users expect.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import gymnasium
import numpy as np
import pettingzoo
from numpy import ndarray
from numpy.typing import NDArray
from pettingzoo.utils.conversions import parallel_to_aec

from counterpoise.envs.adapters.actions import Writer, row_and_writer
from counterpoise.envs.adapters.masks import SeatMask
from counterpoise.envs.adapters.render import draw
from counterpoise.envs.adapters.settings import (
    Settings,
    checked_max_cycles,
    checked_render_mode,
    episode_parameters,
    way_in_metadata,
)
from counterpoise.envs.engine.errors import ActionError, LifecycleError, ParameterError
from counterpoise.envs.engine.game import Game, Role
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.worlds import Worlds

ONE = (1,)
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
INTEGERS = frozenset({int, np.int64})

Observation = Any
"""One power's float32 vector, or ``{"observation", "action_mask"}``."""


class CounterpoiseParallel(pettingzoo.ParallelEnv[str, Any, Any]):  # type: ignore[misc]
    """One world of a game in which all powers decide at the same time.

    Parameters
    ----------
    game : str or Game
        The game, by name.
    max_cycles : int, optional
        Number of steps after which the world is truncated; by default the game's own limit. The
        attribute can be assigned and takes effect at the next reset.
    render_mode : {"human", "ansi", "rgb_array"}, optional
        Form of the picture that `render` returns; "human" prints it at every step.
    observation : {"flat", "dict"}
        Form of an observation: a flat vector, or ``{"observation", "action_mask"}`` (games of
        choices only). In games of choices ``infos[power]["action_mask"]`` has the mask in both.
    parameters : Parameters or mapping, optional
        The game's parameters, or changes to the defaults.
    scenario : str or path, optional
        A scenario of the game by name, or its file.
    action_style : str, optional
        Another kind of actions, where the game offers one, such as "continuous" in
        `grand_strategy`.
    observe : sequence of str
        Parameters that the powers observe, beside those that the game marks as observed: a column
        each, or one for each power where every power has a value of its own.
    **changes
        Single parameters of the game by name, such as ``fear=0.9``.

    Notes
    -----
    Actions are in the game's own units. An action outside its space raises an `ActionError` before
    the world moves; nothing is clipped. A closed option (mask 0) has the effect of option 0. After
    the end ``step({})`` returns empty dicts.
    """

    def __init__(
        self,
        game: str | Game,
        *,
        max_cycles: int | None = None,
        render_mode: str | None = None,
        observation: Literal["flat", "dict"] = "flat",
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
        if observation not in ("flat", "dict"):
            raise ParameterError(f"observation must be 'flat' or 'dict', not {observation!r}.")
        if observation == "dict" and not self.game.is_discrete:
            raise ParameterError(
                f"The actions of {self.game.name} are amounts and have no mask: observation='dict' "
                "is for games of choices."
            )
        self.metadata = way_in_metadata(self.game)
        self.render_mode = checked_render_mode(render_mode)
        self._observation = observation
        self._is_flat = observation == "flat"
        self._is_discrete = self.game.is_discrete
        self._worlds = Worlds(self.game, 1, self.parameters, max_cycles=max_cycles, autoreset=False)
        self.max_cycles = self._worlds.max_cycles
        self.possible_agents = self.game.agent_names(self._worlds.powers)
        self.agents: list[str] = []
        self._has_begun = False
        self._masks = [SeatMask(self.game, power) for power in range(self._worlds.powers)]
        self._observation_spaces = self._make_observation_spaces()
        self.state_space = _joint(self.game.observation_space(self._worlds.powers), self.num_powers)
        self._action_spaces_by_bounds: dict[bytes, list[gymnasium.Space[Any]]] = {}
        self._settle()

    @property
    def num_powers(self) -> int:
        """The number of powers."""
        return self._worlds.powers

    @property
    def observation_names(self) -> list[str]:
        """The name of each column of an observation."""
        return self._worlds.observation_names

    @property
    def record(self) -> np.record:
        """The current state: a copy of the world's record, whose fields have names."""
        self._require_begun("record")
        record: np.record = self._worlds.records[0].copy()
        return record

    # -- spaces ----------------------------------------------------------------------------------

    def _make_observation_spaces(self) -> dict[str, gymnasium.Space[Any]]:
        flat = self.game.observation_space(self._worlds.powers)
        spaces: dict[str, gymnasium.Space[Any]] = {}
        for agent, mask in zip(self.possible_agents, self._masks, strict=True):
            # One object per power, so that seeding one does not seed the others.
            own: gymnasium.Space[Any] = gymnasium.spaces.Box(flat.low, flat.high, dtype=np.float32)
            if self._observation == "dict":
                own = gymnasium.spaces.Dict({"observation": own, "action_mask": mask.space()})
            spaces[agent] = own
        return spaces

    def observation_space(self, agent: str) -> gymnasium.Space[Any]:
        """Return the space of a power's observation; the same object at every call."""
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        """Return the space of a power's action; the same object while its bounds are the same.

        Bounds change only if the options of a reset change a parameter that bounds an amount.
        """
        return self._action_spaces[agent]

    def _settle(self) -> None:
        """Look up the arrays of the worlds, which are allocated anew with new parameters."""
        worlds = self._worlds
        key = worlds.action_low.tobytes() + worlds.action_high.tobytes()
        if key not in self._action_spaces_by_bounds:
            parameters = worlds.parameters[0]
            self._action_spaces_by_bounds[key] = [
                self.game.action_space(parameters, power) for power in range(worlds.powers)
            ]
        spaces = self._action_spaces_by_bounds[key]
        self._action_spaces = dict(zip(self.possible_agents, spaces, strict=True))
        self._places = [
            _Place(agent, *row_and_writer(worlds, 0, power), self.game.role(power))
            for power, agent in enumerate(self.possible_agents)
        ]
        # Looked up once for all steps; the short cut is for actions of one component.
        self._singles = worlds.actions[0, :, 0]
        bounds = np.array([worlds.action_low[0, :, 0], worlds.action_high[0, :, 0]])
        low, high = bounds.astype(worlds.actions.dtype).tolist()
        self._bounds = list(zip(self.possible_agents, low, high, strict=True))
        self._take_plain: Callable[[Mapping[str, Any]], bool] = _take_nothing
        if self.game.action_width == 1:
            self._take_plain = self._take_choices if self._is_discrete else self._take_amounts
        self._terminated, self._truncated = worlds.terminated, worlds.truncated
        self._observations = worlds.observations[0]
        self._rows = list(zip(self.possible_agents, self._observations, strict=True))
        self._rewards = worlds.rewards[0]
        self._open = worlds.masks[0]
        self._advance = worlds.prepared_advance()

    # -- time ------------------------------------------------------------------------------------

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Begin an episode.

        Parameters
        ----------
        seed : int, optional
            Without it the sequence of random numbers continues.
        options : mapping, optional
            ``{"parameters": {...}}`` changes parameters, ``{"scenario": name}`` takes those of a
            scenario, both for this episode only. The number of powers cannot change. Other keys are
            ignored.

        Returns
        -------
        observations, infos : dict
            By power.
        """
        worlds = self._worlds
        parameters = episode_parameters(self.game, self.parameters, options)
        max_cycles = checked_max_cycles(self.max_cycles)
        standing = worlds.parameters[0]
        is_new = parameters is not standing and parameters != standing
        if is_new or max_cycles != worlds.max_cycles:
            worlds.max_cycles = max_cycles
            worlds.set_parameters(parameters)
            self._settle()
        worlds.reset(seed)
        self._has_begun = True
        self.agents = self.possible_agents[:]
        if self.render_mode == "human":
            self.render()
        infos = self._infos()
        return self._seen(), infos

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[
        dict[str, Observation],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """Play one step: a year, or one phase of it.

        Parameters
        ----------
        actions : mapping
            One action for every power, in the game's own units.

        Returns
        -------
        observations, rewards, terminations, truncations, infos : dict
            By power. All powers end together.

        Raises
        ------
        ActionError
            If an action is missing, of the wrong kind or shape, or outside its space.
        LifecycleError
            Before the first reset, and after the end unless `actions` is empty.
        """
        if not self.agents:
            return self._step_at_rest(actions)
        agents = self.agents
        try:
            is_taken = len(actions) == len(agents) and self._take_plain(actions)
        except (KeyError, TypeError):
            is_taken = False
        if not is_taken:
            self._take(actions)
        self._advance()
        terminated = self._terminated.item()
        truncated = self._truncated.item()
        if terminated or truncated:
            self.agents = []
        if self.render_mode == "human":
            self.render()
        infos = self._infos()
        return (
            self._seen(),
            dict(zip(agents, self._rewards.tolist())),  # noqa: B905 - `strict` takes 0.4 us
            dict.fromkeys(agents, terminated),
            dict.fromkeys(agents, truncated),
            infos,
        )

    def _take_amounts(self, actions: Mapping[str, Any]) -> bool:
        """Write one amount per power if all are plain arrays: a short cut past `_take`."""
        row = self._singles
        for power, (agent, low, high) in enumerate(self._bounds):
            action = actions[agent]
            if type(action) is not ndarray or action.shape != ONE:
                return False
            kind = action.dtype
            if kind is not FLOAT32 and kind is not FLOAT64:
                return False
            amount = action.item()
            if not low <= amount <= high:
                return False
            row[power] = amount
        return True

    def _take_choices(self, actions: Mapping[str, Any]) -> bool:
        """Write one choice per power if all are plain numbers: a short cut past `_take`."""
        row = self._singles
        for power, (agent, _, last) in enumerate(self._bounds):
            action = actions[agent]
            if type(action) not in INTEGERS:
                return False
            choice = int(action)
            if not 0 <= choice <= last:
                return False
            row[power] = choice
        return True

    def _take(self, actions: Mapping[str, Any]) -> None:
        """Write every power's action of any accepted kind, or raise the error that explains it."""
        try:
            for agent, row, write, role in self._places:
                write(row, actions[agent], agent, role)
        except (KeyError, TypeError):
            raise self._unreadable(actions) from None
        if len(actions) != len(self._places):
            raise self._unreadable(actions)
        self._worlds.check()

    def _seen(self) -> dict[str, Observation]:
        if self._is_flat:
            return {agent: row.copy() for agent, row in self._rows}
        masks = self._open.copy()
        return {
            agent: {"observation": row.copy(), "action_mask": own.kept_for_sampling(mask)}
            for (agent, row), own, mask in zip(self._rows, self._masks, masks, strict=True)
        }

    def _infos(self) -> dict[str, dict[str, Any]]:
        if not self._is_discrete:
            return {agent: {} for agent in self.possible_agents}
        masks = self._open.copy()
        return {
            agent: {"action_mask": own.kept_for_sampling(mask)}
            for agent, own, mask in zip(self.possible_agents, self._masks, masks)  # noqa: B905
        }

    def _step_at_rest(self, actions: Mapping[str, Any]) -> tuple[Any, Any, Any, Any, Any]:
        self._require_begun("step()")
        if actions:
            raise LifecycleError(
                f"This episode of {self.game.name} is over: call reset() for the next one."
            )
        return {}, {}, {}, {}, {}

    def _require_begun(self, what: str) -> None:
        if not self._has_begun:
            raise LifecycleError(f"This world has not begun: call reset() before {what}.")

    def _unreadable(self, actions: Any) -> ActionError:
        if not isinstance(actions, Mapping):
            return ActionError(
                f"Actions are a mapping of {self.agents[0]}, … to each one's action; not a "
                f"{type(actions).__name__}."
            )
        missing = [agent for agent in self.agents if agent not in actions]
        if missing:
            return ActionError(f"No action for {', '.join(missing)}: every power needs one.")
        extra = [str(name) for name in actions if name not in self.agents]
        return ActionError(
            f"Actions for {', '.join(extra)}, who take no part: expected {', '.join(self.agents)}."
        )

    # -- looking ---------------------------------------------------------------------------------

    def state(self) -> NDArray[np.float32]:
        """Return the observations of all powers, for centralised critics, [powers * features]."""
        self._require_begun("state()")
        return np.array(self._observations.reshape(-1))

    def action_masks(self, agent: str) -> NDArray[np.bool_]:
        """Return which options are open to a power, its choices one after another."""
        power = self.possible_agents.index(agent)
        return self._masks[power].flat(self._open[power]).astype(np.bool_)

    def render(self) -> str | NDArray[np.uint8] | None:
        """Return a picture of the current state, or print it ("human")."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() does nothing without a render_mode.")
            return None
        self._require_begun("render()")
        worlds = self._worlds
        return draw(
            self.render_mode, self.game, worlds.records[0], worlds.parameters[0], self._shown_names
        )

    def close(self) -> None:
        """Do nothing: there are no resources to release."""

    def __getstate__(self) -> dict[str, Any]:
        return {
            "game": self.game,
            "settings": dict(
                max_cycles=self.max_cycles,
                render_mode=self.render_mode,
                observation=self._observation,
                parameters=self.parameters,
            ),
            "shown_names": self._shown_names,
            "cut_off_at": self._worlds.max_cycles,
            "agents": self.agents,
            "snapshot": self._worlds.copy() if self._has_begun else None,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        CounterpoiseParallel.__init__(self, state["game"], **state["settings"])
        self._shown_names = state["shown_names"]
        self._worlds.max_cycles = state["cut_off_at"]
        snapshot = state["snapshot"]
        if snapshot is not None:
            self._worlds.set_parameters(snapshot.parameters)
            self._worlds.restore(snapshot)
            self._has_begun = True
        self.agents = list(state["agents"])
        self._settle()

    def __str__(self) -> str:
        return f"{self.game.name}_v{self.game.version}"


def _take_nothing(actions: Mapping[str, Any]) -> bool:
    return False


class _Place(NamedTuple):
    agent: str
    row: NDArray[Any]
    write: Writer
    role: Role


def _joint(own: gymnasium.spaces.Box, powers: int) -> gymnasium.spaces.Box:
    return gymnasium.spaces.Box(
        np.tile(own.low, powers), np.tile(own.high, powers), dtype=np.float32
    )


# -- entry points --------------------------------------------------------------------------------


def parallel_env(game: str | Game, **settings: Any) -> CounterpoiseParallel:
    """Return a game as a PettingZoo `ParallelEnv`; settings as of `CounterpoiseParallel`."""
    return CounterpoiseParallel(game, **settings)


def env(game: str | Game, **settings: Any) -> Any:
    """Return a game as a PettingZoo `AECEnv`, the powers acting in order of seats."""
    return parallel_to_aec(CounterpoiseParallel(game, **settings))
