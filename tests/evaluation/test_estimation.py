"""From what seeds showed to a verdict: known numbers, and error rates in simulated studies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from counterpoise.evaluation.predictions.estimation import (
    CONTRADICTED,
    SUPPORTED,
    UNDECIDED,
    effect,
    estimate,
    halved_at,
    holm,
    jointly,
    verdict,
)
from counterpoise.theory.prediction import Expectation

LEVELS = (0.0, 1.0, 2.0, 4.0)


def test_a_slope_is_the_change_over_the_whole_range():
    rises = Expectation("allies", "rises")
    assert effect(rises, LEVELS, [1.0, 1.5, 2.0, 3.0]) == pytest.approx(2.0)
    assert effect(rises, LEVELS, [1.0, math.nan, 2.0, 3.0]) == pytest.approx(2.0)
    assert math.isnan(effect(rises, LEVELS, [1.0, math.nan, math.nan, math.nan]))


def test_rounding_is_no_evidence():
    always = [0.1 * 3, 0.3, 0.3, 0.3 + 1e-16]
    found = estimate([effect(Expectation("resist_rate", "rises"), LEVELS, always)] * 8)
    assert found.mean == 0.0
    assert found.p == 1.0


def test_a_level_is_the_mean_and_a_lead_is_over_the_best_of_the_others():
    assert effect(Expectation("allies", "positive"), LEVELS, [1.0, math.nan, 2.0, 3.0]) == 2.0
    assert effect(Expectation("payoff", "highest first"), LEVELS, [5.0, 1.0, 4.5, 2.0]) == 0.5
    assert math.isnan(
        effect(Expectation("payoff", "highest first"), LEVELS, [5.0, 1.0, math.nan, 2])
    )


def test_where_it_is_halved_is_interpolated_and_may_be_nowhere():
    at = np.array(LEVELS)
    assert halved_at(at, np.array([1.0, 0.75, 0.25, 0.0])) == pytest.approx(1.5)
    assert halved_at(at, np.array([1.0, 0.2, 0.8, 0.0])) == pytest.approx(2.75), "the last time"
    assert halved_at(at, np.array([1.0, 1.0, 1.0, 1.0])) > at.max()
    assert math.isnan(halved_at(at, np.zeros(4)))
    before = Expectation("demanded_rate", "halved before", threshold=2.0)
    assert effect(before, LEVELS, [1.0, 0.75, 0.25, 0.0]) == pytest.approx(0.5)
    assert before.sign == 1
    assert Expectation("demanded_rate", "halved after", threshold=2.0).sign == -1


def test_holm_of_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40))
def test_holm_keeps_the_order_and_never_helps(ps):
    corrected = holm(ps)
    assert all(p <= q <= 1.0 for p, q in zip(ps, corrected, strict=True))
    rising = np.array(corrected)[np.argsort(ps, kind="stable")]
    assert (np.diff(rising) >= 0.0).all()


@given(st.lists(st.floats(-100.0, 100.0).map(lambda x: round(x, 3)), min_size=2, max_size=12))
def test_the_estimate_is_the_t_test_of_textbooks(effects):
    found = estimate(effects)
    if np.std(effects) == 0.0:
        assert found.p == (1.0 if found.mean == 0.0 else 0.0)
        return
    known = stats.ttest_1samp(effects, 0.0)
    interval = known.confidence_interval(0.95)
    assert found.p == pytest.approx(known.pvalue, rel=1e-6, abs=1e-300)
    assert (found.low, found.high) == pytest.approx(
        (interval.low, interval.high), rel=1e-6, abs=1e-9
    )


def test_seeds_in_which_nothing_happened_are_left_out_and_counted():
    found = estimate([1.0, math.nan, 2.0, math.nan])
    assert found.effects == (1.0, 2.0)
    assert found.seeds == 4
    assert math.isnan(estimate([math.nan]).mean)
    assert estimate([3.0]).p == 1.0


def test_a_verdict_needs_eight_seeds_a_small_p_and_takes_the_sign():
    strong = estimate([1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 1.02, 0.97])
    assert verdict(strong, 0.001, 1) == SUPPORTED
    assert verdict(strong, 0.001, -1) == CONTRADICTED
    assert verdict(strong, 0.2, 1) == UNDECIDED
    assert verdict(estimate(strong.effects[:7]), 0.001, 1) == UNDECIDED
    assert verdict(estimate([0.0] * 8), 1.0, 1) == UNDECIDED


def test_a_claim_stands_with_all_its_parts_and_falls_with_any():
    assert jointly([SUPPORTED, SUPPORTED]) == SUPPORTED
    assert jointly([SUPPORTED, UNDECIDED]) == UNDECIDED
    assert jointly([SUPPORTED, CONTRADICTED, UNDECIDED]) == CONTRADICTED
    assert jointly([]) == UNDECIDED


def test_where_nothing_is_true_one_scorecard_in_twenty_says_that_something_is():
    """Forty null outcomes of eight seeds each, a thousand times."""
    rng = np.random.default_rng(0)
    false = 0
    for _ in range(1_000):
        found = [estimate(row) for row in rng.normal(size=(40, 8))]
        corrected = holm([each.p for each in found])
        false += any(
            verdict(each, p, 1) != UNDECIDED for each, p in zip(found, corrected, strict=True)
        )
    assert 0.03 < false / 1_000 < 0.07


def test_the_detectable_effect_is_found_four_times_in_five():
    rng = np.random.default_rng(1)
    spread, seeds = 1.0, 8
    # What is told of one study is an estimate: use the mean over many.
    told = np.mean([estimate(rng.normal(0.0, spread, seeds)).detectable for _ in range(2_000)])
    found = [estimate(rng.normal(told, spread, seeds)).p < 0.05 for _ in range(4_000)]
    assert 0.74 < np.mean(found) < 0.88
