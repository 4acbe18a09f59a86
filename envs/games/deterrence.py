r"""Deterrence without parity: doves, deterrents and hawks arm, and a war is fought if it pays.

Every year each of two powers chooses its arms, :math:`l \in \{0, l_1, l_2\}`, at a cost of
:math:`k l`. Then both see the arms. Power :math:`i` would win a war with probability :math:`p_i`. A
war moves :math:`G` from the loser to the winner and costs each side :math:`C`; there is war if it
pays either side:

.. math::

    p_i = \frac{1}{1 + e^{-g (l_i - l_j)}}, \qquad
    w_i = (2 p_i - 1)\, G - C, \qquad
    u_i = [\max(w_i, w_j) > 0]\, w_i - k\, l_i

The powers are paid the expected outcome of a war. The years are independent of each other.

Source: Jackson and Morelli (2009), "Strategic militarization, deterrence and wars", Quarterly
Journal of Political Science 4: at intermediate costs of war every equilibrium mixes doves, hawks
and deterrents, wars are between unequal arms, and they become rarer as winning responds more to
arms. The three levels of arms, the logistic probability of winning and all numbers are ours.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

import math

from counterpoise.envs.engine.columns import column, columns, component, parts
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

ARMING = Choice("arms", ("dove", "deterrent", "hawk"), "Arms of this year.")
OPTIONS = len(ARMING.options)
DOVE, DETERRENT, HAWK = map(ARMING.options.index, ("dove", "deterrent", "hawk"))


@parameters
class Parameters(ParametersBase):
    """Parameters of `deterrence`."""

    CAPACITY = POWERS

    powers: int = parameter(POWERS, POWERS, POWERS, unit="powers", doc="Two rival powers.")
    decisiveness: float = parameter(
        2.0, 0.0, 20.0, unit="1/arms", doc="g: decisiveness of arms in a war.", observed=True
    )
    war_cost: float = parameter(0.5, 0.0, 10.0, doc="C: cost of a war to each side.", observed=True)
    arms_cost: float = parameter(
        0.2, 0.0, 10.0, unit="1/arms", doc="k: cost of a unit of arms.", observed=True
    )
    prize: float = parameter(
        1.0, 0.0, 10.0, doc="G: transfer from the loser of a war to the winner."
    )
    deterrent_arms: float = parameter(0.5, 0.0, 10.0, unit="arms", doc="l_1: a deterrent's arms.")
    hawk_arms: float = parameter(1.0, 0.0, 10.0, unit="arms", doc="l_2: a hawk's arms.")
    years: int = parameter(1, 1, 1_000, unit="years", doc="T: number of years in an episode.")
    discount: float = parameter(1.0, 0.0, 1.0, unit="1/year", doc="Discount factor per year.")

    def check(self) -> None:
        """Refuse a deterrent with no fewer arms than a hawk, or none."""
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
    Feature(
        "years_left",
        0.0,
        1.0,
        "of all years",
        "Share of the years still to play, this one included.",
        kind="share",
    ),
)

SEES = columns(FEATURES)
DOES = parts((ARMING,))


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
    """Return w, the expected payoff of a war."""
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
        world.arms[power] = arms_of(parameters, actions[power, component(DOES.arms)])
    for power in range(POWERS):
        own, other = world.arms[power], world.arms[1 - power]
        world.war[power] = 1.0 if is_war(parameters, own, other) else 0.0
        rewards[power] = payoff(parameters, own, other)
    world.year += 1
    return bool(world.year >= parameters.years)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write the years left; what happened in other years does not matter."""
    for power in range(POWERS):
        left = (parameters.years - world.year) / parameters.years
        observations[power, column(SEES.years_left, POWERS - 1)] = left


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


GAME = Game(
    name="deterrence",
    title="Doves, deterrents and hawks: arming to fight, or to deter",
    source="Jackson and Morelli 2009",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role(
            "power",
            (ARMING,),
            "Arms little, much or not at all.",
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
