"""Stable-Baselines3: PPO as one power of `arms_race`, the other playing the equilibrium.

pip install counterpoise
"""

import sys
import time

import gymnasium
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

import counterpoise  # noqa: F401 - registers the games with Gymnasium
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.theory.regret import equilibrium, regret

GAME, POWER, STEPS, TARGET = "arms_race", 0, 50_000, 0.01


class Learned(Strategy):
    """What the model does, without the noise that it learned with."""

    def __init__(self, model):
        self.model = model

    def act(self, observations, masks, rng):
        """Return one amount a row."""
        return self.model.predict(observations, deterministic=True)[0].astype(np.float64)


torch.set_num_threads(1)  # small networks are slower on several
worlds = make_vec_env(
    lambda: gymnasium.make("counterpoise/ArmsRace-v0", power=POWER, others="equilibrium"),
    n_envs=16,
    seed=0,
)
parameters = game(GAME).parameters()
model = PPO(
    "MlpPolicy",
    worlds,
    n_steps=60,
    batch_size=240,
    n_epochs=5,
    learning_rate=lambda left: 3e-3 * left,
    gamma=parameters.discount,
    policy_kwargs={"net_arch": [32], "log_std_init": -1.0},
    seed=0,
    device="cpu",
)
model.learn(STEPS)
profile = list(equilibrium(GAME, parameters).strategies)
profile[POWER] = Learned(model)
found = regret(GAME, parameters, profile)[POWER]
print(f"{GAME}: regret {found:.4f} (target {TARGET}), {time.process_time():.0f} s of one core")
sys.exit(int(not found <= TARGET))
