"""Learning: PPO by Stable-Baselines3 over thousands of slots, in a run that can be killed.

All seats of a game learn at the same time. A checkpoint holds everything that the next batch
depends on (weights, optimiser, worlds, random numbers), so that a resumed run gives the same
numbers as one that was never stopped.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars
import safetensors.torch
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure as configure_logger

from counterpoise.agents.learned import DESCRIPTION, FORMAT, WEIGHTS, load_profile
from counterpoise.envs.errors import CounterpoiseError
from counterpoise.envs.rollouts import play
from counterpoise.envs.worlds import Worlds
from counterpoise.theory import regret
from counterpoise.theory.regret import Uniform
from counterpoise.training import runs
from counterpoise.training.configuration import Configuration
from counterpoise.training.policies import Architecture, SeatPolicy
from counterpoise.training.ppo import SeatPPO
from counterpoise.training.runs import Run, write_atomically, write_text_atomically
from counterpoise.training.slots import Slots

MEASURED_WORLDS = 1_024
MEASURED_STEPS = 200


class Interrupted(CounterpoiseError):
    """A training was stopped by the user; its folder can be used and resumed."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a training has come."""

    agent_steps: int
    total_agent_steps: int
    seconds: float
    rate: float
    reward: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Measures:
    """What uniformly random play shows of a game: where observations and payoffs lie."""

    feature_mean: NDArray[np.float32]
    feature_scale: NDArray[np.float32]
    reward_scale: NDArray[np.float64]
    value_mean: NDArray[np.float32]


def measure(configuration: Configuration, discount: float) -> Measures:
    """Play uniformly at random and measure means and spreads, so that networks see order one."""
    game, parameters = configuration.the_game(), configuration.game_parameters()
    each = configuration.world_parameters()
    each = [each[world % len(each)] for world in range(MEASURED_WORLDS)]
    worlds = Worlds(game, len(each), each, max_cycles=configuration.max_cycles, autoreset=False)
    powers = parameters.powers
    profile = [Uniform(game, parameters, power) for power in range(powers)]
    most = configuration.max_cycles or game.default_max_cycles
    rows: list[NDArray[np.float32]] = []
    rollout = play(
        worlds,
        profile,
        seed=0,
        steps=min(most, MEASURED_STEPS),
        watch=lambda: rows.append(worlds.observations.copy()),
    )
    lived = np.concatenate([np.ones((1, MEASURED_WORLDS), np.bool_), rollout.lived])
    features = np.array(rows)[lived].reshape(-1, rows[0].shape[-1])
    mean, scale = features.mean(axis=0), features.std(axis=0)
    returns = rollout.returns(discount)
    spread = np.maximum(returns.std(axis=0), 1e-8)
    return Measures(
        feature_mean=mean.astype(np.float32),
        # A column that never changes tells nothing: leave its deviations as they are.
        feature_scale=np.where(scale > 1e-5 * (1.0 + abs(mean)), scale, 1.0).astype(np.float32),
        reward_scale=1.0 / spread,
        value_mean=(returns.mean(axis=0) / spread).astype(np.float32),
    )


def train(
    configuration: Configuration,
    folder: str | Path,
    *,
    seed: int = 0,
    resume: bool = False,
    device: str = "auto",
    on_progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Learn a game and write the run's folder.

    Parameters
    ----------
    configuration : Configuration
        With `resume`, must be the one that the folder was begun with.
    folder : path
        Made if it is not there.
    seed : int
        Everything random follows from it.
    resume : bool
        Go on with a run that was stopped; the numbers are those of a run that never was.
    device : str
        ``auto`` takes a GPU where torch finds one.
    on_progress : callable, optional
        Called after every batch.

    Raises
    ------
    CounterpoiseError
        If the folder holds another run.
    Interrupted
        After Ctrl-C: a checkpoint has been written.
    """
    folder = Path(folder)
    is_going_on = resume and (folder / runs.CONFIGURATION).is_file()
    if is_going_on:
        known = Run(folder)
        if known.configuration != configuration or known.seed != seed:
            raise CounterpoiseError(
                f"{folder} was begun with another configuration or seed: resume it with its own, "
                "or choose another folder."
            )
        if known.is_finished:
            return known
    else:
        runs.begin(folder, configuration, seed)
    threads_before = torch.get_num_threads()
    checks_before = torch.distributions.Distribution._validate_args
    # Networks this small are slower on more threads.
    torch.set_num_threads(1)
    # Checking every distribution's arguments costs a tenth of the time of a training.
    torch.distributions.Distribution.set_default_validate_args(False)
    try:
        _Learner(configuration, folder, seed, device, on_progress).run(is_going_on)
    finally:
        torch.set_num_threads(threads_before)
        torch.distributions.Distribution.set_default_validate_args(checks_before)
    return Run(folder)


def seat_ppo(
    configuration: Configuration,
    slots: Slots,
    architecture: Architecture,
    discount: float,
    seed: int,
    device: str,
) -> SeatPPO:
    """Return the learner that a configuration asks for; `discount` is a step's."""
    rate = configuration.learning_rate
    return SeatPPO(
        SeatPolicy,
        slots,
        learning_rate=lambda remaining: rate * remaining,
        n_steps=configuration.steps,
        batch_size=min(configuration.minibatch, slots.num_envs * configuration.steps),
        n_epochs=configuration.epochs,
        gamma=discount,
        gae_lambda=configuration.trace,
        clip_range=configuration.clip,
        ent_coef=configuration.entropy,
        vf_coef=configuration.value_weight,
        max_grad_norm=configuration.gradient_norm,
        magnet=configuration.magnet,
        magnet_memory=configuration.magnet_memory,
        policy_kwargs={
            "architecture": architecture,
            "optimizer_kwargs": {
                "eps": 1e-8,
                "betas": (0.9, configuration.adam_second_moment),
                "fused": True,
            },
        },
        seed=seed,
        device=device,
    )


def step_discount(configuration: Configuration) -> float:
    """Return a step's discount factor: the configuration's, or the game's own."""
    if configuration.discount is not None:
        return configuration.discount
    game = configuration.the_game()
    yearly = game.discount(configuration.game_parameters())
    return float(yearly ** (1 / len(game.phases)))


class _Learner(BaseCallback):
    """One training in progress: the callback that keeps metrics and checkpoints."""

    def __init__(
        self,
        configuration: Configuration,
        folder: Path,
        seed: int,
        device: str,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        super().__init__()
        self.configuration = configuration
        self.folder = folder
        self._on_progress = on_progress
        game, parameters = configuration.the_game(), configuration.game_parameters()
        self._discount = step_discount(configuration)
        measures = measure(configuration, self._discount)
        worlds = Worlds(
            game,
            configuration.worlds,
            configuration.world_parameters(),
            max_cycles=configuration.max_cycles,
        )
        self.slots = Slots(worlds, reward_scale=measures.reward_scale, seed=seed)
        batch = self.slots.num_envs * configuration.steps
        self.total = -(-configuration.agent_steps // batch) * batch
        self._architecture = Architecture(
            seats=parameters.powers,
            separate=configuration.policy == "separate",
            hidden=configuration.hidden,
            spread=configuration.spread,
            feature_mean=measures.feature_mean,
            feature_scale=measures.feature_scale,
            value_mean=measures.value_mean,
            activation=configuration.activation,
        )
        self.learner = self._algorithm(seed, device)
        self._averaged = self._weights()
        self.rows: list[dict[str, Any]] = []
        self._seconds_before = 0.0
        self._began = self._kept = time.perf_counter()
        batches = self.total // batch
        points = np.linspace(0, batches, configuration.regret_points + 1)[1:]
        self._regret_at = {round(point) for point in points}

    def _algorithm(self, seed: int, device: str) -> SeatPPO:
        learner = seat_ppo(
            self.configuration, self.slots, self._architecture, self._discount, seed, device
        )
        learner.set_logger(configure_logger(str(self.folder / runs.TENSORBOARD), ["tensorboard"]))
        return learner

    # -- the course of a training ----------------------------------------------------------------

    def run(self, is_going_on: bool) -> None:
        """Learn until the asked number of agent steps, from the last checkpoint if there is one."""
        if is_going_on and (self.folder / runs.CHECKPOINT).is_file():
            self._restore()
        left = self.total - self.learner.num_timesteps
        try:
            # Without a fresh start Stable-Baselines3 adds what was done to what is asked.
            self.learner.learn(left, callback=self, reset_num_timesteps=False)
            self._end_batch()
        except KeyboardInterrupt:
            # A batch that was not learned from is played again by the resumed run.
            raise Interrupted(
                f"Stopped. The run in {self.folder} can be used as it is; go on with: "
                f"counterpoise train {self.folder} --resume"
            ) from None
        finally:
            self.slots.close()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self.learner.ent_coef = self.configuration.entropy * (
            1.0 - self.learner.num_timesteps / self.total
        )
        if self.learner.num_timesteps == 0:
            self._keep(is_finished=False)
            return
        self._end_batch()

    def _end_batch(self) -> None:
        """Note what the batch that was just learned from showed, and keep it if it is time."""
        batch = self.slots.num_envs * self.configuration.steps
        iteration = self.learner.num_timesteps // batch
        if self.rows and self.rows[-1]["iteration"] == iteration:
            return
        self._average()
        is_finished = self.learner.num_timesteps >= self.total
        seconds = self._seconds_before + time.perf_counter() - self._began
        rewards = self.slots.take_mean_rewards()
        logged = self.learner.logger.name_to_value
        row: dict[str, Any] = {
            "iteration": iteration,
            "agent_steps": self.learner.num_timesteps,
            "seconds": seconds,
        }
        row |= {f"reward_{seat}": float(mean) for seat, mean in enumerate(rewards)}
        row |= {f"spread_{seat}": spread for seat, spread in enumerate(self._spreads())}
        row |= {
            "approx_kl": _number(logged.get("train/approx_kl")),
            "clip_fraction": _number(logged.get("train/clip_fraction")),
            "value_loss": _number(logged.get("train/value_loss")),
            "entropy": _number(logged.get("train/entropy_loss"), -1.0),
        }
        row |= self._regrets(iteration)
        self.rows.append(row)
        for name, value in row.items():
            if isinstance(value, float):
                self.learner.logger.record(f"counterpoise/{name}", value)
        self.learner.logger.dump(self.learner.num_timesteps)
        if self._on_progress is not None:
            rate = self.learner.num_timesteps / max(seconds, 1e-9)
            self._on_progress(
                Progress(self.learner.num_timesteps, self.total, seconds, rate, rewards)
            )
        late = time.perf_counter() - self._kept >= self.configuration.checkpoint_seconds
        if is_finished or late:
            self._keep(is_finished)

    def _spreads(self) -> list[float | None]:
        networks: Any = self.learner.policy.mlp_extractor
        if networks.log_spread is None:
            return [None] * networks.seats
        return [float(row.exp().mean()) for row in networks.log_spread.detach()]

    def _regrets(self, iteration: int) -> dict[str, float | None]:
        powers = range(self.slots.worlds.powers)
        if iteration not in self._regret_at:
            return {**{f"regret_{seat}": None for seat in powers}, "nash_conv": None}
        self._write_policy()
        game = self.slots.worlds.game.name
        parameters = self.configuration.parameters_to_judge()
        profile = load_profile(self.folder, is_random=self.configuration.mixed)[2]
        gains = regret.gains(game, parameters, profile)
        stakes = regret.stakes(game, parameters)
        found: dict[str, float | None] = {
            f"regret_{seat}": float(gains[seat] / stakes[seat]) for seat in powers
        }
        return {**found, "nash_conv": float(gains.sum())}

    # -- keeping and restoring -------------------------------------------------------------------

    def _weights(self) -> dict[str, torch.Tensor]:
        state = self.learner.policy.mlp_extractor.state_dict()
        return {name: value.detach().cpu().clone() for name, value in state.items()}

    def _average(self) -> None:
        """Move the weights that are played towards those that learn."""
        batches = self.total // (self.slots.num_envs * self.configuration.steps)
        share = 1.0 / max(1.0, self.configuration.averaging * batches)
        for name, value in self._weights().items():
            self._averaged[name] += share * (value - self._averaged[name])

    def _write_policy(self) -> None:
        game = self.slots.worlds.game
        parameters = self.configuration.parameters_to_judge()
        description = {
            "format": FORMAT,
            "game": game.name,
            "version": game.version,
            "parameters": {name: getattr(parameters, name) for name in parameters.declarations},
            "seats": self._architecture.seats,
            "separate": self._architecture.separate,
            "hidden": list(self._architecture.hidden),
            "activation": self._architecture.activation,
            "agent_steps": self.learner.num_timesteps,
        }
        write_atomically(
            self.folder / WEIGHTS, lambda path: safetensors.torch.save_file(self._averaged, path)
        )
        write_text_atomically(self.folder / DESCRIPTION, json.dumps(description, indent=2) + "\n")

    def _keep(self, is_finished: bool) -> None:
        """Write everything that the next batch depends on."""
        learner = self.learner
        # Stable-Baselines3 draws its minibatches from numpy's global generator.
        numbers = np.random.get_state()  # noqa: NPY002
        assert isinstance(numbers, tuple)
        worlds = self.slots.worlds
        self._write_policy()
        checkpoint = {
            "policy": learner.policy.state_dict(),
            "averaged": self._averaged,
            "magnet": learner.magnet_networks.state_dict(),
            "optimizer": learner.policy.optimizer.state_dict(),
            "torch": torch.get_rng_state(),
            "numpy": [numbers[0], torch.as_tensor(np.asarray(numbers[1], np.int64)), *numbers[2:]],
            "agent_steps": learner.num_timesteps,
            "updates": learner._n_updates,
            "seconds": self._seconds_before + time.perf_counter() - self._began,
            "rows": self.rows,
            "has_begun": learner._last_obs is not None,
        }
        if learner._last_obs is not None:
            checkpoint |= {
                "worlds": torch.frombuffer(bytearray(worlds.records.tobytes()), dtype=torch.uint8),
                "episode_starts": torch.as_tensor(np.asarray(learner._last_episode_starts)),
            }
        if torch.cuda.is_available():
            checkpoint["cuda"] = torch.cuda.get_rng_state_all()
        write_atomically(self.folder / runs.CHECKPOINT, lambda path: torch.save(checkpoint, path))
        if self.rows:
            table = polars.DataFrame(self.rows, infer_schema_length=None)
            write_atomically(self.folder / runs.METRICS, table.write_parquet)
        state = {
            "is_finished": is_finished,
            "agent_steps": learner.num_timesteps,
            "total_agent_steps": self.total,
            "seconds": checkpoint["seconds"],
        }
        write_text_atomically(self.folder / runs.STATE, json.dumps(state, indent=2) + "\n")
        self._kept = time.perf_counter()

    def _restore(self) -> None:
        learner = self.learner
        path = self.folder / runs.CHECKPOINT
        checkpoint = torch.load(path, map_location=learner.device, weights_only=True)
        learner.policy.load_state_dict(checkpoint["policy"])
        self._averaged = {name: value.cpu() for name, value in checkpoint["averaged"].items()}
        learner.magnet_networks.load_state_dict(checkpoint["magnet"])
        learner.policy.optimizer.load_state_dict(checkpoint["optimizer"])
        learner.num_timesteps = checkpoint["agent_steps"]
        learner._n_updates = checkpoint["updates"]
        self.rows = list(checkpoint["rows"])
        self._seconds_before = checkpoint["seconds"]
        if checkpoint["has_begun"]:
            worlds = self.slots.worlds
            self.slots.reset()
            stored = checkpoint["worlds"].cpu().numpy().tobytes()
            snapshot = worlds.copy()
            snapshot.records[:] = np.frombuffer(stored, worlds.records.dtype)
            worlds.restore(snapshot)
            learner._last_obs = self.slots.current()
            learner._last_episode_starts = checkpoint["episode_starts"].cpu().numpy()
        kind, keys, *rest = checkpoint["numpy"]
        np.random.set_state(  # noqa: NPY002
            (kind, keys.cpu().numpy().astype(np.uint32), *rest)
        )
        torch.set_rng_state(checkpoint["torch"].cpu())
        if "cuda" in checkpoint and torch.cuda.is_available():
            torch.cuda.set_rng_state_all([state.cpu() for state in checkpoint["cuda"]])


def _number(value: Any, sign: float = 1.0) -> float | None:
    return None if value is None else sign * float(value)
