"""Writes the ledger: ``post`` is the only way to move money, ``hold`` the only way to set it aside.

Each is called in the transaction of the event that it records, and each is done once per key.
Raw SQL: the ORM is ten times of what a posting costs, and the rules live in the schema anyway.
"""

from __future__ import annotations

from typing import NamedTuple

import peewee

from central.errors import KeyReused, PostingRefused
from central.foundation.db.engine import HUB, change, is_sqlite, rows
from central.money.ledger.balance import Balance, balance
from central.money.ledger.chain import GENESIS, Head, journal_hash
from central.money.ledger.chart import heading_of
from central.money.ledger.posting import Leg, Posting, check, mirrored
from central.money.ledger.seal import HEAD, WRITERS

__all__ = [
    "Balance",
    "Posted",
    "balance",
    "commit",
    "hold",
    "journal_id_of",
    "post",
    "reverse",
    "void",
]

POSTED, HELD = 1, 2
"""Layers: money that has moved, and money that is set aside."""


class Posted(NamedTuple):
    """A journal in the ledger; ``created`` is False if it was there already."""

    id: int
    created: bool


class _Entry(NamedTuple):
    layer: int
    leg: Leg


class _Role(NamedTuple):
    """What a journal is besides its posting."""

    phase: str = "posted"
    pending_id: int | None = None
    reverses_id: int | None = None


def post(posting: Posting, at_s: int, *, reverses_id: int | None = None) -> Posted:
    """Write a journal.

    The same key with the same request returns the journal that is there.

    Raises:
        KeyReused: the key is taken by another request.
        PostingRefused: unbalanced, overdrawn, a closed day, a closed account, mixed currencies.
    """
    entries = tuple(_Entry(POSTED, leg) for leg in posting.legs)
    return _once(posting, entries, _Role(reverses_id=reverses_id), posting.fingerprint(), at_s)


def hold(posting: Posting, at_s: int) -> Posted:
    """Set money aside: it is not available any more, and nothing has moved.

    Raises:
        KeyReused, PostingRefused: as ``post``.
    """
    entries = tuple(_Entry(HELD, leg) for leg in posting.legs)
    return _once(posting, entries, _Role("pending"), posting.fingerprint("pending"), at_s)


def commit(
    idem: str, hold_id: int, at_s: int, *, day: int, actor: str,
    legs: tuple[Leg, ...] | None = None,
) -> Posted:  # fmt: skip
    """Let what was held become a posting, and release all of the hold in the same journal.

    Args:
        legs: What is posted, if it is not exactly what was held: a part of it, or with a fee.

    Raises:
        KeyReused: the key is taken by another request. Another day is no other request.
        PostingRefused: as ``post``; or there is no such hold, or it was resolved already.
    """
    held = _held(hold_id)
    written = held.legs if legs is None else legs
    posting = held._replace(
        idem=idem, kind=f"{held.kind}-committed", legs=written, effective=day, actor=actor
    )
    # A payout that was paid before midnight may be told once more after it.
    fingerprint = posting._replace(effective=0).fingerprint("post", hold_id)
    entries = tuple(_Entry(POSTED, leg) for leg in written)
    entries += tuple(_Entry(HELD, leg) for leg in mirrored(held.legs))
    return _once(posting, entries, _Role("post", hold_id), fingerprint, at_s)


def void(idem: str, hold_id: int, at_s: int, *, day: int, actor: str) -> Posted:
    """Give back what was held.

    Raises:
        KeyReused: the key is taken by another request. Another day is no other request.
        PostingRefused: there is no such hold, it was resolved already, or the day is closed.
    """
    held = _held(hold_id)
    legs = mirrored(held.legs)
    posting = held._replace(
        idem=idem, kind=f"{held.kind}-voided", legs=legs, effective=day, actor=actor
    )
    fingerprint = posting._replace(effective=0).fingerprint("void", hold_id)
    entries = tuple(_Entry(HELD, leg) for leg in legs)
    return _once(posting, entries, _Role("void", hold_id), fingerprint, at_s)


def reverse(
    idem: str, journal_id: int, at_s: int, *, day: int, actor: str, memo: str | None = None
) -> Posted:
    """Take a journal back by its mirror. A journal is reversed once.

    Args:
        memo: Why; that of the journal if not given.

    Raises:
        KeyReused: the key is taken by another request. Another day is no other request.
        PostingRefused: there is no such journal, it was reversed under another key, or what it
            gave was spent.
    """
    found = rows("SELECT id, reverses_id FROM journal WHERE idem = ?", (idem,))
    if found and found[0][1] == journal_id:
        return Posted(int(found[0][0]), created=False)
    told = _read(journal_id, POSTED)
    posting = told._replace(
        idem=idem, kind=f"{told.kind}-reversed", legs=mirrored(told.legs), effective=day,
        actor=actor, memo=told.memo if memo is None else memo,
    )  # fmt: skip
    return post(posting, at_s, reverses_id=journal_id)


def journal_id_of(idem: str) -> int | None:
    """Return the journal that was posted under a key."""
    found = rows("SELECT id FROM journal WHERE idem = ?", (idem,))
    return int(found[0][0]) if found else None


# --- reading what is to be resolved --------------------------------------------------------------


def _held(hold_id: int) -> Posting:
    posting = _read(hold_id, HELD)
    if not posting.legs:
        raise PostingRefused(f"The journal {hold_id} holds nothing.")
    return posting


def _read(journal_id: int, layer: int) -> Posting:
    """Return a journal as it was asked for, with its legs of one layer."""
    head = rows(
        "SELECT idem, kind, ref, effective, actor, memo FROM journal WHERE id = ?", (journal_id,)
    )
    if not head:
        raise PostingRefused(f"There is no journal {journal_id}.")
    [(idem, kind, ref, effective, actor, memo)] = head
    entries = rows(
        "SELECT code, side, amount, currency FROM entry JOIN account ON account.id = account_id"
        " WHERE journal_id = ? AND layer = ? ORDER BY entry.id",
        (journal_id, layer),
    )
    legs = tuple(Leg(code, side, amount) for code, side, amount, _ in entries)
    currency = entries[0][3] if entries else ""
    return Posting(idem, kind, ref, currency, legs, effective, actor, memo)


# --- writing -------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where a journal will stand, or the one that has its key already.

    Args:
        newest: The seal before it; None where seals are made afterwards.
    """

    taken_by: int | None
    req_hash: bytes
    next_id: int
    newest: bytes | None


def _once(
    posting: Posting, entries: tuple[_Entry, ...], role: _Role, fingerprint: bytes, at_s: int
) -> Posted:
    place = _place(posting.idem)
    if place.taken_by is not None:
        if place.req_hash != fingerprint:
            raise KeyReused(f"The journal {posting.idem} records something else.")
        return Posted(place.taken_by, created=False)
    try:
        check(posting)
    except ValueError as exc:
        raise PostingRefused(f"{posting.idem}: {exc}") from exc
    journal = Head(
        place.next_id, posting.idem, fingerprint, posting.kind, posting.ref, *role,
        posting.effective, at_s, posting.actor, posting.memo,
    )  # fmt: skip
    try:
        _write(journal, entries, posting.currency, place.newest)
    except (peewee.IntegrityError, peewee.DataError) as exc:
        said = _said(exc)
        if said is None:
            raise  # a key that another transaction has just taken: the transaction is tried again
        raise PostingRefused(f"{posting.idem}: {said}") from exc
    return Posted(journal.id, created=True)


def _place(idem: str) -> _Place:
    if is_sqlite(HUB.obj):
        # One writer at a time, so the next number is nobody else's.
        [(taken_by, req_hash, newest_id, newest)] = rows(
            "SELECT (SELECT id FROM journal WHERE idem = ?),"
            " (SELECT req_hash FROM journal WHERE idem = ?), (SELECT max(id) FROM journal),"
            " (SELECT hash FROM seal ORDER BY journal_id DESC LIMIT 1)",
            (idem, idem),
        )
        return _Place(taken_by, req_hash or b"", (newest_id or 0) + 1, newest or GENESIS)
    # In this order: whoever has a number holds the lock until he commits (see ``seal``).
    [(_, number, taken_by, req_hash)] = rows(
        "SELECT pg_advisory_xact_lock_shared(?), nextval('journal_number'), j.id, j.req_hash"
        " FROM (SELECT 1) AS one LEFT JOIN journal j ON j.idem = ?",
        (WRITERS, idem),
    )
    return _Place(taken_by, bytes(req_hash or b""), number, None)


def _write(journal: Head, entries: tuple[_Entry, ...], currency: str, newest: bytes | None) -> None:
    accounts = _accounts(tuple({leg.account for _, leg in entries}), currency)
    values: list[int] = []
    for layer, leg in entries:
        values += [journal.id, accounts[leg.account], layer, leg.side, leg.minor]
    marks = ", ".join(["(?, ?, ?, ?, ?)"] * len(entries))
    change(
        f"INSERT INTO entry (journal_id, account_id, layer, side, amount) VALUES {marks}",
        tuple(values),
    )
    change(f"INSERT INTO journal ({HEAD}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", journal)
    if newest is not None:
        sealed = [(leg.account, currency, layer, leg.side, leg.minor) for layer, leg in entries]
        change(
            "INSERT INTO seal (journal_id, prev, hash) VALUES (?, ?, ?)",
            (journal.id, newest, journal_hash(newest, journal, sealed)),
        )


def _accounts(codes: tuple[str, ...], currency: str) -> dict[str, int]:
    """Return the ids of accounts; each is opened with its first entry.

    On PostgreSQL those whose row the journal will change are locked, always in the same order, so
    that two orders never wait for one another; hot ones are not, and nobody waits for them.
    """
    marks = ", ".join("?" * len(codes))
    if is_sqlite(HUB.obj):
        found = rows(f"SELECT code, id, currency FROM account WHERE code IN ({marks})", codes)
    else:
        found = rows(
            "SELECT code, id, currency FROM (SELECT code, id, currency FROM account"
            f" WHERE NOT hot AND code IN ({marks}) ORDER BY id FOR NO KEY UPDATE) AS locked"
            f" UNION ALL SELECT code, id, currency FROM account WHERE hot AND code IN ({marks})",
            codes * 2,
        )
    known = {code: (int(account_id), kept_in) for code, account_id, kept_in in found}
    for code in sorted(set(codes) - set(known)):
        known[code] = _open(code, currency)
    for code, (_, kept_in) in known.items():
        if kept_in != currency:
            raise PostingRefused(f"The account {code} is kept in {kept_in}, not {currency}.")
    return {code: account_id for code, (account_id, _) in known.items()}


def _open(code: str, currency: str) -> tuple[int, str]:
    try:
        heading = heading_of(code)
    except ValueError as exc:
        raise PostingRefused(f"{exc}.") from exc
    is_hot = heading.hot and not is_sqlite(HUB.obj)
    found = rows(
        "INSERT INTO account (code, type, currency, sign, owner_kind, owner_id, floor, hot)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (code) DO NOTHING RETURNING id, currency",
        (code, heading.type.value, currency, heading.type.sign, heading.per,
         code.partition(".")[2], None if is_hot else heading.floor, is_hot),
    ) or rows("SELECT id, currency FROM account WHERE code = ?", (code,))  # fmt: skip
    [(account_id, kept_in)] = found
    return int(account_id), str(kept_in)


def _said(error: peewee.DatabaseError) -> str | None:
    """Return what the ledger's rules in the schema say; None if it was something else."""
    text = str(error).splitlines()[0]
    if "account_whole" in text or isinstance(error, peewee.DataError):
        return "a total would not fit into 64 bits"
    if "account_floor" in text:
        return "the account would fall below its floor"
    if "journal_one_reversal" in text or "journal.reverses_id" in text:
        return "the journal has been reversed already"
    if "journal_one_resolution" in text or "journal.pending_id" in text:
        return "the hold has been resolved already"
    _, marker, sentence = text.rpartition("ledger: ")
    return sentence if marker else None
