"""A real HTTP server that answers a unit whatever a test wants, and remembers what it was asked."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from edge.contract import signed
from edge.contract.ids import Seq
from edge.contract.journal_entry import entry_hash
from edge.contract.signed import Kind
from edge.contract.sync_message import (
    CONTENT_TYPE,
    Ack,
    Outcome,
    Pull,
    PullAnswer,
    Push,
    PushReceipt,
    Reserve,
    Result,
)
from edge.sync.exchange import Exchange
from edge.sync.hub_client import HubClient
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig

WAIT_S = 10.0
_LINGER_0_S = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer, good or bad.

    Args:
        raw: These very bytes in place of any HTTP.
        resets: The connection breaks off as if somebody had cut it, before any answer.
        piece_wait_s: The body goes out byte by byte, this long apart.
        length: What Content-Length says, if not the truth.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = CONTENT_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes | None = None
    resets: bool = False
    piece_wait_s: float = 0
    length: int | None = None


Answer = Callable[[Asked], Reply]


@dataclass
class SmallHub:
    """A server at a port of this machine.

    Attributes:
        answer: Called for each request, in a thread of its own.
        asked: All requests so far.
        is_closing: Set at the end: whoever hangs may stop hanging.
    """

    answer: Answer
    asked: list[Asked] = field(default_factory=list)
    is_closing: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.is_closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def note(self, asked: Asked) -> None:
        with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()

    def wait_for(self, count: int, path: str = "") -> list[Asked]:
        """Return the requests once so many have come to a path."""

        def of_path() -> list[Asked]:
            return [asked for asked in self.asked if asked.path.endswith(path)]

        with self._changed:
            assert self._changed.wait_for(lambda: len(of_path()) >= count, WAIT_S), self.asked
            return of_path()

    def hang(self, asked: Asked) -> Reply:
        """An answer that does not come."""
        self.is_closing.wait(WAIT_S)
        return Reply(status=503)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A unit that has hung up is no reason to fill a log."""


def _handler(hub: SmallHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.path, dict(self.headers.items()), body)
            hub.note(asked)
            self._send(hub.answer(asked))

        def _send(self, reply: Reply) -> None:
            if reply.resets:
                # Closing with something to linger for, and no time to: the kernel sends a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0_S)
                self.connection.close()
                self.close_connection = True
                return
            if reply.raw is not None:
                self.wfile.write(reply.raw)
                self.close_connection = True
                return
            self.send_response(reply.status)
            if reply.content_type:
                self.send_header("Content-Type", reply.content_type)
            for name, value in reply.headers:
                self.send_header(name, value)
            length = len(reply.body) if reply.length is None else reply.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            step = 1 if reply.piece_wait_s else max(1, len(reply.body))
            for at in range(0, len(reply.body), step):
                self.wfile.write(reply.body[at : at + step])
                hub.is_closing.wait(reply.piece_wait_s)
            self.close_connection = reply.length is not None

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


# --- good answers --------------------------------------------------------------------------------


def signed_reply(kind: Kind, body: object, **how: str) -> Reply:
    """An answer signed by the hub's key, or by another one."""
    key, issuer = how.get("key", "bundle"), how.get("issuer", b.ISSUER)
    return Reply(signed.seal(kind, issuer, body, b.a_sign_key(key)))


def a_pull_answer(asked: Asked, *messages: e.SignedMessage, **bent: Any) -> PullAnswer:
    """The answer to this very question."""
    return e.an_answer(*messages, **{"nonce": Pull.decode(asked.body).nonce, **bent})


def a_push_receipt(asked: Asked, **bent: Any) -> PushReceipt:
    """Everything that was pushed is acknowledged."""
    push = Push.decode(asked.body)
    last = Seq(push.first_seq + len(push.entries) - 1)
    results = [Result(Seq(push.first_seq + i), Outcome.RECORDED) for i in range(len(push.entries))]
    values: dict[str, Any] = {
        "unit": push.unit,
        "ack": Ack(push.epoch, last, entry_hash(push.entries[-1])),
        "results": tuple(results),
        "hub_time_s": b.NOW_S,
    }
    return PushReceipt(**{**values, **bent})


def good(asked: Asked) -> Reply:
    """What a hub that has no news answers."""
    if asked.path.endswith("/push"):
        return signed_reply(Kind.PUSH_RECEIPT, a_push_receipt(asked).to_body())
    if asked.path.endswith("/pull"):
        return signed_reply(Kind.PULL_ANSWER, a_pull_answer(asked).to_body())
    if asked.path.endswith("/reservations"):
        reserve = Reserve.decode(asked.body)
        held = e.a_reservation(request=reserve.request, remaining=77)
        return signed_reply(Kind.RESERVATION, held.to_body())
    return Reply(status=404)


@contextmanager
def a_small_hub(answer: Answer = good) -> Iterator[SmallHub]:
    with SmallHub(answer) as hub:
        yield hub


def a_client(rig: Rig, url: str) -> HubClient:
    return HubClient(url, e.KEYS.sign, b.UNIT, rig.core.journal.clock)


def an_exchange(rig: Rig, url: str, timeout_s: float = 5.0) -> Exchange:
    """The unit's end of the wire to this hub."""
    core = rig.core
    return Exchange(core.journal, core.bundles, e.KEYS, a_client(rig, url), timeout_s)
