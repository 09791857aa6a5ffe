"""The chain over the ledger's journals: what a seal covers, and how. Pure.

Each journal's seal is the SHA-256 of its contents, its entries and the seal before it. Whoever
alters one and knows how must make every later seal anew, and still disagrees with each that was
noted elsewhere: in the closes of days, on paper, with an auditor.
"""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

GENESIS = bytes(32)
"""What stands before the first journal."""

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


class Head(NamedTuple):
    """A journal without its entries, as the database has it."""

    id: int
    idem: str
    req_hash: bytes
    kind: str
    ref: str
    phase: str
    pending_id: int | None
    reverses_id: int | None
    effective: int
    at_s: int
    actor: str
    memo: str


SealedEntry = tuple[str, str, int, int, int]
"""One entry of a journal: code of the account, currency, layer, side, amount.

The account by its code: a code that moves to another row shows.
"""


def journal_hash(prev: bytes, head: Head, entries: list[SealedEntry]) -> bytes:
    """Return the seal of a journal.

    The bytes that are hashed are JSON in ASCII without spaces: version 1, ``prev`` in hex, id,
    key, request hash in hex, the rest of the head as a list, and each entry as a list, in the
    order in which they were written.
    """
    body = (1, prev.hex(), head[0], head[1], head[2].hex(), head[3:], entries)
    return hashlib.sha256(_ENCODE(body).encode()).digest()
