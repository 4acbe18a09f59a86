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
def are_unallied(world: World, power: int, other: int) -> bool:
    """Return whether two powers are in the game and no allies."""
    return bool(
        world.alive[power] == 1 and world.alive[other] == 1 and world.allied[power, other] == 0
    )


@rule
def can_ally(world: World, parameters: Parameters, power: int, other: int) -> bool:
    """Return whether an alliance of two powers could be formed now."""
    return bool(
        are_unallied(world, power, other)
        and world.allies[power] < parameters.most_allies[power]
        and world.allies[other] < parameters.most_allies[other]
    )


@rule
def may_withdraw(world: World, power: int, other: int) -> bool:
    """Return whether a power may leave an alliance: its term is over."""
    # (16)
    return bool(world.allied[power, other] == 1 and world.bound[power, other] == 0)


@rule
def negotiate(world: World, parameters: Parameters) -> None:
    """Form the alliances that both sides offer, and record notice where one side withdraws."""
    powers = world.powers
    for power in range(powers):
        for other in range(power):
            world.formed[power, other] = 0
            world.formed[other, power] = 0
            is_open = can_ally(world, parameters, power, other)
            offers = is_open and world.diplomacy[power, other] == OFFER
            answers = is_open and world.diplomacy[other, power] == OFFER
            if world.allied[power, other] == 1:
                # (16) an ally that leaves is bound to the end of the year
                leaves = may_withdraw(world, power, other) and (
                    world.diplomacy[power, other] == WITHDRAW
                    or world.diplomacy[other, power] == WITHDRAW
                )
                world.notice[power, other] = world.notice[other, power] = 1 if leaves else 0
            # (16) an offer of last year is still on the table
            elif (offers and (answers or world.offer[other, power] == 1)) or (
                answers and world.offer[power, other] == 1
            ):
                ally(world, parameters, power, other)
                offers = answers = False
            world.offer[power, other] = 1 if offers else 0
            world.offer[other, power] = 1 if answers else 0


@rule
def ally(world: World, parameters: Parameters, one: int, other: int) -> None:
    """Begin an alliance."""
    world.allied[one, other] = world.allied[other, one] = 1
    world.formed[one, other] = world.formed[other, one] = 1
    world.bound[one, other] = world.bound[other, one] = parameters.alliance_term
    world.allies[one] += 1
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
    # (16) k_A (n_a / (n - 1))^2
    tied = world.allies[power] / (world.powers - 1.0)
    lost: float = parameters.autonomy_cost * parameters.autonomy[power] * tied * tied
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
def is_helper(world: World, ally: int, target: int, attacker: int) -> bool:
    """Return whether a power would be called to help a target; an ally of both sides is not."""
    return bool(
        ally != attacker and world.allied[ally, target] == 1 and world.allied[ally, attacker] == 0
    )


@rule
def bought(world: World, parameters: Parameters, ally: int, target: int) -> float:
    """Return what last year's subsidy closes of the gap in an ally's commitment."""
    # (17) s / (s + s_1/2)
    paid = world.subsidy[target, ally]
    closed: float = paid / (paid + parameters.subsidy)
    return closed


@rule
def commitment(world: World, parameters: Parameters, ally: int, target: int) -> float:
    """Return the probability that an ally is committed to come: by institutions or subsidy."""
    # (17) b + (1 - b) s / (s + s_1/2)
    binding = parameters.binding
    committed: float = binding + (1.0 - binding) * bought(world, parameters, ally, target)
    return committed


@rule
def help_expected(world: World, parameters: Parameters, ally: int, target: int) -> float:
    """Return the expected part of an ally's strength that a target can count on."""
    # (17, 18) ph_k + (1 - ph_k) s / (s + s_1/2), of which .9 prox_kj arrives
    honours = world.standing[ally]
    honours += (1.0 - honours) * bought(world, parameters, ally, target)
    reach: float = parameters.pooling * world.proximity[ally, target] * honours
    return reach


@rule
def dissolve(world: World, one: int, other: int) -> None:
    """End an alliance."""
    world.allied[one, other] = world.allied[other, one] = 0
    world.notice[one, other] = world.notice[other, one] = 0
    world.bound[one, other] = world.bound[other, one] = 0


@rule
def let_terms_pass(world: World) -> None:
    """End the alliances that were under notice this year, and count the years of the others."""
    for power in range(world.powers):
        for other in range(power):
            if world.notice[power, other] == 1:
                dissolve(world, power, other)
            elif world.bound[power, other] > 0:
                world.bound[power, other] -= 1
                world.bound[other, power] -= 1
