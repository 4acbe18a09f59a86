"""SuperSuit: PPO of Stable-Baselines3 trains one policy for both powers of `arms_race`.

pip install "counterpoise[supersuit]"
"""

import sys
import time

import numpy as np
import supersuit
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.utils import set_random_seed

import counterpoise
from counterpoise.envs import arms_race_v0
from counterpoise.envs.engine.strategy import Strategy

GAME, STEPS, TARGET = "arms_race", 50_000, 0.01


class Learned(Strategy):
    """The model's policy in either seat, without exploration noise."""

    def __init__(self, model):
        self.model = model

    def act(self, observations, masks, rng):
        """Return one amount a row."""
        return self.model.predict(observations, deterministic=True)[0].astype(np.float64)


torch.set_num_threads(1)  # small networks are slower on several threads
# SuperSuit 3.11 has no seed() since seeds moved into reset() (its pull request 148), and passes
# none on: PPO(seed=0) fails with "'ConcatVecEnv' object has no attribute 'seed'". Seed around it.
set_random_seed(0)
worlds = supersuit.pettingzoo_env_to_vec_env_v1(arms_race_v0.parallel_env())
worlds = supersuit.concat_vec_envs_v1(worlds, 8, num_cpus=0, base_class="stable_baselines3")
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
    device="cpu",
)
model.learn(STEPS)
found = counterpoise.regret(GAME, [Learned(model)] * parameters.powers).max()
print(f"{GAME}: regret {found:.4f} (target {TARGET}), {time.process_time():.0f} s of one core")
sys.exit(int(not found <= TARGET))
