"""Tests of the replay page: self-contained, complete, and usable by everyone."""

from __future__ import annotations

import functools
import hashlib
import html.parser
import itertools
import json
import re
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from counterpoise.agents.named import profile
from counterpoise.cli import app as command_line
from counterpoise.display.appearance import appearance_of
from counterpoise.display.games.grand_strategy import APPEARANCE
from counterpoise.display.replay import FOLDER, ReplayPage, news, page_of, replay, replay_data
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.registration import game
from counterpoise.envs.grand_strategy.words import QUIET
from counterpoise.envs.grand_strategy.world import STANDS
from counterpoise.evaluation.playback import Episode, play_episode, who_plays
from counterpoise.theory.regret import equilibrium
from counterpoise.training.configuration import load
from counterpoise.training.learn import train

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "web" / "replay"
# Okabe and Ito 2008.
OKABE_ITO = {
    "#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7",
}  # fmt: skip
# Whoever acts at random does everything that can be done.
QUARRELSOME = "random"
SMALLEST_LETTERS = 9.0


def played(*players: str, steps: int = 30, names: Any = None, **changes: Any) -> Episode:
    cast = who_plays("grand_strategy", players, changes=changes)
    return play_episode(
        cast.game, cast.parameters, cast.profile, names=names or cast.names, steps=steps
    )


@pytest.fixture(scope="module")
def full() -> Episode:
    return played(QUARRELSOME)


@pytest.fixture(scope="module")
def phased() -> Episode:
    return played(QUARRELSOME, phased=True, steps=60)


@pytest.fixture(scope="module")
def long() -> Episode:
    """Return 200 years of eight powers that never leave each other alone."""
    return played(QUARRELSOME, powers=8, certain_years=200, random_ending=1.0, steps=200)


@functools.cache
def random_play(name: str) -> str:
    """Return the page of some years of a game that is played at random."""
    return replay(name, "random", steps=12).html


@pytest.fixture(scope="module")
def race() -> str:
    return replay("arms_race", "tit_for_tat_armer", parameters={"fear": 0.9}).html


def data_in(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="episode">(.*?)</script>', page)
    assert found is not None
    return json.loads(found.group(1))


# -- the data of the page ------------------------------------------------------------------------


def test_every_game_has_a_page(game_name: str) -> None:
    data = data_in(random_play(game_name))
    parameters = game(game_name).parameters()
    steps = len(data["frames"])
    for line in [*data["series"], *data["budget"]]:
        assert [len(values) for values in line["values"]] == [steps] * parameters.powers
    assert len(data["series"]) == len(appearance_of(game(game_name)).series) > 0
    assert [len(frame["payoffs"]) for frame in data["frames"]] == [0] + [parameters.powers] * (
        steps - 1
    )


def test_an_episode_without_words_still_says_when_it_is_over(race: str) -> None:
    assert data_in(race)["news"] == [[30, "The game is over."]]


def test_lines_are_the_games_accounts_to_the_digits_shown() -> None:
    the_game = game("burden_sharing")
    parameters = the_game.parameters()
    episode = play_episode(the_game, parameters, profile("constant:0.02", the_game, parameters))
    data = replay_data(episode)
    share = data["series"][0]
    assert share["label"] == "defence"
    assert share["values"] == [[None] + [0.02] * episode.steps] * parameters.powers
    assert data["frames"][1]["payoffs"] == pytest.approx(episode.rewards[0], rel=1e-4)


def test_shares_of_one_income_are_stacked() -> None:
    data = data_in(replay("guns_and_butter", "random", steps=5).html)
    assert [line["label"] for line in data["budget"]] == [
        "industry", "technology", "military", "consumption",
    ]  # fmt: skip
    sums = np.sum([line["values"][0][1:] for line in data["budget"]], axis=0)
    assert sums == pytest.approx(np.ones(5), abs=1e-4)


@pytest.mark.parametrize("which", ["full", "phased"])
def test_what_is_spent_above_income_is_borrowed(which: str, request: pytest.FixtureRequest) -> None:
    episode = request.getfixturevalue(which)
    data = replay_data(episode)
    closed = [k for k in range(1, episode.steps + 1) if episode.records["phase"][k] == 0]
    assert closed
    has_mobilised = False
    for power in range(episode.parameters.powers):
        for step in closed:
            record = episode.records[step]
            borrowed = 100 * record["borrowed"][power] / record["output"][power]
            income = data["income"]["values"][power][step]
            total = sum(line["values"][power][step] for line in data["budget"])
            assert total - income == pytest.approx(borrowed, abs=5e-3)
            has_mobilised |= data["budget"][6]["values"][power][step] > 0
    assert has_mobilised


def test_the_budget_of_a_year_stands_until_the_next_is_settled(phased: Episode) -> None:
    welfare = replay_data(phased)["budget"][4]["values"][0]
    assert welfare[:4] == [None] * 4
    assert welfare[4] == welfare[5] == welfare[6] == welfare[7]


def test_arrows_are_what_the_words_say(full: Episode) -> None:
    data = replay_data(full)
    kinds = set()
    for frame in data["frames"]:
        words = " ".join(frame["events"])
        ties = frame["ties"]
        for kind, maker, target in ties:
            kinds.add(kind)
            one, other = full.names[maker], full.names[target]
            if kind in ("demand", "war"):
                told = next(
                    line
                    for line in frame["events"]
                    if line.startswith(f"{one} demands something of {other}")
                )
                assert ("War" in told) == (kind == "war")
            elif kind == "embargo":
                assert re.search(rf"{one}\b.* embargo(es)? {other}", words)
            elif kind == "help":
                assert re.search(rf"{one}\b.* comes? to its help", words)
            else:
                assert re.search(rf"{one} buys off .*{other}", words)
        assert words.count(" demands something of ") == sum(
            kind in ("demand", "war") for kind, _, _ in ties
        )
        assert words.count(" War (odds") == sum(kind == "war" for kind, _, _ in ties)
    assert kinds == {kind.name for kind in APPEARANCE.tie_kinds}


def test_the_parts_of_a_payoff_add_up_to_it_in_every_year(full: Episode) -> None:
    data = replay_data(full)
    assert [part["label"] for part in data["payoff"]] == [
        "consumption", "welfare", "security", "autonomy",
    ]  # fmt: skip
    assert all(part["values"][0][0] is None for part in data["payoff"]), "none at the start"
    for step in range(1, full.steps + 1):
        for power in range(len(full.names)):
            parts = [part["values"][power][step] for part in data["payoff"]]
            if None not in parts:
                assert sum(parts) == pytest.approx(full.rewards[step - 1, power], abs=1e-3)


def test_each_crisis_says_what_each_side_ordered_saw_and_would_have_paid(full: Episode) -> None:
    data = replay_data(full)
    explained = 0
    for step in range(1, full.steps + 1):
        before, after = full.records[step - 1], full.records[step]
        reasons = data["frames"][step]["reasons"]
        demands = [
            (int(maker), target)
            for target, maker in enumerate(after["demanded_by"][: len(full.names)])
            if maker >= 0
        ]
        assert len(reasons) == len(demands)
        for (maker, target), reason in zip(demands, reasons, strict=True):
            assert reason["event"] in data["frames"][step]["events"]
            called = np.flatnonzero(after["calls"][:, target]).tolist()
            assert [power for power, _ in reason["lines"]] == [maker, target, *called]
            asked, answered, *helped = (words for _, words in reason["lines"])
            assert f"if resisted: {STANDS[after['stand'][maker]]}." in asked
            place = before["seat"][maker].tolist().index(target)
            names = full.game.observation_names(len(full.names))
            seen = full.observations[step - 1, maker, names.index(f"prospect_{place}")]
            assert f"a chance of {100 * seen:.0f} % to win" in asked
            for words, power in zip((asked, answered), (maker, target), strict=True):
                assert f"cost it {100 * before['war_cost'][power]:.1f} % of product" in words
            for words, ally in zip(helped, called, strict=True):
                is_free = not after["committed"][ally, target]
                assert ("was free" if is_free else "was committed") in words
            explained += 1
    assert explained


def test_a_game_that_declares_nothing_explains_nothing() -> None:
    data = data_in(random_play("deterrence"))
    assert data["payoff"] == []
    assert all(frame["reasons"] == [] for frame in data["frames"])


def test_the_fallen_have_no_lines_any_more(full: Episode) -> None:
    records = full.records.copy()
    records["alive"][10:, 1] = 0
    fallen = Episode(
        full.game, full.parameters, full.names, records, full.actions, full.rewards,
        full.observations, full.seed,
    )  # fmt: skip
    data = replay_data(fallen)
    arms = data["series"][0]["values"]
    assert arms[1][10:] == [None] * (full.steps + 1 - 10)
    assert None not in arms[1][:10] + arms[0]
    assert data["alive"][1] == [1] * 10 + [0] * (full.steps + 1 - 10)


def test_every_event_is_news_once_and_quiet_years_are_none(full: Episode) -> None:
    told = [
        (step, line)
        for step, record in enumerate(full.records)
        for line in full.game.events(record, full.parameters, full.names)  # type: ignore[misc]
        if line != QUIET
    ]
    assert len(told) > full.steps / 2
    over = [(full.steps, "The game is over.")] if full.records["over"][-1] else []
    assert news(full, APPEARANCE.quiet) == told + over


def test_what_a_phase_repeats_is_no_news(phased: Episode) -> None:
    listed = news(phased, APPEARANCE.quiet)
    for step in range(1, phased.steps + 1):
        lines = phased.game.events(phased.records[step], phased.parameters, phased.names)  # type: ignore[misc]
        begun = step - int(phased.records["phase"][step - 1])
        for line in lines:
            if line != QUIET:
                assert sum(each == line and begun <= at <= step for at, each in listed) == 1


def test_the_ghost_is_the_equilibrium_played_in_the_same_world(race: str) -> None:
    the_game = game("arms_race")
    parameters = the_game.parameters(fear=0.9)
    solved = equilibrium("arms_race", parameters)
    path = play_episode(the_game, parameters, solved.strategies).records["arms"][:, :2]
    ghost = np.array(data_in(race)["equilibrium"]["series"][2], float)
    np.testing.assert_allclose(ghost.T, path, rtol=1e-4)
    assert data_in(race)["series"][2]["values"][0] != pytest.approx(path[:, 0], rel=1e-2)


def test_the_equilibrium_has_no_ghost_of_itself() -> None:
    data = data_in(replay("arms_race").html)
    assert data["equilibrium"] is None
    assert "is the same" in data["note"]


def test_where_theory_does_not_reach_the_page_says_so() -> None:
    page = replay(
        "arms_or_allies", "random", parameters={"random_ending": 0.0, "discount": 1.0}, steps=6
    ).html
    assert data_in(page)["equilibrium"] is None
    assert "no finite sum" in data_in(page)["note"]


# -- as a file, in a notebook, from the shell ------------------------------------------------------


def test_importing_the_package_of_evaluation_loads_nothing_heavy() -> None:
    code = "import sys, counterpoise.evaluation; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "numba", "polars", "matplotlib"} & set(loaded)
    with pytest.raises(ImportError):
        from counterpoise.evaluation import nothing  # type: ignore[attr-defined] # noqa: F401


def test_the_script_is_built_from_these_sources_and_keeps_the_licence() -> None:
    digest = hashlib.sha256()
    for path in sorted((SOURCES / "source").iterdir()):
        digest.update(path.read_bytes())
    digest.update((SOURCES / "package-lock.json").read_bytes())
    script = (FOLDER / "replay.js").read_text()
    assert digest.hexdigest() in script.splitlines()[0], "make web"
    version = json.loads((SOURCES / "package.json").read_text())["dependencies"]["uplot"]
    assert f"uPlot {version}" in script
    assert "Permission is hereby granted" in script
    assert "</script" not in script.lower()
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text()


class Links(html.parser.HTMLParser):
    """Collects what a page would fetch, and what elements it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attributes if name in ("src", "href")]


def test_the_page_is_one_file_that_fetches_nothing(race: str) -> None:
    assert Links(race).fetched == ["data:,"]
    assert "default-src 'none'" in race
    assert len(race) < 400_000


def test_a_page_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    page = replay("deterrence", steps=1)
    written = page.write(tmp_path / "new" / "page.html")
    assert written.read_text() == page.html
    with pytest.raises(CounterpoiseError, match=r"ends in \.html"):
        page.write(tmp_path / "page.pdf")


def test_a_run_is_replayed_as_it_was_learned(tmp_path: Path) -> None:
    shipped = load("burden_sharing")
    batch = 32 * shipped.game_parameters().powers * shipped.ppo.n_steps
    short = shipped.replace(
        worlds={"count": 32}, ppo={"batch_size": batch}, agent_steps=2 * batch, regret_points=1
    )
    train(short, tmp_path / "run", seed=0, device="cpu")
    data = data_in(replay(tmp_path / "run").html)
    assert data["players"] == ["learned"] * 4
    assert data["equilibrium"] is not None
    with pytest.raises(CounterpoiseError, match="watched as it was learned"):
        replay(tmp_path / "run", "random")


def test_the_command_line_writes_a_page_and_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: not opened.append(url))
    monkeypatch.chdir(tmp_path)
    for arguments, name in (
        (["--page", str(tmp_path / "race.html")], "race.html"),
        (["--open"], "replay.html"),
    ):
        words = ["counterpoise", "watch", "arms_race", "--with", "random", "--steps", "3"]
        monkeypatch.setattr(sys, "argv", [*words, *arguments])
        with pytest.raises(SystemExit) as left:
            command_line.main()
        assert not left.value.code
        assert capsys.readouterr().out.strip() == str(tmp_path / name)
        assert len(data_in((tmp_path / name).read_text())["frames"]) == 4
    assert opened == [(tmp_path / "replay.html").as_uri()]


# -- in a browser ----------------------------------------------------------------------------------


class Tab:
    """A page that is open, and everything that went wrong in it."""

    def __init__(self, browser: Any, path: Path, text: str, **context: Any) -> None:
        path.write_text(text)
        self.faults: list[str] = []
        self.asked: list[str] = []
        size = context.pop("size", (1280, 720))
        self.tab = browser.new_page(viewport={"width": size[0], "height": size[1]}, **context)
        self.tab.on("console", lambda message: self.faults.append(message.text))
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.tab.goto(path.as_uri())

    @property
    def when(self) -> str:
        return str(self.tab.locator("#when").inner_text())

    @property
    def step(self) -> int:
        return int(self.tab.locator("#scrub").input_value())

    @property
    def listed(self) -> list[tuple[int, str]]:
        return [
            (int(step), words)
            for step, words in self.tab.evaluate(
                "[...document.querySelectorAll('.news button')].map("
                "(each) => [each.dataset.step, each.querySelector('.words').textContent])"
            )
        ]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def wait_for(self, reached: Callable[[], bool]) -> None:
        """Wait for at most ten seconds until something is so."""
        for _ in range(500):
            if reached():
                return
            self.tab.wait_for_timeout(20)
        pytest.fail("The page did not come to it in ten seconds.")

    def picture(self, selector: str) -> str:
        """Return what a chart's canvas shows."""
        drawn = "(canvas) => canvas.toDataURL()"
        return str(self.tab.locator(f"{selector} canvas").first.evaluate(drawn))

    def close(self) -> None:
        assert self.faults == []
        assert [url for url in self.asked if not url.startswith(("file:", "data:"))] == []
        self.tab.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Return a function that opens a page; at the end none may have complained or fetched."""
    tabs: list[Tab] = []

    def opened(page: str | Episode, **context: Any) -> Tab:
        text = page if isinstance(page, str) else page_of(page, replay_data(page)).html
        tabs.append(Tab(browser, tmp_path / f"page{len(tabs)}.html", text, **context))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.close()


def test_scrubbing_changes_the_year(opened: Any, full: Episode) -> None:
    tab = opened(full)
    assert tab.when == "the start"
    seen = set()
    for step in (1, 7, 12, full.steps):
        tab.tab.locator("#scrub").fill(str(step))
        assert tab.when == f"year {step}"
        data = replay_data(full)
        told = data["frames"][step]["events"]
        assert tab.tab.locator(".told li").all_inner_texts() == told
        cells = tab.tab.locator(".numbers tbody tr").nth(0).locator("td").all_inner_texts()
        assert float(cells[0].split()[0]) == pytest.approx(
            data["series"][0]["values"][0][step], rel=5e-3
        )
        mark = tab.tab.locator(".lines .now").first.bounding_box()
        seen.add((round(mark["x"]), *cells))
    assert len(seen) == 4


def test_a_chart_is_scrubbed_with_the_pointer(opened: Any, full: Episode) -> None:
    tab = opened(full)
    box = tab.tab.locator(".lines .u-over").nth(2).bounding_box()
    tab.tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert tab.step == pytest.approx(full.steps / 2, abs=1)
    mark = tab.tab.locator(".lines .now").nth(5).bounding_box()
    other = tab.tab.locator(".lines .u-over").nth(5).bounding_box()
    assert mark["x"] - other["x"] == pytest.approx(other["width"] / 2, abs=12)


@pytest.mark.parametrize("which", ["full", "phased", "long"])
def test_every_event_is_listed(opened: Any, which: str, request: pytest.FixtureRequest) -> None:
    episode = request.getfixturevalue(which)
    tab = opened(episode)
    expected = news(episode, APPEARANCE.quiet)
    assert tab.listed == expected
    last = max(step for step, _ in expected)
    tab.tab.locator(f".news button[data-step='{last}']").first.click()
    assert tab.step == last
    current = tab.tab.locator(".news [aria-current] .words").all_inner_texts()
    assert current == [words for step, words in expected if step == last]


def test_the_phases_of_a_year_are_told_apart(opened: Any, phased: Episode) -> None:
    tab = opened(phased)
    seen = []
    for _ in range(5):
        tab.press("ArrowRight")
        seen.append(tab.when)
    assert seen == [
        "year 1, plan", "year 1, challenge", "year 1, answer", "year 1, stand", "year 2, plan",
    ]  # fmt: skip


def test_the_keyboard_alone_does_everything(opened: Any, full: Episode) -> None:
    tab = opened(full)
    tab.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert tab.step == 1
    tab.press("PageDown")
    assert tab.step == 11
    tab.press("PageUp")
    assert tab.step == 1
    tab.press("End", "ArrowRight")
    assert tab.step == full.steps
    tab.press("Home", "ArrowLeft")
    assert tab.step == 0
    happened = sorted({step for step, _ in tab.listed})
    tab.press("n", "n")
    assert tab.step == happened[2]
    tab.press("p")
    assert tab.step == happened[1]
    speeds = tab.tab.locator("#speed")
    before = int(speeds.input_value())
    tab.press("+", "+", "-")
    assert int(speeds.input_value()) == before + 1
    tab.press("+", "+", "+", "+", "+")
    tab.press("Home", " ")
    assert tab.tab.locator("#play").inner_text() == "Pause"
    tab.wait_for(lambda: tab.step >= 3)
    tab.press(" ")
    stopped = tab.step
    assert tab.tab.locator("#play").inner_text() == "Play"
    tab.tab.wait_for_timeout(200)
    assert tab.step == stopped
    for key, power in (("3", 2), ("]", 3), ("]", 3), ("[", 2)):
        tab.press(key)
        assert tab.tab.locator("#power").input_value() == str(power)
        name = full.names[power]
        assert name in tab.tab.locator(".budget h2").inner_text()
        assert name in tab.tab.locator(".numbers tr.chosen").inner_text()
    tab.press("?")
    assert tab.tab.locator("#keys").is_visible()
    tab.press("?")
    assert not tab.tab.locator("#keys").is_visible()


def test_the_tab_key_reaches_every_control_and_the_list(opened: Any, full: Episode) -> None:
    tab = opened(full)
    reached = []
    for _ in range(12):
        tab.press("Tab")
        reached.append(
            tab.tab.evaluate(
                "document.activeElement.id || document.activeElement.getAttribute('aria-label')"
                " || document.activeElement.textContent"
            )
        )
        if "year" in reached[-1] or "first" in reached[-1]:
            break
    assert reached[:4] == ["play", "one step back", "one step forward", "scrub"]
    assert {"speed", "power", "Keys", "numbers"} <= set(reached)
    assert tab.tab.evaluate("document.activeElement.matches('.news button')")
    tab.press("ArrowDown", "ArrowDown", "Enter")
    assert tab.step == tab.listed[2][0]
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert tab.tab.evaluate(outline) != "none"
    # A button that has the focus keeps its space bar.
    tab.tab.get_by_role("button", name="Keys").focus()
    tab.press(" ")
    assert tab.tab.locator("#keys").is_visible()
    assert tab.tab.locator("#play").inner_text() == "Play"


def test_playing_stops_at_the_end_and_begins_anew(opened: Any, race: str) -> None:
    tab = opened(race)
    tab.tab.locator("#speed").select_option("5")
    tab.tab.locator("#scrub").fill("28")
    tab.tab.locator("#play").click()
    tab.wait_for(lambda: tab.tab.locator("#play").inner_text() == "Play")
    assert tab.step == 30
    tab.tab.locator("#play").click()
    tab.wait_for(lambda: 0 < tab.step < 28)


def test_the_ghost_can_be_laid_away(opened: Any, race: str) -> None:
    tab = opened(race)
    tab.press("End")
    chart, row = ".lines figure:nth-child(3)", tab.tab.locator(".numbers tbody tr").first
    before = tab.picture(chart)
    assert "(" in row.inner_text()
    tab.press("g")
    assert not tab.tab.locator("#ghost").is_checked()
    without = tab.picture(chart)
    assert without != before
    assert "(" not in row.inner_text()
    tab.tab.locator("#ghost").check()
    assert tab.picture(chart) == before


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
@pytest.mark.parametrize("which", ["full", "long", "race"])
def test_it_is_readable_on_a_screen_and_on_a_phone(
    opened: Any, which: str, size: tuple[int, int], request: pytest.FixtureRequest
) -> None:
    tab = opened(request.getfixturevalue(which), size=size)
    tab.tab.locator("#scrub").fill("9")
    tab.press("?")
    assert tab.tab.evaluate("document.documentElement.scrollWidth") <= size[0]
    smallest = tab.tab.evaluate(
        """Math.min(...[...document.querySelectorAll('#replay *')]
            .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
            .map((each) => parseFloat(getComputedStyle(each).fontSize)))"""  # noqa: E501
    )
    assert smallest >= SMALLEST_LETTERS
    for control in tab.tab.locator(".controls button, .controls select, #scrub").all():
        box = control.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
        assert box["height"] >= 24
    for chart in tab.tab.locator(".plot").all():
        box = chart.bounding_box()
        assert box["width"] >= 150
        assert box["height"] >= 100
    names = [each.bounding_box() for each in tab.tab.locator(".power .name").all()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= size[0] for box in names)
    overlaps = [
        (one, other)
        for one, other in itertools.combinations(names, 2)
        if one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    ]
    assert not overlaps


def test_the_year_is_seen_without_scrolling(opened: Any, full: Episode) -> None:
    tab = opened(full)
    for shown in ("svg.network", ".budget .plot", ".told", ".lines figure:nth-child(4) .plot"):
        box = tab.tab.locator(shown).bounding_box()
        assert box["y"] + box["height"] <= 720, shown
    phone = opened(full, size=(390, 844))
    phone.tab.mouse.wheel(0, 1200)
    phone.tab.wait_for_timeout(200)
    # The slider stays in view.
    assert 0 <= phone.tab.locator("#scrub").bounding_box()["y"] < 100


def test_nothing_is_told_by_colour_alone(opened: Any, full: Episode) -> None:
    style = (FOLDER / "replay.css").read_text()
    light = style[: style.index("@media")]
    for kind in ("power", "band"):
        colours = re.findall(rf"--{kind}-\d: (#\w+);", light)
        assert len(set(colours)) == 8
        greys = {each for each in colours if each[1:3] == each[3:5] == each[5:7]}
        assert set(colours) - greys - {"#1b1f24"} <= OKABE_ITO
    kinds = APPEARANCE.tie_kinds
    assert {kind.colour.lower() for kind in kinds} <= OKABE_ITO
    assert len({kind.letter for kind in kinds}) == len(kinds)
    tab = opened(full)
    data = replay_data(full)
    step = max(range(len(data["frames"])), key=lambda k: len(data["frames"][k]["ties"]))
    tab.tab.locator("#scrub").fill(str(step))
    letters = {kind.name: kind.letter for kind in kinds}
    drawn = tab.tab.locator(".ties .letter").all_text_contents()
    assert sorted(drawn) == sorted(letters[kind] for kind, _, _ in data["frames"][step]["ties"])
    numbers = tab.tab.locator(".power .number").all_text_contents()
    assert numbers == ["1", "2", "3", "4"]
    legend = tab.tab.locator(".legend li").all_inner_texts()
    assert all(any(kind.label in words for words in legend) for kind in kinds)


def test_it_can_be_heard(opened: Any, full: Episode) -> None:
    tab = opened(full)
    tab.tab.locator("#scrub").fill("9")
    assert tab.tab.locator("#scrub").get_attribute("aria-valuetext") == "year 9"
    by_role = tab.tab.get_by_role
    for role, name in (
        ("button", "Play"), ("button", "one step back"), ("button", "one step forward"),
        ("slider", "step"), ("combobox", "speed"), ("combobox", "power"), ("button", "Keys"),
    ):  # fmt: skip
        assert by_role(role, name=name, exact=False).count() == 1, name
    pictures = tab.tab.locator("figure, svg.network").all()
    assert len(pictures) == 9
    for picture in pictures:
        assert picture.get_attribute("role") == "img"
        assert picture.get_attribute("aria-label")
    network = tab.tab.locator("svg.network")
    heard = network.get_attribute("aria-label")
    assert "year 9" in heard
    for kind, maker, target in replay_data(full)["frames"][9]["ties"]:
        label = next(each.label for each in APPEARANCE.tie_kinds if each.name == kind)
        assert f"{label}: {full.names[maker]} to {full.names[target]}" in heard
    nameless = tab.tab.evaluate(
        "[...document.querySelectorAll('button')].filter((each) =>"
        " !(each.textContent.trim() || each.ariaLabel)).length"
    )
    assert nameless == 0


def test_what_powers_are_called_is_never_markup(opened: Any) -> None:
    names = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", 'A & "B"', "</script>"]
    episode = played("hawk", names=names, steps=6)
    page = page_of(episode, replay_data(episode, players=["<b>who</b>"] * 4), "<i>where</i>").html
    assert Links(page).tags.count("script") == 2
    assert "<script>alert" not in page
    tab = opened(page)
    tab.press("End")
    assert tab.tab.locator(".power .name").all_text_contents() == names
    rows = tab.tab.locator(".numbers tbody th").all_inner_texts()
    assert rows == [f"{k + 1} {name}" for k, name in enumerate(names)]
    assert tab.tab.locator("img, b:text('who'), i").count() == 0


def test_less_motion_is_given_to_whoever_asks(opened: Any, full: Episode) -> None:
    moved = "getComputedStyle(document.querySelector('.power circle')).transitionDuration"
    assert opened(full, reduced_motion="reduce").tab.evaluate(moved) == "0s"
    assert opened(full, reduced_motion="no-preference").tab.evaluate(moved) != "0s"


def test_the_dark_is_dark(opened: Any, full: Episode) -> None:
    tab = opened(full)
    before = tab.picture(".lines")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = tab.tab.evaluate(paper)
    tab.tab.emulate_media(color_scheme="dark")
    assert tab.tab.evaluate(paper) != light
    tab.wait_for(lambda: tab.picture(".lines") != before)


def test_a_notebook_shows_it_in_a_frame(opened: Any, race: str) -> None:
    cell = ReplayPage(race)._repr_html_()
    tab = opened(f"<!doctype html><title>notebook</title><div hidden>{cell}</div>")
    inside = tab.tab.frame_locator("iframe")
    # A folded cell has no room yet; it is filled once it is unfolded.
    assert inside.locator(".plot canvas").first.evaluate("(each) => each.clientWidth") < 150
    tab.tab.evaluate("document.querySelector('div').hidden = false")
    inside.locator("#scrub").fill("4")
    assert inside.locator("#when").inner_text() == "year 4"
    wide = "(each) => each.clientWidth"
    tab.wait_for(lambda: inside.locator(".plot canvas").first.evaluate(wide) > 200)
    assert tab.tab.evaluate("document.querySelector('iframe').contentDocument") is None


def test_two_hundred_years_of_eight_powers_stay_smooth(opened: Any, long: Episode) -> None:
    assert long.steps == 200
    assert len(long.names) == 8
    tab = opened(long)
    # The processor's time of the page's thread, which does not depend on what else goes on here.
    counters = tab.tab.context.new_cdp_session(tab.tab)
    counters.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = counters.send("Performance.getMetrics")["metrics"]
        return 1000.0 * next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    took = []
    for k in range(1, 42):
        before = spent()
        tab.tab.evaluate(
            """async (step) => {
              const scrub = document.getElementById("scrub");
              scrub.value = step;
              scrub.dispatchEvent(new Event("input"));
              // Until the frame is drawn.
              await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            }""",
            (k * 37) % 201,
        )
        took.append(spent() - before)
    assert 0.1 < np.median(took) < 50.0, f"{np.median(took):.1f} ms"
    assert tab.step == (41 * 37) % 201


def test_every_game_plays_in_the_browser(opened: Any, game_name: str) -> None:
    tab = opened(random_play(game_name), size=(390, 844))
    tab.press("End")
    assert tab.when.startswith("year ")
    assert tab.tab.locator(".plot canvas").count() >= len(appearance_of(game(game_name)).series)
    assert tab.tab.evaluate("document.documentElement.scrollWidth") <= 390
