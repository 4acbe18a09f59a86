"""What changes while the full game runs, and what the powers can choose."""

from __future__ import annotations

import numpy as np

from counterpoise.envs.engine.game import Choice, Continuous, Role
from counterpoise.envs.engine.world import (
    FlagPerPair,
    FlagPerPower,
    PerPair,
    PerPower,
    Real,
    Whole,
    WorldRecord,
    world_dtype,
)
from counterpoise.envs.grand_strategy.parameters import MOST_POWERS


class World(WorldRecord):
    """What changes while the game runs; a pair's field at [i, j] is of i towards j."""

    # -- stocks --
    capital: PerPower
    labour: PerPower
    technology: PerPower
    arms: PerPower
    readiness: PerPower
    resilience: PerPower
    reserves: PerPower
    debt: PerPower
    coherence: PerPower
    exclusion: FlagPerPower
    default_years: FlagPerPower
    honoured: PerPower
    called: PerPower
    fear: PerPower
    alive: FlagPerPower
    first_capital: PerPower
    consumption_reference: PerPower
    # -- pairs --
    seat: FlagPerPair
    allied: FlagPerPair
    notice: FlagPerPair
    truce: FlagPerPair
    proximity: PerPair
    dependence: PerPair
    arms_error: PerPair
    seen_arms: PerPair
    seen_readiness: PerPair
    seen_resilience: PerPair
    # -- this year's plan, in shares of product; once the year is over, what came of it --
    tax: PerPower
    procurement: PerPower
    upkeep: PerPower
    research: PerPower
    industry: PerPower
    supply: PerPower
    stockpile: PerPower
    welfare: PerPower
    integration: PerPower
    aid: PerPower
    default: FlagPerPower
    stand: FlagPerPower
    stance: FlagPerPair
    resolve: FlagPerPair
    honour: FlagPerPair
    # -- what happened this year --
    order: FlagPerPower
    demand: FlagPerPower
    demanded_by: FlagPerPower
    embargo: FlagPerPair
    tribute: FlagPerPair
    comes: FlagPerPair
    calls: FlagPerPair
    outcome: FlagPerPower
    mobilised: FlagPerPower
    blackout: FlagPerPower
    formed: FlagPerPair
    turnover: FlagPerPower
    generation: Whole
    reliability: Real
    # -- this year's accounts --
    product: PerPower
    output: PerPower
    growth: PerPower
    strength: PerPower
    odds: PerPower
    security: PerPower
    interest: PerPower
    revenue: PerPower
    spending: PerPower
    aid_paid: PerPower
    aid_received: PerPower
    borrowed: PerPower
    forgiven: PerPower
    scaling: PerPower
    invested: PerPower
    consumed: PerPower
    disposable: PerPower
    capital_lost: PerPower
    capital_gained: PerPower
    war_loss: PerPower
    trade_loss: PerPower
    arms_lost: PerPower
    coherence_lost: PerPower
    felt_loss: PerPower
    allies: FlagPerPower
    # -- worked out once a year for all who look --
    standing: PerPower
    log_product: PerPower
    log_arms: PerPower


WORLD = world_dtype(World, MOST_POWERS)

# -- the order of the year's phases ------------------------------------------------------------
PLAN, CHALLENGE, ANSWER, STAND = range(4)
PHASES = ("plan", "challenge", "answer", "stand")

# -- stances towards another power -------------------------------------------------------------
KEEP, OFFER, WITHDRAW, EMBARGO, DEMAND = range(5)
STANCES = ("keep", "offer alliance", "withdraw", "embargo", "demand")

# -- answers to another's demand or embargo ----------------------------------------------------
RESIST, MOBILISE, CONCEDE = range(3)
ANSWERS = ("resist", "mobilise and resist", "concede")

# -- when a demand is resisted -----------------------------------------------------------------
BACK_DOWN, FIGHT_IF_LIKELY, FIGHT = range(3)
STANDS = ("back down", "fight if likely to win", "fight")

# -- how a demand ended; of its target ---------------------------------------------------------
NO_DEMAND, RESISTED, CONCEDED, BACKED_DOWN, HELD, BEATEN = range(6)
OUTCOMES = ("", "is resisted", "concedes", "is let be", "holds out", "is beaten")

# -- the budget: lowest and highest share of product, and the levels of a choice ---------------
BUDGET = (
    ("tax", (0.05, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45), "tau: revenue."),
    ("procurement", (0.0, 0.005, 0.01, 0.02, 0.03, 0.045, 0.07, 0.12), "g_M: arms."),
    ("upkeep", (0.0, 0.005, 0.01, 0.015, 0.025, 0.05), "g_O: readiness."),
    ("research", (0.0, 0.01, 0.02, 0.03, 0.05, 0.08), "g_R: technology and education."),
    ("industry", (0.0, 0.01, 0.02, 0.03, 0.05, 0.08), "g_K: industry, infrastructure, energy."),
    ("supply", (0.0, 0.005, 0.01, 0.02, 0.03), "g_Z: supply security."),
    ("stockpile", (0.0, 0.005, 0.01, 0.02), "g_V: reserves."),
    ("welfare", (0.0, 0.08, 0.14, 0.18, 0.21, 0.25, 0.30, 0.35), "g_W: welfare."),
    ("integration", (0.0, 0.25, 0.5, 1.0), "c_m: civil-military integration; costs no money."),
    ("aid", (0.0, 0.0025, 0.005, 0.01), "s: aid to allies, shared evenly."),
)
BUDGET_LINES = len(BUDGET)
DEFAULT_AT, STAND_AT, STANCE_AT = BUDGET_LINES, BUDGET_LINES + 1, BUDGET_LINES + 2
MOST_LEVELS = max(len(levels) for _, levels, _ in BUDGET)

LEVELS = np.zeros((BUDGET_LINES, MOST_LEVELS))
for _line, (_, _levels, _) in enumerate(BUDGET):
    LEVELS[_line, : len(_levels)] = _levels
LEVEL_COUNTS = np.array([len(levels) for _, levels, _ in BUDGET])
WIDEST_SPENDING = float(sum(levels[-1] for name, levels, _ in BUDGET[1:8]))


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


CHOICES = (
    *(Choice(name, tuple(map(_percent, levels)), doc) for name, levels, doc in BUDGET),
    Choice("default", ("pay", "default"), "Whether to repudiate debt."),
    Choice("stand", STANDS, "What to do if a demand is resisted."),
    Choice("stance", STANCES, "Towards another power.", others=True),
    Choice("resolve", ANSWERS, "If that power demands something, or embargoes.", others=True),
    Choice("honour", ("abandon", "honour"), "If that power is an ally and called.", others=True),
)
AMOUNTS = (
    *(
        Continuous(name, levels[0], levels[-1], "1" if name == "integration" else "of product", doc)
        for name, levels, doc in BUDGET
    ),
    Continuous("default", 0.0, 2.0, "option", "From 1 on: repudiate debt."),
    Continuous("stand", 0.0, 3.0, "option", "Rounded down: " + ", ".join(STANDS) + "."),
    Continuous("stance", 0.0, 5.0, "option", "Rounded down: " + ", ".join(STANCES), others=True),
    Continuous("resolve", 0.0, 3.0, "option", "Rounded down: " + ", ".join(ANSWERS), others=True),
    Continuous("honour", 0.0, 2.0, "option", "From 1 on: come to that ally's help.", others=True),
)
ROLES = (Role("power", CHOICES, "A state on one budget."),)
ROLES_OF_AMOUNTS = (Role("power", AMOUNTS, "A state on one budget."),)
