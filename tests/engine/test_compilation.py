"""Compiled code is kept, never stale, and not needed; importing stays light."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import counterpoise
from counterpoise.envs.engine import compilation
from counterpoise.envs.engine.registration import game_names
from counterpoise.envs.engine.worlds import Worlds

ROOT = Path(compilation.FOLDER).parent
PLAY = Path(__file__).with_name("one_year.py")
BEST_OF = 6


def run(*arguments: str, root: Path = ROOT, **environment: str) -> Any:
    """Run `one_year.py` in a process of its own and return what it reports."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NUMBA_", "COUNTERPOISE_", "COV"))
    }
    done = subprocess.run(
        [sys.executable, str(PLAY), *arguments],
        env={**clean, "PYTHONPATH": str(root / "src"), **environment},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package whose rules can be edited."""
    root = tmp_path_factory.mktemp("copied")
    (root / "src" / "counterpoise").mkdir(parents=True)
    for module in Path(counterpoise.__file__).parent.glob("*.py"):
        shutil.copy(module, root / "src" / "counterpoise")
    shutil.copytree(compilation.ENVS, root / "envs", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    return root


def test_the_second_process_compiles_nothing(
    tmp_path: Path,
) -> None:
    first = run("burden_sharing", COUNTERPOISE_CACHE_DIR=str(tmp_path))
    second = run("burden_sharing", COUNTERPOISE_CACHE_DIR=str(tmp_path))
    assert first["compiled"] > 0
    assert second["compiled"] == 0
    assert second["loaded"] > 0
    assert second["digest"] == first["digest"]
    assert str(tmp_path) in first["cache"]


def test_an_edit_to_any_rule_takes_effect_at_the_next_import(copied: Path, tmp_path: Path) -> None:
    kept = {"COUNTERPOISE_CACHE_DIR": str(tmp_path), "root": copied}
    before = run("burden_sharing", **kept)  # type: ignore[arg-type]
    assert str(copied) in before["package"]
    edit(
        copied / "envs/games/burden_sharing.py",
        "payoff: float = (1.0 -",
        "payoff: float = 7.0 + (1.0 -",
    )
    edit(copied / "envs/engine/randomness.py", "0x9E3779B97F4A7C15", "0x9E3779B97F4A7C17")
    after = run("burden_sharing", **kept)  # type: ignore[arg-type]
    assert after["rewards"] == pytest.approx([reward + 7.0 for reward in before["rewards"]])
    assert after["random_state"] != before["random_state"]
    edit(
        copied / "envs/games/burden_sharing.py",
        "payoff: float = 7.0 + (1.0 -",
        "payoff: float = (1.0 -",
    )
    edit(copied / "envs/engine/randomness.py", "0x9E3779B97F4A7C17", "0x9E3779B97F4A7C15")
    undone = run("burden_sharing", **kept)  # type: ignore[arg-type]
    assert undone["digest"] == before["digest"]
    assert undone["compiled"] == 0, "what was compiled before the edit is still there"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_read_only_installation_without_a_home_works(copied: Path, tmp_path: Path) -> None:
    """Tests may run as root, whom no permission stops: a file stands where folders should be."""
    wall = tmp_path / "file"
    wall.write_text("")
    pycache = copied / "envs" / "__pycache__"
    shutil.rmtree(pycache, ignore_errors=True)
    pycache.write_text("")
    nowhere = str(wall / "below")
    try:
        report = run(
            "burden_sharing",
            root=copied,
            COUNTERPOISE_CACHE_DIR=nowhere,
            XDG_CACHE_HOME=nowhere,
            HOME=nowhere,
            PYTHONDONTWRITEBYTECODE="1",
        )
    finally:
        pycache.unlink()
    assert report["cache"] is None
    assert report["loaded"] == 0
    assert report["digest"] == run("burden_sharing")["digest"]


def test_a_user_without_a_home_has_no_home_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("COUNTERPOISE_CACHE_DIR", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    folder = compilation.cache_folder.__wrapped__()
    assert folder is None or compilation.ENVS in folder.parents


def test_a_cached_game_steps_within_a_second_of_the_import(game_name: str) -> None:
    run(game_name)
    seconds = []
    for _ in range(BEST_OF):
        report = run(game_name)
        assert report["compiled"] == 0
        seconds.append(report["seconds"])
        if seconds[-1] <= 1.0:
            break
    assert min(seconds) <= 1.0, seconds


def test_torch_and_the_picture_library_stay_away(game_name: str) -> None:
    report = run(game_name, "--every-way-in")
    assert report["heavy"] == []


def test_without_compiling_the_numbers_are_the_same() -> None:
    """As ordinary Python; whole numbers exactly, amounts to the last bits of the logarithm."""
    for game_name in game_names():
        plain = run(game_name, "--numbers", NUMBA_DISABLE_JIT="1")
        compiled = run(game_name, "--numbers")
        assert plain["is_compiled"] is False
        assert compiled["is_compiled"] is True
        for field, numbers in compiled["numbers"].items():
            kept = np.array(numbers)
            assert np.allclose(plain["numbers"][field], kept, rtol=1e-13, atol=1e-15), field
            if kept.dtype.kind in "iu":
                assert plain["numbers"][field] == numbers, field


def test_the_same_worlds_in_this_process_and_another(game_name: str) -> None:
    there = run(game_name, "--numbers")
    worlds = Worlds(game_name, 2, max_cycles=6)
    worlds.reset(3)
    low, high = worlds.action_low[0], worlds.action_high[0]
    for step in range(9):
        share = np.abs(
            np.sin(np.arange(2)[:, None, None] + step + np.arange(worlds.powers)[:, None])
        )
        actions = low + share * (high - low)
        worlds.step(np.floor(actions).astype(int) if worlds.game.is_discrete else actions)
    digest = hashlib.sha256(worlds.records.tobytes() + worlds.rewards.tobytes()).hexdigest()
    assert digest == there["digest"]


def test_a_rule_above_the_package_is_kept_under_its_neighbours_hash(tmp_path: Path) -> None:
    def somewhere(module: str, path: Path) -> Path | None:
        def function() -> None: ...

        function.__module__ = module
        code = function.__code__.replace(co_filename=str(path))
        function.__code__ = code
        return compilation._cache_folder_of(function)

    path = tmp_path / "solver.py"
    path.write_text("A = 1")
    if compilation.cache_folder() is not None:
        kept = somewhere("counterpoise.theory.solver", path)
        assert kept is not None
        (tmp_path / "neighbour.py").write_text("B = 2")
        compilation._hash_of_folder.cache_clear()
        assert somewhere("counterpoise.theory.solver", path) != kept
    assert somewhere("somebody.else", path) is None
    assert somewhere("__main__", path) is None


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_is_told_that_rules_are_being_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(compilation, "cache_folder", lambda: tmp_path)
    compilation._tell_of_compiling("arms_race", "counterpoise.envs.driver_of_arms_race_0")
    assert "Compiling the rules of arms_race" in screen.getvalue()
    kept = tmp_path / "driver_of_arms_race_0" / "driver.step.nbi"
    kept.parent.mkdir()
    kept.touch()
    screen.truncate(0)
    compilation._tell_of_compiling("arms_race", "counterpoise.envs.driver_of_arms_race_0")
    assert screen.getvalue() == ""
