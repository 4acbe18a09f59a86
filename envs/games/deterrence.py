r"""Deterrence without parity: doves, deterrents and hawks, and wars that are worth it or not.

Every year each of two powers chooses how much to arm, :math:`l \in \{0, l_1, l_2\}`, at a cost of
:math:`k l`. Then arms are seen. Power :math:`i` would win a war with probability :math:`p_i`, which
moves :math:`G` from the loser to the winner and costs each side :math:`C`; there is war if it pays
either:

.. math::

    p_i = \frac{1}{1 + e^{-g (l_i - l_j)}}, \qquad
    w_i = (2 p_i - 1)\, G - C, \qquad
    u_i = [\max(w_i, w_j) > 0]\, w_i - k\, l_i

A war is paid as it is expected to end. The years are independent of each other.

Source: Jackson and Morelli (2009), "Strategic militarization, deterrence and wars", Quarterly
Journal of Political Science 4: at intermediate costs of war every equilibrium mixes doves, hawks
and deterrents, wars are between unequal arms, and they become rarer as winning responds more to
arms. Three levels of arms, the logistic chance of winning and every number are ours.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

import math

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.game import Account, Choice, Feature, Game, Role
from counterpoise.envs.engine.parameters import ParametersBase, parameter, parameters
from counterpoise.envs.engine.world import (
    Actions,
    Observations,
    PerPower,
    Rewards,
    WorldRecord,
    world_dtype,
)

POWERS = 2
DOVE, DETERRENT, HAWK = 0, 1, 2
OPTIONS = 3


@parameters
class Parameters(ParametersBase):
    """Parameters of `deterrence`."""

    CAPACITY = POWERS

    powers: int = parameter(POWERS, POWERS, POWERS, unit="powers", doc="Two rivals.")
    decisiveness: float = parameter(
        2.0, 0.0, 20.0, unit="1/arms", doc="g: how steeply winning responds to arms.", observed=True
    )
    war_cost: float = parameter(0.5, 0.0, 10.0, doc="C: what a war costs each side.", observed=True)
    arms_cost: float = parameter(
        0.2, 0.0, 10.0, unit="1/arms", doc="k: what a unit of arms costs.", observed=True
    )
    prize: float = parameter(1.0, 0.0, 10.0, doc="G: what a war moves from loser to winner.")
    deterrent_arms: float = parameter(0.5, 0.0, 10.0, unit="arms", doc="l_1: a deterrent's arms.")
    hawk_arms: float = parameter(1.0, 0.0, 10.0, unit="arms", doc="l_2: a hawk's arms.")
    years: int = parameter(1, 1, 1_000, unit="years", doc="T: years until the game ends.")
    discount: float = parameter(1.0, 0.0, 1.0, unit="1/year", doc="Weight of the next year.")

    def check(self) -> None:
        """Refuse a deterrent that is armed as heavily as a hawk."""
        if not 0.0 < self.deterrent_arms < self.hawk_arms:
            raise ParameterError(
                f"deterrent_arms {self.deterrent_arms:g} must lie between 0 and hawk_arms "
                f"{self.hawk_arms:g}: doves, deterrents and hawks differ in their arms."
            )


class World(WorldRecord):
    """What changes while `deterrence` runs."""

    arms: PerPower
    war: PerPower


WORLD = world_dtype(World, POWERS)

FEATURES = (
    Feature("years_left", 0.0, 1.0, "of all years", "Years still to play, this one included."),
)


@rule
def arms_of(parameters: Parameters, option: int) -> float:
    """Return the arms of a dove, a deterrent or a hawk."""
    if option == DOVE:
        return 0.0
    arms: float = parameters.deterrent_arms if option == DETERRENT else parameters.hawk_arms
    return arms


@rule
def winning_chance(parameters: Parameters, own: float, other: float) -> float:
    """Return the probability p of winning a war."""
    return 1.0 / (1.0 + math.exp(-parameters.decisiveness * (own - other)))


@rule
def war_payoff(parameters: Parameters, own: float, other: float) -> float:
    """Return what a war is expected to bring, w."""
    stake = 2.0 * winning_chance(parameters, own, other) - 1.0
    expected: float = stake * parameters.prize - parameters.war_cost
    return expected


@rule
def is_war(parameters: Parameters, own: float, other: float) -> bool:
    """Return whether a war pays either side."""
    return bool(
        war_payoff(parameters, own, other) > 0.0 or war_payoff(parameters, other, own) > 0.0
    )


@rule
def payoff(parameters: Parameters, own: float, other: float) -> float:
    """Return a power's payoff of a year, u."""
    gained = war_payoff(parameters, own, other) if is_war(parameters, own, other) else 0.0
    return float(gained - parameters.arms_cost * own)


@rule
def start(world: World, parameters: Parameters) -> None:
    """Begin unarmed and at peace."""
    for power in range(POWERS):
        world.arms[power] = 0.0
        world.war[power] = 0.0


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one year."""
    for power in range(POWERS):
        world.arms[power] = arms_of(parameters, actions[power, 0])
    for power in range(POWERS):
        own, other = world.arms[power], world.arms[1 - power]
        world.war[power] = 1.0 if is_war(parameters, own, other) else 0.0
        rewards[power] = payoff(parameters, own, other)
    world.year += 1
    return bool(world.year >= parameters.years)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write the years left; what was done in other years changes nothing."""
    for power in range(POWERS):
        observations[power, 0] = (parameters.years - world.year) / parameters.years


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


GAME = Game(
    name="deterrence",
    version=0,
    title="Doves, deterrents and hawks: arming to fight, or so as not to be fought",
    source="Jackson and Morelli 2009",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role(
            "power",
            (Choice("arms", ("dove", "deterrent", "hawk"), "How much to arm this year."),),
            "Arms a little, much or not at all.",
        ),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    discount=discount,
    accounts=(
        Account("arms", "spends", "arms", "arms"),
        Account("war", "spends", "war", "yes or no"),
    ),
    variants={
        "ten_years": {"years": 10, "discount": 0.96},
        "costly_war": {"war_cost": 0.6},
        "cheap_war": {"war_cost": 0.4},
    },
)
