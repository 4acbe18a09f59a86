"""Claims about saved games: the same numbers after resuming, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.human.saved import FILE, SavedTable, resume
from counterpoise.human.view import view

Begin = Callable[..., SavedTable]


def test_a_saved_game_plays_on_to_the_same_numbers(
    tmp_path: Path, begin: Begin, play_on: Callable[..., None]
) -> None:
    whole = begin(tmp_path / "whole", humans=(0, 2), against="random", certain_years=8)
    play_on(whole)
    parted = begin(tmp_path / "parted", humans=(0, 2), against="random", certain_years=8)
    while not parted.is_over:
        parted = resume(tmp_path / "parted")
        # One of the two has decided when it is broken off.
        parted.commit(2, parted.step, parted.proposal(2))
        parted = resume(tmp_path / "parted")
        assert view(parted, 2)["has_decided"]
        assert view(parted, 2)["waiting_for"] == ["Aland"]
        parted.commit(0, parted.step, parted.proposal(0))
    again = resume(tmp_path / "parted")
    assert again.digests == whole.digests == parted.digests
    assert again.score(0) == whole.score(0)
    for seat in (0, 2):
        assert view(again, seat) == view(whole, seat)


def test_a_game_that_comes_out_differently_is_not_resumed(
    tmp_path: Path, begin: Begin, play_on: Callable[..., None]
) -> None:
    table = begin(tmp_path)
    play_on(table, 3)
    path = tmp_path / FILE
    saved = json.loads(path.read_text())
    saved["steps"][1]["0"][0] = 7 - saved["steps"][1]["0"][0]
    path.write_text(json.dumps(saved))
    with pytest.raises(CounterpoiseError, match="step 2 comes out differently"):
        resume(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"format": 9}, {"steps": None}, {"steps": [{}]}, {"steps": [7]}, {"digests": []},
     {"humans": [9]}, {"humans": []}, {"humans": [0, 0]}, {"decided": {"3": []}}, {"decided": []},
     {"against": ["", "no_such", "", ""]}, {"names": ["A"]}, {"seed": "x"}, {"version": 99},
     {"parameters": {"debt": "much"}}, {"parameters": 3}, {"game": "chess"}, {"title": 1},
     {"beside": [1]}],
)  # fmt: skip
def test_a_file_that_is_not_a_game_is_refused_with_a_reason(
    tmp_path: Path, change: dict[str, Any], begin: Begin, play_on: Callable[..., None]
) -> None:
    table = begin(tmp_path)
    play_on(table, 1)
    path = tmp_path / FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(CounterpoiseError):
        resume(tmp_path)


def test_a_game_of_a_superseded_version_says_what_replaced_it(tmp_path: Path, begin: Begin) -> None:
    begin(tmp_path)
    path = tmp_path / FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 0}))
    with pytest.raises(CounterpoiseError, match=r"with grand_strategy v0.*v1 replaced v0, because"):
        resume(tmp_path)


def test_texts_that_are_not_json_and_folders_without_a_game_are_refused(
    tmp_path: Path, begin: Begin
) -> None:
    with pytest.raises(CounterpoiseError, match="holds no game"):
        resume(tmp_path)
    (tmp_path / FILE).write_text("[" * 100_000)
    with pytest.raises(CounterpoiseError, match="not JSON"):
        resume(tmp_path)
    with pytest.raises(CounterpoiseError, match="already holds a game"):
        begin(tmp_path)
