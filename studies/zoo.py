"""Train the policies that the package contains, and score them.

python studies/zoo.py                                     # the solved games; about ten minutes
python studies/zoo.py --population RUN --name population-1
"""

from __future__ import annotations

import datetime
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import study

from counterpoise.agents import zoo
from counterpoise.agents.learned import DESCRIPTION, WEIGHTS
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.evaluation.populations import exam
from counterpoise.evaluation.populations.exploitability import exploit
from counterpoise.evaluation.populations.stability import stability
from counterpoise.theory import regret
from counterpoise.training.configuration import load
from counterpoise.training.learn import train
from counterpoise.training.runs import Run, versions

LEARNER = "equilibrium-learner"


def keep(run: Run, name: str, command: str, scores: dict[str, Any]) -> None:
    """Copy a run's policy into the zoo, with its card."""
    folder = zoo.FOLDER / run.game.name / name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(run.folder / WEIGHTS, folder / WEIGHTS)
    description = json.loads((run.folder / DESCRIPTION).read_text())
    description["mixed"] = run.configuration.mixed
    write_text_atomically(folder / DESCRIPTION, json.dumps(description, indent=2) + "\n")
    card = {
        "game": run.game.name,
        "command": command,
        "seed": run.seed,
        "agent_steps": run.state["agent_steps"],
        "seconds": round(run.state["seconds"]),
        "scores": scores,
        "date": datetime.date.today().isoformat(),
        "versions": versions(),
    }
    write_text_atomically(folder / zoo.CARD, json.dumps(card, indent=2) + "\n")
    study.tell(run.game.name, name, scores)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def main() -> None:
    parser = study.options(__doc__)
    parser.add_argument(
        "--game", action="append", choices=regret.solved_games(), help="only this game; repeatable"
    )
    parser.add_argument("--population", type=Path, help="folder of a run of the full game")
    parser.add_argument("--name", default="population-1", help="name of the population")
    parser.add_argument(
        "--answer-steps", type=int, default=2_000_000, help="agent steps of the best response"
    )
    asked = parser.parse_args()
    study.allow_small_minibatches()
    if asked.population is not None:
        run = Run(asked.population)
        found = exploit(run, agent_steps=asked.answer_steps)
        tested = stability(run.game, run.parameters, run.profile()).as_json(found.stake)
        results = exam.sit(run)
        scores = {
            "regret": round(found.regret, 4),
            "allied_regret": _rounded(found.allied_regret, 4),
            "improvement_share": _rounded(found.improvement_share, 4),
            "stability": {
                name: round(tested[name], 4)
                for name in ("allying", "allying_upper", "leaving", "leaving_upper")
            },
            "payoff": round(found.own, 3),
            "exam": {each.situation.name: round(each.score, 2) for each in results},
            "exam_share_of_best_response": {
                each.situation.name: _rounded(each.share_of_response, 2) for each in results
            },
        }
        command = f"counterpoise train {run.configuration.name} --seed {run.seed}"
        keep(run, asked.name, command, scores)
        return
    for game in asked.game or regret.solved_games():
        with tempfile.TemporaryDirectory() as folder:
            run = train(load(game).replace(regret_points=1), Path(folder) / "run", seed=0)
            gains = regret.gains(game, run.parameters, run.profile())
            shares = regret.of_stakes(gains, regret.stakes(game, run.parameters))
            scores = {
                "regret": [round(float(share), 6) for share in shares],
                "nash_conv": round(float(gains.sum()), 6),
            }
            keep(run, LEARNER, f"counterpoise train {game} --seed 0", scores)


if __name__ == "__main__":
    main()
