"""What hub, channel and suppliers say of the sixth act, and what of it must hold.

Each of them is asked for its own books: an order is good if the three agree with one another and
with what its buyer saw.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.demo.processes import Http
from tests.demo.supplied_shop import ALPHA, BETA, PLANTED, Bought, SuppliedShop

Facts = dict[str, Any]
PATIENCE_S = 60
"""A buyer who waits longer has noticed."""
E4_PER_MINOR = 100
_SAID = {"no-stock": "no-stock", "price-jump": "price"}
"""What alpha refused an order with."""
_OF_SHOP = {supplier.shop: supplier.name for supplier in (ALPHA, BETA)}


def gather_shop(shop: SuppliedShop, hub: Http) -> Facts:
    """Ask hub and simulators."""
    channel, suppliers = shop.channel.get("/control/books"), shop.suppliers.get("/control/books")
    return {
        "orders": [_order(bought, hub, channel, suppliers) for bought in shop.bought],
        "channel": {
            "paid_minor": sum(p["amount"] for p in channel["payment"] if p["state"] == "paid")
        },
        "suppliers": [
            {
                "account": _OF_SHOP[at["id"]],
                "bought": sum(p["shop"] == at["id"] for p in suppliers["purchase"]),
                "balance_e4": at["balance_e4"],
            }
            for at in suppliers["shop"]
            if at["id"] in _OF_SHOP
        ],
        "proofs": shop.prove(),
    }


def _order(bought: Bought, hub: Http, channel: Facts, suppliers: Facts) -> Facts:
    number = bought.placed.number
    attempts = hub.get(f"/v1/suppliers/purchases/{number}-1")["attempts"]
    refs = {attempt["client_ref"] for attempt in attempts}
    return {
        "number": number,
        "planted": bought.planted,
        "expected": bought.expected,
        "price_minor": bought.placed.price_minor,
        "saw": bought.shown._asdict(),
        "state": hub.get(f"{urlsplit(bought.placed.page).path}/state")["state"],
        "attempts": [
            {k: a[k] for k in ("account", "client_ref", "state", "code")} for a in attempts
        ],
        "bought": [
            _purchase(purchase, suppliers)
            for purchase in suppliers["purchase"]
            if purchase["ref"] in refs
        ],
        "payments": [
            {"number": p["number"], "state": p["state"], "minor": p["amount"]}
            for p in channel["payment"]
            if p["number"].startswith(f"P{number[1:]}")
        ],
    }


def _purchase(purchase: Facts, suppliers: Facts) -> Facts:
    names = {purchase["ref"], str(purchase["no"])}
    return {
        "account": _OF_SHOP[purchase["shop"]],
        "client_ref": purchase["ref"],
        "keys": [secret for _, secret in json.loads(purchase["keys"])],
        "asked": sum(
            request["shop"] == purchase["shop"]
            and request["operation"] == "query"
            and request["ref"] in names
            for request in suppliers["request"]
        ),
    }


# --- what must hold ------------------------------------------------------------------------------


def judge_shop(facts: Facts) -> Iterator[str]:
    """Yield what does not hold, one sentence each."""
    planted = [(order["planted"], order["expected"]) for order in facts["orders"]]
    if planted != [(kind, supplier.name) for kind, supplier, _ in PLANTED]:
        yield f"{planted} is not what went wrong"
    for order in facts["orders"]:
        yield from _unlike_what_was_seen(order)
        yield from _bought_otherwise(order)
        yield from _paid_otherwise(order)
    shown = Counter(order["saw"]["text"] for order in facts["orders"])
    yield from (f"the key {text} was shown to {n} buyers" for text, n in shown.items() if n > 1)
    yield from _wrong_suppliers(facts)
    if not facts["proofs"]["is_good"]:
        yield f"books and rooms do not agree: {facts['proofs']['said']}"


def _unlike_what_was_seen(order: Facts) -> Iterator[str]:
    name, saw = order["number"], order["saw"]
    if (saw["state"], order["state"]) != ("completed", "completed"):
        yield f"{name} is {order['state']}, its buyer saw {saw['state']}"
    if saw["seconds"] > PATIENCE_S:
        yield f"{name} took {saw['seconds']} s"
    sold = [key for one in order["bought"] for key in one["keys"]]
    if len(sold) != 1 or sold[0] not in saw["text"].split():
        yield f"the buyer of {name} was shown {saw['text']!r}, {sold} was bought"


def _bought_otherwise(order: Facts) -> Iterator[str]:
    name, expected = order["number"], order["expected"]
    at = [one["account"] for one in order["bought"]]
    if at != [expected]:
        yield f"{name} was bought at {at}, once at {expected} was due"
    tried = [(one["account"], one["state"], one["code"]) for one in order["attempts"]]
    due = [(expected, "succeeded", "delivered")]
    if expected != ALPHA.name:
        due.insert(0, (ALPHA.name, "rejected", _SAID.get(order["planted"], "")))
    if tried != due:
        yield f"{name} was tried at {tried}, {due} was due"
    refs = [
        attempt["client_ref"] for attempt in order["attempts"] if attempt["state"] == "succeeded"
    ]
    if refs != [one["client_ref"] for one in order["bought"]]:
        yield f"{name} was bought under another reference than {refs}"
    if order["planted"] == "hang" and not all(one["asked"] for one in order["bought"]):
        yield f"nobody asked {expected} what became of {name}"


def _paid_otherwise(order: Facts) -> Iterator[str]:
    paid = [(payment["state"], payment["minor"]) for payment in order["payments"]]
    if paid != [("paid", order["price_minor"])]:
        yield f"the channel has {paid} of {order['number']}, {order['price_minor']} was asked for"


def _wrong_suppliers(facts: Facts) -> Iterator[str]:
    accounts = {a["code"]: a["debit"] - a["credit"] for a in facts["ledger"]["accounts"]}
    paid = sum(payment["minor"] for order in facts["orders"] for payment in order["payments"])
    at_channel, booked = facts["channel"]["paid_minor"], accounts.get("1010.wechat-pay")
    if not at_channel == paid == booked:
        yield f"the channel was paid {at_channel}, orders {paid}, books {booked}"
    due = Counter(one["account"] for order in facts["orders"] for one in order["bought"])
    for at in facts["suppliers"]:
        name = at["account"]
        if at["bought"] != due[name]:
            yield f"{name} sold {at['bought']}, orders have {due[name]} of them"
        if accounts.get(f"1040.{name}", 0) * E4_PER_MINOR != at["balance_e4"]:
            yield f"{at['balance_e4']} lies at {name}, which is not what the ledger says"
    if {at["account"] for at in facts["suppliers"]} != set(_OF_SHOP.values()):
        yield "a supplier says nothing"
