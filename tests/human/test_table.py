"""Claims about the table: decisions, checks, playing a step, scores."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoise.agents.named import doctrines
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.human.saved import FILE, SavedTable, resume
from counterpoise.human.table import Refused, Table
from counterpoise.human.view import projection, view
from counterpoise.training.configuration import load
from counterpoise.training.learn import train

Begin = Callable[..., SavedTable]
SHORT = {"certain_years": 4, "random_ending": 1.0}


def test_looking_asking_and_projecting_change_nothing(
    tmp_path: Path, begin: Begin, everyone_proposes: Callable[[Table], None]
) -> None:
    table = begin(tmp_path, against="random")
    twin = begin(tmp_path / "twin", against="random")
    for _ in range(3):
        before = table.digest()
        for name in doctrines("grand_strategy"):
            projection(table, 0, table.advise(0, name))
        view(table, 0)
        assert table.digest() == before
        everyone_proposes(table)
        everyone_proposes(twin)
    assert table.digests == twin.digests


GOOD = [0] * 14 + [0] * 12


@pytest.mark.parametrize(
    "action",
    [None, {}, "12", [], GOOD[:-1], [*GOOD, 0], [*GOOD[:-1], 2], [-1, *GOOD[1:]], [8, *GOOD[1:]],
     [1.0, *GOOD[1:]], [True, *GOOD[1:]], ["1", *GOOD[1:]], [None, *GOOD[1:]], [[1], *GOOD[1:]],
     [10**30, *GOOD[1:]], [*GOOD[:9], 1, *GOOD[10:]]],
)  # fmt: skip
def test_an_invalid_decision_is_refused_and_changes_nothing(
    tmp_path: Path, action: Any, begin: Begin
) -> None:
    table = begin(tmp_path)
    before, saved = table.digest(), (tmp_path / FILE).read_text()
    for ask in (
        lambda seat, given: projection(table, seat, given),
        lambda seat, given: table.commit(seat, 0, given),
    ):
        with pytest.raises(Refused):
            ask(0, action)
    assert (table.digest(), table.step) == (before, 0)
    assert not view(table, 0)["has_decided"]
    assert (tmp_path / FILE).read_text() == saved
    table.commit(0, 0, GOOD)
    assert table.step == 1


@pytest.mark.parametrize(
    "amount", [float("nan"), float("inf"), 1e9, -1e9, 10**400, "1", None, True]
)
def test_an_amount_out_of_its_bounds_is_refused(tmp_path: Path, amount: Any, begin: Begin) -> None:
    table = begin(tmp_path, "arms_race", against="random")
    with pytest.raises(Refused, match="a number from"):
        table.commit(0, 0, [amount])
    assert table.step == 0


def test_a_decision_for_another_year_or_after_the_end_is_refused(
    tmp_path: Path, begin: Begin, play_on: Callable[..., None]
) -> None:
    table = begin(tmp_path, **SHORT)
    with pytest.raises(Refused, match="another year"):
        table.commit(0, 1, table.proposal(0))
    play_on(table)
    with pytest.raises(Refused, match="over"):
        table.commit(0, table.step, table.proposal(0))


def test_a_person_with_nothing_to_decide_is_not_asked(
    tmp_path: Path, begin: Begin, everyone_proposes: Callable[[Table], None]
) -> None:
    table = begin(tmp_path, "shifting_power", humans=(1,), against="random", years=3)
    asked = []
    while not table.is_over:
        asked.append(view(table, 1)["when"])
        everyone_proposes(table)
    assert asked == [f"year {year}, strike" for year in (1, 2, 3)]
    assert table.step == 6


def test_after_a_persons_power_has_fallen_the_others_play_on_to_the_end(
    tmp_path: Path, begin: Begin, everyone_proposes: Callable[[Table], None]
) -> None:
    table = begin(tmp_path, against="hedger", certain_years=9, random_ending=1.0)
    table.worlds.records["capital"][0, 0] *= 0.02
    everyone_proposes(table)
    assert table.is_over
    assert table.step == 9
    shown = view(table, 0)
    assert {fact["name"]: fact["value"] for fact in shown["own"]}["alive"] == 0.0
    assert "Aland is out of the game." in shown["past"][0]["news"]
    assert [year["payoff"] for year in shown["past"][1:]] == [-1.0] * 8
    assert projection(table, 0, [0] * len(shown["parts"])) is None


def test_every_game_can_be_played_by_a_person_in_its_last_seat(
    game_name: str, tmp_path: Path, begin: Begin
) -> None:
    parameters = game(game_name).parameters()
    last = parameters.powers - 1
    table = begin(tmp_path, game_name, humans=(last,), against="random")
    for _ in range(12):
        if table.is_over:
            break
        shown = json.loads(json.dumps(view(table, last), allow_nan=False))
        assert len(shown["proposal"]) == len(shown["parts"])
        projection(table, last, shown["proposal"])
        table.commit(last, shown["step"], shown["proposal"])
    assert table.step > 0
    assert resume(tmp_path).digests == table.digests


def test_a_person_who_does_as_a_doctrine_does_gets_its_score(tmp_path: Path, begin: Begin) -> None:
    table = begin(tmp_path, against="hedger", beside=("threat_balancer",), certain_years=12)
    while not table.is_over:
        table.commit(0, table.step, table.advise(0, "threat_balancer"))
    ending = view(table, 0)["ending"]
    scores = {each["name"]: each["score"] for each in ending["beside"]}
    assert set(scores) == {"threat_balancer", "hedger"}
    assert ending["score"] == pytest.approx(scores["threat_balancer"], abs=1e-12)
    assert scores["hedger"] != pytest.approx(scores["threat_balancer"], abs=1e-3)
    assert ending["ruled"][:2] == [["Aland", "a person"], ["Boria", "hedger"]]


def test_the_end_shows_what_the_learned_policy_gets_in_the_seat(
    tmp_path: Path, begin: Begin, play_on: Callable[..., None]
) -> None:
    quick = load("grand_strategy")
    batch = 8 * quick.ppo.n_steps * quick.game_parameters().powers
    quick = quick.replace(
        worlds={"count": 8},
        ppo={"batch_size": batch},
        agent_steps=batch,
        parameters={**quick.parameters, **SHORT},
    )
    run = train(quick, tmp_path / "run", seed=0, device="cpu")
    table = begin(tmp_path / "game", humans=(1,), against=str(run.folder), seed=11, certain_years=6)
    play_on(table)
    scores = {each["name"]: each["score"] for each in view(table, 1)["ending"]["beside"]}
    assert set(scores) == {str(run.folder), "internal_balancer"}
    parameters = table.setup.parameters
    with Worlds("grand_strategy", 1, parameters, autoreset=False) as worlds:
        alone = play(worlds, run.profile(parameters=parameters), seed=11)
    expected = alone.returns(parameters.discount)[0, 1]  # type: ignore[attr-defined]
    assert scores[str(run.folder)] == pytest.approx(expected, abs=1e-12)
