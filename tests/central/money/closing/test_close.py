"""A day is closed once its bills are settled, by the clock or by a person, or a person says why."""

from __future__ import annotations

from typing import Any

import peewee
import pytest

from central.errors import Conflict, RequestInvalid
from central.foundation.db.engine import change, money_transaction, reading, rows
from central.money.channels.model import FundAccount
from central.money.closing.close import close_day, close_due, close_month
from central.money.closing.days import OpenDay, bills_missing, open_days
from central.money.closing.waivers import waive
from central.money.ledger import rules
from central.money.ledger.closes import closed_through
from central.money.reconciliation.daily import settle_all
from central.money.reconciliation.model import By
from central.money.reconciliation.settle import Standing
from central.money.reconciliation.take import take
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, an_app, as_person, fill_in
from tests.central.channel import yuan
from tests.central.money.reconciliation.bills import (
    DAY,
    NEXT,
    TODAY,
    WEB,
    Channel,
    booked,
    paid,
    pay,
    take_both,
)

WITH_BILLS = [WEB]
BASIC = FundAccount.BASIC
CLOCK = By(b.NOW_S, TODAY + 2, "clock")
PAGE = "/closing"


def a_channel() -> Channel:
    """Two days: one payment on the first, nothing on the second."""
    return Channel(
        {DAY: (paid("P1", "88.00", 52_800),)},
        {(DAY, BASIC): [("P1", "88.00"), ("P1", "-0.53")]},
    )


def days() -> list[OpenDay]:
    return reading(lambda: list(open_days(WITH_BILLS, CLOCK.day)))


def standings_of(day: OpenDay) -> list[tuple[str, Standing]]:
    return [(one.channel, one.standing) for one in day.channels]


def test_a_day_waits_for_its_bills_and_for_what_they_settle(hub_database: Database) -> None:
    assert days() == []
    pay("P1", "88.00")
    first, second = days()
    assert standings_of(first) == [(WEB, Standing.NO_BILL)]
    assert (first.day, second.day, second.channels) == (TODAY, TODAY + 1, ())
    assert reading(lambda: bills_missing(WITH_BILLS, CLOCK.day)) == [(WEB, TODAY)]
    with pytest.raises(Conflict, match="20260411 cannot be closed: web: its bill of payments"):
        close_day(TODAY + 1, CLOCK, WITH_BILLS)
    take(a_channel(), DAY, CLOCK)
    assert standings_of(days()[0]) == [(WEB, Standing.NO_MOVEMENTS)]
    take_both(a_channel())
    first, second = days()
    assert standings_of(first) == [(WEB, Standing.READY)]
    assert standings_of(second) == [(WEB, Standing.NO_BILL)], "it gives bills by now"
    assert close_due(CLOCK, WITH_BILLS).closes == []
    assert settle_all(CLOCK) == (1, [])
    assert settle_all(CLOCK) == (0, [])
    done = close_due(CLOCK, WITH_BILLS)
    assert [close.day for close in done.closes] == [TODAY]
    assert done.waits is not None
    assert done.waits.said == "web: its bill of payments was not taken"
    take_both(Channel(), NEXT)
    assert [close.day for close in close_due(CLOCK, WITH_BILLS).closes] == [TODAY + 1]
    assert close_due(CLOCK, WITH_BILLS) == ([], None)
    assert balances() == {"1020.web": 8747, "5030": 53, "2010": -8800}


def test_what_cannot_be_settled_is_told_and_keeps_the_day_open(hub_database: Database) -> None:
    """A payment that differs is a person's; other fees than the bill names are told at once."""
    channel = a_channel()
    take_both(channel)
    assert days() == []
    pay("P1", "87.00")
    take_both(channel)
    assert days()[0].channels[0].standing is Standing.DIFFERS
    assert settle_all(CLOCK) == (0, [])
    with pytest.raises(Conflict, match="payments differ from our books"):
        close_month(202604, CLOCK._replace(day=20260501), WITH_BILLS)


def test_bills_that_tell_different_fees_are_told(hub_database: Database) -> None:
    pay("P1", "88.00")
    channel = a_channel()
    channel.moved[DAY, BASIC][1] = ("P1", "-0.50")
    take_both(channel)
    assert days()[0].channels[0].standing is Standing.FEES_DIFFER
    done = settle_all(CLOCK)
    assert done.days == 0
    assert done.problems == [
        (
            "web 2026-04-11: The balance shows fees of"
            " 0.00, and the bill of payments names 0.52800. Ask the channel."
        )
    ]


def test_a_month_is_closed_after_its_last_day(hub_database: Database) -> None:
    booked(
        rules.paid("counter", "T1", "O1", yuan("10.00"), 20260130, "test"),
        rules.paid("counter", "T2", "O2", yuan("10.00"), 20260302, "test"),
    )
    done = close_due(CLOCK._replace(day=20260303), WITH_BILLS)
    assert [close.day for close in done.closes] == [20260131, 20260228, 20260302]
    assert done.waits is None


def test_a_person_says_why_a_day_does_not_wait(hub_database: Database) -> None:
    pay("P1", "88.00")
    person = CLOCK._replace(actor="li")
    for channel, day, reason, wrong in (
        (WEB, TODAY, " ", RequestInvalid),
        (WEB, CLOCK.day, "why", RequestInvalid),
        (WEB, 20260231, "why", RequestInvalid),
    ):
        with pytest.raises(wrong):
            waive(channel, day, reason, person)
    waive(WEB, TODAY, "it is out of business", person)
    with pytest.raises(Conflict, match="said so before"):
        waive(WEB, TODAY, "again", person)
    assert close_day(TODAY, person, WITH_BILLS).actor == "li"
    with pytest.raises(Conflict, match="closed already"):
        waive(WEB, TODAY, "late", person)
    for statement in ("UPDATE closing_waiver SET reason = 'x'", "DELETE FROM closing_waiver"):
        with pytest.raises(peewee.DatabaseError, match="what was said stays"):
            money_transaction(lambda statement=statement: change(statement))  # type: ignore[misc]
    # It comes after all, and counts on the first open day.
    take_both(a_channel())
    assert settle_all(CLOCK).days == 1
    assert "1010.web" not in balances()


@pytest.fixture
def client(sqlite_database: Database) -> Any:
    app = an_app(sqlite_database, lambda: b.NOW_S + 2 * 86400)
    pay("P1", "88.00")
    take_both(a_channel())
    return as_person(app, "finance")


def test_a_day_is_settled_and_closed_from_the_page(client: Any) -> None:
    page = client.get(PAGE).text
    assert all(word in page for word in ("No day is closed yet.", "to be posted", "Post it"))
    assert "Close through this day" not in page
    told = fill_in(client, f"{PAGE}/20260411", PAGE)
    assert told.location == PAGE
    assert "20260411 cannot be closed" in client.get(PAGE).text
    fill_in(client, f"{PAGE}/20260411/web/settlement", PAGE)
    page = client.get(PAGE).text
    assert "What the bills settle is posted." in page
    assert "Close through this day" in page
    fill_in(client, f"{PAGE}/20260411", PAGE)
    page = client.get(PAGE).text
    assert "The day is closed." in page
    assert rows("SELECT day, actor FROM day_close") == [(20260411, "finance 0")]


def test_what_is_not_waited_for_is_said_on_the_page(client: Any) -> None:
    fill_in(client, f"{PAGE}/20260411/web/waiver", PAGE, reason="their gate is down")
    assert "their gate is down (finance 0)" in client.get(PAGE).text
    fill_in(client, f"{PAGE}/20260411/web/bills", PAGE)
    assert "is not in use here" in client.get(PAGE).text
    fill_in(client, f"{PAGE}/20260412", PAGE)
    assert closed_through() == 20260412
    assert fill_in(client, f"{PAGE}/20260499", PAGE).location == PAGE
    assert "There is no day 20260499" in client.get(PAGE).text


def test_who_only_reads_closes_nothing(client: Any, sqlite_database: Database) -> None:
    app = an_app(sqlite_database, lambda: b.NOW_S + 2 * 86400)
    viewer = as_person(app, "viewer")
    page = viewer.get(PAGE).text
    assert "to be posted" in page
    assert "<button" not in page.partition("<main")[2].partition("</main")[0]
    for path in ("", "/web/waiver", "/web/settlement", "/web/bills"):
        assert fill_in(viewer, f"{PAGE}/20260411{path}", PAGE).status_code == 403
    chinese = as_person(app, "finance", "zh-CN").get(PAGE).text
    assert all(word in chinese for word in ("结账", "待入账", "不等此账单"))
