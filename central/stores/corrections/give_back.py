"""The use case: part or all of an acceptance is given back, long after the till itself may do it.

A correction is a row of its own; neither the entry nor a posting is changed. The store is not owed
what was given back, and the voucher holds it again.
"""

from __future__ import annotations

from typing import NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.foundation.feed import at_least_this_life, next_change
from central.foundation.language.words import N_
from central.stores.redemptions.settle import settle, settle_status
from central.stores.redemptions.tables import CorrectionRow, RedemptionEntry
from central.stores.vouchers.tables import Voucher
from edge.contract.correction import Correction, CorrectionBook
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId, VoucherId
from edge.contract.journal_entry import EntryKind
from edge.contract.sync_message import Outcome

REASON_CHARS = 500
BOOK_MAX = 5000
"""Corrections that a unit is told of; older ones are of vouchers that are over."""


class Wanted(NamedTuple):
    """What is to be given back.

    Args:
        ref: The acceptance; it must be one of this voucher.
        amount: In the voucher's own measure.
        reason: In words, for whoever asks later.
    """

    ref: EntryRef
    voucher_id: VoucherId
    amount: int
    reason: str


def give_back(wanted: Wanted, *, by: str, currency: str, at_s: int) -> None:
    """Give back part or all of an acceptance.

    Raises:
        NotFound: there is no such acceptance. RequestInvalid: no reason, or nothing.
        Conflict: as much was not taken, or it was taken back by the till.
        PostingRefused: the ledger's own rules are in the way. Then nothing was changed.
    """
    ref, voucher_id, amount, reason = wanted
    told = reason.strip()
    if not 1 <= len(told) <= REASON_CHARS:
        raise RequestInvalid(N_("Say why, in at most 500 characters."))
    if amount < 1:
        raise RequestInvalid(N_("Say how much is given back."))

    def work() -> None:
        row = _acceptance(ref, voucher_id)
        back = taken_back_at_till(ref)
        if back >= (row.amount or 0):
            raise Conflict(N_("The till has taken this back itself."))
        if amount > (row.amount or 0) - back - given_back(ref):
            raise Conflict(N_("Not as much was taken."))
        voucher = Voucher.get_by_id(row.voucher_id)
        CorrectionRow.create(
            unit_id=ref.unit, epoch=ref.epoch, seq=ref.seq, voucher_id=voucher.id, amount=amount,
            reason=told, corrected_by=by, at_s=at_s, n=next_change(),
        )  # fmt: skip
        settle(voucher, currency=currency, at_s=at_s)
        settle_status(voucher)

    money_transaction(work)


def given_back(ref: EntryRef) -> int:
    """Return what was given back of an acceptance."""
    [(total,)] = rows(
        "SELECT coalesce(sum(amount), 0) FROM correction"
        " WHERE unit_id = ? AND epoch = ? AND seq = ?",
        tuple(ref),
    )
    return int(total)


def corrections_of(voucher_id: VoucherId) -> list[CorrectionRow]:
    """Return what was given back on a voucher, the newest first."""
    return list(
        CorrectionRow.select()
        .where(CorrectionRow.voucher_id == voucher_id)
        .order_by(CorrectionRow.id.desc())
    )


def book_of(unit_id: UnitId) -> CorrectionBook:
    """Return what a unit is told, so that it does not refuse what is good again.

    What was given back of another unit's entries too: tills of a store know each other's.
    """
    found = rows(
        "SELECT unit_id, epoch, seq, voucher_id, sum(amount), max(n) FROM correction"
        " WHERE unit_id IN (SELECT id FROM unit WHERE store_id ="
        " (SELECT store_id FROM unit WHERE id = ?))"
        " GROUP BY unit_id, epoch, seq, voucher_id ORDER BY max(n) DESC LIMIT ?",
        (unit_id, BOOK_MAX),
    )
    corrections = tuple(
        Correction(EntryRef(UnitId(u), Epoch(int(e)), Seq(int(s))), VoucherId(int(v)), int(amount))
        for u, e, s, v, amount, _ in found
    )
    version = at_least_this_life(max((int(row[5]) for row in found), default=0))
    return CorrectionBook(version, unit_id, corrections)


def _acceptance(ref: EntryRef, voucher_id: VoucherId) -> RedemptionEntry:
    row: RedemptionEntry | None = RedemptionEntry.get_or_none(
        RedemptionEntry.unit_id == ref.unit, RedemptionEntry.epoch == ref.epoch,
        RedemptionEntry.seq == ref.seq, RedemptionEntry.kind == int(EntryKind.REDEMPTION),
        RedemptionEntry.voucher_id == voucher_id,
        RedemptionEntry.outcome != str(Outcome.QUARANTINED),
    )  # fmt: skip
    if row is None:
        raise NotFound(N_("There is no such redemption."))
    return row


def taken_back_at_till(ref: EntryRef) -> int:
    """Return what the till has taken back of an acceptance itself."""
    [(total,)] = rows(
        "SELECT coalesce(sum(amount), 0) FROM redemption_entry WHERE unit_id = ?"
        " AND voids_epoch = ? AND voids_seq = ? AND kind = 3 AND outcome <> 'quarantined'",
        tuple(ref),
    )
    return int(total)
