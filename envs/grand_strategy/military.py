"""Procurement, generations of arms, readiness, mobilisation, and the odds of a war."""

from __future__ import annotations

import math

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.grand_strategy.economy import USUAL_RESEARCH
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.world import World

# The square of less underflows to 0, and the odds would be 0 / 0.
LEAST_ATTACK = 1e-100


@rule
def effective(arms: float, readiness: float) -> float:
    """Return the strength of arms at some readiness."""
    # (13) E = M (.5 + .5 rho)
    return arms * (0.5 + 0.5 * readiness)


@rule
def mobilise(world: World, parameters: Parameters, power: int) -> None:
    """Add the strength of a mobilised society; the budget pays the cost."""
    if world.mobilised[power] == 0:
        world.mobilised[power] = 1
        # (13) E += .10 Y rho min(1, Z + V/2)
        sustained = min(1.0, world.resilience[power] + 0.5 * world.reserves[power])
        world.strength[power] += (
            parameters.mobilisation * world.product[power] * world.readiness[power] * sustained
        )


@rule
def attack_odds(parameters: Parameters, attack: float, defence: float) -> float:
    """Return the chance that an attack succeeds (Tullock 1980; Hirshleifer 1989)."""
    # (18) P = O^m / (O^m + D^m)
    if attack <= LEAST_ATTACK:
        return 0.0
    # A square is several times as fast as a general power.
    if parameters.decisiveness == 2.0:
        squared = attack * attack
        certain: float = squared / (squared + defence * defence)
        return certain
    odds: float = 1.0 / (1.0 + (defence / attack) ** parameters.decisiveness)
    return odds


@rule
def attack_strength(world: World, parameters: Parameters, attacker: int, target: int) -> float:
    """Return the strength O with which one power attacks another."""
    # (18) O_i = off prox_ij E_i
    strength: float = parameters.offence * world.proximity[attacker, target]
    strength *= world.strength[attacker]
    return strength


@rule
def procure(
    world: World, parameters: Parameters, power: int, mean_technology: float, frontier: float
) -> None:
    """Move arms and readiness to the next year; deduct the losses of wars."""
    output, arms = world.output[power], world.arms[power]
    ready = 1.0
    if arms > 0.0:
        ready = min(1.0, world.upkeep[power] * output / (parameters.upkeep * arms))
    # (13) rho' = rho + .4 (min(1, g_O Q / (.05 M)) - rho)
    world.readiness[power] += parameters.readiness_adjustment * (ready - world.readiness[power])
    shared = math.sqrt(world.research[power] / USUAL_RESEARCH) - 1.0
    quality = world.technology[power] / mean_technology
    quality *= 1.0 + parameters.integration_gain * world.integration[power] * shared
    # (12) M' = (1 - .08) M + (A / mean A) (1 + .15 c_m (sqrt(g_R / .025) - 1)) g_M Q
    arms = (1.0 - parameters.arms_decay) * arms + quality * world.procurement[power] * output
    if world.generation == 1:
        behind = 1.0 - world.technology[power] / frontier
        arms *= 1.0 - parameters.generation_gap * behind - parameters.generation_loss
    # (20, 21)
    world.arms[power] = arms * (1.0 - world.arms_lost[power])
