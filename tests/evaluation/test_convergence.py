"""Best responses over seeds and registered treatments: which, and what is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.evaluation.populations.exploitability import Exploit, Gain
from counterpoise.evaluation.predictions import convergence
from counterpoise.evaluation.predictions.convergence import exploit_all, registered_cases, summary
from counterpoise.training.configuration import Configuration
from counterpoise.training.runs import Run

SMALL = Configuration(name="small", game="grand_strategy", agent_steps=100)


def begun(folder: Path, seed: int = 0) -> Run:
    return Run.begin(folder, SMALL, seed)


def test_registered_cases_follow_from_the_files_and_take_seats_in_turn(tmp_path: Path) -> None:
    run = begun(tmp_path / "run")
    cases = registered_cases(run, 20)
    assert cases == registered_cases(run, 20)
    assert len({case.name for case in cases}) == 20
    assert [case.seat for case in cases] == [number % 4 for number in range(20)]
    # They are spread over the predictions, and each differs from the defaults in some way.
    assert len({case.words.split(",")[0] for case in cases}) > 8
    assert {case.parameters.powers for case in cases} == {4}
    assert sum(case.parameters != run.parameters for case in cases) > 15


def test_more_cases_than_there_are_pairs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CounterpoiseError, match="lower --treatments"):
        registered_cases(begun(tmp_path / "run"), 100_000)


def found(regret: float) -> Exploit:
    allied = Gain(own=0.0, response=4.0 * regret, error=0.1, how="always none")
    return Exploit(
        power=0, own=1.0, response=1.0 + 2.0 * regret, error=0.1, random=0.0,
        response_to_random=2.0, how="learned", allied=allied,
    )  # fmt: skip


def test_every_seed_is_exploited_once_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        begun(tmp_path / f"seed_{seed}", seed)
    asked: list[tuple[int, int]] = []

    def exploited(run: Run, *, power: int, **_: Any) -> Exploit:
        asked.append((run.seed, power))
        return found(0.01 * run.seed)

    def here(jobs: Any, root: Path, **_: Any) -> None:
        for job in jobs:
            if not (root / job.name / convergence.FOUND).is_file():
                job.fill(root / job.name, lambda *_: None)

    monkeypatch.setattr(convergence, "exploit", exploited)
    monkeypatch.setattr(convergence, "fill", here)
    options: dict[str, Any] = dict(agent_steps=10, seat=2, console=Console(quiet=True))
    rows = exploit_all(tmp_path, **options)
    assert asked == [(0, 2), (1, 2), (2, 2)]
    assert rows["run"].to_list() == ["seed_0", "seed_1", "seed_2"]
    told = summary(rows)
    assert told["regret"] == pytest.approx({"mean": 0.01, "worst": 0.02})
    assert told["allied_regret"] == pytest.approx({"mean": 0.02, "worst": 0.04})
    assert "improvement_share" not in told
    assert exploit_all(tmp_path, **options).equals(rows)
    assert len(asked) == 3
    # Another training length is another result.
    exploit_all(tmp_path, **{**options, "agent_steps": 20})
    assert len(asked) == 6
    kept = sorted((tmp_path / convergence.FOLDER).rglob(convergence.FOUND))
    assert len(kept) == 6
    assert json.loads(kept[0].read_text())["stake"] == 2.0
