"""Takes entries that another unit of the store brings: a destroyed till loses nothing.

Their author's head proves them, as in a push of its own; who brings them proves nothing and can
alter nothing. The receipt is about the author's journal.
"""

from __future__ import annotations

from central.errors import MessageRefused, NotPermitted
from central.foundation.db.engine import change, money_transaction
from central.foundation.language.words import N_
from central.stores.keys.keyring import Keyring
from central.stores.redemptions.receive_push import receive_push
from central.stores.units.tables import Unit, UnitTail
from edge.contract.sync_message import PushReceipt, Relay, UnitState


def receive_relay(
    relay: Relay, relayer: Unit, keyring: Keyring, *, currency: str, at_s: int
) -> PushReceipt:
    """Take a relay of a unit whose request signature was checked.

    Raises:
        NotPermitted: the relayer was stopped, or the author is of no store of its own.
        MessageRefused: the head is not the author's, or not the head of what was brought.
    """
    push = relay.push
    author = Unit.get_or_none(Unit.id == push.unit)
    if relayer.state != UnitState.ACTIVE:
        raise NotPermitted(f"This unit is {relayer.state}.")
    if author is None or author.store_id != relayer.store_id:
        raise NotPermitted(N_("A unit brings entries of the units of its own store."))
    if author.id == relayer.id:
        raise MessageRefused("A unit pushes its own entries.")
    before = _seq_of(push.unit, push.epoch)
    receipt = receive_push(push, author, keyring, currency=currency, at_s=at_s)
    first, last = max(before + 1, push.first_seq), receipt.ack.seq
    if last >= first:
        money_transaction(lambda: _note(relay, first, last, at_s))
    return receipt


def _seq_of(unit: str, epoch: int) -> int:
    row = UnitTail.get_or_none(UnitTail.unit_id == unit, UnitTail.epoch == epoch)
    return row.seq if row else 0


def _note(relay: Relay, first: int, last: int, at_s: int) -> None:
    # Two that bring the same at the same moment: whoever is first is noted.
    change(
        "INSERT INTO relayed_run (unit_id, epoch, first_seq, last_seq, relayer_id, received_at_s)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (unit_id, epoch, first_seq) DO NOTHING",
        (relay.push.unit, relay.push.epoch, first, last, relay.unit, at_s),
    )
