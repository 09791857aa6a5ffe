"""However the bytes of a scanner are cut up, the same codes come out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.devices.scanners.frame import RAW_BYTES_MAX, TOO_LONG, Framer, FrameRules, Terminator

ACK = bytes.fromhex("02000001003331")
TOKEN = b"9" * 226


def codes_of(rules: FrameRules, *chunks: bytes) -> list[bytes]:
    """The codes of chunks that follow one another without a silence, then a silence."""
    framer = Framer(rules)
    found = [code for chunk in chunks for code in framer.feed(chunk)]
    return found + framer.silence()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(p % (len(stream) + 1) for p in places)})
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


PIECES = st.sampled_from(
    [TOKEN, b"812345678901234567", b"]Q1", ACK, b"\r", b"\n", b"\r\n", b"x", b"\x00", b"\xff" * 9]
)
STREAMS = st.lists(PIECES | st.binary(max_size=40), max_size=20).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 5000)), st.sampled_from(Terminator))
@example(b"a" * 4354 + b"\r\n" + TOKEN + b"\r\n", [4353, 4355], Terminator.CRLF)
@example(b"a" * 4352 + b"\r\n" + TOKEN + b"\r\n", [4353], Terminator.CRLF)
@example(b"a" * 9000 + b"\r" + TOKEN + b"\r", list(range(1, 9000, 7)), Terminator.CR)
@example(ACK + b"a" * 4352 + b"\r" + TOKEN, [3, 4359], Terminator.CR)
def test_any_chunking_gives_the_same_codes(
    stream: bytes, places: list[int], terminator: Terminator
) -> None:
    rules = FrameRules(terminator, strip=(ACK, b"]Q1"))
    assert codes_of(rules, *cut(stream, places)) == codes_of(rules, stream)


@pytest.mark.parametrize(
    ("terminator", "end"),
    [("cr", b"\r"), ("cr", b"\r\n"), ("lf", b"\n"), ("lf", b"\r\n"), ("crlf", b"\r\n")],
)
def test_two_codes_in_one_breath_are_two(terminator: str, end: bytes) -> None:
    rules = FrameRules(Terminator(terminator))
    assert codes_of(rules, TOKEN + end + b"8123" + end) == [TOKEN, b"8123"]


@pytest.mark.parametrize("terminator", list(Terminator))
def test_silence_ends_a_code_whatever_else_should(terminator: Terminator) -> None:
    framer = Framer(FrameRules(terminator))
    assert framer.feed(TOKEN) == []
    assert framer.is_waiting
    assert framer.silence() == [TOKEN]
    assert not framer.is_waiting
    assert framer.silence() == []


def test_a_line_end_within_a_code_stays_for_the_intake_to_refuse() -> None:
    assert codes_of(FrameRules(Terminator.IDLE), b"one\rtwo") == [b"one\rtwo"]
    assert codes_of(FrameRules(Terminator.CRLF), b"one\rtwo\r\n") == [b"one\rtwo"]


@pytest.mark.parametrize(
    "sent",
    [
        ACK + TOKEN + b"\r",
        ACK + ACK + TOKEN + b"\r",
        TOKEN + ACK + b"\r",
        b"\r" + ACK + b"\r\n" + TOKEN + b"\r",
        ACK + b"]Q1" + TOKEN + b"\r",
        b"]Q1\\000026" + TOKEN + b"\r",
    ],
)
def test_what_the_scanner_adds_is_taken_away(sent: bytes) -> None:
    rules = FrameRules(strip=(ACK, b"]Q1", b"\\000026"))
    assert codes_of(rules, sent) == [TOKEN]


def test_a_printable_prefix_is_taken_away_only_at_the_beginning() -> None:
    assert codes_of(FrameRules(strip=(b"]Q1",)), b"ab]Q1cd\r") == [b"ab]Q1cd"]


def test_an_acknowledgement_alone_is_no_code() -> None:
    assert codes_of(FrameRules(Terminator.IDLE, strip=(ACK,)), ACK) == []


@pytest.mark.parametrize("terminator", list(Terminator))
def test_a_scanner_that_spews_costs_bounded_memory_and_is_refused_once(
    terminator: Terminator,
) -> None:
    framer = Framer(FrameRules(terminator))
    found, most = [], 0
    for _ in range(1024):
        found += framer.feed(b"x" * 1024)
        most = max(most, len(framer._held))
    assert found == [TOO_LONG]
    assert most < 2 * RAW_BYTES_MAX
    assert framer.feed(b"tail\r\n") + framer.silence() == []
    assert framer.feed(TOKEN + b"\r\n") + framer.silence() == [TOKEN]


def test_a_profile_may_say_how_long_its_codes_are() -> None:
    rules = FrameRules(length_min=3, length_max=5)
    assert codes_of(rules, b"ab\rabc\rabcde\rabcdef\r") == [b"abc", b"abcde", TOO_LONG]
