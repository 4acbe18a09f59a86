"""What is asked of learners of `paradox_of_power`, and its comparative statics."""

from __future__ import annotations

from counterpoise.evaluation.targets import Curve, Targets

AXES: dict[str, tuple[str, ...]] = {
    "fighting": ("power",),
    "fighting_share": ("power",),
    "income": ("power",),
    "value": ("power",),
}

TARGETS = Targets(regret=0.01, outcomes=("fighting", "income"))

CURVES = (
    Curve(
        name="inequality",
        title="However rich the rich, the poor keep up, until they fight with all they have",
        vary={"inequality": (0.5, 0.95)},
        points=10,
        outcomes=("income", "fighting"),
    ),
    Curve(
        name="decisiveness",
        title="Where conflict is decisive, the paradox breaks",
        vary={"decisiveness": (0.5, 4.0)},
        points=8,
        outcomes=("income", "fighting"),
    ),
)
