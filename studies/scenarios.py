"""Every scenario, played by a learned population and by populations of one doctrine each.

counterpoise train great_powers --out runs/great_powers
python studies/scenarios.py runs/great_powers/seed_0 --out docs/results/grand_strategy
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars

from counterpoise.agents.doctrines.grand_strategy import DOCTRINES
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.envs.scenarios import scenario
from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.populations.metrics import METRICS
from counterpoise.training.runs import Run

SCENARIOS = (
    "great_powers", "united_states", "china", "india", "europe", "symmetric", "bipolar",
    "multipolar", "rising_challenger", "debt_overhang", "chokepoints",
)  # fmt: skip
RIVALS = ("threat_balancer", "buck_passer", "chain_ganger", "free_rider", "bandwagoner", "dove")
SHOWN = ("payoff", "allies", "arms_share", "demand_rate", "war_rate", "embargo_rate", "debt")
LEARNED = "learned"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("docs/results/grand_strategy"))
    asked = parser.parse_args()
    run = Run(asked.run)
    rows = []
    for name in SCENARIOS:
        parameters = scenario(name).parameters
        game = run.game.seated(parameters.powers)
        for who in (LEARNED, *RIVALS):
            if who == LEARNED:
                profile = run.profile(parameters=parameters)
            else:
                profile = [DOCTRINES[who](parameters, k) for k in range(parameters.powers)]
            years = play_episodes(game, parameters, profile, worlds=asked.worlds).years
            row = {"scenario": name, "population": who}
            rows.append(row | {metric: METRICS[metric](years) for metric in SHOWN})
            print(rows[-1], flush=True)
    table = polars.DataFrame(rows)
    write_atomically(asked.out / "scenarios.parquet", table.write_parquet)
    write_text_atomically(asked.out / "scenarios.md", as_page(table, asked.worlds))


def as_page(table: polars.DataFrame, worlds: int) -> str:
    learned = table.filter(polars.col("population") == LEARNED)
    lines = [
        "# Scenarios: the learned population and the doctrines",
        "",
        f"Made by `python studies/scenarios.py RUN` from a run of `counterpoise train "
        f"great_powers`; {worlds} worlds each, 40 years. All six seats are of one kind.",
        "",
        "## The learned population",
        "",
        "Payoffs are means over the powers; rates are a power and year.",
        "",
        "| scenario | payoff | allies | arms, % of product | demands | wars | embargoes | debt |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in learned.iter_rows(named=True):
        lines.append(
            f"| {row['scenario']} | {row['payoff']:.2f} | {row['allies']:.2f} | "
            f"{100 * row['arms_share']:.2f} | {row['demand_rate']:.4f} | {row['war_rate']:.4f} | "
            f"{row['embargo_rate']:.3f} | {row['debt']:.2f} |"
        )
    lines += [
        "",
        "## Payoff and allies beside the doctrines'",
        "",
        "| scenario | learned | " + " | ".join(RIVALS) + " |",
        "|---|" + "---|" * (len(RIVALS) + 1),
    ]
    for name in SCENARIOS:
        cells = []
        for who in (LEARNED, *RIVALS):
            row = table.row(
                by_predicate=(polars.col("scenario") == name) & (polars.col("population") == who),
                named=True,
            )
            cells.append(f"{row['payoff']:.2f} ({row['allies']:.2f})")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    behind = [
        f"{row['scenario']} ({row['population']}, by {row['payoff'] - own:.2f})"
        for row in table.filter(polars.col("population") != LEARNED).iter_rows(named=True)
        if row["payoff"]
        > (own := learned.filter(polars.col("scenario") == row["scenario"])["payoff"].item())
    ]
    told = "; ".join(behind) if behind else "nowhere"
    lines += ["", "In brackets: allies. A doctrine among its own kind is paid more than the "
              f"learned population: {told}."]  # fmt: skip
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
