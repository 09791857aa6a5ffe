"""Mode 1: ask the hub to hold part of a voucher before it is accepted here."""

from __future__ import annotations

import logging

from edge.bundles.store import BundleStore
from edge.contract import signed
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.sync_message import Reservation, Reserve
from edge.errors import HubUnreachable
from edge.sync.hub_client import HubClient
from edge.sync.plan import Breaker

log = logging.getLogger(__name__)

PATH = "/edge/v1/reservations"


class HubReserver:
    """Asks the hub, unless it has been silent lately. Implements ``redemption.ports.Reserver``."""

    def __init__(self, client: HubClient, bundles: BundleStore, breaker: Breaker) -> None:
        self._client = client
        self._bundles = bundles
        self._breaker = breaker

    def reserve(self, reserve: Reserve, timeout_ms: int) -> Reservation | None:
        """Return the hub's answer, or None if there was none to be believed within the time."""
        word = self._bundles.word
        if self._breaker.is_open or word is None:
            return None
        try:
            message = self._client.post(PATH, reserve.encode(), timeout_ms / 1000)
            body = signed.unseal(
                Kind.RESERVATION, word.enrolment.issuer, message, word.bundle_keys()
            )
            answer = Reservation.from_body(body)
            if answer.unit != reserve.unit or answer.request != reserve.request:
                raise MessageInvalid("replayed-message", "the answer is to another question")
        except (HubUnreachable, MessageInvalid) as exc:
            log.info("no reservation: %s", exc)
            self._breaker.note(clean=False)
            return None
        self._breaker.note(clean=True)
        return answer
