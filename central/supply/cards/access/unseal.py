"""Opens keys: the only place that reads what is sealed. Whoever calls it has noted why."""

from __future__ import annotations

from collections.abc import Sequence

from central.errors import NotFound
from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.supply.cards.card import Card
from central.supply.cards.model import batch_of
from central.supply.cards.store import open_batch_key
from central.supply.cards.vault.keys import Vault
from central.supply.cards.vault.seal import BatchKey, Place


def unseal(keys: Sequence[int], vault: Vault) -> list[Card]:
    """Return the cards of these keys, in their order. They are in memory alone.

    Raises:
        NotFound: there is no such key.
        CardUnreadable: a row was altered or moved.
        VaultShut: the lock is missing or another one.
    """
    opened: dict[int, BatchKey] = {}
    cards = []
    for key in keys:
        found = rows("SELECT sku, batch_id, sealed FROM card_key WHERE id = ?", (key,))
        if not found:
            raise NotFound(Saying("no-card-key", key=key))
        [(sku, batch, sealed)] = found
        if batch not in opened:
            opened[batch] = open_batch_key(batch, vault)
        # By the batch that the id names: a row that says otherwise does not open.
        cards.append(opened[batch].unseal(bytes(sealed), Place(sku, batch_of(key), key)))
    return cards
