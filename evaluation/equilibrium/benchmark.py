"""The benchmark: every solved game learned with several seeds and held against its theory.

Each training is a run folder of its own; what it came to is one small file beside it, a *row*,
written in one piece when the run has been judged. So a benchmark that is killed at any moment goes
on where it was: finished rows are read, unfinished runs resumed. A row knows what it was made from
(the configuration, the version of the game and of this package); if that has changed it is made
again.
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
# What a learned best response is given to learn from, as a share of the training's agent-steps.
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
        Of the run; its row lies in it.
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
        """Whether the folder holds a run of something else than is asked now."""
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
        If there is no game of a name.
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
    # Takes seconds to import; the process that only reads rows has no need of it.
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
    """Return the processor and how many of its cores there are."""
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
        All by default.
    seeds : int
    is_quick : bool
        A tenth of the agent-steps, and no verdicts.
    processes : int
        How many trainings go on at once.
    console : Console

    Raises
    ------
    CounterpoiseError
        If the folder holds a quick benchmark and a whole one is asked for, or the reverse.
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
        console.print(f"{len(asked) - len(missing)} of {len(asked)} rows are there already.")
    in_processes([_Making(entry) for entry in missing], processes=processes, console=console)
    results = Results(tuple(asked), is_quick)
    results.write(out)
    return results


def _refuse_another(out: Path, is_quick: bool) -> None:
    path = out / "benchmark.json"
    asked = {"quick": is_quick}
    if path.is_file() and json.loads(path.read_text()) != asked:
        there, wanted = ("whole", "quick") if is_quick else ("quick", "whole")
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
        """The games, each with its runs judged and its rows."""
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
        """Return one row for each game, over its seeds."""
        return [_summarised(group, rows, self.is_quick) for group, rows in self.groups]

    def tidy(self) -> polars.DataFrame:
        """Return one row for each game, seed and power."""
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
