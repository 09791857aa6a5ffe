"""Hands keys that have arrived over to the vault: to their unit, or, too late for it, as stock."""

from __future__ import annotations

from collections.abc import Callable

from central.supply.cards.access.log import Asker
from central.supply.cards.card import Card
from central.supply.cards.intake.keep import Delivery, NotKept, keep_as_stock, keep_delivered
from central.supply.cards.intake.take import in_stock
from central.supply.cards.model import Intake
from central.supply.cards.vault.keys import Vault
from central.supply.suppliers.ports import Arrival
from edge.contract.money import Money

ACTOR = Asker("suppliers", "")


class VaultKeys:
    """``KeysArrived`` by the vault of card keys. Stock is posted by the vault itself."""

    def __init__(self, vault: Vault, day_of: Callable[[int], int]) -> None:
        self._vault, self._day_of = vault, day_of

    def take(self, arrival: Arrival, at_s: int) -> str:
        """Keep the keys; say why if they are not kept."""
        cards = [Card(key.secret.strip(), key.number.strip()) for key in arrival.keys]
        if arrival.unit is not None:
            # The purchase has posted its cost into the stock account; the order takes it there.
            intake = self._intake(arrival, arrival.cost)._replace(paid_from=in_stock(arrival.sku))
            kept = keep_delivered([arrival.unit], Delivery(intake, cards), self._vault, ACTOR, at_s)
            return f"key-{kept.why}" if isinstance(kept, NotKept) else ""
        for place, card in enumerate(cards):
            # One by one, so that they come to the fen to what was charged for all of them.
            share, rest = divmod(arrival.cost.minor, len(cards))
            cost = Money(share + (place < rest), arrival.cost.currency)
            stocked = keep_as_stock(
                Delivery(self._intake(arrival, cost), [card]), self._vault, ACTOR, at_s,
                day=self._day_of(at_s),
            )  # fmt: skip
            if isinstance(stocked, NotKept):
                return f"key-{stocked.why}"
        return ""

    @staticmethod
    def _intake(arrival: Arrival, cost: Money) -> Intake:
        return Intake(
            arrival.sku, arrival.account, arrival.paid_from, cost, note=arrival.client_ref
        )
