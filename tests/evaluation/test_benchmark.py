"""The benchmark: every row once, whatever kills it, and every number traceable to a row."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time

import numpy as np
import polars
import pytest
from rich.console import Console

from counterpoise.display.tables import write_benchmark
from counterpoise.envs.engine.errors import CounterpoiseError, UnknownNameError
from counterpoise.evaluation.equilibrium import benchmark
from counterpoise.theory.regret import solved_games

GAMES = ["paradox_of_power", "shifting_power"]


def quiet():
    return Console(file=io.StringIO(), width=200)


def run(out, console=None, **options):
    return benchmark.run_benchmark(
        out, games=GAMES, seeds=2, is_quick=True, console=console or quiet(), **options
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("benchmark")
    return out, run(out)


def test_every_game_and_seed_has_its_row(results):
    _, found = results
    tidy = found.tidy()
    assert tidy.select("game", "seed", "power").is_unique().all()
    assert sorted(tidy["game"].unique()) == sorted(GAMES)
    assert tidy.height == 2 * 2 * 2


def test_the_tables_are_made_of_the_rows(results):
    out, found = results
    assert polars.read_parquet(out / "results.parquet").equals(found.tidy())
    for row in found.summary():
        rows = [
            json.loads((out / row["game"] / f"seed_{seed}" / "row.json").read_text())
            for seed in range(2)
        ]
        regrets = [max(np.array(each["gains"]) / np.array(each["stakes"])) for each in rows]
        assert row["largest_regret"] == pytest.approx(max(regrets))
        assert row["nash_conv"].mean == pytest.approx(np.mean([sum(r["gains"]) for r in rows]))
        assert row["best_response_shortfall"] == pytest.approx(
            np.mean([each["best_response_shortfall"] for each in rows])
        )


def test_a_quick_benchmark_gives_no_verdict(results):
    out, found = results
    assert {row["verdict"] for row in found.summary()} == {"withheld"}
    assert write_benchmark(found, out) == out / "table.md"
    assert "no verdicts" in (out / "table.md").read_text()


def test_a_learned_best_response_is_never_better_than_the_exact_one(results):
    _, found = results
    shortfalls = found.tidy()["best_response_shortfall"].drop_nulls()
    assert len(shortfalls) == 4
    assert (shortfalls > -1e-9).all()


def test_what_is_there_is_not_made_again(results):
    out, _ = results
    before = {path: path.stat().st_mtime_ns for path in out.rglob("row.json")}
    console = quiet()
    run(out, console)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("row.json")} == before
    assert "4 of 4 rows exist already" in console.file.getvalue()


def test_a_row_of_another_configuration_is_made_again_and_says_so(results):
    out, _ = results
    path = out / GAMES[0] / "seed_1" / "row.json"
    row = json.loads(path.read_text())
    path.write_text(json.dumps({**row, "origin": "of something else"}))
    console = quiet()
    run(out, console)
    assert "made again" in console.file.getvalue()
    assert json.loads(path.read_text())["gains"] == row["gains"], "the same seed learns the same"


def test_quick_and_whole_rows_are_not_mixed(results):
    out, _ = results
    with pytest.raises(CounterpoiseError, match="choose another folder"):
        benchmark.run_benchmark(out, games=GAMES, seeds=1, console=quiet())


def test_an_unknown_game_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="chess"):
        benchmark.run_benchmark(tmp_path, games=["chess"], console=quiet())
    assert not list(tmp_path.iterdir())


KILLED = """
import io, sys
from rich.console import Console
from counterpoise.evaluation.equilibrium.benchmark import run_benchmark
if __name__ == "__main__":
    run_benchmark(
        __import__("pathlib").Path(sys.argv[1]), games=sys.argv[2:], seeds=2, is_quick=True,
        console=Console(file=io.StringIO()),
    )
"""


def test_a_benchmark_killed_in_mid_run_loses_and_repeats_nothing(results, tmp_path):
    whole, _ = results
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, str(script), str(out), *GAMES], start_new_session=True
    )
    give_up = time.monotonic() + 120.0
    while len(list(out.rglob("row.json"))) < 2 and time.monotonic() < give_up:
        time.sleep(0.05)
    # The whole group: its workers too.
    __import__("os").killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("row.json")}
    assert 2 <= len(kept) <= 4
    found = run(out)
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    columns = ["game", "seed", "power", "gain", "agent_steps"]
    expected = polars.read_parquet(whole / "results.parquet").select(columns)
    assert found.tidy().select(columns).equals(expected)


def test_every_game_is_in_the_benchmark(tmp_path):
    asked = benchmark.entries(tmp_path, games=None, seeds=5, is_quick=False)
    assert [entry.configuration.game for entry in asked[::5]] == solved_games()
    assert len({entry.folder for entry in asked}) == 5 * len(solved_games())
