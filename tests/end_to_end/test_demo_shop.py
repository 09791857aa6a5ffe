"""The demo's orders, held against the books that channel, suppliers and hub have left.

As in ``test_demo`` nothing of ``edge``, ``central`` or ``tests.demo`` is imported here.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.end_to_end import stranger
from tests.end_to_end.demo_run import DemoRun

pytestmark = pytest.mark.slow  # the demo itself, once

Facts = dict[str, Any]
SHOPS = {"kasushou": "alpha", "dujiao": "beta"}


@pytest.fixture(name="facts")
def _facts(demo: DemoRun) -> Facts:
    assert demo.status == 0, demo.story
    return demo.facts


def read(demo: DemoRun, file: str, query: str) -> list[Any]:
    """Rows of a database that the demo has left."""
    with stranger.database(demo.directory / file) as found:
        return found.execute(query).fetchall()


def test_each_of_the_three_was_bought_once_where_it_had_to_be(demo: DemoRun, facts: Facts) -> None:
    sold = read(demo, "suppliers/books.db", "SELECT shop, ref, fault FROM purchase ORDER BY no")
    assert [SHOPS[shop] for shop, _, _ in sold] == ["beta", "beta", "alpha"]
    assert [o["expected"] for o in facts["orders"]] == ["beta", "beta", "alpha"]
    tried = read(
        demo, "hub/hub.db",
        "SELECT unit, client_ref FROM supplier_attempt WHERE state = 'succeeded' ORDER BY id",
    )  # fmt: skip
    assert tried == [
        (f"{order['number']}-1", ref)
        for order, (_, ref, _) in zip(facts["orders"], sold, strict=True)
    ]


def test_alpha_has_refused_two_and_was_asked_about_the_third(demo: DemoRun, facts: Facts) -> None:
    asked = read(
        demo,
        "suppliers/books.db",
        "SELECT operation, ref, fault FROM request WHERE shop = 'kasushou'",
    )
    refs = [order["attempts"][0]["client_ref"] for order in facts["orders"]]
    assert {("buy", refs[0], "no-stock"), ("buy", refs[1], "price-jump")} <= set(asked)
    assert ("query", refs[2], "") in asked


def test_each_buyer_was_shown_the_key_that_was_sold(demo: DemoRun, facts: Facts) -> None:
    keys = read(demo, "suppliers/books.db", "SELECT keys FROM purchase ORDER BY no")
    for order, (row,) in zip(facts["orders"], keys, strict=True):
        [[_, secret]] = json.loads(row)
        assert order["saw"]["text"].split()[-1] == secret
    states = read(demo, "hub/hub.db", "SELECT state FROM sale_order")
    assert states == [("completed",)] * 3


def test_the_buyers_paid_the_price_once_and_the_channel_told_the_hub(
    demo: DemoRun, facts: Facts
) -> None:
    paid = read(demo, "channel/books.db", "SELECT number, amount, state, refunded FROM payment")
    assert sorted(paid) == sorted(
        (f"P{order['number'][1:]}01", order["price_minor"], "paid", 0) for order in facts["orders"]
    )
    told = read(demo, "channel/books.db", "SELECT number, state FROM callback")
    assert Counter(told) == Counter((number, "taken") for number, *_ in paid)


def test_what_lies_at_the_suppliers_is_what_the_ledger_says(demo: DemoRun, facts: Facts) -> None:
    accounts = {a["code"]: a["debit"] - a["credit"] for a in facts["ledger"]["accounts"]}
    lies = dict(read(demo, "suppliers/books.db", "SELECT id, balance_e4 FROM shop"))
    for shop, account in SHOPS.items():
        assert accounts[f"1040.{account}"] * 100 == lies[shop]
    spent = read(demo, "suppliers/books.db", "SELECT sum(total_e4) FROM purchase")[0][0]
    assert accounts["5010"] * 100 == spent
    assert -accounts["4010"] == sum(order["price_minor"] for order in facts["orders"])


def test_the_key_of_a_buyer_stands_nowhere_in_the_hub_s_files(demo: DemoRun, facts: Facts) -> None:
    secrets = [order["saw"]["text"].split()[-1].encode() for order in facts["orders"]]
    files = [file for file in (demo.directory / "hub").rglob("*") if file.is_file()]
    files += (demo.directory / "logs").glob("*")
    assert len(files) > 5
    for file in files:
        held = file.read_bytes()
        assert not any(secret in held for secret in secrets), file
