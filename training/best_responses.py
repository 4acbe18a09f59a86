"""Best responses by learning: one seat learns against a frozen profile.

Where a game is solved, `counterpoise.theory.regret.best_response` is exact and this measures how
far learning falls below it; where it is not, this is what there is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from counterpoise.agents.learned import LearnedStrategy
from counterpoise.envs.engine.strategy import Profile
from counterpoise.training.configuration import Configuration
from counterpoise.training.course import Course, Measures, measure, small_networks, step_discount


def learn_best_response(
    configuration: Configuration,
    profile: Profile,
    power: int,
    *,
    seed: int,
    agent_steps: int | None = None,
    device: str = "auto",
    measures: Measures | None = None,
    start: Mapping[str, NDArray[np.float32]] | None = None,
) -> LearnedStrategy:
    """Learn what one power does best against the others of a profile.

    Parameters
    ----------
    configuration : Configuration
        How to learn; its magnet is left out, for against frozen others nothing cycles, and what is
        played in the end is the likeliest choice.
    profile : sequence of Strategy
        One for each power; the power's own is not used.
    power : int
    seed : int
    agent_steps : int, optional
        Decisions of this power to learn from; by default its part of the configuration's.
    device : str
    measures : Measures, optional
        Where observations and payoffs lie, if that is known already.
    start : mapping of str to ndarray, optional
        The weights of a policy of the same configuration from which learning sets out, so that
        what it finds is not worse for want of time.

    Returns
    -------
    LearnedStrategy
    """
    powers = configuration.game_parameters().powers
    alone = for_one_seat(
        configuration, configuration.agent_steps // powers if agent_steps is None else agent_steps
    )
    if measures is None:
        measures = measure(alone, step_discount(alone))
    if start is not None:
        measures = dataclasses.replace(
            measures,
            feature_mean=start["feature_mean"],
            feature_scale=start["feature_scale"],
        )
    with small_networks():
        course = course_of_one(
            alone, measures, profile, power, seed=seed, device=device, start=start
        )
    return LearnedStrategy(
        alone.the_game(),
        alone.parameters_to_judge(),
        power,
        course.weights(),
        course.description(),
    )


def for_one_seat(configuration: Configuration, agent_steps: int) -> Configuration:
    """Return how one power learns alone: without a magnet, and with its part of a minibatch."""
    powers = configuration.game_parameters().powers
    return configuration.replace(
        magnet=0.0,
        mixed=False,
        agent_steps=agent_steps,
        minibatch=max(1, configuration.minibatch // powers),
    )


def course_of_one(
    alone: Configuration,
    measures: Measures,
    profile: Profile,
    power: int,
    *,
    seed: int,
    device: str,
    start: Mapping[str, NDArray[np.float32]] | None = None,
) -> Course:
    """Return the finished course of one power that learned against the others of a profile."""
    course = Course(alone, measures, seed=seed, device=device, seats=[power], profile=list(profile))
    if start is not None:
        course.set_out_from(start)
    try:
        course.go()
    finally:
        course.slots.close()
    return course
