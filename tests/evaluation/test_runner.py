"""Jobs fill their folders, here or on a cluster, whatever happens to a worker."""

from __future__ import annotations

import collections
import dataclasses
import getpass
import hashlib
import io
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.evaluation import runner as engines


@dataclasses.dataclass(frozen=True)
class Counting:
    """Counts to a number, a tick at a time, and writes down how far it came."""

    number: int
    seconds: float = 0.0
    fails: bool = False

    @property
    def name(self) -> str:
        return f"counting/{self.number}"

    @property
    def label(self) -> str:
        return f"counting to {self.number}"

    kind = "counting"

    @property
    def total(self) -> int:
        return self.number

    results = ("sum.txt",)
    kept = ("sum.txt", "deep/*.txt")

    def where(self) -> str:
        ray = sys.modules.get("ray")
        if ray is None or not ray.is_initialized():
            return "here"
        return str(ray.get_runtime_context().get_node_id())

    def fill(self, folder: Path, tell: engines.Tell) -> None:
        (folder / "deep").mkdir(parents=True, exist_ok=True)
        (folder / "deep" / "where.txt").write_text(self.where())
        so_far = folder / "so_far"
        begun = int(so_far.read_text()) if so_far.is_file() else 0
        with (folder / "deep" / "begun.txt").open("a") as file:
            file.write(f"{begun}\n")
        for k in range(begun, self.number):
            tell(k, self.number, 1.0, "counting")
            if self.fails:
                raise CounterpoiseError("It does not count.")
            time.sleep(self.seconds)
            so_far.write_text(str(k + 1))
        (folder / "sum.txt").write_text(str(sum(range(self.number + 1))))


def quiet() -> Console:
    return Console(file=io.StringIO())


def test_a_job_that_is_done_is_left_as_it_is(tmp_path: Path) -> None:
    job = Counting(3)
    assert not engines.is_done(job, tmp_path)
    job.fill(tmp_path / job.name, lambda *_: None)
    assert engines.is_done(job, tmp_path)
    (tmp_path / job.name / "sum.txt").write_text("as it was")
    engines.fill([job], tmp_path, console=quiet())
    assert (tmp_path / job.name / "sum.txt").read_text() == "as it was"


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CounterpoiseError, match="local or ray"):
        engines.fill([], tmp_path, engine="cloud", console=quiet())


def test_files_that_say_that_all_is_done_are_written_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    real = engines.write_atomically

    def noted(path: Path, write: Any) -> None:
        written.append(path.name)
        real(path, write)

    monkeypatch.setattr(engines, "write_atomically", noted)
    engines.keep_files(Counting(1), {"sum.txt": b"1", "deep/z.txt": b"2"}, tmp_path)
    assert written == ["z.txt", "sum.txt"]


def test_elsewhere_a_job_works_in_a_folder_of_its_own_and_only_its_results_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    files = engines.fill_elsewhere(Counting(4))
    assert files == {"sum.txt": b"10", "deep/begun.txt": b"0\n", "deep/where.txt": b"here"}
    assert not list(tmp_path.glob("counterpoise-*/*")), "nothing is left behind"


def test_elsewhere_two_workers_never_share_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a machine is given up for lost whose worker still works."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    job = Counting(2)
    digest = hashlib.sha256(repr(job).encode()).hexdigest()[:16]
    root = tmp_path / f"counterpoise-{getpass.getuser()}"
    root.mkdir()
    (root / f"{digest}-0").mkdir()
    with engines._held(root / f"{digest}-0.lock") as is_ours:
        assert is_ours
        assert engines.fill_elsewhere(job)["sum.txt"] == b"3"
        assert not list((root / f"{digest}-0").iterdir()), "the first worker's own"
    with engines._held(root / f"{digest}-0.lock") as is_ours:
        assert is_ours, "let go of"


def test_jobs_go_on_in_processes_and_tell_how_far_they_are(tmp_path: Path) -> None:
    from counterpoise.evaluation.predictions.replication import Effort, Stake
    from counterpoise.training.configuration import load

    small = load("grand_strategy").replace(
        worlds={"count": 8, "opponents": ()},
        ppo={"n_steps": 4, "batch_size": 64},
        network={"hidden": (4,)},
        drawn={},
        varied={},
    )
    console = quiet()
    jobs = [Stake(f"all/{k}", small, Effort(2, 64)) for k in range(2)]
    engines.fill(jobs, tmp_path, processes=2, console=console)
    assert all(engines.is_done(job, tmp_path) for job in jobs)
    assert (tmp_path / "all/0/stake.json").read_text() == (
        tmp_path / "all/1/stake.json"
    ).read_text()
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert told.count("begins") == 2
    assert "done (2 of 2" in told


def test_a_ray_cluster_that_loses_a_worker_still_gives_every_result_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head and two machines of one core each, all processes here; one is lost at work."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    # The workers cannot import a test.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "1")
    arrived: collections.Counter[str] = collections.Counter()
    lost: list[str] = []
    real = engines.keep_files
    # A machine is given up after three seconds without a sign of life.
    patience = {"health_check_period_ms": 1_000, "health_check_failure_threshold": 3}
    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": patience}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    machines = [cluster.add_node(num_cpus=1) for _ in range(2)]

    def noted(job: Any, files: dict[str, bytes], folder: Path) -> None:
        arrived[job.name] += 1
        real(job, files, folder)
        if len(arrived) == 1:
            # The other one is at work.
            came_from = files["deep/where.txt"].decode()
            (busy,) = (each for each in machines if each.node_id != came_from)
            lost.append(busy.node_id)
            cluster.remove_node(busy, allow_graceful=False)

    monkeypatch.setattr(engines, "keep_files", noted)
    jobs = [Counting(6 + 8 * k, seconds=0.25) for k in range(4)]
    try:
        ray.init(address=cluster.address, log_to_driver=False, configure_logging=False)
        engines.fill(jobs, tmp_path, engine="ray", console=quiet())
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert arrived == {job.name: 1 for job in jobs}
    for job in jobs:
        text = (tmp_path / job.name / "sum.txt").read_text()
        assert int(text) == sum(range(job.number + 1))
    assert len(lost) == 1, "a machine was lost at work"
    found = [(tmp_path / job.name / "deep/where.txt").read_text() for job in jobs]
    assert lost[0] not in found, "what it was at was done elsewhere"
