"""Mode 3: a till spends without a network what headquarters has lent to it, and no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.foundation.db.engine import rows
from central.stores.redemptions.lease import lend, new_lease_id, recall
from central.stores.redemptions.overview import scans
from edge.app import Unit
from edge.contract.ids import UnitId
from edge.contract.lease import Lease, LeaseRequest
from edge.contract.voucher_token import VoucherClaims
from edge.core import Parts
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import COFFEE, GIFT, an_order, sell
from tests.edge.builders import Clock, with_key
from tests.end_to_end.shop import Shop, a_joined_unit, a_shop
from tests.end_to_end.test_grant import carry_to_hub

HOUR_S = 3600


class Scene:
    """A till, a card that is good only with headquarters, and a lease on part of it."""

    def __init__(self, shop: Shop, unit: Unit, clock: Clock) -> None:
        self.shop, self.unit, self.clock = shop, unit, clock
        self.pos: FlaskClient = with_key(unit)
        [card] = sell(an_order(GIFT))
        self.claims: VoucherClaims = card.claims
        self.text = card.text
        self.lease = self.lend(10000)
        unit.sync_now()

    def lend(self, amount: int, unit: str = "S0412-K1", life_s: int = HOUR_S) -> Lease:
        wanted = LeaseRequest(UnitId(unit), new_lease_id(), self.claims.voucher_id, amount, life_s)
        return lend(wanted, by="anna", at_s=b.NOW_S)

    def spend(self, minor: int, key: str, pos: FlaskClient | None = None) -> Any:
        scan = {"scan": self.text, "amount": {"amount": minor, "currency": "CNY"}}
        return (pos or self.pos).post(
            "/v1/redemptions", json=scan, headers={"Idempotency-Key": key}
        )


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Iterator[Scene]:
    clock = Clock()
    with (
        a_shop(tmp_path / "hub") as shop,
        a_joined_unit(shop, tmp_path / "till", clock) as unit,
    ):
        yield Scene(shop, unit, clock)


def modes(*answers: Any) -> list[str]:
    """What stood behind each; whether a till that is alone has silent peers is no matter here."""
    return [alone_or(answer.json.get("mode")) for answer in answers]


def alone_or(mode: str | None) -> str:
    return "alone" if mode in {"solo", "degraded"} else str(mode)


def test_a_till_without_a_network_spends_its_lease_and_then_stands_alone(scene: Scene) -> None:
    scene.shop.close()
    answers = [scene.spend(6000, "a"), scene.spend(4000, "b"), scene.spend(1, "c")]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert modes(*answers) == ["lease", "lease", "alone"]
    assert carry_to_hub(scene.unit) == ["applied", "applied", "applied"]
    assert [alone_or(scan.mode) for scan in scans(3)] == ["alone", "lease", "lease"]
    assert_sound()


def test_what_is_beyond_the_lease_and_the_floor_is_refused(scene: Scene) -> None:
    scene.shop.close()
    told = scene.spend(10001, "a")
    assert (told.status_code, modes(told)) == (201, ["alone"])  # below the floor of 500.00
    scene.clock.pass_s(HOUR_S)
    assert modes(scene.spend(100, "b")) == ["alone"]  # the lease is over


def test_what_is_taken_back_can_be_spent_on_the_lease_again(scene: Scene) -> None:
    scene.shop.close()
    first = scene.spend(10000, "a").json["entry"]
    assert scene.unit.core is not None
    scene.unit.core.voider.void(first["epoch"], first["seq"], "li")
    assert modes(scene.spend(10000, "b")) == ["lease"]
    assert carry_to_hub(scene.unit) == ["applied", "recorded", "applied"]


def test_many_at_once_spend_it_once(scene: Scene) -> None:
    """Each was told before that the lease leaves enough; only the journal's lock knows."""
    scene.shop.close()
    start = threading.Barrier(6)

    def work(n: int) -> Any:
        start.wait(30)
        return scene.spend(4000, f"k{n}", with_key(scene.unit))

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(work, range(6)))
    accepted = [answer.json["mode"] for answer in answers if answer.status_code == 201]
    assert accepted.count("lease") == 2
    assert scene.unit.core is not None
    spent = scene.unit.core.journal.spent_on(scene.claims.voucher_id, scene.lease.lease_id)
    assert spent == 8000


def test_a_till_that_is_on_line_spends_its_lease_when_all_else_is_lent(scene: Scene) -> None:
    scene.lend(10000, unit="S0412-K1")  # now all of it is lent to this till
    assert modes(scene.spend(5000, "a")) == ["lease"]


def test_another_till_on_line_is_told_that_it_is_set_aside(scene: Scene, tmp_path: Path) -> None:
    with a_joined_unit(scene.shop, tmp_path / "other") as other:
        other.sync_now()
        told = scene.spend(10001, "a", with_key(other))
        assert (told.status_code, told.json["reason"]) == (409, "value-lent")
        assert modes(scene.spend(10000, "b", with_key(other))) == ["online"]


def test_a_recalled_lease_is_not_spent_on_and_what_was_left_is_free_again(
    scene: Scene, tmp_path: Path
) -> None:
    assert modes(scene.spend(10000, "a")) == ["online"]  # what is not lent goes first
    recall(scene.lease.lease_id, "li")
    scene.unit.sync_now()  # it hears of it
    scene.unit.sync_now()  # and tells that all it did is there
    assert rows("SELECT closed_how FROM lease") == [("returned",)]
    assert modes(scene.spend(10000, "b")) == ["online"]
    scene.unit.sync_now()
    assert_sound()


def test_a_lease_outlives_a_restart_of_the_till(scene: Scene, tmp_path: Path) -> None:
    scene.shop.close()
    assert modes(scene.spend(9000, "a")) == ["lease"]
    assert scene.unit.core is not None
    word = scene.unit.core.bundles.word
    assert word is not None
    assert word.leases is not None
    scene.unit.stop()
    again = Unit(scene.unit.config, Parts(scene.clock.wall_s, scene.clock.steady_s))
    try:
        pos = with_key(again)
        assert modes(scene.spend(1000, "b", pos), scene.spend(1, "c", pos)) == ["lease", "alone"]
    finally:
        again.stop()


def test_uses_are_lent_like_money(scene: Scene) -> None:
    [card] = sell(an_order(COFFEE))
    wanted = LeaseRequest(UnitId("S0412-K1"), new_lease_id(), card.claims.voucher_id, 2, HOUR_S)
    lend(wanted, by="anna", at_s=b.NOW_S)
    scene.unit.sync_now()
    scene.shop.close()
    answers = [
        scene.pos.post(
            "/v1/redemptions", json={"scan": card.text}, headers={"Idempotency-Key": key}
        )
        for key in "xyz"
    ]
    assert modes(*answers) == ["lease", "lease", "alone"]


def test_a_till_asks_for_a_lease_itself(scene: Scene) -> None:
    body = {"scan": scene.text, "amount": {"amount": 3000, "currency": "CNY"}, "hours": 12}
    headers = {"Idempotency-Key": "lend"}
    told: Any = scene.pos.post("/v1/leases", json=body, headers=headers)
    assert (told.status_code, told.json["amount"]) == (201, 3000)
    assert told.json["expires_at_s"] == b.NOW_S + 12 * HOUR_S
    assert scene.pos.post("/v1/leases", json=body, headers=headers).json == told.json
    assert rows("SELECT count(*), sum(amount) FROM lease") == [(2, 13000)]
    more = {**body, "amount": {"amount": 7001, "currency": "CNY"}}
    refused: Any = scene.pos.post("/v1/leases", json=more, headers={"Idempotency-Key": "more"})
    assert refused.status_code == 502, refused.json
    assert (refused.json["type"], refused.json["hub"]) == ("/problems/hub-refused", "conflict")
