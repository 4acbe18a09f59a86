"""What is registered before the first training: predictions, populations, seeds, versions.

The plan stands in the results' folder from the beginning. A later command goes on with it, and
refuses where a prediction's file or a training has changed since: nothing can be made to fit what
was seen.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.scenarios import scenario
from counterpoise.theory import prediction as predictions
from counterpoise.theory.prediction import Prediction, Test
from counterpoise.training import configuration as configurations
from counterpoise.training.configuration import Configuration
from counterpoise.training.runs import versions

PLAN = "plan.json"
AMORTISED, SEPARATE = DESIGNS = ("amortised", "separate")


@dataclasses.dataclass(frozen=True)
class Ask:
    """One question to a population: a test of a prediction at one level of its treatment."""

    prediction: str
    test: int
    level: int


@dataclasses.dataclass(frozen=True)
class Plan:
    """What will be trained and asked.

    Attributes
    ----------
    registered : str
        When, in UTC.
    predictions : tuple of Prediction
    populations : mapping of str to Configuration
        Those that the predictions name.
    design : str
        ``amortised``: one population for all levels of all treatments, which its powers see;
        ``separate``: one for each level of each test.
    seeds : int
    is_quick : bool
        Whether trainings are far too short to conclude anything.
    """

    registered: str
    predictions: tuple[Prediction, ...]
    populations: Mapping[str, Configuration]
    design: str
    seeds: int
    is_quick: bool = False

    def base(self, prediction: Prediction) -> ParametersBase:
        """Return the parameters that a prediction's tests start from."""
        if prediction.scenario:
            return scenario(prediction.scenario).parameters
        return self.populations[prediction.population].parameters_to_judge()

    def parameters(self, prediction: Prediction, test: Test) -> list[ParametersBase]:
        """Return the parameters of each level of a test."""
        return test.parameters_at(self.base(prediction))

    def asks(self, prediction: Prediction) -> Iterator[Ask]:
        """Return every question of a prediction."""
        for number, test in enumerate(prediction.tests):
            for level in range(len(test.treatment.levels)):
                yield Ask(prediction.name, number, level)

    def as_json(self) -> dict[str, Any]:
        """Return what is written down."""
        return {
            "registered": self.registered,
            "design": self.design,
            "seeds": self.seeds,
            "is_quick": self.is_quick,
            "predictions": {
                each.name: {"sha256": each.sha256, "file": each.file} for each in self.predictions
            },
            "populations": {name: each.to_toml() for name, each in self.populations.items()},
            "versions": versions(),
        }


def make_plan(
    names: Sequence[str | Path] = (),
    *,
    design: str = AMORTISED,
    seeds: int = 8,
    changes: Mapping[str, Any] | None = None,
    agent_steps: Mapping[str, int] | None = None,
    is_quick: bool = False,
) -> Plan:
    """Return a plan for some predictions, or for all that come with the package.

    Parameters
    ----------
    names : sequence of str or path
    design : str
    seeds : int
    changes : mapping, optional
        To every population's training, such as ``{"agent_steps": 1_000_000}``.
    agent_steps : mapping of str to int, optional
        How long some populations learn, by name.
    is_quick : bool

    Raises
    ------
    CounterpoiseError
        If a prediction is not to be had, asks for what its population cannot play, or two have one
        name.
    """
    if design not in DESIGNS:
        raise CounterpoiseError(f"The design is {' or '.join(DESIGNS)}, not {design!r}.")
    loaded = tuple(predictions.load(name) for name in names or predictions.shipped())
    if len({each.name for each in loaded}) < len(loaded):
        raise CounterpoiseError(
            "Two predictions have one name: " + ", ".join(each.name for each in loaded) + "."
        )
    populations = {}
    for each in loaded:
        if each.population not in populations:
            configuration = configurations.load(each.population).replace(**(changes or {}))
            steps = (agent_steps or {}).get(each.population, configuration.agent_steps)
            populations[each.population] = configuration.replace(agent_steps=steps)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    plan = Plan(now, loaded, populations, design, seeds, is_quick)
    for each in loaded:
        for test in each.tests:
            # A level that cannot be played is refused before anything is trained.
            plan.parameters(each, test)
    return plan


def register(plan: Plan, folder: Path) -> Plan:
    """Write a plan down, or go on with the one that is there.

    Returns
    -------
    Plan
        The one that is registered: of all its predictions, where fewer of them are asked now, and
        with the date on which it was first registered.

    Raises
    ------
    CounterpoiseError
        If the folder holds another plan; the message says in what they differ.
    """
    path = folder / PLAN
    if not path.is_file():
        write_text_atomically(path, json.dumps(plan.as_json(), indent=2) + "\n")
        return plan
    kept, asked = json.loads(path.read_text()), plan.as_json()
    for key in ("design", "seeds", "is_quick"):
        if kept[key] != asked[key]:
            raise _another(folder, f"{key} was {kept[key]}, not {asked[key]}")
    for name in asked["predictions"]:
        if name not in kept["predictions"]:
            raise _another(folder, f"{name} was not registered there")
    known = {each.name: each for each in plan.predictions}
    registered = []
    for name, entry in kept["predictions"].items():
        found = known.get(name) or predictions.load(entry["file"])
        if found.sha256 != entry["sha256"]:
            raise _another(folder, f"the file of {name} has changed since")
        registered.append(found)
    populations = {
        name: Configuration(**tomllib.loads(text)) for name, text in kept["populations"].items()
    }
    for name, configuration in plan.populations.items():
        if populations[name] != configuration:
            raise _another(folder, f"the training {name} has changed since")
    return dataclasses.replace(
        plan,
        registered=kept["registered"],
        predictions=tuple(registered),
        populations=populations,
    )


def steps_registered(folder: Path) -> dict[str, int]:
    """Return how long each population learns under the plan in a folder; empty without one."""
    path = folder / PLAN
    if not path.is_file():
        return {}
    kept = json.loads(path.read_text())["populations"]
    return {name: int(tomllib.loads(text)["agent_steps"]) for name, text in kept.items()}


def _another(folder: Path, why: str) -> CounterpoiseError:
    return CounterpoiseError(
        f"{folder} was registered for something else: {why}. Ask as it was asked then, or choose "
        "another folder with --out."
    )
