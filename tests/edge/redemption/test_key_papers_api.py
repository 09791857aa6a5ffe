"""A POS has a key printed: what it must send, and that a retry prints nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge.app import Unit
from edge.receipt.spool import Event
from tests import builders as b

KEY = "ABCD-EFGH-2345"
GOOD: dict[str, Any] = {"title": "Card key", "lines": [f"key {KEY}"]}


def redeem(pos: FlaskClient, scan: str) -> None:
    pos.post("/v1/redemptions", json={"scan": scan}, headers={"Idempotency-Key": scan[:40]})


def ask(
    pos: FlaskClient, body: Any, key: str | None = "k-1", entry: str = "1/2"
) -> tuple[TestResponse, dict[str, Any]]:
    headers = {} if key is None else {"Idempotency-Key": key}
    response = pos.post(f"/v1/redemptions/{entry}/key-papers", json=body, headers=headers)
    return response, json.loads(response.data)


def test_a_key_paper_is_owed_once_for_each_key(pos: FlaskClient, unit: Unit) -> None:
    redeem(pos, b.a_token())
    response, body = ask(pos, GOOD)
    assert (response.status_code, body) == (202, {"key_paper": 1, "state": "queued"})
    assert ask(pos, GOOD)[1] == {"key_paper": 1, "state": "queued"}
    assert ask(pos, GOOD, key="k-2")[1] == {"key_paper": 2, "state": "queued"}
    assert unit.core is not None
    assert unit.core.spool.owed() == 3, "the receipt and two key_papers"


def test_a_retry_hears_what_became_of_the_slip(pos: FlaskClient, unit: Unit) -> None:
    redeem(pos, b.a_token())
    ask(pos, GOOD)
    assert unit.core is not None
    spool = unit.core.spool
    for event in (Event.CONFIRMED, Event.NO_ANSWER):
        job = spool.take()
        assert job is not None
        spool.report(job, event)
    assert spool.take() is None
    assert ask(pos, GOOD)[1] == {"key_paper": 1, "state": "needs-operator"}
    spool.decide(spool.held()[0].id, Event.COPIED)
    assert ask(pos, GOOD)[1] == {"key_paper": 1, "state": "queued"}, "the copy in its place"


def test_a_receipt_is_not_changed_by_its_key_papers(pos: FlaskClient) -> None:
    redeem(pos, b.a_token())
    ask(pos, GOOD)
    receipt = json.loads(pos.get("/v1/redemptions/1/2").data)["receipt"]
    assert receipt == {"number": 1, "state": "queued", "copies": 0}


WRONG: list[tuple[Any, str]] = [
    ({"title": "Card key"}, "lines"),
    ({"title": "Card key", "lines": []}, "lines"),
    ({"title": "Card key", "lines": "one"}, "lines"),
    ({"title": "Card key", "lines": ["x"] * 41}, "lines"),
    ({"title": "Card key", "lines": ["x" * 201]}, "lines"),
    ({"title": "Card key", "lines": ["a\x1bp\x00"]}, "lines"),
    ({"title": "Card key", "lines": [7]}, "lines"),
    ({"title": "", "lines": ["x"]}, "title"),
    ({"lines": ["x"]}, "title"),
    ({"title": "Card key", "lines": ["x"], "copies": 2}, "copies"),
]


@pytest.mark.parametrize(("body", "member"), WRONG)
def test_what_is_no_key_paper_is_told_with_the_member(
    pos: FlaskClient, unit: Unit, body: Any, member: str
) -> None:
    redeem(pos, b.a_token())
    response, told = ask(pos, body)
    assert (response.status_code, told["member"]) == (400, member)
    assert KEY not in response.text
    assert unit.core is not None
    assert unit.core.spool.owed() == 1


def test_a_key_paper_needs_an_acceptance_a_key_and_a_name_for_the_request(pos: FlaskClient) -> None:
    redeem(pos, "garbage")
    assert ask(pos, GOOD)[0].status_code == 404, "a refusal has no key_paper"
    assert ask(pos, GOOD, entry="9/9")[0].status_code == 404
    assert ask(pos, GOOD, key=None)[1]["type"] == "/problems/idempotency-key-missing"
    pos.environ_base.pop("HTTP_AUTHORIZATION")
    assert ask(pos, GOOD)[0].status_code == 401


def test_an_entry_with_too_many_key_papers_is_told(pos: FlaskClient) -> None:
    redeem(pos, b.a_token())
    for number in range(20):
        assert ask(pos, GOOD, key=f"k{number}")[0].status_code == 202
    response, told = ask(pos, GOOD, key="one more")
    assert (response.status_code, told["detail"]) == (400, "这张小票附带的卡密小票太多了。")
