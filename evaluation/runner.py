"""Running many tasks: in worker processes of this machine, or on a Ray cluster.

Workers ignore Ctrl-C; the main process asks them to stop, and they save their state first. On Ray a
task works in a folder of its own on any machine; its files return when it is done, and the main
process writes them once.
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
from counterpoise.evaluation.progress import Board, News, Task, Tell, Tracked, as_time, board

if TYPE_CHECKING:
    from rich.console import Console

MOST_PROCESSES = 4
LEAST_SECONDS_BETWEEN_REPORTS = 0.1
SECONDS_BETWEEN_LOOKS = 0.1
# A lost worker is the machine's fault, not the task's: try again.
TRIES_ON_RAY = 10

LOCAL, RAY = ENGINES = ("local", "ray")

__all__ = [
    "ENGINES",
    "LOCAL",
    "RAY",
    "Job",
    "Task",
    "Tell",
    "as_time",
    "fill",
    "in_processes",
    "is_done",
    "usual_processes",
]


def usual_processes() -> int:
    """Return the default number of worker processes: one per core, at most four."""
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

    def tell(done: int, total: int, rate: float, stage: str, payoff: float | None = None) -> None:
        nonlocal last, stage_told
        if _stop.is_set():
            # The learner saves a checkpoint on Ctrl-C.
            raise KeyboardInterrupt
        if stage != stage_told or time.monotonic() - last >= LEAST_SECONDS_BETWEEN_REPORTS:
            last, stage_told = time.monotonic(), stage
            _news.put(News(number, done, total, rate, stage, payoff))

    if _stop.is_set():
        return None
    tell(0, task.total, 0.0, "starting")
    return task.do(tell)


# -- in the process that the user sees -------------------------------------------------------------


def in_processes(tasks: Sequence[Task], *, processes: int, console: Console) -> list[Any]:
    """Run all tasks and return their results in the same order.

    Parameters
    ----------
    tasks : sequence of Task
        Started in this order: longest first is fastest.
    processes : int
        Number of worker processes.
    console : Console
        Where progress is shown.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, once every worker has saved its state.
    CounterpoiseError
        If a task raises it, or a worker process dies.
    """
    if not tasks:
        return []
    # Small networks are slower on several threads; libraries read this when a worker imports them.
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
                console.print("Stopping: running tasks save their state …")
            concurrent.futures.wait(futures)
            if isinstance(error, BrokenProcessPool):
                raise CounterpoiseError(
                    "A worker process died (out of memory?). Its run keeps the last checkpoint: "
                    "repeat the command (`train`: with --resume) with fewer --processes."
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
        shown.pulse()
        for future in done:
            found[futures[future]] = future.result()
            shown.finish(futures[future])
    return found


# -- jobs ------------------------------------------------------------------------------------------


class Job(Tracked, Protocol):
    """Fills a folder with results; started again, it continues from what is there."""

    @property
    def name(self) -> str:
        """The folder, relative to the results folder."""

    @property
    def results(self) -> tuple[str, ...]:
        """The files of a finished job; the last one is written last."""

    @property
    def kept(self) -> tuple[str, ...]:
        """Patterns of the files that another machine returns."""

    def fill(self, folder: Path, tell: Tell) -> None:
        """Do what is left to do in the folder."""


@dataclasses.dataclass(frozen=True)
class Filling:
    """A job as a task of this machine."""

    job: Job
    folder: Path

    @property
    def label(self) -> str:
        """What a progress bar calls it."""
        return self.job.label

    @property
    def kind(self) -> str:
        """As the job says."""
        return self.job.kind

    @property
    def total(self) -> int:
        """As the job says."""
        return self.job.total

    def do(self, tell: Tell) -> None:
        """Fill the folder."""
        self.job.fill(self.folder, tell)


def is_done(job: Job, root: Path) -> bool:
    """Return whether all results of a job exist."""
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
    """Run every job in its folder below `root`; finished jobs are skipped.

    Parameters
    ----------
    jobs : sequence of Job
        Their names differ.
    root : path
        The results folder.
    engine : str
        ``local`` or ``ray``.
    address : str
        Address of a running Ray cluster, or ``auto``; if empty, a cluster is started here.
    processes : int
        Number of worker processes; a Ray cluster schedules by its own cores.
    console : Console

    Raises
    ------
    CounterpoiseError
        If the engine is unknown, Ray is not installed, or a job fails.
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
                ready, _ = ray.wait(list(pending), num_returns=1, timeout=SECONDS_BETWEEN_LOOKS)
                for each in ready:
                    number = pending.pop(each)
                    keep_files(jobs[number], ray.get(each), root / jobs[number].name)
                    shown.finish(number)
                shown.pulse()
    finally:
        if not was_running:
            ray.shutdown()


def fill_elsewhere(job: Job) -> dict[str, bytes]:
    """Run a job in a temporary folder of the machine that executes this, and return its files.

    The folder is named after the job, so a job restarted on the same machine continues from its
    checkpoint; while another worker holds that folder's lock, the job starts in a new one.
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
    """Hold a lock that the system releases when the process dies; yield whether it was free."""
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
    """Write returned files; those that mark a finished job come last."""
    for name in sorted(files, key=lambda each: (each in job.results, each)):
        write_atomically(folder / name, _writer(files[name]))


def _writer(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)
