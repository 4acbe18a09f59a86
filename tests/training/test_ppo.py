"""Our PPO is Stable-Baselines3's: the same gradients on the same batch, in less time."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer
from stable_baselines3 import PPO
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import VecEnv

from counterpoise.envs.adapters.sb3 import SeatVecEnv
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.training.policies import Architecture, MaskableSeatPolicy, SeatPolicy
from counterpoise.training.ppo import SeatPPO

STEPS, WORLDS = 6, 32


class ManyChoices(VecEnv):
    """A task of three choices of different sizes, with masks, for as many rows as asked."""

    COUNTS = (3, 2, 5)

    def __init__(self, count):
        self.render_mode = None
        self.seats = [0]
        self._rng = np.random.default_rng(0)
        super().__init__(
            count,
            gymnasium.spaces.Box(-9.0, 9.0, (5,), np.float32),
            gymnasium.spaces.MultiDiscrete(list(self.COUNTS)),
        )

    def reset(self):
        seen = self._rng.standard_normal((self.num_envs, 5), np.float32)
        seen[:, -1] = 1.0
        return seen

    def action_masks(self):
        masks = self._rng.random((self.num_envs, 10)) < 0.7
        masks[:, [0, 3, 5]] = True
        return masks

    def step_async(self, actions):
        self._rewards = actions.sum(axis=1) + self._rng.standard_normal(self.num_envs)

    def step_wait(self):
        done = self._rng.random(self.num_envs) < 0.2
        return self.reset(), self._rewards, done, [{} for _ in range(self.num_envs)]

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


def slots_of(name):
    if name == "many choices":
        return ManyChoices(WORLDS)
    game = game_named(name)
    return SeatVecEnv(Worlds(game, WORLDS, game.parameters(), max_cycles=4), seed=3)


def architecture_of(slots, *, separate):
    rng = np.random.default_rng(0)
    features = slots.observation_space.shape[0] - len(slots.seats)
    return Architecture(
        seats=len(slots.seats),
        separate=separate,
        hidden=(16, 8),
        initial_std=0.4,
        feature_mean=rng.normal(size=features).astype(np.float32),
        feature_scale=rng.uniform(0.5, 2.0, features).astype(np.float32),
        value_mean=rng.normal(size=len(slots.seats)).astype(np.float32),
    )


def learner_of(kind, policy, slots, architecture, **options):
    made = kind(
        policy,
        slots,
        n_steps=STEPS,
        batch_size=STEPS * slots.num_envs,
        n_epochs=1,
        ent_coef=0.02,
        max_grad_norm=1e9,
        learning_rate=1e-2,
        policy_kwargs={"architecture": architecture},
        seed=0,
        device="cpu",
        **options,
    )
    made.set_logger(configure(None, []))
    return made


def gradients(learner):
    return {name: value.grad.clone() for name, value in learner.policy.named_parameters()}


@pytest.mark.parametrize("separate", [True, False])
@pytest.mark.parametrize("name", ["arms_race", "burden_sharing", "arms_or_allies", "many choices"])
def test_the_gradients_are_those_of_stable_baselines(name, separate):
    slots = slots_of(name)
    is_discrete = not isinstance(slots.action_space, gymnasium.spaces.Box)
    architecture = architecture_of(slots, separate=separate)
    ours = learner_of(SeatPPO, SeatPolicy, slots, architecture)
    stock = learner_of(
        MaskablePPO if is_discrete else PPO,
        MaskableSeatPolicy if is_discrete else SeatPolicy,
        slots_of(name),
        architecture,
    )
    ours.learn(STEPS * slots.num_envs)
    # The policy has moved since the batch was played: the ratios differ from one, some are cut.
    with torch.no_grad():
        for value in ours.policy.parameters():
            value.add_(0.15 * torch.randn_like(value))
    stock.policy.load_state_dict(ours.policy.state_dict())
    for field in ("observations", "actions", "values", "log_probs", "advantages", "returns"):
        setattr(stock.rollout_buffer, field, getattr(ours.rollout_buffer, field).copy())
    stock.rollout_buffer.full = True
    if is_discrete:
        assert isinstance(stock.rollout_buffer, MaskableRolloutBuffer)
        stock.rollout_buffer.action_masks = ours.masks.astype(np.float32)
    told = ours.take_gradient(
        ours.batch_in_groups(), np.arange(ours.batch_in_groups()["advantages"].shape[1]), 0.2
    )
    # The learning rate is of no matter to the gradients, but must not divide by nothing.
    stock._current_progress_remaining = 1.0
    stock.train()
    assert 0.02 < told[-1] < 0.98, "some ratios are cut, some are not"
    expected = gradients(stock)
    for parameter, found in gradients(ours).items():
        np.testing.assert_allclose(
            found, expected[parameter], rtol=1e-4, atol=1e-5, err_msg=parameter
        )
    assert told[3] == pytest.approx(stock.logger.name_to_value["train/loss"], abs=1e-5)


@pytest.mark.parametrize("name", ["arms_race", "arms_or_allies"])
def test_actions_come_with_the_probability_that_the_policy_gives_them(name):
    slots = slots_of(name)
    learner = learner_of(SeatPPO, SeatPolicy, slots, architecture_of(slots, separate=True))
    observations = slots.reset()
    is_open = np.ones((slots.num_envs, 0), np.bool_)
    if slots.worlds.game.is_discrete:
        is_open = slots.action_masks()
    actions, values, logs = learner.decide(observations, is_open)
    if slots.worlds.game.is_discrete:
        assert is_open[np.arange(len(actions)), actions[:, 0]].all()
        stock = learner_of(
            MaskablePPO, MaskableSeatPolicy, slots, architecture_of(slots, separate=True)
        )
        stock.policy.load_state_dict(learner.policy.state_dict())
        told = stock.policy.evaluate_actions(
            torch.as_tensor(observations), torch.as_tensor(actions[:, 0]), is_open
        )
    else:
        told = learner.policy.evaluate_actions(
            torch.as_tensor(observations), torch.as_tensor(actions)
        )
    np.testing.assert_allclose(values, told[0].detach()[:, 0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(logs, told[1].detach(), rtol=1e-5, atol=1e-5)


def test_options_are_drawn_as_often_as_the_policy_says():
    slots = slots_of("arms_or_allies")
    learner = learner_of(SeatPPO, SeatPolicy, slots, architecture_of(slots, separate=True))
    observations = np.repeat(slots.reset()[:2], 20_000, axis=0)
    observations = observations.reshape(2, -1, observations.shape[1]).swapaxes(0, 1)
    rows = observations.reshape(-1, observations.shape[2])
    is_open = np.ones((len(rows), 18), np.bool_)
    is_open[:, 5:9] = False
    actions = learner.decide(rows, is_open)[0][::2, 0]
    outputs = learner.policy.mlp_extractor.forward_actor(torch.as_tensor(rows[:1])).detach()
    outputs[:, 5:9] = -torch.inf
    expected = torch.softmax(outputs, dim=1)[0].numpy()
    shares = np.bincount(actions, minlength=18) / len(actions)
    np.testing.assert_allclose(shares, expected, atol=4 * np.sqrt(0.25 / len(actions)))
    assert (shares[5:9] == 0.0).all()


def test_a_magnet_holds_the_policy_where_it_is():
    """With a magnet that outweighs everything, learning moves the policy hardly at all."""

    def moved(magnet):
        slots = slots_of("arms_or_allies")
        learner = learner_of(
            SeatPPO, SeatPolicy, slots, architecture_of(slots, separate=True), magnet_coef=magnet
        )
        learner.n_epochs = 10
        seen = slots.reset()
        tensor = torch.as_tensor(seen)
        before = torch.log_softmax(learner.policy.mlp_extractor.forward_actor(tensor), 1).detach()
        learner.learn(8 * STEPS * slots.num_envs)
        after = torch.log_softmax(learner.policy.mlp_extractor.forward_actor(tensor), 1).detach()
        return float((before - after).abs().mean())

    assert moved(100.0) < 0.3 * moved(0.0)


def test_a_magnet_is_refused_for_amounts():
    slots = slots_of("arms_race")
    with pytest.raises(ValueError, match="needs choices"):
        learner_of(
            SeatPPO, SeatPolicy, slots, architecture_of(slots, separate=True), magnet_coef=0.1
        )


def test_it_saves_and_loads_as_any_learner_of_stable_baselines(tmp_path):
    slots = slots_of("arms_race")
    learner = learner_of(SeatPPO, SeatPolicy, slots, architecture_of(slots, separate=True))
    learner.learn(STEPS * slots.num_envs)
    learner.save(tmp_path / "learner.zip")
    again = learner_of(SeatPPO, SeatPolicy, slots, architecture_of(slots, separate=True))
    again.set_parameters(tmp_path / "learner.zip", device="cpu")
    seen = slots.reset()
    assert (again.values(seen) == learner.values(seen)).all()


@pytest.mark.parametrize("name", ["arms_race", "burden_sharing", "many choices"])
def test_advantages_are_those_of_stable_baselines_where_nothing_is_left_to_chance(name):
    slots = slots_of(name)
    learner = learner_of(SeatPPO, SeatPolicy, slots, architecture_of(slots, separate=True))
    learner.train = lambda: None
    learner.learn(STEPS * slots.num_envs)
    buffer = learner.rollout_buffer
    found = buffer.advantages.copy(), buffer.returns.copy()
    last = torch.as_tensor(learner.values(learner._last_obs))
    buffer.compute_returns_and_advantage(last, learner._last_episode_starts)
    np.testing.assert_allclose(found[0], buffer.advantages, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1], buffer.returns, rtol=1e-4, atol=1e-5)


def test_an_ending_by_chance_is_worth_what_it_was_expected_to_be():
    """Whether chance strikes or not, what comes after counts with its chance to come."""
    game = game_named("arms_or_allies")
    worlds = Worlds(game, 400, {"random_ending": 0.3})
    slots = SeatVecEnv(worlds, seed=0)
    slots.reset()
    nothing = np.zeros((slots.num_envs, 1), np.int64)
    slots.step(nothing)
    assert (slots.continuation == 1.0).all(), "a plan ends no year"
    rewards = {}
    for value in (0.0, 1.0):
        slots.bootstrap = lambda rows, value=value: np.full(len(rows), value, np.float32)
        snapshot = worlds.copy()
        _, rewards[value], dones, _ = slots.step(nothing)
        worlds.restore(snapshot)
    assert 0.2 < dones.mean() < 0.4
    np.testing.assert_allclose(rewards[1.0] - rewards[0.0], np.where(dones, 0.7, 0.0), atol=1e-12)
    assert (slots.continuation == 0.7).all()
    learner = learner_of(SeatPPO, SeatPolicy, slots, architecture_of(slots, separate=True))
    learner.learn(STEPS * slots.num_envs)
    chances = learner._discounts / learner.gamma
    np.testing.assert_allclose(chances[1::2], 0.7)
    np.testing.assert_allclose(chances[::2], 1.0)
    # Between two steps of a world that goes on, the one's return follows from the other's.
    buffer = learner.rollout_buffer
    goes_on = buffer.episode_starts[1:] == 0
    blended = learner.gae_lambda * buffer.returns + (1.0 - learner.gae_lambda) * buffer.values
    expected = buffer.rewards[:-1] + learner._discounts[:-1] * blended[1:]
    np.testing.assert_allclose(buffer.returns[:-1][goes_on], expected[goes_on], atol=1e-5)
    assert goes_on.any()
    assert not goes_on.all()
