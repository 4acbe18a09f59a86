"""Stepping speed of the engine, of the PettingZoo adapter, and of mpe2's `simple_tag`.

    python benchmarks/stepping.py [--json] [--seconds 0.3] [--repeats 7]

Actions are sampled beforehand; the time includes the reset at the end of an episode. One process,
one thread. Each figure is the median of several repeats, in which all variants take turns, so that
a busy machine slows all equally. `import + first step` and `counterpoise --help` are measured in
separate processes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.engine.registration import game_names
from counterpoise.envs.engine.worlds import Worlds

BATCH = 4_096
SAMPLED = 64

FIRST_STEP = """
import sys, time
started = time.perf_counter()
import numpy as np
from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
env = CounterpoiseParallel({game!r})
env.reset(seed=0)
env.step({{agent: env.action_space(agent).sample() for agent in env.agents}})
print(time.perf_counter() - started, "torch" in sys.modules)
"""


def sampled_actions(worlds: Worlds, rng: np.random.Generator) -> list[Any]:
    """Return legal random actions for some steps of a batch."""
    shape = (worlds.count, worlds.powers, worlds.game.action_width)
    if worlds.game.is_discrete:
        high = np.broadcast_to(worlds.action_high, shape).astype(np.int64)
        return [rng.integers(0, high + 1) for _ in range(SAMPLED)]
    span = worlds.action_high - worlds.action_low
    return [worlds.action_low + rng.random(shape) * span for _ in range(SAMPLED)]


def cases() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return every game with its parameters, by the name of its row in the table."""
    rows: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in game_names()}
    rows["grand_strategy, 8 powers"] = ("grand_strategy", {"powers": 8})
    return rows


def engine(game: str, count: int, parameters: dict[str, Any]) -> tuple[Callable[[int], None], int]:
    """Return a function that steps a batch a number of times, and its number of powers."""
    worlds = Worlds(game, count, parameters)
    actions = sampled_actions(worlds, np.random.default_rng(0))
    worlds.reset(0)

    def play(steps: int) -> None:
        for step in range(steps):
            worlds.step(actions[step % SAMPLED])

    return play, worlds.powers


def parallel(env: Any) -> tuple[Callable[[int], None], int]:
    """Return a function that steps a PettingZoo environment a number of times."""
    env.reset(seed=0)
    for number, agent in enumerate(env.possible_agents):
        env.action_space(agent).seed(number)
    actions = [
        {agent: env.action_space(agent).sample() for agent in env.possible_agents}
        for _ in range(SAMPLED)
    ]

    def play(steps: int) -> None:
        for step in range(steps):
            env.step(actions[step % SAMPLED])
            if not env.agents:
                env.reset()

    return play, len(env.possible_agents)


def seconds_per_step(
    plays: dict[str, Callable[[int], None]], seconds: float, repeats: int
) -> dict[str, float]:
    """Return the median time per step of each, measured in turns."""
    steps = {}
    for name, play in plays.items():
        play(3)
        count, taken = 1, 0.0
        while taken < seconds / 10:
            count *= 2
            started = time.perf_counter()
            play(count)
            taken = time.perf_counter() - started
        steps[name] = max(1, round(count * seconds / taken))
    times: dict[str, list[float]] = {name: [] for name in plays}
    for _ in range(repeats):
        for name, play in plays.items():
            started = time.perf_counter()
            play(steps[name])
            times[name].append((time.perf_counter() - started) / steps[name])
    return {name: statistics.median(each) for name, each in times.items()}


def first_step(game: str, repeats: int) -> tuple[float, bool]:
    """Return the seconds to a first step in a new process, and whether torch was imported."""
    command = [sys.executable, "-c", FIRST_STEP.format(game=game)]
    reports = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(repeats + 1)
    ][1:]
    return statistics.median(float(taken) for taken, _ in reports), reports[0][1] == "True"


def help_seconds(repeats: int) -> float | None:
    """Return the seconds that `counterpoise --help` takes; None if it is not installed."""
    beside = Path(sys.executable).with_name("counterpoise")
    command = str(beside) if beside.exists() else shutil.which("counterpoise")
    if command is None:
        return None
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        done = subprocess.run([command, "--help"], capture_output=True, check=False)
        times.append(time.perf_counter() - started)
        if done.returncode != 0:
            return None
    return statistics.median(times)


def measure(seconds: float, repeats: int) -> dict[str, Any]:
    """Return every figure."""
    plays: dict[str, Callable[[int], None]] = {}
    powers: dict[str, int] = {}
    for row, (game, parameters) in cases().items():
        plays[f"{row} batch"], powers[row] = engine(game, BATCH, parameters)
        plays[f"{row} engine"], _ = engine(game, 1, parameters)
        env = CounterpoiseParallel(game, parameters=parameters)
        plays[f"{row} pettingzoo"], _ = parallel(env)
    tag = simple_tag()
    if tag is not None:
        plays["simple_tag"], powers["simple_tag"] = parallel(tag)
    taken = seconds_per_step(plays, seconds, repeats)
    games = {}
    for row, (game, _) in cases().items():
        cold, has_torch = first_step(game, min(repeats, 3))
        pettingzoo = taken[f"{row} pettingzoo"]
        games[row] = {
            "powers": powers[row],
            "batched_agent_steps_per_second": BATCH * powers[row] / taken[f"{row} batch"],
            "engine_microseconds_per_step": 1e6 * taken[f"{row} engine"],
            "pettingzoo_microseconds_per_step": 1e6 * pettingzoo,
            "times_faster_than_simple_tag": taken["simple_tag"] / pettingzoo if tag else None,
            "import_and_first_step_seconds": cold,
            "imports_torch": has_torch,
        }
    return {
        "games": games,
        "simple_tag": {
            "powers": powers.get("simple_tag"),
            "pettingzoo_microseconds_per_step": 1e6 * taken["simple_tag"] if tag else None,
        },
        "help_seconds": help_seconds(min(repeats, 3)),
        "batch": BATCH,
        "processors": os.cpu_count(),
        "python": sys.version.split()[0],
    }


def simple_tag() -> Any:
    """Return mpe2's four-player `simple_tag`; None where mpe2 is not installed."""
    try:
        from mpe2 import simple_tag_v3
    except ImportError:
        return None
    return simple_tag_v3.parallel_env()


def show(report: dict[str, Any]) -> None:
    """Print the figures as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Stepping, one core; batches of {report['batch']:,} worlds")
    table.add_column("", no_wrap=True)
    for heading in (
        "powers",
        "batch, M agent-\nsteps/s",
        "engine\nµs/step",
        "PettingZoo\nµs/step",
        "times as fast\nas simple_tag",
        "import +\nfirst step, s",
        "imports\ntorch",
    ):
        table.add_column(heading, justify="right")
    for game, row in report["games"].items():
        ratio = row["times_faster_than_simple_tag"]
        table.add_row(
            game,
            str(row["powers"]),
            f"{row['batched_agent_steps_per_second'] / 1e6:.1f}",
            f"{row['engine_microseconds_per_step']:.1f}",
            f"{row['pettingzoo_microseconds_per_step']:.1f}",
            "-" if ratio is None else f"{ratio:.0f}",
            f"{row['import_and_first_step_seconds']:.2f}",
            "yes" if row["imports_torch"] else "no",
        )
    tag = report["simple_tag"]
    if tag["powers"]:
        own = f"{tag['pettingzoo_microseconds_per_step']:.0f}"
        table.add_row("mpe2 simple_tag", str(tag["powers"]), "", "", own, "1", "", "")
    console = Console(width=max(110, Console().width))
    console.print(table)
    taken = report["help_seconds"]
    console.print(f"counterpoise --help: {'not installed' if taken is None else f'{taken:.2f} s'}")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--json", action="store_true", help="print the results as JSON")
    options.add_argument("--seconds", type=float, default=0.3, help="seconds per repeat")
    options.add_argument("--repeats", type=int, default=7, help="number of repeats")
    chosen = options.parse_args()
    report = measure(chosen.seconds, chosen.repeats)
    if chosen.json:
        print(json.dumps(report, indent=2))
    else:
        show(report)


if __name__ == "__main__":
    main()
