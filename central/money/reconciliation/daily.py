"""The day's work of reconciliation: take yesterday's bills of every channel, match, and tell."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from central.errors import HubError
from central.foundation.jobs import alerts
from central.money.channels.gather import Channels
from central.money.reconciliation.model import By
from central.money.reconciliation.resolve import differences, match_everything
from central.money.reconciliation.take import take, take_flows

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


def take_all(channels: Channels, by: By) -> TakenAll:
    """Take the bills of the last days of every channel that gives any. Again is harmless.

    What is open afterwards is an alert of its channel's account until it is resolved. Call it
    outside of a transaction.
    """
    today = dt.datetime.strptime(str(by.day), "%Y%m%d").date()  # noqa: DTZ007 - a business day
    taken, problems = 0, list[str]()
    for name in channels.with_bills:
        for back in range(DAYS_BACK, 0, -1):
            day = today - dt.timedelta(days=back)
            try:
                bills = channels.bills(name)
                taken += len([take(bills, day, by), *take_flows(bills, day, by)])
            except HubError as exc:
                problems.append(f"{name} {day:%Y-%m-%d}: {exc.detail or exc.title}")
    match_everything(by)
    by_account: dict[str, int] = {}
    for one in differences():
        by_account[one.account] = by_account.get(one.account, 0) + 1
    told = {account: f"{count} differences are open." for account, count in by_account.items()}
    alerts.tell_all(ALERT, told, by.at_s)
    return TakenAll(taken, sum(by_account.values()), problems)
