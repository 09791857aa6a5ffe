"""The proofs of a hub that sells: money of open orders, refunds on their way, keys in stock."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.foundation.db.engine import change
from central.foundation.jobs.alerts import alerts
from central.insight.proofs import prove_all
from central.sale.orders import refund, store
from tests import builders as b
from tests.central.builders import CURRENCY, Database, furnish
from tests.central.channel import Served
from tests.central.network.agents.builders import a_tree
from tests.central.sale.builders import BY_HAND, KEY, LUNCH, Shop, a_shop


@pytest.fixture
def shop(sqlite_database: Database, channel: Served, tmp_path: Path) -> Shop:
    """A shop in the middle of its day: sold, waiting, half delivered, going back."""
    furnish()
    a_tree(b.NOW_S - 10)
    made = a_shop(tmp_path, channel)
    made.stock(range(5))
    made.bought(KEY)
    made.bought(LUNCH)
    made.bought(BY_HAND)
    gone = made.bought(KEY, 2)
    refund.refund_units(gone.id, [store.units(gone.id)[0].id], "broken", "amy", made.office)
    made.order(KEY)
    return made


def test_a_shop_in_the_middle_of_its_day_agrees(shop: Shop) -> None:
    report = prove_all(shop.office.now_s(), CURRENCY)
    assert report.is_good, report.said


@pytest.mark.parametrize(
    ("sql", "subject"),
    [
        (
            (
                "UPDATE payment SET paid = paid + 1 WHERE order_id IN"
                " (SELECT id FROM sale_order WHERE state = 'serving')"
            ),
            "2010",
        ),
        ("UPDATE account SET d = d + 1 WHERE code = '2610.wechat-pay'", "2610.wechat-pay"),
        ("UPDATE account SET d = d + 1 WHERE code = '1310.KEY-50'", "card keys"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_named(shop: Shop, sql: str, subject: str) -> None:
    change(sql)
    prove_all(shop.office.now_s(), CURRENCY)
    assert subject in {alert.subject for alert in alerts()}
