"""PPO for the seats of thousands of worlds: Stable-Baselines3's mathematics, computed faster.

Stable-Baselines3 builds a distribution object for every choice of every minibatch and traces its
gradient in newly allocated memory. Here the gradient of the loss is written out (`kernels.py`), the
networks run forward and backward in memory that is reused (`Workspace`), and a minibatch is
processed in pieces that fit a processor's cache. On the same batch the gradients equal those of
Stable-Baselines3's `PPO` (amounts) and sb3-contrib's `MaskablePPO` (choices).

One addition, off by default, for games whose equilibria are mixed. A *magnet* (Sokota et al. 2023,
"A unified approach to reinforcement learning, quantal response equilibria, and two-player zero-sum
games", ICLR) regularises the policy towards another by their divergence,

.. math::

    \\text{loss} = \\text{PPO's loss} + \\alpha\\, \\mathrm{KL}(\\pi \\,\\|\\, \\rho),

which turns the cycles of plain policy gradient into converging spirals. With a uniform magnet this
is the entropy bonus. Here the magnet is a running mean of the policy itself, so that the policy's
limit is not displaced from the equilibrium.
"""

from __future__ import annotations

import copy
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import explained_variance
from stable_baselines3.common.vec_env import VecEnv

from counterpoise.training import kernels
from counterpoise.training.networks import Workspace
from counterpoise.training.policies import SeatNetworks

ROWS_AT_ONCE = 2_048


class SeatPPO(PPO):
    """PPO over a `SeatVecEnv` with a `SeatPolicy`, for amounts and for choices with masks.

    Takes the arguments of Stable-Baselines3's `PPO` and those below. Clipping of the value loss,
    state-dependent exploration and early stopping by KL divergence are not supported.

    Parameters
    ----------
    magnet_coef : float
        Coefficient of the KL divergence from the running mean of the policy; choices only.
    magnet_decay : float
        Share of the running mean that each batch leaves in place.
    bounds_coef : float
        Coefficient of the squared distance of an amount's mean from its bounds, in units of half
        the range. If all draws are clipped at a bound, there is no other gradient back.

    Attributes
    ----------
    masks : ndarray of bool, [steps, rows, options]
        Which options were open when the buffer was filled; no columns if actions are amounts.
    magnet_networks : SeatNetworks
        The running mean of the policy's networks.
    """

    policy: Any
    rollout_buffer: RolloutBuffer

    def __init__(
        self,
        *args: Any,
        magnet_coef: float = 0.0,
        magnet_decay: float = 0.95,
        bounds_coef: float = 0.0,
        **kwargs: Any,
    ) -> None:
        self.bounds_coef = bounds_coef
        self.magnet_coef = magnet_coef
        self.magnet_decay = magnet_decay
        super().__init__(*args, **kwargs)

    def _setup_model(self) -> None:
        super()._setup_model()
        space = self.action_space
        counts: list[int] = []
        if isinstance(space, gymnasium.spaces.Discrete):
            counts = [int(space.n)]
        elif isinstance(space, gymnasium.spaces.MultiDiscrete):
            counts = [int(count) for count in space.nvec]
        elif self.magnet_coef > 0.0:
            raise ValueError("A magnet needs choices; the actions here are amounts.")
        self._counts = np.array(counts, np.int64)
        # Rows in which a scripted strategy decided are not learned from.
        self._kept: NDArray[np.int64] | None = None
        learning = getattr(self.env, "learning", None)
        if learning is not None and not learning.all():
            self._kept = np.flatnonzero(learning)
        self._has_masks = len(counts) > 0 and self.env is not None
        self._has_masks = self._has_masks and bool(self.env.has_attr("action_masks"))  # type: ignore[union-attr]
        self._discounts = np.full((self.n_steps, self.n_envs), self.gamma)
        self.masks = np.ones((self.n_steps, self.n_envs, sum(counts)), np.bool_)
        self._networks: SeatNetworks = self.policy.mlp_extractor
        self.magnet_networks = copy.deepcopy(self._networks).requires_grad_(False)
        self._parameters = list(self.policy.parameters())
        self._actor = Workspace(self._networks.actor)
        self._critic = Workspace(self._networks.critic)
        is_cpu = self.device.type == "cpu"
        if hasattr(self.env, "bootstrap"):
            self.env.bootstrap = self._values_of_cut  # type: ignore[union-attr]
        self._rows_at_once = ROWS_AT_ONCE if is_cpu else max(ROWS_AT_ONCE, self.batch_size)

    def _excluded_save_params(self) -> list[str]:
        made_anew = ["_networks", "masks", "magnet_networks", "_actor", "_critic", "_parameters"]
        return [*super()._excluded_save_params(), *made_anew]

    # -- playing ---------------------------------------------------------------------------------

    def decide(
        self, observations: NDArray[np.float32], is_open: NDArray[np.bool_]
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]:
        """Draw an action for every row.

        Parameters
        ----------
        observations : ndarray of float32, [rows, features + seats]
        is_open : ndarray of bool, [rows, options]

        Returns
        -------
        actions, values, log_probabilities : ndarray
            [rows, components], [rows] and [rows].
        """
        networks = self._networks
        outputs, values = self._evaluate(observations)
        if len(self._counts) == 0:
            seats = networks.seats_of(observations)
            log_std = networks.log_stds()[seats]
            noise = torch.randn(outputs.shape).numpy()
            densities = -0.5 * noise**2 - log_std - np.float32(kernels.HALF_LOG_TWO_PI)
            return outputs + noise * np.exp(log_std), values, densities.sum(axis=1)
        options = np.empty((len(outputs), len(self._counts)), np.int64)
        logs: NDArray[np.float32] = np.empty(len(outputs), np.float32)
        draws = torch.rand(options.shape).numpy()
        log_probabilities, probabilities = kernels.probabilities(outputs, is_open, self._counts)
        kernels.draw_options(probabilities, log_probabilities, self._counts, draws, options, logs)
        return options, values, logs

    def _to_device(self, values: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(values).to(self.device)

    def _evaluate(
        self, observations: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the actors' outputs and the critics' values, [rows, outputs] and [rows]."""
        inputs = self._to_device(self._networks.grouped(observations))
        outputs = self._networks.rows(_array(self._actor.forward(inputs)))
        inputs = self._critic_inputs(observations, inputs)
        return outputs, self._values_of(self._critic.forward(inputs), observations)

    def _critic_inputs(
        self, observations: NDArray[np.float32], inputs: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the critics' inputs; `inputs` are the actors', if they are known."""
        if self._networks.is_central:
            return self._to_device(self._networks.grouped_for_critic(observations))
        return self._to_device(self._networks.grouped(observations)) if inputs is None else inputs

    def _values_of(
        self, outputs: torch.Tensor, observations: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the values of a critic's outputs in the order of the rows, [rows]."""
        networks = self._networks
        values = networks.rows(_array(outputs))[:, 0]
        return np.asarray(values + networks.value_means[networks.seats_of(observations)])

    def values(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the critic's value of every row of the environment, [rows]."""
        outputs = self._critic.forward(self._critic_inputs(observations))
        return self._values_of(outputs, observations)

    def _values_of_cut(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self.gamma * self.values(observations), np.float32)

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        rollout_buffer: RolloutBuffer,
        n_rollout_steps: int,
    ) -> bool:
        """Step the environment and fill the buffer, as in Stable-Baselines3."""
        assert self._last_obs is not None
        self.policy.set_training_mode(False)
        rollout_buffer.reset()
        callback.on_rollout_start()
        for step in range(n_rollout_steps):
            if self._has_masks:
                self.masks[step] = env.action_masks()  # type: ignore[attr-defined]
            seen: Any = self._last_obs
            actions, values, log_probabilities = self.decide(seen, self.masks[step])
            played = actions
            if len(self._counts) == 0:
                played = np.clip(actions, -1.0, 1.0)
            elif len(self._counts) == 1:
                played = actions[:, 0]
            new_obs, rewards, dones, infos = env.step(played)
            self._discounts[step] = self.gamma * getattr(env, "continuation", 1.0)
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            if any(infos):
                self._update_info_buffer(infos, dones)
                self._bootstrap(rewards, dones, infos)
            rollout_buffer.observations[step] = seen
            rollout_buffer.actions[step] = actions
            rollout_buffer.rewards[step] = rewards
            rollout_buffer.episode_starts[step] = self._last_episode_starts
            rollout_buffer.values[step] = values
            rollout_buffer.log_probs[step] = log_probabilities
            self._last_obs = new_obs  # type: ignore[assignment]
            self._last_episode_starts = dones
        rollout_buffer.pos, rollout_buffer.full = n_rollout_steps, True
        self._estimate_advantages(self.values(self._last_obs), dones)  # type: ignore[arg-type]
        callback.update_locals(locals())
        callback.on_rollout_end()
        return True

    def _estimate_advantages(
        self, last_values: NDArray[np.float32], dones: NDArray[np.bool_]
    ) -> None:
        """Fill the buffer's advantages and returns (Schulman et al. 2016, equation 16).

        As in Stable-Baselines3, except that each step has its own discount factor: if a game may
        end at random, later rewards count with the probability that it continues.
        """
        buffer = self.rollout_buffer
        values, goes_on = last_values, ~dones
        advantage: NDArray[Any] = np.zeros_like(last_values)
        for step in reversed(range(self.n_steps)):
            discount = self._discounts[step] * goes_on
            error = buffer.rewards[step] + discount * values - buffer.values[step]
            advantage = error + self.gae_lambda * discount * advantage
            buffer.advantages[step] = advantage
            values, goes_on = buffer.values[step], buffer.episode_starts[step] == 0
        buffer.returns = buffer.advantages + buffer.values

    def _bootstrap(
        self, rewards: NDArray[Any], dones: NDArray[np.bool_], infos: list[dict[str, Any]]
    ) -> None:
        for row in np.flatnonzero(dones):
            if infos[row].get("TimeLimit.truncated", False):
                seen = self.policy.obs_to_tensor(infos[row]["terminal_observation"])[0]
                with torch.no_grad():
                    rewards[row] += self.gamma * float(self.policy.predict_values(seen)[0])

    # -- learning --------------------------------------------------------------------------------

    def train(self) -> None:
        """Train on the buffer in minibatches that hold equally many rows of every network."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        clip = float(self.clip_range(self._current_progress_remaining))  # type: ignore[operator]
        batch = self.batch_in_groups()
        rows = batch["advantages"].shape[1]
        at_once = max(1, self.batch_size * rows // batch["advantages"].size)
        logged = []
        for _ in range(self.n_epochs):
            order = torch.randperm(rows).numpy()
            for first in range(0, rows, at_once):
                logged.append(self.take_gradient(batch, order[first : first + at_once], clip))
                torch.nn.utils.clip_grad_norm_(self._parameters, self.max_grad_norm)
                self.policy.optimizer.step()
            self._n_updates += 1
        self._move_magnet()
        for name, value in zip(LOGGED, np.mean(logged, axis=0), strict=True):
            self.logger.record(f"train/{name}", float(value))
        buffer = self.rollout_buffer
        explained = explained_variance(buffer.values.ravel(), buffer.returns.ravel())
        self.logger.record("train/explained_variance", float(explained))
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/clip_range", clip)

    def batch_in_groups(self) -> dict[str, Any]:
        """Return the buffer as arrays [groups, rows, ...]; a group is the rows of one network.

        The networks' inputs are tensors on the learner's device; the others are arrays. A central
        critic has inputs of its own.
        """
        buffer, networks = self.rollout_buffer, self._networks

        def grouped(values: NDArray[Any]) -> NDArray[Any]:
            return networks.groups_of(self._samples(values))

        everyone = np.arange(self.n_envs) % networks.seats
        seats = self._samples(np.broadcast_to(everyone, (self.n_steps, self.n_envs)))
        observations = self._samples(buffer.observations)
        batch: dict[str, Any] = {
            "inputs": self._to_device(networks.grouped(observations)),
            "old_logs": grouped(buffer.log_probs),
            "advantages": grouped(buffer.advantages),
            "returns": grouped(buffer.returns),
            "means": networks.groups_of(networks.value_means[seats]),
        }
        if networks.is_central:
            batch["critic_inputs"] = self._to_device(networks.grouped_for_critic(observations))
        if len(self._counts) == 0:
            batch["actions"] = grouped(buffer.actions)
            batch["seats"] = networks.groups_of(seats)
            return batch
        batch["actions"] = grouped(buffer.actions).astype(np.int64)
        batch["is_open"] = grouped(self.masks)
        if self.magnet_coef > 0.0:
            outputs = _array(Workspace(self.magnet_networks.actor).forward(batch["inputs"]))
            magnets = np.empty_like(outputs)
            for group, found in enumerate(magnets):
                found[:], _ = kernels.probabilities(
                    outputs[group], batch["is_open"][group], self._counts
                )
            batch["magnets"] = magnets
        return batch

    def _samples(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what the rows that learn have in the buffer, [steps * rows, ...]."""
        kept = values if self._kept is None else values[:, self._kept]
        return kept.reshape(-1, *kept.shape[2:])

    def _chosen(self, batch: dict[str, Any], rows: NDArray[np.int64]) -> tuple[Any, Any]:
        """Return the inputs of actor and critic in some rows of every group."""
        at = torch.from_numpy(rows).to(self.device)
        inputs = batch["inputs"].index_select(1, at)
        if "critic_inputs" not in batch:
            return inputs, inputs
        return inputs, batch["critic_inputs"].index_select(1, at)

    @torch.no_grad()
    def take_gradient(
        self, batch: dict[str, Any], chosen: NDArray[np.int64], clip: float
    ) -> NDArray[np.float64]:
        """Set the parameters' gradients to that of PPO's loss on some rows of every group.

        Returns
        -------
        ndarray, [6]
            In the order of `LOGGED`.
        """
        if self._parameters[0].grad is None:
            for parameter in self._parameters:
                parameter.grad = torch.zeros_like(parameter)
        torch._foreach_zero_([parameter.grad for parameter in self._parameters])
        advantages = np.take(batch["advantages"], chosen, axis=1)
        count = advantages.size
        mean, scale = 0.0, 1.0
        if self.normalize_advantage and count > 1:
            mean, scale = advantages.mean(), 1.0 / (advantages.std(ddof=1) + 1e-8)
        sums, squares = np.zeros(4), 0.0
        at_once = max(1, self._rows_at_once * len(chosen) // advantages.size)
        for first in range(0, len(chosen), at_once):
            rows = chosen[first : first + at_once]
            inputs, critic_inputs = self._chosen(batch, rows)
            part = {
                name: _flat(np.take(values, rows, axis=1), advantages.ndim)
                for name, values in batch.items()
                if isinstance(values, np.ndarray)
            }
            part["advantages"] = (part["advantages"] - mean) * scale
            outputs = self._actor.forward(inputs)
            flat = _flat(_array(outputs), advantages.ndim)
            gradients = self._gradients(flat, part, clip, count, sums)
            self._actor.backward(inputs, self._to_device(gradients).view_as(outputs))
            values = self._critic.forward(critic_inputs)
            found = _array(values).reshape(-1)
            gradients = np.empty_like(found)
            squares += kernels.value_gradients(
                found, part["means"], part["returns"], self.vf_coef / count, gradients
            )
            self._critic.backward(critic_inputs, self._to_device(gradients).view_as(values))
        self._networks.tie_gradients()
        policy_loss, entropy, divergence, clipped = sums / count
        value_loss = squares / count
        loss = policy_loss - self.ent_coef * entropy + self.vf_coef * value_loss
        return np.array([policy_loss, value_loss, -entropy, loss, divergence, clipped])

    def _gradients(
        self,
        outputs: NDArray[np.float32],
        part: dict[str, Any],
        clip: float,
        count: int,
        sums: NDArray[np.float64],
    ) -> NDArray[np.float32]:
        gradients = np.empty_like(outputs)
        if len(self._counts) > 0:
            log_probabilities, probabilities = kernels.probabilities(
                outputs, part["is_open"], self._counts
            )
            kernels.option_gradients(
                log_probabilities, probabilities, self._counts, part["actions"], part["old_logs"],
                part["advantages"], part.get("magnets", outputs[:0]), clip, self.ent_coef,
                self.magnet_coef, count, gradients, sums,
            )  # fmt: skip
            return gradients
        log_std = self._networks.log_spread
        assert log_std is not None
        assert log_std.grad is not None
        std_gradients = np.zeros(log_std.shape)
        kernels.amount_gradients(
            outputs, self._networks.log_stds(), part["seats"], part["actions"],
            part["old_logs"], part["advantages"], clip, self.ent_coef, self.bounds_coef, count,
            gradients, std_gradients, sums,
        )  # fmt: skip
        log_std.grad += torch.as_tensor(std_gradients, dtype=log_std.dtype, device=self.device)
        return gradients

    @torch.no_grad()
    def _move_magnet(self) -> None:
        if self.magnet_coef > 0.0:
            learner = self._networks.actor.parameters()
            for mean, value in zip(self.magnet_networks.actor.parameters(), learner, strict=True):
                mean.lerp_(value, 1.0 - self.magnet_decay)


LOGGED = (
    "policy_gradient_loss",
    "value_loss",
    "entropy_loss",
    "loss",
    "approx_kl",
    "clip_fraction",
)


def _array(values: torch.Tensor) -> NDArray[np.float32]:
    return np.asarray(values.cpu().numpy())


def _flat(values: NDArray[Any], axes: int) -> NDArray[Any]:
    """Return values with their first axes as one."""
    return values.reshape(-1, *values.shape[axes:])
