"""Learned comparative statics: how outcomes change with a parameter, learned and solved.

*Amortised*: the worlds of one training differ in the parameter, which the powers observe, and the
learned policy is evaluated at every value. *Separate*: one training per value, for which the
parameter need not be observed. Each seed gives one learned curve, and the interval is over seeds.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import CounterpoiseError, ParameterError, unknown_name
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.evaluation.equilibrium.statistics import bootstrap
from counterpoise.evaluation.trainings import Training, train_all
from counterpoise.theory import regret
from counterpoise.theory.solution import Curve
from counterpoise.training.configuration import FOLDER, Configuration, load
from counterpoise.training.runs import Run

if TYPE_CHECKING:
    from rich.console import Console

# Number of values over which the worlds of an amortised training are spread.
DEALT = 33
# A whole curve takes longer to learn than one point of it.
AMORTISED_SHARE = 2.0
QUICK_SHARE = 0.05
QUICK_SEEDS = 1
SOLVED_POINTS = 61
SECONDS_OF_SOLVING = 20.0


def shipped_curves(game: str) -> tuple[Curve, ...]:
    """Return the curves that a game's theory declares.

    Raises
    ------
    UnknownNameError
        If there is no such game.
    """
    game_named(game)
    return regret.theory_of(game).curves if regret.is_solved(game) else ()


def read_vary(text: str) -> dict[str, NDArray[np.float64]]:
    """Return the values of each parameter from ``name=low:high:points`` or ``name=1,2,3``.

    Parameters that move together are joined by +: ``a=0:1:5+b=1:0:5``.

    Raises
    ------
    ParameterError
        If the text has another form, or joined parameters differ in their number of values.
    """
    form = "expected NAME=LOW:HIGH:POINTS or NAME=VALUE,VALUE, joined by + to move together"
    found: dict[str, NDArray[np.float64]] = {}
    for part in text.split("+"):
        name, equals, values = part.partition("=")
        name = name.strip()
        if not equals or not name or name in found:
            raise ParameterError(f"--vary {text!r}: {form}.")
        try:
            if ":" in values:
                low, high, points = values.split(":")
                if int(points) < 2:
                    raise ParameterError(f"--vary {text!r}: a curve needs at least 2 points.")
                if not np.isfinite([float(low), float(high)]).all():
                    raise ParameterError(f"--vary {text!r}: {form}.")
                found[name] = np.linspace(float(low), float(high), int(points))
            else:
                found[name] = np.array([float(value) for value in values.split(",")])
        except ValueError:
            raise ParameterError(f"--vary {text!r}: {form}.") from None
        if len(found[name]) < 2 or not np.isfinite(found[name]).all():
            raise ParameterError(f"--vary {text!r}: a curve needs at least 2 numbers.")
    if len({len(values) for values in found.values()}) > 1:
        raise ParameterError(f"--vary {text!r}: joined parameters need the same number of values.")
    return found


@dataclasses.dataclass(frozen=True, eq=False)
class CurveTask:
    """A curve to learn: its trainings, values and outcomes.

    Attributes
    ----------
    name, title : str
    configuration : Configuration
        The configuration that its trainings start from.
    values : mapping of str to ndarray, [points]
        Values of each parameter that moves; the first parameter is on the axis.
    outcomes : tuple of str
    is_separate : bool
        Whether each value has trainings of its own.
    """

    name: str
    title: str
    configuration: Configuration
    values: Mapping[str, NDArray[np.float64]]
    outcomes: tuple[str, ...]
    is_separate: bool

    @property
    def game(self) -> Game:
        """The game that is learned."""
        return self.configuration.the_game()

    @property
    def axis(self) -> str:
        """The parameter on the axis."""
        return next(iter(self.values))

    @property
    def points(self) -> int:
        """The number of values."""
        return len(self.values[self.axis])

    def changes(self, k: int) -> dict[str, Any]:
        """Return the parameters at one value."""
        return {name: _of_kind(self.game, name, each[k]) for name, each in self.values.items()}

    def parameters(self, k: int) -> ParametersBase:
        """Return the parameters under which the game is judged at one value."""
        return self.configuration.parameters_to_judge().replace(**self.changes(k))

    def trainings(self, out: Path, seeds: int, resume: bool = True) -> list[Training]:
        """Return the trainings, each with its folder."""
        if not self.is_separate:
            configuration = self.amortised()
            return [
                Training(configuration, out / "amortised" / f"seed_{seed}", seed, resume)
                for seed in range(seeds)
            ]
        made = []
        for k in range(self.points):
            fixed = {**self.configuration.parameters, **self.changes(k)}
            configuration = self.configuration.replace(
                name=f"{self.configuration.game} at {self._at(k)}", parameters=fixed
            )
            folder = out / "separate" / f"point_{k}"
            made += [
                Training(configuration, folder / f"seed_{seed}", seed, resume)
                for seed in range(seeds)
            ]
        return made

    def _at(self, k: int) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.changes(k).items())

    def amortised(self) -> Configuration:
        """Return the one training over all values."""
        dealt = {name: _dealt(self.game, name, each) for name, each in self.values.items()}
        return self.configuration.replace(
            name=f"{self.configuration.game}, {self.name.replace('_', ' ')}",
            together={**self.configuration.together, **dealt},
            agent_steps=round(AMORTISED_SHARE * self.configuration.agent_steps),
            regret_points=1,
        )

    def solved(self, k: int) -> Mapping[str, Any]:
        """Return the equilibrium's outcomes at one value; NaN where the theory finds none."""
        found = _solved(self.game.name, self.parameters(k))
        return found if found is not None else dict.fromkeys(self.outcomes, np.nan)

    def run_of(self, out: Path, k: int, seed: int) -> Run:
        """Return the run that is evaluated at one value."""
        if self.is_separate:
            return Run(out / "separate" / f"point_{k}" / f"seed_{seed}")
        return Run(out / "amortised" / f"seed_{seed}")


def _of_kind(game: Game, name: str, value: float) -> Any:
    kind = game.parameters.declarations[name].type
    return kind(round(value)) if kind in (int, bool) else float(value)


def _dealt(game: Game, name: str, values: NDArray[np.float64]) -> list[Any]:
    """Return a parameter's values in the worlds of an amortised training: a finer grid."""
    kind = game.parameters.declarations[name].type
    if kind in (int, bool):
        return [_of_kind(game, name, value) for value in values]
    at = np.linspace(0.0, len(values) - 1.0, max(DEALT, len(values)))
    return [float(value) for value in np.interp(at, np.arange(len(values)), values)]


def task_of(
    game: str,
    curve: Curve | None = None,
    values: Mapping[str, NDArray[np.float64]] | None = None,
    *,
    outcomes: Sequence[str] | None = None,
    configuration: str | Path | None = None,
    fixed: Mapping[str, Any] | None = None,
    is_separate: bool = False,
    is_quick: bool = False,
) -> CurveTask:
    """Return the task of learning one curve, shipped or given by its values.

    Raises
    ------
    UnknownNameError
        If the game has no such parameter or outcome.
    ParameterError
        If the powers do not observe a parameter and trainings are not separate, or a value is
        outside its range.
    """
    the_game = game_named(game)
    if values is None:
        assert curve is not None
        values = curve.values()
    declarations = the_game.parameters.declarations
    for name in values:
        if name not in declarations:
            raise unknown_name(f"parameter of {game}", name, declarations)
    base = _configuration(game, configuration, is_separate)
    seen = [each.name for each in base.the_game().observed_parameters]
    for name in values:
        if not is_separate and name not in seen:
            raise ParameterError(
                f"The powers of {game} do not observe {name}, so one policy cannot be learned for "
                f"all its values: add --separate, name it in the configuration's observe, or vary "
                f"one of {', '.join(seen)}."
            )
    if fixed is None:
        fixed = curve.fixed if curve is not None else {}
    base = base.replace(parameters={**base.parameters, **fixed})
    if is_quick:
        base = base.replace(agent_steps=max(1, round(base.agent_steps * QUICK_SHARE)))
    known = regret.theory_of(game).declared
    asked = tuple(outcomes or (curve.outcomes if curve is not None else _usual(game)))
    for name in asked:
        if name not in known:
            raise unknown_name(f"outcome of {game}", name, known)
    task = CurveTask(
        name=curve.name if curve is not None else "_and_".join(values),
        title=curve.title
        if curve is not None
        else f"{game} as {' and '.join(values)} moves".replace("_", " "),
        configuration=base,
        values=values,
        outcomes=asked,
        is_separate=is_separate,
    )
    for k in range(task.points):
        # A value outside its range is refused before any training.
        task.parameters(k)
    return task


def _configuration(game: str, asked: str | Path | None, is_separate: bool) -> Configuration:
    if asked is not None:
        found = load(asked)
        if found.game != game:
            raise CounterpoiseError(f"Training {asked} is of {found.game}, not of {game}.")
        return found
    for_curves = FOLDER / "curves" / f"{game}.toml"
    if for_curves.is_file() and not is_separate:
        return load(for_curves)
    usual = load(game)
    if not usual.learner.gives_one_policy and not is_separate:
        raise CounterpoiseError(
            f"{game} is learned by {usual.algorithm}, which gives one mixture for all values of a "
            "parameter: add --separate, or name a training with --configuration."
        )
    return usual


def _usual(game: str) -> tuple[str, ...]:
    return regret.theory_of(game).targets.outcomes


# -- judging ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class LearnedCurve:
    """A learned curve.

    Attributes
    ----------
    task : CurveTask
    table : DataFrame
        One row per value, outcome, entry of the outcome and seed.
    """

    task: CurveTask
    table: polars.DataFrame

    def summary(self) -> polars.DataFrame:
        """Return one row per value, outcome and entry: solved, learned, and the interval."""
        rows = []
        keys = ["value", "outcome", "entry"]
        for key, part in self.table.group_by(keys, maintain_order=True):
            found = bootstrap(part["learned"])
            solved = part["solved"][0]
            rows.append(
                {
                    **dict(zip(keys, key, strict=True)),
                    "solved": solved,
                    "learned": found.mean,
                    "low": found.low,
                    "high": found.high,
                    "seeds": found.seeds,
                }
            )
        return polars.DataFrame(rows, infer_schema_length=None)


def judge_curve(task: CurveTask, out: Path, seeds: int) -> LearnedCurve:
    """Evaluate every run at every value, and solve the game there."""
    rows = [
        row
        for k in range(task.points)
        for seed in range(seeds)
        for row in judge_run(task, k, task.run_of(out, k, seed), seed)
    ]
    return LearnedCurve(task, polars.DataFrame(rows, infer_schema_length=None))


def judge_run(task: CurveTask, k: int, run: Run, seed: int) -> list[dict[str, Any]]:
    """Evaluate one run at one value: one row per outcome and entry, learned and solved."""
    name, parameters = task.game.name, task.parameters(k)
    solved = _solved(name, parameters)
    profile = run.profile(parameters=parameters)
    learned = regret.theory_of(name).outcomes(parameters, profile)
    gains = regret.gains(name, parameters, profile)
    rows: list[dict[str, Any]] = []
    for outcome in task.outcomes:
        found = np.atleast_1d(np.asarray(learned[outcome], float))
        expected = np.full(found.shape, np.nan)
        if solved is not None:
            expected = np.atleast_1d(np.asarray(solved[outcome], float))
        for entry, place in enumerate(np.ndindex(found.shape)):
            rows.append(
                {
                    "game": name,
                    "curve": task.name,
                    "parameter": task.axis,
                    "value": float(task.values[task.axis][k]),
                    "outcome": outcome,
                    "entry": entry,
                    "seed": seed,
                    "solved": float(expected[place]) if solved is not None else None,
                    "learned": float(found[place]),
                    "nash_conv": float(gains.sum()),
                    "run": str(run.folder.resolve()),
                }
            )
    return rows


@functools.cache
def _solved(game: str, parameters: ParametersBase) -> Mapping[str, Any] | None:
    """Return the equilibrium's outcomes; None where the theory finds none."""
    try:
        return regret.equilibrium(game, parameters).outcomes
    except (ParameterError, ArithmeticError):
        return None


def solved_line(task: CurveTask) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return the solved curve on a finer grid: values [n], and outcomes [n, entries] by name."""
    began = time.monotonic()
    at = np.linspace(0.0, task.points - 1.0, SOLVED_POINTS)
    is_whole = task.game.parameters.declarations[task.axis].type in (int, bool)
    if is_whole:
        at = np.arange(task.points, dtype=np.float64)
    values, found = [], {name: [] for name in task.outcomes}  # type: ignore[var-annotated]
    for place in at:
        if time.monotonic() - began > SECONDS_OF_SOLVING and place != int(place):
            continue
        changes = {
            name: _of_kind(task.game, name, float(np.interp(place, np.arange(task.points), each)))
            for name, each in task.values.items()
        }
        parameters = task.configuration.parameters_to_judge().replace(**changes)
        solved = _solved(task.game.name, parameters)
        if solved is None:
            continue
        values.append(float(changes[task.axis]))
        for name in task.outcomes:
            found[name].append(np.atleast_1d(np.asarray(solved[name], float)).ravel())
    return np.array(values), {name: np.array(each) for name, each in found.items()}


def learn_curve(
    task: CurveTask, out: Path, *, seeds: int, processes: int, console: Console
) -> LearnedCurve:
    """Run the trainings of a curve that are missing in a folder, and judge all of them."""
    train_all(task.trainings(out, seeds), processes=processes, console=console)
    return judge_curve(task, out, seeds)
