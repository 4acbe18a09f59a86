"""Many tasks at once: in worker processes of this machine, or on the machines of a Ray cluster.

A worker process ignores Ctrl-C: the process that the user sees tells it to stop, and it keeps what
it has before it does. On Ray a task works in a folder of its own on whichever machine it lands;
its files come back when it is done and are written here, once, by the process that the user sees.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import getpass
import hashlib
import itertools
import multiprocessing
import os
import queue
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

MOST_PROCESSES = 4
LEAST_SECONDS_BETWEEN_REPORTS = 0.1
SECONDS_BETWEEN_LOOKS = 0.1
# A worker that is lost is a machine's fault, not the task's.
TRIES_ON_RAY = 10

LOCAL, RAY = ENGINES = ("local", "ray")

Tell = Callable[[int, int, float, str], None]


class Task(Protocol):
    """Something to be done in a worker process."""

    @property
    def label(self) -> str:
        """What a progress bar calls it."""

    @property
    def kind(self) -> str:
        """Tasks of one kind go at one rate."""

    @property
    def total(self) -> int:
        """How many steps it has, as far as is known before it begins."""

    def do(self, tell: Tell) -> Any:
        """Do it; `tell` steps done, steps in all, steps a second and the stage from time to time.

        `tell` raises `KeyboardInterrupt` when the task is to stop.
        """


@dataclasses.dataclass(frozen=True)
class News:
    """What a worker tells of one task, by its number."""

    number: int
    done: int
    total: int
    rate: float
    stage: str


def usual_processes() -> int:
    """Return how many tasks go on at once by default: one a core, at most four."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, min(MOST_PROCESSES, len(os.sched_getaffinity(0))))
    return max(1, min(MOST_PROCESSES, os.cpu_count() or 1))


# -- in a worker process ---------------------------------------------------------------------------

_news: Any = None
_stop: Any = None


def _begin_worker(news: Any, stop: Any) -> None:
    global _news, _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _news, _stop = news, stop


def _work(number: int, task: Task) -> Any:
    last, stage_told = 0.0, ""

    def tell(done: int, total: int, rate: float, stage: str) -> None:
        nonlocal last, stage_told
        if _stop.is_set():
            # Where the learner expects Ctrl-C, it keeps what it has.
            raise KeyboardInterrupt
        if stage != stage_told or time.monotonic() - last >= LEAST_SECONDS_BETWEEN_REPORTS:
            last, stage_told = time.monotonic(), stage
            _news.put(News(number, done, total, rate, stage))

    if _stop.is_set():
        return None
    tell(0, task.total, 0.0, "starting")
    return task.do(tell)


# -- in the process that the user sees -------------------------------------------------------------


def in_processes(tasks: Sequence[Task], *, processes: int, console: Console) -> list[Any]:
    """Do all tasks and return their results in the same order.

    Parameters
    ----------
    tasks : sequence of Task
        Begun in this order: give the longest first.
    processes : int
        How many go on at once.
    console : Console
        Where progress is shown.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when every worker has kept what it had.
    CounterpoiseError
        Whatever went wrong in a task.
    """
    if not tasks:
        return []
    # Small networks are slower on many threads; read when a worker imports its libraries.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    news, stop = context.Queue(), context.Event()
    with (
        board(tasks, processes, console) as shown,
        concurrent.futures.ProcessPoolExecutor(
            min(processes, len(tasks)),
            mp_context=context,
            initializer=_begin_worker,
            initargs=(news, stop),
        ) as pool,
    ):
        futures = {pool.submit(_work, number, task): number for number, task in enumerate(tasks)}
        try:
            return _follow(futures, news, shown)
        except BaseException as error:
            stop.set()
            for future in futures:
                future.cancel()
            if isinstance(error, KeyboardInterrupt):
                console.print("Stopping: what is going on keeps what it has …")
            concurrent.futures.wait(futures)
            if isinstance(error, BrokenProcessPool):
                raise CounterpoiseError(
                    "A worker process died (out of memory?). The runs keep their last checkpoint: "
                    "give the command again (`train`: with --resume), with fewer --processes."
                ) from None
            raise


def _follow(futures: dict[Any, int], news: Any, shown: Board) -> list[Any]:
    found: list[Any] = [None] * len(futures)
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


# -- folders that are filled -----------------------------------------------------------------------


class Job(Protocol):
    """Something that fills a folder with results; begun again, it goes on with what is there."""

    @property
    def name(self) -> str:
        """The folder, below that of all results."""

    @property
    def label(self) -> str:
        """What a progress bar calls it."""

    @property
    def kind(self) -> str:
        """Jobs of one kind go at one rate."""

    @property
    def total(self) -> int:
        """How many steps it has."""

    @property
    def results(self) -> tuple[str, ...]:
        """The files that are there when all is done, the last to be written last."""

    @property
    def kept(self) -> tuple[str, ...]:
        """Which files, as patterns, come back from another machine."""

    def fill(self, folder: Path, tell: Tell) -> None:
        """Do what is left to do in the folder."""


@dataclasses.dataclass(frozen=True)
class Filling:
    """The task of filling one folder here."""

    job: Job
    folder: Path

    @property
    def label(self) -> str:
        """What a progress bar calls it."""
        return self.job.label

    @property
    def kind(self) -> str:
        """As of the job."""
        return self.job.kind

    @property
    def total(self) -> int:
        """As of the job."""
        return self.job.total

    def do(self, tell: Tell) -> None:
        """Fill the folder."""
        self.job.fill(self.folder, tell)


def is_done(job: Job, root: Path) -> bool:
    """Return whether all results of a job are there."""
    return all((root / job.name / result).is_file() for result in job.results)


def fill(
    jobs: Sequence[Job],
    root: Path,
    *,
    engine: str = LOCAL,
    address: str = "",
    processes: int = 1,
    console: Console,
) -> None:
    """Have every job fill its folder below `root`; those that are done are left as they are.

    Parameters
    ----------
    jobs : sequence of Job
        Of different names.
    root : path
    engine : str
        ``local`` or ``ray``.
    address : str
        Of a running Ray cluster, or ``auto``; without one a cluster is begun on this machine.
    processes : int
        How many jobs go on at once here; a Ray cluster decides for itself.
    console : Console

    Raises
    ------
    CounterpoiseError
        If Ray is asked for and not installed, or a job goes wrong.
    """
    if engine not in ENGINES:
        raise CounterpoiseError(f"The engine is {' or '.join(ENGINES)}, not {engine!r}.")
    todo = [job for job in jobs if not is_done(job, root)]
    if engine == RAY:
        _on_ray(todo, root, address, processes, console)
        return
    in_processes(
        [Filling(job, root / job.name) for job in todo], processes=processes, console=console
    )


def _on_ray(
    jobs: Sequence[Job], root: Path, address: str, processes: int, console: Console
) -> None:
    try:
        import ray
    except ImportError:
        raise CounterpoiseError(
            "Ray is not installed: pip install 'counterpoise[ray]', or use --engine local."
        ) from None
    was_running = ray.is_initialized()
    if not was_running:
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        options: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
        if address:
            options["address"] = address
        else:
            options |= {"num_cpus": processes, "include_dashboard": False}
        ray.init(**options)
    # One core and one thread each, wherever it lands.
    fill_there = ray.remote(
        num_cpus=1,
        max_retries=TRIES_ON_RAY,
        runtime_env={"env_vars": {"OMP_NUM_THREADS": "1"}},
    )(fill_elsewhere)
    try:
        pending = {fill_there.remote(job): number for number, job in enumerate(jobs)}
        tasks = [Filling(job, root / job.name) for job in jobs]
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        cores = max(1, int(resources.get("CPU", 1)))
        with board(tasks, cores, console) as shown:
            while pending:
                (ready, *_), _ = ray.wait(list(pending), num_returns=1)
                number = pending.pop(ready)
                keep_files(jobs[number], ray.get(ready), root / jobs[number].name)
                shown.finish(number)
    finally:
        if not was_running:
            ray.shutdown()


def fill_elsewhere(job: Job) -> dict[str, bytes]:
    """Fill a folder on whichever machine this is and return its files.

    The folder is named after the job, so that a job which is begun again on the same machine goes
    on from its checkpoint; where somebody still works in it, the job begins in another.
    """
    digest = hashlib.sha256(repr(job).encode()).hexdigest()[:16]
    root = Path(tempfile.gettempdir()) / f"counterpoise-{getpass.getuser()}"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for k in itertools.count():
        folder = root / f"{digest}-{k}"
        with _held(root / f"{digest}-{k}.lock") as is_ours:
            if not is_ours:
                continue
            folder.mkdir(exist_ok=True)
            job.fill(folder, lambda *_: None)
            files = {
                str(path.relative_to(folder)): path.read_bytes()
                for pattern in job.kept
                for path in sorted(folder.glob(pattern))
                if path.is_file()
            }
            shutil.rmtree(folder)
            return files
    raise AssertionError


@contextlib.contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Hold a lock that the system lets go of when its process dies; yield whether it was free."""
    import fcntl

    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    path.unlink(missing_ok=True)


def keep_files(job: Job, files: dict[str, bytes], folder: Path) -> None:
    """Write what came back, what says that all is done last."""
    for name in sorted(files, key=lambda each: (each in job.results, each)):
        write_atomically(folder / name, _writer(files[name]))


def _writer(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


# -- showing ---------------------------------------------------------------------------------------


class Board:
    """Shows how far each task has come: bars in a terminal, lines elsewhere."""

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
        """Show what a worker told."""
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
            # Nobody told a rate: reckon by what is done.
            seconds = max(time.monotonic() - self._began, 1e-9)
            self._rates[""] = sum(self._steps) / seconds / max(1, self._processes)
        self._update_sum()
        if not self._console.is_terminal:
            seconds = time.monotonic() - self._began
            done = sum(self._is_done)
            self._console.print(
                f"{self._tasks[number].label}: done "
                f"({done} of {len(self._is_done)}, {as_time(seconds)} since the start)"
            )

    def _update_sum(self) -> None:
        """Reckon what is left in seconds, by the rate of each kind of task so far."""
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
        yield Board(tasks, processes, console, bars)
