"""Would two powers gain by allying? No power can find out alone: an alliance takes two offers.

counterpoise train great_powers --out runs/great_powers
python studies/pairs.py runs/great_powers/seed_0 --out docs/results/grand_strategy

In every scenario each pair of powers in turn offers each other an alliance, keeps and honours it;
all other choices remain the learned policy's. Where both gain, training has missed an alliance.
"""

from __future__ import annotations

import itertools

import numpy as np
import polars
import study
from numpy.typing import NDArray

from counterpoise.agents.simple import Holding
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.grand_strategy.world import OFFER
from counterpoise.envs.scenarios import scenario
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.training.runs import Run

SCENARIOS = (
    "great_powers", "europe", "symmetric", "bipolar", "multipolar", "rising_challenger",
    "debt_overhang", "chokepoints",
)  # fmt: skip
JUDGED_FROM = 6_000_000
HONOUR = 1


def gains(run: Run, parameters: ParametersBase, worlds: int) -> list[tuple[int, int, NDArray]]:
    """Return each pair of powers with the gains of the two in each world, [worlds, 2]."""
    game = run.game.seated(parameters.powers)
    profile = run.profile(parameters=parameters)
    names = [part.name for part in game.role(0).actions]
    before = payoffs(game, parameters, profile, count=worlds, seed=JUDGED_FROM)

    def allied_to(power: int, other: int) -> Strategy:
        place = other - int(other > power)
        holds: Strategy = profile[power]
        for choice, option in ((f"diplomacy_{place}", OFFER), (f"honour_{place}", HONOUR)):
            holds = Holding(game, holds, names.index(choice), option)
        return holds

    found = []
    for one, other in itertools.combinations(range(parameters.powers), 2):
        seated = list(profile)
        seated[one], seated[other] = allied_to(one, other), allied_to(other, one)
        after = payoffs(game, parameters, seated, count=worlds, seed=JUDGED_FROM)
        found.append((one, other, (after - before)[:, [one, other]]))
    return found


def main() -> None:
    asked = study.options(__doc__, run=True, worlds=200, out=study.GRAND_STRATEGY).parse_args()
    run = Run(asked.run)
    names = SCENARIOS if run.configuration.worlds.scenarios else ("as trained",)
    rows = []
    for name in names:
        parameters = run.parameters if name == "as trained" else scenario(name).parameters
        for one, other, gained in gains(run, parameters, asked.worlds):
            error = gained.std(axis=0, ddof=1) / np.sqrt(asked.worlds)
            mean = gained.mean(axis=0)
            rows.append(
                {
                    "scenario": name, "one": one, "other": other,
                    "one_gains": float(mean[0]), "other_gains": float(mean[1]),
                    "both": bool((mean > 2.0 * error).all()),
                }
            )  # fmt: skip
        study.tell(name, [row for row in rows if row["scenario"] == name and row["both"]])
    table = polars.DataFrame(rows)
    shown = []
    for name in names:
        own = table.filter(scenario=name)
        mean = (own["one_gains"].mean() + own["other_gains"].mean()) / 2
        shown.append([name, f"{mean:+.3f}", f"{own['both'].sum()} of {len(own)}"])
    study.write_rows(asked.out / "pairs.parquet", table)
    study.write_page(
        asked.out / "pairs.md",
        "Alliances that were not found",
        "Made by `python studies/pairs.py RUN` from a run of `counterpoise train "
        f"{run.configuration.name}`: each pair of powers in turn offers each other an alliance, "
        "keeps it and honours it; all other choices remain the learned policy's; "
        f"{asked.worlds} worlds per pair. Gains are in utils; *both* means that each of the two "
        "gains more than two standard errors.",
        study.markdown_table(
            ["scenario", "gain of one of the two, mean over pairs", "pairs in which both gain"],
            shown,
        ),
    )


if __name__ == "__main__":
    main()
