"""Claims about starting a game, by the command and by `play`."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import counterpoise.human.server
from counterpoise.cli.app import main
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.registration import game
from counterpoise.envs.scenarios import scenario
from counterpoise.human.play import play
from counterpoise.human.saved import SavedTable


@pytest.mark.parametrize(
    ("arguments", "words"),
    [([], "Name a game"),
     (["grand_strategy", "--scenario", "india", "--as", "indi"], "Did you mean 'India'?"),
     (["grand_strategy", "--as", "power_1", "--as", "1"], "one person"),
     (["grand_strategy", "--against", "hawk", "--against", "dove"], "2 strategies for 3 other"),
     (["grand_strategy", "--against", "hawkish"], "Did you mean 'hawk'?"),
     (["grand_strategy", "--beside", "hawkish"], "Did you mean 'hawk'?"),
     (["grand_strategy", "--resume", "nowhere"], "give only --resume"),
     (["--resume", "nowhere"], "nowhere holds no game")],
)  # fmt: skip
def test_a_mistake_in_the_command_is_explained(
    arguments: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["counterpoise", "play", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_missing_packages_are_named_with_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "uvicorn" else found(name)
    )
    monkeypatch.setattr(sys, "argv", ["counterpoise", "play", "arms_race"])
    with pytest.raises(SystemExit):
        main()
    assert "needs uvicorn: pip install 'counterpoise[play]'" in capsys.readouterr().err


# -- from Python -----------------------------------------------------------------------------------


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> list[SavedTable]:
    """Collect the tables that would be served."""
    found: list[SavedTable] = []
    monkeypatch.setattr(
        counterpoise.human.server, "serve", lambda table, announce, port: found.append(table)
    )
    return found


def test_play_sets_up_a_scenario_and_resumes_it_from_its_folder(
    tables: list[SavedTable], tmp_path: Path
) -> None:
    play(
        "india", power=["India", "china"], against="hawk", beside="dove", seed=3,
        parameters={"certain_years": 4}, folder=tmp_path,
    )  # fmt: skip
    begun = tables[0]
    setup = begun.setup
    assert [setup.names[seat] for seat in setup.humans] == ["India", "China"]
    assert setup.title == scenario("india").title
    assert setup.parameters == scenario("india").parameters.replace(certain_years=4)
    assert setup.beside == ("dove", "hawk")
    begun.commit(0, 0, begun.proposal(0))
    for folder in (tmp_path, str(tmp_path)):
        play(folder)
        assert tables[-1].decided == begun.decided
        assert tables[-1].setup.names == setup.names
    with pytest.raises(CounterpoiseError, match="resumed as it was begun"):
        play(tmp_path, power="china")
    with pytest.raises(CounterpoiseError, match="already holds a game"):
        play("india", folder=tmp_path)


def test_play_takes_a_game_by_name_or_as_an_object(
    tables: list[SavedTable], tmp_path: Path
) -> None:
    play("arms_race", power=1, folder=tmp_path / "name", seed=1)
    play(game("arms_race"), power="power_1", folder=tmp_path / "object", seed=1)
    one, other = tables
    assert one.setup == other.setup
    assert one.digests == other.digests
    play("grand_strategy", scenario="india", folder=tmp_path / "scenario", seed=1)
    assert tables[-1].setup.names == scenario("india").names
    with pytest.raises(CounterpoiseError, match="Did you mean 'arms_race'"):
        play("arms_rac", folder=tmp_path / "none")
    with pytest.raises(CounterpoiseError, match="india"):
        play("arms_race", scenario="india", folder=tmp_path / "none")


@pytest.mark.parametrize("is_notebook", [False, True])
def test_play_serves_until_interrupted(tmp_path: Path, is_notebook: bool) -> None:
    call = f"play('arms_race', against='random', seed=1, folder={str(tmp_path)!r})"
    in_loop = f"async def main(): {call}\nasyncio.new_event_loop().run_until_complete(main())"
    code = "import asyncio\nfrom counterpoise.human.play import play\n"
    process = subprocess.Popen(
        [sys.executable, "-c", code + (in_loop if is_notebook else call)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    address = process.stdout.readline().split()[-1]
    assert "Saved every year" in process.stdout.readline()
    with urllib.request.urlopen(address, timeout=20) as page:
        assert b"Counterpoise" in page.read()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert f"counterpoise play --resume {tmp_path}" in errors
