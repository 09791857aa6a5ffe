"""Walks the whole chain again: used by doctor and by tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from edge.contract.journal_entry import GENESIS, JournalEntry, entry_hash
from edge.contract.signed import MessageInvalid
from edge.db import Store


class Finding(NamedTuple):
    """One thing that does not hold. ``seq`` 0 stands for the whole epoch."""

    epoch: int
    seq: int
    what: str


def audit(store: Store) -> tuple[int, list[Finding]]:
    """Return how many entries were read, and what does not hold about them."""
    with store.reading():
        return audit_rows(store.rows)


def audit_rows(rows: Callable[[str], Iterable[tuple[Any, ...]]]) -> tuple[int, list[Finding]]:
    """The same for any connection.

    Checked of each entry: its bytes give its hash, it bears the hash of the one before, numbers
    have no hole, and the columns say what the bytes say.

    Args:
        rows: Runs a statement and returns its rows.
    """
    count, findings = 0, list[Finding]()
    expected: tuple[int, int, bytes] = (0, 1, GENESIS)
    for epoch, seq, digest, raw, *columns in rows(_EVERYTHING):
        count += 1
        if epoch != expected[0]:
            expected = (epoch, 1, GENESIS)
        what = _fault(expected, epoch, digest, raw, [seq, *columns])
        if what:
            findings.append(Finding(epoch, seq, what))
        expected = (epoch, seq + 1, digest)
    return count, findings


_EVERYTHING = (
    "SELECT epoch, seq, hash, entry, kind, voucher_id, amount, wall_s, mode, code_step, reason,"
    " request FROM journal ORDER BY epoch, seq"
)


def _fault(
    expected: tuple[int, int, bytes], epoch: int, digest: bytes, raw: bytes, columns: list[Any]
) -> str:
    """Return what does not hold about one entry, or nothing."""
    if type(raw) is not bytes or entry_hash(raw) != digest:
        return "the entry does not give its hash"
    try:
        entry = JournalEntry.decode(raw)
    except MessageInvalid as exc:
        return str(exc)
    if columns[0] != expected[1]:
        return f"number {expected[1]} is missing"
    if entry.prev != expected[2]:
        return "it does not follow the entry before it"
    told = [
        entry.epoch, entry.seq, entry.kind, entry.voucher_id, entry.amount, entry.wall_s,
        entry.mode, entry.code_step, entry.reason, entry.request,
    ]  # fmt: skip
    return "" if told == [epoch, *columns] else "the columns say something else"
