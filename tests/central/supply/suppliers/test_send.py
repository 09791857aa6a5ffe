"""One request: whether a byte of it has left, and what is made of an answer that is none."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from central.supply.suppliers.adapters.access import Reply, ask
from central.supply.suppliers.adapters.send import ANSWER_BYTES_MAX, NoAnswer, NotGone, Sender
from central.supply.suppliers.ports import NotSent, Unknown

Speak = Callable[[socket.socket], None]


@contextmanager
def a_server(speak: Speak) -> Iterator[tuple[int, list[bytes]]]:
    """Accept connections, read a request, and speak."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(whole_request(connection))
                try:
                    speak(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def whole_request(connection: socket.socket) -> bytes:
    """Read until the body is there, as long as its head says, or until nobody sends any more."""
    heard = b""
    while chunk := connection.recv(65536):
        heard += chunk
        head, end, body = heard.partition(b"\r\n\r\n")
        if not end and not head.startswith((b"GET", b"POST")):
            break  # TLS, to somebody who does not speak it
        wanted = re.search(rb"Content-Length: (\d+)", head)
        if end and len(body) >= int(wanted[1] if wanted else 0):
            break
    return heard


def sender(port: int, deadline_s: float = 2, scheme: str = "http") -> Sender:
    address = f"{scheme}://127.0.0.1:{port}/base"
    return Sender(address, is_test=True, connect_s=1, deadline_s=deadline_s)


def say(text: str) -> Speak:
    return lambda connection: connection.sendall(text.encode())


def test_an_answer_is_read_whole_and_its_price_to_the_last_decimal() -> None:
    body = '{"price": 3.10000000000000005}'
    with a_server(say(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}")) as (
        port, heard,
    ):  # fmt: skip
        found = ask(sender(port), "POST", "/buy", {"X-Sign": "s"}, b"a=1")
    assert found == Reply(200, {"price": "3.10000000000000005"}, body.encode())
    assert heard[0].startswith(b"POST /base/buy HTTP/1.1\r\n")
    assert heard[0].endswith(b"\r\n\r\na=1")


def test_a_redirect_is_not_followed_and_says_nothing() -> None:
    """Elsewhere it would show the signed request to somebody else."""
    moved = "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1/other\r\nContent-Length: 0\r\n\r\n"
    with a_server(say(moved)) as (port, heard):
        assert ask(sender(port), "POST", "/buy", {}) == Unknown("http-307")
    assert len(heard) == 1


@pytest.mark.parametrize(
    "spoken",
    ["", "HTTP/1.1 200", "not http at all\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
     'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"half"',
     "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
)  # fmt: skip
def test_an_answer_that_is_cut_off_or_none_leaves_nobody_knowing(spoken: str) -> None:
    with a_server(say(spoken)) as (port, _):
        assert isinstance(ask(sender(port), "POST", "/buy", {}), Unknown)


def test_an_answer_without_end_is_left() -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"

    def endless(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(ANSWER_BYTES_MAX // 65536 + 20):
            connection.sendall(b" " * 65536)

    with a_server(endless) as (port, _), pytest.raises(NoAnswer, match="too-large"):
        sender(port).send("GET", "/", headers={})


def test_an_answer_a_byte_at_a_time_ends_at_the_deadline() -> None:
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 500:
            connection.sendall(bytes([byte]))
            if ended.wait(0.02):
                return

    with a_server(drip) as (port, _):
        began_s = time.monotonic()
        with pytest.raises(NoAnswer, match="timeout"):
            sender(port, deadline_s=0.2).send("GET", "/", headers={})
        assert time.monotonic() - began_s < 2
        ended.set()


def test_nobody_listening_and_no_tls_mean_that_nothing_has_left() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        port = taken.getsockname()[1]
        assert ask(sender(port), "POST", "/", {}) == NotSent("connect")
    with a_server(say("plain words, no TLS")) as (port, heard), pytest.raises(NotGone, match="tls"):
        sender(port, scheme="https").send("POST", "/", headers={}, body=b"secret=1")
    assert b"secret" not in b"".join(heard)
