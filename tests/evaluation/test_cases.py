"""The course of a case, and results as a notebook reads them."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot
import numpy as np
import polars
import pytest

from counterpoise.display import results
from counterpoise.display.cases import draw, write_courses
from counterpoise.envs.engine.errors import CounterpoiseError, UnknownNameError
from counterpoise.envs.scenarios import scenario
from counterpoise.evaluation.predictions import cases
from counterpoise.evaluation.predictions.plan import make_plan
from counterpoise.theory.prediction import CASES, Expectation, load
from counterpoise.training.configuration import load as load_training
from counterpoise.training.learn import train
from counterpoise.training.runs import Run

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    small = load_training("cases").replace(
        agent_steps=2_000,
        worlds={"count": 16},
        ppo={"n_steps": 8, "batch_size": 512},
        network={"hidden": (8,)},
    )
    folder = tmp_path_factory.mktemp("cases") / "amortised" / "cases"
    return [train(small, folder / f"seed_{seed}" / "run", seed=seed) for seed in range(2)]


@pytest.mark.parametrize("name", CASES)
def test_a_case_looks_at_its_own_power_first(name: str) -> None:
    found = load(name)
    loaded = scenario(found.scenario)
    assert loaded.names[0] == loaded.focus
    for test in found.tests:
        assert all(outcome.seats == (0,) for outcome in test.outcomes)
        for setting in test.treatment.settings:
            for key, values in setting.items():
                if isinstance(values, list):
                    usual = getattr(loaded.parameters, key)
                    assert values[1:] == list(usual[1:]), "only the power looked at is treated"
    make_plan([name])


def test_less_than_the_others_needs_somebody() -> None:
    with pytest.raises(CounterpoiseError, match="less than whom"):
        Expectation("allies", "positive", less_others=True)


def test_the_course_begins_where_the_scenario_does(runs: list[Run]) -> None:
    found = cases.course("europe", runs, worlds=6)
    assert found.seeds == 2
    assert found.years["power"].n_unique() == 6
    assert found.years.select("seed", "year", "power").is_unique().all()
    assert np.allclose(found.ties, found.ties.swapaxes(1, 2)), "alliances are mutual"
    assert (np.diagonal(found.ties, axis1=1, axis2=2) == 0.0).all()
    first = found.years.filter(year=0, seed=0).sort("power")["resilience"].to_numpy()
    assert np.abs(first - np.array(found.scenario.parameters.resilience)).max() < 0.1
    figure = draw(found)
    assert any("6 worlds each" in text.get_text() for text in [figure._suptitle])


def test_courses_are_written_for_scenarios_alone(runs: list[Run], tmp_path: Path) -> None:
    out = runs[0].folder.parents[3]
    plan = make_plan(["india", "P2"], seeds=2)
    written = write_courses(plan, out, tmp_path / "figures")
    assert {path.name for path in written} == {"india_course.parquet", "india_course.png"}
    axes = results.plot_course(tmp_path, "india", "debt")
    assert next(line.get_label() for line in axes.lines) == "India"
    with pytest.raises(UnknownNameError, match="quantity"):
        results.plot_course(tmp_path, "india", "happiness")
    matplotlib.pyplot.close("all")


def test_committed_results_are_read_and_plotted() -> None:
    table = results.curve(RESULTS / "curves/arms_race_fear")
    axes = results.plot_curve(RESULTS / "curves/arms_race_fear", "arms")
    assert len(axes.lines) > table["seed"].n_unique()
    assert len(results.benchmark(RESULTS)) > 50
    with pytest.raises(UnknownNameError, match="outcome"):
        results.plot_curve(RESULTS / "curves/arms_race_fear", "butter")
    with pytest.raises(CounterpoiseError, match="It is made by `counterpoise predict`"):
        results.verdicts(RESULTS / "nowhere")
    matplotlib.pyplot.close("all")


def test_answers_are_plotted_seed_by_seed(tmp_path: Path) -> None:
    rows = [
        {"prediction": "P0", "test": 0, "level": k, "value": float(k), "outcome": 0,
         "metric": "allies", "seed": seed, "measured": k + 0.1 * seed}
        for k in range(3) for seed in range(4)
    ]  # fmt: skip
    polars.DataFrame(rows).write_parquet(tmp_path / "answers.parquet")
    axes = results.plot_answers(tmp_path, "P0", "allies")
    assert len(axes.lines) >= 5
    with pytest.raises(UnknownNameError, match="metric of P0"):
        results.plot_answers(tmp_path, "P0", "butter")
    matplotlib.pyplot.close("all")
