"""A game written by `write_game` works outside the package and passes the conformance suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.scaffold import write_game

USE = """
import counterpoise, common_good, gymnasium, pettingzoo
from counterpoise.envs import common_good_v0

assert "common_good" in counterpoise.games()
gymnasium.make("counterpoise/CommonGood-v0", others="equilibrium").reset(seed=0)
pettingzoo.make("parallel", "counterpoise/common_good-v0").reset(seed=0)
common_good_v0.parallel_env(benefit=0.9).reset(seed=0)
run = counterpoise.train(
    "common_good/training.toml", "run", device="cpu", agent_steps=1, regret_points=1
)
assert len(counterpoise.regret(run)) == 3
assert len(counterpoise.compare(run).groups) == 1
assert "<html" in counterpoise.watch("common_good", "altruist").html.lower()
"""


def run_in(folder: Path, *arguments: str) -> None:
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    write_game("common_good", folder)
    return folder


def test_what_is_written_is_listed(tmp_path: Path) -> None:
    written = write_game("common_good", tmp_path)
    assert sorted(written) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "$name" not in text
        assert "$title" not in text
    assert (tmp_path / "common_good.md").read_text(encoding="utf-8").startswith("# Common good\n")


def test_its_own_tests_pass(folder: Path) -> None:
    run_in(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_common_good.py")


def test_it_is_registered_trained_and_judged_like_the_games_that_ship(folder: Path) -> None:
    run_in(folder, "-c", USE)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    for name in ("Common", "common good", "2nd", "class", ""):
        with pytest.raises(CounterpoiseError, match="cannot name a game"):
            write_game(name, tmp_path)
    with pytest.raises(CounterpoiseError, match="registered already"):
        write_game("arms_race", tmp_path)
    write_game("common_good", tmp_path)
    with pytest.raises(CounterpoiseError, match="exists"):
        write_game("common_good", tmp_path)
