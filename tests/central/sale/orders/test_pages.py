"""Orders as headquarters sees them: every button does its work, and who may only read has none."""

from __future__ import annotations

import re

import pytest

from central.foundation.db.engine import money_transaction
from central.money.channels.model import Payment, PaymentState
from central.sale.orders import pay, store
from central.sale.orders.states import OrderState, RefundState, UnitState
from central.simulators.channel.wechat.orders import BASIC
from edge.contract.money import Money
from tests.central.builders import Database, an_app, as_person, fill_in
from tests.central.channel import WECHAT, Served
from tests.central.sale.builders import BY_HAND, KEY, Shop, first_unit, states
from tests.central.sale.served import Open, open_shop, press
from tests.central.supply.cards.builders import secret

S, U = OrderState, UnitState


def stuck(shop: Shop) -> str:
    """A paid order whose key somebody else has bought meanwhile."""
    shop.stock(range(1))
    order = shop.order(KEY).order
    payment = pay.ask_to_pay(order.id, WECHAT, shop.office)
    shop.channel.pay(WECHAT, payment.number)
    shop.forward(3600)
    shop.bought(KEY)
    shop.hear(payment.number)
    shop.serve()
    assert store.get(order.id).state is S.EXCEPTION
    return order.id


def test_a_hub_without_orders_says_so(sqlite_database: Database) -> None:
    page = as_person(an_app(sqlite_database), "viewer").get("/orders").text
    assert "There is no order here." in page


def test_the_list_tells_what_waits_for_whom(opened: Open) -> None:
    shop = opened.shop
    waits = stuck(shop)
    by_hand = shop.bought(BY_HAND).id
    client = as_person(opened.app, "viewer")
    page = client.get("/orders").text
    assert all(f'href="/orders/{order.id}"' in page for order in store.newest(9))
    assert f"<code>{by_hand}-1</code>" in page
    person = client.get("/orders?state=person").text
    listed = person.partition("<tbody>")[2]
    assert waits in listed
    assert by_hand not in listed
    assert waits not in client.get("/orders?state=completed").text
    chinese = as_person(opened.app, "viewer", "zh-CN").get("/orders").text
    assert "订单" in chinese
    for text in (page, person, chinese):
        assert secret(0) not in text


def test_who_may_only_read_has_no_button(opened: Open) -> None:
    order = stuck(opened.shop)
    client = as_person(opened.app, "viewer")
    main = client.get(f"/orders/{order}").text.partition("<main")[2].partition("</main>")[0]
    assert order in main
    assert "<form" not in main
    for path in (
        f"units/{order}-1/refill",
        f"units/{order}-1/deliver",
        "refund",
        "release",
        "private",
    ):
        assert fill_in(client, f"/orders/{order}/{path}", reason="so").status_code == 403
    assert as_person(opened.app).get("/orders/OAAAAAAAAAAAAAAA").status_code == 404


def test_what_a_thing_has_cost_is_told_to_those_who_may_see_it(opened: Open) -> None:
    opened.shop.stock(range(1))
    page = f"/orders/{opened.shop.bought(KEY).id}"
    assert "9.50" in as_person(opened.app, "finance").get(page).text
    assert "9.50" not in as_person(opened.app, "viewer").get(page).text


def test_a_unit_that_found_nothing_is_tried_again(opened: Open) -> None:
    order = stuck(opened.shop)
    page, again = f"/orders/{order}", f"/orders/{order}/units/{order}-1/refill"
    client = as_person(opened.app)
    press(client, page, again)
    assert states(store.get(order).id) == (S.EXCEPTION, [U.STUCK])
    opened.shop.stock(range(1, 2))
    press(client, page, again)
    assert "It was tried again." in client.get(page).text
    assert states(store.get(order).id) == (S.COMPLETED, [U.DELIVERED])


def test_what_the_buyer_has_told_is_masked_until_somebody_says_why(opened: Open) -> None:
    opened.shop.stock(range(1))
    typed = {"account": "li-xiaoming"}
    order = opened.shop.order(KEY, contact="li@example.com", fields=typed).order
    page = f"/orders/{order.id}"
    for role in ("admin", "viewer"):
        shown = as_person(opened.app, role).get(page).text
        assert "l***@example.com" in shown
        assert "li-xiaoming" not in shown
    client = as_person(opened.app)
    assert "Say why" in press(client, page, f"{page}/private", reason=" ").text
    told = press(client, page, f"{page}/private", reason="he calls").text
    assert all(text in told for text in ("li@example.com", "li-xiaoming", "he calls"))
    assert "li-xiaoming" not in client.get(page).text


def test_a_person_delivers(opened: Open) -> None:
    order = opened.shop.bought(BY_HAND)
    page, deliver = f"/orders/{order.id}", f"/orders/{order.id}/units/{order.id}-1/deliver"
    client = as_person(opened.app)
    press(client, page, deliver, text=" ")
    assert "has 1 to 4000 characters" in client.get(page).text
    press(client, page, deliver, text="Room 4")
    shown = client.get(page).text
    assert "It is delivered." in shown
    assert "Room 4" not in shown
    assert states(order.id) == (S.COMPLETED, [U.DELIVERED])


def test_another_amount_is_delivered_all_the_same(opened: Open) -> None:
    opened.shop.stock(range(1))
    order = opened.shop.order(KEY).order
    payment = pay.ask_to_pay(order.id, WECHAT, opened.shop.office)
    said = Payment(payment.number, PaymentState.PAID, Money(4_800, "CNY"), "CH1")
    at_s = opened.shop.office.now_s()
    money_transaction(lambda: pay.take_money(payment.number, said, at_s, opened.shop.office))
    page = f"/orders/{order.id}"
    client = as_person(opened.app, "finance")
    press(client, page, f"{page}/accept", reason="")
    assert "Say why" in client.get(page).text
    press(client, page, f"{page}/accept", reason="one yuan less")
    shown = client.get(page).text
    assert "one yuan less" in shown
    assert f'action="{page}/accept"' not in shown
    opened.shop.serve()
    assert states(order.id) == (S.COMPLETED, [U.DELIVERED])


def test_a_key_that_ends_too_soon_is_said_on_the_page_of_its_item(opened: Open) -> None:
    client, page = as_person(opened.app), "/catalogue/items/key"
    for days, kept in (("7", "7"), ("-1", "7"), ("", "7"), ("4000", "7")):
        press(client, page, f"/catalogue/skus/{KEY}/days-left", days=days)
        assert f'name="days" min="0" max="3650" value="{kept}"' in client.get(page).text, days


def test_a_unit_of_another_order_is_not_touched(opened: Open) -> None:
    one, other = opened.shop.bought(BY_HAND), opened.shop.bought(BY_HAND)
    client = as_person(opened.app)
    path = f"/orders/{one.id}/units/{other.id}-1/deliver"
    fill_in(client, path, text="x")
    assert "There is no unit" in client.get(f"/orders/{one.id}").text
    assert first_unit(other.id).state is U.BY_HAND


def test_money_goes_back_and_a_refund_that_is_stuck_is_sent_again(opened: Open) -> None:
    shop = opened.shop
    shop.stock(range(1))
    order = shop.bought(KEY)
    page, back = f"/orders/{order.id}", f"/orders/{order.id}/refund"
    client = as_person(opened.app, "finance")
    press(client, page, back, unit=f"{order.id}-1", reason=" ")
    assert "Say why" in client.get(page).text
    press(client, page, back, reason="broken")
    assert "Name units of this order." in client.get(page).text
    world, there = shop.channel.world, shop.channel.balance(BASIC)
    told = {"business": "充值", "kind": "充值", "channel_no": "1", "our_no": "1"}
    world.books.move(BASIC, -there, world.now_s(), **told)
    press(client, page, back, unit=f"{order.id}-1", reason="broken")
    shown = client.get(page).text
    assert "The money is on its way back." in shown
    assert "broken" in shown
    shop.settle_refunds()
    [refund] = store.refunds(order.id)
    assert refund.state is RefundState.STUCK
    world.books.move(BASIC, there, world.now_s(), **told)
    press(client, page, f"/orders/{order.id}/refunds/{refund.number}/again")
    assert "The refund is sent again." in client.get(page).text
    shop.settle_refunds()
    assert store.refunds(order.id)[0].state is RefundState.DONE


@pytest.fixture
def careful(sqlite_database: Database, channel: Served) -> Open:
    """A hub where an order of more than 30.00 waits for a person."""
    return open_shop(sqlite_database, channel, held_above=3_000)


def test_an_order_that_was_held_is_released(careful: Open) -> None:
    careful.shop.stock(range(1))
    order = careful.shop.paid(KEY)
    assert order.state is S.HELD
    page = f"/orders/{order.id}"
    client = as_person(careful.app)
    press(client, page, f"{page}/release")
    assert "The order is being delivered." in client.get(page).text
    careful.shop.serve()
    assert store.get(order.id).state is S.COMPLETED
    assert not re.search(rf'action="{page}/release"', client.get(page).text)
