"""Tax, spending, debt, interest and default; aid and tribute between treasuries."""

from __future__ import annotations

from numba import literal_unroll

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.resilience import exposure
from counterpoise.envs.grand_strategy.world import SPENDING, World


@rule
def transfer(world: World, parameters: Parameters) -> None:
    """Set transfers between treasuries: aid to allies, and tribute that ends embargoes."""
    powers = world.powers
    for power in range(powers):
        world.aid_paid[power] = 0.0
        world.aid_received[power] = 0.0
        for other in range(powers):
            world.subsidy[power, other] = 0.0
    for giver in range(powers):
        if world.alive[giver] == 0:
            continue
        aid = world.aid[giver] * world.output[giver]
        if world.allies[giver] > 0 and aid > 0.0:
            for other in range(powers):
                if world.allied[giver, other] == 1:
                    each = aid / world.allies[giver]
                    world.aid_received[other] += each
                    world.subsidy[giver, other] = each / world.output[other]
            world.aid_paid[giver] += aid
        else:
            world.aid[giver] = 0.0
        for other in range(powers):
            if world.tribute[giver, other] == 1:
                # (15) half of what the embargo would have destroyed
                paid = parameters.tribute * exposure(world, parameters, giver, other)
                paid *= world.output[giver]
                world.aid_paid[giver] += paid
                world.aid_received[other] += paid


@rule
def interest_rate(world: World, parameters: Parameters, power: int) -> float:
    """Return the interest on a power's debt."""
    # (3) r = r* + p_1 max(0, B/Q - .6) + p_2 [excluded] + p_3 f [a lender embargoes]
    rate: float = parameters.safe_interest
    owed = world.debt[power] / world.output[power]
    rate += parameters.interest_slope * max(0.0, owed - parameters.debt_threshold)
    if world.exclusion[power] > 0:
        rate += parameters.exclusion_premium
    for lender in range(world.powers):
        if world.embargo[lender, power] == 1:
            rate += parameters.embargo_premium * parameters.foreign_lending
            break
    return rate


@rule
def carry_out_budget(world: World, parameters: Parameters, power: int) -> None:
    """Tax, spend and borrow as planned, or scale spending down to what lenders allow."""
    output, debt = world.output[power], world.debt[power]
    rate = interest_rate(world, parameters, power)
    revenue = world.tax[power] * output
    world.procurement[power] = min(
        world.procurement[power] + parameters.forced_procurement[power],
        parameters.most_procurement[power],
    )
    shares = 0.0
    for line in literal_unroll(SPENDING):
        shares += world[line][power]
    planned = output * shares
    # (4) G = Q sum(g) + aid paid - aid received + mobilisation
    fixed = world.aid_paid[power] - world.aid_received[power]
    if world.mobilised[power] == 1:
        fixed += parameters.mobilisation_cost * output
    needed = rate * debt + fixed - revenue

    forgiven = 0.0
    defaults = world.default[power] == 1 and debt > 0.0 and world.exclusion[power] == 0
    if defaults:
        forgiven = parameters.haircut * debt
    room = parameters.debt_limit * output - debt + forgiven
    if defaults or world.exclusion[power] > 0:
        room = min(room, 0.0)
    scaling = 1.0
    if needed > room and not defaults:
        # (6) forced, where even zero spending would exceed the limit
        defaults = True
        forgiven = parameters.haircut * max(debt, 0.0)
        room = min(parameters.debt_limit * output - debt + forgiven, 0.0)
    if needed > room:
        # Debt that remains above the limit at zero spending is written off.
        forgiven += needed - room
        scaling = 0.0
    elif needed + planned > room:
        # (5) every g is scaled by the factor at which the limit binds
        scaling = (room - needed) / planned

    spending = scaling * planned + fixed
    borrowed = rate * debt + spending - revenue
    for line in literal_unroll(SPENDING):
        world[line][power] *= scaling
    world.scaling[power] = scaling
    world.interest[power] = rate
    world.revenue[power] = revenue
    world.spending[power] = spending
    world.borrowed[power] = borrowed
    world.forgiven[power] = forgiven
    world.default[power] = 1 if defaults else 0


@rule
def settle_debt(world: World, parameters: Parameters, power: int) -> None:
    """Move debt, and the consequences of a default, to the next year."""
    # (5) exactly
    world.debt[power] += world.borrowed[power] - world.forgiven[power]
    world.exclusion[power] = max(world.exclusion[power] - 1, 0)
    world.default_years[power] = max(world.default_years[power] - 1, 0)
    if world.default[power] == 1:
        # (6)
        world.exclusion[power] = parameters.exclusion_years
        world.default_years[power] = parameters.default_loss_years
        at_home = 1.0 - parameters.foreign_lending
        world.written_off[power] = at_home * world.forgiven[power] / world.output[power]
        world.coherence_lost[power] += parameters.default_coherence
