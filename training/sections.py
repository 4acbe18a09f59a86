"""The tables of a training's TOML file, with the names of Stable-Baselines3 where it has one."""

from __future__ import annotations

import dataclasses

from counterpoise.agents.learned import ACTIVATIONS
from counterpoise.envs.engine.errors import ParameterError

SEPARATE, SHARED, ANONYMOUS = POLICIES = ("separate", "shared", "anonymous")
OWN, CENTRAL = CRITICS = ("own", "central")


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorldOptions:
    """`[worlds]`: the worlds that the powers are trained in."""

    count: int = 1_024
    """Number of worlds that run in parallel."""
    max_cycles: int | None = None
    """Number of steps after which a world is truncated; the game's own limit by default."""
    scenarios: tuple[str, ...] = ()
    """Scenarios, by name or path, that are assigned to the worlds in turn. All have the same number
    of powers; `[parameters]`, `[varied]`, `[together]`, `[drawn]` and `[paired]` then change these
    scenarios."""
    opponents: tuple[str, ...] = ()
    """Scripted strategies, by name, that play all seats but one or two in some of the worlds."""
    opponent_share: float = 0.25
    """Share of the worlds that hold scripted opponents, from 0 to below 1."""
    max_drawn: int = 0
    """Maximum number of `[drawn]` parameters that change in one world; 0 for no maximum. If the
    questions asked later change few parameters at a time, so should the worlds."""

    def __post_init__(self) -> None:
        _require_positive("worlds", count=self.count)
        for name in ("scenarios", "opponents"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.max_drawn < 0:
            raise ParameterError(f"[worlds] max_drawn must be at least 0, not {self.max_drawn}.")
        if not 0.0 <= self.opponent_share < 1.0:
            raise ParameterError(
                f"[worlds] opponent_share must be from 0 to below 1, not {self.opponent_share}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """`[network]`: actor and critic, two networks of one shape."""

    policy: str = SEPARATE
    """Parameter sharing. `separate`: one network per seat; `shared`: one network that observes its
    seat; `anonymous`: one network that does not, so that powers in the same position act the same.
    """
    permutation_equivariant: bool = False
    """Whether a permutation of the other powers permutes the outputs: what is learned about one of
    them holds for each."""
    critic: str = OWN
    """What the critic observes. `own`: what the power observes; `central`: what all powers observe,
    as in MAPPO (Yu et al. 2022). Only training needs the critic, so play stays decentralised."""
    hidden: tuple[int, ...] = (32, 32)
    """Number of units of each hidden layer."""
    memory: int = 0
    """Number of units of a gated recurrent unit (GRU) that remembers the episode; 0 for none.
    Backpropagation through time goes back to the start of the batch: see `[ppo] n_steps`."""
    activation: str = "tanh"
    """Activation function: `tanh`, which is smooth, or `relu`, which is faster."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        _require_one_of("network", "policy", self.policy, POLICIES)
        _require_one_of("network", "critic", self.critic, CRITICS)
        if self.memory < 0:
            raise ParameterError(f"[network] memory must be at least 0, not {self.memory}.")
        _require_one_of("network", "activation", self.activation, tuple(ACTIVATIONS))


@dataclasses.dataclass(frozen=True, kw_only=True)
class PPOOptions:
    """`[ppo]`: proximal policy optimisation, which also learns a population's best responses."""

    n_steps: int = 10
    """Number of steps of each world per batch."""
    batch_size: int = 8_192
    """Number of agent-steps per minibatch."""
    n_epochs: int = 4
    """Number of passes over each batch."""
    learning_rate: float = 3e-3
    """Adam's learning rate at the start; it falls linearly to zero."""
    adam_beta2: float = 0.999
    """Adam's decay rate of the squared gradient."""
    gamma: float | None = None
    """Discount factor per step; the game's own by default."""
    gae_lambda: float = 0.95
    """Lambda of generalised advantage estimation."""
    clip_range: float = 0.2
    """Clipping range of the probability ratio."""
    normalize_advantage: bool = True
    """Whether advantages are standardised in each minibatch. Without it gradients become small near
    a mixed equilibrium, where advantages are close to zero."""
    ent_coef: float = 0.0
    """Entropy coefficient at the start; it changes linearly to `final_ent_coef`."""
    final_ent_coef: float = 0.0
    """Entropy coefficient at the end. A negative coefficient penalises entropy, so that powers end
    by learning among others that play nearly deterministically."""
    vf_coef: float = 0.5
    """Coefficient of the critic's loss."""
    max_grad_norm: float = 1.0
    """Maximum norm of the gradient."""
    magnet_coef: float = 0.0
    """Coefficient of the KL divergence from a running mean of the policy, the magnet; for mixed
    equilibria."""
    magnet_decay: float = 0.95
    """Share of the magnet that each batch leaves in place."""
    initial_std: float = 0.3
    """Standard deviation of amounts at the start, in units of half the action's range."""
    final_std: float | None = None
    """Maximum standard deviation at the end, in the same units; the maximum falls geometrically
    from `initial_std`. Where payoffs are curved, the best mean of a wide distribution is not the
    best amount."""
    bounds_coef: float = 0.0
    """Coefficient of the squared distance of an amount's mean from its bounds. Beyond a bound there
    is no other gradient that leads back."""
    weight_averaging: float = 0.0
    """The weights that are played are an exponential running mean; this is its memory as a share of
    the training. 0 plays the last weights."""

    def __post_init__(self) -> None:
        _require_positive(
            "ppo", n_steps=self.n_steps, batch_size=self.batch_size, n_epochs=self.n_epochs
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class PopulationOptions:
    """`[population]`: fictitious play and policy-space response oracles."""

    iterations: int = 20
    """Number of best responses that each power learns, one after another."""

    def __post_init__(self) -> None:
        _require_positive("population", iterations=self.iterations)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrembleOptions:
    """`[tremble]`: a trembling hand in training (Selten 1975), none when judged. It reaches
    branches of a game that powers would hardly play, so that what they decide there is learned."""

    share_of_worlds: float = 0.0
    """Share of the worlds in which choices tremble, from 0 (none) to 1."""
    chance: tuple[float, float] = (0.04, 0.08)
    """Range, [lowest, highest], from which each of these worlds draws its chance: the probability,
    per choice and step, that a uniformly drawn open option is carried out instead. The powers
    observe the chance of their world; it is 0 in play."""
    choices: tuple[str, ...] = ()
    """Names of the choices that tremble, of every power; all by default."""

    def __post_init__(self) -> None:
        for name in ("chance", "choices"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not 0.0 <= self.share_of_worlds <= 1.0:
            raise ParameterError(
                f"[tremble] share_of_worlds must be from 0 to 1, not {self.share_of_worlds}."
            )
        ends = self.chance
        if len(ends) != 2 or not 0.0 < ends[1] <= 1.0 or not 0.0 <= ends[0] <= ends[1]:
            raise ParameterError(
                f"[tremble] chance needs [lowest, highest], probabilities of which the highest is "
                f"above 0, not {list(ends)}."
            )

    @property
    def is_on(self) -> bool:
        """Whether choices tremble in any world."""
        return self.share_of_worlds > 0.0


Section = WorldOptions | NetworkOptions | PPOOptions | PopulationOptions | TrembleOptions
SECTIONS: dict[str, type[Section]] = {
    "worlds": WorldOptions,
    "network": NetworkOptions,
    "ppo": PPOOptions,
    "population": PopulationOptions,
    "tremble": TrembleOptions,
}

# Where each option of the flat files of earlier versions stands now.
RENAMED: dict[str, tuple[str, str]] = {
    "worlds": ("worlds", "count"),
    "max_cycles": ("worlds", "max_cycles"),
    "scenarios": ("worlds", "scenarios"),
    "opponents": ("worlds", "opponents"),
    "opponent_share": ("worlds", "opponent_share"),
    "drawn_at_once": ("worlds", "max_drawn"),
    "policy": ("network", "policy"),
    "alike": ("network", "permutation_equivariant"),
    "hidden": ("network", "hidden"),
    "activation": ("network", "activation"),
    "steps": ("ppo", "n_steps"),
    "minibatch": ("ppo", "batch_size"),
    "epochs": ("ppo", "n_epochs"),
    "learning_rate": ("ppo", "learning_rate"),
    "adam_second_moment": ("ppo", "adam_beta2"),
    "discount": ("ppo", "gamma"),
    "trace": ("ppo", "gae_lambda"),
    "clip": ("ppo", "clip_range"),
    "normalize_advantage": ("ppo", "normalize_advantage"),
    "entropy": ("ppo", "ent_coef"),
    "last_entropy": ("ppo", "final_ent_coef"),
    "value_weight": ("ppo", "vf_coef"),
    "gradient_norm": ("ppo", "max_grad_norm"),
    "magnet": ("ppo", "magnet_coef"),
    "magnet_memory": ("ppo", "magnet_decay"),
    "spread": ("ppo", "initial_std"),
    "last_spread": ("ppo", "final_std"),
    "bounds": ("ppo", "bounds_coef"),
    "averaging": ("ppo", "weight_averaging"),
    "iterations": ("population", "iterations"),
}


def _require_positive(section: str, **values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise ParameterError(f"[{section}] {name} must be at least 1, not {value}.")


def _require_one_of(section: str, name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ParameterError(f"[{section}] {name} must be {' or '.join(known)}, not {value!r}.")
