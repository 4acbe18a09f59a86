"""Buck-passing: the more could help, the less each does; ties and offence chain them together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.agents.named import profile
from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.buck_passing import GAME, Parameters
from counterpoise.theory import buck_passing as theory
from counterpoise.theory import regret


def solved(**changes):
    return theory.THEORY.equilibrium(Parameters(**changes)).outcomes


def test_the_symmetric_equilibrium_of_the_default_game():
    solution = theory.THEORY.equilibrium(Parameters())
    found = solution.outcomes
    np.testing.assert_allclose(
        found["balance_rate"], [0.443154, 0.409376, 0.390006, 0.625759], atol=5e-7
    )
    chances = np.repeat(found["balance_rate"][:, None], 3, axis=1)
    worth = theory.level_values(Parameters(), chances, 0)[0]
    np.testing.assert_allclose(worth, [-0.10, -0.15, -0.20, -0.25], atol=1e-12)
    assert found["nobody_balances"][0] == pytest.approx(0.172665, abs=5e-7)
    assert found["reached"][2] == pytest.approx(0.035575, abs=5e-7)
    assert solution.name == "symmetric"


@pytest.mark.parametrize("as_bystanders", [False, True])
def test_the_more_could_balance_the_less_does_each_and_the_more_often_nobody(as_bystanders):
    rates, nobody = [], []
    for n in (2, 3, 4, 5, 8):
        changes = {"powers": 8, "bystanders": 8 - n} if as_bystanders else {"powers": n}
        found = solved(**changes)
        rates.append(found["balance_rate"][0])
        nobody.append(found["nobody_balances"][0])
    np.testing.assert_allclose(rates, [0.689922, 0.443154, 0.323154, 0.253779, 0.154034], atol=5e-7)
    np.testing.assert_allclose(nobody, [0.0961, 0.1727, 0.2099, 0.2314, 0.2623], atol=5.1e-5)


def test_offence_dominance_brings_them_to_balance():
    rates = [solved(offence_dominance=o)["balance_rate"][0] for o in (0, 1, 2, 4)]
    np.testing.assert_allclose(rates, [0.3828, 0.4887, 0.5539, 0.6330], atol=5.1e-5)


def test_ties_chain_the_gang_together():
    found = [solved(tie_cost=h) for h in (0.0, 0.03, 0.06, 0.09, 0.12)]
    rates = [each["balance_rate"][0] for each in found]
    np.testing.assert_allclose(rates, [0.4432, 0.5108, 0.6096, 0.7926, 1.0], atol=5.1e-5)
    assert found[0]["balancers"] == pytest.approx(1.33, abs=0.005)
    assert found[-1]["balancers"] == 3.0


def test_dear_balancing_is_left_to_others():
    rates = [solved(balancing_cost=c)["balance_rate"][0] for c in (0.05, 0.10, 0.15, 0.20)]
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    "changes", [{}, {"tie_cost": 0.06}, {"powers": 5, "bystanders": 2}, {"offence_dominance": 3.0}]
)
def test_nobody_gains_by_leaving_any_equilibrium(changes):
    parameters = Parameters(**changes)
    found = theory.equilibria(parameters)
    assert len(found) == 1 + parameters.powers - parameters.bystanders
    for each in found:
        assert regret.nash_conv("buck_passing", parameters, each.strategies) < 1e-12


def test_neither_stand_pays_more_than_the_symmetric_equilibrium_when_it_is_played():
    parameters = Parameters()
    others = list(theory.THEORY.equilibrium(parameters).strategies)
    for name in ("buck_passer", "chain_ganger"):
        deviating = profile(name, GAME, parameters)[0]
        worlds = Worlds(GAME, 40_000, parameters, autoreset=False)
        returns = play(worlds, [deviating, *others[1:]], seed=2).returns(parameters.discount)[:, 0]
        error = returns.std() / len(returns) ** 0.5
        assert returns.mean() == pytest.approx(-0.10, abs=4 * error + 1e-12)


def test_a_designated_leader_spares_the_others():
    led = theory.equilibria(Parameters())[1]
    assert led.name == "power 0 leads"
    np.testing.assert_allclose(led.values, [-0.10, 0.0, 0.0])
    assert led.outcomes["nobody_balances"][0] == 0.0


def test_bystanders_neither_act_nor_suffer():
    parameters = Parameters(powers=4, bystanders=2)
    worlds = Worlds(GAME, 1, parameters, autoreset=False)
    worlds.reset(0)
    assert worlds.masks[0, 2:, 1].tolist() == [0, 0]
    rewards = worlds.step(np.array([[[0], [0], [1], [1]]]))[0]
    assert (rewards[2:] == 0.0).all()
    assert worlds.records["level"][0] == 1, "a bystander stops nobody"


@given(
    powers=st.integers(2, 8),
    offence=st.floats(0.0, 10.0),
    tie_cost=st.floats(0.0, 1.0),
    levels=st.integers(1, 8),
    seed=st.integers(0, 1_000),
)
def test_the_game_ends_and_every_year_is_paid_for(powers, offence, tie_cost, levels, seed):
    parameters = Parameters(
        powers=powers, offence_dominance=offence, tie_cost=tie_cost, levels=levels
    )
    worlds = Worlds(GAME, 3, parameters, autoreset=False)
    rollout = play(worlds, profile("random", GAME, parameters), seed=seed)
    assert (worlds.records["over"] == 1).all()
    assert len(rollout.rewards) <= levels + 1
    paid = rollout.rewards.sum(axis=0)
    np.testing.assert_allclose(-paid, worlds.records["lost"][:, :powers], atol=1e-12)


def test_a_last_minute_balancer_waits_for_the_last_level():
    parameters = Parameters()
    rollout = play(
        Worlds(GAME, 1, parameters, autoreset=False),
        profile("last_minute_balancer", GAME, parameters),
        seed=0,
    )
    assert rollout.records["level"][:, 0].tolist() == [0, 1, 2, 3, 3]


def test_fewer_than_two_concerned_are_refused():
    with pytest.raises(ParameterError, match="fewer than two"):
        Parameters(powers=3, bystanders=2)
    with pytest.raises(ParameterError, match="must be below levels"):
        Parameters(levels=2, start_level=2)


def test_bystanders_have_nothing_at_stake_and_no_regret():
    parameters = Parameters(powers=4, bystanders=2)
    found = regret.regret("buck_passing", parameters, profile("buck_passer", GAME, parameters))
    assert (found[:2] > 0.0).all()
    assert (found[2:] == 0.0).all()
