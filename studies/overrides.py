"""What would one power gain by always making one choice alike: a line of its budget, or a war?

counterpoise predict --out runs/predictions
python studies/overrides.py runs/predictions/amortised/predictions

Every other choice is the learned policy's own. A gain says that learning left something on the
table, and in which choice.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import polars

from counterpoise.agents.simple import Holding
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.training.runs import Run

JUDGED_FROM = 3_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group", type=Path, help="the folder of all seeds of a population")
    parser.add_argument("--worlds", type=int, default=300)
    parser.add_argument(
        "--choices", nargs="*", default=["research", "industry", "supply", "stockpile", "stand"]
    )
    parser.add_argument("--out", type=Path, default=Path("docs/results/predictions"))
    asked = parser.parse_args()
    runs = [Run(folder / "run") for folder in sorted(asked.group.glob("seed_*"))]
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
        print(f"seed {run.seed}", flush=True)
    table = polars.DataFrame(rows)
    write_atomically(asked.out / "overrides.parquet", table.write_parquet)
    means = (
        table.group_by("choice", "option", maintain_order=True)
        .agg(polars.col("gain").mean(), polars.col("gain").std().alias("spread"))
    )  # fmt: skip
    lines = [
        "# One choice overridden",
        "",
        f"Made by `python studies/overrides.py {asked.group}`: payoff of the first power when "
        f"it always makes this choice so, less its own payoff; {len(runs)} seeds, "
        f"{asked.worlds} worlds each, default parameters.",
        "",
        "| choice | always | gain, mean over seeds | standard deviation |",
        "|---|---|---|---|",
        *(
            f"| {choice} | {option} | {gain:.3f} | {spread or 0.0:.3f} |"
            for choice, option, gain, spread in means.iter_rows()
        ),
    ]
    write_text_atomically(asked.out / "overrides.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
