"""Learned strategies: weights as safetensors, description as JSON; nothing is unpickled.

The networks are small and evaluated with numpy, so playing a learned strategy needs no torch.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from counterpoise.agents.mixture import Mixture
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase, column_values
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.registration import why_superseded
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import as_parameters

WEIGHTS = "policy.safetensors"
DESCRIPTION = "policy.json"
FORMAT = 2
NEEDED = {
    "game", "version", "parameters", "learning", "separate", "sees_seat", "hidden", "activation",
}  # fmt: skip


def _relu(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.maximum(values, np.float32(0.0))


ACTIVATIONS: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "tanh": np.tanh,
    "relu": _relu,
}


class LearnedStrategy(Strategy):
    """One seat of a learned policy.

    A policy that was trained with `observe` takes those parameters from the observation in worlds
    that show them; elsewhere they have the values of `parameters`.

    Parameters
    ----------
    game : Game
    parameters : Parameters
        Parameters of the game that is played. They set the bounds of amounts.
    power : int
        The seat.
    weights : mapping of str to ndarray
    description : mapping
        As written by `counterpoise.training.runs`.
    is_random : bool
        Whether to draw from the learned distribution of choices; otherwise the mode is played.
    """

    def __init__(
        self,
        game: Game,
        parameters: ParametersBase,
        power: int,
        weights: dict[str, NDArray[np.float32]],
        description: dict[str, Any],
        *,
        is_random: bool = False,
    ) -> None:
        self.name = "learned"
        self.is_random = is_random and game.is_discrete
        game = game.seated(parameters.powers)
        self._game = game
        self._counts = game.choice_counts
        learning = list(description["learning"])
        self._seat, self._seats = learning.index(power), len(learning)
        group = self._seat if description["separate"] else 0
        self._sees_seat = bool(description["sees_seat"])
        self._read = ObservationReader(game, parameters, description)
        self._mean = weights["feature_mean"]
        self._scale = weights["feature_scale"]
        if len(self._mean) != self._read.inputs:
            raise CounterpoiseError(
                f"The policy was learned on {len(self._mean)} features, and an observation of "
                f"{game.name} has {self._read.inputs}: train it again."
            )
        layers = len(description["hidden"]) + 1
        self._activate = ACTIVATIONS[description["activation"]]
        self._layers = [
            (weights[f"actor.weights.{k}"][group], weights[f"actor.biases.{k}"][group, 0])
            for k in range(layers)
        ]
        # Policies without a memory need not say so.
        self.memory = int(description.get("memory", 0))
        if self.memory > 0:
            self._gates_of_inputs, self._gates_of_memory, self._gate_biases = (
                weights[f"actor.{name}"][group]
                for name in ("gates_of_inputs", "gates_of_memory", "gate_biases")
            )
        low, high = game.action_bounds(np.array([parameters.to_record()]), parameters.powers)
        self._low, self._span = low[0, power], high[0, power] - low[0, power]

    def _outputs(
        self, observations: NDArray[np.float32], memory: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        hidden = (self._read(observations) - self._mean) / self._scale
        if self._sees_seat:
            seat = np.zeros((len(hidden), self._seats), np.float32)
            seat[:, self._seat] = 1.0
            hidden = np.concatenate([hidden, seat], axis=1)
        if self.memory > 0:
            if memory is None:
                raise CounterpoiseError(
                    "This policy has a memory: play it with counterpoise.envs.engine.rollouts, or "
                    "call `act_with_memory` with what it remembers. The theory of solved games is "
                    "for policies without a memory."
                )
            memory[:] = self._remember(hidden, memory)
            hidden = np.concatenate([hidden, memory], axis=1)
        for k, (weight, bias) in enumerate(self._layers):
            hidden = hidden @ weight + bias
            if k < len(self._layers) - 1:
                hidden = self._activate(hidden)
        return hidden

    def _remember(
        self, inputs: NDArray[np.float32], memory: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the memory after a step: the equations of `counterpoise.training.memory`."""
        from_inputs = inputs @ self._gates_of_inputs + self._gate_biases
        from_memory = memory @ self._gates_of_memory
        both = 2 * self.memory
        # The logistic function, without overflow.
        gates = 0.5 + 0.5 * np.tanh(0.5 * (from_inputs[:, :both] + from_memory[:, :both]))
        kept, reset = gates[:, : self.memory], gates[:, self.memory :]
        new = np.tanh(from_inputs[:, both:] + reset * from_memory[:, both:])
        return np.asarray(new + kept * (memory - new), np.float32)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return the mean amount within the bounds, or the mode or a draw of each choice."""
        return self._decided(self._outputs(observations), masks, rng)

    def act_with_memory(
        self,
        observations: NDArray[np.float32],
        masks: NDArray[np.int8],
        rng: np.random.Generator,
        memory: NDArray[np.float32],
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return the mean amount within the bounds, or the mode or a draw of each choice."""
        return self._decided(self._outputs(observations, memory), masks, rng)

    def _decided(
        self, outputs: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        if not self._game.is_discrete:
            share = np.clip(0.5 * (outputs.astype(np.float64) + 1.0), 0.0, 1.0)
            return np.asarray(self._low + share * self._span)
        logits = _masked(outputs, masks)
        if self.is_random:
            # The argmax of logits with Gumbel noise is a draw from their distribution.
            logits += rng.gumbel(size=logits.shape).astype(np.float32)
        chosen = np.empty((len(outputs), len(self._counts)), np.int64)
        at = 0
        for component, count in enumerate(self._counts):
            logits[:, at : at + count].argmax(axis=1, out=chosen[:, component])
            at += count
        return chosen

    def probabilities(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return the probability of each option in a game with one choice, [n, options]."""
        if not self.is_random:
            return super().probabilities(observations, masks)
        logits = _masked(self._outputs(observations), masks).astype(np.float64)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


class ObservationReader:
    """Makes a policy's inputs from observations, with or without the parameters that it observes.

    Parameters
    ----------
    game : Game
    parameters : Parameters
        They hold the values of the parameters that worlds do not show.
    description : mapping
        As of `LearnedStrategy`; ``observe`` names the parameters that the policy observes, and
        ``sees_tremble`` says whether its last input is the chance of a tremble, which is 0 in play.

    Attributes
    ----------
    inputs : int
        Number of inputs.
    """

    def __init__(self, game: Game, parameters: ParametersBase, description: dict[str, Any]) -> None:
        self._observe = list(description.get("observe", ()))
        shown = game.observing(self._observe)
        record = np.array([parameters.to_record()])
        unseen = [shown.parameters.declarations[name] for name in shown.also_observed]
        self._unseen = column_values(unseen, record, parameters.powers)
        self._chance = np.zeros((1, int(description.get("sees_tremble", False))), np.float32)
        self._shown = len(shown.observation_names(parameters.powers))
        self.inputs = self._shown + self._chance.shape[1]

    def __call__(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the inputs, [n, inputs].

        Raises
        ------
        CounterpoiseError
            If the worlds show some of the parameters that the policy observes, or others.
        """
        width = observations.shape[1]
        if width == self._shown:
            return self._followed_by(observations, self._chance)
        if width != self._shown - self._unseen.shape[1]:
            names = ", ".join(self._observe)
            alternative = f"observe = [{names}] or no observe" if names else "no observe"
            raise CounterpoiseError(
                f"The policy reads {self._shown} features, and these observations have {width}: "
                f"make the worlds with {alternative}."
            )
        return self._followed_by(observations, self._unseen, self._chance)

    @staticmethod
    def _followed_by(
        observations: NDArray[np.float32], *constants: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        rows = [np.repeat(each, len(observations), axis=0) for each in constants if each.size]
        return np.concatenate([observations, *rows], axis=1) if rows else observations


def _masked(logits: NDArray[np.float32], masks: NDArray[np.int8]) -> NDArray[np.float32]:
    return np.where(masks == 1, logits, np.float32(-np.inf))


def load_profile(
    folder: str | Path,
    *,
    is_random: bool | None = None,
    parameters: ParametersBase | None = None,
) -> tuple[Game, ParametersBase, list[Strategy]]:
    """Load the policy in a folder as one strategy for every power.

    The game that is returned shows the parameters that the policy observes.

    Parameters
    ----------
    folder : path
        Folder with ``policy.safetensors`` and ``policy.json``.
    is_random : bool, optional
        Whether choices are drawn, or the most probable are taken; by default as in training.
    parameters : Parameters, optional
        Parameters of the game that is played; by default those of its evaluation.

    Raises
    ------
    CounterpoiseError
        If the files are missing or hold no such policy.
    """
    folder = Path(folder)
    try:
        description = json.loads((folder / DESCRIPTION).read_text())
        weights = safetensors.numpy.load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise CounterpoiseError(
            f"{folder} holds no learned policy: {Path(error.filename or WEIGHTS).name} is missing."
        ) from None
    if description.get("format") != FORMAT:
        raise CounterpoiseError(
            f"{folder / DESCRIPTION} is of format {description.get('format')!r}; this version "
            f"reads {FORMAT}."
        )
    absent = sorted(NEEDED - description.keys())
    if absent:
        raise CounterpoiseError(f"{folder / DESCRIPTION} lacks {absent[0]!r}: train it again.")
    game = game_named(description["game"])
    if description["version"] != game.version:
        raise CounterpoiseError(
            f"The policy in {folder} was learned on {game.name} v{description['version']}; the "
            f"rules are now v{game.version}: train it again. "
            f"{why_superseded(game.name, description['version'])}".strip()
        )
    if parameters is None:
        parameters = as_parameters(game.parameters, description["parameters"])
    elif parameters.powers != len(description["learning"]):
        raise CounterpoiseError(
            f"The policy in {folder} is for {len(description['learning'])} powers, not for "
            f"{parameters.powers}."
        )
    game = game.observing(description.get("observe", ()))
    if is_random is None:
        is_random = bool(description.get("mixed", False))
    if "mixture" in description:
        return game, parameters, _mixtures(game, parameters, weights, description)
    profile: list[Strategy] = [
        LearnedStrategy(game, parameters, seat, weights, description, is_random=is_random)
        for seat in range(parameters.powers)
    ]
    return game, parameters, profile


def _mixtures(
    game: Game,
    parameters: ParametersBase,
    weights: dict[str, NDArray[np.float32]],
    description: dict[str, Any],
) -> list[Strategy]:
    """Return each power's mixture of the strategies that it learned in turn."""
    return [
        Mixture(
            [
                LearnedStrategy(
                    game,
                    parameters,
                    power,
                    member_weights(weights, member, power),
                    {**description, "learning": [power]},
                )
                for member in range(len(shares))
            ],
            shares,
        )
        for power, shares in enumerate(description["mixture"])
    ]


def member_weights(
    weights: dict[str, NDArray[np.float32]], member: int, power: int
) -> dict[str, NDArray[np.float32]]:
    """Return one network's weights from those of a population."""
    prefix = f"{member}.{power}."
    return {
        name.removeprefix(prefix): value
        for name, value in weights.items()
        if name.startswith(prefix)
    }
