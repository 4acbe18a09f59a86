"""Many trainings at once in worker processes, each judged as soon as it is done, with progress.

A worker ignores Ctrl-C: the process that the user sees tells it to stop, and it keeps a checkpoint
before it does. So every run that was begun can be used and resumed.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import multiprocessing
import os
import queue
import signal
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterpoise.envs.errors import CounterpoiseError
from counterpoise.evaluation.comparison import Judgement, judge
from counterpoise.training.configuration import Configuration
from counterpoise.training.runs import Run

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from counterpoise.training.learn import Progress

MOST_PROCESSES = 4
LEAST_SECONDS_BETWEEN_REPORTS = 0.1
SECONDS_BETWEEN_LOOKS = 0.1


@dataclasses.dataclass(frozen=True)
class Training:
    """One training that is to be done."""

    configuration: Configuration
    folder: Path
    seed: int
    resume: bool = False

    @property
    def label(self) -> str:
        """What a progress bar calls it."""
        return f"{self.configuration.name}, seed {self.seed}"


@dataclasses.dataclass(frozen=True)
class News:
    """What a worker tells of one training, by its number."""

    number: int
    agent_steps: int
    total_agent_steps: int
    rate: float
    stage: str


def usual_processes() -> int:
    """Return how many trainings go on at once by default: one a core, at most four."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, min(MOST_PROCESSES, len(os.sched_getaffinity(0))))
    return max(1, min(MOST_PROCESSES, os.cpu_count() or 1))


def _train(training: Training, device: str, on_progress: Any) -> Run:
    from counterpoise.training.learn import train

    with warnings.catch_warnings():
        # A last minibatch that is smaller than the others is meant.
        warnings.filterwarnings("ignore", category=UserWarning, module="stable_baselines3")
        return train(
            training.configuration,
            training.folder,
            seed=training.seed,
            resume=training.resume,
            device=device,
            on_progress=on_progress,
        )


# -- in a worker process ---------------------------------------------------------------------------

_news: Any = None
_stop: Any = None


def _begin_worker(news: Any, stop: Any) -> None:
    global _news, _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _news, _stop = news, stop


def _work(number: int, training: Training, device: str, is_judged: bool) -> Judgement | None:
    last = 0.0
    total = training.configuration.agent_steps

    def on_progress(progress: Progress) -> None:
        nonlocal last, total
        if _stop.is_set():
            # Where the learner expects Ctrl-C, it keeps what it has.
            raise KeyboardInterrupt
        total = progress.total_agent_steps
        if time.monotonic() - last >= LEAST_SECONDS_BETWEEN_REPORTS:
            last = time.monotonic()
            _news.put(News(number, progress.agent_steps, total, progress.rate, "learning"))

    if _stop.is_set():
        return None
    _news.put(News(number, 0, total, 0.0, "starting"))
    run = _train(training, device, on_progress)
    if not is_judged or _stop.is_set():
        return None
    rate = total / max(run.state["seconds"], 1e-9)
    _news.put(News(number, total, total, rate, "judging"))
    return judge(run)


# -- in the process that the user sees -------------------------------------------------------------


def train_all(
    trainings: Sequence[Training],
    *,
    processes: int,
    device: str = "auto",
    is_judged: bool = False,
    console: Console,
) -> list[Judgement | None]:
    """Do all trainings and return their judgements in the same order.

    Parameters
    ----------
    trainings : sequence of Training
        Begun in this order: give the longest first.
    processes : int
        How many go on at once.
    device : str
        As for `counterpoise.training.learn.train`.
    is_judged : bool
        Whether each run is held against its theory when it is done; otherwise None is returned.
    console : Console
        Where progress is shown.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when every worker has kept what it had.
    CounterpoiseError
        Whatever went wrong in a training.
    """
    # Small networks are slower on many threads; read when a worker imports its libraries.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    news, stop = context.Queue(), context.Event()
    with (
        board(trainings, processes, console) as shown,
        concurrent.futures.ProcessPoolExecutor(
            min(processes, len(trainings)),
            mp_context=context,
            initializer=_begin_worker,
            initargs=(news, stop),
        ) as pool,
    ):
        futures = {
            pool.submit(_work, number, training, device, is_judged): number
            for number, training in enumerate(trainings)
        }
        try:
            return _follow(futures, news, shown)
        except BaseException as error:
            stop.set()
            for future in futures:
                future.cancel()
            if isinstance(error, KeyboardInterrupt):
                console.print("Stopping: the running trainings keep what they have …")
            concurrent.futures.wait(futures)
            if isinstance(error, BrokenProcessPool):
                raise CounterpoiseError(
                    "A worker process died (out of memory?). The runs keep their last checkpoint: "
                    "go on with --resume, and fewer --processes."
                ) from None
            raise


def _follow(futures: dict[Any, int], news: Any, shown: Board) -> list[Judgement | None]:
    found: list[Judgement | None] = [None] * len(futures)
    pending = set(futures)
    while pending:
        done, pending = concurrent.futures.wait(
            pending, SECONDS_BETWEEN_LOOKS, concurrent.futures.FIRST_COMPLETED
        )
        with contextlib.suppress(queue.Empty):
            while True:
                shown.tell(news.get_nowait())
        for future in done:
            found[futures[future]] = future.result()
            shown.finish(futures[future])
    return found


class Board:
    """Shows how far each training has come: bars in a terminal, lines elsewhere."""

    def __init__(
        self, trainings: Sequence[Training], processes: int, console: Console, bars: RichProgress
    ) -> None:
        self._trainings = trainings
        self._processes = processes
        self._console = console
        self._bars = bars
        self._began = time.monotonic()
        self._totals = [training.configuration.agent_steps for training in trainings]
        self._steps = [0] * len(trainings)
        self._rates: dict[str, float] = {}
        self._is_done = [False] * len(trainings)
        self._rows: list[TaskID] = [
            bars.add_task(training.label, total=total, rate="", left="", start=False)
            for training, total in zip(trainings, self._totals, strict=True)
        ]
        many = len(trainings) > 1
        self._sum = bars.add_task("[bold]all", total=1.0, rate="", left="") if many else None

    def tell(self, news: News) -> None:
        """Show what a worker told."""
        number = news.number
        if self._is_done[number]:
            return
        self._totals[number], self._steps[number] = news.total_agent_steps, news.agent_steps
        if news.stage == "starting" and not self._console.is_terminal:
            self._console.print(f"{self._trainings[number].label}: begins")
        if news.rate > 0.0:
            self._rates[self._trainings[number].configuration.name] = news.rate
        left = (news.total_agent_steps - news.agent_steps) / news.rate if news.rate else 0.0
        self._bars.start_task(self._rows[number])
        self._bars.update(
            self._rows[number],
            total=news.total_agent_steps,
            completed=news.agent_steps,
            rate=f"{news.rate / 1e3:.0f} k steps/s" if news.rate else "",
            left=f"{as_time(left)} left" if news.stage == "learning" else news.stage,
        )
        self._update_sum()

    def finish(self, number: int) -> None:
        """Show that a training is done."""
        self._is_done[number] = True
        self._steps[number] = self._totals[number]
        self._bars.start_task(self._rows[number])
        total = self._totals[number]
        self._bars.update(self._rows[number], total=total, completed=total, left="done")
        self._update_sum()
        if not self._console.is_terminal:
            seconds = time.monotonic() - self._began
            done = sum(self._is_done)
            self._console.print(
                f"{self._trainings[number].label}: done "
                f"({done} of {len(self._is_done)}, {as_time(seconds)} since the start)"
            )

    def _update_sum(self) -> None:
        """Reckon what is left in seconds, by the rate of each kind of training so far."""
        if self._sum is None or not self._rates:
            return
        usual = sum(self._rates.values()) / len(self._rates)
        seconds = 0.0
        for training, total, steps in zip(self._trainings, self._totals, self._steps, strict=True):
            seconds += (total - steps) / self._rates.get(training.configuration.name, usual)
        left = seconds / min(self._processes, len(self._trainings))
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
def board(trainings: Sequence[Training], processes: int, console: Console) -> Iterator[Board]:
    """Show progress as long as the context lasts."""
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
        yield Board(trainings, processes, console, bars)
