"""HTTP to the hub: signed requests out, and every strange answer is one error of ours."""

from __future__ import annotations

import socket
import time
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from edge.contract.signed import MESSAGE_BYTES_MAX
from edge.errors import ConfigInvalid, HubRefused, HubUnreachable
from edge.sync.hub_client import HubClient
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig
from tests.edge.sync.small_hub import Asked, Reply, a_client, a_small_hub

PROBLEM = "application/problem+json"


class UnitKey(HTTPSignatureKeyResolver):
    """Knows one unit."""

    def resolve_public_key(self, key_id: str) -> Any:
        assert key_id == b.UNIT
        return e.KEYS.sign.public_key()


class Verifier(HTTPMessageVerifier):
    """Leaves the age of a request to the hub's own rule."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        pass


def verified(asked: Asked, url: str) -> dict[str, Any]:
    """Check a request's signature with an independent library; return its parameters."""
    message = SimpleNamespace(method="POST", url=url + asked.path, headers=asked.headers)
    verifier = Verifier(signature_algorithm=algorithms.ED25519, key_resolver=UnitKey())
    [result] = verifier.verify(message, body=asked.body)
    covered = {str(name).strip('"') for name in result.covered_components}
    assert {"@method", "@authority", "@path", "content-digest"} <= covered
    return dict(result.parameters)


def test_every_request_bears_a_signature_that_an_independent_library_verifies(rig: Rig) -> None:
    with a_small_hub(lambda _: Reply(b"ok")) as hub:
        client = a_client(rig, hub.url)
        assert [client.post("/edge/v1/push", body, 5) for body in (b"x" * 9, b"")] == [b"ok"] * 2
        first, second = (verified(asked, hub.url) for asked in hub.asked)
    assert (first["alg"], first["keyid"], first["created"]) == ("ed25519", b.UNIT, b.NOW_S)
    assert first["nonce"] != second["nonce"]


def test_a_hub_below_a_path_is_asked_and_signed_for_there(rig: Rig) -> None:
    with a_small_hub(lambda _: Reply(b"ok")) as hub:
        client = HubClient(hub.url + "/tearoff/", e.KEYS.sign, b.UNIT, rig.core.journal.clock)
        client.post("/edge/v1/pull", b"", 5)
        [asked] = hub.asked
        assert asked.path == "/tearoff/edge/v1/pull"
        verified(asked, hub.url)


def test_an_altered_request_is_noticed_by_that_library(rig: Rig) -> None:
    with a_small_hub(lambda _: Reply(b"ok")) as hub:
        a_client(rig, hub.url).post("/edge/v1/push", b"body", 5)
        [asked] = hub.asked
        for bent in (
            Asked(asked.path, asked.headers, b"bodY"), Asked("/other", asked.headers, asked.body),
        ):  # fmt: skip
            with pytest.raises((HTTPMessageSignaturesException, InvalidSignature)):
                verified(bent, hub.url)


BAD: list[tuple[str, Reply]] = [
    ("500 in HTML", Reply(b"<h1>Oops</h1>", 500, "text/html")),
    ("200 in HTML", Reply(b"<h1>Log in to the hotel's network</h1>", 200, "text/html")),
    ("no content type", Reply(b"ok", 200, "")),
    ("no content", Reply(b"", 204)),
    ("404", Reply(b"", 404)),
    ("a redirect", Reply(b"", 302, headers=(("Location", "/elsewhere"),))),
    ("a redirect to another host", Reply(b"", 307, headers=(("Location", "http://127.0.0.1:1/"),))),
    ("larger than any message", Reply(bytes(MESSAGE_BYTES_MAX + 1))),
    ("less than it promised", Reply(b"short", length=500)),
    ("not HTTP", Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n")),
    ("nothing", Reply(raw=b"")),
    ("half a header", Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Ty")),
    ("a header without end", Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2000)),
    ("a length that is no number", Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nab")),
    ("compressed nonsense", Reply(b"\x1f\x8bnope", headers=(("Content-Encoding", "gzip"),))),
]  # fmt: skip


@pytest.mark.parametrize("reply", [pytest.param(row[1], id=row[0]) for row in BAD])
def test_an_answer_that_is_not_the_hubs_is_no_answer(rig: Rig, reply: Reply) -> None:
    with a_small_hub(lambda _: reply) as hub:
        with pytest.raises(HubUnreachable) as caught:
            a_client(rig, hub.url).post("/edge/v1/pull", b"", 5)
        assert type(caught.value) is HubUnreachable
        assert len(hub.asked) == 1, "nothing is sent a second time, nor anywhere else"


PROBLEMS: list[tuple[bytes, str | None, str, float | None]] = [
    (b'{"type": "/problems/unknown-unit", "detail": "Who?"}', None, "unknown-unit", None),
    (b'{"type": "/problems/busy"}', "7", "busy", 7.0),
    (b'{"type": "/problems/busy"}', "Wed, 21 Oct 2026 07:28:00 GMT", "busy", None),
    (b'{"type": "/problems/busy"}', "-5", "busy", None),
    (b'{"type": "/problems/busy"}', "1e9", "busy", None),
    (b'{"type": 7}', None, "unreadable-answer", None),
    (b"[]", None, "unreadable-answer", None),
    (b"not json", None, "unreadable-answer", None),
    (b"[" * 100_000, None, "unreadable-answer", None),
    (b"\xff\xfe", None, "unreadable-answer", None),
    (b"", None, "unreadable-answer", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "retry_after", "slug", "wait"), PROBLEMS, ids=range(len(PROBLEMS))
)
def test_a_problem_of_the_hub_is_told_with_its_slug_and_its_wish(
    rig: Rig, body: bytes, retry_after: str | None, slug: str, wait: float | None
) -> None:
    headers = (("Retry-After", retry_after),) if retry_after else ()
    with a_small_hub(lambda _: Reply(body, 503, PROBLEM, headers)) as hub:
        with pytest.raises(HubRefused) as caught:
            a_client(rig, hub.url).post("/edge/v1/push", b"", 5)
        assert (caught.value.extra["hub"], caught.value.extra["retry_after_s"]) == (slug, wait)


def test_a_hub_that_is_not_there_is_unreachable_at_once(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(HubUnreachable):
        a_client(rig, f"http://127.0.0.1:{port}").post("/edge/v1/pull", b"", 5)


def test_a_name_that_nobody_has_is_unreachable(rig: Rig) -> None:
    with pytest.raises(HubUnreachable):
        a_client(rig, "http://no-such-hub.invalid").post("/edge/v1/pull", b"", 5)


def test_tls_that_is_not_the_hubs_is_unreachable(rig: Rig) -> None:
    with a_small_hub(lambda _: Reply(b"ok")) as hub, pytest.raises(HubUnreachable):
        a_client(rig, hub.url.replace("http:", "https:")).post("/edge/v1/pull", b"", 5)


NO_ADDRESSES = [
    "", "hub", "hub.example:8080", "ftp://hub", "http://", "http://[::1", "http://host:port",
    "http://host:99999", "http://:80",
]  # fmt: skip


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_an_address_that_is_none_is_a_setting_that_is_wrong(rig: Rig, url: str) -> None:
    with pytest.raises(ConfigInvalid, match="https://HOST"):
        a_client(rig, url)


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "x y"])
def test_a_name_that_cannot_be_one_is_unreachable(rig: Rig, host: str) -> None:
    with pytest.raises(HubUnreachable):
        a_client(rig, f"http://{host}/").post("/edge/v1/pull", b"", 5)


def test_a_hub_that_hangs_is_given_up_in_time(rig: Rig) -> None:
    with a_small_hub() as hub:
        hub.answer = hub.hang
        begun = time.monotonic()
        with pytest.raises(HubUnreachable, match="Timeout"):
            a_client(rig, hub.url).post("/edge/v1/pull", b"", 0.2)
        assert time.monotonic() - begun < 3


def test_a_hub_that_answers_byte_by_byte_is_given_up_in_time(rig: Rig) -> None:
    """Each byte comes before any time-out of the socket; the customer waits for all of them."""
    with a_small_hub(lambda _: Reply(b"x" * 200, piece_wait_s=0.05)) as hub:
        begun = time.monotonic()
        with pytest.raises(HubUnreachable):
            a_client(rig, hub.url).post("/edge/v1/reservations", b"", 0.3)
        assert time.monotonic() - begun < 3


def test_after_a_bad_answer_the_next_one_is_good(rig: Rig) -> None:
    replies = iter([Reply(raw=b""), Reply(b"x", 500, "text/html"), Reply(b"ok")])
    with a_small_hub(lambda _: next(replies)) as hub:
        client = a_client(rig, hub.url)
        for _ in range(2):
            with pytest.raises(HubUnreachable):
                client.post("/edge/v1/pull", b"", 5)
        assert client.post("/edge/v1/pull", b"", 5) == b"ok"


def test_errors_of_the_client_tell_no_secret(rig: Rig) -> None:
    with a_small_hub(lambda _: Reply(b"", 500, "text/html")) as hub:
        with pytest.raises(HubUnreachable) as caught:
            a_client(rig, hub.url).post("/edge/v1/pull", b"secret body", 5)
        assert "secret" not in str(caught.value)
        assert e.KEYS.sign.private_bytes_raw().hex()[:16] not in str(caught.value)
