"""The learners of populations: best responses to what was learned before, and how to mix them.

In every iteration each power learns a best response to the others' current mixtures and adds it to
its population. *Fictitious self-play* (Heinrich, Lanctot and Silver 2015, ICML; after Brown 1951)
weighs all members equally. *Policy-space response oracles* (Lanctot et al. 2017, NeurIPS) play
every member against every other, and weigh them by an equilibrium of the table of their payoffs.

The first best responses are to uniformly random play, which is not a member.
"""

from __future__ import annotations

import abc
import itertools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from counterpoise.agents.learned import LearnedStrategy
from counterpoise.agents.mixture import Mixture
from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Strategy, Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.training.best_responses import for_seats, train_seats
from counterpoise.training.configuration import Configuration
from counterpoise.training.learners import Progress, Tell
from counterpoise.training.learning_curve import LearningCurve
from counterpoise.training.normalisation import normalisation_of, step_discount
from counterpoise.training.runs import Checkpoint, Run

MOST_TABLE_ENTRIES = 20_000
PLAYED_WORLDS = 256

Weights = dict[str, NDArray[np.float32]]


class PopulationLearner(abc.ABC):
    """Iterated best responses; subclasses say how the members are weighed.

    Parameters
    ----------
    configuration : Configuration
        The best responses of all iterations and powers share `agent_steps` evenly.
    seed : int
    device : str
    """

    def __init__(self, configuration: Configuration, *, seed: int, device: str) -> None:
        self.configuration = configuration
        self._seed = seed
        self._device = device
        self._game = configuration.the_game()
        self._parameters = configuration.game_parameters()
        self._powers = self._parameters.powers
        self._iterations = configuration.population.iterations
        each = -(-configuration.agent_steps // (self._iterations * self._powers))
        self._alone = for_seats(configuration, 1, each)
        self._normalisation = normalisation_of(self._alone)
        self._members: list[list[Weights]] = []
        self._strategies: list[list[LearnedStrategy]] = []
        self._description: dict[str, Any] = {}
        self._mixture: list[list[float]] = []
        self._curve = LearningCurve(configuration, self._iterations)
        self._agent_steps = 0
        self._seconds = 0.0

    def fit(self, run: Run, tell: Tell) -> None:
        """Learn the best responses that are left, from the run's checkpoint if it holds one."""
        checkpoint = run.checkpoint()
        if checkpoint is not None:
            self._restore(checkpoint)
        began = time.perf_counter() - self._seconds
        while len(self._members) < self._iterations:
            self._iterate(began, tell)
            self._save(run)

    def profile(self) -> list[Strategy]:
        """Return the current mixtures; uniformly random play before the first iteration."""
        if not self._members:
            return [Uniform(self._game, self._parameters, k) for k in range(self._powers)]
        return [
            Mixture([each[power] for each in self._strategies], self._mixture[power])
            for power in range(self._powers)
        ]

    @abc.abstractmethod
    def _weigh(self) -> list[list[float]]:
        """Return the weight of each member in each power's mixture, [powers][members]."""

    def _iterate(self, began: float, tell: Tell) -> None:
        iteration = len(self._members)
        profile = self.profile()
        learned: list[Weights] = []
        played: list[LearnedStrategy] = []
        rewards = np.zeros(self._powers)
        for power in range(self._powers):
            seed = int(np.random.SeedSequence([self._seed, iteration, power]).generate_state(1)[0])
            training = train_seats(
                self._alone,
                self._normalisation,
                profile,
                [power],
                seed=seed % 2**31,
                device=self._device,
            )
            rewards[power] = training.env.take_mean_rewards()[0]
            learned.append(training.weights())
            description = training.description()
            played.append(self._strategy(learned[-1], description, power))
            self._total = training.total * self._powers * self._iterations
            self._agent_steps += training.total
            self._seconds = time.perf_counter() - began
            tell(Progress(self._agent_steps, self._total, self._seconds, rewards))
        self._members.append(learned)
        self._strategies.append(played)
        self._description = description
        self._mixture = self._weigh()
        self._curve.add(iteration + 1, self._agent_steps, self._seconds, rewards, self.profile, {})

    def _strategy(
        self, weights: Weights, description: dict[str, Any], power: int
    ) -> LearnedStrategy:
        return LearnedStrategy(self._game, self._parameters, power, weights, description)

    # -- checkpoints -----------------------------------------------------------------------------

    def _save(self, run: Run) -> None:
        members = {
            f"{member}.{power}.{name}": value
            for member, learned in enumerate(self._members)
            for power, weights in enumerate(learned)
            for name, value in weights.items()
        }
        description = {
            **self._description,
            "learning": list(range(self._powers)),
            "mixture": self._mixture,
            "agent_steps": self._agent_steps,
        }
        run.write_policy(members, description)
        run.save(
            Checkpoint(self._agent_steps, self._seconds, self._curve.rows, self._state()),
            self._total,
        )

    def _state(self) -> dict[str, Any]:
        members = [
            [{name: torch.from_numpy(value) for name, value in each.items()} for each in learned]
            for learned in self._members
        ]
        return {
            "members": members,
            "description": self._description,
            "mixture": self._mixture,
        }

    def _restore(self, checkpoint: Checkpoint) -> None:
        state = checkpoint.learner
        self._agent_steps, self._seconds = checkpoint.agent_steps, checkpoint.seconds
        self._curve.rows = checkpoint.rows
        self._mixture, self._description = state["mixture"], state["description"]
        for learned in state["members"]:
            members = [{name: value.numpy() for name, value in each.items()} for each in learned]
            self._members.append(members)
            self._strategies.append(
                [
                    self._strategy(weights, {**self._description, "learning": [power]}, power)
                    for power, weights in enumerate(members)
                ]
            )


class FictitiousPlay(PopulationLearner):
    """Fictitious self-play: the mixture of all members with equal weights."""

    def _weigh(self) -> list[list[float]]:
        count = len(self._members)
        return [[1.0 / count] * count for _ in range(self._powers)]


class ResponseOracles(PopulationLearner):
    """Policy-space response oracles: members are weighed by an equilibrium among them.

    Raises
    ------
    ParameterError
        If the table of payoffs would be too large.
    """

    def __init__(self, configuration: Configuration, *, seed: int, device: str) -> None:
        powers = configuration.game_parameters().powers
        iterations = configuration.population.iterations
        if iterations**powers > MOST_TABLE_ENTRIES:
            raise ParameterError(
                f"psro with {iterations} iterations and {powers} powers needs a table of "
                f"{iterations**powers:,} payoffs, more than {MOST_TABLE_ENTRIES:,}: lower "
                "[population] iterations or set algorithm = 'fictitious_play'."
            )
        super().__init__(configuration, seed=seed, device=device)
        self._payoffs: dict[str, list[float]] = {}

    def _weigh(self) -> list[list[float]]:
        count = len(self._members)
        table = np.zeros((*[count] * self._powers, self._powers))
        for members in itertools.product(range(count), repeat=self._powers):
            key = ",".join(str(member) for member in members)
            if key not in self._payoffs:
                self._payoffs[key] = self._play(members)
            table[members] = self._payoffs[key]
        return [[float(share) for share in mixed] for mixed in solve_table(table)]

    def _play(self, members: Sequence[int]) -> list[float]:
        """Return each power's mean return among these members, one per power."""
        each = self.configuration.parameters_of_worlds(PLAYED_WORLDS)
        worlds = Worlds(
            self._game,
            len(each),
            each,
            max_cycles=self.configuration.worlds.max_cycles,
            autoreset=False,
        )
        profile = [self._strategies[member][power] for power, member in enumerate(members)]
        rollout = play(worlds, profile, seed=self._seed, keeps_records=False)
        returns = rollout.returns(step_discount(self.configuration))
        return [float(mean) for mean in returns.mean(axis=0)]

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "payoffs": self._payoffs}

    def _restore(self, checkpoint: Checkpoint) -> None:
        super()._restore(checkpoint)
        self._payoffs = checkpoint.learner["payoffs"]


def solve_table(table: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return one mixed equilibrium of a table of payoffs, [members of each power ..., powers]."""
    # Takes more than a second to import.
    from quantecon import game_theory

    powers = table.shape[-1]
    players = [
        game_theory.Player(np.ascontiguousarray(_turned(table, power))) for power in range(powers)
    ]
    game = game_theory.NormalFormGame(players)
    if powers == 2:
        return [np.asarray(mixed) for mixed in game_theory.lemke_howson(game)]
    return [np.asarray(mixed) for mixed in game_theory.mclennan_tourky(game, epsilon=1e-3)]


def _turned(table: NDArray[np.float64], power: int) -> NDArray[np.float64]:
    """Return a power's payoffs with its own axis first and the others' after it, in turn."""
    powers = table.shape[-1]
    return np.transpose(table[..., power], [(power + k) % powers for k in range(powers)])
