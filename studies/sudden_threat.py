"""What does a sudden threat change? The other powers' allies and arms with it, minus without it.

counterpoise predict --out runs/predictions
python studies/sudden_threat.py runs/predictions/amortised/predictions

P6 measures when allies and arms peak. Both also drift without a threat; this study subtracts the
drift. It was not registered: it is exploratory and decides no prediction.
"""

from __future__ import annotations

import numpy as np
import polars
import study

from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.predictions.estimation import estimate
from counterpoise.training.runs import Run

YEAR, OTHERS = 10, (1, 2, 3)
SHOWN = (0, 1, 2, 3, 5, 8, 12, 20, 29)
# Factor and decimals of each column of the page.
COLUMNS = {"allies": (1.0, 3), "arms": (1.0, 4), "spending": (100.0, 3)}


def path(run: Run, surge: float, worlds: int) -> polars.DataFrame:
    """Return the mean allies, arms and spending of the other powers, one row per year."""
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
    asked = study.options(__doc__, group=True, worlds=200, out=study.PREDICTIONS).parse_args()
    runs = study.runs_of(asked.group)
    found = []
    for run in runs:
        threatened, calm = (path(run, surge, asked.worlds) for surge in (2.0, 1.0))
        found.append(threatened.select(*COLUMNS).to_numpy() - calm.select(*COLUMNS).to_numpy())
        study.tell(f"seed {run.seed}")
    changes = np.array(found)
    rows = []
    for year in SHOWN:
        cells = [str(year)]
        for k, (factor, digits) in enumerate(COLUMNS.values()):
            each = estimate(factor * changes[:, year, k])
            cells.append(f"{each.mean:.{digits}f} [{each.low:.{digits}f}, {each.high:.{digits}f}]")
        rows.append(cells)
    study.write_page(
        asked.out / "sudden_threat.md",
        "What a sudden threat changes",
        f"Made by `python studies/sudden_threat.py {asked.group}`: one power's arms double in "
        f"year {YEAR}; the table shows the three other powers with this surge, minus without it. "
        f"{len(runs)} seeds, {asked.worlds} worlds each, 95 % intervals over seeds. Not "
        "registered.",
        study.markdown_table(
            ["years after", "allies", "arms, years of GDP", "spending on arms, % of GDP"], rows
        ),
    )


if __name__ == "__main__":
    main()
