"""What a redemption needs of others: somebody who asks the hub. Offline it is nobody."""

from __future__ import annotations

from typing import Protocol

from edge.contract.sync_message import Reservation, Reserve


class Reserver(Protocol):
    """Asks the hub to hold part of a voucher."""

    def reserve(self, reserve: Reserve, timeout_ms: int) -> Reservation | None:
        """Return the hub's answer, or None if there was none within the time.

        Never raises: a hub that is silent, wrong or unbelievable is no hub. While the circuit is
        open it returns None at once.
        """


class NoReserver:
    """For a unit without a network: there is never an answer."""

    def reserve(self, reserve: Reserve, timeout_ms: int) -> Reservation | None:  # noqa: ARG002
        """Return None."""
        return None
