"""Tasks, and a display of how far each has come: bars in a terminal, lines elsewhere."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

Tell = Callable[[int, int, float, str], None]
"""Reports steps done, total steps, steps per second, and the stage."""


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
            left=f"{as_time(left)} left" if news.stage == "learning" else news.stage,
        )
        self._update_sum()

    def finish(self, number: int) -> None:
        """Show that a task is done."""
        self._is_done[number] = True
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

    def _update_sum(self) -> None:
        """Estimate the seconds left, from the rate of each kind of task so far."""
        if self._sum is None or not self._rates:
            return
        usual = sum(self._rates.values()) / len(self._rates)
        seconds = 0.0
        for task, total, steps in zip(self._tasks, self._totals, self._steps, strict=True):
            seconds += (total - steps) / self._rates.get(task.kind, usual)
        left = seconds / min(self._processes, len(self._tasks))
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
