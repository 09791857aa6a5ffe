"""Writes and reads the ledger. ``post`` is the only way to move money.

Raw SQL: the ORM is ten times of what a posting costs, and the rules live in the schema anyway.
"""

from __future__ import annotations

from typing import NamedTuple

import peewee

from central.errors import KeyReused, PostingRefused
from central.foundation.db.engine import HUB, change, is_sqlite, rows
from central.money.ledger.chart import heading_of
from central.money.ledger.posting import Leg, Posting, check, mirrored


class Posted(NamedTuple):
    """A journal in the ledger; ``created`` is False if it was there already."""

    id: int
    created: bool


def post(posting: Posting, at_s: int, *, reverses_id: int | None = None) -> Posted:
    """Write a journal; call it in the transaction of the event that it records.

    The same key with the same request returns the journal that is there.

    Raises:
        KeyReused: the key is taken by another request.
        PostingRefused: unbalanced, overdrawn, a closed day, a closed account, mixed currencies.
    """
    found = rows("SELECT id, req_hash FROM journal WHERE idem = ?", (posting.idem,))
    if found:
        [(journal_id, req_hash)] = found
        if bytes(req_hash) != posting.fingerprint():
            raise KeyReused(f"The journal {posting.idem} records something else.")
        return Posted(journal_id, created=False)
    try:
        check(posting)
    except ValueError as exc:
        raise PostingRefused(f"{posting.idem}: {exc}") from exc
    try:
        return Posted(_write(posting, at_s, reverses_id), created=True)
    except (peewee.IntegrityError, peewee.DataError) as exc:
        said = _said(exc)
        if said is None:
            raise  # a key that another transaction has just taken: the transaction is tried again
        raise PostingRefused(f"{posting.idem}: {said}") from exc


def reverse(idem: str, journal_id: int, at_s: int, *, day: int, actor: str) -> Posted:
    """Take a journal back by its mirror. A journal is reversed once.

    Raises:
        PostingRefused: there is no such journal, or it was reversed under another key.
    """
    head = rows("SELECT kind, ref FROM journal WHERE id = ?", (journal_id,))
    if not head:
        raise PostingRefused(f"There is no journal {journal_id}.")
    [(kind, ref)] = head
    entries = rows(
        "SELECT code, side, amount, currency FROM entry JOIN account ON account.id = account_id"
        " WHERE journal_id = ? AND layer = 1 ORDER BY entry.id",
        (journal_id,),
    )
    legs = mirrored(tuple(Leg(code, side, amount) for code, side, amount, _ in entries))
    posting = Posting(idem, f"{kind}-reversed", ref, entries[0][3], legs, day, actor)
    return post(posting, at_s, reverses_id=journal_id)


def journal_id_of(idem: str) -> int | None:
    """Return the journal that was posted under a key."""
    found = rows("SELECT id FROM journal WHERE idem = ?", (idem,))
    return int(found[0][0]) if found else None


def _write(posting: Posting, at_s: int, reverses_id: int | None) -> int:
    journal_id = _next_journal_id()
    for leg in posting.legs:
        account_id = _account(leg.account, posting.currency)
        change(
            "INSERT INTO entry (journal_id, account_id, layer, side, amount)"
            " VALUES (?, ?, 1, ?, ?)",
            (journal_id, account_id, leg.side, leg.minor),
        )
    change(
        "INSERT INTO journal (id, idem, req_hash, kind, ref, phase, reverses_id, effective, at_s,"
        " actor, memo) VALUES (?, ?, ?, ?, ?, 'posted', ?, ?, ?, ?, ?)",
        (journal_id, posting.idem, posting.fingerprint(), posting.kind, posting.ref, reverses_id,
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
        heading = heading_of(code)
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
    _, marker, sentence = text.rpartition("ledger: ")
    return sentence if marker else None
