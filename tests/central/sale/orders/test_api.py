"""Orders for programs: bought once, told in full but for what is its buyer's or the house's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.people import login
from central.money.ledger import rules
from central.money.ledger.store import post
from central.money.sharing.model import AgentId
from central.network.agents.change import suspend
from central.sale.orders import store
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import TODAY, Database
from tests.central.channel import WECHAT, Served
from tests.central.money.ledger.walk import cny
from tests.central.sale.builders import BY_HAND, CODE, KEY, PRICE, SET
from tests.central.sale.served import Open, open_shop
from tests.central.supply.cards.builders import secret

WISH: dict[str, Any] = {
    "sku": KEY, "fields": {"account": "li"}, "code": CODE, "contact": "li@example.com",
}  # fmt: skip


class Program:
    """A program with an API key of its own."""

    def __init__(
        self, opened: Open, name: str = "mall", role: str = "shop", agent: str | None = None
    ) -> None:  # fmt: skip
        self._client = opened.app.test_client()
        key = login.add_api_key(name, role, b.NOW_S, agent)
        self._headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}

    def get(self, path: str, status: int = 200) -> Any:
        found = self._client.get(path, headers=self._headers)
        assert found.status_code == status, found.text
        return found.json

    def post(self, path: str, status: int = 200, key: str = "", **body: Any) -> Any:
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        found = self._client.post(path, json=body, headers=headers)
        assert found.status_code == status, found.text
        return found.json

    def order(self, status: int = 200, key: str = "k1", **bent: Any) -> Any:
        return self.post("/v1/orders", status, key, **{**WISH, **bent})


@pytest.fixture
def everywhere(hub_database: Database, channel: Served) -> Iterator[Open]:
    yield open_shop(hub_database, channel)
    assert_sound()


@pytest.fixture
def mall(opened: Open) -> Program:
    opened.shop.stock(range(3))
    return Program(opened)


@pytest.fixture
def chief(opened: Open) -> Program:
    return Program(opened, "chief", "admin")


def test_a_program_sells_a_key_from_the_order_to_the_delivery(everywhere: Open) -> None:
    shop = everywhere.shop
    shop.stock(range(1))
    mall = Program(everywhere)
    placed = mall.order(seller="C1")
    number = placed["order"]["id"]
    assert (placed["order"]["price_minor"], placed["order"]["state"]) == (PRICE[KEY], "pending")
    paying = mall.post(f"/v1/orders/{number}/pay", channel=WECHAT)
    assert paying["qr_text"].startswith("weixin://")
    assert mall.post(f"/v1/orders/{number}/pay", channel=WECHAT) == paying
    shop.channel.pay(WECHAT, paying["payment"]["number"])
    shop.hear(paying["payment"]["number"])
    shop.serve()
    told = mall.get(f"/v1/orders/{number}")
    assert (told["order"]["state"], told["order"]["seller"]) == ("completed", "C1")
    assert [unit["state"] for unit in told["units"]] == ["delivered"]
    assert [payment["state"] for payment in told["payments"]] == ["paid"]
    events = [line["event"] for line in told["story"]]
    assert events[:3] == ["placed", "payment-asked", "money-came"]
    for hidden in (secret(0), CODE, "li@example.com", placed["path"]):
        assert hidden not in json.dumps(told)
    assert number in everywhere.buyer().get(placed["path"]).text


def test_the_same_key_is_the_same_order_of_this_program_alone(opened: Open, mall: Program) -> None:
    first = mall.order()
    assert mall.order() == first
    assert mall.order(422, quantity=2)["type"] == "/problems/key-reused"
    other = Program(opened, "other").order()
    assert other["order"]["id"] != first["order"]["id"]
    assert len(mall.get("/v1/orders")["orders"]) == 2


def test_no_order_without_a_key_that_can_be_kept(mall: Program) -> None:
    for key in ("", "x" * 65, "with blank", "schlüssel"):
        [fault] = mall.order(422, key)["errors"]
        assert fault["where"] == "Idempotency-Key", key


def test_a_price_above_the_highest_is_told_and_nothing_is_kept(mall: Program) -> None:
    told = mall.order(409, price_max_minor=PRICE[KEY] - 1)
    assert (told["type"], told["price_minor"]) == ("/problems/price-too-high", PRICE[KEY])
    assert mall.get("/v1/orders")["orders"] == []
    mall.order(price_max_minor=PRICE[KEY])


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"quantity": 4}, 409, "out-of-stock"),
    ({"sku": "NONE"}, 404, "not-found"),
    ({"seller": "NOBODY"}, 404, "not-found"),
    ({"buyer": "NOBODY"}, 404, "not-found"),
    ({"code": ""}, 400, "request-invalid"),
    ({"quantity": 0}, 422, "request-invalid"),
    ({"quantity": "1"}, 422, "request-invalid"),
    ({"contact": "li\u200bx"}, 400, "request-invalid"),
    ({"unknown": 1}, 422, "request-invalid"),
]


def test_an_order_that_cannot_be_is_told_why_and_leaves_nothing(mall: Program) -> None:
    for bent, status, slug in WRONG:
        assert mall.order(status, **bent)["type"] == f"/problems/{slug}", bent
    assert mall.get("/v1/orders")["orders"] == []
    assert mall.order(quantity=3)["order"]["quantity"] == 3


TYPED: list[dict[str, Any]] = [
    {}, {"account": ""}, {"account": ["li"]}, {"account": "\ud800"},
    {"account": "li", "other": "x"},
]  # fmt: skip


def test_each_field_that_is_wrong_is_named(mall: Program) -> None:
    for typed in TYPED:
        told = mall.order(400, fields=typed)
        wrong = "fields/other" if "other" in typed else "fields/account"
        assert [fault["where"] for fault in told["errors"]] == [wrong], typed
        assert told["errors"][0]["what"]


def test_a_bundle_s_fields_are_described_and_named_by_part(mall: Program) -> None:
    name = f"{KEY}.account"
    schema = mall.get(f"/v1/catalogue/skus/{SET}")["fields_schema"]
    assert (list(schema["properties"]), schema["required"]) == ([name], [name])
    told = mall.order(400, sku=SET, fields={"account": "li"})
    assert {fault["where"] for fault in told["errors"]} == {"fields/account", f"fields/{name}"}
    number = mall.order(sku=SET, fields={name: "li-xiaoming"})["order"]["id"]
    assert mall.get(f"/v1/orders/{number}")["told"]["fields"] == {name: "li-****ng"}


def test_orders_are_told_page_by_page_and_none_twice(opened: Open, mall: Program) -> None:
    placed = [mall.order(key=f"k{n}", sku=BY_HAND, fields={}, contact="")["order"]["id"]
              for n in range(5)]  # fmt: skip
    mall.post(f"/v1/orders/{placed[0]}/cancel")
    seen: list[str] = []
    page = mall.get("/v1/orders?limit=2")
    while True:
        seen += [order["id"] for order in page["orders"]]
        if page["next"] is None:
            break
        # What comes meanwhile stands before all pages.
        opened.shop.forward(1)
        mall.order(key=f"later-{len(seen)}", sku=BY_HAND, fields={}, contact="", code=CODE)
        page = mall.get(f"/v1/orders?limit=2&before={page['next']}")
    assert sorted(seen) == sorted(placed)
    assert len(mall.get("/v1/orders?state=cancelled")["orders"]) == 1
    mall.get("/v1/orders?before=OAAAAAAAAAAAAAAA", 404)
    mall.get("/v1/orders?state=lost", 422)


def test_an_order_is_given_up_once(mall: Program) -> None:
    number = mall.order()["order"]["id"]
    assert mall.post(f"/v1/orders/{number}/cancel")["state"] == "cancelled"
    assert mall.post(f"/v1/orders/{number}/cancel", 409)["type"] == "/problems/conflict"
    assert mall.post(f"/v1/orders/{number}/pay", 409, channel=WECHAT)["type"].endswith("conflict")
    mall.post("/v1/orders/OAAAAAAAAAAAAAAA/cancel", 404)
    assert store.story(number)[-2].who == "key mall"


def test_an_agent_s_order_is_paid_from_what_he_has_prepaid(opened: Open, mall: Program) -> None:
    number = mall.order(buyer="C1", code="")["order"]["id"]
    path = f"/v1/orders/{number}/pay"
    assert mall.post(path, 409, channel="balance")["type"] == "/problems/posting-refused"
    prepaid = rules.prepaid("1010.web", "T1", "C1", cny(PRICE[KEY]), TODAY, "test")
    money_transaction(lambda: post(prepaid, b.NOW_S))
    paid = mall.post(path, channel="balance")
    assert (paid["order"]["state"], paid["qr_text"]) == ("serving", "")
    assert mall.post(path, 409, channel="balance")["type"] == "/problems/conflict"
    assert mall.post(path, 404, channel="cash")["type"] == "/problems/not-found"
    goods = f"/v1/orders/{number}/units/{number}-1/goods"
    agent = Program(opened, "agent", "agent")
    agent.post(goods, 409)  # not delivered yet
    opened.shop.serve()
    mall.post(goods, 403)
    assert agent.post(goods)["text"] == secret(0)
    told = agent.get(f"/v1/orders/{number}")
    assert [unit["state"] for unit in told["units"]] == ["revealed"]
    assert told["story"][-1]["who"] == "key agent"
    assert secret(0) not in json.dumps(told)
    theirs = opened.shop.bought(KEY)
    agent.post(f"/v1/orders/{theirs.id}/units/{theirs.id}-1/goods", 403)


def test_an_agent_s_own_program_sees_and_orders_for_him_alone(opened: Open, mall: Program) -> None:
    opened.shop.stock(range(3, 6))
    own = Program(opened, "C1's shop", "agent", "C1")
    theirs = mall.order(key="theirs", buyer="C2", code="")["order"]["id"]
    customers = mall.order(key="customers")["order"]["id"]
    for number in (theirs, customers):
        goods = f"/v1/orders/{number}/units/{number}-1/goods"
        own.get(f"/v1/orders/{number}", 404)
        own.post(f"/v1/orders/{number}/pay", 404, channel="balance")
        own.post(f"/v1/orders/{number}/cancel", 404)
        own.post(goods, 404)
        own.get(f"/v1/orders?before={number}", 404)
    assert own.get("/v1/orders")["orders"] == []
    for wanted in ({"buyer": "C2", "code": ""}, {"seller": "C2"}):
        assert own.order(403, **wanted)["detail"] == "A key of C1 asks and orders for C1 alone."
    sold = own.order(key="sold")["order"]
    assert (sold["seller"], sold["buyer"]) == ("C1", ""), "it is his sale"
    own.post(f"/v1/orders/{sold['id']}/units/{sold['id']}-1/goods", 403)  # his customer's alone
    passed_on = mall.order(key="passed-on", seller="C1", buyer="C2", code="")["order"]["id"]
    own.get(f"/v1/orders/{passed_on}")
    own.post(f"/v1/orders/{passed_on}/units/{passed_on}-1/goods", 403)  # another agent's alone
    mall.post(f"/v1/orders/{passed_on}/cancel")
    bought = own.order(key="bought", buyer="C1", code="")["order"]
    assert {one["id"] for one in own.get("/v1/orders")["orders"]} == {
        bought["id"], sold["id"], passed_on,
    }  # fmt: skip
    for asked in ({"agent": "C2"}, {"level": "city"}):
        own.post("/v1/prices/quote", 403, sku=KEY, **asked)
    own.post("/v1/prices/quote", sku=KEY, agent="C1")
    suspend(AgentId("C1"), b.NOW_S, "li")
    assert "suspended or terminated" in own.get("/v1/orders", 403)["detail"]


@pytest.mark.parametrize(
    ("role", "agent", "error"), [("shop", "C1", RequestInvalid), ("agent", "C9", NotFound)]
)
def test_a_key_that_cannot_be_an_agent_s_is_not_made(
    opened: Open, role: str, agent: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        login.add_api_key("own", role, b.NOW_S, agent)


def test_what_a_buyer_has_told_is_masked_until_somebody_says_why(
    mall: Program, chief: Program
) -> None:  # fmt: skip
    number = mall.order(fields={"account": "li-xiaoming"})["order"]["id"]
    path = f"/v1/orders/{number}/private"
    masked = mall.get(f"/v1/orders/{number}")["told"]
    assert masked == {"contact": "l***@example.com", "fields": {"account": "li-****ng"}}
    mall.post(path, 403, reason="curious")
    chief.post(path, 400, reason=" ")
    told = chief.post(path, reason="the supplier asks")
    assert told == {"contact": "li@example.com", "fields": {"account": "li-xiaoming"}}
    last = store.story(number)[-1]
    assert (last.who, last.event, last.detail) == ("key chief", "private-seen", "the supplier asks")


def test_money_goes_back_once(opened: Open, mall: Program, chief: Program) -> None:
    order = opened.shop.bought(KEY)
    path, unit = f"/v1/orders/{order.id}/refunds", f"{order.id}-1"
    mall.post(path, 403, units=[unit], reason="broken")
    chief.post(path, 400, units=[], reason="broken")
    chief.post(path, 400, units=[unit], reason="bro\x00ken")
    asked = chief.post(path, units=[unit], reason="broken")
    assert (asked["amount_minor"], asked["asked_by"]) == (PRICE[KEY], "key chief")
    chief.post(path, 409, units=[unit], reason="broken")
    opened.shop.settle_refunds()
    told = mall.get(f"/v1/orders/{order.id}")
    assert [one["state"] for one in told["refunds"]] == ["done"]
    assert told["order"]["refunded_minor"] == PRICE[KEY]


def test_a_person_delivers_by_a_program_and_tries_again(opened: Open, chief: Program) -> None:
    shop = opened.shop
    by_hand = shop.bought(BY_HAND)
    path = f"/v1/orders/{by_hand.id}/units/{by_hand.id}-1"
    served = chief.post(f"{path}/deliver", text="Room 4")
    assert (served["unit"]["state"], served["order"]["state"]) == ("delivered", "completed")
    assert "Room 4" not in json.dumps(served)
    chief.post(f"{path}/deliver", 409, text="Room 5")
    shop.stock(range(1))
    first = shop.order(KEY, contact="").order
    shop.forward(3600)  # its key is kept for it no longer
    shop.bought(KEY)
    late = store.get(first.id)
    chief.post(f"/v1/orders/{late.id}/units/{by_hand.id}-1/refill", 404)
    chief.post(f"/v1/orders/{late.id}/units/{late.id}-1/refill", 409)
    chief.post(f"/v1/orders/{late.id}/units/{late.id}-1000/refill", 404)


def test_a_unit_that_found_nothing_is_served_when_there_are_keys(
    opened: Open, chief: Program
) -> None:
    shop = opened.shop
    shop.stock(range(1))
    slow = shop.order(KEY).order
    number = chief.post(f"/v1/orders/{slow.id}/pay", channel=WECHAT)["payment"]["number"]
    shop.channel.pay(WECHAT, number)
    shop.forward(3600)
    shop.bought(KEY)
    shop.hear(number)
    shop.serve()
    assert chief.get(f"/v1/orders/{slow.id}")["order"]["state"] == "exception"
    shop.stock(range(1, 2))
    served = chief.post(f"/v1/orders/{slow.id}/units/{slow.id}-1/refill")
    assert (served["order"]["state"], served["unit"]["state"]) == ("completed", "delivered")


def test_cost_is_told_to_those_who_may_see_it(
    opened: Open, mall: Program, chief: Program
) -> None:  # fmt: skip
    order = opened.shop.bought(KEY)
    [theirs] = mall.get(f"/v1/orders/{order.id}")["units"]
    [ours] = chief.get(f"/v1/orders/{order.id}")["units"]
    assert ours.pop("cost_minor") == 950
    assert theirs == ours
