"""A statement a store and day, held against the ledger to the fen, on both engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from central.foundation.db.engine import change, rows
from central.money.ledger.balance import balance
from central.money.settlement import store as books
from central.money.settlement.model import State
from central.money.settlement.statements.issue import ANSWER_S, issue_due, last_day_due
from central.money.settlement.statements.prove import prove
from central.money.settlement.statements.text import GENESIS, hash_of, text_of
from central.money.settlement.tables import FeeModelRow
from central.stores.redemptions.conflict import CaseOutcome, Decision, close
from central.stores.redemptions.tables import ConflictCase
from edge.contract.policy import Mode
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import (
    GIFT,
    OTHER_STORE,
    TODAY,
    ZONE,
    Database,
    a_voucher,
    at_once,
    enrolled,
    furnish,
)
from tests.central.money.settlement.builders import (
    ACCOUNT,
    FACTS,
    adjust,
    at,
    charge,
    day_of,
    issue,
    lines,
    make_payable,
    pay,
)

NO = f"{b.STORE}-{TODAY}"


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> Iterator[None]:
    """A furnished hub; afterwards books in order, and statements that agree with them."""
    furnish()
    yield
    assert_sound()
    assert prove() == []
    agree_with_the_ledger()


def agree_with_the_ledger() -> None:
    """What statements end with, and what stands on none, is what the ledger owes."""
    for shop in FACTS.shops():
        newest = books.newest_issued(shop.id)
        [(left,)] = rows(
            "SELECT coalesce(sum(-e.side * e.amount), 0) FROM entry e"
            " JOIN account a ON a.id = e.account_id JOIN journal j ON j.id = e.journal_id"
            " WHERE a.code = ? AND layer = 1 AND j.kind <> 'fees-charged' AND NOT EXISTS ("
            " SELECT 1 FROM statement_line l JOIN statement s ON s.no = l.statement_no"
            " WHERE l.journal_id = j.id AND s.state <> 'draft')",
            (shop.account,),
        )
        closing = newest.totals.closing if newest else 0
        assert closing + int(left) == balance(shop.account).posted


# --- when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "minute", "ago"), [(0, 0, 2), (10, 29, 2), (10, 30, 1), (23, 59, 1)]
)
def test_a_day_is_due_at_half_past_ten_of_the_next(hour: int, minute: int, ago: int) -> None:
    assert last_day_due(at(TODAY, hour, minute), ZONE) == day_of(-ago)


def test_the_clock_of_the_store_counts() -> None:
    """At 10:30 in Shanghai it is 22:30 of the day before in New York, where 9 is still due."""
    assert last_day_due(at(TODAY, 10, 30), "America/New_York") == day_of(-2)


def test_before_half_past_ten_there_is_a_draft_that_grows() -> None:
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    for moment in (at(TODAY, 21), at(day_of(1), 10, 29)):
        assert issue_due(FACTS, moment, "test").issued == ()
        [draft] = books.statements()
        assert (draft.no, draft.state, draft.hash) == (NO, State.DRAFT, None)
    till.accept(a_voucher(GIFT), 500)
    till.deliver(2)
    issue_due(FACTS, at(day_of(1), 10, 29), "test")
    [draft] = books.statements()
    assert draft.totals.gross == 9300


def test_a_statement_is_issued_once() -> None:
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    [issued] = issue()
    assert issue() == []
    assert (issued.no, issued.n, issued.state) == (NO, 1, State.ISSUED)
    assert issued.answer_until_s == at(day_of(1), 10, 30) + ANSWER_S
    assert books.statements() == [issued]


def test_many_that_issue_at_once_issue_each_statement_once() -> None:
    for name, store in (("unit", b.STORE), ("other", OTHER_STORE)):
        till = enrolled(name, store)
        till.accept(a_voucher(scope=0))
        till.deliver()
    moment = at(day_of(1), 10, 30)
    told = at_once(4, lambda n: issue_due(FACTS, moment, f"worker {n}"))
    assert not [t for t in told if isinstance(t, BaseException)]
    assert sum(len(t.issued) for t in told if not isinstance(t, BaseException)) == 2
    assert len(books.statements()) == 2


def test_each_day_of_a_backlog_gets_a_statement_of_its_own() -> None:
    till = enrolled(at_s=at(day_of(-9), 8))
    for ago in (7, 5, 4):
        till.accept(a_voucher(), at_s=at(day_of(-ago), 12))
    till.deliver()
    assert [one.day for one in issue(day_of(-1))] == [day_of(-7), day_of(-5), day_of(-4)]
    found = books.statements()
    assert [(one.n, one.totals.opening, one.totals.closing) for one in found] == [
        (3, 17600, 26400), (2, 8800, 17600), (1, 0, 8800),
    ]  # fmt: skip


# --- what stands on it ---------------------------------------------------------------------------


def test_a_line_says_what_was_redeemed_where_and_when() -> None:
    till, lunch = enrolled(), a_voucher()
    entry = till.accept(lunch, at_s=b.NOW_S - 60)
    till.deliver()
    issue()
    [line] = books.lines_of(NO)
    assert (line.voucher, line.entry) == (f"{lunch.voucher_id:012x}", str(entry.ref))
    assert (line.at_s, line.business_day, line.is_late) == (b.NOW_S - 60, TODAY, False)
    assert (line.final_after_s, line.scope) == (b.NOW_S - 60, b.GROUP)
    [(kind, code)] = rows(
        "SELECT j.kind, a.code FROM journal j JOIN entry e ON e.journal_id = j.id"
        " JOIN account a ON a.id = e.account_id WHERE j.id = ? AND e.side = -1",
        (line.journal_id,),
    )
    assert (kind, code) == ("redeemed", ACCOUNT)


def test_fees_are_charged_for_each_line_and_posted_once() -> None:
    charge((0, 6000), fixed=10)
    till = enrolled()
    till.accept(a_voucher())
    till.accept(a_voucher(GIFT), 500)
    till.deliver()
    [issued] = issue()
    assert lines(NO) == [
        ("redemption", 8800, 63, 8737, 8737), ("redemption", 500, 13, 487, 487),
    ]  # fmt: skip
    assert issued.totals[1:5] == (9300, 76, 9224, 9224)
    assert issued.fee_version == 1
    assert (balance(ACCOUNT).posted, balance("4040").posted) == (9224, 76)
    [(ref, effective)] = rows("SELECT ref, effective FROM journal WHERE kind = 'fees-charged'")
    assert (ref, effective) == (NO, TODAY)


def test_tiers_go_by_the_volume_of_the_month_across_statements() -> None:
    charge((0, 10_000), (10_000, 0), first=day_of(-1))
    till = enrolled(at_s=at(day_of(-3), 8))
    for ago in (1, 0):
        till.accept(a_voucher(), at_s=at(day_of(-ago), 12))
    till.deliver()
    issue()
    assert [one.totals.fee for one in reversed(books.statements())] == [88, 12]
    assert [one.totals.volume_before for one in reversed(books.statements())] == [0, 8800]


def test_a_redemption_that_comes_late_stands_on_the_next_statement_with_its_own_day() -> None:
    till, other = enrolled(), enrolled("second")
    till.accept(a_voucher())
    till.deliver()
    issue()
    other.accept(a_voucher(), at_s=b.NOW_S - 60)
    other.deliver(at_s=at(day_of(1), 11))
    till.accept(a_voucher(), at_s=at(day_of(1), 12))
    till.deliver(2, at_s=at(day_of(1), 12))
    [second] = issue(day_of(1))
    assert [(line.business_day, line.is_late) for line in books.lines_of(second.no)] == [
        (TODAY, True), (day_of(1), False),
    ]  # fmt: skip


def test_what_comes_for_a_day_without_a_statement_is_late_too() -> None:
    """Nothing was known of that day when it was gone through; nobody goes back to it."""
    till = enrolled(at_s=at(day_of(-9), 8))
    till.accept(a_voucher(), at_s=at(day_of(-5), 12))
    till.deliver(at_s=at(day_of(-5), 13))
    issue(day_of(-1))
    till.accept(a_voucher(), at_s=at(day_of(-3), 12))
    till.deliver(2)
    [second] = issue()
    assert second.no == NO
    [line] = books.lines_of(NO)
    assert (line.business_day, line.is_late) == (day_of(-3), True)


def test_a_late_redemption_pays_the_fee_of_its_own_day() -> None:
    charge((0, 10_000), first=day_of(-1))
    charge((0, 20_000), first=TODAY)
    till, other = enrolled(at_s=at(day_of(-3), 8)), enrolled("second", at_s=at(day_of(-3), 8))
    till.accept(a_voucher(), at_s=at(day_of(-1), 12))
    till.deliver()
    issue(day_of(-1))
    other.accept(a_voucher(), at_s=at(day_of(-1), 13))
    other.accept(a_voucher())
    other.deliver()
    issue()
    assert [fee for _, _, fee, *_ in lines(NO)] == [88, 176]


def test_what_is_taken_back_gives_back_its_fee_to_the_fen() -> None:
    charge((0, 6000))
    solo, exact = enrolled("unit"), enrolled("other", OTHER_STORE)
    lunch = a_voucher(scope=0)
    solo.accept(lunch)
    solo.deliver()
    issue()
    exact.accept(lunch, mode=Mode.ONLINE)
    exact.deliver(at_s=at(day_of(1), 12))
    issue(day_of(1))
    assert lines(f"{b.STORE}-{day_of(1)}") == [
        ("correction", -8800, -53, -8747, -8747), ("claim", 8800, 0, 8800, 0),
    ]  # fmt: skip
    assert balance("4040").posted == 0


def test_what_is_taken_back_on_its_own_day_shows_both() -> None:
    charge((0, 6000))
    till = enrolled()
    entry = till.accept(a_voucher(GIFT), 500)
    till.deliver()
    till.void(entry, at_s=b.NOW_S + 9)
    till.deliver(2)
    [issued] = issue()
    assert lines(NO) == [
        ("redemption", 500, 3, 497, 497), ("correction", -500, -3, -497, -497),
    ]  # fmt: skip
    assert (issued.totals.due, issued.fee_journal_id) == (0, None)


def test_a_reversal_waits_for_the_day_of_what_it_takes_back() -> None:
    """The till's clock is hours ahead: its redemption counts tomorrow, its void came today."""
    till = enrolled()
    entry = till.accept(a_voucher(GIFT), 500, at_s=at(day_of(1), 1))
    till.deliver()
    till.void(entry, at_s=at(day_of(1), 1))
    till.deliver(2)
    till.accept(a_voucher())
    till.deliver(3)
    issue()
    assert [kind for kind, *_ in lines(NO)] == ["redemption"]
    issue(day_of(1))
    assert [kind for kind, *_ in lines(f"{b.STORE}-{day_of(1)}")] == ["redemption", "correction"]


def test_a_payment_and_whatever_else_was_posted_stand_on_the_next_statement() -> None:
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    issue()
    moment = at(day_of(1), 12)
    make_payable(till, at_s=moment)
    assert pay(moment) == {b.STORE: 8800}
    adjust(300, moment)
    [second] = issue(day_of(1))
    assert lines(second.no) == [
        ("payment", -8800, 0, -8800, 0), ("adjustment", 300, 0, 300, 300),
    ]  # fmt: skip
    assert (second.totals.opening, second.totals.closing, second.totals.due) == (8800, 300, 300)


# --- double redemptions --------------------------------------------------------------------------


def decide(outcome: CaseOutcome, at_s: int) -> None:
    close(ConflictCase.get().id, Decision(outcome, "li", "so it was"), at_s)


def a_claim() -> None:
    """Two tills have taken the same lunch; it is claimed on today's statement."""
    lunch = a_voucher()
    for number, name in enumerate(("unit", "second")):
        till = enrolled(name)
        till.accept(lunch, at_s=b.NOW_S + number)
        till.deliver()
    [issued] = issue()
    assert (issued.totals.closing, issued.totals.due) == (17600, 8800)
    assert lines(NO)[1] == ("claim", 8800, 0, 8800, 0)


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (CaseOutcome.PLATFORM, ("borne-by-others", 0, 0, 0, 8800)),
        (CaseOutcome.STORE, ("borne-by-store", -8800, 0, -8800, 0)),
        (CaseOutcome.NO_CONFLICT, ("claim-back", -8800, 0, -8800, 0)),
    ],
)
def test_a_decided_case_stands_on_the_next_statement(
    outcome: CaseOutcome, line: tuple[str, int, int, int, int]
) -> None:
    a_claim()
    decide(outcome, at(day_of(1), 12))
    [second] = issue(day_of(1))
    assert lines(second.no) == [line]
    assert second.totals.closing == 17600 + line[3]


def test_a_decision_that_later_facts_take_back_is_taken_back_to_the_fen() -> None:
    """The platform has borne it and it was paid; then the first till's void arrives."""
    first, second, lunch = enrolled(), enrolled("second"), a_voucher()
    entry = first.accept(lunch)
    second.accept(lunch, at_s=b.NOW_S + 1)
    first.deliver()
    second.deliver()
    issue()
    decide(CaseOutcome.PLATFORM, at(day_of(1), 12))
    issue(day_of(1))
    first.void(entry, at_s=b.NOW_S + 9)
    first.deliver(2, at_s=at(day_of(2), 12))
    [third] = issue(day_of(2))
    assert sorted(lines(third.no)) == [
        ("claim-back", -8800, 0, -8800, 0), ("correction", -8800, 0, -8800, -8800),
        ("decision-back", 0, 0, 0, -8800), ("redemption", 8800, 0, 8800, 8800),
    ]  # fmt: skip
    assert sum(one.totals.due for one in books.statements()) == third.totals.closing == 8800


# --- sealed --------------------------------------------------------------------------------------


def test_the_hash_is_that_of_a_text_that_anybody_can_check() -> None:
    till, lunch = enrolled(), a_voucher()
    till.accept(lunch)
    till.deliver()
    [one] = issue()
    [line] = books.lines_of(NO)
    text = text_of(one.no, one.store, one.currency, GENESIS, one.totals, [line])
    assert text == (
        f"tearoff-statement-1\t{NO}\t{b.STORE}\tCNY\t{'0' * 64}\t1"
        "\t0\t8800\t0\t8800\t8800\t8800\t0\n"
        f"1\tredemption\t{TODAY}\t\t{b.NOW_S}\tS0412-K1/1/1\t{lunch.voucher_id:012x}"
        f"\t8800\t0\t8800\t8800\t{line.journal_id}\t\n"
    )
    assert one.hash == hash_of(text)


def test_each_statement_bears_the_hash_of_the_one_before() -> None:
    till = enrolled(at_s=at(day_of(-3), 8))
    for ago in (1, 0):
        till.accept(a_voucher(), at_s=at(day_of(-ago), 12))
    till.deliver()
    first, second = issue()
    assert (first.prev_hash, second.prev_hash) == (GENESIS, first.hash)


# --- what cannot be ------------------------------------------------------------------------------


def test_a_store_whose_books_disagree_gets_no_statement_and_holds_no_other_up() -> None:
    for name, store in (("unit", b.STORE), ("other", OTHER_STORE)):
        till = enrolled(name, store)
        till.accept(a_voucher(scope=0))
        till.deliver()
    change("UPDATE account SET c = c + 100 WHERE code = ?", (ACCOUNT,))
    run = issue_due(FACTS, at(day_of(1), 10, 30), "test")
    assert [one.store for one in run.issued] == [OTHER_STORE]
    assert run.problems == ("S0412: The statements of S0412 and the ledger differ by CNY 1.00.",)
    change("UPDATE account SET c = c - 100 WHERE code = ?", (ACCOUNT,))
    assert [one.no for one in issue()] == [NO]


def test_fees_in_another_currency_are_told_and_nothing_is_half_posted() -> None:
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    FeeModelRow.create(
        store_id=b.STORE, version=1, first_day=TODAY, currency="USD", fixed_minor=5, tiers="[]",
        set_at_s=0, set_by="test",
    )  # fmt: skip
    run = issue_due(FACTS, at(day_of(1), 10, 30), "test")
    assert run.issued == ()
    assert run.problems == ("S0412: S0412 is owed CNY, and its fees are in USD.",)
    assert books.statements() == []
    assert balance("4040").posted == 0


def test_what_comes_for_a_closed_day_stands_on_an_open_one_and_says_its_own() -> None:
    till = enrolled(at_s=at(day_of(-9), 8))
    change("UPDATE closed_through SET day = ?", (day_of(-1),))
    charge((0, 6000), first=day_of(-9))
    till.accept(a_voucher(), at_s=at(day_of(-5), 12))
    till.deliver()
    [one] = issue()
    [line] = books.lines_of(one.no)
    assert (one.day, line.business_day, line.is_late) == (TODAY, day_of(-5), True)
    assert line.fee == 53


def test_fees_of_a_day_that_was_closed_meanwhile_are_posted_on_the_first_open_one() -> None:
    charge((0, 6000))
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    change("UPDATE closed_through SET day = ?", (TODAY,))
    issue()
    [(effective,)] = rows("SELECT effective FROM journal WHERE kind = 'fees-charged'")
    assert effective == day_of(1)
