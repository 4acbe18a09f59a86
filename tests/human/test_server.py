"""Claims about the server: tokens, foreign hosts, invalid messages, one process per game."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets.exceptions
import websockets.sync.client

from counterpoise.human.saved import FILE
from counterpoise.human.server import MOST_BYTES, MOST_CHARACTERS


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    served: Callable[..., Any],
    india: tuple[str, ...],
) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("table") / "game"
    with served(folder, *india, "--as", "china", "--out", str(folder)) as running:
        yield running


def test_nothing_is_answered_without_a_token(server: Any) -> None:
    right = server.path()
    wrong = f"/{'x' * (len(right) - 2)}/"
    assert server.get(right)[0] == 200
    for path in ("/", wrong, wrong + "page.js", wrong[:-1], right[:-2] + "/", "/page.js", "/%ff/"):
        assert server.get(path)[0] in (403, 404), path
    assert server.get(wrong)[0] == 403
    assert server.get(right + "table.py")[0] == 404
    assert server.get(right + "..%2ftable.py")[0] == 404
    assert server.get(right[:-1])[2]["location"] == right
    with pytest.raises(websockets.exceptions.InvalidStatus) as refusal:
        websockets.sync.client.connect(
            f"ws://127.0.0.1:{server.port}{wrong}live", origin=server.origin, proxy=None
        )
    assert refusal.value.response.status_code == 403


def test_another_site_and_another_name_for_this_machine_are_refused(server: Any) -> None:
    path = server.path()
    assert server.get(path, Host=f"rebound.example:{server.port}")[0] == 403
    assert server.get(path, Host="127.0.0.1")[0] == 403
    assert server.get(path, Origin="http://rebound.example")[0] == 403
    assert server.get(path, Origin=server.origin)[0] == 200
    for origin in ("http://rebound.example", "null", server.origin.replace("http", "https"), None):
        with pytest.raises(websockets.exceptions.InvalidStatus) as refusal:
            server.socket(origin=origin)
        assert refusal.value.response.status_code == 403
    with pytest.raises(websockets.exceptions.InvalidStatus):
        server.socket(additional_headers={"Host": f"rebound.example:{server.port}"})


def test_the_server_listens_on_one_address_of_this_machine(server: Any) -> None:
    # All of 127/8 is this machine: a server on every address would answer at this one too.
    asked = http.client.HTTPConnection("127.0.0.2", server.port, timeout=5)
    with pytest.raises(OSError):
        asked.request("GET", server.path())


def test_the_page_may_load_nothing_from_elsewhere(server: Any) -> None:
    _, text, headers = server.get(server.path())
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert re.findall(r'(?:src|href)="([^"]+)"', text) == [
        "data:,",
        "page.css",
        "page.js",
        "#decide",
    ]


@pytest.mark.parametrize(
    "message",
    ["", "no JSON", "[]", "7", "null", "{}", '{"kind": "win"}', '{"kind": "commit"}',
     '{"kind": "commit", "step": true, "action": []}',
     '{"kind": "commit", "step": 0, "action": []}',
     '{"kind": "commit", "step": 0, "action": [NaN]}', '{"kind": "project", "action": {"a": 1}}',
     '{"kind": "advise"}', '{"kind": "advise", "name": "../../x"}', "[" * 10_000,
     '{"kind": ' + "9" * 5_000 + "}", "x" * (MOST_CHARACTERS + 1), b"\x00\xff"],
    ids=range(18),
)  # fmt: skip
def test_an_invalid_message_is_answered_with_an_error_and_changes_nothing(
    server: Any, message: str | bytes
) -> None:
    saved = (server.folder / FILE).read_bytes()
    with server.socket() as socket:
        before = json.loads(socket.recv(timeout=10))
        socket.send(message)
        answer = json.loads(socket.recv(timeout=10))
        assert answer["kind"] == "refused"
        assert answer["words"].endswith(".")
        # The same connection still serves.
        socket.send(json.dumps({"kind": "project", "number": 5, "action": before["proposal"]}))
        answer = json.loads(socket.recv(timeout=10))
        assert (answer["kind"], answer["number"]) == ("projection", 5)
    with server.socket() as socket:
        assert json.loads(socket.recv(timeout=10)) == before
    assert (server.folder / FILE).read_bytes() == saved


def test_an_oversized_message_closes_the_connection_and_changes_nothing(
    server: Any,
) -> None:
    with server.socket() as socket:
        before = json.loads(socket.recv(timeout=10))
        socket.send("x" * (MOST_BYTES + 1))
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            socket.recv(timeout=10)
    with server.socket() as socket:
        assert json.loads(socket.recv(timeout=10)) == before


def test_the_token_of_a_seat_opens_only_that_seat(
    tmp_path: Path, served: Callable[..., Any], india: tuple[str, ...]
) -> None:
    with served(tmp_path, *india, "--as", "china", "--out", str(tmp_path)) as running:
        with running.socket(0) as india, running.socket(1) as china:
            told = [json.loads(each.recv(timeout=10)) for each in (india, china)]
            assert [each["name"] for each in told] == ["India", "China"]
            india.send(json.dumps({"kind": "commit", "step": 0, "action": told[0]["proposal"]}))
            told = [json.loads(each.recv(timeout=10)) for each in (india, china)]
            assert [each["has_decided"] for each in told] == [True, False]
            assert told[0]["waiting_for"] == ["China"]
            assert told[1]["waiting_for"] == []
            assert told[0]["step"] == 0
            # India's token cannot decide for China, whatever it sends.
            for extra in ({}, {"seat": 2}, {"seat": 1}, {"name": "China"}):
                message = {"kind": "commit", "step": 0, "action": told[1]["proposal"], **extra}
                india.send(json.dumps(message))
                assert json.loads(india.recv(timeout=10))["kind"] == "refused"
            china.send(json.dumps({"kind": "commit", "step": 0, "action": told[1]["proposal"]}))
            told = [json.loads(each.recv(timeout=10)) for each in (india, china)]
            assert [each["step"] for each in told] == [1, 1]
        saved = json.loads((tmp_path / FILE).read_text())
        assert sorted(saved["steps"][0]) == ["0", "2"]


def test_stopping_prints_how_to_resume(
    tmp_path: Path, serve: Callable[..., Any], india: tuple[str, ...]
) -> None:
    running = serve(tmp_path, *india, "--out", str(tmp_path))
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=20) == 130
    assert running.process.stderr is not None
    assert f"counterpoise play --resume {tmp_path}" in running.process.stderr.read()
    running.kill()


def test_a_game_is_served_by_one_process_at_a_time(server: Any) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "counterpoise", "play", "--resume", str(server.folder)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "is being played already" in refused.stderr
