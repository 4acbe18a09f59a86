"""One learner against each population of one doctrine: does it always arm, or never?

python studies/lone_learners.py --out docs/results/grand_strategy
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import polars

from counterpoise.agents.doctrines.grand_strategy import DOCTRINES
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.envs.games.grand_strategy import Parameters
from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.populations.metrics import METRICS
from counterpoise.training.best_responses import learn_best_response
from counterpoise.training.configuration import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent-steps", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=Path("docs/results/grand_strategy"))
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning, module="stable_baselines3")
    configuration = load("grand_strategy").replace(drawn={}, varied={}, opponents=(), worlds=512)
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
        print(rows[-1], flush=True)
    table = polars.DataFrame(rows)
    lines = [
        "# One learner against each population of one doctrine",
        "",
        f"Made by `python studies/lone_learners.py`: PPO in one seat, "
        f"{asked.agent_steps:,} decisions, default parameters, years 5 to 40 of 200 worlds. "
        "Spending on arms (procurement and upkeep) in % of product, its mean and the tenths of the "
        "years in which it is lowest and highest; the stock of arms in years of product.",
        "",
        "| population | spending | lowest tenth | highest tenth | arms | allies | demands | wars |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| `{row['population']}` | {100 * row['arms_share']:.2f} | "
            f"{100 * row['lowest_tenth']:.2f} | {100 * row['highest_tenth']:.2f} | "
            f"{row['arms']:.3f} | {row['allies']:.2f} | {row['demand_rate']:.3f} | "
            f"{row['war_rate']:.3f} |"
        )
    write_atomically(asked.out / "lone_learners.parquet", table.write_parquet)
    write_text_atomically(asked.out / "lone_learners.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
