"""How does a learned population fare in every scenario, compared with populations of one doctrine?

counterpoise train great_powers --out runs/great_powers
python studies/scenarios.py runs/great_powers/seed_0 --out docs/results/grand_strategy
"""

from __future__ import annotations

import polars
import study

from counterpoise.agents.doctrines.grand_strategy import DOCTRINES
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
HEAD = ("scenario", "payoff", "allies", "arms, % of GDP", "demands", "wars", "embargoes", "debt")
LEARNED = "learned"


def main() -> None:
    asked = study.options(__doc__, run=True, worlds=100, out=study.GRAND_STRATEGY).parse_args()
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
            study.tell(rows[-1])
    table = polars.DataFrame(rows)
    study.write_rows(asked.out / "scenarios.parquet", table)
    study.write_page(
        asked.out / "scenarios.md",
        "Scenarios: the learned population and the doctrines",
        "Made by `python studies/scenarios.py RUN` from a run of `counterpoise train "
        f"great_powers`; {asked.worlds} worlds each, 40 years. All six powers play one strategy.",
        "## The learned population",
        "Payoffs are means over the powers; rates are per power-year.",
        _learned_population(table),
        "## Payoff and allies, learned and by doctrine",
        _against_doctrines(table),
        "Allies are in brackets. A population of one doctrine has a higher payoff than the learned "
        f"population: {_behind(table)}.",
    )


def _of(table: polars.DataFrame, population: str) -> polars.DataFrame:
    return table.filter(polars.col("population") == population)


def _learned_population(table: polars.DataFrame) -> str:
    rows = [
        [
            row["scenario"], f"{row['payoff']:.2f}", f"{row['allies']:.2f}",
            f"{100 * row['arms_share']:.2f}", f"{row['demand_rate']:.4f}", f"{row['war_rate']:.4f}",
            f"{row['embargo_rate']:.3f}", f"{row['debt']:.2f}",
        ]
        for row in _of(table, LEARNED).iter_rows(named=True)
    ]  # fmt: skip
    return study.markdown_table(HEAD, rows)


def _against_doctrines(table: polars.DataFrame) -> str:
    rows = [
        [
            name,
            *(
                f"{row['payoff']:.2f} ({row['allies']:.2f})"
                for who in (LEARNED, *RIVALS)
                for row in _of(table, who).filter(scenario=name).iter_rows(named=True)
            ),
        ]
        for name in SCENARIOS
    ]
    return study.markdown_table(["scenario", LEARNED, *RIVALS], rows)


def _behind(table: polars.DataFrame) -> str:
    """Return where a population of one doctrine is paid more than the learned one, and by what."""
    learned = dict(_of(table, LEARNED).select("scenario", "payoff").iter_rows())
    behind = [
        f"{row['scenario']} ({row['population']}, by {lead:.2f})"
        for row in table.iter_rows(named=True)
        if (lead := row["payoff"] - learned[row["scenario"]]) > 0
    ]
    return "; ".join(behind) if behind else "nowhere"


if __name__ == "__main__":
    main()
