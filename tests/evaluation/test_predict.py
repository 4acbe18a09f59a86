"""Plans are kept to, planted effects are found, and a killed study gives the same answers."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from counterpoise.display import scorecard
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.evaluation.predictions import verdicts as predict
from counterpoise.evaluation.predictions.estimation import (
    CONTRADICTED,
    SUPPORTED,
    UNDECIDED,
    WITHHELD,
)
from counterpoise.evaluation.predictions.plan import (
    PLAN,
    SEPARATE,
    Plan,
    make_plan,
    register,
    steps_registered,
)
from counterpoise.evaluation.predictions.replication import SCHEMA, Effort, Replication, Stake
from counterpoise.theory.prediction import load, shipped

TRAINING = """
game = "grand_strategy"
agent_steps = 3_000
mixed = true
checkpoint_seconds = 0.0

[worlds]
count = 16

[network]
policy = "anonymous"
hidden = [8]

[ppo]
n_steps = 8
batch_size = 256

[drawn]
autonomy_cost = [0.005, 0.04]
"""

THEORY = """
title = "Dear autonomy, few allies"
statement = "The dearer autonomy is, the fewer allies powers have, and the more they arm."
source = "Altfeld 1984"
population = "{population}"

[[tests]]
name = "what autonomy costs"
treatment = {{ parameter = "autonomy_cost", levels = [0.005, 0.02, 0.04] }}
outcomes = [
    {{ metric = "allies", expected = "falls", years = [0, 6] }},
    {{ metric = "arms_share", expected = "rises", years = [0, 6] }},
]

[[tests]]
name = "boundary: a cap is a cap"
reverses = true
treatment = {{ parameter = "most_allies", levels = [0, 1] }}
outcomes = [{{ metric = "allies", expected = "rises", years = [0, 6] }}]
"""

EFFORT = Effort(worlds=4, answer_steps=128)


@pytest.fixture
def theory(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(TRAINING)
    path = tmp_path / "autonomy.toml"
    path.write_text(THEORY.format(population=tmp_path / "small.toml"))
    return path


def planted(
    plan: Plan, out: Path, measure: Any, gain: float = 0.1, seeds: int | None = None
) -> None:
    """Write answers as replications would, without any training."""
    for job in predict.jobs(plan, EFFORT, small_seeds=0):
        folder = out / job.name
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(job, Stake):
            (folder / "stake.json").write_text(json.dumps({"stake": 4.0}))
            continue
        assert isinstance(job, Replication)
        rows = [
            {
                "prediction": question.prediction, "test": question.test, "level": question.level,
                "value": question.value, "outcome": k, "metric": outcome.metric, "seed": job.seed,
                "measured": measure(question, k, job.seed),
            }
            for question in job.questions
            for k, outcome in enumerate(question.outcomes)
        ]  # fmt: skip
        polars.DataFrame(rows, schema=SCHEMA).write_parquet(folder / "answers.parquet")
        (folder / "gain.json").write_text(json.dumps({"own": 1.0, "response": 1.0 + gain}))


def with_slopes(*slopes: float) -> Any:
    """Measure outcome k of every test as a line of that slope, and a little of each seed's own."""

    def measure(question: Any, k: int, seed: int) -> float:
        noise = np.random.default_rng([seed, k, question.test]).normal(0.0, 0.05)
        return float((slopes[k] + noise) * question.value)

    return measure


def test_planted_effects_are_found_with_their_signs(theory: Path, tmp_path: Path) -> None:
    plan = make_plan([theory], seeds=8)
    planted(plan, tmp_path, with_slopes(-1.0, 1.0))
    found = predict.read(plan, tmp_path, small_seeds=0)
    allies, arms, cap = found.findings
    assert allies.verdict == arms.verdict == SUPPORTED
    assert allies.estimate.mean == pytest.approx(-0.035, abs=0.003), "over the range of levels"
    assert allies.measured.shape == (8, 3)
    assert cap.verdict == CONTRADICTED
    prediction = plan.predictions[0]
    assert found.verdict(prediction) == SUPPORTED, "the boundary is judged apart"
    assert found.boundary_verdict(prediction) == CONTRADICTED
    assert found.regrets_of(prediction) == pytest.approx([0.025] * 8)
    assert found.is_converged(prediction)


def test_one_wrong_part_contradicts_the_whole(theory: Path, tmp_path: Path) -> None:
    plan = make_plan([theory], seeds=8)
    planted(plan, tmp_path, with_slopes(-1.0, -1.0), gain=1.0)
    found = predict.read(plan, tmp_path, small_seeds=0)
    assert [each.verdict for each in found.findings[:2]] == [SUPPORTED, CONTRADICTED]
    assert found.verdict(plan.predictions[0]) == CONTRADICTED
    assert not found.is_converged(plan.predictions[0]), "a best response gains a quarter"


def test_few_seeds_or_nothing_measured_decide_nothing(theory: Path, tmp_path: Path) -> None:
    few = make_plan([theory], seeds=7)
    planted(few, tmp_path / "few", with_slopes(-1.0, 1.0))
    assert (
        predict.read(few, tmp_path / "few", small_seeds=0).verdict(few.predictions[0]) == UNDECIDED
    )
    plan = make_plan([theory], seeds=8)
    planted(plan, tmp_path / "none", lambda *_: math.nan)
    found = predict.read(plan, tmp_path / "none", small_seeds=0)
    assert {each.verdict for each in found.findings} == {UNDECIDED}
    # A figure of nothing is drawn too, and says so.
    assert "no event" in scorecard.as_html(found, "counterpoise predict")


def test_quick_studies_withhold_their_verdicts(theory: Path, tmp_path: Path) -> None:
    plan = make_plan([theory], seeds=8, is_quick=True)
    planted(plan, tmp_path, with_slopes(-1.0, 1.0))
    found = predict.read(plan, tmp_path, small_seeds=0)
    assert found.verdict(plan.predictions[0]) == WITHHELD
    assert {each.verdict for each in found.findings} == {WITHHELD}


def test_both_designs_are_laid_side_by_side(theory: Path, tmp_path: Path) -> None:
    one, apart = (make_plan([theory], seeds=8, design=name) for name in ("amortised", SEPARATE))
    planted(one, tmp_path, with_slopes(-1.0, 1.0))
    planted(apart, tmp_path, with_slopes(-1.0, 3.0))
    cards = [predict.read(each, tmp_path, small_seeds=0) for each in (one, apart)]
    allies, arms, _ = predict.agreements(*cards)
    assert allies.agrees
    assert not arms.agrees
    (path,) = (
        each
        for each in scorecard.write(
            cards[0], tmp_path / "card", command="counterpoise predict", other=cards[1]
        )
        if each.name == "index.html"
    )
    assert "The two designs" in path.read_text()
    with pytest.raises(CounterpoiseError, match="one amortised and one separate"):
        predict.agreements(cards[0], cards[0])


def test_the_page_needs_nothing_else_and_trusts_no_text(theory: Path, tmp_path: Path) -> None:
    theory.write_text(theory.read_text().replace("Altfeld 1984", "<script>alert(1)</script>"))
    plan = make_plan([theory], seeds=8)
    planted(plan, tmp_path, with_slopes(-1.0, 1.0))
    found = predict.read(plan, tmp_path, small_seeds=0)
    page = scorecard.as_html(found, "counterpoise predict <x>")
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    text = scorecard.as_markdown(found, "counterpoise predict")
    assert "**supported**; beyond the boundary contradicted." in text


# -- plans -----------------------------------------------------------------------------------------


def test_what_was_registered_cannot_be_changed_later(theory: Path, tmp_path: Path) -> None:
    plan = register(make_plan([theory], seeds=2), tmp_path / "out")
    kept = json.loads((tmp_path / "out" / PLAN).read_text())
    assert kept["predictions"]["autonomy"]["sha256"] == plan.predictions[0].sha256
    again = register(make_plan([theory], seeds=2), tmp_path / "out")
    assert again.registered == plan.registered
    for changed, told in (
        (make_plan([theory], seeds=3), "seeds was 2, not 3"),
        (make_plan([theory, "P5"], seeds=2), "P5 was not registered"),
        (make_plan([theory], seeds=2, changes={"agent_steps": 5_000}), "has changed since"),
        (make_plan([theory], seeds=2, is_quick=True), "is_quick was False"),
    ):
        with pytest.raises(CounterpoiseError, match=told):
            register(changed, tmp_path / "out")
    theory.write_text(theory.read_text().replace('expected = "falls"', 'expected = "rises"'))
    with pytest.raises(CounterpoiseError, match="the file of autonomy has changed since"):
        register(make_plan([theory], seeds=2), tmp_path / "out")


def test_a_part_is_asked_of_the_whole_that_was_registered(tmp_path: Path) -> None:
    whole = register(make_plan(["P2", "P10"], agent_steps={"predictions": 999}), tmp_path)
    part = register(make_plan(["P10"], agent_steps=steps_registered(tmp_path)), tmp_path)
    assert part == whole
    planted(part, tmp_path, with_slopes(1.0, 1.0, 1.0))
    found = predict.read(part, tmp_path, only=["P10"], small_seeds=0)
    assert {each.prediction.name for each in found.findings} == {"P10"}
    assert steps_registered(tmp_path / "nowhere") == {}


def test_every_shipped_prediction_has_jobs_under_both_designs() -> None:
    plan = make_plan()
    todo = predict.jobs(plan, EFFORT)
    assert len({job.name for job in todo}) == len(todo)
    asked = {
        question.prediction
        for job in todo
        if isinstance(job, Replication)
        for question in job.questions
    }
    assert asked == set(shipped())
    apart = make_plan(["P12"], design=SEPARATE)
    levels = sum(len(test.treatment.levels) for test in load("P12").tests)
    made = [job for job in predict.jobs(apart, EFFORT) if isinstance(job, Replication)]
    assert len(made) == 8 * levels
    assert all(not job.configuration.drawn for job in made)


def test_theory_agrees_with_what_solved_games_are_said_to_do(tmp_path: Path) -> None:
    """Every claim about a solved game is one that its own equilibrium bears out."""
    for name in shipped():
        for claim in load(name).solved:
            found = predict.in_solved_game(claim, tmp_path, seeds=0)
            assert found.agrees, (name, claim)
            assert found.learned.shape == (0, len(found.levels))


def test_a_budget_too_small_is_refused_and_one_too_large_changes_nothing(theory: Path) -> None:
    plan = make_plan([theory], seeds=1)
    options: dict[str, Any] = dict(processes=1, effort=EFFORT, small_seeds=0)
    with pytest.raises(CounterpoiseError, match="too few"):
        predict.steps_within(1e-6, plan, **options)
    (steps,) = predict.steps_within(1e6, plan, **options).values()
    assert steps == 3_000


# -- the whole way ---------------------------------------------------------------------------------


def study(theory: Path, out: Path) -> list[str]:
    script = textwrap.dedent(
        """
        import io, sys
        from pathlib import Path
        from rich.console import Console
        from counterpoise.evaluation.predictions import verdicts as predict
        from counterpoise.evaluation.predictions.plan import make_plan, register
        from counterpoise.evaluation.predictions.replication import Effort
        if __name__ == "__main__":
            out = Path(sys.argv[2])
            plan = register(make_plan([sys.argv[1]], seeds=2), out / "amortised")
            predict.carry_out(plan, out, effort=Effort(4, 128), small_seeds=0, processes=1,
                              console=Console(file=io.StringIO()))
        """
    )
    path = out.parent / "study.py"
    path.write_text(script)
    return [sys.executable, "-W", "ignore", str(path), str(theory), str(out)]


def test_a_study_that_is_killed_goes_on_to_the_same_answers(theory: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(study(theory, whole), check=True, capture_output=True, timeout=500)
    going = subprocess.Popen(study(theory, killed), start_new_session=True)
    state = killed / "amortised"
    while not list(state.glob("**/seed_0/run/checkpoint.pt")):
        assert going.poll() is None
        time.sleep(0.05)
    going.send_signal(signal.SIGKILL)
    going.wait()
    subprocess.run(["pkill", "-9", "-s", str(going.pid)], check=False)
    assert not list(state.glob("**/seed_1/answers.parquet"))
    subprocess.run(study(theory, killed), check=True, capture_output=True, timeout=500)
    plan = make_plan([theory], seeds=2)
    one, other = (predict.read(plan, each, small_seeds=0) for each in (whole, killed))
    assert one.answers.sort("seed", "test", "level", "outcome").equals(
        other.answers.sort("seed", "test", "level", "outcome")
    )
    assert one.regrets_of(plan.predictions[0]).tolist() == (
        other.regrets_of(plan.predictions[0]).tolist()
    )
    assert one.answers["measured"].is_finite().all()
