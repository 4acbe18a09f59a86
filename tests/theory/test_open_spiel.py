"""Games exported to OpenSpiel, whose own NashConv is the second opinion on ours."""

from __future__ import annotations

import sys
import zlib

import numpy as np
import pytest

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Strategy, Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games import arms_or_allies as rules
from counterpoise.theory import arms_or_allies
from counterpoise.theory.open_spiel import (
    equal_cells,
    exact_cells,
    open_spiel_game,
    open_spiel_policy,
    profile_of,
)
from counterpoise.theory.regret import equilibria, equilibrium, gains, nash_conv

pyspiel = pytest.importorskip("pyspiel")
exploitability = pytest.importorskip("open_spiel.python.algorithms.exploitability")

CLOSE = 1e-6

FINITE = [
    ("deterrence", {}),
    ("deterrence", {"war_cost": 0.6}),
    ("deterrence", {"years": 3, "discount": 0.9}),
    ("buck_passing", {}),
    ("buck_passing", {"powers": 4, "bystanders": 1, "tie_cost": 0.12}),
    ("buck_passing", {"start_level": 3}),
    ("shifting_power", {}),
    ("shifting_power", {"intelligence": 0.8}),
    ("shifting_power", {"years": 3, "discount": 0.95}),
]
# A year later counts for so little that two years hold all of the endless game but 1e-7.
# The low tax leaves 6 plans open, where 18 would make a tree of a minute.
SHORT_SIGHTED = {"random_ending": 0.0, "discount": 1e-4, "tax_ceiling": 0.1}


class Arbitrary(Strategy):
    """Answers every sight with probabilities of its own, drawn from it and a seed."""

    is_random = True

    def __init__(self, seed: int, ignored: int | None = None) -> None:
        self._seed, self._ignored = seed, ignored

    def probabilities(self, observations, masks):
        seen = observations.copy()
        if self._ignored is not None:
            seen[:, self._ignored] = 0.0
        chances = np.zeros(masks.shape)
        for row, (sight, mask) in enumerate(zip(seen, masks, strict=True)):
            rng = np.random.default_rng([self._seed, zlib.crc32(sight.tobytes() + mask.tobytes())])
            chances[row] = rng.exponential(size=len(mask)) * mask
        return chances / chances.sum(axis=1, keepdims=True)

    def act(self, observations, masks, rng):
        raise AssertionError("only asked for its probabilities")


class ArbitraryCutOffs(Arbitrary):
    """Challenges below a private cost that it has drawn for each sight."""

    def __init__(self, seed: int, parameters) -> None:
        super().__init__(seed, ignored=8)
        self._highest = parameters.highest_challenge_cost

    def cut_off(self, observations):
        masks = np.ones((len(observations), 2), np.int8)
        return super().probabilities(observations, masks)[:, 1] * self._highest

    def probabilities(self, observations, masks):
        challenges = (observations[:, 8] < self.cut_off(observations)) & (masks[:, 1] == 1)
        chances = np.zeros(masks.shape)
        chances[:, 0], chances[:, 1] = ~challenges, challenges
        return chances


def profiles(name, parameters, random=3):
    """Return the profiles that both are asked about, by name."""
    game = game_named(name)
    yield from ((found.name, found.strategies) for found in equilibria(name, parameters))
    yield "uniform", [Uniform(game, parameters, k) for k in range(parameters.powers)]
    # The theory of arms_or_allies samples what depends on the private cost in any odd way.
    ignored = 8 if name == "arms_or_allies" else None
    for seed in range(random):
        yield (
            f"random {seed}",
            [Arbitrary(10 * seed + k, ignored) for k in range(parameters.powers)],
        )


def gains_by_open_spiel(spiel, profile):
    policy = open_spiel_policy(spiel, profile)
    return exploitability.nash_conv(spiel, policy, return_only_nash_conv=False).player_improvements


@pytest.mark.parametrize(("name", "changes"), FINITE)
def test_open_spiel_finds_the_same_gains_as_the_theory(name, changes):
    parameters = game_named(name).parameters(**changes)
    spiel = open_spiel_game(name, parameters)
    for label, profile in profiles(name, parameters):
        found = gains_by_open_spiel(spiel, profile)
        np.testing.assert_allclose(
            found, gains(name, parameters, profile), atol=CLOSE, err_msg=label
        )


@pytest.mark.parametrize(("name", "changes"), FINITE)
def test_the_cpp_best_response_agrees(name, changes):
    parameters = game_named(name).parameters(**changes)
    spiel = open_spiel_game(name, parameters)
    profile = [Arbitrary(k) for k in range(parameters.powers)]
    found = exploitability.nash_conv(spiel, open_spiel_policy(spiel, profile), use_cpp_br=True)
    assert found == pytest.approx(nash_conv(name, parameters, profile), abs=CLOSE)


@pytest.mark.parametrize(("name", "changes"), FINITE)
def test_equilibria_have_no_nash_conv_and_random_play_has(name, changes):
    parameters = game_named(name).parameters(**changes)
    spiel = open_spiel_game(name, parameters)
    solved = open_spiel_policy(spiel, equilibrium(name, parameters).strategies)
    assert exploitability.nash_conv(spiel, solved) == pytest.approx(0.0, abs=CLOSE)
    aimless = open_spiel_policy(spiel, [Arbitrary(k) for k in range(parameters.powers)])
    assert exploitability.nash_conv(spiel, aimless) > 0.01


@pytest.fixture(scope="module")
def short_sighted():
    parameters = rules.Parameters(**SHORT_SIGHTED)
    return parameters, open_spiel_game("arms_or_allies", parameters, years=2)


def test_two_years_of_arms_or_allies_agree_with_the_endless_game_where_later_hardly_counts(
    short_sighted,
):
    parameters, spiel = short_sighted
    for label, profile in profiles("arms_or_allies", parameters, random=1):
        found = gains_by_open_spiel(spiel, profile)
        ours = gains("arms_or_allies", parameters, profile)
        np.testing.assert_allclose(found, ours, atol=CLOSE, err_msg=label)


def cut_off_at(parameters, profile, years):
    """Return both powers' gains in the game that ends after some years, from the year's tables."""
    table = arms_or_allies.year_tables(parameters)
    policy = arms_or_allies.defender_policy(parameters, profile[rules.DEFENDER])
    response = arms_or_allies.challenger_response(parameters, profile[rules.CHALLENGER])
    best_answer = arms_or_allies.challenger_response(
        parameters, arms_or_allies.CutOffChallenger(parameters)
    )
    weight = arms_or_allies.yearly_discount(parameters)
    own, best, challenger, best_challenger = (np.zeros(arms_or_allies.STATES) for _ in range(4))
    for _ in range(years):
        best = arms_or_allies.plan_values(parameters, response, best).max(axis=1)
        worth = arms_or_allies.plan_values(parameters, response, own)
        own = (policy * np.where(table.is_open, worth, 0.0)).sum(axis=1)
        onwards = [
            answer.payoff + weight * table.expected_next(later)
            for answer, later in ((response, challenger), (best_answer, best_challenger))
        ]
        challenger, best_challenger = ((policy * each).sum(axis=1) for each in onwards)
    first = arms_or_allies.first_state(parameters)
    return [(best - own)[first], (best_challenger - challenger)[first]]


@pytest.mark.parametrize(
    "changes",
    [
        {"start_arms": 1, "start_threat": 1, "tax_ceiling": 0.1},
        pytest.param({}, marks=pytest.mark.slow),
    ],
)
def test_two_years_of_arms_or_allies_agree_with_backward_induction_over_its_tables(changes):
    parameters = rules.Parameters(**changes)
    cut_offs = ArbitraryCutOffs(1, parameters)

    def cells(world, record):
        worlds.observe()
        worlds.records[0] = world
        worlds.records["phase"] = rules.CHALLENGE
        worlds.observe()
        cut = cut_offs.cut_off(worlds.observations[:, rules.CHALLENGER])[0]
        return [*exact_cells(world, record), cut / record.highest_challenge_cost]

    worlds = Worlds("arms_or_allies", 1, parameters, autoreset=False)
    worlds.reset(0)
    spiel = open_spiel_game("arms_or_allies", parameters, years=2, cells=cells)
    profile = [Arbitrary(0), cut_offs]
    found = gains_by_open_spiel(spiel, profile)
    assert found == pytest.approx(cut_off_at(parameters, profile, 2), abs=CLOSE)
    assert found.min() > 0.01


def test_equal_cells_come_near_to_the_exact_ones():
    parameters = rules.Parameters(random_ending=1.0)
    profile = equilibrium("arms_or_allies", parameters).strategies
    exact, coarse, fine = (
        open_spiel_policy(
            spiel := open_spiel_game("arms_or_allies", parameters, years=1, cells=cells), profile
        )
        and exploitability.best_response(spiel, open_spiel_policy(spiel, profile), 1)[
            "best_response_value"
        ]
        for cells in (exact_cells, equal_cells(5), equal_cells(100))
    )
    solved = equilibrium("arms_or_allies", parameters).values[rules.CHALLENGER]
    assert exact == pytest.approx(solved, abs=1e-12)
    assert abs(fine - solved) < 1e-4 < abs(coarse - solved)


@pytest.mark.parametrize(("name", "changes"), [*FINITE, ("arms_or_allies", SHORT_SIGHTED)])
def test_an_exported_game_plays_as_its_worlds_do(name, changes):
    parameters = game_named(name).parameters(**changes)
    years = 2 if name == "arms_or_allies" else None
    spiel = open_spiel_game(name, parameters, years=years)
    worlds = Worlds(name, 20_000, parameters, autoreset=False)
    happened = play(
        worlds,
        [Uniform(worlds.game, parameters, k) for k in range(parameters.powers)],
        seed=1,
        steps=None if years is None else 2 * years,
    )
    # Discounted by the year in which a step was played, as the theory does.
    weights = parameters.discount ** happened.records["year"][:-1].astype(float)
    by_world = (weights[:, :, None] * happened.rewards).sum(axis=0)
    policy = open_spiel_policy(
        spiel, [Uniform(worlds.game, parameters, k) for k in range(parameters.powers)]
    )
    values = exploitability.best_response(spiel, policy, 0)["on_policy_values"]
    error = by_world.std(axis=0) / np.sqrt(len(by_world))
    assert (np.abs(by_world.mean(axis=0) - values) <= 5 * error + 1e-9).all()


@pytest.mark.parametrize("name", ["deterrence", "buck_passing", "shifting_power", "arms_or_allies"])
def test_open_spiel_s_own_test_of_games_passes(name):
    changes = SHORT_SIGHTED if name == "arms_or_allies" else {}
    years = 2 if name == "arms_or_allies" else None
    spiel = open_spiel_game(name, game_named(name).parameters(**changes), years=years)
    pyspiel.random_sim_test(spiel, num_sims=5, serialize=False, verbose=False)


def test_payoffs_stay_within_the_bounds_that_the_game_states(short_sighted):
    _, spiel = short_sighted
    rng = np.random.default_rng(0)
    reached = []
    for _ in range(200):
        state = spiel.new_initial_state()
        while not state.is_terminal():
            state.apply_action(int(rng.choice(state.legal_actions())))
        reached.append(state.returns())
        assert len(state.history()) <= spiel.max_game_length()
    assert np.min(reached) >= spiel.min_utility() - 1e-12
    assert np.max(reached) <= spiel.max_utility() + 1e-12


def test_nobody_sees_what_another_chooses_at_the_same_time():
    spiel = open_spiel_game("deterrence")
    sights = set()
    for option in range(3):
        state = spiel.new_initial_state()
        state.apply_action(option)
        assert state.current_player() == 1
        sights.add(state.information_state_string(1))
    assert len(sights) == 1


def test_only_the_challenger_sees_its_private_cost(short_sighted):
    _, spiel = short_sighted
    state = spiel.new_initial_state()
    state.apply_action(1)
    assert state.is_chance_node()
    low, high = (state.child(cell) for cell, _ in state.chance_outcomes())
    assert low.information_state_string(0) == high.information_state_string(0)
    assert low.information_state_string(1) != high.information_state_string(1)


def test_powers_with_one_open_option_are_not_asked():
    spiel = open_spiel_game("shifting_power")
    state = spiel.new_initial_state()
    assert state.current_player() == 0
    state.apply_action(0)
    assert state.current_player() == 1
    assert state.legal_actions() == [0, 1]


def test_a_policy_comes_back_as_strategies():
    parameters = game_named("shifting_power").parameters(years=2)
    spiel = open_spiel_game("shifting_power", parameters)
    profile = [Arbitrary(0), Arbitrary(1)]
    back = profile_of(spiel, open_spiel_policy(spiel, profile))
    ours = gains("shifting_power", parameters, profile)
    np.testing.assert_allclose(gains("shifting_power", parameters, back), ours, atol=1e-9)


def test_a_policy_with_a_memory_is_refused():
    from open_spiel.python.policy import TabularPolicy

    spiel = open_spiel_game("deterrence", game_named("deterrence").parameters(years=2))
    policy = TabularPolicy(spiel)
    policy.action_probability_array[-1] = [1.0, 0.0, 0.0]
    with pytest.raises(CounterpoiseError, match="in different ways"):
        profile_of(spiel, policy)


@pytest.mark.parametrize("name", ["arms_race", "grand_strategy"])
def test_amounts_and_several_choices_are_refused(name):
    with pytest.raises(CounterpoiseError, match="one choice at a time"):
        open_spiel_game(name)


def test_a_game_without_an_end_in_sight_is_refused(monkeypatch):
    monkeypatch.setattr("counterpoise.theory.open_spiel.MOST_STEPS", 20_000)
    with pytest.raises(CounterpoiseError, match="years="):
        open_spiel_game("arms_or_allies")


def test_a_missing_open_spiel_is_said_in_words(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspiel", None)
    with pytest.raises(CounterpoiseError, match=r"counterpoise\[open_spiel\]"):
        open_spiel_game("deterrence")
