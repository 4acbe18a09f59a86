"""Trainings in worker processes, each judged when it ends.

A stopped run can be used and resumed.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from counterpoise.evaluation.equilibrium.judgement import Judgement, judged
from counterpoise.evaluation.progress import LEARNING
from counterpoise.evaluation.runner import Tell, as_time, in_processes, usual_processes
from counterpoise.training.configuration import Configuration
from counterpoise.training.runs import Run

if TYPE_CHECKING:
    from rich.console import Console

    from counterpoise.training.learners import Progress

__all__ = ["Training", "as_time", "train_all", "train_quietly", "usual_processes"]


@dataclasses.dataclass(frozen=True)
class Training:
    """One training to run."""

    configuration: Configuration
    folder: Path
    seed: int
    resume: bool = False

    @property
    def label(self) -> str:
        """What a progress bar calls it."""
        return f"{self.configuration.name}, seed {self.seed}"


def train_quietly(training: Training, device: str, tell: Tell) -> Run:
    """Train and report progress through `tell`."""
    from counterpoise.training.learn import train

    def on_progress(progress: Progress) -> None:
        payoff = float(progress.reward.mean())
        tell(progress.agent_steps, progress.total_agent_steps, progress.rate, LEARNING, payoff)

    with warnings.catch_warnings():
        # The last minibatch may be smaller than the others; that is intended.
        warnings.filterwarnings("ignore", category=UserWarning, module="stable_baselines3")
        return train(
            training.configuration,
            training.folder,
            seed=training.seed,
            resume=training.resume,
            device=device,
            on_progress=on_progress,
        )


@dataclasses.dataclass(frozen=True)
class _Judged:
    """The task of a training and of its comparison with theory."""

    training: Training
    device: str
    is_judged: bool

    @property
    def label(self) -> str:
        return self.training.label

    @property
    def kind(self) -> str:
        return self.training.configuration.name

    @property
    def total(self) -> int:
        return self.training.configuration.agent_steps

    def do(self, tell: Tell) -> Judgement | None:
        run = train_quietly(self.training, self.device, tell)
        if not self.is_judged:
            return None
        total = int(run.state["total_agent_steps"])
        tell(total, total, total / max(run.state["seconds"], 1e-9), "judging")
        return judged(run)


def train_all(
    trainings: Sequence[Training],
    *,
    processes: int,
    device: str = "auto",
    is_judged: bool = False,
    console: Console,
) -> list[Judgement | None]:
    """Run all trainings and return their judgements in the same order.

    Parameters
    ----------
    trainings : sequence of Training
        Started in this order: longest first is fastest.
    processes : int
        Number of worker processes.
    device : str
        As for `counterpoise.training.learn.train`.
    is_judged : bool
        Whether each run is compared with theory when it ends; otherwise None is returned.
    console : Console
        Where progress is shown.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, once every worker has saved its state.
    CounterpoiseError
        If a training fails.
    """
    tasks = [_Judged(training, device, is_judged) for training in trainings]
    return in_processes(tasks, processes=processes, console=console)
