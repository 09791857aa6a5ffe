"""Stores get their money: one payout a store, once, and a failed one is made up for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from central.foundation.db.engine import money_transaction
from central.money.channels.model import Payee
from central.money.ledger import rules, store
from central.money.ledger.balance import balance
from central.money.ledger.days import business_day
from central.money.payouts.payees import set_payee
from central.money.payouts.store import newest
from central.money.settlement import store as books
from central.money.settlement.model import State
from central.money.settlement.payable.pay import figures
from central.money.settlement.payable.pay_out import Asked, ask_for_all, follow_payouts
from central.money.settlement.run import run
from edge.contract.money import Money
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import (
    CURRENCY,
    TODAY,
    ZONE,
    Database,
    a_voucher,
    at_once,
    enrolled,
    furnish,
)
from tests.central.money.payouts.builders import Office, an_office
from tests.central.money.settlement.builders import (
    ACCOUNT,
    FACTS,
    at,
    day_of,
    issue,
    make_payable,
)

NO = f"{b.STORE}-{TODAY}"
NOON_S = at(day_of(1), 12)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> Iterator[None]:
    """A hub that owes a store one lunch, by a statement that is payable."""
    furnish()
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    issue()
    assert make_payable(till, at_s=NOON_S) == [NO]
    own = rules.transferred("T1", "1030.main", "1020.bank", Money(100_000, CURRENCY), TODAY, "test")
    money_transaction(lambda: store.post(own, NOON_S))
    yield
    assert_sound()


def with_a_payee() -> None:
    set_payee(ACCOUNT, "bank", Payee("6222-0412", "静安店"), NOON_S, by="li")


def ask(at_s: int = NOON_S) -> Asked:
    return ask_for_all("结算", at_s, day=business_day(at_s, ZONE), actor="finance")


def an_office_at_noon(directory: Path, **how: Any) -> Office:
    office = an_office(directory, **how)
    office.clock.now = NOON_S
    return office


def test_a_store_is_paid_and_its_statement_says_so(tmp_path: Path) -> None:
    with_a_payee()
    [payout] = ask().payouts
    assert (payout.account, payout.amount.minor) == (ACCOUNT, 8_800)
    assert figures(NOON_S) == []
    assert follow_payouts(NOON_S) == []
    an_office_at_noon(tmp_path).work()
    assert run(FACTS, NOON_S, "clock").paid == (NO,)
    found = books.statement(NO)
    assert (found.state, found.payout_no) == (State.PAID, payout.no)
    assert balance(ACCOUNT).posted == 0
    assert run(FACTS, NOON_S, "clock").paid == ()


def test_asking_again_asks_for_nothing_more() -> None:
    with_a_payee()
    assert len(ask().payouts) == 1
    assert ask() == Asked([], [])
    assert len(newest(10)) == 1


def test_eight_who_ask_at_once_make_one_payout() -> None:
    with_a_payee()
    told = at_once(8, lambda _: ask())
    assert len(newest(10)) == 1
    assert {p.no for one in told if isinstance(one, Asked) for p in one.payouts} == {
        newest(1)[0].no
    }
    assert balance(ACCOUNT).held == 8_800


def test_a_store_that_nobody_knows_how_to_pay_is_named() -> None:
    asked = ask()
    assert asked.payouts == []
    [(store_id, why)] = asked.left
    assert store_id == b.STORE
    assert "Nobody has said where" in why
    assert len(figures(NOON_S)) == 1


def test_after_a_payout_that_failed_another_one_is_asked_for_with_another_number(
    tmp_path: Path,
) -> None:
    with_a_payee()
    [first] = ask().payouts
    is_refused = True
    office = an_office_at_noon(tmp_path, faults=lambda: "refuse" if is_refused else "")
    office.work()
    assert run(FACTS, NOON_S, "clock").paid == ()
    assert books.statement(NO).payout_no is None
    assert len(figures(NOON_S)) == 1
    [second] = ask().payouts
    assert second.no != first.no
    is_refused = False
    office.work()
    assert run(FACTS, NOON_S, "clock").paid == (NO,)
    assert balance(ACCOUNT).posted == 0
