"""Reads a supplier's statement of a day, and proves it against itself.

It is believed whole or not at all: as many lines as it says there are, coming to what it says they
come to, each of that day, in a state that we know, and none twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from central.foundation.language.said import Saying
from central.supply.suppliers.adapters.access import Reply, at, price, word
from central.supply.suppliers.model import e4_text
from central.supply.suppliers.ports import (
    Statement,
    StatementBroken,
    StatementLine,
    SupplierSilent,
)

PAGES_MAX = 500
LINES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands in a protocol's answer.

    Args:
        items: The list of lines.
        count: How many lines the whole day has, on every page.
        sum: What was charged less what was given back; empty if it does not say.
        time: When a line was; it begins with the day, as ISO 8601 writes it.
        charged: States in which money was taken; ``given``: in which it came back; ``ignored``:
            in which nothing moved.
        currency: Empty if it does not say.
    """

    items: str
    count: str
    our_number: str
    their_number: str
    amount: str
    state: str
    time: str
    charged: frozenset[str]
    given: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    sum: str = ""
    currency: str = ""
    pages: bool = False


def collect(page_of: Callable[[int], Reply], layout: Layout, day: dt.date) -> Statement:
    """Fetch all pages of a day.

    Args:
        page_of: Asks for a page, counted from 1.

    Raises:
        SupplierSilent: there is no answer that can be relied on.
        StatementBroken: it does not hold together; the bytes that came are with it.
    """
    raws: list[bytes] = []
    items: list[Any] = []
    first: Reply | None = None
    for page in range(1, PAGES_MAX + 1):
        reply = page_of(page)
        raws.append(reply.raw)
        found = at(reply.body, layout.items)
        if not isinstance(found, list):
            raise SupplierSilent("garbage")
        first = first or reply
        items += found
        if not layout.pages or not found or len(items) >= min(_count(reply, layout), LINES_MAX):
            break
    raw = b"\n".join(raws)
    assert first is not None, "a page was asked for"
    try:
        return Statement(raw, _proven(items, first, layout, day))
    except StatementBroken as exc:
        raise StatementBroken(exc.said, raw) from None


def _count(reply: Reply, layout: Layout) -> int:
    found = word(at(reply.body, layout.count))
    if not (found.isascii() and found.isdecimal() and len(found) < 8):
        raise SupplierSilent("no-count")
    return int(found)


def _proven(
    items: list[Any], first: Reply, layout: Layout, day: dt.date
) -> tuple[StatementLine, ...]:
    wanted = _count(first, layout)
    if len(items) != wanted:
        raise StatementBroken(Saying("statement-cut", there=len(items), wanted=wanted))
    lines: list[StatementLine] = []
    seen: set[tuple[str, str]] = set()
    for place, item in enumerate(items, 1):
        fault, line = _line(item, layout, day)
        if fault is None and line is not None:
            key = (line.their_number, word(at(item, layout.state)))
            if key in seen:
                fault = Saying("statement-line-twice", number=line.their_number)
            seen.add(key)
            lines.append(line)
        if fault is not None:
            raise StatementBroken(Saying("line", line=place, what=fault))
    if layout.sum:
        total_e4 = -sum(line.change_e4 for line in lines)
        said = word(at(first.body, layout.sum))
        if price(said.removeprefix("-")) != abs(total_e4) or said.startswith("-") != (total_e4 < 0):
            figures = {"there": _signed(total_e4), "wanted": said or "–"}
            raise StatementBroken(Saying("statement-wrong-sum", **figures))
    return tuple(lines)


def _line(
    item: Any, layout: Layout, day: dt.date
) -> tuple[Saying, None] | tuple[None, StatementLine | None]:
    """Return what is wrong with a line; or the line, None if nothing moved."""
    state, when = word(at(item, layout.state)), word(at(item, layout.time))
    amount_e4 = price(at(item, layout.amount))
    ours, theirs = (word(at(item, name)) for name in (layout.our_number, layout.their_number))
    if not theirs:
        return Saying("row-no-number"), None
    if when[:10] != day.isoformat():
        return Saying("statement-line-day", day=when[:10] or "–"), None
    if amount_e4 is None:
        return Saying("row-no-amount"), None
    if state in layout.ignored:
        return None, None
    if state not in layout.charged | layout.given:
        return Saying("statement-line-state", state=state[:40] or "–"), None
    change_e4 = amount_e4 if state in layout.given else -amount_e4
    currency = word(at(item, layout.currency)) if layout.currency else ""
    return None, StatementLine(ours, theirs, change_e4, currency)


def _signed(e4: int) -> str:
    return f"-{e4_text(-e4)}" if e4 < 0 else e4_text(e4)
