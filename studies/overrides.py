"""What would one power gain by always taking one option: a budget share, or a war?

counterpoise predict --out runs/predictions
python studies/overrides.py runs/predictions/amortised/predictions

All other choices remain the learned policy's. A gain shows that training left a profitable
deviation, and in which choice.
"""

from __future__ import annotations

from typing import Any

import polars
import study

from counterpoise.agents.simple import Holding
from counterpoise.evaluation.populations.payoffs import payoffs

CHOICES = ("research", "industry", "supply", "stockpile", "stand")
JUDGED_FROM = 3_000_000


def main() -> None:
    parser = study.options(__doc__, group=True, worlds=300, out=study.PREDICTIONS)
    parser.add_argument("--choices", nargs="*", default=list(CHOICES), help="choices to override")
    asked = parser.parse_args()
    runs = study.runs_of(asked.group)
    rows = []
    for run in runs:
        profile = run.profile()
        options: dict[str, Any] = dict(count=asked.worlds, seed=JUDGED_FROM)
        own = payoffs(run.game, run.parameters, profile, **options)[:, 0]
        for component, part in enumerate(run.game.role(0).actions):
            for number, option in enumerate(part.options if part.name in asked.choices else ()):
                played = [Holding(run.game, profile[0], component, number), *profile[1:]]
                paid = payoffs(run.game, run.parameters, played, **options)[:, 0]
                rows.append(
                    {"seed": run.seed, "choice": part.name, "option": option,
                     "gain": float((paid - own).mean())}
                )  # fmt: skip
        study.tell(f"seed {run.seed}")
    table = polars.DataFrame(rows)
    study.write_rows(asked.out / "overrides.parquet", table)
    means = (
        table.group_by("choice", "option", maintain_order=True)
        .agg(polars.col("gain").mean(), polars.col("gain").std().alias("spread"))
    )  # fmt: skip
    study.write_page(
        asked.out / "overrides.md",
        "One choice overridden",
        f"Made by `python studies/overrides.py {asked.group}`: payoff of the first power when it "
        f"always takes this option, minus its payoff under the learned policy; {len(runs)} seeds, "
        f"{asked.worlds} worlds each, default parameters.",
        study.markdown_table(
            ["choice", "always", "gain, mean over seeds", "standard deviation"],
            (
                [choice, option, f"{gain:.3f}", f"{spread or 0.0:.3f}"]
                for choice, option, gain, spread in means.iter_rows()
            ),
        ),
    )


if __name__ == "__main__":
    main()
