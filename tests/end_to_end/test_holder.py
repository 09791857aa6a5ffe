"""What a phone shows by the hub's secrets is what a till without a network takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from central.stores.holders.link import make_link
from edge.app import Unit
from tests import builders as b
from tests.central.builders import an_order, sell
from tests.central.phone import Phone, shown_on
from tests.edge.builders import with_key
from tests.end_to_end.shop import Shop, a_joined_unit, a_shop


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path / "hub") as shop:
        yield shop


@pytest.fixture(name="unit")
def _unit(shop: Shop, tmp_path: Path) -> Iterator[Unit]:
    with a_joined_unit(shop, tmp_path / "till") as unit:
        yield unit


@pytest.mark.parametrize("which", [0, 1], ids=["the QR code", "the number"])
def test_a_till_takes_what_the_phone_shows_and_once_only(
    shop: Shop, unit: Unit, which: int
) -> None:
    [voucher] = sell(an_order(dynamic_required=True))
    token = make_link(voucher.claims.voucher_id, "anna", b.NOW_S)
    told = Phone(shop.app.test_client()).open(token).json
    unit.sync_now()
    shop.close()
    pos: Any = with_key(unit)
    scan = {"scan": shown_on(told, b.NOW_S)[which]}
    first = pos.post("/v1/redemptions", json=scan, headers={"Idempotency-Key": "a"})
    assert first.status_code == 201
    assert first.json["mode"] in {"solo", "degraded"}
    second = pos.post("/v1/redemptions", json=scan, headers={"Idempotency-Key": "b"})
    assert (second.status_code, second.json["reason"]) == (409, "already-redeemed")


def test_a_till_refuses_a_picture_of_the_phone_that_is_too_old(shop: Shop, unit: Unit) -> None:
    [voucher] = sell(an_order(dynamic_required=True))
    token = make_link(voucher.claims.voucher_id, "anna", b.NOW_S)
    told = Phone(shop.app.test_client()).open(token).json
    unit.sync_now()
    pos: Any = with_key(unit)
    scan = {"scan": shown_on(told, b.NOW_S - 120)[0]}
    answer = pos.post("/v1/redemptions", json=scan, headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json["reason"]) == (409, "code-wrong")
