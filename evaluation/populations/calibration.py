"""Calibration: at which rules' parameters does learned conduct agree with the record?

One population is trained over ranges of the parameters, which it observes. Draws from these ranges
(a scrambled Halton sequence) are each played in some worlds, and the moments of conduct are
recorded. The *eligible set* is all draws at which every moment used lies within the record's
sampling error or stated tolerance: a method-of-simulated-moments estimate that is a set and not a
point. Moments that were *held out* say how well it does beyond what it was asked for. The default
is chosen in the set by least change from the present one. Surrogates
(`counterpoise.evaluation.populations.surrogate`) say which parameter moves which moment.

After the calibration of agent-based models to stylised facts by a policy conditioned on the
parameters (Vadori et al. 2020, Bai et al. 2022).
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import qmc

from counterpoise.agents.learned import WEIGHTS
from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.evaluation.populations.conduct import MOMENTS, Population, populations
from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.populations.metrics import METRICS
from counterpoise.evaluation.populations.surrogate import (
    LEAST_DRAWS,
    Array,
    Surrogate,
    fit,
    indices,
)
from counterpoise.evaluation.runner import Tell, fill
from counterpoise.theory import record
from counterpoise.training.runs import Run

if TYPE_CHECKING:
    from rich.console import Console

USED = (
    "allies_density", "arms_share", "demand_rate", "concession_rate", "war_rate", "honour_rate",
    "default_rate",
)  # fmt: skip
HELD_OUT = ("fought_rate", "tribute_share")
"""Moments that the set is not chosen by. Wars over demands follow in part from those that are."""

DRAWS, WORLDS, YEARS = 512, 40, 40
PLAYED_FROM = 9_000_000
DRAWS_PER_JOB = 8
DEFAULT, CHOSEN = "default", "chosen"

PLAN, PLAYED_FILE, JOBS = "plan.json", "played.parquet", "jobs"
# The default and the chosen point are played in this many times the worlds of a draw.
VERIFIED = 5
# Eligible draws from which the search for the least change begins, and points that are tried.
STARTS, CANDIDATES = 8, 24


@dataclasses.dataclass(frozen=True)
class Band:
    """The values of a moment that are accepted.

    Attributes
    ----------
    low, high : float
    source : str
        ``record``, or ``stated`` where the user gave them.
    """

    low: float
    high: float
    source: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is played.

    Attributes
    ----------
    runs : tuple of str
        Folders of the runs: the seeds of one training.
    policies : tuple of str
        Hash of each run's weights.
    ranges : mapping of str to (float, float)
        The range of each parameter that is drawn.
    whole : tuple of str
        Those of them that are whole numbers.
    most_changed : int
        Largest number of parameters that differed from the default at once in training; 0 is all.
    changes : mapping
        Other parameters that differ from those under which the runs are judged.
    draws, worlds, years : int
        Number of draws, of worlds per draw and seed, and of years per world.
    """

    runs: tuple[str, ...]
    policies: tuple[str, ...]
    ranges: Mapping[str, tuple[float, float]]
    whole: tuple[str, ...]
    most_changed: int
    changes: Mapping[str, Any]
    draws: int
    worlds: int
    years: int

    def points(self) -> Array:
        """Return the draws, [draws, parameters]; those of a longer plan begin with them."""
        low, high = self.ends()
        drawn = qmc.Halton(len(self.ranges), scramble=True, seed=0).random(self.draws)
        return self.rounded(low + drawn * (high - low))

    def rounded(self, points: Array) -> Array:
        """Return parameter values of which whole numbers are whole, [..., parameters]."""
        is_whole = np.array([name in self.whole for name in self.ranges])
        return np.where(is_whole, np.round(points), points)

    def changes_at(self, point: Sequence[float] | Array) -> dict[str, float]:
        """Return a draw as changes of parameters."""
        return {
            name: int(value) if name in self.whole else float(value)
            for name, value in zip(self.ranges, point, strict=True)
        }

    def ends(self) -> tuple[Array, Array]:
        """Return the lowest and the highest value of each parameter, [parameters]."""
        ends = np.array(list(self.ranges.values()), np.float64).reshape(-1, 2)
        return ends[:, 0], ends[:, 1]


def make_plan(
    runs: Sequence[str | Path],
    *,
    draws: int = DRAWS,
    worlds: int = WORLDS,
    years: int = YEARS,
    parameters: Sequence[str] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Plan:
    """Return a plan for the runs of one training.

    Parameters
    ----------
    runs : sequence of str or path
        Folders of runs, or folders that contain runs.
    draws, worlds, years : int
    parameters : sequence of str, optional
        Parameters to draw; by default all of the training's ``[drawn]`` that the powers observe.
    changes : mapping, optional
        Other changes of the parameters under which the runs are judged.

    Raises
    ------
    CounterpoiseError
        If the runs differ in their training, or the powers observe none of the drawn parameters.
    """
    found = populations(list(map(str, runs)))
    configurations = [each.configuration for each in found]
    first = configurations[0]
    if first is None or any(each != first for each in configurations):
        raise CounterpoiseError("Calibrate the seeds of one training: these runs differ in it.")
    game = found[0].game
    seen = set(game.observation_names(found[0].parameters.powers))
    ranges = {
        name: (float(ends[0]), float(ends[1]))
        for name, ends in first.drawn.items()
        # A parameter with a value for each power has a column for each.
        if {name, f"{name}_0"} & seen and ends[0] < ends[1]
    }
    for name in parameters or ():
        if name not in ranges:
            raise unknown_name("parameter that is drawn and observed", name, ranges)
    if parameters:
        ranges = {name: ranges[name] for name in parameters}
    if not ranges:
        raise CounterpoiseError(
            f"{first.name}: the powers observe none of the parameters in [drawn]. Train a "
            "population with observe = [...] and a range in [drawn] for each of them."
        )
    folders = [Path(each.folder) for each in found if each.folder is not None]
    return Plan(
        tuple(map(str, folders)),
        tuple(hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest() for folder in folders),
        ranges,
        tuple(name for name in ranges if game.parameters.declarations[name].type is not float),
        first.worlds.max_drawn,
        dict(changes or {}),
        draws,
        worlds,
        years,
    )


def register(plan: Plan, folder: Path) -> None:
    """Write a plan into a folder, or check that it continues the one that is there.

    Raises
    ------
    CounterpoiseError
        If the folder holds another calibration.
    """
    path = folder / PLAN
    # The number of draws may grow: a sequence of draws is the beginning of a longer one. The runs
    # may have moved: they are known by their weights.
    kept = {"policies", "ranges", "changes", "worlds", "years"}
    stored = json.loads(json.dumps(dataclasses.asdict(plan)))
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        for name in sorted(kept):
            if before[name] != stored[name]:
                raise CounterpoiseError(
                    f"{folder} holds a calibration with other {name}: choose another folder."
                )
    write_text_atomically(path, json.dumps(stored, indent=2) + "\n")


# -- playing the draws -----------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Draws:
    """The job of playing some draws with one run's policy."""

    plan: Plan
    run: str
    seed: int
    policy: str
    number: int
    points: tuple[tuple[float, ...], ...]
    kind: str = "draws"
    results: tuple[str, ...] = (PLAYED_FILE,)
    kept: tuple[str, ...] = (PLAYED_FILE,)

    @property
    def name(self) -> str:
        return f"{JOBS}/{self.policy[:8]}_{self.number:04d}_{len(self.points)}"

    @property
    def label(self) -> str:
        return f"seed {self.seed}, draws {self.number} to {self.number + len(self.points) - 1}"

    @property
    def total(self) -> int:
        return len(self.points) * self.plan.worlds * self.plan.years

    def fill(self, folder: Path, tell: Tell) -> None:
        """Play the draws and write one row for each."""
        plan = self.plan
        (population,) = populations([self.run], changes=plan.changes)
        rows = []
        for k, point in enumerate(self.points):
            tell(k * plan.worlds * plan.years, self.total, 0.0, "playing")
            changes = plan.changes_at(point)
            parameters = population.parameters.replace(**changes)
            found = _moments(population, parameters, plan.worlds, plan.years)
            rows.append({"seed": self.seed, "draw": self.number + k, **changes, **found})
        write_atomically(folder / PLAYED_FILE, polars.DataFrame(rows).write_parquet)


def _moments(
    population: Population, parameters: ParametersBase, worlds: int, years: int
) -> dict[str, float]:
    profile, _ = population.players(parameters)
    played = play_episodes(
        population.game, parameters, profile, worlds=worlds, seed=PLAYED_FROM, years=years
    )
    return {name: METRICS[name](played.years) for name in MOMENTS}


def play_draws(
    plan: Plan, folder: Path, *, processes: int = 1, console: Console
) -> polars.DataFrame:
    """Play every draw that was not played yet; return one row per seed and draw.

    Raises
    ------
    CounterpoiseError
        If the folder holds another calibration.
    """
    register(plan, folder)
    points = plan.points()
    jobs = [
        _Draws(
            plan=plan,
            run=run,
            seed=Run(run).seed,
            policy=policy,
            number=first,
            points=tuple(map(tuple, points[first : first + DRAWS_PER_JOB].tolist())),
        )
        for first in range(0, plan.draws, DRAWS_PER_JOB)
        for run, policy in zip(plan.runs, plan.policies, strict=True)
    ]
    fill(jobs, folder, processes=processes, console=console)
    table = polars.concat(
        polars.read_parquet(folder / job.name / PLAYED_FILE) for job in jobs
    ).sort("seed", "draw")
    write_atomically(folder / PLAYED_FILE, table.write_parquet)
    return table


# -- the eligible set ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Calibration:
    """What a calibration found.

    Attributes
    ----------
    plan : Plan
    draws : polars.DataFrame
        One row per draw: ``draw``, the parameters, and the moments, means over seeds.
    bands : mapping of str to Band
        The accepted values of each moment used, and of those held out.
    held_out : tuple of str
    surrogates : mapping of str to Surrogate
        By moment; absent where too few draws have a value.
    between : mapping of str to float
        Standard deviation of each moment between seeds, mean over draws; NaN for one seed.
    eligible : polars.DataFrame
        The rows of `draws` in the eligible set.
    default, chosen : mapping of str to float
        Parameters and moments, means over seeds, at the present default and at the chosen point;
        `chosen` is the default where that is eligible, and empty where nothing is.
    worlds_verified : int
        Number of worlds per seed in which these two were played.
    """

    plan: Plan
    draws: polars.DataFrame
    bands: Mapping[str, Band]
    held_out: tuple[str, ...]
    surrogates: Mapping[str, Surrogate]
    between: Mapping[str, float]
    eligible: polars.DataFrame
    default: Mapping[str, float]
    chosen: Mapping[str, float]
    worlds_verified: int

    @property
    def used(self) -> tuple[str, ...]:
        """The moments by which the set is chosen."""
        return tuple(name for name in self.bands if name not in self.held_out)

    @property
    def is_default_eligible(self) -> bool:
        """Whether the present default lies in the eligible set."""
        return is_eligible(self.default, {name: self.bands[name] for name in self.used})

    def met(self) -> polars.DataFrame:
        """Return the share of draws at which each moment is accepted, and the surrogate's R2."""
        return polars.DataFrame(
            [
                {
                    "moment": name,
                    "held_out": name in self.held_out,
                    "low": band.low,
                    "high": band.high,
                    "source": band.source,
                    "lowest": _finite(self.draws[name].min()),
                    "highest": _finite(self.draws[name].max()),
                    "accepted": _share_accepted(self.draws, name, band),
                    "in_set": (
                        _share_accepted(self.eligible, name, band) if len(self.eligible) else None
                    ),
                    "set_mean": _finite(self.eligible[name].mean()),
                    "between": _finite(self.between[name]),
                    "r2": self.surrogates[name].r2 if name in self.surrogates else None,
                    "default": _finite(self.default[name]),
                    "chosen": _finite(self.chosen.get(name)),
                }
                for name, band in self.bands.items()
            ],
            infer_schema_length=None,
        )

    def conflicts(self) -> list[tuple[str, ...]]:
        """Return the smallest sets of moments used that no draw meets together.

        No set is listed that contains another.
        """
        accepted = {name: _accepted(self.draws, name, self.bands[name]) for name in self.used}
        found: list[tuple[str, ...]] = []
        for size in range(1, len(self.used) + 1):
            for names in itertools.combinations(self.used, size):
                if any(set(smaller) <= set(names) for smaller in found):
                    continue
                together = np.all([accepted[name].to_numpy() for name in names], axis=0)
                if not together.any():
                    found.append(names)
        return found

    def sensitivity(self) -> polars.DataFrame:
        """Return Sobol' indices of every parameter on every moment that has a surrogate.

        Columns as `counterpoise.evaluation.populations.surrogate.indices`, with ``moment``, ``r2``
        and ``slope``, the mean change of the prediction from the low to the high end of the range.
        """
        names = list(self.plan.ranges)
        points = self.draws.select(names).to_numpy()
        return polars.concat(
            indices(surrogate, names).select(
                polars.lit(moment).alias("moment"),
                polars.all(),
                polars.Series("slope", surrogate.slope(points)),
                polars.lit(surrogate.r2).alias("r2"),
            )
            for moment, surrogate in self.surrogates.items()
        )


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _accepted(draws: polars.DataFrame, name: str, band: Band) -> polars.Series:
    # A share of what never happened is not accepted.
    return draws[name].is_between(band.low, band.high).fill_null(False)


def _share_accepted(draws: polars.DataFrame, name: str, band: Band) -> float:
    return float(_accepted(draws, name, band).to_numpy().mean())


def is_eligible(values: Mapping[str, float], bands: Mapping[str, Band]) -> bool:
    """Return whether every moment lies in its band."""
    return all(band.low <= values[name] <= band.high for name, band in bands.items())


def bands_of(
    used: Sequence[str] = USED,
    held_out: Sequence[str] = HELD_OUT,
    accept: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, Band]:
    """Return the accepted values of moments: those of the record, or as `accept` states.

    Raises
    ------
    UnknownNameError
        If a moment is not one of `counterpoise.evaluation.populations.conduct.MOMENTS`.
    CounterpoiseError
        If a moment has no counterpart in the record and nothing is stated.
    """
    known, stated = record.counterparts(), dict(accept or {})
    found: dict[str, Band] = {}
    for name in dict.fromkeys([*used, *stated, *held_out]):
        if name not in MOMENTS:
            raise unknown_name("moment", name, MOMENTS)
        if name in stated:
            found[name] = Band(*stated[name], "stated")
        elif name in known:
            figure = known[name].figure
            found[name] = Band(figure.low, figure.high, "record")
        else:
            raise CounterpoiseError(
                f"{name} has no counterpart in the record: say what is accepted, as in --accept "
                f"{name}=0.1,0.3."
            )
    return found


def calibrate(
    plan: Plan,
    folder: Path,
    *,
    held_out: Sequence[str] = HELD_OUT,
    accept: Mapping[str, tuple[float, float]] | None = None,
    processes: int = 1,
    console: Console,
) -> Calibration:
    """Play a plan's draws and return what they say.

    A folder with some of the draws is continued.

    Parameters
    ----------
    plan : Plan
    folder : path
        Where the draws are kept.
    held_out : sequence of str
        Moments that the set is not chosen by.
    accept : mapping, optional
        Accepted values of moments, in place of the record's.
    processes : int
    console : Console
        Where progress is shown.
    """
    used = [name for name in USED if name not in held_out]
    bands = bands_of(used, held_out, accept)
    played = play_draws(plan, folder, processes=processes, console=console)
    # A seed in which nothing happened has no share of it.
    finite = polars.col(MOMENTS).fill_nan(None)
    by_draw = played.with_columns(finite).group_by("draw", maintain_order=True)
    draws = by_draw.agg(polars.col(list(plan.ranges)).first(), polars.col(MOMENTS).mean())
    spread = by_draw.agg(polars.col(MOMENTS).std()).select(polars.col(MOMENTS).mean())
    between = {
        name: np.nan if value is None else value
        for name, value in spread.row(0, named=True).items()
    }
    low, high = plan.ends()
    points = draws.select(list(plan.ranges)).to_numpy()
    surrogates = {}
    for name in MOMENTS:
        values = draws[name].cast(polars.Float64).fill_null(np.nan).to_numpy()
        if np.isfinite(values).sum() >= LEAST_DRAWS:
            surrogates[name] = fit(points, values, low, high)
    chosen_by = {name: band for name, band in bands.items() if name not in held_out}
    accepted = [_accepted(draws, name, band) for name, band in chosen_by.items()]
    eligible = draws.filter(np.all([each.to_numpy() for each in accepted], axis=0))
    worlds = plan.worlds * VERIFIED
    players = [populations([run], changes=plan.changes)[0] for run in plan.runs]

    def verified(point: Mapping[str, float]) -> dict[str, float]:
        each = [
            _moments(who, who.parameters.replace(**point), worlds, plan.years) for who in players
        ]
        means = {name: _mean_of_finite([found[name] for found in each]) for name in MOMENTS}
        return {**point, **means}

    usual = {name: float(np.mean(getattr(players[0].parameters, name))) for name in plan.ranges}
    default = verified(usual)
    chosen: dict[str, float] = {}
    if is_eligible(default, chosen_by):
        chosen = default
    else:
        for point in _least_changes(plan, usual, eligible, surrogates, chosen_by):
            tried = verified(point)
            if is_eligible(tried, chosen_by):
                chosen = tried
                break
    return Calibration(
        plan, draws, bands, tuple(held_out), surrogates, between, eligible, default, chosen, worlds
    )


def _mean_of_finite(values: Sequence[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")


def _least_changes(
    plan: Plan,
    usual: Mapping[str, float],
    eligible: polars.DataFrame,
    surrogates: Mapping[str, Surrogate],
    bands: Mapping[str, Band],
) -> list[dict[str, float]]:
    """Return candidates for the default, the nearest to the present one first.

    Distance is the root of the summed squares of changes, each as a share of its range. Beside the
    eligible draws themselves, SciPy's sequential quadratic programming looks for the nearest point
    at which the surrogates predict every moment within its band.
    """
    names = list(plan.ranges)
    low, high = plan.ends()
    present = (np.array([usual[name] for name in names]) - low) / (high - low)
    draws = (eligible.select(names).to_numpy() - low) / (high - low)
    known = [name for name in bands if name in surrogates]

    def distance(place: NDArray[Any]) -> float:
        return float(((place - present) ** 2).sum())

    def room(place: NDArray[Any]) -> NDArray[Any]:
        point = (low + place * (high - low))[None]
        found = [surrogates[name](point)[0] for name in known]
        width = [bands[name].high - bands[name].low for name in known]
        below = [(value - bands[name].low) for name, value in zip(known, found, strict=True)]
        above = [(bands[name].high - value) for name, value in zip(known, found, strict=True)]
        return np.asarray(np.array([*below, *above]) / np.array([*width, *width]))

    near = draws[np.argsort([distance(place) for place in draws])[:STARTS]] if len(draws) else draws
    candidates = list(draws)
    if len(known) == len(bands):
        for start in [np.clip(present, 0.0, 1.0), *near]:
            found = minimize(
                distance,
                start,
                method="SLSQP",
                bounds=[(0.0, 1.0)] * len(names),
                constraints={"type": "ineq", "fun": room},
            )
            if found.success:
                candidates.append(np.clip(found.x, 0.0, 1.0))
    candidates.sort(key=distance)
    return [
        plan.changes_at(plan.rounded(low + place * (high - low)))
        for place in candidates[:CANDIDATES]
    ]
