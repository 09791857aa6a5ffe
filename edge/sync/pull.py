"""One pull: what the hub has changed comes down, with its time and its view of this unit."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping

from edge.contract import signed
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.sync_message import NONCE_BYTES, Ack, Pull, PullAnswer
from edge.errors import HubUnreachable
from edge.journal.store import Journal
from edge.sync.exchange import Exchange

log = logging.getLogger(__name__)

PATH = "/edge/v1/pull"


def pull_once(exchange: Exchange, health: Mapping[str, str | int]) -> PullAnswer:
    """Ask for what has changed and take it; return the answer. Learns the hub's time.

    Raises:
        HubUnreachable: there was no answer that can be believed. Nothing was taken.
    """
    bundles, clock, word = exchange.bundles, exchange.journal.clock, exchange.bundles.word
    assert word is not None, "a unit pulls after it was enrolled"
    nonce = secrets.token_bytes(NONCE_BYTES)
    asked_at_s = clock.steady_s()
    pull = Pull(word.enrolment.unit, word.cursor, nonce, health)
    message = exchange.client.post(PATH, pull.encode(), exchange.timeout_s)
    try:
        issuer, keys = word.enrolment.issuer, word.bundle_keys()
        answer = PullAnswer.from_body(signed.unseal(Kind.PULL_ANSWER, issuer, message, keys))
        if answer.unit != word.enrolment.unit or answer.nonce != nonce:
            raise MessageInvalid("replayed-message", "the answer is to another question")
        clock.learn_from_hub(answer.hub_time_s, asked_at_s)
        taken = bundles.take(answer)
    except MessageInvalid as exc:
        if exc.slug == "status-gap":
            bundles.forget_cursor()  # the next pull begins from nothing
        raise HubUnreachable(f"The hub's answer cannot be believed: {exc}") from exc
    if taken:
        log.info("pulled %s", ", ".join(taken))
    return answer


def compare_ack(journal: Journal, ack: Ack | None) -> bool:
    """Hold the hub's view of the journal against the journal; False if the hub has more.

    A journal that lost its end, or a clone of it, is found out here at the first contact.
    """
    if ack is None or not ack.seq or journal.hash_of(ack.epoch, ack.seq) == ack.hash:
        return True
    if ack.epoch < journal.tail.epoch:
        return True  # an earlier epoch, whose end this journal has declared lost already
    journal.hub_is_ahead(ack)
    return False
