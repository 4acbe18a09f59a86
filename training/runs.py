"""A run is a folder: what was asked, with which versions, what was learned, and how it went.

``config.toml``, ``versions.json``, ``policy.safetensors`` with ``policy.json``, ``checkpoint.pt``,
``metrics.parquet``, ``state.json`` and ``tensorboard/``. Every file is written under a temporary
name and then renamed, so that a run that is killed at any moment can be read and resumed. A
checkpoint holds tensors and plain values only and is loaded without unpickling anything else.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterpoise.agents.learned import DESCRIPTION, WEIGHTS, load_profile
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_text_atomically
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

PACKAGES = ("counterpoise", "numpy", "numba", "torch", "stable-baselines3", "sb3-contrib")


def versions() -> dict[str, str]:
    """Return what a run depends on."""
    found = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version(), "machine": platform.machine(), **found}


class Run:
    """A training's folder, for reading.

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

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @property
    def state(self) -> dict[str, Any]:
        """How far the run has come: agent steps done and asked, seconds, whether finished."""
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
        """Whether the training came to its end."""
        return bool(self.state["is_finished"])

    def metrics(self) -> polars.DataFrame:
        """Return one row for each batch that was learned from."""
        import polars

        path = self.folder / METRICS
        if not path.is_file():
            raise CounterpoiseError(f"{self.folder} has no metrics yet: let it train a little.")
        return polars.read_parquet(path)

    def profile(
        self, *, is_random: bool | None = None, parameters: ParametersBase | None = None
    ) -> list[Strategy]:
        """Return what was learned so far, one strategy for every power.

        Parameters
        ----------
        is_random : bool, optional
            Whether choices are drawn from what was learned rather than the likeliest taken; by
            default as the configuration says.

        parameters : Parameters, optional
            Under which it will play, whose bounds amounts keep; by default those under which the
            run is judged.
        """
        if not (self.folder / WEIGHTS).is_file() or not (self.folder / DESCRIPTION).is_file():
            raise CounterpoiseError(
                f"{self.folder} has learned nothing yet: let it train a little."
            )
        drawn = self.configuration.mixed if is_random is None else is_random
        return load_profile(self.folder, is_random=drawn, parameters=parameters)[2]


def begin(folder: Path, configuration: Configuration, seed: int) -> None:
    """Write what a new run was asked for.

    Raises
    ------
    CounterpoiseError
        If the folder holds a run already: nothing is overwritten.
    """
    if (folder / CONFIGURATION).exists():
        raise CounterpoiseError(
            f"{folder} holds a run already: resume it with --resume, or choose another folder."
        )
    write_text_atomically(folder / SEED, json.dumps({"seed": seed}) + "\n")
    write_text_atomically(folder / VERSIONS, json.dumps(versions(), indent=2) + "\n")
    write_text_atomically(folder / CONFIGURATION, configuration.to_toml())
