"""The benchmark: every solved game learned with several seeds and compared with its theory.

Each training is a run folder. Its results are one small file in it, a *row*, written atomically
once the run has been judged. A benchmark that is killed continues where it was: finished rows are
read, unfinished runs resumed. A row records its origin (configuration, version of the game and of
this package) and is made again when that changes.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars

import counterpoise
from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.evaluation.equilibrium.comparison import Group, gather
from counterpoise.evaluation.equilibrium.judgement import judged, keep, kept, origin
from counterpoise.evaluation.equilibrium.statistics import bootstrap
from counterpoise.evaluation.runner import Tell, in_processes
from counterpoise.evaluation.trainings import Training, train_quietly
from counterpoise.theory import regret
from counterpoise.training.configuration import Configuration, load
from counterpoise.training.runs import Run, versions

if TYPE_CHECKING:
    from rich.console import Console

ROW = "row.json"
RESULTS = "results.parquet"

QUICK_SEEDS = 2
QUICK_SHARE = 0.1
QUICK_REGRET_POINTS = 1
# Training length of a learned best response, as a share of the training's agent steps.
BEST_RESPONSE_SHARE = 0.5
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Entry:
    """One training of the benchmark.

    Attributes
    ----------
    configuration : Configuration
    seed : int
    folder : Path
        The run's folder, which holds the row.
    """

    configuration: Configuration
    seed: int
    folder: Path

    @property
    def origin(self) -> str:
        """A hash of everything that the row depends on."""
        version = self.configuration.the_game().version
        return origin(self.configuration.to_toml(), version, counterpoise.__version__, FORMAT)

    def row(self) -> dict[str, Any] | None:
        """Return the row if it exists and its origin is unchanged."""
        return kept(self.folder / ROW, self.origin)

    @property
    def is_outdated(self) -> bool:
        """Whether the folder holds a run of another configuration or version."""
        if (self.folder / ROW).is_file() and self.row() is None:
            return True
        if not (self.folder / "config.toml").is_file():
            return False
        return Run(self.folder).configuration != self.configuration


def entries(out: Path, *, games: Sequence[str] | None, seeds: int, is_quick: bool) -> list[Entry]:
    """Return the trainings of a benchmark.

    Raises
    ------
    UnknownNameError
        If a name is not that of a solved game.
    """
    asked = list(games) if games else regret.solved_games()
    made = []
    for name in asked:
        if name not in regret.solved_games():
            raise unknown_name("game", name, regret.solved_games())
        configuration = load(name)
        if is_quick:
            configuration = configuration.shortened(QUICK_SHARE).replace(
                regret_points=QUICK_REGRET_POINTS
            )
        made += [Entry(configuration, seed, out / name / f"seed_{seed}") for seed in range(seeds)]
    return made


@dataclasses.dataclass(frozen=True)
class _Making:
    """The task of making one row."""

    entry: Entry

    @property
    def label(self) -> str:
        return f"{self.entry.configuration.name}, seed {self.entry.seed}"

    @property
    def kind(self) -> str:
        return self.entry.configuration.name

    @property
    def total(self) -> int:
        return self.entry.configuration.agent_steps

    def do(self, tell: Tell) -> None:
        make_row(self.entry, tell)


def make_row(entry: Entry, tell: Tell) -> None:
    """Train, judge, learn a best response, and write the row."""
    # Takes seconds to import; a process that only reads rows does not need it.
    from counterpoise.training.best_responses import learn_best_response

    training = Training(entry.configuration, entry.folder, entry.seed, resume=True)
    run = train_quietly(training, "auto", tell)
    total = int(run.state["total_agent_steps"])
    tell(total, total, total / max(run.state["seconds"], 1e-9), "judging")
    judgement = judged(run)
    name, parameters, profile = run.game.name, run.parameters, run.profile()
    power = entry.seed % parameters.powers
    share = round(entry.configuration.agent_steps * BEST_RESPONSE_SHARE / parameters.powers)
    learned = learn_best_response(
        entry.configuration, profile, power, seed=entry.seed, agent_steps=max(1, share)
    )
    exact = regret.best_response(name, parameters, profile, power).value
    answering = [*profile]
    answering[power] = learned
    reached = regret.best_response(name, parameters, answering, power).own_value
    row = {
        "game": name,
        "learner": entry.configuration.learner_in_words(),
        "seed": entry.seed,
        "agent_steps": judgement.agent_steps,
        "seconds": float(run.state["seconds"]),
        "gains": judgement.gains.tolist(),
        "stakes": judgement.stakes.tolist(),
        "best_response_power": power,
        "best_response_shortfall": float(
            regret.of_stakes(exact - reached, judgement.stakes[power])
        ),
        "versions": versions(),
        "machine": machine(),
        "date": datetime.date.today().isoformat(),
    }
    keep(entry.folder / ROW, entry.origin, row)


def machine() -> str:
    """Return the processor and its number of cores."""
    name = platform.processor() or platform.machine()
    path = Path("/proc/cpuinfo")
    if path.is_file():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def run_benchmark(
    out: Path,
    *,
    games: Sequence[str] | None = None,
    seeds: int = 5,
    is_quick: bool = False,
    processes: int = 1,
    console: Console,
) -> Results:
    """Make every row that is missing, and write the tidy table.

    Parameters
    ----------
    out : Path
        The benchmark's folder.
    games : sequence of str, optional
        Names of solved games; all by default.
    seeds : int
    is_quick : bool
        Whether to train for a tenth of the agent steps, without verdicts.
    processes : int
        Number of worker processes.
    console : Console

    Raises
    ------
    CounterpoiseError
        If the folder holds a quick benchmark and a full one is asked for, or the reverse.
    """
    asked = entries(out, games=games, seeds=seeds, is_quick=is_quick)
    _refuse_another(out, is_quick)
    for entry in asked:
        if entry.is_outdated:
            console.print(
                f"{entry.folder}: made from another configuration or version; made again."
            )
            shutil.rmtree(entry.folder)
    missing = [entry for entry in asked if entry.row() is None]
    if len(missing) < len(asked):
        console.print(f"{len(asked) - len(missing)} of {len(asked)} rows exist already.")
    in_processes([_Making(entry) for entry in missing], processes=processes, console=console)
    results = Results(tuple(asked), is_quick)
    results.write(out)
    return results


def _refuse_another(out: Path, is_quick: bool) -> None:
    path = out / "benchmark.json"
    asked = {"quick": is_quick}
    if path.is_file() and json.loads(path.read_text()) != asked:
        there, wanted = ("full", "quick") if is_quick else ("quick", "full")
        raise CounterpoiseError(
            f"{out} holds a {there} benchmark, and a {wanted} one is asked for: choose another "
            "folder with --out."
        )
    write_text_atomically(path, json.dumps(asked) + "\n")


@dataclasses.dataclass(frozen=True, eq=False)
class Results:
    """All rows of a benchmark, as tables."""

    entries: tuple[Entry, ...]
    is_quick: bool

    @functools.cached_property
    def groups(self) -> list[tuple[Group[Any], list[dict[str, Any]]]]:
        """The games, each with its judged runs and its rows."""
        found = []
        by_game: dict[str, list[Entry]] = {}
        for entry in self.entries:
            by_game.setdefault(entry.configuration.game, []).append(entry)
        for members in by_game.values():
            rows = [row for entry in members if (row := entry.row()) is not None]
            judgements = [judged(Run(entry.folder)) for entry in members]
            found.append((gather(judgements).groups[0], rows))
        return found

    def summary(self) -> list[dict[str, Any]]:
        """Return one row per game, over its seeds."""
        return [_summarised(group, rows, self.is_quick) for group, rows in self.groups]

    def tidy(self) -> polars.DataFrame:
        """Return one row per game, seed and power."""
        rows = []
        for group, found in self.groups:
            for k, row in enumerate(found):
                for power, (gain, stake) in enumerate(
                    zip(row["gains"], row["stakes"], strict=True)
                ):
                    is_asked = power == row["best_response_power"]
                    rows.append(
                        {
                            "game": row["game"],
                            "learner": row["learner"],
                            "seed": row["seed"],
                            "power": power,
                            "agent_steps": row["agent_steps"],
                            "seconds": row["seconds"],
                            "gain": gain,
                            "stake": stake,
                            "regret": float(regret.of_stakes(gain, stake)),
                            "nash_conv": sum(row["gains"]),
                            "distance": float(group.distance[k]),
                            "reached": group.reached[k].name,
                            "best_response_shortfall": (
                                row["best_response_shortfall"] if is_asked else None
                            ),
                            "date": row["date"],
                            "machine": row["machine"],
                        }
                    )
        return polars.DataFrame(rows, infer_schema_length=None)

    def write(self, out: Path) -> None:
        """Write the tidy table as Parquet."""
        write_atomically(out / RESULTS, self.tidy().write_parquet)


def _summarised(
    group: Group[Any], rows: Sequence[dict[str, Any]], is_quick: bool
) -> dict[str, Any]:
    targets = group.targets
    short = [row["best_response_shortfall"] for row in rows]
    return {
        "game": group.game.name,
        "learner": rows[0]["learner"],
        "seeds": len(rows),
        "agent_steps": rows[0]["agent_steps"],
        "seconds": float(np.mean([row["seconds"] for row in rows])),
        "nash_conv": bootstrap(group.nash_conv),
        "worst_regret": bootstrap(group.regret.max(axis=1)),
        "largest_regret": group.worst_regret,
        "target_regret": targets.regret,
        "distance": float(group.distance.max()),
        "target_distance": targets.tolerance if group.equilibrium.is_unique else None,
        "reached": list(dict.fromkeys(each.name for each in group.reached)),
        "is_unique": group.equilibrium.is_unique,
        "best_response_shortfall": float(np.mean(short)),
        "largest_best_response_shortfall": float(np.max(short)),
        "verdict": "withheld" if is_quick else group.verdict,
        "is_met": None if is_quick else group.is_met,
    }
