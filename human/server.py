"""The local page of a game with people: bound to this machine, one secret address a seat.

The server listens on 127.0.0.1 alone. Each seat has an address with a random token of its own;
nothing is told without one, and no seat's token opens another seat. Requests that name another host
(a foreign name that resolves to this machine) or come from another site's page are refused. What a
browser sends is small, is checked, and if it is wrong is answered in words and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import sys
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
from counterpoise.human.session import Refused, Session

HOST = "127.0.0.1"
# What is answered in words, and what the connection is closed at without being read.
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
    "Not the address of a seat in this game: open the one that `counterpoise play` printed.\n"
)


class Guard:
    """Lets through what this machine asks of this address, and nothing that another site does."""

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
        """Refuse a foreign host or origin; put the headers of safety on every answer."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origins = headers.getlist("origin")
        is_ours = headers.get("host", "") in self._hosts and all(
            origin in self._origins for origin in origins
        )
        # A page of ours always says where it is from when it opens a socket.
        if scope["type"] == "websocket" and not origins:
            is_ours = False

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        if is_ours:
            await self._app(scope, receive, send_safely)
        elif scope["type"] == "http":
            await PlainTextResponse("Another host or site.\n", 403)(scope, receive, send_safely)
        else:
            await send({"type": "websocket.close", "code": 1008})


class Table:
    """The people at a game: who is connected, and what they are told.

    Parameters
    ----------
    session : Session
    tokens : mapping of int to str
        Each person's seat and the secret of its address.
    """

    def __init__(self, session: Session, tokens: Mapping[int, str]) -> None:
        self.session = session
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
        """Return whose token it is; every one is compared in constant time."""
        found = None
        for seat, own in self._tokens.items():
            if secrets.compare_digest(own.encode(), token.encode()):
                found = seat
        return found

    async def redirect(self, request: Request) -> Response:
        """Answer an address that lacks its last stroke."""
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
        """Talk with one browser until it leaves."""
        seat = self.seat_of(tab.path_params["token"])
        if seat is None or len(self._tabs) >= MOST_TABS:
            await tab.close(1008)
            return
        await tab.accept()
        self._tabs[tab] = seat
        try:
            await self._tell(tab, self._state(seat))
            while True:
                message = await tab.receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self._hear(tab, seat, message.get("text"))
        except WebSocketDisconnect:
            return
        finally:
            self._tabs.pop(tab, None)

    async def _hear(self, tab: WebSocket, seat: int, text: str | None) -> None:
        """Answer one message, to everyone if the game has moved."""
        number: int | None = None
        try:
            message = _read(text)
            number = _number_of(message)
            answer = self._answer(seat, message)
        except Refused as error:
            answer = {"kind": "refused", "words": str(error)}
        except OSError as error:
            # The year was played and stands; the next one that can be written holds it too.
            answer = {
                "kind": "refused",
                "words": f"Played, but not saved: {error.strerror or error}.",
            }
            await self._tell_everyone()
        if answer is None:
            await self._tell_everyone()
        else:
            await self._tell(tab, {**answer, "number": number})

    def _answer(self, seat: int, message: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a message; None if everyone is to see the game anew."""
        kind = message.get("kind")
        if kind == "weigh":
            return {"kind": "account", "account": self.session.weigh(seat, message.get("action"))}
        if kind == "advise":
            name = message.get("name")
            if not isinstance(name, str):
                raise Refused("An adviser is asked by name.")
            return {"kind": "advice", "name": name, "action": self.session.advise(seat, name)}
        if kind == "commit":
            step = message.get("step")
            if type(step) is not int:
                raise Refused("A decision says for which step it is, a whole number.")
            self.session.commit(seat, step, message.get("action"))
            return None
        raise Refused("A message is of the kind weigh, advise or commit.")

    def _state(self, seat: int) -> dict[str, Any]:
        return {"kind": "state", **self.session.view(seat)}

    async def _tell_everyone(self) -> None:
        tabs = list(self._tabs.items())
        await asyncio.gather(*(self._tell(tab, self._state(seat)) for tab, seat in tabs))

    async def _tell(self, tab: WebSocket, content: dict[str, Any]) -> None:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
        try:
            await asyncio.wait_for(tab.send_text(text), SECONDS_TO_SEND)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            # A browser that has gone, or no longer reads, must not hold up the others; it is told
            # the present state when it comes back.
            self._tabs.pop(tab, None)
            with contextlib.suppress(RuntimeError):
                await tab.close()


def _read(text: str | None) -> dict[str, Any]:
    """Return a message from a browser.

    Raises
    ------
    Refused
        If it is none.
    """
    if text is None:
        raise Refused("A message is text, not bytes.")
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"A message has at most {MOST_CHARACTERS} characters, not {len(text)}.")
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refused("A message is JSON; this is not.") from None
    if not isinstance(message, dict):
        raise Refused("A message is a JSON object.")
    return message


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _number_of(message: dict[str, Any]) -> int | None:
    number = message.get("number")
    return number if type(number) is int and abs(number) < 2**53 else None


@contextlib.contextmanager
def alone_with(folder: Path) -> Iterator[None]:
    """Hold a game for this process; a process that dies lets go of it.

    Raises
    ------
    CounterpoiseError
        If another process serves the game: two would write over each other's years.
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


def serve(session: Session, announce: Callable[[dict[int, str]], None], *, port: int = 0) -> None:
    """Serve a game until the process is stopped.

    Parameters
    ----------
    session : Session
    announce : callable
        Called with each person's address by seat, once they can be opened.
    port : int
        0 takes one that is free.

    Raises
    ------
    CounterpoiseError
        If the game is being served already.
    """
    tokens = {seat: secrets.token_urlsafe(24) for seat in session.setup.humans}
    with (
        alone_with(session.folder),
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening,
    ):
        if sys.platform != "win32":
            # A port can be taken again at once; there it would let others take it meanwhile.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen()
        taken = int(listening.getsockname()[1])
        config = uvicorn.Config(
            Table(session, tokens).app(taken),
            log_level="warning",
            access_log=False,  # it would tell the tokens
            lifespan="off",
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=MOST_BYTES,
            timeout_graceful_shutdown=1,
        )
        announce({seat: f"http://{HOST}:{taken}/{token}/" for seat, token in tokens.items()})
        uvicorn.Server(config).run(sockets=[listening])
