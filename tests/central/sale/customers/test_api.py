"""Customers for programs: another shop, for a customer who has signed in there; headquarters."""

from __future__ import annotations

from typing import Any

import pytest

from central.foundation.people import login
from central.sale.customers import top_up
from central.sale.customers.model import FRESH_S
from tests import builders as b
from tests.central.channel import WECHAT
from tests.central.sale.builders import BY_HAND, CODE, PRICE
from tests.central.sale.customers.visit import MAIL, OTHER, code_in, post
from tests.central.sale.served import Open

FROM: dict[str, Any] = {"buyer_address": "192.0.2.7"}


class Program:
    """A program with a key of a role, and maybe the session of a customer."""

    def __init__(self, opened: Open, role: str = "shop") -> None:
        self.opened = opened
        self._client = opened.app.test_client()
        self.headers = {"Authorization": f"Bearer {login.add_api_key(role, role, b.NOW_S)}"}

    def ask(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        """Ask, and return the answer's JSON."""
        more = {"json": body} if method == "POST" else {}
        found = self._client.open(path, method=method, headers=self.headers, **more)
        assert found.status_code == status, found.text
        return found.json

    def sign_in(self, contact: str = MAIL) -> str:
        """Sign a customer in, and speak for him from now on; return his number."""
        sent = self.ask("POST", "/v1/customers/codes", contact=contact, locale="en", **FROM)
        code = code_in(post(self.opened.shop)[-1])
        got = self.ask("POST", "/v1/customers/sessions", number=sent["number"], code=code)
        self.headers["Customer-Session"] = got["session"]
        return str(got["customer"])


@pytest.fixture
def mall(opened: Open) -> Program:
    return Program(opened)


def test_a_program_sells_to_a_customer_who_pays_from_his_balance(
    opened: Open, mall: Program
) -> None:
    own = mall.sign_in()
    me = mall.ask("GET", "/v1/customers/me")
    assert me == {
        "id": own, "mail": MAIL, "mobile": "", "locale": "en", "balance_minor": 0,
        "currency": "CNY",
    }  # fmt: skip
    asked = mall.ask("POST", "/v1/customers/me/top-ups", amount_minor=5_000, channel=WECHAT)
    assert asked["qr_text"].startswith("weixin://")
    opened.shop.channel.pay(WECHAT, asked["number"])
    top_up.wake(asked["number"], opened.shop.office.now_s())
    top_up.follow_due(opened.shop.office)
    assert mall.ask("GET", f"/v1/customers/me/top-ups/{asked['number']}")["state"] == "paid"
    placed = opened.shop.order(BY_HAND)
    number = placed.order.id
    path = f"/v1/customers/me/orders/{number}/pay"
    mall.ask("POST", path, 404)  # a guest's
    mall.ask("POST", "/v1/customers/me/orders", 403, link=placed.token, code="not the code")
    added = mall.ask("POST", "/v1/customers/me/orders", link=f"/o/{placed.token}", code=CODE)
    assert (added["order"]["id"], added["path"]) == (number, f"/o/{placed.token}")
    assert mall.ask("POST", path)["order"]["state"] == "serving"
    mall.ask("POST", path, 409)
    told = mall.ask("GET", "/v1/customers/me/balance")
    assert told["balance_minor"] == 5_000 - PRICE[BY_HAND]
    assert [line["kind"] for line in told["lines"]] == ["bought", "balance-topped-up"]
    listed = mall.ask("GET", "/v1/customers/me/orders")
    assert [one["order"]["id"] for one in listed["orders"]] == [number]
    assert listed["next"] is None


def test_a_code_that_is_wrong_or_too_many_are_told_as_problems(mall: Program) -> None:
    sent = mall.ask("POST", "/v1/customers/codes", contact=MAIL, **FROM)
    code = code_in(post(mall.opened.shop)[-1])
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    said = mall.ask("POST", "/v1/customers/sessions", 403, number=sent["number"], code=wrong)
    assert said["type"] == "/problems/not-permitted"
    mall.ask("POST", "/v1/customers/codes", 400, contact="nobody", **FROM)
    for _ in range(4):
        mall.ask("POST", "/v1/customers/codes", contact=MAIL, **FROM)
    said = mall.ask("POST", "/v1/customers/codes", 429, contact=MAIL, **FROM)
    assert said["type"] == "/problems/too-many-tries"
    assert said["retry_after_s"] > 0
    mall.headers["Customer-Session"] = "A" * 43
    assert mall.ask("GET", "/v1/customers/me", 401)["type"] == "/problems/not-identified"


def test_a_customer_changes_and_leaves_by_a_program(opened: Open, mall: Program) -> None:
    mall.sign_in()
    opened.shop.forward(FRESH_S + 1)
    ask: dict[str, Any] = {"contact": OTHER, **FROM}
    mall.ask("POST", "/v1/customers/me/contacts/codes", 403, **ask)
    mall.ask("POST", "/v1/customers/me/delete", 403)
    sent = mall.ask("POST", "/v1/customers/me/codes", kind="mail", **FROM)
    code = code_in(post(opened.shop)[-1])
    mall.ask("POST", "/v1/customers/me/proofs", number=sent["number"], code=code)
    sent = mall.ask("POST", "/v1/customers/me/contacts/codes", **ask)
    code = code_in(post(opened.shop)[-1])
    changed = mall.ask("POST", "/v1/customers/me/contacts", number=sent["number"], code=code)
    assert changed["mail"] == OTHER
    assert mall.ask("POST", "/v1/customers/me/language", locale="zh-CN")["locale"] == "zh-CN"
    mall.ask("POST", "/v1/customers/me/delete")
    mall.ask("GET", "/v1/customers/me", 401)


def test_signing_out_ends_one_session_or_all(opened: Open, mall: Program) -> None:
    mall.sign_in()
    other = Program(opened, "admin")
    other.sign_in()
    mall.ask("POST", "/v1/customers/me/sign-out")
    mall.ask("GET", "/v1/customers/me", 401)
    other.ask("GET", "/v1/customers/me")
    mall.sign_in()
    mall.ask("POST", "/v1/customers/me/sign-out", everywhere=True)
    other.ask("GET", "/v1/customers/me", 401)


def test_headquarters_programs_find_stop_and_let_in(opened: Open, mall: Program) -> None:
    own = mall.sign_in()
    order = opened.shop.order(BY_HAND, customer=own).order
    finance, admin = Program(opened, "finance"), Program(opened, "admin")
    found = finance.ask("POST", "/v1/customers/find", contact="Li@example.com")
    assert (found["id"], found["contacts"]) == (own, ["l***@example.com"])
    assert admin.ask("GET", f"/v1/customers/{own}")["contacts"] == [MAIL]
    assert [one["id"] for one in finance.ask("GET", "/v1/customers")["customers"]] == [own]
    listed = finance.ask("GET", f"/v1/customers/{own}/orders")
    assert [one["id"] for one in listed["orders"]] == [order.id]
    finance.ask("POST", "/v1/customers/find", 404, contact=OTHER)
    finance.ask("POST", f"/v1/customers/{own}/stop", 403)
    assert admin.ask("POST", f"/v1/customers/{own}/stop")["state"] == "stopped"
    admin.ask("POST", f"/v1/customers/{own}/stop", 409)
    mall.ask("GET", "/v1/customers/me", 401)
    assert admin.ask("POST", f"/v1/customers/{own}/let-in")["state"] == "active"
    admin.ask("GET", "/v1/customers/CAAAAAAAAAAAAAAA", 404)
