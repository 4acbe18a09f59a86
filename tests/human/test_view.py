"""Claims about what a person is shown: the power's own observation, public news, projections."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from counterpoise.human.briefings.grand_strategy import ESTIMATED
from counterpoise.human.saved import SavedTable
from counterpoise.human.view import projection, value_in_words, view

Begin = Callable[..., SavedTable]
SHORT = {"certain_years": 4, "random_ending": 1.0}
NAMES = ["Aland", "Boria", "Cordia", "Doland", "Elbia", "Faria", "Goria", "Hestia"]


# What everyone hears of: `Briefing.news` may tell these of others, and nothing else.
PUBLIC = {
    "alive", "demand", "demanded_by", "outcome", "mobilised", "calls", "comes", "embargo",
    "tribute", "formed", "turnover", "generation", "blackout", "default", "year", "phase", "powers",
}  # fmt: skip


def test_the_projection_is_what_the_year_then_does(tmp_path: Path, begin: Begin) -> None:
    table = begin(
        tmp_path, against="constant:0", powers=3, blackout_rate=0.0, turnover_rate=0.0,
        certain_years=30, debt=[1.1, 0.6, 0.6],
    )  # fmt: skip
    rng = np.random.default_rng(1)
    cuts = defaults = 0
    for _ in range(25):
        parts = view(table, 0)["parts"]
        action = [
            int(rng.choice([k for k, why in enumerate(part["closed"]) if not why]))
            for part in parts
        ]
        # Nobody is pressed, so that nothing happens but the budget.
        for k, part in enumerate(parts):
            if part["name"] in ("embargo", "demand"):
                action[k] = 0
            if part["name"] == "default" and rng.random() < 0.8:
                action[k] = 0
        projected = projection(table, 0, action)
        assert projected is not None
        lines = {line["label"]: line for line in projected["lines"]}
        owed_before = float(table.worlds.records["debt"][0, 0])
        table.commit(0, table.step, action)
        record = table.worlds.records[0]
        output = float(record["output"][0])
        assert float(lines["Output expected"]["amount"]) == pytest.approx(100 * output, abs=0.006)
        assert lines["Tax"]["share"] == pytest.approx(record["revenue"][0] / output)
        assert lines["Debt now"]["share"] == pytest.approx(owed_before / output)
        assert lines["Debt next year"]["share"] == pytest.approx(record["debt"][0] / output)
        balance = next(lines[name] for name in ("Deficit", "Surplus") if name in lines)
        assert balance["share"] == pytest.approx(abs(record["borrowed"][0]) / output)
        assert lines["Arms bought"]["share"] == pytest.approx(record["procurement"][0])
        assert lines["Welfare"]["share"] == pytest.approx(record["welfare"][0])
        assert f"Interest, at {100 * record['interest'][0]:.2f} %" in lines
        paid = sum(line["share"] for line in projected["lines"] if line["kind"] == "out")
        taken = sum(line["share"] for line in projected["lines"][1:] if line["label"] == "Tax")
        assert paid - taken == pytest.approx(record["borrowed"][0] / output)
        is_cut = record["scaling"][0] < 1.0 - 1e-9
        assert is_cut == any(note.startswith("Lenders") for note in projected["warnings"])
        assert bool(record["default"][0]) == any(
            "default" in note for note in projected["warnings"]
        )
        cuts += is_cut
        defaults += int(record["default"][0])
        if not record["alive"][0] or table.is_over:
            break
    assert table.step > 10
    assert cuts
    assert defaults


def test_a_game_without_a_projection_of_its_own_shows_none(tmp_path: Path, begin: Begin) -> None:
    table = begin(tmp_path, "deterrence", against="random", years=2)
    assert projection(table, 0, [1]) is None


def numbers_shown(view: dict[str, Any]) -> tuple[list[float], list[list[float]], list[float]]:
    about = [[fact["value"] for fact in facts] for facts in view["about"]]
    own = [fact["value"] for fact in view["own"]]
    return own, about, [fact["value"] for fact in view["rules"]]


@pytest.mark.parametrize("seat", [0, 2])
def test_every_number_shown_is_a_column_of_the_observation(
    tmp_path: Path, seat: int, begin: Begin, play_on: Callable[..., None]
) -> None:
    table = begin(tmp_path, humans=(seat,), phased=True, **SHORT)
    play_on(table, 6)
    row = table.worlds.observations[0, seat].tolist()
    names = table.worlds.observation_names
    own, about, rules = numbers_shown(view(table, seat))
    others = len(about)
    of_others = [feature.name for feature in table.setup.game.features if feature.others]
    count = len(own)
    assert own == row[:count]
    for k, name in enumerate(of_others):
        assert names[count + k * others] == f"{name}_0"
        assert [facts[k] for facts in about] == row[count + k * others : count + (k + 1) * others]
    assert rules == row[count + len(of_others) * others :]
    assert count + len(of_others) * others + len(rules) == len(row)


@pytest.mark.parametrize(
    ("phased", "steps"), [(False, 7), (True, 4), (True, 5), (True, 6), (True, 7)]
)
def test_what_the_observation_hides_reaches_no_message(
    tmp_path: Path, phased: bool, steps: int, begin: Begin
) -> None:
    """Whatever is changed of others behind the observation's back, the person is told the same."""
    tied = [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    table = begin(tmp_path, phased=phased, allied=tied, against="constant:0", certain_years=40)
    # One decision plays all phases in which there is nothing to decide.
    while table.step < steps:
        kinds = [part["name"] for part in view(table, 0)["parts"]]
        proposed = table.proposal(0)
        kept_ties = [0 if k == "diplomacy" else v for k, v in zip(kinds, proposed, strict=True)]
        table.commit(0, table.step, kept_ties)
    worlds = table.worlds
    kept = worlds.copy()
    action = table.proposal(0)

    def told() -> str:
        return json.dumps([view(table, 0), projection(table, 0, action)])

    assert worlds.records["allied"][0, 0, 1] == 1
    before, seen, masks = told(), worlds.observations[0, 0].copy(), worlds.masks[0, 0].copy()
    rng = np.random.default_rng(0)
    hidden = set()
    for field in set(worlds.records.dtype.names) - PUBLIC - {"over"}:
        worlds.restore(kept)
        values = worlds.records[field][0]
        if values.ndim == 0:
            worlds.records[field][0] = values + 1
        elif values.dtype.kind == "f":
            values[1:] = values[1:] * (1.0 + 0.3 * rng.random(values[1:].shape)) + 0.01
        else:
            values[1:] += 1
        worlds.observe()
        if np.array_equal(seen, worlds.observations[0, 0]) and np.array_equal(
            masks, worlds.masks[0, 0]
        ):
            hidden.add(field)
            assert told() == before, field
    worlds.restore(kept)
    assert told() == before
    assert {
        "random_state", "seed", "capital", "labour", "arms", "readiness", "reserves", "coherence",
        "fear", "tax", "welfare", "aid", "default_years", "stand", "diplomacy", "resolve", "honour",
        "war_cost", "demand_order", "embargo_order", "buy_off", "committed", "written_off",
        "consumption_utils", "security_utils",
        "odds", "output", "security", "revenue", "spending", "borrowed",
    } <= hidden  # fmt: skip


def test_what_is_marked_as_an_estimate_is_what_carries_noise(tmp_path: Path, begin: Begin) -> None:
    exact = view(begin(tmp_path / "exact", noise=0.0), 0)
    noisy = view(begin(tmp_path / "noisy", noise=0.6), 0)
    different = {
        one["name"]
        for before, after in zip(exact["about"], noisy["about"], strict=True)
        for one, other in zip(before, after, strict=True)
        if one["value"] != other["value"]
    }
    assert different == ESTIMATED
    assert exact["own"] == noisy["own"]
    marked = {fact["name"] for facts in noisy["about"] for fact in facts if fact["is_estimate"]}
    assert marked == ESTIMATED
    assert not any(fact["is_estimate"] for fact in noisy["own"])
    assert "60 %" in noisy["notes"][0]
    assert "exact" in exact["notes"][0]


def test_news_tells_of_wars_but_not_their_true_odds(
    tmp_path: Path, begin: Begin, play_on: Callable[..., None]
) -> None:
    table = begin(tmp_path, against="warmonger", certain_years=15)
    play_on(table, 12)
    news = " ".join(line for year in view(table, 0)["past"] for line in year["news"])
    assert "demands something of" in news
    assert "War:" in news or "holds out" in news
    assert "odds" not in news
    assert "%" not in news


def test_in_an_anonymous_game_nobody_is_called_by_name(
    tmp_path: Path, begin: Begin, play_on: Callable[..., None]
) -> None:
    table = begin(tmp_path, humans=(1,), against="warmonger", anonymous=True, certain_years=9)
    play_on(table, 8)
    shown = view(table, 1)
    assert shown["others"] == ["power A", "power B", "power C"]
    news = " ".join(line for year in shown["past"] for line in year["news"])
    assert re.search(r"power [ABC] demands something of", news)
    assert not re.search("|".join(each for each in NAMES if each != "Boria"), news)


def test_what_is_closed_says_why(tmp_path: Path, begin: Begin) -> None:
    table = begin(tmp_path, powers=3, allied=[[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    parts = {(part["name"], part["place"]): part for part in view(table, 0)["parts"]}

    def why_closed(part: str, place: int = -1) -> dict[str, str]:
        shown = parts[part, place]
        return dict(zip(shown["options"], shown["closed"], strict=True))

    for part, about in (("demand", "of"), ("embargo", "against")):
        # Other powers are called by name.
        assert why_closed(part) == {
            "nobody": "", f"{about} {NAMES[1]}": "it is your ally", f"{about} {NAMES[2]}": "",
        }  # fmt: skip
    assert why_closed("diplomacy", 0)["withdraw"] == ""
    assert why_closed("diplomacy", 1)["withdraw"] == "it is no ally of yours"
    assert why_closed("diplomacy", 1)["offer alliance"] == ""
    assert why_closed("buy_off", 0)["pay tribute"] == "it is your ally"
    alone = view(begin(tmp_path / "alone"), 0)["parts"]
    assert next(part for part in alone if part["name"] == "aid")["closed"][1] == "you have no ally"
    for shown in (view(table, 0), view(begin(tmp_path / "phased", phased=True), 0)):
        assert all(part["closed"][0] == "" for part in shown["parts"])


def test_offers_terms_and_the_cost_of_a_war_are_shown(tmp_path: Path, begin: Begin) -> None:
    table = begin(tmp_path, powers=3)
    record = table.worlds.records[0]
    record["offer"][1, 0] = 1
    record["allied"][0, 2] = record["allied"][2, 0] = 1
    record["bound"][0, 2] = record["bound"][2, 0] = 4
    record["war_cost"][0] = 0.07
    table.worlds.observe()
    shown = view(table, 0)
    assert shown["tags"] == [["offers you an alliance"], ["ally, bound for 4 more years"]]
    own = {fact["name"]: fact["words"] for fact in shown["own"]}
    assert own["war_cost"] == "7 % of product"
    leaving = next(
        part for part in shown["parts"] if (part["name"], part["place"]) == ("diplomacy", 1)
    )
    closed = dict(zip(leaving["options"], leaving["closed"], strict=True))
    assert closed["withdraw"] == "the alliance binds you for 4 more years"
    record["bound"][:] = 0
    table.worlds.observe()
    assert view(table, 0)["tags"][1] == ["ally, free to leave"]


def test_values_are_formatted_by_kind_and_unit() -> None:
    assert value_in_words(0.31, "share", "of product") == "31 % of product"
    assert value_in_words(0.31, "share", "1") == "31 %"
    assert value_in_words(0.025, "share", "of 40 years") == "1 year"
    assert value_in_words(np.log(2.0), "log", "log") == "× 2"
    assert value_in_words(-0.02, "amount", "1/year") == "−2 % per year"
    assert value_in_words(1.0, "flag", "1") == "yes"
    assert value_in_words(0.083, "odds", "1") == "8 %"
    assert value_in_words(1.0, "count", "allies") == "1 ally"
    assert value_in_words(0.745, "amount", "1") == "0.745"
