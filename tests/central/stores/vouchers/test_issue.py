"""Selling vouchers: rows, money and tokens in one transaction."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import HUB, change, open_database
from central.money.ledger.audit import audit, size
from central.stores.vouchers.issue import COUNT_MAX, Issued, token_text
from central.stores.vouchers.tables import Shard, Voucher
from central.supply.catalogue import products
from edge.contract import voucher_token
from edge.contract.bundle import Product
from edge.contract.ids import ProductId
from edge.contract.status import SHARD_SIZE
from edge.contract.voucher_token import VoucherKind
from tests import builders as b
from tests.central.books import assert_sound, balances
from tests.central.builders import (
    COFFEE,
    GIFT,
    KEYRING,
    LUNCH,
    OTHER_GROUP,
    Database,
    a_voucher,
    an_order,
    at_once,
    furnish,
    sell,
)

TRUST = b.a_trust_list()


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


@pytest.mark.parametrize(
    ("product", "kind", "value", "face", "capacity"),
    [
        (LUNCH, VoucherKind.SINGLE, 8800, 8800, 1),
        (COFFEE, VoucherKind.MULTI, 10, 15000, 10),
        (GIFT, VoucherKind.STORED_VALUE, 20000, 20000, 20000),
    ],
    ids=["single", "multi", "stored-value"],
)
def test_a_voucher_is_worth_what_its_product_says(
    product: ProductId, kind: VoucherKind, value: int, face: int, capacity: int
) -> None:
    claims = a_voucher(product)
    row = Voucher.get(Voucher.id == claims.voucher_id)
    assert (claims.kind, claims.value) == (kind, value)
    assert (row.face_minor, row.capacity, row.claims()) == (face, capacity, claims)
    assert row.worth_minor(capacity) == face


def test_a_token_is_genuine_and_says_what_was_sold() -> None:
    [sold] = sell(an_order(dynamic_required=True, online_only=True))
    assert voucher_token.verify(sold.text, TRUST, b.NOW_S) == sold.claims
    assert (sold.claims.dynamic_required, sold.claims.online_only) == (True, True)
    assert sold.claims.kid == 1


def test_a_token_can_be_signed_again_and_is_the_same() -> None:
    [sold] = sell(an_order())
    assert token_text(sold.claims, KEYRING) == sold.text


def test_tokens_are_not_kept() -> None:
    """Whoever reads the database must not be able to spend what is in it."""
    [sold] = sell(an_order())
    [row] = Voucher.select().dicts()
    assert sold.text[100:140] not in repr(row)


def test_what_was_paid_is_owed_to_the_holders() -> None:
    sell(an_order(vouchers=3))
    sell(an_order(GIFT, channel="web", vouchers=2))
    assert balances() == {
        "1010.counter": 3 * 8800, "1010.web": 40000, "2020.7": -3 * 8800, "2020.9": -40000,
    }  # fmt: skip
    assert_sound()


@pytest.mark.parametrize(
    ("product", "bent"),
    [
        (LUNCH, {"vouchers": 0}), (LUNCH, {"vouchers": -1}), (LUNCH, {"vouchers": COUNT_MAX + 1}),
        (LUNCH, {"scope": -1}), (LUNCH, {"scope": 65536}),
        (LUNCH, {"not_before_day": -1}), (LUNCH, {"expires_day": 90}),
        (LUNCH, {"expires_day": 65536}), (LUNCH, {"value": 5}),
        (GIFT, {"value": 0}), (GIFT, {"value": -5}), (GIFT, {"value": 2**32}),
        (LUNCH, {"channel": ""}), (LUNCH, {"channel": "a/b"}), (LUNCH, {"channel": "x" * 33}),
        (LUNCH, {"channel": "web shop"}), (LUNCH, {"channel": "nul\x00"}),
    ],
    ids=str,
)  # fmt: skip
def test_an_order_that_cannot_be_is_refused_and_leaves_nothing(
    product: ProductId, bent: dict[str, Any]
) -> None:
    with pytest.raises(RequestInvalid):
        sell(an_order(product, **bent))
    assert (Voucher.select().count(), Shard.select().count(), size()) == (0, 0, (0, 0))


def test_an_unknown_product_is_not_sold() -> None:
    with pytest.raises(NotFound):
        a_voucher(ProductId(77))


def test_what_the_ledger_refuses_is_not_sold() -> None:
    change("UPDATE closed_through SET day = 20260411")
    with pytest.raises(Exception, match="closed"):
        a_voucher()
    assert (Voucher.select().count(), Shard.select().count(), size()) == (0, 0, (0, 0))


def test_a_voucher_keeps_what_it_was_sold_for() -> None:
    """The token bears its own figures: a later product does not change them."""
    dear = Product(ProductId(12), {"zh-CN": "车", "en": "Car"}, VoucherKind.SINGLE, 2**32)
    products.add(dear)
    claims = a_voucher(ProductId(12))
    assert claims.value == 0, "it does not fit: as the product says"
    assert Voucher.get(Voucher.id == claims.voucher_id).face_minor == 2**32
    assert_sound()


def test_indices_are_dense_by_group_and_month() -> None:
    """What was sold together lies together, and each group's list can be told for itself."""
    first = [v.claims.status_index for v in sell(an_order(vouchers=3))]
    second = [v.claims.status_index for v in sell(an_order(vouchers=2))]
    other_month = a_voucher(expires_day=300).status_index
    other_group = a_voucher(scope=OTHER_GROUP).status_index
    assert first + second == list(range(5))
    assert [other_month, other_group] == [SHARD_SIZE, 2 * SHARD_SIZE]


def test_a_full_shard_is_followed_by_another() -> None:
    a_voucher()
    Shard.update(used=SHARD_SIZE - 2).execute()
    indices = [v.claims.status_index for v in sell(an_order(vouchers=4))]
    assert indices == [SHARD_SIZE - 2, SHARD_SIZE - 1, SHARD_SIZE, SHARD_SIZE + 1]


def test_a_thousand_vouchers_are_one_batch() -> None:
    sold = sell(an_order(vouchers=1000))
    assert len({v.claims.voucher_id for v in sold}) == 1000
    assert len({row.batch for row in Voucher.select(Voucher.batch)}) == 1
    assert size() == (2, 4)


def all_distinct(told: list[Any], wanted: int) -> None:
    sold = [v for some in told if isinstance(some, list) for v in some]
    assert len(sold) == wanted, told
    claims = [v.claims if isinstance(v, Issued) else v for v in sold]
    assert len({c.voucher_id for c in claims}) == wanted
    assert sorted(c.status_index for c in claims) == list(range(wanted))
    assert_sound()


def test_many_who_sell_at_once_share_no_id_and_no_index() -> None:
    told = at_once(8, lambda _: [v for _ in range(3) for v in sell(an_order(vouchers=4))])
    all_distinct(told, 96)


def _sell_in_a_process(dsn: str, file: str) -> list[Any]:
    open_database(dsn, Path(file))
    sold = [v.claims for _ in range(10) for v in sell(an_order(vouchers=3))]
    HUB.close()
    return sold


def test_two_processes_that_sell_at_once_share_no_id_and_no_index(hub_database: Database) -> None:
    HUB.close()
    given = (hub_database.dsn, str(hub_database.sqlite_file))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        all_distinct(pool.starmap(_sell_in_a_process, [given] * 2), 60)
    assert audit() == []
