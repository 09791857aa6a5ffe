"""A customer's orders: his, only his, and no easier to open than a guest's; and deleting it all."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from central.errors import NotPermitted
from central.foundation.db.engine import rows
from central.sale.customers import store as customers
from central.sale.customers.model import CustomerState
from central.sale.delivery.reveal import check_code
from central.sale.orders import refund, store
from central.sale.orders.model import Order
from central.sale.orders.private import contact_of, told_by
from central.supply.prices import books
from central.supply.prices.model import Mode, Tier
from central.supply.prices.wanted import Change
from central.supply.prices.wanted import Wanted as Price
from tests import builders as b
from tests.central.builders import as_person, csrf_token, fill_in
from tests.central.channel import WECHAT
from tests.central.sale.builders import BY_HAND, CODE, KEY
from tests.central.sale.customers.visit import MAIL, MOBILE, OTHER, customer, post, sign_in
from tests.central.sale.served import Open, press
from tests.central.supply.cards.builders import secret


def ordered(opened: Open, client: FlaskClient, sku: str = BY_HAND) -> tuple[str, Order]:
    answer = opened.order(client, sku)
    assert answer.status_code == 302, answer.text
    return answer.location, store.by_token(answer.location.rpartition("/")[2])


def paid(opened: Open, client: FlaskClient, sku: str = BY_HAND) -> tuple[str, Order]:
    page, order = ordered(opened, client, sku)
    opened.shop.pay(order, WECHAT)
    opened.shop.serve()
    return page, store.get(order.id)


def test_what_is_ordered_by_whoever_has_signed_in_is_his(opened: Open, client: FlaskClient) -> None:
    sign_in(opened, client)
    assert f'value="{MAIL}"' in client.get(f"/shop/{BY_HAND}").text
    page, order = ordered(opened, client)
    listed = client.get("/my").text
    assert order.id in listed
    assert f'href="{page}"' in listed
    assert "20.00" in listed
    other = opened.buyer()
    sign_in(opened, other, OTHER)
    assert order.id not in other.get("/my").text
    assert "add the order to your account" not in other.get(page).text


def test_a_member_pays_member_prices_until_his_time_is_over(
    opened: Open, client: FlaskClient
) -> None:
    price = Price(Mode.LADDER, (Tier(1, 2_000),), member_minor=1_500)
    books.set_price(Change("retail", BY_HAND, price), by="amy", now_s=b.NOW_S + 1)
    opened.shop.forward(10)
    sign_in(opened, client)
    assert ordered(opened, client)[1].price.minor == 2_000
    desk, page = as_person(opened.app), f"/customers/{customer(opened)}"
    press(desk, page, f"{page}/member", until="tomorrow")
    assert "A day is written" in desk.get(page).text
    press(desk, page, f"{page}/member", until="2026-04-30")
    assert "2026-04-30" in desk.get(page).text
    assert "15.00" in client.get(f"/shop/{BY_HAND}").text
    assert "15.00" in client.get("/shop").text
    assert ordered(opened, client)[1].price.minor == 1_500
    assert "15.00" not in opened.buyer().get(f"/shop/{BY_HAND}").text
    opened.shop.forward(20 * 86_400)
    assert ordered(opened, client)[1].price.minor == 2_000


def test_orders_are_shown_by_pages_the_newest_first(opened: Open, client: FlaskClient) -> None:
    sign_in(opened, client)
    own = customer(opened)
    made = []
    for _ in range(21):
        made.append(opened.shop.order(BY_HAND, customer=own).order.id)
        opened.shop.forward(1)
    first = client.get("/my").text
    seen = re.findall(r"<code>(O\w+)</code>", first)
    assert seen == made[:0:-1]
    assert f'href="/my?before={seen[-1]}"' in first
    assert re.findall(r"<code>(O\w+)</code>", client.get(f"/my?before={seen[-1]}").text) == made[:1]
    strangers = opened.shop.order(BY_HAND).order.id
    assert client.get(f"/my?before={strangers}").status_code == 404


def test_a_guest_s_order_is_added_by_its_link_and_its_code(
    opened: Open, client: FlaskClient
) -> None:
    page, order = ordered(opened, opened.buyer())
    sign_in(opened, client)
    for link, code, status in (
        (page, "not the code", 403), (f"{page}A", CODE, 404), (order.id, CODE, 404),
    ):  # fmt: skip
        assert fill_in(client, "/my/orders", "/my", link=link, code=code).status_code == status
        assert f'href="{page}"' not in client.get("/my").text
    for _ in range(2):  # again changes nothing
        fill_in(client, "/my/orders", "/my", link=f"https://shop.example{page}", code=CODE)
    assert client.get("/my").text.count(f'href="{page}"') == 1
    other = opened.buyer()
    sign_in(opened, other, OTHER)
    answer = fill_in(other, "/my/orders", "/my", link=page, code=CODE)
    assert answer.status_code == 409
    assert "belongs to another account" in answer.text


def test_an_account_opens_nothing_without_the_order_s_own_code(
    opened: Open, client: FlaskClient
) -> None:
    """Whoever reads somebody's mail has the link and could sign in: that is one factor, not two."""
    opened.shop.stock(range(1))
    sign_in(opened, client)
    page, _ = paid(opened, client, KEY)
    look = f"{page}/units/1"
    for code in ("", "000000", MAIL):
        refused = press(client, page, look, code=code, consent="yes")
        assert refused.status_code == 403
        assert secret(0) not in refused.text
    assert press(client, page, look, code=CODE).status_code == 400  # no consent
    assert secret(0) in press(client, page, look, code=CODE, consent="yes").text


def test_an_account_is_deleted_and_its_orders_stay(opened: Open, client: FlaskClient) -> None:
    opened.shop.stock(range(1))
    sign_in(opened, client)
    own = customer(opened)
    page, order = paid(opened, client, KEY)
    assert contact_of(order.id, opened.shop.office) == MAIL
    unsure = fill_in(client, "/my/delete", "/my/account")
    assert unsure.status_code == 400
    text = client.get("/my/account").text
    assert "The law has us keep" in text
    assert fill_in(client, "/my/delete", "/my/account", sure="yes").location == "/my/left"
    assert client.get("/my").status_code == 302
    office = opened.shop.office
    assert contact_of(order.id, office) == ""
    assert told_by(order, office) == {"account": "li"}  # what delivery needs says nothing of him
    gone = customers.get(own, office.seal)
    assert (gone.state, gone.mail, gone.mobile) == (CustomerState.DELETED, "", "")
    [(contact, address)] = rows("SELECT contact_print, address_print FROM sale_order")
    assert (bytes(contact), bytes(address)) == (b"", b"")
    assert rows("SELECT count(*) FROM customer_session") == [(0,)]
    # As a guest's: by link and code.
    assert secret(0) in press(client, page, f"{page}/units/1", code=CODE, consent="yes").text
    sign_in(opened, client)
    assert customer(opened) != own
    assert order.id not in client.get("/my").text


def test_an_account_waits_for_what_has_not_ended(opened: Open, client: FlaskClient) -> None:
    sign_in(opened, client)
    page, order = ordered(opened, client)
    answer = fill_in(client, "/my/delete", "/my/account", sure="yes")
    assert answer.status_code == 409
    assert "An order of yours has not ended." in answer.text
    press(client, page, f"{page}/cancel")
    _, second = paid(opened, client)  # a person has to deliver it
    units = [unit.id for unit in store.units(second.id)]
    refund.refund_units(second.id, units, "not wanted", "amy", opened.shop.office)
    assert fill_in(client, "/my/delete", "/my/account", sure="yes").status_code == 409
    opened.shop.settle_refunds()
    assert "has not ended" not in client.get("/my/account").text
    assert fill_in(client, "/my/delete", "/my/account", sure="yes").location == "/my/left"
    assert store.get(order.id).id == order.id


def test_wrong_codes_are_counted_by_whatever_door_they_come(
    opened: Open, client: FlaskClient
) -> None:
    page, order = ordered(opened, opened.buyer())
    sign_in(opened, client)
    for _ in range(5):
        assert fill_in(client, "/my/orders", "/my", link=page, code="wrong one").status_code == 403
    assert fill_in(client, "/my/orders", "/my", link=page, code=CODE).status_code == 429
    with pytest.raises(Exception, match="Too many wrong codes"):
        check_code(order, CODE, opened.shop.office.now_s())


def test_the_language_of_an_account_is_that_of_its_letters(
    opened: Open, client: FlaskClient
) -> None:
    sign_in(opened, client)
    fill_in(client, "/my/language", "/my/account", locale="zh-CN")
    assert "我的订单" in client.get("/my").text
    fill_in(client, "/my/language", "/my/account", locale="fr")
    fill_in(client, "/my/prove", "/my/account", kind="mail")
    letter = post(opened.shop)[-1]
    assert "验证码" in str(letter)


# --- headquarters --------------------------------------------------------------------------------


def test_headquarters_finds_a_customer_by_the_whole_address_alone(
    opened: Open, client: FlaskClient
) -> None:
    sign_in(opened, client)
    sign_in(opened, opened.buyer(), MOBILE)
    _, order = ordered(opened, client)
    own = customer(opened)
    finance, admin = (as_person(opened.app, role) for role in ("finance", "admin"))
    page = finance.get("/customers").text
    assert "l***@example.com" in page
    assert "138****8000" in page
    assert MAIL not in page
    assert MAIL in admin.get("/customers").text
    found = fill_in(finance, "/customers", "/customers", contact=" LI@example.com ")
    assert found.location == f"/customers/{own}"
    assert "No account has this address." in fill_in(
        finance, "/customers", "/customers", contact="example.com"
    ).text  # fmt: skip
    one = finance.get(f"/customers/{own}").text
    assert order.id in one
    assert f'action="/customers/{own}/stop"' not in one  # not for this role
    token = csrf_token(finance, "/customers")
    refused = finance.post(f"/customers/{own}/stop", data={"csrf_token": token})
    assert refused.status_code == 403
    press(admin, f"/customers/{own}", f"/customers/{own}/stop")
    assert client.get("/my").status_code == 302
    assert "stopped" in admin.get("/customers").text
    press(admin, f"/customers/{own}", f"/customers/{own}/let-in")
    sign_in(opened, client)
    assert client.get("/my").status_code == 200


def test_a_stopped_account_is_not_deleted_from_within(opened: Open, client: FlaskClient) -> None:
    sign_in(opened, client)
    own = customer(opened)
    office = opened.shop.office
    customers.move(own, CustomerState.STOPPED)
    with pytest.raises(Exception, match="meanwhile"):
        customers.erase(own, office.now_s(), office.seal)
    assert issubclass(NotPermitted, Exception)
