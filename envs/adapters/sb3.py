"""Many worlds as one vector environment for Stable-Baselines3: a slot is one seat of one world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Worlds


class SeatVecEnv(VecEnv):
    """A Stable-Baselines3 `VecEnv` over `Worlds`.

    Row ``world * seats + seat`` is one seat of one world, so that all seats learn at the same
    time. The seat is appended to the observation as one column a seat (1 for the own one). Amounts
    are rescaled to [-1, 1] between each seat's own bounds; choices are the padded union of all
    seats', with `action_masks` for `sb3_contrib.MaskablePPO`.

    Parameters
    ----------
    worlds : Worlds
        Made with ``autoreset=True``.
    seats : sequence of int, optional
        The powers that learn; all by default.
    profile : sequence of Strategy, optional
        Who plays the powers that do not learn, decided in one batched call each; needed if any.
    reward_scale : ndarray, [powers], optional
        What rewards are multiplied by, for learning only.
    scripted_seats : sequence of (int, int, Strategy), optional
        World, power and strategy of seats of some worlds that do not learn. They keep their rows,
        which say nothing of the learner; see `learning`.
    seed : int
        Seeds the worlds and random strategies at the first reset.

    Attributes
    ----------
    learning : ndarray of bool, [slots]
        Which rows the learner's decisions count in.
    bootstrap : callable, optional
        From the last observations of worlds that were cut off, or that chance ended, [n, features
        + seats], to their discounted values, [n]. Weighed with the chance that there was to go on
        they are added to the last rewards: so an ending by chance is learned from as what it was
        expected to be. Stable-Baselines3 makes the correction only where worlds were cut off, one
        slot at a time; without `bootstrap` it is left to it.
    rng : Generator
        Of the strategies that do not learn.
    continuation : ndarray of float64, [slots]
        The chance that there was to go on after the last step.
    """

    def __init__(
        self,
        worlds: Worlds,
        *,
        seats: Sequence[int] | None = None,
        profile: Profile | None = None,
        reward_scale: NDArray[np.float64] | None = None,
        scripted_seats: Sequence[tuple[int, int, Strategy]] = (),
        seed: int = 0,
    ) -> None:
        self.worlds = worlds
        self.seats = list(range(worlds.powers)) if seats is None else list(seats)
        if any(seat not in range(worlds.powers) for seat in self.seats) or not self.seats:
            raise ValueError(f"Seats {self.seats} of {worlds.powers} powers: name some of them.")
        if len(self.seats) < worlds.powers and profile is None:
            raise ValueError("Some powers do not learn: give the profile that plays them.")
        if not worlds.autoreset:
            raise ValueError(
                "SeatVecEnv needs worlds that begin anew by themselves: autoreset=True."
            )
        self._profile = profile
        self.rng = np.random.default_rng(seed)
        self._first_seed: int | None = seed
        scale = np.ones(worlds.powers) if reward_scale is None else np.asarray(reward_scale)
        self.reward_scale = scale[self.seats]
        self.reward_sums = np.zeros(len(self.seats))
        self.reward_steps = 0
        self.render_mode = None
        game = worlds.game
        own = game.observation_space(worlds.powers)
        low = np.concatenate([own.low, np.zeros(len(self.seats), np.float32)])
        high = np.concatenate([own.high, np.ones(len(self.seats), np.float32)])
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
        self.bootstrap: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None
        self.continuation = np.ones(count)
        self._nothing: list[dict[str, Any]] = [{} for _ in range(count)]

    def current(self) -> NDArray[np.float32]:
        """Return what the slots see now, [slots, features + seats]."""
        self._observed[:, :, : -len(self.seats)] = self.worlds.observations[:, self.seats]
        return self._observed.reshape(self.num_envs, -1).copy()

    def reset(self) -> NDArray[np.float32]:
        """Begin an episode in every world."""
        self.worlds.reset(self._first_seed)
        self._first_seed = None
        return self.current()

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the learners' actions, one row a slot; the profile decides for the others."""
        width = self.worlds.game.action_width
        given = np.asarray(actions).reshape(self.worlds.count, len(self.seats), width)
        if not self.worlds.game.is_discrete:
            share = np.clip(0.5 * (given.astype(np.float64) + 1.0), 0.0, 1.0)
            given = self._low + share * self._span
        if self._is_everyone:
            self._chosen = given
        else:
            assert self._profile is not None
            self._chosen = choose(self.worlds, self._profile, self.rng)
            self._chosen[:, self.seats] = given
        for strategy, at, power in self._scripted:
            seen, masks = self.worlds.observations[at, power], self.worlds.masks[at, power]
            self._chosen[at, power] = strategy.act(seen, masks, self.rng)

    def step_wait(
        self,
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], list[dict[str, Any]]]:
        """Step every world; a world that ends has begun anew in what is returned."""
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
            last = np.flatnonzero(is_done & (chance > 0.0))
            rows = self._last_seen(last)
            values = self.bootstrap(rows.reshape(-1, rows.shape[-1]))
            scaled[last] += chance[last, None] * values.reshape(len(last), len(self.seats))
        return self.current(), scaled.reshape(-1), dones, infos

    def _last_seen(self, worlds: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return what the slots of worlds saw last before these began anew."""
        seen = self._observed[worlds]
        seen[:, :, : -len(self.seats)] = self.worlds.final_observations[worlds][:, self.seats]
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
        """Return which choices are open, [slots, options]."""
        return self.worlds.masks[:, self.seats].reshape(self.num_envs, -1).astype(np.bool_)

    def take_mean_rewards(self) -> NDArray[np.float64]:
        """Return each seat's mean unscaled reward a step since the last call, [seats]."""
        mean = self.reward_sums / max(self.reward_steps, 1)
        self.reward_sums[:] = 0.0
        self.reward_steps = 0
        return mean

    def close(self) -> None:
        """End the worlds' threads."""
        self.worlds.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return an attribute once for each asked slot."""
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refuse: slots share one batch of worlds."""
        raise NotImplementedError("Slots share one batch of worlds: set the attribute there.")

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of this batch and hand out its rows, one a slot."""
        rows = getattr(self, method_name)(*method_args, **method_kwargs)
        return [rows[k] for k in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Return that no slot is wrapped."""
        return [False] * len(list(self._get_indices(indices)))


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
