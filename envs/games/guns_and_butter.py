r"""Guns, butter, factories and laboratories: how a state divides its income over time.

Each power divides its income :math:`y` every year between industry, technology, military and
consumption, in shares :math:`s`. In logarithms of industry and infrastructure :math:`k`, technology
and education :math:`h`, and military :math:`m`,

.. math::

    y &= \alpha k + \gamma h \\
    k' &= (1 - \delta_K)\, k + \delta_K (\ln s_K + y) \\
    h' &= (1 - \delta_H)\, h + \delta_H (\ln s_H + y) \\
    m' &= (1 - \delta_M)\, m + \delta_M (\ln s_M + y + \varphi h) \\
    u_i &= y_i + \ln s_{C,i} + \theta \left( m_i - \overline{m}_{-i} \right)

where :math:`\varphi` is dual use, what technology adds to procurement, and :math:`\overline m_{-i}`
the mean of the others. A government that survives a year with probability :math:`\pi` discounts the
next year by :math:`\beta \pi`.

An action is four weights in logarithms, each from -4 to 4; the shares are their softmax. Every
action divides the whole income, no share is zero, and equal steps are equal ratios (the additive
log-ratio coordinates of Aitchison 1986). The smallest share is e\ :sup:`-8` of the largest.

Source: the question is Powell's (1993), "Guns, butter, and anarchy", American Political Science
Review 87; the logarithmic technique is after Levhari and Mirman (1980), Bell Journal of Economics
11. The model and all numbers are ours. Strategies are dominant, and military spending is a
prisoners' dilemma. Guns crowd out only butter: the share of industry does not depend on
:math:`\theta`.

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

POWERS = 8
MOST_WEIGHT = 4.0
ACTIONS = tuple(
    Continuous(name, -MOST_WEIGHT, MOST_WEIGHT, "logarithm", doc)
    for name, doc in (
        ("industry", "Log weight of industry and infrastructure."),
        ("technology", "Log weight of technology and education."),
        ("military", "Log weight of the military."),
        ("consumption", "Log weight of consumption."),
    )
)
USES = len(ACTIONS)
DOES = parts(ACTIONS)
INDUSTRY, TECHNOLOGY = component(DOES.industry), component(DOES.technology)
MILITARY, CONSUMPTION = component(DOES.military), component(DOES.consumption)

MOST_ELASTICITY = 0.45
# No share is below 1 / (1 + 3 e^8), whose logarithm is -9.1; at the highest elasticities, a stock
# that always receives that share converges to ten times this logarithm.
LEAST_STOCK = -95.0
LEAST_MILITARY = -200.0


@parameters
class Parameters(ParametersBase):
    """Parameters of `guns_and_butter`."""

    CAPACITY = POWERS

    powers: int = parameter(2, 2, POWERS, unit="powers", doc="Number of rival states.")
    military_weight: float = parameter(
        0.05,
        0.0,
        1.0,
        doc="theta: weight of military strength relative to the others.",
        observed=True,
    )
    survival: float = parameter(
        0.95,
        0.01,
        1.0,
        unit="1/year",
        doc="pi: probability that the government survives a year.",
        observed=True,
        kind="odds",
    )
    industry_elasticity: float = parameter(
        0.35, 0.0, MOST_ELASTICITY, doc="alpha: elasticity of income to industry."
    )
    technology_elasticity: float = parameter(
        0.25, 0.0, MOST_ELASTICITY, doc="gamma: elasticity of income to technology."
    )
    industry_depreciation: float = parameter(
        0.10,
        0.0,
        1.0,
        unit="1/year",
        doc="delta_K: share of industry renewed per year.",
        kind="share",
    )
    technology_depreciation: float = parameter(
        0.06,
        0.0,
        1.0,
        unit="1/year",
        doc="delta_H: share of technology renewed per year.",
        kind="share",
    )
    military_depreciation: float = parameter(
        0.12,
        0.0,
        1.0,
        unit="1/year",
        doc="delta_M: share of the military renewed per year.",
        kind="share",
    )
    dual_use: float = parameter(
        0.30, 0.0, 1.0, doc="phi: dual use, the elasticity of procurement to technology."
    )
    horizon: int = parameter(
        30,
        1,
        1_000,
        unit="years",
        doc="T: number of years in an episode, unless the game is endless.",
    )
    endless: bool = parameter(
        False, 0, 1, unit="yes or no", doc="Whether the game has no last year."
    )
    discount: float = parameter(
        0.96,
        0.0,
        1.0,
        unit="1/year",
        doc="beta: discount factor per year of a government that survives.",
    )


class World(WorldRecord):
    """What changes while `guns_and_butter` runs."""

    industry: PerPower
    technology: PerPower
    military: PerPower
    income: PerPower
    industry_share: PerPower
    technology_share: PerPower
    military_share: PerPower
    consumption_share: PerPower


WORLD = world_dtype(World, POWERS)

FEATURES = (
    Feature("industry", LEAST_STOCK, 0.0, "logarithm", "The power's own industry.", kind="log"),
    Feature("technology", LEAST_STOCK, 0.0, "logarithm", "The power's own technology.", kind="log"),
    Feature("military", LEAST_MILITARY, 0.0, "logarithm", "The power's own military.", kind="log"),
    Feature(
        "industry_of_other",
        LEAST_STOCK,
        0.0,
        "logarithm",
        "Each other power's industry.",
        others=True,
        kind="log",
    ),
    Feature(
        "technology_of_other",
        LEAST_STOCK,
        0.0,
        "logarithm",
        "Each other power's technology.",
        others=True,
        kind="log",
    ),
    Feature(
        "military_of_other",
        LEAST_MILITARY,
        0.0,
        "logarithm",
        "Each other power's military.",
        others=True,
        kind="log",
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

SEES = columns(FEATURES)


@rule
def log_share(weights: Actions, use: int) -> float:
    """Return the logarithm of one use's share, the softmax of the four log weights."""
    highest = weights[INDUSTRY]
    for other in range(INDUSTRY + 1, USES):
        highest = max(highest, weights[other])
    total = 0.0
    for other in range(USES):
        total += math.exp(weights[other] - highest)
    share: float = weights[use] - highest - math.log(total)
    return share


@rule
def income(parameters: Parameters, industry: float, technology: float) -> float:
    """Return y, the logarithm of income."""
    from_industry: float = parameters.industry_elasticity * industry
    from_technology: float = parameters.technology_elasticity * technology
    return from_industry + from_technology


@rule
def renewed(stock: float, depreciation: float, bought: float) -> float:
    """Return the logarithm of a stock in the next year, after a part of it is renewed."""
    return (1.0 - depreciation) * stock + depreciation * bought


@rule
def industry_next(
    parameters: Parameters, industry: float, technology: float, spent: float
) -> float:
    """Return k' from the stocks and the logarithm of the share spent on it."""
    bought = spent + income(parameters, industry, technology)
    return renewed(industry, parameters.industry_depreciation, bought)


@rule
def technology_next(
    parameters: Parameters, industry: float, technology: float, spent: float
) -> float:
    """Return h' from the stocks and the logarithm of the share spent on it."""
    bought = spent + income(parameters, industry, technology)
    return renewed(technology, parameters.technology_depreciation, bought)


@rule
def military_next(
    parameters: Parameters, industry: float, technology: float, military: float, spent: float
) -> float:
    """Return m' from the stocks and the logarithm of the share spent on it."""
    bought = spent + income(parameters, industry, technology) + parameters.dual_use * technology
    return renewed(military, parameters.military_depreciation, bought)


@rule
def own_payoff(
    parameters: Parameters, industry: float, technology: float, military: float, consumed: float
) -> float:
    """Return the part of a year's payoff that does not depend on the others."""
    safety: float = parameters.military_weight * military
    return income(parameters, industry, technology) + consumed + safety


@rule
def start(world: World, parameters: Parameters) -> None:
    """Set all stocks to 1, whose logarithm is 0."""
    for power in range(parameters.powers):
        world.industry[power] = 0.0
        world.technology[power] = 0.0
        world.military[power] = 0.0


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one year: divide incomes, pay, and renew the stocks."""
    total = 0.0
    for power in range(parameters.powers):
        total += world.military[power]
    for power in range(parameters.powers):
        k, h, m = world.industry[power], world.technology[power], world.military[power]
        weights = actions[power]
        consumed = log_share(weights, CONSUMPTION)
        others = (total - m) / (parameters.powers - 1)
        rewards[power] = own_payoff(parameters, k, h, m, consumed)
        rewards[power] -= parameters.military_weight * others
        world.income[power] = income(parameters, k, h)
        world.industry_share[power] = math.exp(log_share(weights, INDUSTRY))
        world.technology_share[power] = math.exp(log_share(weights, TECHNOLOGY))
        world.military_share[power] = math.exp(log_share(weights, MILITARY))
        world.consumption_share[power] = math.exp(consumed)
        world.industry[power] = industry_next(parameters, k, h, log_share(weights, INDUSTRY))
        world.technology[power] = technology_next(parameters, k, h, log_share(weights, TECHNOLOGY))
        world.military[power] = military_next(parameters, k, h, m, log_share(weights, MILITARY))
    world.year += 1
    return bool(parameters.endless == 0 and world.year >= parameters.horizon)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write the power's own stocks, the others' in order of seats, and the years left."""
    others = parameters.powers - 1
    left = 1.0
    if parameters.endless == 0:
        left = (parameters.horizon - world.year) / parameters.horizon
    for power in range(parameters.powers):
        row = observations[power]
        row[column(SEES.industry, others)] = world.industry[power]
        row[column(SEES.technology, others)] = world.technology[power]
        row[column(SEES.military, others)] = world.military[power]
        place = 0
        for other in range(parameters.powers):
            if other != power:
                row[column(SEES.industry_of_other, others, place)] = world.industry[other]
                row[column(SEES.technology_of_other, others, place)] = world.technology[other]
                row[column(SEES.military_of_other, others, place)] = world.military[other]
                place += 1
        row[column(SEES.years_left, others)] = left


def discount(parameters: Parameters) -> float:
    """Return the government's yearly discount factor, beta pi."""
    return parameters.discount * parameters.survival


GAME = Game(
    name="guns_and_butter",
    title="Guns, butter, factories and laboratories, under governments that may fall",
    source="after Powell 1993, Levhari and Mirman 1980",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role(
            "power",
            ACTIONS,
            "Divides its income; the shares are the softmax of the weights.",
        ),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    discount=discount,
    accounts=(
        Account("industry_share", "spends", "industry", "of income"),
        Account("technology_share", "spends", "technology", "of income"),
        Account("military_share", "spends", "military", "of income"),
        Account("consumption_share", "spends", "consumption", "of income"),
    ),
    variants={
        "eight_powers": {"powers": 8},
        "unstable": {"survival": 0.8},
        "militarist": {"military_weight": 0.1},
        "short": {"horizon": 3},
        "endless": {"endless": True},
    },
)
