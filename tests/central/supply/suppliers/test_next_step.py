"""The table of what an answer means and what may be done next, row by row."""

from __future__ import annotations

import pytest

from central.supply.suppliers.model import TRANSITIONS, Attempt, Kind, Terms
from central.supply.suppliers.next_step import (
    SETTLE_S,
    STEPS,
    Again,
    Elsewhere,
    Fate,
    becomes,
    believed,
    blames_account,
    fate,
    may_pass_over,
    without_inputs,
    wrong_with,
)
from central.supply.suppliers.ports import (
    Accepted,
    Delivered,
    Key,
    NotFound,
    NotSent,
    Outcome,
    RejectCode,
    Rejected,
    Unknown,
)

GOOD = (Key("ABCD-EFGH-1234"),)
OUTCOMES: list[tuple[Outcome, Fate]] = [
    (Accepted("D1"), Fate.IN_FLIGHT),
    (Delivered("D1", GOOD), Fate.DONE),
    *((Rejected(code), Fate.REJECTED) for code in RejectCode),
    (NotSent("connect"), Fate.NOT_SENT),
    *((Unknown(code), Fate.UNKNOWN)
      for code in ("timeout", "http-503", "garbage", "state-501", "duplicate-order")),
    (NotFound(), Fate.ABSENT),
    (Delivered("D1", ()), Fate.ANOMALY),
    (Delivered("D1", GOOD * 2), Fate.ANOMALY),
    (Delivered("D1", (Key(" "),)), Fate.ANOMALY),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "meant"), OUTCOMES, ids=lambda v: repr(v)[:40])
def test_what_an_answer_means(outcome: Outcome, meant: Fate) -> None:
    assert fate(outcome, Kind.KEY, 1)[0] is meant


def test_a_top_up_is_there_without_keys() -> None:
    assert fate(Delivered("D1"), Kind.TOP_UP, 1) == (Fate.DONE, "delivered")


def test_the_table_says_who_is_asked_next() -> None:
    assert {f: (s.again, s.elsewhere) for f, s in STEPS.items()} == {
        Fate.DONE: (Again.NO, Elsewhere.NEVER),
        Fate.IN_FLIGHT: (Again.ASK, Elsewhere.NOT_YET),
        Fate.REJECTED: (Again.NO, Elsewhere.NOW),
        Fate.NOT_SENT: (Again.ONCE, Elsewhere.NOW),
        Fate.UNKNOWN: (Again.ASK, Elsewhere.NOT_YET),
        Fate.ABSENT: (Again.NO, Elsewhere.NOW),
        Fate.ANOMALY: (Again.ASK, Elsewhere.NEVER),
    }


@pytest.mark.parametrize("state", [Attempt.SENDING, Attempt.UNKNOWN, Attempt.ACCEPTED])
@pytest.mark.parametrize(("outcome", "meant"), OUTCOMES, ids=lambda v: repr(v)[:40])
@pytest.mark.parametrize("age_s", [0, SETTLE_S])
def test_every_answer_in_every_state_leads_somewhere_the_schema_allows(
    state: Attempt, outcome: Outcome, meant: Fate, age_s: int
) -> None:
    if state is Attempt.SENDING and meant is Fate.ABSENT:
        return  # a first call asks for nothing
    after = becomes(believed(outcome, meant, state, age_s), state)
    assert after is state or (state, after) in TRANSITIONS


@pytest.mark.parametrize("code", [c for c in RejectCode if c is not RejectCode.FAILED])
@pytest.mark.parametrize("age_s", [0, 10 * SETTLE_S])
def test_a_refused_repetition_is_no_proof_that_nothing_was_bought(
    code: RejectCode, age_s: int
) -> None:
    """Sold out: perhaps by our own first call."""
    outcome = Rejected(code)
    assert believed(outcome, Fate.REJECTED, Attempt.UNKNOWN, age_s) is Fate.UNKNOWN


def test_there_is_none_is_believed_only_when_what_was_sent_must_have_arrived() -> None:
    there = believed(NotFound(), Fate.ABSENT, Attempt.UNKNOWN, SETTLE_S - 1)
    assert there is Fate.UNKNOWN
    assert believed(NotFound(), Fate.ABSENT, Attempt.UNKNOWN, SETTLE_S) is Fate.ABSENT
    # It had been there: an order that vanishes is for a person.
    assert believed(NotFound(), Fate.ABSENT, Attempt.ACCEPTED, SETTLE_S) is Fate.ANOMALY


def test_an_orders_own_end_is_believed_at_once() -> None:
    for state in (Attempt.UNKNOWN, Attempt.ACCEPTED):
        end = Rejected(RejectCode.FAILED)
        assert believed(end, Fate.REJECTED, state, 0) is Fate.REJECTED
        assert becomes(Fate.REJECTED, state) is Attempt.FAILED


def test_a_top_up_is_never_passed_over_whatever_the_terms_say() -> None:
    terms = Terms(late_win_to_stock=True)
    assert may_pass_over(Kind.KEY, terms, 60, 60)
    assert not may_pass_over(Kind.KEY, terms, 59, 60)
    assert not may_pass_over(Kind.KEY, Terms(), 10**9, 60)
    assert not may_pass_over(Kind.TOP_UP, terms, 10**9, 0)


def test_what_the_buyer_gave_is_masked_in_the_supplier_s_own_words() -> None:
    said = "13800138000: 余额不足"
    inputs = {"phone": "13800138000", "note": ""}
    refused = without_inputs(Rejected(RejectCode.BALANCE, said), inputs)
    assert refused == Rejected(RejectCode.BALANCE, "138****8000: 余额不足")
    assert without_inputs(Accepted("13800138000"), inputs) == Accepted("13800138000")


def test_being_sold_out_does_not_blame_the_account_and_a_wrong_key_does() -> None:
    blamed = [o for o, meant in OUTCOMES if blames_account(meant, o)]
    assert Rejected(RejectCode.NO_STOCK) not in blamed
    assert Rejected(RejectCode.AUTH) in blamed
    assert Rejected(RejectCode.BALANCE) in blamed
    assert Unknown("timeout") in blamed
    assert Accepted("D1") not in blamed


@pytest.mark.parametrize(
    "said",
    [
        "很抱歉，有人在你付款之前抢走了商品", "库存不足", "Sold out",
        "此商品没有发货信息或正在发货中",
        "Error: no such card", "<html><body>502", "null", "Service unavailable", "下单失败",
    ],
)  # fmt: skip
def test_a_sentence_is_not_a_key(said: str) -> None:
    assert wrong_with((Key(said),), 1) == "text-for-key"


@pytest.mark.parametrize(
    "secret",
    ["ABCD-EFGH-1234-5678", "DDd2kpCxZosyy7d", "https://gift.example/r/8Kq2", "6226 0100 1234 5678",
     "账号：vip009 密码：x7Yq", "NONEXY-12", "TERROR99"],
)  # fmt: skip
def test_a_key_is_a_key(secret: str) -> None:
    assert wrong_with((Key(secret),), 1) == ""


def test_keys_are_counted_and_compared() -> None:
    assert wrong_with((Key("A1"), Key("B2")), 3) == "wrong-count"
    assert wrong_with((Key("A1"), Key("A1 ")), 2) == "same-key-twice"
    assert wrong_with((Key("A1", "no-1"), Key("A1", "no-2")), 2) == ""
