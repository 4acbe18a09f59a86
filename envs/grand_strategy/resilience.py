"""Supply security, reserves, blackouts and embargoes."""

from __future__ import annotations

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.randomness import happens
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.world import World

MOST_RESILIENCE = 0.95


@rule
def risk_blackout(world: World, parameters: Parameters, power: int) -> None:
    """Draw whether there is a blackout."""
    exposed = (1.0 - world.resilience[power]) * (1.0 - 0.5 * world.reserves[power])
    world.blackout[power] = 0
    # (2) with probability .08 (1 - Z)(1 - V/2)
    if happens(world, parameters.blackout_rate * exposed):
        world.blackout[power] = 1
        world.trade_loss[power] += parameters.blackout_loss


@rule
def exposure(world: World, parameters: Parameters, target: int, maker: int) -> float:
    """Return the share of a target's product that another power's embargo would destroy."""
    # (15) .25 dep_ji / (n - 1) (1 - Z_j)(1 - V_j/2)
    lost: float = parameters.embargo_damage * world.dependence[target, maker]
    lost *= (1.0 - world.resilience[target]) * (1.0 - 0.5 * world.reserves[target])
    return lost / (world.powers - 1.0)


@rule
def suffer_embargo(world: World, parameters: Parameters, maker: int, target: int) -> None:
    """Add the losses from an embargo on both sides."""
    world.trade_loss[target] += exposure(world, parameters, target, maker)
    # (15) X_i += .03 dep_ij / (n - 1) (1 - Z_i)
    world.trade_loss[maker] += (
        parameters.embargo_cost
        * world.dependence[maker, target]
        / (world.powers - 1.0)
        * (1.0 - world.resilience[maker])
    )


@rule
def is_embargoed(world: World, power: int) -> bool:
    """Return whether anyone embargoes a power this year."""
    makers = 0
    for maker in range(world.powers):
        makers += world.embargo[maker, power]
    return makers > 0


@rule
def secure_supply(world: World, parameters: Parameters, power: int) -> None:
    """Move resilience and reserves to the next year."""
    secured = world.resilience[power]
    # (14) Z' = min(.95, .97 Z + 10 g_Z (1 - Z))
    grown = (1.0 - parameters.resilience_decay) * secured
    grown += parameters.resilience_yield * world.supply[power] * (1.0 - secured)
    world.resilience[power] = min(MOST_RESILIENCE, grown)
    # (14) V' = V + 10 g_V - .02 - .25 [embargoed], from 0 to 1
    stored = world.reserves[power] + parameters.reserve_yield * world.stockpile[power]
    stored -= parameters.reserve_use
    if is_embargoed(world, power):
        stored -= parameters.reserve_drain
    world.reserves[power] = min(max(stored, 0.0), 1.0)
