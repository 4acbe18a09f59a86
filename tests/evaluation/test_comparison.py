"""Claims about the comparison: what counts as met, what an interval is, what can be traced."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import polars
import pytest
import safetensors.numpy
import scipy.stats
from hypothesis import given

import counterpoise
from counterpoise.agents.learned import WEIGHTS
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.games.buck_passing import Parameters as BuckPassing
from counterpoise.evaluation.equilibrium.comparison import (
    Comparison,
    Group,
    compare,
    distance,
    find_runs,
    gather,
)
from counterpoise.evaluation.equilibrium.judgement import JUDGEMENT, judge, judged
from counterpoise.evaluation.equilibrium.statistics import bootstrap, interval_in_words
from counterpoise.theory import regret
from counterpoise.theory.regret import equilibria, equilibrium, theory_of
from counterpoise.training.configuration import load
from counterpoise.training.runs import Run


def with_regret(group: Group, regret: np.ndarray) -> Group:
    """Return a group of runs with the given regrets, [seeds, powers], and theory's outcomes."""
    judgements = tuple(
        dataclasses.replace(
            group.judgements[0],
            gains=row * group.stakes,
            outcomes=group.equilibrium.outcomes,
        )
        for row in regret
    )
    return dataclasses.replace(
        group, runs=(group.runs * len(regret))[: len(regret)], judgements=judgements
    )


# -- intervals -------------------------------------------------------------------------------------


def test_the_interval_of_three_seeds_is_their_range() -> None:
    found = bootstrap([1.0, 4.0, 2.0])
    assert (found.low, found.high) == (1.0, 4.0)
    assert found.mean == pytest.approx(7.0 / 3.0)
    assert "smallest to the largest" in interval_in_words(3)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [1.0, 2.0, float("nan")]])
def test_fewer_than_three_seeds_have_no_interval(values: list[float]) -> None:
    found = bootstrap(values)
    assert (found.low, found.high) == (None, None)
    assert not found.is_known
    assert "at least 3 seeds are needed" in interval_in_words(found.seeds)


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=9))
def test_an_interval_lies_within_the_values_and_around_the_mean(values: list[float]) -> None:
    found = bootstrap(values)
    assert found.low is not None
    assert found.high is not None
    assert min(values) - 1e-9 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= max(values) + 1e-9


@pytest.mark.parametrize("seeds", [5, 6, 12])
def test_the_interval_agrees_with_scipys_bootstrap(seeds: int) -> None:
    values = np.random.default_rng(seeds).normal(size=seeds)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=40_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    ours = bootstrap(values)
    assert ours.low == pytest.approx(theirs.low, abs=0.05 * values.std())
    assert ours.high == pytest.approx(theirs.high, abs=0.05 * values.std())


# -- verdicts --------------------------------------------------------------------------------------


def test_play_in_equilibrium_has_no_regret_and_no_distance(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Run, "profile", lambda run: equilibrium(run.game.name, run.parameters).strategies
    )
    runs = [Run(folder / name / "seed_0") for name in ("burden_sharing", "arms_or_allies")]
    for group in gather([judge(run) for run in runs]).groups:
        assert abs(group.regret).max() < 1e-9
        outcomes = group.tidy().filter(polars.col("theory").is_not_null())
        assert outcomes["difference"].drop_nans().abs().max() < 1e-9


def test_one_power_of_one_seed_beyond_the_target_is_not_met(comparison: Comparison) -> None:
    target = comparison.groups[0].targets.regret
    regret = np.full((3, 4), target)
    assert with_regret(comparison.groups[0], regret).verdict.startswith("met")
    regret[1, 2] = target + 1e-9
    failed = with_regret(comparison.groups[0], regret)
    assert failed.is_met is False
    assert failed.verdict.startswith("NOT met")


def test_outcomes_of_one_seed_beyond_the_tolerance_are_not_met(comparison: Comparison) -> None:
    group = with_regret(comparison.groups[0], np.zeros((3, 4)))
    share = np.asarray(group.equilibrium.outcomes["share"])
    for factor, is_met in ((1.0 + 0.99 * group.targets.tolerance, True), (1.05, False)):
        moved = {**group.equilibrium.outcomes, "share": factor * share}
        changed = dataclasses.replace(group.judgements[1], outcomes=moved)
        found = dataclasses.replace(
            group, judgements=(group.judgements[0], changed, group.judgements[2])
        )
        assert found.is_met is is_met
        assert ("outcomes" in found.verdict) is not is_met


def test_a_distance_is_relative_to_theory_and_never_to_nothing() -> None:
    theory = {"share": np.array([0.0, 0.5]), "rate": 2.0}
    assert distance({"share": [0.0, 0.5], "rate": 2.1}, theory, ["share", "rate"]) == (
        pytest.approx(0.05)
    )
    # Nothing is measured against a hundredth of the largest.
    assert distance({"share": [0.005, 0.5]}, theory, ["share"]) == pytest.approx(1.0)


def test_of_several_equilibria_the_nearest_is_the_one_reached() -> None:
    parameters = BuckPassing()
    found = equilibria("buck_passing", parameters)
    names = theory_of("buck_passing").targets.outcomes
    for each in found:
        nearest = min(found, key=lambda other: distance(each.outcomes, other.outcomes, names))
        assert nearest.name == each.name


def test_two_seeds_can_fail_the_target_but_not_meet_it(comparison: Comparison) -> None:
    group = comparison.groups[0]
    good = with_regret(group, np.zeros((2, 4)))
    assert good.is_met is None
    assert "3 are needed" in good.verdict
    assert with_regret(group, np.ones((2, 4))).is_met is False


def test_regret_that_is_not_a_number_is_not_met(comparison: Comparison) -> None:
    assert with_regret(comparison.groups[0], np.full((3, 4), np.nan)).is_met is False


def test_runs_that_hardly_learned_do_not_meet_the_target(comparison: Comparison) -> None:
    assert comparison.groups[0].is_met is False
    assert not comparison.is_met


# -- groups and tables -----------------------------------------------------------------------------


def test_seeds_of_one_training_are_one_group_and_others_are_not(comparison: Comparison) -> None:
    assert [group.name for group in comparison.groups] == [
        "burden_sharing",
        "nato_2024",
        "arms_race",
        "arms_or_allies",
    ]
    assert comparison.groups[0].seeds == [0, 1, 2]


def test_every_number_names_the_folder_it_comes_from(
    comparison: Comparison, tmp_path: Path
) -> None:
    comparison.write_parquet(tmp_path / "tidy.parquet")
    tidy = polars.read_parquet(tmp_path / "tidy.parquet")
    assert tidy["run"].null_count() == 0
    for folder in tidy["run"].unique():
        assert Run(folder).configuration.name in set(tidy.filter(run=folder)["training"])
    per_run = tidy.filter(quantity="nash_conv")
    assert len(per_run) == sum(len(group.runs) for group in comparison.groups)


def test_nash_conv_is_the_sum_of_gains_and_regret_is_gain_over_stake(
    comparison: Comparison,
) -> None:
    tidy = comparison.groups[0].tidy().filter(seed=1)
    of = {name: tidy.filter(quantity=name)["learned"].to_numpy() for name in tidy["quantity"]}
    assert of["nash_conv"][0] == pytest.approx(of["gain"].sum())
    np.testing.assert_allclose(of["regret"], of["gain"] / of["stake"])


def test_the_summary_is_the_mean_of_what_was_run(comparison: Comparison) -> None:
    keys = ["training", "quantity", "power", "year"]
    means = (
        comparison.tidy().group_by(keys).agg(polars.col("learned").mean().alias("mean")).sort(keys)
    )
    summary = comparison.summary().sort(keys)
    np.testing.assert_allclose(summary["learned"], means["mean"], equal_nan=True)
    with_interval = set(summary.filter(polars.col("low").is_not_null())["training"])
    assert with_interval == {"burden_sharing"}


def test_outcomes_are_labelled_by_power_and_year(comparison: Comparison) -> None:
    burden, nato, race, allies = comparison.groups
    assert burden.axes("share_by_year") == ("year", "power")
    assert nato.axes("total_defence") == ("year",)
    assert race.axes("arms_path") == ("year", "power")
    assert allies.axes("arms") == ()
    names = nato.tidy().filter(quantity="share")["power_name"].to_list()
    assert names[:2] == ["United States", "Germany"]
    assert allies.power_names == ["defender", "challenger"]


def test_judging_in_other_processes_changes_nothing(folder: Path, comparison: Comparison) -> None:
    runs = [Run(folder / "burden_sharing" / f"seed_{seed}") for seed in range(3)]
    again = compare(runs, processes=2)
    assert again.tidy().equals(comparison.groups[0].tidy())


def test_the_same_seed_twice_is_refused(folder: Path, tmp_path: Path) -> None:
    run = folder / "burden_sharing" / "seed_0"
    shutil.copytree(run, tmp_path / "copy")
    with pytest.raises(CounterpoiseError, match="one observation, not two"):
        compare([Run(run), Run(tmp_path / "copy")])


def test_runs_are_found_below_a_folder_and_only_once(folder: Path) -> None:
    inner = folder / "burden_sharing"
    assert [run.seed for run in find_runs([inner, inner / "seed_1"])] == [0, 1, 2]


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(CounterpoiseError, match="There is no folder"):
        find_runs([tmp_path / "nowhere"])
    with pytest.raises(CounterpoiseError, match="There is no run in"):
        find_runs([tmp_path])


def test_a_run_that_has_learned_nothing_is_told(tmp_path: Path) -> None:
    Run.begin(tmp_path / "run", load("burden_sharing"), 0)
    with pytest.raises(CounterpoiseError, match="learned nothing yet"):
        compare([Run(tmp_path / "run")])


# -- kept judgements -------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which every game whose best responses are computed is added."""
    asked: list[str] = []
    gains = regret.gains

    def counting(game: str, *arguments: object) -> object:
        asked.append(game)
        return gains(game, *arguments)

    monkeypatch.setattr(regret, "gains", counting)
    return asked


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Run:
    """Return a copy of a run that nobody has judged."""
    shutil.copytree(
        folder / "burden_sharing" / "seed_0",
        tmp_path / "run",
        ignore=shutil.ignore_patterns(JUDGEMENT),
    )
    return Run(tmp_path / "run")


def test_a_judgement_is_kept_to_the_last_digit(run: Run, counted: list[str]) -> None:
    regret.stakes(run.game.name, run.parameters)
    counted.clear()
    first = compare([run])
    assert counted == ["burden_sharing"]
    again = compare([run])
    assert counted == ["burden_sharing"], "read, not made again"
    assert again.tidy().equals(first.tidy())
    assert first.tidy().equals(gather([judge(run)]).tidy())


@pytest.mark.parametrize("what", ["policy", "configuration", "version"])
def test_what_changes_a_judgement_has_it_made_again(
    run: Run, counted: list[str], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = judged(run)
    counted.clear()
    if what == "policy":
        weights = safetensors.numpy.load_file(run.folder / WEIGHTS)
        moved = {name: value * value.dtype.type(0.5) for name, value in weights.items()}
        safetensors.numpy.save_file(moved, run.folder / WEIGHTS)
    elif what == "configuration":
        text = run.configuration.replace(parameters={"horizon": 3}).to_toml()
        (run.folder / "config.toml").write_text(text)
    else:
        monkeypatch.setattr(counterpoise, "__version__", "of another day")
    again = judged(Run(run.folder))
    assert "burden_sharing" in counted
    assert (again.gains == first.gains).all() == (what == "version")


# -- claims of single games ------------------------------------------------------------------------


def test_the_sudden_threat_is_answered_by_allies_first_in_equilibrium(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Run, "profile", lambda run: equilibrium(run.game.name, run.parameters).strategies
    )
    (group,) = gather([judge(Run(folder / "arms_or_allies" / "seed_0"))]).groups
    (claim,) = group.claims
    assert claim.is_met
    assert "in 1 of 1 seeds" in claim.words
    assert claim.words.count("an ally at once, given up in year 6") == 2


def test_arming_without_an_ally_is_not_allies_first() -> None:
    from counterpoise.theory.arms_or_allies import alliance_precedes_arms

    rising = np.array([0.0, 2.0, 4.0])
    assert alliance_precedes_arms(rising, np.array([1.0, 1.0, 0.0]))
    assert not alliance_precedes_arms(rising, np.array([0.0, 0.0, 1.0]))
    assert not alliance_precedes_arms(np.zeros(3), np.ones(3))


def test_natos_words_follow_from_its_numbers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from counterpoise.display.games.burden_sharing import Alliance, size_in_words

    monkeypatch.setattr(
        Run, "profile", lambda run: equilibrium(run.game.name, run.parameters).strategies
    )
    (group,) = gather([judge(Run(folder / "nato_2024" / "seed_0"))]).groups
    assert group.claims[0].is_met
    alliance = Alliance.of(group)
    words = size_in_words(alliance)
    assert "no rank correlation of predicted and observed burdens (Spearman's rho 0.00" in words
    assert (
        "no rank correlation of income and observed burdens (Spearman's rho 0.03, p = 0.86" in words
    )
    assert "Size explains the great powers' spending" in words
    assert "Among the small members, spending follows the border, not size." in words
    # An alliance that spends as predicted is told otherwise.
    obedient = dataclasses.replace(alliance, observed=alliance.predicted)
    assert "a positive rank correlation of predicted" in size_in_words(obedient)
    assert "Size does not explain the great powers' spending" in size_in_words(
        dataclasses.replace(alliance, observed=alliance.predicted + 1.0)
    )


def test_outcomes_are_labelled_by_the_axes_that_the_theory_declares(
    comparison: Comparison,
) -> None:
    group = comparison.groups[2]
    assert group.axes("arms") == ("power",)
    assert group.axes("arms_path") == ("year", "power")
    assert group.claims == []
