"""One push: the next entries go up, and how far the hub has them comes back."""

from __future__ import annotations

import logging

from edge.contract import signed
from edge.contract.ids import Seq
from edge.contract.journal_entry import Head, entry_hash
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.sync_message import Ack, Outcome, Push, PushReceipt
from edge.errors import HubUnreachable
from edge.sync.exchange import Exchange

log = logging.getLogger(__name__)

PATH = "/edge/v1/push"
FORKED = "fork"
"""The reason of an entry that the hub keeps beside the one it has."""


def push_once(exchange: Exchange) -> int:
    """Push the next entries; return how many the hub has acknowledged now. 0: nothing to push.

    Raises:
        HubUnreachable: nothing was acknowledged; the same entries are pushed again.
    """
    journal, keys, word = exchange.journal, exchange.keys, exchange.bundles.word
    following = journal.next_to_push()
    if following is None or word is None:
        return 0
    epoch, first, entries = following
    unit, issuer = word.enrolment.unit, word.enrolment.issuer
    last = Seq(first + len(entries) - 1)
    now_s = journal.clock.now().at_s
    head = Head(unit, epoch, last, entry_hash(entries[-1]), now_s).sign(issuer, keys.sign)
    push = Push(unit, epoch, first, tuple(entries), head)
    answer = exchange.client.post(PATH, push.encode(), exchange.timeout_s)
    try:
        body = signed.unseal(Kind.PUSH_RECEIPT, issuer, answer, word.bundle_keys())
        receipt = PushReceipt.from_body(body)
    except MessageInvalid as exc:
        raise HubUnreachable(f"The push receipt cannot be believed: {exc}") from exc
    if receipt.unit != unit or receipt.ack.epoch != epoch:
        raise HubUnreachable("The push receipt is about something else.")
    for result in receipt.results:
        if result.outcome in {Outcome.OVERSPEND, Outcome.QUARANTINED}:
            log.warning("entry %d/%d: %s %s", epoch, result.seq, result.outcome, result.reason)
    before = journal.acked
    if not journal.acknowledge(receipt.ack):
        # It has more of this epoch than we do, or another journal has our places and ours lies
        # beside it. If it has what we sent, the epoch that comes after must not wait for ever.
        told = next((result for result in receipt.results if result.seq == last), None)
        is_over = epoch < journal.tail.epoch
        if told is None or not (is_over or told.reason == FORKED):
            raise HubUnreachable("The hub acknowledges another journal than this unit's.")
        log.warning("epoch %d: the hub has another end of it than this unit", epoch)
        journal.acknowledge(Ack(epoch, last, entry_hash(entries[-1])))
        return len(entries)
    return max(0, receipt.ack.seq - (before.seq if before.epoch == epoch else 0))
