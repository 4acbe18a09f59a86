"""Demands, resistance, allied support, backing down, and war."""

from __future__ import annotations

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.randomness import happens, uniform
from counterpoise.envs.grand_strategy.diplomacy import (
    are_unallied,
    commitment,
    help_expected,
    is_helper,
)
from counterpoise.envs.grand_strategy.military import (
    attack_odds,
    attack_strength,
    effective,
    mobilise,
)
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.resilience import suffer_embargo
from counterpoise.envs.grand_strategy.world import (
    BACKED_DOWN,
    BEATEN,
    CONCEDE,
    CONCEDED,
    FIGHT,
    FIGHT_IF_LIKELY,
    HELD,
    MOBILISE,
    NO_DEMAND,
    NOBODY,
    PAY,
    RESISTED,
    World,
)

MOST_ISSUE = 2.0


@rule
def can_demand(world: World, power: int, other: int) -> bool:
    """Return whether one power may make a demand of another: not of an ally, not in a truce.

    A power that got its way or fought makes no demand of anyone for some years.
    """
    return bool(
        are_unallied(world, power, other)
        and world.truce[power, other] == 0
        and world.pause[power] == 0
    )


@rule
def can_embargo(world: World, power: int, other: int) -> bool:
    """Return whether one power may embargo another: not an ally, not while trade is settled."""
    return bool(are_unallied(world, power, other) and world.settled[power, other] == 0)


@rule
def forget_last_year(world: World) -> None:
    """Clear what happened in the last year."""
    powers = world.powers
    for power in range(powers):
        world.demand[power] = NOBODY
        world.demanded_by[power] = NOBODY
        world.outcome[power] = NO_DEMAND
        world.mobilised[power] = 0
        world.odds[power] = 0.0
        world.capital_lost[power] = 0.0
        world.capital_gained[power] = 0.0
        world.war_loss[power] = 0.0
        world.trade_loss[power] = 0.0
        world.arms_lost[power] = 0.0
        world.coherence_lost[power] = 0.0
        world.felt_loss[power] = 0.0
        world.strength[power] = 0.0
        if world.alive[power] == 1:
            world.strength[power] = effective(world.arms[power], world.readiness[power])
        for other in range(powers):
            world.embargo[power, other] = 0
            world.tribute[power, other] = 0
            world.comes[power, other] = 0
            world.calls[power, other] = 0
            world.committed[power, other] = 0


@rule
def raise_issues(world: World) -> None:
    """Draw what each power could demand of each other in the coming year, as both know."""
    # (19) uniform between nothing and twice the usual stake
    for power in range(world.powers):
        for other in range(world.powers):
            if other != power:
                world.issue[power, other] = MOST_ISSUE * uniform(world)


@rule
def challenge(world: World) -> None:
    """Let the powers, in random order, make their demands and lay their embargoes.

    A target that already faces a demand cannot receive another, and a power cannot make a demand of
    its own demander; a demand that is not made costs nothing.
    """
    powers = world.powers
    for place in range(powers):
        world.order[place] = place
    # Fisher and Yates
    for place in range(powers - 1, 0, -1):
        drawn = int(uniform(world) * (place + 1))
        kept = world.order[place]
        world.order[place] = world.order[drawn]
        world.order[drawn] = kept
    for place in range(powers):
        power = world.order[place]
        target = world.demand_order[power]
        if (
            target != NOBODY
            and can_demand(world, power, target)
            and world.demanded_by[target] == NOBODY
            and world.demanded_by[power] != target
        ):
            world.demand[power] = target
            world.demanded_by[target] = power
        target = world.embargo_order[power]
        if target != NOBODY and can_embargo(world, power, target):
            world.embargo[power, target] = 1


@rule
def is_called(world: World, ally: int, target: int) -> bool:
    """Return whether a target's ally is called; an ally of both sides is not."""
    demander = world.demanded_by[target]
    return bool(demander != NOBODY and is_helper(world, ally, target, demander))


@rule
def answer(world: World, parameters: Parameters) -> None:
    """Let targets yield or resist, and the allies of those that resist come or stay away."""
    powers = world.powers
    for target in range(powers):
        for maker in range(powers):
            if world.embargo[maker, target] == 1:
                if world.buy_off[target, maker] == PAY:
                    # (15) the embargo is bought off
                    world.embargo[maker, target] = 0
                    world.tribute[target, maker] = 1
                    world.felt_loss[target] += parameters.tribute_cost
                    world.settled[maker, target] = parameters.settled_years + 1
                else:
                    suffer_embargo(world, parameters, maker, target)
    for target in range(powers):
        demander = world.demanded_by[target]
        if demander == NOBODY:
            continue
        # (19)
        world.felt_loss[demander] += parameters.demand_cost
        resolve = world.resolve[target, demander]
        if resolve == CONCEDE:
            # (19)
            lost = parameters.stake * world.issue[demander, target] * world.capital[target]
            world.outcome[target] = CONCEDED
            world.capital_lost[target] += lost
            world.capital_gained[demander] += parameters.stake_arrives * lost
            world.felt_loss[target] += parameters.concession_cost
            agree_truce(world, demander, target, parameters.truce_years)
            world.pause[demander] = parameters.pause_years + 1
            continue
        world.outcome[target] = RESISTED
        if resolve == MOBILISE:
            mobilise(world, parameters, target)
        for ally in range(powers):
            if is_called(world, ally, target):
                call(world, parameters, ally, target)


@rule
def call(world: World, parameters: Parameters, ally: int, target: int) -> None:
    """Let an ally come or stay away."""
    world.calls[ally, target] = 1
    world.called[ally] += 1.0
    # (17) its own choice, unless it is committed; it may still fail to come
    honours = world.honour[ally, target] == 1
    if happens(world, commitment(world, parameters, ally, target)):
        world.committed[ally, target] = 1
        honours = True
    arrives = honours
    if honours and parameters.slips != 0:
        arrives = happens(world, world.reliability)
    if arrives:
        world.comes[ally, target] = 1
        world.honoured[ally] += 1.0
        # (21) it deploys, war or not
        world.war_loss[ally] += parameters.deployment * world.war_cost[ally]
    if not honours:
        # (21)
        world.felt_loss[ally] += parameters.abandonment_cost


@rule
def agree_truce(world: World, demander: int, target: int, years: int) -> None:
    """Begin a truce of two powers after this year."""
    world.truce[target, demander] = years + 1
    world.truce[demander, target] = years + 1


@rule
def defence_strength(world: World, parameters: Parameters, target: int) -> float:
    """Return a target's strength D with the allies that have come."""
    # (18) D_j = 1.15 E_j + sum of .7 prox_kj E_k over the allies that came
    strength: float = parameters.home_advantage * world.strength[target]
    for ally in range(world.powers):
        if world.comes[ally, target] == 1:
            reach = parameters.pooling * world.proximity[ally, target]
            strength += reach * world.strength[ally]
    return strength


@rule
def weigh_odds(world: World, parameters: Parameters) -> None:
    """Set the odds of war for every demand that is resisted; they are public before the war."""
    for target in range(world.powers):
        if world.outcome[target] == RESISTED:
            attack = attack_strength(world, parameters, world.demanded_by[target], target)
            defence = defence_strength(world, parameters, target)
            world.odds[target] = attack_odds(parameters, attack, defence)


@rule
def lose(world: World, power: int, product: float, arms: float) -> None:
    """Add a war's losses of output and arms."""
    world.war_loss[power] += product
    world.arms_lost[power] = 1.0 - (1.0 - world.arms_lost[power]) * (1.0 - arms)


@rule
def stand(world: World, parameters: Parameters) -> None:
    """Let demanders that meet resistance fight or back down, and decide the wars."""
    for target in range(world.powers):
        if world.outcome[target] != RESISTED:
            continue
        demander = world.demanded_by[target]
        order = world.stand[demander]
        likely = world.odds[target] >= 0.5
        if order == FIGHT or (order == FIGHT_IF_LIKELY and likely):
            fight(world, parameters, demander, target)
        else:
            # (20)
            world.outcome[target] = BACKED_DOWN
            world.felt_loss[demander] += parameters.audience_cost
            world.coherence_lost[demander] += parameters.back_down_coherence
            agree_truce(world, demander, target, parameters.bluff_truce_years)


@rule
def fight(world: World, parameters: Parameters, demander: int, target: int) -> None:
    """Decide one war."""
    # (20)
    if happens(world, world.odds[target]):
        world.outcome[target] = BEATEN
        winner, loser = demander, target
        lost = parameters.conquest * world.capital[target]
        world.capital_lost[target] += lost
        world.capital_gained[demander] += parameters.conquest_arrives * lost
    else:
        world.outcome[target] = HELD
        winner, loser = target, demander
    agree_truce(world, demander, target, parameters.truce_years)
    world.pause[demander] = parameters.pause_years + 1
    # (20) what each side's government had to expect, and what depends on the outcome
    lose(world, winner, world.war_cost[winner] + parameters.winner_product, parameters.winner_arms)
    lose(world, loser, world.war_cost[loser] + parameters.loser_product, parameters.loser_arms)
    # (20) of the loser, (22) of the losing side
    world.coherence_lost[loser] += parameters.loser_coherence + parameters.defeat
    for ally in range(world.powers):
        if world.comes[ally, target] == 1:
            # (21) beyond its deployment
            lose(world, ally, parameters.ally_product, parameters.ally_arms)
            if loser == target:
                world.coherence_lost[ally] += parameters.defeat


@rule
def feel_secure(world: World, parameters: Parameters, power: int) -> None:
    """Set the security of a power: its odds of withstanding the worst attack."""
    own: float = parameters.home_advantage * world.strength[power]
    worst = 0.0
    for other in range(world.powers):
        if other == power or world.alive[other] == 0 or world.allied[power, other] == 1:
            continue
        defence = own
        if world.allies[power] > 0:
            for ally in range(world.powers):
                if is_helper(world, ally, power, other):
                    reach = help_expected(world, parameters, ally, power)
                    defence += reach * world.strength[ally]
        attack = attack_strength(world, parameters, other, power)
        worst = max(worst, attack_odds(parameters, attack, defence))
    # (25) S^def = min over j of 1 - P(j attacks i, expected allies)
    world.security[power] = 1.0 - worst
