"""An order from the quote to the ledger: keys, vouchers, bundles, and what a person delivers."""

from __future__ import annotations

import json
from typing import Any

import peewee
import pytest

from central.errors import Conflict, KeyReused, NotFound, OutOfStock, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs.alerts import alerts
from central.money.ledger import rules
from central.money.ledger.store import post
from central.sale.delivery.reveal import reveal_to_program
from central.sale.orders import pay, refund, serve, store
from central.sale.orders.limits import Limits
from central.sale.orders.place import token_of
from central.sale.orders.states import OrderState, UnitState
from central.supply.cards.access.log import Asker
from central.supply.cards.reserve import handed_over
from central.supply.catalogue import shelf
from central.supply.catalogue.model import Part
from central.supply.catalogue.selling import set_min_days_left
from central.supply.prices import books
from central.supply.prices.model import Mode, Tier
from central.supply.prices.snapshot import from_snapshot
from central.supply.prices.wanted import Change
from central.supply.prices.wanted import Wanted as Price
from central.supply.product_types import store as product_types
from tests import builders as b
from tests.central.builders import TODAY, at_once
from tests.central.channel import ALIPAY, CHANNELS
from tests.central.money.ledger.walk import cny
from tests.central.money.sharing.builders import CHAIN, a_rule, activated
from tests.central.sale.builders import (
    BY_HAND,
    CENTS,
    KEY,
    LUNCH,
    PRICE,
    SET,
    Shop,
    balance_of,
    first_unit,
    states,
)
from tests.central.supply.cards.builders import an_intake, secret, stocked
from tests.central.supply.catalogue.builders import KEY_2, a_sku, put
from tests.central.supply.product_types.builders import a_body, a_field, both

S, U = OrderState, UnitState
SELLER = CHAIN[0].agent


# --- placed --------------------------------------------------------------------------------------


def test_an_order_keeps_its_price_and_a_key_for_each_unit(any_shop: Shop) -> None:
    any_shop.stock(range(3))
    placed = any_shop.order(KEY, 2)
    order = placed.order
    assert (order.price, order.state) == (cny(2 * PRICE[KEY]), S.PENDING)
    assert [unit.price for unit in store.units(order.id)] == [4_900, 4_900]
    assert store.by_token(placed.token) == order
    assert rows("SELECT count(*) FROM card_key WHERE state = 'reserved'") == [(2,)]
    with pytest.raises(OutOfStock):
        any_shop.order(KEY, 2)
    assert len(store.newest(10)) == 1


def test_the_same_key_and_wish_is_the_same_order(any_shop: Shop) -> None:
    any_shop.stock(range(3))
    wish: dict[str, Any] = {"key": "app:17", "contact": "li@example.com", "address": "192.0.2.1"}
    first = any_shop.order(**wish)
    assert any_shop.order(**wish) == first
    with pytest.raises(KeyReused):
        any_shop.order(quantity=2, **wish)
    # Whoever asks again after a lost answer gets it, whatever has become of the SKU since.
    body = a_body(a_field("account"), a_field("server"), delivery="{key}")
    product_types.revise("game-key", both("类型", "Game"), body, by="amy", at_s=b.NOW_S)
    shelf.retire(SET, b.NOW_S)
    shelf.retire(KEY, b.NOW_S)
    assert any_shop.order(**wish) == first
    with pytest.raises(KeyReused):
        any_shop.order(**wish, fields={"account": "wang"})
    assert rows("SELECT count(*) FROM card_key WHERE state = 'reserved'") == [(1,)]


def test_a_token_is_kept_as_a_hash_and_is_nobody_else_s(shop: Shop) -> None:
    shop.stock(range(2))
    placed = shop.order()
    assert len(placed.token) == 26
    dump = str(rows("SELECT * FROM sale_order"))
    assert placed.token not in dump
    assert "example.com" not in dump
    for wrong in ("", "A" * 26, placed.token[:-1]):
        with pytest.raises(NotFound, match="There is no such order"):
            store.by_token(wrong)


@pytest.mark.parametrize(
    ("bent", "error", "said"),
    [
        ({"quantity": 0}, RequestInvalid, "1 to 100"),
        ({"quantity": -1}, RequestInvalid, "1 to 100"),
        ({"quantity": 10**9}, RequestInvalid, "1 to 100"),
        ({"fields": {}}, RequestInvalid, "cannot be used"),
        ({"fields": {"account": "li", "other": "x"}}, RequestInvalid, "cannot be used"),
        ({"code": "12345"}, RequestInvalid, "6 to 64"),
        ({"code": ""}, RequestInvalid, "Choose a code"),
        ({"contact": "a\x07b"}, RequestInvalid, "cannot be seen"),
        ({"key": ""}, RequestInvalid, "1 to 128"),
        ({"sku": "NOTHING"}, NotFound, "no such SKU"),
        ({"buyer": "NOBODY", "code": ""}, NotFound, "no agent NOBODY"),
    ],
)
def test_an_order_that_cannot_be_is_refused_and_nothing_is_kept(
    shop: Shop, bent: dict[str, object], error: type[Exception], said: str
) -> None:
    shop.stock(range(3))
    with pytest.raises(error, match=said):
        shop.order(**bent)  # type: ignore[arg-type]
    assert store.newest(10) == []
    assert rows("SELECT count(*) FROM card_key WHERE state = 'reserved'") == [(0,)]


def test_what_is_wrong_with_a_field_is_named(shop: Shop) -> None:
    with pytest.raises(RequestInvalid) as caught:
        shop.order(fields={"account": ""})
    assert caught.value.extra["errors"] == {"account": "This is needed."}


def test_what_is_retired_or_has_no_price_is_not_sold(shop: Shop) -> None:
    with pytest.raises(Conflict, match="no price"):
        shop.order("KEY-100", fields={"account": "li"})
    shelf.retire(BY_HAND, b.NOW_S)
    with pytest.raises(Conflict, match="not sold"):
        shop.order(BY_HAND)


def test_nobody_holds_the_stock_without_paying(shop: Shop) -> None:
    shop.stock(range(100))
    for _ in range(2):
        shop.order(KEY, 9, address="198.51.100.7")
    with pytest.raises(Conflict, match="not kept for one buyer"):
        shop.order(KEY, 9, address="198.51.100.7")
    for _ in range(3):
        shop.order(contact="hoarder@example.com")
    with pytest.raises(Conflict, match="unpaid orders"):
        shop.order(contact="hoarder@example.com")


def test_an_agent_does_not_hold_the_stock_either(shop: Shop) -> None:
    shop.stock(range(20))
    for _ in range(2):
        shop.order(KEY, 5, buyer=SELLER, code="")
    with pytest.raises(Conflict, match="not kept for one buyer"):
        shop.order(KEY, buyer=SELLER, code="")
    limits = Limits(agent_orders=2, agent_stock_percent=100)
    object.__setattr__(shop.office, "limits", limits)
    with pytest.raises(Conflict, match="unpaid orders"):
        shop.order(KEY, buyer=SELLER, code="")


def test_a_key_that_ends_too_soon_is_not_sold(shop: Shop) -> None:
    stocked(shop.vault, range(1), intake=an_intake(KEY, expires_at_s=b.NOW_S + 20 * 3_600))
    stocked(shop.vault, range(1, 2), intake=an_intake(KEY, expires_at_s=b.NOW_S + 9 * 86_400))
    with pytest.raises(OutOfStock):
        shop.order(KEY, 2)
    shop.order(KEY)
    set_min_days_left(KEY, 0, by="amy", at_s=b.NOW_S)
    shop.order(KEY)
    for wrong in (-1, 3_651):
        with pytest.raises(RequestInvalid):
            set_min_days_left(KEY, wrong, by="amy", at_s=b.NOW_S)


# --- paid and served -----------------------------------------------------------------------------


@pytest.mark.parametrize("by", CHANNELS)
def test_a_key_is_paid_handed_over_and_posted(any_shop: Shop, by: str) -> None:
    any_shop.stock(range(3))
    order = any_shop.order(KEY, 2).order
    any_shop.pay(order, by)
    assert states(order.id) == (S.SERVING, [U.SERVING] * 2)
    assert balance_of("2010") == 2 * PRICE[KEY]
    any_shop.serve()
    assert states(order.id) == (S.COMPLETED, [U.DELIVERED] * 2)
    assert balance_of("2010") == 0
    assert balance_of("4010") == 2 * PRICE[KEY]
    assert balance_of("5010") == 2 * CENTS
    assert balance_of(f"1310.{KEY}") == CENTS
    given = {handed_over(unit.id).key for unit in store.units(order.id)}  # type: ignore[union-attr]
    assert len(given) == 2
    assert store.broken_stories() == []
    events = [happening.event for happening in store.story(order.id) if not happening.unit]
    assert events == ["placed", "payment-asked", "money-came", "paid", "delivered-partly",
                      "completed"]  # fmt: skip


def test_serving_and_hearing_again_changes_nothing(shop: Shop) -> None:
    shop.stock(range(3))
    order = shop.bought()
    number = store.payments(order.id)[0].number
    before = store.story(order.id)
    for _ in range(3):
        shop.hear(number)
        shop.serve()
    assert store.story(order.id) == before
    assert rows("SELECT count(*) FROM card_handover") == [(1,)]


def test_the_seller_s_commission_is_in_the_same_journal(any_shop: Shop) -> None:
    any_shop.stock(range(3))
    activated(a_rule())
    order = any_shop.bought(seller=SELLER)
    assert order.state is S.COMPLETED
    [(journal,)] = rows("SELECT journal_id FROM sale_order")
    codes = {code for (code,) in rows(
        "SELECT code FROM entry JOIN account ON account.id = account_id WHERE journal_id = ?",
        (journal,),
    )}  # fmt: skip
    assert any(code.startswith("2111.") for code in codes)


def test_a_voucher_of_ours_is_issued_and_owed(any_shop: Shop) -> None:
    order = any_shop.bought(LUNCH, 2)
    assert order.state is S.COMPLETED
    assert balance_of("2020.7") == 2 * 8_800
    assert balance_of("4020") == 2 * (PRICE[LUNCH] - 8_800)
    [unit, _] = store.units(order.id)
    [(sealed,)] = rows("SELECT delivered FROM order_unit WHERE id = ?", (unit.id,))
    token = any_shop.office.seal.open(bytes(sealed), f"unit:{unit.id}")["voucher"]
    assert len(token) == 218
    assert token not in str(rows("SELECT * FROM order_unit"))


def test_a_bundle_is_served_and_booked_part_by_part(any_shop: Shop) -> None:
    """Its keys are revenue, cost and commission; its voucher is a debt to its holder."""
    any_shop.stock(range(3))
    activated(a_rule())
    order = any_shop.bought(SET, seller=SELLER)
    assert states(order.id) == (S.COMPLETED, [U.DELIVERED] * 3)
    # 150.00 over two keys of 49.00 and a lunch of 80.00, each rounded where least is lost.
    parts = [(unit.sku, unit.price) for unit in store.units(order.id)]
    assert parts == [(KEY, 4_129), (KEY, 4_129), (LUNCH, 6_742)]
    [(kept,)] = rows("SELECT quote FROM sale_order")
    assert json.loads(kept)["split"] == {
        "by": "price",
        "parts": [{"sku": KEY, "quantity": 2, "unit_minor": 4_900},
                  {"sku": LUNCH, "quantity": 1, "unit_minor": 8_000}],
    }  # fmt: skip
    assert from_snapshot(kept).total.minor == PRICE[SET]
    units = store.units(order.id)
    assert sum(unit.price for unit in units) == PRICE[SET]
    keys = sum(unit.price for unit in units if unit.sku == KEY)
    [lunch] = [unit for unit in units if unit.sku == LUNCH]
    assert (balance_of("2010"), balance_of("4010"), balance_of("5010")) == (0, keys, 2 * CENTS)
    assert (balance_of("2020.7"), balance_of("4020")) == (8_800, lunch.price - 8_800)
    shared = "SELECT minor, left_minor FROM shared_sale WHERE ref = ?"
    assert rows(shared, (order.id,)) == [(keys, keys)], "the voucher's is earned as it is used"
    commission = balance_of("5020")
    assert commission > 0
    refund.refund_units(order.id, [lunch.id], "not wanted", "amy", any_shop.office)
    assert (balance_of("2020.7"), balance_of("4020")) == (0, 0)
    assert (balance_of("4010"), balance_of("5020")) == (keys, commission), "the keys stay sold"
    rest = [unit.id for unit in units if unit.sku == KEY]
    refund.refund_units(order.id, rest, "not wanted", "amy", any_shop.office)
    any_shop.settle_refunds()
    for code in ("2010", "4010", "4020", "5020", "2610.wechat-pay"):
        assert balance_of(code) == 0, code


def test_a_bundle_of_which_a_part_is_not_sold_alone_is_split_otherwise(shop: Shop) -> None:
    """By what is printed on the parts, if something is on each; else evenly."""
    shop.stock(range(3))
    shop.stock(range(3, 5), KEY_2)
    parts = (Part(KEY, 1), Part(KEY_2, 1))
    put(a_sku("SET-2", "set", face=None, parts=parts))
    shelf.offer("SET-2", b.NOW_S)

    def price(sku: str, wanted: Price) -> None:
        books.set_price(Change("retail", sku, wanted), by="amy", now_s=b.NOW_S)

    def split(sku: str) -> tuple[str, list[int]]:
        keys = [part.sku for part in shelf.sku_of(sku).parts if part.sku != LUNCH]
        order = shop.order(sku, fields={f"{key}.account": "li" for key in keys}).order
        [(kept,)] = rows("SELECT quote FROM sale_order WHERE id = ?", (order.id,))
        prices = [unit.price for unit in store.units(order.id)]
        return json.loads(kept)["split"]["by"], prices

    price("SET-2", Price(Mode.LADDER, (Tier(1, 9_000),)))
    assert split("SET-2") == ("face", [6_000, 3_000])  # KEY-100 has no price, and sorts first
    price(LUNCH, Price(Mode.CLOSED))
    assert split(SET) == ("even", [5_000] * 3)


def test_what_has_cost_nothing_is_not_given_back(shop: Shop) -> None:
    shop.stock(range(3))
    books.set_price(
        Change("retail", SET, Price(Mode.LADDER, (Tier(1, 1),))), by="amy", now_s=b.NOW_S
    )
    order = shop.bought(SET)
    assert [unit.price for unit in store.units(order.id)] == [0, 0, 1]
    with pytest.raises(Conflict, match="has cost nothing"):
        refund.refund_units(order.id, [first_unit(order.id).id], "no", "amy", shop.office)


def test_what_a_person_delivers_waits_for_him(shop: Shop) -> None:
    order = shop.bought(BY_HAND)
    assert states(order.id) == (S.SERVING, [U.BY_HAND])
    unit = first_unit(order.id)
    with pytest.raises(RequestInvalid):
        serve.deliver_by_hand(unit.id, "  ", "amy", shop.office)
    serve.deliver_by_hand(unit.id, "Room 4, Monday", "amy", shop.office)
    assert states(order.id) == (S.COMPLETED, [U.DELIVERED])
    assert "Room 4" not in str(rows("SELECT * FROM order_unit"))
    with pytest.raises(Conflict):
        serve.deliver_by_hand(unit.id, "again", "amy", shop.office)


def test_a_key_that_is_gone_is_an_exception_that_a_person_refills(any_shop: Shop) -> None:
    any_shop.stock(range(1))
    order = any_shop.paid()
    change("UPDATE card_key SET state = 'available', unit = NULL, reserved_until_s = 0")
    change("UPDATE card_key SET state = 'quarantined'")
    any_shop.serve()
    assert states(order.id) == (S.EXCEPTION, [U.STUCK])
    assert [(alert.kind, alert.subject) for alert in alerts()] == [
        ("order-stuck", first_unit(order.id).id)
    ]
    serve.refill(first_unit(order.id).id, "amy", any_shop.office)
    assert states(order.id) == (S.EXCEPTION, [U.STUCK])  # there is still none
    any_shop.stock(range(5, 6))
    assert serve.refill(first_unit(order.id).id, "amy", any_shop.office)
    assert states(order.id) == (S.COMPLETED, [U.DELIVERED])
    assert alerts() == []


def test_a_large_order_waits_for_a_person(shop: Shop) -> None:
    shop.stock(range(3))
    object.__setattr__(shop.office, "held_above", 5_000)
    order = shop.paid(KEY, 2)
    shop.serve()
    assert states(order.id) == (S.HELD, [U.WAITING] * 2)
    pay.release(order.id, "amy", shop.office)
    shop.serve()
    assert states(order.id)[0] is S.COMPLETED
    assert alerts() == []


def test_an_agent_pays_from_what_he_has_prepaid(any_shop: Shop) -> None:
    any_shop.stock(range(3))
    prepaid = rules.prepaid("1010.web", "T1", SELLER, cny(6_000), TODAY, "test")
    money_transaction(lambda: post(prepaid, b.NOW_S))
    order = any_shop.order(KEY, buyer=SELLER, code="").order
    pay.pay_by_agent(order.id, any_shop.office)
    any_shop.serve()
    assert states(order.id)[0] is S.COMPLETED
    assert balance_of(f"2130.{SELLER}") == 6_000 - PRICE[KEY]
    program = Asker("key mall", "192.0.2.4")
    goods = reveal_to_program(order, 1, program, any_shop.vault, any_shop.office)
    assert goods.text == secret(0)
    assert states(order.id)[1] == [U.REVEALED]
    assert [h.event for h in store.story(order.id) if h.who == "key mall"] == [
        "revealed", "looked-at",
    ]  # fmt: skip
    second = any_shop.order(KEY, buyer=SELLER, code="").order
    with pytest.raises(Conflict):
        pay.pay_by_agent(second.id, any_shop.office)
    assert states(second.id) == (S.PENDING, [U.WAITING])
    with pytest.raises(Conflict, match="Only an agent"):
        pay.pay_by_agent(any_shop.order().order.id, any_shop.office)
    earned = rules.brought_in(f"2110.{SELLER}", cny(PRICE[KEY]), TODAY, "test")
    money_transaction(lambda: post(earned, b.NOW_S))
    pay.pay_by_agent(second.id, any_shop.office, pay.COMMISSION)
    assert balance_of(f"2110.{SELLER}") == 0
    any_shop.refund_all(second.id)
    assert balance_of(f"2110.{SELLER}") == PRICE[KEY], "it goes back to where it came from"
    assert balance_of("2610.commission") == 0


def test_forty_buyers_at_once_get_twenty_keys_between_them(any_shop: Shop) -> None:
    any_shop.stock(range(20))
    told = at_once(8, lambda n: [_try(any_shop, n * 5 + i) for i in range(5)])
    placed = [one for some in told if isinstance(some, list) for one in some if one]
    assert len(placed) == 20
    taken = rows("SELECT unit FROM card_key WHERE state = 'reserved'")
    assert len({unit for (unit,) in taken}) == 20


def _try(shop: Shop, n: int) -> str:
    try:
        return shop.order(key=f"race{n}", contact=f"r{n}@example.com", address=f"10.0.0.{n}").token
    except OutOfStock:
        return ""


def test_alipay_and_wechat_are_offered(shop: Shop) -> None:
    assert pay.known_channels(shop.office) == sorted(CHANNELS)
    assert ALIPAY in CHANNELS


def test_a_token_can_be_told_again_from_the_order(shop: Shop) -> None:
    shop.stock(range(1))
    placed = shop.order()
    assert token_of(placed.order.id, shop.office) == placed.token


def test_a_story_cannot_be_altered(any_shop: Shop) -> None:
    any_shop.stock(range(1))
    any_shop.bought()
    for sql in ("UPDATE order_event SET who = 'x' WHERE n = 2", "DELETE FROM order_event"):
        with pytest.raises(peewee.DatabaseError, match="what happened has happened"):
            change(sql)


def test_a_story_that_was_altered_all_the_same_is_found(any_shop: Shop) -> None:
    any_shop.stock(range(1))
    order = any_shop.bought()
    found: list[str] = []

    class UndoneError(Exception):
        """The forgery is looked at and taken back."""

    def forged() -> None:
        change("INSERT INTO order_event (order_id, n, unit, at_s, who, event, state, detail, hash)"
               " SELECT order_id, 99, unit, at_s, who, event, state, detail, hash FROM order_event"
               " WHERE n = 2")  # fmt: skip
        found.extend(store.broken_stories())
        raise UndoneError

    with pytest.raises(UndoneError):
        money_transaction(forged)
    assert found == [order.id]
    assert store.broken_stories() == []


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE sale_order SET state = 'pending'", "does not go there"),
        ("UPDATE sale_order SET price = 1", "stays what was ordered"),
        ("UPDATE order_unit SET state = 'waiting'", "does not go there"),
        ("UPDATE order_unit SET price = 1", "stays what was ordered"),
        ("UPDATE payment SET amount = 1", "stays what was asked for"),
        ("UPDATE payment SET state = 'open', paid = NULL", "does not go there"),
        ("DELETE FROM payment", "a payment stays"),
    ],
)
def test_the_database_keeps_what_was_ordered(any_shop: Shop, sql: str, said: str) -> None:
    any_shop.stock(range(1))
    any_shop.bought()
    with pytest.raises(peewee.DatabaseError, match=said):
        change(sql)


def test_a_unit_that_cannot_be_served_keeps_nobody_up(shop: Shop) -> None:
    shop.stock(range(3))
    bad, good = shop.paid(LUNCH), shop.paid(KEY)
    change("UPDATE product SET kind = 2 WHERE id = 7")  # a stored value whose SKU has no face
    shop.serve()
    assert states(bad.id) == (S.SERVING, [U.SERVING])
    assert states(good.id)[0] is S.COMPLETED
    assert [alert.subject for alert in alerts()] == [first_unit(bad.id).id]
    change("UPDATE product SET kind = 0 WHERE id = 7")
    shop.serve()
    assert states(bad.id)[0] is S.SERVING  # not before its time
    shop.forward(60)
    shop.serve()
    assert states(bad.id)[0] is S.COMPLETED
    assert alerts() == []
