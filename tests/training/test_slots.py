"""Slots: what Stable-Baselines3 sees is what the worlds do."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecCheckNan, VecMonitor

from counterpoise.agents.named import profile
from counterpoise.envs.registration import game, game_names
from counterpoise.envs.worlds import Worlds
from counterpoise.training.buffers import OwnMovesBuffer
from counterpoise.training.slots import Slots


@pytest.mark.parametrize("name", game_names())
def test_slots_pass_on_what_the_worlds_do(name):
    """Random actions through slots and straight into worlds give the same numbers."""
    slots = Slots(Worlds(name, 5), seed=3)
    worlds = Worlds(name, 5)
    seats = worlds.powers
    seen = slots.reset().reshape(5, seats, -1)
    np.testing.assert_array_equal(seen[:, :, :-seats], worlds.reset(3))
    rng = np.random.default_rng(0)
    for _ in range(150):
        masks = slots.action_masks()
        if worlds.game.is_discrete:
            actions = np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])
            natural = actions.reshape(5, seats, 1)
        else:
            actions = rng.uniform(-1, 1, (slots.num_envs, worlds.game.action_width))
            span = worlds.action_high - worlds.action_low
            natural = worlds.action_low + 0.5 * (actions.reshape(5, seats, -1) + 1) * span
        observations, rewards, dones, infos = slots.step(actions)
        np.testing.assert_allclose(rewards.reshape(5, seats), worlds.step(natural), atol=1e-12)
        rows = observations.reshape(5, seats, -1)
        np.testing.assert_allclose(rows[:, :, :-seats], worlds.observations, atol=1e-6)
        assert (rows[:, :, -seats:] == np.eye(seats)).all()
        ended = worlds.terminated | worlds.truncated
        assert (dones.reshape(5, seats) == ended[:, None]).all()
        assert len(infos) == slots.num_envs


def test_a_cut_world_hands_over_its_last_observation_for_bootstrapping():
    slots = Slots(Worlds("burden_sharing", 2, max_cycles=3), seed=0)
    slots.reset()
    for _ in range(3):
        _, rewards, dones, infos = slots.step(np.zeros((8, 1), np.float32))
    assert dones.all()
    assert all(info["TimeLimit.truncated"] for info in infos)
    last = np.array([info["terminal_observation"] for info in infos])
    assert last[0, 4] == pytest.approx(0.7)

    batched = Slots(Worlds("burden_sharing", 2, max_cycles=3), seed=0)
    batched.bootstrap = lambda rows: rows[:, 4]
    batched.reset()
    for _ in range(3):
        _, corrected, _, infos = batched.step(np.zeros((8, 1), np.float32))
    np.testing.assert_allclose(corrected - rewards, 0.7, atol=1e-6)
    assert not any(infos)


def test_powers_that_do_not_learn_are_played_by_the_profile():
    the_game = game("burden_sharing")
    parameters = the_game.parameters()
    worlds = Worlds(the_game, 4, parameters)
    riders = profile("free_rider", the_game, parameters)
    slots = Slots(worlds, seats=[2], profile=riders, seed=0)
    slots.reset()
    slots.step(np.ones((4, 1), np.float32))
    assert (worlds.records["share"][:, :4] == [0.0, 0.0, 0.1, 0.0]).all()
    with pytest.raises(ValueError, match="profile"):
        Slots(Worlds(the_game, 4), seats=[2])


def test_stock_ppo_trains_on_slots_under_the_usual_wrappers():
    slots = VecMonitor(VecCheckNan(Slots(Worlds("burden_sharing", 8), seed=0)))
    PPO("MlpPolicy", slots, n_steps=10, batch_size=64, n_epochs=1, device="cpu").learn(640)


def test_advantages_run_from_one_own_move_to_the_next():
    """A row without a choice hands on its reward and what follows; the update leaves it out."""
    gamma, trace = 0.9, 0.5
    buffer = OwnMovesBuffer(
        4,
        gymnasium.spaces.Box(-1, 1, (1,)),
        gymnasium.spaces.Discrete(2),
        gae_lambda=trace,
        gamma=gamma,
        n_envs=1,
    )
    buffer.reset()
    moves = [True, False, True, False]
    rewards, values = [0.0, 1.0, 0.0, 2.0], [5.0, 99.0, 7.0, 99.0]
    for step in range(4):
        buffer.add(
            np.full((1, 1), step, np.float32),
            np.zeros((1, 1)),
            np.array([rewards[step]]),
            np.array([float(step == 0)]),
            torch.tensor([values[step]]),
            torch.zeros(1),
            action_masks=np.array([[1, int(moves[step])]]),
        )
    buffer.compute_returns_and_advantage(torch.tensor([3.0]), np.array([False]))
    after_last = 2.0 + gamma * 3.0
    last = gamma * after_last - 7.0
    first = gamma * (1.0 + gamma * 7.0) - 5.0 + trace * gamma * gamma * last
    assert buffer.advantages[2, 0] == pytest.approx(last)
    assert buffer.advantages[0, 0] == pytest.approx(first)
    assert buffer.returns[1, 0] == pytest.approx(1.0 + gamma * (7.0 + last))
    seen = [int(row) for batch in buffer.get(1) for row in batch.observations[:, 0]]
    assert sorted(seen) == [0, 2]


def test_where_all_move_at_once_it_is_the_ordinary_buffer():
    rng = np.random.default_rng(0)
    shape = (6, 3)
    rewards, values, starts = (
        rng.normal(size=shape),
        rng.normal(size=shape),
        rng.random(shape) < 0.3,
    )
    found = []
    for kind in (OwnMovesBuffer, MaskableRolloutBuffer):
        buffer = kind(
            6,
            gymnasium.spaces.Box(-1, 1, (1,)),
            gymnasium.spaces.Discrete(2),
            gae_lambda=0.8,
            gamma=0.95,
            n_envs=3,
        )
        buffer.reset()
        for step in range(6):
            buffer.add(
                np.zeros((3, 1), np.float32),
                np.zeros((3, 1)),
                rewards[step],
                starts[step].astype(float),
                torch.as_tensor(values[step]),
                torch.zeros(3),
                action_masks=np.ones((3, 2)),
            )
        buffer.compute_returns_and_advantage(torch.ones(3), np.array([True, False, False]))
        found.append((buffer.advantages.copy(), buffer.returns.copy()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-5)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-5)
