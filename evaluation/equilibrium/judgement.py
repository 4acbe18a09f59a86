"""The judgement of a run: exact best responses to what it learned, and its outcomes.

Best responses take seconds to minutes, so a judgement is kept in the run's folder as
``judgement.json`` and read as long as everything that it depends on is unchanged: the learned
policy, the configuration, the sources of the rules and of the theory, the package's version.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import counterpoise
from counterpoise.agents.learned import DESCRIPTION, WEIGHTS
from counterpoise.envs.engine.compilation import rule_sources
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.evaluation.runner import Tell, in_processes
from counterpoise.theory import regret
from counterpoise.training.runs import Run

if TYPE_CHECKING:
    from rich.console import Console

JUDGEMENT = "judgement.json"
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Judgement:
    """One run compared with theory.

    Attributes
    ----------
    folder : Path
        The run's folder.
    gains : ndarray of float64, [powers]
        Gain of each power's exact best response to the learned others, in payoff.
    stakes : ndarray of float64, [powers]
        Gain of a best response over random play when all others play at random, in payoff.
    outcomes : mapping of str to float or ndarray
        As the game's theory declares them.
    agent_steps : int
        Training length of the judged policy, in agent steps.
    """

    folder: Path
    gains: NDArray[np.float64]
    stakes: NDArray[np.float64]
    outcomes: Mapping[str, Any]
    agent_steps: int

    @property
    def regret(self) -> NDArray[np.float64]:
        """The gains as shares of the stakes, [powers]."""
        return regret.of_stakes(self.gains, self.stakes)


def judge(run: Run) -> Judgement:
    """Compare a run with the theory of its game: exact best responses, and outcomes."""
    profile = run.profile()
    name = run.game.name
    return Judgement(
        folder=run.folder,
        gains=regret.gains(name, run.parameters, profile),
        stakes=np.array(regret.stakes(name, run.parameters)),
        outcomes=regret.theory_of(name).outcomes(run.parameters, profile),
        agent_steps=int(run.state["agent_steps"]),
    )


def judged(run: Run) -> Judgement:
    """Return the judgement kept in a run's folder; judge, and keep it, where there is none.

    A run in a folder that cannot be written is judged each time.
    """
    found = kept_judgement(run)
    if found is None:
        # Asked first: a policy that is replaced meanwhile is then judged again, never mistaken.
        made_of = origin_of(run)
        found = judge(run)
        if os.access(run.folder, os.W_OK):
            keep(run.folder / JUDGEMENT, made_of, _as_json(found))
    return found


def judge_all(
    runs: Sequence[Run], *, processes: int = 1, console: Console | None = None
) -> list[Judgement]:
    """Return the judgement of each run; those that are not kept are made by worker processes.

    Parameters
    ----------
    runs : sequence of Run
    processes : int
        Number of worker processes.
    console : Console, optional
        Where progress is shown; nowhere by default.
    """
    todo = [run for run in runs if kept_judgement(run) is None]
    if processes > 1 and len(todo) > 1:
        if console is None:
            from rich.console import Console

            console = Console(quiet=True)
        tasks = [_Judging(f"{run.configuration.name}, seed {run.seed}", run.folder) for run in todo]
        made = in_processes(tasks, processes=processes, console=console)
        found = {judgement.folder: judgement for judgement in made}
        return [found.get(run.folder) or judged(run) for run in runs]
    return [judged(run) for run in runs]


@dataclasses.dataclass(frozen=True)
class _Judging:
    """The task of judging one run."""

    label: str
    folder: Path
    kind: str = "judging"
    total: int = 1

    def do(self, tell: Tell) -> Judgement:
        return judged(Run(self.folder))


# -- what is kept ----------------------------------------------------------------------------------


def origin_of(run: Run) -> str:
    """Return a hash of everything that a run's judgement depends on.

    Raises
    ------
    CounterpoiseError
        If the run has learned nothing yet.
    """
    run.profile()
    policy = [
        hashlib.sha256((run.folder / name).read_bytes()).hexdigest()
        for name in (WEIGHTS, DESCRIPTION)
    ]
    return origin(
        *policy,
        run.configuration.to_toml(),
        run.game.version,
        _hash_of_sources(run.game.name),
        counterpoise.__version__,
        FORMAT,
    )


@functools.cache
def _hash_of_sources(game: str) -> str:
    """Return a hash of the rules' sources and of all modules in the folder of a game's theory."""
    theory = Path(inspect.getfile(regret.theory_of(game).best_response)).parent
    sources = [*rule_sources(), *sorted(theory.glob("*.py"))]
    return origin(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in sources))


def origin(*made_of: object) -> str:
    """Return a hash of what a kept result depends on."""
    return hashlib.sha256("\n".join(map(str, made_of)).encode()).hexdigest()[:16]


def kept(path: Path, made_of: str) -> dict[str, Any] | None:
    """Return a kept result; None if there is none, or its origin is another."""
    if not path.is_file():
        return None
    values: dict[str, Any] = json.loads(path.read_text())
    return values if values["origin"] == made_of else None


def keep(path: Path, made_of: str, values: Mapping[str, Any]) -> None:
    """Write a result with its origin, in one piece; numbers keep all their digits."""
    write_text_atomically(path, json.dumps({"origin": made_of, **values}, indent=2) + "\n")


def kept_judgement(run: Run) -> Judgement | None:
    """Return the judgement in a run's folder; None if there is none that still holds."""
    if not (run.folder / JUDGEMENT).is_file():
        return None
    values = kept(run.folder / JUDGEMENT, origin_of(run))
    if values is None:
        return None
    outcomes = {
        name: np.array(value, float) if isinstance(value, list) else value
        for name, value in values["outcomes"].items()
    }
    return Judgement(
        folder=run.folder,
        gains=np.array(values["gains"]),
        stakes=np.array(values["stakes"]),
        outcomes=outcomes,
        agent_steps=values["agent_steps"],
    )


def _as_json(judgement: Judgement) -> dict[str, Any]:
    return {
        "gains": judgement.gains.tolist(),
        "stakes": judgement.stakes.tolist(),
        "outcomes": {
            name: np.asarray(value, float).tolist() for name, value in judgement.outcomes.items()
        },
        "agent_steps": judgement.agent_steps,
    }
