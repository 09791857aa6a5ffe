"""Bait: keys that nobody has a reason to touch, so that whoever touches one is found.

They look like the others of their batch, are never sold, reserved or exported, and open nothing at
any supplier's.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable

from central.errors import Conflict, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying
from central.supply.cards.access.log import Asker, Noted, note
from central.supply.cards.access.unseal import unseal
from central.supply.cards.card import Card
from central.supply.cards.insert import seal_cards
from central.supply.cards.model import NUMBER_BITS, BatchState
from central.supply.cards.store import get_batch, open_batch_key
from central.supply.cards.vault.keys import Vault

AT_ONCE_MAX = 100
_ALPHABETS = (string.digits, string.ascii_uppercase, string.ascii_lowercase)


def plant(batch_id: int, count: int, vault: Vault, by: Asker, at_s: int) -> int:
    """Put bait among the keys of a stocked batch; return how many. Call it outside of a
    transaction.

    Raises:
        Conflict: the batch is not in stock.
        RequestInvalid: none, or too many.
        VaultShut: the vault's keys are missing.
    """
    if not 1 <= count <= AT_ONCE_MAX:
        raise RequestInvalid(Saying("bait-count", most=AT_ONCE_MAX))

    def work() -> int:
        batch = get_batch(batch_id)
        if batch.state is not BatchState.STOCKED or batch.kind != "stock" or not batch.kept:
            raise Conflict(Saying("batch-not-stocked", batch=batch_id))
        [(first, last)] = rows(
            "SELECT min(id), max(id) FROM card_key WHERE batch_id = ?", (batch_id,)
        )
        [model] = unseal([first], vault)
        line = int(last) & ((1 << NUMBER_BITS) - 1)
        cards = [(line + n, like(model, secrets.choice)) for n in range(1, count + 1)]
        sealed = seal_cards(batch, cards, open_batch_key(batch_id, vault), vault)
        for one in sealed:
            change(
                "INSERT INTO card_key (id, batch_id, sku, fp, sealed, tail, state, changed_at_s)"
                " VALUES (?, ?, ?, ?, ?, ?, 'bait', ?)",
                (one.id, batch_id, batch.sku, one.fp, one.sealed, one.tail, batch.made_at_s),
            )
        note(Noted("bait-planted", None, f"batch {batch_id}", str(count)), by, at_s)
        return len(sealed)

    return money_transaction(work)


def like(model: Card, choose: Callable[[str], str]) -> Card:
    """Return a card of the same shape with other digits and letters."""

    def shaped(text: str) -> str:
        return "".join(
            next((choose(a) for a in _ALPHABETS if letter in a), letter) for letter in text
        )

    return Card(shaped(model.secret), shaped(model.number))
