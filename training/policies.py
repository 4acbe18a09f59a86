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
import itertools
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import nn


@dataclasses.dataclass(frozen=True)
class Units:
    """What the units of a layer stand for, in a permutation-equivariant network.

    Attributes
    ----------
    kinds : ndarray of int, [units]
        Number of the quantity; the same quantity of different others has the same number.
    others : ndarray of int, [units]
        The other power that the quantity belongs to; -1 for none.
    """

    kinds: NDArray[np.int64]
    others: NDArray[np.int64]

    @classmethod
    def of(cls, subjects: Sequence[tuple[str, int]]) -> Self:
        """Return the units that stand for these quantities of these others."""
        known: dict[tuple[str, bool], int] = {}
        kinds = [known.setdefault((name, other < 0), len(known)) for name, other in subjects]
        return cls(np.array(kinds), np.array([other for _, other in subjects]))

    @classmethod
    def hidden(cls, count: int, others: int) -> Self:
        """Return a hidden layer: half of it for no other in particular, the rest divided evenly."""
        each = count // (2 * others)
        own = count - others * each
        subjects = [(f"own {unit}", -1) for unit in range(own)]
        subjects += [(f"other {unit}", other) for other in range(others) for unit in range(each)]
        return cls.of(subjects)

    def mean_of(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the units' values with those of one quantity replaced by their mean."""
        sums = np.bincount(self.kinds, values)
        return np.asarray((sums / np.bincount(self.kinds))[self.kinds], np.float32)

    def ties_with(self, outputs: Units) -> NDArray[np.int64]:
        """Return a number for each weight, equal where weights are tied, [units, output units].

        A weight depends on the two quantities and on whether they belong to the same other power:
        the most general permutation-equivariant layer (Zaheer et al. 2017, "Deep sets", NeurIPS,
        lemma 3).
        """
        into, out = self.others[:, None], outputs.others[None]
        relation = np.where((into < 0) | (out < 0), 0, np.where(into == out, 1, 2))
        kinds = self.kinds[:, None] * (outputs.kinds.max() + 1) + outputs.kinds[None]
        numbers = np.unique(3 * kinds + relation, return_inverse=True)[1]
        return numbers.reshape(relation.shape)


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
        Units of the features and of the outputs, if the network is to be permutation equivariant.
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
    units: tuple[Units, Units] | None = None


SIZES_KEPT = 4


class BatchedNetwork(nn.Module):
    """Several multi-layer perceptrons of one shape, evaluated in one batched product a layer.

    With `layers`, the units of all layers, the network is permutation equivariant: weights that
    differ only in which other power they belong to are equal from the start and are moved by the
    mean of their gradients.
    """

    def __init__(
        self,
        groups: int,
        sizes: list[int],
        last_gain: float,
        activation: str = "tanh",
        layers: Sequence[Units] = (),
    ) -> None:
        super().__init__()
        self._is_tied = len(layers) > 0
        self.is_smooth = activation == "tanh"
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            gain = last_gain if layer == len(sizes) - 2 else np.sqrt(2.0)
            weight = torch.empty(groups, inputs, outputs)
            for group in range(groups):
                nn.init.orthogonal_(weight[group], gain=gain)
            self.weights.append(nn.Parameter(weight))
            self.biases.append(nn.Parameter(torch.zeros(groups, 1, outputs)))
        for number, (one, next_one) in enumerate(itertools.pairwise(layers)):
            self._tie(f"weight_{number}", one.ties_with(next_one), self.weights[number])
            self._tie(f"bias_{number}", next_one.kinds, self.biases[number])

    @torch.no_grad()
    def _tie(self, name: str, numbers: NDArray[np.int64], values: torch.Tensor) -> None:
        """Note which entries are tied, and give them the value of the first of them."""
        _, first, inverse, counts = np.unique(
            numbers.ravel(), return_index=True, return_inverse=True, return_counts=True
        )
        ties = torch.from_numpy(inverse)
        self.register_buffer(f"ties_of_{name}", ties, persistent=False)
        self.register_buffer(f"tied_in_{name}", torch.from_numpy(counts), persistent=False)
        flat = values.view(len(values), -1)
        flat.copy_(flat[:, torch.from_numpy(first)][:, ties])

    @torch.no_grad()
    def tie_gradients(self) -> None:
        """Replace the gradients of tied weights by their mean."""
        if not self._is_tied:
            return
        for kind, parameters in (("weight", self.weights), ("bias", self.biases)):
            for number, parameter in enumerate(parameters):
                assert parameter.grad is not None
                flat = parameter.grad.view(len(parameter), -1)
                ties = getattr(self, f"ties_of_{kind}_{number}")
                counts = getattr(self, f"tied_in_{kind}_{number}")
                sums = flat.new_zeros(len(flat), len(counts)).index_add_(1, ties, flat)
                flat.copy_((sums / counts)[:, ties])

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Map [groups, rows, inputs] to [groups, rows, outputs]."""
        hidden = inputs
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias, hidden, weight)
            if layer < len(self.weights) - 1:
                hidden = torch.tanh(hidden) if self.is_smooth else torch.relu(hidden)
        return hidden

    def activate_in_place(self, hidden: torch.Tensor) -> None:
        """Apply the activation."""
        if self.is_smooth and hidden.device.type == "cpu":
            # Numpy's hyperbolic tangent is several times as fast as torch's.
            values = hidden.numpy()
            np.tanh(values, out=values)
        elif self.is_smooth:
            hidden.tanh_()
        else:
            hidden.relu_()

    def differentiate_in_place(self, gradient: torch.Tensor, activated: torch.Tensor) -> None:
        """Multiply a gradient by the activation's derivative, computed from its result."""
        if self.is_smooth:
            torch.ops.aten.tanh_backward.grad_input(gradient, activated, grad_input=gradient)
        else:
            torch.ops.aten.threshold_backward.grad_input(
                gradient, activated, 0.0, grad_input=gradient
            )


class Workspace:
    """Forward and backward passes of one network without autograd, in memory that is reused.

    Torch allocates memory for every result, the first use of which costs more than the arithmetic.

    Parameters
    ----------
    network : BatchedNetwork
    """

    def __init__(self, network: BatchedNetwork) -> None:
        self._network = network
        self._weights, self._biases = list(network.weights), list(network.biases)
        self._transposed = [weight.detach().transpose(1, 2) for weight in self._weights]
        self._memory: dict[int, tuple[list[torch.Tensor], list[torch.Tensor]]] = {}

    def _room(self, inputs: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        rows = inputs.shape[1]
        room = self._memory.pop(rows, None)
        if room is None:
            shapes = [(len(weight), rows, weight.shape[2]) for weight in self._weights]
            room = (
                [inputs.new_empty(shape) for shape in shapes],
                [inputs.new_empty(shape) for shape in shapes[:-1]],
            )
        # The most recently used size is last: the number of worlds that end varies by step.
        self._memory[rows] = room
        if len(self._memory) > SIZES_KEPT:
            del self._memory[next(iter(self._memory))]
        return room

    @torch.no_grad()
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Map [groups, rows, inputs] to [groups, rows, outputs], valid until the next call."""
        results, _ = self._room(inputs)
        hidden = inputs
        for layer, result in enumerate(results):
            if layer > 0:
                self._network.activate_in_place(hidden)
            weight, bias = self._weights[layer], self._biases[layer]
            hidden = torch.baddbmm(bias, hidden, weight, out=result)
        return hidden

    @torch.no_grad()
    def backward(self, inputs: torch.Tensor, gradient: torch.Tensor) -> None:
        """Add to the parameters' gradients those implied by the gradient in the last outputs.

        `inputs` must be those of the last call of `forward`.
        """
        results, gradients = self._room(inputs)
        for layer in reversed(range(len(results))):
            below = results[layer - 1] if layer > 0 else inputs
            of_weight, of_bias = self._weights[layer].grad, self._biases[layer].grad
            assert of_weight is not None
            assert of_bias is not None
            of_weight.baddbmm_(below.transpose(1, 2), gradient)
            of_bias.add_(gradient.sum(dim=1, keepdim=True))
            if layer > 0:
                gradient = torch.bmm(gradient, self._transposed[layer], out=gradients[layer - 1])
                self._network.differentiate_in_place(gradient, below)


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
        inputs = features + architecture.seats if self.sees_seat else features
        hidden = list(architecture.hidden)
        of_actor, of_critic = self._layers(architecture)
        self.actor = BatchedNetwork(
            self.groups, [inputs, *hidden, outputs], 0.01, architecture.activation, of_actor
        )
        self.critic = BatchedNetwork(
            self.groups, [inputs, *hidden, 1], 0.01, architecture.activation, of_critic
        )
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

    def _layers(self, architecture: Architecture) -> tuple[list[Units], list[Units]]:
        """Return the units of the layers of actor and critic; none if no weights are tied."""
        if architecture.units is None:
            return [], []
        seen, decided = architecture.units
        others = int(seen.others.max()) + 1
        if self.sees_seat:
            kinds = seen.kinds.max() + 1 + np.arange(architecture.seats)
            none = np.full(architecture.seats, -1)
            seen = Units(np.append(seen.kinds, kinds), np.append(seen.others, none))
        below = [seen, *(Units.hidden(count, others) for count in architecture.hidden)]
        return [*below, decided], [*below, Units.of([("value", -1)])]

    def tie_gradients(self) -> None:
        """Replace the gradients of tied weights by their mean."""
        self.actor.tie_gradients()
        self.critic.tie_gradients()

    def _seat(self, observations: torch.Tensor) -> torch.Tensor:
        return observations[:, -self.seats :].argmax(dim=1)

    def _inputs(self, observations: torch.Tensor) -> torch.Tensor:
        features = observations[:, : -self.seats]
        return (features - self.feature_mean) / self.feature_scale

    def _evaluate(self, network: BatchedNetwork, observations: torch.Tensor) -> torch.Tensor:
        inputs = self._inputs(observations)
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
        values = self._evaluate(self.critic, observations)
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
        """Return the networks' inputs for these observations, [groups, rows, inputs]."""
        inputs = (observations[:, : -self.seats] - self._mean) / self._scale
        if self.sees_seat:
            inputs = np.concatenate([inputs, observations[:, -self.seats :]], axis=1)
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
