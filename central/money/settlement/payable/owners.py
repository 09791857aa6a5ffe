"""Whose a store is: an owner of several gets one payout, and what he owes us is set off first."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.money.ledger.chart import heading_of
from central.money.settlement.ports import Stores
from edge.contract.ids import StoreId


class Owned(NamedTuple):
    """A store with the party that it belongs to."""

    store: StoreId
    owner: str


def account_of(owner: str) -> str:
    """Return where an owner is owed what his stores' statements come to."""
    return f"2320.{owner}"


def owners() -> dict[StoreId, str]:
    """Return whose each store is now; a store that stands for itself is left out."""
    return {
        StoreId(store): owner
        for store, owner in rows(
            "SELECT store_id, owner FROM store_owner s WHERE owner <> '' AND n ="
            " (SELECT max(n) FROM store_owner o WHERE o.store_id = s.store_id) ORDER BY store_id"
        )
    }


def set_owner(stores: Stores, store: str, owner: str, by: str, at_s: int) -> None:
    """Say whose a store is from now on; empty: it stands for itself again. Earlier ones are kept.

    What is owed to him as an agent, or by him (1110), stands under the same name.

    Raises:
        RequestInvalid: there is no such store, or this is no name of an account.
    """

    def work() -> None:
        if store not in {shop.id for shop in stores.shops()}:
            raise RequestInvalid(N_("There is no such store."))
        if owner:
            try:
                heading_of(account_of(owner))
            except ValueError as exc:
                raise RequestInvalid(
                    N_("The name of an owner has 1 to 40 letters, digits and hyphens.")
                ) from exc
        [(newest,)] = rows(
            "SELECT coalesce(max(n), 0) FROM store_owner WHERE store_id = ?", (store,)
        )
        change(
            "INSERT INTO store_owner (store_id, n, owner, set_by, set_at_s) VALUES (?, ?, ?, ?, ?)",
            (store, newest + 1, owner, by, at_s),
        )

    money_transaction(work)
