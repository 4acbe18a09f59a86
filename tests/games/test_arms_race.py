"""What the arms race is, and what its theory says, checked by playing it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from counterpoise.agents.doctrines.arms_race import DOCTRINES
from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.strategy import Strategy, Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.arms_race import GAME, LARGEST_BUILD, MOST_ARMS, Parameters
from counterpoise.theory import arms_race as theory
from counterpoise.theory import linear_quadratic as lq
from counterpoise.theory.regret import gains

LARGEST_GAIN = 1e-6
NO_MASKS = np.ones((1, 0), np.int8)

ALLIES = {"powers": 3, "fear": 0.4}


class Disguised(Strategy):
    """Plays as another strategy does, without showing how."""

    name = "disguised"

    def __init__(self, inner):
        self._inner = inner

    def act(self, observations, masks, rng):
        return self._inner.act(observations, masks, rng)


class Network(Strategy):
    """A smooth, arbitrary answer to everything that it sees, as of an untrained network."""

    name = "network"

    def __init__(self, parameters, power):
        inputs = len(GAME.observation_names(parameters.powers))
        draw = np.random.default_rng(power)
        self._layers = [
            draw.normal(size=shape) / np.sqrt(shape[0])
            for shape in ((inputs, 32), (32, 32), (32, 1))
        ]

    def act(self, observations, masks, rng):
        signal = observations.astype(np.float64)
        for layer in self._layers:
            signal = np.tanh(signal @ layer)
        return signal


def discounted(parameters, power, build_of, profile, count):
    """Play `count` worlds in which one power builds `build_of(year, observations)`."""
    years = theory.years_of(parameters)
    worlds = Worlds(GAME, count, parameters, autoreset=False, max_cycles=years)
    worlds.reset(0)
    values = np.zeros(count)
    rng = np.random.default_rng(0)
    for year in range(years):
        actions = np.zeros((count, parameters.powers, 1))
        for seat, strategy in enumerate(profile):
            actions[:, seat] = strategy.act(
                worlds.observations[:, seat], worlds.masks[:, seat], rng
            )
        actions[:, power, 0] = build_of(year, worlds.observations[:, power], actions[:, power, 0])
        values += parameters.discount**year * worlds.step(actions)[:, power]
    return values


def infinite(**changes):
    """Return the endless game's linear-quadratic form and solution, and its steady state."""
    parameters = Parameters(**{"endless": True, **changes})
    game = theory.linear_quadratic_game(parameters)
    solution = lq.feedback_equilibrium(game)
    return game, solution, theory.steady_state(parameters)


# -- the specification's numbers -------------------------------------------------------------------


def test_two_powers_build_by_the_known_rule_for_ever():
    _, solution, steady = infinite()
    np.testing.assert_allclose(
        solution.feedbacks[0][0, 0], [-0.279360, 0.096820, 0.584189], atol=5e-7
    )
    np.testing.assert_allclose(
        solution.feedbacks[1][0, 0], [0.096820, -0.279360, 0.584189], atol=5e-7
    )
    np.testing.assert_allclose(steady, 2.225145, atol=5e-7)
    np.testing.assert_allclose(solution.cost([1, 1, 1]), 5.11113, atol=5e-6)


def test_thirty_years_cost_what_is_known_and_playing_them_costs_the_same():
    parameters = Parameters()
    solved = theory.equilibrium(parameters)
    np.testing.assert_allclose(-solved.values, 4.390613, atol=5e-7)
    np.testing.assert_allclose(solved.outcomes["cost"], -solved.values, atol=1e-6)
    endless = theory.equilibrium(Parameters(endless=True))
    np.testing.assert_allclose(endless.outcomes["cost"], -endless.values, atol=1e-6)
    np.testing.assert_allclose(endless.outcomes["final_arms"], 2.225145, atol=1e-6)


def test_knowing_that_rivals_answer_makes_for_fewer_arms_than_committing_to_a_path():
    parameters = Parameters()
    np.testing.assert_allclose(theory.open_loop_steady_state(parameters), 2.260183, atol=5e-7)
    for changes in ({}, {"fear": 0.3}, {"fear": 0.9}, {"fatigue": 16.0}, {"obsolescence": 0.2}):
        changed = Parameters(**changes)
        open_loop = theory.open_loop_steady_state(changed)
        assert (theory.steady_state(changed) < open_loop).all()
        closed_form = 1 / (
            1
            - changed.fear
            + changed.fatigue[0] * changed.obsolescence * (1 / 0.95 - 1 + changed.obsolescence)
        )
        np.testing.assert_allclose(open_loop, closed_form, rtol=1e-12)


def test_without_fear_committing_or_not_makes_no_difference():
    parameters = Parameters(fear=0.0)
    np.testing.assert_allclose(
        theory.steady_state(parameters), theory.open_loop_steady_state(parameters), rtol=1e-10
    )


def test_fear_drives_a_spiral():
    known = {0.0: 0.959286, 0.3: 1.344426, 0.6: 2.225145, 0.9: 5.783099}
    for fear, arms in known.items():
        np.testing.assert_allclose(infinite(fear=fear)[2], arms, atol=5e-7)
    steps = np.diff(list(known.values()))
    assert (np.diff(steps) > 0).all()


def test_fiscal_fatigue_lowers_the_own_arms_and_less_so_the_rivals():
    known = {4.0: (2.225145, 2.225145), 8.0: (2.140888, 2.071986), 16.0: (1.995352, 1.812764)}
    found = {fatigue: infinite(fatigue=(4.0, fatigue))[2] for fatigue in known}
    for fatigue, arms in known.items():
        np.testing.assert_allclose(found[fatigue], arms, atol=5e-7)
    rival_falls, own_falls = -np.diff([found[fatigue] for fatigue in sorted(found)], axis=0).T
    assert (rival_falls > 0).all()
    assert (rival_falls < own_falls).all()


def test_obsolescence_lowers_arms_and_raises_their_cost():
    known = {0.04: 2.395835, 0.08: 2.225145, 0.16: 1.801587}
    costs = []
    for obsolescence, arms in known.items():
        _, solution, steady = infinite(obsolescence=obsolescence)
        np.testing.assert_allclose(steady, arms, atol=5e-7)
        costs.append(solution.cost([1, 1, 1])[0])
    assert (np.diff(costs) > 0).all()


def test_spill_in_lets_allies_arm_less():
    known = {0.0: (1.866694, 2.378297), 0.25: (1.396157, 2.021448), 0.5: (1.112355, 1.805923)}
    for spill_in, (ally, adversary) in known.items():
        steady = infinite(**ALLIES, spill_in=spill_in)[2]
        np.testing.assert_allclose(steady, [ally, ally, adversary], atol=5e-7)


@pytest.mark.parametrize(
    ("spill_in", "alone", "together"), [(0.25, 1.42809, 1.42944), (0.5, 0.74466, 0.74054)]
)
def test_coordination_of_allies_backfires_where_their_arms_help_each_other_little(
    spill_in, alone, together
):
    parameters = Parameters(**ALLIES, spill_in=spill_in, endless=True)
    uncoordinated = -theory.equilibrium(parameters).values[:2]
    coordinated = -theory.coordinated_equilibrium(parameters).values[:2]
    np.testing.assert_allclose(uncoordinated, alone, atol=5e-6)
    np.testing.assert_allclose(coordinated, together, atol=5e-6)
    assert ((coordinated > uncoordinated) == (spill_in == 0.25)).all()


# -- equilibria hold in the game itself ------------------------------------------------------------

EQUILIBRIA = {
    "thirty years": {},
    "for ever": {"endless": True},
    "three powers": {**ALLIES, "spill_in": 0.25},
    "unequal": {"fatigue": (2.0, 9.0), "weight": (1.0, 2.0), "arms": (0.5, 2.0), "horizon": 12},
}


@pytest.mark.parametrize("changes", EQUILIBRIA.values(), ids=EQUILIBRIA)
def test_no_linear_deviation_gains(changes):
    parameters = Parameters(**changes)
    solved = theory.equilibrium(parameters)
    for power in range(parameters.powers):
        steps = np.array([-0.1, -0.03, -0.01, -0.003, -0.001, -1e-4, 0.0])
        steps = np.concatenate([steps, -steps[:-1]])
        if parameters.endless:
            steps = steps[::2]
        shifts = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)

        def shifted(year, seen, planned, shifts=shifts):
            change = shifts[:, 0] * seen[:, 0] + shifts[:, 1] * seen[:, 1] + shifts[:, 2]
            return np.clip(planned + change, -LARGEST_BUILD, LARGEST_BUILD)

        values = discounted(parameters, power, shifted, solved.strategies, len(shifts))
        stays = values[(shifts == 0.0).all(axis=1)][0]
        assert stays == pytest.approx(solved.values[power], abs=LARGEST_GAIN)
        assert values.max() - stays <= LARGEST_GAIN


@pytest.mark.parametrize("changes", EQUILIBRIA.values(), ids=EQUILIBRIA)
def test_no_single_years_deviation_gains(changes):
    parameters = Parameters(**changes)
    solved = theory.equilibrium(parameters)
    years = min(theory.years_of(parameters), 20)
    builds = np.linspace(-LARGEST_BUILD, LARGEST_BUILD, 201 if parameters.endless else 2_001)
    when = np.repeat(np.arange(years), len(builds))
    what = np.tile(builds, years)
    for power in range(parameters.powers):

        def once(year, seen, planned):
            return np.where(when == year, what, planned)

        values = discounted(parameters, power, once, solved.strategies, len(when))
        assert values.max() - solved.values[power] <= LARGEST_GAIN


def test_with_shocks_the_rule_stays_and_the_cost_rises_as_reckoned():
    calm = theory.equilibrium(Parameters())
    noisy = theory.equilibrium(Parameters(noise=0.1))
    for without, within in zip(calm.strategies, noisy.strategies, strict=True):
        np.testing.assert_array_equal(without.gains, within.gains)
    assert (noisy.values < calm.values).all()
    # 20,000 sampled episodes have a standard error of 0.006.
    np.testing.assert_allclose(noisy.outcomes["cost"], -noisy.values, atol=0.025)


def test_an_equilibrium_beyond_the_limits_is_refused_by_name():
    with pytest.raises(ParameterError, match=r"power_0 would build .* limit of 1 % of GDP"):
        theory.equilibrium(Parameters(arms=10.0, grievance=10.0))
    with pytest.raises(ParameterError, match="at or near zero"):
        theory.equilibrium(Parameters(noise=0.5, fatigue=100.0))
    with pytest.raises(ParameterError, match="discount below 1"):
        theory.equilibrium(Parameters(endless=True, discount=1.0))


# -- best responses --------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", EQUILIBRIA.values(), ids=EQUILIBRIA)
def test_nothing_is_gained_by_a_best_response_to_equilibrium(changes):
    parameters = Parameters(**changes)
    profile = theory.equilibrium(parameters).strategies
    assert np.abs(gains("arms_race", parameters, profile)).max() <= LARGEST_GAIN


@pytest.mark.parametrize(
    "changes", [{}, {"endless": True}, {**ALLIES, "spill_in": 0.25, "horizon": 10}]
)
def test_the_grid_finds_what_the_riccati_equation_finds(changes):
    parameters = Parameters(**changes)
    solved = theory.equilibrium(parameters)
    # An unskilled rival: half of the equilibrium's answers to stocks, twice its constant.
    rival = solved.strategies[1]
    rival = theory.LinearFeedback(parameters, 1, 0.5 * rival.gains, 1.2 * rival.constants)
    profile = [solved.strategies[0], rival, *solved.strategies[2:]]
    exact = theory.best_response(parameters, profile, 0)
    on_grid = theory.best_response(parameters, [Disguised(each) for each in profile], 0)
    assert exact.gain > 1e-3
    assert on_grid.value == pytest.approx(exact.value, abs=LARGEST_GAIN)
    assert on_grid.own_value == pytest.approx(exact.own_value, abs=1e-12)


RIVALS = {name: DOCTRINES[name] for name in DOCTRINES} | {"network": Network}


@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS)
def test_no_path_of_builds_beats_the_best_response_to_a_rival_of_any_kind(rival):
    parameters = Parameters(horizon=15)
    profile = [Disguised(DOCTRINES["disarmer"](parameters, 0)), rival(parameters, 1)]
    best = theory.best_response(parameters, profile, 0)
    draw = np.random.default_rng(0)
    builds = best.strategy.builds
    paths = np.concatenate(
        [
            builds + scale * draw.normal(size=(2_000, len(builds)))
            for scale in (1e-3, 1e-2, 0.1, 0.5)
        ]
        + [np.repeat(np.linspace(-1, 1, 201)[:, None], len(builds), axis=1), builds[None]]
    ).clip(-LARGEST_BUILD, LARGEST_BUILD)
    values = discounted(parameters, 0, lambda year, *_: paths[:, year], profile, len(paths))
    assert values[-1] == pytest.approx(best.value, abs=1e-12)
    assert values.max() - best.value <= LARGEST_GAIN
    assert best.gain > 0.1


@pytest.mark.parametrize("changes", [{"horizon": 10}, {"horizon": 10, "noise": 0.1}])
def test_a_best_response_to_chance_beats_every_fixed_rule(changes):
    parameters = Parameters(**changes)
    profile = [Uniform(GAME, parameters, power) for power in range(2)]
    best = theory.best_response(parameters, profile, 0)
    assert best.gain > 1.0
    rules = [theory.equilibrium(parameters).strategies[0]]
    rules += [make(parameters, 0) for make in DOCTRINES.values()]
    for rule in rules:
        assert theory.best_response(parameters, [rule, profile[1]], 0).gain > 0.0


@pytest.mark.parametrize(
    "changes",
    [
        {"obsolescence": 1.0, "horizon": 5},
        {"fear": 1.0, "fatigue": 0.01, "grievance": 10.0, "arms": 20.0, "horizon": 5},
        {"horizon": 1},
        {"weight": 0.0, "horizon": 5},
        {"discount": 0.0, "endless": True},
        {"noise": 0.5, "arms": 0.0, "horizon": 5},
    ],
)
def test_a_best_response_is_never_worse_than_what_is_played(changes):
    parameters = Parameters(**changes)
    profile = [make(parameters, 0) for make in DOCTRINES.values()][1:]
    for power in range(2):
        assert theory.best_response(parameters, profile, power).gain >= 0.0


# -- the general solver ----------------------------------------------------------------------------


def test_a_player_alone_solves_the_algebraic_riccati_equation():
    draw = np.random.default_rng(0)
    moves, control = draw.normal(size=(3, 3)) / 2, draw.normal(size=(3, 2))
    cost, effort = np.diag([1.0, 2.0, 0.5]), np.diag([1.0, 3.0])
    game = lq.LinearQuadraticGame(moves, (control,), (cost,), (effort,), 0.9, np.eye(3))
    known = scipy.linalg.solve_discrete_are(
        np.sqrt(0.9) * moves, np.sqrt(0.9) * control, cost, effort
    )
    solution = lq.feedback_equilibrium(game)
    np.testing.assert_allclose(solution.costs[0, 0], known, rtol=1e-10)
    assert solution.noise_costs[0, 0] == pytest.approx(9.0 * np.trace(known), rel=1e-10)
    answer = lq.best_response(game, solution.feedbacks, 0)
    np.testing.assert_allclose(answer.feedbacks[0], solution.feedbacks[0], atol=1e-12)


def test_payoffs_with_cross_linear_and_constant_terms_are_solved_too():
    # Two targets of an embargo: insulation pays by network gains, resilience and autarky's cost.
    gain, loss, autarky = 0.02, 0.8 * 0.20, 0.04
    quadratic, linear, constant = [], [], []
    for player in range(2):
        square = np.zeros((2, 2))
        square[player, player] = loss / 2 + autarky / 2
        square[0, 1] = square[1, 0] = -gain / 2
        slope = np.full(2, gain)
        slope[player] -= loss
        quadratic.append(square)
        linear.append(slope)
        constant.append(loss / 2 - gain)
    controls = [np.eye(2)[:, [player]] for player in range(2)]
    game = lq.affine_game(
        0.95 * np.eye(2), controls, quadratic, linear, constant, [[[0.5]]] * 2, 0.95
    )
    solution = lq.feedback_equilibrium(game)
    np.testing.assert_allclose(
        solution.feedbacks[0][0, 0], [-0.298686, 0.014208, 0.252626], atol=5e-7
    )
    np.testing.assert_allclose(
        lq.feedback_steady_state(game, solution.feedbacks), 0.755283, atol=5e-7
    )
    np.testing.assert_allclose(solution.cost([0.3, 0.3, 1.0]), 0.369669, atol=5e-7)
    planner = lq.merge_players(game, [0, 1])
    planned = lq.feedback_equilibrium(planner)
    np.testing.assert_allclose(
        lq.feedback_steady_state(planner, planned.feedbacks), 0.72669, atol=5e-6
    )
    assert planned.cost([0.3, 0.3, 1.0])[0] / 2 == pytest.approx(0.368202, abs=5e-7)


def test_a_problem_without_a_minimum_is_refused():
    game = lq.affine_game([[1.0]], [[[1.0]]], [[[-5.0]]], [[0.0]], [0.0], [[[1.0]]], 0.95)
    with pytest.raises(ArithmeticError, match="no minimum"):
        lq.feedback_equilibrium(game, 5)


def test_a_game_for_ever_without_discounting_is_refused():
    with pytest.raises(ArithmeticError, match="discount is below 1"):
        lq.feedback_equilibrium(theory.linear_quadratic_game(Parameters(discount=1.0)))


# -- doctrines -------------------------------------------------------------------------------------


def played_path(parameters, *names):
    profile = [DOCTRINES[name](parameters, power) for power, name in enumerate(names)]
    return theory.outcomes(parameters, profile)["arms_path"]


def test_the_tit_for_tat_armer_holds_what_its_rival_held_the_year_before():
    arms = played_path(Parameters(), "tit_for_tat_armer", "worst_case_armer")
    np.testing.assert_allclose(arms[2:, 0], arms[1:-1, 1], atol=1e-6)


def test_a_disarmers_arms_only_age():
    arms = played_path(Parameters(), "disarmer", "disarmer")
    np.testing.assert_allclose(arms, np.repeat(0.92 ** np.arange(31)[:, None], 2, axis=1))


def test_worst_case_armers_end_with_more_arms_than_in_equilibrium():
    arms = played_path(Parameters(), "worst_case_armer", "worst_case_armer")
    assert (arms[-1] > theory.steady_state(Parameters())).all()


def test_tit_for_tat_matches_rivals_and_not_allies():
    parameters = Parameters(**ALLIES, arms=(1.0, 3.0, 1.0))
    arms = played_path(parameters, "tit_for_tat_armer", "disarmer", "disarmer")
    np.testing.assert_allclose(arms[1, 0], 1.0, atol=1e-6)


# -- the rules -------------------------------------------------------------------------------------


def single(name):
    declaration = Parameters.declarations[name]
    if declaration.type is bool:
        return st.booleans()
    if declaration.type is int:
        return st.integers(int(declaration.low), min(int(declaration.high), 40))
    return st.floats(declaration.low, declaration.high)


@st.composite
def legal_parameters(draw):
    powers = draw(st.integers(2, 3))
    values = {"powers": powers}
    for name, declaration in Parameters.declarations.items():
        if name == "powers":
            continue
        if declaration.per_power:
            values[name] = tuple(draw(single(name)) for _ in range(powers))
        else:
            values[name] = draw(single(name))
    return Parameters(**values)


@given(legal_parameters(), st.integers(0, 2**32), st.sampled_from([-1.0, 0.0, 1.0, None]))
@settings(max_examples=60, deadline=None)
def test_whatever_is_done_stocks_stay_real_and_observations_in_their_space(
    parameters, seed, constant
):
    worlds = Worlds(GAME, 8, parameters, max_cycles=60, autoreset=False)
    space = GAME.observation_space(parameters.powers)
    rng = np.random.default_rng(seed)
    worlds.reset(seed)
    powers = parameters.powers
    while not worlds.records["over"].all():
        before = worlds.records["arms"][:, :powers].copy()
        actions = rng.uniform(-1.0, 1.0, (8, powers, 1))
        if constant is not None:
            actions[:] = constant
        rewards = worlds.step(actions)
        after = worlds.records["arms"][:, :powers]
        assert (after >= 0.0).all()
        assert (after <= MOST_ARMS).all()
        assert np.isfinite(rewards).all()
        assert (rewards <= 0.0).all()
        for seen in worlds.observations.reshape(-1, worlds.observations.shape[-1]):
            assert space.contains(seen)
        if parameters.noise == 0.0:
            built = worlds.records["build"][:, :powers]
            np.testing.assert_allclose(
                after, (1.0 - parameters.obsolescence) * before + built, atol=1e-12
            )
            is_bound = built != actions[..., 0]
            assert (after[is_bound] <= 1e-12).all()
    years = worlds.records["year"]
    if parameters.endless:
        assert worlds.truncated.all()
        assert (years == 60).all()
    else:
        assert worlds.terminated.all()
        assert (years == parameters.horizon).all()


def test_nobody_scraps_or_pays_for_more_than_it_holds():
    parameters = Parameters(arms=0.5, weight=0.0)
    with Worlds(GAME, 1, parameters) as worlds:
        worlds.reset(0)
        rewards = worlds.step([[[-1.0], [1.0]]])
        np.testing.assert_allclose(worlds.records["arms"][0, :2], [0.0, 0.46 + 1.0])
        np.testing.assert_allclose(rewards[0], [-4.0 * 0.46**2, -4.0])


def test_what_is_built_counts_from_the_next_year():
    with Worlds(GAME, 1, Parameters()) as worlds:
        worlds.reset(0)
        first = worlds.step([[[0.5], [0.0]]])[0].copy()
        np.testing.assert_allclose(first, [-(0.6**2) - 4 * 0.25, -(0.6**2)])
        second = worlds.step([[[0.0], [0.0]]])[0]
        np.testing.assert_allclose(
            second, [-((1.42 - 0.6 * 0.92 - 1) ** 2), -((0.92 - 0.6 * 1.42 - 1) ** 2)]
        )


def test_powers_see_own_stock_first_then_the_others_and_who_is_an_ally():
    parameters = Parameters(**ALLIES, arms=(1.0, 2.0, 3.0))
    names = GAME.observation_names(3)
    with Worlds(GAME, 1, parameters) as worlds:
        seen = worlds.reset(0)[0]
    columns = [names.index(name) for name in names if "arms" in name or "ally" in name]
    np.testing.assert_array_equal(
        seen[:, columns], [[1, 2, 3, 1, 0], [2, 1, 3, 1, 0], [3, 1, 2, 0, 0]]
    )
    assert GAME.alliances(worlds.records[0], parameters) == [("power_0", "power_1")]


ROLLOUT = """
import json, numpy as np
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.arms_race import Parameters
worlds = Worlds("arms_race", 3, Parameters(powers=3, noise=0.2, horizon=12, spill_in=0.3))
worlds.reset(11)
rng = np.random.default_rng(0)
told = []
for _ in range(20):
    rewards = worlds.step(rng.uniform(-1, 1, (3, 3, 1)))
    told.append([rewards.tolist(), worlds.records["arms"].tolist(), worlds.observations.tolist()])
print(json.dumps(told))
"""


def test_compiled_and_plain_rules_give_the_same_numbers():
    told = []
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        ended = subprocess.run(
            [sys.executable, "-c", ROLLOUT],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(json.loads(ended.stdout))
    for compiled, plain in zip(*told, strict=True):
        for one, other in zip(compiled, plain, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12, rtol=0)
