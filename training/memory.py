"""Networks with a memory: a gated recurrent unit beside the inputs of a multi-layer perceptron.

With observations :math:`x_t` and memory :math:`h_t`, zero where an episode begins (Cho et al. 2014,
"Learning phrase representations using RNN encoder-decoder", EMNLP),

.. math::

    z_t &= \\sigma(W_z x_t + U_z h_{t-1} + b_z), \\\\
    r_t &= \\sigma(W_r x_t + U_r h_{t-1} + b_r), \\\\
    n_t &= \\tanh(W_n x_t + r_t \\odot U_n h_{t-1} + b_n), \\\\
    h_t &= (1 - z_t) \\odot n_t + z_t \\odot h_{t-1}.

The perceptron has the inputs :math:`(x_t, h_t)`, so that a memory adds to what a network without
one observes. `counterpoise.agents.learned` evaluates the same equations with numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from counterpoise.training.networks import BatchedNetwork, Units

GATES = 3


class Sequences(NamedTuple):
    """Consecutive steps of several rows of every network.

    Attributes
    ----------
    inputs : tensor, [groups, rows, steps, inputs]
    goes_on : tensor, [groups, rows, steps]
        0 where an episode begins, otherwise 1.
    first : tensor, [groups, rows, memory]
        The memory before the first step.
    """

    inputs: torch.Tensor
    goes_on: torch.Tensor
    first: torch.Tensor


class RecurrentNetwork(BatchedNetwork):
    """Several gated recurrent units with perceptrons, of one shape, evaluated in batched products.

    Parameters
    ----------
    groups : int
    sizes : list of int
        Inputs, units of the perceptron's hidden layers, outputs.
    last_gain : float
    activation : str
    layers : sequence of Units
        Units of all layers, if the network is to be permutation equivariant.
    memory : int
        Number of units of the memory.
    """

    def __init__(
        self,
        groups: int,
        sizes: list[int],
        last_gain: float,
        activation: str = "tanh",
        layers: Sequence[Units] = (),
        *,
        memory: int,
    ) -> None:
        inputs, seen = sizes[0], layers[0] if layers else None
        if seen is not None:
            remembered = Units.hidden(memory, int(seen.others.max()) + 1)
            layers = [seen.beside(remembered), *layers[1:]]
        super().__init__(groups, [inputs + memory, *sizes[1:]], last_gain, activation, layers)
        self.memory = memory
        self.gates_of_inputs = _gates(groups, inputs, memory)
        self.gates_of_memory = _gates(groups, memory, memory)
        self.gate_biases = nn.Parameter(torch.zeros(groups, 1, GATES * memory))
        if seen is not None:
            gates = remembered.beside(remembered).beside(remembered)
            self.tie("gates_of_inputs", seen.ties_with(gates))
            self.tie("gates_of_memory", remembered.ties_with(gates))
            self.tie("gate_biases", gates.kinds)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Map the inputs of an episode's first step, [groups, rows, inputs], to the outputs."""
        memory = inputs.new_zeros(*inputs.shape[:2], self.memory)
        return self.outputs(inputs, self.remember(inputs, memory))

    def remember(self, inputs: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        """Return the memory after a step, [groups, rows, memory]."""
        return self._next(torch.baddbmm(self.gate_biases, inputs, self.gates_of_inputs), memory)

    def _next(self, from_inputs: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        from_memory = torch.bmm(memory, self.gates_of_memory)
        both = 2 * self.memory
        kept, reset = torch.sigmoid(from_inputs[..., :both] + from_memory[..., :both]).chunk(2, -1)
        new = torch.tanh(from_inputs[..., both:] + reset * from_memory[..., both:])
        return torch.lerp(new, memory, kept)

    def outputs(self, inputs: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        """Return the outputs for inputs and the memory of them, [groups, rows, outputs]."""
        return super().forward(torch.cat([inputs, memory], dim=-1))

    def unroll(self, sequences: Sequences) -> torch.Tensor:
        """Return the outputs of every step, [groups, rows, steps, outputs]."""
        inputs, goes_on, memory = sequences
        groups, rows, steps, _ = inputs.shape
        together = inputs.reshape(groups, rows * steps, -1)
        from_inputs = torch.baddbmm(self.gate_biases, together, self.gates_of_inputs)
        from_inputs = from_inputs.view(groups, rows, steps, -1)
        memories = []
        for step in range(steps):
            memory = self._next(from_inputs[:, :, step], memory * goes_on[:, :, step, None])
            memories.append(memory)
        remembered = torch.stack(memories, dim=2).view(groups, rows * steps, -1)
        return self.outputs(together, remembered).view(groups, rows, steps, -1)


def _gates(groups: int, inputs: int, memory: int) -> nn.Parameter:
    weight = torch.empty(groups, inputs, GATES * memory)
    for group in range(groups):
        for gate in weight[group].chunk(GATES, dim=1):
            nn.init.orthogonal_(gate)
    return nn.Parameter(weight)


class Remembered:
    """What a network remembers of the present episode in every row that it plays.

    Parameters
    ----------
    network : RecurrentNetwork
    shape : (int, int)
        Number of groups, and of rows of each.
    device : device

    Attributes
    ----------
    memory : tensor, [groups, rows, memory]
    """

    def __init__(
        self, network: RecurrentNetwork, shape: tuple[int, int], device: torch.device
    ) -> None:
        self._network = network
        self.memory = torch.zeros(*shape, network.memory, device=device)

    def clear(self, goes_on: torch.Tensor) -> None:
        """Forget everything in the rows, [groups, rows], in which an episode begins."""
        self.memory = self.memory * goes_on[..., None]

    @torch.no_grad()
    def advance(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs for the next step's inputs in every row, and remember these."""
        self.memory = self._network.remember(inputs, self.memory)
        return self._network.outputs(inputs, self.memory)

    @torch.no_grad()
    def look(self, inputs: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Return the outputs for the next step's inputs in some rows, without remembering these."""
        memory = self._network.remember(inputs, self.memory[:, rows])
        return self._network.outputs(inputs, memory)


class Unrolled:
    """Backpropagation through the steps of a batch; gradients do not reach earlier batches.

    Parameters
    ----------
    network : RecurrentNetwork
    """

    def __init__(self, network: RecurrentNetwork) -> None:
        self._network = network

    def forward(self, sequences: Sequences) -> torch.Tensor:
        """Return the outputs of every step, [groups, rows, steps, outputs]."""
        with torch.enable_grad():
            self._outputs = self._network.unroll(sequences)
        return self._outputs.detach()

    def backward(self, _sequences: Sequences, gradient: torch.Tensor) -> None:
        """Add to the parameters' gradients those implied by the gradient in the last outputs."""
        torch.autograd.backward(self._outputs, gradient)
