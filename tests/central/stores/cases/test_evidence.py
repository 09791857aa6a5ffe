"""What speaks for and against: both receipts as signed, and what was in force then."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from central.errors import NotFound
from central.foundation.db.engine import money_transaction
from central.stores.cases.evidence import CaseView, cases, evidence, open_cases
from central.stores.cases.liability import Question
from central.stores.redemptions.conflict import DECIDE_S, CaseOutcome, Decision, close
from central.stores.units import steer
from central.stores.units.contact import note_contact
from edge.contract.status import Staleness
from tests import builders as b
from tests.central.builders import (
    CURRENCY,
    GIFT,
    Database,
    Till,
    a_voucher,
    enrolled,
    furnish,
)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def policy_version() -> int:
    return steer.policy_of(b.GROUP, CURRENCY, b.NOW_S).version


def a_double(**second: Any) -> tuple[Till, Till, CaseView]:
    """Two tills that have both taken the same lunch, by the policy in force."""
    tills, lunch = (enrolled("unit"), enrolled("second")), a_voucher(**second.pop("voucher", {}))
    money_transaction(lambda: note_contact(tills[1].unit, b.NOW_S - 3600))
    for number, till in enumerate(tills):
        fields = {"policy_version": policy_version(), "status_version": 5}
        till.accept(lunch, at_s=b.NOW_S + number, **(fields | (second if number else {})))
        till.deliver(at_s=b.NOW_S + 60)
    return *tills, cases()[0]


def test_both_receipts_are_there_as_they_were_signed() -> None:
    first, second, case = a_double()
    found = evidence(case.id)
    loser, winner = found.receipts
    assert (loser.is_the_case, winner.is_the_case) == (True, False)
    assert (loser.unit, loser.covered_minor, loser.worth_minor) == (second.unit, 0, 8800)
    assert (winner.unit, winner.covered_minor) == (first.unit, 8800)
    assert (loser.told_s, loser.received_at_s, loser.clerk) == (b.NOW_S + 1, b.NOW_S + 60, "li")
    assert loser.raw == second.raws[0]
    assert loser.hash == hashlib.sha256(b"VXJ1" + loser.raw).digest()
    assert found.face_minor == 8800


def test_what_was_in_force_then_is_told_whatever_it_is_now() -> None:
    """It had not heard of the hub for an hour: the floor limit was 200.00, and now it is less."""
    _, _, case = a_double()
    steer.set_policy(b.GROUP, {"floors": {"SOLO": [1, 1, 1, 0]}})
    loser, winner = evidence(case.id).receipts
    assert (loser.status_age_s, loser.status_age, loser.floor_minor) == (
        3601, Staleness.STALE, 20_000,
    )  # fmt: skip
    assert (winner.status_age_s, winner.status_age, winner.floor_minor) == (None, None, 50_000)
    assert evidence(case.id).suggestion.outcome is CaseOutcome.PLATFORM


@pytest.mark.parametrize(
    ("second", "outcome", "because"),
    [
        ({"voucher": {"online_only": True}}, CaseOutcome.STORE, Question.OFFLINE_ALLOWED),
        ({"policy_version": None}, None, Question.POLICY_KNOWN),
        ({"policy_version": 10**6}, None, Question.POLICY_KNOWN),
        ({"policy_version": 2**64 - 1}, None, Question.POLICY_KNOWN),
    ],
    ids=str,
)
def test_the_facts_of_the_case_decide_what_is_suggested(
    second: dict[str, Any], outcome: CaseOutcome | None, because: Question
) -> None:
    _, _, case = a_double(**second)
    found = evidence(case.id).suggestion
    assert (found.outcome, found.because) == (outcome, because)


def test_a_way_of_checking_that_was_not_allowed_is_the_store_s() -> None:
    steer.set_policy(b.GROUP, {"modes": ["ONLINE"]})
    _, _, case = a_double()
    found = evidence(case.id).suggestion
    assert (found.outcome, found.because) == (CaseOutcome.STORE, Question.MODE_ALLOWED)


def test_an_amount_above_the_floor_is_the_store_s() -> None:
    steer.set_policy(b.GROUP, {"floors": {"SOLO": [9000, 5000, 1000, 0]}})
    _, _, case = a_double()
    found = evidence(case.id).suggestion
    assert (found.outcome, found.because) == (CaseOutcome.STORE, Question.WITHIN_FLOOR)


def test_a_unit_with_two_journals_is_the_store_s() -> None:
    _, second, case = a_double()
    clone = Till(second.unit, second.key, second.seal, second.epoch, list(second.raws))
    second.refuse()
    second.deliver()
    clone.refuse(clerk="thief")
    clone.deliver()
    assert evidence(case.id).suggestion.because is Question.ONE_JOURNAL


def test_a_receipt_that_was_taken_back_says_so() -> None:
    first, second, third = enrolled("unit"), enrolled("second"), enrolled("third")
    card = a_voucher(GIFT)
    taken = first.accept(card, 20000)
    first.void(taken, at_s=b.NOW_S + 5)
    for number, till in enumerate((second, third)):
        till.accept(card, 15000, at_s=b.NOW_S + 10 + number)
    for till in (first, second, third):
        till.deliver()
    [case] = cases("open")
    assert [(r.unit, r.is_voided) for r in evidence(case.id).receipts] == [
        (third.unit, False), (first.unit, True), (second.unit, False),
    ]  # fmt: skip


def test_what_is_to_be_decided_first_comes_first() -> None:
    tills = enrolled("unit"), enrolled("second")
    for hour in range(3):
        lunch = a_voucher()
        for till in tills:
            till.accept(lunch, at_s=b.NOW_S)
            till.deliver(at_s=b.NOW_S + 3600 * hour)
    first, second, third = cases()
    assert first.decide_until_s == b.NOW_S + DECIDE_S
    close(first.id, Decision(CaseOutcome.STORE, "li", "so"), b.NOW_S)
    assert [case.id for case in cases()] == [second.id, third.id, first.id]
    assert [case.id for case in cases("closed")] == [first.id]
    assert open_cases() == 2
    assert not second.is_overdue(second.decide_until_s)
    assert second.is_overdue(second.decide_until_s + 1)
    assert not cases("closed")[0].is_overdue(b.NOW_S + 2 * DECIDE_S)


def test_there_is_no_evidence_of_what_never_was() -> None:
    with pytest.raises(NotFound):
        evidence(1)
