r"""The paradox of power: why the poor fight harder, and when that is not enough.

Two powers hold resources :math:`R_1 \ge R_2` with the sum :math:`R`. Every year each spends
:math:`F_i \le R_i` on fighting. The rest is the common income, which they divide by their relative
fighting efforts:

.. math::

    u_i = \frac{F_i^m}{F_1^m + F_2^m} \left( R - F_1 - F_2 \right)

with :math:`m` the decisiveness of conflict; if neither fights, each gets half. An action is the
share of a power's own resources that it spends on fighting. The years are independent of each
other.

Source: after Hirshleifer (1991), "The paradox of power", Economics and Politics 3. The numbers are
ours, and so is the outcome if neither fights.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

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

POWERS = 2
RICH, POOR = 0, 1


@parameters
class Parameters(ParametersBase):
    """Parameters of `paradox_of_power`."""

    CAPACITY = POWERS

    powers: int = parameter(
        POWERS, POWERS, POWERS, unit="powers", doc="A richer and a poorer power."
    )
    inequality: float = parameter(
        0.75,
        0.5,
        0.99,
        unit="of resources",
        doc="R_1 / R: the richer power's share of all resources.",
        observed=True,
        kind="share",
    )
    decisiveness: float = parameter(
        1.0, 0.1, 10.0, doc="m: decisiveness of fighting for the division of income.", observed=True
    )
    resources: float = parameter(200.0, 0.01, 1e6, doc="R: resources of both powers together.")
    years: int = parameter(1, 1, 1_000, unit="years", doc="T: number of years in an episode.")
    discount: float = parameter(1.0, 0.0, 1.0, unit="1/year", doc="Discount factor per year.")


class World(WorldRecord):
    """What changes while `paradox_of_power` runs."""

    resources: PerPower
    fighting: PerPower
    income: PerPower


WORLD = world_dtype(World, POWERS)

FEATURES = (
    Feature("is_rich", 0.0, 1.0, doc="Whether this is the richer power.", kind="flag"),
    Feature(
        "years_left",
        0.0,
        1.0,
        "of all years",
        "Share of the years still to play, this one included.",
        kind="share",
    ),
)

ACTIONS = (
    Continuous(
        "fighting",
        0.0,
        1.0,
        "of own resources",
        "Share of the power's own resources spent on fighting.",
    ),
)

SEES = columns(FEATURES)
DOES = parts(ACTIONS)


@rule
def resources_of(parameters: Parameters, power: int) -> float:
    """Return a power's resources, R_i."""
    rich: float = parameters.inequality * parameters.resources
    return rich if power == RICH else parameters.resources - rich


@rule
def share_won(parameters: Parameters, own: float, other: float) -> float:
    """Return a power's share of the common income."""
    if own <= 0.0:
        return 0.5 if other <= 0.0 else 0.0
    # The power of the ratio: that of a large effort would overflow.
    ratio: float = (other / own) ** parameters.decisiveness
    return 1.0 / (1.0 + ratio)


@rule
def income(parameters: Parameters, own: float, other: float) -> float:
    """Return a power's income of a year."""
    common: float = parameters.resources - own - other
    return share_won(parameters, own, other) * common


@rule
def start(world: World, parameters: Parameters) -> None:
    """Set the resources."""
    for power in range(POWERS):
        world.resources[power] = resources_of(parameters, power)
        world.fighting[power] = 0.0
        world.income[power] = 0.0


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one year."""
    for power in range(POWERS):
        world.fighting[power] = actions[power, component(DOES.fighting)] * world.resources[power]
    for power in range(POWERS):
        own, other = world.fighting[power], world.fighting[1 - power]
        world.income[power] = income(parameters, own, other)
        rewards[power] = world.income[power]
    world.year += 1
    return bool(world.year >= parameters.years)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write which power is the richer one, and the years left."""
    for power in range(POWERS):
        observations[power, column(SEES.is_rich, POWERS - 1)] = 1.0 if power == RICH else 0.0
        left = (parameters.years - world.year) / parameters.years
        observations[power, column(SEES.years_left, POWERS - 1)] = left


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


GAME = Game(
    name="paradox_of_power",
    title="Rich and poor divide a common income by fighting for it",
    source="after Hirshleifer 1991",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role(
            "power",
            ACTIONS,
            "Divides its resources between fighting and production.",
        ),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    discount=discount,
    accounts=(
        Account("resources", "holds", "resources", "resources"),
        Account("fighting", "spends", "fighting", "resources"),
        Account("income", "holds", "income", "resources"),
    ),
    variants={
        "very_unequal": {"inequality": 0.9},
        "decisive": {"decisiveness": 4.0},
        "ten_years": {"years": 10, "discount": 0.95},
    },
)
