"""Every morning the bills are there, or it is said which are not; what differs is an alert."""

from __future__ import annotations

from central.foundation.jobs.alerts import alerts
from central.money.ledger.days import business_day
from central.money.reconciliation.daily import take_all
from central.money.reconciliation.model import By
from tests.central.builders import ZONE, Database
from tests.central.channel import CHANNELS, WECHAT, Served, a_payment

DAY_S = 86400


def a_morning(channel: Served) -> By:
    at_s = channel.clock() + DAY_S
    channel.forward(DAY_S)
    return By(at_s, business_day(at_s, ZONE), "clock")


def test_what_the_books_do_not_have_is_an_alert_until_it_is_resolved(
    sqlite_database: Database, channel: Served
) -> None:
    channels = channel.channels()
    channels.pay_in(WECHAT).create(a_payment())
    channel.pay(WECHAT, "PAY0000001")
    done = take_all(channels, a_morning(channel))
    assert done.problems == []
    assert done.bills == 3 * (4 + 2)  # three days; WeChat Pay gives four, Alipay two
    assert done.open > 0
    assert {(alert.kind, alert.subject) for alert in alerts()} >= {
        ("bill-differs", "1010.wechat-pay")
    }


def test_a_bill_that_is_broken_is_said_and_asked_for_again(
    sqlite_database: Database, channel: Served
) -> None:
    channels = channel.channels()
    channels.pay_in(WECHAT).create(a_payment())
    channel.pay(WECHAT, "PAY0000001")
    morning = a_morning(channel)
    channel.let("bill-cut")
    done = take_all(channels, morning)
    assert done.problems
    assert all(problem.startswith(tuple(CHANNELS)) for problem in done.problems)
    assert take_all(channels, morning).problems == []


def test_a_hub_without_channels_has_nothing_to_take(sqlite_database: Database) -> None:
    from central.money.channels.gather import Channels  # noqa: PLC0415

    assert take_all(Channels(), By(0, 20260411, "clock")) == (0, 0, [])
