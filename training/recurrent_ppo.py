"""PPO for seats whose networks have a memory, with truncated backpropagation through time.

A minibatch holds whole rows of a batch: `n_steps` consecutive steps of a seat, from the memory that
the seat had before the first of them. Everything else is `SeatPPO`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from counterpoise.training.memory import Remembered, Sequences, Unrolled
from counterpoise.training.ppo import SeatPPO


class RecurrentSeatPPO(SeatPPO):
    """`SeatPPO` for networks with a memory; takes the same arguments, except for a magnet.

    Attributes
    ----------
    remembered : tuple of Remembered
        What actor and critic remember of the present episode in every row.
    """

    def _setup_model(self) -> None:
        super()._setup_model()
        if self.magnet_coef > 0.0:
            raise ValueError("A magnet needs networks without a memory: set memory to 0.")
        networks: Any = self._networks
        groups = networks.groups
        self._actor: Any = Unrolled(networks.actor)
        self._critic: Any = Unrolled(networks.critic)
        self.remembered = tuple(
            Remembered(network, (groups, self.n_envs // groups), self.device)
            for network in (networks.actor, networks.critic)
        )
        self._first = [each.memory for each in self.remembered]

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "remembered", "_first"]

    # -- playing ---------------------------------------------------------------------------------

    def _evaluate(
        self, observations: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        networks = self._networks
        goes_on = self._to_device(networks.groups_of(self._goes_on(self._last_episode_starts)))
        for each in self.remembered:
            each.clear(goes_on)
        actor, critic = self.remembered
        inputs = self._to_device(networks.grouped(observations))
        outputs = networks.rows(actor.advance(inputs).cpu().numpy())
        inputs = self._critic_inputs(observations, inputs)
        return outputs, self._values_of(critic.advance(inputs), observations)

    def _goes_on(self, starts: Any) -> NDArray[np.float32]:
        return 1.0 - np.asarray(starts, np.float32)

    def values(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the critic's value of every row of the environment, [rows]."""
        return self._values_in(observations, np.arange(self.n_envs // self._networks.seats))

    def _values_in(
        self, observations: NDArray[np.float32], worlds: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the critic's value of every row of some worlds, [rows]."""
        networks = self._networks
        rows = worlds
        if not networks.is_separate:
            rows = (worlds[:, None] * networks.seats + np.arange(networks.seats)).reshape(-1)
        critic = self.remembered[1]
        outputs = critic.look(self._critic_inputs(observations), self._to_device(rows))
        return self._values_of(outputs, observations)

    def _values_of_cut(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        values = self._values_in(observations, self.env.ended)  # type: ignore[union-attr]
        return np.asarray(self.gamma * values, np.float32)

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        rollout_buffer: RolloutBuffer,
        n_rollout_steps: int,
    ) -> bool:
        """Fill the buffer, and keep the memory that every row had before."""
        self._first = [each.memory for each in self.remembered]
        return super().collect_rollouts(env, callback, rollout_buffer, n_rollout_steps)

    # -- learning --------------------------------------------------------------------------------

    def batch_in_groups(self) -> dict[str, Any]:
        """Return the buffer as arrays [groups, rows, steps, ...]; see `SeatPPO.batch_in_groups`."""
        goes_on = self._samples(self._goes_on(self.rollout_buffer.episode_starts))
        first = [each if self._kept is None else each[:, self._kept] for each in self._first]
        return {
            **super().batch_in_groups(),
            "goes_on": self._to_device(self._networks.groups_of(goes_on)),
            "first": first[0],
            "critic_first": first[1],
        }

    def _samples(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what the rows that learn have in the buffer, [rows, steps, ...]."""
        kept = values if self._kept is None else values[:, self._kept]
        return np.ascontiguousarray(kept.swapaxes(0, 1))

    def _chosen(self, batch: dict[str, Any], rows: NDArray[np.int64]) -> tuple[Any, Any]:
        inputs, critic_inputs = super()._chosen(batch, rows)
        at = self._to_device(rows)
        goes_on, first, critic_first = (
            batch[name].index_select(1, at) for name in ("goes_on", "first", "critic_first")
        )
        return Sequences(inputs, goes_on, first), Sequences(critic_inputs, goes_on, critic_first)
