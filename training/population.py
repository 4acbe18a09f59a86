"""Learning by populations: best responses to what was learned before, and how to weigh them.

In every iteration each power learns a best response to the others' present mixtures and adds it to
its population. *Fictitious self-play* (Heinrich, Lanctot and Silver 2015, ICML; after Brown 1951)
weighs all members equally. *Policy-space response oracles* (Lanctot et al. 2017, NeurIPS) play
every member against every other, and weigh them by an equilibrium of the table of their payoffs.

The first best responses are to uniformly random play, which is then forgotten.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars
import safetensors.numpy
from numpy.typing import NDArray

from counterpoise.agents.learned import DESCRIPTION, WEIGHTS, LearnedStrategy, member_weights
from counterpoise.agents.mixture import Mixture
from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Strategy, Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.training import runs
from counterpoise.training.best_responses import course_of_one, for_one_seat
from counterpoise.training.configuration import FICTITIOUS_PLAY, Configuration
from counterpoise.training.course import (
    measure,
    regret_row,
    regret_times,
    small_networks,
    step_discount,
)

MOST_TABLE_ENTRIES = 20_000
PLAYED_WORLDS = 256
STATE_OF_POPULATION = "population"


@dataclasses.dataclass
class _Progressed:
    """What a killed run goes on from; written with the members' weights in one file."""

    rows: list[dict[str, Any]]
    payoffs: dict[str, list[float]]
    agent_steps: int
    seconds: float
    mixture: list[list[float]]


class PopulationLearner:
    """One run of fictitious self-play or of policy-space response oracles.

    Parameters
    ----------
    configuration : Configuration
        `iterations` best responses a power share `agent_steps` evenly.
    folder : Path
        Begun already.
    seed : int
    device : str
    on_progress : callable, optional
        Called after every best response with agent-steps done, of all, seconds and the powers' mean
        rewards.
    """

    def __init__(
        self,
        configuration: Configuration,
        folder: Path,
        seed: int,
        device: str,
        on_progress: Callable[[int, int, float, NDArray[np.float64]], None] | None,
    ) -> None:
        self.configuration = configuration
        self.folder = folder
        self._seed = seed
        self._device = device
        self._on_progress = on_progress
        self._game = configuration.the_game()
        self._parameters = configuration.game_parameters()
        self._powers = self._parameters.powers
        table = configuration.iterations**self._powers
        if configuration.algorithm != FICTITIOUS_PLAY and table > MOST_TABLE_ENTRIES:
            raise ParameterError(
                f"psro with {configuration.iterations} iterations and {self._powers} powers needs "
                f"a table of {table:,} payoffs, more than {MOST_TABLE_ENTRIES:,}: lower iterations "
                f"or take algorithm = {FICTITIOUS_PLAY!r}."
            )
        each = -(-configuration.agent_steps // (configuration.iterations * self._powers))
        self._alone = for_one_seat(configuration, each)
        self._measures = measure(self._alone, step_discount(self._alone))
        self._members: list[list[dict[str, NDArray[np.float32]]]] = []
        self._strategies: list[list[LearnedStrategy]] = []
        self._done = _Progressed([], {}, 0, 0.0, [])
        self._regret_at = regret_times(configuration, configuration.iterations)

    def run(self) -> None:
        """Go through the iterations that are left."""
        self._restore()
        began = time.perf_counter() - self._done.seconds
        with small_networks():
            while len(self._members) < self.configuration.iterations:
                self._iterate(began)
                self._keep()

    def _iterate(self, began: float) -> None:
        iteration = len(self._members)
        profile = self._profile()
        learned: list[dict[str, NDArray[np.float32]]] = []
        played: list[LearnedStrategy] = []
        rewards = np.zeros(self._powers)
        for power in range(self._powers):
            seed = int(np.random.SeedSequence([self._seed, iteration, power]).generate_state(1)[0])
            course = course_of_one(
                self._alone,
                self._measures,
                profile,
                power,
                seed=seed % 2**31,
                device=self._device,
            )
            rewards[power] = course.slots.take_mean_rewards()[0]
            learned.append(course.weights())
            description = course.description()
            played.append(self._strategy(learned[-1], description, power))
            self._done.agent_steps += course.total
            self._done.seconds = time.perf_counter() - began
            if self._on_progress is not None:
                total = course.total * self._powers * self.configuration.iterations
                self._on_progress(self._done.agent_steps, total, self._done.seconds, rewards)
        self._members.append(learned)
        self._strategies.append(played)
        self._description = description
        self._done.mixture = self._weigh()
        row: dict[str, Any] = {
            "iteration": iteration + 1,
            "agent_steps": self._done.agent_steps,
            "seconds": self._done.seconds,
        }
        row |= {f"reward_{power}": float(mean) for power, mean in enumerate(rewards)}
        is_asked = iteration + 1 in self._regret_at
        row |= regret_row(self.configuration, self._profile() if is_asked else None)
        self._done.rows.append(row)

    def _strategy(
        self, weights: dict[str, NDArray[np.float32]], description: dict[str, Any], power: int
    ) -> LearnedStrategy:
        return LearnedStrategy(self._game, self._parameters, power, weights, description)

    def _profile(self) -> list[Strategy]:
        """Return the present mixtures; uniformly random play while there are none."""
        if not self._members:
            return [Uniform(self._game, self._parameters, k) for k in range(self._powers)]
        return [
            Mixture([each[power] for each in self._strategies], self._done.mixture[power])
            for power in range(self._powers)
        ]

    # -- how members are weighed -----------------------------------------------------------------

    def _weigh(self) -> list[list[float]]:
        count = len(self._members)
        if self.configuration.algorithm == FICTITIOUS_PLAY:
            return [[1.0 / count] * count for _ in range(self._powers)]
        table = np.zeros((*[count] * self._powers, self._powers))
        for members in itertools.product(range(count), repeat=self._powers):
            key = ",".join(str(member) for member in members)
            if key not in self._done.payoffs:
                self._done.payoffs[key] = self._play(members)
            table[members] = self._done.payoffs[key]
        return [[float(share) for share in mixed] for mixed in solve_table(table)]

    def _play(self, members: Sequence[int]) -> list[float]:
        each = self.configuration.parameters_of_worlds(PLAYED_WORLDS)
        worlds = Worlds(
            self._game,
            len(each),
            each,
            max_cycles=self.configuration.max_cycles,
            autoreset=False,
        )
        profile = [self._strategies[member][power] for power, member in enumerate(members)]
        rollout = play(worlds, profile, seed=self._seed, keeps_records=False)
        returns = rollout.returns(step_discount(self.configuration))
        return [float(mean) for mean in returns.mean(axis=0)]

    # -- keeping and restoring -------------------------------------------------------------------

    def _keep(self) -> None:
        tensors = {
            f"{member}.{power}.{name}": value
            for member, learned in enumerate(self._members)
            for power, weights in enumerate(learned)
            for name, value in weights.items()
        }
        metadata = {STATE_OF_POPULATION: json.dumps(dataclasses.asdict(self._done))}
        write_atomically(
            self.folder / WEIGHTS,
            lambda path: safetensors.numpy.save_file(tensors, path, metadata=metadata),
        )
        powers = list(range(self._powers))
        description = {
            **self._description,
            "learning": powers,
            "mixture": self._done.mixture,
            "agent_steps": self._done.agent_steps,
        }
        text = json.dumps(description, indent=2)
        write_text_atomically(self.folder / DESCRIPTION, text + "\n")
        table = polars.DataFrame(self._done.rows, infer_schema_length=None)
        write_atomically(self.folder / runs.METRICS, table.write_parquet)
        each = self._done.agent_steps // len(self._members)
        state = {
            "is_finished": len(self._members) == self.configuration.iterations,
            "agent_steps": self._done.agent_steps,
            "total_agent_steps": each * self.configuration.iterations,
            "seconds": self._done.seconds,
        }
        write_text_atomically(self.folder / runs.STATE, json.dumps(state, indent=2) + "\n")

    def _restore(self) -> None:
        path = self.folder / WEIGHTS
        if not path.is_file() or not (self.folder / DESCRIPTION).is_file():
            return
        with safetensors.safe_open(path, framework="numpy") as stored:
            self._done = _Progressed(**json.loads(stored.metadata()[STATE_OF_POPULATION]))
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        self._description = json.loads((self.folder / DESCRIPTION).read_text())
        del self._description["mixture"]
        for member in range(len(self._done.mixture[0])):
            self._members.append(
                [member_weights(tensors, member, power) for power in range(self._powers)]
            )
            self._strategies.append(
                [
                    self._strategy(weights, {**self._description, "learning": [power]}, power)
                    for power, weights in enumerate(self._members[-1])
                ]
            )


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
