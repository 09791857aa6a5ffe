"""Rule 2 from the bills: what has come into the balance leaves the clearing account, once."""

from __future__ import annotations

import datetime as dt

import pytest

from central.errors import Conflict, NotFound
from central.foundation.db.engine import rows
from central.money.channels.model import FundAccount
from central.money.ledger import rules
from central.money.ledger.audit import audit
from central.money.ledger.close import close_day
from central.money.reconciliation.match import Kind
from central.money.reconciliation.overview import standings
from central.money.reconciliation.resolve import Decision, differences, resolve
from central.money.reconciliation.settle import Settlement, settle, settlements
from central.money.reconciliation.take import Taken, take, take_flows
from central.money.reconciliation.unproven import unproven
from central.simulators.channel import buyer
from tests.central.books import balances
from tests.central.builders import Database, at_once
from tests.central.channel import (
    CHANNELS,
    DAY_S,
    WECHAT,
    Served,
    a_payment,
    a_payout,
    a_refund,
    yuan,
)
from tests.central.money.reconciliation.bills import (
    BY,
    DAY,
    NEXT,
    TODAY,
    WEB,
    Channel,
    assert_all_proofs_come_to_their_lines,
    booked,
    give_back,
    paid,
    pay,
    refunded,
    take_both,
)

BASIC = FundAccount.BASIC


def a_day() -> Channel:
    """Two payments, a refund of the first, each with its fee."""
    return Channel(
        {DAY: (paid("P1", "88.00", 52_800), paid("P2", "12.34", 7_404),
               refunded("P1", "-8.00", "R1", -4_800))},
        {(DAY, BASIC): [("P1", "88.00"), ("P1", "-0.53"), ("P2", "12.34"), ("P2", "-0.07"),
                        ("R1", "0.05"), ("R1", "-8.00")]},
    )  # fmt: skip


def in_the_books() -> None:
    pay("P1", "88.00")
    pay("P2", "12.34")
    give_back("R1", "8.00")


def test_a_day_leaves_the_clearing_account_at_zero(hub_database: Database) -> None:
    in_the_books()
    assert take_both(a_day()) == [Taken(1, 3, 3, 0), Taken(2, 6, 0, 0, 6)]
    [seen] = settlements(WEB, TODAY)
    assert seen == Settlement(
        WEB, TODAY, "BASIC", yuan("92.34"), yuan("91.79"), yuan("0.55"), 6, 0, "0.55404", ()
    )
    assert balances()["1010.web"] == 9234
    [done] = settle(WEB, TODAY, BY)
    assert (done.lines, len(done.journals)) == (0, 1)
    assert balances() == {"1020.web": 9179, "5030": 55, "2010": -9234}
    assert (differences(), unproven()) == ([], [])
    assert_all_proofs_come_to_their_lines()
    assert audit() == []


def test_settling_again_and_taking_again_posts_nothing(hub_database: Database) -> None:
    in_the_books()
    take_both(a_day())
    told = at_once(4, lambda _: settle(WEB, TODAY, BY))
    assert told == [told[0]] * 4
    assert take_both(a_day()) == [Taken(1, 3, 3, 0), Taken(2, 6, 6, 0)]
    assert rows("SELECT idem FROM journal WHERE kind = 'channel-settled'") == [
        ("settle:web:20260411",)
    ]


def test_more_refunds_than_payments_let_the_balance_fall(hub_database: Database) -> None:
    pay("P1", "88.00", TODAY - 3)
    give_back("R1", "8.00")
    take_both(
        Channel(
            {DAY: (refunded("P1", "-8.00", "R1", -4_800),)},
            {(DAY, BASIC): [("R1", "0.05"), ("R1", "-8.00")]}, 10_000,
        )
    )  # fmt: skip
    settle(WEB, TODAY, BY)
    assert balances() == {"1010.web": 8800, "1020.web": -795, "5030": -5, "2010": -8000}
    assert_all_proofs_come_to_their_lines()


def test_what_differs_is_resolved_before_it_is_settled(hub_database: Database) -> None:
    pay("P1", "88.00")
    give_back("R1", "8.00")
    take_both(a_day())
    assert [one.open for one in settlements(WEB, TODAY)] == [1]
    with pytest.raises(Conflict, match="1 of its payments"):
        settle(WEB, TODAY, BY)
    [one] = differences()
    resolve(one.id, Decision("2010", "their message was lost"), BY)
    settle(WEB, TODAY, BY)
    assert balances() == {"1020.web": 9179, "5030": 55, "2010": -9234}
    assert_all_proofs_come_to_their_lines()


def test_fees_that_the_two_bills_tell_otherwise_are_not_posted(hub_database: Database) -> None:
    in_the_books()
    channel = a_day()
    channel.moved[DAY, BASIC].pop(1)
    take_both(channel)
    with pytest.raises(Conflict, match=r"fees of 0\.02, and the bill of payments names 0\.55404"):
        settle(WEB, TODAY, BY)
    assert "1020.web" not in balances()


def test_what_came_over_midnight_is_settled_with_the_day_it_has_come(
    hub_database: Database,
) -> None:
    in_the_books()
    channel = a_day()
    late = channel.moved[DAY, BASIC][2:4]
    del channel.moved[DAY, BASIC][2:4]
    channel.moved[NEXT, BASIC] = late
    take_both(channel)
    settle(WEB, TODAY, BY)
    assert balances()["1010.web"] == 1234
    take(channel, NEXT, BY)
    channel.opening = 8800 - 53 - 800 + 5
    take_flows(channel, NEXT, BY)
    settle(WEB, TODAY + 1, BY)
    assert balances() == {"1020.web": 9179, "5030": 55, "2010": -9234}
    assert unproven() == []
    assert_all_proofs_come_to_their_lines()


def test_payouts_and_fees_that_leave_another_account_are_proven_there(
    hub_database: Database,
) -> None:
    """WeChat Pay keeps three accounts; our books keep one balance of them."""
    in_the_books()
    booked(rules.transferred("OUT7", "1020.web", "1030.main", yuan("30.00"), TODAY, "test"))
    channel = a_day()
    channel.accounts = tuple(FundAccount)
    channel.moved[DAY, FundAccount.FEES] = [channel.moved[DAY, BASIC].pop(1)]
    channel.moved[DAY, FundAccount.OPERATION] = [("OUT7", "-30.00")]
    channel.opening = 10_000
    told = take_both(channel)
    assert [(one.proven, one.differing, one.waiting) for one in told] == [
        (3, 0, 0), (0, 0, 5), (1, 0, 0), (0, 0, 1),
    ]  # fmt: skip
    settle(WEB, TODAY, BY)
    assert balances()["1020.web"] == 9179 - 3000
    assert [one for (one,) in rows("SELECT idem FROM journal WHERE kind = 'channel-settled'")] == [
        "settle:web:20260411", "settle:web:20260411:FEES",
    ]  # fmt: skip
    assert (differences(), unproven()) == ([], [])
    assert_all_proofs_come_to_their_lines()


def test_a_refund_that_our_books_took_from_the_balance_is_proven_on_both_bills(
    hub_database: Database,
) -> None:
    pay("P1", "88.00")
    pay("P2", "12.34")
    give_back("R1", "8.00", settled=True)
    channel = a_day()
    channel.moved[DAY, BASIC].pop(4)  # without the fee back
    trade, flow = take_both(channel)
    assert (trade.proven, trade.differing) == (3, 0)
    assert (flow.proven, flow.differing, flow.waiting) == (1, 0, 4)
    settle(WEB, TODAY, BY)
    assert balances() == {"1020.web": 10_034 - 60 - 800, "5030": 60, "2010": -9234}
    assert unproven() == []
    assert_all_proofs_come_to_their_lines()


def test_a_movement_that_nobody_has_in_the_books_differs(hub_database: Database) -> None:
    in_the_books()
    channel = a_day()
    channel.moved[DAY, BASIC].append(("WD1", "-50.00"))
    take_both(channel)
    [one] = differences()
    assert (one.account, one.kind, one.number, one.amount) == (
        "1020.web", Kind.NOT_IN_BOOKS, "WD1", yuan("-50.00"),
    )  # fmt: skip
    resolve(one.id, Decision("1030.main", "to the bank"), BY)
    settle(WEB, TODAY, BY)
    assert balances()["1030.main"] == 5000
    assert_all_proofs_come_to_their_lines()


def test_a_balance_that_does_not_go_on_where_it_ended_is_refused(hub_database: Database) -> None:
    channel = a_day()
    channel.moved[NEXT, BASIC] = [("WD1", "-50.00")]
    take_both(channel)
    channel.opening = 5000  # it ended with 91.79
    with pytest.raises(Conflict, match=r"begins with 50\.00, and by .* 2026-04-11 it is 91\.79"):
        take_both(channel, NEXT)
    after = NEXT + dt.timedelta(days=1)
    channel.moved[after, BASIC] = [("WD2", "-1.00")]
    take_both(channel, after)  # the day between is not there: nobody can say
    channel.opening = 9179
    with pytest.raises(Conflict, match=r"ends with 41\.79, and by .* 2026-04-13 it is 50\.00"):
        take_both(channel, NEXT)
    assert rows("SELECT count(*) FROM bill WHERE kind = 'flow'") == [(2,)]


def test_a_payment_that_came_with_another_amount_is_for_a_person_to_settle(
    hub_database: Database,
) -> None:
    """A coupon of the channel's: 8.00 of the 88.00 never come."""
    in_the_books()
    channel = a_day()
    channel.moved[DAY, BASIC][0] = ("P1", "80.00")
    _, flow = take_both(channel)
    take_both(Channel(opening=9179 - 800), NEXT)
    assert (flow.waiting, flow.differing) == (4, 2)
    settle(WEB, TODAY, BY)
    by_amount = {one.amount: one for one in differences()}
    resolve(by_amount[yuan("80.00")].id, Decision("1010.web", "with a coupon"), BY)
    resolve(by_amount[yuan("-0.53")].id, Decision("5030", "its fee"), BY)
    assert balances()["1010.web"] == 800
    assert (differences(), unproven()) == ([], [])
    assert_all_proofs_come_to_their_lines()


def test_movements_come_after_payments_and_not_before(hub_database: Database) -> None:
    with pytest.raises(Conflict, match="Take the bill of payments of web of 2026-04-11 first"):
        take_flows(a_day(), DAY, BY)
    with pytest.raises(NotFound):
        settlements(WEB, TODAY)


def test_what_is_settled_after_its_day_is_closed_counts_on_the_first_open_one(
    hub_database: Database,
) -> None:
    """It was refused for good: the day that was closed first never left the clearing account."""
    in_the_books()
    take_both(a_day())
    close_day(TODAY, BY.at_s, today=TODAY + 1, actor="test")
    [one] = settle(WEB, TODAY, BY)
    assert rows("SELECT effective, idem, memo FROM journal WHERE id = ?", one.journals) == [
        (TODAY + 1, f"settle:web:{TODAY}", f"of {TODAY}")
    ]
    assert "1010.web" not in balances()
    assert settle(WEB, TODAY, BY) == [one]
    [stands] = standings()
    assert (stands.day, stands.off) == (TODAY, yuan("0.00")), "it belongs to the bill's own day"
    assert audit() == []


def test_a_day_that_comes_to_nothing_is_settled_without_a_journal(hub_database: Database) -> None:
    pay("P1", "8.00")
    give_back("R1", "8.00")
    take_both(
        Channel(
            {DAY: (paid("P1", "8.00"), refunded("P1", "-8.00", "R1"))},
            {(DAY, BASIC): [("P1", "8.00"), ("R1", "-8.00")]},
        )
    )
    [one] = settle(WEB, TODAY, BY)
    assert (one.journals, one.lines) == ((), 0)
    assert balances() == {}
    assert take_both(a_day_of_nothing())[1].waiting == 0


def a_day_of_nothing() -> Channel:
    return Channel(
        {DAY: (paid("P1", "8.00"), refunded("P1", "-8.00", "R1"))},
        {(DAY, BASIC): [("P1", "8.00"), ("R1", "-8.00")]},
    )


@pytest.mark.parametrize("name", CHANNELS)
def test_a_day_at_the_simulator_ends_at_zero(
    channel: Served, sqlite_database: Database, name: str
) -> None:
    channels = channel.channels()
    money_in = channels.pay_in(name)
    for number, amount in (("PAY0000001", "88.00"), ("PAY0000002", "12.34")):
        money_in.create(a_payment(number, amount))
        channel.pay(name, number)
        txn = money_in.query(number).channel_number
        booked(rules.paid(name, txn, number, yuan(amount), TODAY, "test"))
    money_in.refund(a_refund())
    channels.payout(name).transfer(a_payout(name))
    if name == WECHAT:
        buyer.confirm(channel.world, "OUT0000001")
    booked(
        rules.refund_before_delivery("BACK000001", "PAY0000001", name, yuan("8.00"), TODAY, "t"),
        rules.refund_confirmed("BACK000001", name, yuan("8.00"), TODAY, "t"),
        rules.transferred("OUT0000001", f"1020.{name}", "1030.main", yuan("120.00"), TODAY, "t"),
    )
    channel.forward(DAY_S)
    bills = channels.bills(name)
    told = [take(bills, DAY, BY), *take_flows(bills, DAY, BY)]
    assert (differences(), sum(one.waiting for one in told)) == ([], 6)
    settle(name, TODAY, BY)
    assert balances() == {
        f"1020.{name}": 9179 - 12_000, "5030": 55, "2010": -9234, "1030.main": 12_000,
    }  # fmt: skip
    assert unproven() == []
    assert_all_proofs_come_to_their_lines()
    assert audit() == []
