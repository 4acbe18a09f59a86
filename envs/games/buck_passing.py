r"""Buck-passing and chain gangs: which power balances against an aggressor that threatens all?

The aggressor starts at level :math:`x = 0`. Every year each power concerned balances against it, at
a cost :math:`c_x = c_0 + c_1 x`, or passes the buck. If any power balances, the aggressor is
stopped and the game ends; those who passed then pay the tie cost :math:`h` (a broken treaty, a
shared fate). If no power balances, each loses :math:`l_x = (l_0 + l_1 x)(1 + o)`, and the aggressor
advances to :math:`x + 1`. One year after it has reached level :math:`X` each power loses :math:`L`,
and the game ends.

Offence dominance :math:`o` makes waiting costly, and ties make staying out costly.

Source: after Christensen and Snyder (1990), "Chain gangs and passed bucks", International
Organization 44 (where states believe that offence dominates, they tie themselves to their allies;
where they believe that defence dominates, they leave the fighting to each other); the volunteer's
dilemma of Diekmann (1985), Journal of Conflict Resolution 29, and Bliss and Nalebuff (1984),
Journal of Public Economics 25 (the more could help, the less likely is each to help). The dynamics
and every number are ours.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

from counterpoise.envs.engine.columns import column, columns, component, parts
from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.game import Account, Choice, Feature, Game, Role
from counterpoise.envs.engine.parameters import ParametersBase, parameter, parameters
from counterpoise.envs.engine.world import (
    Actions,
    Masks,
    Observations,
    PerPower,
    Rewards,
    Whole,
    WorldRecord,
    world_dtype,
)

POWERS = 8
MOST_LEVELS = 8

STAND = Choice("stand", ("pass", "balance"), "Whether to balance against the aggressor.")
PASS, BALANCE = map(STAND.options.index, ("pass", "balance"))


@parameters
class Parameters(ParametersBase):
    """Parameters of `buck_passing`."""

    CAPACITY = POWERS

    powers: int = parameter(
        3, 2, POWERS, unit="powers", doc="Number of powers, bystanders included."
    )
    bystanders: int = parameter(
        0,
        0,
        POWERS - 2,
        unit="powers",
        doc="Number of powers, the last seats, that the aggressor does not threaten.",
        observed=True,
    )
    offence_dominance: float = parameter(
        0.5, 0.0, 10.0, doc="o: relative rise of losses by the advantage of offence.", observed=True
    )
    tie_cost: float = parameter(
        0.0, 0.0, 1.0, doc="h: cost of having passed when another power balanced.", observed=True
    )
    balancing_cost: float = parameter(0.10, 0.0, 1.0, doc="c_0: cost of balancing at level 0.")
    balancing_cost_slope: float = parameter(
        0.05, 0.0, 1.0, unit="1/level", doc="c_1: rise of the cost of balancing per level."
    )
    yearly_loss: float = parameter(0.12, 0.0, 1.0, doc="l_0: loss at level 0 if no power balances.")
    yearly_loss_slope: float = parameter(
        0.04, 0.0, 1.0, unit="1/level", doc="l_1: rise of that loss per level."
    )
    final_loss: float = parameter(1.5, 0.0, 10.0, doc="L: loss at the last level.")
    levels: int = parameter(
        4,
        1,
        MOST_LEVELS,
        unit="levels",
        doc="X: last level, after which each power bears the final loss.",
    )
    start_level: int = parameter(
        0, 0, MOST_LEVELS - 1, unit="levels", doc="x: level in the first year."
    )
    discount: float = parameter(0.95, 0.0, 1.0, unit="1/year", doc="Discount factor per year.")

    def check(self) -> None:
        """Refuse fewer than two powers concerned, and a start at the last level."""
        if self.powers - self.bystanders < 2:
            raise ParameterError(
                f"bystanders {self.bystanders} of {self.powers} powers leave fewer than two whom "
                "the aggressor threatens: lower bystanders or raise powers."
            )
        if self.start_level >= self.levels:
            raise ParameterError(
                f"start_level {self.start_level} must be below levels {self.levels}, the last "
                "level."
            )


class World(WorldRecord):
    """What changes while `buck_passing` runs."""

    level: Whole
    balanced: PerPower
    lost: PerPower


WORLD = world_dtype(World, POWERS)

FEATURES = (
    Feature(
        "is_concerned", 0.0, 1.0, doc="Whether the aggressor threatens this power.", kind="flag"
    ),
    *(
        Feature(
            f"at_level_{level}",
            0.0,
            1.0,
            doc="Whether the aggressor is at this level.",
            kind="flag",
        )
        for level in range(MOST_LEVELS + 1)
    ),
)

SEES = columns(FEATURES)
DOES = parts((STAND,))


@rule
def is_concerned(parameters: Parameters, power: int) -> bool:
    """Return whether the aggressor threatens a power."""
    return bool(power < parameters.powers - parameters.bystanders)


@rule
def cost_of_balancing(parameters: Parameters, level: int) -> float:
    """Return c, the cost of balancing at a level."""
    cost: float = parameters.balancing_cost + parameters.balancing_cost_slope * level
    return cost


@rule
def loss_of_passing(parameters: Parameters, level: int) -> float:
    """Return l, the loss of each power in a year in which no power balances."""
    if_balanced: float = parameters.yearly_loss + parameters.yearly_loss_slope * level
    loss: float = if_balanced * (1.0 + parameters.offence_dominance)
    return loss


@rule
def payoff(parameters: Parameters, level: int, balances: bool, is_stopped: bool) -> float:
    """Return a concerned power's payoff of a year below the last level."""
    if balances:
        return -cost_of_balancing(parameters, level)
    if is_stopped:
        tie_cost: float = parameters.tie_cost
        return -tie_cost
    return -loss_of_passing(parameters, level)


@rule
def start(world: World, parameters: Parameters) -> None:
    """Set the aggressor's first level."""
    world.level = parameters.start_level


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one year."""
    world.year += 1
    if world.level == parameters.levels:
        for power in range(parameters.powers):
            if is_concerned(parameters, power):
                rewards[power] = -parameters.final_loss
                world.lost[power] += parameters.final_loss
        return True
    is_stopped = False
    for power in range(parameters.powers):
        balances = (
            is_concerned(parameters, power) and actions[power, component(DOES.stand)] == BALANCE
        )
        world.balanced[power] = 1.0 if balances else 0.0
        is_stopped = is_stopped or balances
    for power in range(parameters.powers):
        if is_concerned(parameters, power):
            balances = world.balanced[power] == 1.0
            rewards[power] = payoff(parameters, world.level, balances, is_stopped)
            world.lost[power] -= rewards[power]
    if not is_stopped:
        world.level += 1
    return is_stopped


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write the aggressor's level, and whether it threatens the observer."""
    others = parameters.powers - 1
    # The features of the levels stand one after another.
    first_level = column(SEES.at_level_0, others)
    for power in range(parameters.powers):
        concerned = is_concerned(parameters, power)
        observations[power, column(SEES.is_concerned, others)] = 1.0 if concerned else 0.0
        for level in range(MOST_LEVELS + 1):
            observations[power, first_level + level] = 1.0 if world.level == level else 0.0


@rule
def allow(world: World, parameters: Parameters, masks: Masks) -> None:
    """Close balancing to bystanders, and to all powers at the last level."""
    for power in range(parameters.powers):
        if not is_concerned(parameters, power) or world.level == parameters.levels:
            masks[power, BALANCE] = 0


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


GAME = Game(
    name="buck_passing",
    title="Any power could stop an aggressor, at a cost that each leaves to the others",
    source="after Christensen and Snyder 1990, Diekmann 1985, Bliss and Nalebuff 1984",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role(
            "power",
            (STAND,),
            "Balances or passes the buck.",
        ),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    allow=allow,
    discount=discount,
    accounts=(
        Account("balanced", "spends", "balances", "yes or no"),
        Account("lost", "owes", "cumulative loss", "payoff"),
    ),
    variants={
        "eight_powers": {"powers": 8},
        "chain_gang": {"tie_cost": 0.12},
        "bystanders": {"powers": 5, "bystanders": 2},
        "late": {"start_level": 3},
    },
)
