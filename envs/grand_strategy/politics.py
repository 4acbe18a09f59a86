"""Coherence, turnover of governments, collapse, and the yearly payoff."""

from __future__ import annotations

import math

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.randomness import happens, normal, uniform
from counterpoise.envs.grand_strategy.diplomacy import autonomy_lost, dissolve
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.resilience import is_embargoed
from counterpoise.envs.grand_strategy.world import NOBODY, World

USUAL_CONSUMPTION, USUAL_WELFARE = 0.5, 0.2
LEAST_CONSUMPTION, LEAST_WELFARE = 0.02, 0.01
MOST_FEAR = 4.0
MOST_WAR_COST = 0.5


@rule
def cohere(world: World, parameters: Parameters, power: int) -> None:
    """Move coherence to the next year."""
    coherence = world.coherence[power]
    # (22)
    change = parameters.coherence_adjustment * (parameters.usual_coherence - coherence)
    change += parameters.growth_coherence * (world.growth[power] - parameters.usual_growth)
    change -= parameters.tax_resentment * max(0.0, world.tax[power] - parameters.high_tax)
    lacking = max(0.0, parameters.low_welfare - world.welfare[power])
    change -= parameters.welfare_resentment * lacking
    if world.demanded_by[power] != NOBODY or is_embargoed(world, power):
        change += parameters.rally
    change -= world.coherence_lost[power]
    world.coherence[power] = min(max(coherence + change, 0.0), 1.0)


@rule
def change_government(world: World, parameters: Parameters, power: int) -> None:
    """Draw whether the government changes, and the losses if it does."""
    coherence = world.coherence[power]
    world.turnover[power] = 0
    # (23)
    if happens(world, parameters.turnover_rate * (parameters.turnover_from - coherence)):
        world.turnover[power] = 1
        world.arms[power] *= 1.0 - parameters.broken_arms
        world.technology[power] *= 1.0 - parameters.broken_technology
        spread = parameters.leader_spread * (1.0 - coherence)
        world.fear[power] = min(math.exp(spread * normal(world)), MOST_FEAR)
        for other in range(world.powers):
            if world.allied[power, other] == 1 and happens(world, parameters.broken_alliance):
                dissolve(world, power, other)


@rule
def face_war(world: World, parameters: Parameters, power: int) -> None:
    """Draw what a war in the coming year would cost a power's government, known to it alone."""
    # (20) exponential, so that some governments are ready to fight in any year
    drawn = -parameters.mean_war_cost * math.log(1.0 - uniform(world))
    world.war_cost[power] = min(drawn, MOST_WAR_COST)


@rule
def fall(world: World, parameters: Parameters, power: int) -> None:
    """Remove a power from the game if its capital is below the limit."""
    # (24)
    if world.capital[power] < parameters.collapse * world.first_capital[power]:
        world.alive[power] = 0
        for other in range(world.powers):
            if world.allied[power, other] == 1:
                dissolve(world, power, other)


@rule
def value_year(world: World, parameters: Parameters, power: int) -> float:
    """Set the parts of a power's payoff in the year and return their sum, in utils."""
    enjoyed = world.consumed[power] * (1.0 - world.felt_loss[power])
    # (25) no policy changes the reference: a power's own past as reference would reward taxing
    # heavily first
    enjoyed = max(enjoyed / world.consumption_reference[power], LEAST_CONSUMPTION)
    welfare = max(world.welfare[power], LEAST_WELFARE) / USUAL_WELFARE
    secure = 2.0 * world.security[power] - 1.0
    world.consumption_utils[power] = math.log(enjoyed)
    world.welfare_utils[power] = parameters.welfare_weight * math.log(welfare)
    world.security_utils[power] = parameters.security_weight * world.fear[power] * secure
    world.autonomy_utils[power] = -autonomy_lost(world, parameters, power)
    value: float = world.consumption_utils[power] + world.welfare_utils[power]
    value += world.security_utils[power] + world.autonomy_utils[power]
    return value
