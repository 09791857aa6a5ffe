"""Business days, as the ledger counts them: whole numbers yyyymmdd. Pure."""

from __future__ import annotations

import calendar
import datetime as dt
from zoneinfo import ZoneInfo


def business_day(at_s: int, timezone: str) -> int:
    """Return the day, yyyymmdd, that a moment lies in where the shop is."""
    return int(dt.datetime.fromtimestamp(at_s, ZoneInfo(timezone)).strftime("%Y%m%d"))


def first_moment_s(day: int, timezone: str) -> int:
    """Return when a business day begins where the shop is, Unix seconds.

    Raises:
        ValueError: there is no such day.
    """
    return int(dt.datetime.combine(date_of(day), dt.time(), ZoneInfo(timezone)).timestamp())


def day_after(day: int) -> int:
    """Return the next day.

    Raises:
        ValueError: there is no such day.
    """
    return int((date_of(day) + dt.timedelta(days=1)).strftime("%Y%m%d"))


def last_day_of(month: int) -> int:
    """Return the last day of a month, yyyymm.

    Raises:
        ValueError: there is no such month.
    """
    first = date_of(month * 100 + 1)
    return month * 100 + calendar.monthrange(first.year, first.month)[1]


def is_day(day: int) -> bool:
    """Say whether there is such a day, and the ledger can keep it."""
    try:
        return date_of(day).year >= 2000
    except ValueError:
        return False


def date_of(day: int) -> dt.date:
    """Return a business day as a date.

    Raises:
        ValueError: there is no such day.
    """
    return dt.date(day // 10000, day // 100 % 100, day % 100)
