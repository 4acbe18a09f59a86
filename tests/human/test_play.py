"""Claims about starting a game, by the command and by `play`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from counterpoise.cli.app import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [([], "Say which game"),
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
