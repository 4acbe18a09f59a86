"""What changes while the full game runs, and what the powers can choose."""

from __future__ import annotations

import dataclasses
import typing
from typing import Annotated

import numpy as np

from counterpoise.envs.engine.columns import parts
from counterpoise.envs.engine.game import Choice, Continuous, Role
from counterpoise.envs.engine.world import (
    FlagPerPair,
    FlagPerPower,
    PerPair,
    PerPower,
    Real,
    SeenPerPair,
    Whole,
    WorldRecord,
    world_dtype,
)
from counterpoise.envs.grand_strategy.parameters import MOST_POWERS

NOBODY = -1

# -- the budget --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class BudgetLine:
    """One line of the budget, which a power sets every year.

    Attributes
    ----------
    name : str
        Its field of the world.
    levels : tuple of float
        The options of the choice, ascending; the first and the last bound the amount.
    doc : str
        One line of meaning.
    purpose : str
        What the line is spent on; reports add up the lines of one purpose. Empty for a line that is
        not part of planned spending.
    unit : str
    """

    name: str
    levels: tuple[float, ...]
    doc: str
    purpose: str = ""
    unit: str = "of product"

    @property
    def lowest(self) -> float:
        """The lowest amount."""
        return self.levels[0]

    @property
    def highest(self) -> float:
        """The highest amount."""
        return self.levels[-1]


BUDGET = (
    BudgetLine("tax", (0.05, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45), "tau: tax rate."),
    BudgetLine(
        "procurement", (0.0, 0.005, 0.01, 0.02, 0.03, 0.045, 0.07, 0.12), "g_M: arms procurement.",
        purpose="defence",
    ),
    BudgetLine(
        "upkeep", (0.0, 0.005, 0.01, 0.015, 0.025, 0.05), "g_O: operations and readiness.",
        purpose="defence",
    ),
    BudgetLine(
        "research", (0.0, 0.01, 0.02, 0.03, 0.05, 0.08), "g_R: technology and education.",
        purpose="research",
    ),
    BudgetLine(
        "industry", (0.0, 0.01, 0.02, 0.03, 0.05, 0.08),
        "g_K: industry, infrastructure, energy.", purpose="industry",
    ),
    BudgetLine(
        "supply", (0.0, 0.0025, 0.005, 0.01, 0.02), "g_Z: security of supply.",
        purpose="security of supply",
    ),
    BudgetLine(
        "stockpile", (0.0, 0.0025, 0.005, 0.01), "g_V: strategic reserves.",
        purpose="security of supply",
    ),
    BudgetLine(
        "welfare", (0.0, 0.08, 0.14, 0.18, 0.21, 0.25, 0.30, 0.35), "g_W: welfare.",
        purpose="welfare",
    ),
    BudgetLine(
        "integration", (0.0, 0.25, 0.5, 1.0),
        "c_m: degree of civil-military integration; costs no money.", unit="1",
    ),
    BudgetLine(
        "aid", (0.0, 0.001, 0.0025, 0.005), "s: subsidies to allies, divided equally.",
    ),
)  # fmt: skip
LINES = tuple(line.name for line in BUDGET)
SPENDING = tuple(line.name for line in BUDGET if line.purpose)
"""The lines of planned spending; rules loop over them by ``literal_unroll``."""
LEVELS = np.zeros((len(BUDGET), max(len(line.levels) for line in BUDGET)))
for _number, _line in enumerate(BUDGET):
    LEVELS[_number, : len(_line.levels)] = _line.levels

# -- the world ---------------------------------------------------------------------------------

STOCK = "stock"
Stock = Annotated[PerPower, STOCK]
"""What a power carries from year to year; tables of power-years have a column of each."""


class World(WorldRecord):
    """What changes while the game runs; a pair's field at [i, j] is of i towards j."""

    # -- stocks --
    capital: Stock
    labour: Stock
    technology: Stock
    arms: Stock
    readiness: Stock
    resilience: Stock
    reserves: Stock
    debt: Stock
    coherence: Stock
    exclusion: FlagPerPower
    default_years: FlagPerPower
    honoured: PerPower
    called: PerPower
    fear: PerPower
    alive: FlagPerPower
    first_capital: PerPower
    consumption_reference: PerPower
    written_off: PerPower
    war_cost: PerPower
    pause: FlagPerPower
    # -- pairs --
    seat: FlagPerPair
    allied: FlagPerPair
    notice: FlagPerPair
    bound: FlagPerPair
    offer: FlagPerPair
    truce: FlagPerPair
    settled: FlagPerPair
    subsidy: PerPair
    issue: SeenPerPair
    proximity: SeenPerPair
    dependence: SeenPerPair
    arms_error: SeenPerPair
    seen_arms: SeenPerPair
    seen_readiness: SeenPerPair
    seen_resilience: SeenPerPair
    # -- the lines of `BUDGET`: this year's plan, and after the year what was carried out --
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
    # -- the year's orders --
    default: FlagPerPower
    stand: FlagPerPower
    demand_order: FlagPerPower
    embargo_order: FlagPerPower
    diplomacy: FlagPerPair
    resolve: FlagPerPair
    buy_off: FlagPerPair
    honour: FlagPerPair
    # -- what happened this year --
    order: FlagPerPower
    demand: FlagPerPower
    demanded_by: FlagPerPower
    embargo: FlagPerPair
    tribute: FlagPerPair
    comes: FlagPerPair
    calls: FlagPerPair
    committed: FlagPerPair
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
    # -- the parts of this year's payoff, in utils --
    consumption_utils: PerPower
    welfare_utils: PerPower
    security_utils: PerPower
    autonomy_utils: PerPower
    # -- computed once a year for all observers --
    standing: PerPower
    log_product: PerPower
    log_arms: PerPower


WORLD = world_dtype(World, MOST_POWERS)
STOCKS = tuple(
    name
    for name, hint in typing.get_type_hints(World, include_extras=True).items()
    if STOCK in hint.__metadata__
)

# -- the order of the year's phases ------------------------------------------------------------
PLAN, CHALLENGE, ANSWER, STAND = range(4)
PHASES = ("plan", "challenge", "answer", "stand")

# -- diplomacy towards another power -----------------------------------------------------------
KEEP, OFFER, WITHDRAW = range(3)
DIPLOMACY = ("keep", "offer alliance", "withdraw")

# -- answers to a demand, and to an embargo ----------------------------------------------------
RESIST, MOBILISE, CONCEDE = range(3)
ANSWERS = ("resist", "mobilise and resist", "concede")
REFUSE, PAY = range(2)
PAYMENTS = ("refuse", "pay tribute")

# -- when a demand is resisted -----------------------------------------------------------------
BACK_DOWN, FIGHT_IF_LIKELY, FIGHT = range(3)
STANDS = ("back down", "fight if likely to win", "fight")

# -- how a demand ended; of its target ---------------------------------------------------------
NO_DEMAND, RESISTED, CONCEDED, BACKED_DOWN, HELD, BEATEN = range(6)
OUTCOMES = ("", "is resisted", "concedes", "is let be", "holds out", "is beaten")
WARS = (HELD, BEATEN)

# -- what the powers decide --------------------------------------------------------------------


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


ORDERS = (
    Choice("default", ("pay", "default"), "Whether to repudiate the debt."),
    Choice("stand", STANDS, "What to do if its demand is resisted."),
    Choice("demand", ("nobody",), "Of whom to make a demand.", each="of"),
    Choice("embargo", ("nobody",), "Whom to embargo.", each="against"),
    Choice("diplomacy", DIPLOMACY, "Towards each other power.", others=True),
    Choice("resolve", ANSWERS, "If that power makes a demand.", others=True),
    Choice("buy_off", PAYMENTS, "If that power lays an embargo.", others=True),
    Choice("honour", ("abandon", "honour"), "If that power is an ally and calls.", others=True),
)
# The lines of the budget come first: the number of a line is also its number in an action.
CHOICES = (
    *(Choice(line.name, tuple(map(_percent, line.levels)), line.doc) for line in BUDGET),
    *ORDERS,
)
AMOUNTS = (
    *(Continuous(line.name, line.lowest, line.highest, line.unit, line.doc) for line in BUDGET),
    *(
        # Nobody and each other power are as many as the powers.
        Continuous(
            order.name, 0.0, "powers" if order.each else len(order.options), "option",
            f"Rounded down: {', '.join(order.options_among(1))}{', …' * bool(order.each)}.",
            order.others,
        )
        for order in ORDERS
    ),
)  # fmt: skip
DOES = parts(CHOICES)
ROLES = (Role("power", CHOICES, "A state with one budget."),)
ROLES_OF_AMOUNTS = (Role("power", AMOUNTS, "A state with one budget."),)
