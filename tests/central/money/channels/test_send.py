"""One request, once: not repeated, not redirected, not read without end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from central.errors import ChannelRefused, ChannelUnknown
from central.money.channels.send import Sender, fingerprint, recorded
from tests.central.channel import Notes


@dataclass
class Peer:
    """A server that answers as the path says, and counts."""

    url: str = ""
    seen: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def peer() -> Iterator[Peer]:
    found = Peer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.seen.append(self.path)
            if self.path == "/hang":
                found.go_on.wait(30)
                return
            status = 302 if self.path == "/moved" else 200
            body = b"x" * (5000 if self.path == "/large" else 10)
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("X-Mixed-Case", "kept")
            self.send_header("Content-Length", str(len(body) * (2 if self.path == "/cut" else 1)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield found
    found.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_came_back_is_returned(peer: Peer) -> None:
    answer = Sender(10).send("GET", f"{peer.url}/", headers={})
    assert (answer.status, answer.body) == (200, b"x" * 10)
    assert answer.headers["x-mixed-case"] == "kept"
    assert "x" * 10 not in repr(answer)


def test_a_redirect_is_not_followed(peer: Peer) -> None:
    """A signed request goes to the channel and to nobody else."""
    assert Sender(10).send("GET", f"{peer.url}/moved", headers={}).status == 302
    assert peer.seen == ["/moved"]


@pytest.mark.parametrize(
    ("path", "code"), [("/large", "too-large"), ("/cut", "no-answer"), ("/hang", "timeout")]
)
def test_what_did_not_come_as_it_should_is_unknown_and_not_asked_for_again(
    peer: Peer, path: str, code: str
) -> None:
    sender = Sender(0.3)
    with pytest.raises(ChannelUnknown) as failure:
        sender.send("GET", peer.url + path, headers={}, bytes_max=4000)
    assert failure.value.code == code
    assert peer.seen in ([path], [])  # a busy machine may not even have read it


def test_a_proxy_of_the_environment_is_not_used(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings come from the settings; somebody's HTTP_PROXY must not see a payee."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert Sender(10).send("GET", f"{peer.url}/", headers={}).status == 200


def test_the_proxy_of_the_settings_is_used(peer: Peer) -> None:
    sender = Sender(10, proxy=peer.url)
    assert sender.send("GET", "http://channel.example/x", headers={}).status == 200
    assert peer.seen == ["http://channel.example/x"]


def test_an_address_is_not_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """One of Alipay's holds our signature."""
    with caplog.at_level(logging.DEBUG, "central"), pytest.raises(ChannelUnknown) as failure:
        Sender(10).send("GET", "http://127.0.0.1:1/?sign=SECRET", headers={})
    assert "SECRET" not in caplog.text
    assert "SECRET" not in str(failure.value)
    assert failure.value.__suppress_context__


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ChannelRefused("PARAM_ERROR"), ("refused", "PARAM_ERROR")),
        (ChannelUnknown("timeout"), ("unknown", "timeout")),
    ],
)
def test_what_came_of_a_call_is_noted(error: Exception, outcome: tuple[str, str]) -> None:
    notes = Notes()

    def work() -> None:
        raise error

    with pytest.raises(type(error)):
        recorded(notes, "wechat-pay", "refund", "BACK000001", b"h" * 32, work)
    assert notes.begun == [("wechat-pay", "refund", "BACK000001", b"h" * 32)]
    assert notes.ended == [outcome]


def test_a_call_that_broke_in_our_own_code_stays_open_in_the_record() -> None:
    """Whether it was sent is not known; the row says so."""
    notes = Notes()

    def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        recorded(notes, "wechat-pay", "refund", "BACK000001", b"h" * 32, work)
    assert (len(notes.begun), notes.ended) == (1, [])


def test_a_fingerprint_tells_parts_apart() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("1", 2) == fingerprint(1, "2")
    assert len(fingerprint()) == 32
