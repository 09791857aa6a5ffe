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
from central.money.ledger.chart import heading_of
from central.money.ledger.posting import Leg, Posting, check, mirrored

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


class _Head(NamedTuple):
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
    return _once(posting, entries, _Head(reverses_id=reverses_id), posting.fingerprint(), at_s)


def hold(posting: Posting, at_s: int) -> Posted:
    """Set money aside: it is not available any more, and nothing has moved.

    Raises:
        KeyReused, PostingRefused: as ``post``.
    """
    entries = tuple(_Entry(HELD, leg) for leg in posting.legs)
    return _once(posting, entries, _Head("pending"), posting.fingerprint("pending"), at_s)


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
    return _once(posting, entries, _Head("post", hold_id), fingerprint, at_s)


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
    return _once(posting, entries, _Head("void", hold_id), fingerprint, at_s)


def reverse(idem: str, journal_id: int, at_s: int, *, day: int, actor: str) -> Posted:
    """Take a journal back by its mirror. A journal is reversed once.

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
        actor=actor,
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


def _once(
    posting: Posting, entries: tuple[_Entry, ...], head: _Head, fingerprint: bytes, at_s: int
) -> Posted:
    found = rows("SELECT id, req_hash FROM journal WHERE idem = ?", (posting.idem,))
    if found:
        [(journal_id, req_hash)] = found
        if bytes(req_hash) != fingerprint:
            raise KeyReused(f"The journal {posting.idem} records something else.")
        return Posted(int(journal_id), created=False)
    try:
        check(posting)
    except ValueError as exc:
        raise PostingRefused(f"{posting.idem}: {exc}") from exc
    try:
        return Posted(_write(posting, entries, head, fingerprint, at_s), created=True)
    except (peewee.IntegrityError, peewee.DataError) as exc:
        said = _said(exc)
        if said is None:
            raise  # a key that another transaction has just taken: the transaction is tried again
        raise PostingRefused(f"{posting.idem}: {said}") from exc


def _write(
    posting: Posting, entries: tuple[_Entry, ...], head: _Head, fingerprint: bytes, at_s: int
) -> int:
    journal_id = _next_journal_id()
    for layer, leg in entries:
        account_id = _account(leg.account, posting.currency)
        change(
            "INSERT INTO entry (journal_id, account_id, layer, side, amount)"
            " VALUES (?, ?, ?, ?, ?)",
            (journal_id, account_id, layer, leg.side, leg.minor),
        )
    change(
        "INSERT INTO journal (id, idem, req_hash, kind, ref, phase, pending_id, reverses_id,"
        " effective, at_s, actor, memo) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (journal_id, posting.idem, fingerprint, posting.kind, posting.ref, *head,
         posting.effective, at_s, posting.actor, posting.memo),
    )  # fmt: skip
    return journal_id


def _next_journal_id() -> int:
    if is_sqlite(HUB.obj):
        # One writer at a time, so the next number is nobody else's.
        [(number,)] = rows("SELECT coalesce(max(id), 0) + 1 FROM journal")
    else:
        [(number,)] = rows("SELECT nextval('journal_number')")
    return int(number)


def _account(code: str, currency: str) -> int:
    """Return the account of a code, opened with its first entry."""
    found = rows("SELECT id, currency FROM account WHERE code = ?", (code,))
    if not found:
        try:
            heading = heading_of(code)
        except ValueError as exc:
            raise PostingRefused(f"{exc}.") from exc
        owner = code.partition(".")[2]
        found = rows(
            "INSERT INTO account (code, type, currency, sign, owner_kind, owner_id, floor)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (code) DO NOTHING RETURNING id, currency",
            (code, heading.type.value, currency, heading.type.sign, heading.per, owner,
             heading.floor),
        )  # fmt: skip
    [(account_id, account_currency)] = found
    if account_currency != currency:
        raise PostingRefused(f"The account {code} is kept in {account_currency}, not {currency}.")
    return int(account_id)


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
