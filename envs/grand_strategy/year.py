"""The order of events in one year."""

from __future__ import annotations

import math

from numba import literal_unroll

from counterpoise.envs.engine.columns import Part, component, options_of
from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.randomness import happens, normal, uniform
from counterpoise.envs.engine.world import Actions, Rewards
from counterpoise.envs.grand_strategy.crisis import (
    answer,
    challenge,
    feel_secure,
    forget_last_year,
    raise_issues,
    stand,
    weigh_odds,
)
from counterpoise.envs.grand_strategy.diplomacy import (
    count_allies,
    let_terms_pass,
    negotiate,
    trade_with_allies,
)
from counterpoise.envs.grand_strategy.economy import (
    accumulate,
    advance_technology,
    balanced_capital,
    deliver,
    divide,
    labour_for,
    openness,
    produce,
)
from counterpoise.envs.grand_strategy.military import procure
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.perception import gather_intelligence
from counterpoise.envs.grand_strategy.politics import (
    USUAL_CONSUMPTION,
    change_government,
    cohere,
    face_war,
    fall,
    value_year,
)
from counterpoise.envs.grand_strategy.resilience import risk_blackout, secure_supply
from counterpoise.envs.grand_strategy.treasury import carry_out_budget, settle_debt, transfer
from counterpoise.envs.grand_strategy.world import (
    ANSWER,
    CHALLENGE,
    DOES,
    KEEP,
    LEVELS,
    LINES,
    NOBODY,
    PLAN,
    STAND,
    World,
)

MOST_DEPENDENCE = Parameters.declarations["dependence"].high
LEAST_PROXIMITY = Parameters.declarations["proximity"].low
MOST_PROXIMITY = Parameters.declarations["proximity"].high

# -- the start ---------------------------------------------------------------------------------


@rule
def start(world: World, parameters: Parameters) -> None:
    """Draw sizes, proximities and dependence, and set the initial stocks."""
    powers = world.powers
    draw_sizes(world, parameters)
    draw_geography(world, parameters)
    seat_powers(world, parameters)
    for power in range(powers):
        product = world.product[power]
        debt = parameters.debt[power]
        ratio = parameters.capital[power] * balanced_capital(parameters, debt)
        world.technology[power] = parameters.technology[power]
        world.capital[power] = ratio * product
        world.labour[power] = labour_for(
            parameters, product, world.technology[power], world.capital[power]
        )
        world.arms[power] = parameters.arms[power] * product
        world.readiness[power] = parameters.readiness[power]
        world.resilience[power] = parameters.resilience[power]
        world.reserves[power] = parameters.reserves[power]
        world.debt[power] = debt * product
        world.coherence[power] = parameters.coherence[power]
        world.fear[power] = 1.0
        world.alive[power] = 1
        world.scaling[power] = 1.0
        world.tax[power] = parameters.start_tax
        world.first_capital[power] = world.capital[power]
        world.consumption_reference[power] = USUAL_CONSUMPTION * product
        world.output[power] = product * openness(parameters, world.resilience[power])
        face_war(world, parameters, power)
        world.interest[power] = parameters.safe_interest
        for other in range(powers):
            if other != power:
                world.allied[power, other] = parameters.allied[power, other]
    count_allies(world)
    forget_last_year(world)
    world.reliability = parameters.reliability
    raise_issues(world)
    gather_intelligence(world, parameters)
    for power in range(powers):
        feel_secure(world, parameters, power)


@rule
def draw_sizes(world: World, parameters: Parameters) -> None:
    """Draw the powers' initial products around their sizes; their sum is kept."""
    total, drawn = 0.0, 0.0
    for power in range(world.powers):
        size = parameters.start_product[power]
        world.product[power] = size
        if parameters.size_spread > 0.0:
            world.product[power] = size * math.exp(parameters.size_spread * normal(world))
        total += size
        drawn += world.product[power]
    for power in range(world.powers):
        world.product[power] *= total / drawn


@rule
def draw_geography(world: World, parameters: Parameters) -> None:
    """Draw proximities and trade dependence."""
    for power in range(world.powers):
        for other in range(world.powers):
            if other < power:
                apart = parameters.proximity_spread * (2.0 * uniform(world) - 1.0)
                world.proximity[power, other] = _within(parameters.proximity[power, other] + apart)
                world.proximity[other, power] = _within(parameters.proximity[other, power] + apart)
            if other != power:
                spread = parameters.dependence_spread
                drawn = parameters.dependence[power, other]
                if spread > 0.0:
                    # Its mean is the parameter.
                    drawn *= math.exp(spread * normal(world) - 0.5 * spread * spread)
                world.dependence[power, other] = min(drawn, MOST_DEPENDENCE)


@rule
def _within(proximity: float) -> float:
    return min(max(proximity, LEAST_PROXIMITY), MOST_PROXIMITY)


@rule
def seat_powers(world: World, parameters: Parameters) -> None:
    """Set the order in which each power sees and addresses the others."""
    powers = world.powers
    for power in range(powers):
        at = 0
        for other in range(powers):
            if other != power:
                world.seat[power, at] = other
                at += 1
        if parameters.anonymous != 0:
            # Fisher and Yates
            for place in range(powers - 2, 0, -1):
                drawn = int(uniform(world) * (place + 1))
                kept = world.seat[power, place]
                world.seat[power, place] = world.seat[power, drawn]
                world.seat[power, drawn] = kept


# -- the decisions -----------------------------------------------------------------------------


@rule
def share(actions: Actions, power: int, line: int, by_level: bool) -> float:
    """Return one line of a power's budget: the amount itself, or that of a level."""
    amount: float = actions[power, line]
    return LEVELS[line, int(amount)] if by_level else amount


@rule
def read_actions(world: World, actions: Actions, by_level: bool) -> None:
    """Store the powers' decisions; the budget only when a year is planned."""
    is_plan = world.phase == PLAN
    for power in range(world.powers):
        if is_plan:
            read_budget(world, power, actions, by_level)
        read_orders(world, power, actions)


@rule
def read_budget(world: World, power: int, actions: Actions, by_level: bool) -> None:
    """Store a power's budget."""
    line = 0
    for name in literal_unroll(LINES):
        world[name][power] = share(actions, power, line, by_level)
        line += 1  # noqa: SIM113 - numba unrolls over the names alone


@rule
def option(actions: Actions, power: int, part: Part, others: int, place: int = 0) -> int:
    """Return the number of an option, also where it is given as an amount."""
    chosen = int(actions[power, component(part, others, place)])
    return min(chosen, options_of(part, others) - 1)


@rule
def addressee(world: World, actions: Actions, power: int, part: Part, others: int) -> int:
    """Return the other power that an order names; `NOBODY` if none."""
    chosen = option(actions, power, part, others)
    return NOBODY if chosen == 0 else int(world.seat[power, chosen - 1])


@rule
def read_orders(world: World, power: int, actions: Actions) -> None:
    """Store all that a power orders beside its budget; a fallen power gives no orders."""
    others = world.powers - 1
    lives = world.alive[power] == 1
    if world.phase == PLAN:
        world.default[power] = option(actions, power, DOES.default, others) if lives else 0
    world.stand[power] = option(actions, power, DOES.stand, others) if lives else 0
    asked = addressee(world, actions, power, DOES.demand, others)
    blocked = addressee(world, actions, power, DOES.embargo, others)
    world.demand_order[power] = asked if lives else NOBODY
    world.embargo_order[power] = blocked if lives else NOBODY
    for place in range(others):
        other = world.seat[power, place]
        diplomacy = option(actions, power, DOES.diplomacy, others, place)
        resolve = option(actions, power, DOES.resolve, others, place)
        buy_off = option(actions, power, DOES.buy_off, others, place)
        honour = option(actions, power, DOES.honour, others, place)
        world.diplomacy[power, other] = diplomacy if lives else KEEP
        world.resolve[power, other] = resolve if lives else 0
        world.buy_off[power, other] = buy_off if lives else 0
        world.honour[power, other] = honour if lives else 0


# -- the year ----------------------------------------------------------------------------------


@rule
def advance(world: World, parameters: Parameters, rewards: Rewards) -> bool:
    """Play the current phase, or the whole year on standing orders."""
    if parameters.phased == 0:
        plan(world, parameters)
        challenge(world)
        answer(world, parameters)
        weigh_odds(world, parameters)
        stand(world, parameters)
        return close_year(world, parameters, rewards)
    if world.phase == PLAN:
        plan(world, parameters)
        world.phase = CHALLENGE
    elif world.phase == CHALLENGE:
        challenge(world)
        world.phase = ANSWER
    elif world.phase == ANSWER:
        answer(world, parameters)
        weigh_odds(world, parameters)
        world.phase = STAND
    else:
        stand(world, parameters)
        world.phase = PLAN
        return close_year(world, parameters, rewards)
    return False


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one step with choices as actions."""
    read_actions(world, actions, True)
    return bool(advance(world, parameters, rewards))


@rule
def step_by_amounts(
    world: World, parameters: Parameters, actions: Actions, rewards: Rewards
) -> bool:
    """Play one step with amounts as actions."""
    read_actions(world, actions, False)
    return bool(advance(world, parameters, rewards))


@rule
def plan(world: World, parameters: Parameters) -> None:
    """Begin the year: treatments, forces, alliances."""
    if parameters.surge_year > 0 and world.year == parameters.surge_year:
        world.arms[parameters.surge_power] *= parameters.surge
    if parameters.reliability_year > 0 and world.year == parameters.reliability_year:
        world.reliability = parameters.later_reliability
    forget_last_year(world)
    for power in range(world.powers):
        if world.allies[power] == 0:
            # Who plans the year without an ally plans no aid, even if an alliance forms in it.
            world.aid[power] = 0.0
    negotiate(world, parameters)


@rule
def close_year(world: World, parameters: Parameters, rewards: Rewards) -> bool:
    """Settle the accounts, pay out, move to the next year; return whether the game is over."""
    powers = world.powers
    for power in range(powers):
        if world.alive[power] == 1:
            risk_blackout(world, parameters, power)
            trade_with_allies(world, parameters, power)
            deliver(world, parameters, power)
    transfer(world, parameters)
    for power in range(powers):
        if world.alive[power] == 1:
            carry_out_budget(world, parameters, power)
            divide(world, parameters, power)
            feel_secure(world, parameters, power)
            rewards[power] = value_year(world, parameters, power)
        else:
            # (24)
            rewards[power] = parameters.collapse_reward
    move_stocks(world, parameters)
    let_terms_pass(world)
    count_allies(world)
    world.year += 1
    raise_issues(world)
    gather_intelligence(world, parameters)
    alive = 0
    for power in range(powers):
        alive += world.alive[power]
    if alive <= 1:
        return True
    if world.year < parameters.certain_years:
        return False
    world.continuation = 1.0 - parameters.random_ending
    return happens(world, parameters.random_ending)


@rule
def move_stocks(world: World, parameters: Parameters) -> None:
    """Move every power's stocks to the next year."""
    powers = world.powers
    frontier, total, alive = 0.0, 0.0, 0
    for power in range(powers):
        if world.alive[power] == 1:
            frontier = max(frontier, world.technology[power])
            total += world.technology[power]
            alive += 1
    # (12) a new generation reaches all powers at once
    world.generation = 1 if happens(world, parameters.generation_rate) else 0
    for power in range(powers):
        if world.alive[power] == 0:
            continue
        procure(world, parameters, power, total / alive, frontier)
        accumulate(world, parameters, power)
        advance_technology(world, parameters, power, frontier)
        secure_supply(world, parameters, power)
        settle_debt(world, parameters, power)
        cohere(world, parameters, power)
        # (25) L / L_0
        world.consumption_reference[power] *= 1.0 + parameters.labour_growth
        if world.pause[power] > 0:
            world.pause[power] -= 1
        for other in range(power):
            if world.truce[power, other] > 0:
                world.truce[power, other] -= 1
                world.truce[other, power] -= 1
            if world.settled[power, other] > 0:
                world.settled[power, other] -= 1
            if world.settled[other, power] > 0:
                world.settled[other, power] -= 1
    for power in range(powers):
        if world.alive[power] == 1:
            change_government(world, parameters, power)
            face_war(world, parameters, power)
            produce(world, parameters, power)
            fall(world, parameters, power)
