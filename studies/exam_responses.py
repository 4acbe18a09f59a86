"""What could be paid in the situations of an exam? Best responses, trained in the focal seats.

python studies/exam_responses.py runs/grand/seed_0

The responses start from the run's policy and are trained against the opponents of each situation.
Their payoffs are kept in the package, beside those of other numbers of powers; `counterpoise exam`
reports the share of them that a policy gets. Remake them when the rules, the exam or the doctrines
change.
"""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import safetensors.numpy
import study

from counterpoise.agents.learned import WEIGHTS
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.evaluation.populations import exam
from counterpoise.evaluation.populations.exploitability import alone
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.training.best_responses import learn_best_responses
from counterpoise.training.runs import Run


def response(run: Run, situation: exam.Situation, agent_steps: int, worlds: int) -> exam.Response:
    """Train best responses in the focal seats of a situation, and measure their payoffs."""
    game, powers = run.game, run.parameters.powers
    parameters, others = exam.seated(game, situation, powers, exam.RESPONSES_SEED)
    focal = list(range(situation.focal))
    learning = alone(run.configuration, parameters)
    policy = run.profile(parameters=parameters)
    answers = learn_best_responses(
        learning,
        [*policy[: situation.focal], *others],
        focal,
        seed=exam.RESPONSES_SEED,
        agent_steps=agent_steps,
        start=safetensors.numpy.load_file(run.folder / WEIGHTS),
    )
    paid = payoffs(game, parameters, [*answers, *others], count=worlds, seed=exam.RESPONSES_SEED)[
        :, focal
    ].mean(axis=1)
    return exam.Response(
        game=game.name,
        version=game.version,
        powers=powers,
        situation=situation.name,
        payoff=float(paid.mean()),
        error=float(paid.std(ddof=1) / np.sqrt(worlds)),
        worlds=worlds,
        agent_steps=agent_steps,
    )


def main() -> None:
    asked = study.options(__doc__, run=True, worlds=1_000, agent_steps=3_000_000).parse_args()
    run = Run(asked.run)
    game, powers = run.game, run.parameters.powers
    kept = [
        row
        for row in exam.responses().values()
        if (row.game, row.version, row.powers) != (game.name, game.version, powers)
        and (row.game != game.name or row.version == game.version)
    ]
    for situation in exam.situations_of(game.name):
        kept.append(response(run, situation, asked.agent_steps, asked.worlds))
        study.tell(kept[-1])
    rows = [dataclasses.asdict(row) for row in kept]
    write_text_atomically(exam.RESPONSES, json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
