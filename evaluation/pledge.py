"""What is asked of learners of `pledge`, and its comparative statics."""

from __future__ import annotations

from counterpoise.evaluation.targets import Curve, Targets

AXES: dict[str, tuple[str, ...]] = {
    "firmness_at": ("number",),
    "war_risk_at": ("number",),
    "value": ("power",),
}

TARGETS = Targets(regret=0.01, outcomes=("pledge", "firmness", "war_risk"))

CURVES = (
    Curve(
        name="deterrent_effect",
        title="A pledge that deters enough is given whole",
        vary={"deterrent_effect": (0.1, 0.9)},
        points=9,
        outcomes=("pledge", "firmness", "war_risk"),
    ),
)
