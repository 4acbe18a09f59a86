"""What is asked of learners of `guns_and_butter`, and its comparative statics."""

from __future__ import annotations

from counterpoise.evaluation.targets import Curve, Targets

AXES: dict[str, tuple[str, ...]] = {
    "industry_share": ("power",),
    "technology_share": ("power",),
    "military_share": ("power",),
    "consumption_share": ("power",),
    "first_shares": ("power", "use"),
    "shares_path": ("year", "use"),
    "income": ("power",),
    "value": ("power",),
}

TARGETS = Targets(
    regret=0.01,
    outcomes=("industry_share", "technology_share", "military_share", "consumption_share"),
)

CURVES = (
    Curve(
        name="survival",
        title="Governments that may fall neglect industry and education",
        vary={"survival": (0.8, 1.0)},
        points=9,
        outcomes=("industry_share", "technology_share", "military_share"),
    ),
    Curve(
        name="military_weight",
        title="Who cares more to be stronger arms more; industry does not move",
        vary={"military_weight": (0.025, 0.1)},
        points=7,
        outcomes=("military_share", "industry_share"),
    ),
)
