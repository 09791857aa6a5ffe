"""What units of one store say to one another: vectors, and everything that must not be believed."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge.contract import peer_message
from edge.contract.ids import StoreId, UnitId
from edge.contract.peer_link import (
    FRAME_BYTES_MAX,
    FRAME_MARK,
    HELLO_MARK,
    WINDOW,
    Hello,
    Link,
    sessions_of,
)
from edge.contract.signed import MessageInvalid
from tests import builders as b
from tests.contract.make_vectors import load

CASES = load("peers")
K1, K2 = UnitId("S0412-K1"), UnitId("S0412-K2")
SAID = {k: v for k, v in CASES.items() if "message" in v}
REFUSED = {k: v for k, v in CASES.items() if "refused" in v}


def a_hello(unit: UnitId = K1, to: UnitId = K2, session: bytes = b"session1", **bent: Any) -> Hello:
    secret = b.a_seal_key(f"peer {unit[-2:]}")
    hello = Hello(b.STORE, unit, session, secret.public_key().public_bytes_raw(), to)
    return hello._replace(**bent)


def a_pair() -> tuple[Link, Link]:
    """Both ends of a link between K1 and K2."""
    k1, k2 = a_hello(), a_hello(K2, K1, b"session2", echo=b"session1")
    return (
        Link.agree(k1, b.a_seal_key("peer K1"), k2),
        Link.agree(k2, b.a_seal_key("peer K2"), k1),
    )


def why(call: Any, *args: Any) -> str:
    """The slug with which it is refused."""
    with pytest.raises(MessageInvalid) as caught:
        call(*args)
    return caught.value.slug


# --- vectors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [K1, K2])
def test_hello_vector(unit: UnitId) -> None:
    case = CASES[f"hello-{unit}"]
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["secret_key"]))
    datagram = bytes.fromhex(case["datagram"])
    hello = Hello.open(datagram, case["issuer"], key.public_key())
    assert hello.unit == unit
    assert Hello.claimed(datagram) == hello
    assert hello.sign(case["issuer"], key) == datagram


def test_frame_vectors_are_opened_by_the_other_end() -> None:
    _, k2 = a_pair()
    for name, case in SAID.items():
        assert k2.open(bytes.fromhex(case["frame_from_k1"])).hex() == case["message"], name


@pytest.mark.parametrize("name", SAID)
def test_message_vector(name: str) -> None:
    raw = bytes.fromhex(SAID[name]["message"])
    assert peer_message.decode(raw).encode() == raw


@pytest.mark.parametrize("name", REFUSED)
def test_refused_vector(name: str) -> None:
    slug = why(peer_message.decode, bytes.fromhex(REFUSED[name]["refused"]))
    assert slug == ("message-too-large" if "too-large" in name else "malformed-message")


# --- what must not be believed -------------------------------------------------------------------

GOOD = a_hello().sign(b.ISSUER, b.a_sign_key(K1))
HELLOS: dict[str, tuple[bytes, str]] = {
    "forged": (a_hello().sign(b.ISSUER, b.a_sign_key("thief")), "bad-message-signature"),
    "another issuer's": (
        a_hello().sign("other.example", b.a_sign_key(K1)), "bad-message-signature",
    ),
    "altered": (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "bad-message-signature"),
    "truncated": (GOOD[:-1], "malformed-message"),
    "longer": (GOOD + b"\0", "malformed-message"),
    "oversized": (GOOD + bytes(600), "message-too-large"),
    "a frame": (FRAME_MARK + GOOD[4:], "malformed-message"),
    "nothing": (HELLO_MARK, "malformed-message"),
    "an echo of 7 bytes": (
        a_hello(echo=b"1234567").sign(b.ISSUER, b.a_sign_key(K1)), "malformed-message",
    ),
    "of no unit": (
        a_hello(unit=UnitId("k1")).sign(b.ISSUER, b.a_sign_key(K1)), "malformed-message",
    ),
    "of no store": (
        a_hello(store=StoreId("")).sign(b.ISSUER, b.a_sign_key(K1)), "malformed-message",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HELLOS)
def test_a_hello_that_is_none(name: str) -> None:
    datagram, slug = HELLOS[name]
    assert why(Hello.open, datagram, b.ISSUER, b.a_sign_key(K1).public_key()) == slug


def test_a_journal_head_is_no_hello() -> None:
    """Signed by the same key for another purpose."""
    from edge.contract.journal_entry import Head  # noqa: PLC0415

    head = Head(K1, 1, 1, bytes(32), 0).sign(b.ISSUER, b.a_sign_key(K1))  # type: ignore[arg-type]
    slug = why(Hello.open, HELLO_MARK + head, b.ISSUER, b.a_sign_key(K1).public_key())
    assert slug == "bad-message-signature"


def test_a_key_with_which_nothing_can_be_agreed() -> None:
    theirs = a_hello(K2, K1, ephemeral=bytes(32))
    assert why(Link.agree, a_hello(), b.a_seal_key("peer K1"), theirs) == "malformed-message"


def test_a_frame_is_opened_once() -> None:
    k1, k2 = a_pair()
    frame = k1.seal(b"hello")
    assert k2.open(frame) == b"hello"
    assert why(k2.open, frame) == "replayed-message"


def test_frames_may_overtake_one_another() -> None:
    k1, k2 = a_pair()
    frames = [k1.seal(bytes([n])) for n in range(50)]
    assert [k2.open(frame)[0] for frame in reversed(frames)] == list(reversed(range(50)))
    assert {why(k2.open, frame) for frame in frames} == {"replayed-message"}


def test_a_frame_that_is_too_late_is_as_good_as_a_replay() -> None:
    k1, k2 = a_pair()
    late = k1.seal(b"late")
    for _ in range(WINDOW):
        newest = k1.seal(b"")
    k2.open(newest)
    assert why(k2.open, late) == "replayed-message"


def test_a_frame_does_not_fit_its_own_sender() -> None:
    """Reflection: the two directions have keys of their own."""
    k1, _ = a_pair()
    assert why(k1.open, k1.seal(b"to the other")) == "bad-message-signature"


def test_a_frame_of_an_earlier_start_does_not_fit_the_next() -> None:
    k1, _ = a_pair()
    restarted = a_hello(K2, K1, b"session3")
    k2 = Link.agree(restarted, b.a_seal_key("peer K2"), a_hello())
    assert why(k2.open, k1.seal(b"stale")) == "bad-message-signature"


@pytest.mark.parametrize("place", [0, 4, 12, 20, 27, 28, -1])
def test_no_bit_of_a_frame_can_be_altered(place: int) -> None:
    k1, k2 = a_pair()
    frame = k1.seal(b"message")
    altered = bytearray(frame)
    altered[place] ^= 1
    assert why(k2.open, bytes(altered)) in {
        "bad-message-signature", "malformed-message", "replayed-message",
    }  # fmt: skip
    assert k2.open(frame) == b"message"


def test_a_forged_number_does_not_shut_out_what_follows() -> None:
    k1, k2 = a_pair()
    first = k1.seal(b"first")
    forged = first[:20] + (2**63).to_bytes(8, "big") + first[28:]
    assert why(k2.open, forged) == "bad-message-signature"
    assert k2.open(first) == b"first"


@pytest.mark.parametrize("length", [0, 4, 27, 43])
def test_a_truncated_frame(length: int) -> None:
    k1, _ = a_pair()
    assert why(sessions_of, k1.seal(b"")[:length]) == "malformed-message"


def test_an_oversized_frame() -> None:
    assert why(sessions_of, FRAME_MARK + bytes(FRAME_BYTES_MAX)) == "message-too-large"


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_be_refused(octets: bytes) -> None:
    for read in (peer_message.decode, Hello.claimed, sessions_of):
        for start in (b"", HELLO_MARK, FRAME_MARK):
            with contextlib.suppress(MessageInvalid):
                read(start + octets)


def test_what_a_peer_says_fits_into_one_frame() -> None:
    """Forty units with the longest names and numbers that there are."""
    from edge.contract.sync_message import Ack  # noqa: PLC0415

    ack = Ack(2**63, 2**63, bytes(32))  # type: ignore[arg-type]
    rows = {UnitId(f"S{n:031d}"): ack for n in range(peer_message.PEERS_MAX)}
    raw = peer_message.Have(2**62, rows, beat=True, acked=ack).encode()
    assert peer_message.decode(raw).encode() == raw
    k1, k2 = a_pair()
    assert k2.open(k1.seal(raw)) == raw
