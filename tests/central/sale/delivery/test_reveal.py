"""What was bought is shown to whoever has the order's link and its code, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from central.errors import Conflict, NotPermitted, TooManyTries
from central.sale.delivery.reveal import HOUR_S, Shown, reveal
from central.sale.orders import serve, store
from central.sale.orders.model import Order
from central.sale.orders.states import UnitState
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import Database, furnish
from tests.central.channel import Served
from tests.central.network.agents.builders import a_tree
from tests.central.sale.builders import BY_HAND, CODE, KEY, LUNCH, Shop, a_shop, first_unit
from tests.central.supply.cards.builders import secret


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
