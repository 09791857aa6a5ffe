"""A balance: topped up once per payment, spent once, never below nothing, and back again."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from central.errors import ChannelUnknown, Conflict, NotFound, PostingRefused, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.jobs.alerts import alerts
from central.insight.proofs import balances as balances_agree
from central.money.ledger import rules
from central.money.ledger.store import journal_id_of, reverse
from central.money.ledger.store import post as post_journal
from central.sale.customers import balance, store, top_up, top_up_back
from central.sale.customers.model import (
    BALANCE_MAX_MINOR,
    FRESH_S,
    TOP_UP_MINOR,
    CustomerId,
    TopUp,
    contact_of,
)
from central.sale.orders import pay, refund
from central.sale.orders import store as orders
from central.sale.orders.model import PAY_S, Order
from central.sale.orders.states import OrderState, PaymentState, RefundState
from central.simulators.channel.wechat.orders import BASIC
from edge.contract.money import Money
from tests.central.books import journals
from tests.central.builders import CURRENCY, TODAY, as_person, at_once, csrf_token, fill_in
from tests.central.channel import ALIPAY, WECHAT
from tests.central.sale.builders import BY_HAND, KEY, LUNCH, PRICE, Shop, balance_of
from tests.central.sale.customers.visit import MAIL, OTHER, customer, post, sign_in, type_code
from tests.central.sale.customers.visit import code_in as code_of
from tests.central.sale.served import Open, press


def cny(minor: int) -> Money:
    return Money(minor, CURRENCY)


def somebody(shop: Shop, contact: str = MAIL) -> CustomerId:
    address = contact_of(contact)
    assert address is not None
    office = shop.office
    made = money_transaction(
        lambda: store.open_account(address, "en", office.now_s(), office.seal)
    )  # fmt: skip
    return made.id


def topped_up(shop: Shop, own: CustomerId, minor: int, by: str = WECHAT) -> TopUp:
    made = top_up.ask(own, cny(minor), by, shop.office)
    shop.channel.pay(by, made.number)
    hear(shop, made)
    return top_up.get(made.number)


def hear(shop: Shop, made: TopUp) -> None:
    top_up.wake(made.number, shop.office.now_s())
    top_up.follow_due(shop.office)


def an_order(shop: Shop, own: CustomerId, sku: str = BY_HAND) -> Order:
    return shop.order(sku, customer=own).order


def bought(shop: Shop, own: CustomerId, sku: str = BY_HAND) -> Order:
    order = pay.pay_from_balance(an_order(shop, own, sku).id, own, shop.office)
    shop.serve()
    return orders.get(order.id)


# --- topping up ----------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [WECHAT, ALIPAY])
def test_what_was_paid_is_on_the_balance_once(any_shop: Shop, by: str) -> None:
    shop = any_shop
    own = somebody(shop)
    made = topped_up(shop, own, 10_000, by)
    assert made.state is PaymentState.PAID
    assert balance.available(own) == balance_of(f"2140.{own}") == 10_000
    assert balance_of(f"1010.{by}") == 10_000
    for _ in range(2):
        hear(shop, made)
        said = shop.office.channels.pay_in(by).query(made.number)
        money_transaction(lambda said=said: top_up.take_money(made.number, said, shop.office))  # type: ignore[misc]
    assert balance.available(own) == 10_000
    assert journals("balance-topped-up") == 1


def test_asking_again_is_the_same_payment_and_another_amount_another(shop: Shop) -> None:
    own = somebody(shop)
    first = top_up.ask(own, cny(10_000), WECHAT, shop.office)
    assert top_up.ask(own, cny(10_000), WECHAT, shop.office) == first
    second = top_up.ask(own, cny(20_000), ALIPAY, shop.office)
    assert top_up.get(first.number).state is PaymentState.CLOSED
    assert second.state is PaymentState.OPEN
    shop.channel.pay(ALIPAY, second.number)
    with pytest.raises(Conflict, match="in this moment"):
        top_up.ask(own, cny(500), ALIPAY, shop.office)
    assert balance.available(own) == 20_000


@pytest.mark.parametrize("minor", [0, TOP_UP_MINOR[0] - 1, TOP_UP_MINOR[1] + 1, 10**17])
def test_too_little_or_too_much_is_refused(shop: Shop, minor: int) -> None:
    own = somebody(shop)
    with pytest.raises(RequestInvalid):
        top_up.ask(own, cny(minor), WECHAT, shop.office)
    assert top_up.of_customer(own, 1) == []


def test_a_balance_has_an_upper_end(shop: Shop) -> None:
    own = somebody(shop)
    topped_up(shop, own, BALANCE_MAX_MINOR - 100)
    with pytest.raises(Conflict, match="more than it may"):
        top_up.ask(own, cny(101), WECHAT, shop.office)
    top_up.ask(own, cny(100), WECHAT, shop.office)


def test_what_is_not_paid_in_time_is_closed(shop: Shop) -> None:
    made = top_up.ask(somebody(shop), cny(10_000), WECHAT, shop.office)
    shop.forward(PAY_S)
    hear(shop, made)
    assert top_up.get(made.number).state is PaymentState.CLOSED


def test_a_lost_answer_is_asked_for_and_not_paid_twice(shop: Shop) -> None:
    own = somebody(shop)
    shop.channel.let("lost-after")
    with pytest.raises(ChannelUnknown):
        top_up.ask(own, cny(10_000), WECHAT, shop.office)
    [lost] = top_up.of_customer(own, 9)
    assert lost.state is PaymentState.ASKED
    again = top_up.ask(own, cny(10_000), WECHAT, shop.office)
    assert again.number == lost.number
    shop.channel.pay(WECHAT, again.number)
    hear(shop, again)
    assert balance.available(own) == 10_000


# --- spending ------------------------------------------------------------------------------------


def test_an_order_is_paid_in_one_posting(any_shop: Shop) -> None:
    shop = any_shop
    own = somebody(shop)
    topped_up(shop, own, 10_000)
    order = bought(shop, own, LUNCH)
    assert order.state is OrderState.COMPLETED
    [payment] = orders.payments(order.id)
    assert (payment.channel, payment.state, payment.payer) == ("balance", PaymentState.PAID, own)
    assert balance.available(own) == 10_000 - PRICE[LUNCH]
    lines = balance.shown(own).lines
    assert [(one.kind, one.order, one.change, one.left) for one in lines] == [
        ("bought", order.id, -PRICE[LUNCH], 10_000 - PRICE[LUNCH]),
        ("balance-topped-up", "", 10_000, 10_000),
    ]


def test_of_two_payments_at_once_exactly_one_wins(any_shop: Shop) -> None:
    shop = any_shop
    own = somebody(shop)
    topped_up(shop, own, PRICE[BY_HAND] + 1)
    two = [an_order(shop, own).id for _ in range(2)]
    found = at_once(2, lambda n: pay.pay_from_balance(two[n], own, shop.office))
    assert sorted(type(one).__name__ for one in found) == ["Conflict", "Order"]
    assert balance.available(own) == 1
    assert sorted(orders.get(one).state for one in two) == ["pending", "serving"]


def test_of_two_payments_of_one_order_at_once_exactly_one_wins(any_shop: Shop) -> None:
    shop = any_shop
    own = somebody(shop)
    topped_up(shop, own, 10_000)
    order = an_order(shop, own).id
    found = at_once(4, lambda _: pay.pay_from_balance(order, own, shop.office))
    assert sorted(type(one).__name__ for one in found) == ["Conflict"] * 3 + ["Order"]
    assert balance.available(own) == 10_000 - PRICE[BY_HAND]
    assert len(orders.payments(order)) == 1


def test_the_schema_refuses_what_no_code_has_checked(any_shop: Shop) -> None:
    own = somebody(any_shop)
    topped_up(any_shop, own, 100)
    posting = rules.bought_from_balance("O1", own, cny(101), TODAY, "test")
    with pytest.raises(PostingRefused, match="below its floor"):
        money_transaction(lambda: post_journal(posting, 1))


def test_whoever_has_too_little_keeps_it(shop: Shop) -> None:
    own = somebody(shop)
    topped_up(shop, own, PRICE[BY_HAND] - 1)
    order = an_order(shop, own)
    with pytest.raises(Conflict, match="not as much"):
        pay.pay_from_balance(order.id, own, shop.office)
    assert orders.payments(order.id) == []
    assert balance.available(own) == PRICE[BY_HAND] - 1


def test_nobody_pays_another_s_order_or_a_guest_s(shop: Shop) -> None:
    own, other = somebody(shop), somebody(shop, OTHER)
    topped_up(shop, own, 10_000)
    an_order(shop, own)
    for order in (an_order(shop, other), shop.order(BY_HAND).order):
        with pytest.raises(NotFound):
            pay.pay_from_balance(order.id, own, shop.office)
    assert balance.available(own) == 10_000


def test_an_open_payment_of_a_channel_is_given_up_first(shop: Shop) -> None:
    own = somebody(shop)
    topped_up(shop, own, 10_000)
    order = an_order(shop, own)
    other = pay.ask_to_pay(order.id, WECHAT, shop.office)
    pay.pay_from_balance(order.id, own, shop.office)
    assert orders.payment(other.number).state is PaymentState.CLOSED
    second = an_order(shop, own)
    other = pay.ask_to_pay(second.id, WECHAT, shop.office)
    shop.channel.pay(WECHAT, other.number)
    with pytest.raises(Conflict, match="in this moment"):
        pay.pay_from_balance(second.id, own, shop.office)
    assert balance.available(own) == 10_000 - PRICE[BY_HAND]


def test_an_order_whose_time_is_over_is_not_paid(shop: Shop) -> None:
    own = somebody(shop)
    topped_up(shop, own, 10_000)
    order = an_order(shop, own)
    shop.forward(PAY_S)
    with pytest.raises(Conflict):
        pay.pay_from_balance(order.id, own, shop.office)


# --- back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sku", [BY_HAND, LUNCH], ids=["before-delivery", "after"])
def test_a_refund_goes_back_to_the_balance(any_shop: Shop, sku: str) -> None:
    shop = any_shop
    own = somebody(shop)
    topped_up(shop, own, 10_000)
    order = bought(shop, own, sku)
    shop.refund_all(order.id)
    [back] = orders.refunds(order.id)
    assert (back.channel, back.state) == ("balance", RefundState.DONE)
    assert balance.available(own) == 10_000
    assert balance.shown(own).lines[0][1:4] == ("refund-confirmed", order.id, PRICE[sku])
    assert balance_of("2610.balance") == 0


def test_a_refund_to_an_account_that_is_gone_waits_for_a_person(shop: Shop) -> None:
    own = somebody(shop)
    topped_up(shop, own, PRICE[LUNCH])
    order = bought(shop, own, LUNCH)
    money_transaction(lambda: store.erase(own, shop.office.now_s(), shop.office.seal))
    refund.refund_units(order.id, [f"{order.id}-1"], "wrong", "amy", shop.office)
    shop.settle_refunds()
    [back] = orders.refunds(order.id)
    assert (back.state, back.last_code) == (RefundState.STUCK, "account-deleted")
    assert balance.available(own) == 0


def test_what_is_left_goes_back_the_way_it_came(any_shop: Shop) -> None:
    shop = any_shop
    own = somebody(shop)
    topped_up(shop, own, 3_000, WECHAT)
    shop.forward(1)
    topped_up(shop, own, 2_000, ALIPAY)
    bought(shop, own)  # 20.00: 30.00 are left
    made = top_up_back.give_back(own, "closing", "amy", shop.office)
    assert [(one.channel, one.amount.minor) for one in made] == [(ALIPAY, 2_000), (WECHAT, 1_000)]
    assert balance.available(own) == 0
    with pytest.raises(Conflict, match="nothing"):
        top_up_back.give_back(own, "closing", "amy", shop.office)
    for _ in range(6):
        top_up_back.give_back_due(shop.office)
        shop.forward(60)
    assert [one.state for one in top_up_back.of_customer(own)] == [RefundState.DONE] * 2
    assert balance_of(f"2610.{WECHAT}") == balance_of(f"2610.{ALIPAY}") == 0


def test_giving_back_and_paying_at_once_never_spend_twice(any_shop: Shop) -> None:
    shop = any_shop
    own = somebody(shop)
    topped_up(shop, own, PRICE[BY_HAND])
    order = an_order(shop, own).id

    def one_of(n: int) -> object:
        if n:
            return top_up_back.give_back(own, "closing", "amy", shop.office)
        return pay.pay_from_balance(order, own, shop.office)

    found = at_once(2, one_of)
    assert sum(isinstance(one, Conflict) for one in found) == 1
    assert balance.available(own) == 0


def test_a_balance_that_says_something_else_is_found(shop: Shop) -> None:
    own = somebody(shop)
    topped_up(shop, own, 100)
    assert list(balances_agree(CURRENCY)) == []
    posting = rules.balance_topped_up(WECHAT, "X", own, cny(1), TODAY, "test")
    money_transaction(lambda: post_journal(posting, 1))
    [found] = balances_agree(CURRENCY)
    assert found.subject == f"2140.{own}"
    back = journal_id_of(posting.idem)
    assert back is not None
    money_transaction(lambda: reverse("rv:X", back, 1, day=TODAY, actor="test"))


# --- pages ---------------------------------------------------------------------------------------


def test_an_amount_that_is_none_is_told_and_nothing_is_asked_for(
    opened: Open, client: FlaskClient
) -> None:
    sign_in(opened, client)
    for amount, sentence in (
        ("", "Say how much"), ("-5", "Say how much"), ("1.234", "Say how much"),
        ("0.50", "too little or too much"), ("5000.01", "too little or too much"),
    ):  # fmt: skip
        answer = fill_in(client, "/my/balance", "/my/balance", amount=amount, channel=WECHAT)
        assert answer.status_code == 400
        assert sentence in answer.text
        assert f'value="{amount}"' in answer.text
    unknown = fill_in(client, "/my/balance", "/my/balance", amount="60", channel="cash")
    assert unknown.status_code == 404
    assert top_up.of_customer(customer(opened), 9) == []
    again = fill_in(client, "/my/balance", "/my/balance", amount="60", channel=WECHAT)
    assert again.status_code == 429


def test_what_is_on_the_balance_pays_what_the_shop_sells(opened: Open, client: FlaskClient) -> None:
    shop = opened.shop
    shop.stock(range(1))
    sign_in(opened, client)
    answer = fill_in(client, "/my/balance", "/my/balance", amount="60", channel=WECHAT)
    number = answer.location.rpartition("/")[2]
    assert 'src="data:image/svg+xml' in client.get(answer.location).text
    shop.channel.pay(WECHAT, number)
    hear(shop, top_up.get(number))
    assert client.get(f"{answer.location}/state").json == {"state": "paid", "story": 1}
    assert "It is on your balance." in client.get(answer.location).text
    page = opened.order(client, KEY).location
    assert "Pay from the balance (60.00)" in client.get(page).text
    press(client, page, f"{page}/pay", channel="balance")
    shop.serve()
    assert '"completed"' in client.get(f"{page}/state").text
    shown = client.get("/my/balance").text
    assert "11.00" in shown
    assert "−49.00" in shown
    refused = fill_in(client, "/my/delete", "/my/account", sure="yes")
    assert refused.status_code == 409
    assert "There is money on your balance." in refused.text


def test_what_was_left_open_spends_nothing(opened: Open, client: FlaskClient) -> None:
    sign_in(opened, client)
    own = customer(opened)
    topped_up(opened.shop, own, 10_000)
    opened.shop.forward(FRESH_S + 1)
    page = opened.order(client, BY_HAND).location
    token = csrf_token(client, page)
    client.post(f"{page}/pay", data={"csrf_token": token, "channel": "balance"})
    assert "the last one is too long ago" in client.get(page).text
    assert balance.available(own) == 10_000
    press(client, page, "/my/prove", kind="mail", next=page)
    assert type_code(client, code_of(post(opened.shop)[-1])).location == page
    press(client, page, f"{page}/pay", channel="balance")
    assert balance.available(own) == 10_000 - PRICE[BY_HAND]


def test_another_s_balance_and_top_ups_are_nobody_else_s(opened: Open, client: FlaskClient) -> None:
    own = somebody(opened.shop, OTHER)
    made = top_up.ask(own, cny(10_000), WECHAT, opened.shop.office)
    theirs = opened.shop.order(BY_HAND, customer=own)
    sign_in(opened, client)
    topped_up(opened.shop, customer(opened), 10_000)
    for path in (f"/my/top-ups/{made.number}", f"/my/top-ups/{made.number}/state"):
        assert client.get(path).status_code == 404
    token = csrf_token(client, "/my/balance")
    gone = client.post(f"/my/top-ups/{made.number}/cancel", data={"csrf_token": token})
    assert gone.status_code == 404
    page = f"/o/{theirs.token}"
    assert "Pay from the balance" not in client.get(page).text
    client.post(f"{page}/pay", data={"csrf_token": token, "channel": "balance"})
    guest = opened.buyer()
    form = {"csrf_token": csrf_token(guest, page), "channel": "balance"}
    guest.post(f"{page}/pay", data=form)
    assert "Sign in first." in guest.get(page).text
    assert orders.get(theirs.order.id).state is OrderState.PENDING
    assert balance.available(customer(opened)) == 10_000


def test_headquarters_gives_a_balance_back(opened: Open) -> None:
    shop = opened.shop
    own = somebody(shop)
    topped_up(shop, own, 3_000)
    finance = as_person(opened.app, "finance")
    page = f"/customers/{own}"
    shop.channel.let("lost-after")
    press(finance, page, f"{page}/give-back", reason="closing")
    assert "on its way back" in finance.get(page).text
    for _ in range(6):
        top_up_back.give_back_due(shop.office)
        shop.forward(60)
    [back] = top_up_back.of_customer(own)
    assert back.state is RefundState.DONE
    assert len(shop.channel.world.books.rows("SELECT * FROM refund")) == 1
    assert "3,000" not in finance.get(page).text
    assert f'action="{page}/give-back"' not in finance.get(page).text


def test_what_a_channel_cannot_give_back_is_an_alert_and_can_be_sent_again(opened: Open) -> None:
    shop = opened.shop
    own = somebody(shop)
    topped_up(shop, own, 3_000)
    [back] = top_up_back.give_back(own, "closing", "amy", shop.office)
    world, there = shop.channel.world, shop.channel.balance(BASIC)
    told = {"business": "充值", "kind": "充值", "channel_no": "1", "our_no": "1"}
    world.books.move(BASIC, -there, world.now_s(), **told)
    top_up_back.give_back_due(shop.office)
    assert [one.state for one in top_up_back.of_customer(own)] == [RefundState.STUCK]
    assert [one.subject for one in alerts()] == [back.number]
    world.books.move(BASIC, there, world.now_s(), **told)
    finance = as_person(opened.app, "finance")
    press(finance, f"/customers/{own}", f"/customers/{own}/back/{back.number}/again")
    assert alerts() == []
    for _ in range(6):
        top_up_back.give_back_due(shop.office)
        shop.forward(60)
    assert [one.state for one in top_up_back.of_customer(own)] == [RefundState.DONE]
    with pytest.raises(Conflict):
        top_up_back.try_again(back.number, shop.office)
