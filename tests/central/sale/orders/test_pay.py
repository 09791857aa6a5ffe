"""Money that comes late, twice, as another amount, or with a lost answer: never dropped."""

from __future__ import annotations

import pytest

from central.errors import ChannelUnknown, Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs.alerts import alerts
from central.money.channels.model import Payment as Said
from central.money.channels.model import PaymentState as Its
from central.sale.orders import mismatch, pay, refund, store
from central.sale.orders.model import PAY_S, Order
from central.sale.orders.states import OrderState, PaymentState, RefundState, UnitState
from tests.central.books import journals
from tests.central.builders import at_once
from tests.central.channel import ALIPAY, CHANNELS, WECHAT
from tests.central.money.ledger.walk import cny
from tests.central.sale.builders import KEY, PRICE, SET, Shop, balance_of, states

S, U = OrderState, UnitState


def test_asking_to_pay_again_is_the_same_payment(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.order().order
    first = pay.ask_to_pay(order.id, WECHAT, shop.office)
    assert first.qr_text.startswith("weixin://")
    assert pay.ask_to_pay(order.id, WECHAT, shop.office) == first
    assert len(store.payments(order.id)) == 1
    with pytest.raises(NotFound):
        pay.ask_to_pay(order.id, "cash", shop.office)


def test_a_buyer_may_change_the_channel(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.order().order
    first = pay.ask_to_pay(order.id, WECHAT, shop.office)
    second = pay.ask_to_pay(order.id, ALIPAY, shop.office)
    assert store.payment(first.number).state is PaymentState.CLOSED
    assert second.state is PaymentState.OPEN
    shop.channel.pay(ALIPAY, second.number)
    shop.hear(second.number)
    assert store.get(order.id).state is S.SERVING


def test_who_pays_while_he_changes_the_channel_has_paid(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.order().order
    first = pay.ask_to_pay(order.id, WECHAT, shop.office)
    shop.channel.pay(WECHAT, first.number)
    with pytest.raises(Conflict, match="paid in this moment"):
        pay.ask_to_pay(order.id, ALIPAY, shop.office)
    assert store.get(order.id).state is S.SERVING


@pytest.mark.parametrize("fault", ["lost-after", "error-after", "lost-before", "garbage"])
def test_a_lost_answer_is_asked_for_again_under_the_same_number(shop: Shop, fault: str) -> None:
    shop.stock(range(1))
    order = shop.order().order
    shop.channel.let(fault)
    with pytest.raises(ChannelUnknown):
        pay.ask_to_pay(order.id, WECHAT, shop.office)
    again = pay.ask_to_pay(order.id, WECHAT, shop.office)
    assert again.state is PaymentState.OPEN
    assert len(shop.channel.world.books.rows("SELECT * FROM payment")) == 1


def test_without_any_callback_the_money_is_found_in_time(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.order().order
    payment = pay.ask_to_pay(order.id, WECHAT, shop.office)
    shop.channel.pay(WECHAT, payment.number)
    shop.forward(5)
    assert pay.follow_due(shop.office) == 1
    assert store.get(order.id).state is S.SERVING


def test_an_order_that_nobody_pays_lets_go_of_its_key(any_shop: Shop) -> None:
    any_shop.stock(range(1))
    order = any_shop.order().order
    payment = pay.ask_to_pay(order.id, WECHAT, any_shop.office)
    any_shop.forward(PAY_S)
    assert pay.close_due(any_shop.office) == 0  # money may still come by the payment
    pay.follow_due(any_shop.office)
    assert store.payment(payment.number).state is PaymentState.CLOSED
    assert pay.close_due(any_shop.office) == 1
    assert states(order.id) == (S.EXPIRED, [U.CANCELLED])
    assert any_shop.order().order.state is S.PENDING  # the key is somebody else's


def test_a_buyer_gives_his_order_up(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.order().order
    pay.ask_to_pay(order.id, WECHAT, shop.office)
    pay.cancel(order.id, "buyer", shop.office)
    assert states(order.id) == (S.CANCELLED, [U.CANCELLED])
    with pytest.raises(Conflict):
        pay.ask_to_pay(order.id, WECHAT, shop.office)
    with pytest.raises(Conflict):
        pay.cancel(order.id, "buyer", shop.office)


def late(shop: Shop, number: str, minor: int = PRICE[KEY]) -> None:
    """Let a payment turn out to be made, whatever we thought of it."""
    said = Said(number, Its.PAID, cny(minor), f"CH{number}")
    at_s = shop.office.now_s()
    money_transaction(lambda: pay.take_money(number, said, at_s, shop.office))


def test_money_that_comes_late_buys_what_is_still_there(any_shop: Shop) -> None:
    any_shop.stock(range(2))
    order = any_shop.order().order
    payment = pay.ask_to_pay(order.id, WECHAT, any_shop.office)
    pay.cancel(order.id, "buyer", any_shop.office)
    late(any_shop, payment.number)
    any_shop.serve()
    assert states(order.id) == (S.COMPLETED, [U.DELIVERED])


def test_money_that_comes_too_late_for_a_key_waits_and_goes_back(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.order().order
    payment = pay.ask_to_pay(order.id, WECHAT, shop.office)
    shop.channel.pay(WECHAT, payment.number)
    # As if its channel had said that it was closed.
    change("UPDATE sale_order SET state = 'cancelled'")
    change("UPDATE order_unit SET state = 'cancelled'")
    change("UPDATE card_key SET state = 'available', unit = NULL, reserved_until_s = 0")
    shop.bought()  # somebody else has the key
    shop.hear(payment.number)
    shop.serve()
    assert states(order.id) == (S.EXCEPTION, [U.STUCK])
    shop.refund_all(order.id)
    assert states(order.id) == (S.REFUNDED, [U.CANCELLED])
    assert balance_of("2010") == 0


def test_an_order_that_is_paid_twice_gives_the_second_payment_back(any_shop: Shop) -> None:
    any_shop.stock(range(2))
    order = any_shop.order().order
    first = pay.ask_to_pay(order.id, WECHAT, any_shop.office)
    second = pay.ask_to_pay(order.id, ALIPAY, any_shop.office)
    any_shop.channel.pay(ALIPAY, second.number)
    any_shop.hear(second.number)
    any_shop.serve()
    late(any_shop, first.number)  # its channel had said that it was closed
    assert states(order.id) == (S.COMPLETED, [U.DELIVERED])
    [back] = store.refunds(order.id)
    assert (back.payment, back.amount, back.reason) == (first.number, cny(4_900), "paid twice")
    assert balance_of("2010") == 0
    assert balance_of("4010") == PRICE[KEY]


def test_another_amount_waits_for_a_person_and_goes_back(any_shop: Shop) -> None:
    any_shop.stock(range(1))
    order = any_shop.order().order
    payment = pay.ask_to_pay(order.id, WECHAT, any_shop.office)
    any_shop.channel.pay(WECHAT, payment.number)
    late(any_shop, payment.number, 4_800)
    assert states(order.id) == (S.MISMATCH, [U.WAITING])
    assert [alert.kind for alert in alerts()] == ["payment-odd"]
    assert balance_of("2010") == 4_800
    refund.refund_mismatch(order.id, "another amount", "amy", any_shop.office)
    assert states(order.id) == (S.REFUNDED, [U.CANCELLED])
    assert alerts() == []
    assert balance_of("2610.wechat-pay") == 4_800


def other_amount(shop: Shop, minor: int, quantity: int = 1, sku: str = KEY) -> Order:
    order = shop.order(sku, quantity).order
    payment = pay.ask_to_pay(order.id, WECHAT, shop.office)
    shop.channel.pay(WECHAT, payment.number)
    late(shop, payment.number, minor)
    return store.get(order.id)


def test_a_person_lets_another_amount_buy(any_shop: Shop) -> None:
    any_shop.stock(range(3))
    more = other_amount(any_shop, 5_000)
    with pytest.raises(RequestInvalid):
        mismatch.accept(more.id, " ", "amy", any_shop.office)
    mismatch.accept(more.id, "he agrees", "amy", any_shop.office)
    [back] = store.refunds(more.id)
    assert (back.amount, back.total) == (cny(100), cny(5_000))
    any_shop.serve()
    assert states(more.id) == (S.COMPLETED, [U.DELIVERED])
    less = other_amount(any_shop, 9_700, 2)
    mismatch.accept(less.id, "our mistake", "amy", any_shop.office)
    with pytest.raises(Conflict):
        mismatch.accept(less.id, "again", "amy", any_shop.office)
    assert (balance_of("5060"), balance_of("2010")) == (100, 2 * PRICE[KEY])
    assert alerts() == []
    # Of what the house has borne nothing goes to the buyer.
    unit = store.units(less.id)[1].id
    refund.refund_units(less.id, [unit], "not wanted", "amy", any_shop.office)
    assert store.refunds(less.id)[0].amount == cny(4_850)
    assert balance_of("5060") == 50
    any_shop.serve()
    assert states(less.id) == (S.COMPLETED, [U.DELIVERED, U.CANCELLED])
    assert balance_of("2010") == 0


def test_of_an_order_that_was_paid_too_little_no_more_goes_back_than_has_come(
    shop: Shop,
) -> None:
    shop.stock(range(3))
    order = other_amount(shop, 9_701, 2)
    mismatch.accept(order.id, "our mistake", "amy", shop.office)
    shop.serve()
    one, other = (unit.id for unit in store.units(order.id))
    with pytest.raises(Conflict, match="less than what is left"):
        refund.refund_part(one, 4_850, "all but a little", "amy", shop.office)
    refund.refund_part(one, 4_849, "all but a cent", "amy", shop.office)
    refund.refund_units(order.id, [one, other], "and the rest", "amy", shop.office)
    assert [back.amount for back in store.refunds(order.id)] == [cny(4_849), cny(4_852)]
    assert store.get(order.id).refunded == 9_701


def test_a_set_that_was_paid_too_little_goes_back_whole(shop: Shop) -> None:
    shop.stock(range(3))
    order = other_amount(shop, 10_000, sku=SET)
    mismatch.accept(order.id, "our mistake", "amy", shop.office)
    shop.serve()
    assert states(order.id) == (S.COMPLETED, [U.DELIVERED] * 3)
    refund.refund_units(order.id, [u.id for u in store.units(order.id)], "no", "amy", shop.office)
    [back] = store.refunds(order.id)
    assert back.amount == cny(10_000)
    assert balance_of("2020.7") == 0
    # What the house has borne is all that it took in for nothing.
    assert balance_of("4010") + balance_of("4020") == balance_of("5060") == 5_000


def test_the_same_money_is_taken_once_however_many_say_so(any_shop: Shop) -> None:
    any_shop.stock(range(1))
    order = any_shop.order().order
    payment = pay.ask_to_pay(order.id, WECHAT, any_shop.office)
    any_shop.channel.pay(WECHAT, payment.number)
    told = at_once(6, lambda _: late(any_shop, payment.number))
    assert told == [None] * 6
    assert journals("paid") == 1
    assert store.get(order.id).state is S.SERVING
    assert rows("SELECT count(*) FROM refund") == [(0,)]


@pytest.mark.parametrize("by", CHANNELS)
@pytest.mark.parametrize("seed", [3, 4])
def test_through_a_swarm_of_faults_every_order_ends_and_every_fen_is_accounted_for(
    any_shop: Shop, by: str, seed: int
) -> None:
    any_shop.stock(range(30))
    orders = [any_shop.order().order for _ in range(12)]
    any_shop.channel.world.faults.swarm(seed, 300)
    numbers = []
    for order in orders:
        for _ in range(20):
            try:
                numbers.append(pay.ask_to_pay(order.id, by, any_shop.office).number)
                break
            except ChannelUnknown:
                continue
    for number in numbers[::2]:
        any_shop.channel.pay(by, number)
    for _ in range(60):
        pay.follow_due(any_shop.office)
        pay.close_due(any_shop.office)
        any_shop.serve()
        any_shop.forward(30)
    ended = [store.get(order.id).state for order in orders]
    assert set(ended) == {S.COMPLETED, S.EXPIRED}
    paid = {p.number for order in orders for p in store.payments(order.id) if p.state == "paid"}
    assert paid == set(numbers[::2])
    assert ended.count(S.COMPLETED) == 6
    assert balance_of("4010") == 6 * PRICE[KEY]
    assert balance_of("2010") == 0


# --- back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", CHANNELS)
def test_a_delivered_key_goes_back_with_everything_that_hung_on_it(any_shop: Shop, by: str) -> None:
    any_shop.stock(range(3))
    order = any_shop.order(KEY, 2).order
    any_shop.pay(order, by)
    any_shop.serve()
    first = store.units(order.id)[0]
    asked = refund.refund_units(order.id, [first.id], "wrong region", "amy", any_shop.office)
    assert asked.state is RefundState.ASKED
    any_shop.settle_refunds()
    assert store.refund(asked.number).state is RefundState.DONE
    assert states(order.id) == (S.COMPLETED, [U.REVERSED, U.DELIVERED])
    assert store.get(order.id).refunded == 4_900
    assert balance_of("4010") == PRICE[KEY]
    assert balance_of(f"2610.{by}") == 0
    with pytest.raises(Conflict):
        refund.refund_units(order.id, [first.id], "again", "amy", any_shop.office)
    [row] = any_shop.channel.world.books.rows("SELECT * FROM refund")
    assert row["amount"] == 4_900


@pytest.mark.parametrize("fault", ["lost-after", "error-after", "lost-before", "garbage"])
def test_a_refund_whose_answer_is_lost_moves_its_money_once(shop: Shop, fault: str) -> None:
    shop.stock(range(1))
    order = shop.bought()
    shop.channel.let(fault)
    shop.refund_all(order.id)
    assert [back.state for back in store.refunds(order.id)] == [RefundState.DONE]
    assert len(shop.channel.world.books.rows("SELECT * FROM refund")) == 1


def test_two_who_refund_the_same_unit_at_once_give_it_back_once(any_shop: Shop) -> None:
    any_shop.stock(range(1))
    order = any_shop.bought()
    unit = store.units(order.id)[0].id
    told = at_once(
        6, lambda n: refund.refund_units(order.id, [unit], f"reason {n}", "amy", any_shop.office)
    )
    assert sum(not isinstance(one, BaseException) for one in told) == 1
    assert len(store.refunds(order.id)) == 1
    assert all(isinstance(one, Conflict) for one in told if isinstance(one, BaseException))


def test_a_unit_that_went_back_while_its_order_was_held_is_not_served(shop: Shop) -> None:
    shop.stock(range(3))
    object.__setattr__(shop.office, "held_above", 5_000)
    order = shop.paid(KEY, 2)
    first, second = store.units(order.id)
    refund.refund_units(order.id, [first.id], "one is enough", "amy", shop.office)
    pay.release(order.id, "amy", shop.office)
    shop.serve()
    assert states(order.id) == (S.COMPLETED, [U.CANCELLED, U.DELIVERED])
    assert balance_of("4010") == PRICE[KEY]
    assert second.price == PRICE[KEY]
