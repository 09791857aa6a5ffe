"""What the vault's pages and API work with; ``app`` makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from central.foundation.seal import Seal
from central.money.ledger.rules import business_day
from central.supply.cards.vault.keys import Vault


@dataclass(frozen=True)
class Room:
    """The vault, the money and the clock of this hub.

    Args:
        people: What people's second factors are sealed with.
    """

    vault: Vault
    people: Seal
    currency: str
    timezone: str
    now_s: Callable[[], int]

    def day(self) -> int:
        """Return the business day."""
        return business_day(self.now_s(), self.timezone)
