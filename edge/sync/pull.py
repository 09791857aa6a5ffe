"""One pull: what the hub has changed comes down, with its time and its view of this unit."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping

from edge.contract import signed
from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import GENESIS
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.sync_message import NONCE_BYTES, Ack, Pull, PullAnswer
from edge.errors import HubUnreachable
from edge.journal.store import Journal
from edge.sync.exchange import Exchange

log = logging.getLogger(__name__)

PATH = "/edge/v1/pull"
NOTHING = Ack(Epoch(0), Seq(0), GENESIS)
KNOWS = (str(Kind.STATUS_BLOCK),)
"""What this unit reads besides what every unit reads."""


def pull_once(exchange: Exchange, health: Mapping[str, str | int]) -> PullAnswer:
    """Ask for what has changed and take it; return the answer. Learns the hub's time.

    Raises:
        HubUnreachable: there was no answer that can be believed. Nothing was taken.
    """
    bundles, clock, word = exchange.bundles, exchange.journal.clock, exchange.bundles.word
    assert word is not None, "a unit pulls after it was enrolled"
    nonce = secrets.token_bytes(NONCE_BYTES)
    asked_at_s = clock.steady_s()
    if word.shards.damaged:
        bundles.forget_cursor()  # they are fetched anew, with everything else
        word = bundles.word or word
    pull = Pull(word.enrolment.unit, word.cursor, nonce, health, KNOWS)
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


def compare_ack(journal: Journal, ack: Ack | None, known: Ack = NOTHING) -> bool:
    """Hold the hub's view of the journal against the journal; False if the hub has more.

    A journal that lost its end, or a clone of it, is found out here at the first contact. So is a
    hub that was restored from a backup and has less than before: then what follows is sent again,
    also if nobody redeems anything here any more.

    Args:
        known: How far the hub had the journal when the pull was sent.
    """
    ack = ack or NOTHING
    has_less = ack[:2] < known[:2]
    has_more = ack[:2] > journal.acked[:2]  # another unit of the store has brought it
    if not ack.seq or journal.hash_of(ack.epoch, ack.seq) == ack.hash:
        if has_less or has_more:
            journal.acknowledge(ack)
        return True
    if ack.epoch < journal.tail.epoch:
        # An earlier epoch, whose end this journal has declared lost already.
        if has_less:
            journal.acknowledge(Ack(ack.epoch, Seq(0), GENESIS))
        return True
    journal.hub_is_ahead(ack)
    return False
