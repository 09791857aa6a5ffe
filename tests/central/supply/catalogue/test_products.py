"""Products: added once, and only such as a voucher can be sold of."""

from __future__ import annotations

from typing import Any

import pytest

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.feed import newest_change
from central.stores.keys import trust
from central.stores.vouchers.issue import COUNT_MAX
from central.supply.catalogue import products
from edge.contract.bundle import Catalogue, Product
from edge.contract.ids import ProductId
from edge.contract.voucher_token import VoucherKind
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import KEYRING, Database, an_order, sell

NAMES = {"zh-CN": "午餐券", "en": "Lunch voucher"}
MOST = products.FACE_MINOR_MAX


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    trust.publish(KEYRING, b.NOW_S)


def a_product(**bent: Any) -> Product:
    values: dict[str, Any] = {
        "product": ProductId(7),
        "names": NAMES,
        "kind": VoucherKind.SINGLE,
        "worth_minor": 8800,
    }
    return Product(**{**values, **bent})


@pytest.mark.parametrize("kind", list(VoucherKind))
def test_a_product_is_kept_as_it_is(kind: VoucherKind) -> None:
    worth = 1 if kind is VoucherKind.STORED_VALUE else 1500
    product = a_product(kind=kind, worth_minor=worth, uses=10 if kind is VoucherKind.MULTI else 1)
    products.add(product)
    assert products.get(ProductId(7)) == product
    assert products.catalogue() == Catalogue(newest_change(), {ProductId(7): product})


def test_names_are_kept_without_the_space_around_them() -> None:
    products.add(a_product(names={"zh-CN": "\u3000午餐\u3000券 ", "en": "\tLunch voucher\n"}))
    assert products.get(ProductId(7)).names == {**NAMES, "zh-CN": "午餐\u3000券"}


@pytest.mark.parametrize(
    "bent",
    [
        {"names": {}}, {"names": {"en": "Lunch"}}, {"names": {"zh-CN": "午餐", "en": "  "}},
        {"names": {"zh-CN": "午" * 129, "en": "Lunch"}},
        {"names": {"zh-CN": "午餐", "en": "Lunch\x00"}},
        {"product": ProductId(0)}, {"product": ProductId(2**24)}, {"product": ProductId(-1)},
        {"worth_minor": 0}, {"worth_minor": -5}, {"worth_minor": 2**63},
        {"worth_minor": MOST + 1}, {"kind": VoucherKind.MULTI, "uses": 0},
        {"kind": VoucherKind.MULTI, "worth_minor": 1, "uses": 2**32},
        {"kind": VoucherKind.MULTI, "worth_minor": MOST, "uses": 2},
        {"kind": VoucherKind.STORED_VALUE, "worth_minor": 2},
        {"kind": VoucherKind.SINGLE, "uses": 10},
        {"kind": VoucherKind.STORED_VALUE, "worth_minor": 1, "uses": 10},
    ],
    ids=str,
)  # fmt: skip
def test_a_product_that_could_not_be_sold_is_refused(bent: dict[str, Any]) -> None:
    changes = newest_change()
    with pytest.raises(RequestInvalid):
        products.add(a_product(**bent))
    assert (products.catalogue().products, newest_change()) == ({}, changes)


@pytest.mark.parametrize(
    "bent",
    [
        {"worth_minor": MOST},
        {"kind": VoucherKind.MULTI, "worth_minor": 1, "uses": products.USES_MAX},
    ],
    ids=["dearest", "longest"],
)
def test_a_full_batch_of_the_dearest_product_can_be_sold(bent: dict[str, Any]) -> None:
    assert MOST * COUNT_MAX < 2**63
    products.add(a_product(**bent))
    sell(an_order(vouchers=2))
    assert_sound()


def test_a_number_stands_for_one_product() -> None:
    products.add(a_product())
    with pytest.raises(Conflict):
        products.add(a_product(worth_minor=1))
    assert products.get(ProductId(7)).worth_minor == 8800


def test_a_product_that_is_not_there_is_told() -> None:
    with pytest.raises(NotFound, match="no product 7"):
        products.get(ProductId(7))
    assert products.catalogue() == Catalogue(0, {})
