"""One figure a store, paid once; nothing that may still change, nothing that is not owed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from central.errors import Conflict, NotFound
from central.foundation.db.engine import money_transaction
from central.money.ledger.balance import balance
from central.money.settlement import store as books
from central.money.settlement.model import State
from central.money.settlement.payable.pay import (
    figures,
    give_back,
    mark_paid,
    payables,
    take,
)
from central.money.settlement.payable.release import kept_back, release
from central.money.settlement.statements.answer import confirm
from central.money.settlement.statements.prove import prove
from central.stores.redemptions.complete import accept_gap
from central.stores.redemptions.conflict import CaseOutcome, Decision, close
from central.stores.redemptions.tables import ConflictCase
from central.stores.units import revoke
from edge.contract.ids import parse_voucher_id
from edge.contract.policy import Mode
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import (
    OTHER_STORE,
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
    adjust,
    at,
    day_of,
    everything_is_known,
    issue,
    make_payable,
    pay,
)

NO = f"{b.STORE}-{TODAY}"
NOON_S = at(day_of(1), 12)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> Iterator[None]:
    """A furnished hub; afterwards books in order."""
    furnish()
    yield
    assert_sound()
    assert prove() == []


def a_day(*, confirmed: bool = True, **fields: Any) -> Till:
    """A till that has sold one lunch; its statement is issued, and confirmed."""
    till = enrolled()
    till.accept(a_voucher(**fields))
    till.deliver()
    issue()
    if confirmed:
        confirm(NO, "test", NOON_S)
    return till


def state() -> State:
    return books.statement(NO).state


# --- what is final -------------------------------------------------------------------------------


def test_nothing_is_paid_before_every_unit_of_the_group_has_told_everything() -> None:
    till, silent = a_day(), enrolled("second")
    everything_is_known(till, at_s=NOON_S)
    assert release(FACTS, NOON_S) == []
    [shop] = [one for one in FACTS.shops() if one.id == b.STORE]
    assert kept_back(FACTS, shop, NO, NOON_S) == b.NOW_S - 86400, "nothing is known of the other"
    everything_is_known(silent, at_s=NOON_S)
    assert release(FACTS, NOON_S) == [NO]
    assert kept_back(FACTS, shop, NO, NOON_S) is None
    assert release(FACTS, NOON_S) == []


def test_a_unit_that_has_not_sent_what_it_has_keeps_its_group_back() -> None:
    till, behind = enrolled(), enrolled("second")
    for one, at_s in ((till, b.NOW_S), (behind, b.NOW_S - 60)):
        one.accept(a_voucher(), at_s=at_s)
        one.deliver()
    issue()
    confirm(NO, "test", NOON_S)
    behind.accept(a_voucher(), at_s=b.NOW_S - 30)
    everything_is_known(till, behind, at_s=NOON_S)
    assert release(FACTS, NOON_S) == []
    [shop] = [one for one in FACTS.shops() if one.id == b.STORE]
    assert kept_back(FACTS, shop, NO, NOON_S) == b.NOW_S - 60
    behind.deliver(2)
    assert release(FACTS, NOON_S) == [NO]


def test_an_unanswered_statement_is_not_released() -> None:
    till = a_day(confirmed=False)
    everything_is_known(till, at_s=NOON_S)
    assert release(FACTS, NOON_S) == []


def test_a_revoked_unit_keeps_nobody_back() -> None:
    till, stolen = a_day(), enrolled("second")
    everything_is_known(till, at_s=NOON_S)
    revoke.revoke(stolen.unit, NOON_S)
    assert release(FACTS, NOON_S) == [NO]


def test_a_unit_of_another_group_keeps_back_what_is_good_everywhere() -> None:
    till = a_day(scope=0)
    abroad = enrolled("other", OTHER_STORE)
    everything_is_known(till, at_s=NOON_S)
    assert release(FACTS, NOON_S) == []
    everything_is_known(abroad, at_s=NOON_S)
    assert release(FACTS, NOON_S) == [NO]


def test_lost_entries_keep_a_group_back_until_somebody_accepts_it() -> None:
    till, unlucky = a_day(), enrolled("second")
    unlucky.begin_epoch(2)
    unlucky.deliver()
    everything_is_known(till, unlucky, at_s=NOON_S)
    assert release(FACTS, NOON_S) == []
    with pytest.raises(NotFound):
        accept_gap(till.unit, 1, "nothing was lost there", "li", NOON_S)
    accept_gap(unlucky.unit, 2, "the machine burnt down", "li", NOON_S)
    with pytest.raises(Conflict):
        accept_gap(unlucky.unit, 2, "again", "li", NOON_S)
    assert release(FACTS, NOON_S) == [NO]


# --- one figure a store --------------------------------------------------------------------------


def test_a_store_is_paid_its_statements_together() -> None:
    till = enrolled(at_s=at(day_of(-3), 8))
    for ago in (1, 0):
        till.accept(a_voucher(), at_s=at(day_of(-ago), 12))
    till.deliver()
    issue()
    make_payable(till, at_s=NOON_S)
    [one] = payables(NOON_S)
    assert (one.party, one.account, str(one.amount)) == (b.STORE, ACCOUNT, "CNY 176.00")
    assert one.statement_ids == (f"{b.STORE}-{day_of(-1)}", NO)
    assert pay(NOON_S) == {b.STORE: 17600}
    assert (balance(ACCOUNT).posted, state()) == (0, State.PAID)
    assert payables(NOON_S) == []


def test_what_is_claimed_is_carved_out_and_the_rest_is_paid() -> None:
    first, second, lunch = enrolled(), enrolled("second"), a_voucher()
    for number, till in enumerate((first, second)):
        till.accept(lunch, at_s=b.NOW_S + number)
        till.deliver()
    issue()
    make_payable(first, second, at_s=NOON_S)
    assert pay(NOON_S) == {b.STORE: 8800}
    assert balance(ACCOUNT).posted == 8800, "the claim stands"
    close(ConflictCase.get().id, Decision(CaseOutcome.PLATFORM, "li", "so"), NOON_S)
    issue(day_of(1))
    make_payable(first, second, at_s=NOON_S + 86400)
    assert pay(NOON_S + 86400, "P2") == {b.STORE: 8800}
    assert balance(ACCOUNT).posted == 0


def test_what_was_taken_back_is_set_off() -> None:
    """It was paid; then a late fact takes it back, and it is kept from the next one."""
    till = a_day(scope=0)
    exact = enrolled("other", OTHER_STORE)
    make_payable(till, exact, at_s=NOON_S)
    pay(NOON_S)
    [line] = books.lines_of(NO)
    exact.accept(parse_voucher_id(line.voucher), mode=Mode.ONLINE, at_s=NOON_S)
    exact.deliver(at_s=NOON_S)
    close(ConflictCase.get().id, Decision(CaseOutcome.STORE, "li", "so"), NOON_S)
    issue(day_of(1))
    make_payable(till, exact, at_s=NOON_S + 86400)
    assert [p.party for p in payables(NOON_S + 86400)] == [OTHER_STORE]
    [owes] = [f for f in figures(NOON_S + 86400) if f.store == b.STORE]
    assert (owes.amount.minor, owes.is_ready) == (-8800, False)
    for seq in (2, 3):
        till.accept(a_voucher(), at_s=NOON_S + 86400 + seq)
    till.deliver(2, at_s=NOON_S + 86400 + 9)
    issue(day_of(2))
    make_payable(till, exact, at_s=NOON_S + 2 * 86400)
    paid = {p.party: p.amount.minor for p in payables(NOON_S + 2 * 86400)}
    assert paid[b.STORE] == 2 * 8800 - 8800
    [one] = [p for p in payables(NOON_S + 2 * 86400) if p.party == b.STORE]
    assert len(one.statement_ids) == 2


def test_no_more_is_paid_than_the_ledger_owes() -> None:
    """Something was taken back after the statement; the next one will say so."""
    till = a_day()
    make_payable(till, at_s=NOON_S)
    adjust(-1, NOON_S)
    [figure] = figures(NOON_S)
    assert (figure.amount.minor, figure.covered, figure.is_ready) == (8800, 8799, False)
    assert payables(NOON_S) == []
    issue(day_of(1))
    make_payable(till, at_s=NOON_S + 86400)
    assert pay(NOON_S + 86400) == {b.STORE: 8799}


# --- paid once -----------------------------------------------------------------------------------


def test_what_a_payout_has_taken_is_nobody_else_s() -> None:
    make_payable(a_day(confirmed=False), at_s=NOON_S)
    money_transaction(lambda: take([NO], "P1"))
    money_transaction(lambda: take([NO], "P1"))
    assert payables(NOON_S) == []
    for work in (lambda: take([NO], "P2"), lambda: mark_paid([NO], "P2", NOON_S)):
        with pytest.raises(Conflict, match="is the payout P1's"):
            money_transaction(work)
    money_transaction(lambda: give_back("P1"))
    assert [p.statement_ids for p in payables(NOON_S)] == [(NO,)]


def test_a_statement_is_paid_once() -> None:
    make_payable(a_day(confirmed=False), at_s=NOON_S)
    for _ in range(2):
        money_transaction(lambda: mark_paid([NO], "P1", NOON_S))
    found = books.statement(NO)
    assert (found.state, found.payout_no, found.paid_at_s) == (State.PAID, "P1", NOON_S)
    for work, why in (
        (lambda: mark_paid([NO], "P2", NOON_S), "payout P1's"),
        (lambda: take([NO], "P2"), "payout P1's"),
        (lambda: take([NO], "P1"), "is paid and cannot be paid"),
        (lambda: give_back("P1"), "is paid"),
    ):
        with pytest.raises(Conflict, match=why):
            money_transaction(work)
    assert books.statement(NO) == found


def test_statements_are_paid_together_or_not_at_all() -> None:
    make_payable(a_day(confirmed=False), at_s=NOON_S)
    for numbers, error in (
        ([NO, f"{b.STORE}-20990101"], NotFound), ([NO, "nothing"], NotFound),
    ):  # fmt: skip
        for work in (lambda n=numbers: take(n, "P1"), lambda n=numbers: mark_paid(n, "P1", 0)):
            with pytest.raises(error):
                money_transaction(work)
    found = books.statement(NO)
    assert (found.state, found.payout_no) == (State.PAYABLE, None)


def test_what_is_not_payable_is_not_taken() -> None:
    a_day()
    for work in (lambda: take([NO], "P1"), lambda: mark_paid([NO], "P1", NOON_S)):
        with pytest.raises(Conflict, match="is confirmed and cannot be paid"):
            money_transaction(work)


def test_of_many_payouts_at_once_one_takes_a_statement() -> None:
    make_payable(a_day(confirmed=False), at_s=NOON_S)
    told = at_once(6, lambda n: money_transaction(lambda: take([NO], f"P{n}")))
    assert sum(not isinstance(one, BaseException) for one in told) == 1
    assert all(isinstance(one, Conflict) for one in told if one is not None)
