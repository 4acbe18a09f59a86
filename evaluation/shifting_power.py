"""What is asked of learners of `shifting_power`, and its comparative statics."""

from __future__ import annotations

from counterpoise.evaluation.targets import Curve, Targets

AXES: dict[str, tuple[str, ...]] = {
    "value": ("power",),
}

TARGETS = Targets(
    regret=0.02, outcomes=("investment_rate", "strike_rate_unseen", "strike_rate_seen", "war_rate")
)

CURVES = (
    Curve(
        name="intelligence",
        title="Better intelligence brings peace, and all at once",
        vary={"intelligence": (0.0, 1.0)},
        points=11,
        outcomes=("war_rate", "investment_rate", "strike_rate_unseen"),
    ),
)
