"""The full game as a replay shows it: lines, budget, income, and what passes between powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from counterpoise.display.replay import Line, Shown, Tie, TieKind
from counterpoise.envs.grand_strategy.words import QUIET
from counterpoise.envs.grand_strategy.world import BEATEN, HELD, NO_DEMAND


def ratio(*fields: str, over: str = "output") -> Any:
    """Return how to read the sum of some fields as a percentage of another."""

    def values(records: Any) -> Any:
        total = sum(np.asarray(records[field], np.float64) for field in fields)
        return 100.0 * total / np.maximum(records[over], 1e-12)

    return values


def share(*fields: str) -> Any:
    """Return how to read lines of the budget, which are shares of product, in percent."""

    def values(records: Any) -> Any:
        return 100.0 * sum(np.asarray(records[field], np.float64) for field in fields)

    return values


def amount(field: str) -> Any:
    """Return how to read a field as it stands."""

    def values(records: Any) -> Any:
        return np.asarray(records[field], np.float64)

    return values


def interest_paid(records: Any) -> Any:
    """Return interest as a percentage of product: borrowing is interest and spending less tax."""
    paid = records["borrowed"] + records["revenue"] - records["spending"]
    return 100.0 * paid / np.maximum(records["output"], 1e-12)


PLANNED = ("procurement", "upkeep", "research", "industry", "supply", "stockpile", "welfare")


def mobilisation(records: Any) -> Any:
    """Return what is spent beyond the plan and transfers, as a percentage of product."""
    transfers = records["aid_paid"] - records["aid_received"]
    planned = sum(np.asarray(records[field], np.float64) for field in PLANNED)
    left = (records["spending"] - transfers) / np.maximum(records["output"], 1e-12) - planned
    # What is left of rounding is nothing.
    return 100.0 * np.where(left > 1e-9, left, 0.0)


def ties(record: Any, parameters: Any) -> list[Tie]:
    """Return who demands, fights, helps, embargoes and pays, in the year of a record."""
    powers = range(int(record["powers"]))
    found = []
    for target in powers:
        maker = int(record["demanded_by"][target])
        outcome = int(record["outcome"][target])
        if maker >= 0:
            found.append(Tie("war" if outcome in (HELD, BEATEN) else "demand", maker, target))
            if outcome != NO_DEMAND:
                found += [
                    Tie("help", ally, target)
                    for ally in powers
                    if record["calls"][ally, target] == 1 and record["comes"][ally, target] == 1
                ]
        for other in powers:
            if record["embargo"][other, target] == 1:
                found.append(Tie("embargo", other, target))
            if record["tribute"][target, other] == 1:
                found.append(Tie("tribute", target, other))
    return found


def is_alive(records: Any) -> Any:
    """Return whether each power is still in the game."""
    return np.asarray(records["alive"]) == 1


PERCENT = "% of product"


def flow(label: str, values: Any, unit: str = PERCENT, doc: str = "") -> Line:
    """Return a line that is known once the year is over."""
    return Line(label, unit, values, is_flow=True, is_settled=True, doc=doc)


REPLAY = Shown(
    lines=(
        Line("arms", PERCENT, ratio("arms", over="product"), doc="the stock"),
        Line("debt", PERCENT, ratio("debt", over="product"), doc="the stock"),
        Line("support", "", amount("coherence"), doc="coherence of state and people"),
        Line("resilience", "", amount("resilience"), doc="against a cut of trade"),
        Line("product", "", amount("product"), doc="of the year to come"),
        Line("technology", "", amount("technology"), doc="the level"),
        Line("reserves", "", amount("reserves"), doc="stockpiles"),
        flow("security", amount("security"), "", "as felt"),
    ),
    size=Line("product", "", amount("product")),
    budget=(
        flow("defence", share("procurement", "upkeep")),
        flow("research", share("research")),
        flow("industry", share("industry")),
        flow("security of supply", share("supply", "stockpile")),
        flow("welfare", share("welfare")),
        flow("aid and tribute", ratio("aid_paid")),
        flow("mobilisation", mobilisation),
        flow("interest", interest_paid),
    ),
    income=flow(
        "income",
        ratio("revenue", "aid_received"),
        doc="Tax, and aid and tribute from others; what is spent above it is borrowed.",
    ),
    tie_kinds=(
        TieKind("demand", "demand", "D", "#D55E00", 2.2),
        TieKind("war", "war", "W", "#D55E00", 4.5),
        TieKind("help", "help in a war or crisis", "H", "#0072B2", 2.2),
        TieKind("embargo", "embargo", "E", "#CC79A7", 2.2, is_dashed=True),
        TieKind("tribute", "tribute, buying an embargo off", "T", "#E69F00", 2.0, is_dashed=True),
    ),
    ties=ties,
    is_alive=is_alive,
    quiet=(QUIET,),
)
