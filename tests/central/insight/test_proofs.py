"""Every proof can fail: whatever does not agree is named, and is an alert until it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs.alerts import alerts
from central.insight.proofs import prove_all
from central.money.channels.model import FundAccount
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.rules import brought_in, deposit_paid_in
from central.money.ledger.store import post, reverse
from central.money.reconciliation.settle import settle
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import (
    CURRENCY,
    GIFT,
    TODAY,
    Database,
    a_voucher,
    enrolled,
    furnish,
)
from tests.central.channel import yuan
from tests.central.money.payouts.builders import an_agent, ask_for
from tests.central.money.reconciliation import bills


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    """A hub at work: vouchers sold and redeemed, one of them twice, and a payout on its way."""
    furnish()
    first, second = enrolled("one"), enrolled("two")
    claims = a_voucher()
    for n, till in enumerate((first, second)):
        till.accept(claims, at_s=b.NOW_S + n)
        till.accept(a_voucher(GIFT), amount=5_000)
        till.deliver()
    an_agent()
    ask_for(8_800)


def open_now() -> dict[str, str]:
    return {alert.subject: alert.said for alert in alerts() if alert.kind == "proof"}


def off_the_books(*legs: tuple[str, int]) -> Callable[[], None]:
    """Return a posting that no rule makes."""

    def write() -> None:
        sides = tuple(debit(code, n) if n > 0 else credit(code, -n) for code, n in legs)
        posting = Posting("odd:1", "test", "odd", CURRENCY, sides, TODAY, "test")
        money_transaction(lambda: post(posting, b.NOW_S))

    return write


def sql(statement: str) -> Callable[[], None]:
    def write() -> None:
        change(statement)

    return write


def test_a_hub_at_work_agrees() -> None:
    report = prove_all(b.NOW_S, CURRENCY)
    assert report.is_good, report.said
    assert open_now() == {}
    [(noted,)] = rows("SELECT count(*) FROM audit_run")
    assert noted == 1


@pytest.mark.parametrize(
    ("spoil", "subject", "said"),
    [
        (off_the_books((f"2020.{GIFT}", 100), ("4010", -100)), f"2020.{GIFT}",
         "299.00 stands there, it has to be 300.00"),
        (off_the_books(("5020", 100), ("2111.A7", -100)), "2111.A7",
         "1.00 stands there, it has to be 0.00"),
        (off_the_books(("1920", 100), ("4010", -100)), "1920",
         "1.00 stands there, it has to be 0.00"),
        (off_the_books(("1150", 100), ("4010", -100)), "1150",
         "89.00 stands there, it has to be 88.00"),
        (sql("UPDATE voucher SET face_minor = face_minor + 1, capacity = capacity + 1"
             " WHERE product = 9"), "2020.9",
         "300.00 stands there, it has to be 300.02"),
        (sql("UPDATE account SET pd = pd + 5 WHERE code = '2110.A7'"), "2110.A7",
         "88.05 is set aside, payouts that have not ended are of 88.00"),
        (sql("UPDATE account SET pc = pc + 5 WHERE code = '2410.bank'"), "2410.bank",
         "88.05 is on its way, payouts that have not ended are of 88.00"),
        (off_the_books(("5020", 100), ("2110.A7", -100)), "A7: 2110 less 1110",
         "501.00 stands there, it has to be 500.00"),
        (off_the_books(("1110.A7", 100), ("4050", -100)), "A7: 2110 less 1110",
         "499.00 stands there, it has to be 500.00"),
        (off_the_books(("5010", 100), ("2210.acme", -100)), "acme: 2210 less 1040",
         "1.00 stands there, it has to be 0.00"),
        (off_the_books(("1040.acme", 100), ("4010", -100)), "acme: 2210 less 1040",
         "-1.00 stands there, it has to be 0.00"),
        (off_the_books(("1130.acme", 100), ("4010", -100)), "1130.acme",
         "1.00 stands there, it has to be 0.00"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_named(spoil: Callable[[], None], subject: str, said: str) -> None:
    spoil()
    report = prove_all(b.NOW_S, CURRENCY)
    assert not report.is_good
    assert open_now()[subject] == said


def test_currencies_do_not_make_up_for_one_another() -> None:
    """All of them were added into one sum."""
    dollars = (debit("1030.usd", 700), credit("3010", 700))
    posting = Posting("odd:1", "brought-in", "odd", "USD", dollars, TODAY, "test")
    money_transaction(lambda: post(posting, b.NOW_S))
    assert prove_all(b.NOW_S, CURRENCY).is_good
    change("UPDATE account SET d = d + 100 WHERE code = '1030.usd'")
    change("UPDATE account SET c = c + 100 WHERE code = '1020.bank'")
    prove_all(b.NOW_S, CURRENCY)
    assert open_now()["trial balance"] == (
        "debits less credits are -1.00 CNY; debits less credits are 1.00 USD"
    )


def deposit(number: str, amount: str, day: int = TODAY) -> None:
    money = yuan(amount)
    bills.booked(deposit_paid_in(f"1010.{bills.WEB}", f"42{number}", "A7", money, day, "test"))


def a_bill(**bent: Any) -> bills.Channel:
    """One payment that has come into the balance, and one that has not yet."""
    deposit("P1", "88.00")
    deposit("P2", "12.00")
    channel = bills.Channel(
        {bills.DAY: (bills.paid("P1", "88.00", 53_000), bills.paid("P2", "12.00"))},
        {(bills.DAY, FundAccount.BASIC): [("P1", "88.00"), ("P1", "-0.53")]},
        **bent,
    )
    bills.take_both(channel)
    return channel


def test_what_is_clearing_is_what_bills_have_not_settled() -> None:
    a_bill()
    deposit("P3", "5.00", TODAY + 1)  # its bill is not there yet
    assert prove_all(b.NOW_S, CURRENCY).is_good
    [one] = settle(bills.WEB, TODAY, bills.BY)
    assert prove_all(b.NOW_S, CURRENCY).is_good
    assert balances()["1010.web"] == 1700
    # Somebody takes the settlement back, and the payments are as settled as before.
    money_transaction(
        lambda: reverse("rv:1", one.journals[0], b.NOW_S, day=TODAY + 1, actor="li", memo="odd")
    )
    prove_all(b.NOW_S, CURRENCY)
    assert open_now()["1010.web"] == "105.00 stands there, not settled is 17.00"


def test_a_balance_is_what_the_newest_bill_tells() -> None:
    """Here it held something that nobody has brought in."""
    a_bill(opening=500)
    prove_all(b.NOW_S, CURRENCY)
    assert open_now() == {"1020.web": "0.00 stands there, by the bills it is 5.00"}
    settle(bills.WEB, TODAY, bills.BY)
    prove_all(b.NOW_S, CURRENCY)
    assert open_now() == {"1020.web": "87.47 stands there, by the bills it is 92.47"}
    bills.booked(brought_in("1020.web", yuan("5.00"), TODAY - 1, "li"))
    assert prove_all(b.NOW_S, CURRENCY).is_good


def test_an_alert_is_over_once_it_agrees_again() -> None:
    off_the_books(("1920", 100), ("4010", -100))()
    prove_all(b.NOW_S, CURRENCY)
    assert set(open_now()) == {"1920"}
    back = Posting(
        "odd:2", "test", "odd", CURRENCY, (debit("4010", 100), credit("1920", 100)), TODAY, "test"
    )
    money_transaction(lambda: post(back, b.NOW_S))
    assert prove_all(b.NOW_S + 60, CURRENCY).is_good
    assert open_now() == {}


def test_a_tampered_account_is_an_alert() -> None:
    change("UPDATE account SET d = d + 100 WHERE code = '1020.bank'")
    report = prove_all(b.NOW_S, CURRENCY)
    assert "account 1020.bank says" in open_now()["audit"]
    assert open_now()["trial balance"] == "debits less credits are 1.00 CNY"
    assert report.said.endswith(", and 1 more")
