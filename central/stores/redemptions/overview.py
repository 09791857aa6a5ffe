"""Redemptions and conflicts as an operator sees them."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import rows
from central.stores.redemptions.conflict import CaseState, counting
from central.stores.redemptions.settle import facts_of, ref_of
from central.stores.redemptions.tables import ConflictRow, RedemptionEntry
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId, VoucherId, voucher_id_text
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.policy import Mode


class Receipt(NamedTuple):
    """One signed acceptance, as the paper at the till shows it.

    Args:
        covered_minor: What the voucher's value covers of it.
    """

    unit: str
    epoch: int
    seq: int
    hash_hex: str
    wall_s: int
    mode: str
    amount: int
    worth_minor: int
    covered_minor: int
    receipt: int | None
    clerk: str | None


class Scan(NamedTuple):
    """One entry in the list of what happened."""

    unit: str
    epoch: int
    seq: int
    hash_hex: str
    kind: str
    wall_s: int | None
    voucher_id: str | None
    product: int | None
    mode: str | None
    reason: str | None
    worth_minor: int | None
    outcome: str
    outcome_reason: str
    received_at_s: int


class Conflict(NamedTuple):
    """A voucher that was redeemed beyond its value, with every receipt there is of it.

    Args:
        case_id: The case in which it is to be decided; None if none could be opened yet.
    """

    voucher_id: str
    product: int
    face_minor: int
    excess_minor: int
    opened_at_s: int
    unit: str
    epoch: int
    seq: int
    case_id: int | None
    receipts: tuple[Receipt, ...]


def scans(limit: int = 50) -> list[Scan]:
    """Return what the units did last, newest first."""
    newest = list(
        RedemptionEntry.select()
        .where((RedemptionEntry.kind.is_null()) | (RedemptionEntry.kind != int(EntryKind.EPOCH)))
        .order_by(
            RedemptionEntry.received_at_s.desc(),
            RedemptionEntry.unit_id,
            RedemptionEntry.epoch.desc(),
            RedemptionEntry.seq.desc(),
        )
        .limit(limit)
    )
    ids = sorted({row.voucher_id for row in newest if row.voucher_id is not None})
    vouchers = {v.id: v for v in Voucher.select().where(Voucher.id << ids)} if ids else {}
    return [_scan(row, vouchers.get(row.voucher_id or -1)) for row in newest]


def conflicts() -> list[Conflict]:
    """Return the conflicts that nobody has decided, newest first."""
    found = []
    for row in (
        ConflictRow.select()
        .where(ConflictRow.state == "open")
        .order_by(ConflictRow.opened_at_s.desc(), ConflictRow.unit_id, ConflictRow.seq)
    ):
        ref = EntryRef(UnitId(row.unit_id), Epoch(row.epoch), Seq(row.seq))
        case = counting(ref)
        if case is not None and case.state == CaseState.CLOSED:
            continue
        voucher = Voucher.get(Voucher.id == row.voucher_id)
        receipts = sorted(
            (
                _receipt(fact, voucher)
                for fact in facts_of(voucher)
                if fact.kind == EntryKind.REDEMPTION
            ),
            key=lambda receipt: receipt.wall_s,
        )
        found.append(
            Conflict(
                voucher_id_text(VoucherId(voucher.id)), voucher.product, voucher.face_minor,
                voucher.worth_minor(row.excess), row.opened_at_s, row.unit_id, row.epoch, row.seq,
                None if case is None else case.id, tuple(receipts),
            )
        )  # fmt: skip
    return found


def outcomes() -> dict[str, int]:
    """Return how many entries have which outcome."""
    return {
        str(outcome): int(count)
        for outcome, count in rows(
            "SELECT outcome, count(*) FROM redemption_entry GROUP BY outcome ORDER BY outcome"
        )
    }


def _receipt(row: RedemptionEntry, voucher: Voucher) -> Receipt:
    entry = JournalEntry.decode(bytes(row.entry))
    amount = entry.amount or 0
    return Receipt(
        unit=str(ref_of(row).unit),
        epoch=row.epoch,
        seq=row.seq,
        hash_hex=bytes(row.hash).hex(),
        wall_s=entry.wall_s,
        mode=entry.mode.name.lower() if entry.mode else "",
        amount=amount,
        worth_minor=voucher.worth_minor(amount),
        covered_minor=voucher.worth_minor(row.covered),
        receipt=entry.receipt,
        clerk=entry.clerk,
    )


def _scan(row: RedemptionEntry, voucher: Voucher | None) -> Scan:
    known = voucher is not None and row.amount is not None
    return Scan(
        unit=row.unit_id,
        epoch=row.epoch,
        seq=row.seq,
        hash_hex=bytes(row.hash).hex(),
        kind=EntryKind(row.kind).name.lower() if row.kind else "unreadable",
        wall_s=row.wall_s,
        voucher_id=None if row.voucher_id is None else voucher_id_text(VoucherId(row.voucher_id)),
        product=voucher.product if voucher else None,
        mode=Mode(row.mode).name.lower() if row.mode else None,
        reason=row.reason,
        worth_minor=_worth(row, voucher) if known else None,
        outcome=row.outcome,
        outcome_reason=row.outcome_reason,
        received_at_s=row.received_at_s,
    )


def _worth(row: RedemptionEntry, voucher: Voucher | None) -> int | None:
    if voucher is None or row.amount is None or row.amount > voucher.capacity:
        return None
    return voucher.worth_minor(row.amount)
