"""Finds for every line of a bill the entry of our books that it proves. Pure.

Numbers decide, never amounts alone: two customers may pay the same on one day. Six passes, from
the surest to the least sure; what one has proven is out of reach of the next:

1. our number, and the amount;
2. the channel's number, and the amount;
3. the number of a refund, and the amount;
4. several entries under one number that come to the amount together: a batch;
5. several lines under one number that come to its entries together: a payout and its fee;
6. the same again with the days before and after as well, for what fell on midnight.

A number that is found with another amount is a difference of its own, never a match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple


class Line(NamedTuple):
    """One line of a bill.

    Args:
        n: Its place in the bill, from 1.
        minor: By how much our account grows by it; a refund is negative.
    """

    n: int
    number: str
    channel_number: str
    refund_number: str
    minor: int


class Entry(NamedTuple):
    """One entry of our books on the account that the bill speaks of.

    Args:
        names: What its journal goes by: the order, and the last part of its key.
        days_off: Days between the bill's day and its own.
    """

    id: int
    names: frozenset[str]
    minor: int
    days_off: int = 0


class Pass(StrEnum):
    """What a proof rests on; the value stands in the database."""

    NUMBER = "number"
    CHANNEL_NUMBER = "channel-number"
    REFUND_NUMBER = "refund-number"
    BATCH = "batch"
    LINES = "lines"
    NEXT_DAY = "next-day"
    SETTLEMENT = "settlement"
    """Lines of a balance that one settlement of payments and refunds has taken together."""
    BY_HAND = "by-hand"
    """Somebody has said that they are the same, because no number says it."""


class Kind(StrEnum):
    """How a bill and our books differ; the value stands in the database."""

    NOT_IN_BOOKS = "not-in-books"
    """长款: they have it, we do not: a message to us was lost."""
    AMOUNT = "amount-differs"
    DUPLICATE = "duplicate"
    """Theirs twice: the second line has the numbers of one that is proven."""
    MISSING = "missing"
    """短款: we have it, and the bills of its day and of the next do not."""


class Match(NamedTuple):
    """A line proves these entries.

    Args:
        others: Lines that prove them together with it.
    """

    n: int
    entries: tuple[int, ...]
    by: Pass
    others: tuple[int, ...] = ()


class Finding(NamedTuple):
    """A line of a bill that proves nothing.

    Args:
        minor: By how much the bill has more than our books; negative for less.
        entries: Those of the same number, if only the amounts differ.
    """

    n: int
    kind: Kind
    minor: int
    entries: tuple[int, ...] = ()


class Result(NamedTuple):
    """Every line of the bill is in one of the two, once."""

    matches: tuple[Match, ...]
    findings: tuple[Finding, ...]


_Key = Callable[[Line], str]


def _number(line: Line) -> str:
    return "" if line.refund_number else line.number


def _channel_number(line: Line) -> str:
    return "" if line.refund_number else line.channel_number


def _refund_number(line: Line) -> str:
    return line.refund_number


_PASSES = (
    (Pass.NUMBER, _number),
    (Pass.CHANNEL_NUMBER, _channel_number),
    (Pass.REFUND_NUMBER, _refund_number),
)
_KEYS = (_channel_number, _number, _refund_number)
"""The most particular first: one order may be paid twice, each time under another number."""


def match(lines: Sequence[Line], entries: Iterable[Entry], before: Iterable[Line] = ()) -> Result:
    """Match a bill with the entries that nothing has proven yet.

    Args:
        lines: All that are open, in the order of the bill.
        entries: Those of the bill's day and of the days beside it.
        before: Lines of the bill that have been dealt with.
    """
    table = _Table(lines, entries)
    for by, key in _PASSES:
        table.one_to_one(key, by, days=0)
    table.batches(Pass.BATCH, days=0)
    table.lines_together(Pass.LINES, days=0)
    for _, key in _PASSES:
        table.one_to_one(key, Pass.NEXT_DAY, days=1)
    table.batches(Pass.NEXT_DAY, days=1)
    table.lines_together(Pass.NEXT_DAY, days=1)
    findings = table.findings(before)
    return Result(tuple(table.matches), tuple(findings))


class _Table:
    """What lies open on both sides while the passes go over it."""

    def __init__(self, lines: Sequence[Line], entries: Iterable[Entry]) -> None:
        self._every = lines
        self._lines = {line.n: line for line in lines}
        self._entries = {entry.id: entry for entry in sorted(entries, key=lambda e: e.id)}
        self._named: dict[str, list[Entry]] = defaultdict(list)
        for entry in self._entries.values():
            for name in entry.names:
                self._named[name].append(entry)
        self.matches: list[Match] = []

    def one_to_one(self, key: _Key, by: Pass, days: int) -> None:
        for line in list(self._lines.values()):
            same = (e for e in self._under(line, key, days) if e.minor == line.minor)
            if (entry := next(same, None)) is not None:
                self._prove(line, [entry], by)

    def batches(self, by: Pass, days: int) -> None:
        for line in list(self._lines.values()):
            for key in _KEYS:
                together = self._under(line, key, days)
                if len(together) > 1 and _sum(together) == line.minor:
                    self._prove(line, together, by)
                    break

    def lines_together(self, by: Pass, days: int) -> None:
        for key in _KEYS:
            groups: dict[str, list[Line]] = defaultdict(list)
            for line in self._lines.values():
                groups[key(line)].append(line)
            for number, group in groups.items():
                total = group[0]._replace(minor=sum(line.minor for line in group))
                found = self._under(total, key, days) if number and len(group) > 1 else []
                if found and _sum(found) == total.minor:
                    self._prove(group[0], found, by, group[1:])

    def findings(self, before: Iterable[Line]) -> list[Finding]:
        """Say of each line that is left why it proves nothing."""
        known = {_numbers(line) for line in self._every if line.n not in self._lines}
        known.update(map(_numbers, before))
        found = []
        for line in list(self._lines.values()):
            same = next(filter(None, (self._under(line, key, 1) for key in _KEYS)), [])
            rest = line.minor - _sum(same)
            if not rest:  # a line of nothing, or exactly what the lines before it have left
                self._prove(line, same, Pass.BATCH)
                continue
            kind = Kind.DUPLICATE if _numbers(line) in known else Kind.NOT_IN_BOOKS
            ids = tuple(entry.id for entry in same)
            found.append(Finding(line.n, Kind.AMOUNT if same else kind, rest, ids))
            self._take(same)
            known.add(_numbers(line))
        return found

    def _under(self, line: Line, key: _Key, days: int) -> list[Entry]:
        """Return the open entries of a line's number; a refund is not the payment it is of."""
        return [
            entry
            for entry in self._named.get(key(line), ())
            if entry.id in self._entries
            and abs(entry.days_off) <= days
            and (entry.minor < 0) == (line.minor < 0)
        ]

    def _prove(
        self, line: Line, found: Sequence[Entry], by: Pass, others: Sequence[Line] = ()
    ) -> None:
        entries = tuple(entry.id for entry in found)
        self.matches.append(Match(line.n, entries, by, tuple(other.n for other in others)))
        for one in (line, *others):
            del self._lines[one.n]
        self._take(found)

    def _take(self, found: Sequence[Entry]) -> None:
        for entry in found:
            del self._entries[entry.id]


def _sum(entries: Iterable[Entry]) -> int:
    return sum(entry.minor for entry in entries)


def _numbers(line: Line) -> tuple[str, ...]:
    return (line.number, line.channel_number, line.refund_number)
