"""The paradox of power: the poor fight harder, unless conflict is decisive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.agents.named import profile
from counterpoise.envs.games.paradox_of_power import GAME, Parameters
from counterpoise.envs.worlds import Worlds
from counterpoise.theory import paradox_of_power as theory
from counterpoise.theory import regret


def incomes(parameters, rich, poor):
    """Play one year with these shares of the own resources, [n] each; return rewards, [n, 2]."""
    shares = np.stack(np.broadcast_arrays(np.atleast_1d(rich), np.atleast_1d(poor)), axis=1)
    worlds = Worlds(GAME, len(shares), parameters, autoreset=False)
    worlds.reset(0)
    return worlds.step(shares[..., None]).copy()


def solved(**changes):
    return theory.equilibrium(Parameters(**changes)).outcomes


def test_both_fight_alike_and_get_the_same_however_unequal_they_are():
    found = solved()
    np.testing.assert_allclose(found["fighting"], [50.0, 50.0])
    np.testing.assert_allclose(found["income"], [50.0, 50.0])


def test_the_very_poor_fight_with_all_they_have_and_still_fall_behind():
    found = solved(inequality=0.9)
    np.testing.assert_allclose(found["fighting"], [43.24555, 20.0], atol=5e-6)
    np.testing.assert_allclose(found["income"], [93.50889, 43.24555], atol=5e-6)


def test_decisive_conflict_breaks_the_paradox():
    found = solved(decisiveness=4.0)
    np.testing.assert_allclose(found["income"], [63.49426, 17.30115], atol=5e-6)


@given(
    inequality=st.floats(0.5, 0.99),
    decisiveness=st.floats(0.1, 10.0),
    power=st.integers(0, 1),
)
def test_no_share_pays_more_than_the_equilibrium_when_it_is_played(inequality, decisiveness, power):
    parameters = Parameters(inequality=inequality, decisiveness=decisiveness)
    solution = theory.equilibrium(parameters)
    rich, poor = solution.outcomes["fighting_share"]
    tried = np.linspace(0.0, 1.0, 401)
    pair = (tried, poor) if power == 0 else (rich, tried)
    best = incomes(parameters, *pair)[:, power].max()
    assert best <= solution.values[power] + 1e-9 * parameters.resources


@given(
    inequality=st.floats(0.5, 0.99),
    decisiveness=st.floats(0.1, 10.0),
    rich=st.floats(0.0, 1.0),
    poor=st.floats(0.0, 1.0),
)
def test_the_common_income_is_divided_to_the_cent(inequality, decisiveness, rich, poor):
    parameters = Parameters(inequality=inequality, decisiveness=decisiveness)
    rewards = incomes(parameters, rich, poor)[0]
    fought = parameters.resources * (inequality * rich + (1.0 - inequality) * poor)
    assert (rewards >= 0.0).all()
    assert rewards.sum() == pytest.approx(parameters.resources - fought, abs=1e-9 * 200.0)


def test_who_does_not_fight_gets_nothing_unless_nobody_does():
    parameters = Parameters()
    np.testing.assert_allclose(incomes(parameters, 0.0, 0.0)[0], [100.0, 100.0])
    assert incomes(parameters, 0.0, 0.5)[0, 0] == 0.0


def test_the_gap_in_income_is_narrower_than_the_gap_in_resources():
    for inequality in (0.6, 0.75, 0.9, 0.97):
        assert solved(inequality=inequality)["income_ratio"] < inequality / (1.0 - inequality)


def test_the_more_decisive_conflict_the_more_is_fought():
    fought = [solved(decisiveness=m)["fighting"][0] for m in (0.5, 1.0, 2.0, 4.0)]
    assert fought == sorted(fought)


def test_best_responses_against_doctrines_are_better_than_a_fine_grid():
    parameters = Parameters(decisiveness=3.0)
    for name in ("producer", "predator"):
        doctrine = profile(name, GAME, parameters)
        shares = [theory._shares(parameters, each, k)[0, 0] for k, each in enumerate(doctrine)]
        for power in range(2):
            tried = np.linspace(0.0, 1.0, 2_001)
            pair = (tried, shares[1]) if power == 0 else (shares[0], tried)
            best = incomes(parameters, *pair)[:, power].max()
            found = theory.best_response(parameters, doctrine, power)
            assert found.value >= best - 1e-12
            assert found.gain >= 0.0


def test_random_play_is_far_from_a_best_response():
    assert min(regret.stakes("paradox_of_power", Parameters())) > 5.0
