"""Takes keys out of sale: for a while if something is suspected, for good if they are bad.

Call each function in a transaction.
"""

from __future__ import annotations

from central.errors import Conflict
from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.money.ledger.rules import stock_used
from central.money.ledger.store import post
from central.supply.cards.access.log import Asker, Noted, alert, note
from central.supply.cards.model import KeyState, MaskedKey
from central.supply.cards.store import get_batch, get_key

_STOCKED = (
    "EXISTS (SELECT 1 FROM card_batch b WHERE b.id = card_key.batch_id AND b.state = 'stocked')"
)
_IN_NOBODYS_HANDS = (
    f"(state = 'available' OR state = 'reserved' AND reserved_until_s <= ?) AND {_STOCKED}"
)


def quarantine(key: int, by: Asker, at_s: int, reason: str) -> MaskedKey:
    """Keep a key from being sold until somebody has looked at it.

    Raises:
        Conflict: it is reserved or gone.
    """
    if _is_bait(key, by, at_s, reason):
        return get_key(key)
    moved = rows(
        "UPDATE card_key SET state = 'quarantined', unit = NULL, reserved_until_s = 0,"
        f" changed_at_s = ? WHERE id = ? AND {_IN_NOBODYS_HANDS} RETURNING id",
        (at_s, key, at_s),
    )
    return _done("quarantined", key, by, at_s, reason, hit=bool(moved))


def quarantine_batch(batch: int, by: Asker, at_s: int, reason: str) -> int:
    """Keep all of a batch from being sold that is in nobody's hands; return how many keys."""
    get_batch(batch)
    moved = rows(
        "UPDATE card_key SET state = 'quarantined', unit = NULL, reserved_until_s = 0,"
        f" changed_at_s = ? WHERE batch_id = ? AND {_IN_NOBODYS_HANDS} RETURNING id",
        (at_s, batch, at_s),
    )
    note(Noted("quarantined", None, f"batch {batch}", reason), by, at_s)
    return len(moved)


def release(key: int, by: Asker, at_s: int, reason: str) -> MaskedKey:
    """Let a key be sold again that was set aside.

    Raises:
        Conflict: it was not set aside.
    """
    moved = rows(
        "UPDATE card_key SET state = 'available', changed_at_s = ?"
        " WHERE id = ? AND state = 'quarantined' RETURNING id",
        (at_s, key),
    )
    return _done("released", key, by, at_s, reason, hit=bool(moved))


def void(key: int, by: Asker, at_s: int, reason: str, *, day: int) -> MaskedKey:
    """Take a key out of stock for good; its cost leaves the stock account.

    Raises:
        Conflict: it is reserved or gone.
        PostingRefused: the ledger refuses.
    """
    if _is_bait(key, by, at_s, reason):
        return get_key(key)
    moved = rows(
        "UPDATE card_key SET state = 'void', unit = NULL, reserved_until_s = 0, changed_at_s = ?"
        f" WHERE id = ? AND state IN ('available', 'quarantined') AND {_STOCKED}"
        " RETURNING batch_id",
        (at_s, key),
    )
    if moved:
        batch = get_batch(moved[0][0])
        if batch.unit_cost.minor:
            posting = stock_used(f"card-{key}", batch.sku, batch.unit_cost, day, by.actor)
            post(posting, at_s)
    return _done("voided", key, by, at_s, reason, hit=bool(moved))


def _is_bait(key: int, by: Asker, at_s: int, reason: str) -> bool:
    """Raise an alert if it is bait; nothing happens to it then."""
    if get_key(key).state is not KeyState.BAIT:
        return False
    note(Noted("touched", key, "", reason), by, at_s)
    alert("change", key, by, at_s)
    return True


def _done(
    what: str, key: int, by: Asker, at_s: int, reason: str, *, hit: bool
) -> MaskedKey:  # fmt: skip
    found = get_key(key)
    if not hit:
        raise Conflict(Saying("card-key-is", key=key, state=str(found.state)))
    note(Noted(what, key, "", reason), by, at_s)
    return found
