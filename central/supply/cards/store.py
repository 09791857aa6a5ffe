"""The rows of batches and keys. Nothing here reads what is sealed: see ``access.open_key``."""

from __future__ import annotations

import json
import secrets
from typing import Any, NamedTuple

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.supply.cards.model import Batch, BatchState, Intake, KeyState, MaskedKey
from central.supply.cards.vault.keys import Locked, Vault
from central.supply.cards.vault.seal import BatchKey
from edge.contract.money import Money

SELLS_KEYS = frozenset({"local_key", "supplier_key"})
"""How a SKU must be delivered so that it can have keys."""
_BATCH = (
    "id, sku, kind, state, source, paid_from, unit_cost, currency, expires_at_s, note, lines,"
    " kept, report, faults, made_by, made_at_s, stocked_by, stocked_at_s, lock"
)
_MASKED = "id, batch_id, sku, tail, state, unit, reserved_until_s, changed_at_s"


class NewBatch(NamedTuple):
    """A batch that is about to be written.

    Args:
        kind: ``stock``, or ``delivered`` for keys that a supplier delivers to an order.
        file_print: By which the same file is told again; None if there was none.
    """

    intake: Intake
    kind: str
    file_print: bytes | None
    actor: str
    at_s: int


# --- batches -------------------------------------------------------------------------------------


def insert_batch(new: NewBatch, vault: Vault) -> tuple[Batch, BatchKey]:
    """Write a batch with a data key of its own; one of an order is stocked from its beginning.

    Raises:
        NotFound: there is no such SKU.
        RequestInvalid: what it sells are no keys.
        VaultShut: there is no lock.
    """
    intake = new.intake
    check_sku(intake.sku)
    name = secrets.token_hex(16)
    locked, key = vault.new_batch_key(name)
    is_ours = new.kind == "stock"
    [(batch_id,)] = rows(
        "INSERT INTO card_batch (sku, kind, state, name, source, paid_from, unit_cost, currency,"
        " expires_at_s, note, file_print, lock, data_key, made_by, made_at_s, stocked_by,"
        " stocked_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            intake.sku, new.kind, "importing" if is_ours else "stocked", name, intake.source,
            intake.paid_from, intake.unit_cost.minor, intake.unit_cost.currency,
            intake.expires_at_s, intake.note, new.file_print, locked.lock, locked.content,
            new.actor, new.at_s, None if is_ours else new.actor, None if is_ours else new.at_s,
        ),
    )  # fmt: skip
    return get_batch(batch_id), key


def check_sku(sku: str) -> None:
    """Make sure that keys can be kept for a SKU.

    Raises:
        NotFound: there is no such SKU.
        RequestInvalid: what it sells are no keys.
    """
    found = rows("SELECT fulfilment FROM sku WHERE id = ?", (sku,))
    if not found:
        raise NotFound(Saying("no-sku", sku=sku))
    if found[0][0] not in SELLS_KEYS:
        raise RequestInvalid(Saying("sku-no-key", sku=sku))


def key_skus() -> list[str]:
    """Return the SKUs that are delivered as keys, in the order of their ids."""
    found = rows(
        "SELECT id FROM sku WHERE fulfilment IN ('local_key', 'supplier_key')"
        " AND state <> 'retired' ORDER BY id"
    )
    return [sku for (sku,) in found]


def get_batch(batch_id: int) -> Batch:
    """Return a batch.

    Raises:
        NotFound: there is none of this number.
    """
    found = _batches("WHERE id = ?", (batch_id,))
    if not found:
        raise NotFound(Saying("no-batch", batch=batch_id))
    return found[0]


def newest_batches(count: int, sku: str = "") -> list[Batch]:
    """Return the newest batches, of one SKU or of all, newest first."""
    where, values = ("WHERE sku = ? ", (sku,)) if sku else ("", ())
    return _batches(f"{where}ORDER BY id DESC LIMIT ?", (*values, count))


def batch_of_file(sku: str, file_print: bytes) -> Batch | None:
    """Return the batch that a file was taken in as; None if it was not, or was thrown away."""
    found = _batches("WHERE sku = ? AND file_print = ? AND state <> 'discarded'", (sku, file_print))
    return found[0] if found else None


def open_batch_key(batch_id: int, vault: Vault) -> BatchKey:
    """Return the data key of a batch, open.

    Raises:
        VaultShut: its lock is missing or another one.
    """
    [(name, lock, content)] = rows(
        "SELECT name, lock, data_key FROM card_batch WHERE id = ?", (batch_id,)
    )
    return vault.open_batch_key(Locked(lock, bytes(content)), name)


def _batches(where: str, values: tuple[Any, ...]) -> list[Batch]:
    return [
        Batch(
            row[0], row[1], row[2], BatchState(row[3]), row[4], row[5], Money(row[6], row[7]),
            row[8], row[9], row[10], row[11], json.loads(row[12]),
            [(n, why) for n, why in json.loads(row[13])], *row[14:],
        )
        for row in rows(f"SELECT {_BATCH} FROM card_batch {where}", values)
    ]  # fmt: skip


# --- keys, masked --------------------------------------------------------------------------------


def get_key(key: int) -> MaskedKey:
    """Return a key without what is sealed.

    Raises:
        NotFound: there is none of this number.
    """
    found = _keys("WHERE id = ?", (key,))
    if not found:
        raise NotFound(Saying("no-card-key", key=key))
    return found[0]


def keys(
    count: int, *, sku: str = "", batch: int | None = None, state: str = "", after: int = 0
) -> list[MaskedKey]:
    """Return keys in the order of their ids, masked; bait looks like any other that is there.

    Args:
        after: The id of the last one that was seen.
    """
    asked: list[tuple[str, Any]] = [("id > ?", after)]
    if batch is not None:
        asked.append(("batch_id = ?", batch))
    if sku:
        asked.append(("sku = ?", sku))
    if state == KeyState.AVAILABLE:
        asked.append(("state IN (?, 'bait')", state))
    elif state:
        asked.append(("state = ?", state))
    where = " AND ".join(text for text, _ in asked)
    values = tuple(value for _, value in asked)
    found = _keys(f"WHERE {where} ORDER BY id LIMIT ?", (*values, count))
    return [
        key._replace(state=KeyState.AVAILABLE) if key.state is KeyState.BAIT else key
        for key in found
    ]


def key_of_unit(unit: str) -> MaskedKey | None:
    """Return the key that a unit has now: its newest one."""
    found = _keys(
        "WHERE id = (SELECT h.key_id FROM card_handover h WHERE h.unit = ? AND NOT EXISTS"
        " (SELECT 1 FROM card_handover later WHERE later.replaces = h.key_id))",
        (unit,),
    )
    return found[0] if found else None


def keys_of_print(fingerprint: bytes) -> list[MaskedKey]:
    """Return every key of one fingerprint that is not void, of whatever SKU."""
    return _keys("WHERE fp = ? AND state <> 'void' ORDER BY id", (fingerprint,))


def first_tails(batch_id: int, count: int) -> list[tuple[int, str]]:
    """Return the lines and tails of the first keys of a batch."""
    return [(key.id & 0xFFFFFF, key.tail) for key in keys(count, batch=batch_id)]


def _keys(where: str, values: tuple[Any, ...]) -> list[MaskedKey]:
    return [
        MaskedKey(*row)._replace(state=KeyState(row[4]))
        for row in rows(f"SELECT {_MASKED} FROM card_key {where}", values)
    ]
