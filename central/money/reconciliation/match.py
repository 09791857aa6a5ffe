"""Finds for every line of a bill the entry of our books that it proves. Pure.

Numbers decide, never amounts alone: two customers may pay the same on one day. Five passes, from
the surest to the least sure; what one has proven is out of reach of the next:

1. our number, and the amount;
2. the channel's number, and the amount;
3. the number of a refund, and the amount;
4. several entries under one number that come to the amount together: a batch;
5. the same again with the entries of the day before and after, for what fell on midnight.

A number that is found with another amount is a difference of its own, never a match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
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
    NEXT_DAY = "next-day"


class Kind(StrEnum):
    """How a bill and our books differ; the value stands in the database."""

    NOT_IN_BOOKS = "not-in-books"
    """长款: they have it, we do not: a message to us was lost."""
    NOT_IN_BILL = "not-in-bill"
    """短款: we have it, they do not."""
    AMOUNT = "amount-differs"
    DUPLICATE = "duplicate"
    """Theirs twice: the second line has the numbers of one that is proven."""


class Match(NamedTuple):
    """A line proves these entries."""

    n: int
    entries: tuple[int, ...]
    by: Pass


class Finding(NamedTuple):
    """A line of a bill that proves nothing.

    Args:
        minor: By how much the bill has more than our books; negative for less.
        entry: The entry of the same number, if only the amounts differ.
    """

    n: int
    kind: Kind
    minor: int
    entry: int | None = None


class Result(NamedTuple):
    """Every line of the bill is in one of the two, once."""

    matches: tuple[Match, ...]
    findings: tuple[Finding, ...]


_Key = Callable[[Line], str]
_PASSES: tuple[tuple[Pass, _Key], ...] = (
    (Pass.NUMBER, lambda line: "" if line.refund_number else line.number),
    (Pass.CHANNEL_NUMBER, lambda line: "" if line.refund_number else line.channel_number),
    (Pass.REFUND_NUMBER, lambda line: line.refund_number),
)


def match(lines: Sequence[Line], entries: Iterable[Entry], before: Iterable[Line] = ()) -> Result:
    """Match a bill with the entries that nothing has proven yet.

    Args:
        lines: All that are open, in the order of the bill.
        entries: Those of the bill's day and of the days beside it.
        before: Lines of the bill that have been dealt with.
    """
    every = list(entries)
    open_lines = {line.n: line for line in lines}
    left = {entry.id: entry for entry in every}
    matches: list[Match] = []

    def prove(line: Line, found: Sequence[Entry], by: Pass) -> None:
        matches.append(Match(line.n, tuple(entry.id for entry in found), by))
        del open_lines[line.n]
        for entry in found:
            del left[entry.id]

    for days in (0, 1):
        near = [entry for entry in every if abs(entry.days_off) == days]
        for by, key in _PASSES:
            known = _by((e for e in near if e.id in left), lambda e: e.names)
            for line in list(open_lines.values()):
                for entry in known.get(key(line), ()) if key(line) else ():
                    if entry.id in left and entry.minor == line.minor:
                        prove(line, [entry], Pass.NEXT_DAY if days else by)
                        break
        known = _by((e for e in near if e.id in left), lambda e: e.names)
        for line in list(open_lines.values()):
            together = [e for e in known.get(_own(line), ()) if e.id in left]
            if len(together) > 1 and sum(e.minor for e in together) == line.minor:
                prove(line, together, Pass.NEXT_DAY if days else Pass.BATCH)
    proven = {_numbers(line) for line in lines if line.n not in open_lines}
    proven.update(map(_numbers, before))
    return Result(tuple(matches), tuple(_why(list(open_lines.values()), proven, left)))


def _why(
    lines: Sequence[Line], proven: set[tuple[str, ...]], left: dict[int, Entry]
) -> Iterable[Finding]:
    known = _by(left.values(), lambda e: e.names)
    taken: set[int] = set()
    for line in lines:
        same = [e for key in _names(line) for e in known.get(key, ()) if e.id not in taken]
        # A refund does not differ from the payment it is of: it is another thing.
        same = [e for e in same if (e.minor < 0) == (line.minor < 0)]
        if same:
            taken.add(same[0].id)
            yield Finding(line.n, Kind.AMOUNT, line.minor - same[0].minor, same[0].id)
        elif _numbers(line) in proven:
            yield Finding(line.n, Kind.DUPLICATE, line.minor)
        else:
            proven.add(_numbers(line))
            yield Finding(line.n, Kind.NOT_IN_BOOKS, line.minor)


def _own(line: Line) -> str:
    return line.refund_number or line.number


def _names(line: Line) -> tuple[str, ...]:
    named = (line.refund_number,) if line.refund_number else (line.number, line.channel_number)
    return tuple(name for name in named if name)


def _numbers(line: Line) -> tuple[str, ...]:
    return (line.number, line.channel_number, line.refund_number)


def _by(
    entries: Iterable[Entry], keys: Callable[[Entry], Iterable[Hashable]]
) -> dict[Hashable, list[Entry]]:
    found: dict[Hashable, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda e: e.id):
        for key in keys(entry):
            found[key].append(entry)
    return found
