r"""Shifting power: one side may arm in secret, the other may strike before it is too late.

Every year the target invests in arms or does not, :math:`i \in \{0, 1\}`. The deterrer sees an
investment with probability :math:`s`; it never sees one that is not there. Then it strikes or does
not, :math:`a \in \{0, 1\}`:

.. math::

    u_T &= (1 - a)\, i\, \Delta - a\, c_T - i\, k \\
    u_D &= -(1 - a)\, i\, \Delta - a\, c_D

The years are independent of each other.

Source: after Debs and Monteiro (2014), "Known unknowns: power shifts, uncertainty, and war",
International Organization 68 (a rise that would be seen is deterred; a rise that may stay hidden
is tried sometimes, and then a war can be fought against nothing); after Powell (2006), "War as a
commitment problem", International Organization 60 (a large shift cannot be bargained away). The two
by two moves, the signal and every number are our distillation.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.game import Account, Choice, Feature, Game, Role
from counterpoise.envs.engine.parameters import ParametersBase, parameter, parameters
from counterpoise.envs.engine.randomness import happens
from counterpoise.envs.engine.world import (
    Actions,
    Masks,
    Observations,
    PerPower,
    Rewards,
    WorldRecord,
    world_dtype,
)

POWERS = 2
TARGET, DETERRER = 0, 1
INVEST, STRIKE = 0, 1


@parameters
class Parameters(ParametersBase):
    """Parameters of `shifting_power`."""

    CAPACITY = POWERS

    powers: int = parameter(POWERS, POWERS, POWERS, unit="powers", doc="Target and deterrer.")
    intelligence: float = parameter(
        0.5, 0.0, 1.0, doc="s: probability that an investment is seen.", observed=True
    )
    shift: float = parameter(
        1.0, 0.01, 10.0, doc="Delta: what an investment that is not struck moves to the target."
    )
    investment_cost: float = parameter(
        0.1, 0.001, 10.0, doc="k: what an investment costs the target.", observed=True
    )
    target_war_cost: float = parameter(0.3, 0.0, 10.0, doc="c_T: what a strike costs the target.")
    deterrer_war_cost: float = parameter(
        0.2, 0.001, 10.0, doc="c_D: what a strike costs the deterrer."
    )
    years: int = parameter(1, 1, 1_000, unit="years", doc="T: years until the game ends.")
    discount: float = parameter(1.0, 0.0, 1.0, unit="1/year", doc="Weight of the next year.")


class World(WorldRecord):
    """What changes while `shifting_power` runs."""

    invested: PerPower
    seen: PerPower
    struck: PerPower


WORLD = world_dtype(World, POWERS)

FEATURES = (
    Feature("phase", 0.0, 1.0, doc="0 while the target decides, 1 while the deterrer does."),
    Feature("years_left", 0.0, 1.0, "of all years", "Years still to play, this one included."),
    Feature("invested", 0.0, 1.0, doc="Whether the target has invested; the target's to see."),
    Feature("signal", 0.0, 1.0, doc="Whether an investment was seen; the deterrer's to see."),
)


@rule
def target_payoff(parameters: Parameters, invested: float, struck: float) -> float:
    """Return the target's payoff of a year."""
    gained: float = (1.0 - struck) * invested * parameters.shift
    spent: float = struck * parameters.target_war_cost + invested * parameters.investment_cost
    return gained - spent


@rule
def deterrer_payoff(parameters: Parameters, invested: float, struck: float) -> float:
    """Return the deterrer's payoff of a year."""
    lost: float = (1.0 - struck) * invested * parameters.shift
    fought: float = struck * parameters.deterrer_war_cost
    return -lost - fought


@rule
def start(world: World, parameters: Parameters) -> None:
    """Begin the first year: nobody has done anything."""
    for power in range(POWERS):
        world.invested[power] = 0.0
        world.seen[power] = 0.0
        world.struck[power] = 0.0


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one phase: the hidden investment, or the strike and the payoffs of the year."""
    if world.phase == INVEST:
        world.invested[TARGET] = actions[TARGET, 0]
        is_seen = world.invested[TARGET] == 1.0 and happens(world, parameters.intelligence)
        world.seen[DETERRER] = 1.0 if is_seen else 0.0
        world.struck[DETERRER] = 0.0
        world.phase = STRIKE
        return False
    world.struck[DETERRER] = actions[DETERRER, 0]
    rewards[TARGET] = target_payoff(parameters, world.invested[TARGET], world.struck[DETERRER])
    rewards[DETERRER] = deterrer_payoff(parameters, world.invested[TARGET], world.struck[DETERRER])
    world.year += 1
    world.phase = INVEST
    return bool(world.year >= parameters.years)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write the phase and the years left; the investment for one side, the signal for the other."""
    for power in range(POWERS):
        observations[power, 0] = world.phase
        observations[power, 1] = (parameters.years - world.year) / parameters.years
        observations[power, 2] = 0.0
        observations[power, 3] = 0.0
    if world.phase == STRIKE:
        observations[TARGET, 2] = world.invested[TARGET]
        observations[DETERRER, 3] = world.seen[DETERRER]


@rule
def allow(world: World, parameters: Parameters, masks: Masks) -> None:
    """Close everything to the power that is not on the move."""
    waiting = DETERRER if world.phase == INVEST else TARGET
    masks[waiting, 1] = 0


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


GAME = Game(
    name="shifting_power",
    version=0,
    title="A hidden investment, an uncertain signal, and a strike against what may not be there",
    source="after Debs and Monteiro 2014, Powell 2006",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role(
            "target",
            (Choice("investment", ("hold", "invest"), "Whether to invest in arms, in secret."),),
            "May rise.",
        ),
        Role(
            "deterrer",
            (Choice("strike", ("wait", "strike"), "Whether to strike."),),
            "Sees an investment or nothing, and strikes or waits.",
        ),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    allow=allow,
    discount=discount,
    phases=("invest", "strike"),
    accounts=(
        Account("invested", "spends", "invested", "yes or no"),
        Account("seen", "holds", "seen", "yes or no"),
        Account("struck", "spends", "struck", "yes or no"),
    ),
    variants={
        "transparent": {"intelligence": 0.8},
        "opaque": {"intelligence": 0.0},
        "ten_years": {"years": 10, "discount": 0.95},
        "costly_war": {"deterrer_war_cost": 1.5},
    },
)
