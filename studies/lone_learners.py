"""One learner among powers that all play one doctrine: does it always arm, or never?

python studies/lone_learners.py --out docs/results/grand_strategy
"""

from __future__ import annotations

import polars
import study

from counterpoise.agents.doctrines.grand_strategy import DOCTRINES
from counterpoise.envs.games.grand_strategy import Parameters
from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.populations.metrics import METRICS
from counterpoise.training.best_responses import learn_best_response
from counterpoise.training.configuration import load

HEAD = (
    "population", "spending", "lowest tenth", "highest tenth", "arms", "allies", "demands", "wars",
)  # fmt: skip


def main() -> None:
    asked = study.options(__doc__, agent_steps=1_000_000, out=study.GRAND_STRATEGY).parse_args()
    study.allow_small_minibatches()
    configuration = load("grand_strategy").replace(
        drawn={}, varied={}, worlds={"opponents": (), "count": 512}
    )
    parameters = Parameters()
    game = configuration.the_game().seated(parameters.powers)
    rows = []
    for name, doctrine in DOCTRINES.items():
        others = [doctrine(parameters, power) for power in range(parameters.powers)]
        learner = learn_best_response(
            configuration, others, 0, seed=0, agent_steps=asked.agent_steps
        )
        years = play_episodes(game, parameters, [learner, *others[1:]]).years
        own = years.filter((polars.col("power") == 0) & (polars.col("year") >= 5))
        arming = own["procurement"] + own["upkeep"]
        rows.append(
            {
                "population": name,
                "arms_share": METRICS["arms_share"](own),
                "lowest_tenth": arming.quantile(0.1),
                "highest_tenth": arming.quantile(0.9),
                "arms": own["arms"].mean(),
                **{name: METRICS[name](own) for name in ("allies", "demand_rate", "war_rate")},
            }
        )
        study.tell(rows[-1])
    study.write_rows(asked.out / "lone_learners.parquet", polars.DataFrame(rows))
    study.write_page(
        asked.out / "lone_learners.md",
        "One learner against each population of one doctrine",
        f"Made by `python studies/lone_learners.py`: PPO in one seat, {asked.agent_steps:,} agent "
        "steps, default parameters, years 5 to 40 of 200 worlds. Spending on arms (procurement and "
        "upkeep) in % of GDP: the mean, the first and the ninth decile over years; the stock of "
        "arms in years of GDP.",
        study.markdown_table(HEAD, map(_cells, rows)),
    )


def _cells(row: dict[str, float | str]) -> list[str]:
    percent = [f"{100 * row[name]:.2f}" for name in ("arms_share", "lowest_tenth", "highest_tenth")]
    return [
        f"`{row['population']}`", *percent, f"{row['arms']:.3f}", f"{row['allies']:.2f}",
        f"{row['demand_rate']:.3f}", f"{row['war_rate']:.3f}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
