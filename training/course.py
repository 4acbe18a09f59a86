"""The course of a learning: slots, networks and PPO as a configuration asks for them."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from counterpoise.agents.learned import FORMAT
from counterpoise.agents.named import strategy
from counterpoise.envs.adapters.sb3 import Slots
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Profile, Strategy, Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.theory import regret
from counterpoise.training.configuration import Configuration
from counterpoise.training.policies import Architecture, SeatPolicy, Units
from counterpoise.training.ppo import SeatPPO

MEASURED_WORLDS = 1_024
MEASURED_STEPS = 200


@contextlib.contextmanager
def small_networks() -> Iterator[None]:
    """Have torch work on one thread: networks this small are slower on more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@dataclasses.dataclass(frozen=True)
class Measures:
    """What uniformly random play shows of a game: where observations and payoffs lie."""

    feature_mean: NDArray[np.float32]
    feature_scale: NDArray[np.float32]
    reward_scale: NDArray[np.float64]
    value_mean: NDArray[np.float32]


class _WithinBounds(Uniform):
    """Uniformly random play in worlds of which each has bounds of its own."""

    def __init__(self, worlds: Worlds, parameters: ParametersBase, power: int) -> None:
        super().__init__(worlds.game, parameters, power)
        self._low, self._high = worlds.action_low[:, power], worlds.action_high[:, power]

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Draw one action a world."""
        if self._is_discrete:
            return super().act(observations, masks, rng)
        share = rng.random((len(observations), self._low.shape[1]))
        return np.asarray(self._low + share * (self._high - self._low))


class _Moments:
    """Where the observations of running worlds lie, added up step by step."""

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds
        self._lived = np.ones(worlds.count, np.bool_)
        self._rows = 0
        self._sums = np.zeros((2, worlds.observations.shape[-1]))

    def add(self) -> None:
        """Add what the worlds show that were running before the step that led here."""
        observed = self._worlds.observations[self._lived]
        seen = observed.reshape(-1, observed.shape[-1]).astype(np.float64)
        self._rows += len(seen)
        self._sums += seen.sum(axis=0), np.einsum("rf,rf->f", seen, seen)
        self._lived = self._worlds.records["over"] == 0

    def mean_and_spread(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return each feature's mean and standard deviation."""
        mean, square = self._sums / self._rows
        return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))


def measure(configuration: Configuration, discount: float) -> Measures:
    """Play uniformly at random and measure means and spreads, so that networks see order one."""
    game, parameters = configuration.the_game(), configuration.game_parameters()
    each = configuration.parameters_of_worlds(MEASURED_WORLDS)
    worlds = Worlds(game, len(each), each, max_cycles=configuration.max_cycles, autoreset=False)
    profile = [_WithinBounds(worlds, parameters, power) for power in range(parameters.powers)]
    most = configuration.max_cycles or game.default_max_cycles
    seen = _Moments(worlds)
    rollout = play(
        worlds,
        profile,
        seed=0,
        steps=min(most, MEASURED_STEPS),
        watch=seen.add,
        keeps_records=False,
    )
    mean, scale = seen.mean_and_spread()
    returns = rollout.returns(discount)
    spread = np.maximum(returns.std(axis=0), 1e-8)
    return Measures(
        feature_mean=mean.astype(np.float32),
        # A column that never changes tells nothing: leave its deviations as they are.
        feature_scale=np.where(scale > 1e-5 * (1.0 + abs(mean)), scale, 1.0).astype(np.float32),
        reward_scale=1.0 / spread,
        value_mean=(returns.mean(axis=0) / spread).astype(np.float32),
    )


def step_discount(configuration: Configuration) -> float:
    """Return a step's discount factor: the configuration's, or the game's own."""
    if configuration.discount is not None:
        return configuration.discount
    game = configuration.the_game()
    parameters = configuration.game_parameters()
    return float(game.discount(parameters) ** (1 / len(game.phases_with(parameters))))


def regret_times(configuration: Configuration, batches: int) -> set[int]:
    """Return after which of so many batches the regret is computed."""
    points = np.linspace(0, batches, configuration.regret_points + 1)[1:]
    return {round(point) for point in points}


def regret_row(configuration: Configuration, profile: Profile | None) -> dict[str, float | None]:
    """Return every power's regret and NashConv for a row of metrics; nothing without a profile."""
    judged = configuration.parameters_to_judge()
    names = [f"regret_{power}" for power in range(judged.powers)]
    if profile is None:
        return dict.fromkeys([*names, "nash_conv"])
    gained = regret.gains(configuration.game, judged, profile)
    shares = regret.of_stakes(gained, regret.stakes(configuration.game, judged))
    found = dict(zip(names, shares.tolist(), strict=True))
    return {**found, "nash_conv": float(gained.sum())}


def guests(configuration: Configuration, seed: int) -> list[tuple[int, int, Strategy]]:
    """Return who sits where in the worlds in which not all powers learn.

    Each such world has one of the opponents in all seats but one, or but two, so that a learner
    meets populations as they would be without it, and in company.
    """
    if not configuration.opponents:
        return []
    game, rng = configuration.the_game(), np.random.default_rng(seed)
    parameters = configuration.game_parameters()
    powers = parameters.powers
    # A strategy made for the first seat: these tell seats apart by what they see, if at all.
    opponents = [strategy(name, game, parameters, 0) for name in configuration.opponents]
    places = []
    for world in range(round(configuration.opponent_share * configuration.worlds)):
        opponent = opponents[world % len(opponents)]
        learners = rng.permutation(powers)[: 1 + int(powers > 2 and rng.random() < 0.5)]
        places += [(world, power, opponent) for power in range(powers) if power not in learners]
    return places


def _alike(worlds: Worlds) -> tuple[Units, Units] | None:
    """Return what features and outputs are about; nothing to be tied where there is one other."""
    if worlds.powers < 3:
        return None
    seen = worlds.game.observation_subjects(worlds.powers)
    return Units.of(seen), Units.of(worlds.game.action_subjects(worlds.powers))


class Course(BaseCallback):
    """Seats that learn together from the beginning to the end of a configuration.

    As a callback of the learner it lets the entropy bonus fall and keeps the running mean of the
    weights.

    Parameters
    ----------
    configuration : Configuration
    measures : Measures
    seed : int
    device : str
    seats : sequence of int, optional
        The powers that learn; all by default.
    profile : sequence of Strategy, optional
        Who plays the others.

    Attributes
    ----------
    slots : Slots
    learner : SeatPPO
    total : int
        Agent-steps of the whole course, a multiple of the batch.
    averaged : dict of str to tensor
        The weights that are played.
    """

    def __init__(
        self,
        configuration: Configuration,
        measures: Measures,
        *,
        seed: int,
        device: str,
        seats: Sequence[int] | None = None,
        profile: Profile | None = None,
    ) -> None:
        super().__init__()
        self.configuration = configuration
        self.discount = step_discount(configuration)
        worlds = Worlds(
            configuration.the_game(),
            configuration.worlds,
            configuration.world_parameters(),
            max_cycles=configuration.max_cycles,
        )
        self.slots = Slots(
            worlds,
            seats=seats,
            profile=profile,
            reward_scale=measures.reward_scale,
            guests=guests(configuration, seed) if seats is None else (),
            seed=seed,
        )
        self.batch = self.slots.num_envs * configuration.steps
        self.total = -(-configuration.agent_steps // self.batch) * self.batch
        self.architecture = Architecture(
            seats=len(self.slots.seats),
            separate=configuration.policy == "separate",
            anonymous=configuration.policy == "anonymous",
            alike=_alike(worlds) if configuration.alike else None,
            hidden=configuration.hidden,
            spread=configuration.spread,
            feature_mean=measures.feature_mean,
            feature_scale=measures.feature_scale,
            value_mean=measures.value_mean[self.slots.seats],
            activation=configuration.activation,
        )
        rate = configuration.learning_rate
        self.learner = SeatPPO(
            SeatPolicy,
            self.slots,
            learning_rate=lambda remaining: rate * remaining,
            n_steps=configuration.steps,
            batch_size=min(configuration.minibatch, self.batch),
            n_epochs=configuration.epochs,
            gamma=self.discount,
            gae_lambda=configuration.trace,
            clip_range=configuration.clip,
            normalize_advantage=configuration.normalize_advantage,
            ent_coef=configuration.entropy,
            vf_coef=configuration.value_weight,
            max_grad_norm=configuration.gradient_norm,
            magnet=configuration.magnet,
            magnet_memory=configuration.magnet_memory,
            bounds=configuration.bounds,
            policy_kwargs={
                "architecture": self.architecture,
                "optimizer_kwargs": {
                    "eps": 1e-8,
                    "betas": (0.9, configuration.adam_second_moment),
                    "fused": True,
                },
            },
            seed=seed,
            device=device,
        )
        self.averaged = self._weights()

    def go(self) -> None:
        """Learn what is left of the course."""
        left = self.total - self.learner.num_timesteps
        # Without a fresh start Stable-Baselines3 adds what was done to what is asked.
        self.learner.learn(left, callback=self, reset_num_timesteps=False)
        self.end_batch()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        done = self.learner.num_timesteps / self.total
        first, last = self.configuration.entropy, self.configuration.last_entropy
        self.learner.ent_coef = first + done * (last - first)
        self._limit_spread(done)
        if self.learner.num_timesteps > 0:
            self.end_batch()

    def _limit_spread(self, done: float) -> None:
        first, last = self.configuration.spread, self.configuration.last_spread
        spread = self.learner.policy.mlp_extractor.log_spread
        if last is not None and spread is not None:
            with torch.no_grad():
                spread.clamp_(max=float(np.log(first) + done * np.log(last / first)))

    def end_batch(self) -> None:
        """Move the weights that are played towards those that have just learned from a batch."""
        batches = self.total // self.batch
        share = 1.0 / max(1.0, self.configuration.averaging * batches)
        for name, value in self._weights().items():
            self.averaged[name] += share * (value - self.averaged[name])

    def set_out_from(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Begin with the actor and critic of a policy that was learned before.

        Raises
        ------
        ValueError
            If its networks are of another shape.
        """
        networks = self.learner.policy.mlp_extractor
        with torch.no_grad():
            for name, value in networks.named_parameters():
                if name.startswith(("actor.", "critic.")):
                    found = weights[name]
                    if tuple(found.shape) != tuple(value.shape):
                        raise ValueError(
                            f"{name} is of shape {found.shape} in the policy to begin with, and of "
                            f"{tuple(value.shape)} here: learn with its own configuration."
                        )
                    value.copy_(torch.as_tensor(found))
        self.averaged = self._weights()

    def _weights(self) -> dict[str, torch.Tensor]:
        state = self.learner.policy.mlp_extractor.state_dict()
        return {name: value.detach().cpu().clone() for name, value in state.items()}

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return the weights that are played, as arrays."""
        return {name: value.numpy() for name, value in self.averaged.items()}

    def description(self) -> dict[str, Any]:
        """Return what is written beside the weights, so that they can be played."""
        game = self.slots.worlds.game
        parameters = self.configuration.parameters_to_judge()
        return {
            "format": FORMAT,
            "game": game.name,
            "version": game.version,
            "parameters": {name: getattr(parameters, name) for name in parameters.declarations},
            "learning": list(self.slots.seats),
            "separate": self.architecture.separate,
            "sees_seat": not (self.architecture.separate or self.architecture.anonymous),
            "hidden": list(self.architecture.hidden),
            "activation": self.architecture.activation,
            "mixed": self.configuration.mixed,
            "agent_steps": self.learner.num_timesteps,
        }
