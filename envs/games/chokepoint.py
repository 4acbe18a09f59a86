r"""Chokepoint: how far a state insulates itself from a hub that can cut it off.

Two targets trade through a hub. The resilience :math:`s_i \in [0, 1]` of a target is the share of
its needs that it meets at home or from diverse sources. It changes by :math:`v_i` per year:

.. math::

    s_i' = (1 - \delta)\, s_i + v_i, \qquad
    u_i = \gamma (1 - s_i)(1 - s_j) - e_i - \tfrac{a}{2} s_i^2 - \tfrac{\kappa}{2} v_i^2

The gain from trade rises with the other's trade; autarky and fast change are costly. An embargo
would cost :math:`\tfrac{\lambda}{2} (1 - s_i)^2`, and the hub extracts :math:`e_i`. With two powers
:math:`e_i` is the share :math:`\psi` of that loss (Nash bargaining). With three powers the hub is a
player, and the year has a second phase: while the targets invest, the hub demands an amount
:math:`d_i` of each; each target then accepts with a probability :math:`p_i` that it chooses,

.. math::

    e_i = p_i d_i + (1 - p_i)\, \tfrac{\lambda}{2} (1 - s_i)^2, \qquad
    u_H = \sum_i p_i d_i - (1 - p_i)\, \eta

Payoffs depend on the stocks at the beginning of the year. Two limits are not part of the quadratic
model: an investment that would take :math:`s_i` below 0 or above 1 is cut, and only the rest is
paid for.

Source: after Hirschman (1945), "National Power and the Structure of Foreign Trade", and Farrell and
Newman (2019), International Security 44 (who sits at a chokepoint can coerce); Clayton, Maggiori
and Schreger (2023), NBER working paper 33309: one country gains by insulating itself, and countries
that do so without coordination fragment the world economy inefficiently. The model and every number
are ours.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

from typing import Any

from counterpoise.envs.engine.columns import column, columns, component, parts
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
PHASES = ("invest", "answer")
INVEST, ANSWER = range(len(PHASES))
LEAST_INVESTMENT, MOST_INVESTMENT = -0.3, 0.5


@parameters
class Parameters(ParametersBase):
    """Parameters of `chokepoint`."""

    CAPACITY = MOST_POWERS

    powers: int = parameter(
        2, 2, MOST_POWERS, unit="powers", doc="Two targets; a third power is the hub."
    )
    exposure: float = parameter(
        0.8,
        0.0,
        1.0,
        doc="psi: share of an embargo's loss that the hub extracts, unless it is a player.",
        observed=True,
        kind="share",
    )
    autarky_cost: float = parameter(
        0.04, 0.0, 10.0, doc="a: cost of resilience (autarky).", observed=True
    )
    network_gain: float = parameter(
        0.02, 0.0, 10.0, doc="gamma: gain from trade between the targets."
    )
    embargo_loss: float = parameter(
        0.20, 0.001, 10.0, doc="lambda: marginal loss from an embargo at no resilience."
    )
    adjustment_cost: float = parameter(
        1.0, 0.01, 100.0, unit="year^2", doc="kappa: cost of fast adjustment."
    )
    embargo_cost: float = parameter(
        0.0, 0.0, 10.0, doc="eta: cost of an embargo to the hub, where it is a player."
    )
    depreciation: float = parameter(
        0.05,
        0.0,
        1.0,
        unit="1/year",
        doc="delta: share of the resilience that decays.",
        kind="share",
    )
    resilience: tuple[float, ...] = parameter(
        (0.3,),
        0.0,
        1.0,
        doc="s_0: resilience in the first year; the hub's value is not used.",
        per_power=True,
        kind="share",
    )
    horizon: int = parameter(
        30,
        1,
        1_000,
        unit="years",
        doc="T: number of years in an episode, unless the game is endless.",
    )
    endless: bool = parameter(
        False, 0, 1, unit="yes or no", doc="Whether the game has no last year."
    )
    discount: float = parameter(0.95, 0.0, 1.0, unit="1/year", doc="Discount factor per year.")


class World(WorldRecord):
    """What changes while `chokepoint` runs."""

    resilience: PerPower
    investment: PerPower
    demand: PerPower
    extracted: PerPower


WORLD = world_dtype(World, MOST_POWERS)

FEATURES = (
    Feature("resilience", 0.0, 1.0, doc="The power's own resilience; 0 for the hub.", kind="share"),
    Feature(
        "resilience_of_other",
        0.0,
        1.0,
        doc="Each other power's resilience.",
        others=True,
        kind="share",
    ),
    Feature(
        "phase",
        0.0,
        1.0,
        doc="0 while targets invest and the hub demands, 1 while targets answer.",
        kind="count",
    ),
    Feature(
        "demand",
        0.0,
        10.0,
        "payoff",
        "Amount that the hub demands of this target; 0 outside the answering phase.",
    ),
    Feature(
        "years_left",
        0.0,
        1.0,
        "of horizon",
        "Share of the years still to play; 1 in an endless game.",
        kind="share",
    ),
)

TARGET_ACTIONS = (
    Continuous("investment", LEAST_INVESTMENT, MOST_INVESTMENT, "1/year", "Change of resilience."),
    Continuous("acceptance", 0.0, 1.0, "1", "Probability of accepting the hub's demand."),
)
# The hub's first component is its demand of target 0, the second of target 1.
HUB_ACTIONS = tuple(
    Continuous(f"demand_{target}", 0.0, "embargo_loss", "payoff", f"Demand of target {target}.")
    for target in range(TARGETS)
)

SEES = columns(FEATURES)
DOES = parts(TARGET_ACTIONS)


@rule
def has_hub(parameters: Parameters) -> bool:
    """Return whether the hub is a player."""
    return bool(parameters.powers == MOST_POWERS)


@rule
def loss_of_embargo(parameters: Parameters, resilience: Any) -> Any:
    """Return the loss of a target from an embargo; elementwise where an array is given."""
    dependent = 1.0 - resilience
    return 0.5 * parameters.embargo_loss * dependent * dependent


@rule
def kept(parameters: Parameters, resilience: float) -> float:
    """Return what is left of a resilience after a year without investment."""
    left: float = (1.0 - parameters.depreciation) * resilience
    return left


@rule
def target_payoff(
    parameters: Parameters, own: float, other: float, investment: float, extracted: float
) -> float:
    """Return a target's payoff of a year from both resiliences and the extracted amount."""
    gained: float = parameters.network_gain * (1.0 - own) * (1.0 - other) - extracted
    autarky: float = 0.5 * parameters.autarky_cost * own * own
    haste: float = 0.5 * parameters.adjustment_cost * investment * investment
    return gained - autarky - haste


@rule
def start(world: World, parameters: Parameters) -> None:
    """Set the resiliences of the first year."""
    for target in range(TARGETS):
        world.resilience[target] = parameters.resilience[target]


@rule
def invest(world: World, parameters: Parameters, actions: Actions) -> None:
    """Set the targets' investments, within the limits, and the hub's demands."""
    for target in range(TARGETS):
        left = kept(parameters, world.resilience[target])
        world.investment[target] = min(
            max(actions[target, component(DOES.investment)], -left), 1.0 - left
        )
        world.demand[target] = actions[HUB, target] if has_hub(parameters) else 0.0


@rule
def extract(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> None:
    """Set the amount that the hub extracts from each target, and pay the hub."""
    for target in range(TARGETS):
        loss = loss_of_embargo(parameters, world.resilience[target])
        if has_hub(parameters):
            accepted = actions[target, component(DOES.acceptance)]
            world.extracted[target] = accepted * world.demand[target] + (1.0 - accepted) * loss
            rewards[HUB] += accepted * world.demand[target]
            rewards[HUB] -= (1.0 - accepted) * parameters.embargo_cost
        else:
            world.extracted[target] = parameters.exposure * loss


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one year, or one of its two phases where the hub is a player."""
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
        # Rounding must not carry a resilience over its limits.
        world.resilience[target] = min(max(left + world.investment[target], 0.0), 1.0)
    world.year += 1
    world.phase = INVEST
    return bool(parameters.endless == 0 and world.year >= parameters.horizon)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write the resiliences, the phase, the demand of the observer, and the years left."""
    left = 1.0
    if parameters.endless == 0:
        left = (parameters.horizon - world.year) / parameters.horizon
    others = parameters.powers - 1
    for power in range(parameters.powers):
        row = observations[power]
        row[column(SEES.resilience, others)] = world.resilience[power]
        place = 0
        for other in range(parameters.powers):
            if other != power:
                row[column(SEES.resilience_of_other, others, place)] = world.resilience[other]
                place += 1
        row[column(SEES.phase, others)] = world.phase
        is_asked = world.phase == ANSWER and power != HUB
        row[column(SEES.demand, others)] = world.demand[power] if is_asked else 0.0
        row[column(SEES.years_left, others)] = left


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


def phase_count(parameters: Parameters) -> int:
    """Return the number of phases of a year: targets answer the hub in the second."""
    return len(PHASES) if parameters.powers == MOST_POWERS else 1


TARGET_ROLE = Role(
    "target",
    TARGET_ACTIONS,
    "Invests in resilience; with a hub, also answers its demand.",
)

GAME = Game(
    name="chokepoint",
    title="Trade through a hub that can embargo, and investment in resilience",
    source="after Hirschman 1945, Farrell and Newman 2019; Clayton, Maggiori and Schreger 2023",
    parameters=Parameters,
    world=WORLD,
    roles=(
        TARGET_ROLE,
        TARGET_ROLE,
        Role(
            "hub",
            HUB_ACTIONS,
            "Demands an amount of each target, and embargoes it if it refuses.",
        ),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    discount=discount,
    phases=PHASES,
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
