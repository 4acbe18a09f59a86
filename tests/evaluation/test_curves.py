"""Curves: one training over all values of a parameter, and the solved line beneath it."""

from __future__ import annotations

import io

import numpy as np
import polars
import pytest
from rich.console import Console

from counterpoise.display.curves import write
from counterpoise.envs.engine.errors import CounterpoiseError, ParameterError, UnknownNameError
from counterpoise.envs.engine.registration import game
from counterpoise.evaluation.equilibrium import curves
from counterpoise.theory import regret

QUIET = Console(file=io.StringIO())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fear=0:1:3", {"fear": [0.0, 0.5, 1.0]}),
        ("fear=0.1,0.9", {"fear": [0.1, 0.9]}),
        ("a=0:1:2+b=1:0:2", {"a": [0.0, 1.0], "b": [1.0, 0.0]}),
    ],
)
def test_what_varies_is_read(text, expected):
    found = curves.read_vary(text)
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values)


@pytest.mark.parametrize(
    "text",
    [
        "fear",
        "fear=",
        "=1:2:3",
        "fear=0:1",
        "fear=a,b",
        "fear=0:1:1",
        "fear=1",
        "a=1,2+a=1,2",
        "a=1,2+b=1,2,3",
        "fear=0:inf:3",
    ],
)
def test_what_cannot_be_read_is_refused_in_words(text):
    with pytest.raises(ParameterError, match="--vary"):
        curves.read_vary(text)


def test_a_parameter_that_nobody_sees_needs_trainings_of_its_own():
    values = curves.read_vary("grievance=0.5:1:2")
    with pytest.raises(ParameterError, match=r"--separate.*fear"):
        curves.task_of("arms_race", values=values)
    assert curves.task_of("arms_race", values=values, is_separate=True).points == 2


def test_unknown_names_and_values_out_of_range_are_refused_before_anything_is_trained():
    with pytest.raises(UnknownNameError, match="Did you mean 'fear'"):
        curves.task_of("arms_race", values=curves.read_vary("feer=0:1:2"))
    with pytest.raises(UnknownNameError, match="outcome"):
        curves.task_of("arms_race", values=curves.read_vary("fear=0:1:2"), outcomes=["peace"])
    with pytest.raises(ParameterError, match="from 0 to 1"):
        curves.task_of("arms_race", values=curves.read_vary("fear=0:2:2"))
    with pytest.raises(CounterpoiseError, match="is of arms_race"):
        curves.task_of(
            "pledge", values=curves.read_vary("deterrent_effect=0:1:2"), configuration="arms_race"
        )


@pytest.mark.parametrize("name", regret.solved_games())
def test_every_game_has_curves_that_its_theory_draws(name):
    shipped = curves.shipped_curves(name)
    assert 1 <= len(shipped) <= 2
    for curve in shipped:
        task = curves.task_of(name, curve)
        assert game(name).parameters.declarations[task.axis].observed
        for k in (0, task.points - 1):
            outcomes = regret.equilibrium(name, task.parameters(k)).outcomes
            assert all(
                np.isfinite(np.asarray(outcomes[each], float)).all() for each in task.outcomes
            )


def test_worlds_of_one_training_hold_all_values_and_more():
    (task,) = [
        curves.task_of("burden_sharing", each)
        for each in curves.shipped_curves("burden_sharing")
        if each.name == "private_share"
    ]
    (training,) = task.trainings(curves.Path("unused"), seeds=1)
    worlds = training.configuration.world_parameters()
    weights = {(each.private_weight, each.deterrence_weight) for each in worlds}  # type: ignore[attr-defined]
    assert len(weights) == curves.DEALT
    assert all(abs(sum(pair) - 0.04) < 1e-12 for pair in weights)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    out = tmp_path_factory.mktemp("curve")
    task = curves.task_of(
        "paradox_of_power", values=curves.read_vary("inequality=0.5:0.9:3"), is_quick=True
    )
    found = curves.learn_curve(task, out, seeds=3, processes=1, console=QUIET)
    write(found, out)
    return task, out, found


def test_one_training_a_seed_gives_the_whole_curve(learned):
    task, out, curve = learned
    assert len(list(out.glob("amortised/seed_*"))) == 3
    summary = curve.summary()
    assert summary.filter(polars.col("outcome") == "income").height == 3 * 2
    for row in summary.iter_rows(named=True):
        assert row["low"] <= row["learned"] <= row["high"]
        k = int(np.flatnonzero(np.isclose(task.values["inequality"], row["value"]))[0])
        solved = regret.equilibrium("paradox_of_power", task.parameters(k)).outcomes
        assert row["solved"] == pytest.approx(solved[row["outcome"]][row["entry"]])


def test_table_figure_and_data_are_written_and_agree(learned):
    _, out, curve = learned
    assert polars.read_parquet(out / "curve.parquet").equals(curve.table)
    assert (out / "curve.png").read_bytes().startswith(b"\x89PNG")
    text = (out / "curve.md").read_text()
    assert "one training for all values, 3 seeds" in text
    assert text.count("\n| 0.") == curve.summary().height


def test_what_is_trained_is_not_trained_again(learned):
    task, out, curve = learned
    before = {path: path.stat().st_mtime_ns for path in out.rglob("policy.safetensors")}
    again = curves.learn_curve(task, out, seeds=3, processes=1, console=QUIET)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("policy.safetensors")} == before
    assert again.table.equals(curve.table)


def test_separate_trainings_give_a_run_for_each_value_and_seed(tmp_path):
    task = curves.task_of(
        "paradox_of_power",
        values=curves.read_vary("resources=100,200"),
        is_separate=True,
        is_quick=True,
        outcomes=["income"],
    )
    curve = curves.learn_curve(task, tmp_path, seeds=1, processes=1, console=QUIET)
    assert len(list(tmp_path.glob("separate/point_*/seed_0"))) == 2
    solved = curve.summary().sort("value")["solved"].to_list()
    assert solved == pytest.approx([25.0, 25.0, 50.0, 50.0])


def test_whole_numbers_stay_whole():
    (task,) = [
        curves.task_of("buck_passing", each)
        for each in curves.shipped_curves("buck_passing")
        if each.name == "bystanders"
    ]
    assert [task.parameters(k).bystanders for k in range(task.points)] == list(range(7))  # type: ignore[attr-defined]
    assert all(task.parameters(k).powers == 8 for k in range(task.points))
