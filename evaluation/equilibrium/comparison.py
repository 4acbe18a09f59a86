"""Learned play compared with theory: NashConv, regret and outcomes, over seeds.

Runs of one configuration that differ only in their seed form a group. Each run is judged by exact
best responses to its profile. Regret is the gain of a best response as a share of the stake. A
group shows the mean over its seeds, with a bootstrap interval from three seeds on.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, cast

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically
from counterpoise.envs.engine.game import Game
from counterpoise.envs.scenarios import Scenario, scenario
from counterpoise.evaluation.equilibrium.judgement import Judgement, judge_all
from counterpoise.evaluation.equilibrium.statistics import FEWEST_SEEDS, bootstrap
from counterpoise.evaluation.playback import power_names
from counterpoise.theory import regret
from counterpoise.theory.solution import Claim, Equilibrium, P, Targets, Theory
from counterpoise.training.configuration import Configuration
from counterpoise.training.runs import CONFIGURATION, SEED, Run

if TYPE_CHECKING:
    from rich.console import Console

# Distances from values near 0 are relative to this share of the outcome's largest entry.
LEAST_OF_LARGEST = 0.01

REGRET, GAIN, STAKE, NASH_CONV = "regret", "gain", "stake", "nash_conv"
OF_STAKE = "of stake"
PAYOFF = "payoff"


def distance(outcomes: Mapping[str, Any], theory: Mapping[str, Any], names: Sequence[str]) -> float:
    """Return the largest relative distance of some outcomes from those of theory.

    A distance is relative to the theoretical value or, if that is smaller, to a hundredth of the
    outcome's largest value.
    """
    furthest = 0.0
    for name in names:
        expected = np.atleast_1d(np.asarray(theory[name], float))
        found = np.atleast_1d(np.asarray(outcomes[name], float))
        known = np.isfinite(expected)
        if not known.any():
            continue
        size = np.maximum(np.abs(expected[known]), LEAST_OF_LARGEST * np.abs(expected[known]).max())
        apart = np.abs(found[known] - expected[known])
        # Where all theoretical values are 0, the distance is absolute.
        furthest = max(furthest, float((apart / np.where(size > 0.0, size, 1.0)).max()))
    return furthest


@dataclasses.dataclass(frozen=True, eq=False)
class Group(Generic[P]):
    """The runs of one configuration, over seeds.

    Attributes
    ----------
    runs : tuple of Run
        In order of their seeds.
    judgements : tuple of Judgement
        One for each run.
    equilibria : tuple of Equilibrium
        Of the game under the runs' parameters; the first is the one compared with.
    scenario : Scenario or None
        The named starting point, with recorded values of outcomes where it has them.
    """

    runs: tuple[Run, ...]
    judgements: tuple[Judgement, ...]
    equilibria: tuple[Equilibrium, ...]
    scenario: Scenario | None

    @property
    def theory(self) -> Theory[P]:
        """The game's theory."""
        return regret.theory_of(self.game.name)

    @property
    def equilibrium(self) -> Equilibrium:
        """The equilibrium with which the runs are compared: the first that the theory lists."""
        return self.equilibria[0]

    @property
    def targets(self) -> Targets:
        """The largest distances from equilibrium at which the game counts as learned."""
        return self.theory.targets

    @functools.cached_property
    def reached(self) -> tuple[Equilibrium, ...]:
        """The equilibrium with outcomes nearest to each run's, [seeds]."""
        names = self.targets.outcomes
        return tuple(
            min(self.equilibria, key=lambda each: distance(run.outcomes, each.outcomes, names))
            for run in self.judgements
        )

    @functools.cached_property
    def distance(self) -> NDArray[np.float64]:
        """The largest relative distance of each run's outcomes from the equilibrium reached."""
        names = self.targets.outcomes
        return np.array(
            [
                distance(run.outcomes, reached.outcomes, names)
                for run, reached in zip(self.judgements, self.reached, strict=True)
            ]
        )

    @property
    def is_near(self) -> bool:
        """Whether the outcomes are within the tolerance; True if the equilibrium is not unique."""
        if not self.equilibrium.is_unique:
            return True
        return bool((self.distance <= self.targets.tolerance).all())

    @property
    def configuration(self) -> Configuration:
        """The configuration of all runs."""
        return self.runs[0].configuration

    @property
    def name(self) -> str:
        """The configuration's name."""
        return self.configuration.name

    @property
    def title(self) -> str:
        """The group's heading: the scenario's title, else the configuration's name."""
        if self.scenario is not None:
            return self.scenario.title.split(":")[0]
        return self.name.replace("_", " ").capitalize()

    @property
    def game(self) -> Game:
        """The game that was learned."""
        return self.runs[0].game

    @property
    def parameters(self) -> P:
        """The parameters under which the runs are judged."""
        return cast("P", self.runs[0].parameters)

    @property
    def powers(self) -> int:
        """The number of powers."""
        return self.parameters.powers

    @property
    def seeds(self) -> list[int]:
        """The runs' seeds."""
        return [run.seed for run in self.runs]

    @property
    def power_names(self) -> list[str]:
        """The powers' names."""
        return power_names(self.game, self.powers, self.scenario)

    @property
    def units(self) -> Mapping[str, str]:
        """The unit of each outcome."""
        return {name: spec.unit for name, spec in self.theory.declared.items()}

    @functools.cached_property
    def gains(self) -> NDArray[np.float64]:
        """The gain of each power's best response, in payoff, [seeds, powers]."""
        return np.array([judgement.gains for judgement in self.judgements])

    @functools.cached_property
    def regret(self) -> NDArray[np.float64]:
        """Each power's regret: its gain as a share of its stake, [seeds, powers]."""
        return np.array([judgement.regret for judgement in self.judgements])

    @property
    def stakes(self) -> NDArray[np.float64]:
        """Each power's stake, [powers]."""
        return self.judgements[0].stakes

    @property
    def nash_conv(self) -> NDArray[np.float64]:
        """The sum of all powers' gains, [seeds]."""
        return np.asarray(self.gains.sum(axis=1))

    @property
    def worst_regret(self) -> float:
        """The largest regret of any power in any seed."""
        return float(self.regret.max())

    @property
    def unfinished(self) -> list[Run]:
        """The runs whose training has not finished."""
        return [run for run in self.runs if not run.is_finished]

    @property
    def is_met(self) -> bool | None:
        """Whether every power in every seed is within the targets; None if undecided.

        One seed beyond a target decides; fewer than three seeds, all within, do not.
        """
        if not (self.worst_regret <= self.targets.regret and self.is_near):
            return False
        return True if len(self.runs) >= FEWEST_SEEDS else None

    @property
    def verdict(self) -> str:
        """Whether the target is met, in words."""
        if self.is_met is None:
            seeds = "1 seed" if len(self.runs) == 1 else f"{len(self.runs)} seeds"
            return f"undecided: {seeds}, {FEWEST_SEEDS} are needed"
        words = "met" if self.is_met else "NOT met"
        if self.is_met is False and self.worst_regret <= self.targets.regret:
            words += " (outcomes)"
        if self.unfinished:
            words += f" ({len(self.unfinished)} of {len(self.runs)} unfinished)"
        return words

    def outcome(self, name: str) -> NDArray[np.float64]:
        """Return one outcome of every run, [seeds, ...]."""
        return np.array([np.asarray(each.outcomes[name], float) for each in self.judgements])

    def observed(self, name: str) -> NDArray[np.float64] | None:
        """Return an outcome's recorded values, [powers], where the scenario has them."""
        return None if self.scenario is None else self.scenario.observed.get(name)

    def axes(self, name: str) -> tuple[str, ...]:
        """Return what an outcome's axes run over, such as "power" or "year"."""
        return self.theory.declared[name].axes

    @functools.cached_property
    def claims(self) -> list[Claim]:
        """What the theory claims of learned play beyond the targets, and whether it holds."""
        return self.theory.claims(self)

    # -- tables ----------------------------------------------------------------------------------

    def quantities(self) -> Iterator[Quantity]:
        """Yield every quantity that is compared, with one number per seed."""
        names = self.power_names
        for seat, name in enumerate(names):
            yield Quantity(REGRET, seat, name, None, OF_STAKE, self.regret[:, seat], 0.0)
            yield Quantity(GAIN, seat, name, None, PAYOFF, self.gains[:, seat], 0.0)
            stakes = np.repeat(self.stakes[seat], len(self.runs))
            yield Quantity(STAKE, seat, name, None, PAYOFF, stakes, None)
        yield Quantity(NASH_CONV, None, None, None, PAYOFF, self.nash_conv, 0.0)
        for key, theory in self.equilibrium.outcomes.items():
            learned = self.outcome(key)
            theory = np.asarray(theory, float)
            axes = self.axes(key)
            for place in np.ndindex(theory.shape):
                at = dict(zip(axes, place, strict=True))
                power = at.get("power")
                yield Quantity(
                    quantity=key,
                    power=power,
                    power_name=None if power is None else names[power],
                    year=at.get("year"),
                    unit=self.units[key],
                    learned=learned[(slice(None), *place)],
                    theory=float(theory[place]),
                )

    def tidy(self) -> polars.DataFrame:
        """Return one row per quantity and run."""
        rows = [
            {
                **self._label(),
                "seed": run.seed,
                "run": str(run.folder.resolve()),
                **quantity.label(),
                "learned": float(quantity.learned[k]),
                "theory": quantity.theory,
                "difference": quantity.difference(float(quantity.learned[k])),
            }
            for quantity in self.quantities()
            for k, run in enumerate(self.runs)
        ]
        return polars.DataFrame(rows, infer_schema_length=None)

    def summary(self) -> polars.DataFrame:
        """Return one row per quantity: mean over seeds, interval, theoretical value."""
        rows = []
        for quantity in self.quantities():
            found = bootstrap(quantity.learned)
            rows.append(
                {
                    **self._label(),
                    "seeds": found.seeds,
                    **quantity.label(),
                    "learned": found.mean,
                    "low": found.low,
                    "high": found.high,
                    "smallest": float(quantity.learned.min()),
                    "largest": float(quantity.learned.max()),
                    "theory": quantity.theory,
                    "difference": quantity.difference(found.mean),
                }
            )
        return polars.DataFrame(rows, infer_schema_length=None)

    def _label(self) -> dict[str, Any]:
        return {
            "training": self.name,
            "game": self.game.name,
            "scenario": self.configuration.scenario,
        }


@dataclasses.dataclass(frozen=True)
class Quantity:
    """One quantity that is compared: a learned value per seed, [seeds], and the theoretical one."""

    quantity: str
    power: int | None
    power_name: str | None
    year: int | None
    unit: str
    learned: NDArray[np.float64]
    theory: float | None

    def label(self) -> dict[str, Any]:
        """Return the columns that identify the quantity in a table."""
        names = ("quantity", "power", "power_name", "year", "unit")
        return {name: getattr(self, name) for name in names}

    def difference(self, learned: float) -> float | None:
        """Return the learned value less the theoretical one."""
        return None if self.theory is None else learned - self.theory


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """All groups of a comparison."""

    groups: tuple[Group[Any], ...]

    def tidy(self) -> polars.DataFrame:
        """Return one row per quantity and run."""
        return polars.concat([group.tidy() for group in self.groups], how="vertical_relaxed")

    def summary(self) -> polars.DataFrame:
        """Return one row per quantity, over seeds."""
        return polars.concat([group.summary() for group in self.groups], how="vertical_relaxed")

    def overview(self) -> polars.DataFrame:
        """Return one row per group: worst regret, NashConv, distance and verdict."""
        rows = []
        for group in self.groups:
            nash_conv = bootstrap(group.nash_conv)
            mean_regret = group.regret.mean(axis=0)
            worst = int(mean_regret.argmax())
            rows.append(
                {
                    "training": group.name,
                    "game": group.game.name,
                    "scenario": group.configuration.scenario,
                    "powers": group.powers,
                    "seeds": len(group.runs),
                    "agent_steps": max(each.agent_steps for each in group.judgements),
                    "seconds": float(np.mean([run.state["seconds"] for run in group.runs])),
                    "worst_power": group.power_names[worst],
                    "worst_power_mean_regret": float(mean_regret[worst]),
                    "worst_regret": group.worst_regret,
                    "target_regret": group.targets.regret,
                    "distance": float(group.distance.max()),
                    "target_distance": (
                        group.targets.tolerance if group.equilibrium.is_unique else None
                    ),
                    "reached": ", ".join(dict.fromkeys(each.name for each in group.reached)),
                    "nash_conv": nash_conv.mean,
                    "nash_conv_low": nash_conv.low,
                    "nash_conv_high": nash_conv.high,
                    "is_met": group.is_met,
                    "verdict": group.verdict,
                }
            )
        return polars.DataFrame(rows, infer_schema_length=None)

    @property
    def is_met(self) -> bool:
        """Whether every group meets its target."""
        return all(group.is_met is True for group in self.groups)

    def write_parquet(self, path: Path, *, summarised: bool = False) -> None:
        """Write the tidy table, or the summary over seeds, atomically."""
        table = self.summary() if summarised else self.tidy()
        write_atomically(path, table.write_parquet)


def find_runs(paths: Sequence[str | Path]) -> list[Run]:
    """Return the runs in the given folders, each a run or a folder with runs below it.

    Raises
    ------
    CounterpoiseError
        If a folder does not exist, or holds no run.
    """
    folders: dict[Path, Path] = {}
    for given in paths:
        path = Path(given)
        if not path.is_dir():
            raise CounterpoiseError(
                f"There is no folder {path}. Give the folder of a run, or one that holds runs."
            )
        found = [path] if (path / CONFIGURATION).is_file() else []
        found = found or sorted(each.parent for each in path.rglob(CONFIGURATION))
        found = [each for each in found if (each / SEED).is_file()]
        if not found:
            raise CounterpoiseError(
                f"There is no run in {path}. A run is the folder that `counterpoise train` writes."
            )
        folders |= {each.resolve(): each for each in found}
    return [Run(folder) for folder in folders.values()]


def compare(
    runs: Sequence[Run], *, processes: int = 1, console: Console | None = None
) -> Comparison:
    """Compare runs with the theory of their games.

    Judgements that a run's folder holds are read; the others are made, and kept there.

    Parameters
    ----------
    runs : sequence of Run
        Of any games and configurations; those that differ only in their seed form a group.
    processes : int
        Number of worker processes.
    console : Console, optional
        Where the progress of worker processes is shown; nowhere by default.

    Raises
    ------
    CounterpoiseError
        If there is no run, two runs have the same seed, or one has learned nothing yet.
    """
    return gather(judge_all(runs, processes=processes, console=console))


def gather(judgements: Sequence[Judgement]) -> Comparison:
    """Group judgements by configuration, in the order in which configurations first appear."""
    if not judgements:
        raise CounterpoiseError("There is nothing to compare: give at least one run.")
    groups: dict[str, list[tuple[Run, Judgement]]] = {}
    for judgement in judgements:
        run = Run(judgement.folder)
        groups.setdefault(run.configuration.to_toml(), []).append((run, judgement))
    return Comparison(tuple(_group(members) for members in groups.values()))


def _group(members: list[tuple[Run, Judgement]]) -> Group[Any]:
    members = sorted(members, key=lambda member: member[0].seed)
    for (first, _), (second, _) in itertools.pairwise(members):
        if first.seed == second.seed:
            raise CounterpoiseError(
                f"{first.folder} and {second.folder} are the same training with the same seed, "
                f"{first.seed}: they are one observation, not two. Give one of them."
            )
    run = members[0][0]
    named = run.configuration.scenario
    return Group(
        runs=tuple(run for run, _ in members),
        judgements=tuple(judgement for _, judgement in members),
        equilibria=regret.equilibria(run.game.name, run.parameters),
        scenario=None if named is None else scenario(named),
    )
