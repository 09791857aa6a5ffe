"""Brings the hub what other units of the store have recorded and cannot send themselves."""

from __future__ import annotations

import logging

from edge.contract import signed
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.sync_message import Push, PushReceipt, Relay
from edge.errors import HubUnreachable
from edge.peers.shelf import PeerShelf
from edge.sync.exchange import Exchange

log = logging.getLogger(__name__)

PATH = "/edge/v1/relays"


def relay_once(exchange: Exchange, shelf: PeerShelf) -> int:
    """Bring the next entries of another unit; return how many the hub has more now.

    Raises:
        HubUnreachable: nothing was acknowledged.
    """
    word, run = exchange.bundles.word, shelf.for_hub()
    if word is None or run is None:
        return 0
    push = Push(run.unit, run.epoch, run.first_seq, run.entries, run.head)
    relay = Relay(word.enrolment.unit, push)
    answer = exchange.client.post(PATH, relay.encode(), exchange.timeout_s)
    try:
        body = signed.unseal(Kind.PUSH_RECEIPT, word.enrolment.issuer, answer, word.bundle_keys())
        receipt = PushReceipt.from_body(body)
    except MessageInvalid as exc:
        raise HubUnreachable(f"The receipt of a relay cannot be believed: {exc}") from exc
    if receipt.unit != run.unit or receipt.ack.epoch != run.epoch:
        raise HubUnreachable("The receipt of a relay is about something else.")
    brought = receipt.ack[:2] >= (run.epoch, run.first_seq)
    if brought:
        shelf.note_acked(run.unit, receipt.ack)
        log.info("brought entries of %s up to %d/%d", run.unit, *receipt.ack[:2])
    # A hub that lacks what came before it can take nothing; the author has to send that.
    return len(run.entries) if brought else 0
