"""Predictions are read, refused and measured as their files say."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path

import numpy as np
import polars
import pytest

from counterpoise.agents.doctrines.grand_strategy import DOCTRINES
from counterpoise.envs.engine.errors import CounterpoiseError, UnknownNameError
from counterpoise.envs.games.grand_strategy import GAME, Parameters
from counterpoise.evaluation.populations import metrics
from counterpoise.evaluation.populations.episodes import Episodes, play_episodes
from counterpoise.evaluation.populations.metrics import METRICS, measure, metric
from counterpoise.theory import metrics as declared
from counterpoise.theory import prediction
from counterpoise.theory.prediction import Expectation, load, shipped
from counterpoise.training import configuration

# The example that the module's own docstring gives.
GOOD = textwrap.dedent((prediction.__doc__ or "").split("::\n")[1])


@pytest.fixture(scope="module")
def episodes() -> Episodes:
    parameters = Parameters(slips=True, reliability=0.5)
    doctrines = ("chain_ganger", "hawk", "threat_balancer", "economic_nationalist")
    profile = [DOCTRINES[name](parameters, power) for power, name in enumerate(doctrines)]
    return play_episodes(GAME.seated(4), parameters, profile, worlds=60)


def test_there_are_eighteen_and_each_can_be_asked_of_its_population() -> None:
    assert shipped() == [f"P{k}" for k in range(1, 19)]
    for name in shipped():
        made = load(name)
        base = configuration.load(made.population).game_parameters()
        for test in made.tests:
            assert len(test.parameters_at(base)) == len(test.treatment.levels)
            assert all(outcome.metric in METRICS for outcome in test.outcomes)


def test_ten_lines_make_a_prediction(tmp_path: Path) -> None:
    file = tmp_path / "autonomy.toml"
    file.write_text(GOOD)
    made = load(file)
    assert made.name == "autonomy"
    assert made.tests[0].treatment.settings[1] == {"autonomy_cost": 0.02}
    assert made.tests[0].outcomes[0].sign == -1
    file.write_text(GOOD.replace("0.04", "0.03"))
    assert load(file).sha256 != made.sha256


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("falls", "sinks", "expectation"),
        ("source", "sauce", "key in autonomy.toml"),
        ("outcomes", "outcome", "test 1"),
        ("levels = [0.005, 0.02, 0.04]", "levels = [0.005]", "more levels"),
        ('source = "Altfeld 1984"', "", "source is missing"),
        ("title =", "title", "line 2"),
        ('metric = "allies"', 'metric = "alies"', "Did you mean 'allies'"),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, old: str, new: str, told: str) -> None:
    file = tmp_path / "autonomy.toml"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(CounterpoiseError, match=told):
        load(file)


def test_rows_are_living_powers_years_and_their_events_agree(episodes: Episodes) -> None:
    years, events = episodes.years, episodes.events
    assert years.select("world", "year", "power").is_unique().all()
    assert years["demands"].sum() == (events["kind"] == "demand").sum() > 0
    assert years["demanded"].sum() == years["demands"].sum()
    assert years["called"].sum() == (events["kind"] == "call").sum() > 0
    assert years["came"].sum() == (events["result"] == "came").sum() > 0
    assert years["embargoes_suffered"].sum() == (events["kind"] == "embargo").sum() > 0
    assert years["default"].sum() == (events["kind"] == "default").sum()


def test_every_metric_is_a_finite_number_or_says_that_nothing_happened(episodes: Episodes) -> None:
    for name in METRICS:
        value = measure(episodes, Expectation(name, "rises"))
        assert math.isfinite(value), name
        nobody = Episodes(episodes.years.clear(), episodes.events.clear())
        assert math.isnan(measure(nobody, Expectation(name, "rises"))), name


def test_metrics_ask_only_of_whom_and_when_they_are_told(episodes: Episodes) -> None:
    hawk = measure(episodes, Expectation("demand_rate", "rises", seats=(1,)))
    everyone = measure(episodes, Expectation("demand_rate", "rises"))
    others = measure(episodes, Expectation("demand_rate", "rises", seats=(0, 2, 3)))
    assert hawk > everyone > others
    assert measure(episodes, Expectation("allies", "rises", of="unallied")) == 0.0
    assert measure(episodes, Expectation("allies", "rises", of="allied")) >= 1.0
    assert measure(episodes, Expectation("external_share", "rises", of="unallied")) == 0.0
    expected = episodes.years.filter(polars.col("year") < 5)["procurement"].mean()
    got = measure(episodes, Expectation("procurement_share", "rises", years=(0, 5)))
    assert got == pytest.approx(expected)


def test_the_same_seed_gives_the_same_tables() -> None:
    parameters = Parameters()
    profile = [DOCTRINES["hawk"](parameters, power) for power in range(4)]
    one, again = (
        play_episodes(GAME.seated(4), parameters, profile, worlds=4, years=6) for _ in range(2)
    )
    assert one.years.equals(again.years)
    assert one.events.equals(again.events)
    assert np.isfinite(one.years.to_numpy()).all()


def test_every_declared_metric_is_implemented_and_means_what_is_declared() -> None:
    assert list(METRICS) == list(declared.METRICS)
    for name, spec in declared.METRICS.items():
        assert METRICS[name].__doc__ == spec.doc
        assert spec.doc.endswith(".")


def test_a_metric_of_ones_own_is_declared_and_then_implemented(
    episodes: Episodes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(metrics, "METRICS", dict(METRICS))
    before = dict(declared.METRICS)

    def upkeep_share(rows: polars.DataFrame) -> float:
        return float(rows["upkeep"].mean()) if len(rows) else math.nan

    try:
        with pytest.raises(UnknownNameError, match="upkeep_share"):
            metric(upkeep_share)
        declared.declare("upkeep_share", declared.MetricSpec("share of GDP", "Upkeep."))
        assert metric(upkeep_share).__doc__ == "Upkeep."
        file = tmp_path / "autonomy.toml"
        file.write_text(GOOD.replace('allies"', 'upkeep_share"'))
        (outcome,) = load(file).tests[0].outcomes
        assert measure(episodes, outcome) == pytest.approx(episodes.years["upkeep"].mean())
        with pytest.raises(CounterpoiseError, match="declared already"):
            declared.declare("allies", declared.MetricSpec("1", "Something else."))
    finally:
        declared.METRICS.clear()
        declared.METRICS.update(before)


def test_an_unknown_outcome_of_a_solved_game_is_refused_when_the_file_is_read(
    tmp_path: Path,
) -> None:
    solved = """
[[solved]]
game = "paradox_of_power"
vary = "inequality=0.5:0.9:3"
outcome = "incme"
expected = "rises"
"""
    file = tmp_path / "autonomy.toml"
    file.write_text(GOOD + solved)
    with pytest.raises(UnknownNameError, match="Did you mean 'income'"):
        load(file)
    file.write_text(GOOD + solved.replace("incme", "income"))
    assert load(file).solved[0].outcome == "income"
