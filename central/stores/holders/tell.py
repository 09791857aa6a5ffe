"""What a phone is told of its voucher: what it is worth now, and the secrets of its codes."""

from __future__ import annotations

import base64
from typing import Any

from central.errors import NotFound
from central.foundation.language.words import N_
from central.stores.keys.keyring import Keyring
from central.stores.redemptions.settle import covered_in_all
from central.stores.units.tables import Store
from central.stores.vouchers.issue import token_text
from central.stores.vouchers.tables import Voucher
from central.supply.catalogue import products
from edge.contract.dynamic_code import SHORT_PREFIX
from edge.contract.handle import damm_digit, handle_of
from edge.contract.ids import VoucherId, voucher_id_text
from edge.contract.keys import (
    KEY_EPOCH_S,
    CodeAlgorithm,
    epoch_key,
    group_key,
    handle_key,
    key_epoch_at,
    voucher_seed,
)
from edge.contract.status import Status
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, FOR_EVER, VoucherClaims

EPOCHS_MAX = 60
"""Key epochs of seven days that a phone is given at once: a year and two months, 4 kB."""
STORES_MAX = 30
"""Stores that are named; of more, the rest is counted."""


def voucher_told(voucher_id: VoucherId, keyring: Keyring, currency: str) -> dict[str, Any]:
    """Return what the page shows of a voucher. It repeats no secret but the token itself.

    Raises:
        NotFound: there is no such voucher.
    """
    voucher = Voucher.get_or_none(Voucher.id == voucher_id)
    if voucher is None:
        raise NotFound(N_("There is no such voucher."))
    claims = voucher.claims()
    product = products.catalogue().products.get(claims.product)
    names = dict(product.names) if product else {}
    return {
        "id": voucher_id_text(voucher_id),
        "token": token_text(claims, keyring),
        "kind": claims.kind.name.lower().replace("_", "-"),
        "names": names,
        "currency": currency,
        "face_minor": voucher.face_minor,
        "capacity": voucher.capacity,
        "remaining": max(0, voucher.capacity - covered_in_all(voucher)),
        "status": Status(voucher.status).name.lower(),
        "from_s": DAY_ZERO_S + claims.not_before_day * DAY_S,
        "until_s": ends_at_s(claims),
        "stores": _stores(claims),
    }


def codes_told(
    claims: VoucherClaims, keyring: Keyring, at_s: int, have_until_s: int
) -> list[dict[str, Any]]:
    """Return the secrets of the key epochs that a phone has not got yet, until the voucher ends.

    Args:
        have_until_s: The phone has those of every epoch that ends by then; 0 for none.
    """
    group = group_key(keyring.master, claims.scope)
    first = key_epoch_at(at_s)
    end = ends_at_s(claims)
    last = first + EPOCHS_MAX if end is None else min(first + EPOCHS_MAX, key_epoch_at(end) + 1)
    rows = []
    for epoch in range(max(first, have_until_s // KEY_EPOCH_S), last):
        key = epoch_key(group, epoch)
        static = SHORT_PREFIX + handle_of(claims.status_index, handle_key(key))
        seed = voucher_seed(key, claims.voucher_id, CodeAlgorithm.SHA256)
        rows.append(
            {
                "from_s": epoch * KEY_EPOCH_S,
                "until_s": (epoch + 1) * KEY_EPOCH_S,
                "seed": base64.b64encode(seed).decode(),
                "static": static + damm_digit(static),
            }
        )
    return rows


def ends_at_s(claims: VoucherClaims) -> int | None:
    """Return when a voucher stops being good, None if it never does."""
    return None if claims.expires_day == FOR_EVER else DAY_ZERO_S + claims.expires_day * DAY_S


def _stores(claims: VoucherClaims) -> dict[str, Any]:
    """Return where it is accepted; ``all`` if every store takes it."""
    found = Store.select().order_by(Store.name)
    if claims.scope:
        found = found.where(Store.store_group == claims.scope)
    names = [row.name for row in found]
    return {
        "all": claims.scope == 0,
        "names": names[:STORES_MAX],
        "more": max(0, len(names) - STORES_MAX),
    }
