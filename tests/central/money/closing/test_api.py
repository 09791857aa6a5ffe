"""Closing over the API: what days wait for, a person's reason, the close and its seal."""

from __future__ import annotations

import pytest

from central.money.ledger import rules
from central.money.ledger.closes import closed_through
from central.money.ledger.seal import newest_seal
from tests.central.builders import Database, an_app
from tests.central.channel import yuan
from tests.central.money.reconciliation.bills import booked
from tests.central.money.sharing.test_api import Caller

DAY = 20260410


@pytest.fixture(name="finance")
def _finance(hub_database: Database) -> Caller:
    app = an_app(hub_database)
    booked(rules.paid("counter", "T1", "O1", yuan("10.00"), DAY, "test"))
    return Caller(app, "finance")


def test_a_day_is_told_closed_and_stays_so(finance: Caller) -> None:
    told = finance.get("/v1/closing/days")
    assert told["closed_through"] == 0
    assert {"day": DAY, "can_be_closed": True, "channels": []} in told["days"]
    closed = finance.post(f"/v1/closing/days/{DAY}/close")
    seal = newest_seal()
    assert (closed["day"], closed["actor"]) == (DAY, "key finance")
    assert closed["seal"] == f"{seal.journal_id}:{seal.hash.hex()}"
    assert closed_through() == DAY
    assert DAY not in [one["day"] for one in finance.get("/v1/closing/days")["days"]]
    finance.post(f"/v1/closing/days/{DAY}/close", 409)


def test_what_cannot_be_closed_is_told(finance: Caller) -> None:
    finance.post("/v1/closing/days/20260411/close", 409)
    finance.post("/v1/closing/days/20260230/close", 409)
    finance.post("/v1/closing/months/202604/close", 409)
    finance.post("/v1/closing/days/1/close", 422)
    assert closed_through() == 0


def test_a_reason_is_said_once_and_stays_beside_the_day(finance: Caller) -> None:
    path = f"/v1/closing/days/{DAY}/waivers"
    finance.post(path, channel="wechat-pay", reason="the bill is lost")
    again = finance.post(path, 409, channel="wechat-pay", reason="again")
    assert again["type"].endswith("/conflict")
    finance.post(path, 422, channel="wechat-pay", reason="")
    finance.post("/v1/closing/days/20260411/waivers", 400, channel="wechat-pay", reason="not over")
