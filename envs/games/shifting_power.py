r"""Shifting power: one side may arm in secret, the other may strike preventively.

Every year the target invests in arms or does not, :math:`i \in \{0, 1\}`. The deterrer sees an
investment with probability :math:`s`; there are no false alarms. Then it strikes or does not,
:math:`a \in \{0, 1\}`:

.. math::

    u_T &= (1 - a)\, i\, \Delta - a\, c_T - i\, k \\
    u_D &= -(1 - a)\, i\, \Delta - a\, c_D

The years are independent of each other.

Source: after Debs and Monteiro (2014), "Known unknowns: power shifts, uncertainty, and war",
International Organization 68 (a rise that would be seen is deterred; a rise that may stay hidden is
sometimes attempted, and then a war may be fought against a target that did not arm); after Powell
(2006), "War as a commitment problem", International Organization 60 (bargaining cannot avert a war
over a large shift). The two by two moves, the signal and all numbers are ours.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

from counterpoise.envs.engine.columns import column, columns, component, parts
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
PHASES = ("invest", "strike")
INVEST, STRIKE = range(len(PHASES))


@parameters
class Parameters(ParametersBase):
    """Parameters of `shifting_power`."""

    CAPACITY = POWERS

    powers: int = parameter(POWERS, POWERS, POWERS, unit="powers", doc="Target and deterrer.")
    intelligence: float = parameter(
        0.5,
        0.0,
        1.0,
        doc="s: probability that the deterrer sees an investment.",
        observed=True,
        kind="odds",
    )
    shift: float = parameter(
        1.0,
        0.01,
        10.0,
        doc="Delta: gain of the target, and loss of the deterrer, if an investment is not struck.",
    )
    investment_cost: float = parameter(
        0.1, 0.001, 10.0, doc="k: cost of an investment to the target.", observed=True
    )
    target_war_cost: float = parameter(0.3, 0.0, 10.0, doc="c_T: cost of a strike to the target.")
    deterrer_war_cost: float = parameter(
        0.2, 0.001, 10.0, doc="c_D: cost of a strike to the deterrer."
    )
    years: int = parameter(1, 1, 1_000, unit="years", doc="T: number of years in an episode.")
    discount: float = parameter(1.0, 0.0, 1.0, unit="1/year", doc="Discount factor per year.")


class World(WorldRecord):
    """What changes while `shifting_power` runs."""

    invested: PerPower
    seen: PerPower
    struck: PerPower


WORLD = world_dtype(World, POWERS)

FEATURES = (
    Feature(
        "phase",
        0.0,
        1.0,
        doc="0 while the target decides, 1 while the deterrer decides.",
        kind="count",
    ),
    Feature(
        "years_left",
        0.0,
        1.0,
        "of all years",
        "Share of the years still to play, this one included.",
        kind="share",
    ),
    Feature(
        "invested",
        0.0,
        1.0,
        doc="Whether the target has invested; only the target sees it.",
        kind="flag",
    ),
    Feature(
        "signal",
        0.0,
        1.0,
        doc="Whether an investment was seen; only the deterrer sees it.",
        kind="flag",
    ),
)

TARGET_ACTIONS = (
    Choice("investment", ("hold", "invest"), "Whether to invest in arms, in secret."),
)
DETERRER_ACTIONS = (Choice("strike", ("wait", "strike"), "Whether to strike."),)
INVESTS = TARGET_ACTIONS[0].options.index("invest")
STRIKES = DETERRER_ACTIONS[0].options.index("strike")

SEES = columns(FEATURES)
RISING, STRIKING = parts(TARGET_ACTIONS), parts(DETERRER_ACTIONS)


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
    """Begin without an investment or a strike."""
    for power in range(POWERS):
        world.invested[power] = 0.0
        world.seen[power] = 0.0
        world.struck[power] = 0.0


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one phase: the hidden investment, or the strike and the payoffs of the year."""
    if world.phase == INVEST:
        world.invested[TARGET] = actions[TARGET, component(RISING.investment)]
        is_seen = world.invested[TARGET] == 1.0 and happens(world, parameters.intelligence)
        world.seen[DETERRER] = 1.0 if is_seen else 0.0
        world.struck[DETERRER] = 0.0
        world.phase = STRIKE
        return False
    world.struck[DETERRER] = actions[DETERRER, component(STRIKING.strike)]
    rewards[TARGET] = target_payoff(parameters, world.invested[TARGET], world.struck[DETERRER])
    rewards[DETERRER] = deterrer_payoff(parameters, world.invested[TARGET], world.struck[DETERRER])
    world.year += 1
    world.phase = INVEST
    return bool(world.year >= parameters.years)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write phase and years left, the investment for the target, the signal for the deterrer."""
    others = POWERS - 1
    for power in range(POWERS):
        row = observations[power]
        row[column(SEES.phase, others)] = world.phase
        row[column(SEES.years_left, others)] = (parameters.years - world.year) / parameters.years
        row[column(SEES.invested, others)] = 0.0
        row[column(SEES.signal, others)] = 0.0
    if world.phase == STRIKE:
        observations[TARGET, column(SEES.invested, others)] = world.invested[TARGET]
        observations[DETERRER, column(SEES.signal, others)] = world.seen[DETERRER]


@rule
def allow(world: World, parameters: Parameters, masks: Masks) -> None:
    """Close all but the null action to the power that is not on the move."""
    if world.phase == INVEST:
        masks[DETERRER, STRIKES] = 0
    else:
        masks[TARGET, INVESTS] = 0


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


GAME = Game(
    name="shifting_power",
    title="A hidden investment, an uncertain signal, and a preventive strike",
    source="after Debs and Monteiro 2014, Powell 2006",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role(
            "target",
            TARGET_ACTIONS,
            "May invest in arms.",
        ),
        Role(
            "deterrer",
            DETERRER_ACTIONS,
            "Sees the signal, then strikes or waits.",
        ),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    allow=allow,
    discount=discount,
    phases=PHASES,
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
