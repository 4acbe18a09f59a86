"""Observations and action masks: what powers see, and which choices are open to them."""

from __future__ import annotations

import math
from typing import Any

from counterpoise.envs.engine.columns import (
    Part,
    clipped,
    column,
    columns,
    first_option,
    options_of,
)
from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.game import Feature
from counterpoise.envs.engine.randomness import bell
from counterpoise.envs.engine.world import Masks, Observations
from counterpoise.envs.grand_strategy.crisis import MOST_ISSUE, can_demand, can_embargo
from counterpoise.envs.grand_strategy.diplomacy import (
    can_ally,
    expected_reliability,
    help_expected,
    is_helper,
    may_withdraw,
)
from counterpoise.envs.grand_strategy.military import attack_odds, effective
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.politics import (
    MOST_FEAR,
    MOST_WAR_COST,
    USUAL_CONSUMPTION,
)
from counterpoise.envs.grand_strategy.world import (
    ANSWER,
    CHALLENGE,
    CONCEDE,
    CONCEDED,
    DOES,
    LINES,
    MOBILISE,
    NO_DEMAND,
    NOBODY,
    OFFER,
    PAY,
    PHASES,
    PLAN,
    RESISTED,
    STAND,
    WITHDRAW,
    World,
)

# Time is seen in units of the default number of certain years.
YEARS = 40
# Calls at which `other_called` is one half.
USUAL_CALLS = 3.0
LEAST_ARMS = 1e-4


def _bounds(parameter: str) -> tuple[float, float]:
    declared = Parameters.declarations[parameter]
    return declared.low, declared.high


FEATURES = (
    Feature("year", 0.0, 5.0, f"of {YEARS} years", "Years passed.", kind="count"),
    Feature("phase", 0.0, 3.0, doc=f"Phase of the year: {', '.join(PHASES)}.", kind="count"),
    Feature("alive", 0.0, 1.0, doc="Whether the power is still in the game.", kind="flag"),
    Feature("size", -5.0, 5.0, "log", "Y: product over the mean at the start.", kind="log"),
    Feature("capital", 0.0, 10.0, "of product", "K: capital.", kind="share"),
    Feature("technology", 0.0, 1.0, "of the leader's", "A: technology.", kind="share"),
    Feature("growth", -0.5, 0.5, "1/year", "Growth of output last year.", kind="share"),
    Feature("arms", 0.0, 3.0, "of product", "M: stock of arms.", kind="share"),
    Feature("readiness", 0.0, 1.0, doc="rho: readiness."),
    Feature("resilience", 0.0, 1.0, doc="Z: security of supply."),
    Feature("reserves", 0.0, 1.0, "years", "V: strategic reserves."),
    Feature("debt", -2.0, 3.0, "of product", "B: public debt.", kind="share"),
    Feature("interest", 0.0, 0.4, "1/year", "r: interest rate last year.", kind="share"),
    Feature(
        "excluded", *_bounds("exclusion_years"), "years", "Years left without access to credit.",
        kind="count",
    ),
    Feature("coherence", 0.0, 1.0, doc="S: cohesion of state and people."),
    Feature("fear", 0.0, MOST_FEAR, doc="The government's weight of security, relative to theta."),
    Feature(
        "pause", *_bounds("pause_years"), "years", "Years in which it can make no demand.",
        kind="count",
    ),
    Feature(
        "war_cost", 0.0, MOST_WAR_COST, "of product",
        "c: cost of a war to the government this year, which no other power sees.", kind="share",
    ),
    Feature(
        "security", 0.0, 1.0, doc="Odds of withstanding the worst attack, last year.", kind="odds"
    ),
    Feature("standing", 0.0, 1.0, doc="Odds that it honours a pledge, by its record.", kind="odds"),
    Feature("allies", 0.0, 7.0, "allies", "Number of allies.", kind="count"),
    Feature("scaling", 0.0, 1.0, "of the plan", "Part of last year's plan financed.", kind="share"),
    Feature(
        "reliability", 0.0, 1.0, doc="Odds that an ally without a record honours.", kind="odds"
    ),
    Feature(
        "years_certain", 0.0, 5.0, f"of {YEARS} years", "Years before the game can end.",
        kind="count",
    ),
    Feature(
        "most_allies", *_bounds("most_allies"), "allies", "Maximum number of allies.", kind="count"
    ),
    Feature(
        "most_procurement", *_bounds("most_procurement"), "of product", "Maximum procurement.",
        kind="share",
    ),
    Feature(
        "forced_procurement", *_bounds("forced_procurement"), "of product",
        "Procurement beyond the power's choice.", kind="share",
    ),
    Feature(
        "prosperity", -3.0, 3.0, "log", "Product per worker over that at the start (25).",
        kind="log",
    ),
    Feature(
        "other_alive", 0.0, 1.0, doc="Whether the other power is still in the game.", others=True,
        kind="flag",
    ),
    Feature("other_size", -5.0, 5.0, "log", "Its product over one's own.", True, "log"),
    Feature("other_debt", -2.0, 3.0, "of its product", "Its public debt.", True, "share"),
    Feature("other_arms", -6.0, 6.0, "log", "Its arms over one's own, estimated.", True, "log"),
    Feature("other_readiness", 0.0, 1.0, doc="Its readiness, estimated.", others=True),
    Feature("other_resilience", 0.0, 1.0, doc="Its security of supply, estimated.", others=True),
    Feature(
        "other_standing", 0.0, 1.0, doc="Odds that it honours a pledge, by its record.",
        others=True, kind="odds",
    ),
    Feature(
        "other_called", 0.0, 1.0, doc=f"Calls c on it so far, as c / (c + {USUAL_CALLS:g}).",
        others=True,
    ),
    Feature("other_allies", 0.0, 7.0, "allies", "Number of its allies.", True, "count"),
    Feature("allied", 0.0, 1.0, doc="Whether it is an ally.", others=True, kind="flag"),
    Feature(
        "bound", *_bounds("alliance_term"), "years", "Years for which the alliance binds.",
        others=True, kind="count",
    ),
    Feature(
        "its_offer", 0.0, 1.0, doc="Whether its offer of an alliance is on the table.",
        others=True, kind="flag",
    ),
    Feature("truce", 0.0, 1.0, doc="Whether a truce with it holds.", others=True, kind="flag"),
    Feature(
        "settled", 0.0, 1.0, doc="Whether it may not be embargoed, for it has paid tribute.",
        others=True, kind="flag",
    ),
    Feature(
        "other_settled", 0.0, 1.0, doc="Whether it may not embargo, for one has paid it tribute.",
        others=True, kind="flag",
    ),
    Feature(
        "issue", 0.0, MOST_ISSUE, "of the usual stake", "What one could demand of it this year.",
        others=True,
    ),
    Feature(
        "its_issue", 0.0, MOST_ISSUE, "of the usual stake", "What it could demand this year.",
        others=True,
    ),
    Feature(
        "other_pause", *_bounds("pause_years"), "years", "Years in which it can make no demand.",
        others=True, kind="count",
    ),
    Feature("proximity", 0.0, 1.0, doc="prox: part of its strength that arrives.", others=True),
    Feature(
        "dependence", *_bounds("dependence"), doc="dep: trade dependence on it.", others=True
    ),
    Feature(
        "other_dependence", *_bounds("dependence"), doc="dep: its trade dependence on one.",
        others=True,
    ),
    Feature(
        "other_defence", 0.0, 0.2, "of its product", "g_M + g_O of it last year.", True, "share"
    ),
    Feature(
        "other_investment", 0.0, 0.2, "of its product", "g_K + g_R of it last year.", True, "share"
    ),
    Feature(
        "threat", 0.0, 1.0, doc="Odds that its attack succeeds, estimated.", others=True,
        kind="odds",
    ),
    Feature(
        "prospect", 0.0, 1.0, doc="Odds that an attack on it succeeds, estimated.", others=True,
        kind="odds",
    ),
    Feature("its_demand", 0.0, 1.0, doc="Whether it makes a demand.", others=True, kind="flag"),
    Feature("its_embargo", 0.0, 1.0, doc="Whether it lays an embargo.", others=True, kind="flag"),
    Feature(
        "asked", 0.0, 1.0, doc="Whether a demand is made of it.", others=True, kind="flag"
    ),
    Feature("blocked", 0.0, 1.0, doc="Whether it is embargoed.", others=True, kind="flag"),
    Feature("its_answer", -1.0, 1.0, doc="It resisted (1) or conceded (-1).", others=True),
    Feature("its_payment", -1.0, 1.0, doc="It refused tribute (1) or paid (-1).", others=True),
    Feature("its_help", -1.0, 1.0, doc="When called, it came (1) or did not (-1).", others=True),
    Feature(
        "needs_help", 0.0, 1.0, doc="Whether it is an ally that faces a demand.", others=True,
        kind="flag",
    ),
)  # fmt: skip
SEES = columns(FEATURES)
ABOUT_OTHERS = tuple(getattr(SEES, feature.name) for feature in FEATURES if feature.others)
BUDGET_PARTS = DOES[: len(LINES)]


@rule
def gather_intelligence(world: World, parameters: Parameters) -> None:
    """Draw each power's estimates of the others' forces."""
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
        see_oneself(world, parameters, power, frontier, row, others)
        own_strength = effective(world.arms[power], world.readiness[power])
        own_defence = parameters.home_advantage * own_strength
        for place in range(others):
            other = world.seat[power, place]
            see_other(world, power, other, row, others, place)
            if world.alive[power] == 1 and world.alive[other] == 1:
                strength = _seen_strength(world, power, other)
                reach = parameters.offence * world.proximity[other, power]
                defence = own_defence + _seen_help(world, parameters, power, power, other)
                odds = attack_odds(parameters, reach * strength, defence)
                row[column(SEES.threat, others, place)] = odds
                reach = parameters.offence * world.proximity[power, other]
                defence = parameters.home_advantage * strength
                defence += _seen_help(world, parameters, power, other, power)
                odds = attack_odds(parameters, reach * own_strength, defence)
                row[column(SEES.prospect, others, place)] = odds


@rule
def see_oneself(
    world: World, parameters: Parameters, power: int, frontier: float, row: Any, others: int
) -> None:
    """Write what a power sees of itself; a fallen power sees what it had when it fell."""
    # Mentioned once: numba compiles the whole table anew wherever it is mentioned.
    sees = SEES
    product = world.product[power]
    left = max((parameters.certain_years - world.year) / YEARS, 0.0)
    usual = world.consumption_reference[power] / USUAL_CONSUMPTION
    prosperity = world.log_product[power] - math.log(usual)
    technology = world.technology[power] / max(frontier, 1e-9)
    row[column(sees.year, others)] = clipped(sees.year, world.year / YEARS)
    row[column(sees.phase, others)] = world.phase
    row[column(sees.alive, others)] = world.alive[power]
    row[column(sees.size, others)] = clipped(sees.size, world.log_product[power])
    row[column(sees.capital, others)] = clipped(sees.capital, world.capital[power] / product)
    row[column(sees.technology, others)] = clipped(sees.technology, technology)
    row[column(sees.growth, others)] = clipped(sees.growth, world.growth[power])
    row[column(sees.arms, others)] = clipped(sees.arms, world.arms[power] / product)
    row[column(sees.readiness, others)] = world.readiness[power]
    row[column(sees.resilience, others)] = world.resilience[power]
    row[column(sees.reserves, others)] = world.reserves[power]
    row[column(sees.debt, others)] = clipped(sees.debt, world.debt[power] / product)
    row[column(sees.interest, others)] = clipped(sees.interest, world.interest[power])
    row[column(sees.excluded, others)] = world.exclusion[power]
    row[column(sees.coherence, others)] = world.coherence[power]
    row[column(sees.fear, others)] = world.fear[power]
    row[column(sees.pause, others)] = world.pause[power]
    row[column(sees.war_cost, others)] = world.war_cost[power]
    row[column(sees.security, others)] = world.security[power]
    row[column(sees.standing, others)] = world.standing[power]
    row[column(sees.allies, others)] = world.allies[power]
    row[column(sees.scaling, others)] = world.scaling[power]
    row[column(sees.reliability, others)] = world.reliability
    row[column(sees.years_certain, others)] = clipped(sees.years_certain, left)
    row[column(sees.most_allies, others)] = parameters.most_allies[power]
    row[column(sees.most_procurement, others)] = parameters.most_procurement[power]
    row[column(sees.forced_procurement, others)] = parameters.forced_procurement[power]
    row[column(sees.prosperity, others)] = clipped(sees.prosperity, prosperity)


@rule
def _seen_strength(world: World, observer: int, power: int) -> float:
    if observer == power:
        return float(effective(world.arms[power], world.readiness[power]))
    # In double precision also where the rules run uncompiled.
    arms, readiness = world.seen_arms[observer, power], world.seen_readiness[observer, power]
    return float(effective(float(arms), float(readiness)))


@rule
def _seen_help(
    world: World, parameters: Parameters, observer: int, target: int, attacker: int
) -> float:
    """Return the allied help that an observer expects a target to get against an attacker."""
    strength = 0.0
    if world.allies[target] == 0:
        return strength
    for ally in range(world.powers):
        if is_helper(world, ally, target, attacker):
            reach = help_expected(world, parameters, ally, target)
            strength += reach * _seen_strength(world, observer, ally)
    return strength


@rule
def see_other(world: World, power: int, other: int, row: Any, others: int, place: int) -> None:
    """Write what one power sees of another, without the odds; zeros for one that has fallen."""
    if world.alive[other] == 0:
        for feature in ABOUT_OTHERS:
            row[column(feature, others, place)] = 0.0
        return
    sees = SEES
    size = world.log_product[other] - world.log_product[power]
    debt = world.debt[other] / world.product[other]
    arms = world.log_arms[other] + world.arms_error[power, other] - world.log_arms[power]
    called = world.called[other] / (world.called[other] + USUAL_CALLS)
    defence = world.procurement[other] + world.upkeep[other]
    investment = world.industry[other] + world.research[other]
    helped = 0.0
    if world.calls[other, power] == 1:
        helped = 1.0 if world.comes[other, power] == 1 else -1.0
    needs_help = world.allied[power, other] == 1 and world.demanded_by[other] != NOBODY
    row[column(sees.other_alive, others, place)] = 1.0
    row[column(sees.other_size, others, place)] = clipped(sees.other_size, size)
    row[column(sees.other_debt, others, place)] = clipped(sees.other_debt, debt)
    row[column(sees.other_arms, others, place)] = clipped(sees.other_arms, arms)
    row[column(sees.other_readiness, others, place)] = world.seen_readiness[power, other]
    row[column(sees.other_resilience, others, place)] = world.seen_resilience[power, other]
    row[column(sees.other_standing, others, place)] = world.standing[other]
    row[column(sees.other_called, others, place)] = called
    row[column(sees.other_allies, others, place)] = world.allies[other]
    row[column(sees.allied, others, place)] = world.allied[power, other]
    row[column(sees.bound, others, place)] = world.bound[power, other]
    row[column(sees.its_offer, others, place)] = world.offer[other, power]
    row[column(sees.truce, others, place)] = 1.0 if world.truce[power, other] > 0 else 0.0
    row[column(sees.settled, others, place)] = 1.0 if world.settled[power, other] > 0 else 0.0
    row[column(sees.other_settled, others, place)] = 1.0 if world.settled[other, power] > 0 else 0.0
    row[column(sees.issue, others, place)] = world.issue[power, other]
    row[column(sees.its_issue, others, place)] = world.issue[other, power]
    row[column(sees.other_pause, others, place)] = world.pause[other]
    row[column(sees.proximity, others, place)] = world.proximity[other, power]
    row[column(sees.dependence, others, place)] = world.dependence[power, other]
    row[column(sees.other_dependence, others, place)] = world.dependence[other, power]
    row[column(sees.other_defence, others, place)] = clipped(sees.other_defence, defence)
    row[column(sees.other_investment, others, place)] = clipped(sees.other_investment, investment)
    row[column(sees.threat, others, place)] = 0.0
    row[column(sees.prospect, others, place)] = 0.0
    row[column(sees.its_demand, others, place)] = 1.0 if world.demand[other] == power else 0.0
    row[column(sees.its_embargo, others, place)] = _embargo_seen(world, other, power)
    row[column(sees.asked, others, place)] = 1.0 if world.demand[power] == other else 0.0
    row[column(sees.blocked, others, place)] = _embargo_seen(world, power, other)
    row[column(sees.its_answer, others, place)] = _answer_seen(world, power, other)
    row[column(sees.its_payment, others, place)] = _payment_seen(world, power, other)
    row[column(sees.its_help, others, place)] = helped
    row[column(sees.needs_help, others, place)] = 1.0 if needs_help else 0.0


@rule
def _embargo_seen(world: World, maker: int, target: int) -> float:
    """Return whether there is an embargo, or was one until it was bought off."""
    is_seen = world.embargo[maker, target] == 1 or world.tribute[target, maker] == 1
    return 1.0 if is_seen else 0.0


@rule
def _answer_seen(world: World, power: int, other: int) -> float:
    """Return how another power answered a demand; 0 before its answer."""
    if world.demand[power] != other or world.outcome[other] == NO_DEMAND:
        return 0.0
    return -1.0 if world.outcome[other] == CONCEDED else 1.0


@rule
def _payment_seen(world: World, power: int, other: int) -> float:
    """Return how another power answered an embargo; 0 before its answer."""
    if world.tribute[other, power] == 1:
        return -1.0
    if world.embargo[power, other] == 1 and world.phase != ANSWER:
        return 1.0
    return 0.0


# -- which choices are open --------------------------------------------------------------------


@rule
def close(masks: Masks, power: int, part: Part, others: int, place: int = 0) -> None:
    """Close every option of a part but the null option."""
    first = first_option(part, others, place)
    for option in range(1, options_of(part, others)):
        masks[power, first + option] = 0


@rule
def allow(world: World, parameters: Parameters, masks: Masks) -> None:
    """Close what cannot be done: by the fallen, to the fallen, to allies, or in another phase."""
    powers = world.powers
    others = powers - 1
    everything = parameters.phased == 0
    plans = everything or world.phase == PLAN
    challenges = everything or world.phase == CHALLENGE
    for power in range(powers):
        lives = world.alive[power] == 1
        if not lives or not plans:
            for line in BUDGET_PARTS:
                close(masks, power, line, others)
        elif world.allies[power] == 0:
            close(masks, power, DOES.aid, others)
        may_default = world.debt[power] > 0.0 and world.exclusion[power] == 0
        if not lives or not plans or not may_default:
            close(masks, power, DOES.default, others)
        stands = everything
        if world.phase == STAND and not everything:
            target = world.demand[power]
            stands = target != NOBODY and world.outcome[target] == RESISTED
        if not lives or not stands:
            close(masks, power, DOES.stand, others)
        demand = first_option(DOES.demand, others)
        embargo = first_option(DOES.embargo, others)
        for place in range(others):
            other = world.seat[power, place]
            is_ally = world.allied[power, other] == 1
            may_demand = can_demand(world, other, power)
            may_embargo = can_embargo(world, other, power)
            if not challenges or not can_demand(world, power, other):
                masks[power, demand + 1 + place] = 0
            if not challenges or not can_embargo(world, power, other):
                masks[power, embargo + 1 + place] = 0
            diplomacy = first_option(DOES.diplomacy, others, place)
            if not plans or not can_ally(world, parameters, power, other):
                masks[power, diplomacy + OFFER] = 0
            if not plans or not lives or not may_withdraw(world, power, other):
                masks[power, diplomacy + WITHDRAW] = 0
            helps_now = lives and world.alive[other] == 1
            if not everything:
                may_demand = world.phase == ANSWER and world.demanded_by[power] == other
                may_embargo = world.phase == ANSWER and world.embargo[other, power] == 1
                demander = world.demanded_by[other]
                helps_now = (
                    world.phase == ANSWER
                    and is_ally
                    and demander != NOBODY
                    and demander != power
                    and world.allied[power, demander] == 0
                )
            resolve = first_option(DOES.resolve, others, place)
            if not may_demand:
                masks[power, resolve + MOBILISE] = 0
                masks[power, resolve + CONCEDE] = 0
            if not may_embargo:
                masks[power, first_option(DOES.buy_off, others, place) + PAY] = 0
            if not helps_now:
                close(masks, power, DOES.honour, others, place)
