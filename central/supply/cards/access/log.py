"""The log of who has seen, or tried to see, a card key; and the alerts when it was bait.

Rows are only ever added, and each one's hash covers the row and the hash before it: what is
altered or taken out in the middle shows. Whoever keeps the newest hash elsewhere sees it when the
end was cut off, too.
"""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from central.errors import Conflict
from central.foundation.db.engine import change, rows
from central.foundation.language.said import Saying

GENESIS = bytes(32)
STEP = 5000
_COLUMNS = "id, at_s, what, key_id, actor, address, ref, reason"


class Asker(NamedTuple):
    """Who wants to see something.

    Args:
        actor: A person's name, a program's key, ``cli``, or ``buyer``.
        address: From where, as far as it is known.
    """

    actor: str
    address: str


class Access(NamedTuple):
    """One row of the log.

    Args:
        key: Which key; None if it was about several, or about none.
        ref: The order, unit, export, … that it was for.
    """

    id: int
    at_s: int
    what: str
    key: int | None
    actor: str
    address: str
    ref: str
    reason: str


class Alert(NamedTuple):
    """Somebody has touched what nobody has a reason to touch."""

    id: int
    at_s: int
    kind: str
    key: int
    sku: str
    actor: str
    address: str
    seen_by: str | None
    seen_at_s: int | None


class Noted(NamedTuple):
    """What is to be noted."""

    what: str
    key: int | None
    ref: str
    reason: str


def note(noted: Noted, asker: Asker, at_s: int) -> int:
    """Add a row to the log, in the caller's ``money_transaction``; return its number."""
    newest = rows("SELECT id, hash FROM card_access ORDER BY id DESC LIMIT 1")
    number, prev = (newest[0][0] + 1, bytes(newest[0][1])) if newest else (1, GENESIS)
    access = Access(
        number, at_s, noted.what, noted.key, asker.actor, asker.address, noted.ref, noted.reason
    )
    # Of two that come at once one gets a unique violation, and its transaction is tried again.
    change(
        f"INSERT INTO card_access ({_COLUMNS}, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*access, prev, hash_of(prev, access)),
    )
    return number


def hash_of(prev: bytes, access: Access) -> bytes:
    """Return what a row is chained by: SHA-256 of a JSON list, ASCII, no spaces."""
    body = json.dumps([1, prev.hex(), *access], separators=(",", ":"))
    return hashlib.sha256(body.encode()).digest()


def newest(count: int, key: int | None = None) -> list[Access]:
    """Return the newest rows of the log, of one key or of all, newest first."""
    where, values = ("WHERE key_id = ? ", (key,)) if key is not None else ("", ())
    found = rows(f"SELECT {_COLUMNS} FROM card_access {where}ORDER BY id DESC LIMIT ?",
                 (*values, count))  # fmt: skip
    return [Access(*row) for row in found]


def count_since(column: str, value: str, what: str, since_s: int) -> int:
    """Return how often something was noted since a moment, of one actor, address or ref."""
    assert column in {"actor", "address", "ref"}
    [(count,)] = rows(
        f"SELECT count(*) FROM card_access WHERE {column} = ? AND what = ? AND at_s > ?",
        (value, what, since_s),
    )
    return int(count)


def verify(last: int | None = None) -> tuple[int, bytes, list[str]]:
    """Walk the chain; return how many rows it has, its newest hash, and what does not hold.

    Args:
        last: Walk so many of the newest rows only, believing the one before them; None for all.
    """
    prev, after, findings = GENESIS, 0, list[str]()
    if last is not None:
        before = rows(
            "SELECT id, hash FROM card_access WHERE id <="
            " (SELECT max(id) FROM card_access) - ? ORDER BY id DESC LIMIT 1",
            (last,),
        )
        prev, after = (bytes(before[0][1]), int(before[0][0])) if before else (prev, after)
    while True:
        found = rows(
            f"SELECT {_COLUMNS}, prev, hash FROM card_access WHERE id > ? ORDER BY id LIMIT ?",
            (after, STEP),
        )
        for row in found:
            access = Access(*row[:8])
            if access.id != after + 1:
                findings.append(Saying("access-log-gap", row=after + 1))
            if bytes(row[8]) != prev or bytes(row[9]) != hash_of(bytes(row[8]), access):
                findings.append(Saying("access-log-altered", row=access.id))
            prev, after = bytes(row[9]), access.id
        if len(found) < STEP:
            return after, prev, findings


# --- alerts --------------------------------------------------------------------------------------


def alert(kind: str, key: int, asker: Asker, at_s: int) -> None:
    """Raise an alert, in the caller's transaction.

    Args:
        kind: ``reveal``, ``search``, ``import``, ``change`` of bait; ``unreadable`` of any key.
    """
    change(
        "INSERT INTO card_alert (at_s, kind, key_id, actor, address) VALUES (?, ?, ?, ?, ?)",
        (at_s, kind, key, asker.actor, asker.address),
    )


def alert_of_bait(prints: list[bytes], by: Asker, at_s: int) -> None:
    """Raise an alert for each of these that is bait: somebody offers us what only we have."""
    if not prints:
        return
    marks = ", ".join("?" * len(prints))
    for (key,) in rows(
        f"SELECT id FROM card_key WHERE state = 'bait' AND fp IN ({marks})", tuple(prints)
    ):
        alert("import", key, by, at_s)


def alerts(*, everything: bool = False, count: int = 100) -> list[Alert]:
    """Return the newest alerts, those that nobody has seen or all of them."""
    where = "" if everything else "WHERE a.seen_at_s IS NULL "
    found = rows(
        "SELECT a.id, a.at_s, a.kind, a.key_id, k.sku, a.actor, a.address, a.seen_by, a.seen_at_s"
        f" FROM card_alert a JOIN card_key k ON k.id = a.key_id {where}ORDER BY a.id DESC LIMIT ?",
        (count,),
    )
    return [Alert(*row) for row in found]


def see(alert_id: int, at_s: int, actor: str) -> None:
    """Note that somebody has seen an alert and looks after it.

    Raises:
        Conflict: somebody has done so before, or there is none of this number.
    """
    seen = rows(
        "UPDATE card_alert SET seen_at_s = ?, seen_by = ? WHERE id = ? AND seen_at_s IS NULL"
        " RETURNING id",
        (at_s, actor, alert_id),
    )
    if not seen:
        raise Conflict(Saying("no-card-alert", alert=alert_id))
