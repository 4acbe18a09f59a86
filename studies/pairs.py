"""Would two powers gain by allying, or one by leaving? No best response of one power can tell.

counterpoise train great_powers --out runs/great_powers
python studies/pairs.py runs/great_powers/seed_0 --out docs/results/grand_strategy

Pairwise stability in every scenario that the population was trained on: each pair of powers in turn
offers each other an alliance and keeps it, and each power leaves its allies. At the defaults alone,
and in units of the stake: `counterpoise exploit RUN --pairs`.
"""

from __future__ import annotations

import polars
import study

from counterpoise.envs.scenarios import scenario
from counterpoise.evaluation.populations.stability import WORLDS, stability
from counterpoise.training.runs import Run

AS_TRAINED = "as trained"


def main() -> None:
    asked = study.options(__doc__, run=True, worlds=WORLDS, out=study.GRAND_STRATEGY).parse_args()
    run = Run(asked.run)
    tables, shown = [], []
    for name in run.configuration.worlds.scenarios or (AS_TRAINED,):
        parameters = run.parameters if name == AS_TRAINED else scenario(name).parameters
        profile = run.profile(parameters=parameters)
        tested = stability(run.game, parameters, profile, worlds=asked.worlds)
        tables.append(tested.tidy(1.0).select(polars.lit(name).alias("scenario"), polars.all()))
        row = [name]
        for changes in (tested.allying, tested.leaving):
            worst = tested.worst(changes)
            gaining = sum(change.lower > 0.0 for change in changes)
            row += [f"{worst.gain:+.3f} ({worst.upper:+.3f})", f"{gaining} of {len(changes)}"]
        study.tell(*row)
        shown.append(row)
    study.write_rows(asked.out / "pairs.parquet", polars.concat(tables))
    study.write_page(
        asked.out / "pairs.md",
        "Pairwise stability",
        "Made by `python studies/pairs.py RUN` from a run of `counterpoise train "
        f"{run.configuration.name}`: each pair of powers in turn offers each other an alliance and "
        "keeps it, and each power leaves one other or all others; all other choices remain the "
        f"learned policy's; {asked.worlds:,} paired worlds. Gains are in utils, of the one of the "
        "two that gains less; in brackets the upper 95 % bound; a change *gains* if the lower "
        "bound of that gain is above 0.",
        study.markdown_table(
            [
                "scenario", "largest gain by allying", "pairs that gain",
                "largest gain by leaving", "exits that gain",
            ],
            shown,
        ),
    )  # fmt: skip


if __name__ == "__main__":
    main()
