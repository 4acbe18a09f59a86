r"""Guns, butter, factories and laboratories: what a state builds, and when.

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
the mean of the others. A coalition that governs with probability :math:`\pi` also next year weighs
it by :math:`\beta \pi`.

An action is four weights in logarithms, each from -4 to 4; the shares are their softmax. So every
action divides the whole income, no share is nothing, and equal steps are equal ratios (the additive
log-ratio coordinates of Aitchison 1986). The smallest share is e\ :sup:`-8` of the largest.

Source: the question is Powell's (1993), "Guns, butter, and anarchy", American Political Science
Review 87; the logarithmic technique is after Levhari and Mirman (1980), Bell Journal of Economics
11. The model and every number are ours. It is a game of dominant strategies, a prisoners' dilemma
in military spending, and in it guns crowd out butter only: the share of industry does not move with
:math:`\theta`.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

import math
from typing import Any

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
INDUSTRY, TECHNOLOGY, MILITARY, CONSUMPTION = 0, 1, 2, 3
USES = 4
MOST_WEIGHT = 4.0

MOST_ELASTICITY = 0.45
# No share is below 1 / (1 + 3 e^8), whose logarithm is -9.1; with both elasticities at their most,
# stocks of which all the income were ever so small would settle at ten times that.
LEAST_STOCK = -95.0
LEAST_MILITARY = -200.0


@parameters
class Parameters(ParametersBase):
    """Parameters of `guns_and_butter`."""

    CAPACITY = POWERS

    powers: int = parameter(2, 2, POWERS, unit="powers", doc="Rival states.")
    military_weight: float = parameter(
        0.05, 0.0, 1.0, doc="theta: weight of being stronger than the others.", observed=True
    )
    survival: float = parameter(
        0.95,
        0.01,
        1.0,
        unit="1/year",
        doc="pi: probability that those who govern still do next year.",
        observed=True,
    )
    industry_elasticity: float = parameter(
        0.35, 0.0, MOST_ELASTICITY, doc="alpha: elasticity of income to industry."
    )
    technology_elasticity: float = parameter(
        0.25, 0.0, MOST_ELASTICITY, doc="gamma: elasticity of income to technology."
    )
    industry_depreciation: float = parameter(
        0.10, 0.0, 1.0, unit="1/year", doc="delta_K: share of industry renewed in a year."
    )
    technology_depreciation: float = parameter(
        0.06, 0.0, 1.0, unit="1/year", doc="delta_H: share of technology renewed in a year."
    )
    military_depreciation: float = parameter(
        0.12, 0.0, 1.0, unit="1/year", doc="delta_M: share of the military renewed in a year."
    )
    dual_use: float = parameter(
        0.30, 0.0, 1.0, doc="phi: how much technology adds to what the military buys."
    )
    horizon: int = parameter(
        30, 1, 1_000, unit="years", doc="T: years until the game ends, unless it is endless."
    )
    endless: bool = parameter(
        False, 0, 1, unit="yes or no", doc="Whether the game goes on for ever."
    )
    discount: float = parameter(
        0.96, 0.0, 1.0, unit="1/year", doc="beta: weight of the next year for who governs then."
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
    Feature("industry", LEAST_STOCK, 0.0, "logarithm", "Own industry."),
    Feature("technology", LEAST_STOCK, 0.0, "logarithm", "Own technology."),
    Feature("military", LEAST_MILITARY, 0.0, "logarithm", "Own military."),
    Feature("industry_of_other", LEAST_STOCK, 0.0, "logarithm", "Industry.", others=True),
    Feature("technology_of_other", LEAST_STOCK, 0.0, "logarithm", "Technology.", others=True),
    Feature("military_of_other", LEAST_MILITARY, 0.0, "logarithm", "Military.", others=True),
    Feature("years_left", 0.0, 1.0, "of horizon", "Years still to play; 1 in an endless game."),
)


@rule
def log_share(weights: Any, use: int) -> float:
    """Return the logarithm of the share that one of four log weights comes to."""
    highest = weights[0]
    for other in range(1, USES):
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
    """Return next year's logarithm of a stock of which a part is renewed."""
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
    """Return the part of a year's payoff in which the others have no part."""
    safety: float = parameters.military_weight * military
    return income(parameters, industry, technology) + consumed + safety


@rule
def start(world: World, parameters: Parameters) -> None:
    """Begin with stocks of one, whose logarithm is 0."""
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
    """Write the own stocks, the others' in order of seats, and the years left."""
    others = parameters.powers - 1
    left = 1.0
    if parameters.endless == 0:
        left = (parameters.horizon - world.year) / parameters.horizon
    for power in range(parameters.powers):
        observations[power, 0] = world.industry[power]
        observations[power, 1] = world.technology[power]
        observations[power, 2] = world.military[power]
        column = 3
        for other in range(parameters.powers):
            if other != power:
                observations[power, column] = world.industry[other]
                observations[power, column + others] = world.technology[other]
                observations[power, column + 2 * others] = world.military[other]
                column += 1
        observations[power, 3 + 3 * others] = left


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor of those who govern, beta pi."""
    return parameters.discount * parameters.survival


GAME = Game(
    name="guns_and_butter",
    version=0,
    title="Guns, butter, factories and laboratories, under governments that may fall",
    source="after Powell 1993, Levhari and Mirman 1980",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role(
            "power",
            tuple(
                Continuous(name, -MOST_WEIGHT, MOST_WEIGHT, "logarithm", doc)
                for name, doc in (
                    ("industry", "Weight of industry and infrastructure."),
                    ("technology", "Weight of technology and education."),
                    ("military", "Weight of the military."),
                    ("consumption", "Weight of consumption."),
                )
            ),
            "Divides its income: the shares are the softmax of the weights.",
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
