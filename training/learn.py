"""Train a configuration in a run's folder, with the learner that the configuration asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from counterpoise.envs.engine.errors import CounterpoiseError, Interrupted
from counterpoise.training.configuration import Configuration
from counterpoise.training.learners import Progress
from counterpoise.training.normalisation import normalisation_of
from counterpoise.training.ppo_training import PPOTraining, one_torch_thread
from counterpoise.training.runs import CONFIGURATION, Run


def train(
    configuration: Configuration,
    folder: str | Path,
    *,
    seed: int = 0,
    resume: bool = False,
    device: str = "auto",
    on_progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Train a configuration and write the run's folder.

    Parameters
    ----------
    configuration : Configuration
        With `resume`, the one that the folder was begun with.
    folder : path
        Made if it does not exist.
    seed : int
        Training seed; everything random follows from it.
    resume : bool
        Whether to continue a run that was stopped; the numbers are those of an uninterrupted run.
    device : str
        ``auto`` takes a GPU if torch finds one.
    on_progress : callable, optional
        Called after every batch.

    Raises
    ------
    CounterpoiseError
        If the folder holds another run.
    Interrupted
        After Ctrl-C; the run goes on from its last checkpoint when it is resumed.
    """
    folder = Path(folder)
    if resume and (folder / CONFIGURATION).is_file():
        run = Run(folder)
        if run.configuration != configuration or run.seed != seed:
            raise CounterpoiseError(
                f"{folder} was begun with another configuration or seed: resume it with its own, "
                "or choose another folder."
            )
        if run.is_finished:
            return run
    else:
        run = Run.begin(folder, configuration, seed)
    try:
        with one_torch_thread():
            learner = configuration.learner.make(configuration, seed, device)
            learner.fit(run, on_progress or _tell_nobody)
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped. The run in {folder} can be used as it is; go on with: "
            f"counterpoise train {folder} --resume"
        ) from None
    return run


def _tell_nobody(progress: Progress) -> None:
    pass


def seconds_per_agent_step(configuration: Configuration, device: str = "auto") -> float:
    """Return how long this machine takes per agent-step of PPO, measured over two batches."""
    with one_torch_thread():
        probe = configuration.replace(agent_steps=1)
        training = PPOTraining(probe, normalisation_of(probe), seed=0, device=device)
        try:
            # The first batch compiles.
            training.train()
            began = time.perf_counter()
            training.total += 2 * training.batch
            training.train()
            return (time.perf_counter() - began) / (2 * training.batch)
        finally:
            training.env.close()
