"""Learned best responses: one seat, or a few, learn against a profile that does not learn.

In a solved game `counterpoise.theory.regret.best_response` is exact, and the comparison measures
how far learning falls short of it. In other games a learned response is a lower bound.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

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
    (response,) = learn_best_responses(
        configuration,
        profile,
        [power],
        seed=seed,
        agent_steps=agent_steps,
        device=device,
        normalisation=normalisation,
        start=start,
    )
    return response


def learn_best_responses(
    configuration: Configuration,
    profile: Profile,
    seats: Sequence[int],
    *,
    seed: int,
    agent_steps: int | None = None,
    device: str = "auto",
    normalisation: Normalisation | None = None,
    start: Mapping[str, NDArray[np.float32]] | None = None,
) -> list[LearnedStrategy]:
    """Learn, for a few powers at the same time, responses to the others of a profile.

    Parameters are those of `learn_best_response`, except that `agent_steps` are the decisions of
    all `seats` together; their strategies in the profile are not used.

    Returns
    -------
    list of LearnedStrategy
        In the order of `seats`.
    """
    powers = configuration.game_parameters().powers
    if agent_steps is None:
        agent_steps = configuration.agent_steps * len(seats) // powers
    alone = for_seats(configuration, len(seats), agent_steps)
    if normalisation is None:
        normalisation = normalisation_of(alone)
    if start is not None:
        start = weights_of_seats(start, seats, configuration)
        normalisation = dataclasses.replace(
            normalisation,
            feature_mean=start["feature_mean"],
            feature_scale=start["feature_scale"],
        )
    with one_torch_thread():
        training = train_seats(
            alone, normalisation, profile, seats, seed=seed, device=device, start=start
        )
    weights, description = training.weights(), training.description()
    return [
        LearnedStrategy(alone.the_game(), alone.parameters_to_judge(), seat, weights, description)
        for seat in seats
    ]


def weights_of_seats(
    weights: Mapping[str, NDArray[np.float32]], seats: Sequence[int], configuration: Configuration
) -> dict[str, NDArray[np.float32]]:
    """Return the weights of some seats from those of a policy for all seats of a configuration.

    Of separate networks, their own; of a shared network that observes its seat, those without the
    inputs that stand for other seats.
    """
    powers, policy = configuration.game_parameters().powers, configuration.network.policy
    found = dict(weights)
    for name, value in weights.items():
        if not name.startswith(("actor.", "critic.")):
            continue
        if policy == SEPARATE:
            found[name] = value[list(seats)]
        elif policy == SHARED and name.endswith((".weights.0", ".gates_of_inputs")):
            # The memory is an input that follows the seats.
            last = configuration.network.memory if name.endswith(".weights.0") else 0
            first_seat = value.shape[1] - last - powers
            others = [first_seat + seat for seat in range(powers) if seat not in seats]
            found[name] = np.delete(value, others, axis=1)
    return found


def for_seats(configuration: Configuration, seats: int, agent_steps: int) -> Configuration:
    """Return how some powers learn alone: without a magnet, with their share of a minibatch."""
    powers = configuration.game_parameters().powers
    return configuration.replace(
        mixed=False,
        agent_steps=agent_steps,
        ppo={
            "magnet_coef": 0.0,
            "batch_size": max(1, configuration.ppo.batch_size * seats // powers),
        },
    )


def train_seats(
    alone: Configuration,
    normalisation: Normalisation,
    profile: Profile,
    seats: Sequence[int],
    *,
    seed: int,
    device: str,
    start: Mapping[str, NDArray[np.float32]] | None = None,
) -> PPOTraining:
    """Train some powers against the others of a profile; return the finished training."""
    training = PPOTraining(
        alone, normalisation, seed=seed, device=device, seats=seats, profile=list(profile)
    )
    if start is not None:
        training.start_from(start)
    try:
        training.train()
    finally:
        training.env.close()
    return training
