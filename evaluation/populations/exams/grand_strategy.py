"""The exam of `grand_strategy`: nine situations with opponents that were not met in training."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from counterpoise.agents.doctrines.grand_strategy import DOCTRINES, Doctrine, varied
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.evaluation.populations.exam import Background, Situation

# No configuration of the package trains against these.
HELD_OUT = (
    "chain_ganger", "hedger", "warmonger", "grim_armer", "isolationist", "economic_nationalist",
    "debtor",
)  # fmt: skip


def among(*names: str, spread: float = 0.25) -> Background:
    """Return a background in which doctrines take turns, with the traits of each varied."""

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
    """Return per-power changes: one value for the first seat, another for every other seat."""

    def chosen(powers: int) -> Mapping[str, Any]:
        return {name: [own, *[other] * (powers - 1)] for name, (own, other) in values.items()}

    return chosen


def with_patron(powers: int) -> Mapping[str, Any]:
    """Return a large first power allied to all others, which come less than half of the time."""
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
    """Return a first power that depends on trade with the others."""
    rows = [[2.5 if one == 0 else 0.5] * powers for one in range(powers)]
    return {"dependence": rows, "resilience": [0.1, *[0.7] * (powers - 1)]}


def last_balancer(powers: int) -> Mapping[str, Any]:
    """Return a first power of the second size, with the largest in the second seat."""
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
    Situation(
        "riser among free riders",
        "A power with half of its balanced-growth capital, among free riders.",
        1,
        among("free_rider", spread=0.5),
        first(capital=(0.5, 1.0), technology=(0.8, 1.0)),
    ),
    Situation(
        "the last balancer",
        "A warmonger of twice its size and isolationists: no ally is to be had.",
        1,
        _GiantAndRest("warmonger", "isolationist"),
        last_balancer,
    ),
    Situation(
        "patron of the unreliable",
        "Allied to every power at the start; its allies come less than half of the time.",
        1,
        among("hedger", "isolationist"),
        with_patron,
    ),
    Situation(
        "unprovoked embargo",
        "Dependent on economic nationalists, which embargo whoever depends on them.",
        1,
        among("economic_nationalist"),
        dependent,
    ),
    Situation(
        "among chain-gangers",
        "The others ally with everyone and mobilise at every demand.",
        1,
        among("chain_ganger"),
        plain(),
    ),
    Situation(
        "not to wake grim armers",
        "Others that arm permanently after any power has armed heavily.",
        1,
        among("grim_armer"),
        plain(),
    ),
    Situation(
        "among debtors",
        "Others that borrow to spend, and default.",
        1,
        among("debtor"),
        plain(),
    ),
    Situation(
        "where attack is easy",
        "Warmongers, with an offence-defence ratio that favours attack.",
        1,
        among("warmonger"),
        plain(offence=2.0),
    ),
    Situation(
        "two in company",
        "Two copies of the policy, among hedgers and isolationists.",
        2,
        among("hedger", "isolationist"),
        plain(),
    ),
)
