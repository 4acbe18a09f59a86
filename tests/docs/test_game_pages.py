"""The pages of the games agree with what the games declare, as written and as built."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import game_pages
import generated_pages as generated
import prediction_pages
import pytest
from markdown_tables import tables_of

from counterpoise.agents.named import doctrines
from counterpoise.envs.engine.game import Feature
from counterpoise.envs.engine.parameters import parameter
from counterpoise.envs.engine.registration import game
from counterpoise.theory import prediction

DOCS = Path(__file__).resolve().parents[2] / "docs"


def written(name: str) -> str:
    return (DOCS / "games" / f"{name}.md").read_text(encoding="utf-8")


def plain(cell: str) -> str:
    """Return a cell without differences of form: signs, units, marks."""
    return cell.replace("−", "-").replace(" each", "").replace("*seen*", "").strip()


def as_number(cell: str) -> float | str:
    try:
        return float(plain(cell))
    except ValueError:
        return plain(cell)


def as_numbers(cell: str) -> list[float | str]:
    return [as_number(part) for part in re.split(r", | to ", cell)]


def test_a_written_table_of_parameters_has_the_declared_figures(game_name: str) -> None:
    tables = [each for each in tables_of(written(game_name)) if "default" in each.head]
    declared = game(game_name).parameters.declarations
    for table in tables:
        seen = [k for k, head in enumerate(table.head) if head in ("seen", "observed")]
        for row in table.rows:
            names = re.findall(r"`(\w+)`", row[0])
            defaults = as_numbers(row[table.head.index("default")])
            if len(defaults) == len(names):
                for name, default in zip(names, defaults, strict=True):
                    expected = as_numbers(plain(game_pages.default_of(declared[name])))
                    assert [default] == expected, f"{name}: {row}"
            limits = row[table.head.index("range")]
            for name in names if limits else ():
                low, high = declared[name].low, declared[name].high
                assert as_numbers(limits) == [low, high], f"{name}: {row}"
            for name in names:
                if seen:
                    assert (row[seen[0]] == "yes") == declared[name].observed, f"{name}: {row}"


def test_the_built_page_has_every_parameter_feature_and_doctrine(game_name: str) -> None:
    page = game_pages.game_page(written(game_name), game_name)
    the_game = game(game_name)
    for name, declaration in the_game.parameters.declarations.items():
        rows = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        default, limits = game_pages.default_of(declaration), game_pages.range_of(declaration)
        assert any(f"| {default} | {limits} |" in row for row in rows), name
    for feature in the_game.features:
        name = f"{feature.name}_k" if feature.others else feature.name
        assert f"| `{name}` | " in page, name
    for role in the_game.roles:
        for part in role.actions:
            assert f"| {role.name} | `{part.name}`" in page
    for name in [*doctrines(game_name), *the_game.variants]:
        assert f"| `{name}` |" in page, name


def test_the_built_page_keeps_what_was_written(game_name: str) -> None:
    text = written(game_name)
    page = game_pages.game_page(text, game_name)
    replaced = {
        number
        for table in tables_of(text)
        if "default" in table.head or table.section in game_pages.OBSERVATION_HEADINGS
        for number in range(table.first, table.end)
    }
    for number, line in enumerate(text.splitlines()):
        if number not in replaced:
            assert line in page
    for table in tables_of(text):
        if "symbol" in table.head:
            for row in table.rows:
                for symbol in row[1].strip("$").split(", "):
                    assert symbol in page, f"{symbol} of {row}"


def test_the_built_page_shows_its_figure(game_name: str) -> None:
    assert f"../images/{game_name}.png" in game_pages.game_page(written(game_name), game_name)


def test_a_changed_default_shows_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    race = game("arms_race")
    declared = race.parameters.declarations["fear"]
    made = parameter(0.25, 0.0, 2.0, doc="rho: weight.", observed=True).metadata
    changed = type(declared)(name="fear", default=0.25, **made)
    monkeypatch.setitem(race.parameters.declarations, "fear", changed)
    page = game_pages.game_page(written("arms_race"), "arms_race")
    assert "| `fear` | ρ | 0.25 | 0 to 2 |" in page
    assert "| `fear` | ρ | 0.6 | 0 to 1 |" not in page


def test_a_feature_that_the_page_does_not_know_is_shown_in_the_code_s_words() -> None:
    race = game("arms_race")
    extra = Feature("morale", 0.0, 1.0, doc="How they feel.")
    longer = dataclasses.replace(race, features=(*race.features, extra))
    table = game_pages.observation_table(longer)
    assert "| `morale` | 1 | 0 to 1 |  | How they feel |" in table


def test_every_prediction_is_shown_whole() -> None:
    page = prediction_pages.predictions()
    for name in prediction.shipped():
        each = prediction.load(name)
        assert f"## {name}: {each.title}" in page
        assert each.statement in page
        assert each.source in page
        assert each.caution in page
        for test in each.tests:
            assert f"| {test.name} |" in page
            for outcome in test.outcomes:
                assert f"`{outcome.metric}` {outcome.expected}" in page


def test_a_page_that_asks_for_what_there_is_not_is_refused() -> None:
    with pytest.raises(Exception, match="No part 'weather'"):
        generated.expanded("<!-- generated: weather -->")


def test_an_index_gets_the_pages_that_it_does_not_name_and_no_empty_pattern() -> None:
    index = "```{toctree}\n:glob:\n\ntable\ncases/*\ncurves/*\n```\n\n<!-- other pages -->\n"
    pages = ["results/index", "results/table", "results/curves/one", "results/zoo", "start"]
    made = generated.with_whole_contents(index, "results/", pages)
    assert "cases/*" not in made
    assert "curves/*" in made
    assert made.index("zoo") > made.index(":caption: More")
    assert "start" not in made
