"""Mode 2 at the hub: holds part of a voucher for one sale of a till, and signs a grant of it.

The till has no network, so nobody knows whether it has used the grant until its journal has come:
what is held stays held until then, however late that is.
"""

from __future__ import annotations

from typing import Any

from central.errors import RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.language.words import N_
from central.stores.keys.keyring import Keyring
from central.stores.redemptions.reserve import hold
from central.stores.redemptions.tables import GrantGiven
from central.stores.units.tables import Store, Unit
from central.stores.vouchers.tables import Voucher
from edge.contract.grant import GRANT_LIFE_S, Grant, GrantRequest, digest_of
from edge.contract.ids import StoreId, UnitId, VoucherId
from edge.contract.refusal import Refusal
from edge.contract.sync_message import Reserve, UnitState


def look(asked: GrantRequest, voucher_id: VoucherId) -> dict[str, Any]:
    """Return what the holder is shown before he agrees: the store, the till, and how much.

    Raises:
        RequestInvalid: it is for another voucher, or no till of ours asks.
    """
    unit, store = _of(asked, voucher_id)
    voucher = Voucher.get_by_id(voucher_id)
    amount = min(asked.amount, voucher.capacity)
    return {
        "store": store.name, "unit": unit.id, "amount": asked.amount,
        "worth_minor": voucher.worth_minor(amount),
    }  # fmt: skip


def give(
    asked: GrantRequest, voucher_id: VoucherId, keyring: Keyring, at_s: int
) -> tuple[str, Grant] | Refusal:
    """Hold the amount and return the grant's digits, or why not. Asking again is the same grant.

    Raises:
        RequestInvalid: it is for another voucher, or no till of ours asks.
        KeyReused: the till's request was for another voucher or amount before.
    """

    def digest(grant: Grant) -> bytes:
        return digest_of(grant.sign(keyring.issuer, keyring.bundle))

    def work() -> Grant | Refusal:
        unit, _ = _of(asked, voucher_id)
        before = GrantGiven.get_or_none(
            GrantGiven.unit_id == asked.unit, GrantGiven.request == asked.nonce
        )
        if before is not None and before.expires_at_s <= at_s:
            return Refusal.GRANT_EXPIRED
        wanted = Reserve(asked.unit, asked.nonce, asked.voucher_id, asked.amount)
        held = hold(wanted, unit, at_s, GRANT_LIFE_S)
        if held.refusal:
            return held.refusal
        if before is not None:
            same = _grant(asked, before.given_at_s, before.remaining)
            # Another key signs by now: what the till would bear as evidence is not what was given.
            return same if digest(same) == bytes(before.digest) else Refusal.GRANT_EXPIRED
        grant = _grant(asked, at_s, held.remaining)
        GrantGiven.create(
            unit_id=asked.unit, request=asked.nonce, voucher_id=asked.voucher_id,
            amount=asked.amount, digest=digest(grant),
            given_at_s=at_s, expires_at_s=grant.expires_at_s, remaining=grant.remaining,
        )  # fmt: skip
        return grant

    found = money_transaction(work)
    if isinstance(found, Refusal):
        return found
    return found.sign(keyring.issuer, keyring.bundle), found


def _grant(asked: GrantRequest, at_s: int, remaining: int) -> Grant:
    return Grant(
        asked.store, asked.unit, asked.nonce, asked.voucher_id, asked.amount,
        at_s + GRANT_LIFE_S, at_s, remaining,
    )  # fmt: skip


def _of(asked: GrantRequest, voucher_id: VoucherId) -> tuple[Unit, Store]:
    unit = Unit.get_or_none(Unit.id == UnitId(asked.unit))
    if unit is None or unit.state != UnitState.ACTIVE:
        raise RequestInvalid(N_("No till of ours asks for this."))
    store = Store.get_by_id(unit.store_id)
    if StoreId(store.id) != asked.store:
        raise RequestInvalid(N_("No till of ours asks for this."))
    if asked.voucher_id != voucher_id:
        raise RequestInvalid(N_("The till asks for another voucher."))
    return unit, store
