"""Alliance offers and notice, the cost of lost autonomy, and the public record of pledges."""

from __future__ import annotations

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.world import OFFER, WITHDRAW, World


@rule
def count_allies(world: World) -> None:
    """Count every power's allies."""
    for power in range(world.powers):
        count = 0
        for other in range(world.powers):
            count += world.allied[power, other]
        world.allies[power] = count


@rule
def can_ally(world: World, parameters: Parameters, power: int, other: int) -> bool:
    """Return whether an alliance of two powers could be formed now."""
    return bool(
        world.alive[power] == 1
        and world.alive[other] == 1
        and world.allied[power, other] == 0
        and world.allies[power] < parameters.most_allies[power]
        and world.allies[other] < parameters.most_allies[other]
    )


@rule
def negotiate(world: World, parameters: Parameters) -> None:
    """Form the alliances that both sides offer, and record notice where one side withdraws."""
    powers = world.powers
    for power in range(powers):
        for other in range(power):
            world.formed[power, other] = 0
            world.formed[other, power] = 0
            if world.allied[power, other] == 1:
                # (16) an ally that leaves is bound to the end of the year
                leaves = (
                    world.stance[power, other] == WITHDRAW or world.stance[other, power] == WITHDRAW
                )
                world.notice[power, other] = world.notice[other, power] = 1 if leaves else 0
            elif (
                world.stance[power, other] == OFFER
                and world.stance[other, power] == OFFER
                and can_ally(world, parameters, power, other)
            ):
                world.allied[power, other] = world.allied[other, power] = 1
                world.formed[power, other] = world.formed[other, power] = 1
                world.allies[power] += 1
                world.allies[other] += 1


@rule
def trade_with_allies(world: World, parameters: Parameters, power: int) -> None:
    """Add the cost of new alliances to the losses, and deduct the gains from trade with allies."""
    formed = 0
    for other in range(world.powers):
        formed += world.formed[power, other]
    # (16) .002 Q to set one up, .002 Q a year from trade with each ally
    world.trade_loss[power] += parameters.alliance_setup * formed
    world.trade_loss[power] -= parameters.alliance_trade * world.allies[power]


@rule
def autonomy_lost(world: World, parameters: Parameters, power: int) -> float:
    """Return the autonomy cost of a power's alliances, in utils (Altfeld 1984)."""
    allies = world.allies[power]
    # (16) k_A n (1 + .25 (n - 1))
    lost: float = parameters.autonomy_cost * parameters.autonomy[power] * allies
    lost *= 1.0 + parameters.crowding * (allies - 1.0)
    return lost


@rule
def expected_reliability(world: World, parameters: Parameters, power: int) -> float:
    """Return the expected probability that a power honours its next pledge."""
    # (17) (3 x .745 + honoured) / (3 + called)
    prior = parameters.prior_calls
    expected: float = (prior * world.reliability + world.honoured[power]) / (
        prior + world.called[power]
    )
    return expected


@rule
def dissolve(world: World, one: int, other: int) -> None:
    """End an alliance."""
    world.allied[one, other] = world.allied[other, one] = 0
    world.notice[one, other] = world.notice[other, one] = 0


@rule
def let_notice_expire(world: World) -> None:
    """End the alliances that were under notice this year."""
    for power in range(world.powers):
        for other in range(power):
            if world.notice[power, other] == 1:
                dissolve(world, power, other)
