"""A memory: what it can learn, and that it is the same in training, in files and in play."""

from __future__ import annotations

import dataclasses

import gymnasium
import numpy as np
import pytest
import safetensors.numpy
import torch
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import VecEnv

from counterpoise.agents.learned import LearnedStrategy, load_profile
from counterpoise.agents.simple import Holding
from counterpoise.envs.adapters.gymnasium import OnePower
from counterpoise.envs.adapters.sb3 import SeatVecEnv
from counterpoise.envs.engine.errors import CounterpoiseError, Interrupted, ParameterError
from counterpoise.envs.engine.rollouts import choose, play
from counterpoise.envs.engine.strategy import Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.training.best_responses import learn_best_response, weights_of_seats
from counterpoise.training.configuration import load
from counterpoise.training.learn import train
from counterpoise.training.memory import RecurrentNetwork, Remembered, Sequences
from counterpoise.training.networks import BatchedNetwork, Units
from counterpoise.training.policies import Architecture, SeatPolicy
from counterpoise.training.ppo import SeatPPO
from counterpoise.training.recurrent_ppo import RecurrentSeatPPO

MEMORY = 6


class Recall(VecEnv):
    """A cue is shown in the first of three steps and asked for in the last."""

    STEPS = 3

    def __init__(self, count):
        self.render_mode = None
        self.seats = [0]
        self._rng = np.random.default_rng(0)
        self._step = np.zeros(count, np.int64)
        self._cue = np.zeros(count, np.int64)
        super().__init__(
            count,
            gymnasium.spaces.Box(-9.0, 9.0, (3,), np.float32),
            gymnasium.spaces.MultiDiscrete([2]),
        )

    def _begin(self, rows):
        self._step[rows] = 0
        self._cue[rows] = self._rng.integers(2, size=len(rows))

    def _seen(self):
        seen = np.ones((self.num_envs, 3), np.float32)
        seen[:, 0] = np.where(self._step == 0, 2.0 * self._cue - 1.0, 0.0)
        seen[:, 1] = self._step
        return seen

    def reset(self):
        # Rows are at different steps, so that episodes begin within a batch.
        self._begin(np.arange(self.num_envs))
        self._step[:] = np.arange(self.num_envs) % self.STEPS
        return self._seen()

    def action_masks(self):
        return np.ones((self.num_envs, 2), np.bool_)

    def step_async(self, actions):
        self._actions = actions

    def step_wait(self):
        is_last = self._step == self.STEPS - 1
        rewards = np.where(is_last, (self._actions.reshape(-1) == self._cue).astype(float), 0.0)
        self._step += 1
        self._begin(np.flatnonzero(is_last))
        return self._seen(), rewards, is_last, [{} for _ in range(self.num_envs)]

    def close(self):
        pass

    def get_attr(self, attr_name, indices=None):
        return [getattr(self, attr_name)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        raise NotImplementedError

    def env_method(self, method_name, *method_args, indices=None, **method_kwargs):
        return list(getattr(self, method_name)(*method_args, **method_kwargs))

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs


def learner_of(slots, memory, *, separate=True, **options):
    features = slots.observation_space.shape[0] - len(slots.seats)
    rng = np.random.default_rng(0)
    architecture = Architecture(
        seats=len(slots.seats),
        separate=separate,
        hidden=(8,),
        initial_std=0.4,
        feature_mean=np.zeros(features, np.float32),
        feature_scale=np.ones(features, np.float32),
        value_mean=rng.normal(size=len(slots.seats)).astype(np.float32),
        memory=memory,
    )
    defaults = {
        "n_steps": 8,
        "batch_size": 256,
        "n_epochs": 4,
        "learning_rate": 2e-2,
        "gamma": 1.0,
        "policy_kwargs": {"architecture": architecture},
        "seed": 0,
        "device": "cpu",
    }
    made = (RecurrentSeatPPO if memory else SeatPPO)(SeatPolicy, slots, **{**defaults, **options})
    made.set_logger(configure(None, []))
    return made


def share_recalled(memory):
    slots = Recall(96)
    learner = learner_of(slots, memory)
    learner.learn(12_000)
    ends = learner.rollout_buffer.observations[..., 1] == Recall.STEPS - 1
    return learner.rollout_buffer.rewards[ends].mean()


def test_a_learner_with_a_memory_solves_a_task_that_one_without_cannot():
    assert share_recalled(MEMORY) > 0.9
    assert share_recalled(0) < 0.6


# -- the gradient ----------------------------------------------------------------------------------


def steps_of(name, separate, **options):
    slots = SeatVecEnv(Worlds(name, 12, max_cycles=5), seed=3)
    learner = learner_of(slots, MEMORY, separate=separate, n_epochs=1, **options)
    learner.train = lambda: None
    # The first batch ends within an episode: the second begins with something to remember.
    learner.learn(2 * learner.n_steps * slots.num_envs)
    return learner


@pytest.mark.parametrize("separate", [True, False])
@pytest.mark.parametrize("name", ["burden_sharing", "arms_or_allies"])
def test_unrolled_networks_repeat_what_was_played(name, separate):
    learner = steps_of(name, separate)
    batch = learner.batch_in_groups()
    assert abs(batch["first"]).max() > 0.0
    rows = batch["advantages"].shape[1]
    inputs, critic_inputs = learner._chosen(batch, np.arange(rows))
    values = learner._critic.forward(critic_inputs)[..., 0].numpy() + batch["means"]
    played = learner._networks.groups_of(learner._samples(learner.rollout_buffer.values))
    np.testing.assert_allclose(values, played, atol=1e-5)
    # The same parameters as in play: no ratio differs from one.
    logged = learner.take_gradient(batch, np.arange(rows), 0.2)
    assert abs(logged[4]) < 1e-6
    assert inputs.goes_on.min() == 0.0


def test_the_gradient_is_the_change_of_the_loss():
    learner = steps_of("arms_or_allies", True)
    with torch.no_grad():
        for value in learner.policy.parameters():
            value.add_(0.1 * torch.randn_like(value))
    batch = learner.batch_in_groups()
    rows = np.arange(batch["advantages"].shape[1])

    def loss():
        return learner.take_gradient(batch, rows, 0.2)[3]

    loss()
    networks = learner._networks
    for network in (networks.actor, networks.critic):
        for name in ("gates_of_inputs", "gates_of_memory", "gate_biases"):
            weight = getattr(network, name)
            way = weight.grad.clone()
            expected = float((way**2).sum())
            step = 1e-2 / expected**0.5
            with torch.no_grad():
                weight.add_(step * way)
                above = loss()
                weight.sub_(2.0 * step * way)
                found = (above - loss()) / (2.0 * step)
                weight.add_(step * way)
            loss()
            assert found == pytest.approx(expected, rel=0.1), name


def test_a_memory_of_tied_units_is_permutation_equivariant():
    seen = Units.of([("own", -1), *[("a", k) for k in range(3)], *[("b", k) for k in range(3)]])
    decided = Units.of([("keep", -1), *[("offer", k) for k in range(3)]])
    layers = [seen, Units.hidden(14, 3), decided]
    network = RecurrentNetwork(1, [7, 14, 4], 1.0, "relu", layers, memory=11)
    rows = torch.randn(1, 5, 4, 7)
    ones, first = torch.ones(1, 5, 4), torch.zeros(1, 5, 11)
    order = [2, 0, 1]
    columns = [0, *(1 + k for k in order), *(4 + k for k in order)]
    before = network.unroll(Sequences(rows, ones, first))
    after = network.unroll(Sequences(rows[..., columns], ones, first))
    torch.testing.assert_close(after, before[..., [0, *(1 + k for k in order)]])
    assert abs(after - before).max() > 1e-3
    before.sum().backward()
    network.tie_gradients()
    gates = network.gates_of_inputs.grad[0]
    torch.testing.assert_close(gates[1], gates[1][torch.arange(33)])
    assert isinstance(network, BatchedNetwork)


# -- runs ------------------------------------------------------------------------------------------

SMALL = load("burden_sharing").replace(
    agent_steps=8_000,
    checkpoint_seconds=0.0,
    worlds={"count": 32, "max_cycles": 7},
    network={"hidden": [8], "memory": MEMORY},
    ppo={"n_steps": 10, "batch_size": 640},
)
CHOICES = load("arms_or_allies").replace(
    agent_steps=2_000,
    worlds={"count": 32, "max_cycles": 7},
    network={"policy": "shared", "hidden": [8], "memory": MEMORY, "critic": "central"},
    ppo={"n_steps": 8, "batch_size": 256, "magnet_coef": 0.0},
    mixed=False,
)


def stopped_at(share):
    def stop(progress):
        if progress.agent_steps >= share * progress.total_agent_steps:
            raise KeyboardInterrupt

    return stop


@pytest.mark.parametrize("configuration", [SMALL, CHOICES], ids=["amounts", "choices"])
def test_a_killed_run_resumes_to_the_same_numbers(configuration, tmp_path):
    configuration = configuration.replace(checkpoint_seconds=0.0)
    whole = train(configuration, tmp_path / "whole", seed=1)
    with pytest.raises(Interrupted):
        train(configuration, tmp_path / "killed", seed=1, on_progress=stopped_at(0.5))
    again = train(configuration, tmp_path / "killed", seed=1, resume=True)
    for name in ("policy.safetensors", "policy.json"):
        assert (whole.folder / name).read_bytes() == (again.folder / name).read_bytes()
    assert whole.metrics().drop("seconds").equals(again.metrics().drop("seconds"))


@pytest.mark.parametrize("configuration", [SMALL, CHOICES], ids=["amounts", "choices"])
def test_what_is_loaded_plays_as_torch_does(configuration, tmp_path):
    run = train(configuration, tmp_path / "run", seed=1)
    learner = configuration.learner.make(configuration, 1, "cpu")
    networks = learner.ppo.policy.mlp_extractor
    learner.env.close()
    networks.load_state_dict(
        {name: torch.as_tensor(value) for name, value in load_weights(run).items()}
    )
    worlds = Worlds(run.game, 6, run.parameters, max_cycles=4)
    slots = SeatVecEnv(worlds, shows_everything=networks.is_central, seed=0)
    slots.reset()
    shape = (networks.groups, slots.num_envs // networks.groups)
    played = Remembered(networks.actor, shape, "cpu")
    profile, memories, rng = run.profile(), {}, np.random.default_rng(0)
    begun = 0
    for _ in range(9):
        starts = np.repeat(worlds.records["cycles"] == 0, worlds.powers)
        begun += starts.sum()
        played.clear(torch.from_numpy(networks.groups_of((~starts).astype(np.float32))))
        inputs = torch.from_numpy(networks.grouped(slots.current()))
        outputs = networks.rows(played.advance(inputs).numpy())
        outputs = outputs.reshape(6, worlds.powers, -1)
        actions = choose(worlds, profile, rng, memories)
        for power in range(worlds.powers):
            if run.game.is_discrete:
                shown = np.where(worlds.masks[:, power] == 1, outputs[:, power], -np.inf)
                np.testing.assert_array_equal(actions[:, power, 0], shown.argmax(axis=1))
                continue
            low, high = worlds.action_low[0, power], worlds.action_high[0, power]
            share = np.clip(0.5 * (outputs[:, power] + 1.0), 0.0, 1.0)
            np.testing.assert_allclose(actions[:, power], low + share * (high - low), atol=1e-5)
        worlds.step(actions)
    assert begun >= 3 * slots.num_envs


def load_weights(run):
    return safetensors.numpy.load_file(run.folder / "policy.safetensors")


def remembering(power=0):
    """Return a strategy whose action says in which step of its episode it is."""
    game, parameters = CHOICES.the_game(), CHOICES.game_parameters()
    learner = CHOICES.learner.make(CHOICES, 0, "cpu")
    learner.env.close()
    return LearnedStrategy(game, parameters, power, learner.weights(), learner.description())


def test_what_is_remembered_of_a_world_is_cleared_where_its_episode_begins():
    strategy = remembering()
    game, parameters = CHOICES.the_game(), CHOICES.game_parameters()
    others = Uniform(game, parameters, 1)
    worlds, memories = Worlds(game, 5, parameters, max_cycles=3), {}
    worlds.reset(0)
    rng = np.random.default_rng(0)
    seen = []
    for _ in range(4):
        starts = worlds.records["cycles"] == 0
        actions = choose(worlds, [strategy, others], rng, memories)
        if starts.any():
            anew = np.zeros((5, MEMORY), np.float32)
            strategy.act_with_memory(worlds.observations[:, 0], worlds.masks[:, 0], rng, anew)
            np.testing.assert_array_equal(memories[0][starts], anew[starts])
        seen.append(starts.all())
        worlds.step(actions)
    assert seen[0]
    assert seen[3]
    held = Holding(game.seated(2), strategy, 0, 0)
    assert held.memory == MEMORY
    rollout = play(Worlds(game, 3, parameters, autoreset=False), [held, others], seed=0, steps=6)
    assert (rollout.actions[:, :, 0] == 0).any()


def test_a_policy_with_a_memory_plays_in_an_environment_but_not_without_its_memory():
    strategy = remembering(1)
    env = OnePower("arms_or_allies", others=strategy, power=0)
    env.reset(seed=0)
    env.step(0)
    assert abs(env._memories[1]).max() > 0.0
    worlds = Worlds(env.game, 2)
    worlds.reset(0)
    with pytest.raises(CounterpoiseError, match="has a memory"):
        strategy.act(worlds.observations[:, 1], worlds.masks[:, 1], np.random.default_rng(0))
    with pytest.raises(ValueError, match="must not have a memory"):
        SeatVecEnv(worlds, scripted_seats=[(0, 1, strategy)])


def test_a_memory_is_refused_where_it_has_no_meaning():
    for changes in ({"algorithm": "psro"}, {"mixed": True, "ppo": {"magnet_coef": 0.1}}):
        with pytest.raises(ParameterError, match="without a magnet"):
            CHOICES.replace(**changes)
    with pytest.raises(ParameterError, match="at least 0"):
        CHOICES.replace(network={"memory": -1})


# -- best responses --------------------------------------------------------------------------------


@pytest.mark.parametrize("critic", ["own", "central"])
@pytest.mark.parametrize("policy", ["separate", "shared", "anonymous"])
def test_a_best_response_starts_as_the_policy_plays(policy, critic):
    configuration = CHOICES.replace(network={"policy": policy, "critic": critic})
    learner = configuration.learner.make(configuration, 0, "cpu")
    learner.env.close()
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(size=value.shape).astype(np.float32)
        if name.startswith(("actor", "critic"))
        else value
        for name, value in learner.weights().items()
    }
    game, parameters = configuration.the_game(), configuration.game_parameters()
    whole = LearnedStrategy(game, parameters, 1, weights, learner.description())
    alone = LearnedStrategy(
        game,
        parameters,
        1,
        weights_of_seats(weights, [1], configuration),
        {**learner.description(), "learning": [1]},
    )
    rows = rng.normal(size=(9, len(game.observation_names(2)))).astype(np.float32)
    memory = rng.normal(size=(9, MEMORY)).astype(np.float32)
    np.testing.assert_allclose(
        alone._outputs(rows, memory.copy()), whole._outputs(rows, memory.copy()), rtol=1e-5
    )
    learned = learn_best_response(
        configuration.replace(ppo={"learning_rate": 0.0}),
        [whole, whole],
        1,
        seed=0,
        agent_steps=256,
        start=weights,
    )
    np.testing.assert_allclose(
        learned._outputs(rows, memory.copy()), whole._outputs(rows, memory.copy()), rtol=1e-4
    )


def test_the_description_says_that_there_is_a_memory(tmp_path):
    run = train(dataclasses.replace(CHOICES, agent_steps=256), tmp_path / "run", seed=0)
    profile = load_profile(run.folder)[2]
    assert [each.memory for each in profile] == [MEMORY, MEMORY]
    assert CHOICES.learner_in_words().endswith("central critic, memory")
