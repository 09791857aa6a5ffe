"""A statement as the one text that is hashed. Pure.

Anybody can check it with ``sha256sum``: the text is one of the exports. UTF-8 (ASCII in fact),
fields apart by a tab, lines ended by LF. The first line names the statement, its figures and the
hash of the store's statement before; then comes one line for each line of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from central.money.settlement.model import Line, Totals
from edge.contract.ids import StoreId

VERSION = "tearoff-statement-1"
GENESIS = bytes(32)
"""What the first statement of a store has for the one before."""


def text_of(
    no: str, store: StoreId, currency: str, prev_hash: bytes, totals: Totals,
    lines: Sequence[Line],
) -> str:  # fmt: skip
    """Return the text of a statement."""
    head = (VERSION, no, store, currency, prev_hash.hex(), len(lines), *totals)
    return "".join(_row(row) for row in (head, *map(_fields, lines)))


def hash_of(text: str) -> bytes:
    """Return the SHA-256 of a statement's text."""
    return hashlib.sha256(text.encode("ascii")).digest()


def _fields(line: Line) -> tuple[object, ...]:
    return (
        line.n, line.kind, line.business_day, "late" if line.is_late else "", line.at_s, line.entry,
        line.voucher, line.gross, line.fee, line.net, line.due,
        "" if line.journal_id is None else line.journal_id, line.settles,
    )  # fmt: skip


def _row(fields: tuple[object, ...]) -> str:
    texts = [str(field) for field in fields]
    assert all(text.isascii() and text.isprintable() for text in texts), "no field breaks the form"
    return "\t".join(texts) + "\n"
