"""The full game: a `Game` made from the rules in `counterpoise.envs.grand_strategy`.

Version history
---------------
v1: offers stay on the table, alliances bind for a term, demand and embargo are choices apart from
diplomacy, the cost of a war is private; in v0 powers that learned did not ally, concede or fight.
v0: first release.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from counterpoise.envs.engine.game import Account, Game
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.perception import FEATURES, allow, observe
from counterpoise.envs.grand_strategy.words import events
from counterpoise.envs.grand_strategy.world import PHASES, ROLES, ROLES_OF_AMOUNTS, WORLD
from counterpoise.envs.grand_strategy.year import start, step, step_by_amounts

__all__ = ["GAME", "Parameters"]


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor."""
    return parameters.discount


def phase_count(parameters: Parameters) -> int:
    """Return the number of steps in a year."""
    return len(PHASES) if parameters.phased else 1


def alliances(world: Any, parameters: Parameters) -> list[tuple[str, str]]:
    """Return the pairs of allies."""
    return [
        (f"power_{power}", f"power_{other}")
        for power in range(parameters.powers)
        for other in range(power + 1, parameters.powers)
        if world.allied[power, other]
    ]


BY_CHOICES = Game(
    name="grand_strategy",
    title="Two to eight powers arm, grow, ally, coerce and fight, each on one budget",
    source="the balance-of-power literature since Waltz 1979, one mechanism per debate",
    parameters=Parameters,
    world=WORLD,
    roles=ROLES,
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    allow=allow,
    discount=discount,
    phases=PHASES,
    phase_count=phase_count,
    default_max_cycles=800,
    accounts=(
        Account("output", "holds", "output"),
        Account("arms", "holds", "arms"),
        Account("debt", "owes", "debt"),
        Account("procurement", "spends", "procurement", "of output"),
        Account("welfare", "spends", "welfare", "of output"),
    ),
    alliances=alliances,
    events=events,
    variants={
        "two_powers": {"powers": 2},
        "eight_powers": {"powers": 8},
        "phased": {"phased": True},
        "anonymous": {"anonymous": True},
        "unreliable": {"slips": True, "reliability": 0.5},
    },
)

GAME = dataclasses.replace(
    BY_CHOICES,
    styles={
        "continuous": dataclasses.replace(
            BY_CHOICES, roles=ROLES_OF_AMOUNTS, step=step_by_amounts, allow=None
        )
    },
)
