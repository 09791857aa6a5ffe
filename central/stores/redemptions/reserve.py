"""Mode 1: hold part of a voucher for a unit that is about to accept it."""

from __future__ import annotations

from central.errors import KeyReused
from central.foundation.db.engine import money_transaction
from central.stores.redemptions.settle import covered_in_all
from central.stores.redemptions.tables import RedemptionEntry, ReservationRow
from central.stores.units.tables import Store, Unit
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import UnitId, VoucherId
from edge.contract.refusal import Refusal
from edge.contract.status import Status
from edge.contract.sync_message import Outcome, Reservation, Reserve
from edge.contract.voucher_token import validity

LIFE_S = 300
"""A reservation whose entry does not arrive in this time is worth nothing any more. The entry,
when it comes, still counts as reserved: it was promised."""


def reserve(wanted: Reserve, unit: Unit, at_s: int) -> Reservation:
    """Hold the amount, or say why not. Asking again with the same request is the same answer.

    Raises:
        KeyReused: the request was for another voucher or amount before.
    """

    def work() -> Reservation:
        _forget_expired(wanted.voucher_id, at_s)
        mine = _mine(wanted)
        is_done = _arrived(wanted, unit)
        refusal, remaining = _decide(wanted, unit, at_s, is_done=is_done)
        expires_at_s = int(mine.expires_at_s) if mine else at_s + LIFE_S
        if refusal is None and mine is None and not is_done:
            ReservationRow.create(
                unit_id=unit.id, request=wanted.request, voucher_id=wanted.voucher_id,
                amount=wanted.amount, expires_at_s=expires_at_s,
            )  # fmt: skip
        return Reservation(
            UnitId(unit.id), wanted.request, refusal, max(0, remaining), expires_at_s, at_s
        )

    return money_transaction(work)


def _forget_expired(voucher_id: VoucherId, at_s: int) -> None:
    ReservationRow.delete().where(
        ReservationRow.voucher_id == voucher_id, ReservationRow.expires_at_s <= at_s
    ).execute()


def _decide(wanted: Reserve, unit: Unit, at_s: int, *, is_done: bool) -> tuple[Refusal | None, int]:
    """Return why not, and what is left: after this reservation, or as it is.

    Args:
        is_done: The entry of this very request is here already, and applied.
    """
    voucher = Voucher.get_or_none(Voucher.id == wanted.voucher_id)
    if voucher is None:
        return Refusal.UNKNOWN_VOUCHER, 0
    others = sum(
        int(row.amount)
        for row in ReservationRow.select().where(ReservationRow.voucher_id == voucher.id)
        if (row.unit_id, bytes(row.request)) != (unit.id, wanted.request)
    )
    left = voucher.capacity - covered_in_all(voucher) - others
    refusal = _refusal(voucher, unit, at_s)
    if refusal:
        return refusal, left
    if is_done:
        return None, left
    if wanted.amount < 1 or wanted.amount > left:
        spent = left <= 0
        return (Refusal.REDEEMED_ELSEWHERE if spent else Refusal.INSUFFICIENT_VALUE), left
    return None, left - wanted.amount


def _refusal(voucher: Voucher, unit: Unit, at_s: int) -> Refusal | None:
    group = Store.get(Store.id == unit.store_id).store_group
    if voucher.scope not in {0, group}:
        return Refusal.WRONG_STORE
    by_status = {Status.REVOKED: Refusal.REVOKED, Status.SUSPENDED: Refusal.SUSPENDED}
    return by_status.get(Status(voucher.status)) or validity(voucher.claims(), at_s, at_s)


def _mine(wanted: Reserve) -> ReservationRow | None:
    found: ReservationRow | None = ReservationRow.get_or_none(
        ReservationRow.unit_id == wanted.unit, ReservationRow.request == wanted.request
    )
    if found and (found.voucher_id, found.amount) != (wanted.voucher_id, wanted.amount):
        raise KeyReused("This request was for another voucher or amount before.")
    return found


def _arrived(wanted: Reserve, unit: Unit) -> bool:
    """Say whether the entry of this very request is here already."""
    found = RedemptionEntry.get_or_none(
        RedemptionEntry.unit_id == unit.id,
        RedemptionEntry.request == wanted.request,
        RedemptionEntry.outcome == str(Outcome.APPLIED),
    )
    return found is not None
