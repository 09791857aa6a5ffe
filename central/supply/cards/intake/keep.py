"""Keeps keys that a supplier has delivered: to units of an order, or, too late for it, as stock.

A supplier's answer is believed as little as a file's line: what is empty, an error text, known
already or of the wrong number is refused by a value that says why, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from central.foundation.db.engine import change, rows
from central.supply.cards.access.log import Asker, alert_of_bait
from central.supply.cards.card import Card, Fault, fault_of
from central.supply.cards.insert import SealedKey, insert_keys, seal_cards
from central.supply.cards.intake.take import check_intake, stage, stock
from central.supply.cards.model import Batch, HandedOver, Intake
from central.supply.cards.reserve import give_back, handed_over, write_handover
from central.supply.cards.store import NewBatch, insert_batch
from central.supply.cards.vault.keys import Vault


class NotKept(NamedTuple):
    """Nothing of a delivery was kept.

    Args:
        why: A ``Fault``, or ``count`` for another number of keys than units, or ``served`` for a
            unit that has another key already.
        place: Which key of the delivery, counted from 1; 0 if all of it.
    """

    why: str
    place: int


class Delivery(NamedTuple):
    """What a supplier has delivered.

    Args:
        intake: Its SKU, supplier, cost of one, and the account that the supplier is paid from.
        cards: One for each unit, in their order.
    """

    intake: Intake
    cards: Sequence[Card]


def keep_delivered(
    units: Sequence[str], delivery: Delivery, vault: Vault, by: Asker, at_s: int
) -> list[HandedOver] | NotKept:
    """Hand a supplier's keys over to the units that they were bought for, in their order.

    Call it in a ``money_transaction``. The same delivery once more returns what the units have.
    The cost is the order's to post, from the account that the result names.

    Raises:
        NotFound, RequestInvalid: no such SKU, or an account that nothing is paid from.
        VaultShut: the vault's keys are missing.
    """
    intake, cards = delivery
    check_intake(intake)
    if len(cards) != len(units) or len(set(units)) != len(units) or not units:
        return NotKept("count", 0)
    if refused := _refused(cards):
        return refused
    prints = vault.fingerprints(list(cards))
    alert_of_bait(prints, by, at_s)
    if served := _served(units, prints):
        return served
    if known := _known(intake.sku, prints):
        return known
    batch, key = insert_batch(NewBatch(intake, "delivered", None, by.actor, at_s), vault)
    give_back(units, at_s)
    sealed = seal_cards(batch, list(enumerate(cards, start=1)), key, vault)
    _insert_sold(batch, sealed, units, at_s)
    return [write_handover(u, one.id, at_s) for u, one in zip(units, sealed, strict=True)]


def keep_as_stock(
    delivery: Delivery, vault: Vault, by: Asker, at_s: int, *, day: int
) -> Batch | NotKept:
    """Put keys into stock that a supplier has delivered after their order was served otherwise.

    Call it in a ``money_transaction``; the ledger gets their cost.

    Raises:
        PostingRefused: the ledger refuses. Besides that as ``keep_delivered``.
    """
    intake, cards = delivery
    check_intake(intake)
    if not cards:
        return NotKept("count", 0)
    if refused := _refused(cards):
        return refused
    prints = vault.fingerprints(list(cards))
    alert_of_bait(prints, by, at_s)
    if known := _known(intake.sku, prints):
        return known
    batch, key = insert_batch(NewBatch(intake, "stock", None, by.actor, at_s), vault)
    sealed = seal_cards(batch, list(enumerate(cards, start=1)), key, vault)
    written = insert_keys(batch, sealed, at_s)
    change(
        "UPDATE card_batch SET lines = ?, kept = ? WHERE id = ?",
        (len(cards), len(written), batch.id),
    )
    stage(batch.id)
    return stock(batch.id, at_s, day=day, actor=by.actor)


def _refused(cards: Sequence[Card]) -> NotKept | None:
    seen: set[bytes] = set()
    for place, card in enumerate(cards, start=1):
        if fault := fault_of(card):
            return NotKept(fault, place)
        if card.normal in seen:
            return NotKept(Fault.TWICE, place)
        seen.add(card.normal)
    return None


def _served(units: Sequence[str], prints: list[bytes]) -> list[HandedOver] | NotKept | None:
    """Return what the units have if that is this delivery; say which one has another key."""
    has = [handed_over(unit) for unit in units]
    if not any(has):
        return None
    for place, (one, fingerprint) in enumerate(zip(has, prints, strict=True), start=1):
        if one is None:
            continue
        [(kept,)] = rows("SELECT fp FROM card_key WHERE id = ?", (one.key,))
        if bytes(kept) != fingerprint:
            return NotKept("served", place)
    there = [one for one in has if one is not None]
    return there if len(there) == len(units) else NotKept("served", has.index(there[0]) + 1)


def _known(sku: str, prints: list[bytes]) -> NotKept | None:
    marks = ", ".join("?" * len(prints))
    found = rows(
        f"SELECT fp FROM card_key WHERE sku = ? AND state <> 'void' AND fp IN ({marks})",
        (sku, *prints),
    )
    known = {bytes(fp) for (fp,) in found}
    places = (place for place, fp in enumerate(prints, start=1) if fp in known)
    return NotKept(Fault.KNOWN, next(places)) if known else None


def _insert_sold(
    batch: Batch, sealed: list[SealedKey], units: Sequence[str], at_s: int
) -> None:  # fmt: skip
    # Without ON CONFLICT: who brings the same card at once is in the way, and one is tried again.
    for unit, one in zip(units, sealed, strict=True):
        change(
            "INSERT INTO card_key (id, batch_id, sku, fp, sealed, tail, state, unit, changed_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?, 'sold', ?, ?)",
            (one.id, batch.id, batch.sku, one.fp, one.sealed, one.tail, unit, at_s),
        )
