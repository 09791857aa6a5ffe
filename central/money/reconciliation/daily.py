"""The day's work of reconciliation: take every channel's bills, match, tell, and settle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple

from central.errors import HubError
from central.foundation.db.engine import reading, rows
from central.foundation.jobs import alerts
from central.foundation.language.said import Saying, why
from central.money.channels.gather import Channels
from central.money.ledger.days import date_of
from central.money.reconciliation.model import By
from central.money.reconciliation.resolve import differences, match_everything
from central.money.reconciliation.settle import Standing, iso, settle, standing
from central.money.reconciliation.settled.waiting import WITHIN_DAYS
from central.money.reconciliation.take import take, take_flows
from central.money.reconciliation.unproven import BALANCE

ALERT = "bill-differs"
DAYS_BACK = 3
"""A bill that was not there yesterday, or was broken, is asked for again on so many days."""


class TakenAll(NamedTuple):
    """What a run has done.

    Args:
        bills: How many were there, taken now or before.
        open: Differences that are open after it.
        problems: Bills that could not be taken, and why; the newest day may still come.
    """

    bills: int
    open: int
    problems: list[str]


class SettledAll(NamedTuple):
    """What a run has settled.

    Args:
        days: How many days of channels.
        problems: Those whose two bills do not tell the same, or that failed, and why.
    """

    days: int
    problems: list[str]


def take_all(channels: Channels, by: By, missing: Collection[tuple[str, int]] = ()) -> TakenAll:
    """Take the bills of the last days of every channel that gives any. Again is harmless.

    What is open afterwards is an alert of its channel's account until it is resolved. Call it
    outside of a transaction.

    Args:
        missing: Channels and days of before that are asked for too.
    """
    today = date_of(by.day)
    taken, problems = 0, list[str]()
    for name in channels.with_bills:
        days = {today - dt.timedelta(days=back) for back in range(1, DAYS_BACK + 1)}
        days |= {date_of(day) for channel, day in missing if channel == name}
        for day in sorted(days):
            try:
                bills = channels.bills(name)
                taken += len([take(bills, day, by), *take_flows(bills, day, by)])
            except HubError as exc:
                problems.append(
                    Saying("bill-of-day", source=name, day=day.isoformat(), what=why(exc))
                )
    match_everything(by)
    by_account: dict[str, int] = {}
    for one in differences():
        by_account[one.account] = by_account.get(one.account, 0) + 1
    told: dict[str, str] = {
        account: Saying("differences-open", count=count) for account, count in by_account.items()
    }
    alerts.tell_all(ALERT, told, by.at_s)
    return TakenAll(taken, sum(by_account.values()), problems)


def settle_all(by: By) -> SettledAll:
    """Post what every day settles whose bills are all there and prove one another.

    What waits for a person is left: payments that differ are alerts of their own. Call it outside
    of a transaction.
    """
    first = int((date_of(by.day) - dt.timedelta(days=2 * WITHIN_DAYS)).strftime("%Y%m%d"))
    waiting = rows(
        "SELECT DISTINCT day, substr(account, 6) FROM bill WHERE kind = 'flow'"
        " AND substr(account, 1, 5) = ? AND day >= ? AND EXISTS (SELECT 1 FROM bill_line l"
        " WHERE l.bill_id = bill.id AND l.proves IS NULL) ORDER BY 1, 2",
        (BALANCE, first),
    )
    days, problems = 0, list[str]()
    for day, channel in waiting:
        found = reading(lambda day=day, channel=channel: standing(channel, day))  # type: ignore[misc]
        if found not in {Standing.READY, Standing.FEES_DIFFER}:
            continue
        try:
            settle(channel, day, by)
            days += 1
        except HubError as exc:
            problems.append(Saying("bill-of-day", source=channel, day=iso(day), what=why(exc)))
    return SettledAll(days, problems)
