"""`Worlds`: many running copies of one game, stepped together."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from counterpoise.envs.engine.compilation import is_compiled
from counterpoise.envs.engine.errors import ActionError, LifecycleError, ParameterError
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase, column_values
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.world import CUT_OFF, ENDED

CHUNK = 1_024


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The state of some worlds at one moment; see `Worlds.copy` and `Worlds.restore`."""

    game: str
    records: NDArray[Any]
    parameters: tuple[ParametersBase, ...]


class Worlds:
    """Many worlds of one game in preallocated arrays.

    World ``k`` of a batch with seed ``s`` is, bit for bit, the single environment reset with seed
    ``s + k``, whatever the number of worlds or threads.

    Parameters
    ----------
    game : str or Game
        The game, by name.
    count : int
        The number of worlds.
    parameters : Parameters, mapping, or a sequence of `count` of them
        Parameters of the worlds; a sequence gives each world its own. The number of powers is the
        same in all worlds.
    max_cycles : int, optional
        Number of steps after which a world is truncated; by default the game's own limit.
    autoreset : bool
        Whether a world that ends begins its next episode within the same step; its last
        observation is then in `final_observations`. Otherwise it stays as it is, at zero reward.
    threads : int
        Number of threads; results do not depend on it.

    Attributes
    ----------
    observations : ndarray of float32, [count, powers, features]
    rewards : ndarray of float64, [count, powers]
    terminated, truncated : ndarray of bool, [count]
    final_observations : ndarray of float32, [count, powers, features]
    masks : ndarray of int8, [count, powers, options]
        Which options are open; of width 0 in games of amounts.
    action_low, action_high : ndarray of float64, [count or 1, powers, components]
        Bounds of the actions; one row where all worlds have the same parameters.
    actions : ndarray, [count, powers, components]
        What `advance` plays: amounts (float64) or the options' numbers (int64). `write` fills it;
        an adapter that fills it by itself calls `check` afterwards.
    records : numpy record array, [count]
        The worlds themselves, one record each. After a change by hand call `observe`.

    The next step overwrites the arrays: copy what you want to keep.
    """

    def __init__(
        self,
        game: str | Game,
        count: int,
        parameters: Any = None,
        *,
        max_cycles: int | None = None,
        autoreset: bool = True,
        threads: int = 1,
    ) -> None:
        self.game = game_named(game) if isinstance(game, str) else game
        if count < 1:
            raise ParameterError(f"The number of worlds must be at least 1, not {count}.")
        if threads < 1:
            raise ParameterError(f"The number of threads must be at least 1, not {threads}.")
        self.count = count
        self.autoreset = autoreset
        self.threads = min(threads, os.cpu_count() or 1)
        self._step: Callable[[], None] | None = None
        self.max_cycles = self.game.default_max_cycles if max_cycles is None else max_cycles
        if self.max_cycles < 1:
            raise ParameterError(f"max_cycles must be at least 1, not {max_cycles}.")
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None
        self._is_reset = False
        self._is_seeded = False
        self._allocate(self._as_parameters(parameters))

    # -- parameters ------------------------------------------------------------------------------

    def _as_parameters(self, parameters: Any) -> tuple[ParametersBase, ...]:
        kind = self.game.parameters
        given = (
            list(parameters)
            if isinstance(parameters, Sequence) and not isinstance(parameters, str)
            else [parameters]
        )
        made = tuple(as_parameters(kind, each) for each in given)
        if len(made) not in (1, self.count):
            raise ParameterError(
                f"{len(made)} sets of parameters for {self.count} worlds: give one, or one a world."
            )
        sizes = {each.powers for each in made}
        if len(sizes) > 1:
            raise ParameterError(
                f"Worlds of one batch have one number of powers, not {sorted(sizes)}."
            )
        return made

    def _allocate(self, parameters: tuple[ParametersBase, ...]) -> None:
        game, count = self.game, self.count
        self.powers = parameters[0].powers
        self.parameters = parameters
        self.game = game = game.seated(self.powers)
        unique = np.array([each.to_record() for each in parameters], game.parameters.dtype)
        # One record, or one per world: a shared record stays in the processor's cache.
        self.parameter_records = unique
        self.action_low, self.action_high = game.action_bounds(unique, self.powers)
        self._names = game.observation_names(self.powers)
        shape = (count, self.powers, len(self._names))
        self.observations = np.zeros(shape, np.float32)
        self.final_observations = np.zeros(shape, np.float32)
        seen = column_values(game.observed_parameters, unique, self.powers)
        own = len(self._names) - seen.shape[1]
        self.observations[:, :, own:] = seen[:, None, :]
        self.final_observations[:, :, own:] = seen[:, None, :]
        self.rewards = np.zeros((count, self.powers))
        self.terminated = np.zeros(count, np.bool_)
        self.truncated = np.zeros(count, np.bool_)
        self.outer_masks = game.outer_mask(self.powers)
        self.masks = np.ones((count, self.powers, game.mask_width), np.int8)
        self._counts = np.array(game.choice_counts if game.is_discrete else (), np.int64)
        kind = np.int64 if game.is_discrete else np.float64
        self.actions = np.zeros((count, self.powers, game.action_width), kind)
        if game.is_discrete:
            self._low: NDArray[Any] = self.action_low.astype(np.int64)
            self._high: NDArray[Any] = self.action_high.astype(np.int64)
        else:
            self._low, self._high = self.action_low, self.action_high
        self.records = np.zeros(count, game.world)
        self.records["powers"] = self.powers
        self._step = None

    def set_parameters(self, parameters: Any) -> None:
        """Give the worlds other parameters; they must be reset before the next step.

        Seeds and the count of episodes are kept.
        """
        made = self._as_parameters(parameters)
        before = self.records
        self._is_reset = False
        self._allocate(made)
        for field in ("seed", "episode"):
            self.records[field] = before[field]

    @property
    def observation_names(self) -> list[str]:
        """The name of each column of an observation."""
        return list(self._names)

    # -- time ------------------------------------------------------------------------------------

    def reset(
        self,
        seed: int | ArrayLike | None = None,
        worlds: int | slice | ArrayLike = slice(None),
    ) -> NDArray[np.float32]:
        """Begin an episode in every world, or in some of them.

        Parameters
        ----------
        seed : int or array_like of int, optional
            World ``k`` is seeded with ``seed + k``; an array has one seed for each chosen world.
            Without a seed the worlds begin their next episode; if they never had one, it is taken
            from the operating system.
        worlds : int, slice or array_like of int
            Worlds to reset; all by default. The first reset has to be of all.

        Returns
        -------
        ndarray of float32, [count, powers, features]
        """
        is_everyone = isinstance(worlds, slice) and worlds == slice(None)
        chosen: Any = worlds if is_everyone else self._chosen(worlds)
        if not self._is_reset and not is_everyone and len(np.unique(chosen)) < self.count:
            raise LifecycleError("These worlds have not begun: reset all of them first.")
        if seed is None and not self._is_seeded:
            seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
        if seed is None:
            self.records["episode"][chosen] += np.uint64(1)
        else:
            self.records["seed"][chosen] = _seeds(seed, self._chosen(chosen))
            self.records["episode"][chosen] = 0
        self.terminated[chosen] = False
        self.truncated[chosen] = False
        self.rewards[chosen] = 0.0
        self._is_reset = self._is_seeded = True
        begin = self.game.driver.begin_worlds
        arrays = (self.observations, self.masks, self.outer_masks)
        if is_everyone or np.array_equal(chosen, np.arange(self.count)):
            self._run(begin, *arrays)
        else:
            for world in chosen.tolist():
                self._run(begin, *arrays, first=world, last=world + 1)
        return self.observations

    def step(self, actions: ArrayLike) -> NDArray[np.float64]:
        """Play one step in every world.

        Parameters
        ----------
        actions : array_like, [count, powers, components]
            In the game's own units. A single component may leave out the last axis.

        Returns
        -------
        ndarray of float64, [count, powers]
            The rewards; everything else is in the attributes.

        Raises
        ------
        ActionError
            If an entry is not a number or outside its bounds; no world has then moved.
        LifecycleError
            If the worlds were never reset.
        """
        self.write(actions)
        self.advance()
        return self.rewards

    def write(self, actions: ArrayLike) -> None:
        """Check the actions of all powers and store them in `actions` for `advance`.

        Parameters
        ----------
        actions : array_like, [count, powers, components]
            As in `step`.

        Raises
        ------
        ActionError
            If an entry is not a number or outside its bounds.
        """
        given = np.asarray(actions)
        wanted = self.actions.shape
        if given.shape != wanted:
            if given.shape == wanted[:-1] and wanted[-1] == 1:
                given = given[..., None]
            else:
                raise ActionError(
                    f"Actions have the shape {given.shape}; expected {wanted}: worlds, powers, "
                    "components."
                )
        if given.dtype.kind not in "fiub":
            raise ActionError(f"Actions are numbers, not {given.dtype}.")
        is_choice = self.game.is_discrete
        if is_choice and given.dtype.kind == "f" and not np.array_equal(given, np.floor(given)):
            raise ActionError("Choices are whole numbers; a fraction or NaN was given.")
        np.copyto(self.actions, given, casting="unsafe")
        self.check()

    def check(self) -> None:
        """Check that `actions` lie within their bounds; needed after writing to the array itself.

        Raises
        ------
        ActionError
            If an entry is outside its bounds; the message names power and component.
        """
        wrong = self.game.driver.find_illegal(self.actions, self._low, self._high)
        if wrong >= 0:
            world, power, component = np.unravel_index(wrong, self.actions.shape)
            raise self._illegal(int(world), int(power), int(component))

    def _illegal(self, world: int, power: int, component: int) -> ActionError:
        row = world if len(self.action_low) > 1 else 0
        low = self.action_low[row, power, component]
        high = self.action_high[row, power, component]
        parts = self.game.role(power).actions
        part = parts[component].name if component < len(parts) else "padding"
        kind = "a whole number" if self.game.is_discrete else "a number"
        where = f" in world {world}" if self.count > 1 else ""
        return ActionError(
            f"power_{power}'s {part!r}{where} is "
            f"{self.actions[world, power, component]!s}; expected {kind} from {low:g} to {high:g}."
        )

    def advance(self) -> None:
        """Play one step in every world with the stored `actions`.

        Raises
        ------
        LifecycleError
            If the worlds were never reset, or have had other parameters since.
        """
        step = self._step
        if step is None:
            if not self._is_reset:
                raise LifecycleError("These worlds have not begun: call reset() before step().")
            step = self._step = self.prepared_advance()
        step()

    def observe(self) -> None:
        """Write `observations` and `masks` anew, after a change of `records` by hand."""
        self._run(self.game.driver.observe_worlds, self.observations, self.masks, self.outer_masks)

    def prepared_advance(self) -> Callable[[], None]:
        """Return `advance` with everything looked up, for worlds that have been reset.

        It holds until parameters or `max_cycles` change, and saves a single world a quarter of its
        time.
        """
        arguments = (
            self.actions,
            self.observations,
            self.rewards,
            self.terminated,
            self.truncated,
            self.final_observations,
            self.masks,
            self.outer_masks,
            self._counts,
            self.max_cycles,
            self.autoreset,
        )
        step_worlds = self.game.driver.step_worlds
        if not is_compiled() or (self.threads > 1 and self.count > CHUNK):
            return functools.partial(self._run, step_worlds, *arguments)
        arrays = (self.records, self.parameter_records)
        return functools.partial(step_worlds, *arrays, *arguments, 0, self.count)

    @property
    def max_cycles(self) -> int:
        """The number of steps after which a world is truncated."""
        return self._max_cycles

    @max_cycles.setter
    def max_cycles(self, limit: int) -> None:
        self._max_cycles = limit
        self._step = None

    def __getstate__(self) -> dict[str, Any]:
        # A prepared step holds on to this object's arrays: a copy prepares its own.
        return {**vars(self), "_step": None}

    def _run(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        first: int = 0,
        last: int | None = None,
    ) -> None:
        arrays = (self.records, self.parameter_records, *arguments)
        last = self.count if last is None else last
        if not is_compiled():
            with np.errstate(over="ignore"):
                function(*arrays, first, last)
        elif self.threads == 1 or last - first <= CHUNK:
            function(*arrays, first, last)
        else:
            if self._pool is None:
                self._pool = concurrent.futures.ThreadPoolExecutor(self.threads)
            list(
                self._pool.map(
                    lambda start: function(*arrays, start, min(start + CHUNK, last)),
                    range(first, last, CHUNK),
                )
            )

    # -- snapshots -------------------------------------------------------------------------------

    def _chosen(self, worlds: int | slice | ArrayLike) -> NDArray[np.int64]:
        index = worlds if isinstance(worlds, slice) else np.atleast_1d(np.asarray(worlds))
        return np.arange(self.count)[index]

    def copy(self, worlds: int | slice | ArrayLike = slice(None)) -> Snapshot:
        """Return a snapshot of all worlds, or of some by index."""
        chosen = self._chosen(worlds)
        parameters = (
            self.parameters
            if len(self.parameters) == 1
            else tuple(self.parameters[k] for k in chosen)
        )
        return Snapshot(self.game.name, self.records[chosen].copy(), parameters)

    def restore(self, snapshot: Snapshot, worlds: int | slice | ArrayLike = slice(None)) -> None:
        """Restore the worlds of a snapshot, all of them or in some places by index.

        A snapshot of one world fills every place, so that a tree search can branch from it.

        Raises
        ------
        LifecycleError
            If the snapshot is of another game, of other parameters, or of another number of worlds,
            or if it leaves some worlds that were never reset.
        """
        chosen = self._chosen(worlds)
        if not self._is_reset and len(np.unique(chosen)) < self.count:
            raise LifecycleError("These worlds have not begun: reset or restore all of them first.")
        if snapshot.game != self.game.name:
            raise LifecycleError(
                f"A snapshot of {snapshot.game!r} into worlds of {self.game.name!r}."
            )
        if len(snapshot.records) not in (1, len(chosen)):
            raise LifecycleError(
                f"A snapshot of {len(snapshot.records)} worlds into {len(chosen)} places."
            )
        here = [self.parameters[k if len(self.parameters) > 1 else 0] for k in chosen]
        there = list(snapshot.parameters) * (len(here) if len(snapshot.parameters) == 1 else 1)
        if here != there:
            raise LifecycleError(
                "The snapshot's parameters are not these worlds' own: use set_parameters first."
            )
        self.records[chosen] = snapshot.records
        over = self.records["over"][chosen]
        self.terminated[chosen] = over == ENDED
        self.truncated[chosen] = over == CUT_OFF
        self.rewards[chosen] = 0.0
        self._is_reset = self._is_seeded = True
        self.observe()

    def state(self) -> NDArray[np.float32]:
        """Return the observations of all powers, joined, [count, powers * features]."""
        return self.observations.reshape(self.count, -1).copy()

    def close(self) -> None:
        """Shut down the threads, if any."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _seeds(seed: int | ArrayLike, worlds: NDArray[np.int64]) -> NDArray[np.uint64]:
    given = np.asarray(seed)
    if given.ndim == 0:
        with np.errstate(over="ignore"):
            return np.uint64(int(seed) % 2**64) + worlds.astype(np.uint64)  # type: ignore[arg-type]
    if given.shape != worlds.shape:
        raise ParameterError(f"{len(given)} seeds for {len(worlds)} worlds: give one, or one each.")
    return np.array([int(each) % 2**64 for each in given.tolist()], np.uint64)


def as_parameters(kind: type[ParametersBase], given: Any) -> ParametersBase:
    """Return `given` (parameters, a mapping of changes, or None for the defaults) as parameters."""
    if given is None:
        return kind()
    if isinstance(given, kind):
        return given
    if isinstance(given, Mapping):
        return kind.from_mapping(given)
    raise ParameterError(
        f"Parameters of this game are a {kind.__module__}.{kind.__name__}, a mapping of names to "
        f"values, or None; not {type(given).__name__}."
    )
