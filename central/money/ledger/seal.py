"""Seals what was posted, and rolls hot accounts up; on PostgreSQL, some seconds afterwards.

On SQLite there is one writer, who seals each journal as he writes it, and no account is hot. On
PostgreSQL a chain in the writers' own transactions would let one of them in at a time, so it is
made behind them. Seals are in the order of the journals' numbers, without a gap that could still
be filled: every writer holds ``WRITERS`` shared from before it takes a number until it commits, and
whoever gets it alone for a moment knows that all numbers that were taken are either there or never
will be. So a journal that turns up among sealed ones was not written by us.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

import peewee

from central.foundation.db.engine import HUB, change, is_sqlite, posting_transaction, rows
from central.money.ledger.chain import GENESIS, Head, SealedEntry, journal_hash

log = logging.getLogger(__name__)

WRITERS = 0x7EA20FE
"""Key of the advisory lock that writers of the ledger share."""
_SEALERS = 0x7EA20FD
"""Key of the advisory lock that lets one node seal at a time."""
JOURNALS_PER_ROUND = 1000
INTERVAL_S = 5.0

HEAD = "id, idem, req_hash, kind, ref, phase, pending_id, reverses_id, effective, at_s, actor, memo"
"""Columns of a journal, as ``chain.Head`` has them."""


class Settled(NamedTuple):
    """The newest numbers behind which nothing can turn up any more."""

    journal_id: int
    entry_id: int


class Sealed(NamedTuple):
    """The newest seal."""

    journal_id: int
    hash: bytes


def newest_seal() -> Sealed:
    """Return the newest seal; of an empty chain, what stands before the first journal."""
    found = rows("SELECT journal_id, hash FROM seal ORDER BY journal_id DESC LIMIT 1")
    return Sealed(int(found[0][0]), bytes(found[0][1])) if found else Sealed(0, GENESIS)


def settle_writers() -> Settled:
    """Wait until every writer of this moment has ended; return how far all is settled.

    Call it in a transaction. New writers wait until that ends, so let it be a short one.
    """
    if not is_sqlite(HUB.obj):
        rows("SELECT pg_advisory_xact_lock(?)", (WRITERS,))
    # A statement of its own: what it sees is of a moment after the lock was got.
    [(journal_id, entry_id)] = rows(
        "SELECT (SELECT coalesce(max(id), 0) FROM journal),"
        " (SELECT coalesce(max(id), 0) FROM entry)"
    )
    return Settled(int(journal_id), int(entry_id))


def seal_new() -> int:
    """Seal and roll up all that is settled; return how many journals were sealed.

    Call it outside of a transaction.
    """
    if is_sqlite(HUB.obj):
        return 0
    settled = posting_transaction(settle_writers)
    sealed = 0
    while True:
        in_round = posting_transaction(lambda: _seal_some(settled.journal_id))
        sealed += in_round
        if in_round < JOURNALS_PER_ROUND:
            break
    posting_transaction(lambda: roll_up(settled.entry_id))
    return sealed


def seal_through(journal_id: int) -> None:
    """Seal all journals up to one, in the transaction of the caller, who has settled the writers.

    One who seals already is waited for.
    """
    if is_sqlite(HUB.obj):
        return
    rows("SELECT pg_advisory_xact_lock(?)", (_SEALERS,))
    while _write_seals(journal_id) == JOURNALS_PER_ROUND:
        pass


def _seal_some(through: int) -> int:
    [(is_alone,)] = rows("SELECT pg_try_advisory_xact_lock(?)", (_SEALERS,))
    return _write_seals(through) if is_alone else 0


def _write_seals(through: int) -> int:
    before, prev = newest_seal()
    heads = [
        Head(*row)
        for row in rows(
            f"SELECT {HEAD} FROM journal WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
            (before, through, JOURNALS_PER_ROUND),
        )
    ]
    if not heads:
        return 0
    entries = entries_of(heads[0].id, heads[-1].id)
    values: list[object] = []
    for head in heads:
        digest = journal_hash(prev, head, entries.get(head.id, []))
        values += [head.id, prev, digest]
        prev = digest
    marks = ", ".join(["(?, ?, ?)"] * len(heads))
    change(f"INSERT INTO seal (journal_id, prev, hash) VALUES {marks}", tuple(values))
    return len(heads)


def entries_of(first: int, last: int) -> dict[int, list[SealedEntry]]:
    """Return the entries of the journals of these numbers, in the order they were written."""
    found: dict[int, list[SealedEntry]] = {}
    for journal_id, *entry in rows(
        "SELECT journal_id, code, currency, layer, side, amount FROM entry"
        " JOIN account ON account.id = account_id WHERE journal_id BETWEEN ? AND ?"
        " ORDER BY journal_id, entry.id",
        (first, last),
    ):
        found.setdefault(journal_id, []).append((*entry,))
    return found


def roll_up(through: int) -> None:
    """Add what was posted to hot accounts, up to this entry, to their totals.

    Call it in a transaction of its own.
    """
    if is_sqlite(HUB.obj):
        return
    rows("SELECT pg_advisory_xact_lock(?)", (_SEALERS,))
    change(
        "UPDATE account SET d = account.d + tail.d, c = account.c + tail.c, rolled = ?"
        " FROM (SELECT a.id,"
        " (SELECT coalesce(sum(amount), 0) FROM entry WHERE account_id = a.id AND layer = 1"
        " AND side = 1 AND entry.id > a.rolled AND entry.id <= ?) AS d,"
        " (SELECT coalesce(sum(amount), 0) FROM entry WHERE account_id = a.id AND layer = 1"
        " AND side = -1 AND entry.id > a.rolled AND entry.id <= ?) AS c"
        " FROM account a WHERE a.hot AND a.rolled < ?) AS tail"
        " WHERE account.id = tail.id AND (tail.d > 0 OR tail.c > 0)",
        (through, through, through, through),
    )


class Sealer:
    """Seals every few seconds, in a thread of its own. On SQLite there is nothing for it to do.

    Args:
        interval_s: From the end of one round to the beginning of the next.
    """

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger sealer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the round that is going on."""
        self._stop.set()
        self._thread.join()

    def _run(self, work: Callable[[], int] = seal_new) -> None:
        while not self._stop.wait(self._interval_s):
            try:
                work()
            except peewee.DatabaseError:
                # What is not sealed now is sealed in the next round.
                log.exception("sealing was put off")
