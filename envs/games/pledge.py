r"""Pledge: how a patron's promise of help changes the conduct of its protege.

Every year the patron pledges :math:`a \in [0, 1]` to its protege. The protege sees the pledge and
chooses its firmness :math:`x \in [0, 1]`. Firmness brings gains to both and risks war. The pledge
lowers the risk of war, and in a war moves losses from the protege to the patron:

.. math::

    \pi &= w_0\, x\, (1 - k a) \\
    u_B &= v x - \pi\, l\, (1 - a) - \tfrac{c}{2} x^2 \\
    u_A &= V x - \pi\, (l_A + l a)

The powers are paid the expected loss from war. With a trembling hand (Selten 1975, International
Journal of Game Theory 4) the patron sometimes pledges another amount by mistake, so that the answer
to every pledge matters; the equilibrium is the same. The years are independent of each other.

Source: after Snyder (1984), "The security dilemma in alliance politics", World Politics 36 (a large
promise makes its holder bold: entrapment); Benson, Meirowitz and Ramsay (2014), "Inducing
deterrence through moral hazard in alliance contracts", Journal of Conflict Resolution 58: moral
hazard itself may deter. The functions and every number are ours.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

from counterpoise.envs.engine.columns import column, columns, component, parts
from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.game import Account, Continuous, Feature, Game, Role
from counterpoise.envs.engine.parameters import ParametersBase, parameter, parameters
from counterpoise.envs.engine.randomness import happens, uniform
from counterpoise.envs.engine.world import (
    Actions,
    Observations,
    PerPower,
    Rewards,
    WorldRecord,
    world_dtype,
)

POWERS = 2
PATRON, PROTEGE = 0, 1
PHASES = ("pledge", "firmness")
PLEDGE, FIRMNESS = range(len(PHASES))


@parameters
class Parameters(ParametersBase):
    """Parameters of `pledge`."""

    CAPACITY = POWERS

    powers: int = parameter(POWERS, POWERS, POWERS, unit="powers", doc="Patron and protege.")
    deterrent_effect: float = parameter(
        0.3,
        0.0,
        1.0,
        doc="k: relative reduction of the risk of war by a full pledge.",
        observed=True,
        kind="share",
    )
    war_risk: float = parameter(
        0.4,
        0.0,
        1.0,
        doc="w_0: risk of war at full firmness without a pledge.",
        kind="odds",
    )
    war_loss: float = parameter(
        1.0,
        0.0,
        10.0,
        doc="l: loss from war to the protege, before the patron bears its pledged part.",
    )
    patron_war_loss: float = parameter(
        0.3, 0.0, 10.0, doc="l_A: loss from war to the patron, whatever it pledged."
    )
    firmness_gain: float = parameter(
        0.5, 0.0, 10.0, doc="v: the protege's gain from firmness.", observed=True
    )
    patron_gain: float = parameter(
        0.25, 0.0, 10.0, doc="V: the patron's gain from the protege's firmness.", observed=True
    )
    firmness_cost: float = parameter(
        0.6, 0.01, 10.0, doc="c: curvature of the protege's cost of firmness."
    )
    tremble: float = parameter(
        0.0,
        0.0,
        1.0,
        doc="Probability that a uniformly random pledge is made by mistake.",
        kind="odds",
    )
    years: int = parameter(1, 1, 1_000, unit="years", doc="T: number of years in an episode.")
    discount: float = parameter(1.0, 0.0, 1.0, unit="1/year", doc="Discount factor per year.")


class World(WorldRecord):
    """What changes while `pledge` runs."""

    pledged: PerPower
    firmness: PerPower
    risk: PerPower


WORLD = world_dtype(World, POWERS)

FEATURES = (
    Feature(
        "phase",
        0.0,
        1.0,
        doc="0 while the patron pledges, 1 while the protege decides.",
        kind="count",
    ),
    Feature("pledge", 0.0, 1.0, doc="This year's pledge; 0 before it is made.", kind="share"),
    Feature(
        "years_left",
        0.0,
        1.0,
        "of all years",
        "Share of the years still to play, this one included.",
        kind="share",
    ),
)

PATRON_ACTIONS = (Continuous("pledge", 0.0, 1.0, "1", "Share of the loss from war pledged."),)
PROTEGE_ACTIONS = (Continuous("firmness", 0.0, 1.0, "1", "Firmness towards the rival."),)

SEES = columns(FEATURES)
PLEDGING, INSISTING = parts(PATRON_ACTIONS), parts(PROTEGE_ACTIONS)


@rule
def risk_of_war(parameters: Parameters, pledge: float, firmness: float) -> float:
    """Return pi, the probability of war."""
    left = 1.0 - parameters.deterrent_effect * pledge
    risk: float = parameters.war_risk * firmness * left
    return risk


@rule
def patron_payoff(parameters: Parameters, pledge: float, firmness: float) -> float:
    """Return the patron's payoff of a year."""
    shared: float = parameters.patron_war_loss + parameters.war_loss * pledge
    gained: float = parameters.patron_gain * firmness
    return gained - risk_of_war(parameters, pledge, firmness) * shared


@rule
def protege_payoff(parameters: Parameters, pledge: float, firmness: float) -> float:
    """Return the protege's payoff of a year."""
    left: float = parameters.war_loss * (1.0 - pledge)
    gained: float = parameters.firmness_gain * firmness
    cost: float = 0.5 * parameters.firmness_cost * firmness * firmness
    return gained - risk_of_war(parameters, pledge, firmness) * left - cost


@rule
def start(world: World, parameters: Parameters) -> None:
    """Begin without a pledge."""
    for power in range(POWERS):
        world.pledged[power] = 0.0
        world.firmness[power] = 0.0
        world.risk[power] = 0.0


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one phase: the pledge, or the answer to it and the payoffs of the year."""
    if world.phase == PLEDGE:
        meant = actions[PATRON, component(PLEDGING.pledge)]
        is_mistaken = happens(world, parameters.tremble)
        world.pledged[PATRON] = uniform(world) if is_mistaken else meant
        world.phase = FIRMNESS
        return False
    pledge, firmness = world.pledged[PATRON], actions[PROTEGE, component(INSISTING.firmness)]
    world.firmness[PROTEGE] = firmness
    for power in range(POWERS):
        world.risk[power] = risk_of_war(parameters, pledge, firmness)
    rewards[PATRON] = patron_payoff(parameters, pledge, firmness)
    rewards[PROTEGE] = protege_payoff(parameters, pledge, firmness)
    world.year += 1
    world.phase = PLEDGE
    return bool(world.year >= parameters.years)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write the phase, the pledge once it is made, and the years left."""
    for power in range(POWERS):
        row = observations[power]
        pledge = world.pledged[PATRON] if world.phase == FIRMNESS else 0.0
        row[column(SEES.phase, POWERS - 1)] = world.phase
        row[column(SEES.pledge, POWERS - 1)] = pledge
        left = (parameters.years - world.year) / parameters.years
        row[column(SEES.years_left, POWERS - 1)] = left


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


GAME = Game(
    name="pledge",
    title="A patron's pledge, and the firmness of its protege",
    source="after Snyder 1984; Benson, Meirowitz and Ramsay 2014",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role(
            "patron",
            PATRON_ACTIONS,
            "Pledges help.",
        ),
        Role(
            "protege",
            PROTEGE_ACTIONS,
            "Sees the pledge and chooses its firmness.",
        ),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    discount=discount,
    phases=PHASES,
    accounts=(
        Account("pledged", "spends", "pledged", "1"),
        Account("firmness", "spends", "firmness", "1"),
        Account("risk", "owes", "risk of war", "1/year"),
    ),
    variants={
        "hump": {"deterrent_effect": 0.6},
        "deterrent": {"deterrent_effect": 0.9},
        "ten_years": {"years": 10, "discount": 0.95},
    },
)
