"""Populations: best responses to one another find mixed equilibria, and survive being killed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from counterpoise.agents.learned import load_profile
from counterpoise.agents.mixture import Mixture
from counterpoise.agents.named import doctrines, profile
from counterpoise.envs.engine.errors import Interrupted, ParameterError
from counterpoise.envs.games import deterrence, paradox_of_power
from counterpoise.theory import regret
from counterpoise.theory.strategies import Mixed
from counterpoise.training.best_responses import learn_best_response
from counterpoise.training.configuration import Configuration, load
from counterpoise.training.learn import train
from counterpoise.training.population import solve_table
from counterpoise.training.runs import Run
from counterpoise.training.sections import PopulationOptions

SMALL = load("deterrence").replace(
    agent_steps=150_000, population={"iterations": 6}, regret_points=2, worlds={"count": 256}
)


def test_responses_to_one_another_find_the_mixed_equilibrium(tmp_path):
    run = train(SMALL, tmp_path / "run", seed=1)
    assert regret.nash_conv("deterrence", run.parameters, run.profile()) < 1e-6
    metrics = run.metrics()
    assert metrics["iteration"].to_list() == [1, 2, 3, 4, 5, 6]
    assert run.is_finished


def test_fictitious_play_weighs_all_alike(tmp_path):
    run = train(
        SMALL.replace(algorithm="fictitious_play", population={"iterations": 3}),
        tmp_path / "run",
        seed=0,
    )
    for power in run.profile():
        assert isinstance(power, Mixture)
        np.testing.assert_allclose(power.weights, 1 / 3)


def test_a_killed_population_goes_on_as_if_it_had_not_been(tmp_path):
    whole = train(SMALL, tmp_path / "whole", seed=2)

    def stop(progress):
        if progress.agent_steps >= 0.5 * progress.total_agent_steps:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="go on with"):
        train(SMALL, tmp_path / "killed", seed=2, on_progress=stop)
    assert not Run(tmp_path / "killed").is_finished
    again = train(SMALL, tmp_path / "killed", seed=2, resume=True)
    first, second = (
        load_profile(run.folder)[2][0].weights
        for run in (whole, again)  # type: ignore[attr-defined]
    )
    np.testing.assert_array_equal(first, second)
    for name in ("policy.safetensors", "policy.json"):
        assert (whole.folder / name).read_bytes() == (again.folder / name).read_bytes()
    assert whole.metrics().drop("seconds").equals(again.metrics().drop("seconds"))


def test_a_table_too_large_for_memory_is_refused(tmp_path):
    configuration = Configuration(
        name="large",
        game="buck_passing",
        algorithm="psro",
        population=PopulationOptions(iterations=30),
        mixed=True,
    )
    with pytest.raises(ParameterError, match="fictitious_play"):
        train(configuration, tmp_path / "run")


def test_a_table_of_payoffs_is_solved():
    pennies = np.array([[1.0, -1.0], [-1.0, 1.0]])
    first, second = solve_table(np.stack([pennies, -pennies], axis=-1))
    np.testing.assert_allclose([first, second], 0.5)


def test_a_mixture_follows_its_members_as_often_as_it_says():
    parameters = deterrence.Parameters()
    mixture = Mixture([Mixed([1, 0, 0]), Mixed([0, 0, 1])], [1.0, 3.0])
    seen, masks = np.ones((20_000, 4), np.float32), np.ones((20_000, 3), np.int8)
    np.testing.assert_allclose(mixture.probabilities(seen, masks)[0], [0.25, 0.0, 0.75])
    drawn = mixture.act(seen, masks, np.random.default_rng(0))[:, 0]
    assert (drawn == 2).mean() == pytest.approx(0.75, abs=0.02)
    assert parameters.powers == 2


@pytest.mark.parametrize("weights", [[1.0], [-1.0, 2.0], [0.0, 0.0]])
def test_weights_that_are_no_distribution_are_refused(weights):
    with pytest.raises(ValueError, match="give each a number"):
        Mixture([Mixed([1, 0, 0]), Mixed([0, 0, 1])], weights)


def test_a_learned_best_response_falls_hardly_below_the_exact_one():
    game, parameters = paradox_of_power.GAME, paradox_of_power.Parameters()
    rivals = profile("producer", game, parameters)
    configuration = load("paradox_of_power").replace(agent_steps=400_000)
    learned = learn_best_response(configuration, rivals, 1, seed=0)
    exact = regret.best_response("paradox_of_power", parameters, rivals, 1).value
    reached = regret.best_response("paradox_of_power", parameters, [rivals[0], learned], 1)
    stake = regret.stakes("paradox_of_power", parameters)[1]
    assert 0.0 <= (exact - reached.own_value) / stake < 0.02


def test_a_best_response_to_a_porcupine_is_a_dove():
    parameters = deterrence.Parameters()
    rival = doctrines("deterrence")["porcupine"](parameters, 1)
    configuration = dataclasses.replace(SMALL, algorithm="ppo", agent_steps=40_000)
    learned = learn_best_response(configuration, [rival, rival], 0, seed=0)
    seen, masks = np.ones((1, 4), np.float32), np.ones((1, 3), np.int8)
    seen[0, 1:] = (2.0, 0.5, 0.2)
    assert learned.act(seen, masks, np.random.default_rng(0))[0, 0] == deterrence.DOVE
