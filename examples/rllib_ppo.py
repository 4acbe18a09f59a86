"""RLlib: PPO of the new API stack, one policy for each power of `paradox_of_power`.

pip install "counterpoise[rllib]"
"""

import sys
import time

import numpy as np
import ray
import torch
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env

import counterpoise
from counterpoise.envs import paradox_of_power_v0
from counterpoise.envs.engine.strategy import Strategy

GAME, ROUNDS, TARGET = "paradox_of_power", 30, 0.01
CHANGES = {"inequality": 0.6, "resources": 2.0, "years": 10}


class Learned(Strategy):
    """A policy without exploration noise."""

    def __init__(self, module, space):
        self.module, self.space = module, space

    def act(self, observations, masks, rng):
        """Return one amount a row."""
        with torch.no_grad():
            seen = {Columns.OBS: torch.as_tensor(observations)}
            outputs = self.module.forward_inference(seen)[Columns.ACTION_DIST_INPUTS]
        # The first half are means, between -1 and 1 for the lowest and the highest amount.
        share = 0.5 * (np.clip(outputs[:, :1].double().numpy(), -1.0, 1.0) + 1.0)
        return self.space.low + share * (self.space.high - self.space.low)


torch.set_num_threads(1)  # small networks are slower on several threads
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
register_env(GAME, lambda _: ParallelPettingZooEnv(paradox_of_power_v0.parallel_env(**CHANGES)))
powers = [f"power_{power}" for power in range(2)]
algorithm = (
    PPOConfig()
    .environment(GAME)
    .multi_agent(policies=set(powers), policy_mapping_fn=lambda power, *_, **__: power)
    .env_runners(num_env_runners=0, num_envs_per_env_runner=8)
    .learners(num_learners=0)
    .rl_module(model_config=DefaultModelConfig(fcnet_hiddens=[32]))
    .training(
        gamma=0.0,  # fighting does not affect later years
        lr=[[0, 5e-3], [ROUNDS * 480, 0.0]],
        train_batch_size_per_learner=480,
        minibatch_size=120,
        num_epochs=8,
    )
    .debugging(seed=0)
    .build_algo()
)
for _ in range(ROUNDS):
    algorithm.train()
parameters = counterpoise.game(GAME).parameters(**CHANGES)
profile = [
    Learned(algorithm.get_module(name), counterpoise.game(GAME).action_space(parameters, power))
    for power, name in enumerate(powers)
]
found = counterpoise.regret(GAME, profile, **CHANGES).max()
print(f"{GAME}: regret {found:.4f} (target {TARGET}), {time.process_time():.0f} s of one core")
algorithm.stop()
ray.shutdown()
sys.exit(int(not found <= TARGET))
