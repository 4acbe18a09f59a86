"""One training by PPO: vector environment, networks and learner, made from a configuration."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from counterpoise.agents.learned import FORMAT
from counterpoise.agents.named import strategy
from counterpoise.envs.adapters.sb3 import SeatVecEnv, everything_about
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.training.configuration import Configuration
from counterpoise.training.networks import Units
from counterpoise.training.normalisation import Normalisation, step_discount
from counterpoise.training.policies import Architecture, SeatPolicy
from counterpoise.training.ppo import SeatPPO
from counterpoise.training.recurrent_ppo import RecurrentSeatPPO
from counterpoise.training.sections import ANONYMOUS, CENTRAL, SEPARATE


@contextlib.contextmanager
def one_torch_thread() -> Iterator[None]:
    """Run torch on one thread: networks this small are slower on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def scripted_seats(configuration: Configuration, seed: int) -> list[tuple[int, int, Strategy]]:
    """Return world, power and strategy of every seat that a scripted opponent plays.

    In each world with opponents, one of them plays all seats but one or two, so that learners meet
    each opponent alone and in company.
    """
    options = configuration.worlds
    if not options.opponents:
        return []
    game, rng = configuration.the_game(), np.random.default_rng(seed)
    parameters = configuration.game_parameters()
    powers = parameters.powers
    # Each is made for seat 0 and plays every seat: scripted strategies act on observations, which
    # say what distinguishes the seats.
    opponents = [strategy(name, game, parameters, 0) for name in options.opponents]
    places = []
    for world in range(round(options.opponent_share * options.count)):
        opponent = opponents[world % len(opponents)]
        learners = rng.permutation(powers)[: 1 + int(powers > 2 and rng.random() < 0.5)]
        places += [(world, power, opponent) for power in range(powers) if power not in learners]
    return places


def _units(env: SeatVecEnv, *, is_central: bool) -> tuple[Units, Units, Units] | None:
    """Return the units of the actor's inputs and outputs and of the critic's inputs.

    None between two powers, where nothing is tied.
    """
    game, powers = env.worlds.game, env.worlds.powers
    if powers < 3:
        return None
    subjects = game.observation_subjects(powers)
    if env.tremble is not None:
        subjects.append(("chance of a tremble", -1))
    seen = seen_by_critic = Units.of(subjects)
    if is_central:
        about = everything_about(subjects)
        seen_by_critic = Units.of(
            [(name, other) for name, other, _ in about], [third for _, _, third in about]
        )
    return seen, Units.of(game.action_subjects(powers)), seen_by_critic


class PPOTraining(BaseCallback):
    """Seats that learn at the same time, from the start to the end of a configuration.

    As a callback of `SeatPPO` it sets the schedules of entropy coefficient and standard deviation
    and averages the weights.

    Parameters
    ----------
    configuration : Configuration
    normalisation : Normalisation
    seed : int
    device : str
    seats : sequence of int, optional
        The powers that learn; all by default.
    profile : sequence of Strategy, optional
        The strategies of the others.

    Attributes
    ----------
    env : SeatVecEnv
    ppo : SeatPPO
    batch : int
        Number of agent-steps per batch.
    total : int
        Number of agent-steps of the whole training, a multiple of the batch.
    averaged : dict of str to tensor
        The weights that are played.
    """

    def __init__(
        self,
        configuration: Configuration,
        normalisation: Normalisation,
        *,
        seed: int,
        device: str,
        seats: Sequence[int] | None = None,
        profile: Profile | None = None,
    ) -> None:
        super().__init__()
        self.configuration = configuration
        network, options = configuration.network, configuration.ppo
        is_central = network.critic == CENTRAL
        worlds = Worlds(
            configuration.the_game(),
            configuration.worlds.count,
            configuration.world_parameters(),
            max_cycles=configuration.worlds.max_cycles,
        )
        tremble = configuration.tremble_of_worlds(seed)
        if tremble is not None and seats is not None:
            # A best response is to what is played when judged.
            tremble = tremble.still()
        self.env = SeatVecEnv(
            worlds,
            seats=seats,
            profile=profile,
            reward_scale=normalisation.reward_scale,
            scripted_seats=scripted_seats(configuration, seed) if seats is None else (),
            shows_everything=is_central,
            tremble=tremble,
            seed=seed,
        )
        self.batch = self.env.num_envs * options.n_steps
        self.total = -(-configuration.agent_steps // self.batch) * self.batch
        self.architecture = Architecture(
            seats=len(self.env.seats),
            separate=network.policy == SEPARATE,
            anonymous=network.policy == ANONYMOUS,
            units=(
                _units(self.env, is_central=is_central) if network.permutation_equivariant else None
            ),
            critic_views=worlds.powers if is_central else 1,
            memory=network.memory,
            hidden=network.hidden,
            initial_std=options.initial_std,
            feature_mean=normalisation.feature_mean,
            feature_scale=normalisation.feature_scale,
            value_mean=normalisation.value_mean[self.env.seats],
            activation=network.activation,
        )
        learner = RecurrentSeatPPO if network.memory > 0 else SeatPPO
        self.ppo = learner(
            SeatPolicy,
            self.env,
            learning_rate=lambda remaining: options.learning_rate * remaining,
            n_steps=options.n_steps,
            batch_size=min(options.batch_size, self.batch),
            n_epochs=options.n_epochs,
            gamma=step_discount(configuration),
            gae_lambda=options.gae_lambda,
            clip_range=options.clip_range,
            normalize_advantage=options.normalize_advantage,
            ent_coef=options.ent_coef,
            vf_coef=options.vf_coef,
            max_grad_norm=options.max_grad_norm,
            magnet_coef=options.magnet_coef,
            magnet_decay=options.magnet_decay,
            bounds_coef=options.bounds_coef,
            policy_kwargs={
                "architecture": self.architecture,
                "optimizer_kwargs": {
                    "eps": 1e-8,
                    "betas": (0.9, options.adam_beta2),
                    "fused": True,
                },
            },
            seed=seed,
            device=device,
        )
        self.averaged = self._weights()

    def train(self) -> None:
        """Train for the agent-steps that are left."""
        left = self.total - self.ppo.num_timesteps
        # Unless it resets its count, Stable-Baselines3 adds the steps done to those asked for.
        self.ppo.learn(left, callback=self, reset_num_timesteps=False)
        self.end_batch()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        done = self.ppo.num_timesteps / self.total
        first, last = self.configuration.ppo.ent_coef, self.configuration.ppo.final_ent_coef
        self.ppo.ent_coef = first + done * (last - first)
        self._limit_std(done)
        if self.ppo.num_timesteps > 0:
            self.end_batch()

    def _limit_std(self, done: float) -> None:
        first, last = self.configuration.ppo.initial_std, self.configuration.ppo.final_std
        log_std = self.ppo.policy.mlp_extractor.log_spread
        if last is not None and log_std is not None:
            with torch.no_grad():
                log_std.clamp_(max=float(np.log(first) + done * np.log(last / first)))

    def end_batch(self) -> None:
        """Move the weights that are played towards those after the last batch."""
        batches = self.total // self.batch
        share = 1.0 / max(1.0, self.configuration.ppo.weight_averaging * batches)
        for name, value in self._weights().items():
            self.averaged[name] += share * (value - self.averaged[name])

    def start_from(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Start with the actor and critic of a policy that was learned before.

        Raises
        ------
        ValueError
            If its networks have another shape.
        """
        networks = self.ppo.policy.mlp_extractor
        with torch.no_grad():
            for name, value in networks.named_parameters():
                if name.startswith(("actor.", "critic.")):
                    found = weights[name]
                    if tuple(found.shape) != tuple(value.shape):
                        raise ValueError(
                            f"{name} has shape {found.shape} in the policy to start from and "
                            f"{tuple(value.shape)} here: use the configuration it was trained with."
                        )
                    value.copy_(torch.as_tensor(found))
        self.averaged = self._weights()

    def _weights(self) -> dict[str, torch.Tensor]:
        state = self.ppo.policy.mlp_extractor.state_dict()
        return {name: value.detach().cpu().clone() for name, value in state.items()}

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return the weights that are played, as arrays."""
        return {name: value.numpy() for name, value in self.averaged.items()}

    def description(self) -> dict[str, Any]:
        """Return what must be known of the weights in order to play them."""
        game = self.env.worlds.game
        parameters = self.configuration.parameters_to_judge()
        return {
            "format": FORMAT,
            "game": game.name,
            "version": game.version,
            "parameters": {name: getattr(parameters, name) for name in parameters.declarations},
            "observe": list(game.also_observed),
            "sees_tremble": self.env.tremble is not None,
            "learning": list(self.env.seats),
            "separate": self.architecture.separate,
            "sees_seat": not (self.architecture.separate or self.architecture.anonymous),
            "hidden": list(self.architecture.hidden),
            "activation": self.architecture.activation,
            "mixed": self.configuration.mixed,
            "agent_steps": self.ppo.num_timesteps,
            **({"memory": self.architecture.memory} if self.architecture.memory > 0 else {}),
        }
