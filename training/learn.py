"""Learning: PPO by Stable-Baselines3 over thousands of slots, in a run that can be killed.

All seats of a game learn at the same time. A checkpoint holds everything that the next batch
depends on (weights, optimiser, worlds, random numbers), so that a resumed run gives the same
numbers as one that was never stopped.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars
import safetensors.torch
import torch
from numpy.typing import NDArray
from stable_baselines3.common.logger import configure as configure_logger

from counterpoise.agents.learned import DESCRIPTION, WEIGHTS, load_profile
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.envs.engine.strategy import Profile
from counterpoise.theory import regret
from counterpoise.training import runs
from counterpoise.training.configuration import PPO, Configuration
from counterpoise.training.course import (
    Course,
    measure,
    regret_row,
    regret_times,
    small_networks,
    step_discount,
)
from counterpoise.training.population import PopulationLearner
from counterpoise.training.runs import Run


class Interrupted(CounterpoiseError):
    """A training was stopped by the user; its folder can be used and resumed."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a training has come."""

    agent_steps: int
    total_agent_steps: int
    seconds: float
    rate: float
    reward: NDArray[np.float64]


def train(
    configuration: Configuration,
    folder: str | Path,
    *,
    seed: int = 0,
    resume: bool = False,
    device: str = "auto",
    on_progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Learn a game and write the run's folder.

    Parameters
    ----------
    configuration : Configuration
        With `resume`, must be the one that the folder was begun with.
    folder : path
        Made if it is not there.
    seed : int
        Everything random follows from it.
    resume : bool
        Go on with a run that was stopped; the numbers are those of a run that never was.
    device : str
        ``auto`` takes a GPU where torch finds one.
    on_progress : callable, optional
        Called after every batch.

    Raises
    ------
    CounterpoiseError
        If the folder holds another run.
    Interrupted
        After Ctrl-C: a checkpoint has been written.
    """
    folder = Path(folder)
    is_going_on = resume and (folder / runs.CONFIGURATION).is_file()
    if is_going_on:
        known = Run(folder)
        if known.configuration != configuration or known.seed != seed:
            raise CounterpoiseError(
                f"{folder} was begun with another configuration or seed: resume it with its own, "
                "or choose another folder."
            )
        if known.is_finished:
            return known
    else:
        runs.begin(folder, configuration, seed)
    if configuration.algorithm != PPO:
        _train_population(configuration, folder, seed, device, on_progress)
        return Run(folder)
    with small_networks():
        _Learner(configuration, folder, seed, device, on_progress).run(is_going_on)
    return Run(folder)


def _train_population(
    configuration: Configuration,
    folder: Path,
    seed: int,
    device: str,
    on_progress: Callable[[Progress], None] | None,
) -> None:
    def tell(done: int, total: int, seconds: float, rewards: NDArray[np.float64]) -> None:
        if on_progress is not None:
            on_progress(Progress(done, total, seconds, done / max(seconds, 1e-9), rewards))

    try:
        PopulationLearner(configuration, folder, seed, device, tell).run()
    except KeyboardInterrupt:
        raise _interrupted(folder) from None


def _interrupted(folder: Path) -> Interrupted:
    return Interrupted(
        f"Stopped. The run in {folder} can be used as it is; go on with: "
        f"counterpoise train {folder} --resume"
    )


class _Learner(Course):
    """One training in progress: the callback that keeps metrics and checkpoints."""

    def __init__(
        self,
        configuration: Configuration,
        folder: Path,
        seed: int,
        device: str,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        measures = measure(configuration, step_discount(configuration))
        super().__init__(configuration, measures, seed=seed, device=device)
        self.folder = folder
        self._on_progress = on_progress
        self.learner.set_logger(configure_logger(str(folder / runs.TENSORBOARD), ["tensorboard"]))
        self.rows: list[dict[str, Any]] = []
        self._seconds_before = 0.0
        self._began = self._kept = time.perf_counter()
        batches = self.total // self.batch
        is_solved = regret.is_solved(configuration.game)
        self._regret_at = regret_times(configuration, batches) if is_solved else set()

    # -- the course of a training ----------------------------------------------------------------

    def run(self, is_going_on: bool) -> None:
        """Learn until the asked number of agent steps, from the last checkpoint if there is one."""
        if is_going_on and (self.folder / runs.CHECKPOINT).is_file():
            self._restore()
        try:
            self.go()
        except KeyboardInterrupt:
            # A batch that was not learned from is played again by the resumed run.
            raise _interrupted(self.folder) from None
        finally:
            self.slots.close()

    def _on_rollout_start(self) -> None:
        if self.learner.num_timesteps == 0:
            self._keep(is_finished=False)
        super()._on_rollout_start()

    def end_batch(self) -> None:
        """Note what the batch that was just learned from showed, and keep it if it is time."""
        iteration = self.learner.num_timesteps // self.batch
        if self.rows and self.rows[-1]["iteration"] == iteration:
            return
        super().end_batch()
        is_finished = self.learner.num_timesteps >= self.total
        seconds = self._seconds_before + time.perf_counter() - self._began
        rewards = self.slots.take_mean_rewards()
        logged = self.learner.logger.name_to_value
        row: dict[str, Any] = {
            "iteration": iteration,
            "agent_steps": self.learner.num_timesteps,
            "seconds": seconds,
        }
        row |= {f"reward_{seat}": float(mean) for seat, mean in enumerate(rewards)}
        row |= {f"spread_{seat}": spread for seat, spread in enumerate(self._spreads())}
        row |= {
            "approx_kl": _number(logged.get("train/approx_kl")),
            "clip_fraction": _number(logged.get("train/clip_fraction")),
            "value_loss": _number(logged.get("train/value_loss")),
            "entropy": _number(logged.get("train/entropy_loss"), -1.0),
        }
        is_asked = iteration in self._regret_at
        row |= regret_row(self.configuration, self._played() if is_asked else None)
        self.rows.append(row)
        for name, value in row.items():
            if isinstance(value, float):
                self.learner.logger.record(f"counterpoise/{name}", value)
        self.learner.logger.dump(self.learner.num_timesteps)
        if self._on_progress is not None:
            rate = self.learner.num_timesteps / max(seconds, 1e-9)
            self._on_progress(
                Progress(self.learner.num_timesteps, self.total, seconds, rate, rewards)
            )
        late = time.perf_counter() - self._kept >= self.configuration.checkpoint_seconds
        if is_finished or late:
            self._keep(is_finished)

    def _spreads(self) -> list[float | None]:
        networks: Any = self.learner.policy.mlp_extractor
        if networks.log_spread is None:
            return [None] * networks.seats
        return [float(row.exp().mean()) for row in networks.log_spread.detach()]

    def _played(self) -> Profile:
        self._write_policy()
        return load_profile(self.folder, is_random=self.configuration.mixed)[2]

    # -- keeping and restoring -------------------------------------------------------------------

    def _write_policy(self) -> None:
        write_atomically(
            self.folder / WEIGHTS, lambda path: safetensors.torch.save_file(self.averaged, path)
        )
        text = json.dumps(self.description(), indent=2)
        write_text_atomically(self.folder / DESCRIPTION, text + "\n")

    def _keep(self, is_finished: bool) -> None:
        """Write everything that the next batch depends on."""
        learner = self.learner
        # Stable-Baselines3 draws its minibatches from numpy's global generator.
        numbers = np.random.get_state()  # noqa: NPY002
        assert isinstance(numbers, tuple)
        worlds = self.slots.worlds
        self._write_policy()
        checkpoint = {
            "policy": learner.policy.state_dict(),
            "averaged": self.averaged,
            "magnet": learner.magnet_networks.state_dict(),
            "optimizer": learner.policy.optimizer.state_dict(),
            "torch": torch.get_rng_state(),
            "numpy": [numbers[0], torch.as_tensor(np.asarray(numbers[1], np.int64)), *numbers[2:]],
            "agent_steps": learner.num_timesteps,
            "updates": learner._n_updates,
            "seconds": self._seconds_before + time.perf_counter() - self._began,
            "rows": self.rows,
            "has_begun": learner._last_obs is not None,
        }
        if learner._last_obs is not None:
            checkpoint |= {
                "worlds": torch.frombuffer(bytearray(worlds.records.tobytes()), dtype=torch.uint8),
                "episode_starts": torch.as_tensor(np.asarray(learner._last_episode_starts)),
            }
        if torch.cuda.is_available():
            checkpoint["cuda"] = torch.cuda.get_rng_state_all()
        write_atomically(self.folder / runs.CHECKPOINT, lambda path: torch.save(checkpoint, path))
        if self.rows:
            table = polars.DataFrame(self.rows, infer_schema_length=None)
            write_atomically(self.folder / runs.METRICS, table.write_parquet)
        state = {
            "is_finished": is_finished,
            "agent_steps": learner.num_timesteps,
            "total_agent_steps": self.total,
            "seconds": checkpoint["seconds"],
        }
        write_text_atomically(self.folder / runs.STATE, json.dumps(state, indent=2) + "\n")
        self._kept = time.perf_counter()

    def _restore(self) -> None:
        learner = self.learner
        path = self.folder / runs.CHECKPOINT
        checkpoint = torch.load(path, map_location=learner.device, weights_only=True)
        learner.policy.load_state_dict(checkpoint["policy"])
        self.averaged = {name: value.cpu() for name, value in checkpoint["averaged"].items()}
        learner.magnet_networks.load_state_dict(checkpoint["magnet"])
        learner.policy.optimizer.load_state_dict(checkpoint["optimizer"])
        learner.num_timesteps = checkpoint["agent_steps"]
        learner._n_updates = checkpoint["updates"]
        self.rows = list(checkpoint["rows"])
        self._seconds_before = checkpoint["seconds"]
        if checkpoint["has_begun"]:
            worlds = self.slots.worlds
            self.slots.reset()
            stored = checkpoint["worlds"].cpu().numpy().tobytes()
            snapshot = worlds.copy()
            snapshot.records[:] = np.frombuffer(stored, worlds.records.dtype)
            worlds.restore(snapshot)
            learner._last_obs = self.slots.current()
            learner._last_episode_starts = checkpoint["episode_starts"].cpu().numpy()
        kind, keys, *rest = checkpoint["numpy"]
        np.random.set_state(  # noqa: NPY002
            (kind, keys.cpu().numpy().astype(np.uint32), *rest)
        )
        torch.set_rng_state(checkpoint["torch"].cpu())
        if "cuda" in checkpoint and torch.cuda.is_available():
            torch.cuda.set_rng_state_all([state.cpu() for state in checkpoint["cuda"]])


def _number(value: Any, sign: float = 1.0) -> float | None:
    return None if value is None else sign * float(value)
