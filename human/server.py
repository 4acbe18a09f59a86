"""The local page of a game with people: bound to this machine, one secret address a seat.

The server listens on 127.0.0.1 alone. The address of each seat contains a random token; without
one nothing is answered, and a token opens its own seat only. Requests that name another host (a
foreign name that resolves to this machine) or come from another site's page are refused. Messages
from a browser have a maximum size and are checked; an invalid one is answered with an error message
and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.human.saved import SavedTable
from counterpoise.human.table import Refused
from counterpoise.human.view import projection, view

HOST = "127.0.0.1"
# A longer message is answered with an error; from `MOST_BYTES` on the connection is closed unread.
MOST_CHARACTERS, MOST_BYTES = 16_384, 65_536
MOST_TABS = 16
SECONDS_TO_SEND = 5.0
LOCK = ".lock"
FOLDER = Path(__file__).resolve().parent
FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
}
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NOT_HERE = (
    "This is not the address of a seat in this game: open the one that was printed at the start.\n"
)


class Guard:
    """Lets through requests for this address, and none that another site makes."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{HOST}:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}
        sockets = " ".join(f"ws://{host}" for host in sorted(self._hosts))
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
            f"connect-src {sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        self._headers = {**HEADERS, "Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a foreign host or origin; add the security headers to every response."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origins = headers.getlist("origin")
        is_ours = headers.get("host", "") in self._hosts and all(
            origin in self._origins for origin in origins
        )
        # Browsers always send the origin when a page opens a socket.
        if scope["type"] == "websocket" and not origins:
            is_ours = False

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        if is_ours:
            await self._app(scope, receive, send_safely)
        elif scope["type"] == "http":
            await PlainTextResponse("Requests of another host or site are refused.\n", 403)(
                scope, receive, send_safely
            )
        else:
            await send({"type": "websocket.close", "code": 1008})


class Connections:
    """The browsers that are connected to a game, and the messages between them and the table.

    Parameters
    ----------
    table : SavedTable
    tokens : mapping of int to str
        For each person's seat, the secret in its address.
    """

    def __init__(self, table: SavedTable, tokens: Mapping[int, str]) -> None:
        self.table = table
        self._tokens = dict(tokens)
        self._tabs: dict[WebSocket, int] = {}
        self._content = {
            name: ((FOLDER / file).read_bytes(), kind) for name, (file, kind) in FILES.items()
        }

    def app(self, port: int) -> ASGIApp:
        """Return the application."""
        routes = [
            Route("/{token}", self.redirect),
            Route("/{token}/", self.page),
            Route("/{token}/{file}", self.page),
            WebSocketRoute("/{token}/live", self.live),
        ]
        return Guard(Starlette(routes=routes), port)

    def seat_of(self, token: str) -> int | None:
        """Return the seat of a token; all tokens are compared, in constant time."""
        found = None
        for seat, expected in self._tokens.items():
            if secrets.compare_digest(expected.encode(), token.encode()):
                found = seat
        return found

    async def redirect(self, request: Request) -> Response:
        """Redirect an address without the final slash."""
        token = request.path_params["token"]
        if self.seat_of(token) is None:
            return PlainTextResponse(NOT_HERE, 403)
        return RedirectResponse(f"/{token}/")

    async def page(self, request: Request) -> Response:
        """Answer with the page or one of its files."""
        if self.seat_of(request.path_params["token"]) is None:
            return PlainTextResponse(NOT_HERE, 403)
        name = request.path_params.get("file", "")
        if name not in self._content:
            return PlainTextResponse("There is no such file.\n", 404)
        content, kind = self._content[name]
        return Response(content, media_type=kind)

    async def live(self, tab: WebSocket) -> None:
        """Exchange messages with one browser until it disconnects."""
        seat = self.seat_of(tab.path_params["token"])
        if seat is None or len(self._tabs) >= MOST_TABS:
            await tab.close(1008)
            return
        await tab.accept()
        self._tabs[tab] = seat
        try:
            await self._send(tab, self._state(seat))
            while True:
                message = await tab.receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self._receive(tab, seat, message.get("text"))
        except WebSocketDisconnect:
            return
        finally:
            self._tabs.pop(tab, None)

    async def _receive(self, tab: WebSocket, seat: int, text: str | None) -> None:
        """Answer one message; after a decision, send the new state to everyone."""
        number: int | None = None
        try:
            message = _read(text)
            number = _number_of(message)
            answer = self._answer(seat, message)
        except Refused as error:
            answer = {"kind": "refused", "words": str(error)}
        except OSError as error:
            # The step was played and stays valid; the next save includes it.
            answer = {
                "kind": "refused",
                "words": f"Played, but not saved: {error.strerror or error}.",
            }
            await self._send_state_to_all()
        if answer is None:
            await self._send_state_to_all()
        else:
            await self._send(tab, {**answer, "number": number})

    def _answer(self, seat: int, message: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a message; None if everyone is to receive the new state."""
        kind = message.get("kind")
        if kind == "project":
            made = projection(self.table, seat, message.get("action"))
            return {"kind": "projection", "projection": made}
        if kind == "advise":
            name = message.get("name")
            if not isinstance(name, str):
                raise Refused("Expected the name of a doctrine, as a text.")
            return {"kind": "advice", "name": name, "action": self.table.advise(seat, name)}
        if kind == "commit":
            step = message.get("step")
            if type(step) is not int:
                raise Refused("Expected the step of the decision, as a whole number.")
            self.table.commit(seat, step, message.get("action"))
            return None
        raise Refused("Expected a message of the kind project, advise or commit.")

    def _state(self, seat: int) -> dict[str, Any]:
        return {"kind": "state", **view(self.table, seat)}

    async def _send_state_to_all(self) -> None:
        tabs = list(self._tabs.items())
        await asyncio.gather(*(self._send(tab, self._state(seat)) for tab, seat in tabs))

    async def _send(self, tab: WebSocket, content: dict[str, Any]) -> None:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
        try:
            await asyncio.wait_for(tab.send_text(text), SECONDS_TO_SEND)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            # A browser that has gone, or no longer reads, must not delay the others; it receives
            # the present state when it reconnects.
            self._tabs.pop(tab, None)
            with contextlib.suppress(RuntimeError):
                await tab.close()


def _read(text: str | None) -> dict[str, Any]:
    """Return a message from a browser.

    Raises
    ------
    Refused
        If the text is not a valid message.
    """
    if text is None:
        raise Refused("Expected a message as text, got bytes.")
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"Expected at most {MOST_CHARACTERS} characters, got {len(text)}.")
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refused("Expected a message in JSON.") from None
    if not isinstance(message, dict):
        raise Refused("Expected a message that is a JSON object.")
    return message


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _number_of(message: dict[str, Any]) -> int | None:
    number = message.get("number")
    return number if type(number) is int and abs(number) < 2**53 else None


@contextlib.contextmanager
def alone_with(folder: Path) -> Iterator[None]:
    """Lock a game for this process; the lock ends with the process.

    Raises
    ------
    CounterpoiseError
        If another process serves the game: two would overwrite each other's file.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with (folder / LOCK).open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CounterpoiseError(
                f"{folder} is being played already: use the address that was printed then, or stop "
                "that server first."
            ) from None
        yield


def serve(table: SavedTable, announce: Callable[[dict[int, str]], None], *, port: int = 0) -> None:
    """Serve a game until the process is interrupted.

    Parameters
    ----------
    table : SavedTable
    announce : callable
        Called with each person's address by seat, once they can be opened.
    port : int
        0 takes a free one.

    Raises
    ------
    CounterpoiseError
        If the game is being served already.
    """
    tokens = {seat: secrets.token_urlsafe(24) for seat in table.setup.humans}
    with (
        alone_with(table.folder),
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening,
    ):
        if sys.platform != "win32":
            # Allows a restart on the same port; on Windows the option would let others share it.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen()
        taken = int(listening.getsockname()[1])
        config = uvicorn.Config(
            Connections(table, tokens).app(taken),
            log_level="warning",
            access_log=False,  # it would contain the tokens
            lifespan="off",
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=MOST_BYTES,
            timeout_graceful_shutdown=1,
        )
        announce({seat: f"http://{HOST}:{taken}/{token}/" for seat, token in tokens.items()})
        _run(uvicorn.Server(config), listening)


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    """Run a server until it is interrupted; in a thread where an event loop runs (notebooks)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        server.run(sockets=[listening])
        return
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        thread.join()
    finally:
        server.should_exit = True
        thread.join()
