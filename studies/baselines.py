"""Which learner does best in the full game? Five learners, equal agent-steps, several seeds.

Every learner is trained and judged at one set of parameters, those under which the configuration is
judged, without scripted opponents, so that also separate networks can learn. All other options are
the configuration's. Finished trainings, gains and rows are kept: the same command goes on where it
stopped.

python studies/baselines.py                                # hours
python studies/baselines.py great_powers --agent-steps 20000000 --out docs/results/baselines/six
python studies/baselines.py --agent-steps 4096 --response-steps 1024 --worlds 8 --seeds 1 \\
    --set worlds.count=32 --out trial --runs trial/runs
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars
import study

from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.evaluation.populations import exam
from counterpoise.evaluation.populations.episodes import play_episodes
from counterpoise.evaluation.populations.exploitability import gain, random_play
from counterpoise.evaluation.populations.metrics import METRICS
from counterpoise.training.configuration import Configuration, load
from counterpoise.training.learn import train
from counterpoise.training.runs import Run
from counterpoise.training.sections import SECTIONS

MEMORY = 32

# By name: how the learner differs from the configuration. The last two change one thing each in the
# permutation-equivariant learner.
EQUIVARIANT = {"policy": "anonymous", "permutation_equivariant": True}
LEARNERS: dict[str, dict[str, Any]] = {
    "independent PPO, separate networks": {"policy": "separate", "permutation_equivariant": False},
    "independent PPO, shared network": {"policy": "shared", "permutation_equivariant": False},
    "independent PPO, permutation equivariant": EQUIVARIANT,
    "MAPPO, central critic": {**EQUIVARIANT, "critic": "central"},
    "independent PPO, memory (GRU)": {**EQUIVARIANT, "memory": MEMORY},
}
REFERENCE = "independent PPO, permutation equivariant"

CONDUCT = ("arms_share", "allies_density", "demand_rate", "concession_rate", "war_rate")
SHOWN = ("minutes", "regret", "allied_regret", "exam", "exam_of_response", "payoff", *CONDUCT)


def configuration_of(
    asked: argparse.Namespace, network: Mapping[str, Any], changes: Mapping[str, Any]
) -> Configuration:
    """Return the training of one learner."""
    configuration = load(asked.configuration)
    scenarios = configuration.worlds.scenarios[:1]
    fixed = configuration.replace(
        agent_steps=asked.agent_steps,
        regret_points=1,
        observe=(),
        parameters={**configuration.parameters, **configuration.judged_parameters},
        judged_parameters={},
        varied={},
        together={},
        drawn={},
        paired={},
        worlds={"scenarios": scenarios, "opponents": (), "max_drawn": 0},
        network={"critic": "own", "memory": 0, **network},
    )
    return fixed.replace(**changes)


def changes_of(settings: list[str]) -> dict[str, Any]:
    """Return the changes ``section.option=value``, or ``option=value`` at the top.

    Raises
    ------
    ParameterError
        If a change has another form.
    """
    changes: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        section, dot, option = name.partition(".")
        if not equals or (dot and section not in SECTIONS):
            raise ParameterError(f"{setting!r}: expected section.option=value, or option=value.")
        try:
            read = json.loads(value)
        except json.JSONDecodeError:
            read = value
        if dot:
            changes.setdefault(section, {})[option] = read
        else:
            changes[name] = read
    return changes


def measure(run: Run, learner: str, stake: float, asked: argparse.Namespace) -> dict[str, Any]:
    """Return the row of one finished training."""
    found = gain(run, run.parameters, agent_steps=asked.response_steps, seed=0, worlds=asked.worlds)
    years = play_episodes(run.game, run.parameters, run.profile(), worlds=asked.worlds).years
    results = exam.sit(run, count=asked.worlds)
    shares = [each.share_of_response for each in results]
    known = [share for share in shares if share is not None]
    return {
        "learner": learner,
        "seed": run.seed,
        "agent_steps": run.state["agent_steps"],
        "response_steps": asked.response_steps,
        "worlds": asked.worlds,
        "minutes": run.state["seconds"] / 60.0,
        "payoff": found.own,
        "response": found.response,
        "error": found.error,
        "how": found.how,
        "stake": stake,
        "regret": found.gain / stake,
        "allied_regret": None if found.allied is None else found.allied.gain / stake,
        "exam": float(np.mean([each.score for each in results])),
        "exam_of_response": float(np.mean(known)) if len(known) == len(results) else None,
        **{name: METRICS[name](years) for name in CONDUCT},
    }


def stake_of(configuration: Configuration, asked: argparse.Namespace) -> float:
    """Return the stake, the same for all learners, from its file if it is known."""
    path = asked.runs / f"stake_{asked.response_steps}.json"
    if not path.is_file():
        random, response = random_play(
            configuration, configuration.parameters_to_judge(), agent_steps=asked.response_steps
        )
        text = json.dumps({"random": random, "response": response}) + "\n"
        write_text_atomically(path, text)
    known = json.loads(path.read_text())
    return float(known["response"] - known["random"])


def row_of(run: Run, learner: str, stake: float, asked: argparse.Namespace) -> dict[str, Any]:
    """Return the row of one finished training, from its file if it was measured like this."""
    path = run.folder / f"baseline_{asked.response_steps}_{asked.worlds}.json"
    if not path.is_file():
        row = measure(run, learner, stake, asked)
        write_text_atomically(path, json.dumps(row, indent=2) + "\n")
    return dict(json.loads(path.read_text()))


def write(rows: list[dict[str, Any]], asked: argparse.Namespace) -> None:
    """Write the rows, and the page of their means over seeds."""
    table = polars.DataFrame(rows, infer_schema_length=None)
    study.write_rows(asked.out / "baselines.parquet", table)
    body = []
    for (learner,), own in table.group_by("learner", maintain_order=True):
        cells = [_cell(own[name]) for name in SHOWN]
        body.append([str(learner), str(len(own)), f"{own['agent_steps'][0]:,}", *cells])
    head = ["learner", "seeds", "agent-steps", *(name.replace("_", " ") for name in SHOWN)]
    study.write_page(
        asked.out / "baselines.md",
        f"Learners on {asked.configuration}",
        f"Made by `{command_of(asked)}`: every learner at the same number of agent-steps, default "
        "parameters, no scripted opponents, one core. Mean over seeds, and in brackets the "
        "standard deviation between seeds.",
        "*Minutes* are those of the training. *Regret* is the gain of the best response found, as "
        "a share of the stake, the gain of a trained response to random play over random play: a "
        f"lower bound, from {asked.response_steps:,} decisions of the power in the first seat, "
        "which learns by the same learner from the policy itself, or from one choice held fixed "
        f"if that pays more; valued in {asked.worlds:,} worlds. *Allied regret* is the same in "
        "worlds that begin with alliances. *Exam* is the mean score, 0 for random play and 1 for "
        "the best doctrine; *exam of response* has its 1 at trained best responses, where these "
        "are known. *Payoff* is that of the first seat. The arms "
        "share is of GDP, the density of allies of the possible ties, demands and wars are per "
        "power-year, concessions per demand.",
        study.markdown_table(head, body),
        f"The memory has {MEMORY} units and is, like the central critic, an addition to the "
        "permutation-equivariant learner. Learning rate, network and batch are those of the "
        "configuration and were not searched for each learner.",
    )


def command_of(asked: argparse.Namespace) -> str:
    """Return the command that makes the page, without its folders."""
    words = ["python studies/baselines.py", asked.configuration]
    words += [f"--agent-steps {asked.agent_steps}", f"--response-steps {asked.response_steps}"]
    words += [f"--worlds {asked.worlds}", f"--seeds {asked.seeds}"]
    return " ".join([*words, *(f"--set {setting}" for setting in asked.set)])


def _cell(values: polars.Series) -> str:
    """Return mean and standard deviation of the seeds where there is a number."""
    known = [value for value in values.to_list() if value is not None and np.isfinite(value)]
    if not known:
        return "-"
    spread = f" ({np.std(known, ddof=1):.3f})" if len(known) > 1 else ""
    return f"{np.mean(known):.3f}{spread}"


def main() -> None:
    """Train, measure and write, one training after another."""
    parser = study.options(
        __doc__, worlds=1_000, agent_steps=8_000_000, out=study.RESULTS / "baselines"
    )
    parser.add_argument(
        "configuration", nargs="?", default="grand_strategy", help="training, by name or path"
    )
    parser.add_argument("--seeds", type=int, default=3, help="training seeds per learner")
    parser.add_argument(
        "--response-steps", type=int, default=2_000_000, help="agent-steps of each best response"
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/baselines"), help="folder of the trainings"
    )
    parser.add_argument(
        "--set", action="append", default=[], help="section.option=value of the training"
    )
    asked = parser.parse_args()
    study.allow_small_minibatches()
    changes = changes_of(asked.set)
    stake = stake_of(configuration_of(asked, LEARNERS[REFERENCE], changes), asked)
    rows = []
    # Seed by seed, so that an early stop leaves all learners with equally many.
    for seed in range(asked.seeds):
        for learner, network in LEARNERS.items():
            name = "".join(each if each.isalnum() else "_" for each in learner.lower())
            run = train(
                configuration_of(asked, network, changes),
                asked.runs / name / f"seed_{seed}",
                seed=seed,
                resume=True,
            )
            rows.append(row_of(run, learner, stake, asked))
            study.tell(rows[-1])
            write(sorted(rows, key=lambda row: list(LEARNERS).index(row["learner"])), asked)


if __name__ == "__main__":
    main()
