"""Asking again: the same key, the same basket, and many tills at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.contract.dynamic_code import STEP_S
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.status import Status
from edge.contract.sync_message import Reservation, Reserve
from edge.errors import IdempotencyConflict
from edge.journal.store import Recorded
from edge.redemption.decide import Wish
from edge.redemption.lockout import FREE_MISSES
from edge.redemption.redeem import SAME_BASKET_S
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, a_reservation, a_rig, with_wrong_code, yuan

GIFT_CARD = b.a_token(**e.a_gift_card())
COFFEES = b.a_token(**e.a_coffee_card())


# --- the same key --------------------------------------------------------------------------------


def test_the_same_request_gets_the_same_answer_for_ever(rig: Rig) -> None:
    first = rig.present(b.a_token(), key="k")
    assert rig.present(b.a_token(), key="k") == first
    rig.restart()
    rig.clock.pass_s(3600)
    assert rig.present(b.a_token(), key="k") == first
    assert len(rig.acceptances()) == 1


@pytest.mark.parametrize("text", ["garbage", b.a_token(expires_day=95), GIFT_CARD])
def test_a_refusal_is_repeated_too(rig: Rig, text: str) -> None:
    first = rig.present(text, key="k")
    assert not first.entry.accepted
    rig.restart()
    assert rig.present(text, key="k") == first
    assert rig.core.journal.tail.seq == 2


def test_the_same_request_is_answered_from_the_journal_whatever_is_so_now(rig: Rig) -> None:
    first = rig.present(b.a_token(), key="k")
    rig.take(e.a_delta_message(1, 2, Status.REVOKED, 9))
    assert rig.present(b.a_token(), key="k") == first


OTHERS: list[dict[str, Any]] = [
    {"text": b.a_token(voucher_id=e.voucher(1))},
    {"text": b.a_token() + " "},
    {"wish": Wish(uses=1)},
    {"wish": yuan(8800)},
    {"basket": "b-2"},
    {"basket": None},
    {"clerk": "wang"},
]


@pytest.mark.parametrize("other", OTHERS)
def test_another_request_must_not_use_the_same_key(rig: Rig, other: dict[str, Any]) -> None:
    request: dict[str, Any] = {"text": b.a_token(), "key": "k", "basket": "b-1", "clerk": "li"}
    first = rig.present(**request)
    with pytest.raises(IdempotencyConflict):
        rig.present(**{**request, **other})
    assert rig.present(**request) == first
    assert rig.core.journal.tail.seq == 2


def test_a_key_of_any_characters_is_a_key(rig: Rig) -> None:
    keys = ["k", "K", "k ", "键", "\x00", "k" * 200]
    entries = [rig.present(COFFEES, key=key).entry.seq for key in keys]
    assert entries == [2, 3, 4, 5, 6, 7]
    assert [rig.present(COFFEES, key=key).entry.seq for key in keys] == entries


# --- the same basket -----------------------------------------------------------------------------


def test_a_second_scan_for_the_same_basket_is_the_same_redemption(rig: Rig) -> None:
    first = rig.present(b.a_token(), basket="b-1")
    rig.clock.pass_s(SAME_BASKET_S)
    assert rig.present(b.a_token(), basket="b-1") == first
    assert rig.core.spool.owed() == 1, "no second receipt"
    assert rig.core.journal.tail.seq == 2


def test_after_five_seconds_it_is_another_scan(rig: Rig) -> None:
    rig.present(b.a_token(), basket="b-1")
    rig.clock.pass_s(SAME_BASKET_S + 1)
    assert rig.refusal(b.a_token(), basket="b-1") == "already-redeemed"


@pytest.mark.parametrize("basket", [None, "b-2", "B-1"])
def test_another_basket_or_none_is_another_scan(rig: Rig, basket: str | None) -> None:
    rig.present(b.a_token(), basket="b-1")
    assert rig.refusal(b.a_token(), basket=basket) == "already-redeemed"


def test_without_a_basket_every_scan_counts(rig: Rig) -> None:
    assert [rig.present(COFFEES).notes.remaining for _ in range(2)] == [9, 8]


def test_a_double_scan_of_a_card_takes_once(rig: Rig) -> None:
    first = rig.present(GIFT_CARD, wish=yuan(3000), basket="b-1")
    assert rig.present(GIFT_CARD, wish=yuan(3000), basket="b-1") == first
    assert rig.present(GIFT_CARD, wish=yuan(2000), basket="b-1").notes.remaining == 5000
    assert [r.entry.amount for r in rig.acceptances()] == [3000, 2000]


def test_a_double_scan_of_a_rotating_code_is_the_same_redemption(rig: Rig) -> None:
    first = rig.present(e.a_dynamic_text(), basket="b-1")
    assert rig.present(e.a_dynamic_text(), basket="b-1") == first
    rig.clock.pass_s(2)
    assert rig.present(e.a_dynamic_text(b.NOW_S + STEP_S), basket="b-1") == first


def test_the_key_of_a_double_scan_gets_its_answer_again_at_any_later_time(rig: Rig) -> None:
    """The POS lost the answer to its second request and asks again after the five seconds."""
    first = rig.present(b.a_token(), basket="b-1", key="k-1")
    assert rig.present(b.a_token(), basket="b-1", key="k-2") == first
    rig.clock.pass_s(3600)
    rig.restart()
    assert rig.present(b.a_token(), basket="b-1", key="k-2") == first
    with pytest.raises(IdempotencyConflict):
        rig.present(b.a_token(), basket="b-9", key="k-2")
    assert len(rig.acceptances()) == 1


def test_a_double_scan_is_the_same_also_when_the_first_used_up_what_the_unit_may_risk(
    tmp_path: Path,
) -> None:
    policy = b.a_policy(version=2, solo=replace(b.a_policy().solo, count=1))
    with a_rig(tmp_path / "unit") as rig:
        rig.take(e.a_policy_message(policy))
        first = rig.present(GIFT_CARD, wish=yuan(3000), basket="b-1")
        assert rig.present(GIFT_CARD, wish=yuan(3000), basket="b-1") == first
        assert rig.refusal(GIFT_CARD, wish=yuan(3000), basket="b-2") == "offline-count"


def test_a_double_scan_holds_nothing_at_the_hub_a_second_time(tmp_path: Path) -> None:
    """The hub would hold the amount until the reservation expires, and perhaps refuse it."""
    refused = a_reservation(refusal=Refusal.INSUFFICIENT_VALUE)
    hub = e.Reservations(a_reservation(remaining=7000), refused)
    with a_rig(tmp_path / "unit", reserver=hub) as rig:
        first = rig.present(GIFT_CARD, wish=yuan(3000), basket="b-1")
        assert first.entry.mode is Mode.ONLINE
        assert rig.present(GIFT_CARD, wish=yuan(3000), basket="b-1") == first
        assert len(hub.asked) == 1


# --- many tills at once --------------------------------------------------------------------------


def all_at_once(rig: Rig, count: int, **bent: Any) -> list[Recorded]:
    """Present the same voucher from so many threads that begin together."""
    together = threading.Barrier(count)

    def present(number: int) -> Recorded:
        presented = rig.presented(bent.get("text", b.a_token()), key=bent.get("key", f"t{number}"),
                                  wish=bent.get("wish", Wish()))  # fmt: skip
        together.wait(10)
        return rig.core.redeemer.redeem(presented)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(present, range(count)))


def test_eight_tills_at_once_accept_a_voucher_once(rig: Rig) -> None:
    answers = all_at_once(rig, 8)
    reasons = [r.entry.reason for r in answers]
    assert sorted(map(str, reasons)) == ["None", *["already-redeemed"] * 7]
    assert len(rig.acceptances()) == 1
    assert rig.core.journal.tail.seq == 9, "each refused scan is recorded too"


def test_eight_requests_with_the_same_key_are_one_entry(rig: Rig) -> None:
    answers = all_at_once(rig, 8, key="k")
    assert len(set(answers)) == 1
    assert rig.core.journal.tail.seq == 2


def test_eight_requests_with_the_same_key_for_garbage_are_one_entry(rig: Rig) -> None:
    assert len(set(all_at_once(rig, 8, key="k", text="garbage"))) == 1
    assert rig.core.journal.tail.seq == 2


def test_eight_tills_at_once_take_no_more_than_is_on_the_card(rig: Rig) -> None:
    answers = all_at_once(rig, 8, text=GIFT_CARD, wish=yuan(3000))
    assert sum(r.entry.accepted for r in answers) == 3
    assert sum(r.entry.amount or 0 for r in rig.acceptances()) == 9000


def test_eight_tills_at_once_do_not_share_one_rotating_code(rig: Rig) -> None:
    text = e.a_dynamic_text(**e.a_coffee_card(dynamic_required=True))
    answers = all_at_once(rig, 8, text=text)
    assert sum(r.entry.accepted for r in answers) == 1


def test_eight_tills_at_once_stay_within_the_limit_of_the_unit(tmp_path: Path) -> None:
    limits = replace(b.a_policy().solo, count=3)
    with a_rig(tmp_path / "unit") as rig:
        rig.take(e.a_policy_message(b.a_policy(version=2, solo=limits)))
        answers = all_at_once(rig, 8, text=COFFEES)
        assert sum(r.entry.accepted for r in answers) == 3
        assert {r.entry.reason for r in answers if r.entry.reason} == {Refusal.OFFLINE_COUNT}


class HangingHub:
    """A hub that keeps one customer waiting until it is let go."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.may_answer = threading.Event()

    def reserve(self, reserve: Reserve, timeout_ms: int) -> Reservation | None:
        if reserve.voucher_id == b.some_claims().voucher_id:
            self.is_asked.set()
            assert self.may_answer.wait(10)
        return None


def test_a_hub_that_hangs_for_one_till_does_not_hold_up_the_next(tmp_path: Path) -> None:
    hub = HangingHub()
    with a_rig(tmp_path / "unit", reserver=hub) as rig, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(rig.present, b.a_token())
        assert hub.is_asked.wait(10)
        assert rig.refusal(b.a_token(voucher_id=e.voucher(1))) == "accepted"
        assert rig.refusal("garbage") == "not-a-token"
        assert not waiting.done()
        hub.may_answer.set()
        assert waiting.result(10).entry.accepted


def test_wrong_codes_while_the_hub_is_asked_lock_whoever_waits_out_as_well(tmp_path: Path) -> None:
    """Else many guesses at once would be looked at before the first of them counts."""
    hub = HangingHub()
    with a_rig(tmp_path / "unit", reserver=hub) as rig, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(rig.present, e.a_dynamic_text())
        assert hub.is_asked.wait(10)
        for number in range(FREE_MISSES):
            other = e.a_dynamic_text(voucher_id=e.voucher(number))
            assert rig.refusal(with_wrong_code(other)) == "code-wrong"
        hub.may_answer.set()
        assert waiting.result(10).entry.reason is Refusal.LOCKED_OUT


def test_what_is_spent_while_the_hub_is_asked_is_not_spent_again(tmp_path: Path) -> None:
    """The decision before the question to the hub is not the one that counts."""
    hub = HangingHub()
    with a_rig(tmp_path / "unit", reserver=hub) as rig, ThreadPoolExecutor(2) as pool:
        both = [pool.submit(rig.present, b.a_token()) for _ in range(2)]
        assert hub.is_asked.wait(10)
        hub.may_answer.set()
        assert sorted(f.result(10).entry.accepted for f in both) == [False, True]
