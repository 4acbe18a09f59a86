"""What the chokepoint is, and what its theory says, checked by playing it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterpoise.agents.doctrines.chokepoint import DOCTRINES
from counterpoise.agents.named import profile
from counterpoise.envs.engine.errors import ActionError, ParameterError
from counterpoise.envs.engine.strategy import Strategy, Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.chokepoint import (
    ANSWER,
    GAME,
    HUB,
    INVEST,
    LEAST_INVESTMENT,
    MOST_INVESTMENT,
    TARGETS,
    Parameters,
)
from counterpoise.theory import chokepoint as theory
from counterpoise.theory import linear_quadratic as lq
from counterpoise.theory.regret import gains, stakes

LARGEST_GAIN = 1e-6
WITH_HUB = {"powers": 3}
FOR_EVER = {"endless": True}
CASES = {
    "two targets for thirty years": {},
    "for ever": FOR_EVER,
    "with the hub": {**WITH_HUB, "horizon": 20},
    "unequal starts": {"resilience": (0.0, 0.9), "exposure": 0.5},
}


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
            for shape in ((inputs, 32), (32, 32), (32, 2))
        ]
        low, high = GAME.action_bounds(np.array([parameters.to_record()]), parameters.powers)
        self._low, self._span = low[0, power], (high - low)[0, power]

    def act(self, observations, masks, rng):
        signal = observations.astype(np.float64)
        for layer in self._layers:
            signal = np.tanh(signal @ layer)
        return self._low + self._span * 0.5 * (signal + 1.0)


def discounted(parameters, power, deviate, strategies, count):
    """Play `count` worlds in which one power does `deviate(year, phase, seen, planned)`."""
    years = theory.years_of(parameters)
    worlds = Worlds(GAME, count, parameters, autoreset=False, max_cycles=2 * years)
    worlds.reset(0)
    values = np.zeros(count)
    rng = np.random.default_rng(0)
    while (year := int(worlds.records["year"][0])) < years and not worlds.records["over"][0]:
        actions = np.zeros((count, parameters.powers, 2))
        for seat, strategy in enumerate(strategies):
            actions[:, seat] = strategy.act(
                worlds.observations[:, seat], worlds.masks[:, seat], rng
            )
        phase = int(worlds.records["phase"][0])
        seen, planned = worlds.observations[:, power], actions[:, power].copy()
        actions[:, power] = deviate(year, phase, seen, planned)
        values += parameters.discount**year * worlds.step(actions)[:, power]
    return values


# -- the specification's numbers -------------------------------------------------------------------


def test_targets_insulate_themselves_by_the_known_rule_for_ever():
    parameters = Parameters()
    game = theory.linear_quadratic_game(parameters)
    solution = lq.feedback_equilibrium(game)
    np.testing.assert_allclose(
        solution.feedbacks[0][0, 0], [-0.298686, 0.014208, 0.252626], atol=5e-7
    )
    np.testing.assert_allclose(
        solution.feedbacks[1][0, 0], [0.014208, -0.298686, 0.252626], atol=5e-7
    )
    np.testing.assert_allclose(theory.steady_state(parameters), 0.755283, atol=5e-7)
    np.testing.assert_allclose(solution.cost([0.3, 0.3, 1.0]), 0.369669, atol=5e-7)


def test_playing_the_equilibrium_pays_and_leads_where_it_should():
    solved = theory.equilibrium(Parameters(**FOR_EVER))
    np.testing.assert_allclose(solved.values, -0.369669, atol=5e-7)
    np.testing.assert_allclose(solved.outcomes["final_resilience"], 0.755283, atol=5e-7)


def test_a_planner_would_insulate_less_and_both_would_be_better_off():
    parameters = Parameters(**FOR_EVER)
    planned = theory.planner(parameters)
    np.testing.assert_allclose(theory.planner_steady_state(parameters), 0.72669, atol=5e-6)
    np.testing.assert_allclose(planned.outcomes["final_resilience"], 0.72669, atol=5e-6)
    np.testing.assert_allclose(planned.values, -0.368202, atol=5e-7)
    solved = theory.equilibrium(parameters)
    assert (planned.values > solved.values).all()
    assert (planned.outcomes["resilience"] < solved.outcomes["resilience"]).all()


SERIES = {
    "exposure": {0.4: 0.565664, 0.8: 0.755283, 1.0: 0.799015},
    "autarky_cost": {0.02: 0.847074, 0.04: 0.755283, 0.08: 0.620883},
    "network_gain": {0.0: 0.779987, 0.02: 0.755283, 0.04: 0.721844},
    "adjustment_cost": {0.5: 0.766013, 1.0: 0.755283, 4.0: 0.697095},
}


@pytest.mark.parametrize("name", SERIES)
def test_the_long_run_follows_what_extraction_brings_and_insulation_costs(name):
    for value, known in SERIES[name].items():
        parameters = Parameters(**FOR_EVER, **{name: value})
        np.testing.assert_allclose(theory.steady_state(parameters), known, atol=5e-7)
        played = theory.equilibrium(parameters).outcomes["final_resilience"]
        np.testing.assert_allclose(played, known, atol=5e-7)
    signs = np.sign(np.diff(list(SERIES[name].values())))
    assert (signs == (1 if name == "exposure" else -1)).all()


def test_the_others_exit_spurs_ones_own():
    apart = [theory.equilibrium(Parameters(resilience=(0.3, start))) for start in (0.1, 0.5, 0.9)]
    paths = np.array([each.outcomes["resilience_path"][1:20, 0] for each in apart])
    assert (np.diff(paths, axis=0) > 0).all()


def test_one_target_alone_and_for_one_year_would_hold_four_fifths():
    levels = np.linspace(0.0, 1.0, 1_001)
    each = [Parameters(network_gain=0.0, resilience=(level, 0.0)) for level in levels]
    worlds = Worlds(GAME, len(each), each)
    worlds.reset(0)
    paid = worlds.step(np.zeros((len(each), 2, 2)))[:, 0]
    assert levels[paid.argmax()] == pytest.approx(0.8)


# -- equilibria hold in the game itself ------------------------------------------------------------


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_no_linear_deviation_of_a_target_gains(changes):
    parameters = Parameters(**changes)
    solved = theory.equilibrium(parameters)
    steps = np.array([-0.1, -0.01, -0.001, 0.0, 0.001, 0.01, 0.1])
    shifts = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)

    def shifted(year, phase, seen, planned):
        if phase == INVEST:
            planned[:, 0] += shifts[:, 0] * seen[:, 0] + shifts[:, 1] * seen[:, 1] + shifts[:, 2]
        return np.clip(planned, [LEAST_INVESTMENT, 0.0], [MOST_INVESTMENT, 1.0])

    for power in range(TARGETS):
        values = discounted(parameters, power, shifted, solved.strategies, len(shifts))
        stays = values[(shifts == 0.0).all(axis=1)][0]
        assert stays == pytest.approx(solved.values[power], abs=LARGEST_GAIN)
        assert values.max() - stays <= LARGEST_GAIN


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_no_single_years_investment_gains(changes):
    parameters = Parameters(**changes)
    solved = theory.equilibrium(parameters)
    years = min(theory.years_of(parameters), 12)
    amounts = np.linspace(LEAST_INVESTMENT, MOST_INVESTMENT, 161)
    when, what = np.repeat(np.arange(years), len(amounts)), np.tile(amounts, years)

    def once(year, phase, seen, planned):
        if phase == INVEST:
            planned[:, 0] = np.where(when == year, what, planned[:, 0])
        return planned

    for power in range(TARGETS):
        values = discounted(parameters, power, once, solved.strategies, len(when))
        assert values.max() - solved.values[power] <= LARGEST_GAIN


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_nothing_is_gained_by_a_best_response_to_equilibrium(changes):
    parameters = Parameters(**changes)
    strategies = theory.equilibrium(parameters).strategies
    assert np.abs(gains("chokepoint", parameters, strategies)).max() <= LARGEST_GAIN
    disguised = [Disguised(each) for each in strategies]
    assert np.abs(gains("chokepoint", parameters, disguised)).max() <= LARGEST_GAIN


# -- the hub as a player ---------------------------------------------------------------------------


def test_a_hub_that_can_demand_extracts_all_and_meets_the_resilience_of_full_exposure():
    with_hub = theory.equilibrium(Parameters(**WITH_HUB))
    exposed = theory.equilibrium(Parameters(exposure=1.0))
    np.testing.assert_allclose(with_hub.values[:TARGETS], exposed.values, atol=1e-7)
    np.testing.assert_allclose(
        with_hub.outcomes["resilience_path"][:, :TARGETS],
        exposed.outcomes["resilience_path"],
        atol=1e-7,
    )
    np.testing.assert_allclose(
        with_hub.outcomes["extracted"][:TARGETS], exposed.outcomes["extracted"], atol=1e-7
    )
    assert with_hub.values[HUB] > 0.0


def test_an_embargo_is_never_seen():
    dear = theory.equilibrium(Parameters(**WITH_HUB, embargo_cost=5.0))
    free = theory.equilibrium(Parameters(**WITH_HUB))
    np.testing.assert_array_equal(dear.values, free.values)


@pytest.mark.parametrize("embargo_cost", [0.0, 0.01])
def test_no_other_demand_gains_in_any_year(embargo_cost):
    parameters = Parameters(
        **WITH_HUB, horizon=10, embargo_cost=embargo_cost, resilience=(0.1, 0.6, 0)
    )
    solved = theory.equilibrium(parameters)
    amounts = np.linspace(0.0, parameters.embargo_loss, 401)
    when, what = np.repeat(np.arange(10), len(amounts)), np.tile(amounts, 10)

    for target in range(TARGETS):

        def once(year, phase, seen, planned, target=target):
            if phase == INVEST:
                planned[:, target] = np.where(when == year, what, planned[:, target])
            return planned

        values = discounted(parameters, HUB, once, solved.strategies, len(when))
        assert values.max() - solved.values[HUB] <= LARGEST_GAIN


def test_a_target_gives_in_to_what_is_no_dearer_than_an_embargo():
    parameters = Parameters(**WITH_HUB)
    target = theory.equilibrium(parameters).strategies[0]
    worlds = Worlds(GAME, 1_001, parameters, autoreset=False)
    worlds.reset(0)
    asked = np.zeros((1_001, 3, 2))
    asked[:, HUB, 0] = np.linspace(0.0, parameters.embargo_loss, 1_001)
    worlds.step(asked)
    before = worlds.copy()
    accepts = target.act(worlds.observations[:, 0], worlds.masks[:, 0], None)[:, 1]
    paid = []
    for answer in (0.0, 1.0):
        worlds.restore(before)
        answers = np.zeros((1_001, 3, 2))
        answers[:, :TARGETS, 1] = answer
        paid.append(worlds.step(answers)[:, 0].copy())
    apart = np.abs(paid[1] - paid[0]) > 1e-7
    np.testing.assert_array_equal(accepts[apart], (paid[1] > paid[0])[apart])
    assert 0 < accepts.sum() < 1_001


def test_the_best_demand_of_a_network_beats_every_fixed_one():
    parameters = Parameters(**WITH_HUB, horizon=8)
    strategies = [Network(parameters, power) for power in range(3)]
    best = theory.best_response(parameters, strategies, HUB)
    amounts = np.linspace(0.0, parameters.embargo_loss, 2_001)
    when, what = np.repeat(np.arange(8), len(amounts)), np.tile(amounts, 8)
    found = [*strategies[:HUB], best.strategy]
    for target in range(TARGETS):

        def once(year, phase, seen, planned, target=target):
            if phase == INVEST:
                planned[:, target] = np.where(when == year, what, planned[:, target])
            return planned

        values = discounted(parameters, HUB, once, found, len(when))
        assert values.max() - best.value <= LARGEST_GAIN
    assert best.gain > 0.1


# -- best responses of targets ---------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, FOR_EVER, WITH_HUB])
def test_the_grid_finds_what_the_riccati_equation_finds(changes):
    parameters = Parameters(**changes)
    solved = theory.equilibrium(parameters)
    rival = solved.strategies[1]
    rival = theory.LinearTarget(parameters, 1, 0.9 * rival.gains, 0.8 * rival.constants)
    strategies = [solved.strategies[0], rival, *solved.strategies[2:]]
    exact = theory.best_response(parameters, strategies, 0)
    assert isinstance(exact.strategy, theory.LinearTarget)
    on_grid = theory.best_response(parameters, [Disguised(each) for each in strategies], 0)
    assert on_grid.value == pytest.approx(exact.value, abs=LARGEST_GAIN)
    assert on_grid.own_value == pytest.approx(exact.own_value, abs=1e-12)


RIVALS = {**DOCTRINES, "network": Network}


@pytest.mark.parametrize("powers", [2, 3])
@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS)
def test_no_path_of_investments_beats_the_best_response_to_a_rival_of_any_kind(rival, powers):
    parameters = Parameters(powers=powers, horizon=12)
    others = [rival(parameters, power) for power in range(1, powers)]
    strategies = [DOCTRINES["open_trader"](parameters, 0), *others]
    best = theory.best_response(parameters, strategies, 0)
    invested = theory.outcomes(parameters, [best.strategy, *others])["investment_path"][:, 0]
    draw = np.random.default_rng(0)
    paths = np.concatenate(
        [invested + scale * draw.normal(size=(1_000, 12)) for scale in (1e-4, 1e-3, 1e-2, 0.1)]
        + [np.repeat(np.linspace(LEAST_INVESTMENT, MOST_INVESTMENT, 161)[:, None], 12, axis=1)]
    ).clip(LEAST_INVESTMENT, MOST_INVESTMENT)

    def on_path(year, phase, seen, planned):
        planned[:, 0] = paths[:, year]
        return planned

    found = [best.strategy, *others]
    values = discounted(parameters, 0, on_path, found, len(paths))
    assert values.max() - best.value <= 1e-5
    assert best.gain > 0.01


def test_a_best_response_to_random_play_beats_every_fixed_rule():
    parameters = Parameters(**WITH_HUB, horizon=6)
    strategies = [Uniform(GAME, parameters, power) for power in range(3)]
    rules = [DOCTRINES[name](parameters, 0) for name in ("open_trader", "autarkist")]
    for rule in [theory.equilibrium(parameters).strategies[0], *rules]:
        assert theory.best_response(parameters, [rule, *strategies[1:]], 0).gain > 0.0
    for share in (0.2, 0.5, 1.0):
        hub = profile(f"constant:{0.2 * share},{0.2 * share}", GAME, parameters)[HUB]
        best = theory.best_response(parameters, [*strategies[:HUB], hub], HUB)
        assert best.gain >= 0.0
        # Who accepts anything half of the time is asked for the most.
        assert best.value == pytest.approx(0.2 * (1 - 0.95**6) / 0.05, rel=0.01)
    assert min(stakes("chokepoint", parameters)) > 0.1


# -- what is refused -------------------------------------------------------------------------------


def test_an_equilibrium_beyond_the_limits_is_refused_in_words():
    with pytest.raises(ParameterError, match=r"power_0 would reach a resilience .* limits of 0"):
        theory.equilibrium(Parameters(exposure=0.05))
    with pytest.raises(ParameterError, match=r"exposure x embargo_loss above network_gain"):
        theory.equilibrium(Parameters(exposure=0.05, network_gain=0.1))
    with pytest.raises(ParameterError, match=r"power_0 would invest .* limits of -0.3 and 0.5"):
        theory.equilibrium(Parameters(adjustment_cost=0.05, resilience=0.0))
    with pytest.raises(ParameterError, match="discount below 1"):
        theory.equilibrium(Parameters(**FOR_EVER, discount=1.0))


def test_wrong_input_is_refused_in_words():
    with pytest.raises(ParameterError, match=r"exposure .* from 0 to 1"):
        Parameters(exposure=1.5)
    with pytest.raises(ParameterError, match="resilience"):
        Parameters(resilience=(0.3, 0.3, 0.3, 0.3), powers=3)
    with Worlds(GAME, 1, Parameters()) as worlds:
        worlds.reset(0)
        with pytest.raises(ActionError, match="power_1's 'investment'"):
            worlds.step([[[0.0, 0.0], [0.7, 0.0]]])


# -- rules -----------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    powers=st.sampled_from([2, 3]),
    seed=st.integers(0, 2**32 - 1),
    depreciation=st.floats(0.0, 1.0),
    start=st.floats(0.0, 1.0),
    embargo_loss=st.floats(0.001, 10.0),
)
def test_accounts_close_whatever_is_played(powers, seed, depreciation, start, embargo_loss):
    parameters = Parameters(
        powers=powers,
        depreciation=depreciation,
        resilience=start,
        embargo_loss=embargo_loss,
        horizon=5,
    )
    worlds = Worlds(GAME, 4, parameters, autoreset=False)
    worlds.reset(seed)
    rng = np.random.default_rng(seed)
    space = GAME.observation_space(powers)
    received = np.zeros(4)
    while not worlds.records["over"].all():
        before = worlds.records.copy()
        actions = rng.uniform(worlds.action_low, worlds.action_high, (4, powers, 2))
        rewards = worlds.step(actions)
        after = worlds.records
        assert all(space.contains(row) for row in worlds.observations.reshape(-1, space.shape[0]))
        if after["year"][0] == before["year"][0]:
            assert (rewards == 0.0).all()
            continue
        kept = (1.0 - depreciation) * before["resilience"][:, :TARGETS]
        held = after["resilience"][:, :TARGETS]
        np.testing.assert_allclose(held, kept + after["investment"][:, :TARGETS], atol=1e-12)
        assert ((held >= 0.0) & (held <= 1.0)).all()
        if powers == 3:
            accepted = actions[:, :TARGETS, 1]
            received = (accepted * before["demand"][:, :TARGETS]).sum(axis=1)
            np.testing.assert_allclose(rewards[:, HUB], received, rtol=1e-12, atol=1e-15)
            assert (after["extracted"][:, :TARGETS].sum(axis=1) >= received - 1e-12).all()


def test_thirty_years_end_with_insulation_run_down():
    path = theory.equilibrium(Parameters()).outcomes["resilience_path"][:, 0]
    peak = int(path.argmax())
    assert (np.diff(path[: peak + 1]) > 0).all()
    assert (np.diff(path[peak:]) < 0).all()
    assert path[peak] == pytest.approx(theory.steady_state(Parameters())[0], abs=1e-3)


def test_what_a_limit_leaves_out_is_not_paid_for():
    parameters = Parameters(resilience=(1.0, 1.0), depreciation=0.0)
    worlds = Worlds(GAME, 2, parameters, autoreset=False)
    worlds.reset(0)
    actions = np.zeros((2, 2, 2))
    actions[1, 0, 0] = MOST_INVESTMENT
    rewards = worlds.step(actions)
    assert rewards[0, 0] == rewards[1, 0]
    assert (worlds.records["resilience"][:, :TARGETS] == 1.0).all()


def test_only_the_target_that_is_asked_sees_the_demand_and_only_then():
    parameters = Parameters(**WITH_HUB, resilience=(0.2, 0.6, 0.0))
    worlds = Worlds(GAME, 1, parameters)
    worlds.reset(0)
    names = worlds.observation_names
    assert (worlds.observations[0, :, names.index("demand")] == 0.0).all()
    actions = np.zeros((1, 3, 2))
    actions[0, HUB] = 0.05, 0.01
    worlds.step(actions)
    seen = worlds.observations[0]
    assert worlds.records["phase"][0] == ANSWER
    np.testing.assert_allclose(seen[:, names.index("demand")], [0.05, 0.01, 0.0], rtol=1e-6)
    np.testing.assert_allclose(seen[:, names.index("resilience")], [0.2, 0.6, 0.0], rtol=1e-6)
    np.testing.assert_allclose(
        seen[:, names.index("resilience_of_other_0")], [0.6, 0.2, 0.2], rtol=1e-6
    )
    assert (seen[:, names.index("phase")] == 1.0).all()
    worlds.step(np.zeros((1, 3, 2)))
    assert (worlds.observations[0, :, names.index("demand")] == 0.0).all()


def test_a_year_is_one_step_without_the_hub_and_two_with_it():
    for changes, steps in (({}, 30), (WITH_HUB, 60)):
        parameters = Parameters(**changes)
        worlds = Worlds(GAME, 1, parameters, autoreset=False)
        worlds.reset(0)
        for _ in range(steps):
            assert not worlds.terminated[0]
            worlds.step(np.zeros((1, parameters.powers, 2)))
        assert worlds.terminated[0]
        assert len(GAME.phases_with(parameters)) == steps // 30


# -- doctrines -------------------------------------------------------------------------------------


def test_doctrines_do_what_they_are_named_after():
    parameters = Parameters()
    traded = theory.outcomes(parameters, profile("open_trader", GAME, parameters))
    np.testing.assert_allclose(
        traded["resilience_path"][:, 0], 0.3 * 0.95 ** np.arange(31), rtol=1e-12
    )
    closed = theory.outcomes(parameters, profile("autarkist", GAME, parameters))
    assert (closed["final_resilience"] == 1.0).all()
    planned = theory.outcomes(parameters, profile("coordinated_planner", GAME, parameters))
    solved = theory.equilibrium(parameters).outcomes
    for other in (traded, closed, solved):
        assert planned["value"].sum() > other["value"].sum()


def test_a_hub_that_demands_nothing_gets_nothing_and_one_that_demands_all_is_refused():
    parameters = Parameters(**WITH_HUB)
    targets = theory.equilibrium(parameters).strategies[:TARGETS]
    for name in ("open_trader", "autarkist"):
        hub = DOCTRINES[name](parameters, HUB)
        assert theory.outcomes(parameters, [*targets, hub])["value"][HUB] == 0.0
