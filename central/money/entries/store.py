"""Reads what was entered, and keeps the papers behind it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.money.entries.model import Entry, EntryState
from edge.contract.money import Money

DOCUMENT_BYTES = 768 * 1024
DOCUMENTS_MAX = 20
_COLUMNS = (
    "id, kind, key, document, day, amount, currency, given, note, state, asked_by, asked_at_s,"
    " decided_by, decided_at_s, why, journal_id"
)


class Document(NamedTuple):
    """A paper behind an entry."""

    id: int
    name: str
    sha256: str
    added_by: str
    added_at_s: int


def get(number: int) -> Entry:
    """Return an entry.

    Raises:
        NotFound: there is none of this number.
    """
    found = _read("id = ?", number) if number < 2**63 else []
    if not found:
        raise NotFound(N_("There is no such entry."))
    return found[0]


def newest(limit: int, state: EntryState | None = None) -> list[Entry]:
    """Return what was entered, the newest first.

    Args:
        state: In this state only.
    """
    if state is None:
        return _read("1 = 1 ORDER BY id DESC LIMIT ?", limit)
    return _read("state = ? ORDER BY id DESC LIMIT ?", str(state), limit)


def counts() -> dict[EntryState, int]:
    """Return how many entries are in which state."""
    found = rows("SELECT state, count(*) FROM manual_entry GROUP BY state")
    return {EntryState(state): int(count) for state, count in found}


def live(key: str) -> Entry | None:
    """Return the entry of this key that waits or is posted."""
    found = _read("key = ? AND state IN ('waiting', 'posted')", key)
    return found[0] if found else None


def of_journal(journal_id: int) -> int | None:
    """Return the entry by which a journal was posted."""
    found = rows("SELECT id FROM manual_entry WHERE journal_id = ?", (journal_id,))
    return int(found[0][0]) if found else None


def documents(number: int) -> list[Document]:
    """Return the papers behind an entry, the oldest first."""
    found = rows(
        "SELECT id, name, sha256, added_by, added_at_s FROM manual_entry_document"
        " WHERE entry_id = ? ORDER BY id",
        (number,),
    )
    return [Document._make(row) for row in found]


def content(number: int, document: int) -> tuple[str, bytes]:
    """Return name and bytes of a paper.

    Raises:
        NotFound: the entry has no such paper.
    """
    found = rows(
        "SELECT name, content FROM manual_entry_document WHERE entry_id = ? AND id = ?",
        (number, document),
    )
    if not found:
        raise NotFound(N_("The entry has no such document."))
    return str(found[0][0]), bytes(found[0][1])


def attach(number: int, name: str, raw: bytes, by: str, at_s: int) -> str:
    """Keep a paper behind an entry as it is; return its SHA-256. The same one again is kept once.

    Raises:
        NotFound: there is no such entry. RequestInvalid: it is empty, too large, or its name
            cannot be shown. Conflict: there are too many.
    """
    name = name.replace("\\", "/").rpartition("/")[2].strip()
    if not 1 <= len(name) <= 128 or not name.isprintable():
        raise RequestInvalid(N_("A document has a name of 1 to 128 characters."))
    if not 1 <= len(raw) <= DOCUMENT_BYTES:
        raise RequestInvalid(N_("A document has at most 768 KiB, and is not empty."))
    digest = hashlib.sha256(raw).hexdigest()

    def work() -> None:
        get(number)
        known = documents(number)
        if any(one.sha256 == digest for one in known):
            return
        if len(known) >= DOCUMENTS_MAX:
            raise Conflict(N_("An entry has at most 20 documents."))
        change(
            "INSERT INTO manual_entry_document (entry_id, name, sha256, content, added_by,"
            " added_at_s) VALUES (?, ?, ?, ?, ?, ?)",
            (number, name, digest, raw, by, at_s),
        )

    money_transaction(work)
    return digest


def _read(where: str, *values: object) -> list[Entry]:
    found = rows(f"SELECT {_COLUMNS} FROM manual_entry WHERE {where}", values)  # noqa: S608
    return [_entry(row) for row in found]


def _entry(row: tuple[Any, ...]) -> Entry:
    number, kind, key, document, day, amount, currency, given, note, state, *rest = row
    return Entry(
        number, kind, key, document, day, Money(amount, currency), json.loads(given), note,
        EntryState(state), *rest,
    )  # fmt: skip
