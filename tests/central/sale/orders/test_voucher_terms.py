"""Where and how the vouchers that a SKU sells are good: said by headquarters, kept by the order."""

from __future__ import annotations

import peewee
import pytest

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import change, rows
from central.sale.orders import store
from central.stores.units.regions import set_region
from central.supply.catalogue.voucher_terms import (
    VoucherTerms,
    groups,
    set_terms,
    stores_of,
    stores_within,
    terms_of,
)
from edge.contract.voucher_token import VoucherClaims, decode_payload, split
from tests import builders as b
from tests.central.sale.builders import KEY, LUNCH, Shop

HERE = int(b.GROUP)


def claims_of(shop: Shop, order: str) -> list[VoucherClaims]:
    found = []
    for unit in store.units(order):
        [(sealed,)] = rows("SELECT delivered FROM order_unit WHERE id = ?", (unit.id,))
        token = shop.office.seal.open(bytes(sealed), f"unit:{unit.id}")["voucher"]
        found.append(decode_payload(split(token)[0]))
    return found


def test_what_nobody_has_said_is_good_in_every_store(any_shop: Shop) -> None:
    assert terms_of(LUNCH, b.NOW_S) == VoucherTerms(0, is_dynamic=False, is_online_only=False)
    [claims] = claims_of(any_shop, any_shop.bought(LUNCH).id)
    assert (claims.scope, claims.dynamic_required, claims.online_only) == (0, False, False)


def test_a_voucher_is_as_its_sku_says_when_it_is_ordered(any_shop: Shop) -> None:
    at_s = any_shop.office.now_s()
    set_terms(LUNCH, VoucherTerms(HERE, True, True), by="amy", at_s=at_s)
    order = any_shop.bought(LUNCH, 2)
    for claims in claims_of(any_shop, order.id):
        assert (claims.scope, claims.dynamic_required, claims.online_only) == (HERE, True, True)
    [(scope,)] = set(rows("SELECT scope FROM voucher"))
    assert scope == HERE


def test_a_voucher_knows_its_region_and_the_agent_who_sold_it(any_shop: Shop) -> None:
    at_s = any_shop.office.now_s()
    set_terms(LUNCH, VoucherTerms(region=" 4403 "), by="amy", at_s=at_s)
    any_shop.bought(LUNCH, seller="C1")
    any_shop.bought(LUNCH)
    told = rows("SELECT region, agent FROM voucher ORDER BY agent")
    assert told == [("4403", ""), ("4403", "C1")]


def test_the_stores_of_a_region_are_named_by_where_they_lie(shop: Shop) -> None:
    at_s = shop.office.now_s()
    set_region(b.STORE, "440305", by="amy", at_s=at_s)
    [name] = stores_of(HERE)
    assert stores_within("4403", 0) == stores_within("44", HERE) == [name]
    assert stores_within("31", 0) == stores_within("4403", HERE + 1) == stores_within("", 0) == []
    with pytest.raises(RequestInvalid, match="2, 4 or 6 digits"):
        set_terms(LUNCH, VoucherTerms(region="440"), by="amy", at_s=at_s)


def test_what_is_said_after_the_order_changes_no_order(any_shop: Shop) -> None:
    placed = any_shop.order(LUNCH).order
    at_s = any_shop.office.now_s()
    set_terms(LUNCH, VoucherTerms(HERE), by="amy", at_s=at_s + 1)
    assert terms_of(LUNCH, at_s) == VoucherTerms()
    any_shop.forward(2)
    any_shop.hear(any_shop.pay(placed))
    any_shop.serve()
    assert [one.scope for one in claims_of(any_shop, placed.id)] == [0]


@pytest.mark.parametrize(
    ("sku", "group", "error", "said"),
    [
        (KEY, HERE, RequestInvalid, "voucher of ours"),
        ("NOTHING", HERE, NotFound, "SKU"),
        (LUNCH, 65_000, NotFound, "store group"),
        (LUNCH, -1, NotFound, "store group"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    shop: Shop, sku: str, group: int, error: type[Exception], said: str
) -> None:
    del shop
    with pytest.raises(error, match=said):
        set_terms(sku, VoucherTerms(group), by="amy", at_s=b.NOW_S)
    assert rows("SELECT * FROM sku_voucher_terms") == []


def test_the_same_again_says_nothing_new_and_nothing_is_forgotten(any_shop: Shop) -> None:
    del any_shop
    for at_s in (b.NOW_S, b.NOW_S + 1):
        set_terms(LUNCH, VoucherTerms(HERE), by="amy", at_s=at_s)
    assert rows("SELECT store_group, who FROM sku_voucher_terms") == [(HERE, "amy")]
    for sql in ("UPDATE sku_voucher_terms SET store_group = 0", "DELETE FROM sku_voucher_terms"):
        with pytest.raises(peewee.DatabaseError, match="stays noted"):
            change(sql)


def test_a_buyer_reads_the_names_of_the_stores(shop: Shop) -> None:
    del shop
    assert stores_of(0) == []
    assert stores_of(HERE)
    assert groups()[HERE] == stores_of(HERE)
