"""Seals cards and writes them: what every way in has in common."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.supply.cards.card import Card
from central.supply.cards.model import Batch, key_id
from central.supply.cards.vault.keys import Vault
from central.supply.cards.vault.seal import BatchKey, Place


class SealedKey(NamedTuple):
    """A key that is ready to be written."""

    id: int
    fp: bytes
    sealed: bytes
    tail: str


def seal_cards(
    batch: Batch, numbered: list[tuple[int, Card]], key: BatchKey, vault: Vault
) -> list[SealedKey]:
    """Return cards, each with its line, ready to be written."""
    prints = vault.fingerprints([card for _, card in numbered])
    sealed = []
    for (line, card), fingerprint in zip(numbered, prints, strict=True):
        number = key_id(batch.id, line)
        content = key.seal(card, Place(batch.sku, batch.id, number))
        sealed.append(SealedKey(number, fingerprint, content, card.tail))
    return sealed


def insert_keys(batch: Batch, sealed: list[SealedKey], at_s: int) -> set[int]:
    """Write keys but for those that the vault has already; return the ids that were written."""
    if not sealed:
        return set()
    values: list[object] = []
    for one in sealed:
        values += [one.id, batch.id, batch.sku, one.fp, one.sealed, one.tail, at_s]
    marks = ", ".join(["(?, ?, ?, ?, ?, ?, 'available', ?)"] * len(sealed))
    written = rows(
        "INSERT INTO card_key (id, batch_id, sku, fp, sealed, tail, state, changed_at_s)"
        f" VALUES {marks} ON CONFLICT (fp, sku) WHERE state <> 'void' DO NOTHING RETURNING id",
        tuple(values),
    )
    return {int(number) for (number,) in written}
