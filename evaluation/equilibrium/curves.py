"""Comparative statics, learned: how outcomes move with a parameter, beside the solved curve.

*Amortised*: in one training the worlds differ in the parameter, which the powers see; the learned
policy is then asked at every value. *Separate*: one training for each value, which needs no
observation. Either way each seed gives one learned curve, and the interval is over seeds.
"""

from __future__ import annotations

import dataclasses
import functools
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from counterpoise.display.figures import (
    INK,
    colour,
    in_words,
    marker,
    new_figure,
    seed_line,
    style,
    write_png,
)
from counterpoise.envs.engine.errors import CounterpoiseError, ParameterError, unknown_name
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.evaluation.equilibrium.statistics import bootstrap
from counterpoise.evaluation.trainings import Training, train_all
from counterpoise.theory import regret
from counterpoise.theory.solution import Curve
from counterpoise.training.configuration import FOLDER, PPO, Configuration, load
from counterpoise.training.runs import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

POINTS_FILE, TABLE_FILE, FIGURE_FILE = "curve.parquet", "curve.md", "curve.png"

# Over how many values an amortised training deals its worlds.
DEALT = 33
# A whole curve is more to learn than one point of it.
AMORTISED_SHARE = 2.0
QUICK_SHARE = 0.05
QUICK_SEEDS = 1
SOLVED_POINTS = 61
SECONDS_OF_SOLVING = 20.0
MOST_LINES = 4


def shipped_curves(game: str) -> tuple[Curve, ...]:
    """Return the curves that the theory of a game is about.

    Raises
    ------
    UnknownNameError
        If there is no such game.
    """
    game_named(game)
    return regret.theory_of(game).curves if regret.is_solved(game) else ()


def read_vary(text: str) -> dict[str, NDArray[np.float64]]:
    """Return the values of each parameter from ``name=low:high:points`` or ``name=1,2,3``.

    Parameters that move in step are joined: ``a=0:1:5+b=1:0:5``.

    Raises
    ------
    ParameterError
        If the text is not of that form, or parameters in step have not equally many values.
    """
    form = "expected NAME=LOW:HIGH:POINTS or NAME=VALUE,VALUE, joined by + if they move in step"
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
        raise ParameterError(f"--vary {text!r}: parameters in step need equally many values.")
    return found


@dataclasses.dataclass(frozen=True, eq=False)
class CurveTask:
    """One curve that is to be learned.

    Attributes
    ----------
    name, title : str
    configuration : Configuration
        That its trainings start from.
    values : mapping of str to ndarray, [points]
        Of each parameter that moves; the first is the axis.
    outcomes : tuple of str
    is_separate : bool
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
        """Return what the game is judged by at one value."""
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
        """Return the usual equilibrium's outcomes at one value; NaN where there is none."""
        found = _solved(self.game.name, self.parameters(k))
        return found if found is not None else dict.fromkeys(self.outcomes, np.nan)

    def run_of(self, out: Path, k: int, seed: int) -> Run:
        """Return the run that is asked at one value."""
        if self.is_separate:
            return Run(out / "separate" / f"point_{k}" / f"seed_{seed}")
        return Run(out / "amortised" / f"seed_{seed}")


def _of_kind(game: Game, name: str, value: float) -> Any:
    kind = game.parameters.declarations[name].type
    return kind(round(value)) if kind in (int, bool) else float(value)


def _dealt(game: Game, name: str, values: NDArray[np.float64]) -> list[Any]:
    """Return what a parameter is in the worlds of an amortised training: finer than is asked."""
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
    """Return what is to be learned for one curve, shipped or asked for.

    Raises
    ------
    UnknownNameError
        If the game has no such parameter or outcome.
    ParameterError
        If a parameter is not seen by the powers and trainings are not separate, or a value is
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
        if not is_separate and not declarations[name].observed:
            seen = [each for each in declarations if declarations[each].observed]
            raise ParameterError(
                f"The powers of {game} do not see {name}, so one policy cannot be learned for all "
                f"its values: add --separate, or vary one of {', '.join(seen)}."
            )
    base = _configuration(game, configuration, is_separate)
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
        else f"{in_words(game)} as {in_words_of(values)} moves",
        configuration=base,
        values=values,
        outcomes=asked,
        is_separate=is_separate,
    )
    for k in range(task.points):
        # A value outside its range is refused before anything is trained.
        task.parameters(k)
    return task


def in_words_of(values: Mapping[str, Any]) -> str:
    """Return the names of the parameters that move, as words."""
    return " and ".join(in_words(name) for name in values)


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
    if usual.algorithm != PPO and not is_separate:
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
    """A curve that was learned.

    Attributes
    ----------
    task : CurveTask
    table : DataFrame
        One row for each value, outcome, entry of it and seed.
    """

    task: CurveTask
    table: polars.DataFrame

    def summary(self) -> polars.DataFrame:
        """Return one row for each value, outcome and entry: solved, learned, and the interval."""
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
    """Ask every run at every value, and solve the game there."""
    rows = [
        row
        for k in range(task.points)
        for seed in range(seeds)
        for row in judge_run(task, k, task.run_of(out, k, seed), seed)
    ]
    return LearnedCurve(task, polars.DataFrame(rows, infer_schema_length=None))


def judge_run(task: CurveTask, k: int, run: Run, seed: int) -> list[dict[str, Any]]:
    """Ask one run at one value: a row for each outcome and entry of it, beside the solved one."""
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
    """Return the usual equilibrium's outcomes; None where the theory says that it has none."""
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
    """Train what is missing, judge, and write table, figure and data into the folder."""
    train_all(task.trainings(out, seeds), processes=processes, console=console)
    learned = judge_curve(task, out, seeds)
    write_atomically(out / POINTS_FILE, learned.table.write_parquet)
    write_text_atomically(out / TABLE_FILE, markdown(learned))
    write_png(draw(learned), out / FIGURE_FILE)
    return learned


# -- showing ---------------------------------------------------------------------------------------


def rows_in_words(learned: LearnedCurve) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the table: value, solved, learned, interval."""
    head = [learned.task.axis, "outcome", "solved", "learned", "interval"]
    several = {
        name: len(part["entry"].unique()) > 1
        for (name,), part in learned.table.group_by(["outcome"])
    }
    rows = []
    for row in learned.summary().iter_rows(named=True):
        name = in_words(row["outcome"])
        if several[row["outcome"]]:
            name += f" {row['entry']}"
        interval = ""
        if row["low"] is not None:
            interval = f"{row['low']:.4g} to {row['high']:.4g}"
        solved = "none" if row["solved"] is None else f"{row['solved']:.4g}"
        rows.append([f"{row['value']:.4g}", name, solved, f"{row['learned']:.4g}", interval])
    return head, rows


def markdown(learned: LearnedCurve) -> str:
    """Return the table as Markdown."""
    head, rows = rows_in_words(learned)
    how = "a training for each value" if learned.task.is_separate else "one training for all values"
    seeds = learned.table["seed"].n_unique()
    lines = [
        f"# {learned.task.title}",
        "",
        f"`{learned.task.game.name}`, {how}, {seeds} seed{'' if seeds == 1 else 's'}; the interval "
        "is the 95 % bootstrap interval over seeds.",
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]
    return "\n".join(lines)


def draw(learned: LearnedCurve) -> Figure:
    """Return the figure: learned points with their intervals over the solved lines."""
    task, summary = learned.task, learned.summary()
    line_values, lines = solved_line(task)
    with style():
        figure = new_figure(3.9 * len(task.outcomes) + 0.8, 3.6)
        panels = np.atleast_1d(figure.subplots(1, len(task.outcomes)))
        for axes, outcome in zip(panels, task.outcomes, strict=True):
            part = summary.filter(polars.col("outcome") == outcome)
            entries = sorted(part["entry"].unique())[:MOST_LINES]
            for entry in entries:
                chosen = part.filter(polars.col("entry") == entry)
                paint = colour(entry)
                if len(line_values):
                    axes.plot(line_values, lines[outcome][:, entry], color=paint, linewidth=1.3)
                label = (
                    "learned" if len(entries) == 1 else f"{_entry_in_words(task, outcome, entry)}"
                )
                values, mean = chosen["value"].to_numpy(), chosen["learned"].to_numpy()
                if chosen["low"].null_count() == 0:
                    low, high = chosen["low"].to_numpy(), chosen["high"].to_numpy()
                    axes.errorbar(
                        values, mean, [np.maximum(mean - low, 0.0), np.maximum(high - mean, 0.0)],
                        fmt="none", ecolor=paint, elinewidth=1.2, capsize=2.5,
                    )  # fmt: skip
                axes.plot(
                    values, mean, marker(entry), color=paint, markeredgecolor=INK,
                    markeredgewidth=0.5, markersize=5.5, label=label,
                )  # fmt: skip
            axes.plot([], [], color=INK, linewidth=1.3, label="solved")
            _label(axes, task, outcome)
            axes.legend(fontsize=7.5)
        figure.suptitle(task.title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    return figure


def draw_solved(game: str) -> Figure:
    """Return one figure of a game's solved curves: what its theory says, and nothing learned."""
    tasks = [
        task_of(game, curve, is_separate=True, outcomes=curve.outcomes[:1])
        for curve in shipped_curves(game)
    ]
    if not tasks:
        raise CounterpoiseError(f"The theory of {game} is about no curve that could be drawn.")
    with style():
        figure = new_figure(4.6 * len(tasks), 3.5)
        for axes, task in zip(np.atleast_1d(figure.subplots(1, len(tasks))), tasks, strict=True):
            (outcome,) = task.outcomes
            values, lines = solved_line(task)
            entries = range(min(lines[outcome].shape[1], MOST_LINES))
            for entry in entries:
                axes.plot(
                    values, lines[outcome][:, entry], color=colour(entry), linewidth=1.6,
                    linestyle=seed_line(entry),
                    marker=marker(entry), markevery=max(1, len(values) // 8), markersize=4.5,
                    label=_entry_in_words(task, outcome, entry),
                )  # fmt: skip
            axes.set_title("\n".join(textwrap.wrap(task.title, 44)), fontsize=9.5)
            _label(axes, task, outcome)
            if len(entries) > 1:
                axes.legend(fontsize=7.5)
    return figure


def _label(axes: Any, task: CurveTask, outcome: str) -> None:
    unit = regret.theory_of(task.game.name).declared[outcome].unit
    axes.set_xlabel(in_words(task.axis))
    axes.set_ylabel(in_words(outcome) + ("" if unit == "1" else f" ({unit})"))
    axes.xaxis.set_major_locator(MaxNLocator(6))


def _entry_in_words(task: CurveTask, outcome: str, entry: int) -> str:
    axes = regret.theory_of(task.game.name).declared[outcome].axes
    return f"{axes[0]} {entry}" if len(axes) == 1 else f"entry {entry}"
