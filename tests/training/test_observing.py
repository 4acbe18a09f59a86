"""Policies that observe parameters: what they are trained on is what they are played on."""

from __future__ import annotations

import json

import numpy as np
import pytest

from counterpoise.agents.learned import LearnedStrategy, load_profile
from counterpoise.agents.named import strategy
from counterpoise.envs.engine.errors import CounterpoiseError, ParameterError, UnknownNameError
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.training.configuration import Configuration, load, shipped
from counterpoise.training.learn import train
from counterpoise.training.runs import Run
from counterpoise.training.sections import NetworkOptions, PPOOptions, WorldOptions

SMALL = Configuration(
    name="small",
    game="burden_sharing",
    observe=("gdp", "horizon"),
    agent_steps=40_960,
    checkpoint_seconds=0.0,
    regret_points=1,
    varied={"horizon": [4, 8], "gdp": [[100.0, 40.0, 20.0, 10.0], [50.0, 50.0, 20.0, 10.0]]},
    worlds=WorldOptions(count=64),
    network=NetworkOptions(hidden=(8,)),
    ppo=PPOOptions(n_steps=10, batch_size=1_280, n_epochs=2, learning_rate=1e-2, gamma=0.0),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(SMALL, tmp_path_factory.mktemp("runs") / "whole", seed=4)


def test_the_run_keeps_what_was_observed(run: Run) -> None:
    assert Run(run.folder).configuration == SMALL
    assert run.game.also_observed == ("gdp", "horizon")
    described = json.loads((run.folder / "policy.json").read_text())
    assert described["observe"] == ["gdp", "horizon"]
    assert load_profile(run.folder)[0].also_observed == ("gdp", "horizon")


def test_what_worlds_do_not_show_is_taken_from_the_parameters(run: Run) -> None:
    parameters = run.parameters.replace(horizon=8, gdp=(50.0, 50.0, 20.0, 10.0))
    profile = run.profile(parameters=parameters)
    paid = []
    for rules in (run.game, game("burden_sharing")):
        with Worlds(rules, 3, parameters, autoreset=False) as worlds:
            paid.append(play(worlds, profile, seed=1).rewards)
    np.testing.assert_array_equal(*paid)


def test_what_worlds_show_counts_before_the_parameters(run: Run) -> None:
    there = run.parameters.replace(horizon=8, gdp=(50.0, 50.0, 20.0, 10.0))
    with Worlds(run.game, 2, there, autoreset=False) as worlds:
        seen, masks = worlds.reset(1)[:, 0].copy(), worlds.masks[:, 0]
    rng = np.random.default_rng(0)
    here, made = run.profile()[0], run.profile(parameters=there)[0]
    np.testing.assert_array_equal(here.act(seen, masks, rng), made.act(seen, masks, rng))
    plain = seen[:, :-5]
    assert (here.act(plain, masks, rng) != made.act(plain, masks, rng)).any()


def test_a_policy_by_name_is_played_with_the_parameters_of_the_game(run: Run) -> None:
    there = run.parameters.replace(horizon=8, gdp=(50.0, 50.0, 20.0, 10.0))
    named = strategy(str(run.folder), game("burden_sharing"), there, 0)
    with Worlds("burden_sharing", 2, there, autoreset=False) as worlds:
        seen, masks = worlds.reset(1)[:, 0].copy(), worlds.masks[:, 0]
    rng = np.random.default_rng(0)
    made = run.profile(parameters=there)[0]
    np.testing.assert_array_equal(named.act(seen, masks, rng), made.act(seen, masks, rng))


def test_observations_of_another_width_are_refused_in_words(run: Run) -> None:
    learned = run.profile()[0]
    width = len(run.game.observation_names(4))
    seen = np.zeros((1, width - 1), np.float32)
    with pytest.raises(CounterpoiseError, match=rf"reads {width} features.*gdp, horizon"):
        learned.act(seen, np.ones((1, 0), np.int8), np.random.default_rng(0))


def test_worlds_that_show_other_parameters_are_refused_by_name(run: Run) -> None:
    others = game("burden_sharing").observing(["discount", "horizon"])
    with pytest.raises(CounterpoiseError, match="differ in discount, gdp"):
        strategy(str(run.folder), others, run.parameters, 0)


def test_a_policy_of_other_features_than_the_game_has_is_refused(run: Run) -> None:
    described = json.loads((run.folder / "policy.json").read_text())
    weights = {"feature_mean": np.zeros(3), "feature_scale": np.ones(3)}
    with pytest.raises(CounterpoiseError, match="learned on 3 features"):
        LearnedStrategy(game("burden_sharing"), run.parameters, 0, weights, described)


def test_a_training_refuses_what_cannot_be_observed() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'horizon'"):
        SMALL.replace(observe=["horizn"])
    with pytest.raises(ParameterError, match="each pair"):
        Configuration(name="pairs", game="grand_strategy", observe=("allied",))
    with pytest.raises(ParameterError, match="list of parameter names"):
        Configuration.from_mapping({"name": "word", "game": "grand_strategy", "observe": "arms"})


@pytest.mark.parametrize(
    "name", [name for name in shipped() if load(name).game == "grand_strategy"]
)
def test_shipped_trainings_of_the_full_game_name_what_its_powers_observe(name: str) -> None:
    configuration = load(name)
    seen = {each.name for each in configuration.the_game().observed_parameters}
    assert seen == set(configuration.observe)
