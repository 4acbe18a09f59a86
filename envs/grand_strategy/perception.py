"""What powers see of themselves and of each other, and which choices are open to them."""

from __future__ import annotations

import math
from typing import Any

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.game import Feature
from counterpoise.envs.engine.randomness import bell
from counterpoise.envs.engine.world import Masks, Observations
from counterpoise.envs.grand_strategy.crisis import can_demand, can_embargo
from counterpoise.envs.grand_strategy.diplomacy import can_ally, expected_reliability
from counterpoise.envs.grand_strategy.military import attack_odds, effective
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.politics import USUAL_CONSUMPTION
from counterpoise.envs.grand_strategy.world import (
    ANSWER,
    CHALLENGE,
    CHOICES,
    CONCEDE,
    CONCEDED,
    DEMAND,
    EMBARGO,
    LEVEL_COUNTS,
    MOBILISE,
    NO_DEMAND,
    OFFER,
    PHASES,
    PLAN,
    RESISTED,
    STAND,
    WITHDRAW,
    World,
)

FEATURES = (
    Feature("year", 0.0, 5.0, "of 40 years", "How many have passed."),
    Feature("phase", 0.0, 3.0, doc="Of the year: " + ", ".join(PHASES) + "."),
    Feature("alive", 0.0, 1.0, doc="Whether one has not fallen."),
    Feature("size", -5.0, 5.0, "log", "The own product, beside 1."),
    Feature("capital", 0.0, 10.0, "of product", "K."),
    Feature("technology", 0.0, 1.0, "of the leader's", "A."),
    Feature("growth", -0.5, 0.5, "1/year", "Growth of output last year."),
    Feature("arms", 0.0, 3.0, "of product", "M."),
    Feature("readiness", 0.0, 1.0, doc="rho."),
    Feature("resilience", 0.0, 1.0, doc="Z."),
    Feature("reserves", 0.0, 1.0, "years", "V."),
    Feature("debt", -2.0, 3.0, "of product", "B."),
    Feature("interest", 0.0, 0.4, "1/year", "r, last year."),
    Feature("excluded", 0.0, 20.0, "years", "Without credit still so long."),
    Feature("coherence", 0.0, 1.0, doc="S."),
    Feature("fear", 0.0, 4.0, doc="What security weighs with this government, beside theta."),
    Feature("security", 0.0, 1.0, doc="Chance to hold against the worst attack last year."),
    Feature("standing", 0.0, 1.0, doc="What others expect of one's pledges."),
    Feature("allies", 0.0, 7.0, "allies", "How many one has."),
    Feature("scaling", 0.0, 1.0, doc="Share of last year's plan that could be paid."),
    Feature("reliability", 0.0, 1.0, doc="What is expected of an untried ally."),
    Feature("years_certain", 0.0, 5.0, "of 40 years", "How long it cannot end yet."),
    Feature("most_allies", 0.0, 7.0, "allies", "One has no more than these."),
    Feature("most_procurement", 0.0, 0.12, "of product", "One procures no more than this."),
    Feature("forced_procurement", 0.0, 0.06, "of product", "Procured beside what one decides."),
    Feature("prosperity", -3.0, 3.0, "log", "Product a worker over that at the start (25)."),
    Feature("other_alive", 0.0, 1.0, doc="Whether the other has not fallen.", others=True),
    Feature("other_size", -5.0, 5.0, "log", "Its product over one's own.", others=True),
    Feature("other_debt", -2.0, 3.0, "of its product", "Its debt.", others=True),
    Feature("other_arms", -6.0, 6.0, "log", "Its arms over one's own, as told.", others=True),
    Feature("other_readiness", 0.0, 1.0, doc="Its readiness, as told.", others=True),
    Feature("other_resilience", 0.0, 1.0, doc="Its resilience, as told.", others=True),
    Feature("other_standing", 0.0, 1.0, doc="What is expected of its pledges.", others=True),
    Feature("other_called", 0.0, 1.0, doc="How often it was called: c / (c + 3).", others=True),
    Feature("other_allies", 0.0, 7.0, "allies", "How many it has.", others=True),
    Feature("allied", 0.0, 1.0, doc="Whether it is an ally.", others=True),
    Feature("truce", 0.0, 1.0, doc="Whether there is a truce with it.", others=True),
    Feature("proximity", 0.0, 1.0, doc="How far strength reaches.", others=True),
    Feature("dependence", 0.0, 4.0, doc="One's own dependence on it.", others=True),
    Feature("other_dependence", 0.0, 4.0, doc="Its dependence on one.", others=True),
    Feature("other_defence", 0.0, 0.2, "of its product", "Last year's g_M + g_O.", others=True),
    Feature("other_investment", 0.0, 0.2, "of its product", "Last year's g_K + g_R.", others=True),
    Feature("threat", 0.0, 1.0, doc="Odds that its attack would succeed, as told.", others=True),
    Feature("prospect", 0.0, 1.0, doc="Odds of one's own attack on it, as told.", others=True),
    Feature("pressed_by", 0.0, 1.0, doc="It demands (1) or embargoes (.5).", others=True),
    Feature("pressing", 0.0, 1.0, doc="One demands of it (1) or embargoes it (.5).", others=True),
    Feature("its_answer", -1.0, 1.0, doc="It resisted (1) or conceded (-1).", others=True),
    Feature("its_help", -1.0, 1.0, doc="When called it came (1) or did not (-1).", others=True),
    Feature("needs_help", 0.0, 1.0, doc="It is an ally that a demand is made of.", others=True),
)
LEAST_ARMS = 1e-4
OWN = sum(not feature.others for feature in FEATURES)
OPTIONS = tuple(len(choice.options) for choice in CHOICES)
STAND_OPTIONS, STANCE_OPTIONS, ANSWER_OPTIONS, HELP_OPTIONS = OPTIONS[-4:]
LEVEL_ROOM = int(sum(LEVEL_COUNTS))
AID_FIRST = int(sum(LEVEL_COUNTS[:-1]))
AID_LAST = LEVEL_ROOM - 1


@rule
def gather_intelligence(world: World, parameters: Parameters) -> None:
    """Draw what each power is told of the others' forces."""
    powers = world.powers
    noise = parameters.noise
    for power in range(powers):
        world.standing[power] = expected_reliability(world, parameters, power)
        world.log_product[power] = math.log(world.product[power])
        world.log_arms[power] = math.log(world.arms[power] + LEAST_ARMS)
    for observer in range(powers):
        if world.alive[observer] == 0:
            continue
        for power in range(powers):
            if power == observer or world.alive[power] == 0:
                continue
            # (26) times exp(.15 N)
            error = noise * bell(world)
            world.arms_error[observer, power] = error
            world.seen_arms[observer, power] = world.arms[power] * math.exp(error)
            readiness = world.readiness[power] * math.exp(noise * bell(world))
            resilience = world.resilience[power] * math.exp(noise * bell(world))
            world.seen_readiness[observer, power] = min(readiness, 1.0)
            world.seen_resilience[observer, power] = min(resilience, 1.0)


@rule
def _clipped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write what each power sees; the columns are those of `FEATURES`."""
    powers = world.powers
    others = powers - 1
    frontier = 0.0
    for power in range(powers):
        if world.alive[power] == 1:
            frontier = max(frontier, world.technology[power])
    for power in range(powers):
        row = observations[power]
        product = world.product[power]
        # A fallen power sees what it had when it fell, and that it has fallen.
        row[0] = min(world.year / 40.0, 5.0)
        row[1] = world.phase
        row[2] = world.alive[power]
        row[3] = _clipped(world.log_product[power], -5.0, 5.0)
        row[4] = min(world.capital[power] / product, 10.0)
        row[5] = min(world.technology[power] / max(frontier, 1e-9), 1.0)
        row[6] = _clipped(world.growth[power], -0.5, 0.5)
        row[7] = min(world.arms[power] / product, 3.0)
        row[8] = world.readiness[power]
        row[9] = world.resilience[power]
        row[10] = world.reserves[power]
        row[11] = _clipped(world.debt[power] / product, -2.0, 3.0)
        row[12] = _clipped(world.interest[power], 0.0, 0.4)
        row[13] = world.exclusion[power]
        row[14] = world.coherence[power]
        row[15] = world.fear[power]
        row[16] = world.security[power]
        row[17] = world.standing[power]
        row[18] = world.allies[power]
        row[19] = world.scaling[power]
        row[20] = world.reliability
        row[21] = min(max((parameters.certain_years - world.year) / 40.0, 0.0), 5.0)
        row[22] = parameters.most_allies[power]
        row[23] = parameters.most_procurement[power]
        row[24] = parameters.forced_procurement[power]
        usual = world.consumption_reference[power] / USUAL_CONSUMPTION
        row[25] = _clipped(world.log_product[power] - math.log(usual), -3.0, 3.0)
        own_strength = effective(world.arms[power], world.readiness[power])
        own_defence = parameters.home_advantage * own_strength + _seen_help(
            world, parameters, power, power
        )
        for place in range(others):
            other = world.seat[power, place]
            see_other(world, parameters, power, other, row, OWN + place, others)
            if world.alive[power] == 1 and world.alive[other] == 1:
                strength = _seen_strength(world, power, other)
                reach = parameters.offence * world.proximity[other, power]
                row[OWN + 16 * others + place] = attack_odds(
                    parameters, reach * strength, own_defence
                )
                reach = parameters.offence * world.proximity[power, other]
                defence = parameters.home_advantage * strength
                defence += _seen_help(world, parameters, power, other)
                row[OWN + 17 * others + place] = attack_odds(
                    parameters, reach * own_strength, defence
                )


@rule
def _seen_strength(world: World, observer: int, power: int) -> float:
    if observer == power:
        return float(effective(world.arms[power], world.readiness[power]))
    return float(effective(world.seen_arms[observer, power], world.seen_readiness[observer, power]))


@rule
def _seen_help(world: World, parameters: Parameters, observer: int, target: int) -> float:
    """Return the help that a target would get against, or in the eyes of, an observer."""
    strength = 0.0
    if world.allies[target] == 0:
        return strength
    for ally in range(world.powers):
        if world.allied[target, ally] == 1:
            # An ally of both sides stays away.
            if target != observer and world.allied[observer, ally] == 1:
                continue
            reach = parameters.pooling * world.proximity[ally, target]
            reach *= world.standing[ally]
            strength += reach * _seen_strength(world, observer, ally)
    return strength


@rule
def see_other(
    world: World, parameters: Parameters, power: int, other: int, row: Any, at: int, others: int
) -> None:
    """Write what one power sees of another, but for the odds; zeros for one that has fallen."""
    if world.alive[other] == 0:
        for feature in range(23):
            row[at + feature * others] = 0.0
        return
    product = world.product[other]
    row[at] = 1.0
    row[at + others] = _clipped(world.log_product[other] - world.log_product[power], -5.0, 5.0)
    row[at + 2 * others] = _clipped(world.debt[other] / product, -2.0, 3.0)
    told = world.log_arms[other] + world.arms_error[power, other] - world.log_arms[power]
    row[at + 3 * others] = _clipped(told, -6.0, 6.0)
    row[at + 4 * others] = world.seen_readiness[power, other]
    row[at + 5 * others] = world.seen_resilience[power, other]
    row[at + 6 * others] = world.standing[other]
    row[at + 7 * others] = world.called[other] / (world.called[other] + 3.0)
    row[at + 8 * others] = world.allies[other]
    row[at + 9 * others] = world.allied[power, other]
    row[at + 10 * others] = 1.0 if world.truce[power, other] > 0 else 0.0
    row[at + 11 * others] = world.proximity[other, power]
    row[at + 12 * others] = world.dependence[power, other]
    row[at + 13 * others] = world.dependence[other, power]
    row[at + 14 * others] = min(world.procurement[other] + world.upkeep[other], 0.2)
    row[at + 15 * others] = min(world.industry[other] + world.research[other], 0.2)
    row[at + 16 * others] = 0.0
    row[at + 17 * others] = 0.0
    row[at + 18 * others] = _pressure(world, other, power)
    row[at + 19 * others] = _pressure(world, power, other)
    row[at + 20 * others] = _answer_seen(world, power, other)
    helped = 0.0
    if world.calls[other, power] == 1:
        helped = 1.0 if world.comes[other, power] == 1 else -1.0
    row[at + 21 * others] = helped
    needs = world.allied[power, other] == 1 and world.demanded_by[other] >= 0
    row[at + 22 * others] = 1.0 if needs else 0.0


@rule
def _pressure(world: World, maker: int, target: int) -> float:
    if world.demand[maker] == target:
        return 1.0
    if world.embargo[maker, target] == 1 or world.tribute[target, maker] == 1:
        return 0.5
    return 0.0


@rule
def _answer_seen(world: World, power: int, other: int) -> float:
    if world.demand[power] == other:
        outcome = world.outcome[other]
        if outcome != NO_DEMAND:
            return -1.0 if outcome == CONCEDED else 1.0
    if world.tribute[other, power] == 1:
        return -1.0
    if world.embargo[power, other] == 1 and world.phase != ANSWER:
        return 1.0
    return 0.0


# -- which choices are open --------------------------------------------------------------------


@rule
def close(masks: Masks, power: int, first: int, last: int) -> None:
    """Close the options from `first` to `last`."""
    for at in range(first, last + 1):
        masks[power, at] = 0


@rule
def allow(world: World, parameters: Parameters, masks: Masks) -> None:
    """Close what cannot be done: by the fallen, to the fallen, to allies, or in another phase."""
    powers = world.powers
    others = powers - 1
    everything = parameters.phased == 0
    stand_at = LEVEL_ROOM + 2
    stances = stand_at + STAND_OPTIONS
    answers = stances + others * STANCE_OPTIONS
    helps = answers + others * ANSWER_OPTIONS
    for power in range(powers):
        lives = world.alive[power] == 1
        if not lives or not (everything or world.phase == PLAN):
            at = 0
            for line in range(len(LEVEL_COUNTS)):
                close(masks, power, at + 1, at + LEVEL_COUNTS[line] - 1)
                at += LEVEL_COUNTS[line]
            masks[power, LEVEL_ROOM + 1] = 0
        else:
            if world.allies[power] == 0:
                close(masks, power, AID_FIRST + 1, AID_LAST)
            if world.debt[power] <= 0.0 or world.exclusion[power] > 0:
                masks[power, LEVEL_ROOM + 1] = 0
        stands = everything
        if world.phase == STAND and not everything:
            target = world.demand[power]
            stands = target >= 0 and world.outcome[target] == RESISTED
        if not lives or not stands:
            close(masks, power, stand_at + 1, stand_at + STAND_OPTIONS - 1)
        for place in range(others):
            other = world.seat[power, place]
            at = stances + place * STANCE_OPTIONS
            plans = everything or world.phase == PLAN
            challenges = everything or world.phase == CHALLENGE
            is_ally = world.allied[power, other] == 1
            # Whoever may demand something of another may have something demanded by it.
            may_demand = can_demand(world, power, other)
            may_embargo = can_embargo(world, power, other)
            if not plans or not can_ally(world, parameters, power, other):
                masks[power, at + OFFER] = 0
            if not plans or not lives or not is_ally:
                masks[power, at + WITHDRAW] = 0
            if not challenges or not may_embargo:
                masks[power, at + EMBARGO] = 0
            if not challenges or not may_demand:
                masks[power, at + DEMAND] = 0
            at = answers + place * ANSWER_OPTIONS
            helps_now = lives and world.alive[other] == 1
            if not everything:
                may_demand = world.phase == ANSWER and world.demanded_by[power] == other
                may_embargo = world.phase == ANSWER and world.embargo[other, power] == 1
                demander = world.demanded_by[other]
                helps_now = (
                    world.phase == ANSWER
                    and is_ally
                    and demander >= 0
                    and demander != power
                    and world.allied[power, demander] == 0
                )
            if not may_demand:
                masks[power, at + MOBILISE] = 0
            if not may_demand and not may_embargo:
                masks[power, at + CONCEDE] = 0
            if not helps_now:
                masks[power, helps + place * HELP_OPTIONS + 1] = 0
