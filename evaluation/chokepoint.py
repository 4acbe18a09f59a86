"""What is asked of learners of `chokepoint`, and its comparative statics."""

from __future__ import annotations

from counterpoise.evaluation.targets import Curve, Targets

AXES: dict[str, tuple[str, ...]] = {
    "resilience": ("power",),
    "final_resilience": ("power",),
    "investment": ("power",),
    "extracted": ("power",),
    "demand": ("power",),
    "resilience_path": ("year", "power"),
    "value": ("power",),
}

TARGETS = Targets(regret=0.01, outcomes=("resilience",))

CURVES = (
    Curve(
        name="exposure",
        title="The more the hub extracts, the further its targets insulate themselves",
        vary={"exposure": (0.4, 1.0)},
        points=7,
        outcomes=("resilience",),
    ),
    Curve(
        name="autarky_cost",
        title="Where self-reliance is dear there is less of it",
        vary={"autarky_cost": (0.02, 0.08)},
        points=7,
        outcomes=("resilience",),
    ),
)
