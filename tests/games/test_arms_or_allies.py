"""What `arms_or_allies` claims about arms, allies and debt, and that its solution is one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as draw

from counterpoise.agents.doctrines.arms_or_allies import DOCTRINES
from counterpoise.envs.engine.compilation import is_compiled
from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.rollouts import choose, play
from counterpoise.envs.engine.strategy import Strategy, Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.arms_or_allies import (
    CHALLENGE,
    CHALLENGER,
    DEFENDER,
    GAME,
    MOST_ARMS,
    MOST_DEBT,
    PLAN,
    PLAN_CHOICE,
    PLANS,
    Parameters,
    attrition_chance,
    planned_alliance,
    planned_arms,
    planned_debt_change,
    read,
    threat_chance,
)
from counterpoise.theory import arms_or_allies as theory
from counterpoise.theory.regret import nash_conv, regret, stakes

DEFAULT = Parameters()
SUDDEN_THREAT = Parameters(start_threat=1)


def solved(**changes):
    return theory.equilibrium(DEFAULT.replace(**changes))


def uniform_play(parameters):
    return tuple(Uniform(GAME, parameters, power) for power in range(2))


def printed(value, text):
    """Whether `value` rounds to the figure as it is printed."""
    digits = len(text.partition(".")[2])
    return abs(value - float(text)) <= 0.5 * 10.0**-digits + 1e-9


# -- the solution ---------------------------------------------------------------------------------


def test_the_defender_is_worth_what_the_theory_says():
    assert printed(solved().values[DEFENDER], "-2.758391")
    assert printed(solved(start_threat=1).values[DEFENDER], "-3.437039")


def test_the_long_run_mixes_arms_with_alliance_under_threat_only():
    outcomes = solved().outcomes
    for name, text in {
        "arms": "3.7753",
        "arms_calm": "2.899",
        "arms_threat": "5.527",
        "debt": "2.076",
        "allied": ".1152",
        "allied_threat": ".346",
        "challenge_rate": ".1629",
    }.items():
        assert printed(outcomes[name], text), (name, outcomes[name])
    assert outcomes["allied_calm"] < 1e-9


@pytest.mark.parametrize(("arms", "alliance", "text"), [(0, 1, ".461200"), (6, 0, ".290909")])
def test_an_ally_and_own_arms_both_deter(arms, alliance, text):
    response = theory.challenger_response(DEFAULT, solved().strategies[CHALLENGER])
    states = theory.state_number(1, arms, np.arange(MOST_DEBT + 1), 0)
    assert printed(response.challenge[states, alliance].min(), text)
    assert printed(response.challenge[states, alliance].max(), text)


def test_after_a_sudden_threat_come_allies_first_then_arms():
    outcomes = solved(start_threat=1).outcomes
    assert outcomes["sudden_threat_allied"][:7].tolist() == [1, 1, 1, 1, 1, 1, 0]
    assert outcomes["sudden_threat_arms"][:7].tolist() == [0, 2, 4, 4, 5, 5, 6]
    debt = outcomes["sudden_threat_debt"]
    assert (debt[0], debt.max(), debt[6]) == (2, 4, 2)
    calm_start = solved().outcomes
    assert np.array_equal(calm_start["sudden_threat_arms"], outcomes["sudden_threat_arms"])


def test_the_best_plan_is_strictly_best_wherever_the_equilibrium_comes():
    policy = theory.defender_policy(DEFAULT, solved().strategies[DEFENDER])
    states = theory.reached(DEFAULT, policy > 0)
    assert printed(theory.action_gaps(DEFAULT)[states].min() * 1e5, "4.3")
    assert solved().is_unique


def test_an_ending_by_chance_and_a_discount_are_one_and_the_same_to_the_theory():
    by_chance, by_discount = solved(), solved(random_ending=0.0, discount=0.95)
    assert np.array_equal(by_chance.values, by_discount.values)
    assert np.array_equal(
        by_chance.strategies[DEFENDER].plans, by_discount.strategies[DEFENDER].plans
    )
    both = solved(random_ending=0.02, discount=0.95 / 0.98)
    assert np.allclose(both.values, by_chance.values, atol=1e-12)


def test_a_game_that_neither_ends_nor_discounts_has_no_value():
    endless = Parameters(random_ending=0.0)
    with pytest.raises(ParameterError, match="no finite sum"):
        theory.equilibrium(endless)


# -- comparative statics --------------------------------------------------------------------------

LONG_RUN = {
    "reliability": (
        (0.0, 0.3, 0.5, 0.6, 0.745, 0.9, 1.0),
        ("4.70", "4.70", "4.66", "4.26", "3.78", "3.02", "2.61"),
        ("0", "0", ".012", ".039", ".115", ".333", ".333"),
    ),
    "autonomy_cost": (
        (0.0, 0.0125, 0.025, 0.04, 0.06),
        ("2.63", "2.68", "3.78", "4.27", "4.70"),
        ("1", ".698", ".115", ".025", "0"),
    ),
    "committed_revenue": (
        (0.0, 0.05, 0.10, 0.15, 0.20),
        ("4.77", "3.78", "2.64", "2.60", "1.49"),
        (".048", ".115", ".333", ".333", ".635"),
    ),
    "arms_price": (
        (0.03, 0.04, 0.05, 0.06),
        ("5.27", "4.78", "3.78", "2.82"),
        (".015", ".047", ".115", ".333"),
    ),
    "depreciation": ((0.04, 0.08, 0.16), None, (".030", ".093", ".329")),
}


@pytest.mark.parametrize("name", LONG_RUN)
def test_the_cheaper_or_surer_way_to_security_is_used_more(name):
    values, arms, allied = LONG_RUN[name]
    found = [solved(**{name: value}).outcomes for value in values]
    for k, outcomes in enumerate(found):
        assert arms is None or printed(outcomes["arms"], arms[k]), (name, values[k], outcomes)
        assert printed(outcomes["allied"], allied[k]), (name, values[k], outcomes)


def test_arms_and_allies_are_substitutes_in_every_treatment():
    for name, (values, _, _) in LONG_RUN.items():
        found = [solved(**{name: value}).outcomes for value in values]
        arms = np.diff([outcomes["arms"] for outcomes in found])
        allied = np.diff([outcomes["allied"] for outcomes in found])
        assert (arms * allied < 1e-6).all(), name


def build_up(**changes):
    parameters = DEFAULT.replace(**changes)
    profile = theory.equilibrium(parameters).strategies
    path = theory.threat_path(parameters, profile, years=5, with_losses=True)
    return path["arms"][5], path["allied"].mean()


@pytest.mark.parametrize(
    ("debt", "arms", "allied"),
    [
        (0, "5.69", ".937"),
        (2, "4.47", "1"),
        (4, "4.06", "1"),
        (6, "3.59", "1"),
        (8, "3.29", "1"),
    ],
)
def test_the_indebted_arm_less_and_lean_on_allies(debt, arms, allied):
    found_arms, found_allied = build_up(start_debt=debt)
    assert printed(found_arms, arms)
    assert printed(found_allied, allied)


@pytest.mark.parametrize(
    ("premium", "arms_after_5", "allied", "debt", "arms"),
    [
        (0.0, "6.81", ".73", "8.0", "3.70"),
        (0.01, "4.47", "1", "2.1", "3.78"),
        (0.03, "4.06", "1", ".6", "4.14"),
    ],
)
def test_dear_credit_slows_the_build_up_yet_raises_arms_in_the_long_run(
    premium, arms_after_5, allied, debt, arms
):
    found_arms, found_allied = build_up(interest_premium=premium)
    outcomes = solved(interest_premium=premium).outcomes
    assert printed(found_arms, arms_after_5)
    assert printed(found_allied, allied)
    assert printed(outcomes["debt"], debt)
    assert printed(outcomes["arms"], arms)


# -- the solution, held against the environment ---------------------------------------------------


def every_plan_everywhere(parameters, seed=0):
    """Return worlds of one state and plan each, [324 * 18], before the plan, and the plans."""
    states, plans = np.divmod(np.arange(theory.STATES * PLANS), PLANS)
    threat, arms, debt, allied = np.unravel_index(states, theory.SHAPE)
    worlds = Worlds(GAME, len(states), parameters, autoreset=False)
    worlds.reset(seed)
    worlds.records["threat"] = threat
    worlds.records["arms"][:, DEFENDER] = arms
    worlds.records["debt"][:, DEFENDER] = debt
    worlds.records["allied"] = allied
    worlds.observe()
    return worlds, plans


def both(plans, answers):
    return np.stack([plans, answers], axis=1)[:, :, None]


def years_played(parameters):
    """Return, from the environment alone, what each plan in each state pays and leads to."""
    worlds, plans = every_plan_everywhere(parameters)
    is_open = worlds.masks[np.arange(len(plans)), DEFENDER, plans] > 0
    before = worlds.copy()
    rewards = []
    for answer in (0, 1):
        worlds.restore(before)
        worlds.step(both(plans, 0 * plans))
        planned = worlds.records.copy()
        rewards.append(worlds.step(both(plans * 0, 0 * plans + answer)).copy())
    return is_open, planned, rewards, worlds.records.copy()


def test_no_one_shot_deviation_gains_in_the_environment():
    is_open, planned, (accepted, challenged), after_all_lasts = years_played(
        DEFAULT.replace(depreciation=0.0)
    )
    _, _, _, after_one_is_lost = years_played(DEFAULT.replace(depreciation=1.0))
    defender = solved().strategies[DEFENDER]
    shape = (theory.STATES, PLANS)

    # The cut-off at which the environment pays a challenge exactly nothing.
    cut_off = challenged[:, CHALLENGER] + planned["private_cost"]
    assert (accepted[:, CHALLENGER] == 0).all()
    rate = np.clip(cut_off / DEFAULT.highest_challenge_cost, 0.0, 1.0).reshape(shape)
    pays = (1 - rate) * accepted[:, DEFENDER].reshape(shape)
    pays += rate * challenged[:, DEFENDER].reshape(shape)

    record = DEFAULT.to_record()
    threat, arms, _, _ = np.unravel_index(np.arange(theory.STATES), theory.SHAPE)
    to_threat = np.array([threat_chance(record, kind) for kind in (0, 1)])[threat]
    to_loss = np.array([attrition_chance(record, float(m)) for m in range(MOST_ARMS + 1)])[arms]
    follows = np.zeros((theory.STATES, PLANS, theory.STATES))
    rows = np.arange(theory.STATES)[:, None], np.arange(PLANS)[None, :]
    for after, chance in ((after_all_lasts, 1 - to_loss), (after_one_is_lost, to_loss)):
        left = after["arms"][:, DEFENDER].astype(int)
        debt = after["debt"][:, DEFENDER].astype(int)
        for kind, by_threat in ((0, 1 - to_threat), (1, to_threat)):
            number = theory.state_number(kind, left, debt, after["allied"]).reshape(shape)
            follows[(*rows, number)] += (chance * by_threat)[:, None]
    assert np.allclose(follows.sum(axis=2), 1.0)

    plans = defender.plans
    assert is_open.reshape(shape)[np.arange(theory.STATES), plans].all()
    weight = DEFAULT.discount * (1 - DEFAULT.random_ending)
    chosen = np.arange(theory.STATES), plans
    values = np.linalg.solve(np.eye(theory.STATES) - weight * follows[chosen], pays[chosen])
    worth = pays + weight * follows @ values
    gains = np.where(is_open.reshape(shape), worth - values[:, None], -np.inf)
    assert gains.max() <= 1e-9
    assert values[theory.first_state(DEFAULT)] == pytest.approx(
        solved().values[DEFENDER], abs=1e-12
    )


def test_the_challenger_never_regrets_its_answer_in_the_environment():
    worlds, plans = every_plan_everywhere(DEFAULT, seed=7)
    worlds.step(both(plans, 0 * plans))
    drawn = worlds.records["private_cost"].copy()
    decided = worlds.copy()
    worlds.step(both(0 * plans, 0 * plans + 1))
    cut_off = worlds.rewards[:, CHALLENGER] + drawn
    for cost in (drawn, cut_off - 1e-5, cut_off + 1e-5):
        worlds.restore(decided)
        worlds.records["private_cost"] = np.clip(cost, 0.0, DEFAULT.highest_challenge_cost)
        ready = worlds.copy()
        worlds.restore(ready)
        answers = choose(worlds, solved().strategies, np.random.default_rng(0))
        answered = worlds.step(answers)[:, CHALLENGER].copy()
        worlds.restore(ready)
        answers[:, CHALLENGER] = 1 - answers[:, CHALLENGER]
        otherwise = worlds.step(answers)[:, CHALLENGER]
        assert (otherwise - answered).max() <= 1e-9


def test_chance_in_the_environment_is_as_its_rules_say():
    count = 40_000
    worlds = Worlds(GAME, count, DEFAULT, autoreset=False)
    worlds.reset(11)
    record = DEFAULT.to_record()
    arms = np.arange(count) % (MOST_ARMS + 1)
    threat = np.arange(count) // (MOST_ARMS + 1) % 2
    worlds.records["arms"][:, DEFENDER] = arms
    worlds.records["threat"] = threat
    nothing = np.zeros((count, 2, 1), int)
    worlds.step(nothing)
    cost = worlds.records["private_cost"] / DEFAULT.highest_challenge_cost
    assert 0 <= cost.min() <= cost.max() < 1
    ranks = np.arange(count) / count
    assert np.abs(np.sort(cost) - ranks).max() < 1.95 / np.sqrt(count)
    worlds.step(nothing)
    after = worlds.records

    def agrees(happened, chance):
        error = np.sqrt(chance * (1 - chance) / len(happened))
        return abs(happened.mean() - chance) <= 4 * error

    for stock in range(MOST_ARMS + 1):
        lost = arms[arms == stock] - after["arms"][arms == stock, DEFENDER]
        assert set(lost) <= {0, 1}
        assert agrees(lost, attrition_chance(record, float(stock)))
    for kind in (0, 1):
        assert agrees(after["threat"][threat == kind], threat_chance(record, kind))
    assert agrees(worlds.terminated, DEFAULT.random_ending)
    # One chance does not lean on another.
    together = np.corrcoef([cost, after["threat"], worlds.terminated, after["arms"][:, DEFENDER]])
    assert np.abs(together - np.diag(np.diag(together)))[:3].max() < 4.5 / np.sqrt(count)


def mean_payoffs(parameters, profile, *, count, seed):
    """Play to the end; return each power's mean discounted payoff and its standard error."""
    worlds = Worlds(GAME, count, parameters, autoreset=False)
    worlds.reset(seed)
    rng = np.random.default_rng(seed)
    total = np.zeros((count, 2))
    year = 0
    while not worlds.records["over"].all() and parameters.discount**year > 1e-5:
        for _ in GAME.phases:
            total += parameters.discount**year * worlds.step(choose(worlds, profile, rng))
        year += 1
    return total.mean(axis=0), total.std(axis=0) / np.sqrt(count)


def test_playing_the_equilibrium_pays_its_value():
    equilibrium = solved()
    mean, error = mean_payoffs(DEFAULT, equilibrium.strategies, count=20_000, seed=3)
    assert (np.abs(mean - equilibrium.values) <= 4 * error).all()
    assert (error < 0.05).all()


def test_random_play_pays_what_its_exact_evaluation_says():
    parameters = SUDDEN_THREAT.replace(random_ending=0.1, discount=0.9)
    profile = uniform_play(parameters)
    mean, error = mean_payoffs(parameters, profile, count=10_000, seed=5)
    value = theory.evaluate(parameters, profile).values
    assert (np.abs(mean - value) <= 4 * error).all()


# -- any profile ----------------------------------------------------------------------------------


class RandomTable(Strategy):
    """Draws each option with a fixed probability that depends on the state and the cost."""

    name = "random table"
    is_random = True

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.weights = rng.normal(size=(len(GAME.observation_names(2)), PLANS)) * 2

    def act(self, observations, masks, rng):
        shares = np.cumsum(self.probabilities(observations, masks), axis=1)
        drawn = rng.random(len(observations))[:, None] * shares[:, -1:]
        return (drawn >= shares).sum(axis=1)[:, None]

    def probabilities(self, observations, masks):
        shares = np.zeros(masks.shape)
        ever_open = masks.any(axis=0)
        odds = np.exp(observations.astype(float) @ self.weights[:, ever_open])
        odds *= masks[:, ever_open]
        shares[:, ever_open] = odds / odds.sum(axis=1, keepdims=True)
        return shares


class WithoutCutOff(Strategy):
    """Plays as another does, but does not tell its cut-off."""

    name = "without cut-off"

    def __init__(self, other):
        self.other = other

    def act(self, observations, masks, rng):
        return self.other.act(observations, masks, rng)


@pytest.mark.parametrize("power", [DEFENDER, CHALLENGER])
def test_a_best_response_is_worth_what_it_says_and_no_less_than_the_original(power):
    for seed in range(2):
        profile = [RandomTable(seed), RandomTable(seed + 10)]
        response = theory.best_response(DEFAULT, profile, power)
        assert response.gain > 0
        assert response.own_value == pytest.approx(
            theory.evaluate(DEFAULT, profile).values[power], abs=1e-12
        )
        profile[power] = response.strategy
        again = theory.best_response(DEFAULT, profile, power)
        assert again.own_value == pytest.approx(response.value, abs=1e-9)
        assert abs(again.gain) < 1e-9


def test_nobody_gains_by_leaving_the_equilibrium():
    assert abs(nash_conv("arms_or_allies", DEFAULT, solved().strategies)) < 1e-9
    assert (regret("arms_or_allies", DEFAULT, uniform_play(DEFAULT)) == 1.0).all()
    assert min(stakes("arms_or_allies", DEFAULT)) > 0.5


def test_sampling_the_private_cost_comes_close_to_the_closed_form():
    defender, challenger = solved().strategies
    exact = theory.evaluate(DEFAULT, (defender, challenger))
    sampled = theory.evaluate(DEFAULT, (defender, WithoutCutOff(challenger)))
    assert np.abs(exact.values - sampled.values).max() < 0.01
    gain = theory.best_response(DEFAULT, (defender, WithoutCutOff(challenger)), CHALLENGER).gain
    assert 0 <= gain < 1e-4


def test_what_a_strategy_puts_on_a_closed_plan_counts_as_the_null_plan():
    class Spendthrift(Strategy):
        def act(self, observations, masks, rng):
            return np.full((len(observations), 1), PLANS - 1)

    class Prudent(Strategy):
        def act(self, observations, masks, rng):
            return np.where(masks[:, PLANS - 1] > 0, PLANS - 1, 0)[:, None]

    challenger = solved().strategies[CHALLENGER]
    values = [
        theory.evaluate(DEFAULT, (who, challenger)).values for who in (Spendthrift(), Prudent())
    ]
    assert np.array_equal(*values)


def test_a_network_s_rounded_probabilities_change_nothing():
    class Rounded(RandomTable):
        def probabilities(self, observations, masks):
            return super().probabilities(observations, masks).astype(np.float32) * (1 + 3e-7)

    exact, rounded = (
        theory.outcomes(DEFAULT, [kind(1), kind(2)]) for kind in (RandomTable, Rounded)
    )
    for name, value in exact.items():
        assert np.allclose(value, rounded[name], atol=1e-5), name


def test_long_run_outcomes_are_those_of_long_play():
    endless = DEFAULT.replace(random_ending=0.0, discount=0.95)
    profile = [DOCTRINES["allies_first_then_arms"](endless, power) for power in range(2)]
    worlds = Worlds(GAME, 2_000, endless, autoreset=False)
    rollout = play(worlds, profile, seed=2, steps=300)
    records = rollout.records[101::2]
    expected = theory.outcomes(endless, profile)
    assert records["arms"][..., DEFENDER].mean() == pytest.approx(expected["arms"], abs=0.05)
    assert records["debt"][..., DEFENDER].mean() == pytest.approx(expected["debt"], abs=0.05)
    assert records["alliance"].mean() == pytest.approx(expected["allied"], abs=0.02)
    challenges = rollout.actions[101::2, :, CHALLENGER]
    assert challenges.mean() == pytest.approx(expected["challenge_rate"], abs=0.02)
    assert set(expected) == set(theory.OUTCOMES)


# -- doctrines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCTRINES)
def test_every_doctrine_plays_only_what_is_open_in_either_seat(name):
    parameters = DEFAULT.replace(committed_revenue=0.2, interest_premium=0.02)
    profile = [DOCTRINES[name](parameters, power) for power in range(2)]
    worlds, plans = every_plan_everywhere(parameters)
    for _ in range(4):
        actions = choose(worlds, profile, np.random.default_rng(0))
        for power in range(2):
            assert worlds.masks[np.arange(len(plans)), power, actions[:, power, 0]].all()
        worlds.step(actions)


@pytest.mark.parametrize("name", DOCTRINES)
def test_no_doctrine_beats_the_equilibrium_at_its_own_table(name):
    profile = list(solved().strategies)
    for power in range(2):
        changed = profile.copy()
        changed[power] = DOCTRINES[name](DEFAULT, power)
        assert theory.evaluate(DEFAULT, changed).values[power] <= solved().values[power] + 1e-12


def test_doctrines_do_what_their_names_say():
    def outcomes(name):
        profile = [DOCTRINES[name](SUDDEN_THREAT, power) for power in range(2)]
        return theory.outcomes(SUDDEN_THREAT, profile)

    balancer, seeker = outcomes("pure_internal_balancer"), outcomes("pure_ally_seeker")
    assert (balancer["allied"], seeker["arms"]) == (0, 0)
    assert balancer["arms"] > 2
    assert seeker["allied"] == 1
    morrow = outcomes("allies_first_then_arms")
    dropped = int(np.argmin(morrow["sudden_threat_allied"]))
    assert morrow["sudden_threat_allied"][:dropped].all()
    assert not morrow["sudden_threat_allied"][dropped:].any()
    assert morrow["sudden_threat_arms"][dropped] > morrow["sudden_threat_arms"][0]
    assert outcomes("pacifist")["challenge_rate"] == 0


# -- the rules ------------------------------------------------------------------------------------

POSSIBLE = draw.builds(
    lambda **values: values,
    reliability=draw.floats(0, 1),
    committed_revenue=draw.floats(0, 0.25),
    arms_price=draw.floats(0, 0.3),
    interest_premium=draw.floats(0, 0.03),
    autonomy_cost=draw.floats(0, 0.5),
    depreciation=draw.floats(0, 1),
    random_ending=draw.floats(0, 0.3),
    start_threat=draw.integers(0, 1),
    start_arms=draw.integers(0, MOST_ARMS),
    start_debt=draw.integers(0, MOST_DEBT),
    start_allied=draw.integers(0, 1),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=POSSIBLE, seed=draw.integers(0, 2**32))
def test_accounts_balance_and_nothing_leaves_its_limits(changes, seed):
    parameters = Parameters(**changes)
    worlds = Worlds(GAME, 16, parameters)
    space = GAME.observation_space(2)
    rng = np.random.default_rng(seed)
    worlds.reset(seed)
    for _ in range(30):
        was = worlds.records.copy()
        masks = worlds.masks.copy()
        assert (masks[:, :, 0] == 1).all()
        assert np.isin(masks, (0, 1)).all()
        closed = DEFENDER if was["phase"][0] == CHALLENGE else CHALLENGER
        assert (masks[:, closed].sum(axis=1) == 1).all()
        worlds.step(np.stack([rng.integers(0, PLANS, 16), rng.integers(0, 2, 16)], axis=1))
        assert all(space.contains(row) for row in worlds.observations.reshape(32, -1))
        assert np.isfinite(worlds.rewards).all()
        now = worlds.records
        debt = now["debt"][:, DEFENDER]
        assert ((debt >= 0) & (debt <= MOST_DEBT) & (debt == np.rint(debt))).all()
        arms = now["arms"][:, DEFENDER]
        assert ((arms >= 0) & (arms <= MOST_ARMS) & (arms == np.rint(arms))).all()
        if was["phase"][0] == PLAN:
            assert (worlds.rewards == 0).all()
            tax = now["tax"][:, DEFENDER]
            assert ((tax >= -1e-9) & (tax <= parameters.tax_ceiling + 1e-9)).all()
            owed = debt * parameters.debt_unit
            rate = parameters.interest + parameters.interest_premium * debt
            revenue = tax + now["debt_change"] * parameters.debt_unit
            spending = parameters.committed_revenue + parameters.arms_price * now["ordered_arms"]
            assert np.allclose(revenue, spending + rate * owed, atol=1e-12)
        else:
            lives_on = ~(worlds.terminated | worlds.truncated)
            carried = was["debt"][:, DEFENDER] + was["debt_change"]
            assert (debt == carried)[lives_on].all()
            assert (now["allied"] == was["alliance"])[lives_on].all()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=POSSIBLE, seed=draw.integers(0, 2**32))
def test_a_closed_plan_is_the_null_plan(changes, seed):
    worlds = Worlds(GAME, PLANS, Parameters(**changes), autoreset=False)
    worlds.reset(seed)
    before = worlds.copy()
    is_open = worlds.masks[0, DEFENDER] > 0
    nothing = np.zeros(PLANS, int)
    for answer in (0, 1):
        played = []
        for plans in (np.arange(PLANS), np.where(is_open, np.arange(PLANS), 0)):
            worlds.restore(before)
            worlds.step(both(plans, nothing))
            rewards = worlds.step(both(nothing, nothing + answer)).copy()
            played.append((rewards, worlds.records.copy()))
        assert np.array_equal(played[0][0], played[1][0])
        assert (played[0][1] == played[1][1]).all()


def test_only_the_power_on_the_move_moves():
    worlds = Worlds(GAME, 4, SUDDEN_THREAT, autoreset=False)
    worlds.reset(0)
    before = worlds.copy()
    ends = []
    for ignored in (0, 1):
        worlds.restore(before)
        worlds.step([[5, ignored]] * 4)
        worlds.step([[17 * ignored, 1]] * 4)
        ends.append(worlds.records.copy())
    assert (ends[0] == ends[1]).all()


def test_the_private_cost_is_the_challengers_own():
    worlds = Worlds(GAME, 50, DEFAULT)
    names = worlds.observation_names
    worlds.reset(0)
    worlds.step(np.zeros((50, 2, 1), int))
    cost = worlds.observations[:, :, names.index("private_cost")]
    assert (cost[:, DEFENDER] == 0).all()
    assert np.array_equal(cost[:, CHALLENGER], worlds.records["private_cost"].astype(np.float32))
    others = np.delete(worlds.observations, names.index("private_cost"), axis=2)
    assert np.array_equal(others[:, DEFENDER], others[:, CHALLENGER])


def test_a_plan_reads_as_it_is_named_and_is_seen_as_it_was_made():
    assert PLAN_CHOICE.options[0] == "no arms, hold debt, no ally"
    assert PLAN_CHOICE.options[17] == "2 arms, borrow, ally"
    worlds, plans = every_plan_everywhere(DEFAULT)
    is_open = worlds.masks[np.arange(len(plans)), DEFENDER, plans] > 0
    worlds.step(both(plans, 0 * plans))
    seen = read(worlds.observations[:, CHALLENGER])
    assert np.array_equal(seen.plan, np.where(is_open, plans, 0))
    for plan, label in enumerate(PLAN_CHOICE.options):
        arms, debt, ally = label.split(", ")
        assert planned_arms(plan) == {"no arms": 0, "1 arms": 1, "2 arms": 2}[arms]
        assert planned_debt_change(plan) == {"hold debt": 0, "repay": -1, "borrow": 1}[debt]
        assert planned_alliance(plan) == (ally == "ally")


def test_a_state_that_cannot_pay_its_interest_is_refused():
    with pytest.raises(ParameterError, match="tax_ceiling"):
        Parameters(committed_revenue=0.4)
    assert Parameters(random_ending=0.0).discount == 1.0


def test_the_game_ends_after_a_whole_year_only():
    worlds = Worlds(GAME, 200, Parameters(random_ending=1.0), autoreset=False)
    rollout = play(worlds, uniform_play(worlds.parameters[0]), seed=0)
    assert len(rollout.actions) == 2
    assert worlds.terminated.all()


def fingerprint():
    """Return numbers that any change of the rules or of the solver would change."""
    worlds = Worlds(GAME, 5, SUDDEN_THREAT)
    worlds.reset(1)
    rng = np.random.default_rng(1)
    total = np.zeros((5, 2))
    for _ in range(60):
        actions = np.stack([rng.integers(0, PLANS, 5), rng.integers(0, 2, 5)], axis=1)
        total += worlds.step(actions)
    equilibrium = theory.equilibrium(DEFAULT)
    return {
        "rewards": total.ravel().tolist(),
        "random_state": [int(state) for state in worlds.records["random_state"]],
        "values": equilibrium.values.tolist(),
        "plans": equilibrium.strategies[DEFENDER].plans.tolist(),
    }


def test_compiled_and_plain_python_give_the_same_numbers():
    code = (
        "import importlib.util, json, sys\n"
        "spec = importlib.util.spec_from_file_location('claims', sys.argv[1])\n"
        "claims = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(claims)\n"
        "print(json.dumps([claims.is_compiled(), claims.fingerprint()]))\n"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0" if not is_compiled() else "1"}
    output = subprocess.run(
        [sys.executable, "-c", code, __file__],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    was_compiled, there = json.loads(output)
    here = fingerprint()
    assert was_compiled is not is_compiled()
    assert there["plans"] == here["plans"]
    assert there["random_state"] == here["random_state"]
    assert np.allclose(there["rewards"], here["rewards"], rtol=0, atol=1e-12)
    assert np.allclose(there["values"], here["values"], rtol=0, atol=1e-12)
