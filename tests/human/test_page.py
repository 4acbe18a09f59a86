"""Claims about the page in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from counterpoise.envs.engine.columns import component
from counterpoise.envs.grand_strategy.world import DOES
from counterpoise.envs.scenarios import scenario
from counterpoise.human.saved import FILE, resume
from counterpoise.human.view import ending


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
        """Return the projection in one line once it has changed by what `act` does."""
        before = self.page.locator("#summary").inner_text()
        act()
        self.page.wait_for_function(
            "before => document.getElementById('summary').textContent !== before", arg=before
        )
        return str(self.page.locator("#summary").inner_text())


def test_a_game_from_first_click_to_last_year(
    browser: Any, tmp_path: Path, served: Callable[..., Any], india: tuple[str, ...]
) -> None:
    with served(tmp_path, *india, "--beside", "hawk", "--out", str(tmp_path)) as running:
        tab = Tab(browser, running.addresses[0])
        page = tab.page
        assert page.title() == "India, year 1 – Counterpoise"
        assert page.locator(".power h3").all_inner_texts() == scenario("india").names[1:]
        page.locator("#summary:not(:empty)").wait_for()

        # The projection follows a slider at once.
        tax = page.get_by_label("tax", exact=True)
        summary = tab.summary_after(lambda: tax.fill("0"))
        assert summary.startswith("Tax 5.0 %")
        assert "deficit" in summary
        summary = tab.summary_after(lambda: tax.fill("4"))
        assert summary.startswith("Tax 30.0 %")
        assert page.locator("#projection-lines tr.out").count() >= 8
        assert page.get_by_label("aid to allies").is_disabled()
        assert "You have no ally" in page.locator("#own-parts").inner_text()
        alliance = page.get_by_label("China: alliance")
        closed = alliance.locator("option:disabled").all_inner_texts()
        assert closed == ["withdraw (it is no ally of yours)"]
        demand = page.get_by_label("demand", exact=True)
        assert demand.locator("option").all_inner_texts()[:2] == ["nobody", "of United States"]
        assert page.locator(".power").first.locator(".estimate").count() == 5
        assert page.locator("#own .estimate").count() == 0

        page.locator("#adviser").select_option("dove")
        tab.summary_after(lambda: page.locator("#advise").click())
        tax.fill("4")
        alliance.select_option(label="offer alliance")
        page.locator("#commit").click()
        tab.wait_for_year("Year 2")
        saved = json.loads((tmp_path / FILE).read_text())["steps"][0]["0"]
        assert saved[0] == 4
        order = [name for name in scenario("india").names if name != "India"]
        assert saved[component(DOES.diplomacy, len(order), order.index("China"))] == 1
        assert page.locator("#news li").count() >= 1
        assert page.evaluate("document.activeElement.id") == "news-head"
        for year in (3, 4):
            page.locator("#commit").click()
            tab.wait_for_year(f"Year {year}")
        page.locator("#commit").click()
        tab.wait_for_year("The end")
        rows = page.locator("#ending tbody tr").all_inner_texts()
        assert {row.split("\t")[0] for row in rows} == {"You", "threat balancer", "hawk"}
        table = resume(tmp_path)
        assert table.is_over
        shown = {row.split("\t")[0]: row.split("\t")[1] for row in rows}
        assert shown["You"].replace("−", "-") == f"{table.score(0):.3f}"
        for each in ending(table, 0)["beside"]:
            words = shown[each["name"].replace("_", " ")]
            assert words.replace("−", "-") == f"{each['score']:.3f}"
        assert page.locator("#commit").is_hidden()
        assert "United States, threat balancer" in page.locator("#ending").inner_text()
        assert page.locator("#past li").count() == 4
        assert tab.faults == []
        assert tab.asked
        assert all(url.startswith((running.origin, "data:")) for url in tab.asked)
        page.close()


def test_the_page_works_by_keyboard_and_on_a_phone(
    browser: Any, tmp_path: Path, served: Callable[..., Any], india: tuple[str, ...]
) -> None:
    with served(tmp_path, *india, "--out", str(tmp_path)) as running:
        tab = Tab(browser, running.addresses[0], 390, 844)
        page = tab.page
        page.locator("#summary:not(:empty)").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        # Every control can be reached, is named and shows that it is reached.
        wanted = page.locator(
            "select:not(:disabled):visible, input:not(:disabled):visible, "
            "button:not(:disabled):visible, summary:visible"
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


def test_a_killed_server_resumes_and_the_browser_goes_on(
    browser: Any,
    tmp_path: Path,
    serve: Callable[..., Any],
    served: Callable[..., Any],
    india: tuple[str, ...],
) -> None:
    running = serve(tmp_path, *india, "--out", str(tmp_path))
    tab = Tab(browser, running.addresses[0])
    tab.page.locator("#commit").click()
    tab.wait_for_year("Year 2")
    tab.page.get_by_label("China: alliance").select_option(label="offer alliance")
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
        assert tab.page.get_by_label("China: alliance").input_value() in ("0", "1")
        for words in ("Year 4", "The end"):
            tab.page.locator("#commit").click()
            tab.wait_for_year(words)
        assert json.loads((tmp_path / FILE).read_text())["digests"][:3] == digests
        assert tab.faults == []
        tab.page.close()


def test_two_browsers_play_two_seats(
    browser: Any, tmp_path: Path, served: Callable[..., Any], india: tuple[str, ...]
) -> None:
    with served(tmp_path, *india, "--as", "china", "--out", str(tmp_path)) as running:
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


def test_in_phases_only_open_decisions_are_asked(
    browser: Any, tmp_path: Path, served: Callable[..., Any]
) -> None:
    changes = ("--set", "phased=yes", "--set", "certain_years=1", "--set", "random_ending=1")
    arguments = ("grand_strategy", "--against", "warmonger", *changes, "--out", str(tmp_path))
    with served(tmp_path, *arguments) as running:
        tab = Tab(browser, running.addresses[0])
        assert tab.when() == "Year 1, plan"
        assert tab.page.locator("#own-parts .part").count() >= 10
        tab.page.locator("#commit").click()
        tab.wait_for_year("Year 1, challenge")
        shown = tab.page.locator("#own-parts .part label").all_inner_texts()
        assert shown == ["Demand", "Embargo"]
        assert (
            "Not due in the phase “challenge”: tax" in tab.page.locator("#own-parts").inner_text()
        )
        demand = tab.page.get_by_label("demand", exact=True)
        assert demand.locator("option:not(:disabled)").all_inner_texts() == [
            "nobody", "of power_1", "of power_2", "of power_3",
        ]  # fmt: skip
        assert tab.faults == []
        tab.page.close()


def test_a_game_of_amounts_is_played_in_the_browser(
    browser: Any, tmp_path: Path, served: Callable[..., Any]
) -> None:
    arguments = ("arms_race", "--against", "random", "--set", "horizon=3", "--out", str(tmp_path))
    with served(tmp_path, *arguments) as running:
        tab = Tab(browser, running.addresses[0])
        slider = tab.page.locator("#own-parts input")
        slider.focus()
        tab.page.keyboard.press("ArrowRight")
        for words in ("Year 2", "Year 3", "The end"):
            tab.page.locator("#commit").click()
            tab.wait_for_year(words)
        assert tab.page.locator("#projection").is_hidden()
        assert tab.page.locator("#ending tbody tr").count() >= 2
        assert tab.faults == []
        tab.page.close()
