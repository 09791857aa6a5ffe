"""What a card key is in our books: its states, where it came from, what is asked of it. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from edge.contract.money import Money

NUMBER_BITS = 24
"""A key's id is its batch's number, shifted by these bits, plus its line in the file."""


class KeyState(StrEnum):
    """Where a key is. What may follow what is in the schema (migration 0014)."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    SOLD = "sold"
    REVEALED = "revealed"
    REPLACED = "replaced"
    QUARANTINED = "quarantined"
    EXPORTED = "exported"
    VOID = "void"
    BAIT = "bait"


class BatchState(StrEnum):
    """Where a batch is. Only keys of a stocked one are sold."""

    IMPORTING = "importing"
    STAGED = "staged"
    STOCKED = "stocked"
    DISCARDED = "discarded"


class Intake(NamedTuple):
    """What somebody says of keys that he takes in.

    Args:
        sku: What they are sold as.
        source: From whom they are, for people: ``kasushou``.
        paid_from: The account they are paid from: ``2210.kasushou``, ``1040.kasushou``.
        unit_cost: What one costs us; may be zero.
        expires_at_s: Until when each may be used, Unix seconds; None for ever.
    """

    sku: str
    source: str
    paid_from: str
    unit_cost: Money
    expires_at_s: int | None = None
    note: str = ""


class Batch(NamedTuple):
    """A batch as its row stands, without its data key."""

    id: int
    sku: str
    kind: str
    state: BatchState
    source: str
    paid_from: str
    unit_cost: Money
    expires_at_s: int | None
    note: str
    lines: int
    kept: int
    report: dict[str, int]
    faults: list[tuple[int, str]]
    made_by: str
    made_at_s: int
    stocked_by: str | None
    stocked_at_s: int | None
    lock: int


class MaskedKey(NamedTuple):
    """A key as lists show it. There is nothing in it that could be sold."""

    id: int
    batch: int
    sku: str
    tail: str
    state: KeyState
    unit: str | None
    reserved_until_s: int
    changed_at_s: int


class Reserved(NamedTuple):
    """One key is kept for one unit."""

    unit: str
    key: int
    until_s: int


class Shortage(NamedTuple):
    """There are not enough; nothing was reserved."""

    sku: str
    wanted: int
    there: int


class HandedOver(NamedTuple):
    """A unit has its key for good.

    Args:
        account: What the ledger takes the cost from when the order is completed: ``1310.SKU7``,
            or the supplier's for keys that never were in stock.
    """

    unit: str
    key: int
    sku: str
    account: str
    cost: Money


def batch_of(key: int) -> int:
    """Return the batch that a key is of."""
    return key >> NUMBER_BITS


def key_id(batch: int, line: int) -> int:
    """Return the id of the key on a line of a batch."""
    return batch << NUMBER_BITS | line
