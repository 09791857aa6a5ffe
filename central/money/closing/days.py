"""Which days are open, and what is missing before each of them can be closed. Only reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.money.closing.waivers import Waiver, waivers
from central.money.ledger.closes import closed_through
from central.money.ledger.days import day_after, last_day_of
from central.money.reconciliation.settle import Standing, standing
from central.money.reconciliation.unproven import BALANCE, CLEARING

LACKS = {
    Standing.NO_BILL: "lacks-bill",
    Standing.NO_MOVEMENTS: "lacks-movements",
    Standing.DIFFERS: "lacks-agreement",
    Standing.FEES_DIFFER: "lacks-fees",
    Standing.READY: "lacks-posting",
}
"""What is said of a channel's day that is not settled; sentences of ``SAYINGS``."""


class ChannelDay(NamedTuple):
    """How far a channel's bills of a day are.

    Args:
        waiver: Why the day may be closed without them.
    """

    channel: str
    standing: Standing
    waiver: Waiver | None

    @property
    def is_missing(self) -> bool:
        """Whether the day waits for it."""
        return self.standing is not Standing.SETTLED and self.waiver is None


class OpenDay(NamedTuple):
    """A business day that is over and not closed."""

    day: int
    channels: tuple[ChannelDay, ...]

    @property
    def missing(self) -> tuple[ChannelDay, ...]:
        """What it waits for."""
        return tuple(one for one in self.channels if one.is_missing)

    @property
    def ends_month(self) -> bool:
        """Whether its month is closed with it."""
        return self.day == last_day_of(self.day // 100)

    @property
    def said(self) -> str:
        """What it waits for, in words."""
        said = ""
        for one in reversed(self.missing):
            lacks = Saying("about", subject=one.channel, what=Saying(LACKS[one.standing]))
            said = Saying("and-also", first=lacks, rest=said) if said else lacks
        return said


def first_open() -> int | None:
    """Return the oldest day that is not closed; None as long as nothing was ever posted."""
    closed = closed_through()
    if closed:
        return day_after(closed)
    [(first,)] = rows("SELECT min(effective) FROM journal")
    return None if first is None else int(first)


def open_days(with_bills: Collection[str], today: int) -> Iterator[OpenDay]:
    """Return the days that are over and not closed, the oldest first.

    A day waits for the bills of a channel that gives some, if anything moved there on it or bills
    were taken before; and for the settlement of whatever bill was taken, in use or not.

    Args:
        with_bills: Channels in use that give bills.
        today: The business day that is going on.
    """
    day = first_open()
    if day is None or day >= today:
        return
    moved = _moved_since(day)
    billed = _billed_through(today)
    first_bill = {channel: min(days) for channel, days in billed.items()}
    excused = waivers(day)
    while day < today:
        waited_for = sorted(
            {channel for channel, days in billed.items() if day in days}
            | {
                channel
                for channel in with_bills
                if (channel, day) in moved or first_bill.get(channel, today) <= day
            }
        )
        yield OpenDay(
            day,
            tuple(
                ChannelDay(channel, standing(channel, day), excused.get((day, channel)))
                for channel in waited_for
            ),
        )
        day = day_after(day)


def bills_missing(
    with_bills: Collection[str], today: int, limit: int = 100
) -> list[tuple[str, int]]:
    """Return the channels' days whose bills were not all taken, the newest first."""
    found = [
        (one.channel, open_day.day)
        for open_day in open_days(with_bills, today)
        for one in open_day.missing
        if one.standing in {Standing.NO_BILL, Standing.NO_MOVEMENTS}
    ]
    return found[: -limit - 1 : -1]


def _moved_since(day: int) -> set[tuple[str, int]]:
    """Return on which days payments, refunds and payouts moved with which channel."""
    return {
        (channel, int(effective))
        for channel, effective in rows(
            "SELECT DISTINCT substr(code, 6), effective FROM entry"
            " JOIN account ON account.id = account_id JOIN journal ON journal.id = journal_id"
            " WHERE substr(code, 1, 5) IN (?, ?) AND layer = 1 AND effective >= ?"
            # What bills brought on their own is posted when it is found.
            " AND kind NOT IN ('channel-settled', 'difference-found', 'difference-explained',"
            " 'brought-in')",
            (CLEARING, BALANCE, day),
        )
    }


def _billed_through(day: int) -> dict[str, set[int]]:
    """Return of which days bills were taken, by channel."""
    found: dict[str, set[int]] = {}
    for channel, of_day in rows(
        "SELECT DISTINCT substr(account, 6), day FROM bill WHERE kind IN ('trade', 'flow')"
        " AND day <= ?",
        (day,),
    ):
        found.setdefault(channel, set()).add(int(of_day))
    return found
