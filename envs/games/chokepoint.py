r"""Chokepoint: how far to insulate oneself from a hub that can cut one off.

Two targets trade through a hub. Each holds a share :math:`s_i \in [0, 1]` of what it needs at home
or from diverse sources, its resilience, and changes it by :math:`v_i` a year:

.. math::

    s_i' = (1 - \delta)\, s_i + v_i, \qquad
    u_i = \gamma (1 - s_i)(1 - s_j) - e_i - \tfrac{a}{2} s_i^2 - \tfrac{\kappa}{2} v_i^2

Trade pays the more the more the other trades too; self-reliance and haste cost. Of the loss from an
embargo, :math:`\tfrac{\lambda}{2} (1 - s_i)^2`, the hub extracts :math:`e_i`: with two powers the
share :math:`\psi` of Nash bargaining. With three powers the hub is a player, and the year has a
second phase: while the targets invest it demands an amount :math:`d_i` of each, and each then says
with which probability :math:`p_i` it accepts,

.. math::

    e_i = p_i d_i + (1 - p_i)\, \tfrac{\lambda}{2} (1 - s_i)^2, \qquad
    u_H = \sum_i p_i d_i - (1 - p_i)\, \eta

Payoffs are those of the stocks at the beginning of the year. Two limits stand outside the quadratic
model: what would take :math:`s_i` below 0 or above 1 is not invested and not paid for.

Source: after Hirschman (1945), "National Power and the Structure of Foreign Trade", and Farrell and
Newman (2019), International Security 44 (who sits at a chokepoint can coerce); Clayton, Maggiori
and Schreger (2023), NBER working paper 33309: one country gains by insulating itself, and countries
that do so without coordination fragment the world inefficiently. The model and every number are
ours.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

from typing import Any

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.game import Account, Continuous, Feature, Game, Role
from counterpoise.envs.engine.parameters import ParametersBase, parameter, parameters
from counterpoise.envs.engine.world import (
    Actions,
    Observations,
    PerPower,
    Rewards,
    WorldRecord,
    world_dtype,
)

MOST_POWERS = 3
TARGETS = 2
HUB = 2
INVEST, ANSWER = 0, 1
LEAST_INVESTMENT, MOST_INVESTMENT = -0.3, 0.5


@parameters
class Parameters(ParametersBase):
    """Parameters of `chokepoint`."""

    CAPACITY = MOST_POWERS

    powers: int = parameter(
        2, 2, MOST_POWERS, unit="powers", doc="Two targets; the third is the hub that demands."
    )
    exposure: float = parameter(
        0.8,
        0.0,
        1.0,
        doc="psi: share of an embargo's loss that the hub extracts, unless it is a player.",
        observed=True,
    )
    autarky_cost: float = parameter(
        0.04, 0.0, 10.0, doc="a: what self-reliance costs.", observed=True
    )
    network_gain: float = parameter(0.02, 0.0, 10.0, doc="gamma: gain from trading together.")
    embargo_loss: float = parameter(
        0.20, 0.001, 10.0, doc="lambda: loss from an embargo on all that is needed."
    )
    adjustment_cost: float = parameter(
        1.0, 0.01, 100.0, unit="year^2", doc="kappa: what a fast change costs."
    )
    embargo_cost: float = parameter(
        0.0, 0.0, 10.0, doc="eta: what an embargo costs the hub, where it is a player."
    )
    depreciation: float = parameter(
        0.05, 0.0, 1.0, unit="1/year", doc="delta: share of the resilience that decays."
    )
    resilience: tuple[float, ...] = parameter(
        (0.3,), 0.0, 1.0, doc="s_0: resilience in the first year; the hub's is of no matter.",
        per_power=True,
    )  # fmt: skip
    horizon: int = parameter(
        30, 1, 1_000, unit="years", doc="T: years until the game ends, unless it is endless."
    )
    endless: bool = parameter(
        False, 0, 1, unit="yes or no", doc="Whether the game goes on for ever."
    )
    discount: float = parameter(0.95, 0.0, 1.0, unit="1/year", doc="Weight of the next year.")


class World(WorldRecord):
    """What changes while `chokepoint` runs."""

    resilience: PerPower
    investment: PerPower
    demand: PerPower
    extracted: PerPower


WORLD = world_dtype(World, MOST_POWERS)

FEATURES = (
    Feature("resilience", 0.0, 1.0, doc="The own resilience; the hub's is 0."),
    Feature("resilience_of_other", 0.0, 1.0, doc="Of each other power.", others=True),
    Feature("phase", 0.0, 1.0, doc="0 while all invest or demand, 1 while targets answer."),
    Feature("demand", 0.0, 10.0, "payoff", "What the hub demands of this power, when answering."),
    Feature("years_left", 0.0, 1.0, "of horizon", "Years still to play; 1 in an endless game."),
)


@rule
def has_hub(parameters: Parameters) -> bool:
    """Return whether the hub is a player."""
    return bool(parameters.powers == MOST_POWERS)


@rule
def loss_of_embargo(parameters: Parameters, resilience: Any) -> Any:
    """Return what an embargo costs a target; of many at once where an array is given."""
    dependent = 1.0 - resilience
    return 0.5 * parameters.embargo_loss * dependent * dependent


@rule
def kept(parameters: Parameters, resilience: float) -> float:
    """Return what is left of a resilience in which nothing is invested."""
    left: float = (1.0 - parameters.depreciation) * resilience
    return left


@rule
def target_payoff(
    parameters: Parameters, own: float, other: float, investment: float, extracted: float
) -> float:
    """Return a target's payoff of a year from both resiliences and what the hub extracts."""
    gained: float = parameters.network_gain * (1.0 - own) * (1.0 - other) - extracted
    autarky: float = 0.5 * parameters.autarky_cost * own * own
    haste: float = 0.5 * parameters.adjustment_cost * investment * investment
    return gained - autarky - haste


@rule
def start(world: World, parameters: Parameters) -> None:
    """Set the first resiliences."""
    for target in range(TARGETS):
        world.resilience[target] = parameters.resilience[target]


@rule
def invest(world: World, parameters: Parameters, actions: Actions) -> None:
    """Fix what the targets invest, within the limits, and what the hub demands."""
    for target in range(TARGETS):
        left = kept(parameters, world.resilience[target])
        world.investment[target] = min(max(actions[target, 0], -left), 1.0 - left)
        world.demand[target] = actions[HUB, target] if has_hub(parameters) else 0.0


@rule
def extract(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> None:
    """Fix what the hub extracts from each target, and pay the hub."""
    for target in range(TARGETS):
        loss = loss_of_embargo(parameters, world.resilience[target])
        if has_hub(parameters):
            accepted = actions[target, 1]
            world.extracted[target] = accepted * world.demand[target] + (1.0 - accepted) * loss
            rewards[HUB] += accepted * world.demand[target]
            rewards[HUB] -= (1.0 - accepted) * parameters.embargo_cost
        else:
            world.extracted[target] = parameters.exposure * loss


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play a year, or with the hub one of its two phases."""
    if world.phase == INVEST:
        invest(world, parameters, actions)
        if has_hub(parameters):
            world.phase = ANSWER
            return False
    extract(world, parameters, actions, rewards)
    for target in range(TARGETS):
        rewards[target] = target_payoff(
            parameters,
            world.resilience[target],
            world.resilience[1 - target],
            world.investment[target],
            world.extracted[target],
        )
    for target in range(TARGETS):
        left = kept(parameters, world.resilience[target])
        # The limits are kept to the last digit.
        world.resilience[target] = min(max(left + world.investment[target], 0.0), 1.0)
    world.year += 1
    world.phase = INVEST
    return bool(parameters.endless == 0 and world.year >= parameters.horizon)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write the resiliences, the phase, the own demand, and the years left."""
    left = 1.0
    if parameters.endless == 0:
        left = (parameters.horizon - world.year) / parameters.horizon
    for power in range(parameters.powers):
        observations[power, 0] = world.resilience[power]
        column = 1
        for other in range(parameters.powers):
            if other != power:
                observations[power, column] = world.resilience[other]
                column += 1
        observations[power, column] = world.phase
        is_asked = world.phase == ANSWER and power != HUB
        observations[power, column + 1] = world.demand[power] if is_asked else 0.0
        observations[power, column + 2] = left


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


def phase_count(parameters: Parameters) -> int:
    """Return how many phases a year has: the second is for answering the hub."""
    return 2 if parameters.powers == MOST_POWERS else 1


TARGET_ROLE = Role(
    "target",
    (
        Continuous(
            "investment", LEAST_INVESTMENT, MOST_INVESTMENT, "1/year", "Change of resilience."
        ),
        Continuous("acceptance", 0.0, 1.0, "1", "Probability of giving in to the hub's demand."),
    ),
    "Insulates itself, or trades; with a hub, also answers it.",
)

GAME = Game(
    name="chokepoint",
    version=0,
    title="Trade through a hub that can cut off, and the resilience that it calls forth",
    source="after Hirschman 1945, Farrell and Newman 2019; Clayton, Maggiori and Schreger 2023",
    parameters=Parameters,
    world=WORLD,
    roles=(
        TARGET_ROLE,
        TARGET_ROLE,
        Role(
            "hub",
            tuple(
                Continuous(
                    f"demand_{target}", 0.0, "embargo_loss", "payoff", f"Of target {target}."
                )
                for target in range(TARGETS)
            ),
            "Demands of each target, and cuts it off if it refuses.",
        ),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    discount=discount,
    phases=("invest", "answer"),
    phase_count=phase_count,
    accounts=(
        Account("investment", "spends", "invested", "1/year"),
        Account("resilience", "holds", "resilience", "1"),
        Account("extracted", "spends", "extracted", "payoff"),
    ),
    variants={
        "hub": {"powers": 3},
        "endless": {"endless": True},
        "mild_hub": {"exposure": 0.4},
        "dear_autarky": {"autarky_cost": 0.08},
    },
)
