"""Learned best responses: one seat learns against a profile that does not learn.

In a solved game `counterpoise.theory.regret.best_response` is exact, and the comparison measures
how far learning falls short of it. In other games a learned response is a lower bound.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from counterpoise.agents.learned import LearnedStrategy
from counterpoise.envs.engine.strategy import Profile
from counterpoise.training.configuration import Configuration
from counterpoise.training.normalisation import Normalisation, normalisation_of
from counterpoise.training.ppo_training import PPOTraining, one_torch_thread
from counterpoise.training.sections import SEPARATE, SHARED


def learn_best_response(
    configuration: Configuration,
    profile: Profile,
    power: int,
    *,
    seed: int,
    agent_steps: int | None = None,
    device: str = "auto",
    normalisation: Normalisation | None = None,
    start: Mapping[str, NDArray[np.float32]] | None = None,
) -> LearnedStrategy:
    """Learn a best response of one power to the others of a profile.

    Parameters
    ----------
    configuration : Configuration
        How to learn. Its magnet is left out, since nothing cycles against others that do not
        learn, and the most likely choice is played in the end.
    profile : sequence of Strategy
        One per power; the power's own is not used.
    power : int
    seed : int
    agent_steps : int, optional
        Decisions of this power to learn from; its share of the configuration's by default.
    device : str
    normalisation : Normalisation, optional
        Of the same configuration, if it is known already.
    start : mapping of str to ndarray, optional
        Weights of a policy of the same configuration to start from, so that the response is not
        worse only because training was short.

    Returns
    -------
    LearnedStrategy
    """
    powers = configuration.game_parameters().powers
    alone = for_one_seat(
        configuration, configuration.agent_steps // powers if agent_steps is None else agent_steps
    )
    if normalisation is None:
        normalisation = normalisation_of(alone)
    if start is not None:
        start = weights_of_seat(start, power, configuration)
        normalisation = dataclasses.replace(
            normalisation,
            feature_mean=start["feature_mean"],
            feature_scale=start["feature_scale"],
        )
    with one_torch_thread():
        training = train_one_seat(
            alone, normalisation, profile, power, seed=seed, device=device, start=start
        )
    return LearnedStrategy(
        alone.the_game(),
        alone.parameters_to_judge(),
        power,
        training.weights(),
        training.description(),
    )


def weights_of_seat(
    weights: Mapping[str, NDArray[np.float32]], power: int, configuration: Configuration
) -> dict[str, NDArray[np.float32]]:
    """Return one seat's weights from those of a policy for all seats of a configuration.

    Of separate networks, its own; of a shared network that observes its seat, those without the
    inputs that stand for other seats.
    """
    powers, policy = configuration.game_parameters().powers, configuration.network.policy
    found = dict(weights)
    for name, value in weights.items():
        if not name.startswith(("actor.", "critic.")):
            continue
        if policy == SEPARATE:
            found[name] = value[[power]]
        elif policy == SHARED and name.endswith((".weights.0", ".gates_of_inputs")):
            # The memory is an input that follows the seats.
            last = configuration.network.memory if name.endswith(".weights.0") else 0
            first_seat = value.shape[1] - last - powers
            others = [first_seat + seat for seat in range(powers) if seat != power]
            found[name] = np.delete(value, others, axis=1)
    return found


def for_one_seat(configuration: Configuration, agent_steps: int) -> Configuration:
    """Return how one power learns alone: without a magnet, and with its share of a minibatch."""
    powers = configuration.game_parameters().powers
    return configuration.replace(
        mixed=False,
        agent_steps=agent_steps,
        ppo={"magnet_coef": 0.0, "batch_size": max(1, configuration.ppo.batch_size // powers)},
    )


def train_one_seat(
    alone: Configuration,
    normalisation: Normalisation,
    profile: Profile,
    power: int,
    *,
    seed: int,
    device: str,
    start: Mapping[str, NDArray[np.float32]] | None = None,
) -> PPOTraining:
    """Train one power against the others of a profile; return the finished training."""
    training = PPOTraining(
        alone, normalisation, seed=seed, device=device, seats=[power], profile=list(profile)
    )
    if start is not None:
        training.start_from(start)
    try:
        training.train()
    finally:
        training.env.close()
    return training
