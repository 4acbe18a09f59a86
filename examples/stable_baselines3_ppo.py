"""Stable-Baselines3: PPO trains one power of `arms_race`; the other plays the equilibrium.

pip install counterpoise
"""

import sys
import time

import gymnasium
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

import counterpoise
from counterpoise.envs.engine.strategy import Strategy

GAME, POWER, STEPS, TARGET = "arms_race", 0, 50_000, 0.01


class Learned(Strategy):
    """The model's policy without exploration noise."""

    def __init__(self, model):
        self.model = model

    def act(self, observations, masks, rng):
        """Return one amount a row."""
        return self.model.predict(observations, deterministic=True)[0].astype(np.float64)


torch.set_num_threads(1)  # small networks are slower on several threads
worlds = make_vec_env(
    lambda: gymnasium.make("counterpoise/ArmsRace-v0", power=POWER, others="equilibrium"),
    n_envs=16,
    seed=0,
)
parameters = counterpoise.game(GAME).parameters()
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
profile = list(counterpoise.solve(GAME).strategies)
profile[POWER] = Learned(model)
found = counterpoise.regret(GAME, profile)[POWER]
print(f"{GAME}: regret {found:.4f} (target {TARGET}), {time.process_time():.0f} s of one core")
sys.exit(int(not found <= TARGET))
