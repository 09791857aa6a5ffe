"""Where and how the vouchers of ours that a SKU sells are good."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.supply.catalogue import shelf
from central.supply.catalogue.regions import region_in


class VoucherTerms(NamedTuple):
    """What a voucher's token says beside its product and its days.

    Args:
        store_group: Whose stores take it; 0 for all.
        is_dynamic: Only the rotating code of a phone counts, and no picture of a code.
        is_online_only: Never accepted while the store has no network.
        region: Where it is meant to be redeemed; empty for everywhere. Elsewhere it is accepted
            all the same, and headquarters is told.
    """

    store_group: int = 0
    is_dynamic: bool = False
    is_online_only: bool = False
    region: str = ""


def terms_of(sku: str, at_s: int) -> VoucherTerms:
    """Return how vouchers of a SKU that were ordered at a moment are good."""
    found = rows(
        "SELECT store_group, is_dynamic, is_online_only, region FROM sku_voucher_terms"
        " WHERE sku = ? AND at_s <= ? ORDER BY id DESC LIMIT 1",
        (sku, at_s),
    )
    if not found:
        return VoucherTerms()
    [(group, is_dynamic, is_online_only, region)] = found
    return VoucherTerms(int(group), bool(is_dynamic), bool(is_online_only), region)


def set_terms(sku: str, terms: VoucherTerms, *, by: str, at_s: int) -> None:
    """Say how vouchers of a SKU are good that are ordered from now on.

    Raises:
        NotFound: there is no such SKU, or no store of that group.
        RequestInvalid: it sells no voucher of ours, or its region is no code of one.
    """
    terms = terms._replace(region=region_in(terms.region))
    if shelf.sku_of(sku).product is None:
        raise RequestInvalid(N_("Only a voucher of ours is good in some stores alone."))

    def work() -> None:
        group = terms.store_group
        if group and not rows("SELECT 1 FROM store WHERE store_group = ?", (group,)):
            raise NotFound(N_("There is no such store group."))
        if terms_of(sku, at_s) != terms:
            change(
                "INSERT INTO sku_voucher_terms (sku, store_group, is_dynamic, is_online_only,"
                " region, at_s, who) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (sku, *terms, at_s, by),
            )

    money_transaction(work)


def stores_of(group: int) -> list[str]:
    """Return the names of the stores of a group; none for 0, which is all of them."""
    found = rows("SELECT name FROM store WHERE store_group = ? ORDER BY name", (group,))
    return [str(name) for (name,) in found] if group else []


def stores_within(region: str, group: int) -> list[str]:
    """Return the names of the stores that lie in a region, of a group or, for 0, of all."""
    found = rows(
        "SELECT s.name, (SELECT r.region FROM store_region r WHERE r.store_id = s.id"
        " ORDER BY r.id DESC LIMIT 1) FROM store s WHERE ? IN (0, s.store_group) ORDER BY s.name",
        (group,),
    )
    return [str(name) for name, lies in found if region and (lies or "").startswith(region)]


def groups() -> dict[int, list[str]]:
    """Return every store group with the names of its stores."""
    found: dict[int, list[str]] = {}
    for group, name in rows("SELECT store_group, name FROM store ORDER BY store_group, name"):
        found.setdefault(int(group), []).append(str(name))
    return found
