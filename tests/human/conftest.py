"""Games to play, and the server that ``counterpoise play`` starts."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import os
import re
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets.sync.client

from counterpoise.envs.engine.registration import game
from counterpoise.human import saved
from counterpoise.human.saved import SavedTable
from counterpoise.human.setup import prepare
from counterpoise.human.table import Table
from counterpoise.human.view import view

NAMES = ["Aland", "Boria", "Cordia", "Doland", "Elbia", "Faria", "Goria", "Hestia"]


def begun(
    folder: Path,
    name: str = "grand_strategy",
    *,
    humans: tuple[int, ...] = (0,),
    against: str = "threat_balancer",
    beside: tuple[str, ...] = (),
    seed: int = 3,
    **changes: Any,
) -> SavedTable:
    the_game = game(name)
    parameters = the_game.parameters.from_mapping(changes)
    setup = prepare(
        the_game,
        parameters,
        NAMES[: parameters.powers],
        humans=humans,
        against=[against],
        beside=beside,
        seed=seed,
    )
    return saved.begin(setup, folder)


def propose(table: Table) -> None:
    step = table.step
    for seat in table.setup.humans:
        if table.step == step and not table.is_over and not view(table, seat)["has_decided"]:
            table.commit(seat, step, table.proposal(seat))


@pytest.fixture(scope="session")
def begin() -> Callable[..., SavedTable]:
    """Return a function that begins a game with people in a folder."""
    return begun


@pytest.fixture(scope="session")
def everyone_proposes() -> Callable[[Table], None]:
    """Return a function that lets all people decide what the form proposes."""
    return propose


@pytest.fixture(scope="session")
def play_on() -> Callable[..., None]:
    """Return a function that plays on with these proposals, to the end or to a step."""

    def on(table: Table, steps: int = 1_000) -> None:
        while not table.is_over and table.step < steps:
            propose(table)

    return on


# -- a server in a process of its own --------------------------------------------------------------


@dataclasses.dataclass
class Served:
    """A running ``counterpoise play``: its addresses in order of seats, and its process."""

    addresses: list[str]
    process: subprocess.Popen[str]
    folder: Path

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    @property
    def port(self) -> int:
        found = urllib.parse.urlsplit(self.addresses[0]).port
        assert found is not None
        return found

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        asked.request("GET", path, headers=headers)
        answer = asked.getresponse()
        found = (
            answer.status,
            answer.read().decode(),
            {k.lower(): v for k, v in answer.getheaders()},
        )
        asked.close()
        return found

    def path(self, seat: int = 0) -> str:
        return urllib.parse.urlsplit(self.addresses[seat]).path

    def socket(self, seat: int = 0, **options: Any) -> Any:
        address = self.addresses[seat].replace("http:", "ws:") + "live"
        options = {"origin": self.origin, "proxy": None, **options}
        return websockets.sync.client.connect(address, **options)


def started(folder: Path, *arguments: str) -> Served:
    process = subprocess.Popen(
        [sys.executable, "-m", "counterpoise", "play", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    addresses = []
    for line in process.stdout:
        addresses += re.findall(r"http://\S+", line)
        if "Saved every year" in line:
            return Served(addresses, process, folder)
    raise AssertionError(f"The server ended: {process.communicate()[1]}")


@pytest.fixture(scope="session")
def serve() -> Callable[..., Served]:
    """Return a function that starts ``counterpoise play``."""
    return started


@pytest.fixture(scope="session")
def served() -> Callable[..., contextlib.AbstractContextManager[Served]]:
    """Return a context manager that starts ``counterpoise play`` and kills it at the end."""

    @contextlib.contextmanager
    def running(folder: Path, *arguments: str) -> Iterator[Served]:
        made = started(folder, *arguments)
        try:
            yield made
        finally:
            made.kill()

    return running


@pytest.fixture(scope="session")
def india() -> tuple[str, ...]:
    """Return the arguments of a game of four years, in which a person rules India."""
    return (
        "grand_strategy", "--scenario", "india", "--as", "india", "--against", "threat_balancer",
        "--seed", "3", "--set", "certain_years=4", "--set", "random_ending=1",
    )  # fmt: skip
