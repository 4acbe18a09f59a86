"""Convergence of populations: gains of best responses over seeds and registered treatments.

A population has converged if no power gains much by another policy, whatever the training seed and
under each treatment of a prediction that it is asked about. Every gain is a job with a folder and a
file of its own, so that a stopped command goes on where it stopped.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.scenarios import scenario
from counterpoise.evaluation.equilibrium.comparison import find_runs
from counterpoise.evaluation.populations.exploitability import exploit
from counterpoise.evaluation.populations.improvement import STATES
from counterpoise.evaluation.populations.stability import stability
from counterpoise.evaluation.runner import Tell, fill
from counterpoise.theory import prediction as predictions
from counterpoise.training import configuration as configurations
from counterpoise.training.runs import Run

if TYPE_CHECKING:
    from rich.console import Console

FOLDER = "exploit"
FOUND = "exploit.json"
DEFAULTS = "defaults"


@dataclasses.dataclass(frozen=True)
class Case:
    """What a population is exploited under: parameters, and the seat that responds.

    Attributes
    ----------
    name : str
        Name of its folder.
    words : str
        Description for tables.
    parameters : Parameters
    seat : int
    """

    name: str
    words: str
    parameters: ParametersBase
    seat: int


def registered_cases(run: Run, count: int) -> list[Case]:
    """Return some of the registered pairs of treatment level and seat of a run's population.

    The levels are those of every test of the predictions that ship, in order, as far as their
    population has as many powers as the run. Of these, `count` are taken at equal distances, and
    the seats take turns. So the choice follows from the files alone.

    Parameters
    ----------
    run : Run
        Its parameters are the baseline of predictions that name no scenario.
    count : int

    Raises
    ------
    CounterpoiseError
        If no prediction has a population of this size, or there are fewer pairs.
    """
    powers = run.parameters.powers
    levels: list[tuple[str, str, ParametersBase]] = []
    for name in predictions.shipped():
        asked = predictions.load(name)
        if configurations.load(asked.population).parameters_to_judge().powers != powers:
            continue
        base = scenario(asked.scenario).parameters if asked.scenario else run.parameters
        for number, test in enumerate(asked.tests):
            treatment = test.treatment
            shown = treatment.words or tuple(f"{level:g}" for level in treatment.levels)
            levels += [
                (
                    f"{name}_test_{number}_level_{level}",
                    f"{name}, {treatment.name.replace('_', ' ')} {shown[level]}",
                    parameters,
                )
                for level, parameters in enumerate(test.parameters_at(base))
            ]
    if count > powers * len(levels):
        raise CounterpoiseError(
            f"There are {powers * len(levels)} registered pairs of treatment level and seat for "
            f"{powers} powers, fewer than {count}: lower --treatments."
        )
    cases = []
    for number in range(count):
        name, words, parameters = levels[number * len(levels) // count]
        seat = number % powers
        cases.append(Case(f"{name}_seat_{seat}", words, parameters, seat))
    return cases


@dataclasses.dataclass(frozen=True)
class Exploitation:
    """The gain of a best response to one run in one case, as a job.

    Attributes
    ----------
    run : path
        Folder of the run.
    place : str
        Where its results lie in the results folder; empty for a single run.
    case : Case
    agent_steps, seed : int
        Of each training of a best response.
    has_pairs : bool
        Whether pairwise stability is tested too.
    states : int
        Number of states for rollout policy improvement.
    trained : int
        Agent-steps that the run had learned from.
    """

    run: Path
    place: str
    case: Case
    agent_steps: int
    seed: int
    has_pairs: bool
    states: int
    trained: int

    @property
    def name(self) -> str:
        """The folder: it names all that the result depends on."""
        pairs = "_with_pairs" if self.has_pairs else ""
        learned = f"of_{self.trained}_by_{self.agent_steps}_seed_{self.seed}"
        tried = f"states_{self.states}{pairs}"
        return str(Path(self.place, f"{self.case.name}_{learned}_{tried}"))

    @property
    def label(self) -> str:
        """What a progress bar calls it."""
        return f"{self.place or self.run.name}, {self.case.words}, seat {self.case.seat}"

    @property
    def kind(self) -> str:
        """All run at the same rate."""
        return "best responses"

    @property
    def total(self) -> int:
        """Agent-steps of both trainings."""
        return 2 * self.agent_steps

    @property
    def results(self) -> tuple[str, ...]:
        """The file of a finished job."""
        return (FOUND,)

    @property
    def kept(self) -> tuple[str, ...]:
        """What comes back from another machine."""
        return self.results

    def fill(self, folder: Path, tell: Tell) -> None:
        """Train best responses, and test alliances if asked to."""
        tell(0, self.total, 0.0, "learning best responses")
        run, parameters = Run(self.run), self.case.parameters
        found = exploit(
            run,
            power=self.case.seat,
            agent_steps=self.agent_steps,
            seed=self.seed,
            parameters=parameters,
            states=self.states,
        )
        values = found.as_json()
        if self.has_pairs:
            tell(self.total, self.total, 0.0, "testing pairs")
            tested = stability(run.game, parameters, run.profile(parameters=parameters))
            values["stability"] = tested.as_json(found.stake)
        write_text_atomically(folder / FOUND, json.dumps(values, indent=2) + "\n")


SHARES = ("regret", "allied_regret", "improvement_share")
BOUNDS = ("allying_upper", "leaving_upper")


def exploit_all(
    folder: Path,
    *,
    treatments: int = 0,
    seat: int = 0,
    agent_steps: int,
    seed: int = 0,
    has_pairs: bool = False,
    states: int = STATES,
    processes: int = 1,
    console: Console,
) -> polars.DataFrame:
    """Return the gains of best responses to all runs in a folder, one row per run and case.

    Parameters
    ----------
    folder : path
        A run, or a folder of several seeds. Results are kept in its folder `FOLDER`, and those
        that lie there are read.
    treatments : int
        Number of registered cases per run; 0 for the defaults in one seat.
    seat : int
        Seat of the response at the defaults.
    agent_steps, seed : int
        Of each training of a best response.
    has_pairs : bool
        Whether pairwise stability is tested too.
    states : int
        Number of states for rollout policy improvement; it is left out under treatments.
    processes : int
        Number of worker processes.
    console : Console
        Where progress is shown.
    """
    jobs = []
    for run in find_runs([folder]):
        place = run.folder.relative_to(folder).as_posix() if run.folder != folder else ""
        cases = (
            registered_cases(run, treatments)
            if treatments
            else [Case(f"{DEFAULTS}_seat_{seat}", DEFAULTS, run.parameters, seat)]
        )
        jobs += [
            Exploitation(
                run.folder, place, case, agent_steps, seed, has_pairs, 0 if treatments else states,
                int(run.state["agent_steps"]),
            )
            for case in cases
        ]  # fmt: skip
    fill(jobs, folder / FOLDER, processes=processes, console=console)
    return polars.DataFrame([_row(job, folder / FOLDER) for job in jobs])


def _row(job: Exploitation, root: Path) -> dict[str, Any]:
    found = json.loads((root / job.name / FOUND).read_text())
    row = {
        "run": job.place or job.run.name,
        "case": job.case.words,
        "seat": job.case.seat,
        "how": found["how"],
        "stake": found["stake"],
        **{name: found[name] for name in SHARES},
    }
    if job.has_pairs:
        row |= {name: found["stability"][name] for name in BOUNDS}
    return row


def summary(rows: polars.DataFrame) -> dict[str, dict[str, float]]:
    """Return the mean and the worst of every figure over runs and cases."""
    return {
        name: {"mean": float(rows[name].mean()), "worst": float(rows[name].max())}  # type: ignore[arg-type]
        for name in (*SHARES, *BOUNDS)
        if name in rows.columns and rows[name].null_count() < len(rows)
    }
