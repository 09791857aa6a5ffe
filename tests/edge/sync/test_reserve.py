"""A reservation: the hub's signed answer to this very question within the time, or none."""

from __future__ import annotations

import time

import pytest

from edge.contract.ids import UnitId, VoucherId
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.signed import Kind
from edge.contract.sync_message import Reservation, Reserve
from edge.sync.plan import Breaker
from edge.sync.reserve import HubReserver
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, a_rig
from tests.edge.sync.small_hub import (
    Answer,
    Reply,
    a_client,
    a_small_hub,
    good,
    signed_reply,
)

RESERVE = Reserve(b.UNIT, bytes(range(16)), VoucherId(5), 3000)


def held(**bent: object) -> Answer:
    """A reservation with something bent, to whatever was asked."""
    body = e.a_reservation(**{"request": RESERVE.request, **bent}).to_body()
    return lambda _: signed_reply(Kind.RESERVATION, body)


def reserved(rig: Rig, url: str, breaker: Breaker, timeout_ms: int = 5000) -> Reservation | None:
    reserver = HubReserver(a_client(rig, url), rig.core.bundles, breaker)
    return reserver.reserve(RESERVE, timeout_ms)


def test_the_hub_is_asked_and_its_answer_returned(rig: Rig) -> None:
    with a_small_hub() as hub:
        answer = reserved(rig, hub.url, Breaker())
        [asked] = hub.asked
    assert answer is not None
    assert (answer.refusal, answer.remaining) == (None, 77)
    assert (asked.path, Reserve.decode(asked.body)) == ("/edge/v1/reservations", RESERVE)


def test_a_refusal_of_the_hub_is_an_answer(rig: Rig) -> None:
    breaker = Breaker()
    with a_small_hub(held(refusal=Refusal.REDEEMED_ELSEWHERE)) as hub:
        for _ in range(5):
            answer = reserved(rig, hub.url, breaker)
            assert answer is not None
            assert answer.refusal is Refusal.REDEEMED_ELSEWHERE
    assert not breaker.is_open


NO_ANSWERS: list[tuple[str, Answer]] = [
    ("to another request", held(request=bytes(16))),
    ("another unit's", held(unit=UnitId("S0412-K2"))),
    ("signed by a thief", lambda _: signed_reply(
        Kind.RESERVATION, e.a_reservation(request=RESERVE.request).to_body(), key="thief")),
    ("of another kind", lambda _: signed_reply(
        Kind.PUSH_RECEIPT, e.a_reservation(request=RESERVE.request).to_body())),
    ("a reason that nobody knows", lambda _: signed_reply(
        Kind.RESERVATION, {**e.a_reservation(request=RESERVE.request).to_body(), 4: "moody"})),
    ("nonsense", lambda _: Reply(b"nonsense")),
    ("500", lambda _: Reply(b"", 500, "text/html")),
    ("a problem", lambda _: Reply(b"{}", 503, "application/problem+json")),
    ("a problem nested without end",
     lambda _: Reply(b"[" * 100_000, 503, "application/problem+json")),
    ("nothing", lambda _: Reply(raw=b"")),
]  # fmt: skip


@pytest.mark.parametrize("answer", [pytest.param(row[1], id=row[0]) for row in NO_ANSWERS])
def test_what_cannot_be_believed_is_no_answer_and_never_an_exception(
    rig: Rig, answer: Answer
) -> None:
    breaker = Breaker()
    with a_small_hub(answer) as hub:
        assert [reserved(rig, hub.url, breaker) for _ in range(3)] == [None] * 3
        assert len(hub.asked) == 2, "then it is left alone"
    assert breaker.is_open


def test_a_hub_that_hangs_costs_the_customer_the_time_of_the_policy(rig: Rig) -> None:
    with a_small_hub() as hub:
        hub.answer = hub.hang
        begun = time.monotonic()
        assert reserved(rig, hub.url, Breaker(), timeout_ms=200) is None
        assert 0.19 < time.monotonic() - begun < 3


def test_while_the_hub_is_left_alone_nobody_waits(rig: Rig) -> None:
    breaker = Breaker()
    breaker.note(clean=False)
    breaker.note(clean=False)
    with a_small_hub() as hub:
        assert reserved(rig, hub.url, breaker) is None
        assert hub.asked == []


def test_a_redemption_online_over_real_http(rig: Rig) -> None:
    """The whole way: the till asks, the hub holds, the entry says so."""
    with a_small_hub() as hub:
        reserver = HubReserver(a_client(rig, hub.url), rig.core.bundles, Breaker())
        with a_rig(rig.directory.parent / "second", reserver=reserver) as second:
            recorded = second.present(b.a_token(**e.a_gift_card()), wish=e.yuan(3000))
            assert (recorded.entry.mode, recorded.notes.remaining) == (Mode.ONLINE, 77)
            hub.answer = hub.hang
            second.take(e.a_policy_message(b.a_policy(version=2, online_timeout_ms=100)))
            alone = second.present(b.a_token(voucher_id=e.voucher(1)))
            assert alone.entry.mode is Mode.SOLO
            hub.answer = good
