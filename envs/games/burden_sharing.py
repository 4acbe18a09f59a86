r"""Burden sharing in an alliance: who pays for a good that all enjoy.

Each year every member of an alliance chooses the share of its income that it spends on defence.
Defence protects all members (a pure public good), in part its owner alone (a joint product), or its
owner fully and the others in part (spill-in):

.. math::

    u_i = (1 - \theta - \psi) \ln(Y_i - d_i)
        + \theta \ln(E + d_i + \beta \sum_{j \ne i} d_j) + \psi \ln(e_0 + d_i),
    \qquad d_i = a_i Y_i

Incomes grow at given rates, and a fiscal cap bounds the share :math:`a_i`.

Source: after Olson and Zeckhauser (1966), "An economic theory of alliances", Review of Economics
and Statistics 48 (the pure public good: large members bear a disproportionate burden), and after
the joint-product model of Sandler and co-authors. The Cobb-Douglas utility, the growth and the cap
are ours.

No member sees what the others spent before. Only growth links the years, so the equilibrium of each
year's game is the equilibrium of the whole game.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

import math

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

MOST_POWERS = 32


@parameters
class Parameters(ParametersBase):
    """Parameters of `burden_sharing`."""

    CAPACITY = MOST_POWERS

    powers: int = parameter(
        4, 2, MOST_POWERS, unit="powers", doc="Number of members of the alliance."
    )
    gdp: tuple[float, ...] = parameter(
        (100.0, 40.0, 20.0, 10.0),
        1e-3,
        1e5,
        unit="index",
        doc="Y: income of each member in the first year.",
        per_power=True,
    )
    growth: tuple[float, ...] = parameter(
        (0.02, 0.03, 0.05, 0.06),
        -0.2,
        0.2,
        unit="1/year",
        doc="Growth rate of each member's income.",
        per_power=True,
        kind="share",
    )
    horizon: int = parameter(10, 1, 100, unit="years", doc="Number of years in an episode.")
    discount: float = parameter(0.96, 0.0, 1.0, unit="1/year", doc="Discount factor per year.")
    deterrence_weight: float = parameter(
        0.02,
        0.0,
        0.5,
        doc="theta: weight of alliance-wide deterrence in the utility (the threat).",
        observed=True,
        kind="share",
    )
    private_weight: float = parameter(
        0.02,
        0.0,
        0.4,
        doc="psi: weight of the private benefit of own defence (the joint product).",
        observed=True,
        kind="share",
    )
    spill_in: float = parameter(
        1.0,
        0.0,
        1.0,
        doc="beta: share of the allies' defence that protects a member.",
        observed=True,
        kind="share",
    )
    common_defence: float = parameter(
        0.5, 1e-6, 100.0, unit="index", doc="E: protection without any spending."
    )
    private_base: float = parameter(
        0.05, 1e-6, 100.0, unit="index", doc="e_0: private benefit without own spending."
    )
    fiscal_cap: tuple[float, ...] = parameter(
        (0.10,),
        1e-4,
        0.9,
        unit="of GDP",
        doc="phi: maximum share of income spent on defence.",
        per_power=True,
        observed=True,
        kind="share",
    )


class World(WorldRecord):
    """What changes while `burden_sharing` runs."""

    gdp: PerPower
    share: PerPower
    defence: PerPower


WORLD = world_dtype(World, MOST_POWERS)

FEATURES = (
    Feature(
        "log_gdp", -30.0, 35.0, "ln index", "Logarithm of the member's own income.", kind="log"
    ),
    Feature(
        "log_gdp_of_other",
        -30.0,
        35.0,
        "ln index",
        "Logarithm of each other member's income.",
        others=True,
        kind="log",
    ),
    Feature(
        "years_left", 0.0, 1.0, "of horizon", "Share of the years still to play.", kind="share"
    ),
)

ACTIONS = (
    Continuous("defence_share", 0.0, "fiscal_cap", "of GDP", "Share of income spent on defence."),
)

SEES = columns(FEATURES)
DOES = parts(ACTIONS)


@rule
def start(world: World, parameters: Parameters) -> None:
    """Set the incomes of the first year; no member has spent anything yet."""
    for power in range(world.powers):
        world.gdp[power] = parameters.gdp[power]
        world.share[power] = 0.0
        world.defence[power] = 0.0


@rule
def utility(parameters: Parameters, gdp: float, defence: float, defence_of_others: float) -> float:
    """Return one member's payoff in a year, from its own defence and the others' total."""
    protection = parameters.common_defence + defence + parameters.spill_in * defence_of_others
    theta = parameters.deterrence_weight
    psi = parameters.private_weight
    payoff: float = (1.0 - theta - psi) * math.log(gdp - defence)
    if theta > 0.0:
        payoff += theta * math.log(protection)
    if psi > 0.0:
        payoff += psi * math.log(parameters.private_base + defence)
    return payoff


@rule
def marginal_utility(
    parameters: Parameters, gdp: float, defence: float, defence_of_others: float
) -> float:
    """Return the derivative of `utility` in own defence; it decreases in own defence."""
    protection = parameters.common_defence + defence + parameters.spill_in * defence_of_others
    theta = parameters.deterrence_weight
    psi = parameters.private_weight
    slope: float = theta / protection + psi / (parameters.private_base + defence)
    slope -= (1.0 - theta - psi) / (gdp - defence)
    return slope


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one year: members spend at the same time, are paid, and incomes grow."""
    total = 0.0
    for power in range(world.powers):
        world.share[power] = actions[power, component(DOES.defence_share)]
        world.defence[power] = actions[power, component(DOES.defence_share)] * world.gdp[power]
        total += world.defence[power]
    for power in range(world.powers):
        own = world.defence[power]
        rewards[power] = utility(parameters, world.gdp[power], own, total - own)
        world.gdp[power] *= 1.0 + parameters.growth[power]
    world.year += 1
    is_over: bool = world.year >= parameters.horizon
    return is_over


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write each member's own income, the others' incomes, and the time left."""
    others = world.powers - 1
    left = (parameters.horizon - world.year) / parameters.horizon
    for power in range(world.powers):
        observations[power, column(SEES.log_gdp, others)] = math.log(world.gdp[power])
        place = 0
        for other in range(world.powers):
            if other != power:
                seen = math.log(world.gdp[other])
                observations[power, column(SEES.log_gdp_of_other, others, place)] = seen
                place += 1
        observations[power, column(SEES.years_left, others)] = left


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


def alliances(world: World, parameters: Parameters) -> list[tuple[str, str]]:
    """Return the allied pairs: every member with every other."""
    names = [f"power_{power}" for power in range(int(world.powers))]
    return [(first, second) for k, first in enumerate(names) for second in names[k + 1 :]]


GAME = Game(
    name="burden_sharing",
    title="Allies share the cost of a common defence",
    source="after Olson and Zeckhauser 1966; joint products after Sandler and co-authors",
    parameters=Parameters,
    world=WORLD,
    roles=(Role("member", ACTIONS, "A member of the alliance."),),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    discount=discount,
    default_max_cycles=100,
    accounts=(
        Account("share", "spends", "defence", "of GDP"),
        Account("defence", "spends", "defence", "index"),
        Account("gdp", "holds", "income", "index"),
    ),
    alliances=alliances,
    variants={
        "pure": {"deterrence_weight": 0.04, "private_weight": 0.0},
        "spill_in": {"deterrence_weight": 0.04, "private_weight": 0.0, "spill_in": 0.3},
        "capped": {"fiscal_cap": (0.02, 0.10, 0.10, 0.10)},
    },
)
