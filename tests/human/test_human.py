"""Claims about a person at the table: what she is told, what she can do; nothing is lost."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import websockets.exceptions
import websockets.sync.client

from counterpoise.agents.named import doctrines
from counterpoise.cli.app import main
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.scenarios import scenario
from counterpoise.human.briefings.grand_strategy import ESTIMATED
from counterpoise.human.server import MOST_BYTES, MOST_CHARACTERS
from counterpoise.human.session import (
    FILE,
    Refused,
    Session,
    in_words,
    prepare,
    seat_named,
)
from counterpoise.training.configuration import load
from counterpoise.training.learn import train

SHORT = {"certain_years": 4, "random_ending": 1.0}
NAMES = ["Aland", "Boria", "Cordia", "Doland", "Elbia", "Faria", "Goria", "Hestia"]
# What everyone hears of: `Briefing.news` may tell these of others, and nothing else.
PUBLIC = {
    "alive", "demand", "demanded_by", "outcome", "mobilised", "calls", "comes", "embargo",
    "tribute", "formed", "turnover", "generation", "blackout", "default", "year", "phase", "powers",
}  # fmt: skip


def begin(
    folder: Path,
    name: str = "grand_strategy",
    *,
    humans: tuple[int, ...] = (0,),
    against: str = "threat_balancer",
    beside: tuple[str, ...] = (),
    seed: int = 3,
    **changes: Any,
) -> Session:
    the_game = game(name)
    parameters = the_game.parameters.from_mapping(changes)
    setup = prepare(
        the_game,
        parameters,
        NAMES[: parameters.powers],
        humans=humans,
        against=[against],
        beside=beside,
        seed=seed,
    )
    return Session.begin(setup, folder)


def everyone_proposes(session: Session) -> None:
    """Have all people decide what the form holds already."""
    step = session.step
    for seat in session.setup.humans:
        if session.step == step and not session.is_over and not session.view(seat)["has_decided"]:
            session.commit(seat, step, session.proposal(seat))


def play_on(session: Session, steps: int = 1_000) -> None:
    while not session.is_over and session.step < steps:
        everyone_proposes(session)


# -- the account -----------------------------------------------------------------------------------


def test_the_account_is_what_the_year_then_does(tmp_path: Path) -> None:
    session = begin(
        tmp_path, against="constant:0", powers=3, blackout_rate=0.0, turnover_rate=0.0,
        certain_years=30, debt=[1.1, 0.6, 0.6],
    )  # fmt: skip
    rng = np.random.default_rng(1)
    cuts = defaults = 0
    for _ in range(25):
        parts = session.view(0)["parts"]
        action = [
            int(rng.choice([k for k, why in enumerate(part["closed"]) if not why]))
            for part in parts
        ]
        # Nobody is pressed, so that nothing happens but the budget.
        for k, part in enumerate(parts):
            if part["name"] == "stance" and part["options"][action[k]] in ("embargo", "demand"):
                action[k] = 0
            if part["name"] == "default" and rng.random() < 0.8:
                action[k] = 0
        account = session.weigh(0, action)
        assert account is not None
        lines = {line["label"]: line for line in account["lines"]}
        owed_before = float(session.worlds.records["debt"][0, 0])
        session.commit(0, session.step, action)
        record = session.worlds.records[0]
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
        paid = sum(line["share"] for line in account["lines"] if line["kind"] == "out")
        taken = sum(line["share"] for line in account["lines"][1:] if line["label"] == "Tax")
        assert paid - taken == pytest.approx(record["borrowed"][0] / output)
        is_cut = record["scaling"][0] < 1.0 - 1e-9
        assert is_cut == any(note.startswith("Lenders") for note in account["notes"])
        assert bool(record["default"][0]) == any("default" in note for note in account["notes"])
        cuts += is_cut
        defaults += int(record["default"][0])
        if not record["alive"][0] or session.is_over:
            break
    assert session.step > 10
    assert cuts
    assert defaults


def test_looking_asking_and_weighing_change_nothing(tmp_path: Path) -> None:
    session = begin(tmp_path, against="random")
    twin = begin(tmp_path / "twin", against="random")
    for _ in range(3):
        before = session.digest()
        for name in doctrines("grand_strategy"):
            session.weigh(0, session.advise(0, name))
        session.view(0)
        assert session.digest() == before
        everyone_proposes(session)
        everyone_proposes(twin)
    assert session.digests == twin.digests


def test_a_game_without_an_account_of_its_own_shows_none(tmp_path: Path) -> None:
    session = begin(tmp_path, "deterrence", against="random", years=2)
    assert session.weigh(0, [1]) is None


# -- what is told ----------------------------------------------------------------------------------


def numbers_told(view: dict[str, Any]) -> tuple[list[float], list[list[float]], list[float]]:
    about = [[fact["value"] for fact in facts] for facts in view["about"]]
    own = [fact["value"] for fact in view["own"]]
    return own, about, [fact["value"] for fact in view["rules"]]


@pytest.mark.parametrize("seat", [0, 2])
def test_every_number_told_is_a_column_of_the_observation(tmp_path: Path, seat: int) -> None:
    session = begin(tmp_path, humans=(seat,), phased=True, **SHORT)
    play_on(session, 6)
    row = session.worlds.observations[0, seat].tolist()
    names = session.worlds.observation_names
    own, about, rules = numbers_told(session.view(seat))
    others = len(about)
    of_others = [feature.name for feature in session.setup.game.features if feature.others]
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
    tmp_path: Path, phased: bool, steps: int
) -> None:
    """Whatever is changed of others behind the observation's back, the person is told the same."""
    tied = [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    session = begin(tmp_path, phased=phased, allied=tied, against="constant:0", certain_years=40)
    # One decision plays all phases in which there is nothing to decide.
    while session.step < steps:
        kinds = [part["name"] for part in session.view(0)["parts"]]
        proposed = session.proposal(0)
        kept_ties = [0 if k == "stance" else v for k, v in zip(kinds, proposed, strict=True)]
        session.commit(0, session.step, kept_ties)
    worlds = session.worlds
    kept = worlds.copy()
    action = session.proposal(0)

    def told() -> str:
        return json.dumps([session.view(0), session.weigh(0, action)])

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
        "fear", "tax", "welfare", "aid", "default_years", "stand", "stance", "resolve", "honour",
        "odds", "output", "security", "revenue", "spending", "borrowed",
    } <= hidden  # fmt: skip


def test_what_is_marked_as_an_estimate_is_what_carries_noise(tmp_path: Path) -> None:
    exact = begin(tmp_path / "exact", noise=0.0).view(0)
    noisy = begin(tmp_path / "noisy", noise=0.6).view(0)
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


def test_news_tells_of_wars_but_not_their_true_odds(tmp_path: Path) -> None:
    session = begin(tmp_path, against="warmonger", certain_years=15)
    play_on(session, 12)
    news = " ".join(line for year in session.view(0)["past"] for line in year["news"])
    assert "demands something of" in news
    assert "War:" in news or "holds out" in news
    assert "odds" not in news
    assert "%" not in news


def test_in_an_anonymous_game_nobody_is_called_by_name(tmp_path: Path) -> None:
    session = begin(tmp_path, humans=(1,), against="warmonger", anonymous=True, certain_years=9)
    play_on(session, 8)
    view = session.view(1)
    assert view["others"] == ["power A", "power B", "power C"]
    news = " ".join(line for year in view["past"] for line in year["news"])
    assert re.search(r"power [ABC] demands something of", news)
    assert not re.search("|".join(each for each in NAMES if each != "Boria"), news)


def test_what_is_closed_says_why(tmp_path: Path) -> None:
    session = begin(tmp_path, powers=3, allied=[[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    parts = {(part["name"], part["place"]): part for part in session.view(0)["parts"]}
    towards_ally = dict(
        zip(*(parts["stance", 0][key] for key in ("options", "closed")), strict=True)
    )
    towards_other = dict(
        zip(*(parts["stance", 1][key] for key in ("options", "closed")), strict=True)
    )
    assert towards_ally["demand"] == "it is your ally"
    assert towards_ally["withdraw"] == ""
    assert towards_other["withdraw"] == "it is no ally of yours"
    assert towards_other["offer alliance"] == ""
    alone = begin(tmp_path / "alone").view(0)["parts"]
    assert next(part for part in alone if part["name"] == "aid")["closed"][1] == "you have no ally"
    for view in (session.view(0), begin(tmp_path / "phased", phased=True).view(0)):
        masks = view["parts"]
        assert all(part["closed"][0] == "" for part in masks)


def test_values_are_told_as_people_say_them() -> None:
    assert in_words(0.31, "of product") == "31 % of product"
    assert in_words(0.025, "of 40 years") == "1 year"
    assert in_words(np.log(2.0), "log") == "× 2"
    assert in_words(-0.02, "1/year") == "−2 % a year"
    assert in_words(1.0, "1", "Whether it is an ally.") == "yes"
    assert in_words(0.083, "1", "Odds that it would.") == "8 %"
    assert in_words(1.0, "allies") == "1 ally"
    assert in_words(0.745, "1") == "0.745"


# -- deciding --------------------------------------------------------------------------------------

GOOD = [0] * 12 + [0] * 9


@pytest.mark.parametrize(
    "action",
    [None, {}, "12", [], GOOD[:-1], [*GOOD, 0], [*GOOD[:-1], 2], [-1, *GOOD[1:]], [8, *GOOD[1:]],
     [1.0, *GOOD[1:]], [True, *GOOD[1:]], ["1", *GOOD[1:]], [None, *GOOD[1:]], [[1], *GOOD[1:]],
     [10**30, *GOOD[1:]], [*GOOD[:9], 1, *GOOD[10:]]],
)  # fmt: skip
def test_a_decision_that_is_none_is_refused_and_changes_nothing(
    tmp_path: Path, action: Any
) -> None:
    session = begin(tmp_path)
    before, saved = session.digest(), (tmp_path / FILE).read_text()
    for ask in (session.weigh, lambda seat, given: session.commit(seat, 0, given)):
        with pytest.raises(Refused):
            ask(0, action)
    assert (session.digest(), session.step) == (before, 0)
    assert not session.view(0)["has_decided"]
    assert (tmp_path / FILE).read_text() == saved
    session.commit(0, 0, GOOD)
    assert session.step == 1


@pytest.mark.parametrize(
    "amount", [float("nan"), float("inf"), 1e9, -1e9, 10**400, "1", None, True]
)
def test_an_amount_out_of_its_bounds_is_refused(tmp_path: Path, amount: Any) -> None:
    session = begin(tmp_path, "arms_race", against="random")
    with pytest.raises(Refused, match="a number from"):
        session.commit(0, 0, [amount])
    assert session.step == 0


def test_a_decision_for_another_year_or_after_the_end_is_refused(tmp_path: Path) -> None:
    session = begin(tmp_path, **SHORT)
    with pytest.raises(Refused, match="another year"):
        session.commit(0, 1, session.proposal(0))
    play_on(session)
    with pytest.raises(Refused, match="over"):
        session.commit(0, session.step, session.proposal(0))


def test_whoever_has_nothing_to_decide_is_not_asked(tmp_path: Path) -> None:
    session = begin(tmp_path, "shifting_power", humans=(1,), against="random", years=3)
    asked = []
    while not session.is_over:
        asked.append(session.view(1)["when"])
        everyone_proposes(session)
    assert asked == [f"year {year}, strike" for year in (1, 2, 3)]
    assert session.step == 6


def test_after_a_persons_power_has_fallen_the_others_play_on_to_the_end(tmp_path: Path) -> None:
    session = begin(tmp_path, against="hedger", certain_years=9, random_ending=1.0)
    session.worlds.records["capital"][0, 0] *= 0.02
    everyone_proposes(session)
    assert session.is_over
    assert session.step == 9
    view = session.view(0)
    assert {fact["name"]: fact["value"] for fact in view["own"]}["alive"] == 0.0
    assert "Aland is out of the game." in view["past"][0]["news"]
    assert [year["payoff"] for year in view["past"][1:]] == [-1.0] * 8
    assert session.weigh(0, [0] * len(view["parts"])) is None


def test_every_game_can_be_played_by_a_person_in_its_last_seat(
    game_name: str, tmp_path: Path
) -> None:
    parameters = game(game_name).parameters()
    last = parameters.powers - 1
    session = begin(tmp_path, game_name, humans=(last,), against="random")
    for _ in range(12):
        if session.is_over:
            break
        view = json.loads(json.dumps(session.view(last), allow_nan=False))
        assert len(view["proposal"]) == len(view["parts"])
        session.weigh(last, view["proposal"])
        session.commit(last, view["step"], view["proposal"])
    assert session.step > 0
    assert Session.resume(tmp_path).digests == session.digests


# -- the end ---------------------------------------------------------------------------------------


def test_a_person_who_does_as_a_doctrine_does_gets_its_score(tmp_path: Path) -> None:
    session = begin(tmp_path, against="hedger", beside=("threat_balancer",), certain_years=12)
    while not session.is_over:
        session.commit(0, session.step, session.advise(0, "threat_balancer"))
    ending = session.view(0)["ending"]
    scores = {each["name"]: each["score"] for each in ending["beside"]}
    assert set(scores) == {"threat_balancer", "hedger"}
    assert ending["score"] == pytest.approx(scores["threat_balancer"], abs=1e-12)
    assert scores["hedger"] != pytest.approx(scores["threat_balancer"], abs=1e-3)
    assert ending["ruled"][:2] == [["Aland", "a person"], ["Boria", "hedger"]]


def test_the_end_shows_what_the_learned_policy_gets_in_the_seat(tmp_path: Path) -> None:
    quick = load("grand_strategy")
    batch = 8 * quick.steps * quick.game_parameters().powers
    quick = quick.replace(
        worlds=8, minibatch=batch, agent_steps=batch, parameters={**quick.parameters, **SHORT}
    )
    run = train(quick, tmp_path / "run", seed=0, device="cpu")
    session = begin(
        tmp_path / "game", humans=(1,), against=str(run.folder), seed=11, certain_years=6
    )
    play_on(session)
    scores = {each["name"]: each["score"] for each in session.view(1)["ending"]["beside"]}
    assert set(scores) == {str(run.folder), "internal_balancer"}
    parameters = session.setup.parameters
    with Worlds("grand_strategy", 1, parameters, autoreset=False) as worlds:
        alone = play(worlds, run.profile(parameters=parameters), seed=11)
    expected = alone.returns(parameters.discount)[0, 1]  # type: ignore[attr-defined]
    assert scores[str(run.folder)] == pytest.approx(expected, abs=1e-12)


# -- saving ----------------------------------------------------------------------------------------


def test_a_saved_game_plays_on_to_the_same_numbers(tmp_path: Path) -> None:
    whole = begin(tmp_path / "whole", humans=(0, 2), against="random", certain_years=8)
    play_on(whole)
    parted = begin(tmp_path / "parted", humans=(0, 2), against="random", certain_years=8)
    while not parted.is_over:
        parted = Session.resume(tmp_path / "parted")
        # One of the two has decided when it is broken off.
        parted.commit(2, parted.step, parted.proposal(2))
        parted = Session.resume(tmp_path / "parted")
        assert parted.view(2)["has_decided"]
        assert parted.view(2)["waiting_for"] == ["Aland"]
        parted.commit(0, parted.step, parted.proposal(0))
    again = Session.resume(tmp_path / "parted")
    assert again.digests == whole.digests == parted.digests
    assert again.score(0) == whole.score(0)
    for seat in (0, 2):
        assert again.view(seat) == whole.view(seat)


def test_a_game_that_comes_out_differently_does_not_go_on(tmp_path: Path) -> None:
    session = begin(tmp_path)
    play_on(session, 3)
    path = tmp_path / FILE
    saved = json.loads(path.read_text())
    saved["steps"][1]["0"][0] = 7 - saved["steps"][1]["0"][0]
    path.write_text(json.dumps(saved))
    with pytest.raises(CounterpoiseError, match="step 2 comes out differently"):
        Session.resume(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"format": 9}, {"steps": None}, {"steps": [{}]}, {"steps": [7]}, {"digests": []},
     {"humans": [9]}, {"humans": []}, {"humans": [0, 0]}, {"decided": {"3": []}}, {"decided": []},
     {"against": ["", "no_such", "", ""]}, {"names": ["A"]}, {"seed": "x"}, {"version": 99},
     {"parameters": {"debt": "much"}}, {"parameters": 3}, {"game": "chess"}, {"title": 1},
     {"beside": [1]}],
)  # fmt: skip
def test_a_file_that_is_no_game_is_refused_in_words(tmp_path: Path, change: dict[str, Any]) -> None:
    session = begin(tmp_path)
    play_on(session, 1)
    path = tmp_path / FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(CounterpoiseError):
        Session.resume(tmp_path)


def test_texts_that_are_no_json_and_folders_that_are_no_game_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CounterpoiseError, match="holds no game"):
        Session.resume(tmp_path)
    (tmp_path / FILE).write_text("[" * 100_000)
    with pytest.raises(CounterpoiseError, match="not JSON"):
        Session.resume(tmp_path)
    with pytest.raises(CounterpoiseError, match="holds a game already"):
        begin(tmp_path)


def test_seats_are_named_in_any_case(tmp_path: Path) -> None:
    names = scenario("india").names
    assert names[seat_named("united_states", names)] == "United States"
    assert seat_named("INDIA", names) == 0
    assert seat_named("power_3", names) == seat_named("3", names) == 3
    for wrong in ("indi", "6", "-1", "²"):
        with pytest.raises(CounterpoiseError, match="There is no power"):
            seat_named(wrong, names)
    with pytest.raises(CounterpoiseError, match="one person"):
        begin(tmp_path, humans=(0, 0))
    with pytest.raises(CounterpoiseError, match="no_such"):
        begin(tmp_path, beside=("no_such",))


# -- the command -----------------------------------------------------------------------------------


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
def test_a_mistake_in_the_command_is_told_in_words(
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


def test_packages_that_are_missing_are_named(
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


# -- the server ------------------------------------------------------------------------------------


@dataclasses.dataclass
class Served:
    """A running ``counterpoise play``: its addresses in order of seats, and its process."""

    addresses: list[str]
    process: subprocess.Popen[str]
    folder: Path

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    @property
    def port(self) -> int:
        found = urllib.parse.urlsplit(self.addresses[0]).port
        assert found is not None
        return found

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        asked.request("GET", path, headers=headers)
        answer = asked.getresponse()
        found = (
            answer.status,
            answer.read().decode(),
            {k.lower(): v for k, v in answer.getheaders()},
        )
        asked.close()
        return found

    def path(self, seat: int = 0) -> str:
        return urllib.parse.urlsplit(self.addresses[seat]).path

    def socket(self, seat: int = 0, **options: Any) -> Any:
        address = self.addresses[seat].replace("http:", "ws:") + "live"
        options = {"origin": self.origin, "proxy": None, **options}
        return websockets.sync.client.connect(address, **options)


def serve(folder: Path, *arguments: str) -> Served:
    process = subprocess.Popen(
        [sys.executable, "-m", "counterpoise", "play", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    addresses = []
    for line in process.stdout:
        addresses += re.findall(r"http://\S+", line)
        if "Saved every year" in line:
            return Served(addresses, process, folder)
    raise AssertionError(f"The server ended: {process.communicate()[1]}")


@contextlib.contextmanager
def served(folder: Path, *arguments: str) -> Iterator[Served]:
    running = serve(folder, *arguments)
    try:
        yield running
    finally:
        running.kill()


INDIA = (
    "grand_strategy", "--scenario", "india", "--as", "india", "--against", "threat_balancer",
    "--seed", "3", "--set", "certain_years=4", "--set", "random_ending=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("table") / "game"
    with served(folder, *INDIA, "--as", "china", "--out", str(folder)) as running:
        yield running


def test_nothing_is_told_without_a_token(table: Served) -> None:
    right = table.path()
    wrong = f"/{'x' * (len(right) - 2)}/"
    assert table.get(right)[0] == 200
    for path in ("/", wrong, wrong + "page.js", wrong[:-1], right[:-2] + "/", "/page.js", "/%ff/"):
        assert table.get(path)[0] in (403, 404), path
    assert table.get(wrong)[0] == 403
    assert table.get(right + "session.py")[0] == 404
    assert table.get(right + "..%2fsession.py")[0] == 404
    assert table.get(right[:-1])[2]["location"] == right
    with pytest.raises(websockets.exceptions.InvalidStatus) as refusal:
        websockets.sync.client.connect(
            f"ws://127.0.0.1:{table.port}{wrong}live", origin=table.origin, proxy=None
        )
    assert refusal.value.response.status_code == 403


def test_another_site_and_another_name_for_this_machine_are_refused(table: Served) -> None:
    path = table.path()
    assert table.get(path, Host=f"rebound.example:{table.port}")[0] == 403
    assert table.get(path, Host="127.0.0.1")[0] == 403
    assert table.get(path, Origin="http://rebound.example")[0] == 403
    assert table.get(path, Origin=table.origin)[0] == 200
    for origin in ("http://rebound.example", "null", table.origin.replace("http", "https"), None):
        with pytest.raises(websockets.exceptions.InvalidStatus) as refusal:
            table.socket(origin=origin)
        assert refusal.value.response.status_code == 403
    with pytest.raises(websockets.exceptions.InvalidStatus):
        table.socket(additional_headers={"Host": f"rebound.example:{table.port}"})


def test_the_server_listens_on_one_address_of_this_machine(table: Served) -> None:
    # All of 127/8 is this machine: a server on every address would answer at this one too.
    asked = http.client.HTTPConnection("127.0.0.2", table.port, timeout=5)
    with pytest.raises(OSError):
        asked.request("GET", table.path())


def test_the_page_may_load_nothing_from_elsewhere(table: Served) -> None:
    _, text, headers = table.get(table.path())
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert re.findall(r'(?:src|href)="([^"]+)"', text) == [
        "data:,",
        "page.css",
        "page.js",
        "#decide",
    ]


@pytest.mark.parametrize(
    "message",
    ["", "no JSON", "[]", "7", "null", "{}", '{"kind": "win"}', '{"kind": "commit"}',
     '{"kind": "commit", "step": true, "action": []}',
     '{"kind": "commit", "step": 0, "action": []}',
     '{"kind": "commit", "step": 0, "action": [NaN]}', '{"kind": "weigh", "action": {"a": 1}}',
     '{"kind": "advise"}', '{"kind": "advise", "name": "../../x"}', "[" * 10_000,
     '{"kind": ' + "9" * 5_000 + "}", "x" * (MOST_CHARACTERS + 1), b"\x00\xff"],
    ids=range(18),
)  # fmt: skip
def test_a_bad_message_is_answered_in_words_and_loses_nothing(
    table: Served, message: str | bytes
) -> None:
    saved = (table.folder / FILE).read_bytes()
    with table.socket() as socket:
        before = json.loads(socket.recv(timeout=10))
        socket.send(message)
        answer = json.loads(socket.recv(timeout=10))
        assert answer["kind"] == "refused"
        assert answer["words"].endswith(".")
        # The same connection still serves.
        socket.send(json.dumps({"kind": "weigh", "number": 5, "action": before["proposal"]}))
        account = json.loads(socket.recv(timeout=10))
        assert (account["kind"], account["number"]) == ("account", 5)
    with table.socket() as socket:
        assert json.loads(socket.recv(timeout=10)) == before
    assert (table.folder / FILE).read_bytes() == saved


def test_a_message_beyond_all_measure_closes_the_connection_and_loses_nothing(
    table: Served,
) -> None:
    with table.socket() as socket:
        before = json.loads(socket.recv(timeout=10))
        socket.send("x" * (MOST_BYTES + 1))
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            socket.recv(timeout=10)
    with table.socket() as socket:
        assert json.loads(socket.recv(timeout=10)) == before


def test_a_seats_token_opens_that_seat_alone(tmp_path: Path) -> None:
    with served(tmp_path, *INDIA, "--as", "china", "--out", str(tmp_path)) as running:
        with running.socket(0) as india, running.socket(1) as china:
            told = [json.loads(each.recv(timeout=10)) for each in (india, china)]
            assert [each["name"] for each in told] == ["India", "China"]
            india.send(json.dumps({"kind": "commit", "step": 0, "action": told[0]["proposal"]}))
            told = [json.loads(each.recv(timeout=10)) for each in (india, china)]
            assert [each["has_decided"] for each in told] == [True, False]
            assert told[0]["waiting_for"] == ["China"]
            assert told[1]["waiting_for"] == []
            assert told[0]["step"] == 0
            # India's token cannot decide for China, whatever it sends.
            for extra in ({}, {"seat": 2}, {"seat": 1}, {"name": "China"}):
                message = {"kind": "commit", "step": 0, "action": told[1]["proposal"], **extra}
                india.send(json.dumps(message))
                assert json.loads(india.recv(timeout=10))["kind"] == "refused"
            china.send(json.dumps({"kind": "commit", "step": 0, "action": told[1]["proposal"]}))
            told = [json.loads(each.recv(timeout=10)) for each in (india, china)]
            assert [each["step"] for each in told] == [1, 1]
        saved = json.loads((tmp_path / FILE).read_text())
        assert sorted(saved["steps"][0]) == ["0", "2"]


def test_stopping_says_how_to_go_on(tmp_path: Path) -> None:
    running = serve(tmp_path, *INDIA, "--out", str(tmp_path))
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=20) == 130
    assert running.process.stderr is not None
    assert f"counterpoise play --resume {tmp_path}" in running.process.stderr.read()
    running.kill()


def test_a_game_is_served_by_one_process_at_a_time(table: Served) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "counterpoise", "play", "--resume", str(table.folder)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "is being played already" in refused.stderr


# -- in a browser ----------------------------------------------------------------------------------


class Tab:
    """A page that is open, with what went wrong on it and what it asked for."""

    def __init__(self, browser: Any, address: str, width: int = 1280, height: int = 720) -> None:
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        self.page.locator("#game").wait_for()

    def when(self) -> str:
        return str(self.page.locator("#when").inner_text())

    def wait_for_year(self, words: str) -> None:
        self.page.wait_for_function(
            "words => document.getElementById('when').textContent === words", arg=words
        )

    def summary_after(self, act: Any) -> str:
        """Return the account in one line once it has changed by what `act` does."""
        before = self.page.locator("#summary").inner_text()
        act()
        self.page.wait_for_function(
            "before => document.getElementById('summary').textContent !== before", arg=before
        )
        return str(self.page.locator("#summary").inner_text())


def test_a_game_from_first_click_to_last_year(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, *INDIA, "--beside", "hawk", "--out", str(tmp_path)) as running:
        tab = Tab(browser, running.addresses[0])
        page = tab.page
        assert page.title() == "India, year 1 – Counterpoise"
        assert page.locator(".power h3").all_inner_texts() == scenario("india").names[1:]
        page.locator("#summary:not(:empty)").wait_for()

        # The account follows a slider at once.
        tax = page.get_by_label("tax", exact=True)
        summary = tab.summary_after(lambda: tax.fill("0"))
        assert summary.startswith("Tax 5.0 %")
        assert "deficit" in summary
        summary = tab.summary_after(lambda: tax.fill("4"))
        assert summary.startswith("Tax 30.0 %")
        assert page.locator("#account-lines tr.out").count() >= 8
        assert page.get_by_label("aid to allies").is_disabled()
        assert "You have no ally" in page.locator("#own-parts").inner_text()
        stance = page.get_by_label("China: towards it")
        closed = stance.locator("option:disabled").all_inner_texts()
        assert closed == ["withdraw (it is no ally of yours)"]
        assert page.locator(".power").first.locator(".estimate").count() == 5
        assert page.locator("#own .estimate").count() == 0

        page.locator("#adviser").select_option("dove")
        tab.summary_after(lambda: page.locator("#advise").click())
        tax.fill("4")
        stance.select_option(label="offer alliance")
        page.locator("#commit").click()
        tab.wait_for_year("Year 2")
        saved = json.loads((tmp_path / FILE).read_text())["steps"][0]["0"]
        assert saved[0] == 4
        order = [name for name in scenario("india").names if name != "India"]
        assert saved[12 + order.index("China")] == 1
        assert page.locator("#news li").count() >= 1
        assert page.evaluate("document.activeElement.id") == "news-head"
        for year in (3, 4):
            page.locator("#commit").click()
            tab.wait_for_year(f"Year {year}")
        page.locator("#commit").click()
        tab.wait_for_year("The end")
        rows = page.locator("#ending tbody tr").all_inner_texts()
        assert {row.split("\t")[0] for row in rows} == {"You", "threat balancer", "hawk"}
        session = Session.resume(tmp_path)
        assert session.is_over
        shown = {row.split("\t")[0]: row.split("\t")[1] for row in rows}
        assert shown["You"].replace("−", "-") == f"{session.score(0):.3f}"
        for each in session.ending(0)["beside"]:
            words = shown[each["name"].replace("_", " ")]
            assert words.replace("−", "-") == f"{each['score']:.3f}"
        assert page.locator("#commit").is_hidden()
        assert "United States, threat balancer" in page.locator("#ending").inner_text()
        assert page.locator("#past li").count() == 4
        assert tab.faults == []
        assert tab.asked
        assert all(url.startswith((running.origin, "data:")) for url in tab.asked)
        page.close()


def test_the_page_works_by_keyboard_and_on_a_phone(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, *INDIA, "--out", str(tmp_path)) as running:
        tab = Tab(browser, running.addresses[0], 390, 844)
        page = tab.page
        page.locator("#summary:not(:empty)").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        # Every control can be reached, is named and shows that it is reached.
        wanted = page.locator(
            "select:not(:disabled), input:not(:disabled), button:not(:disabled), summary"
        ).count()
        reached = set()
        page.keyboard.press("Tab")
        for _ in range(wanted + 10):
            found = page.evaluate(
                """() => {
                    const at = document.activeElement;
                    const all = [...document.querySelectorAll("select, input, button, summary")];
                    const style = getComputedStyle(at);
                    const name = at.getAttribute("aria-label") || at.textContent
                        || (at.labels && at.labels[0] && at.labels[0].textContent);
                    return [all.indexOf(at), style.outlineStyle + style.outlineWidth, name || ""];
                }"""
            )
            if found[0] >= 0:
                reached.add(found[0])
                assert found[1] == "solid3px", found
                assert found[2].strip(), found
            page.keyboard.press("Tab")
        assert len(reached) == wanted
        tax = page.get_by_label("tax", exact=True)
        tax.focus()
        page.keyboard.press("Home")
        summary = tab.summary_after(lambda: page.keyboard.press("ArrowRight"))
        assert summary.startswith("Tax 15.0 %")
        assert tax.get_attribute("aria-valuetext") == "15 %"
        page.keyboard.press("Control+Enter")
        tab.wait_for_year("Year 2")
        page.get_by_label("welfare").focus()
        page.keyboard.press("Enter")
        tab.wait_for_year("Year 3")
        for width, height in ((1280, 720), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            box = page.locator("#commit").bounding_box()
            assert box["y"] + box["height"] <= height
        assert tab.faults == []
        page.close()


def test_a_killed_server_resumes_and_the_browser_goes_on(browser: Any, tmp_path: Path) -> None:
    running = serve(tmp_path, *INDIA, "--out", str(tmp_path))
    tab = Tab(browser, running.addresses[0])
    tab.page.locator("#commit").click()
    tab.wait_for_year("Year 2")
    tab.page.get_by_label("China: towards it").select_option(label="offer alliance")
    tab.page.locator("#commit").click()
    tab.wait_for_year("Year 3")
    digests = json.loads((tmp_path / FILE).read_text())["digests"]
    state = tab.page.locator("#own").inner_text()
    running.kill()
    tab.page.locator("#connection.lost").wait_for()
    assert tab.page.locator("#commit").is_disabled()
    with served(tmp_path, "--resume", str(tmp_path)) as again:
        assert again.addresses != running.addresses
        tab.page.close()
        tab = Tab(browser, again.addresses[0])
        assert tab.when() == "Year 3"
        assert tab.page.locator("#own").inner_text() == state
        # What was decided last stands in the form again.
        assert tab.page.get_by_label("China: towards it").input_value() in ("0", "1")
        for words in ("Year 4", "The end"):
            tab.page.locator("#commit").click()
            tab.wait_for_year(words)
        assert json.loads((tmp_path / FILE).read_text())["digests"][:3] == digests
        assert tab.faults == []
        tab.page.close()


def test_two_browsers_play_two_seats(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, *INDIA, "--as", "china", "--out", str(tmp_path)) as running:
        india, china = (Tab(browser, address) for address in running.addresses)
        assert india.page.locator("#who").inner_text() == "India"
        assert china.page.locator("#who").inner_text() == "China"
        china.page.get_by_label("tax", exact=True).fill("6")
        india.page.get_by_label("tax", exact=True).fill("2")
        india.page.locator("#commit").click()
        india.page.get_by_text("Waiting for China").wait_for()
        assert india.page.get_by_label("tax", exact=True).is_disabled()
        assert china.when() == "Year 1"
        # A browser that comes back sees that it has decided, and what.
        india.page.reload()
        india.page.get_by_text("Waiting for China").wait_for()
        assert india.page.get_by_label("tax", exact=True).input_value() == "2"
        # What the other had begun to write stays when it hears that someone has decided.
        assert china.page.get_by_label("tax", exact=True).input_value() == "6"
        china.page.locator("#commit").click()
        for tab in (india, china):
            tab.wait_for_year("Year 2")
        saved = json.loads((tmp_path / FILE).read_text())["steps"][0]
        assert (saved["0"][0], saved["2"][0]) == (2, 6)
        for words in ("Year 3", "Year 4", "The end"):
            for tab in (china, india):
                tab.page.locator("#commit").click()
            for tab in (india, china):
                tab.wait_for_year(words)
        assert "in the seats of all people" in china.page.locator("#ending").inner_text()
        for tab in (india, china):
            assert tab.faults == []
            tab.page.close()


def test_in_phases_only_what_is_due_is_asked(browser: Any, tmp_path: Path) -> None:
    changes = ("--set", "phased=yes", "--set", "certain_years=1", "--set", "random_ending=1")
    arguments = ("grand_strategy", "--against", "warmonger", *changes, "--out", str(tmp_path))
    with served(tmp_path, *arguments) as running:
        tab = Tab(browser, running.addresses[0])
        assert tab.when() == "Year 1, plan"
        assert tab.page.locator("#own-parts .part").count() >= 10
        tab.page.locator("#commit").click()
        tab.wait_for_year("Year 1, challenge")
        assert tab.page.locator("#own-parts .part").count() == 0
        assert (
            "Not due in the phase “challenge”: tax" in tab.page.locator("#own-parts").inner_text()
        )
        order = tab.page.get_by_label("power_1: towards it")
        assert order.locator("option:not(:disabled)").all_inner_texts() == [
            "keep", "embargo", "demand",
        ]  # fmt: skip
        assert tab.faults == []
        tab.page.close()


def test_a_game_of_amounts_is_played_in_the_browser(browser: Any, tmp_path: Path) -> None:
    arguments = ("arms_race", "--against", "random", "--set", "horizon=3", "--out", str(tmp_path))
    with served(tmp_path, *arguments) as running:
        tab = Tab(browser, running.addresses[0])
        slider = tab.page.locator("#own-parts input")
        slider.focus()
        tab.page.keyboard.press("ArrowRight")
        for words in ("Year 2", "Year 3", "The end"):
            tab.page.locator("#commit").click()
            tab.wait_for_year(words)
        assert tab.page.locator("#account").is_hidden()
        assert tab.page.locator("#ending tbody tr").count() >= 2
        assert tab.faults == []
        tab.page.close()
