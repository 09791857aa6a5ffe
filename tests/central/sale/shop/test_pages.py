"""The shop as its buyers see it: no login, no script, in both languages."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from central.sale.after_sales import store as cases
from central.sale.after_sales.model import ARRIVES_S, Reason
from central.sale.orders import store
from central.sale.orders.model import Order
from central.sale.orders.states import OrderState
from central.stores.units.regions import set_region
from central.supply.catalogue.voucher_terms import VoucherTerms, set_terms, stores_of
from central.supply.prices import books
from central.supply.prices.model import Mode, Tier
from central.supply.prices.wanted import Change
from central.supply.prices.wanted import Wanted as Price
from tests import builders as b
from tests.central.builders import Database, an_app, as_person, csrf_token
from tests.central.channel import ALIPAY, WECHAT
from tests.central.sale.builders import BY_HAND, CODE, KEY, LUNCH, PRICE, SET, first_unit
from tests.central.sale.served import Open, press
from tests.central.supply.cards.builders import secret


def ordered(opened: Open, client: FlaskClient, sku: str = KEY, **bent: str) -> tuple[str, Order]:
    """Order something by the form; return the address of the order's page, and the order."""
    answer = opened.order(client, sku, **bent)
    assert answer.status_code == 302, answer.text
    return answer.location, store.by_token(answer.location.rpartition("/")[2])


def bought(opened: Open, client: FlaskClient, sku: str = KEY, **bent: str) -> tuple[str, Order]:
    """Order something, and pay it with WeChat Pay."""
    page, order = ordered(opened, client, sku, **bent)
    press(client, page, f"{page}/pay", channel=WECHAT)
    [payment] = store.payments(order.id)
    opened.shop.channel.pay(WECHAT, payment.number)
    opened.shop.hear(payment.number)
    opened.shop.serve()
    return page, store.get(order.id)


def test_a_hub_that_sells_nothing_says_so(sqlite_database: Database) -> None:
    client = an_app(sqlite_database).test_client()
    assert "暂无商品在售。" in client.get("/shop", headers={"Accept-Language": "zh"}).text


def test_what_has_a_price_is_on_the_shelf_of_its_category(opened: Open) -> None:
    page = opened.buyer().get("/shop").text
    assert re.search(r"food.*80\.00.*steam.*49\.00.*<h2>Other goods</h2>", page, re.DOTALL)
    assert f'href="/shop/{KEY}"' in page
    assert "KEY-100" not in page  # it has no price
    assert "9.50" not in page
    assert opened.buyer().get("/shop/KEY-100").status_code == 404
    assert opened.buyer().get("/shop/NONE").status_code == 404


def test_a_minimum_a_ladder_and_what_is_sold_out_are_said_before_anybody_pays(
    opened: Open,
) -> None:
    price = Price(Mode.LADDER, (Tier(3, 2_000), Tier(10, 1_500)))
    books.set_price(Change("retail", BY_HAND, price), by="amy", now_s=b.NOW_S + 1)
    opened.shop.forward(10)
    client = opened.buyer()
    assert re.search(rf'/shop/{BY_HAND}".*20\.00.*from 3', client.get("/shop").text, re.DOTALL)
    page = client.get(f"/shop/{BY_HAND}?quantity=12").text
    assert 'min="3"' in page
    assert "<strong>180.00</strong>" in page
    assert "<strong>60.00</strong>" in client.get(f"/shop/{BY_HAND}").text
    assert ordered(opened, client, BY_HAND, quantity="3")[1].price.minor == 6_000
    # There is no key in stock.
    assert "sold out" in client.get("/shop").text
    page = client.get(f"/shop/{KEY}").text
    assert "Sold out just now." in page
    assert '<form method="post" action="/shop' not in page
    opened.shop.stock(range(1))
    assert "Sold out" not in client.get(f"/shop/{KEY}").text


def test_a_link_fills_in_and_orders_nothing(opened: Open) -> None:
    opened.shop.stock(range(3))
    client = opened.buyer()
    desk = as_person(opened.app, "viewer")
    made = desk.get(f"/orders/link?sku={KEY}&field.account=li+ming&quantity=2&by=C1").text
    link = re.search(r"http://localhost(/shop/[^<]+)</pre>", made)
    assert link is not None
    assert "data:image/svg+xml" in made
    page = client.get(link[1].replace("&amp;", "&")).text
    assert 'name="field.account" type="text" value="li ming"' in page
    assert 'name="quantity" min="1" max="100" value="2"' in page
    assert store.newest(9) == []
    assert ordered(opened, client)[1].seller == "C1"
    long = "x" * 501
    for query in (
        f"field.account={long}",
        "quantity=0",
        "quantity=two",
        "key=mine&code=open+sesame",
        "contact=x@example.com",
        f"field.account={long[:-1]}&field.other=%3Cb%3E",
    ):
        shown = client.get(f"/shop/{KEY}?{query}")
        assert shown.status_code == 200, query
        assert not re.search(r'value="(0|two|mine|open sesame|x@example.com|<b>)"', shown.text), (
            query
        )
    assert (
        "At most 500 characters."
        in desk.get(f"/orders/link?sku={KEY}&field.account={long}&quantity=1").text
    )
    assert "There is no such agent." in desk.get(f"/orders/link?sku={KEY}&quantity=1&by=NO").text


def test_a_buyer_goes_from_the_shelf_to_his_key(opened: Open) -> None:
    opened.shop.stock(range(1))
    client = opened.buyer()
    page, order = ordered(opened, client)
    shown = client.get(page).text
    assert order.id in shown
    assert "49.00" in shown
    press(client, page, f"{page}/pay", channel=WECHAT)
    shown = client.get(page).text
    assert 'src="data:image/svg+xml' in shown
    assert "Look again" in shown  # without a script
    [payment] = store.payments(order.id)
    assert payment.qr_text not in shown
    opened.shop.channel.pay(WECHAT, payment.number)
    opened.shop.hear(payment.number)
    opened.shop.serve()
    assert '"completed"' in client.get(f"{page}/state").text
    unseen = client.get(page).text
    assert secret(0) not in unseen
    look = f"{page}/units/1"
    refused = press(client, page, look, code="wrong code", consent="yes")
    assert refused.status_code == 403
    assert "This is not the code of this order." in refused.text
    assert press(client, page, look, code=CODE).status_code == 400  # he has not said that he wants
    told = press(client, page, look, code=CODE, consent="yes")
    assert secret(0) in told.text
    assert re.search(r'<button type="button"[^>]* data-copies="goods-1"', told.text)
    assert told.headers["Cache-Control"] == "no-store"
    assert secret(0) not in client.get(page).text
    for text in (shown, unseen, told.text):
        assert not re.search(r"9\.50|<script(?! type=\"module\" src=)| style=| onclick=", text)


def test_what_never_arrived_can_be_told_on_the_order_s_page(opened: Open) -> None:
    client = opened.buyer()
    page, order = bought(opened, client, BY_HAND)
    assert "It has not arrived" in client.get(page).text
    help_ = f"{page}/help/1"
    assert "It is on its way." in client.get(help_).text
    assert "<textarea" not in client.get(help_).text
    opened.shop.forward(ARRIVES_S)
    shown = client.get(help_).text
    assert re.findall(r'<option value="([a-z-]+)"', shown) == ["not-arrived"]
    typed = {"code": CODE, "reason": "not-arrived", "said": "nothing has come"}
    client.post(help_, data={"csrf_token": csrf_token(client, help_), **typed})
    assert "We have it." in client.get(help_).text
    [case] = cases.of_order(order.id)
    assert case.reason is Reason.NOT_ARRIVED


def test_a_voucher_is_shown_as_a_code_to_be_scanned(opened: Open) -> None:
    client = opened.buyer()
    page, _ = bought(opened, client, LUNCH)
    told = press(client, page, f"{page}/units/1", code=CODE, consent="yes")
    assert told.text.count('src="data:image/svg+xml') == 1


def test_a_voucher_that_is_good_in_some_stores_from_a_phone_alone_says_so(opened: Open) -> None:
    at_s = opened.shop.office.now_s()
    set_terms(LUNCH, VoucherTerms(int(b.GROUP), is_dynamic=True), by="amy", at_s=at_s)
    client = opened.buyer()
    shown = client.get(f"/shop/{LUNCH}").text
    assert f"Good at: {stores_of(int(b.GROUP))[0]}" in shown
    assert "a picture of it does not count" in shown
    page, _ = bought(opened, client, LUNCH)
    told = press(client, page, f"{page}/units/1", code=CODE, consent="yes").text
    assert "It counts only from the phone on which it is kept." in told
    assert 'src="data:image/svg+xml' not in told
    assert "Keep it on this phone" in told


def test_a_voucher_that_is_meant_for_a_region_names_the_stores_of_it(opened: Open) -> None:
    at_s = opened.shop.office.now_s()
    set_terms(LUNCH, VoucherTerms(region="4403"), by="amy", at_s=at_s)
    assert "Meant for the region 4403" in opened.buyer().get(f"/shop/{LUNCH}").text
    set_region(b.STORE, "440305", by="amy", at_s=at_s)
    meant = f"Meant for: {stores_of(int(b.GROUP))[0]}"
    shown = opened.buyer().get(f"/shop/{LUNCH}").text
    assert meant in shown
    assert "4403" not in shown
    opened.shop.stock(range(2))
    assert meant in opened.buyer().get(f"/shop/{SET}").text, "of a bundle, by its part"
    assert "Meant for" not in opened.buyer().get(f"/shop/{KEY}").text


def test_what_was_typed_wrongly_is_told_beside_its_field_and_nothing_else_is_lost(
    opened: Open,
) -> None:
    opened.shop.stock(range(1))
    client = opened.buyer()
    typed = {"field.account": "x" * 501, "contact": "li@example.com", "quantity": "1"}
    answer = opened.order(client, **typed)
    assert answer.status_code == 400
    field = re.search(r'name="field\.account".*?</label>', answer.text, re.DOTALL)
    assert field is not None
    assert 'aria-invalid="true"' in field[0]
    assert "At most 500 characters." in field[0]
    assert 'value="li@example.com"' in answer.text
    assert CODE not in answer.text  # a code is typed anew
    chinese = opened.order(opened.buyer("zh-CN"), **typed)
    assert "最多 500 个字符" in chinese.text
    for bent, sentence in (
        ({"quantity": "9"}, "There are not as many of these just now."),
        ({"quantity": "two"}, "Say how many, as a number."),
        ({"code": "short"}, "has 6 to 64 characters"),
    ):
        assert sentence in opened.order(client, **bent).text
    assert store.newest(9) == []


def test_a_bundle_asks_for_what_each_part_needs_beside_its_name(opened: Open) -> None:
    opened.shop.stock(range(2))
    client = opened.buyer()
    name = f"field.{KEY}.account"
    page = client.get(f"/shop/{SET}?{name}=li+ming").text
    assert "Game key · Fifty: Account" in page
    assert f'name="{name}" type="text" value="li ming"' in page
    assert "卡密 · 五十元：账号" in opened.buyer("zh-CN").get(f"/shop/{SET}").text
    refused = opened.order(client, SET, **{name: "x" * 501}).text
    field = re.search(rf'name="{name}".*?</label>', refused, re.DOTALL)
    assert field is not None
    assert "At most 500 characters." in field[0]
    assert store.newest(9) == []
    opened.order(client, SET, **{name: "li-xiaoming"})
    [order] = store.newest(9)
    shown = as_person(opened.app).get(f"/orders/{order.id}").text
    assert "Game key · Fifty: Account" in shown
    assert "li-****ng" in shown
    assert "li-xiaoming" not in shown
    link = as_person(opened.app).get(f"/orders/link?sku={SET}&{name}=li&quantity=1").text
    assert f"{name}=li" in link


def test_sending_the_form_twice_is_one_order(opened: Open) -> None:
    opened.shop.stock(range(2))
    client = opened.buyer()
    page = client.get(f"/shop/{KEY}").text
    hidden = dict(re.findall(r'name="(csrf_token|key)" value="([^"]+)"', page))
    form = hidden | {"quantity": "1", "contact": "li", "code": CODE, "field.account": "li"}
    first, second = (client.post(f"/shop/{KEY}", data=form) for _ in range(2))
    assert first.location == second.location
    assert len(store.newest(9)) == 1


def test_the_agent_by_whose_link_a_buyer_came_has_sold_it(opened: Open) -> None:
    client = opened.buyer()
    client.get("/shop?by=C1")
    assert ordered(opened, client, BY_HAND)[1].seller == "C1"
    client.get("/shop?by=NOBODY")
    assert ordered(opened, client, BY_HAND)[1].seller == ""


def test_a_buyer_changes_the_channel_or_gives_up(opened: Open) -> None:
    client = opened.buyer()
    page, order = ordered(opened, client, BY_HAND)
    press(client, page, f"{page}/pay", channel=WECHAT)
    press(client, page, f"{page}/pay", channel=ALIPAY)
    assert "Pay with Alipay" in client.get(page).text
    press(client, page, f"{page}/cancel")
    assert store.get(order.id).state is OrderState.CANCELLED
    shown = client.get(page).text
    assert "given up" in shown
    assert f'action="{page}/pay"' not in shown


def test_whoever_waits_for_a_person_is_told(opened: Open) -> None:
    client = opened.buyer()
    page, order = bought(opened, client, BY_HAND)
    assert "delivered by a person" in client.get(page).text
    opened.shop.refund_all(order.id)
    shown = client.get(page).text
    assert "Money back" in shown
    assert "20.00" in shown


def test_no_link_no_order(opened: Open) -> None:
    page, order = ordered(opened, opened.buyer(), BY_HAND)
    stranger = opened.buyer()
    for path in ("/o/AAAA", f"/o/{order.id}", f"{page}A", f"{page[:-1]}"):
        assert stranger.get(path).status_code == 404, path
        assert stranger.get(f"{path}/state").status_code == 404, path
    assert order.id in stranger.get(page).text  # the link is the receipt
    assert stranger.post(f"{page}/cancel").status_code == 400  # no form of ours
    assert first_unit(order.id).price == PRICE[BY_HAND]
