"""What the states of a case study do, year by year: arms and allies, debt, resilience, ties."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.display.figures import (
    INK,
    LEARNED,
    colour,
    marker,
    new_figure,
    style,
    write_png,
)
from counterpoise.envs.engine.files import write_atomically
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.scenarios import Scenario, scenario
from counterpoise.evaluation.populations.episodes import power_years
from counterpoise.evaluation.predictions.estimation import estimate
from counterpoise.evaluation.predictions.plan import AMORTISED, Plan
from counterpoise.evaluation.predictions.replication import RUN, WATCHED_FROM
from counterpoise.theory.prediction import Prediction
from counterpoise.training.runs import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORLDS, YEARS = 100, 40
SHOWN = {
    "internal": ("Strength of its own", "years of product"),
    "external_share": ("Allies' part in defence", "share"),
    "arms_share": ("Spending on arms", "% of product"),
    "debt": ("Debt", "years of product"),
    "resilience": ("Resilience", "share"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Course:
    """The course of one scenario in the hands of learned populations.

    Attributes
    ----------
    scenario : Scenario
    years : polars.DataFrame
        A row for each seed, year and power: means over worlds of the quantities of `SHOWN`.
    ties : ndarray of float, [seeds, powers, powers]
        The share of years in which two powers are allied.
    worlds : int
        Watched for each seed.
    """

    scenario: Scenario
    years: polars.DataFrame
    ties: NDArray[np.float64]
    worlds: int

    @property
    def seeds(self) -> int:
        """How many populations played."""
        return len(self.ties)


def course(name: str, runs: list[Run], *, worlds: int = WORLDS) -> Course:
    """Play a scenario by every run and return the means of each.

    Parameters
    ----------
    name : str
        Of the scenario.
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
            .agg(polars.col(name).mean() for name in SHOWN)
            .sort("year", "power")
            .with_columns(seed=polars.lit(run.seed))
        )
        allied = rollout.records["allied"][1:, :, :powers, :powers][rollout.lived]
        ties.append((allied == 1).mean(axis=0))
    return Course(found, polars.concat(rows), np.array(ties), worlds)


def draw(found: Course) -> Figure:
    """Return the figure: a panel for each quantity, and who is allied with whom."""
    names = found.scenario.names
    with style():
        figure = new_figure(11.0, 6.4)
        panels = figure.subplots(2, 3).ravel()
        for axes, (name, (title, unit)) in zip(panels, SHOWN.items(), strict=False):
            for power, who in enumerate(names):
                table = found.years.filter(power=power)
                by_year = table.group_by("year").agg(polars.col(name)).sort("year")
                seeds = [estimate(values) for values in by_year[name].to_list()]
                years = by_year["year"].to_numpy()
                mean = np.array([each.mean for each in seeds])
                paint = LEARNED if who == found.scenario.focus else colour(power + 1)
                is_focus = who == found.scenario.focus
                axes.plot(
                    years, mean, color=paint, linewidth=2.6 if is_focus else 1.2,
                    marker=marker(power), markevery=8, label=who,
                )  # fmt: skip
                if is_focus:
                    low = np.array([each.low for each in seeds])
                    high = np.array([each.high for each in seeds])
                    axes.fill_between(years, low, high, color=paint, alpha=0.2, linewidth=0)
            axes.set_title(title)
            axes.set_ylabel(unit)
            axes.set_xlabel("year")
        _draw_ties(panels[-1], found)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
        figure.suptitle(
            f"{found.scenario.title}: {found.seeds} seeds, {found.worlds} worlds each",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
    return figure


def _draw_ties(axes: Any, found: Course) -> None:
    names = found.scenario.names
    share = 100.0 * found.ties.mean(axis=0)
    axes.imshow(share, cmap="Blues", vmin=0.0, vmax=100.0)
    for one in range(len(names)):
        for other in range(len(names)):
            if one != other:
                dark = share[one, other] > 60.0
                axes.text(
                    other, one, f"{share[one, other]:.0f}", ha="center", va="center", fontsize=8,
                    color="#ffffff" if dark else INK,
                )  # fmt: skip
    short = ["".join(word[0] for word in who.split()) if " " in who else who for who in names]
    axes.set_xticks(range(len(names)), short, rotation=45, fontsize=8)
    axes.set_yticks(range(len(names)), short, fontsize=8)
    axes.grid(visible=False)
    axes.set_title("Allied, % of years")


def write_courses(plan: Plan, out: Path, folder: Path) -> list[Path]:
    """Write figure and table of the course of every prediction that has a scenario.

    Parameters
    ----------
    plan : Plan
        Of the amortised design, carried out.
    out : path
        The folder of results.
    folder : path
        Where figures go.
    """
    written = []
    for each in plan.predictions:
        runs = _runs_of(plan, each, out) if each.scenario else []
        if runs:
            found = course(each.scenario, runs)
            table, figure = (folder / f"{each.name}_course{kind}" for kind in (".parquet", ".png"))
            write_atomically(table, found.years.write_parquet)
            write_png(draw(found), figure)
            written += [table, figure]
    return written


def _runs_of(plan: Plan, prediction: Prediction, out: Path) -> list[Run]:
    group = out / AMORTISED / Path(prediction.population).stem
    folders = [group / f"seed_{seed}" / RUN for seed in range(plan.seeds)]
    return [Run(folder) for folder in folders if (folder / "state.json").is_file()]
