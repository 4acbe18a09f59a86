r"""Arms race: rivals fear each other's stocks, bear the cost of arming, and see their arms age.

Each year every power builds or scraps arms. Arms become obsolete. The stock that a power wants is
its fear of its rivals' stocks plus its grievance; its ally's stock counts towards it. A power pays
for any distance from the wanted stock, and for building:

.. math::

    x_i' &= (1 - \delta) x_i + u_i + s \varepsilon_i, \qquad x_i \ge 0 \\
    \text{cost}_i &= q_i \Bigl(x_i + \sigma \sum_{\text{ally}} x_j
        - \rho \sum_{\text{rival}} x_j - g_i\Bigr)^2 + r_i u_i^2,
    \qquad \text{reward}_i = -\text{cost}_i

The cost of a year depends on the stocks at its beginning, so what is built this year counts from
the next year. With three powers, 0 and 1 are allies against 2. A power cannot scrap more than is
left of its stock: the build that enters stock and cost is :math:`\max(u, -(1-\delta)x)`.

Source: after Richardson (1960), "Arms and Insecurity" (fear, fatigue and grievance), and after its
formulation as a differential game of rational powers by Simaan and Cruz (1975), Review of Economic
Studies 42, and van der Ploeg and de Zeeuw (1990), International Economic Review 31. The ally is
after Bruce (1990), Defence Economics 1. Discrete time, the exact quadratic cost, the limits to
building and scrapping, and the numbers are ours.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

from counterpoise.envs.engine.columns import column, columns, component, parts
from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.game import Account, Continuous, Feature, Game, Role
from counterpoise.envs.engine.parameters import ParametersBase, parameter, parameters
from counterpoise.envs.engine.randomness import normal
from counterpoise.envs.engine.world import (
    Actions,
    Observations,
    PerPower,
    Rewards,
    WorldRecord,
    world_dtype,
)

MOST_POWERS = 3
LARGEST_BUILD = 1.0
MOST_ARMS_AT_START = 20.0

# The fixed point of the largest build and the largest shock (0.5 times the generator's largest
# deviate of 8.3) at the lowest obsolescence (1 % per year): 515.
MOST_ARMS = 520.0


@parameters
class Parameters(ParametersBase):
    """Parameters of `arms_race`."""

    CAPACITY = MOST_POWERS

    powers: int = parameter(
        2, 2, MOST_POWERS, unit="powers", doc="Two rivals, or two allies (0, 1) against a third."
    )
    fear: float = parameter(
        0.6,
        0.0,
        1.0,
        doc="rho: weight of a rival's arms in the wanted stock.",
        observed=True,
    )
    fatigue: tuple[float, ...] = parameter(
        (4.0,),
        0.01,
        100.0,
        unit="cost/(% of GDP/year)^2",
        doc="r: cost of building (fiscal burden).",
        per_power=True,
        observed=True,
    )
    spill_in: float = parameter(
        0.0,
        0.0,
        1.0,
        doc="sigma: share of an ally's arms that counts towards the wanted stock.",
        observed=True,
        kind="share",
    )
    obsolescence: float = parameter(
        0.08,
        0.01,
        1.0,
        unit="1/year",
        doc="delta: share of the stock that becomes obsolete.",
        observed=True,
        kind="share",
    )
    weight: tuple[float, ...] = parameter(
        (1.0,),
        0.0,
        100.0,
        unit="cost/(% of GDP)^2",
        doc="q: cost of a distance from the wanted stock.",
        per_power=True,
    )
    grievance: tuple[float, ...] = parameter(
        (1.0,),
        0.0,
        10.0,
        unit="% of GDP",
        doc="g: wanted stock against unarmed rivals.",
        per_power=True,
    )
    arms: tuple[float, ...] = parameter(
        (1.0,),
        0.0,
        MOST_ARMS_AT_START,
        unit="% of GDP",
        doc="x_0: stock in the first year.",
        per_power=True,
    )
    noise: float = parameter(
        0.0, 0.0, 0.5, unit="% of GDP", doc="s: standard deviation of the yearly shock to a stock."
    )
    horizon: int = parameter(
        30, 1, 1_000, unit="years", doc="Number of years in an episode, unless the game is endless."
    )
    endless: bool = parameter(
        False, 0, 1, unit="yes or no", doc="Whether the game has no last year."
    )
    discount: float = parameter(0.95, 0.0, 1.0, unit="1/year", doc="Discount factor per year.")


class World(WorldRecord):
    """What changes while `arms_race` runs."""

    arms: PerPower
    build: PerPower
    cost: PerPower


WORLD = world_dtype(World, MOST_POWERS)

FEATURES = (
    Feature("arms", 0.0, MOST_ARMS, "% of GDP", "The power's own stock of arms."),
    Feature("arms_of_other", 0.0, MOST_ARMS, "% of GDP", "Each other power's stock.", others=True),
    Feature(
        "other_is_ally",
        0.0,
        1.0,
        "yes or no",
        "Whether each other power is an ally.",
        others=True,
        kind="flag",
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

ACTIONS = (
    Continuous(
        "build",
        -LARGEST_BUILD,
        LARGEST_BUILD,
        "% of GDP/year",
        "Arms built; a negative amount is scrapped.",
    ),
)

SEES = columns(FEATURES)
DOES = parts(ACTIONS)


@rule
def start(world: World, parameters: Parameters) -> None:
    """Set the stocks of the first year; no power has built anything yet."""
    for power in range(world.powers):
        world.arms[power] = parameters.arms[power]
        world.build[power] = 0.0
        world.cost[power] = 0.0


@rule
def are_allies(powers: int, first: int, second: int) -> bool:
    """Return whether two powers are allies: the first two of three."""
    return powers == 3 and first != second and first < 2 and second < 2


@rule
def arms_left(parameters: Parameters, arms: float) -> float:
    """Return the part of a stock that is left in the next year."""
    return float((1.0 - parameters.obsolescence) * arms)


@rule
def effective_build(parameters: Parameters, arms: float, build: float) -> float:
    """Return the build within the limit that no power scraps more than is left."""
    return max(build, -arms_left(parameters, arms))


@rule
def surplus(parameters: Parameters, power: int, arms: PerPower) -> float:
    """Return how far one power's stock, with its ally's, exceeds the wanted stock."""
    gap = arms[power] - parameters.grievance[power]
    for other in range(parameters.powers):
        if are_allies(parameters.powers, power, other):
            gap += parameters.spill_in * arms[other]
        elif other != power:
            gap -= parameters.fear * arms[other]
    return float(gap)


@rule
def yearly_cost(parameters: Parameters, power: int, arms: PerPower, build: float) -> float:
    """Return one power's cost of a year, from all stocks at its beginning and its own build."""
    gap = surplus(parameters, power, arms)
    return float(parameters.weight[power] * gap * gap + parameters.fatigue[power] * build * build)


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one year: powers build at the same time, bear the cost, and arms age."""
    for power in range(world.powers):
        build = effective_build(
            parameters, world.arms[power], actions[power, component(DOES.build)]
        )
        world.build[power] = build
        world.cost[power] = yearly_cost(parameters, power, world.arms, build)
        rewards[power] = -world.cost[power]
    for power in range(world.powers):
        arms = arms_left(parameters, world.arms[power]) + world.build[power]
        if parameters.noise > 0.0:
            arms += parameters.noise * normal(world)
        world.arms[power] = max(arms, 0.0)
    world.year += 1
    return bool(parameters.endless == 0 and world.year >= parameters.horizon)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write each power's own stock, the others' stocks, who is an ally, and the time left."""
    left = 1.0
    if parameters.endless == 0:
        left = (parameters.horizon - world.year) / parameters.horizon
    others = world.powers - 1
    for power in range(world.powers):
        row = observations[power]
        row[column(SEES.arms, others)] = world.arms[power]
        place = 0
        for other in range(world.powers):
            if other != power:
                row[column(SEES.arms_of_other, others, place)] = world.arms[other]
                allied = are_allies(world.powers, power, other)
                row[column(SEES.other_is_ally, others, place)] = 1.0 if allied else 0.0
                place += 1
        row[column(SEES.years_left, others)] = left


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


def alliances(world: World, parameters: Parameters) -> list[tuple[str, str]]:
    """Return the alliance of the first two of three powers."""
    powers = int(world.powers)
    return [
        (f"power_{first}", f"power_{second}")
        for first in range(powers)
        for second in range(first + 1, powers)
        if are_allies(powers, first, second)
    ]


GAME = Game(
    name="arms_race",
    title="Rivals arm out of fear, bear the cost, and their arms age",
    source="after Richardson 1960, Simaan and Cruz 1975, van der Ploeg and de Zeeuw 1990",
    parameters=Parameters,
    world=WORLD,
    roles=(Role("power", ACTIONS, "A power that builds arms."),),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    discount=discount,
    default_max_cycles=1_000,
    accounts=(
        Account("build", "spends", "build", "% of GDP/year"),
        Account("cost", "spends", "cost of the year", "1"),
        Account("arms", "holds", "arms", "% of GDP"),
    ),
    alliances=alliances,
    variants={
        "three_powers": {"powers": 3, "fear": 0.4, "spill_in": 0.25},
        "endless": {"endless": True},
        "noisy": {"noise": 0.1},
    },
)
