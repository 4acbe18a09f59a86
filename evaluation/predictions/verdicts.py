"""Predictions compared with learned populations: jobs, findings, verdicts.

A results folder holds one folder per design. Each design's folder holds the registered plan and one
folder per population and seed; ``solved`` beside them holds the trainings of solved games. A killed
command continues from what is there.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically
from counterpoise.evaluation.equilibrium.curves import read_vary
from counterpoise.evaluation.predictions.estimation import (
    CONVERGED,
    WITHHELD,
    Estimate,
    change,
    effect,
    estimate,
    holm,
    jointly,
    regrets,
    verdict,
)
from counterpoise.evaluation.predictions.plan import AMORTISED, DESIGNS, SEPARATE, Plan
from counterpoise.evaluation.predictions.replication import (
    ANSWERS,
    GAIN,
    STAKE,
    Effort,
    Question,
    Replication,
    SmallGame,
    Stake,
    small_games,
)
from counterpoise.evaluation.runner import LOCAL, Job, fill
from counterpoise.theory.prediction import (
    FALLS,
    FIRST,
    LAST,
    LAST_LESS_FIRST,
    PEAK,
    RISES,
    Expectation,
    Prediction,
    Solved,
    Test,
)
from counterpoise.training.configuration import Configuration

if TYPE_CHECKING:
    from rich.console import Console

# A population of one level needs fewer agent-steps than one of all levels.
SEPARATE_SHARE = 0.25
SMALL_GAME_SEEDS = 3
QUICK: dict[str, Any] = {
    "agent_steps": 150_000,
    "worlds": {"count": 128},
    "ppo": {"batch_size": 4_096},
}
QUICK_SEEDS = 2
QUICK_EFFORT = Effort(worlds=8, answer_steps=20_000)
ANSWERS_TABLE, ESTIMATES_TABLE, VERDICTS_TABLE = (
    "answers.parquet",
    "estimates.parquet",
    "verdicts.parquet",
)


def jobs(plan: Plan, effort: Effort, *, small_seeds: int = SMALL_GAME_SEEDS) -> list[Job]:
    """Return all jobs of a plan, the longest first."""
    made: list[Job] = []
    asked_of = {
        name: [each for each in plan.predictions if each.population == name]
        for name in plan.populations
    }
    # The population with most predictions first, so that most findings appear early.
    for name, asked in sorted(asked_of.items(), key=lambda each: -len(each[1])):
        configuration = plan.populations[name]
        if plan.design == AMORTISED:
            questions = tuple(question for each in asked for question in _questions(plan, each))
            made += [
                Replication(f"{AMORTISED}/{_stem(name)}", configuration, seed, questions, effort)
                for seed in range(plan.seeds)
            ]
        else:
            made += [
                Replication(_group(question), alone, seed, (question,), effort)
                for each in asked
                for question in _questions(plan, each)
                for alone in [_at_one_level(configuration, question)]
                for seed in range(plan.seeds)
            ]
        made.append(Stake(f"{plan.design}/{_stem(name)}", configuration, effort))
    together = small_games({each.name: each.solved for each in plan.predictions})
    small: list[Job] = [
        SmallGame(claims, seed, plan.is_quick) for claims in together for seed in range(small_seeds)
    ]
    return [*made, *sorted(small, key=lambda job: -job.total)]


def _stem(population: str) -> str:
    """Return a population's folder name; a population may be named by a path."""
    return Path(population).stem


def _questions(plan: Plan, prediction: Prediction) -> Iterator[Question]:
    for number, test in enumerate(prediction.tests):
        for level, parameters in enumerate(plan.parameters(prediction, test)):
            value = test.treatment.levels[level]
            yield Question(prediction.name, number, level, value, parameters, test.outcomes)


def _group(question: Question) -> str:
    return f"{SEPARATE}/{question.prediction}/test_{question.test}/level_{question.level}"


def _at_one_level(configuration: Configuration, question: Question) -> Configuration:
    """Return the configuration of a population trained at one level of one test."""
    parameters = question.parameters
    return configuration.replace(
        name=f"{question.prediction}, test {question.test + 1}, level {question.level + 1}",
        parameters={name: getattr(parameters, name) for name in parameters.declarations},
        varied={},
        together={},
        drawn={},
        paired={},
        agent_steps=max(1, round(SEPARATE_SHARE * configuration.agent_steps)),
    )


def carry_out(
    plan: Plan,
    out: Path,
    *,
    only: Sequence[str] = (),
    effort: Effort | None = None,
    small_seeds: int = SMALL_GAME_SEEDS,
    engine: str = LOCAL,
    address: str = "",
    processes: int = 1,
    console: Console,
) -> Scorecard:
    """Run the jobs of a registered plan that are left, and return its scorecard.

    Parameters
    ----------
    plan : Plan
        As returned by `counterpoise.evaluation.predictions.plan.register`.
    out : path
        The results folder, above those of the designs.
    only : sequence of str
        Names of the predictions to show; all of the plan's by default.
    effort : Effort, optional
    small_seeds : int
        Training seeds per solved game; 0 skips them.
    engine, address, processes, console
        As for `counterpoise.evaluation.runner.fill`.
    """
    effort = effort or (QUICK_EFFORT if plan.is_quick else Effort())
    todo = jobs(plan, effort, small_seeds=small_seeds)
    fill(todo, out, engine=engine, address=address, processes=processes, console=console)
    return read(plan, out, only=only, small_seeds=small_seeds)


def steps_within(
    budget: float, plan: Plan, *, processes: int, effort: Effort, small_seeds: int
) -> dict[str, int]:
    """Return the agent-steps of each population that fit into a time budget.

    The cost of an agent-step is measured by a short training of each population; a tenth of the
    budget is reserved for measuring and drawing. The result never exceeds the configuration.

    Parameters
    ----------
    budget : float
        Wall-clock seconds.

    Raises
    ------
    CounterpoiseError
        If the solved games and best responses alone exceed the budget.
    """
    from counterpoise.training.learn import seconds_per_agent_step

    seconds_each = {
        name: seconds_per_agent_step(configuration)
        for name, configuration in plan.populations.items()
    }
    todo = jobs(plan, effort, small_seeds=small_seeds)
    usual = max(seconds_each.values())
    kept = sum(job.total * usual for job in todo if not isinstance(job, Replication))
    replications = [job for job in todo if isinstance(job, Replication)]
    kept += sum(usual * job.effort.answer_steps for job in replications)
    left = 0.9 * budget * processes - kept
    configured = sum(job.configuration.agent_steps * usual for job in replications)
    share = min(1.0, left / configured)
    if share < 0.01:
        raise CounterpoiseError(
            f"{budget / 60:.0f} minutes are too few: best responses and solved games alone take "
            f"about {kept / processes / 60:.0f}. Ask fewer predictions, raise --budget, or use "
            "--quick."
        )
    return {
        name: max(1, round(share * each.agent_steps)) for name, each in plan.populations.items()
    }


# -- findings --------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Finding:
    """One outcome of one test: the measurements of every seed, and the verdict.

    Attributes
    ----------
    prediction : Prediction
    test : Test
    outcome : Expectation
    measured : ndarray of float, [seeds, levels]
        NaN where there was nothing to measure.
    estimate : Estimate
    corrected : float
        p-value after Holm, over all findings of the scorecard.
    verdict : str
    """

    prediction: Prediction
    test: Test
    outcome: Expectation
    measured: NDArray[np.float64]
    estimate: Estimate
    corrected: float
    verdict: str


@dataclasses.dataclass(frozen=True, eq=False)
class InSolvedGame:
    """The same claim in a solved game: in equilibrium and learned.

    Attributes
    ----------
    claim : Solved
    levels : ndarray of float, [levels]
    theory : ndarray of float, [levels]
    learned : ndarray of float, [seeds, levels]
        Zero seeds where none was trained.
    """

    claim: Solved
    levels: NDArray[np.float64]
    theory: NDArray[np.float64]
    learned: NDArray[np.float64]

    def effects(self, rows: NDArray[np.float64]) -> list[float]:
        """Return the effect of each row of values, [rows, levels]."""
        if self.claim.expected in (RISES, FALLS):
            return [change(self.levels, row) for row in rows]
        return [float(row.mean()) for row in rows]

    @property
    def theory_effect(self) -> float:
        """The effect in equilibrium."""
        return self.effects(self.theory[None])[0]

    @property
    def agrees(self) -> bool:
        """Whether the equilibrium has the predicted sign."""
        return self.theory_effect * self.claim.sign > 0.0


@dataclasses.dataclass(frozen=True, eq=False)
class Scorecard:
    """Every prediction of a plan with its findings and its verdict."""

    plan: Plan
    findings: tuple[Finding, ...]
    regret: dict[str, NDArray[np.float64]]
    """Regret of each seed, by population (amortised) or by prediction (separate): the gain of a
    learned best response as a share of the stake."""
    solved: dict[str, tuple[InSolvedGame, ...]]
    answers: polars.DataFrame

    def of(self, prediction: Prediction) -> list[Finding]:
        """Return the findings of a prediction, its boundaries included."""
        return [each for each in self.findings if each.prediction.name == prediction.name]

    def verdict(self, prediction: Prediction) -> str:
        """Return the verdict on a prediction's claim; its boundaries have their own verdict."""
        if self.plan.is_quick:
            return WITHHELD
        own = [each.verdict for each in self.of(prediction) if not each.test.reverses]
        return jointly(own)

    def boundary_verdict(self, prediction: Prediction) -> str:
        """Return the verdict on the boundary conditions; "" where there are none."""
        found = [each.verdict for each in self.of(prediction) if each.test.reverses]
        if not found:
            return ""
        return WITHHELD if self.plan.is_quick else jointly(found)

    def regrets_of(self, prediction: Prediction) -> NDArray[np.float64]:
        """Return the regret of its population in each seed, [seeds]."""
        is_one = self.plan.design == AMORTISED
        key = _stem(prediction.population) if is_one else prediction.name
        return self.regret.get(key, np.array([]))

    def is_converged(self, prediction: Prediction) -> bool:
        """Whether mean regret over seeds is at most 5 %."""
        found = self.regrets_of(prediction)
        return bool(len(found) and found.mean() <= CONVERGED)

    def estimates(self) -> polars.DataFrame:
        """Return a row for each finding."""
        return polars.DataFrame(
            [
                {
                    "prediction": each.prediction.name,
                    "test": each.test.name,
                    "reverses": each.test.reverses,
                    "metric": each.outcome.metric,
                    "of": each.outcome.of,
                    "expected": each.outcome.expected,
                    "effect": each.estimate.mean,
                    "low": each.estimate.low,
                    "high": each.estimate.high,
                    "p": each.estimate.p,
                    "p_corrected": each.corrected,
                    "detectable": each.estimate.detectable,
                    "seeds": len(each.estimate.effects),
                    "of_seeds": each.estimate.seeds,
                    "verdict": each.verdict,
                }
                for each in self.findings
            ]
        )

    def verdicts(self) -> polars.DataFrame:
        """Return a row for each prediction."""
        rows = []
        for each in self.plan.predictions:
            gained = self.regrets_of(each)
            rows.append(
                {
                    "prediction": each.name,
                    "title": each.title,
                    "verdict": self.verdict(each),
                    "boundary": self.boundary_verdict(each),
                    "regret": float(gained.mean()) if len(gained) else None,
                    "largest_regret": float(gained.max()) if len(gained) else None,
                    "is_converged": self.is_converged(each),
                    "population": each.population,
                    "design": self.plan.design,
                    "registered": self.plan.registered,
                    "sha256": each.sha256,
                }
            )
        return polars.DataFrame(rows, infer_schema_length=None)

    def write_tables(self, folder: Path) -> list[Path]:
        """Write the three tables as Parquet and return their paths."""
        tables = {
            ANSWERS_TABLE: self.answers,
            ESTIMATES_TABLE: self.estimates(),
            VERDICTS_TABLE: self.verdicts(),
        }
        for name, table in tables.items():
            write_atomically(folder / name, table.write_parquet)
        return [folder / name for name in tables]


def read(
    plan: Plan, out: Path, *, only: Sequence[str] = (), small_seeds: int = SMALL_GAME_SEEDS
) -> Scorecard:
    """Return the scorecard of the finished jobs; parameters as in `carry_out`.

    Raises
    ------
    CounterpoiseError
        If no replication has finished.
    """
    todo = jobs(plan, Effort(), small_seeds=small_seeds)
    tables, gains = [], dict[str, list[dict[str, Any]]]()
    for job in todo:
        if not isinstance(job, Replication):
            continue
        folder = out / job.name
        if (folder / ANSWERS).is_file():
            tables.append(polars.read_parquet(folder / ANSWERS))
        if (folder / GAIN).is_file():
            for key in {_regret_key(plan, job, each.prediction) for each in job.questions}:
                gains.setdefault(key, []).append(json.loads((folder / GAIN).read_text()))
    if not tables:
        raise CounterpoiseError(f"No replication has finished in {out} yet.")
    shown = tuple(each for each in plan.predictions if not only or each.name in only)
    names = [each.name for each in shown]
    answers = polars.concat(tables).filter(polars.col("prediction").is_in(names))
    stakes = {
        _stem(name): float(json.loads(path.read_text())["stake"])
        for name in plan.populations
        if (path := out / plan.design / _stem(name) / STAKE).is_file()
    }
    population_of = {each.name: _stem(each.population) for each in plan.predictions}
    regret = {
        key: regrets(found, stakes[population])
        for key, found in gains.items()
        if (population := population_of.get(key, key)) in stakes
    }
    plan = dataclasses.replace(plan, predictions=shown)
    return Scorecard(
        plan=plan,
        findings=_findings(plan, answers),
        regret=regret,
        solved={
            each.name: tuple(in_solved_game(claim, out, small_seeds) for claim in each.solved)
            for each in plan.predictions
        },
        answers=answers,
    )


def _regret_key(plan: Plan, job: Replication, prediction: str) -> str:
    return job.group.rpartition("/")[2] if plan.design == AMORTISED else prediction


def _findings(plan: Plan, answers: polars.DataFrame) -> tuple[Finding, ...]:
    found = []
    for prediction in plan.predictions:
        for number, test in enumerate(prediction.tests):
            for place, outcome in enumerate(test.outcomes):
                rows = answers.filter(prediction=prediction.name, test=number, outcome=place)
                measured = np.full((plan.seeds, len(test.treatment.levels)), np.nan)
                measured[rows["seed"].to_numpy(), rows["level"].to_numpy()] = rows["measured"]
                effects = [effect(outcome, test.treatment.levels, row) for row in measured]
                found.append((prediction, test, outcome, measured, estimate(effects)))
    corrected = holm([each[-1].p for each in found])
    return tuple(
        Finding(*each, corrected=p, verdict=_verdict(plan, each[-1], p, each[2]))
        for each, p in zip(found, corrected, strict=True)
    )


def _verdict(plan: Plan, found: Estimate, corrected: float, outcome: Expectation) -> str:
    return WITHHELD if plan.is_quick else verdict(found, corrected, outcome.sign)


# -- solved games ----------------------------------------------------------------------------------


def in_solved_game(claim: Solved, out: Path, seeds: int) -> InSolvedGame:
    """Solve a game at every level of a claim, and read the learned outcomes."""
    task = SmallGame((claim,), 0).task
    names = [name for name in (claim.outcome, claim.minus) if name]
    theory = np.array([_reduced(claim, task.solved(k)) for k in range(task.points)])
    learned = []
    for seed in range(seeds):
        path = out / SmallGame((claim,), seed).name / ANSWERS
        if not path.is_file():
            continue
        table = polars.read_parquet(path)
        row = []
        for value in task.values[task.axis]:
            at = table.filter((polars.col("value") - float(value)).abs() < 1e-9)
            row.append(
                _reduced(
                    claim,
                    {
                        name: at.filter(outcome=name).sort("entry")["learned"].to_numpy()
                        for name in names
                    },
                )
            )
        learned.append(row)
    levels = next(iter(read_vary(claim.vary).values()))
    return InSolvedGame(claim, levels, theory, np.array(learned).reshape(-1, len(levels)))


def _reduced(claim: Solved, outcomes: Any) -> float:
    value = _of_entries(claim.of, outcomes[claim.outcome])
    if claim.minus:
        value -= _of_entries(claim.of, outcomes[claim.minus])
    return value


def _of_entries(of: str, entries: Any) -> float:
    values = np.atleast_1d(np.asarray(entries, float)).ravel()
    if of == PEAK:
        return float(values.argmax())
    if of == LAST_LESS_FIRST:
        return float(values[-1] - values[0])
    return float({FIRST: values[0], LAST: values[-1]}.get(of, values.mean()))


# -- the two designs -------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Agreement:
    """One outcome under both designs."""

    prediction: str
    test: str
    metric: str
    amortised: Estimate
    separate: Estimate

    @property
    def agrees(self) -> bool:
        """Whether the two intervals overlap."""
        return bool(
            self.amortised.low <= self.separate.high and self.separate.low <= self.amortised.high
        )


def agreements(one: Scorecard, other: Scorecard) -> list[Agreement]:
    """Return both designs' estimates of each outcome that both measured."""
    by_design = {each.plan.design: each for each in (one, other)}
    if set(by_design) != set(DESIGNS):
        raise CounterpoiseError("Expected one amortised and one separate scorecard.")

    def key(finding: Finding) -> tuple[str, str, str, str]:
        outcome = finding.outcome
        return finding.prediction.name, finding.test.name, outcome.metric, outcome.expected

    apart = {key(each): each for each in by_design[SEPARATE].findings}
    return [
        Agreement(*key(each)[:3], each.estimate, apart[key(each)].estimate)
        for each in by_design[AMORTISED].findings
        if key(each) in apart
    ]
