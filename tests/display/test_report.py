"""Tests of figures, replay and report: complete, self-contained, and shown by a browser."""

from __future__ import annotations

import html.parser
import json
import os
import re
from pathlib import Path
from typing import Any

import polars
import pytest

from counterpoise.agents.named import profile
from counterpoise.display import figures
from counterpoise.display.appearance import Display
from counterpoise.display.numbers import number
from counterpoise.display.replay import replay_data
from counterpoise.display.report import write_report
from counterpoise.display.text import frame, show_in_terminal
from counterpoise.envs.engine.registration import game
from counterpoise.evaluation.equilibrium.comparison import Comparison
from counterpoise.evaluation.playback import long_episode, play_episode, power_names


@pytest.fixture(scope="session")
def page(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(comparison, tmp_path_factory.mktemp("report"), title="A <trial> & more")


class Links(html.parser.HTMLParser):
    """Collects what a page would fetch or link to, its ids and its replays."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.linked: list[str] = []
        self.ids: list[str] = []
        self.referred: list[str] = []
        self.data: list[Any] = []
        self.frames: list[str] = []
        self._is_data = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            value = value or ""
            if name == "id":
                self.ids.append(value)
            elif name == "href" and tag == "a":
                self.linked.append(value)
            elif name == "xlink:href" or (name == "href" and tag == "use"):
                self.referred.append(value)
            elif name in ("src", "href", "srcset", "data"):
                self.fetched.append(value)
            elif name == "srcdoc":
                self.frames.append(value)
        self._is_data = tag == "script" and ("type", "application/json") in attributes

    def handle_data(self, data: str) -> None:
        if self._is_data:
            self.data.append(json.loads(data))
            self._is_data = False


# -- figures ---------------------------------------------------------------------------------------


def test_every_axis_of_every_figure_says_what_it_shows(comparison: Comparison) -> None:
    for group in comparison.groups:
        for picture in figures.pictures(group):
            assert picture.words
            for axes in picture.figure.axes:
                shares_with_a_labelled_neighbour = (
                    len(axes.get_shared_y_axes().get_siblings(axes)) > 1
                )
                assert axes.get_ylabel() or shares_with_a_labelled_neighbour, picture.title


def test_a_new_game_gets_bars_of_its_outcomes(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "display_of", lambda game: Display())
    names = [picture.name for picture in figures.pictures(comparison.groups[2])]
    assert names == ["learning", "outcomes"]
    assert len(figures.composite(comparison).subfigs) == 4


def test_one_picture_of_all_games_is_written(comparison: Comparison, tmp_path: Path) -> None:
    figures.write_png(figures.composite(comparison), tmp_path / "all.png")
    assert (tmp_path / "all.png").read_bytes().startswith(b"\x89PNG")


# -- replay ----------------------------------------------------------------------------------------


def test_every_year_of_every_game_can_be_shown(game_name: str) -> None:
    the_game = game(game_name)
    parameters = the_game.parameters()
    episode = long_episode(the_game, parameters, profile("random", the_game, parameters))
    for step in range(episode.steps + 1):
        assert f"year {int(episode.records[step]['year'])}" in frame(episode, step)
    shown = json.loads(json.dumps(replay_data(episode), allow_nan=False))
    assert len(shown["frames"]) == episode.steps + 1
    assert shown["frames"][0]["payoffs"] == []


def test_a_replay_shows_what_was_really_played() -> None:
    the_game = game("burden_sharing")
    parameters = the_game.parameters()
    players = profile("constant:0.02", the_game, parameters)
    episode = play_episode(the_game, parameters, players, names=["A", "B", "C", "D"])
    shown = replay_data(episode)
    first = shown["frames"][1]
    assert [values[1] for values in shown["series"][0]["values"]] == [0.02] * 4
    assert first["payoffs"] == pytest.approx(episode.rewards[0], rel=1e-4)
    assert episode.steps == parameters.horizon
    assert shown["names"] == ["A", "B", "C", "D"]
    everyone = [[one, other] for one in range(4) for other in range(one + 1, 4)]
    assert shown["allied"][first["allied"]] == everyone


def test_powers_are_called_by_their_roles_where_these_differ() -> None:
    assert power_names(game("arms_or_allies"), 2) == ["defender", "challenger"]
    assert power_names(game("arms_race"), 2) == ["power_0", "power_1"]


def test_watching_without_a_terminal_prints_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    the_game = game("arms_race")
    parameters = the_game.parameters(horizon=3)
    episode = play_episode(the_game, parameters, profile("equilibrium", the_game, parameters))
    show_in_terminal(episode, Console(force_terminal=False), delay=0.0)
    assert capsys.readouterr().out.count("arms race · year") == 4


# -- the page --------------------------------------------------------------------------------------


def test_the_report_needs_nothing_but_itself(page: Path) -> None:
    text = page.read_text()
    found = Links(text)
    assert [link for link in found.fetched if not link.startswith("data:")] == []
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", text)
    relative = [link for link in found.linked if not link.startswith("#")]
    assert relative
    for link in relative:
        polars.read_parquet(page.parent / link)


def test_links_and_drawings_refer_to_what_is_there_once(page: Path) -> None:
    found = Links(page.read_text())
    assert len(found.ids) == len(set(found.ids))
    anchors = [link[1:] for link in found.linked if link.startswith("#")]
    assert set(anchors) <= set(found.ids)
    assert {link[1:] for link in found.referred} <= set(found.ids)
    clipped = set(re.findall(r"url\(#([^)]+)\)", page.read_text()))
    assert clipped <= set(found.ids)


def test_the_report_says_that_a_target_is_not_met(page: Path, comparison: Comparison) -> None:
    text = page.read_text()
    assert text.count("NOT met") >= sum(group.is_met is False for group in comparison.groups)
    assert "at least 3 seeds are needed" in text
    for group in comparison.groups:
        for run in group.runs:
            assert os.path.relpath(run.folder.resolve(), page.parent) in text


def test_what_users_write_is_not_taken_for_html(page: Path) -> None:
    text = page.read_text()
    assert "<h1>A &lt;trial&gt; &amp; more</h1>" in text
    assert "<trial>" not in text


def test_every_group_has_a_replay_of_what_was_learned_and_of_the_equilibrium(
    page: Path, comparison: Comparison
) -> None:
    replays = [Links(each) for each in Links(page.read_text()).frames]
    assert len(replays) == len(comparison.groups)
    for group, replay in zip(comparison.groups, replays, strict=True):
        assert replay.fetched == ["data:,"]
        (data,) = replay.data
        assert data["names"] == group.power_names
        assert data["players"] == [each.name for each in group.runs[0].profile()]
        assert [len(each) for each in data["equilibrium"]["series"]] == (
            [group.powers] * len(data["series"])
        )


def test_a_page_is_put_where_it_is_asked_for(comparison: Comparison, tmp_path: Path) -> None:
    one = Comparison(comparison.groups[:1])
    assert write_report(one, tmp_path / "race.html") == tmp_path / "race.html"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "race-summary.parquet",
        "race.html",
        "race.parquet",
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (None, "–"), (float("nan"), "–"), (0.01234, "0.0123"), (-2.5, "−2.50"),
     (1234.5, "1234"), (2.34e-5, "2.3e−5")],
)  # fmt: skip
def test_numbers_are_written_as_people_write_them(value: float | None, words: str) -> None:
    assert number(value) == words


# -- in a browser ----------------------------------------------------------------------------------


def test_the_report_works_in_a_browser(browser: Any, page: Path, comparison: Comparison) -> None:
    faults: list[str] = []
    asked: list[str] = []
    tab = browser.new_page(viewport={"width": 1100, "height": 900})
    tab.on("console", lambda message: faults.append(message.text))
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    assert tab.title() == "A <trial> & more"

    replays = tab.locator(".replay iframe")
    assert replays.count() == len(comparison.groups)
    first = tab.frame_locator(".replay iframe").first
    assert first.locator(".numbers tbody tr").count() == comparison.groups[0].powers
    assert first.locator("#when").inner_text() == "the start"
    slider = first.locator("#scrub")
    slider.fill("1")
    before = first.locator(".numbers tbody").inner_text()
    slider.fill("5")
    assert first.locator("#when").inner_text() == "year 5"
    assert first.locator(".numbers tbody").inner_text() != before
    learned = first.locator(".numbers tbody").inner_text()
    first.locator("#ghost").uncheck()
    assert first.locator(".numbers tbody").inner_text() != learned
    slider.fill("0")
    assert first.locator("#when").inner_text() == "the start"
    first.locator("#play").click()
    tab.wait_for_timeout(800)
    assert first.locator("#when").inner_text() == "year 1"
    for frame_of_replay in replays.all():
        assert frame_of_replay.bounding_box()["width"] > 900

    for drawing in tab.locator("figure svg").all():
        box = drawing.bounding_box()
        assert box["width"] > 300
        assert box["height"] > 100
    for width in (1100, 390):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.emulate_media(color_scheme="dark")
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.emulate_media(color_scheme="light")
    assert dark != tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.close()
    assert faults == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
