"""One step per year on standing orders, or four phases per year: in which form is more learned?

Trains `grand_strategy` in both forms for the same number of agent steps, one after the other, and
plays each learned policy in one seat among powers of one doctrine, in its own form of the game.

    python studies/decisions.py
    python studies/decisions.py --agent-steps 200000 --worlds-judged 50
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import study

from counterpoise.agents.named import strategy
from counterpoise.envs.games.grand_strategy import GAME, Parameters
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.training.configuration import Configuration
from counterpoise.training.learn import train
from counterpoise.training.sections import NetworkOptions, PPOOptions, WorldOptions

POPULATIONS = ("internal_balancer", "threat_balancer", "bandwagoner", "free_rider", "hawk", "dove")


def measure(phased: bool, agent_steps: int, judged: int, seed: int) -> dict[str, Any]:
    """Train in one form; return the training time and the payoffs among doctrines."""
    asked = Configuration(
        name="phases" if phased else "orders",
        game="grand_strategy",
        parameters={"phased": phased},
        agent_steps=agent_steps,
        worlds=WorldOptions(count=512),
        network=NetworkOptions(
            policy="anonymous",
            permutation_equivariant=True,
            hidden=(96, 96),
            activation="relu",
        ),
        ppo=PPOOptions(
            n_steps=64 if phased else 16,
            batch_size=4_096,
            n_epochs=3,
            learning_rate=2e-3,
            gae_lambda=0.97,
            ent_coef=0.003,
            final_ent_coef=-0.01,
            weight_averaging=0.1,
        ),
    )
    parameters = Parameters(phased=phased)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run = train(asked, Path(folder) / "run", seed=seed)
        seconds = time.perf_counter() - started
        own = run.profile()
    paid = {}
    for name in POPULATIONS:
        others = [strategy(name, GAME, parameters, power) for power in range(1, 4)]
        found = payoffs(GAME, parameters, [own[0], *others], count=judged, seed=10_000)
        paid[name] = float(found[:, 0].mean())
    together = float(payoffs(GAME, parameters, own, count=judged, seed=10_000).mean())
    return {"form": asked.name, "seconds": seconds, "among its kind": together, **paid}


def main() -> None:
    """Measure and print."""
    parser = study.options(__doc__, agent_steps=4_000_000)
    parser.add_argument("--worlds-judged", type=int, default=300, help="worlds per population")
    parser.add_argument("--seeds", type=int, default=1, help="training seeds per form")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    chosen = parser.parse_args()
    rows = [
        measure(phased, chosen.agent_steps, chosen.worlds_judged, seed)
        for seed in range(chosen.seeds)
        for phased in (False, True)
    ]
    if chosen.json:
        print(json.dumps(rows, indent=2))
        return
    for form in ("orders", "phases"):
        own = [row for row in rows if row["form"] == form]
        means = {key: float(np.mean([row[key] for row in own])) for key in own[0] if key != "form"}
        print(form + ": " + ", ".join(f"{key} {value:.2f}" for key, value in means.items()))


if __name__ == "__main__":
    main()
