"""A buyer says that something is wrong: in time, once, with what shows it; and he is answered."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

import peewee
import pytest
from PIL import Image

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, rows
from central.foundation.jobs.alerts import alerts
from central.sale.after_sales import answer, ask, store
from central.sale.after_sales.answer import LATE
from central.sale.after_sales.ask import Said
from central.sale.after_sales.model import (
    ANSWER_S,
    ARRIVES_S,
    COMPLAIN_S,
    GOES_BACK_UNSEEN,
    RETURN_S,
    Case,
    CaseState,
    Reason,
    why_not,
)
from central.sale.delivery.reveal import Shown, reveal
from central.sale.orders import refund
from central.sale.orders import store as orders
from central.sale.orders.model import Order, OrderId, Unit, UnitId
from central.sale.orders.states import OrderState, UnitState
from central.supply.cards.reserve import handed_over
from central.supply.product_types.model import Fulfilment
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import Database, at_once, furnish
from tests.central.channel import Served
from tests.central.foundation.pictures import a_picture
from tests.central.money.sharing.builders import CHAIN, a_rule, activated
from tests.central.network.agents.builders import a_tree
from tests.central.sale.builders import (
    BY_HAND,
    CODE,
    KEY,
    LUNCH,
    PRICE,
    SET,
    Shop,
    a_shop,
    balance_of,
)
from tests.central.supply.cards.builders import CENTS

PNG = a_picture()
U = UnitState


@pytest.fixture
def shop(hub_database: Database, channel: Served, tmp_path: Path) -> Iterator[Shop]:
    """A hub that has sold a key."""
    furnish()
    a_tree(b.NOW_S - 10)
    made = a_shop(tmp_path, channel)
    made.stock(range(3))
    yield made
    assert_sound()


def a_unit(state: UnitState) -> Unit:
    """Return a key that was delivered at 1,000 s."""
    return Unit(
        UnitId("O1-1"),
        OrderId("O1"),
        1,
        KEY,
        Fulfilment.LOCAL_KEY,
        990,
        state,
        "",
        0,
        1_000,
        None,
        None,
    )


def look(shop: Shop, order: Order) -> None:
    reveal(order, 1, CODE, "192.0.2.9", shop.vault, shop.office)


def complain(shop: Shop, order: Order, reason: Reason = Reason.INVALID, **bent: bytes) -> Case:
    said = Said("it says: used already", ask.drawn(bent.get("picture", b"")))
    return ask.open_case(order.id, 1, reason, said, "buyer", shop.office)


def unit_state(order: Order) -> UnitState:
    return orders.units(order.id)[0].state


@pytest.mark.parametrize(
    ("reason", "state", "age_s", "said"),
    [
        (Reason.CHANGED_MIND, U.DELIVERED, 0, ""),
        (Reason.CHANGED_MIND, U.DELIVERED, RETURN_S - 1, ""),
        (Reason.CHANGED_MIND, U.DELIVERED, RETURN_S, "seven days"),
        (Reason.CHANGED_MIND, U.REVEALED, 0, "looked at"),
        (Reason.INVALID, U.REVEALED, COMPLAIN_S - 1, ""),
        (Reason.INVALID, U.DELIVERED, COMPLAIN_S, "is over"),
        (Reason.OTHER, U.SERVING, 0, "not delivered"),
        (Reason.NOT_ARRIVED, U.SERVING, ARRIVES_S - 1, "on its way"),
        (Reason.NOT_ARRIVED, U.SERVING, ARRIVES_S, ""),
        (Reason.NOT_ARRIVED, U.BY_HAND, ARRIVES_S, ""),
        (Reason.NOT_ARRIVED, U.STUCK, COMPLAIN_S, ""),
        (Reason.NOT_ARRIVED, U.WAITING, ARRIVES_S, "not delivered"),
        (Reason.NOT_ARRIVED, U.DELIVERED, 0, ""),
        (Reason.OTHER, U.REVERSED, 0, "gone back"),
    ],
)
def test_how_long_and_for_what_something_is_taken_up(
    reason: Reason, state: UnitState, age_s: int, said: str
) -> None:
    found = why_not(
        reason, a_unit(state), 1_000 + age_s, was_seen=state is U.REVEALED, paid_at_s=1_000
    )
    assert (said in found) if said else not found


@pytest.mark.parametrize("fulfilment", Fulfilment)
def test_what_was_done_already_does_not_go_back_without_a_reason(fulfilment: Fulfilment) -> None:
    unit = a_unit(U.DELIVERED)._replace(fulfilment=fulfilment)
    found = why_not(Reason.CHANGED_MIND, unit, 1_000, was_seen=False, paid_at_s=1_000)
    assert (not found) == (fulfilment in GOES_BACK_UNSEEN)
    assert not why_not(Reason.INVALID, unit, 1_000, was_seen=False, paid_at_s=1_000)


def test_what_was_never_looked_at_goes_back_at_once(shop: Shop) -> None:
    order = shop.bought(KEY)
    case = ask.open_case(order.id, 1, Reason.CHANGED_MIND, Said(""), "buyer", shop.office)
    assert (case.state, case.refund) == (CaseState.REFUNDED, orders.refunds(order.id)[0].number)
    assert unit_state(order) is U.REVERSED
    shop.settle_refunds()
    assert balance_of("4010") == 0


def test_a_key_that_does_not_work_is_replaced_by_another(shop: Shop) -> None:
    order = shop.bought(KEY)
    look(shop, order)
    before = handed_over(orders.units(order.id)[0].id)
    case = complain(shop, order)
    done = answer.replace(case.id, "here is another", "amy", shop.office)
    after = handed_over(orders.units(order.id)[0].id)
    assert (done.state, done.answer) == (CaseState.REPLACED, "here is another")
    assert before is not None
    assert after is not None
    assert before.key != after.key
    assert unit_state(order) is U.DELIVERED
    assert balance_of("5010") == 2 * CENTS


def test_whoever_has_read_a_key_has_read_it_even_if_it_was_replaced(shop: Shop) -> None:
    order = shop.bought(KEY)
    look(shop, order)
    answer.replace(complain(shop, order).id, "here is another", "amy", shop.office)
    with pytest.raises(Conflict, match="looked at"):
        ask.open_case(order.id, 1, Reason.CHANGED_MIND, Said(""), "buyer", shop.office)


def test_what_goes_back_while_it_is_looked_at_is_either_seen_or_paid_back(shop: Shop) -> None:
    shop.stock(range(10, 20))
    for n in range(6):
        order = shop.bought(KEY, key=f"race-{n}")

        def act(which: int, order: Order = order) -> object:
            if which % 2:
                return reveal(order, 1, CODE, f"192.0.2.{which}", shop.vault, shop.office)
            return ask.open_case(order.id, 1, Reason.CHANGED_MIND, Said(""), "buyer", shop.office)

        told = at_once(4, act)
        shown = [one for one in told if isinstance(one, Shown)]
        paid_back = [one for one in told if isinstance(one, Case)]
        assert bool(shown) != bool(paid_back)
        assert len(orders.refunds(order.id)) == len(paid_back)


def test_the_buyer_is_told_by_mail_that_there_is_an_answer(shop: Shop) -> None:
    shop.office = dataclasses.replace(shop.office, mails=True)
    order = shop.bought(KEY, contact="li@example.com")
    case = answer.reject(complain(shop, order).id, "it works here", "amy", shop.office)
    [(key, body)] = rows("SELECT key, body FROM outbox WHERE key LIKE ?", ("%case%",))
    assert (key, order.id in body) == (f"{order.id} case-{case.id}", True)
    assert "it works here" not in body


def test_the_price_goes_back_with_what_hung_on_it(shop: Shop) -> None:
    order = shop.bought(KEY)
    look(shop, order)
    case = answer.give_back(complain(shop, order).id, "sorry", "amy", shop.office)
    assert case.refund == orders.refunds(order.id)[0].number
    shop.settle_refunds()
    assert balance_of("4010") == 0
    assert orders.get(order.id).refunded == PRICE[KEY]


def test_part_of_the_price_goes_back_and_the_buyer_keeps_it(shop: Shop) -> None:
    activated(a_rule())
    order = shop.bought(KEY, seller=CHAIN[0].agent)
    assert balance_of("5020") > 0
    for part in (1_000, 900):
        case = complain(shop, order)
        for wrong in (PRICE[KEY], 0):
            with pytest.raises(Conflict, match="Part of a price"):
                answer.give_back(case.id, "sorry", "amy", shop.office, wrong)
        done = answer.give_back(case.id, "sorry", "amy", shop.office, part)
        assert orders.refund(done.refund or "").amount.minor == part
    [unit] = orders.units(order.id)
    assert (unit.state, unit.refunded, unit.left) == (U.DELIVERED, 1_900, 3_000)
    rest = answer.give_back(complain(shop, order).id, "all of it", "amy", shop.office)
    assert orders.refund(rest.refund or "").amount.minor == 3_000
    assert (unit_state(order), orders.get(order.id).refunded) == (U.REVERSED, PRICE[KEY])
    shop.settle_refunds()
    assert (balance_of("4010"), balance_of("5020")) == (0, 0)


def test_a_voucher_of_ours_goes_back_as_a_whole(shop: Shop) -> None:
    order = shop.bought(LUNCH)
    case = complain(shop, order)
    with pytest.raises(Conflict, match="as a whole"):
        answer.give_back(case.id, "sorry", "amy", shop.office, 100)


def put_off(unit: Unit, until_s: int) -> None:
    """Let a unit be awaited until then."""
    change("UPDATE order_unit SET next_at_s = ? WHERE id = ?", (until_s, unit.id))


def test_what_was_never_looked_at_goes_back_while_others_are_awaited(shop: Shop) -> None:
    order = shop.paid(SET)
    key, awaited, voucher = sorted(orders.units(order.id), key=lambda unit: (unit.sku, unit.n))
    put_off(awaited, 2**40)
    shop.serve()
    assert orders.get(order.id).state is OrderState.PARTLY
    for unit in (key, voucher):
        ask.open_case(order.id, unit.n, Reason.CHANGED_MIND, Said(""), "buyer", shop.office)
        assert orders.unit(unit.id).state is U.REVERSED
    assert balance_of("5010") == CENTS, "a key that somebody has had is sold to nobody else"
    assert balance_of("2010") == awaited.price
    assert_sound()
    put_off(awaited, 0)
    shop.serve()
    found = orders.get(order.id)
    assert (found.state, found.refunded) == (OrderState.COMPLETED, key.price + voucher.price)
    assert (balance_of("4010"), balance_of("5010")) == (awaited.price, 2 * CENTS)
    shop.settle_refunds()
    assert balance_of("2010") == 0


def test_an_order_ends_when_part_went_back_and_the_rest_was_given_up(shop: Shop) -> None:
    order = shop.paid(KEY, 2)
    kept, stuck = orders.units(order.id)
    put_off(stuck, 2**40)
    shop.serve()
    ask.open_case(order.id, kept.n, Reason.CHANGED_MIND, Said(""), "buyer", shop.office)
    assert orders.get(order.id).state is OrderState.PARTLY
    refund.refund_units(order.id, [stuck.id], "not wanted", "amy", shop.office)
    assert orders.get(order.id).state is OrderState.REFUNDED
    shop.settle_refunds()
    assert (balance_of("2010"), balance_of("4010"), balance_of("5010")) == (0, 0, CENTS)


def test_a_refusal_has_a_reason_that_the_buyer_reads(shop: Shop) -> None:
    order = shop.bought(KEY)
    case = complain(shop, order)
    with pytest.raises(RequestInvalid):
        answer.reject(case.id, "  ", "amy", shop.office)
    assert answer.reject(case.id, "it was used by you", "amy", shop.office).state == "rejected"
    with pytest.raises(Conflict):
        answer.give_back(case.id, "after all", "amy", shop.office)
    assert orders.refunds(order.id) == []
    assert complain(shop, order).id != case.id  # he may ask again


def test_one_case_at_a_time_however_often_somebody_asks(shop: Shop) -> None:
    order = shop.bought(KEY)
    told = at_once(6, lambda _: complain(shop, order))
    assert sum(isinstance(one, Case) for one in told) == 1
    assert all(isinstance(one, Case | Conflict) for one in told)


def test_two_who_answer_at_once_give_one_answer(shop: Shop) -> None:
    order = shop.bought(KEY)
    case = complain(shop, order)
    acts = (answer.replace, answer.give_back, answer.reject)
    told = at_once(6, lambda n: acts[n % 3](case.id, "so be it", f"p{n}", shop.office))
    assert sum(isinstance(one, Case) for one in told) == 1
    assert len(orders.refunds(order.id)) <= 1


def test_what_is_shown_is_sealed_and_read_by_whoever_decides(shop: Shop) -> None:
    order = shop.bought(KEY)
    case = complain(shop, order, picture=PNG)
    [shown] = store.evidence(case.id)
    assert (shown.said, shown.picture) == ("it says: used already", "image/webp")
    kind, content = ask.picture(case.id, shown.id, shop.office)
    assert (kind, Image.open(io.BytesIO(content)).size) == ("image/webp", (40, 20))
    [(kept,)] = rows("SELECT picture FROM after_sale_evidence")
    assert content not in bytes(kept)
    with pytest.raises(NotFound):
        ask.picture(case.id + 1, shown.id, shop.office)


def test_only_an_open_case_is_added_to_and_with_five_pictures(shop: Shop) -> None:
    order = shop.bought(KEY)
    case, shown = complain(shop, order), ask.drawn(PNG)
    for _ in range(5):
        ask.add_evidence(case.id, Said("", shown), "buyer", shop.office)
    with pytest.raises(RequestInvalid, match="five pictures"):
        ask.add_evidence(case.id, Said("", shown), "buyer", shop.office)
    answer.withdraw(case.id, shop.office)
    with pytest.raises(Conflict):
        ask.add_evidence(case.id, Said("more"), "buyer", shop.office)


def test_a_case_that_nobody_answers_is_an_alert_until_somebody_does(shop: Shop) -> None:
    order = shop.bought(KEY)
    case = complain(shop, order)
    assert answer.tell_late(shop.office.now_s()) == 0
    shop.forward(ANSWER_S)
    assert answer.tell_late(shop.office.now_s()) == 1
    assert [(alert.kind, alert.subject) for alert in alerts()] == [(LATE, str(case.id))]
    answer.reject(case.id, "no", "amy", shop.office)
    assert alerts() == []


def test_what_a_person_delivered_is_not_replaced_from_stock(shop: Shop) -> None:
    from central.sale.orders import serve  # noqa: PLC0415

    order = shop.bought(BY_HAND)
    serve.deliver_by_hand(orders.units(order.id)[0].id, "Room 4", "amy", shop.office)
    case = complain(shop, order, Reason.WRONG)
    with pytest.raises(Conflict, match="our own stock"):
        answer.replace(case.id, "another", "amy", shop.office)
    with pytest.raises(Conflict, match="No supplier is known"):
        answer.claim(case.id, "amy", shop.office)
    assert store.get(case.id).state is CaseState.OPEN


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE after_sale SET state = 'open', closed_by = NULL, closed_at_s = NULL", "once"),
        ("UPDATE after_sale SET claim = 'accepted', claim_minor = 1", "does not go there"),
        ("UPDATE after_sale SET answer = 'yes'", "once"),
        ("UPDATE after_sale SET closed_by = 'bob'", "once"),
        ("UPDATE after_sale SET key_id = NULL", "about one key"),
        ("DELETE FROM after_sale", "a case stays"),
        ("UPDATE after_sale_evidence SET said = 'x'", "was said"),
    ],
)
def test_the_database_keeps_what_was_decided(shop: Shop, sql: str, said: str) -> None:
    order = shop.bought(KEY)
    answer.reject(complain(shop, order).id, "no", "amy", shop.office)
    with pytest.raises(peewee.DatabaseError, match=said):
        change(sql)


def test_a_buyer_whose_goods_never_came_is_heard_and_gets_his_money_back(shop: Shop) -> None:
    order = shop.bought(BY_HAND)
    assert unit_state(order) is U.BY_HAND
    said = Said("nothing has come")
    with pytest.raises(Conflict, match="on its way"):
        ask.open_case(order.id, 1, Reason.NOT_ARRIVED, said, "buyer", shop.office)
    shop.forward(ARRIVES_S)
    with pytest.raises(Conflict, match="not delivered yet"):
        ask.open_case(order.id, 1, Reason.INVALID, said, "buyer", shop.office)
    case = ask.open_case(order.id, 1, Reason.NOT_ARRIVED, said, "buyer", shop.office)
    with pytest.raises(Conflict, match="There is an open case"):
        ask.open_case(order.id, 1, Reason.NOT_ARRIVED, said, "buyer", shop.office)
    with pytest.raises(Conflict):
        answer.replace(case.id, "another one", "amy", shop.office)
    closed = answer.give_back(case.id, "we are sorry", "amy", shop.office)
    assert closed.state is CaseState.REFUNDED
    assert unit_state(order) is U.CANCELLED
    shop.settle_refunds()


def test_nothing_is_asked_about_what_nobody_has_paid(shop: Shop) -> None:
    order = shop.order(BY_HAND).order
    shop.forward(ARRIVES_S)
    with pytest.raises(Conflict, match="not delivered yet"):
        ask.open_case(order.id, 1, Reason.NOT_ARRIVED, Said("nothing"), "buyer", shop.office)
