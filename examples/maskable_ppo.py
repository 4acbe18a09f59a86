"""sb3-contrib: MaskablePPO trains one power of `buck_passing`; the others never balance.

pip install counterpoise
"""

import sys
import time

import gymnasium
import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3.common.env_util import make_vec_env

import counterpoise
from counterpoise.agents.named import profile
from counterpoise.envs.engine.strategy import Strategy

GAME, POWER, STEPS, TARGET = "buck_passing", 0, 12_000, 0.01


class Learned(Strategy):
    """The most probable of the open options."""

    def __init__(self, model):
        self.model = model

    def act(self, observations, masks, rng):
        """Return one option a row."""
        chosen, _ = self.model.predict(observations, action_masks=masks, deterministic=True)
        return chosen.astype(np.int64)[:, None]


torch.set_num_threads(1)  # small networks are slower on several threads
parameters = counterpoise.game(GAME).parameters()
# The mask closes balancing once it is too late. `gymnasium.make` passes action_masks() on.
worlds = make_vec_env(
    lambda: gymnasium.make("counterpoise/BuckPassing-v0", power=POWER, others="buck_passer"),
    n_envs=8,
    seed=0,
)
model = MaskablePPO(
    "MlpPolicy",
    worlds,
    n_steps=64,
    batch_size=128,
    n_epochs=5,
    learning_rate=lambda left: 3e-3 * left,
    gamma=parameters.discount,
    policy_kwargs={"net_arch": [16]},
    seed=0,
    device="cpu",
)
model.learn(STEPS)
learned = list(profile("buck_passer", counterpoise.game(GAME), parameters))
learned[POWER] = Learned(model)
found = counterpoise.regret(GAME, learned)[POWER]
print(f"{GAME}: regret {found:.4f} (target {TARGET}), {time.process_time():.0f} s of one core")
sys.exit(int(not found <= TARGET))
