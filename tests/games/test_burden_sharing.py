"""Claims about burden sharing: who pays in equilibrium, checked by playing the game."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterpoise.agents.named import profile
from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.burden_sharing import GAME, Parameters, marginal_utility, utility
from counterpoise.envs.scenarios import scenario
from counterpoise.theory import burden_sharing as theory
from counterpoise.theory import regret

PURE = {"deterrence_weight": 0.04, "private_weight": 0.0}


def shares(parameters, year=0):
    growth = np.array(parameters.growth)
    gdp = np.array(parameters.gdp) * (1 + growth) ** year
    return 100 * theory.stage_equilibrium(parameters, gdp) / gdp


def defence(parameters):
    return theory.stage_equilibrium(parameters, np.array(parameters.gdp))


# -- the printed numbers ------------------------------------------------------------------------


def test_default_alliance_of_the_first_year_spends_what_theory_prints():
    found = shares(Parameters())
    np.testing.assert_allclose(found, [3.23819, 2.28777, 1.96613, 1.63322], atol=6e-6)
    assert defence(Parameters()).sum() + 0.5 == pytest.approx(5.20984, abs=6e-6)


def test_default_alliance_of_the_tenth_year_spends_what_theory_prints():
    np.testing.assert_allclose(
        shares(Parameters(), 9), [3.17154, 2.33784, 2.09931, 1.86374], atol=6e-6
    )


def test_first_year_payoffs_are_what_theory_prints():
    parameters = Parameters()
    record, spent = parameters.to_record(), defence(parameters)
    found = [utility(record, parameters.gdp[k], spent[k], spent.sum() - spent[k]) for k in range(4)]
    np.testing.assert_allclose(found, [4.446180, 3.551407, 2.873578, 2.196785], atol=6e-7)
    assert sum(found) == pytest.approx(13.067950, abs=6e-7)


def test_the_sum_of_payoffs_would_be_highest_if_the_great_paid_much_more():
    parameters = Parameters()
    gdp = np.array(parameters.gdp)
    best = theory.social_optimum(parameters, gdp)
    np.testing.assert_allclose(100 * best / gdp, [7.8795, 2.8503, 2.1789, 1.7274], atol=1e-4)
    record = parameters.to_record()
    welfare = sum(utility(record, gdp[k], best[k], best.sum() - best[k]) for k in range(4))
    assert welfare == pytest.approx(13.089889, abs=6e-7)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (PURE, (3.52, 0, 0, 0)),
        (PURE | {"gdp": (100, 99, 20, 10)}, (2.285714, 1.285714, 0, 0)),
        (PURE | {"spill_in": 0.3}, (3.486635, 0.115849, 0, 0)),
        (PURE | {"spill_in": 0.1}, (3.444222, 0.789355, 0, 0)),
    ],
)
def test_pure_and_spill_in_variants_spend_what_theory_prints(changes, expected):
    np.testing.assert_allclose(defence(Parameters(**changes)), expected, atol=6e-7)


def test_the_second_member_contributes_only_above_the_printed_income():
    for income, contributes in ((96.47, False), (96.49, True)):
        spent = defence(Parameters(**PURE, gdp=(100, income, 20, 10)))
        assert (spent[1] > 0) == contributes


def test_a_capped_great_power_is_partly_made_up_for_by_the_others():
    free = defence(Parameters())
    capped_parameters = Parameters(fiscal_cap=(0.02, 0.10, 0.10, 0.10))
    np.testing.assert_allclose(
        shares(capped_parameters), [2.00000, 2.42049, 2.02080, 1.65829], atol=6e-6
    )
    change = defence(capped_parameters) - free
    np.testing.assert_allclose(change, [-1.238, 0.053, 0.011, 0.003], atol=6e-4)
    assert change.sum() < 0


def test_the_exploitation_of_the_great_shrinks_as_benefits_become_private():
    gaps = []
    for private in (0.0, 0.25, 0.5, 0.75, 1.0):
        found = shares(
            Parameters(deterrence_weight=0.04 * (1 - private), private_weight=0.04 * private)
        )
        gaps.append(found[0] - found[3])
    np.testing.assert_allclose(gaps, [3.52, 2.54, 1.61, 0.96, 0.43], atol=6e-3)


# -- comparative statics ------------------------------------------------------------------------


def test_larger_allies_bear_larger_shares():
    assert (np.diff(shares(Parameters())) < 0).all()


def test_total_defence_falls_with_spill_in_until_one_ally_pays_for_all():
    totals = [defence(Parameters(**PURE, spill_in=beta)).sum() for beta in (0.0, 0.1, 0.3, 0.6)]
    assert (np.diff(totals) < 0).all()
    alone = defence(Parameters(**PURE, spill_in=0.6))
    assert (alone > 0).tolist() == [True, False, False, False]
    assert defence(Parameters(**PURE, spill_in=1.0)).sum() == pytest.approx(alone.sum())


def test_a_greater_threat_raises_everyones_defence():
    low, high = (defence(Parameters(deterrence_weight=theta)) for theta in (0.02, 0.03))
    assert (high > low).all()


def test_gauss_seidel_finds_the_closed_form_of_the_pure_public_good():
    rng = np.random.default_rng(3)
    for _ in range(20):
        gdp = rng.lognormal(3, 1, 6)
        parameters = Parameters(powers=6, **PURE, fiscal_cap=0.9)
        np.testing.assert_allclose(
            theory.stage_equilibrium(parameters, gdp),
            theory.pure_public_good(parameters, gdp),
            atol=1e-9 * gdp.max(),
        )


def test_marginal_utility_is_the_slope_of_utility():
    record = Parameters(spill_in=0.4).to_record()
    for spent in (0.5, 2.0, 6.0):
        slope = (
            utility(record, 100.0, spent + 1e-5, 2.0) - utility(record, 100.0, spent - 1e-5, 2.0)
        ) / 2e-5
        assert marginal_utility(record, 100.0, spent, 2.0) == pytest.approx(slope, rel=1e-6)


# -- no deviation pays, in the game itself ------------------------------------------------------


@pytest.mark.parametrize("variant", [{}, *GAME.variants.values()])
def test_no_member_gains_by_any_share_on_a_fine_grid(variant):
    """Play one year in thousands of worlds, each with another share of one member."""
    parameters = Parameters(**variant)
    found = theory.equilibrium(parameters)
    grid = 8_001
    worlds = Worlds(GAME, grid, parameters)
    for power in range(parameters.powers):
        worlds.reset(0)
        actions = choose(worlds, found.strategies, np.random.default_rng(0))
        settled = worlds.step(actions)[0, power]
        worlds.reset(0)
        actions[:, power, 0] = np.linspace(0.0, parameters.fiscal_cap[power], grid)
        assert worlds.step(actions)[:, power].max() - settled <= 1e-6


@pytest.mark.parametrize("variant", [{}, *GAME.variants.values()])
def test_nobody_regrets_the_equilibrium(variant):
    parameters = Parameters(**variant)
    found = theory.equilibrium(parameters)
    assert regret.nash_conv("burden_sharing", parameters, found.strategies) <= 1e-6


def test_free_riders_regret_and_the_best_response_to_them_pays():
    parameters = Parameters()
    riders = profile("free_rider", GAME, parameters)
    answer = regret.best_response("burden_sharing", parameters, riders, 0)
    assert answer.gain > 0.1
    rollout_profile = [answer.strategy, *riders[1:]]
    again = regret.best_response("burden_sharing", parameters, rollout_profile, 0)
    assert again.own_value == pytest.approx(answer.value, abs=1e-9)
    assert again.gain == pytest.approx(0.0, abs=1e-9)


def test_random_play_regrets_one_stake():
    parameters = Parameters()
    found = regret.regret("burden_sharing", parameters, profile("random", GAME, parameters))
    np.testing.assert_allclose(found, 1.0, atol=1e-12)


def test_a_best_response_to_random_members_beats_every_constant_share():
    parameters = Parameters(horizon=1)
    members = profile("random", GAME, parameters)
    answer = regret.best_response("burden_sharing", parameters, members, 1)
    for share in np.linspace(0, 0.1, 11):
        constant = profile(f"constant:{share}", GAME, parameters)[1]
        mixed = [members[0], constant, members[2], members[3]]
        other = regret.best_response("burden_sharing", parameters, mixed, 1)
        assert other.own_value <= answer.value + 1e-4


# -- invariants ---------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    powers=st.integers(2, 32),
    seed=st.integers(0, 2**32 - 1),
    theta=st.floats(0.0, 0.5),
    psi=st.floats(0.0, 0.4),
    beta=st.floats(0.0, 1.0),
)
def test_what_is_spent_and_what_is_left_make_up_income(powers, seed, theta, psi, beta):
    parameters = Parameters(
        powers=powers, deterrence_weight=theta, private_weight=psi, spill_in=beta
    )
    worlds = Worlds(GAME, 3, parameters, autoreset=False)
    worlds.reset(seed)
    rng = np.random.default_rng(seed)
    space = GAME.observation_space(powers)
    while not worlds.records["over"].all():
        before = worlds.records["gdp"][:, :powers].copy()
        actions = rng.uniform(worlds.action_low, worlds.action_high, (3, powers, 1))
        rewards = worlds.step(actions)
        spent = worlds.records["defence"][:, :powers]
        np.testing.assert_allclose(spent, actions[:, :, 0] * before, rtol=1e-12)
        assert (spent < before).all()
        assert np.isfinite(rewards).all()
        assert all(space.contains(row) for row in worlds.observations.reshape(-1, space.shape[0]))


def test_observed_columns_are_what_their_names_say():
    parameters = Parameters()
    worlds = Worlds(GAME, 1, parameters)
    worlds.reset(0)
    names = worlds.observation_names
    seen = {name: worlds.observations[0, 1, k] for k, name in enumerate(names)}
    assert seen["log_gdp"] == pytest.approx(np.log(40), rel=1e-6)
    assert seen["log_gdp_of_other_0"] == pytest.approx(np.log(100), rel=1e-6)
    assert seen["log_gdp_of_other_2"] == pytest.approx(np.log(10), rel=1e-6)
    assert seen["years_left"] == 1.0
    assert seen["private_weight"] == pytest.approx(0.02)
    assert seen["fiscal_cap_3"] == pytest.approx(0.1)


# -- NATO in 2024 -------------------------------------------------------------------------------


def test_natos_largest_members_are_predicted_near_what_they_spend():
    nato = scenario("nato_2024")
    found = shares(nato.parameters)
    expected = [3.344, 1.875, 1.757, 1.682, 1.507, 1.468]
    np.testing.assert_allclose(found[:6], expected, atol=6e-4)
    assert defence(nato.parameters).sum() == pytest.approx(4.4524, abs=6e-5)
    assert (found[-3:] == 0).all()
    assert np.abs(found[:6] - 100 * nato.observed["share"][:6]).max() < 0.8


def test_size_does_not_sort_natos_members_by_what_they_really_spend():
    from scipy.stats import spearmanr

    nato = scenario("nato_2024")
    size = spearmanr(nato.parameters.gdp, nato.observed["share"])
    assert abs(size.statistic) < 0.1
    assert size.pvalue > 0.5
