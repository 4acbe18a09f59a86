"""Learning: runs survive being killed, policies load without unpickling, and play gets better."""

from __future__ import annotations

import dataclasses
import json
import pickle
import signal
import subprocess
import sys

import numpy as np
import polars
import pytest
import safetensors.numpy
import torch

from counterpoise.agents.learned import LearnedStrategy, load_profile
from counterpoise.agents.named import strategy
from counterpoise.envs.engine.errors import (
    CounterpoiseError,
    Interrupted,
    ParameterError,
    UnknownNameError,
)
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.scenarios import scenario
from counterpoise.theory import burden_sharing as theory
from counterpoise.theory import regret
from counterpoise.training.configuration import Configuration, load, shipped
from counterpoise.training.learn import train
from counterpoise.training.learners import LEARNERS
from counterpoise.training.normalisation import normalisation_of
from counterpoise.training.policies import Architecture, SeatNetworks
from counterpoise.training.ppo_training import PPOTraining, one_torch_thread
from counterpoise.training.runs import Run
from counterpoise.training.sections import RENAMED, NetworkOptions, PPOOptions, WorldOptions

SMALL = Configuration(
    name="small",
    game="burden_sharing",
    agent_steps=40_960,
    checkpoint_seconds=0.0,
    regret_points=1,
    worlds=WorldOptions(count=64),
    network=NetworkOptions(hidden=(8,)),
    ppo=PPOOptions(n_steps=10, batch_size=1_280, n_epochs=2, learning_rate=1e-2, gamma=0.0),
)


def weights_of(run):
    return safetensors.numpy.load_file(run.folder / "policy.safetensors")


def assert_same_weights(one, other):
    first, second = weights_of(one), weights_of(other)
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    return train(SMALL, tmp_path_factory.mktemp("runs") / "whole", seed=4)


def test_a_run_can_be_read_by_itself(learned):
    again = Run(learned.folder)
    assert again.configuration == SMALL
    assert again.seed == 4
    assert again.is_finished
    metrics = again.metrics()
    assert metrics["agent_steps"].to_list() == [2_560 * (k + 1) for k in range(16)]
    assert metrics["nash_conv"].null_count() == 15
    assert (learned.folder / "versions.json").is_file()
    assert list((learned.folder / "tensorboard").iterdir())


def test_the_same_seed_learns_the_same(learned, tmp_path):
    assert_same_weights(learned, train(SMALL, tmp_path / "again", seed=4))


KILLED = """
import sys
from counterpoise.training.configuration import load
from counterpoise.envs.engine.errors import Interrupted
from counterpoise.training.learn import train

def slowly(progress):
    import time
    print(progress.agent_steps, flush=True)
    time.sleep(0.2)

train(load(sys.argv[1]), sys.argv[2], seed=4, on_progress=slowly)
"""


def test_a_killed_run_resumes_to_the_same_numbers(learned, tmp_path):
    configuration = tmp_path / "small.toml"
    configuration.write_text(SMALL.to_toml())
    folder = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(configuration), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 2_560 * 6:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = Run(folder)
    assert not before.is_finished
    assert 0 < before.state["agent_steps"] < SMALL.agent_steps
    resumed = train(SMALL, folder, seed=4, resume=True)
    assert resumed.is_finished
    assert_same_weights(learned, resumed)
    timing = ["seconds"]
    assert learned.metrics().drop(timing).equals(resumed.metrics().drop(timing))


def test_ctrl_c_leaves_a_usable_run_and_says_how_to_go_on(learned, tmp_path):
    def stop(progress):
        if progress.agent_steps >= 2_560 * 5:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="--resume"):
        train(SMALL, tmp_path / "run", seed=4, on_progress=stop)
    half = Run(tmp_path / "run")
    assert not half.is_finished
    assert len(half.profile()) == 4
    assert_same_weights(learned, train(SMALL, tmp_path / "run", seed=4, resume=True))


def test_a_resumed_run_meets_the_same_random_opponents(tmp_path):
    among_others = SMALL.replace(
        agent_steps=20_480,
        worlds={"opponents": ("random",), "opponent_share": 0.5},
        network={"policy": "shared"},
    )
    whole = train(among_others, tmp_path / "whole", seed=4)

    def stop(progress):
        if progress.agent_steps >= 2_560 * 3:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        train(among_others, tmp_path / "run", seed=4, on_progress=stop)
    assert_same_weights(whole, train(among_others, tmp_path / "run", seed=4, resume=True))


def test_a_run_is_never_overwritten(learned):
    with pytest.raises(CounterpoiseError, match="holds a run already"):
        train(SMALL, learned.folder, seed=4)
    with pytest.raises(CounterpoiseError, match="another configuration or seed"):
        train(SMALL, learned.folder, seed=5, resume=True)


def test_nothing_in_a_run_needs_unpickling(learned, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a pickle was loaded")

    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "load", refuse)
    game, parameters, profile = load_profile(learned.folder)
    assert game.name == "burden_sharing"
    assert len(profile) == parameters.powers == 4
    monkeypatch.undo()
    torch.load(learned.folder / "checkpoint.pt", weights_only=True)


def test_what_is_loaded_plays_as_what_was_learned(learned):
    """The numpy evaluation of the saved weights equals torch's of the checkpoint."""
    checkpoint = torch.load(learned.folder / "checkpoint.pt", weights_only=True)["policy"]
    state = {
        name.removeprefix("mlp_extractor."): value
        for name, value in checkpoint.items()
        if name.startswith("mlp_extractor.")
    }
    features = state["feature_mean"].numel()
    nothing = np.zeros(features, np.float32)
    architecture = Architecture(4, True, (8,), 0.3, *[nothing] * 2, np.zeros(4))
    networks = SeatNetworks(architecture, 1, is_normal=True)
    networks.load_state_dict(state)
    worlds = Worlds("burden_sharing", 6)
    worlds.reset(0)
    for seat, player in enumerate(learned.profile()):
        rows = np.concatenate(
            [worlds.observations[:, seat], np.tile(np.eye(4)[seat], (6, 1))], axis=1
        )
        with torch.no_grad():
            mean = networks.forward_actor(torch.as_tensor(rows, dtype=torch.float32))[:, :1]
        share = np.clip(0.5 * (mean.numpy().astype(np.float64) + 1), 0, 1) * 0.1
        played = player.act(worlds.observations[:, seat], worlds.masks[:, seat], None)
        np.testing.assert_allclose(played, share, atol=1e-6)


def test_separate_networks_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(0)
    ones = np.ones(3, np.float32)
    architecture = Architecture(3, True, (5,), 0.3, 0 * ones, ones, 0 * ones)
    networks = SeatNetworks(architecture, 2, is_normal=True)
    for weight in networks.actor.weights:
        torch.nn.init.normal_(weight)
    seats = rng.integers(0, 3, 40)
    rows = torch.as_tensor(
        np.concatenate([rng.normal(size=(40, 3)), np.eye(3)[seats]], axis=1), dtype=torch.float32
    )
    together = networks.forward_actor(rows)
    alone = torch.cat([networks.forward_actor(row[None]) for row in rows])
    torch.testing.assert_close(together, alone)


def test_amounts_can_end_on_the_boundary_and_spreads_can_shrink(tmp_path):
    """In the pure public good the small pay nothing, and learn it; most, to the last cent."""
    configuration = SMALL.replace(
        agent_steps=400_000,
        worlds={"count": 128},
        ppo={"batch_size": 2_560, "n_epochs": 4, "learning_rate": 3e-2, "initial_std": 0.5},
        parameters={"deterrence_weight": 0.04, "private_weight": 0.0},
    )
    run = train(configuration, tmp_path / "pure", seed=0)
    shares = theory.outcomes(run.parameters, run.profile())["share"]
    assert (shares[1:] < 1e-3).all()
    assert (shares[1:] == 0.0).sum() >= 2
    spread = run.metrics()["spread_0"]
    assert spread[-1] < 0.1 * spread[0]


@pytest.mark.parametrize("policy", ["separate", "shared"])
def test_learning_lowers_regret(policy, tmp_path):
    configuration = SMALL.replace(
        agent_steps=160_000,
        worlds={"count": 128},
        network={"policy": policy},
        ppo={"batch_size": 2_560},
    )
    run = train(configuration, tmp_path / policy, seed=1)
    found = regret.regret("burden_sharing", run.parameters, run.profile())
    assert found.max() < 0.2


def test_policies_of_choices_are_learned_under_masks_and_saved(tmp_path):
    configuration = load("arms_or_allies").replace(
        agent_steps=8_192,
        regret_points=1,
        worlds={"count": 128},
        network={"hidden": [8]},
        ppo={"n_steps": 16},
    )
    run = train(configuration, tmp_path / "run", seed=0)
    worlds = Worlds(run.game, 50, run.parameters)
    worlds.reset(0)
    for seat, player in enumerate(run.profile(is_random=True)):
        chances = player.probabilities(worlds.observations[:, seat], worlds.masks[:, seat])
        np.testing.assert_allclose(chances.sum(axis=1), 1.0)
        assert (chances[worlds.masks[:, seat] == 0] == 0).all()
        drawn = player.act(
            worlds.observations[:, seat], worlds.masks[:, seat], np.random.default_rng(0)
        )
        assert (np.take_along_axis(worlds.masks[:, seat], drawn, axis=1) == 1).all()
    assert run.parameters.random_ending == 0.05
    assert json.loads((run.folder / "policy.json").read_text())["version"] == run.game.version


def test_a_learned_rival_can_be_named_by_its_folder(learned):
    rival = strategy(str(learned.folder), learned.game, learned.parameters, 2)
    assert rival.name == "learned"
    other = learned.parameters.replace(powers=5)
    with pytest.raises(CounterpoiseError, match="4 powers"):
        strategy(str(learned.folder), learned.game, other, 2)


def test_a_policy_of_older_rules_is_refused(learned, tmp_path):
    for name in ("policy.safetensors", "policy.json"):
        (tmp_path / name).write_bytes((learned.folder / name).read_bytes())
    description = json.loads((tmp_path / "policy.json").read_text())
    description["version"] = -1
    (tmp_path / "policy.json").write_text(json.dumps(description))
    with pytest.raises(CounterpoiseError, match="train it again"):
        load_profile(tmp_path)


def test_a_policy_whose_description_is_cut_short_is_refused(learned, tmp_path):
    for name in ("policy.safetensors", "policy.json"):
        (tmp_path / name).write_bytes((learned.folder / name).read_bytes())
    description = json.loads((tmp_path / "policy.json").read_text())
    del description["activation"]
    (tmp_path / "policy.json").write_text(json.dumps(description))
    with pytest.raises(CounterpoiseError, match="lacks 'activation'"):
        load_profile(tmp_path)


FLAT = """
game = "burden_sharing"
agent_steps = 100
worlds = 32
steps = 10
trace = 1.0
alike = false
learning_rate = 1e-2

[parameters]
spill_in = 0.5
"""


def test_a_file_in_the_flat_form_is_refused_with_all_renames(tmp_path):
    path = tmp_path / "old.toml"
    path.write_text(FLAT)
    with pytest.raises(UnknownNameError) as refused:
        load(path)
    lines = str(refused.value).splitlines()
    assert "old.toml" in lines[0]
    assert lines[1:] == [
        "  worlds -> [worlds] count",
        "  steps -> [ppo] n_steps",
        "  trace -> [ppo] gae_lambda",
        "  alike -> [network] permutation_equivariant",
        "  learning_rate -> [ppo] learning_rate",
    ]


def test_every_renamed_option_is_one():
    whole = dataclasses.asdict(SMALL)
    for section, option in RENAMED.values():
        assert option in whole[section]
    assert len(set(RENAMED.values())) == len(RENAMED)


def test_replace_changes_what_it_names_in_a_section_and_nothing_else():
    changed = SMALL.replace(agent_steps=1_000, ppo={"batch_size": 64})
    assert (changed.agent_steps, changed.ppo.batch_size) == (1_000, 64)
    assert changed.replace(agent_steps=40_960, ppo={"batch_size": 1_280}) == SMALL
    assert SMALL.replace(worlds=WorldOptions(count=3)).worlds == WorldOptions(count=3)
    assert SMALL.replace(parameters={"spill_in": 0.5}).replace(parameters={}) == SMALL


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ppo": {"gae_lamda": 1.0}}, r"'gae_lamda' in \[ppo\]. Did you mean 'gae_lambda'\?"),
        ({"gamma": 0.9}, r"'gamma'. Did you mean 'gamma' in \[ppo\]\?"),
        ({"network": {"agent_steps": 9}}, "Did you mean 'agent_steps' in the options at the top"),
        ({"minibatch": 64, "worlds": 3}, r"(?s)minibatch -> \[ppo\] batch_size.*worlds -> "),
        ({"agentsteps": 9}, r"Did you mean 'agent_steps'\?"),
    ],
)
def test_replace_refuses_unknown_options_with_the_nearest_name(changes, words):
    with pytest.raises(UnknownNameError, match=words):
        SMALL.replace(**changes)


def test_a_section_that_is_no_table_is_refused():
    with pytest.raises(ParameterError, match="table of options"):
        SMALL.replace(ppo=3)


@pytest.mark.parametrize("algorithm", sorted(LEARNERS))
def test_every_learner_has_a_profile_that_can_be_played(algorithm):
    configuration = load("deterrence").replace(algorithm=algorithm)
    profile = configuration.learner.make(configuration, 0, "cpu").profile()
    worlds = Worlds("deterrence", 3)
    worlds.reset(0)
    for power, player in enumerate(profile):
        seen, masks = worlds.observations[:, power], worlds.masks[:, power]
        assert len(player.act(seen, masks, np.random.default_rng(0))) == 3
    assert configuration.shortened(0.1).agent_steps == configuration.agent_steps // 10
    assert configuration.learner_in_words()


@pytest.mark.parametrize("name", shipped())
def test_shipped_configurations_can_be_written_and_read_back(name, tmp_path):
    configuration = load(name)
    path = tmp_path / f"{name}.toml"
    path.write_text(configuration.to_toml())
    assert load(path) == configuration


def test_wrong_options_are_refused_with_the_nearest_name(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'arms_race'"):
        load("arm_race")
    path = tmp_path / "mine.toml"
    path.write_text("game = 'burden_sharing'\n[ppo]\nlearning_rat = 1.0\n")
    with pytest.raises(UnknownNameError, match="Did you mean 'learning_rate'"):
        load(path)
    path.write_text("game = 'burden_sharing'\nworlds = = 3\n")
    with pytest.raises(CounterpoiseError, match="line 2"):
        load(path)
    with pytest.raises(ParameterError, match=r"from 0 to 0\.5"):
        SMALL.replace(parameters={"deterrence_weight": 3.0})


def test_varied_parameters_reach_the_worlds_evenly():
    configuration = SMALL.replace(
        worlds={"count": 60}, varied={"spill_in": [0.0, 0.5, 1.0], "private_weight": [0.0, 0.02]}
    )
    each = configuration.world_parameters()
    pairs = [(one.spill_in, one.private_weight) for one in each]
    assert len(each) == 60
    assert sorted(set(pairs)) == sorted((b, p) for b in (0.0, 0.5, 1.0) for p in (0.0, 0.02))
    assert all(pairs.count(pair) == 10 for pair in set(pairs))


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped())
def test_shipped_configurations_reach_the_promised_regret(name, tmp_path):
    run = train(load(name), tmp_path / name, seed=0)
    found = regret.regret(run.game.name, run.parameters, run.profile())
    assert found.max() <= 0.02


def test_metrics_are_plain_parquet(learned):
    table = polars.read_parquet(learned.folder / "metrics.parquet")
    assert {"iteration", "seconds", "reward_0", "spread_3", "regret_3", "nash_conv"} <= set(
        table.columns
    )


# -- permutation equivariance ----------------------------------------------------------------------

EQUIVARIANT = load("predictions").replace(
    agent_steps=1_024,
    worlds={"count": 32},
    network={"permutation_equivariant": True, "hidden": [24, 17]},
    ppo={"n_steps": 4, "batch_size": 512},
)


def finished_training(configuration):
    with one_torch_thread():
        training = PPOTraining(configuration, normalisation_of(configuration), seed=0, device="cpu")
        training.train()
        training.env.close()
    return training


def exchanged(subjects, order):
    """Return the columns in which others have changed places."""
    return [subjects.index((name, order[other] if other >= 0 else -1)) for name, other in subjects]


@pytest.mark.parametrize("policy", ["shared", "anonymous", "separate"])
@pytest.mark.parametrize("powers", [3, 5])
def test_a_permutation_of_the_others_permutes_the_outputs(policy, powers):
    parameters = {"powers": powers, "start_product": 1.0}
    configuration = EQUIVARIANT.replace(
        parameters=parameters,
        varied={},
        drawn={},
        worlds={"opponents": ()},
        network={"policy": policy},
    )
    training = finished_training(configuration)
    game = training.env.worlds.game
    player = LearnedStrategy(
        game, configuration.parameters_to_judge(), 1, training.weights(), training.description()
    )
    seen, options = game.observation_subjects(powers), game.action_subjects(powers)
    rng = np.random.default_rng(0)
    order = np.roll(rng.permutation(powers - 1), 1).tolist()
    rows = rng.normal(size=(40, len(seen))).astype(np.float32)
    before = player._outputs(rows)
    after = player._outputs(rows[:, exchanged(seen, order)])
    np.testing.assert_allclose(
        after, before[:, exchanged(options, order)], atol=1e-4 * abs(before).max()
    )
    assert order == sorted(order) or abs(after - before).max() > 1e-3


def test_what_a_feature_is_about_stands_in_the_order_of_the_observation():
    game = EQUIVARIANT.the_game().seated(4)
    named = [
        name if other < 0 else f"{name}_{other}" for name, other in game.observation_subjects(4)
    ]
    assert named == game.observation_names(4)
    assert len(game.action_subjects(4)) == game.mask_width


def test_nothing_is_tied_between_two_powers():
    configuration = load("arms_race").replace(
        agent_steps=64,
        worlds={"count": 8},
        network={"permutation_equivariant": True, "hidden": [4]},
        ppo={"n_steps": 4, "batch_size": 64},
    )
    assert finished_training(configuration).architecture.units is None


def test_equivariance_is_refused_without_several_others():
    with pytest.raises(ParameterError, match="several others"):
        load("deterrence").replace(network={"permutation_equivariant": True})


def test_the_entropy_coefficient_falls_linearly_below_zero():
    configuration = SMALL.replace(
        agent_steps=4_096,
        worlds={"count": 32},
        ppo={"batch_size": 256, "ent_coef": 0.1, "final_ent_coef": -0.1},
    )
    weights = []

    class Watched(PPOTraining):
        def _on_rollout_start(self):
            super()._on_rollout_start()
            weights.append(self.ppo.ent_coef)

    with one_torch_thread():
        training = Watched(configuration, normalisation_of(configuration), seed=0, device="cpu")
        training.train()
        training.env.close()
    np.testing.assert_allclose(weights, np.linspace(0.1, -0.1, len(weights) + 1)[:-1], atol=1e-12)


def test_few_parameters_are_drawn_at_once_and_all_of_them_by_some_world():
    configuration = load("grand_strategy")
    usual = configuration.game_parameters()
    counts = []
    moved = set()
    for world in configuration.world_parameters():
        own = {name for name in configuration.drawn if getattr(world, name) != getattr(usual, name)}
        counts.append(len(own))
        moved |= own
    assert set(counts) == {0, 1, 2, 3}
    assert moved == set(configuration.drawn)
    everything = configuration.replace(worlds={"max_drawn": 0}).world_parameters()[0]
    assert all(getattr(everything, name) != getattr(usual, name) for name in configuration.drawn)
    with pytest.raises(ParameterError, match="max_drawn"):
        configuration.replace(worlds={"max_drawn": -1})


@pytest.mark.parametrize("drawn", [{}, {"autonomy_cost": [0.005, 0.04]}])
def test_unchanged_is_as_the_scenario_has_it(drawn):
    configuration = load("great_powers").replace(
        worlds={"scenarios": ("europe",), "count": 30},
        varied={"reliability": ["unchanged", 0.25]},
        drawn=drawn,
    )
    found = {world.reliability for world in configuration.world_parameters()}
    assert found == {scenario("europe").parameters.reliability, 0.25}
