"""TorchRL: PPO trains one policy for each power of `paradox_of_power`.

pip install "counterpoise[torchrl]"
"""

import sys
import time

import numpy as np
import torch
from tensordict import TensorDict
from tensordict.nn import NormalParamExtractor, TensorDictModule
from torch.nn import Sequential
from torchrl.collectors import Collector
from torchrl.envs import ExplorationType, PettingZooWrapper, set_exploration_type
from torchrl.modules import MultiAgentMLP, ProbabilisticActor, TanhNormal
from torchrl.objectives import ClipPPOLoss, ValueEstimators

import counterpoise
from counterpoise.envs import paradox_of_power_v0
from counterpoise.envs.engine.strategy import Strategy

GAME, UPDATES, FRAMES, EPOCHS, TARGET = "paradox_of_power", 30, 300, 8, 0.01
CHANGES = {"inequality": 0.6, "resources": 2.0, "years": 10}


class Learned(Strategy):
    """The policy in one seat, without exploration noise."""

    def __init__(self, policy, power, powers):
        self.policy, self.power, self.powers = policy, power, powers

    def act(self, observations, masks, rng):
        """Return one amount a row."""
        seen = torch.as_tensor(observations)[:, None].expand(-1, self.powers, -1)
        asked = TensorDict({("power", "observation"): seen}, [len(seen)])
        with torch.no_grad(), set_exploration_type(ExplorationType.DETERMINISTIC):
            return np.asarray(self.policy(asked)["power", "action"][:, self.power], np.float64)


torch.set_num_threads(1)  # small networks are slower on several threads
torch.manual_seed(0)
# No power leaves before the others, so that neither done_on_any nor use_mask is needed: early
# leavers in games with masks made TorchRL fail with a KeyError (its issue 3702, since fixed).
world = PettingZooWrapper(paradox_of_power_v0.parallel_env(**CHANGES), seed=0)
powers, width = world.observation_spec["power", "observation"].shape
seen, shape = [("power", "observation")], [("power", "loc"), ("power", "scale")]
kind = {"centralized": False, "share_params": False, "depth": 1, "num_cells": 32}
network = Sequential(MultiAgentMLP(width, 2, powers, **kind), NormalParamExtractor())
actor = TensorDictModule(network, seen, shape)
policy = ProbabilisticActor(
    actor, in_keys=shape, out_keys=[("power", "action")], spec=world.full_action_spec,
    distribution_class=TanhNormal, distribution_kwargs={"low": 0.0, "high": 1.0},
    return_log_prob=True,
)  # fmt: skip
critic = TensorDictModule(MultiAgentMLP(width, 1, powers, **kind), seen, [("power", "state_value")])
loss = ClipPPOLoss(policy, critic, entropy_coeff=0.0, normalize_advantage=True)
names = {"value": "state_value", "sample_log_prob": "action_log_prob"} | {
    name: name for name in ("reward", "action", "done", "terminated", "advantage")
}
loss.set_keys(**{key: ("power", name) for key, name in names.items()})
# Fighting does not affect later years: the return of a year is its reward.
loss.make_value_estimator(ValueEstimators.GAE, gamma=0.0, lmbda=0.0)
optimizer = torch.optim.Adam(loss.parameters(), lr=5e-3)
decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, UPDATES)
for batch in Collector(world, policy, frames_per_batch=FRAMES, total_frames=UPDATES * FRAMES):
    loss.value_estimator(batch)
    for _ in range(EPOCHS):
        for rows in torch.randperm(FRAMES).split(FRAMES // 4):
            found = loss(batch[rows])
            optimizer.zero_grad()
            (found["loss_objective"] + found["loss_critic"]).backward()
            optimizer.step()
    decay.step()
profile = [Learned(policy, power, powers) for power in range(powers)]
found = counterpoise.regret(GAME, profile, **CHANGES).max()
print(f"{GAME}: regret {found:.4f} (target {TARGET}), {time.process_time():.0f} s of one core")
sys.exit(int(not found <= TARGET))
