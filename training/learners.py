"""The training algorithms: what each one offers, and the table that they are chosen from.

To add one: write a class with the two methods of `Learner`, and give it a row in `LEARNERS`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.training.sections import CENTRAL

if TYPE_CHECKING:
    from counterpoise.training.configuration import Configuration
    from counterpoise.training.runs import Run


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes
    ----------
    agent_steps, total_agent_steps : int
        Decisions of single powers learned from, and how many there will be.
    seconds : float
        Wall-clock time, including that of earlier processes of a resumed run.
    reward : ndarray, [powers]
        Each power's mean reward per step since the last report.
    """

    agent_steps: int
    total_agent_steps: int
    seconds: float
    reward: NDArray[np.float64]

    @property
    def rate(self) -> float:
        """Agent-steps per second."""
        return self.agent_steps / max(self.seconds, 1e-9)


Tell = Callable[[Progress], None]


class Learner(Protocol):
    """A training algorithm at work on one configuration with one seed."""

    def fit(self, run: Run, tell: Tell) -> None:
        """Train to the end, from the run's checkpoint if it holds one.

        The run must be resumable at any moment to the numbers of an uninterrupted run: everything
        that the rest of the training depends on goes into `run.save`.

        Parameters
        ----------
        run : Run
            Where policy, checkpoint, metrics and state are written.
        tell : callable
            Called with the progress, once per batch or best response.
        """

    def profile(self) -> list[Strategy]:
        """Return what was learned so far, one strategy per power."""


@dataclasses.dataclass(frozen=True)
class LearnerRow:
    """What is known of a learner before it is made, so that nobody has to ask for its name.

    Attributes
    ----------
    make : callable
        From configuration, training seed and device to the learner.
    gives_one_policy : bool
        Whether the result is one policy, which can depend on the parameters that it observes and
        can be trained further; otherwise it is a mixture of policies.
    in_words : callable
        From a configuration to a short description of the learner for tables.
    shortened : callable
        From a configuration and a share to a quicker configuration, with that share of the
        agent-steps.
    """

    make: Callable[[Configuration, int, str], Learner]
    gives_one_policy: bool
    in_words: Callable[[Configuration], str]
    shortened: Callable[[Configuration, float], Configuration]


# The learners import torch, which takes seconds: only when one is made.


def _ppo(configuration: Configuration, seed: int, device: str) -> Learner:
    from counterpoise.training.ppo_learner import PPOLearner

    return PPOLearner(configuration, seed=seed, device=device)


def _fictitious_play(configuration: Configuration, seed: int, device: str) -> Learner:
    from counterpoise.training.population import FictitiousPlay

    return FictitiousPlay(configuration, seed=seed, device=device)


def _psro(configuration: Configuration, seed: int, device: str) -> Learner:
    from counterpoise.training.population import ResponseOracles

    return ResponseOracles(configuration, seed=seed, device=device)


def _ppo_in_words(configuration: Configuration) -> str:
    words = "PPO"
    if configuration.ppo.magnet_coef > 0.0:
        words += " with magnet"
    elif configuration.mixed:
        words += ", mixed"
    network = configuration.network
    words += f", {network.policy}"
    words += ", central critic" if network.critic == CENTRAL else ""
    return f"{words}, memory" if network.memory > 0 else words


def _fewer_steps(configuration: Configuration, share: float) -> Configuration:
    return configuration.replace(agent_steps=max(1, round(configuration.agent_steps * share)))


def _fewer_responses(configuration: Configuration, share: float) -> Configuration:
    # Iterations are cut less than agent-steps: two or three best responses mix too few policies.
    iterations = max(2, round(3 * share * configuration.population.iterations))
    return _fewer_steps(configuration, share).replace(population={"iterations": iterations})


LEARNERS: Mapping[str, LearnerRow] = {
    "ppo": LearnerRow(_ppo, True, _ppo_in_words, _fewer_steps),
    "fictitious_play": LearnerRow(
        _fictitious_play, False, lambda _: "fictitious play", _fewer_responses
    ),
    "psro": LearnerRow(_psro, False, lambda _: "psro", _fewer_responses),
}
