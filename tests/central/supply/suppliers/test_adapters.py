"""One contract for all protocols: the same questions to each, at a shop that plays it strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from central.errors import CallbackRefused, ConfigInvalid
from central.supply.suppliers import adapters
from central.supply.suppliers.adapters.profile import read_profile
from central.supply.suppliers.ports import (
    Accepted,
    Delivered,
    NotFound,
    NotSent,
    PurchaseOrder,
    RejectCode,
    Rejected,
    SupplierSilent,
    Unknown,
)
from central.supply.suppliers.records import accounts
from tests.central.supply.suppliers.market import PROTOCOLS, REFS, Market

PATH = "/hooks/supplier/shop"
CALLING = ["kasushou", "meihu", "dujiao_next"]
every = pytest.mark.parametrize("protocol", PROTOCOLS)


@pytest.fixture
def market(sqlite_market: Market) -> Market:
    return sqlite_market


def an_order(protocol: str, **bent: Any) -> PurchaseOrder:
    values: dict[str, Any] = {
        "client_ref": "TREF001", "their_ref": REFS.get(protocol, "31"), "quantity": 1,
        "safe_cost_e4": 80_000,
    }  # fmt: skip
    return PurchaseOrder(**{**values, **bent})


def has_bought(outcome: object) -> bool:
    return isinstance(outcome, Accepted | Delivered)


@every
def test_the_balance_is_read_to_its_last_decimal(market: Market, protocol: str) -> None:
    market.open("shop", protocol, balance_e4=12_345_600)
    assert market.adapter("shop").ping() == 12_345_600


@every
def test_a_quote_tells_price_and_stock(market: Market, protocol: str) -> None:
    market.open("shop", protocol, price_e4=85_000, stock=7)
    quote = market.adapter("shop").quote(REFS.get(protocol, "31"))
    assert (quote.cost_e4, quote.is_on_sale) == (85_000, True)
    assert quote.stock in {7, None}


@every
def test_a_purchase_ends_with_its_keys(market: Market, protocol: str) -> None:
    market.open("shop", protocol)
    adapter = market.adapter("shop")
    outcome = adapter.submit(an_order(protocol, quantity=2, safe_cost_e4=80_000))
    assert has_bought(outcome)
    if not isinstance(outcome, Delivered):
        assert isinstance(outcome, Accepted)
        outcome = adapter.query("TREF001", outcome.upstream_no)
    assert isinstance(outcome, Delivered)
    [row] = market.bought_at("shop")
    assert len(outcome.keys) == 2
    assert [k.secret for k in outcome.keys] == [s for _, s in json.loads(row["keys"])]
    assert outcome.charged_e4 in {160_000, None}
    assert "secret" not in repr(outcome)


@every
@pytest.mark.parametrize(
    ("how", "code"),
    [({"stock": 0}, RejectCode.NO_STOCK), ({"balance_e4": 10}, RejectCode.BALANCE)],
)
def test_a_definite_refusal_is_a_refusal_with_its_reason(
    market: Market, protocol: str, how: dict[str, Any], code: RejectCode
) -> None:
    market.open("shop", protocol, **how)
    outcome = market.adapter("shop").submit(an_order(protocol))
    assert isinstance(outcome, Rejected)
    assert outcome.code is code
    assert market.bought_at() == []


@every
def test_wrong_credentials_are_a_refusal_and_buy_nothing(market: Market, protocol: str) -> None:
    market.open("shop", protocol)
    market.world.books.run("UPDATE shop SET key = 'another'")
    outcome = market.adapter("shop").submit(an_order(protocol))
    # Reloadly's token is refused before the order leaves.
    assert outcome == NotSent("token-refused") or (
        isinstance(outcome, Rejected) and outcome.code is RejectCode.AUTH
    )
    assert market.bought_at() == []


@pytest.mark.parametrize("protocol", ["kasushou", "meihu"])
def test_the_price_cap_is_sent_along_and_kept_to(market: Market, protocol: str) -> None:
    market.open("shop", protocol)
    order = an_order(protocol, safe_cost_e4=79_999)
    outcome = market.adapter("shop").submit(order)
    assert isinstance(outcome, Rejected)
    assert outcome.code is RejectCode.PRICE
    assert has_bought(market.adapter("shop").submit(an_order(protocol, client_ref="TREF002")))


@every
@pytest.mark.parametrize(
    ("fault", "is_bought"),
    [("error-before", False), ("error-after", True), ("lost-before", False),
     ("lost-after", True), ("garbage", True), ("new-code", False)],
)  # fmt: skip
def test_what_is_not_certain_is_unknown(
    market: Market, protocol: str, fault: str, *, is_bought: bool
) -> None:
    market.open("shop", protocol)
    market.let(fault)
    assert isinstance(market.adapter("shop").submit(an_order(protocol)), Unknown)
    assert bool(market.bought_at()) == is_bought


@every
def test_an_answer_that_hangs_is_unknown_at_the_deadline(market: Market, protocol: str) -> None:
    market.open("shop", protocol, deadline_ms=200)
    if protocol == "reloadly":
        market.adapter("shop").ping()
    market.let("hang")
    outcome = market.adapter("shop").submit(an_order(protocol))
    assert outcome == Unknown("timeout")
    assert market.bought_at()


@pytest.mark.parametrize("protocol", ["kasushou", "meihu", "reloadly"])
def test_an_answer_about_another_order_is_unknown(market: Market, protocol: str) -> None:
    market.open("shop", protocol)
    market.let("other-number")
    assert isinstance(market.adapter("shop").submit(an_order(protocol)), Unknown)


@every
def test_a_repeated_reference_never_reads_as_a_refusal(market: Market, protocol: str) -> None:
    """It can mean that our first call has worked."""
    if protocol == "acg_shared":
        return  # nothing says what it does; the machine never repeats there
    market.open("shop", protocol)
    adapter = market.adapter("shop")
    assert has_bought(adapter.submit(an_order(protocol)))
    again = adapter.submit(an_order(protocol))
    assert again == Unknown("duplicate-order") or adapter.caps.is_idempotent
    assert len(market.bought_at()) == 1


@every
def test_an_order_that_is_not_there_is_not_found_where_it_can_be_asked_for(
    market: Market, protocol: str
) -> None:
    market.open("shop", protocol)
    adapter = market.adapter("shop")
    wanted = NotFound() if adapter.caps.query_by_ref else Unknown("no-number-yet")
    assert adapter.query("TREF404", "") == wanted


@every
def test_a_question_that_goes_wrong_says_nothing(market: Market, protocol: str) -> None:
    market.open("shop", protocol)
    adapter = market.adapter("shop")
    first = adapter.submit(an_order(protocol))
    assert isinstance(first, Accepted | Delivered)
    for fault in ("error-before", "lost-before", "garbage"):
        market.let(fault)
        assert isinstance(adapter.query("TREF001", first.upstream_no), Unknown)


@pytest.mark.parametrize("protocol", ["kasushou", "meihu", "dujiao_next", "reloadly"])
def test_a_failed_order_is_refused_only_once_it_is_given_back(
    market: Market, protocol: str
) -> None:
    market.open("shop", protocol)
    market.let("fails")
    adapter = market.adapter("shop")
    first = adapter.submit(an_order(protocol))
    assert isinstance(first, Accepted)
    assert isinstance(adapter.query("TREF001", first.upstream_no), Accepted)
    market.clock.at_s += 30
    end = adapter.query("TREF001", first.upstream_no)
    assert isinstance(end, Rejected)
    assert end.code is RejectCode.FAILED


@every
def test_nobody_there_means_that_nothing_was_sent(market: Market, protocol: str) -> None:
    market.open("shop", protocol)
    bent = accounts.account("shop")._replace(base_url=f"http://127.0.0.1:9/{protocol}/shop")
    outcome = market.shelf.open(bent).submit(an_order(protocol))
    assert isinstance(outcome, NotSent)


@pytest.mark.parametrize("protocol", CALLING)
def test_a_callback_is_verified_and_says_what_it_is_about(market: Market, protocol: str) -> None:
    market.open("shop", protocol)
    adapter = market.adapter("shop")
    url = f"http://127.0.0.1:1{PATH}"
    adapter.submit(an_order(protocol, callback_url=url))
    [(_, body, headers)] = market.deliver()
    found = adapter.parse_callback(PATH, headers, body)
    [row] = market.bought_at()
    assert found.client_ref == "TREF001"
    assert found.upstream_no.lstrip("D") == str(row["no"])
    market.clock.at_s += 3600
    with pytest.raises(CallbackRefused):
        adapter.parse_callback(PATH, headers, body)


@pytest.mark.parametrize("protocol", CALLING)
def test_a_callback_that_was_altered_or_forged_is_refused(market: Market, protocol: str) -> None:
    market.open("shop", protocol)
    adapter = market.adapter("shop")
    market.let("callback-forged")
    for ref in ("TREF001", "TREF002"):
        url = f"http://127.0.0.1:1{PATH}"
        adapter.submit(an_order(protocol, client_ref=ref, callback_url=url))
    (_, forged, forged_headers), (_, good, headers) = market.deliver()
    with pytest.raises(CallbackRefused):
        adapter.parse_callback(PATH, forged_headers, forged)
    adapter.parse_callback(PATH, headers, good)
    for bent in (good.replace(b"TREF002", b"TREF003"), good[:20], b"", b"{", b"[]"):
        with pytest.raises(CallbackRefused):
            adapter.parse_callback(PATH, headers, bent)


@pytest.mark.parametrize("protocol", ["kasushou", "meihu", "dujiao_next"])
def test_everything_on_sale_is_listed(market: Market, protocol: str) -> None:
    market.open("shop", protocol)
    found, cursor = market.adapter("shop").list_offers("")
    assert cursor == ""
    assert {q.their_ref for q in found} == (
        {"31:311", "33:331"} if protocol == "dujiao_next" else {"31", "33"}
    )


@every
def test_no_credential_shows_in_a_repr(market: Market, protocol: str) -> None:
    market.open("shop", protocol)
    [row] = market.world.books.rows("SELECT key FROM shop")
    adapter = market.adapter("shop")
    assert row["key"] not in repr(adapter) + repr(vars(adapter)["_sender"])


def test_a_shop_that_says_nothing_about_prices_is_silent_and_not_cheap(market: Market) -> None:
    market.open("shop")
    with pytest.raises(SupplierSilent):
        market.adapter("shop").quote("404")


# --- the data file -------------------------------------------------------------------------------

MEIHU = Path(adapters.__file__).parent / "meihu.toml"


def test_a_data_file_is_a_protocol(market: Market) -> None:
    (market.made.data_dir / "mine.toml").write_text(MEIHU.read_text())
    market.open("shop", "meihu")
    bent = accounts.account("shop")._replace(
        protocol="generic_json", settings={"profile": "mine"}
    )  # fmt: skip
    assert has_bought(market.shelf.open(bent).submit(an_order("meihu")))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "meihu"', "", "name"),
        ('encoding = "form"', 'encoding = "xml"', "encoding"),
        ('algorithm = "md5"', 'algorithm = "rot13"', "algorithm"),
        ('text = "{key}{sorted_pairs}"', 'text = "{sorted_pairs}"', "anybody could sign"),
        ('text = "{key}{sorted_pairs}"', 'text = "{key}{all}"', "there is no {all}"),
        ('field = "sign"', "", "in a field or in a header"),
        ('"{client_ref}"\nsafe', '"{their_ref}"\nsafe', "client_ref"),
        ('quantity = "{quantity}"', 'quantity = "{amount}"', "there is no {amount}"),
        ('200 = "delivered"', '200 = "great"', "states"),
        ('200 = "delivered"', "", "no state means delivered"),
        ('invalid_sign = "auth"', 'invalid_sign = "what"', "rejects"),
        ('path = "/api/buy"', 'path = "https://elsewhere/"', "own host"),
        ('path = "/api/buy"', 'path = "/../admin"', "own host"),
        ("[submit]", "[submit]\nretry = 3", "retry"),
    ],
)
def test_a_data_file_that_is_wrong_is_refused_with_a_sentence(
    market: Market, old: str, new: str, said: str
) -> None:
    text = MEIHU.read_text()
    assert old in text
    file = market.made.data_dir / "wrong.toml"
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigInvalid, match=r".") as refused:
        read_profile(file)
    assert said in refused.value.detail
