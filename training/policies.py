"""Policies for Stable-Baselines3 that hold every seat of a game in one batched network.

*Separate* parameters give each seat its own network; all are evaluated in one batched matrix
product, so that all seats learn at the same time and independently. *Shared* parameters give all
seats one network that observes which seat it plays.

Amounts are drawn from a normal distribution whose mean may lie beyond the bounds, and are clipped
to them, so that a policy can converge to a bound. The standard deviation is a parameter of each
seat and can shrink to zero.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import nn

from counterpoise.training.memory import RecurrentNetwork
from counterpoise.training.networks import BatchedNetwork, Units


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Shape and normalisation of the networks.

    Attributes
    ----------
    seats : int
    separate : bool
        Whether each seat has its own network.
    anonymous : bool
        Whether the one network of all seats does not observe which seat it plays.
    units : tuple of Units, optional
        Units of the actor's inputs, of the actor's outputs and of the critic's inputs, if the
        networks are to be permutation equivariant.
    critic_views : int
        Number of powers whose observations the critic has: 1, or all powers for a central critic.
    memory : int
        Number of units of the memory of each network; 0 for networks without a memory.
    hidden : tuple of int
        Units of each hidden layer.
    initial_std : float
        Standard deviation of amounts at the start, in units of half the range.
    feature_mean, feature_scale : ndarray, [features]
        Observations are centred and scaled by these.
    value_mean : ndarray, [seats]
        Added to the critic's output.
    activation : str
        ``tanh`` or ``relu``.
    """

    seats: int
    separate: bool
    hidden: tuple[int, ...]
    initial_std: float
    feature_mean: NDArray[np.float32]
    feature_scale: NDArray[np.float32]
    value_mean: NDArray[np.float32]
    activation: str = "tanh"
    anonymous: bool = False
    units: tuple[Units, Units, Units] | None = None
    critic_views: int = 1
    memory: int = 0


class SeatNetworks(nn.Module):
    """Actor and critic of every seat, in place of Stable-Baselines3's ``mlp_extractor``."""

    feature_mean: torch.Tensor
    feature_scale: torch.Tensor
    value_mean: torch.Tensor

    def __init__(self, architecture: Architecture, outputs: int, is_normal: bool) -> None:
        super().__init__()
        self.seats = architecture.seats
        self.is_separate = architecture.separate
        self.groups = architecture.seats if architecture.separate else 1
        features = len(architecture.feature_mean)
        self.sees_seat = not (architecture.separate or architecture.anonymous)
        self._features, self._critic_views = features, architecture.critic_views
        seat_inputs = architecture.seats if self.sees_seat else 0
        of_actor, of_critic = self._layers(architecture)
        self.actor = self._network(architecture, features + seat_inputs, outputs, of_actor)
        views = architecture.critic_views
        self.critic = self._network(architecture, features * views + seat_inputs, 1, of_critic)
        self._mean = np.asarray(architecture.feature_mean, np.float32)
        self._scale = np.asarray(architecture.feature_scale, np.float32)
        if architecture.units is not None:
            seen = architecture.units[0]
            self._mean, self._scale = seen.mean_of(self._mean), seen.mean_of(self._scale)
        self.value_means = np.asarray(architecture.value_mean, np.float32)
        self.register_buffer("feature_mean", torch.tensor(self._mean))
        self.register_buffer("feature_scale", torch.tensor(self._scale))
        self.register_buffer("value_mean", torch.tensor(self.value_means))
        # Saved policies hold the log standard deviations under this name.
        self.log_spread: nn.Parameter | None = None
        if is_normal:
            start = torch.full(
                (architecture.seats, outputs), float(np.log(architecture.initial_std))
            )
            self.log_spread = nn.Parameter(start)
        self.latent_dim_pi = outputs
        self.latent_dim_vf = 1

    def _network(
        self, architecture: Architecture, inputs: int, outputs: int, layers: list[Units]
    ) -> BatchedNetwork:
        sizes = [inputs, *architecture.hidden, outputs]
        last_gain, activation, memory = 0.01, architecture.activation, architecture.memory
        if memory == 0:
            return BatchedNetwork(self.groups, sizes, last_gain, activation, layers)
        return RecurrentNetwork(self.groups, sizes, last_gain, activation, layers, memory=memory)

    def _layers(self, architecture: Architecture) -> tuple[list[Units], list[Units]]:
        """Return the units of the layers of actor and critic; none if no weights are tied."""
        if architecture.units is None:
            return [], []
        seen, decided, seen_by_critic = architecture.units
        others = int(seen.others.max()) + 1
        if self.sees_seat:
            seats = Units.of([(f"seat {seat}", -1) for seat in range(architecture.seats)])
            seen, seen_by_critic = seen.beside(seats), seen_by_critic.beside(seats)
        hidden = [Units.hidden(count, others) for count in architecture.hidden]
        value = Units.of([("value", -1)])
        return [seen, *hidden, decided], [seen_by_critic, *hidden, value]

    def tie_gradients(self) -> None:
        """Replace the gradients of tied weights by their mean."""
        self.actor.tie_gradients()
        self.critic.tie_gradients()

    def _seat(self, observations: torch.Tensor) -> torch.Tensor:
        return observations[:, -self.seats :].argmax(dim=1)

    def _inputs(self, observations: torch.Tensor, views: int) -> torch.Tensor:
        features = observations[:, : views * self._features]
        mean, scale = self.feature_mean.repeat(views), self.feature_scale.repeat(views)
        return (features - mean) / scale

    def _evaluate(
        self, network: BatchedNetwork, observations: torch.Tensor, views: int = 1
    ) -> torch.Tensor:
        inputs = self._inputs(observations, views)
        if not self.is_separate:
            together = inputs
            if self.sees_seat:
                together = torch.cat([inputs, observations[:, -self.seats :]], dim=1)
            alone: torch.Tensor = network(together[None])[0]
            return alone
        seat = self._seat(observations)
        order = torch.argsort(seat, stable=True)
        counts = torch.bincount(seat, minlength=self.groups)
        most = int(counts.max())
        first = torch.cumsum(counts, 0) - counts
        place = torch.arange(len(seat), device=seat.device) - first[seat[order]]
        padded = inputs.new_zeros(self.groups, most, inputs.shape[1])
        padded[seat[order], place] = inputs[order]
        outputs: torch.Tensor = network(padded)
        result: torch.Tensor = outputs.new_empty(len(seat), outputs.shape[2])
        result[order] = outputs[seat[order], place]
        return result

    def forward(self, observations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the actor's and the critic's output."""
        return self.forward_actor(observations), self.forward_critic(observations)

    def forward_actor(self, observations: torch.Tensor) -> torch.Tensor:
        """Return means and log standard deviations of amounts, or the logits of choices."""
        outputs = self._evaluate(self.actor, observations)
        if self.log_spread is None:
            return outputs
        return torch.cat([outputs, self.log_spread[self._seat(observations)]], dim=1)

    def forward_critic(self, observations: torch.Tensor) -> torch.Tensor:
        """Return the value of each row, in units of the scaled rewards, [rows, 1]."""
        seat = self._seat(observations)
        values = self._evaluate(self.critic, observations, self._critic_views)
        return self.value_mean[seat][:, None] + values

    # -- over the rows of `SeatVecEnv`, in which all seats of a world follow one another ----------

    def groups_of(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Sort [rows, ...] by network, [groups, rows, ...]; a shared network is one group."""
        if not self.is_separate:
            return rows[None]
        by_world = rows.reshape(-1, self.seats, *rows.shape[1:])
        return np.ascontiguousarray(by_world.swapaxes(0, 1))

    def rows(self, groups: NDArray[Any]) -> NDArray[Any]:
        """Undo `groups_of`."""
        if not self.is_separate:
            return np.asarray(groups[0])
        in_order = np.ascontiguousarray(groups.swapaxes(0, 1))
        return in_order.reshape(-1, *groups.shape[2:])

    def seats_of(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the seat of each row, [rows]."""
        return np.tile(np.arange(self.seats), len(observations) // self.seats)

    def grouped(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the actors' inputs for these observations, [groups, rows, inputs]."""
        return self._grouped(observations, self._mean, self._scale)

    def grouped_for_critic(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a central critic's inputs for these observations, [groups, rows, inputs]."""
        views = self._critic_views
        return self._grouped(observations, np.tile(self._mean, views), np.tile(self._scale, views))

    @property
    def is_central(self) -> bool:
        """Whether the critic has other inputs than the actor: the observations of all powers."""
        return self._critic_views > 1

    def _grouped(
        self,
        observations: NDArray[np.float32],
        mean: NDArray[np.float32],
        scale: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        inputs = (observations[..., : len(mean)] - mean) / scale
        if self.sees_seat:
            inputs = np.concatenate([inputs, observations[..., -self.seats :]], axis=-1)
        return self.groups_of(inputs)

    def log_stds(self) -> NDArray[np.float32]:
        """Return the log standard deviations of amounts, [seats, amounts]."""
        assert self.log_spread is not None
        return np.asarray(self.log_spread.detach().cpu().numpy())


class _SeatPolicy:
    """What both policy classes share: `SeatNetworks` in place of Stable-Baselines3's networks."""

    def __init__(self, *args: Any, architecture: Architecture, **kwargs: Any) -> None:
        self._architecture = architecture
        super().__init__(*args, **{**kwargs, "ortho_init": False})

    def _build(self: Any, lr_schedule: Any) -> None:
        is_normal = hasattr(self.action_space, "low")
        if is_normal:
            outputs = int(np.prod(self.action_space.shape))
        elif hasattr(self.action_space, "nvec"):
            outputs = int(np.sum(self.action_space.nvec))
        else:
            outputs = int(self.action_space.n)
        self.mlp_extractor = SeatNetworks(self._architecture, outputs, is_normal)
        self.action_net = nn.Identity()
        self.value_net = nn.Identity()
        self.optimizer = self.optimizer_class(
            self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs
        )


class SeatPolicy(_SeatPolicy, ActorCriticPolicy):  # type: ignore[misc]
    """Actor and critic of all seats for PPO over amounts or choices without masks."""

    def _get_action_dist_from_latent(self, latent_pi: torch.Tensor) -> Any:
        if self.mlp_extractor.log_spread is None:
            return super()._get_action_dist_from_latent(latent_pi)
        mean, log_std = latent_pi.chunk(2, dim=1)
        return self.action_dist.proba_distribution(mean, log_std)


class MaskableSeatPolicy(_SeatPolicy, MaskableActorCriticPolicy):  # type: ignore[misc]
    """Actor and critic of all seats for MaskablePPO."""
