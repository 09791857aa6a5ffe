"""Mode 3 at the hub: lends part of a voucher to one unit, and takes it back once that is safe.

A unit spends on a lease without a network. What is left of it is free again only once the unit has
told all that it did on it: after the lease's end, or after it was recalled and the unit has heard
of that. By the clock alone a till that was cut off would have spent what others have, too.
"""

from __future__ import annotations

import secrets
from typing import Any

from central.errors import Conflict, KeyReused, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.feed import at_least_this_life, next_change
from central.foundation.language.words import N_
from central.stores.redemptions.complete import has_all_until, has_told, heard_past, journal_of
from central.stores.redemptions.settle import covered_in_all
from central.stores.redemptions.tables import GrantGiven, LeaseRow, RedemptionEntry, ReservationRow
from central.stores.units.signature import CLOCK_SKEW_S
from central.stores.units.tables import Store, Unit
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import UnitId, VoucherId
from edge.contract.lease import LEASE_ID_BYTES, Lease, LeaseBook, LeaseRequest
from edge.contract.status import Status
from edge.contract.sync_message import UnitState
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, VoucherKind, validity

LIFE_S_MAX = 30 * DAY_S
"""The longest time that value is lent for."""
LIFE_S_MIN = 60
LIFE_S = DAY_S
"""How long it is lent for if nobody says."""
REASON_CHARS = 500


def lent(voucher: Voucher) -> int:
    """Return what is lent of a voucher and not spent yet, in its own measure."""
    open_ = LeaseRow.select().where(
        LeaseRow.voucher_id == voucher.id, LeaseRow.closed_at_s.is_null()
    )
    return sum(int(row.amount) - spent_on(row) for row in open_)


def spent_on(row: LeaseRow) -> int:
    """Return what was spent on a lease, as far as the hub knows and its value covers."""
    found = RedemptionEntry.select().where(RedemptionEntry.evidence == row.id)
    return min(int(row.amount), sum(int(entry.covered) for entry in found))


def lend(wanted: LeaseRequest, *, by: str, at_s: int) -> Lease:
    """Lend part of a voucher to a unit. Asking again with the same id is the same lease.

    Raises:
        NotFound: no such voucher or unit. RequestInvalid: it is not lent like this.
        Conflict: not as much is free, or the voucher or unit is not in use.
        KeyReused: the id was for another voucher, unit or amount before.
    """

    def work() -> Lease:
        before = LeaseRow.get_or_none(LeaseRow.id == wanted.lease_id)
        if before is not None:
            return _same(before, wanted)
        voucher, unit = _of(wanted)
        _check(voucher, unit, wanted, at_s)
        forget_over(wanted.voucher_id, at_s)
        free = voucher.capacity - covered_in_all(voucher) - promised(voucher) - lent(voucher)
        if wanted.amount > free:
            raise Conflict(N_("Not as much is free of this voucher."), free=max(0, free))
        ends_s = DAY_ZERO_S + voucher.expires_day * DAY_S
        expires_at_s = min(at_s + wanted.life_s, ends_s)
        LeaseRow.create(
            id=wanted.lease_id, unit_id=wanted.unit, voucher_id=wanted.voucher_id,
            amount=wanted.amount, given_by=by, given_at_s=at_s, expires_at_s=expires_at_s,
            given_n=next_change(),
        )  # fmt: skip
        return Lease(wanted.lease_id, wanted.voucher_id, wanted.amount, expires_at_s)

    return money_transaction(work)


def new_lease_id() -> bytes:
    """Return the id of a lease that headquarters gives."""
    return secrets.token_bytes(LEASE_ID_BYTES)


def recall(lease_id: bytes, by: str) -> None:
    """Ask a lease back. It is free once the unit has heard of it and told what it did.

    Raises:
        NotFound: there is none. Conflict: it is over, or was recalled before.
    """

    def work() -> None:
        row = _open(lease_id)
        if row.recalled_n is not None:
            raise Conflict(N_("This lease was recalled before."))
        _change(row, recalled_n=next_change(), recalled_by=by)

    money_transaction(work)


def write_off(lease_id: bytes, by: str, reason: str, at_s: int) -> None:
    """Give a lease up whose unit will never tell. What it has spent on it may be spent twice.

    Raises:
        NotFound: there is none. Conflict: it is over. RequestInvalid: there is no reason.
    """
    told = reason.strip()
    if not 1 <= len(told) <= REASON_CHARS:
        raise RequestInvalid(N_("Say why, in at most 500 characters."))
    money_transaction(
        lambda: _close(_open(lease_id), "written-off", at_s, closed_by=by, reason=told)
    )


def promised(voucher: Voucher) -> int:
    """Return what is reserved of a voucher, in its own measure."""
    found = ReservationRow.select().where(ReservationRow.voucher_id == voucher.id)
    return sum(int(row.amount) for row in found)


def forget_over(voucher_id: VoucherId, at_s: int) -> None:
    """Forget the reservations and close the leases of a voucher that are over. In the caller's
    transaction."""
    expired = ReservationRow.select().where(
        ReservationRow.voucher_id == voucher_id, ReservationRow.expires_at_s <= at_s
    )
    for row in list(expired):
        # A phone was promised it: when a till is lost, a person says what becomes of that.
        is_over = has_told if _is_grant(row) else has_all_until
        if is_over(UnitId(row.unit_id), row.expires_at_s + CLOCK_SKEW_S):
            row.delete_instance()
    for row in list(_still_open().where(LeaseRow.voucher_id == voucher_id)):
        if row.expires_at_s <= at_s and heard_past(_unit_of(row), row.expires_at_s):
            _close(row, "returned", at_s)


def note_pull(unit_id: UnitId, knows_n: int, at_s: int) -> None:
    """Close what a unit has given back: what it was told of before this pull, and all that it did
    is here. In the caller's transaction.

    Args:
        knows_n: Number of the newest change that it has taken, from the cursor that it sends.
    """
    for row in list(_still_open().where(LeaseRow.unit_id == unit_id)):
        unit = _unit_of(row)
        if row.expires_at_s <= at_s and heard_past(unit, row.expires_at_s):
            _close(row, "returned", at_s)
        elif row.recalled_n is not None and row.recalled_n <= knows_n:
            journal = journal_of(unit)
            if journal.lost is None and journal.told is not None and journal.told.is_here:
                _close(row, "returned", at_s)


def book_of(unit_id: UnitId) -> LeaseBook:
    """Return all that is lent to a unit now; version 0 if nothing ever was and no hub was lost."""
    found = list(LeaseRow.select().where(LeaseRow.unit_id == unit_id).order_by(LeaseRow.given_n))
    numbers = [n for row in found for n in (row.given_n, row.recalled_n, row.closed_n) if n]
    leases = tuple(
        Lease(bytes(row.id), VoucherId(row.voucher_id), row.amount, row.expires_at_s)
        for row in found
        if row.closed_at_s is None and row.recalled_n is None
    )
    return LeaseBook(at_least_this_life(max(numbers, default=0)), unit_id, leases)


def leases_of(voucher_id: VoucherId) -> list[LeaseRow]:
    """Return every lease on a voucher, the newest first."""
    return list(
        LeaseRow.select()
        .where(LeaseRow.voucher_id == voucher_id)
        .order_by(LeaseRow.given_n.desc())
        .limit(100)
    )


def _is_grant(row: ReservationRow) -> bool:
    return (
        GrantGiven.get_or_none(GrantGiven.unit_id == row.unit_id, GrantGiven.request == row.request)
        is not None
    )


def _same(row: LeaseRow, wanted: LeaseRequest) -> Lease:
    before = (row.unit_id, row.voucher_id, row.amount)
    if before != (wanted.unit, wanted.voucher_id, wanted.amount):
        raise KeyReused(N_("This request was for another voucher, unit or amount before."))
    return Lease(bytes(row.id), wanted.voucher_id, wanted.amount, row.expires_at_s)


def _of(wanted: LeaseRequest) -> tuple[Voucher, Unit]:
    voucher = Voucher.get_or_none(Voucher.id == wanted.voucher_id)
    if voucher is None:
        raise NotFound(N_("There is no such voucher."))
    unit = Unit.get_or_none(Unit.id == wanted.unit)
    if unit is None:
        raise NotFound(N_("There is no such unit."))
    return voucher, unit


def _check(voucher: Voucher, unit: Unit, wanted: LeaseRequest, at_s: int) -> None:
    if voucher.kind == VoucherKind.SINGLE:
        raise RequestInvalid(N_("Only stored value and vouchers of several uses are lent."))
    if not 1 <= wanted.amount <= voucher.capacity:
        raise RequestInvalid(N_("A lease is not larger than its voucher."))
    if not LIFE_S_MIN <= wanted.life_s <= LIFE_S_MAX:
        raise RequestInvalid(N_("A lease lasts a minute to thirty days."))
    if unit.state != UnitState.ACTIVE:
        raise Conflict(N_("This unit is stopped."))
    if voucher.scope not in {0, Store.get_by_id(unit.store_id).store_group}:
        raise Conflict(N_("This voucher is not for this store."))
    if Status(voucher.status) is not Status.VALID or validity(voucher.claims(), at_s, at_s):
        raise Conflict(N_("This voucher is not valid now."))


def _still_open() -> Any:
    return LeaseRow.select().where(LeaseRow.closed_at_s.is_null())


def _unit_of(row: LeaseRow) -> Unit:
    unit: Unit = Unit.get_by_id(row.unit_id)
    return unit


def _open(lease_id: bytes) -> LeaseRow:
    row: LeaseRow | None = LeaseRow.get_or_none(LeaseRow.id == lease_id)
    if row is None:
        raise NotFound(N_("There is no such lease."))
    if row.closed_at_s is not None:
        raise Conflict(N_("This lease is over."))
    return row


def _close(row: LeaseRow, how: str, at_s: int, **more: object) -> None:
    _change(row, closed_at_s=at_s, closed_how=how, closed_n=next_change(), **more)


def _change(row: LeaseRow, **changes: object) -> None:
    LeaseRow.update(**changes).where(LeaseRow.id == row.id).execute()
