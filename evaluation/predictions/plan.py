"""Pre-registration: predictions, populations, seeds and versions, written before any training.

The plan is the first file in the results folder. A later command continues the registered plan and
refuses if a prediction's file or a training configuration has changed since, so that neither can be
fitted to the results.
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
    """One test of a prediction at one level of its treatment, put to a population."""

    prediction: str
    test: int
    level: int


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is trained, and which tests it answers.

    Attributes
    ----------
    registered : str
        Time of registration, UTC.
    predictions : tuple of Prediction
    populations : mapping of str to Configuration
        The training configurations that the predictions name.
    design : str
        ``amortised``: one population for all levels of all treatments, conditioned on the
        parameters that it observes; ``separate``: one population per level of each test.
    seeds : int
        Training seeds per population.
    is_quick : bool
        Whether trainings are too short for a verdict.
    """

    registered: str
    predictions: tuple[Prediction, ...]
    populations: Mapping[str, Configuration]
    design: str
    seeds: int
    is_quick: bool = False

    def base(self, prediction: Prediction) -> ParametersBase:
        """Return the baseline parameters of a prediction's tests."""
        if prediction.scenario:
            return scenario(prediction.scenario).parameters
        return self.populations[prediction.population].parameters_to_judge()

    def parameters(self, prediction: Prediction, test: Test) -> list[ParametersBase]:
        """Return the parameters of each level of a test."""
        return test.parameters_at(self.base(prediction))

    def asks(self, prediction: Prediction) -> Iterator[Ask]:
        """Go through all tests of a prediction at all levels."""
        for number, test in enumerate(prediction.tests):
            for level in range(len(test.treatment.levels)):
                yield Ask(prediction.name, number, level)

    def as_json(self) -> dict[str, Any]:
        """Return the plan as it is written to `PLAN`."""
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
        Changes to every population's configuration, such as ``{"agent_steps": 1_000_000}``.
    agent_steps : mapping of str to int, optional
        Agent-steps of single populations, by name.
    is_quick : bool

    Raises
    ------
    CounterpoiseError
        If a prediction does not exist, asks for parameters that its population cannot play, or
        shares its name with another.
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
            # Raises for a level outside its range before anything is trained.
            plan.parameters(each, test)
    return plan


def register(plan: Plan, folder: Path) -> Plan:
    """Register a plan, or continue the one that the folder holds.

    Returns
    -------
    Plan
        The registered plan, with all of its predictions even if fewer are asked for now, and with
        its first date.

    Raises
    ------
    CounterpoiseError
        If the folder holds another plan; the message says how they differ.
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
        name: Configuration.from_mapping(tomllib.loads(text), f"{path}, population {name}")
        for name, text in kept["populations"].items()
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
    """Return the registered agent-steps of each population; empty without a plan."""
    path = folder / PLAN
    if not path.is_file():
        return {}
    kept = json.loads(path.read_text())["populations"]
    return {name: int(tomllib.loads(text)["agent_steps"]) for name, text in kept.items()}


def _another(folder: Path, why: str) -> CounterpoiseError:
    return CounterpoiseError(
        f"{folder} holds another registered plan: {why}. Repeat the registered command, or choose "
        "another folder with --out."
    )
