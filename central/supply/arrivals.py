"""Puts what suppliers deliver into the vault: for the unit it was bought for, or into stock.

Its cost was posted into the stock account by whoever has bought it (rule 13), in the same
transaction; from there the order that it is for takes it.
"""

from __future__ import annotations

from collections.abc import Callable

from central.supply.cards.access.log import Asker
from central.supply.cards.card import Card
from central.supply.cards.intake.keep import Delivery, NotKept, keep_as_stock, keep_delivered
from central.supply.cards.intake.take import in_stock
from central.supply.cards.model import Intake
from central.supply.cards.vault.keys import Vault
from central.supply.suppliers.ports import Arrival

BY = Asker("suppliers", "")


class VaultKeys:
    """Implements ``suppliers.ports.KeysArrived``.

    Args:
        day_of: Returns the business day of a moment.
    """

    def __init__(self, vault: Vault, day_of: Callable[[int], int]) -> None:
        self._vault, self._day_of = vault, day_of

    def take(self, arrival: Arrival, at_s: int) -> bool:
        """Keep the key; False: it is known, is none, or there is not exactly one.

        Orders buy for each of their units by itself, so more than one is an anomaly.
        """
        if len(arrival.keys) != 1:
            return False
        [key] = arrival.keys
        intake = Intake(
            arrival.sku, arrival.account, in_stock(arrival.sku), arrival.cost,
            note=arrival.client_ref,
        )  # fmt: skip
        delivery = Delivery(intake, [Card(key.secret, key.number)])
        if arrival.unit is not None:
            kept = keep_delivered([arrival.unit], delivery, self._vault, BY, at_s)
            return not isinstance(kept, NotKept)
        day = self._day_of(at_s)
        stocked = keep_as_stock(delivery, self._vault, BY, at_s, day=day)
        return not isinstance(stocked, NotKept)
