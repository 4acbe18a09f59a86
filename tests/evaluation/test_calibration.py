"""Claims about calibration: what is drawn, eligible and chosen, and what moves what."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
from rich.console import Console

from counterpoise.cli import conduct as commands
from counterpoise.display import calibration as pages
from counterpoise.envs.engine.errors import CounterpoiseError, UnknownNameError
from counterpoise.evaluation.populations import calibration as calibrating
from counterpoise.evaluation.populations.calibration import (
    HELD_OUT,
    USED,
    Band,
    Calibration,
    Plan,
    bands_of,
    calibrate,
    is_eligible,
    make_plan,
    register,
)
from counterpoise.evaluation.populations.conduct import MOMENTS
from counterpoise.evaluation.populations.surrogate import LEAST_DRAWS, fit, indices
from counterpoise.theory import record
from counterpoise.training.configuration import Configuration
from counterpoise.training.learn import train
from counterpoise.training.sections import NetworkOptions, PPOOptions, WorldOptions

LOW, HIGH = np.zeros(3), np.array([1.0, 2.0, 10.0])
RANGES = {"offence": (0.8, 1.8), "stake": (0.02, 0.12), "truce_years": (1.0, 8.0)}
QUIET = Console(quiet=True)


def drawn(count: int) -> np.ndarray[Any, Any]:
    return LOW + np.random.default_rng(0).random((count, 3)) * (HIGH - LOW)


def plan(**changes: Any) -> Plan:
    made = Plan(
        runs=("runs/a",), policies=("0" * 64,), ranges=RANGES, whole=("truce_years",),
        most_changed=0, changes={}, draws=64, worlds=2, years=4,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


# -- surrogates ------------------------------------------------------------------------------------


def test_a_surrogate_finds_a_quadratic_and_nothing_in_noise() -> None:
    points = drawn(200)
    rng = np.random.default_rng(1)
    smooth = 3.0 * points[:, 0] + points[:, 1] ** 2 + points[:, 0] * points[:, 1]
    found = fit(points, smooth + 0.01 * rng.normal(size=200), LOW, HIGH)
    assert found.r2 > 0.99
    there = np.array([[0.5, 1.0, 5.0]])
    assert found(there)[0] == pytest.approx(3.0, abs=0.02)
    assert found.slope(points)[0] == pytest.approx(3.0 + points[:, 1].mean(), abs=0.05)
    assert abs(found.slope(points)[2]) < 0.05
    assert fit(points, rng.normal(size=200), LOW, HIGH).r2 < 0.15


def test_draws_without_a_value_are_left_out_and_too_few_are_refused() -> None:
    points = drawn(60)
    values = points.sum(axis=1)
    values[:20] = np.nan
    assert fit(points, values, LOW, HIGH).draws == 40
    values[LEAST_DRAWS - 1 :] = np.nan
    with pytest.raises(CounterpoiseError, match="more draws"):
        fit(points, values, LOW, HIGH)


def test_sobol_indices_are_those_of_the_variance() -> None:
    """Of x + y on the unit cube each takes half; of a product part of it is shared."""
    points = drawn(300)
    scaled = points / HIGH
    names = ["one", "two", "none"]
    added = indices(fit(points, scaled[:, 0] + scaled[:, 1], LOW, HIGH), names)
    assert added["first"].to_list() == pytest.approx([0.5, 0.5, 0.0], abs=0.03)
    assert added["total"].to_list() == pytest.approx([0.5, 0.5, 0.0], abs=0.03)
    product = (scaled[:, 0] - 0.5) * (scaled[:, 1] - 0.5)
    shared = indices(fit(points, product, LOW, HIGH), names)
    assert shared["first"].to_list() == pytest.approx([0.0, 0.0, 0.0], abs=0.03)
    assert shared["total"].to_list() == pytest.approx([1.0, 1.0, 0.0], abs=0.05)
    constant = indices(fit(points, np.full(300, 2.0), LOW, HIGH), names)
    assert constant["total"].to_list() == [0.0, 0.0, 0.0]


# -- draws -----------------------------------------------------------------------------------------


def test_draws_fill_their_ranges_whole_numbers_are_whole_and_more_draws_begin_with_the_fewer() -> (
    None
):
    points = plan(draws=256).points()
    low, high = plan().ends()
    assert (points >= low).all()
    assert (points <= high).all()
    assert points.mean(axis=0) == pytest.approx((low + high) / 2, rel=0.05)
    assert set(points[:, 2]) == set(range(1, 9))
    assert (plan(draws=64).points() == points[:64]).all()
    changes = plan().changes_at(points[0])
    assert isinstance(changes["truce_years"], int)
    assert list(changes) == list(RANGES)


def test_a_folder_is_continued_by_more_draws_and_refuses_another_calibration(
    tmp_path: Path,
) -> None:
    register(plan(), tmp_path)
    register(plan(draws=128, runs=("elsewhere/a",)), tmp_path)
    assert json.loads((tmp_path / calibrating.PLAN).read_text())["draws"] == 128
    with pytest.raises(CounterpoiseError, match="other worlds"):
        register(plan(worlds=3), tmp_path)
    with pytest.raises(CounterpoiseError, match="other policies"):
        register(plan(policies=("1" * 64,)), tmp_path)


# -- the set ---------------------------------------------------------------------------------------


def test_what_is_accepted_is_the_record_s_or_as_stated() -> None:
    bands = bands_of(accept={"demand_rate": (0.05, 0.3), "embargo_rate": (0.0, 0.5)})
    assert set(bands) == {*USED, *HELD_OUT, "embargo_rate"}
    figure = record.moments()["allies_density"].figure
    assert bands["allies_density"] == Band(figure.low, figure.high, "record")
    assert bands["demand_rate"] == Band(0.05, 0.3, "stated")
    with pytest.raises(UnknownNameError, match="demand_rate"):
        bands_of(["demands"])
    with pytest.raises(CounterpoiseError, match="no counterpart in the record"):
        bands_of(["embargo_rate"])


def test_a_share_of_what_never_happened_is_not_eligible() -> None:
    band = {"honour_rate": Band(0.5, 0.9, "stated")}
    assert is_eligible({"honour_rate": 0.6}, band)
    assert not is_eligible({"honour_rate": 0.4}, band)
    assert not is_eligible({"honour_rate": float("nan")}, band)


def calibration(draws: polars.DataFrame, used: tuple[str, ...]) -> Calibration:
    bands = {name: Band(0.4, 0.6, "stated") for name in used}
    inside = draws.filter(polars.all_horizontal(polars.col(used).is_between(0.4, 0.6)))
    usual = {**dict.fromkeys(RANGES, 1.0), **dict.fromkeys(MOMENTS, 0.5)}
    return Calibration(
        plan(), draws, bands, (), {}, dict.fromkeys(MOMENTS, 0.1), inside, usual, usual, 10
    )


def test_an_empty_set_says_which_moments_cannot_be_had_together() -> None:
    draws = polars.DataFrame(
        {
            "draw": [0, 1, 2],
            **{name: [1.0, 2.0, 3.0] for name in RANGES},
            "war_rate": [0.5, 0.5, 0.9],
            "demand_rate": [0.9, 0.9, 0.5],
            "arms_share": [0.5, 0.9, 0.5],
            "allies_density": [0.5, 0.5, 0.5],
        }
    )
    used = ("war_rate", "demand_rate", "arms_share", "allies_density")
    found = calibration(draws, used)
    assert len(found.eligible) == 0
    assert found.conflicts() == [("war_rate", "demand_rate")]
    told = " ".join(pages.verdict(found))
    assert "No draw has these together: war rate, demand rate." in told
    fewer = calibration(draws, ("war_rate", "arms_share"))
    assert fewer.eligible["draw"].to_list() == [0]
    assert fewer.conflicts() == []
    met = {row["moment"]: row for row in fewer.met().to_dicts()}
    assert met["war_rate"]["accepted"] == pytest.approx(2 / 3)
    assert met["war_rate"]["in_set"] == 1.0


def test_the_default_moves_as_little_as_the_accepted_values_allow() -> None:
    """The moment is the first parameter's place in its range: the others stay where they are."""
    asked = plan(ranges={"offence": (0.0, 1.0), "stake": (0.0, 0.1)}, whole=(), draws=128)
    points = asked.points()
    low, high = asked.ends()
    surrogates = {"war_rate": fit(points, points[:, 0], low, high)}
    draws = polars.DataFrame({"offence": points[:, 0], "stake": points[:, 1]})
    eligible = draws.filter(polars.col("offence").is_between(0.6, 0.8))
    usual = {"offence": 0.2, "stake": 0.05}
    nearest, *others = calibrating._least_changes(
        asked, usual, eligible, surrogates, {"war_rate": Band(0.6, 0.8, "stated")}
    )
    assert nearest["offence"] == pytest.approx(0.6, abs=0.01)
    assert nearest["stake"] == pytest.approx(0.05, abs=0.002)
    assert len(others) <= calibrating.CANDIDATES


# -- the whole -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two brief trainings over ranges of two parameters that are observed."""
    folder = tmp_path_factory.mktemp("calibrated")
    training = Configuration(
        name="brief",
        game="grand_strategy",
        agent_steps=512,
        observe=("offence", "stake"),
        drawn={"offence": [0.8, 1.8], "stake": [0.02, 0.12], "debt": [0.2, 0.8]},
        worlds=WorldOptions(count=16),
        network=NetworkOptions(policy="anonymous", permutation_equivariant=True, hidden=(8,)),
        ppo=PPOOptions(n_steps=4, batch_size=256),
    )
    for seed in range(2):
        train(training, folder / f"seed_{seed}", seed=seed, device="cpu")
    return folder


def test_only_what_the_powers_observe_is_drawn(runs: Path) -> None:
    asked = make_plan([runs], draws=32, worlds=2, years=4)
    assert asked.ranges == {"offence": (0.8, 1.8), "stake": (0.02, 0.12), "debt": (0.2, 0.8)}
    assert len(asked.runs) == len(asked.policies) == 2
    assert list(make_plan([runs], parameters=["stake"]).ranges) == ["stake"]
    with pytest.raises(UnknownNameError, match="offence"):
        make_plan([runs], parameters=["offense"])


def test_a_calibration_continues_where_it_stopped_and_repeats(runs: Path, tmp_path: Path) -> None:
    asked = make_plan([runs / "seed_0"], draws=32, worlds=2, years=4)
    options: dict[str, Any] = {"accept": {name: (-1.0, 1e9) for name in USED}, "console": QUIET}
    whole = calibrate(asked, tmp_path / "whole", **options)
    fewer = dataclasses.replace(asked, draws=16)
    calibrating.play_draws(fewer, tmp_path / "begun", console=QUIET)
    done = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "begun/jobs").iterdir()}
    again = calibrate(asked, tmp_path / "begun", **options)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "begun/jobs").iterdir()}
    assert {name: after[name] for name in done} == done
    assert len(after) == 4
    assert again.draws.equals(whole.draws)
    np.testing.assert_equal(again.default, whole.default)
    assert len(whole.draws) == 32
    assert whole.draws["offence"].n_unique() == 32


def test_calibrate_writes_a_page_with_its_command(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    commands.calibrate(
        [str(runs)],
        out=tmp_path / "draws",
        page=tmp_path / "page",
        draws=24,
        worlds=2,
        accept=["arms_share=0.0,0.2"],
        json_file=tmp_path / "found.json",
        processes=1,
    )
    printed = capsys.readouterr().out
    assert "24 draws of 3 parameters, 2 training seeds" in printed
    page = (tmp_path / "page" / pages.PAGE).read_text()
    assert page.startswith("# Calibration to the record\n\nMade by `counterpoise calibrate")
    assert "| arms share | 0 to 0.200 | stated |" in page
    assert "fought rate (held out)" in page
    for name in (pages.EFFECTS_FIGURE, pages.MOMENTS_FIGURE):
        assert (tmp_path / "page" / name).is_file()
    table = polars.read_parquet(tmp_path / "page" / pages.INDICES_TABLE)
    assert set(table["parameter"]) == {"offence", "stake", "debt"}
    data = json.loads((tmp_path / "found.json").read_text())
    assert data["draws"] == 24
    assert set(data["default"]) == {"offence", "stake", "debt", *MOMENTS}


def test_accepted_values_are_read_from_words() -> None:
    assert commands._band("demand_rate=0.05,0.3") == ("demand_rate", (0.05, 0.3))
    for wrong in ("demand_rate", "demand_rate=0.3", "demand_rate=0.3,0.1", "demand_rate=a,b"):
        with pytest.raises(CounterpoiseError, match="MOMENT=LOW,HIGH"):
            commands._band(wrong)
