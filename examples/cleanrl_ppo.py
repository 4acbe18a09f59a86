"""In the style of CleanRL: PPO in one file for one member of `burden_sharing`, in many worlds.

pip install counterpoise
"""

import sys
import time

import gymnasium
import numpy as np
import torch

import counterpoise
from counterpoise.envs.engine.strategy import Strategy

GAME, POWER, TARGET = "burden_sharing", 0, 0.01
WORLDS, YEARS, UPDATES, EPOCHS, BATCH, CLIP = 256, 10, 150, 4, 640, 0.2


class Agent(torch.nn.Module, Strategy):
    """A Gaussian policy over the share of the cap that is spent, and a critic; plays the mean."""

    def __init__(self, space, features):
        super().__init__()
        self.space, Linear = space, torch.nn.Linear
        self.mean = torch.nn.Sequential(Linear(features, 32), torch.nn.Tanh(), Linear(32, 1))
        self.value = torch.nn.Sequential(Linear(features, 32), torch.nn.Tanh(), Linear(32, 1))
        self.log_spread = torch.nn.Parameter(torch.tensor([-1.0]))

    def policy(self, seen):
        """Return the distribution of the share of the cap."""
        return torch.distributions.Normal(0.5 + self.mean(seen), self.log_spread.exp())

    def amounts(self, shares):
        """Return shares of the cap in the game's own units."""
        return np.clip(shares * self.space.high, self.space.low, self.space.high)

    @torch.no_grad()
    def act(self, observations, masks, rng):
        """Return one amount a row."""
        return self.amounts(self.policy(torch.as_tensor(observations)).mean.double().numpy())


torch.set_num_threads(1)  # small networks are slower on several threads
torch.manual_seed(0)
settings = {"power": POWER, "others": "equilibrium"}
worlds = gymnasium.make_vec("counterpoise/BurdenSharing-v0", WORLDS, **settings)
agent = Agent(worlds.single_action_space, worlds.single_observation_space.shape[0])
optimizer = torch.optim.Adam(agent.parameters(), lr=5e-3)
now, _ = worlds.reset(seed=0)
for update in range(UPDATES):
    optimizer.param_groups[0]["lr"] = 5e-3 * (1 - update / UPDATES)
    years = []
    for _ in range(YEARS):
        share = agent.policy(seen := torch.as_tensor(now)).sample()
        now, paid, _, _, _ = worlds.step(agent.amounts(share.numpy()))
        years.append((seen, share, torch.as_tensor(paid).float()[:, None]))
    # Spending does not affect later years: the return of a year is its reward.
    seen, shares, returns = map(torch.cat, zip(*years, strict=True))
    before = agent.policy(seen).log_prob(shares).detach()
    advantages = returns - agent.value(seen).detach()
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(seen)).split(BATCH):
            ratio = (agent.policy(seen[rows]).log_prob(shares[rows]) - before[rows]).exp()
            gain = advantages[rows]
            surrogate = torch.min(ratio * gain, ratio.clamp(1 - CLIP, 1 + CLIP) * gain)
            misfit = (agent.value(seen[rows]) - returns[rows]).square()
            optimizer.zero_grad()
            (0.5 * misfit - surrogate).mean().backward()
            optimizer.step()
profile = list(counterpoise.solve(GAME).strategies)
profile[POWER] = agent
found = counterpoise.regret(GAME, profile)[POWER]
print(f"{GAME}: regret {found:.4f} (target {TARGET}), {time.process_time():.0f} s of one core")
sys.exit(int(not found <= TARGET))
