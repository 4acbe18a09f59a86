r"""Burden sharing in an alliance: who pays for a good that all enjoy.

Each year every member of an alliance decides which share of its income goes to defence. Defence
protects all (a pure public good), partly its owner alone (a joint product), or its owner fully and
the others in part (spill-in):

.. math::

    u_i = (1 - \theta - \psi) \ln(Y_i - d_i)
        + \theta \ln(E + d_i + \beta \sum_{j \ne i} d_j) + \psi \ln(e_0 + d_i),
    \qquad d_i = a_i Y_i

with incomes growing at their own rates and the share :math:`a_i` bounded by a fiscal cap.

Source: after Olson and Zeckhauser (1966), "An economic theory of alliances", Review of Economics
and Statistics 48 (the pure public good: large members bear a disproportionate burden), and after
the joint-product model of Sandler and co-authors. The Cobb-Douglas utility, the growth and the cap
are ours.

Nobody sees what the others spent before: the years are separate games tied only by growth, so the
equilibrium of each year is the equilibrium of the whole.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

import math

from counterpoise.envs.engine.columns import column, columns
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

    powers: int = parameter(4, 2, MOST_POWERS, unit="powers", doc="Members of the alliance.")
    gdp: tuple[float, ...] = parameter(
        (100.0, 40.0, 20.0, 10.0),
        1e-3,
        1e5,
        unit="index",
        doc="Income Y of each member in the first year.",
        per_power=True,
    )
    growth: tuple[float, ...] = parameter(
        (0.02, 0.03, 0.05, 0.06),
        -0.2,
        0.2,
        unit="1/year",
        doc="Yearly growth of each member's income.",
        per_power=True,
    )
    horizon: int = parameter(10, 1, 100, unit="years", doc="Years until the game ends.")
    discount: float = parameter(0.96, 0.0, 1.0, unit="1/year", doc="Weight of the next year.")
    deterrence_weight: float = parameter(
        0.02, 0.0, 0.5, doc="theta: weight of alliance-wide deterrence (threat).", observed=True
    )
    private_weight: float = parameter(
        0.02, 0.0, 0.4, doc="psi: weight of the private, joint product.", observed=True
    )
    spill_in: float = parameter(
        1.0, 0.0, 1.0, doc="beta: how much of an ally's defence protects me.", observed=True
    )
    common_defence: float = parameter(
        0.5, 1e-6, 100.0, unit="index", doc="E: protection that nobody pays for."
    )
    private_base: float = parameter(
        0.05, 1e-6, 100.0, unit="index", doc="e_0: private protection without spending."
    )
    fiscal_cap: tuple[float, ...] = parameter(
        (0.10,),
        1e-4,
        0.9,
        unit="of GDP",
        doc="phi: highest share of income that can go to defence.",
        per_power=True,
        observed=True,
    )


class World(WorldRecord):
    """What changes while `burden_sharing` runs."""

    gdp: PerPower
    share: PerPower
    defence: PerPower


WORLD = world_dtype(World, MOST_POWERS)

FEATURES = (
    Feature("log_gdp", -30.0, 35.0, "ln index", "Logarithm of the own income."),
    Feature("log_gdp_of_other", -30.0, 35.0, "ln index", "Of each other member.", others=True),
    Feature("years_left", 0.0, 1.0, "of horizon", "Years still to play over all years."),
)

SEES = columns(FEATURES)

SHARE = Continuous("defence_share", 0.0, "fiscal_cap", "of GDP", "Share of income for defence.")


@rule
def start(world: World, parameters: Parameters) -> None:
    """Set first-year incomes; nobody has spent anything yet."""
    for power in range(world.powers):
        world.gdp[power] = parameters.gdp[power]
        world.share[power] = 0.0
        world.defence[power] = 0.0


@rule
def utility(parameters: Parameters, gdp: float, defence: float, defence_of_others: float) -> float:
    """Return one member's payoff in a year, from its own defence and the sum of the others'."""
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
    """Return the derivative of `utility` by the own defence; it falls in it."""
    protection = parameters.common_defence + defence + parameters.spill_in * defence_of_others
    theta = parameters.deterrence_weight
    psi = parameters.private_weight
    slope: float = theta / protection + psi / (parameters.private_base + defence)
    slope -= (1.0 - theta - psi) / (gdp - defence)
    return slope


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one year: all spend at once, all are paid, incomes grow."""
    total = 0.0
    for power in range(world.powers):
        world.share[power] = actions[power, 0]
        world.defence[power] = actions[power, 0] * world.gdp[power]
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
    """Write each member's own income, the others', and the time left."""
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
    """Return the alliance: every member with every other."""
    names = [f"power_{power}" for power in range(int(world.powers))]
    return [(first, second) for k, first in enumerate(names) for second in names[k + 1 :]]


GAME = Game(
    name="burden_sharing",
    version=0,
    title="Allies share the cost of a common defence",
    source="after Olson and Zeckhauser 1966; joint products after Sandler and co-authors",
    parameters=Parameters,
    world=WORLD,
    roles=(Role("member", (SHARE,), "A member of the alliance."),),
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
