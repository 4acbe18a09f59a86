"""One replication: train a population, measure every outcome, learn a best response to it.

The unit of replication is the training seed. The folder of a seed holds ``run``, a training as
`counterpoise train` writes it; ``answers.parquet``, one row per level of each test and outcome; and
``gain.json``, the gain of a learned best response.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars

from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.evaluation.equilibrium.curves import CurveTask, judge_run, task_of
from counterpoise.evaluation.equilibrium.curves import read_vary as values_of
from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.populations.exploitability import gain, random_play
from counterpoise.evaluation.populations.metrics import measure
from counterpoise.evaluation.runner import Tell
from counterpoise.evaluation.trainings import Training, train_quietly
from counterpoise.theory.prediction import Expectation, Solved
from counterpoise.training.configuration import Configuration
from counterpoise.training.runs import Run

RUN, ANSWERS, GAIN, STAKE = "run", "answers.parquet", "gain.json", "stake.json"
JUDGED_SHARE = 10
# World seeds that no training uses.
WATCHED_FROM = 2_000_000
OF_A_RUN = ("config.toml", "seed.json", "versions.json", "state.json", "metrics.parquet")
OF_A_POLICY = ("policy.safetensors", "policy.json")


@dataclasses.dataclass(frozen=True)
class Question:
    """One level of one test of a prediction: parameters to play, outcomes to measure."""

    prediction: str
    test: int
    level: int
    value: float
    parameters: ParametersBase
    outcomes: tuple[Expectation, ...]


@dataclasses.dataclass(frozen=True)
class Effort:
    """Sample sizes of a replication.

    Attributes
    ----------
    worlds : int
        Worlds per question; best responses are evaluated in ten times as many.
    answer_steps : int
        Agent-steps of the best response's training.
    """

    worlds: int = 100
    answer_steps: int = 2_000_000


@dataclasses.dataclass(frozen=True)
class Replication:
    """A population of one training seed, and the questions put to it.

    Attributes
    ----------
    group : str
        The folder of all seeds of one population.
    configuration : Configuration
    seed : int
    questions : tuple of Question
    effort : Effort
    """

    group: str
    configuration: Configuration
    seed: int
    questions: tuple[Question, ...]
    effort: Effort

    @property
    def name(self) -> str:
        """The folder of this seed."""
        return f"{self.group}/seed_{self.seed}"

    @property
    def label(self) -> str:
        """What a progress bar calls it."""
        return f"{self.configuration.name}, seed {self.seed}"

    @property
    def kind(self) -> str:
        """The population: its replications run at the same rate."""
        return self.configuration.name

    @property
    def total(self) -> int:
        """Agent-steps of the training and of the best response."""
        return self.configuration.agent_steps + self.effort.answer_steps

    @property
    def results(self) -> tuple[str, ...]:
        """The files of a finished job."""
        return (ANSWERS, GAIN)

    @property
    def kept(self) -> tuple[str, ...]:
        """Patterns of the files that another machine returns: all but checkpoints."""
        return (*self.results, *(f"{RUN}/{name}" for name in (*OF_A_RUN, *OF_A_POLICY)))

    def fill(self, folder: Path, tell: Tell) -> None:
        """Train, measure, and learn a best response; skip what is done."""
        training = Training(self.configuration, folder / RUN, self.seed, resume=True)
        run = train_quietly(training, "auto", tell)
        done = self.configuration.agent_steps
        if not (folder / ANSWERS).is_file():
            rows = []
            for number, question in enumerate(self.questions, start=1):
                tell(done, self.total, 0.0, f"question {number} of {len(self.questions)}")
                rows += self._answers(run, question)
            table = polars.DataFrame(rows, schema=SCHEMA)
            write_atomically(folder / ANSWERS, table.write_parquet)
        if not (folder / GAIN).is_file():
            tell(done, self.total, 0.0, "learning a best response")
            found = gain(
                run,
                run.parameters,
                agent_steps=self.effort.answer_steps,
                seed=self.seed,
                worlds=JUDGED_SHARE * self.effort.worlds,
            )
            text = json.dumps({"seed": self.seed, **dataclasses.asdict(found)}, indent=2)
            write_text_atomically(folder / GAIN, text + "\n")

    def _answers(self, run: Run, question: Question) -> list[dict[str, Any]]:
        parameters = question.parameters
        years = max(outcome.years[1] for outcome in question.outcomes)
        seen = play_episodes(
            run.game.seated(parameters.powers),
            parameters,
            run.profile(parameters=parameters),
            worlds=self.effort.worlds,
            seed=WATCHED_FROM,
            years=years,
        )
        return [
            {
                "prediction": question.prediction,
                "test": question.test,
                "level": question.level,
                "value": float(question.value),
                "outcome": number,
                "metric": outcome.metric,
                "seed": self.seed,
                "measured": measure(seen, outcome),
            }
            for number, outcome in enumerate(question.outcomes)
        ]


SCHEMA: Any = {
    "prediction": polars.String,
    "test": polars.Int64,
    "level": polars.Int64,
    "value": polars.Float64,
    "outcome": polars.Int64,
    "metric": polars.String,
    "seed": polars.Int64,
    "measured": polars.Float64,
}


@dataclasses.dataclass(frozen=True)
class Stake:
    """The stake of a population's game: a best response's gain over random play, learned once."""

    group: str
    configuration: Configuration
    effort: Effort

    @property
    def name(self) -> str:
        """The folder of all seeds."""
        return self.group

    @property
    def label(self) -> str:
        """What a progress bar calls it."""
        return f"{self.configuration.name}, stake"

    @property
    def kind(self) -> str:
        """A kind of its own, with its own rate."""
        return f"{self.configuration.name}, stake"

    @property
    def total(self) -> int:
        """Agent-steps of the training."""
        return self.effort.answer_steps

    @property
    def results(self) -> tuple[str, ...]:
        """The files of a finished job."""
        return (STAKE,)

    @property
    def kept(self) -> tuple[str, ...]:
        """What comes back from another machine."""
        return self.results

    def fill(self, folder: Path, tell: Tell) -> None:
        """Learn a best response to uniformly random play."""
        tell(0, self.total, 0.0, "learning a best response to random play")
        parameters = self.configuration.parameters_to_judge()
        random, answer = random_play(
            self.configuration, parameters, agent_steps=self.effort.answer_steps
        )
        found = {"random": random, "answer": answer, "stake": answer - random}
        write_text_atomically(folder / STAKE, json.dumps(found, indent=2) + "\n")


@dataclasses.dataclass(frozen=True)
class SmallGame:
    """A solved game that bears on a prediction: one training over a range of its parameter.

    Attributes
    ----------
    solved : tuple of Solved
        Claims that one training answers: same game, range and fixed parameters.
    seed : int
    is_quick : bool
    """

    solved: tuple[Solved, ...]
    seed: int
    is_quick: bool = False

    @property
    def group(self) -> str:
        """The folder of all seeds."""
        asked = self.solved[0]
        fixed = "".join(f" {name}={value}" for name, value in sorted(asked.fixed.items()))
        return f"solved/{asked.game}/" + re.sub(r"[^a-z0-9.]+", "_", asked.vary + fixed)

    @property
    def task(self) -> CurveTask:
        """The learned curve."""
        asked = self.solved[0]
        outcomes = {name: None for each in self.solved for name in (each.outcome, each.minus)}
        return task_of(
            asked.game,
            values=values_of(asked.vary),
            outcomes=[name for name in outcomes if name],
            fixed=asked.fixed,
            is_quick=self.is_quick,
        )

    @property
    def name(self) -> str:
        """The folder of this seed."""
        return f"{self.group}/seed_{self.seed}"

    @property
    def label(self) -> str:
        """What a progress bar calls it."""
        return f"{self.solved[0].game} by {self.solved[0].vary.partition('=')[0]}, seed {self.seed}"

    @property
    def kind(self) -> str:
        """The game: its trainings run at the same rate."""
        return self.solved[0].game

    @property
    def total(self) -> int:
        """Agent-steps of the training."""
        return self.task.amortised().agent_steps

    @property
    def results(self) -> tuple[str, ...]:
        """The files of a finished job."""
        return (ANSWERS,)

    @property
    def kept(self) -> tuple[str, ...]:
        """Patterns of the files that another machine returns: all but checkpoints."""
        return (*self.results, *(f"{RUN}/{name}" for name in (*OF_A_RUN, *OF_A_POLICY)))

    def fill(self, folder: Path, tell: Tell) -> None:
        """Train, and evaluate at every value of the parameter."""
        task = self.task
        training = Training(task.amortised(), folder / RUN, self.seed, resume=True)
        run = train_quietly(training, "auto", tell)
        tell(self.total, self.total, 0.0, "judging")
        rows = [row for k in range(task.points) for row in judge_run(task, k, run, self.seed)]
        table = polars.DataFrame(rows, infer_schema_length=None).drop("run")
        write_atomically(folder / ANSWERS, table.write_parquet)


def small_games(solved: Mapping[str, tuple[Solved, ...]]) -> list[tuple[Solved, ...]]:
    """Return all claims about solved games, grouped by the training that answers them."""
    together: dict[Any, list[Solved]] = {}
    for claims in solved.values():
        for claim in claims:
            key = (claim.game, claim.vary, tuple(sorted(claim.fixed.items())))
            known = together.setdefault(key, [])
            if claim not in known:
                known.append(claim)
    return [tuple(claims) for claims in together.values()]
