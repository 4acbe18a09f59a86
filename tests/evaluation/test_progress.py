"""What a log file is told while tasks run: how far each has come, at least every half minute."""

from __future__ import annotations

import dataclasses
import io
import time
import types
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from counterpoise.envs.engine.registration import game
from counterpoise.evaluation import progress
from counterpoise.evaluation.populations import exam
from counterpoise.evaluation.populations.tournament import hold
from counterpoise.evaluation.runner import in_processes
from counterpoise.evaluation.trainings import Training, train_all
from counterpoise.training.configuration import load


@dataclasses.dataclass(frozen=True)
class Work:
    """A task that takes its time and reports once."""

    label: str = "work [1]"
    kind: str = "work"
    total: int = 4_000
    seconds: float = 0.0

    def do(self, tell: progress.Tell) -> str:
        tell(1_000, self.total, 2_000.0, progress.LEARNING, 0.125)
        time.sleep(self.seconds)
        return "done"


class Clock:
    """A clock that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)


def log() -> Console:
    return Console(file=io.StringIO(), width=160)


def lines_of(console: Console) -> list[str]:
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def test_no_more_than_half_a_minute_passes_between_lines() -> None:
    assert progress.SECONDS_BETWEEN_LINES <= 30.0


def test_a_line_holds_steps_rate_time_left_and_payoff(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, console = Clock(monkeypatch), log()
    with progress.board([Work()], 1, console) as shown:
        shown.tell(progress.News(0, 1_000, 4_000, 100.0, progress.LEARNING, 0.125))
        shown.pulse()
        assert lines_of(console) == []
        clock.now += progress.SECONDS_BETWEEN_LINES
        shown.pulse()
        shown.pulse()
    [line] = lines_of(console)
    assert line.startswith("work [1]: 1,000 of 4,000 steps (25%), 0 k steps/s, 0:30 left")
    assert "payoff 0.125 per step" in line
    assert "0:25 elapsed" in line


def test_lines_go_on_while_there_is_no_news_and_end_with_the_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, console = Clock(monkeypatch), log()
    with progress.board([Work(), Work(label="rest")], 2, console) as shown:
        shown.tell(progress.News(0, 0, 4_000, 0.0, "learning a best response"))
        for _ in range(3):
            clock.now += progress.SECONDS_BETWEEN_LINES
            shown.pulse()
        before = lines_of(console)
        shown.finish(0)
        clock.now += progress.SECONDS_BETWEEN_LINES
        shown.pulse()
    assert sum("learning a best response" in line for line in before) == 3
    assert sum(line.startswith("0 of 2 done") for line in before) == 3
    after = lines_of(console)[len(before) :]
    assert not any("best response" in line for line in after)
    assert any(line.startswith("1 of 2 done") for line in after)


def test_a_terminal_gets_bars_and_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    with progress.board([Work()], 1, console) as shown:
        shown.tell(progress.News(0, 1_000, 4_000, 100.0, progress.LEARNING, 0.125))
        clock.now += 2 * progress.SECONDS_BETWEEN_LINES
        shown.pulse()
        monkeypatch.undo()
    assert "payoff" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_tasks_in_processes_reach_the_log_while_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.2)
    console = log()
    assert in_processes([Work(seconds=1.5)], processes=1, console=console) == ["done"]
    told = [line for line in lines_of(console) if "1,000 of 4,000 steps" in line]
    assert len(told) >= 3


def test_a_training_writes_its_payoff_into_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    small = load("burden_sharing").replace(agent_steps=400_000, regret_points=1)
    console = log()
    train_all([Training(small, tmp_path / "run", 0)], processes=1, console=console)
    told = [line for line in lines_of(console) if "payoff" in line]
    assert told
    assert all(words in told[-1] for words in ("steps (", "k steps/s", "left", "per step"))


# -- work in this process --------------------------------------------------------------------------


def test_work_without_tasks_is_told_of_at_regular_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.1)
    console = log()
    with progress.beat(console, "Playing …") as tell:
        time.sleep(0.25)
        tell(1, 4)
        time.sleep(0.25)
    told = lines_of(console)
    assert told[0] == "Playing … 0:00 elapsed"
    assert told[-1].startswith("Playing … 1 of 4, 0:00 elapsed, 0:0")
    time.sleep(0.25)
    assert lines_of(console) == told, "nothing after the end"


def test_what_is_quick_is_not_told_of() -> None:
    console = log()
    with progress.beat(console, "Playing …"):
        pass
    assert lines_of(console) == []


def test_a_tournament_and_an_exam_count_their_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    rules = game("burden_sharing")
    names = ["free_rider", "random"]
    hold(rules, rules.parameters(), names, count=2, tell=lambda *parts: told.append(parts))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    told.clear()
    monkeypatch.setattr(exam, "situations_of", lambda game: ("alone", "in company", "among many"))
    monkeypatch.setattr(exam, "_result", lambda run, situation, count, seed: situation)
    sitting: Any = types.SimpleNamespace(game=rules)
    results: Any = exam.sit(sitting, tell=lambda *parts: told.append(parts))
    assert results == ["alone", "in company", "among many"]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_commands_that_wait_write_lines_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from counterpoise.cli.printing import waiting

    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.1)
    with waiting("Playing the tests …") as tell:
        tell(2, 5)
        time.sleep(0.25)
    assert "Playing the tests … 2 of 5" in capsys.readouterr().err
