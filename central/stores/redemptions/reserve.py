"""Mode 1: hold part of a voucher for a unit that is about to accept it."""

from __future__ import annotations

from central.errors import KeyReused
from central.foundation.db.engine import money_transaction
from central.foundation.language.words import N_
from central.stores.redemptions.lease import forget_over, lent
from central.stores.redemptions.settle import covered_in_all
from central.stores.redemptions.tables import RedemptionEntry, ReservationRow
from central.stores.units.tables import Store, Unit
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import UnitId
from edge.contract.refusal import Refusal
from edge.contract.status import Status
from edge.contract.sync_message import Outcome, Reservation, Reserve
from edge.contract.voucher_token import validity

LIFE_S = 300
"""How long a unit may use a reservation. After that it is forgotten, but not before the hub knows
that its entry cannot come any more: the unit may have accepted and lost its network
(docs/decisions/0030)."""


def reserve(wanted: Reserve, unit: Unit, at_s: int) -> Reservation:
    """Hold the amount, or say why not. Asking again with the same request is the same answer.

    Raises:
        KeyReused: the request was for another voucher or amount before.
    """
    return money_transaction(lambda: hold(wanted, unit, at_s))


def hold(wanted: Reserve, unit: Unit, at_s: int, life_s: int = LIFE_S) -> Reservation:
    """Do what ``reserve`` does, in the caller's transaction.

    Raises:
        KeyReused: the request was for another voucher or amount before.
    """
    forget_over(wanted.voucher_id, at_s)
    mine = _mine(wanted)
    if mine and mine.expires_at_s <= at_s:
        mine.delete_instance()
        mine = None  # asked for anew
    is_done = _arrived(wanted, unit)
    refusal, remaining = _decide(wanted, unit, at_s, is_done=is_done)
    expires_at_s = int(mine.expires_at_s) if mine else at_s + life_s
    if refusal is None and mine is None and not is_done:
        ReservationRow.create(
            unit_id=unit.id, request=wanted.request, voucher_id=wanted.voucher_id,
            amount=wanted.amount, expires_at_s=expires_at_s,
        )  # fmt: skip
    return Reservation(
        UnitId(unit.id), wanted.request, refusal, max(0, remaining), expires_at_s, at_s
    )


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
    on_loan = lent(voucher)
    left = voucher.capacity - covered_in_all(voucher) - others - on_loan
    refusal = _refusal(voucher, unit, at_s)
    if refusal:
        return refusal, left
    if is_done:
        return None, left
    if left < wanted.amount <= left + on_loan:
        return Refusal.VALUE_LENT, left  # a unit that has a lease of it may spend on that
    if wanted.amount < 1 or wanted.amount > left:
        spent = left + on_loan <= 0
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
        raise KeyReused(N_("This request was for another voucher or amount before."))
    return found


def _arrived(wanted: Reserve, unit: Unit) -> bool:
    """Say whether the entry of this very request is here already."""
    found = RedemptionEntry.get_or_none(
        RedemptionEntry.unit_id == unit.id,
        RedemptionEntry.request == wanted.request,
        RedemptionEntry.outcome == str(Outcome.APPLIED),
    )
    return found is not None
