"""Packets of Zebra's SSI: what is taken, what is answered, and what noise does."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.scanners.frame import TOO_LONG
from edge.devices.scanners.ssi import CONTINUES, RESENT, SsiReader, packet
from tests.edge.devices.scanners.rig import TOKEN

ACK = bytes.fromhex("04d00400ff28")
NAK = bytes.fromhex("05d1040001ff25")
QR = b"\x1c"


def decoded(code: bytes, status: int = 0, symbology: bytes = QR) -> bytes:
    """A packet of a scanner that has read something."""
    return packet(0xF3, symbology + code, source=0, status=status)


def read(*chunks: bytes) -> tuple[list[bytes], bytes]:
    reader, codes, answer = SsiReader(), [], b""
    for chunk in chunks:
        found, said = reader.feed(chunk)
        codes += found
        answer += said
    return codes, answer


def test_the_packets_are_those_of_the_guide() -> None:
    """CMD_ACK, START_SESSION and a NAK as the guide prints them."""
    assert packet(0xD0) == ACK
    assert packet(0xE4) == bytes.fromhex("04e40400ff14")
    assert packet(0xD1, b"\x01") == NAK


def test_a_code_is_taken_without_its_symbology_and_acknowledged() -> None:
    assert read(decoded(TOKEN)) == ([TOKEN], ACK)


@given(
    st.lists(st.binary(min_size=1, max_size=240), min_size=1, max_size=4),
    st.lists(st.integers(0, 2000)),
)
def test_any_chunking_gives_the_same_codes(codes: list[bytes], places: list[int]) -> None:
    stream = b"".join(decoded(code) for code in codes)
    edges = sorted({0, len(stream), *(p % (len(stream) + 1) for p in places)})
    chunks = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert read(*chunks) == (codes, ACK * len(codes))


@given(st.integers(0, len(decoded(TOKEN)) - 1), st.integers(1, 255))
def test_no_damaged_packet_is_taken_for_a_code(at: int, flip: int) -> None:
    damaged = bytearray(decoded(TOKEN))
    damaged[at] ^= flip
    reader = SsiReader()
    codes, _ = reader.feed(bytes(damaged))
    if reader.is_waiting:
        more, answer = reader.silence()
        codes += more
        assert answer == NAK
    assert codes == []


def test_a_damaged_packet_is_asked_for_and_then_taken() -> None:
    damaged = bytearray(decoded(TOKEN))
    damaged[20] ^= 1
    assert read(bytes(damaged), decoded(TOKEN, RESENT)) == ([TOKEN], NAK + ACK)


def test_a_packet_whose_acknowledgement_was_lost_counts_once() -> None:
    assert read(decoded(TOKEN), decoded(TOKEN, RESENT)) == ([TOKEN], ACK * 2)


def test_the_same_voucher_shown_again_is_read_again() -> None:
    assert read(decoded(TOKEN), decoded(TOKEN))[0] == [TOKEN, TOKEN]


def test_a_message_of_several_packets_is_one_code() -> None:
    parts = [
        decoded(b"a" * 200, CONTINUES),
        decoded(b"b" * 200, CONTINUES, b""),
        decoded(b"c", 0, b""),
    ]
    assert read(*parts) == ([b"a" * 200 + b"b" * 200 + b"c"], ACK * 3)


def test_a_message_that_does_not_go_on_is_not_put_before_the_next_code() -> None:
    reader = SsiReader()
    reader.feed(decoded(b"a" * 200, CONTINUES))
    assert reader.is_waiting
    assert reader.silence() == ([], b"")
    assert reader.feed(decoded(TOKEN))[0] == [TOKEN]


def test_a_message_without_end_costs_bounded_memory_and_is_refused() -> None:
    reader = SsiReader()
    for number in range(200):
        reader.feed(decoded(b"%0240d" % number, CONTINUES))
        assert len(reader._message) <= len(TOO_LONG) + 255
    assert reader.feed(decoded(b"end"))[0] == [TOO_LONG]


@pytest.mark.parametrize("noise", [b"\x00", b"\x00\x01\x02", b"\x03" * 50])
def test_noise_that_cannot_begin_a_packet_is_passed_over(noise: bytes) -> None:
    assert read(noise + decoded(TOKEN))[0] == [TOKEN]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_bytes_at_all_raise_nothing_and_are_not_kept(chunks: list[bytes]) -> None:
    reader = SsiReader()
    for chunk in chunks:
        reader.feed(chunk)
        assert len(reader._held) <= 257
    reader.silence()
    assert not reader.is_waiting
    assert reader.feed(decoded(TOKEN))[0][-1:] == [TOKEN]
