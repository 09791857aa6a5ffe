"""A day's bill against the books: what it proves, what differs, how that comes to an end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import peewee
import pytest

from central.errors import Conflict, NotFound, PostingRefused, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.money.channels.model import FlowBill, FundAccount, TradeBill, TradeKind, TradeRow
from central.money.ledger import rules
from central.money.ledger.audit import audit
from central.money.ledger.store import post, reverse
from central.money.reconciliation.match import Kind
from central.money.reconciliation.model import By
from central.money.reconciliation.resolve import Decision, DifferenceView, differences, resolve
from central.money.reconciliation.take import Taken, take
from central.money.reconciliation.unproven import unproven
from edge.contract.money import Money
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, at_once
from tests.central.channel import CHANNELS, DAY_S, Served, a_payment, a_refund, yuan

WEB, DAY, TODAY = "web", dt.date(2026, 4, 11), 20260411
BY = By(b.NOW_S, TODAY, "test")


def row(number: str, amount: str, refund: str = "") -> TradeRow:
    kind = TradeKind.REFUND if refund else TradeKind.PAYMENT
    return TradeRow(b.NOW_S, kind, number, f"42{number}", yuan(amount), 0, refund)


@dataclass
class Channel:
    """A channel that has this to say of every day."""

    rows: tuple[TradeRow, ...]
    raw: bytes = b"as it came"
    channel: str = WEB
    accounts: tuple[FundAccount, ...] = (FundAccount.BASIC,)

    def trade_bill(self, day: dt.date) -> TradeBill:
        return TradeBill(self.channel, day, self.raw, self.rows)

    def flow_bill(self, day: dt.date, account: FundAccount = FundAccount.BASIC) -> FlowBill:
        return FlowBill(self.channel, day, account, self.raw)


def bill(*told: TradeRow) -> Channel:
    return Channel(told)


def taken(channel: Channel) -> Taken:
    return take(channel, DAY, BY)


def pay(number: str, amount: str, day: int = TODAY, txn: str = "") -> int:
    posting = rules.paid(WEB, txn or f"42{number}", number, yuan(amount), day, "test")
    return money_transaction(lambda: post(posting, b.NOW_S)).id


def back(journal: int) -> None:
    money_transaction(lambda: reverse("back:1", journal, b.NOW_S, day=TODAY, actor="test"))


def put_right(
    one: DifferenceView, account: str = "2010", reason: str = "asked the channel"
) -> DifferenceView:
    return resolve(one.id, Decision(account, reason), BY._replace(actor="li"))


def assert_every_line_is_proven_to_the_fen() -> None:
    wrong = rows(
        "SELECT bill_id, n FROM bill_line l WHERE amount <> (SELECT coalesce(sum(side * e.amount),"
        " 0) FROM proof JOIN entry e ON e.id = entry_id WHERE proof.bill_id = l.bill_id"
        " AND proof.n = l.n)"
    )
    assert wrong == []


def test_a_day_that_agrees_proves_every_entry(hub_database: Database) -> None:
    pay("P1", "88.00")
    pay("P2", "12.34", TODAY + 1)
    assert len(unproven()) == 2
    assert taken(bill(row("P1", "88.00"), row("P2", "12.34"))) == Taken(1, 2, 2, 0)
    assert rows("SELECT proves FROM bill_line ORDER BY n") == [("number",), ("next-day",)]
    assert (differences(), unproven()) == ([], [])
    assert_every_line_is_proven_to_the_fen()


def test_a_bill_stays_as_it_came_and_is_taken_once(hub_database: Database) -> None:
    pay("P1", "88.00")
    told = bill(row("P1", "88.00"))
    assert taken(told) == taken(told)
    assert rows("SELECT count(*) FROM proof") == [(1,)]
    assert bytes(rows("SELECT raw FROM bill_file")[0][0]) == b"as it came"
    with pytest.raises(Conflict, match="not the one taken before"):
        taken(replace(told, raw=b"another"))


def test_many_who_take_one_bill_take_it_once(hub_database: Database) -> None:
    pay("P1", "88.00")
    told = at_once(6, lambda _: taken(bill(row("P1", "88.00"), row("P9", "1.00"))))
    assert told == [Taken(1, 2, 1, 1)] * 6
    assert len(differences()) == 1


def test_a_payment_that_we_never_heard_of_is_posted_where_it_belongs(
    hub_database: Database,
) -> None:
    taken(bill(row("P1", "88.00")))
    [one] = differences()
    assert (one.kind, one.number, one.amount) == (Kind.NOT_IN_BOOKS, "P1", yuan("88.00"))
    assert put_right(one).state == "resolved"
    assert balances() == {"1010.web": 8800, "2010": -8800}
    assert (differences(), unproven()) == ([], [])
    assert differences(all_of_them=True)[0].belongs_to == "2010"
    assert_every_line_is_proven_to_the_fen()
    with pytest.raises(Conflict, match="resolved"):
        put_right(one)
    assert taken(bill(row("P1", "88.00"))) == Taken(1, 1, 0, 0)
    assert audit() == []


def test_a_payment_that_we_hear_of_late_ends_its_difference_by_itself(
    hub_database: Database,
) -> None:
    assert taken(bill(row("P1", "88.00"))).differing == 1
    pay("P1", "88.00")
    assert taken(bill(row("P1", "88.00"))) == Taken(1, 1, 1, 0)
    assert [one.state for one in differences(all_of_them=True)] == ["proven"]
    assert balances() == {"1010.web": 8800, "2010": -8800}


@pytest.mark.parametrize(("billed", "by"), [("90.00", "4050"), ("87.50", "5030")])
def test_another_amount_is_a_difference_of_the_rest(
    hub_database: Database, billed: str, by: str
) -> None:
    pay("P1", "88.00")
    taken(bill(row("P1", billed)))
    [one] = differences()
    rest = yuan(billed).minor - 8800
    assert (one.kind, one.amount.minor) == (Kind.AMOUNT, rest)
    put_right(one, by)
    assert balances() == {"1010.web": 8800 + rest, "2010": -8800, by: -rest}
    assert unproven() == []
    assert_every_line_is_proven_to_the_fen()


def test_a_line_that_is_there_twice_is_told_even_when_it_is_asked_again(
    hub_database: Database,
) -> None:
    pay("P1", "88.00")
    twice = bill(row("P1", "88.00"), row("P1", "88.00"))
    assert taken(twice) == taken(twice)
    assert [(one.n, one.kind) for one in differences()] == [(2, Kind.DUPLICATE)]


def test_what_the_bill_lacks_is_unproven_and_says_whether_a_bill_may_still_come(
    hub_database: Database,
) -> None:
    pay("P1", "88.00")
    taken(bill())
    assert [(one.ref, one.has_bill) for one in unproven()] == [("P1", False)]
    take(bill(), DAY + dt.timedelta(days=1), BY)
    assert [(one.ref, one.amount, one.has_bill) for one in unproven()] == [
        ("P1", Money(8800, "CNY"), True)
    ]
    assert unproven(last=TODAY - 1) == []


def test_what_was_taken_back_needs_no_bill(hub_database: Database) -> None:
    back(pay("P1", "88.00"))
    assert unproven() == []


def test_bad_answers_post_nothing(hub_database: Database) -> None:
    taken(bill(row("P1", "88.00")))
    [one] = differences()
    with pytest.raises(RequestInvalid):
        put_right(one, reason=" ")
    with pytest.raises(PostingRefused, match="no account"):
        put_right(one, "9999")
    with pytest.raises(NotFound):
        put_right(one._replace(id=99))
    change("UPDATE closed_through SET day = ?", (TODAY,))
    with pytest.raises(PostingRefused, match="closed"):
        put_right(one)
    assert (balances(), len(differences())) == ({}, 1)


def test_many_who_resolve_one_difference_post_it_once(hub_database: Database) -> None:
    taken(bill(row("P1", "88.00")))
    [one] = differences()
    told = at_once(6, lambda _: put_right(one))
    assert sum(isinstance(answer, DifferenceView) for answer in told) == 1, told
    assert sum(isinstance(answer, Conflict) for answer in told) == 5, told
    assert balances() == {"1010.web": 8800, "2010": -8800}


def test_what_was_posted_in_the_meantime_is_not_posted_again(hub_database: Database) -> None:
    taken(bill(row("P1", "88.00")))
    [one] = differences()
    pay("P1", "88.00")
    assert put_right(one).state == "proven"
    assert balances() == {"1010.web": 8800, "2010": -8800}
    assert (differences(), unproven()) == ([], [])


def test_who_resolves_a_figure_that_has_changed_is_shown_the_new_one(
    hub_database: Database,
) -> None:
    taken(bill(row("P1", "88.00")))
    [one] = differences()
    pay("P1", "80.00")
    with pytest.raises(Conflict, match=r"8\.00"):
        put_right(one)
    [again] = differences()
    assert (again.kind, again.amount) == (Kind.AMOUNT, yuan("8.00"))
    put_right(again)
    assert balances()["1010.web"] == 8800
    assert_every_line_is_proven_to_the_fen()


def test_what_was_taken_back_proves_nothing(hub_database: Database) -> None:
    back(pay("P1", "88.00"))
    taken(bill(row("P1", "88.00")))
    assert [(one.kind, one.number) for one in differences()] == [(Kind.NOT_IN_BOOKS, "P1")]


def test_what_is_taken_back_after_its_bill_is_unproven_again(hub_database: Database) -> None:
    journal = pay("P1", "88.00")
    taken(bill(row("P1", "88.00")))
    back(journal)
    assert [(one.ref, one.amount) for one in unproven()] == [("P1", yuan("-88.00"))]


def test_a_batch_that_does_not_add_up_differs_by_the_rest_of_all_its_entries(
    hub_database: Database,
) -> None:
    for txn, amount in (("1", "1.00"), ("2", "2.00"), ("3", "3.00")):
        pay("B1", amount, txn=txn)
    taken(bill(row("B1", "6.50")))
    [one] = differences()
    assert (one.kind, one.amount) == (Kind.AMOUNT, yuan("0.50"))
    put_right(one, "4050")
    assert unproven() == []
    assert_every_line_is_proven_to_the_fen()


@pytest.mark.parametrize("account", ["1010.web", "1920"])
def test_a_difference_does_not_belong_where_it_comes_from(
    hub_database: Database, account: str
) -> None:
    taken(bill(row("P1", "88.00")))
    with pytest.raises(RequestInvalid, match="another account"):
        put_right(differences()[0], account)


def test_a_bill_may_still_come_until_that_of_the_next_day_is_there(
    hub_database: Database,
) -> None:
    pay("P1", "88.00")
    taken(bill())
    take(bill(), DAY + dt.timedelta(days=2), BY)
    assert [one.has_bill for one in unproven()] == [False]


def test_a_bill_in_another_money_than_the_account_is_refused(hub_database: Database) -> None:
    pay("P1", "88.00")
    dollars = replace(row("P2", "1.00"), gross=Money(100, "USD"))
    with pytest.raises(Conflict, match="USD"):
        taken(bill(dollars))
    assert rows("SELECT count(*) FROM bill") == [(0,)]


@pytest.mark.parametrize(
    "sql",
    ["UPDATE bill_file SET raw = sha256", "DELETE FROM bill_file",
     "UPDATE bill SET closing = 1, opening = 1", "DELETE FROM bill",
     "UPDATE bill_line SET amount = 1",
     "DELETE FROM bill_line", "UPDATE proof SET n = 1", "DELETE FROM proof",
     "UPDATE difference SET state = 'open', closed_at_s = NULL, journal_id = NULL",
     "DELETE FROM difference"],
)  # fmt: skip
def test_what_was_proven_cannot_be_written_over(hub_database: Database, sql: str) -> None:
    pay("P1", "88.00")
    taken(bill(row("P1", "88.00"), row("P2", "2.00")))
    put_right(differences()[0])
    with pytest.raises(peewee.DatabaseError, match="reconciliation: "):
        money_transaction(lambda: change(sql))


@pytest.mark.parametrize("name", CHANNELS)
def test_a_day_at_the_simulator_is_proven_line_by_line(
    channel: Served, sqlite_database: Database, name: str
) -> None:
    channels = channel.channels()
    money_in = channels.pay_in(name)
    for number, amount in (("PAY0000001", "88.00"), ("PAY0000002", "12.34")):
        money_in.create(a_payment(number, amount))
        channel.pay(name, number)
    money_in.refund(a_refund())
    known = money_in.query("PAY0000001")
    heard = rules.paid(name, known.channel_number, "PAY0000001", yuan("88.00"), TODAY, "test")
    asked = rules.refund_before_delivery(
        "BACK000001", "PAY0000001", name, yuan("8.00"), TODAY, "test"
    )
    back = rules.refund_confirmed("BACK000001", name, yuan("8.00"), TODAY, "test")
    money_transaction(lambda: [post(one, b.NOW_S) for one in (heard, asked, back)])
    channel.forward(DAY_S)
    told = take(channels.bills(name), DAY, BY)
    assert (told.lines, told.proven, told.differing) == (3, 2, 1)
    [one] = differences()
    assert (one.kind, one.number, one.amount) == (Kind.NOT_IN_BOOKS, "PAY0000002", yuan("12.34"))
    put_right(one)
    assert unproven() == []
    assert_every_line_is_proven_to_the_fen()
