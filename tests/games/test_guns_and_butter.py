"""What guns and butter is, and what its theory says, checked by playing it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterpoise.agents.named import profile
from counterpoise.envs.engine.errors import ActionError, ParameterError
from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.guns_and_butter import (
    CONSUMPTION,
    GAME,
    INDUSTRY,
    MILITARY,
    MOST_WEIGHT,
    TECHNOLOGY,
    USES,
    Parameters,
)
from counterpoise.theory import guns_and_butter as theory
from counterpoise.theory import regret

NAME = "guns_and_butter"
PER_CENT = 100.0
LARGEST_GAIN = 1e-9
CASES = {"default": {}, **GAME.variants}


def shares(year=None, **changes):
    """Return the shares of the closed form in per cent: of a year, or of the endless game."""
    parameters = Parameters(**changes) if year is not None else Parameters(endless=True, **changes)
    return PER_CENT * theory.unlimited_shares(parameters)[year or 0]


class Network(Strategy):
    """A smooth, arbitrary answer to everything that it sees, as of an untrained network."""

    name = "network"

    def __init__(self, parameters, power, scale=1.0):
        inputs = len(GAME.observation_names(parameters.powers))
        draw = np.random.default_rng(power)
        self._scale = scale
        self._layers = [
            draw.normal(size=shape) / np.sqrt(shape[0])
            for shape in ((inputs, 32), (32, 32), (32, USES))
        ]

    def act(self, observations, masks, rng):
        signal = observations.astype(np.float64)
        for layer in self._layers:
            signal = np.tanh(signal @ layer)
        return self._scale * signal


def discounted(parameters, strategies, power, plans):
    """Play one world for each plan [plans, years, 4] of a power; return what each pays it."""
    years = theory.years_of(parameters)
    worlds = Worlds(GAME, len(plans), parameters, autoreset=False, max_cycles=years)
    worlds.reset(0)
    rng = np.random.default_rng(0)
    values = np.zeros(len(plans))
    for year in range(years):
        actions = choose(worlds, strategies, rng)
        actions[:, power] = plans[:, min(year, plans.shape[1] - 1)]
        values += GAME.discount(parameters) ** year * worlds.step(actions)[:, power]
    return values


# -- the specification's numbers -------------------------------------------------------------------


def test_for_ever_incomes_are_divided_as_is_known():
    np.testing.assert_allclose(shares(), [17.8125, 9.80971, 1.95184, 70.42596], atol=6e-6)
    np.testing.assert_allclose(
        PER_CENT * theory.stationary_shares(Parameters()), shares(), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (0, (17.5424, 9.5284, 1.9635, 70.9657)),
        (15, (15.8203, 8.1263, 1.9591, 74.0943)),
        (25, (8.9956, 4.1037, 1.3868, 85.5139)),
    ],
)
def test_in_thirty_years_incomes_are_divided_as_is_known(year, expected):
    np.testing.assert_allclose(shares(year), expected, atol=6e-5)
    solved = theory.equilibrium(Parameters()).outcomes["shares_path"][year]
    np.testing.assert_allclose(PER_CENT * solved, expected, atol=6e-5)


def test_thirty_years_are_worth_what_is_known_and_the_least_share_costs_hardly_anything():
    parameters = Parameters()
    known = -11.766973
    assert theory.unlimited_value(parameters) == pytest.approx(known, abs=6e-7)
    strategies = [*theory.equilibrium(parameters).strategies]
    # What the rival's military takes away is added again.
    strategies[1] = profile("constant:0,0,0,0", GAME, parameters)[1]
    worlds = Worlds(GAME, 1, parameters, autoreset=False)
    worlds.reset(0)
    own = 0.0
    for year in range(parameters.horizon):
        taken = parameters.military_weight * worlds.records["military"][0, 1]
        paid = worlds.step(choose(worlds, strategies, np.random.default_rng(0)))[0, 0]
        own += GAME.discount(parameters) ** year * (paid + taken)
    assert known - 1e-4 < own < known


def test_together_the_powers_would_leave_arms_alone():
    np.testing.assert_allclose(
        shares(military_weight=0.0), [17.8125, 9.5852, 0.0, 72.6023], atol=6e-5
    )
    for changes in ({}, {"endless": True}, {"powers": 8}):
        parameters = Parameters(**changes)
        together = theory.cooperation(parameters)
        assert (together.values > theory.equilibrium(parameters).values + 0.2).all()
        assert together.outcomes["military_share"].max() < 5e-4
        tempted = regret.gains(NAME, parameters, together.strategies)
        assert (tempted > 0.5).all()


# -- comparative statics ---------------------------------------------------------------------------


def test_who_cares_more_to_be_stronger_arms_more():
    found = [shares(military_weight=weight) for weight in (0.025, 0.05, 0.1)]
    np.testing.assert_allclose([each[MILITARY] for each in found], [0.99, 1.95, 3.79], atol=6e-3)
    consumed = [each[CONSUMPTION] for each in found]
    assert (np.diff(consumed) < 0).all()


def test_guns_crowd_out_butter_and_never_factories():
    for weight in (0.0, 0.025, 0.1, 1.0):
        assert shares(military_weight=weight)[INDUSTRY] == pytest.approx(17.8125, abs=1e-9)


def test_dual_use_leads_to_laboratories():
    found = [shares(dual_use=use)[TECHNOLOGY] for use in (0.0, 0.15, 0.3, 0.6, 1.0)]
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize(
    ("survival", "expected"), [(0.8, (8.70, 4.20, 1.22)), (1.0, (24.71, 15.14, 2.15))]
)
def test_governments_that_may_fall_neglect_factories_laboratories_and_arms(survival, expected):
    found = shares(survival=survival)
    np.testing.assert_allclose(found[:CONSUMPTION], expected, atol=6e-3)
    ratio = found[:CONSUMPTION] / shares()[:CONSUMPTION]
    # What takes longest to pay suffers most.
    assert abs(np.log(ratio[TECHNOLOGY])) > abs(np.log(ratio[INDUSTRY])) > abs(np.log(ratio[2]))


def test_powers_grow_first_and_arm_later():
    path = theory.equilibrium(Parameters()).outcomes["shares_path"][:-1]
    assert (np.diff(theory.guns_per_investment(path)) > 0).all()


def test_the_number_of_rivals_changes_nothing():
    two, eight = (theory.equilibrium(Parameters(powers=powers)) for powers in (2, 8))
    np.testing.assert_allclose(two.outcomes["shares_path"], eight.outcomes["shares_path"])
    np.testing.assert_allclose(two.values[0], eight.values)


def test_long_horizons_begin_as_the_endless_game():
    long = theory.equilibrium(Parameters(horizon=400)).outcomes["shares_path"][0]
    np.testing.assert_allclose(long, theory.stationary_shares(Parameters()), rtol=1e-9)


# -- no deviation pays, in the game itself ---------------------------------------------------------


@pytest.mark.parametrize("variant", CASES)
def test_no_plan_near_or_far_pays_more_than_the_equilibriums(variant):
    """Change one weight of one year, or everything at random, in thousands of worlds at once."""
    parameters = Parameters(**CASES[variant])
    solved = theory.equilibrium(parameters)
    years = min(theory.years_of(parameters), 60)
    plan = np.broadcast_to(theory.dominant_plan(parameters), (years, USES))
    tries = [plan]
    for year in range(years):
        for use in range(USES):
            for change in (-2.0, -0.3, -0.01, 0.01, 0.3, 2.0):
                moved = plan.copy()
                moved[year, use] += change
                tries.append(moved)
    rng = np.random.default_rng(0)
    tries += [plan + scale * rng.normal(size=plan.shape) for scale in [0.05, 0.5, 3.0] * 30]
    plans = np.clip(np.array(tries), -MOST_WEIGHT, MOST_WEIGHT)
    if parameters.endless:
        plans = np.concatenate([plans, np.repeat(plan[None, :1], len(plans), axis=0)], axis=1)
    for power in (0, parameters.powers - 1):
        values = discounted(parameters, solved.strategies, power, plans)
        assert values[0] == pytest.approx(solved.values[power], abs=1e-9)
        assert values.max() - values[0] <= LARGEST_GAIN


@pytest.mark.parametrize("variant", CASES)
def test_nobody_regrets_the_equilibrium(variant):
    parameters = Parameters(**CASES[variant])
    solved = theory.equilibrium(parameters)
    assert regret.nash_conv(NAME, parameters, solved.strategies) <= LARGEST_GAIN
    assert solved.is_unique == (not parameters.endless)


def test_random_play_regrets_one_stake_and_the_plan_is_the_answer_to_it():
    parameters = Parameters()
    random = profile("random", GAME, parameters)
    np.testing.assert_allclose(regret.regret(NAME, parameters, random), 1.0, atol=1e-12)
    answer = regret.best_response(NAME, parameters, random, 0)
    np.testing.assert_array_equal(answer.strategy.plan, theory.dominant_plan(parameters))


@pytest.mark.parametrize("doctrine", ["trading_state", "garrison_state", "mirror_armer"])
def test_doctrines_are_bettered_and_their_betters_are_not(doctrine):
    parameters = Parameters(powers=3)
    rivals = profile(doctrine, GAME, parameters)
    answer = regret.best_response(NAME, parameters, rivals, 0)
    assert answer.gain > 0.1
    again = regret.best_response(NAME, parameters, [answer.strategy, *rivals[1:]], 0)
    assert again.own_value == pytest.approx(answer.value, abs=1e-12)
    assert again.gain == pytest.approx(0.0, abs=1e-8)


class Provoked(Strategy):
    """Arms the more, the more military it sees: what is good against it is to hold back."""

    name = "provoked"

    def __init__(self, parameters, power):
        self._seen = GAME.observation_names(parameters.powers).index("military_of_other_0")

    def act(self, observations, masks, rng):
        weights = np.zeros((len(observations), USES))
        military = 1.0 + observations[:, self._seen].astype(np.float64)
        weights[:, MILITARY] = np.clip(military, -MOST_WEIGHT, MOST_WEIGHT)
        return weights


def test_against_a_rival_that_is_provoked_it_pays_to_arm_less():
    parameters = Parameters()
    rivals = [Provoked(parameters, power) for power in range(2)]
    answer = regret.best_response(NAME, parameters, rivals, 0)
    usual = theory.dominant_plan(parameters)
    found = np.array(answer.strategy.plan)
    armed, usually = (theory.shares_of(plan)[:10, MILITARY] for plan in (found, usual))
    assert (armed < 0.8 * usually).all()
    plain = discounted(parameters, rivals, 0, usual[None])[0]
    assert answer.value > plain + 1e-3
    rng = np.random.default_rng(0)
    tries = found + rng.choice([0.003, 0.05, 0.5], (600, 1, 1)) * rng.normal(size=(600, 30, USES))
    tries = np.clip(tries, -MOST_WEIGHT, MOST_WEIGHT)
    assert discounted(parameters, rivals, 0, tries).max() < answer.value


@pytest.mark.parametrize("changes", [{}, {"powers": 3}, {"endless": True}])
def test_answers_to_networks_pay_what_they_say_and_no_change_of_them_pays_more(changes):
    parameters = Parameters(**changes)
    networks = [Network(parameters, power, 3.0) for power in range(parameters.powers)]
    answer = regret.best_response(NAME, parameters, networks, 0)
    again = regret.best_response(NAME, parameters, [answer.strategy, *networks[1:]], 0)
    assert again.own_value == pytest.approx(answer.value, abs=1e-12)
    assert again.gain < 1e-6
    usual = theory.dominant_plan(parameters)
    assert answer.value > discounted(parameters, networks, 0, usual[None])[0]
    if not parameters.endless:
        plan = answer.strategy.plan
        each = np.eye(plan.size).reshape(plan.size, *plan.shape)
        tries = np.concatenate([plan + step * each for step in (-0.1, -0.01, 0.01, 0.1)])
        tries = np.clip(tries, -MOST_WEIGHT, MOST_WEIGHT)
        assert discounted(parameters, networks, 0, tries).max() <= answer.value + 1e-7


# -- the limits of an action -----------------------------------------------------------------------


@settings(max_examples=200)
@given(worth=st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3), last=st.floats(0.01, 1.0))
def test_no_division_of_an_income_beats_the_best_one_within_the_limits(worth, last):
    worth = np.array([*worth, last])
    best = theory.best_weights(worth)
    assert (np.abs(best) <= MOST_WEIGHT).all()
    rng = np.random.default_rng(0)
    tries = [rng.uniform(-MOST_WEIGHT, MOST_WEIGHT, (200, USES))]
    tries += [best + scale * rng.normal(size=(200, USES)) for scale in (0.001, 0.03, 1.0)]
    corners = np.array(np.meshgrid(*[[-MOST_WEIGHT, MOST_WEIGHT]] * USES)).reshape(USES, -1).T
    weights = np.clip(np.concatenate([*tries, corners]), -MOST_WEIGHT, MOST_WEIGHT)
    paid = np.log(theory.shares_of(weights)) @ worth
    assert paid.max() <= np.log(theory.shares_of(best)) @ worth + 1e-12


def test_two_uses_worth_the_same_share_alike_though_others_are_worth_nothing():
    best = theory.best_weights(np.array([1.0, 0.0, 0.0, 1.0]))
    np.testing.assert_allclose(best, [MOST_WEIGHT, -MOST_WEIGHT, -MOST_WEIGHT, MOST_WEIGHT])


# -- invariants ------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    powers=st.integers(2, 8),
    seed=st.integers(0, 2**32 - 1),
    changes=st.fixed_dictionaries(
        {
            "military_weight": st.floats(0.0, 1.0),
            "industry_elasticity": st.floats(0.0, 0.45),
            "technology_elasticity": st.floats(0.0, 0.45),
            "industry_depreciation": st.floats(0.0, 1.0),
            "technology_depreciation": st.floats(0.0, 1.0),
            "military_depreciation": st.floats(0.0, 1.0),
            "dual_use": st.floats(0.0, 1.0),
            "horizon": st.integers(1, 40),
        }
    ),
)
def test_whole_incomes_are_spent_and_what_one_gains_in_strength_the_others_lose(
    powers, seed, changes
):
    parameters = Parameters(powers=powers, **changes)
    worlds = Worlds(GAME, 3, parameters, autoreset=False)
    worlds.reset(seed)
    rng = np.random.default_rng(seed)
    space = GAME.observation_space(powers)
    while not worlds.records["over"].all():
        actions = rng.uniform(-MOST_WEIGHT, MOST_WEIGHT, (3, powers, USES))
        rewards = worlds.step(actions)
        record = worlds.records
        spent = np.stack([record[name][:, :powers] for name in theory.SHARES], axis=2)
        np.testing.assert_allclose(spent.sum(axis=2), 1.0, rtol=1e-12)
        assert (spent > 0.0).all()
        butter = (record["income"][:, :powers] + np.log(spent[:, :, CONSUMPTION])).sum(axis=1)
        np.testing.assert_allclose(rewards.sum(axis=1), butter, rtol=1e-9, atol=1e-9)
        assert all(space.contains(row) for row in worlds.observations.reshape(-1, space.shape[0]))


@pytest.mark.parametrize("weight", [-MOST_WEIGHT, MOST_WEIGHT])
@pytest.mark.parametrize("use", range(USES))
def test_observations_stay_in_bounds_for_ever_whatever_is_neglected(weight, use):
    parameters = Parameters(
        endless=True, industry_elasticity=0.45, technology_elasticity=0.45, dual_use=1.0
    )
    worlds = Worlds(GAME, 1, parameters, autoreset=False)
    worlds.reset(0)
    actions = np.full((1, 2, USES), -weight)
    actions[:, :, use] = weight
    space = GAME.observation_space(2)
    for _ in range(900):
        worlds.step(actions)
        assert space.contains(worlds.observations[0, 0])


def test_only_the_ratios_of_the_weights_count():
    worlds = Worlds(GAME, 2, autoreset=False)
    worlds.reset(0)
    actions = np.tile(np.array([1.0, 0.5, -2.0, 2.0]), (2, 2, 1))
    actions[1] -= 1.5
    rewards = worlds.step(actions)
    np.testing.assert_allclose(rewards[0], rewards[1], rtol=1e-12)


def test_observed_columns_are_what_their_names_say():
    parameters = Parameters(powers=3, military_weight=0.07, survival=0.9, horizon=10)
    worlds = Worlds(GAME, 1, parameters, autoreset=False)
    worlds.reset(0)
    actions = np.zeros((1, 3, USES))
    actions[0, :, MILITARY] = [1.0, 2.0, 3.0]
    worlds.step(actions)
    seen = dict(zip(worlds.observation_names, worlds.observations[0, 1].tolist(), strict=True))
    military = worlds.records["military"][0]
    assert seen["military"] == pytest.approx(military[1], rel=1e-6)
    assert seen["military_of_other_0"] == pytest.approx(military[0], rel=1e-6)
    assert seen["military_of_other_1"] == pytest.approx(military[2], rel=1e-6)
    assert seen["industry"] == pytest.approx(worlds.records["industry"][0, 1], rel=1e-6)
    assert seen["years_left"] == pytest.approx(0.9)
    assert seen["military_weight"] == pytest.approx(0.07)
    assert seen["survival"] == pytest.approx(0.9)


# -- wrong input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"powers": 9}, "from 2 to 8 powers"),
        ({"survival": 1.2}, "probability that the government survives a year"),
        ({"military_weight": -0.1}, "from 0 to 1"),
        ({"endless": "for ever"}, "a yes or no"),
    ],
)
def test_wrong_parameters_are_refused_in_words(changes, words):
    with pytest.raises(ParameterError, match=words):
        Parameters(**changes)


def test_an_endless_game_without_discounting_is_refused():
    with pytest.raises(ParameterError, match="discount or survival below 1"):
        theory.equilibrium(Parameters(endless=True, discount=1.0, survival=1.0))
    with pytest.raises(ParameterError, match="lower one of them"):
        theory.equilibrium(Parameters(endless=True, discount=0.9999, survival=1.0))


def test_a_weight_beyond_the_limits_is_refused():
    worlds = Worlds(GAME, 1)
    worlds.reset(0)
    actions = np.zeros((1, 2, USES))
    actions[0, 1, MILITARY] = 4.5
    with pytest.raises(ActionError, match=r"-4\.?0? to 4"):
        worlds.step(actions)


def test_worths_that_are_nothing_together_are_refused():
    with pytest.raises(ValueError, match="no division"):
        theory.best_weights(np.array([0.0, 0.0, -2.0, 1.0]))
