"""The full game's exam, nine situations among powers that no training met, and its replay."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from counterpoise.agents.grand_strategy import DOCTRINES, Doctrine, varied
from counterpoise.envs.grand_strategy.words import QUIET
from counterpoise.envs.grand_strategy.world import BEATEN, HELD, NO_DEMAND
from counterpoise.envs.parameters import ParametersBase
from counterpoise.envs.strategy import Strategy
from counterpoise.evaluation.exam import Background, Test
from counterpoise.evaluation.replay_page import Line, Shown, Tie, TieKind

# What no configuration that comes with the package trains against.
HELD_OUT = (
    "chain_ganger", "hedger", "warmonger", "grim_armer", "isolationist", "economic_nationalist",
    "debtor",
)  # fmt: skip


def among(*names: str, spread: float = 0.25) -> Background:
    """Return a background of doctrines in turn, the numbers of each varied."""

    def seated(parameters: Any, power: int, rng: np.random.Generator) -> Strategy:
        kind: Any = DOCTRINES[names[(power - 1) % len(names)]]
        made: Doctrine = varied(kind, parameters, power, rng, spread)
        return made

    return seated


def plain(**changes: Any) -> Any:
    """Return the same changes for any number of powers."""

    def chosen(powers: int) -> Mapping[str, Any]:
        return changes

    return chosen


def first(**values: tuple[float, float]) -> Any:
    """Return per-power changes: the first seat's value, and everyone else's."""

    def chosen(powers: int) -> Mapping[str, Any]:
        return {name: [own, *[other] * (powers - 1)] for name, (own, other) in values.items()}

    return chosen


def with_patron(powers: int) -> Mapping[str, Any]:
    """Return a large first power allied to all others, who come but half of the time."""
    tied = [
        [one + other > 0 and 0 in (one, other) for other in range(powers)] for one in range(powers)
    ]
    return {
        "allied": tied,
        "slips": True,
        "reliability": 0.45,
        "start_product": [1.6, *[0.8] * (powers - 1)],
        "size_spread": 0.0,
    }


def dependent(powers: int) -> Mapping[str, Any]:
    """Return a first power that lives on the others' trade."""
    rows = [[2.5 if one == 0 else 0.5] * powers for one in range(powers)]
    return {"dependence": rows, "resilience": [0.1, *[0.7] * (powers - 1)]}


def last_balancer(powers: int) -> Mapping[str, Any]:
    """Return a giant in the second seat, and a first power of the second size."""
    rest = [0.5] * (powers - 2)
    return {"start_product": [1.0, 2.0, *rest], "arms": [0.15, 0.4, *[0.1] * (powers - 2)],
            "size_spread": 0.0}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _GiantAndRest:
    giant: str
    rest: str

    def __call__(
        self, parameters: ParametersBase, power: int, rng: np.random.Generator
    ) -> Strategy:
        return among(self.giant if power == 1 else self.rest)(parameters, power, rng)


EXAM = (
    Test(
        "riser among free riders",
        "A power with half its capital still to grow, among free riders of other sizes and tastes.",
        1,
        among("free_rider", spread=0.5),
        first(capital=(0.5, 1.0), technology=(0.8, 1.0)),
    ),
    Test(
        "the last balancer",
        "A warmonger twice its size on one side, isolationists on the other: nobody will help.",
        1,
        _GiantAndRest("warmonger", "isolationist"),
        last_balancer,
    ),
    Test(
        "patron of the unreliable",
        "Everyone's ally at the start, and its allies come less than half of the time.",
        1,
        among("hedger", "isolationist"),
        with_patron,
    ),
    Test(
        "unprovoked embargo",
        "Dependent on economic nationalists who embargo whoever depends on them.",
        1,
        among("economic_nationalist"),
        dependent,
    ),
    Test(
        "among chain-gangers",
        "Everyone is everyone's ally and marches at once.",
        1,
        among("chain_ganger"),
        plain(),
    ),
    Test(
        "not to wake grim armers",
        "Neighbours that arm for good once anyone arms much.",
        1,
        among("grim_armer"),
        plain(),
    ),
    Test(
        "among debtors",
        "Neighbours that spend what they borrow, and default.",
        1,
        among("debtor"),
        plain(),
    ),
    Test(
        "where attack is easy",
        "Warmongers, and an offence that favours them.",
        1,
        among("warmonger"),
        plain(offence=1.3),
    ),
    Test(
        "two in company",
        "Two that learned together, among hedgers and isolationists.",
        2,
        among("hedger", "isolationist"),
        plain(),
    ),
)

# -- the replay ------------------------------------------------------------------------------------


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
