"""The networks of all seats, evaluated in one batched product a layer.

Weights can be tied so that a network is permutation equivariant in the other powers.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

SIZES_KEPT = 4


@dataclasses.dataclass(frozen=True)
class Units:
    """What the units of a layer stand for, in a permutation-equivariant network.

    Attributes
    ----------
    kinds : ndarray of int, [units]
        Number of the quantity; the same quantity of different others has the same number.
    others : ndarray of int, [units]
        The other power that the quantity belongs to; -1 for none.
    seconds : ndarray of int, [units]
        A second other power, if the quantity belongs to a pair of others; -1 for none.
    """

    kinds: NDArray[np.int64]
    others: NDArray[np.int64]
    seconds: NDArray[np.int64]

    @classmethod
    def of(cls, subjects: Sequence[tuple[str, int]], seconds: Sequence[int] = ()) -> Self:
        """Return the units that stand for these quantities of these others, or pairs of others."""
        known: dict[tuple[str, bool], int] = {}
        kinds = [known.setdefault((name, other < 0), len(known)) for name, other in subjects]
        others = np.array([other for _, other in subjects])
        return cls(np.array(kinds), others, np.array(seconds) if seconds else 0 * others - 1)

    @classmethod
    def hidden(cls, count: int, others: int) -> Self:
        """Return a hidden layer: half of it for no other in particular, the rest divided evenly."""
        each = count // (2 * others)
        own = count - others * each
        subjects = [(f"own {unit}", -1) for unit in range(own)]
        subjects += [(f"other {unit}", other) for other in range(others) for unit in range(each)]
        return cls.of(subjects)

    def beside(self, more: Units) -> Units:
        """Return these units followed by others of other quantities."""
        return Units(
            np.append(self.kinds, self.kinds.max() + 1 + more.kinds),
            np.append(self.others, more.others),
            np.append(self.seconds, more.seconds),
        )

    def mean_of(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the units' values with those of one quantity replaced by their mean."""
        sums = np.bincount(self.kinds, values)
        return np.asarray((sums / np.bincount(self.kinds))[self.kinds], np.float32)

    def ties_with(self, outputs: Units) -> NDArray[np.int64]:
        """Return a number for each weight, equal where weights are tied, [units, output units].

        A weight depends on the two quantities and on whether they belong to the same other power:
        the most general permutation-equivariant layer (Zaheer et al. 2017, "Deep sets", NeurIPS,
        lemma 3). Outputs belong to one other power at most.
        """
        into, out = self.others[:, None], outputs.others[None]
        relation = np.where((into < 0) | (out < 0), 0, np.where(into == out, 1, 2))
        relation = np.where((out >= 0) & (self.seconds[:, None] == out), 3, relation)
        kinds = self.kinds[:, None] * (outputs.kinds.max() + 1) + outputs.kinds[None]
        numbers = np.unique(4 * kinds + relation, return_inverse=True)[1]
        return numbers.reshape(relation.shape)


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
        self._tied: list[str] = []
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
            self.tie(f"weights.{number}", one.ties_with(next_one))
            self.tie(f"biases.{number}", next_one.kinds)

    @torch.no_grad()
    def tie(self, name: str, numbers: NDArray[np.int64]) -> None:
        """Tie the entries of a parameter that have equal numbers; give them one of their values."""
        _, first, inverse, counts = np.unique(
            numbers.ravel(), return_index=True, return_inverse=True, return_counts=True
        )
        ties = torch.from_numpy(inverse)
        stored = name.replace(".", "_")
        self.register_buffer(f"ties_of_{stored}", ties, persistent=False)
        self.register_buffer(f"tied_in_{stored}", torch.from_numpy(counts), persistent=False)
        self._tied.append(name)
        values = self.get_parameter(name)
        flat = values.view(len(values), -1)
        flat.copy_(flat[:, torch.from_numpy(first)][:, ties])

    @torch.no_grad()
    def tie_gradients(self) -> None:
        """Replace the gradients of tied weights by their mean."""
        for name in self._tied:
            stored = name.replace(".", "_")
            gradient = self.get_parameter(name).grad
            assert gradient is not None
            flat = gradient.view(len(gradient), -1)
            ties = getattr(self, f"ties_of_{stored}")
            counts = getattr(self, f"tied_in_{stored}")
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
