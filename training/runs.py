"""A run is a folder: configuration, versions, policy, checkpoint, metrics and state of a training.

`Run` reads and writes all of it: ``config.toml``, ``seed.json``, ``versions.json``,
``policy.safetensors`` with ``policy.json``, ``checkpoint.pt``, ``metrics.parquet``, ``state.json``
and ``tensorboard/``. Every file is written under a temporary name and then renamed, so that a run
that is killed at any moment can be read and resumed. A checkpoint holds tensors and plain values
only and is loaded without unpickling anything else.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from counterpoise.agents.learned import DESCRIPTION, WEIGHTS, load_profile
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.training.configuration import Configuration, load

if TYPE_CHECKING:
    import polars

CONFIGURATION = "config.toml"
SEED = "seed.json"
VERSIONS = "versions.json"
CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.parquet"
STATE = "state.json"
TENSORBOARD = "tensorboard"

# Of a checkpoint, beside what the learner needs.
COUNTED = ("agent_steps", "seconds", "rows")

PACKAGES = ("counterpoise", "numpy", "numba", "torch", "stable-baselines3", "sb3-contrib")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a training depends on."""
    found = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version(), "machine": platform.machine(), **found}


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """What a training is resumed from.

    Attributes
    ----------
    agent_steps : int
        Decisions learned from so far.
    seconds : float
        Wall-clock time so far.
    rows : list of dict
        The metrics so far.
    learner : dict of str to value
        What the learner itself needs: tensors, numbers, strings, and lists and dicts of these.
    """

    agent_steps: int
    seconds: float
    rows: list[dict[str, Any]]
    learner: dict[str, Any]


class Run:
    """The folder of a training.

    Raises
    ------
    CounterpoiseError
        If the folder is not a run.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        missing = [name for name in (CONFIGURATION, SEED) if not (self.folder / name).is_file()]
        if missing:
            raise CounterpoiseError(
                f"{self.folder} is not a run: {missing[0]} is missing. A run is the folder that "
                "`counterpoise train` writes."
            )
        self.configuration: Configuration = load(self.folder / CONFIGURATION)
        self.game = self.configuration.the_game()
        self.parameters = self.configuration.parameters_to_judge()
        self.seed = int(json.loads((self.folder / SEED).read_text())["seed"])

    @classmethod
    def begin(cls, folder: str | Path, configuration: Configuration, seed: int) -> Self:
        """Write the configuration, seed and versions of a new run and return it.

        Raises
        ------
        CounterpoiseError
            If the folder already holds a run: nothing is overwritten.
        """
        folder = Path(folder)
        if (folder / CONFIGURATION).exists():
            raise CounterpoiseError(
                f"{folder} holds a run already: resume it with --resume, or choose another folder."
            )
        write_text_atomically(folder / SEED, json.dumps({"seed": seed}) + "\n")
        write_text_atomically(folder / VERSIONS, json.dumps(versions(), indent=2) + "\n")
        write_text_atomically(folder / CONFIGURATION, configuration.to_toml())
        return cls(folder)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @property
    def state(self) -> dict[str, Any]:
        """Agent-steps done and in total, seconds, and whether the training is finished."""
        path = self.folder / STATE
        if not path.is_file():
            total = self.configuration.agent_steps
            return {
                "is_finished": False,
                "agent_steps": 0,
                "total_agent_steps": total,
                "seconds": 0.0,
            }
        return dict(json.loads(path.read_text()))

    @property
    def is_finished(self) -> bool:
        """Whether the training is finished."""
        return bool(self.state["is_finished"])

    def metrics(self) -> polars.DataFrame:
        """Return the learning curve, one row per batch (or per iteration of a population)."""
        import polars

        path = self.folder / METRICS
        if not path.is_file():
            raise CounterpoiseError(f"{self.folder} has no metrics yet: let it train a little.")
        return polars.read_parquet(path)

    def profile(
        self, *, is_random: bool | None = None, parameters: ParametersBase | None = None
    ) -> list[Strategy]:
        """Return what was learned so far, one strategy per power.

        Parameters
        ----------
        is_random : bool, optional
            Whether choices are drawn from the learned distribution; otherwise the most likely
            choice is played. The configuration's `mixed` by default.
        parameters : Parameters, optional
            Parameters of the game that will be played, which bound its amounts; those under which
            the run is judged by default.
        """
        if not (self.folder / WEIGHTS).is_file() or not (self.folder / DESCRIPTION).is_file():
            raise CounterpoiseError(
                f"{self.folder} has learned nothing yet: let it train a little."
            )
        drawn = self.configuration.mixed if is_random is None else is_random
        return load_profile(self.folder, is_random=drawn, parameters=parameters)[2]

    # -- what learners read and write ------------------------------------------------------------

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's event files."""
        return self.folder / TENSORBOARD

    def write_policy(
        self, weights: dict[str, NDArray[np.float32]], description: dict[str, Any]
    ) -> None:
        """Write what is played, as `counterpoise.agents.learned` reads it."""
        write_atomically(
            self.folder / WEIGHTS, lambda path: safetensors.numpy.save_file(weights, path)
        )
        text = json.dumps(description, indent=2)
        write_text_atomically(self.folder / DESCRIPTION, text + "\n")

    def save(self, checkpoint: Checkpoint, total_agent_steps: int) -> None:
        """Write checkpoint, metrics and state; the run is finished at `total_agent_steps`."""
        import polars
        import torch

        stored = {**checkpoint.learner, **{name: getattr(checkpoint, name) for name in COUNTED}}
        write_atomically(self.folder / CHECKPOINT, lambda path: torch.save(stored, path))
        if checkpoint.rows:
            table = polars.DataFrame(checkpoint.rows, infer_schema_length=None)
            write_atomically(self.folder / METRICS, table.write_parquet)
        state = {
            "is_finished": checkpoint.agent_steps >= total_agent_steps,
            "agent_steps": checkpoint.agent_steps,
            "total_agent_steps": total_agent_steps,
            "seconds": checkpoint.seconds,
        }
        write_text_atomically(self.folder / STATE, json.dumps(state, indent=2) + "\n")

    def checkpoint(self) -> Checkpoint | None:
        """Return the last checkpoint, its tensors on the CPU; None if there is none yet."""
        import torch

        path = self.folder / CHECKPOINT
        if not path.is_file():
            return None
        stored = torch.load(path, map_location="cpu", weights_only=True)
        return Checkpoint(**{name: stored.pop(name) for name in COUNTED}, learner=stored)
