"""What is asked of learners of `deterrence`, and its comparative statics."""

from __future__ import annotations

from counterpoise.evaluation.targets import Curve, Targets

AXES: dict[str, tuple[str, ...]] = {
    "doves": ("power",),
    "deterrents": ("power",),
    "hawks": ("power",),
    "arms": ("power",),
    "value": ("power",),
}

TARGETS = Targets(regret=0.02, outcomes=("doves", "deterrents", "hawks", "war_rate"))

CURVES = (
    Curve(
        name="decisiveness",
        title="Where winning responds more to arms, wars are rarer",
        vary={"decisiveness": (1.85, 2.1)},
        points=6,
        outcomes=("war_rate", "hawks", "doves"),
    ),
    Curve(
        name="war_cost",
        title="Where war costs more there are more doves, and more wars",
        vary={"war_cost": (0.47, 0.55)},
        points=9,
        outcomes=("war_rate", "hawks", "doves"),
    ),
)
