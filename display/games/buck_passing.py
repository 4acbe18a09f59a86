"""What is asked of learners of `buck_passing`, and its comparative statics."""

from __future__ import annotations

from counterpoise.display.appearance import Display
from counterpoise.theory.targets import Curve, Targets

AXES: dict[str, tuple[str, ...]] = {
    "balance_rate": ("year",),
    "balance_by_power": ("year", "power"),
    "nobody_balances": ("year",),
    "reached": ("year",),
    "value": ("power",),
}

TARGETS = Targets(regret=0.02, outcomes=("balance_rate", "balance_by_power", "nobody_balances"))

CURVES = (
    Curve(
        name="bystanders",
        title="The fewer stand by and the more could balance, the less each does",
        vary={"bystanders": (0, 6)},
        points=7,
        outcomes=("balancers", "balance_rate"),
        fixed={"powers": 8},
    ),
    Curve(
        name="tie_cost",
        title="Ties chain the gang together: ever more balance at once",
        vary={"tie_cost": (0.0, 0.12)},
        points=7,
        outcomes=("balancers", "balance_rate"),
    ),
)


DISPLAY = Display()
