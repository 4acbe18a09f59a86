"""What do learned powers do, at the parameters at which they are judged? One row per seed.

counterpoise predict --out runs/predictions
python studies/conduct.py runs/predictions/amortised/predictions
"""

from __future__ import annotations

import study

from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.populations.metrics import METRICS

SHOWN = (
    "payoff", "allies", "arms_share", "research_share", "resilience", "debt", "demand_rate",
    "resist_rate", "war_rate", "embargo_rate", "tribute_rate",
)  # fmt: skip


def main() -> None:
    asked = study.options(__doc__, group=True, worlds=100, out=study.PREDICTIONS).parse_args()
    rows = []
    for run in study.runs_of(asked.group):
        seen = play_episodes(run.game, run.parameters, run.profile(), worlds=asked.worlds)
        rows.append([str(run.seed), *(f"{METRICS[name](seen.years):.4f}" for name in SHOWN)])
        study.tell(*rows[-1])
    study.write_page(
        asked.out / "conduct.md",
        "What learned powers do",
        f"Made by `python studies/conduct.py {asked.group}`: {asked.worlds} worlds of 40 years, "
        "all powers playing the learned policy, default parameters. Shares are of GDP, rates are "
        "per power-year.",
        study.markdown_table(["seed", *(name.replace("_", " ") for name in SHOWN)], rows),
    )


if __name__ == "__main__":
    main()
