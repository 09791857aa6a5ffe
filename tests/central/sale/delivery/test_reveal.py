"""What was bought is shown to whoever has the order's link and its code, and to nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.errors import Conflict, NotPermitted, RequestInvalid, TooManyTries
from central.foundation.db.engine import change
from central.foundation.jobs.alerts import alerts
from central.money.ledger.rules import Cost
from central.sale.delivery.reveal import HOUR_S, Shown, reveal
from central.sale.orders import serve, store
from central.sale.orders.model import Order
from central.sale.orders.states import UnitState
from central.supply.product_types import store as product_types
from edge.contract.voucher_token import decode_payload, split
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import Database, furnish
from tests.central.channel import Served
from tests.central.network.agents.builders import a_tree
from tests.central.sale.builders import (
    BY_HAND,
    CODE,
    KEY,
    LUNCH,
    Shop,
    a_shop,
    balance_of,
    first_unit,
)
from tests.central.supply.cards.builders import secret
from tests.central.supply.product_types.builders import a_body, a_field, both


@pytest.fixture
def shop(sqlite_database: Database, channel: Served, tmp_path: Path) -> Iterator[Shop]:
    """A hub that sells."""
    furnish()
    a_tree(b.NOW_S - 10)
    yield a_shop(tmp_path, channel)
    assert_sound()


def shown(shop: Shop, order: Order, code: str = CODE, n: int = 1) -> Shown:
    return reveal(order, n, code, "192.0.2.9", shop.vault, shop.office)


def test_a_key_is_shown_as_its_type_says_and_counts_as_revealed(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.bought(KEY)
    found = shown(shop, order)
    assert found.text == secret(0)
    assert secret(0) not in repr(found)
    assert first_unit(order.id).state is UnitState.REVEALED
    assert shown(shop, order) == found


def test_a_voucher_is_shown_with_its_token(shop: Shop) -> None:
    order = shop.bought(LUNCH)
    assert len(shown(shop, order).token) == 218


def test_what_a_person_has_delivered_is_shown(shop: Shop) -> None:
    order = shop.bought(BY_HAND)
    with pytest.raises(Conflict, match="not delivered yet"):
        shown(shop, order)
    serve.deliver_by_hand(first_unit(order.id).id, "Room 4", "amy", shop.office)
    assert shown(shop, order).text == "Room 4"


def redelivered(name: str, text: str, **bent: object) -> None:
    """Give a type another text; orders that are placed from now on are delivered by it."""
    fields = [a_field("account")] if name == "game-key" else []
    body = a_body(*fields, delivery=text, **bent)
    product_types.revise(name, both("类型", name), body, by="amy", at_s=b.NOW_S)


def test_a_text_says_how_many_and_until_when(shop: Shop) -> None:
    shop.stock(range(3))
    redelivered("game-key", "{key} {quantity} {until}")
    assert shown(shop, shop.bought(KEY, 2)).text == f"{secret(0)} 2 长期有效"
    redelivered("game-key", "{until} {key}", validity={"kind": "until", "until_s": b.NOW_S})
    assert shown(shop, shop.bought(KEY)).text == f"2026-04-11 20:00 {secret(2)}"
    redelivered("voucher", "{voucher} {until}")
    order = shop.bought(LUNCH)
    ends = decode_payload(split(shown(shop, order).token)[0]).expires_day
    day = dt.date(2026, 1, 1) + dt.timedelta(days=ends)
    assert shown(shop, order).text.endswith(f" {day} 08:00")  # midnight, UTC


def test_what_cannot_be_shown_is_a_problem_for_staff_and_does_not_count_as_seen(
    shop: Shop,
) -> None:
    order = shop.bought(BY_HAND)
    unit = first_unit(order.id)
    serve.deliver_by_hand(unit.id, "Room 4", "amy", shop.office)
    change("UPDATE order_unit SET delivered = NULL")
    with pytest.raises(Conflict, match="cannot be shown just now"):
        shown(shop, order)
    assert first_unit(order.id).state is UnitState.DELIVERED
    assert [(alert.kind, alert.subject) for alert in alerts()] == [("delivery-unshown", unit.id)]
    sealed = shop.office.seal.close({"note": "Room 4"}, f"unit:{unit.id}")
    change("UPDATE order_unit SET delivered = ?", (sealed,))
    assert shown(shop, order).text == "Room 4"
    assert alerts() == []


def test_a_key_delivered_by_hand_reaches_its_buyer_and_its_cost_the_books(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.paid(KEY)
    change("UPDATE card_key SET state = 'quarantined', unit = NULL, reserved_until_s = 0")
    shop.serve()
    unit = first_unit(order.id)
    assert unit.state is UnitState.STUCK
    for cost in (Cost("2210.friend", -1), Cost("4010", 700), Cost("", 700)):
        with pytest.raises(RequestInvalid):
            serve.deliver_by_hand(unit.id, "FROM-A-FRIEND", "amy", shop.office, cost)
    serve.deliver_by_hand(unit.id, "FROM-A-FRIEND", "amy", shop.office, Cost("2210.friend", 700))
    assert shown(shop, order).text == "FROM-A-FRIEND"
    assert (balance_of("5010"), balance_of("2210.friend")) == (700, 700)


def test_a_wrong_code_shows_nothing_and_five_of_them_nothing_for_an_hour(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.bought(KEY)
    for _ in range(5):
        with pytest.raises(NotPermitted):
            shown(shop, order, "guess")
    with pytest.raises(TooManyTries):
        shown(shop, order)
    shop.forward(HOUR_S + 1)
    assert shown(shop, order).text == secret(0)
    assert [h.event for h in store.story(order.id)].count("wrong-code") == 5


def test_there_is_no_such_unit(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.bought(KEY)
    for n in (0, 2, -1):
        with pytest.raises(Conflict):
            shown(shop, order, n=n)


def test_what_has_gone_back_is_shown_no_more(shop: Shop) -> None:
    shop.stock(range(1))
    order = shop.bought(KEY)
    shop.refund_all(order.id)
    with pytest.raises(Conflict, match="gone back"):
        shown(shop, order)
