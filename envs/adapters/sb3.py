"""Many worlds as one vector environment for Stable-Baselines3: a row is one seat of one world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from counterpoise.envs.adapters.tremble import Tremble
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.rollouts import Memories, choose
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Worlds


class SeatVecEnv(VecEnv):
    """A Stable-Baselines3 `VecEnv` over `Worlds`.

    Row ``world * seats + seat`` is one seat of one world, so that all seats learn at the same
    time. The observation ends with a one-hot encoding of the seat. Amounts are rescaled to [-1, 1]
    between each seat's own bounds; choices are the padded union of all seats' choices, with
    `action_masks` for `sb3_contrib.MaskablePPO`.

    Parameters
    ----------
    worlds : Worlds
        Made with ``autoreset=True``.
    seats : sequence of int, optional
        The powers that learn; all by default.
    profile : sequence of Strategy, optional
        Strategies of the powers that do not learn, each called once for all worlds; needed if any
        power does not learn.
    reward_scale : ndarray, [powers], optional
        Factors of the rewards that the learner gets.
    scripted_seats : sequence of (int, int, Strategy), optional
        World, power and strategy of single seats that do not learn. Their rows stay in the batch
        and must not be learned from; see `learning`.
    shows_everything : bool
        Whether the observation begins with those of all powers, for a central critic: the power's
        own, then the others' in the order of `everything_seen`.
    tremble : Tremble, optional
        Replaces some choices of all powers after the learner has chosen, as noise of the world: the
        learner's own actions are those that it chose. A column after each power's features then
        shows the world's chance.
    seed : int
        Seed of the worlds, of random strategies and of trembles at the first reset.

    Attributes
    ----------
    learning : ndarray of bool, [rows]
        Whether the learner decides in a row.
    bootstrap : callable, optional
        From the last observations of worlds that were truncated, or that ended at random, [n,
        features + seats], to their discounted values, [n]. The values, times the probability that
        the game could have gone on, are added to the last rewards, so that a random ending is
        learned from in expectation. Without `bootstrap` Stable-Baselines3 corrects the rewards
        of truncated worlds only, one row at a time.
    ended : ndarray of int, [worlds that ended]
        The worlds whose last observations `bootstrap` is called with, in their order.
    continuation : ndarray of float64, [rows]
        The probability that the game could go on after the last step.
    rng : Generator
        Random numbers of the strategies that do not learn, and of trembles.
    """

    def __init__(
        self,
        worlds: Worlds,
        *,
        seats: Sequence[int] | None = None,
        profile: Profile | None = None,
        reward_scale: NDArray[np.float64] | None = None,
        scripted_seats: Sequence[tuple[int, int, Strategy]] = (),
        shows_everything: bool = False,
        tremble: Tremble | None = None,
        seed: int = 0,
    ) -> None:
        self.worlds = worlds
        self.seats = list(range(worlds.powers)) if seats is None else list(seats)
        if any(seat not in range(worlds.powers) for seat in self.seats) or not self.seats:
            raise ValueError(
                f"seats is {self.seats}: expected one or more whole numbers from 0 to "
                f"{worlds.powers - 1}."
            )
        if len(self.seats) < worlds.powers and profile is None:
            raise ValueError("Some powers do not learn: give the profile of their strategies.")
        if not worlds.autoreset:
            raise ValueError("SeatVecEnv needs worlds made with autoreset=True.")
        if any(strategy.memory > 0 for _, _, strategy in scripted_seats):
            raise ValueError("The strategies of scripted seats must not have a memory.")
        self._profile = profile
        self._memories: Memories = {}
        self.rng = np.random.default_rng(seed)
        self._first_seed: int | None = seed
        scale = np.ones(worlds.powers) if reward_scale is None else np.asarray(reward_scale)
        self.reward_scale = scale[self.seats]
        self.reward_sums = np.zeros(len(self.seats))
        self.reward_steps = 0
        self.render_mode = None
        game = worlds.game
        own = game.observation_space(worlds.powers)
        self.tremble = tremble
        features, powers = len(own.low), worlds.powers
        columns = np.arange(powers * features).reshape(powers, features)
        if shows_everything:
            seen = [everything_seen(game, powers, power) for power in range(powers)]
            columns = np.array([[by * features + at for by, at in each] for each in seen])
        self._columns = columns[self.seats]
        views = powers if shows_everything else 1
        # Number of powers whose observations a row holds, and of columns of each.
        self._views = views, features + int(tremble is not None)
        shape = (1, 1, views * self._views[1] + len(self.seats))
        low, high = np.zeros(shape, np.float32), np.ones(shape, np.float32)
        for bound, given in ((low, own.low), (high, own.high)):
            of_column = given[self._columns[0] % features]
            self._by_view(bound)[..., :features] = of_column.reshape(views, features)
        low, high = low[0, 0], high[0, 0]
        action_space: gymnasium.Space[Any]
        if game.is_discrete:
            counts = game.choice_counts
            if len(counts) == 1:
                action_space = gymnasium.spaces.Discrete(counts[0])
            else:
                action_space = gymnasium.spaces.MultiDiscrete(list(counts))
        else:
            action_space = gymnasium.spaces.Box(-1.0, 1.0, (game.action_width,), np.float32)
            self._low = worlds.action_low[:, self.seats]
            self._span = worlds.action_high[:, self.seats] - self._low
        count = worlds.count * len(self.seats)
        super().__init__(count, gymnasium.spaces.Box(low, high, dtype=np.float32), action_space)
        self._scripted = _by_strategy(scripted_seats)
        self.learning = np.ones(worlds.count * len(self.seats), np.bool_)
        for world, power, _ in scripted_seats:
            self.learning[world * len(self.seats) + self.seats.index(power)] = False
        self._is_everyone = self.seats == list(range(worlds.powers))
        self._observed = np.zeros((worlds.count, len(self.seats), len(low)), np.float32)
        self._observed[:, :, -len(self.seats) :] = np.eye(len(self.seats), dtype=np.float32)
        if tremble is not None:
            self._by_view(self._observed)[..., features] = tremble.chances[:, None, None]
        self.bootstrap: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None
        self.continuation = np.ones(count)
        self.ended = np.zeros(0, np.int64)
        self._nothing: list[dict[str, Any]] = [{} for _ in range(count)]

    def current(self) -> NDArray[np.float32]:
        """Return the current observations, [rows, features + seats]."""
        self._write_views(self._observed, self.worlds.observations)
        return self._observed.reshape(self.num_envs, -1).copy()

    def _by_view(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the part of rows that holds observations, [n, seats, powers seen, columns]."""
        views, width = self._views
        return rows[:, :, : views * width].reshape(*rows.shape[:2], views, width)

    def _write_views(self, rows: NDArray[np.float32], observations: NDArray[np.float32]) -> None:
        """Write observations, [n, powers, features], into the rows of their worlds."""
        worlds, powers, features = observations.shape
        shown = self._by_view(rows)[..., :features]
        if self._views[0] == 1:
            shown[:, :, 0] = observations[:, self.seats]
        else:
            flat = observations.reshape(worlds, powers * features)
            shown[:] = flat[:, self._columns].reshape(shown.shape)

    def reset(self) -> NDArray[np.float32]:
        """Begin an episode in every world."""
        self.worlds.reset(self._first_seed)
        self._first_seed = None
        return self.current()

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the learners' actions, one per row; the profile decides for the other powers."""
        width = self.worlds.game.action_width
        given = np.asarray(actions).reshape(self.worlds.count, len(self.seats), width)
        if not self.worlds.game.is_discrete:
            share = np.clip(0.5 * (given.astype(np.float64) + 1.0), 0.0, 1.0)
            given = self._low + share * self._span
        if self._is_everyone:
            self._chosen = given
        else:
            assert self._profile is not None
            self._chosen = choose(self.worlds, self._profile, self.rng, self._memories)
            self._chosen[:, self.seats] = given
        for strategy, at, power in self._scripted:
            seen, masks = self.worlds.observations[at, power], self.worlds.masks[at, power]
            self._chosen[at, power] = strategy.act(seen, masks, self.rng)
        if self.tremble is not None:
            self._chosen = self.tremble.applied(self._chosen, self.worlds.masks, self.rng)

    def step_wait(
        self,
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], list[dict[str, Any]]]:
        """Step every world; a world that ended is returned with its next episode's observation."""
        worlds = self.worlds
        rewards = worlds.step(self._chosen)[:, self.seats]
        self.reward_sums += rewards.mean(axis=0)
        self.reward_steps += 1
        is_done = worlds.terminated | worlds.truncated
        dones = np.repeat(is_done, len(self.seats))
        scaled = rewards * self.reward_scale
        infos = self._nothing
        chance = worlds.records["continuation"]
        self.continuation = np.repeat(chance, len(self.seats))
        if self.bootstrap is None:
            if worlds.truncated.any():
                infos = self._cut_infos(np.flatnonzero(worlds.truncated))
        elif is_done.any():
            last = self.ended = np.flatnonzero(is_done & (chance > 0.0))
            rows = self._last_seen(last)
            values = self.bootstrap(rows.reshape(-1, rows.shape[-1]))
            scaled[last] += chance[last, None] * values.reshape(len(last), len(self.seats))
        return self.current(), scaled.reshape(-1), dones, infos

    def _last_seen(self, worlds: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the last observations of worlds before their reset."""
        seen = self._observed[worlds]
        self._write_views(seen, self.worlds.final_observations[worlds])
        return seen

    def _cut_infos(self, cut: NDArray[np.int64]) -> list[dict[str, Any]]:
        infos = list(self._nothing)
        for world, seen in zip(cut, self._last_seen(cut), strict=True):
            for k in range(len(self.seats)):
                infos[world * len(self.seats) + k] = {
                    "terminal_observation": seen[k],
                    "TimeLimit.truncated": True,
                }
        return infos

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which options are open, [rows, options]."""
        return self.worlds.masks[:, self.seats].reshape(self.num_envs, -1).astype(np.bool_)

    def take_mean_rewards(self) -> NDArray[np.float64]:
        """Return each seat's mean unscaled reward per step since the last call, [seats]."""
        mean = self.reward_sums / max(self.reward_steps, 1)
        self.reward_sums[:] = 0.0
        self.reward_steps = 0
        return mean

    def close(self) -> None:
        """End the worlds' threads."""
        self.worlds.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return an attribute once for each of some rows."""
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refuse: the rows share one batch of worlds."""
        raise NotImplementedError(
            "The rows share one batch of worlds: set the attribute of `worlds`."
        )

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of this batch and return some rows of its result."""
        rows = getattr(self, method_name)(*method_args, **method_kwargs)
        return [rows[k] for k in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Return that no row is wrapped."""
        return [False] * len(list(self._get_indices(indices)))


def everything_seen(game: Game, powers: int, power: int) -> list[tuple[int, int]]:
    """Return the columns of all powers' observations in the order that a central critic gets them.

    First the power's own observation, then the others' in order of seats. In the observation of
    another power, of the columns about its others those about `power` come first, then those about
    third powers in order of seats.

    Parameters
    ----------
    game : Game
    powers : int
    power : int
        The power whose decisions are valued.

    Returns
    -------
    list of (int, int)
        The observing power, and the column of its observation.
    """
    subjects = game.observation_subjects(powers)
    at = {subject: column for column, subject in enumerate(subjects)}
    columns = [(power, column) for column in range(len(subjects))]
    for other in _others(powers, power):
        places = _others(powers, other)
        order = [place for _, place in sorted((seat != power, k) for k, seat in enumerate(places))]
        columns += [
            (other, at[name, place if place < 0 else order[place]]) for name, place in subjects
        ]
    return columns


def everything_about(subjects: Sequence[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Return what each column of `everything_seen` is about.

    Parameters
    ----------
    subjects : sequence of (str, int)
        What each column of one power's observation is about, as `Game.observation_subjects`.

    Returns
    -------
    list of (str, int, int)
        The quantity, the other power that it belongs to, and the third power that it is about; -1
        for none. Others are numbered in order of seats.
    """
    others = max(place for _, place in subjects) + 1
    about = [(name, place, -1) for name, place in subjects]
    for other in range(others):
        thirds = _others(others, other)
        for name, place in subjects:
            if place < 0:
                about.append((f"{name} seen by another", other, -1))
            elif place == 0:
                about.append((f"{name} of this power seen by another", other, -1))
            else:
                about.append((f"{name} of a third seen by another", other, thirds[place - 1]))
    return about


def _others(count: int, one: int) -> list[int]:
    return [each for each in range(count) if each != one]


def _by_strategy(
    scripted_seats: Sequence[tuple[int, int, Strategy]],
) -> list[tuple[Strategy, NDArray[np.int64], NDArray[np.int64]]]:
    """Return each strategy with its worlds and powers, so that it decides for all in one call."""
    places: dict[int, tuple[Strategy, list[int], list[int]]] = {}
    for world, power, strategy in scripted_seats:
        _, worlds, powers = places.setdefault(id(strategy), (strategy, [], []))
        worlds.append(world)
        powers.append(power)
    return [
        (strategy, np.array(worlds), np.array(powers))
        for strategy, worlds, powers in places.values()
    ]
