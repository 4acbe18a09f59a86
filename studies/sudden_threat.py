"""What a sudden threat changes, year by year: the others' allies and arms with it, less without it.

counterpoise predict --out runs/predictions
python studies/sudden_threat.py runs/predictions/amortised/predictions

P6 measures when allies and arms peak; both also drift on their own, and that drift is taken off
here. It was not registered: it says where to look, and decides nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars

from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.predictions.estimation import estimate
from counterpoise.training.runs import Run

YEAR, OTHERS = 10, (1, 2, 3)
SHOWN = (0, 1, 2, 3, 5, 8, 12, 20, 29)


def path(run: Run, surge: float, worlds: int) -> polars.DataFrame:
    """Return the mean allies, arms and spending of the others, a row for each year."""
    parameters = run.parameters.replace(surge_year=YEAR, surge_power=0, surge=surge)
    seen = play_episodes(
        run.game, parameters, run.profile(parameters=parameters), worlds=worlds, seed=5_000_000
    )
    spending = polars.col("procurement") + polars.col("upkeep")
    return (
        seen.years.filter(polars.col("power").is_in(OTHERS) & (polars.col("year") >= YEAR))
        .group_by("year")
        .agg(
            polars.col("allies").mean(),
            polars.col("arms").mean(),
            spending.mean().alias("spending"),
        )
        .sort("year")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group", type=Path, help="the folder of all seeds of a population")
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("docs/results/predictions"))
    asked = parser.parse_args()
    runs = [Run(folder / "run") for folder in sorted(asked.group.glob("seed_*"))]
    names = ("allies", "arms", "spending")
    found = []
    for run in runs:
        threatened, calm = (path(run, surge, asked.worlds) for surge in (2.0, 1.0))
        found.append(threatened.select(names).to_numpy() - calm.select(names).to_numpy())
        print(f"seed {run.seed}", flush=True)
    changes = np.array(found)
    lines = [
        "# What a sudden threat changes",
        "",
        f"Made by `python studies/sudden_threat.py {asked.group}`: one power's arms double in "
        f"year {YEAR}; what the three others then do, less what they do without it. {len(runs)} "
        f"seeds, {asked.worlds} worlds each, 95 % intervals over seeds. Not registered.",
        "",
        "| years after | allies | arms, years of product | spending on arms, % of product |",
        "|---|---|---|---|",
    ]
    for year in SHOWN:
        cells = []
        for k, (factor, digits) in enumerate(((1.0, 3), (1.0, 4), (100.0, 3))):
            each = estimate(factor * changes[:, year, k])
            cells.append(f"{each.mean:.{digits}f} [{each.low:.{digits}f}, {each.high:.{digits}f}]")
        lines.append(f"| {year} | " + " | ".join(cells) + " |")
    write_text_atomically(asked.out / "sudden_threat.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
