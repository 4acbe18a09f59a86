"""How fast is learning? Ours against Stable-Baselines3 as a newcomer would set it up, in one run.

    python benchmarks/training.py [--json] [--seconds 20]

*Defaults*: `PPO("MlpPolicy", ...)` with Stable-Baselines3's own defaults on one world through the
PettingZoo way in, all powers sharing the policy. *Slots*: the shipped configuration of the same
game. Both are counted in agent-steps (decisions of single powers) a second of wall time, learning
included. Then the shipped configurations run until the regret of every power is at most 0.02.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from pathlib import Path

import gymnasium
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from counterpoise.envs.parallel import CounterpoiseParallel
from counterpoise.training.configuration import load, shipped
from counterpoise.training.learn import Interrupted, train

PROMISED_REGRET = 0.02
PROMISE = ("seconds_to_promise", "seconds", "regret")


class PowersOfOneWorld(VecEnv):
    """The powers of one PettingZoo world as the rows of a vector environment."""

    def __init__(self, game: str) -> None:
        self.world = CounterpoiseParallel(game=game)
        self.render_mode = None
        first = self.world.possible_agents[0]
        space = self.world.action_space(first)
        assert isinstance(space, gymnasium.spaces.Box)
        self._low, self._high = space.low, space.high
        normal = gymnasium.spaces.Box(-1.0, 1.0, space.shape, np.float32)
        super().__init__(
            len(self.world.possible_agents), self.world.observation_space(first), normal
        )

    def reset(self):
        observations, _ = self.world.reset()
        return np.stack(list(observations.values()))

    def step_async(self, actions):
        natural = self._low + 0.5 * (actions + 1.0) * (self._high - self._low)
        self._actions = dict(
            zip(self.world.agents, np.clip(natural, self._low, self._high), strict=True)
        )

    def step_wait(self):
        observations, rewards, ended, cut, _ = self.world.step(self._actions)
        dones = np.array([ended[name] or cut[name] for name in rewards])
        seen = np.stack(list(observations.values()))
        infos = [{"terminal_observation": row} if dones[0] else {} for row in seen]
        if dones.all():
            seen = self.reset()
        return seen, np.array(list(rewards.values())), dones, infos

    def close(self):
        self.world.close()

    def get_attr(self, attr_name, indices=None):
        return [getattr(self, attr_name)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        raise NotImplementedError

    def env_method(self, method_name, *method_args, indices=None, **method_kwargs):
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs


class _Clock(BaseCallback):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._end = time.perf_counter() + seconds

    def _on_step(self) -> bool:
        return time.perf_counter() < self._end


def rate_of_defaults(game: str, seconds: float) -> float:
    """Return agent-steps a second of PPO with its defaults on single worlds."""
    learner = PPO("MlpPolicy", PowersOfOneWorld(game), device="cpu", seed=0)
    learner.learn(4 * 2_048)
    before, began = learner.num_timesteps, time.perf_counter()
    learner.learn(10**9, callback=_Clock(seconds), reset_num_timesteps=False)
    return (learner.num_timesteps - before) / (time.perf_counter() - began)


def learning_rate_of_shipped(name: str, seconds: float) -> float:
    """Return agent-steps a second of a shipped configuration, its regret points left out."""
    began: list[tuple[float, int]] = []

    def watch(progress):
        began.append((time.perf_counter(), progress.agent_steps))
        if began[-1][0] - began[0][0] > seconds:
            raise KeyboardInterrupt

    configuration = load(name).replace(regret_points=1, agent_steps=10**8, checkpoint_seconds=1e9)
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(Interrupted):
        train(configuration, Path(folder) / "run", seed=0, on_progress=watch)
    (first, done), (last, total) = began[0], began[-1]
    return (total - done) / (last - first)


def seconds_to_promise(name: str) -> tuple[float | None, float, float]:
    """Return when every regret was first kept to 2 %, all seconds, and the last worst regret."""
    with tempfile.TemporaryDirectory() as folder:
        run = train(load(name).replace(regret_points=12), Path(folder) / "run", seed=0)
        metrics = run.metrics().drop_nulls("nash_conv")
    regrets = np.stack([metrics[f"regret_{k}"] for k in range(run.parameters.powers)], axis=1)
    kept = np.flatnonzero(regrets.max(axis=1) <= PROMISED_REGRET)
    first = float(metrics["seconds"][int(kept[0])]) if len(kept) else None
    return first, float(metrics["seconds"][-1]), float(regrets[-1].max())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long to measure each rate")
    parser.add_argument("--games", nargs="*", default=["burden_sharing", "arms_race"])
    options = parser.parse_args()
    default_threads = torch.get_num_threads()
    rates = {}
    for game in options.games:
        torch.set_num_threads(1)
        slots = learning_rate_of_shipped(game, options.seconds)
        single = rate_of_defaults(game, options.seconds)
        torch.set_num_threads(default_threads)
        rates[game] = {"slots": slots, "defaults": single, "ratio": slots / single}
    promises = {
        name: dict(zip(PROMISE, seconds_to_promise(name), strict=True)) for name in shipped()
    }
    if options.json:
        print(json.dumps({"rates": rates, "promises": promises}, indent=2))
        return
    console = Console()
    table = Table(title="PPO, learning included (agent-steps/s; torch on one thread in both)")
    for column in ("game", "slots", "Stable-Baselines3 defaults, one world", "ratio"):
        table.add_column(column, justify="right")
    for game, row in rates.items():
        table.add_row(
            game, f"{row['slots']:,.0f}", f"{row['defaults']:,.0f}", f"{row['ratio']:.0f}"
        )
    console.print(table)
    table = Table(title=f"Seconds until every power's regret is at most {PROMISED_REGRET}")
    for column in ("configuration", "seconds", "of", "regret at the end"):
        table.add_column(column, justify="right")
    for name, row in promises.items():
        reached = row["seconds_to_promise"]
        table.add_row(
            name,
            "not reached" if reached is None else f"{reached:.1f}",
            f"{row['seconds']:.1f}",
            f"{row['regret']:.4f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
