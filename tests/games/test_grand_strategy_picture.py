"""Tests of the full game's pictures and words: a reader can tell what happened, and to whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from counterpoise.display.games.grand_strategy import APPEARANCE, HEIGHT, WIDTH, picture
from counterpoise.envs.adapters.render import render_ansi
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.grand_strategy import GAME, Parameters
from counterpoise.envs.grand_strategy.words import QUIET, events
from counterpoise.envs.grand_strategy.world import (
    BACKED_DOWN,
    BEATEN,
    BUDGET,
    CONCEDED,
    HELD,
    NO_DEMAND,
    RESISTED,
)

NAMES = ["Athens", "Sparta", "Corinth", "Thebes"]
TERM = Parameters().alliance_term


@pytest.fixture
def record() -> Any:
    """Return a world of four powers after a year in which nothing is to be told."""
    worlds = Worlds("grand_strategy", 1)
    worlds.reset(0)
    quiet = worlds.records[0].copy()
    quiet["year"] = 7
    return quiet


def told(record: Any) -> list[str]:
    return events(record, Parameters(), NAMES)


def test_a_quiet_year_is_called_one(record: Any) -> None:
    assert told(record) == [QUIET]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (NO_DEMAND, "Athens demands something of Sparta."),
        (CONCEDED, "which concedes"),
        (RESISTED, "which resists"),
        (BACKED_DOWN, "Athens backs down (odds 40 %)"),
        (HELD, "War (odds 40 %): Sparta holds out"),
        (BEATEN, "War (odds 40 %): Sparta is beaten"),
    ],
)
def test_a_demand_is_told_to_its_end(record: Any, outcome: int, words: str) -> None:
    record["demand"][0], record["demanded_by"][1] = 1, 0
    record["outcome"][1], record["odds"][1] = outcome, 0.4
    (line,) = told(record)
    assert line.startswith("Athens demands something of Sparta")
    assert words in line


def test_it_is_told_who_came_and_who_did_not(record: Any) -> None:
    record["demanded_by"][1], record["outcome"][1] = 0, BACKED_DOWN
    record["calls"][2:4, 1] = 1
    record["comes"][2, 1] = 1
    assert "Corinth comes to its help; Thebes does not come" in told(record)[0]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("embargo", (2, 3)), "Corinth embargoes Thebes."),
        (("tribute", (3, 2)), "Thebes buys off Corinth's embargo."),
        (("formed", (0, 1)), f"New allies, bound for {TERM} years: Athens and Sparta."),
        (("offer", (0, 2)), "Offers of an alliance: Athens to Corinth."),
        (("subsidy", (0, 1)), "Subsidies: Athens to Sparta."),
        (("default", 1), "Sparta defaults on its debt."),
        (("turnover", 2), "Corinth changes its government."),
        (("blackout", 3), "Thebes suffers a blackout."),
        (("generation", ()), "A new generation of arms makes the old ones worth less."),
    ],
)
def test_every_event_has_its_line(record: Any, change: Any, line: str) -> None:
    field, place = change
    if place == ():
        record[field] = 1
    else:
        record[field][place] = 1
    assert told(record) == [line]


def test_what_is_between_two_powers_is_no_public_news(record: Any) -> None:
    record["offer"][0, 2] = record["subsidy"][0, 1] = 1
    record["demanded_by"][1], record["outcome"][1], record["odds"][1] = 0, HELD, 0.4
    (line,) = events(record, Parameters(), NAMES, is_public=True)
    assert line.endswith("War: Sparta holds out.")


def test_the_fallen_are_named(record: Any) -> None:
    record["alive"][2] = 0
    assert told(record) == ["Corinth is out of the game."]


def test_wars_come_first(record: Any) -> None:
    record["demanded_by"][0], record["outcome"][0] = 3, CONCEDED
    record["demanded_by"][1], record["outcome"][1] = 2, BEATEN
    record["blackout"][0] = 1
    first, second, third = told(record)
    assert "War" in first
    assert "concedes" in second
    assert "blackout" in third


def test_the_terminal_tells_it_too(record: Any) -> None:
    record["turnover"][1] = 1
    shown = render_ansi(GAME, record, Parameters(), NAMES)
    assert "Sparta changes its government." in shown


@pytest.mark.parametrize(
    ("field", "place", "value"),
    [("allied", (0, 2), 1), ("embargo", (1, 3), 1), ("debt", 1, 3.0), ("alive", 3, 0),
     ("demanded_by", 2, 0), ("welfare", 0, 0.3)],
)  # fmt: skip
def test_what_changes_in_the_world_changes_in_the_picture(
    record: Any, field: str, place: Any, value: float
) -> None:
    before = picture(record, Parameters(), NAMES)
    assert before.shape == (HEIGHT, WIDTH, 3)
    assert before.dtype == np.uint8
    record[field][place] = value
    if field == "allied":
        record[field][place[::-1]] = value
    after = picture(record, Parameters(), NAMES)
    # The line of words below is cut off: the drawing itself must differ.
    drawn = slice(0, int(0.8 * HEIGHT))
    assert (before[drawn] != after[drawn]).any()


@pytest.mark.parametrize("powers", [2, 8])
def test_any_number_of_powers_fits(powers: int) -> None:
    worlds = Worlds("grand_strategy", 1, {"powers": powers})
    worlds.reset(1)
    names = [f"The long name {power}" for power in range(powers)]
    shown = picture(worlds.records[0], worlds.parameters[0], names)
    edge = np.concatenate([shown[:, :2].reshape(-1, 3), shown[:, -2:].reshape(-1, 3)])
    assert (edge > 200).all(), "nothing runs out of the picture"


def test_the_planned_parts_of_the_budget_are_the_lines_that_have_a_purpose() -> None:
    shown = {field: part.label for part in APPEARANCE.planned for field in part.fields}
    assert shown == {line.name: line.purpose for line in BUDGET if line.purpose}
