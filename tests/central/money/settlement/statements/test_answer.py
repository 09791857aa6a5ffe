"""A statement is answered once: by its store in three days, or by silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from central.errors import Conflict, NotFound, RequestInvalid
from central.money.ledger.balance import balance
from central.money.settlement import store as books
from central.money.settlement.model import State
from central.money.settlement.payable.pay import payables
from central.money.settlement.payable.release import release
from central.money.settlement.statements.answer import (
    SILENCE,
    confirm,
    confirm_by_silence,
    dispute,
    settle_dispute,
)
from central.money.settlement.statements.issue import ANSWER_S
from central.money.settlement.statements.prove import prove
from tests import builders as b
from tests.central.builders import (
    GIFT,
    TODAY,
    Database,
    Till,
    a_voucher,
    at_once,
    enrolled,
    furnish,
)
from tests.central.money.settlement.builders import (
    ACCOUNT,
    FACTS,
    at,
    day_of,
    everything_is_known,
    issue,
    lines,
    pay,
)

NO = f"{b.STORE}-{TODAY}"
ISSUED_S = at(day_of(1), 10, 30)
LAST_S = ISSUED_S + ANSWER_S


@pytest.fixture(autouse=True)
def till(hub_database: Database) -> Iterator[Till]:
    """A till whose day was issued: a lunch, and two parts of a gift card."""
    furnish()
    working, card = enrolled(), a_voucher(GIFT)
    working.accept(a_voucher())
    for amount in (500, 700):
        working.accept(card, amount)
    working.deliver()
    issue()
    yield working
    assert prove() == []


def test_a_store_agrees() -> None:
    found = confirm(NO, "wang", ISSUED_S + 60)
    assert (found.state, found.answered_by, found.answered_at_s) == (
        State.CONFIRMED, "wang", ISSUED_S + 60,
    )  # fmt: skip


def test_a_store_does_not_agree_with_some_lines_and_the_rest_goes_on(till: Till) -> None:
    found = dispute(NO, [3, 2, 3], " not ours ", "wang", ISSUED_S + 60)
    assert (found.state, found.reason, found.disputed, found.pays) == (
        State.DISPUTED, "not ours", 1200, 8800,
    )  # fmt: skip
    everything_is_known(till, at_s=ISSUED_S + 120)
    assert release(FACTS, ISSUED_S + 120) == [NO]
    [payable] = payables(ISSUED_S + 120)
    assert (payable.amount.minor, payable.statement_ids) == (8800, (NO,))


@pytest.mark.parametrize(("late_s", "state"), [(0, State.ISSUED), (1, State.CONFIRMED)])
def test_silence_confirms_after_three_days(late_s: int, state: State) -> None:
    assert confirm_by_silence(LAST_S + late_s) == ([NO] if late_s else [])
    found = books.statement(NO)
    assert (found.state, found.answered_by) == (state, SILENCE if late_s else None)


def test_after_three_days_nobody_disputes() -> None:
    with pytest.raises(Conflict, match="The days in which S0412-20260411 could be disputed have"):
        dispute(NO, [1], "too late", "wang", LAST_S + 1)
    assert books.statement(NO).state is State.ISSUED
    assert books.disputes_of(NO) == []
    assert dispute(NO, [1], "just in time", "wang", LAST_S).state is State.DISPUTED


ANSWERS: dict[str, Callable[[], object]] = {
    "confirmed": lambda: confirm(NO, "li", ISSUED_S + 90),
    "disputed": lambda: dispute(NO, [1], "so", "li", ISSUED_S + 90),
}


@pytest.mark.parametrize("first", ANSWERS)
@pytest.mark.parametrize("second", ANSWERS)
def test_a_statement_is_answered_once(first: str, second: str) -> None:
    ANSWERS[first]()
    before = books.statement(NO), books.disputes_of(NO)
    with pytest.raises(Conflict, match=f"is {first} and cannot be {second}"):
        ANSWERS[second]()
    assert (books.statement(NO), books.disputes_of(NO)) == before


def test_of_many_who_answer_at_once_one_does() -> None:
    answers = list(ANSWERS.values())
    told = at_once(6, lambda n: answers[n % 2]())
    refused = [one for one in told if isinstance(one, BaseException)]
    assert len(refused) == 5
    assert all(isinstance(one, Conflict) for one in refused)


@pytest.mark.parametrize(
    ("numbers", "reason", "error"),
    [
        ([], "why", RequestInvalid), ([4], "why", NotFound), ([1, 0], "why", NotFound),
        ([1], "", RequestInvalid), ([1], "x" * 501, RequestInvalid),
    ],
)  # fmt: skip
def test_a_dispute_about_nothing_leaves_the_statement_as_it_is(
    numbers: list[int], reason: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        dispute(NO, numbers, reason, "li", ISSUED_S)
    assert books.statement(NO).state is State.ISSUED
    assert books.disputes_of(NO) == []


def test_what_nobody_has_issued_is_not_answered(till: Till) -> None:
    till.accept(a_voucher(), at_s=ISSUED_S)
    till.deliver(4, at_s=ISSUED_S)
    issue(TODAY)
    draft = f"{b.STORE}-{day_of(1)}"
    for no, error in ((draft, Conflict), ("S0412-20990101", NotFound)):
        with pytest.raises(error):
            confirm(no, "li", ISSUED_S)
        with pytest.raises(error):
            dispute(no, [1], "why", "li", ISSUED_S)


# --- a dispute ends ------------------------------------------------------------------------------


def test_a_settled_dispute_is_paid_with_the_next_statement(till: Till) -> None:
    dispute(NO, [2, 3], "not ours", "wang", ISSUED_S)
    everything_is_known(till, at_s=ISSUED_S + 60)
    release(FACTS, ISSUED_S + 60)
    assert pay(ISSUED_S + 60) == {b.STORE: 8800}
    settle_dispute(NO, 3, "the receipt is theirs", "li", ISSUED_S + 90)
    [second] = issue(day_of(1))
    assert lines(second.no) == [
        ("payment", -8800, 0, -8800, 0), ("dispute-settled", 0, 0, 0, 700),
    ]  # fmt: skip
    [_, memo] = books.lines_of(second.no)
    assert (memo.settles, memo.entry, memo.journal_id) == (f"{NO}/3", f"{till.unit}/1/3", None)
    assert issue(day_of(2)) == []
    confirm(second.no, "wang", ISSUED_S + 2 * 86400)
    everything_is_known(till, at_s=ISSUED_S + 2 * 86400)
    release(FACTS, ISSUED_S + 2 * 86400)
    assert pay(ISSUED_S + 2 * 86400, "P2") == {b.STORE: 700}
    assert balance(ACCOUNT).posted == 500, "line 2 is still disputed"


def test_a_dispute_is_settled_once() -> None:
    dispute(NO, [2], "not ours", "wang", ISSUED_S)
    for n, note, error in ((2, " ", RequestInvalid), (1, "so", NotFound)):
        with pytest.raises(error):
            settle_dispute(NO, n, note, "li", ISSUED_S)
    settle_dispute(NO, 2, "it is", "li", ISSUED_S + 1)
    with pytest.raises(Conflict, match="settled already"):
        settle_dispute(NO, 2, "it is not", "li", ISSUED_S + 2)
    [found] = books.disputes_of(NO)
    assert (found.note, found.settled_by, found.settled_at_s) == ("it is", "li", ISSUED_S + 1)
