"""Claim before accept: who goes first, who gives up, and what everybody's word is worth."""

from __future__ import annotations

import pytest

from edge.contract.ids import UnitId, VoucherId
from edge.contract.peer_message import ClaimAsked, ClaimReply, Verdict
from edge.peers.claim import DECIDED_S, RESENDS_S, Asking, Attempt, Claims, Standing

ME, OTHER, THIRD = UnitId("S0412-K2"), UnitId("S0412-K1"), UnitId("S0412-K3")
VOUCHER = VoucherId(7)
REQUEST = bytes(16)
BOTH = frozenset({OTHER, THIRD})
SESSION = b"session1"


@pytest.fixture(name="claims")
def _claims() -> Claims:
    return Claims(ME)


def asked(
    claims: Claims,
    *,
    clock: int = 100,
    required: frozenset[UnitId] = BOTH,
    awaited: frozenset[UnitId] = BOTH,
    now_s: float = 0.0,
) -> Attempt:
    attempt = claims.hold(REQUEST, VOUCHER, 1)
    assert attempt is not None
    claims.ask(attempt, Asking(b"nonce--1", clock, required, awaited), now_s)
    return attempt


def a_claim(clock: int, nonce: bytes = b"theirs-1") -> ClaimAsked:
    return ClaimAsked(nonce, bytes(15) + b"\x01", VOUCHER, 1, clock)


def says(verdict: Verdict, nonce: bytes = b"nonce--1", **taken: int) -> ClaimReply:
    return ClaimReply(nonce, verdict, 0, {UnitId(f"S0412-{k}"): n for k, n in taken.items()})


def test_everybodys_word_takes_everybody(claims: Claims) -> None:
    attempt = asked(claims)
    claims.replied(OTHER, says(Verdict.ACK))
    assert attempt.standing is None
    claims.replied(THIRD, says(Verdict.ACK))
    assert attempt.standing is Standing.ALL


def test_the_silence_of_one_is_no_consent(claims: Claims) -> None:
    attempt = asked(claims)
    claims.replied(OTHER, says(Verdict.ACK))
    claims.due(DECIDED_S)
    assert attempt.standing is Standing.SOME


def test_whoever_has_been_silent_for_long_is_not_waited_for(claims: Claims) -> None:
    attempt = asked(claims, awaited=frozenset({OTHER}))
    claims.replied(OTHER, says(Verdict.ACK))
    assert attempt.standing is Standing.SOME, "at once, and yet not everybody's word"


def test_nobody_there_is_nobodys_word(claims: Claims) -> None:
    assert asked(claims, awaited=frozenset()).standing is Standing.NONE


def test_in_a_store_of_one_its_own_word_is_everybodys(claims: Claims) -> None:
    assert asked(claims, required=frozenset(), awaited=frozenset()).standing is Standing.ALL


@pytest.mark.parametrize(
    ("verdict", "standing"), [(Verdict.UNSURE, Standing.SOME), (Verdict.BUSY, Standing.BUSY)]
)
def test_a_peer_that_does_not_consent(claims: Claims, verdict: Verdict, standing: Standing) -> None:
    attempt = asked(claims)
    claims.replied(OTHER, says(Verdict.ACK))
    claims.replied(THIRD, says(verdict))
    assert attempt.standing is standing


def test_a_claim_is_sent_twice_more_to_those_who_are_silent(claims: Claims) -> None:
    attempt = asked(claims)
    assert claims.next_due_s() == RESENDS_S[0]
    assert claims.due(RESENDS_S[0]) == [(attempt, BOTH)]
    claims.replied(OTHER, says(Verdict.ACK))
    assert claims.due(RESENDS_S[1]) == [(attempt, frozenset({THIRD}))]
    assert claims.due(RESENDS_S[1] + 0.01) == []
    assert claims.next_due_s() == DECIDED_S


SMALLER_CLOCK, SAME_CLOCK, LARGER_CLOCK = 99, 100, 101


@pytest.mark.parametrize(
    ("peer", "clock", "verdict"),
    [
        (OTHER, SMALLER_CLOCK, Verdict.ACK),
        (THIRD, SMALLER_CLOCK, Verdict.ACK),
        (OTHER, SAME_CLOCK, Verdict.ACK),  # K1 before K2
        (THIRD, SAME_CLOCK, Verdict.BUSY),  # K3 after K2
        (OTHER, LARGER_CLOCK, Verdict.BUSY),
    ],
)
def test_of_two_at_once_the_smaller_clock_and_name_goes_first(
    claims: Claims, peer: UnitId, clock: int, verdict: Verdict
) -> None:
    attempt = asked(claims, clock=100)
    assert claims.claimed(peer, a_claim(clock), SESSION) is verdict
    gave_up = attempt.standing is Standing.BUSY
    assert gave_up == (verdict is Verdict.ACK), "whoever acknowledges has given up before"


def test_whoever_has_given_up_cannot_be_acknowledged_any_more(claims: Claims) -> None:
    attempt = asked(claims, required=frozenset({OTHER}))
    claims.claimed(OTHER, a_claim(clock=1), SESSION)
    claims.replied(OTHER, says(Verdict.ACK))
    assert attempt.standing is Standing.BUSY


def test_once_decided_a_claim_does_not_give_way(claims: Claims) -> None:
    """It is being recorded: its clock does not matter any more."""
    attempt = asked(claims, clock=100)
    for peer in BOTH:
        claims.replied(peer, says(Verdict.ACK))
    assert claims.claimed(OTHER, a_claim(clock=1), SESSION) is Verdict.BUSY
    claims.end(attempt)
    assert claims.claimed(OTHER, a_claim(clock=1), SESSION) is Verdict.ACK


def test_a_voucher_that_is_held_for_another_mode_does_not_give_way(claims: Claims) -> None:
    held = claims.hold(REQUEST, VOUCHER, 1)
    assert claims.claimed(OTHER, a_claim(clock=1), SESSION) is Verdict.BUSY
    assert held is not None
    assert held.standing is None


def test_a_voucher_is_held_once(claims: Claims) -> None:
    assert claims.hold(REQUEST, VOUCHER, 1) is not None
    assert claims.hold(b"\x01" * 16, VOUCHER, 1) is None
    assert claims.hold(b"\x01" * 16, VoucherId(8), 1) is not None


@pytest.mark.parametrize("late", ["another attempt", "somebody unasked"])
def test_a_reply_that_nobody_waits_for_is_nothing(claims: Claims, late: str) -> None:
    attempt = asked(claims, required=frozenset({OTHER}), awaited=frozenset({OTHER}))
    if late == "another attempt":
        claims.replied(OTHER, says(Verdict.ACK, nonce=b"nonce--0"))
    else:
        claims.replied(THIRD, says(Verdict.ACK))
    assert attempt.standing is None


def test_after_giving_way_it_may_be_asked_again(claims: Claims) -> None:
    attempt = asked(claims, required=frozenset({OTHER}), awaited=frozenset({OTHER}))
    claims.replied(OTHER, says(Verdict.BUSY))
    claims.ask(attempt, Asking(b"nonce--2", 101, frozenset({OTHER}), frozenset({OTHER})), 0.2)
    assert attempt.standing is None
    claims.replied(OTHER, says(Verdict.ACK, nonce=b"nonce--2", K1=3))
    assert attempt.acks == {OTHER: {OTHER: 3}}


def test_meanwhile_another_request_may_have_taken_it_up(claims: Claims) -> None:
    attempt = asked(claims, required=frozenset({OTHER}), awaited=frozenset({OTHER}))
    claims.replied(OTHER, says(Verdict.BUSY))
    assert claims.hold(b"\x01" * 16, VOUCHER, 1) is not None
    claims.ask(attempt, Asking(b"nonce--2", 101, frozenset(), frozenset()), 0.2)
    assert attempt.standing is Standing.BUSY


class TestPromises:
    """What was acknowledged counts as taken until it is known how it ended."""

    @pytest.fixture(autouse=True)
    def _promised(self, claims: Claims) -> None:
        assert claims.claimed(OTHER, a_claim(clock=1), SESSION) is Verdict.ACK
        assert claims.promised(VOUCHER) == {OTHER: 1}

    def test_its_entry_ends_it(self, claims: Claims) -> None:
        claims.recorded(OTHER, VOUCHER, b"\x09" * 16)
        assert claims.promised(VOUCHER), "that was another request"
        claims.recorded(OTHER, VOUCHER, a_claim(1).request)
        assert claims.promised(VOUCHER) == {}

    def test_its_word_that_nothing_was_taken_ends_it(self, claims: Claims) -> None:
        claims.ended(OTHER, b"theirs-0", VOUCHER)
        assert claims.promised(VOUCHER), "that was an earlier attempt"
        claims.ended(OTHER, b"theirs-1", VOUCHER)
        assert claims.promised(VOUCHER) == {}

    def test_its_ack_to_a_later_claim_ends_it(self, claims: Claims) -> None:
        asked(claims)
        claims.replied(OTHER, says(Verdict.ACK))
        assert claims.promised(VOUCHER) == {}

    def test_having_everything_of_its_next_start_ends_it(self, claims: Claims) -> None:
        claims.caught_up(OTHER, SESSION)
        assert claims.promised(VOUCHER), "in the same session it may still be recorded"
        claims.caught_up(OTHER, b"session2")
        assert claims.promised(VOUCHER) == {}


def test_what_a_peer_has_said_that_it_took_stays_said(claims: Claims) -> None:
    """Its entry may come after the next request for the same voucher, which may ask nobody."""
    attempt = asked(claims)
    claims.replied(OTHER, says(Verdict.ACK, K1=3))
    claims.replied(THIRD, says(Verdict.ACK, K1=9))
    claims.end(attempt)
    assert claims.told(VOUCHER) == {OTHER: 3}, "in its own words, and in nobody else's"
    attempt = asked(claims, required=frozenset({OTHER}), awaited=frozenset({OTHER}))
    claims.replied(OTHER, says(Verdict.ACK))
    assert claims.told(VOUCHER) == {}, "it has taken it back since"
