"""The course of a case study in learned hands: arms, allies, debt, resilience, by year."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.scenarios import Scenario, scenario
from counterpoise.evaluation.populations.episodes import power_years
from counterpoise.evaluation.predictions.plan import AMORTISED, Plan
from counterpoise.evaluation.predictions.replication import RUN, WATCHED_FROM
from counterpoise.theory.prediction import Prediction
from counterpoise.training.runs import Run

WORLDS, YEARS = 100, 40
# Title and unit of each quantity.
QUANTITIES = {
    "internal": ("Strength of its own", "years of product"),
    "external_share": ("Allies' part in defence", "share"),
    "arms_share": ("Spending on arms", "% of product"),
    "debt": ("Debt", "years of product"),
    "resilience": ("Resilience", "share"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Course:
    """The course of one scenario played by learned populations.

    Attributes
    ----------
    scenario : Scenario
    years : polars.DataFrame
        A row for each seed, year and power: means over worlds of the `QUANTITIES`.
    ties : ndarray of float, [seeds, powers, powers]
        The share of years in which two powers are allied.
    worlds : int
        Number of worlds played for each seed.
    """

    scenario: Scenario
    years: polars.DataFrame
    ties: NDArray[np.float64]
    worlds: int

    @property
    def seeds(self) -> int:
        """The number of populations."""
        return len(self.ties)


def course(name: str, runs: list[Run], *, worlds: int = WORLDS) -> Course:
    """Play a scenario by every run and return the means of each.

    Parameters
    ----------
    name : str
        The scenario's name.
    runs : list of Run
        One for each training seed.
    worlds : int
    """
    found = scenario(name)
    parameters: Any = found.parameters
    powers = parameters.powers
    rows, ties = [], []
    for run in runs:
        profile = run.profile(parameters=parameters)
        with Worlds(run.game, worlds, parameters, autoreset=False) as batch:
            rollout = play(batch, profile, seed=WATCHED_FROM, steps=YEARS)
        table = power_years(rollout, parameters).with_columns(
            internal=polars.col("strength"),
            arms_share=100.0 * (polars.col("procurement") + polars.col("upkeep")),
        )
        rows.append(
            table.group_by("year", "power")
            .agg(polars.col(name).mean() for name in QUANTITIES)
            .sort("year", "power")
            .with_columns(seed=polars.lit(run.seed))
        )
        allied = rollout.records["allied"][1:, :, :powers, :powers][rollout.lived]
        ties.append((allied == 1).mean(axis=0))
    return Course(found, polars.concat(rows), np.array(ties), worlds)


def courses(plan: Plan, out: Path) -> dict[str, Course]:
    """Return the course of every prediction that has a scenario and runs, by name.

    Parameters
    ----------
    plan : Plan
        Of the amortised design, carried out.
    out : path
        The folder of results.
    """
    found = {}
    for each in plan.predictions:
        runs = _runs_of(plan, each, out) if each.scenario else []
        if runs:
            found[each.name] = course(each.scenario, runs)
    return found


def _runs_of(plan: Plan, prediction: Prediction, out: Path) -> list[Run]:
    group = out / AMORTISED / Path(prediction.population).stem
    folders = [group / f"seed_{seed}" / RUN for seed in range(plan.seeds)]
    return [Run(folder) for folder in folders if (folder / "state.json").is_file()]
