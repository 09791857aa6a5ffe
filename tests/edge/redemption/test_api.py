"""The local API as a POS sees it: status codes, problems, and every way to ask wrongly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from edge.app import Unit
from edge.contract.refusal import WAY_OUT, Refusal
from edge.receipt.spool import Event
from edge.web.words import REFUSALS, WAYS_OUT
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import a_rig, a_unit, with_key

REDEEM = "/v1/redemptions"
ZH, EN = "zh-CN,zh;q=0.9", "en-GB,en;q=0.8"


def ask(pos: FlaskClient, body: Any, key: str | None = "k-1", **headers: str) -> TestResponse:
    """POST a redemption; ``body`` is JSON, or bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        named["Idempotency-Key"] = key
    content_type = named.pop("Content-Type", "application/json")
    path = named.pop("path", REDEEM)
    return pos.post(path, data=data, content_type=content_type, headers=named)


def body_of(response: TestResponse) -> dict[str, Any]:
    body = json.loads(response.data)
    assert isinstance(body, dict)
    return body


def problem_of(response: TestResponse) -> dict[str, Any]:
    assert response.content_type == "application/problem+json"
    body = body_of(response)
    assert body["status"] == response.status_code
    assert body["type"].startswith("/problems/")
    assert body["title"]
    return body


# --- good answers --------------------------------------------------------------------------------


def test_an_accepted_voucher_is_201_with_everything_a_pos_needs(pos: FlaskClient) -> None:
    response = ask(pos, {"scan": b.a_token(), "basket": "b-1", "clerk": "li"})
    assert (response.status_code, response.content_type) == (201, "application/json")
    body = body_of(response)
    assert len(body["entry"].pop("hash")) == 64
    assert body == {
        "accepted": True,
        "entry": {"unit": "S0412-K1", "epoch": 1, "seq": 2},
        "at_s": b.NOW_S,
        "clock_uncertainty_s": 5,
        "mode": "solo",
        "voucher_id": "0a1b2c3d4e5f",
        "product": 7,
        "amount": 1,
        "worth_minor": 8800,
        "remaining": 0,
        "basket": "b-1",
        "clerk": "li",
        "source": "api",
        "receipt": {"number": 1, "state": "queued", "copies": 0},
    }


def test_a_refused_voucher_is_409_with_reason_and_way_out(pos: FlaskClient) -> None:
    ask(pos, {"scan": b.a_token()})
    problem = problem_of(ask(pos, {"scan": b.a_token()}, key="k-2", Accept_Language=EN))
    assert (problem["type"], problem["status"]) == ("/problems/voucher-refused", 409)
    assert (problem["reason"], problem["way_out"]) == ("already-redeemed", "none")
    assert problem["detail"] == "This voucher was used here already. It cannot be used."
    assert (problem["entry"]["seq"], problem["amount"], problem["worth_minor"]) == (3, None, None)
    assert "receipt" not in problem
    assert "accepted" not in problem


@pytest.mark.parametrize(
    ("language", "locale"), [(ZH, "zh-CN"), (EN, "en"), ("fr", "zh-CN"), ("fr, en;q=0.3", "en"),
                             ("", "zh-CN"), ("*", "zh-CN"), (";;;,,", "zh-CN")],
)  # fmt: skip
def test_sentences_are_in_the_language_that_was_asked_for(
    pos: FlaskClient, language: str, locale: str
) -> None:
    response = ask(pos, {"scan": "garbage"}, Accept_Language=language)
    assert response.headers["Content-Language"] == locale
    is_english = problem_of(response)["detail"].isascii()
    assert is_english == (locale == "en")


def test_every_refusal_has_its_sentence_and_its_way_out() -> None:
    assert set(REFUSALS) == set(Refusal)
    assert set(WAYS_OUT) == set(WAY_OUT.values())


def test_part_of_a_gift_card_is_taken_by_amount(pos: FlaskClient) -> None:
    card = b.a_token(**e.a_gift_card())
    amount = {"amount": 3000, "currency": "CNY"}
    body = body_of(ask(pos, {"scan": card, "amount": amount}))
    assert (body["amount"], body["worth_minor"], body["remaining"]) == (3000, 3000, 7000)
    refused = problem_of(ask(pos, {"scan": card}, key="k-2"))
    assert (refused["reason"], refused["remaining"]) == ("amount-missing", 7000)


def test_uses_of_a_card_are_taken_by_number(pos: FlaskClient) -> None:
    body = body_of(ask(pos, {"scan": b.a_token(**e.a_coffee_card()), "uses": 3}))
    assert (body["amount"], body["worth_minor"], body["remaining"]) == (3, 4500, 7)


def test_members_that_are_null_are_members_that_are_missing(pos: FlaskClient) -> None:
    nulls = dict.fromkeys(("amount", "uses", "basket", "clerk"))
    assert ask(pos, {"scan": b.a_token(), **nulls}).status_code == 201


# --- the key -------------------------------------------------------------------------------------


def test_the_same_key_and_request_is_the_same_answer(pos: FlaskClient) -> None:
    first, again = (ask(pos, {"scan": b.a_token()}) for _ in range(2))
    assert (first.status_code, first.data) == (again.status_code, again.data)
    refused, still = (ask(pos, {"scan": "garbage"}, key="k-2") for _ in range(2))
    assert (refused.status_code, refused.data) == (still.status_code, still.data)


def test_the_same_key_for_another_request_is_a_422(pos: FlaskClient) -> None:
    ask(pos, {"scan": b.a_token()})
    problem = problem_of(ask(pos, {"scan": "garbage"}))
    assert (problem["type"], problem["status"]) == ("/problems/idempotency-key-reused", 422)


def test_without_a_key_nothing_is_redeemed(pos: FlaskClient, unit: Unit) -> None:
    for key in (None, ""):
        problem = problem_of(ask(pos, {"scan": b.a_token()}, key=key))
        assert problem["type"] == "/problems/idempotency-key-missing"
        assert problem["status"] == 400
    assert unit.core is not None
    assert unit.core.journal.tail.seq == 1


def test_a_key_has_at_most_two_hundred_characters(pos: FlaskClient) -> None:
    assert ask(pos, {"scan": b.a_token()}, key="k" * 200).status_code == 201
    assert problem_of(ask(pos, {"scan": "x"}, key="k" * 201))["status"] == 400


# --- every way to ask wrongly --------------------------------------------------------------------

GOOD = {"scan": b.a_token()}
AMOUNT = {"amount": 100, "currency": "CNY"}
WRONG: list[tuple[str, Any, str | None]] = [
    ("nothing", b"", None),
    ("no JSON", b"scan=9", None),
    ("half JSON", b'{"scan": "9"', None),
    ("two values", b'{"scan": "9"} {}', None),
    ("an array", [GOOD], None),
    ("text", "9", None),
    ("a number", 9, None),
    ("null", b"null", None),
    ("not a number", b"NaN", None),
    ("not UTF-8", b'{"scan": "\xff\xfe"}', None),
    ("a lone half of a pair, raw", b'{"scan": "\xed\xa0\x80\xff"}', None),
    ("a NUL in JSON", b'{"scan": "\x00"}', None),
    ("nested without end", b'{"scan": ' + b"[" * 8000 + b"]" * 8000 + b"}", None),
    ("too long", json.dumps({"scan": "9" * 17000}).encode(), None),
    ("a number of ten thousand digits", b'{"scan": "9", "uses": ' + b"9" * 10_000 + b"}", None),
    ("no scan", {}, "scan"),
    ("scan is null", {"scan": None}, "scan"),
    ("scan is a number", {"scan": 9}, "scan"),
    ("scan is a list", {"scan": ["9"]}, "scan"),
    ("unknown member", {**GOOD, "voucher": "9"}, "voucher"),
    ("unknown member of half a pair", {**GOOD, "\ud800": 1}, "?"),
    ("a very long unknown member", {**GOOD, "x" * 500: 1}, "x" * 40),
    ("uses is text", {**GOOD, "uses": "1"}, "uses"),
    ("uses is a bool", {**GOOD, "uses": True}, "uses"),
    ("uses is a float", {**GOOD, "uses": 1.0}, "uses"),
    ("uses is zero", {**GOOD, "uses": 0}, "uses"),
    ("uses is negative", {**GOOD, "uses": -1}, "uses"),
    ("uses is huge", {**GOOD, "uses": 2**32}, "uses"),
    ("amount is a number", {**GOOD, "amount": 100}, "amount"),
    ("amount is text", {**GOOD, "amount": "1.00"}, "amount"),
    ("amount is empty", {**GOOD, "amount": {}}, "amount"),
    ("amount without currency", {**GOOD, "amount": {"amount": 1}}, "amount"),
    ("amount with more", {**GOOD, "amount": {**AMOUNT, "tip": 1}}, "amount"),
    ("amount is a float", {**GOOD, "amount": {**AMOUNT, "amount": 1.5}}, "amount"),
    ("amount is a bool", {**GOOD, "amount": {**AMOUNT, "amount": True}}, "amount"),
    ("amount is null inside", {**GOOD, "amount": {**AMOUNT, "amount": None}}, "amount"),
    ("amount is zero", {**GOOD, "amount": {**AMOUNT, "amount": 0}}, "amount"),
    ("amount is negative", {**GOOD, "amount": {**AMOUNT, "amount": -1}}, "amount"),
    ("amount does not fit", {**GOOD, "amount": {**AMOUNT, "amount": 2**63}}, "amount"),
    ("currency in lower case", {**GOOD, "amount": {**AMOUNT, "currency": "cny"}}, "amount"),
    ("currency too long", {**GOOD, "amount": {**AMOUNT, "currency": "CNYX"}}, "amount"),
    ("currency of other letters", {**GOOD, "amount": {**AMOUNT, "currency": "ＣＮＹ"}}, "amount"),
    ("currency is a number", {**GOOD, "amount": {**AMOUNT, "currency": 156}}, "amount"),
    ("basket is empty", {**GOOD, "basket": ""}, "basket"),
    ("basket too long", {**GOOD, "basket": "b" * 65}, "basket"),
    ("basket with a NUL", {**GOOD, "basket": "b\x00"}, "basket"),
    ("basket of half a pair", {**GOOD, "basket": "\ud800"}, "basket"),
    ("basket is a number", {**GOOD, "basket": 1}, "basket"),
    ("clerk with a line end", {**GOOD, "clerk": "li\n"}, "clerk"),
    ("clerk too long", {**GOOD, "clerk": "l" * 65}, "clerk"),
]


@pytest.mark.parametrize(("body", "member"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_request_that_cannot_be_understood_is_a_400_and_records_nothing(
    pos: FlaskClient, unit: Unit, body: Any, member: str | None
) -> None:
    problem = problem_of(ask(pos, body))
    assert (problem["type"], problem["status"]) == ("/problems/request-invalid", 400)
    assert problem.get("member") == member
    assert unit.core is not None
    assert unit.core.journal.tail.seq == 1


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/cbor",
                     "application/json-patch+json", ""],
)  # fmt: skip
def test_only_json_is_taken(pos: FlaskClient, content_type: str) -> None:
    response = ask(pos, GOOD, **{"Content-Type": content_type})
    assert problem_of(response)["status"] == 400


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_is_json_however_it_is_written(pos: FlaskClient, content_type: str) -> None:
    assert ask(pos, GOOD, **{"Content-Type": content_type}).status_code == 201


def test_a_problem_never_repeats_what_was_sent(pos: FlaskClient) -> None:
    secret = "9" * 60
    for body in ({"scan": secret, "uses": secret}, {"scan": [secret]}, {"scan": secret}):
        assert secret.encode() not in ask(pos, body).data


texts = st.text(max_size=30)
members = st.fixed_dictionaries(
    {},
    optional={
        "scan": texts | st.just(b.a_token()) | st.integers() | st.none(),
        "amount": st.none() | st.dictionaries(
            st.sampled_from(["amount", "currency", "x"]), st.integers() | texts | st.booleans(),
            max_size=3,
        ),
        "uses": st.none() | st.integers() | st.booleans() | st.floats(),
        "basket": st.none() | texts,
        "clerk": st.none() | texts,
    },
)  # fmt: skip


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(body=members, number=st.integers(0, 10**9))
def test_any_request_is_answered_with_201_400_409_or_422(
    pos: FlaskClient, body: dict[str, Any], number: int
) -> None:
    response = ask(pos, body, key=f"k-{number}")
    assert response.status_code in {201, 400, 409, 422}
    body_of(response)


# --- looking without taking ----------------------------------------------------------------------


def verify(pos: FlaskClient, **body: Any) -> dict[str, Any]:
    response = pos.post("/v1/verifications", json=body, headers={"Accept-Language": EN})
    assert response.status_code == 200
    return body_of(response)


def test_verifying_says_what_a_voucher_is_and_takes_nothing(pos: FlaskClient) -> None:
    assert verify(pos, scan=b.a_token(**e.a_gift_card())) == {
        "valid": True, "voucher_id": "0a1b2c3d4e5f", "kind": "stored-value", "product": 9,
        "remaining": 10000,
    }  # fmt: skip
    assert ask(pos, {"scan": b.a_token()}).status_code == 201
    found = verify(pos, scan=b.a_token())
    assert (found["valid"], found["reason"], found["way_out"]) == (
        False, "already-redeemed", "none",
    )  # fmt: skip


def test_verifying_garbage_says_what_it_is_not(pos: FlaskClient) -> None:
    found = verify(pos, scan="garbage")
    assert (found["valid"], found["reason"], found["voucher_id"]) == (False, "not-a-token", None)


def test_verifying_checks_its_body_too(pos: FlaskClient) -> None:
    assert problem_of(pos.post("/v1/verifications", json={"scan": 9}))["member"] == "scan"


# --- entries and papers --------------------------------------------------------------------------


def test_a_scan_can_be_looked_up_by_its_number(pos: FlaskClient) -> None:
    accepted = body_of(ask(pos, {"scan": b.a_token()}))
    assert body_of(pos.get("/v1/redemptions/1/2")) == accepted
    ask(pos, {"scan": "garbage"}, key="k-2")
    refused = body_of(pos.get("/v1/redemptions/1/3"))
    assert (refused["accepted"], refused["reason"]) == (False, "not-a-token")


HUGE = "9" * 30


@pytest.mark.parametrize("number", ["1/1", "1/9", "9/1", "0/0", f"1/{HUGE}", f"{HUGE}/1", "1/x"])
def test_a_number_that_no_scan_has_is_a_404(pos: FlaskClient, number: str) -> None:
    assert problem_of(pos.get(f"/v1/redemptions/{number}"))["status"] == 404
    assert problem_of(pos.post(f"/v1/redemptions/{number}/copies"))["status"] == 404


def test_a_copy_is_owed_and_numbered(pos: FlaskClient, unit: Unit) -> None:
    ask(pos, {"scan": b.a_token()})
    for number in (1, 2):
        response = pos.post("/v1/redemptions/1/2/copies")
        assert (response.status_code, body_of(response)) == (
            202, {"copy": number, "state": "queued"},
        )  # fmt: skip
    assert body_of(pos.get("/v1/redemptions/1/2"))["receipt"] == {
        "number": 1, "state": "queued", "copies": 2,
    }  # fmt: skip


def test_a_part_is_taken_back_once_for_each_key(pos: FlaskClient) -> None:
    """Of a gift card 30.00 are taken; the customer brings goods for 12.00 back, then the rest."""
    card = {"scan": b.a_token(**e.a_gift_card()), "amount": {"amount": 3000, "currency": "CNY"}}
    assert ask(pos, card).status_code == 201
    path, part = "/v1/redemptions/1/2/voids", {"amount": {"amount": 1200, "currency": "CNY"}}
    told = body_of(ask(pos, part | {"clerk": "li"}, key="v-1", path=path))
    assert (told["accepted"], told["amount"], told["remaining"]) == (False, 1200, 8200)
    assert (told["voids"], told["receipt"]["number"]) == ({"epoch": 1, "seq": 2}, 2)
    assert body_of(ask(pos, part | {"clerk": "li"}, key="v-1", path=path)) == told
    for body, key, status in (
        ({"amount": {"amount": 1, "currency": "CNY"}}, "v-1", 422),
        ({"amount": {"amount": 1801, "currency": "CNY"}}, "v-2", 409),
        ({"amount": {"amount": 0, "currency": "CNY"}}, "v-2", 400),
        ({"amount": {"amount": 1, "currency": "HKD"}}, "v-2", 400),
        ({"uses": 1}, "v-2", 400), ({"scan": "x"}, "v-2", 400), ({"x": 1}, "v-2", 400),
    ):  # fmt: skip
        assert problem_of(ask(pos, body, key=key, path=path))["status"] == status, body
    assert body_of(ask(pos, {}, key="v-3", path=path))["amount"] == 1800
    assert problem_of(ask(pos, {}, key="v-4", path="/v1/redemptions/1/3/voids"))["status"] == 404


def test_a_refused_scan_has_no_receipt_to_copy(pos: FlaskClient) -> None:
    ask(pos, {"scan": "garbage"})
    assert problem_of(pos.post("/v1/redemptions/1/2/copies"))["status"] == 404


def test_the_state_of_the_paper_is_told(pos: FlaskClient, unit: Unit) -> None:
    ask(pos, {"scan": b.a_token()})
    assert unit.core is not None
    job = unit.core.spool.take()
    assert job is not None
    unit.core.spool.report(job, Event.CONFIRMED)
    assert body_of(pos.get("/v1/redemptions/1/2"))["receipt"]["state"] == "printed"


# --- the unit as a whole -------------------------------------------------------------------------


def test_the_status_of_a_unit(pos: FlaskClient) -> None:
    ask(pos, {"scan": b.a_token()})
    body = body_of(pos.get("/v1/status"))
    assert (body["enrolled"], body["problem"], body["unit"]) == (True, None, "S0412-K1")
    assert (body["state"], body["store"]) == ("active", "S0412")
    assert (body["journal"]["epoch"], body["journal"]["seq"], body["journal"]["unsent"]) == (
        1,
        2,
        2,
    )
    assert body["journal"]["oldest_unsent_at_s"] == b.NOW_S
    assert body["journal"]["gap"] is None
    assert body["clock"] == {"at_s": b.NOW_S, "uncertainty_s": 5, "source": "system"}
    assert body["hub"] == {
        "configured": False, "online": False, "last_heard_s_ago": 0, "error": "",
    }  # fmt: skip
    assert body["bundles"]["policy"] == 1
    assert body["bundles"]["status_staleness"] == "fresh"
    assert body["printer"] == {"state": "unknown", "papers_owed": 1, "papers_held": 0}


def test_a_unit_without_a_hub_cannot_sync(pos: FlaskClient) -> None:
    assert problem_of(pos.post("/v1/sync"))["type"] == "/problems/config-invalid"


def test_a_hub_that_is_not_there_is_told_by_sync(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit"):
        pass
    with a_unit(tmp_path / "unit", hub_url="http://127.0.0.1:9") as unit:
        assert body_of(with_key(unit).post("/v1/sync")) == {"pull": False, "push": False}
        hub = body_of(with_key(unit).get("/v1/status"))["hub"]
        assert (hub["configured"], hub["online"]) == (True, False)
        assert "No answer" in hub["error"]


def test_the_description_of_the_api_is_served_to_anybody(unit: Unit) -> None:
    response = unit.flask.test_client().get("/openapi.json")
    assert response.status_code == 200
    assert body_of(response)["openapi"].startswith("3.")
