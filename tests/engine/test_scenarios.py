"""Scenarios: real starting points with their sources, and faults named by line and field."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from counterpoise.envs import scenarios
from counterpoise.envs.engine.errors import ScenarioError, UnknownNameError
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.scenarios import scenario, scenario_names

NATO = (Path(scenarios.__file__).parent / "nato_2024.toml").read_text(encoding="utf-8")


def test_nato_2024_holds_what_its_sources_say():
    nato = scenario("nato_2024")
    assert nato.game == "burden_sharing"
    assert len(nato.names) == nato.parameters.powers == 31
    assert nato.parameters.gdp[0] == 100.0
    assert nato.parameters.gdp[9] == pytest.approx(100 * 915 / 29200)
    assert nato.observed["share"][nato.names.index("Poland")] == 0.0407
    assert np.isfinite(nato.observed["share"]).all()
    assert len(nato.sources) == 2


def test_every_shipped_scenario_can_be_read():
    assert [scenario(name).name for name in scenario_names()] == scenario_names()


def test_an_unknown_scenario_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'nato_2024'"):
        scenario("nato_2042")


@pytest.mark.parametrize(
    ("right", "wrong", "field", "message"),
    [
        ("gdp = 43\n", "gdp = -43\n", "power.gdp", "must be a number from"),
        ("gdp = 43\n", "gpd = 43\n", "power.gpd", "Did you mean 'gdp'"),
        ("gdp = 43\n", "gdp = 'much'\n", "power.gdp", "must be a number, not 'much'"),
        ("observed.share = 0.0341", "observed.share = true", "observed.share", "must be a number"),
        ("horizon = 1", "horizon = 0", "parameters.horizon", "whole number from 1 to 100"),
        ("horizon = 1", "horzon = 1", "parameters.horzon", "Did you mean 'horizon'"),
        ('game = "burden_sharing"', 'game = "burden"', "'game'", "no game 'burden'"),
        ("title =", "titel =", "'titel'", "Did you mean 'title'"),
        ("gdp = 17\n", "", "power.name", "missing for 'North Macedonia'"),
        ("gdp = 100.0", "gdp = 0", "scale.gdp", "positive number"),
    ],
)
def test_faults_are_named_by_line_and_field(right, wrong, field, message, tmp_path):
    path = tmp_path / "mine.toml"
    broken = NATO.replace(right, wrong, 1)
    assert broken != NATO
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        scenario(path)
    text = str(caught.value)
    assert field in text
    assert message in text
    line = int(text.split(", line ")[1].split(",")[0])
    if wrong:
        assert broken.splitlines()[line - 1].strip() == wrong.strip().splitlines()[0] or (
            broken.splitlines()[line - 1].startswith(wrong)
        )


def test_a_scenario_of_an_earlier_version_says_what_replaced_it(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        "title = 'x'\ngame = 'grand_strategy'\nsources = []\n[parameters]\ncrowding = 0.25\n"
    )
    with pytest.raises(ScenarioError, match=r"'crowding'.*grand_strategy v1 replaced v0, because"):
        scenario(path)


def test_what_a_scenario_gives_is_what_play_begins_with(tmp_path):
    path = tmp_path / "mine.toml"
    head = "title = 'x'\ngame = 'grand_strategy'\nsources = []\n[parameters]\n"
    path.write_text(head + "start_product = [2.0, 1.0, 1.0]\n")
    given = scenario(path).parameters
    assert given.size_spread == 0.0
    assert given.proximity_spread == given.declarations["proximity_spread"].default
    path.write_text(head + "start_product = [2.0, 1.0, 1.0]\nsize_spread = 0.3\n")
    assert scenario(path).parameters.size_spread == 0.3


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_with_sizes_of_its_own_begins_with_them(name):
    found = scenario(name)
    sizes = getattr(found.parameters, "start_product", None)
    if sizes is not None and len(set(sizes)) > 1:
        worlds = Worlds(found.game, 3, found.parameters)
        worlds.reset(0)
        assert worlds.records["product"][:, : len(sizes)] == pytest.approx(np.array([sizes] * 3))


def test_a_syntax_error_is_named_by_line(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("title = 'x'\ngame = = 3\n")
    with pytest.raises(ScenarioError, match="line 2"):
        scenario(path)
