"""The learner of `algorithm = "ppo"`: all powers learn at the same time, in one run.

Stable-Baselines3's PPO trains all seats of thousands of worlds. A checkpoint holds everything that
the next batch depends on (weights, optimiser, worlds, random number generators), so that a resumed
run gives the same numbers as an uninterrupted one.
"""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.logger import configure as configure_logger

from counterpoise.agents.learned import LearnedStrategy
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.training.configuration import Configuration
from counterpoise.training.learners import Progress, Tell
from counterpoise.training.learning_curve import LearningCurve
from counterpoise.training.normalisation import normalisation_of
from counterpoise.training.ppo_training import PPOTraining
from counterpoise.training.recurrent_ppo import RecurrentSeatPPO
from counterpoise.training.runs import Checkpoint, Run


class PPOLearner(PPOTraining):
    """A PPO training that writes a run.

    Parameters
    ----------
    configuration : Configuration
    seed : int
    device : str
    """

    def __init__(self, configuration: Configuration, *, seed: int, device: str) -> None:
        super().__init__(configuration, normalisation_of(configuration), seed=seed, device=device)
        self._curve = LearningCurve(configuration, self.total // self.batch)
        self._seconds_before = 0.0

    def fit(self, run: Run, tell: Tell) -> None:
        """Train to the end, from the run's checkpoint if it holds one."""
        self._run, self._tell = run, tell
        self.ppo.set_logger(configure_logger(str(run.tensorboard), ["tensorboard"]))
        checkpoint = run.checkpoint()
        if checkpoint is not None:
            self._restore(checkpoint)
        self._began = self._saved = time.perf_counter()
        try:
            # If this is interrupted, the resumed run plays the last batch again.
            self.train()
        finally:
            self.env.close()

    def profile(self) -> list[Strategy]:
        """Return what was learned so far, one strategy per power."""
        game, parameters = self.env.worlds.game, self.configuration.parameters_to_judge()
        description = self.description()
        # Copies: training goes on in the same memory.
        weights = {name: value.copy() for name, value in self.weights().items()}
        is_random = self.configuration.mixed
        return [
            LearnedStrategy(game, parameters, power, weights, description, is_random=is_random)
            for power in range(parameters.powers)
        ]

    @property
    def _seconds(self) -> float:
        return self._seconds_before + time.perf_counter() - self._began

    def _on_rollout_start(self) -> None:
        if self.ppo.num_timesteps == 0:
            self._save()
        super()._on_rollout_start()

    def end_batch(self) -> None:
        """Add the last batch's metrics to the learning curve; save the run if it is time."""
        agent_steps = self.ppo.num_timesteps
        iteration = agent_steps // self.batch
        rows = self._curve.rows
        if rows and rows[-1]["iteration"] == iteration:
            return
        super().end_batch()
        seconds = self._seconds
        rewards = self.env.take_mean_rewards()
        logged = self.ppo.logger.name_to_value
        row = self._curve.add(
            iteration,
            agent_steps,
            seconds,
            rewards,
            self.profile,
            {
                **{f"spread_{seat}": each for seat, each in enumerate(self._stds())},
                "approx_kl": _number(logged.get("train/approx_kl")),
                "clip_fraction": _number(logged.get("train/clip_fraction")),
                "value_loss": _number(logged.get("train/value_loss")),
                "entropy": _number(logged.get("train/entropy_loss"), -1.0),
            },
        )
        for name, value in row.items():
            if isinstance(value, float):
                self.ppo.logger.record(f"counterpoise/{name}", value)
        self.ppo.logger.dump(agent_steps)
        self._tell(Progress(agent_steps, self.total, seconds, rewards))
        since = time.perf_counter() - self._saved
        if agent_steps >= self.total or since >= self.configuration.checkpoint_seconds:
            self._save()

    def _stds(self) -> list[float | None]:
        """Return each seat's mean standard deviation of amounts."""
        networks: Any = self.ppo.policy.mlp_extractor
        if networks.log_spread is None:
            return [None] * networks.seats
        return [float(row.exp().mean()) for row in networks.log_spread.detach()]

    # -- checkpoints -----------------------------------------------------------------------------

    def _save(self) -> None:
        """Write everything that the next batch depends on."""
        ppo, worlds = self.ppo, self.env.worlds
        # Stable-Baselines3 draws its minibatches from numpy's global generator.
        numbers = np.random.get_state()  # noqa: NPY002
        assert isinstance(numbers, tuple)
        state: dict[str, Any] = {
            "policy": ppo.policy.state_dict(),
            "averaged": self.averaged,
            "magnet": ppo.magnet_networks.state_dict(),
            "optimizer": ppo.policy.optimizer.state_dict(),
            "torch": torch.get_rng_state(),
            "numpy": [numbers[0], torch.as_tensor(np.asarray(numbers[1], np.int64)), *numbers[2:]],
            # Too large for the integers of other formats.
            "strategies": json.dumps(self.env.rng.bit_generator.state),
            "updates": ppo._n_updates,
            "has_begun": ppo._last_obs is not None,
        }
        if ppo._last_obs is not None:
            state |= {
                "worlds": torch.frombuffer(bytearray(worlds.records.tobytes()), dtype=torch.uint8),
                "episode_starts": torch.as_tensor(np.asarray(ppo._last_episode_starts)),
            }
        if isinstance(ppo, RecurrentSeatPPO):
            state["memory"] = [each.memory for each in ppo.remembered]
        if torch.cuda.is_available():
            state["cuda"] = torch.cuda.get_rng_state_all()
        self._run.write_policy(self.weights(), self.description())
        self._run.save(
            Checkpoint(ppo.num_timesteps, self._seconds, self._curve.rows, state), self.total
        )
        self._saved = time.perf_counter()

    def _restore(self, checkpoint: Checkpoint) -> None:
        ppo, state = self.ppo, checkpoint.learner
        ppo.policy.load_state_dict(state["policy"])
        self.averaged = dict(state["averaged"])
        ppo.magnet_networks.load_state_dict(state["magnet"])
        ppo.policy.optimizer.load_state_dict(state["optimizer"])
        ppo.num_timesteps = checkpoint.agent_steps
        ppo._n_updates = state["updates"]
        self._curve.rows = checkpoint.rows
        self._seconds_before = checkpoint.seconds
        if state["has_begun"]:
            worlds = self.env.worlds
            self.env.reset()
            snapshot = worlds.copy()
            stored = state["worlds"].numpy().tobytes()
            snapshot.records[:] = np.frombuffer(stored, worlds.records.dtype)
            worlds.restore(snapshot)
            ppo._last_obs = self.env.current()
            ppo._last_episode_starts = state["episode_starts"].numpy()
        if isinstance(ppo, RecurrentSeatPPO):
            for each, memory in zip(ppo.remembered, state["memory"], strict=True):
                each.memory = memory.to(ppo.device)
        self.env.rng.bit_generator.state = json.loads(state["strategies"])
        kind, keys, *rest = state["numpy"]
        np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
        torch.set_rng_state(state["torch"])
        if "cuda" in state and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["cuda"])


def _number(value: Any, sign: float = 1.0) -> float | None:
    return None if value is None else sign * float(value)
