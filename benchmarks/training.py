"""Training speed, compared with Stable-Baselines3 as a new user would set it up, in one run.

    python benchmarks/training.py [--json] [--seconds 20]

*Defaults*: `PPO("MlpPolicy", ...)` with Stable-Baselines3's own defaults on one world through the
PettingZoo adapter, all powers sharing the policy. *Shipped*: the shipped configuration of the same
game. *Like for like*: our PPO and that of Stable-Baselines3 (sb3-contrib where choices are masked)
on the same seats, with the same networks, batch, minibatch and epochs; `ten choices` is an
artificial task of ten choices of five options each, to estimate the cost of a large game. The unit
is agent-steps (decisions of single powers) per second of wall time, learning included. Then the
shipped configurations run until the regret of every power, the gain of its best response as a share
of its stake, is at most 0.02.
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
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.adapters.sb3 import SeatVecEnv
from counterpoise.envs.engine.errors import Interrupted
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.theory.regret import is_solved
from counterpoise.training.configuration import load, shipped
from counterpoise.training.learn import train
from counterpoise.training.policies import Architecture, SeatPolicy
from counterpoise.training.ppo import SeatPPO

PROMISED_REGRET = 0.02
LIKE_FOR_LIKE = (
    ("arms_race", [32]),
    ("arms_race", [64, 64]),
    ("arms_or_allies", [64, 64]),
    ("ten choices", [64, 64]),
)
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


class TenChoices(VecEnv):
    """One seat, 32 features, ten choices of five options each; the reward is noise."""

    CHOICES, OPTIONS, FEATURES = 10, 5, 32

    def __init__(self, count: int) -> None:
        self.render_mode = None
        self._rng = np.random.default_rng(0)
        super().__init__(
            count,
            gymnasium.spaces.Box(-10.0, 10.0, (self.FEATURES + 1,), np.float32),
            gymnasium.spaces.MultiDiscrete([self.OPTIONS] * self.CHOICES),
        )
        self._masks = np.ones((count, self.CHOICES * self.OPTIONS), np.bool_)
        self._dones = np.zeros(count, np.bool_)
        self._infos = [{} for _ in range(count)]

    def reset(self):
        seen = self._rng.standard_normal((self.num_envs, self.FEATURES + 1), np.float32)
        seen[:, -1] = 1.0
        return seen

    def step_async(self, actions):
        self._actions = actions

    def step_wait(self):
        rewards = self._actions[:, 0] + self._rng.standard_normal(self.num_envs)
        return self.reset(), rewards, self._dones.copy(), self._infos

    def action_masks(self):
        return self._masks

    def close(self):
        pass

    def get_attr(self, attr_name, indices=None):
        return [getattr(self, attr_name)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        raise NotImplementedError

    def env_method(self, method_name, *method_args, indices=None, **method_kwargs):
        return list(getattr(self, method_name)(*method_args, **method_kwargs))

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs


def slots_of(name: str) -> tuple[VecEnv, int]:
    """Return the environment of one comparison, and its number of one-hot seat columns."""
    if name == "ten choices":
        return TenChoices(1_024), 1
    game = game_named(name)
    return SeatVecEnv(Worlds(game, 512, game.parameters(), max_cycles=64), seed=0), 2


def like_for_like(name: str, hidden: list[int], seconds: float) -> dict[str, float]:
    """Return agent-steps per second of our PPO and of Stable-Baselines3's, taken in turns."""
    rates: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(3):
        for kind, found in rates.items():
            slots, seats = slots_of(name)
            features = slots.observation_space.shape[0] - seats
            is_discrete = not isinstance(slots.action_space, gymnasium.spaces.Box)
            architecture = Architecture(
                seats=seats,
                separate=False,
                hidden=tuple(hidden),
                initial_std=0.3,
                feature_mean=np.zeros(features, np.float32),
                feature_scale=np.ones(features, np.float32),
                value_mean=np.zeros(seats, np.float32),
            )
            shared = {
                "n_steps": 16, "batch_size": 8_192, "n_epochs": 4, "seed": 0, "device": "cpu",
            }  # fmt: skip
            if kind == "ours":
                learner = SeatPPO(
                    SeatPolicy, slots,
                    policy_kwargs={
                        "architecture": architecture, "optimizer_kwargs": {"fused": True},
                    },
                    **shared,
                )  # fmt: skip
            else:
                algorithm = MaskablePPO if is_discrete else PPO
                net_arch = {"net_arch": {"pi": hidden, "vf": hidden}}
                learner = algorithm("MlpPolicy", slots, policy_kwargs=net_arch, **shared)
            learner.learn(16 * slots.num_envs)
            before, began = learner.num_timesteps, time.perf_counter()
            learner.learn(10**9, callback=_Clock(seconds / 3.0), reset_num_timesteps=False)
            found.append((learner.num_timesteps - before) / (time.perf_counter() - began))
    ours, theirs = (float(np.median(found)) for found in rates.values())
    ratio = float(np.median(np.divide(rates["ours"], rates["theirs"])))
    return {"ours": ours, "theirs": theirs, "ratio": ratio}


class _Clock(BaseCallback):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._end = time.perf_counter() + seconds

    def _on_step(self) -> bool:
        return time.perf_counter() < self._end


def rate_of_defaults(game: str, seconds: float) -> float:
    """Return agent-steps per second of PPO with its defaults on single worlds."""
    learner = PPO("MlpPolicy", PowersOfOneWorld(game), device="cpu", seed=0)
    learner.learn(4 * 2_048)
    before, began = learner.num_timesteps, time.perf_counter()
    learner.learn(10**9, callback=_Clock(seconds), reset_num_timesteps=False)
    return (learner.num_timesteps - before) / (time.perf_counter() - began)


def learning_rate_of_shipped(name: str, seconds: float) -> float:
    """Return agent-steps per second of a shipped configuration, without its evaluations."""
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
    """Return the seconds until every regret was at most 2 %, all seconds, and the final regret."""
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
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--seconds", type=float, default=15.0, help="seconds per measurement")
    parser.add_argument("--games", nargs="*", default=["burden_sharing", "arms_race"])
    options = parser.parse_args()
    default_threads = torch.get_num_threads()
    rates = {}
    for game in options.games:
        torch.set_num_threads(1)
        ours = learning_rate_of_shipped(game, options.seconds)
        single = rate_of_defaults(game, options.seconds)
        torch.set_num_threads(default_threads)
        rates[game] = {"shipped": ours, "defaults": single, "ratio": ours / single}
    torch.set_num_threads(1)
    alike = {
        f"{name}, {' x '.join(str(units) for units in hidden)}": like_for_like(
            name, hidden, options.seconds
        )
        for name, hidden in LIKE_FOR_LIKE
    }
    torch.set_num_threads(default_threads)
    # Regret is exact in solved games only.
    solved = [name for name in shipped() if is_solved(load(name).game)]
    promises = {name: dict(zip(PROMISE, seconds_to_promise(name), strict=True)) for name in solved}
    if options.json:
        print(json.dumps({"rates": rates, "alike": alike, "promises": promises}, indent=2))
        return
    console = Console()
    table = Table(title="PPO, learning included (agent-steps/s; torch on one thread in both)")
    for column in ("game", "shipped", "Stable-Baselines3 defaults, one world", "ratio"):
        table.add_column(column, justify="right")
    for game, row in rates.items():
        table.add_row(
            game, f"{row['shipped']:,.0f}", f"{row['defaults']:,.0f}", f"{row['ratio']:.0f}"
        )
    console.print(table)
    table = Table(title="PPO like for like (agent-steps/s; medians of three turns each)")
    for column in ("task", "ours", "Stable-Baselines3's", "ratio"):
        table.add_column(column, justify="right")
    for name, row in alike.items():
        table.add_row(name, f"{row['ours']:,.0f}", f"{row['theirs']:,.0f}", f"{row['ratio']:.1f}")
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
