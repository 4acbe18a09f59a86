"""SeatVecEnv: what Stable-Baselines3 sees is what the worlds do."""

from __future__ import annotations

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecCheckNan, VecMonitor

from counterpoise.agents.named import profile
from counterpoise.envs.adapters.sb3 import SeatVecEnv
from counterpoise.envs.engine.registration import game, game_names
from counterpoise.envs.engine.worlds import Worlds


@pytest.mark.parametrize("name", game_names())
def test_slots_pass_on_what_the_worlds_do(name):
    """Random actions through slots and straight into worlds give the same numbers."""
    slots = SeatVecEnv(Worlds(name, 5), seed=3)
    worlds = Worlds(name, 5)
    seats = worlds.powers
    seen = slots.reset().reshape(5, seats, -1)
    np.testing.assert_array_equal(seen[:, :, :-seats], worlds.reset(3))
    rng = np.random.default_rng(0)
    for _ in range(150):
        masks = slots.action_masks()
        if worlds.game.is_discrete:
            parts = np.split(masks, np.cumsum(worlds.game.choice_counts)[:-1], axis=1)
            columns = [[rng.choice(np.flatnonzero(mask)) for mask in part] for part in parts]
            actions = np.array(columns).T if len(parts) > 1 else np.array(columns[0])
            natural = actions.reshape(5, seats, -1)
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
    slots = SeatVecEnv(Worlds("burden_sharing", 2, max_cycles=3), seed=0)
    slots.reset()
    for _ in range(3):
        _, rewards, dones, infos = slots.step(np.zeros((8, 1), np.float32))
    assert dones.all()
    assert all(info["TimeLimit.truncated"] for info in infos)
    last = np.array([info["terminal_observation"] for info in infos])
    assert last[0, 4] == pytest.approx(0.7)

    batched = SeatVecEnv(Worlds("burden_sharing", 2, max_cycles=3), seed=0)
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
    slots = SeatVecEnv(worlds, seats=[2], profile=riders, seed=0)
    slots.reset()
    slots.step(np.ones((4, 1), np.float32))
    assert (worlds.records["share"][:, :4] == [0.0, 0.0, 0.1, 0.0]).all()
    with pytest.raises(ValueError, match="profile"):
        SeatVecEnv(Worlds(the_game, 4), seats=[2])


def test_stock_ppo_trains_on_slots_under_the_usual_wrappers():
    slots = VecMonitor(VecCheckNan(SeatVecEnv(Worlds("burden_sharing", 8), seed=0)))
    PPO("MlpPolicy", slots, n_steps=10, batch_size=64, n_epochs=1, device="cpu").learn(640)
