"""One replication: a population learns, is asked every question, and is itself answered.

The unit of replication is the training seed. All that follows from one seed lies in one folder:
``run``, a training as `counterpoise train` writes it; ``answers.parquet``, a row for each level of
each test and each outcome; ``gain.json``, what a learned best response still gains.
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
from counterpoise.evaluation.equilibrium.curves import Task, judge_run, task_of
from counterpoise.evaluation.equilibrium.curves import read_vary as values_of
from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.populations.exploitability import gain, random_play
from counterpoise.evaluation.populations.metrics import measure
from counterpoise.evaluation.runner import Tell
from counterpoise.evaluation.trainings import Training, train_quietly
from counterpoise.theory.prediction import Outcome, Solved
from counterpoise.training.configuration import Configuration
from counterpoise.training.runs import Run

RUN, ANSWERS, GAIN, STAKE = "run", "answers.parquet", "gain.json", "stake.json"
JUDGED_SHARE = 10
# Worlds that are watched begin where no training did.
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
    outcomes: tuple[Outcome, ...]


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much is spent on watching and on answering.

    Attributes
    ----------
    worlds : int
        Watched for each question; answers are judged in ten times as many.
    answer_steps : int
        Decisions that a best response learns from.
    """

    worlds: int = 100
    answer_steps: int = 2_000_000


@dataclasses.dataclass(frozen=True)
class Replication:
    """A population of one seed, and what it is asked.

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
        """Replications of one population go at one rate."""
        return self.configuration.name

    @property
    def total(self) -> int:
        """Its decisions: learning, and answering."""
        return self.configuration.agent_steps + self.effort.answer_steps

    @property
    def results(self) -> tuple[str, ...]:
        """What is there when all is done."""
        return (ANSWERS, GAIN)

    @property
    def kept(self) -> tuple[str, ...]:
        """What comes back from another machine: all but checkpoints."""
        return (*self.results, *(f"{RUN}/{name}" for name in (*OF_A_RUN, *OF_A_POLICY)))

    def fill(self, folder: Path, tell: Tell) -> None:
        """Train, ask and answer; go on with what is there."""
        training = Training(self.configuration, folder / RUN, self.seed, resume=True)
        run = train_quietly(training, "auto", tell)
        done = self.configuration.agent_steps
        if not (folder / ANSWERS).is_file():
            rows = []
            for number, question in enumerate(self.questions, start=1):
                tell(done, self.total, 0.0, f"asked {number} of {len(self.questions)}")
                rows += self._answers(run, question)
            table = polars.DataFrame(rows, schema=SCHEMA)
            write_atomically(folder / ANSWERS, table.write_parquet)
        if not (folder / GAIN).is_file():
            tell(done, self.total, 0.0, "answered by a best response")
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
    """The stake of a population's game: what there is to gain over random play, learned once."""

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
        """Of a rate of its own."""
        return f"{self.configuration.name}, stake"

    @property
    def total(self) -> int:
        """Its decisions."""
        return self.effort.answer_steps

    @property
    def results(self) -> tuple[str, ...]:
        """What is there when all is done."""
        return (STAKE,)

    @property
    def kept(self) -> tuple[str, ...]:
        """What comes back from another machine."""
        return self.results

    def fill(self, folder: Path, tell: Tell) -> None:
        """Learn to answer random play among random powers."""
        tell(0, self.total, 0.0, "learning to answer random play")
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
        Claims that ask the same training: of one game, range and set of fixed parameters.
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
    def task(self) -> Task:
        """The curve that is learned."""
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
        """Trainings of one game go at one rate."""
        return self.solved[0].game

    @property
    def total(self) -> int:
        """Its decisions."""
        return self.task.amortised().agent_steps

    @property
    def results(self) -> tuple[str, ...]:
        """What is there when all is done."""
        return (ANSWERS,)

    @property
    def kept(self) -> tuple[str, ...]:
        """What comes back from another machine: all but checkpoints."""
        return (*self.results, *(f"{RUN}/{name}" for name in (*OF_A_RUN, *OF_A_POLICY)))

    def fill(self, folder: Path, tell: Tell) -> None:
        """Train, and ask at every value."""
        task = self.task
        training = Training(task.amortised(), folder / RUN, self.seed, resume=True)
        run = train_quietly(training, "auto", tell)
        tell(self.total, self.total, 0.0, "judging")
        rows = [row for k in range(task.points) for row in judge_run(task, k, run, self.seed)]
        table = polars.DataFrame(rows, infer_schema_length=None).drop("run")
        write_atomically(folder / ANSWERS, table.write_parquet)


def small_games(solved: Mapping[str, tuple[Solved, ...]]) -> list[tuple[Solved, ...]]:
    """Return the claims of all predictions about solved games, those of one training together."""
    together: dict[Any, list[Solved]] = {}
    for claims in solved.values():
        for claim in claims:
            key = (claim.game, claim.vary, tuple(sorted(claim.fixed.items())))
            known = together.setdefault(key, [])
            if claim not in known:
                known.append(claim)
    return [tuple(claims) for claims in together.values()]
