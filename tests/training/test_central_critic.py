"""A central critic: it has what all powers observe, and the policy that is played does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from counterpoise.agents.learned import load_profile
from counterpoise.envs.adapters.sb3 import SeatVecEnv, everything_about, everything_seen
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.theory import regret
from counterpoise.training.best_responses import learn_best_response
from counterpoise.training.configuration import load
from counterpoise.training.learn import train
from counterpoise.training.normalisation import Normalisation
from counterpoise.training.ppo_training import PPOTraining, one_torch_thread

SHORT = {
    "agent_steps": 1_024,
    "worlds": {"count": 32, "opponents": ()},
    "ppo": {"n_steps": 4, "batch_size": 512},
    "varied": {},
    "drawn": {},
}
TREMBLING = {"share_of_worlds": 0.5}


def trained(configuration, policy, equivariant):
    configuration = configuration.replace(
        **SHORT,
        network={
            "policy": policy,
            "critic": "central",
            "permutation_equivariant": equivariant,
            "hidden": [24, 17],
        },
    )
    game, powers = configuration.the_game(), configuration.game_parameters().powers
    features = len(game.observation_names(powers)) + int(configuration.tremble.is_on)
    rng = np.random.default_rng(0)
    normalisation = Normalisation(
        feature_mean=rng.normal(size=features).astype(np.float32),
        feature_scale=rng.uniform(0.5, 2.0, features).astype(np.float32),
        reward_scale=np.ones(powers),
        value_mean=rng.normal(size=powers).astype(np.float32),
    )
    with one_torch_thread():
        training = PPOTraining(configuration, normalisation, seed=0, device="cpu")
        training.train()
        training.env.close()
    return training


def test_a_row_holds_what_every_power_observes_with_what_it_observes_of_this_power_first():
    worlds = Worlds("burden_sharing", 3, {"powers": 4})
    slots = SeatVecEnv(worlds, shows_everything=True)
    seen = slots.reset().reshape(3, 4, -1)
    observations, features = worlds.observations, worlds.observations.shape[2]
    assert seen.shape[2] == 4 * features + 4
    assert slots.observation_space.shape == (4 * features + 4,)
    names = worlds.observation_names
    own, first_other = names.index("log_gdp"), names.index("log_gdp_of_other_0")
    for power in range(4):
        others = [other for other in range(4) if other != power]
        np.testing.assert_array_equal(seen[:, power, :features], observations[:, power])
        for place, other in enumerate(others):
            block = seen[:, power, (1 + place) * features : (2 + place) * features]
            np.testing.assert_array_equal(block[:, own], observations[:, other, own])
            thirds = [third for third in others if third != other]
            expected = observations[:, [power, *thirds], own]
            np.testing.assert_array_equal(block[:, first_other : first_other + 3], expected)


def test_the_last_row_of_a_world_holds_everything_as_well():
    worlds = Worlds("burden_sharing", 3, max_cycles=1)
    slots = SeatVecEnv(worlds, shows_everything=True)
    slots.reset()
    found = []
    slots.bootstrap = lambda rows: found.append(rows) or np.zeros(len(rows), np.float32)
    slots.step(np.zeros((slots.num_envs, 1)))
    powers = worlds.powers
    columns = everything_seen(worlds.game, powers, 1)
    expected = np.stack([worlds.final_observations[:, by, at] for by, at in columns], axis=1)
    np.testing.assert_array_equal(found[0].reshape(3, powers, -1)[:, 1, :-powers], expected)


@pytest.mark.parametrize("policy", ["anonymous", "shared"])
def test_the_value_does_not_depend_on_the_order_of_the_others(policy):
    training = trained(load("predictions").replace(tremble=TREMBLING), policy, True)
    worlds = training.env.worlds
    about = everything_about(
        [*worlds.game.observation_subjects(worlds.powers), ("chance of a tremble", -1)]
    )
    order = [2, 0, 1]
    exchanged = [
        about.index((name, *(order[each] if each >= 0 else -1 for each in others)))
        for name, *others in about
    ]
    rows = np.random.default_rng(0).normal(size=(40, len(about))).astype(np.float32)
    seats = np.tile(np.eye(worlds.powers, dtype=np.float32), (10, 1))
    networks = training.ppo.policy.mlp_extractor
    with torch.no_grad():
        values = [
            networks.forward_critic(torch.from_numpy(np.concatenate([each, seats], axis=1))).numpy()
            for each in (rows, rows[:, exchanged], rows[:, rng_order(len(about))])
        ]
    np.testing.assert_allclose(values[1], values[0], atol=1e-4 * abs(values[0]).max())
    assert abs(values[2] - values[0]).max() > 1e-3


def rng_order(count):
    return np.random.default_rng(1).permutation(count)


@pytest.mark.parametrize(
    ("name", "policy", "equivariant"),
    [
        ("predictions", "anonymous", True),
        ("predictions", "separate", False),
        ("burden_sharing", "separate", False),
        ("arms_or_allies", "shared", False),
    ],
)
def test_the_values_in_training_are_those_of_the_policy(name, policy, equivariant):
    configuration = load(name)
    if configuration.the_game().is_discrete:
        configuration = configuration.replace(tremble=TREMBLING)
    training = trained(configuration, policy, equivariant)
    seen = training.env.current()
    powers, features = training.env.worlds.powers, training.env.worlds.observations.shape[2]
    if training.env.tremble is not None:
        # Every power's view ends with the chance of a tremble.
        views = seen[:, :-powers].reshape(-1, powers, powers, features + 1)
        chances = training.env.tremble.chances[:, None, None]
        np.testing.assert_array_equal(views[..., -1], np.broadcast_to(chances, views.shape[:-1]))
    networks = training.ppo.policy.mlp_extractor
    with torch.no_grad():
        expected = networks.forward_critic(torch.from_numpy(seen))[:, 0].numpy()
    np.testing.assert_allclose(training.ppo.values(seen), expected, rtol=1e-4, atol=1e-5)


def test_the_policy_that_is_played_observes_only_its_own_power(tmp_path):
    configuration = load("arms_or_allies").replace(
        **SHORT, regret_points=1, network={"critic": "central"}
    )
    run = train(configuration, tmp_path / "run", seed=0)
    game, parameters, profile = load_profile(run.folder)
    worlds = Worlds(game, 4, parameters)
    worlds.reset(0)
    drawn = profile[0].act(worlds.observations[:, 0], worlds.masks[:, 0], np.random.default_rng(0))
    assert drawn.shape == (4, 1)
    assert configuration.learner_in_words().endswith("central critic")


def test_one_power_learns_a_best_response_with_a_central_critic():
    configuration = load("burden_sharing").replace(
        agent_steps=30_000, worlds={"count": 64}, network={"critic": "central"}
    )
    game, parameters = configuration.the_game(), configuration.game_parameters()
    rivals = regret.equilibrium("burden_sharing", parameters).strategies
    learned = learn_best_response(configuration, rivals, 1, seed=0, agent_steps=30_000)
    reached = regret.best_response(game.name, parameters, [rivals[0], learned, *rivals[2:]], 1)
    assert reached.gain / regret.stakes(game.name, parameters)[1] < 0.05


def test_a_central_critic_learns_at_least_as_low_a_regret(tmp_path):
    """In the arms race, in the mean of two seeds of 100,000 agent-steps."""

    def learned(critic):
        configuration = load("arms_race").replace(
            agent_steps=100_000, worlds={"count": 64}, regret_points=1, network={"critic": critic}
        )
        runs = [train(configuration, tmp_path / critic / str(seed), seed=seed) for seed in range(2)]
        last = [run.metrics().row(-1, named=True) for run in runs]
        return np.mean([[row["regret_0"], row["regret_1"]] for row in last])

    assert learned("central") <= learned("own") < 0.02
