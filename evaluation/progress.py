"""Tasks, and a display of how far each has come: bars in a terminal, lines elsewhere.

Lines are for log files: one for each running task at least every `SECONDS_BETWEEN_LINES`, with the
steps done, their rate, the time left and the payoff of what is learned.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

SECONDS_BETWEEN_LINES = 25.0

LEARNING = "learning"
"""The stage in which steps are counted and timed."""

TellParts = Callable[[int, int], None]
"""Reports how many parts of a work are done, and how many there are."""


class Tell(Protocol):
    """Reports how far a task has come."""

    def __call__(
        self, done: int, total: int, rate: float, stage: str, payoff: float | None = None, /
    ) -> None:
        """Report steps done, total steps, steps per second, the stage, and the payoff if known.

        The payoff is that of what is learned: per step, the mean over the powers.
        """


class Tracked(Protocol):
    """Anything whose progress is shown."""

    @property
    def label(self) -> str:
        """What a progress bar calls it."""

    @property
    def kind(self) -> str:
        """Tasks of one kind run at the same rate."""

    @property
    def total(self) -> int:
        """Number of steps, as far as known before it starts."""


class Task(Tracked, Protocol):
    """Work for a worker process."""

    def do(self, tell: Tell) -> Any:
        """Run the task; call `tell` with steps done, total steps, steps per second and the stage.

        `tell` raises `KeyboardInterrupt` when the task must stop.
        """


@dataclasses.dataclass(frozen=True)
class News:
    """A worker's report on one task, identified by its number."""

    number: int
    done: int
    total: int
    rate: float
    stage: str
    payoff: float | None = None


class Board:
    """Shows the progress of each task: bars in a terminal, lines elsewhere."""

    def __init__(
        self, tasks: Sequence[Task], processes: int, console: Console, bars: RichProgress
    ) -> None:
        self._tasks = tasks
        self._processes = processes
        self._console = console
        self._bars = bars
        self._began = time.monotonic()
        self._totals = [task.total for task in tasks]
        self._steps = [0] * len(tasks)
        self._rates: dict[str, float] = {}
        self._is_done = [False] * len(tasks)
        self._running: dict[int, News] = {}
        self._seconds_left = 0.0
        self._last_line = self._began
        self._rows: list[TaskID] = [
            bars.add_task(task.label, total=total, rate="", left="", start=False)
            for task, total in zip(tasks, self._totals, strict=True)
        ]
        many = len(tasks) > 1
        self._sum = bars.add_task("[bold]all", total=1.0, rate="", left="") if many else None

    def tell(self, news: News) -> None:
        """Show a worker's report."""
        number = news.number
        if self._is_done[number]:
            return
        self._running[number] = news
        self._totals[number], self._steps[number] = news.total, news.done
        if news.stage == "starting" and not self._console.is_terminal:
            self._console.print(f"{self._tasks[number].label}: begins")
        if news.rate > 0.0:
            self._rates[self._tasks[number].kind] = news.rate
        left = (news.total - news.done) / news.rate if news.rate else 0.0
        self._bars.start_task(self._rows[number])
        self._bars.update(
            self._rows[number],
            total=news.total,
            completed=news.done,
            rate=f"{news.rate / 1e3:.0f} k steps/s" if news.rate else "",
            left=f"{as_time(left)} left" if news.stage == LEARNING else news.stage,
        )
        self._update_sum()

    def finish(self, number: int) -> None:
        """Show that a task is done."""
        self._is_done[number] = True
        self._running.pop(number, None)
        self._steps[number] = self._totals[number]
        self._bars.start_task(self._rows[number])
        total = self._totals[number]
        self._bars.update(self._rows[number], total=total, completed=total, left="done")
        if not self._rates:
            # Without a reported rate, estimate it from what is done.
            seconds = max(time.monotonic() - self._began, 1e-9)
            self._rates[""] = sum(self._steps) / seconds / max(1, self._processes)
        self._update_sum()
        if not self._console.is_terminal:
            seconds = time.monotonic() - self._began
            done = sum(self._is_done)
            self._console.print(
                f"{self._tasks[number].label}: done "
                f"({done} of {len(self._is_done)}, {as_time(seconds)} elapsed)"
            )

    def pulse(self) -> None:
        """Print a line for each running task if it is time; only where there is no terminal.

        Whoever waits for tasks calls this several times a second.
        """
        now = time.monotonic()
        if self._console.is_terminal or now - self._last_line < SECONDS_BETWEEN_LINES:
            return
        self._last_line = now
        for number, news in sorted(self._running.items()):
            self._print(f"{self._tasks[number].label}: {', '.join(self._facts(news, now))}")
        if len(self._tasks) > 1:
            left = f", {as_time(self._seconds_left)} left" if self._seconds_left > 0.5 else ""
            self._print(f"{sum(self._is_done)} of {len(self._is_done)} done{left}")

    def _facts(self, news: News, now: float) -> list[str]:
        if news.stage != LEARNING:
            return [news.stage, f"{as_time(now - self._began)} elapsed"]
        facts = []
        if news.rate:
            facts.append(f"{news.done:,} of {news.total:,} steps ({news.done / news.total:.0%})")
            facts.append(f"{news.rate / 1e3:.0f} k steps/s")
            facts.append(f"{as_time((news.total - news.done) / news.rate)} left")
        if news.payoff is not None:
            facts.append(f"payoff {news.payoff:.4g} per step")
        return [*facts, f"{as_time(now - self._began)} elapsed"]

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _update_sum(self) -> None:
        """Estimate the seconds left, from the rate of each kind of task so far."""
        if self._sum is None or not self._rates:
            return
        usual = sum(self._rates.values()) / len(self._rates)
        seconds = 0.0
        for task, total, steps in zip(self._tasks, self._totals, self._steps, strict=True):
            seconds += (total - steps) / self._rates.get(task.kind, usual)
        left = self._seconds_left = seconds / min(self._processes, len(self._tasks))
        passed = time.monotonic() - self._began
        self._bars.update(
            self._sum,
            completed=passed / max(passed + left, 1e-9),
            rate=f"{sum(self._is_done)} of {len(self._is_done)} done",
            left=f"{as_time(left)} left" if left > 0.5 else "",
        )


def as_time(seconds: float) -> str:
    """Return minutes and seconds, as in 2:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@contextlib.contextmanager
def beat(console: Console, words: str) -> Iterator[TellParts]:
    """Print `words` and how far the work has come at regular times while the context lasts.

    Work in this process prints nothing by itself, so a thread does.

    Parameters
    ----------
    console : Console
    words : str
        What is done.

    Yields
    ------
    callable
        Takes the number of parts done and their total, where the work has parts.
    """
    began = time.monotonic()
    parts = (0, 0)
    is_over = threading.Event()

    def tell(done: int, total: int) -> None:
        nonlocal parts
        parts = done, total

    def print_lines() -> None:
        while not is_over.wait(SECONDS_BETWEEN_LINES):
            done, total = parts
            passed = time.monotonic() - began
            facts = [f"{done} of {total}"] if total else []
            facts.append(f"{as_time(passed)} elapsed")
            if done:
                facts.append(f"{as_time(passed * (total - done) / done)} left")
            line = f"{words} {', '.join(facts)}"
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    thread = threading.Thread(target=print_lines, daemon=True)
    thread.start()
    try:
        yield tell
    finally:
        is_over.set()
        thread.join()


@contextlib.contextmanager
def board(tasks: Sequence[Task], processes: int, console: Console) -> Iterator[Board]:
    """Show progress while the context lasts."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}", justify="right"),
        TextColumn("{task.fields[left]}"),
        console=console,
        disable=not console.is_terminal,
    )
    with bars:
        yield Board(tasks, processes, console, bars)
