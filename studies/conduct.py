"""What do learned powers do, at the parameters they are judged by? One row a training seed.

counterpoise predict --out runs/predictions
python studies/conduct.py runs/predictions/amortised/predictions
"""

from __future__ import annotations

import argparse
from pathlib import Path

from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.populations.metrics import METRICS
from counterpoise.training.runs import Run

SHOWN = (
    "payoff", "allies", "arms_share", "research_share", "resilience", "debt", "demand_rate",
    "resist_rate", "war_rate", "embargo_rate", "tribute_rate",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group", type=Path, help="the folder of all seeds of a population")
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("docs/results/predictions"))
    asked = parser.parse_args()
    lines = [
        "# What learned powers do",
        "",
        f"Made by `python studies/conduct.py {asked.group}`: {asked.worlds} worlds of 40 years "
        "among their own kind, default parameters. Shares are of product, rates a power and year.",
        "",
        "| seed | " + " | ".join(name.replace("_", " ") for name in SHOWN) + " |",
        "|---|" + "---|" * len(SHOWN),
    ]
    for folder in sorted(asked.group.glob("seed_*")):
        run = Run(folder / "run")
        seen = play_episodes(run.game, run.parameters, run.profile(), worlds=asked.worlds)
        told = " | ".join(f"{METRICS[name](seen.years):.4f}" for name in SHOWN)
        lines.append(f"| {run.seed} | {told} |")
        print(lines[-1], flush=True)
    write_text_atomically(asked.out / "conduct.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
