"""A scan on its way from a scanner, a phone or a POS to the screen that redeems it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from edge.app import Unit
from edge.devices.scanners.inbox import FRESH_S, WAITING_MAX
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import a_rig, with_key
from tests.edge.redemption.test_pages import Till, a_till

NEXT = "/v1/scans/next"


@pytest.fixture(name="till")
def _till(tmp_path: Path) -> Iterator[Till]:
    with a_rig(tmp_path / "unit"):
        pass
    with a_till(tmp_path / "unit") as till:
        yield till


def bring(client: FlaskClient, text: str, **more: Any) -> Any:
    response = client.post("/v1/scans", json={"text": text, **more})
    return response.status_code, response.get_json()


# --- bringing and taking -------------------------------------------------------------------------


def test_a_phone_brings_a_scan_and_a_pos_takes_it(pos: FlaskClient) -> None:
    token = b.a_token()
    assert bring(pos, token, source="phone-2") == (202, {"verdict": "waits", "watched": False})
    waiting = {"number": 1, "text": token, "source": "api:phone-2", "fault": None}
    assert pos.get(NEXT).get_json() == waiting
    assert pos.post("/v1/scans/1/take").get_json() == waiting
    assert pos.get(NEXT).status_code == 204
    again = pos.post("/v1/scans/1/take")
    assert (again.status_code, again.get_json()["type"]) == (409, "/problems/scan-taken")


def test_a_request_that_was_cut_off_takes_its_scan_again(pos: FlaskClient) -> None:
    bring(pos, b.a_token())
    mine = {"Idempotency-Key": "a"}
    assert pos.post("/v1/scans/1/take", headers=mine).status_code == 200
    assert pos.post("/v1/scans/1/take", headers=mine).status_code == 200
    assert pos.post("/v1/scans/1/take", headers={"Idempotency-Key": "b"}).status_code == 409


def test_the_same_code_at_once_is_one_scan(pos: FlaskClient) -> None:
    token = b.a_token()
    verdicts = [bring(pos, token, source=s)[1]["verdict"] for s in ("counter", "hall")]
    assert verdicts == ["waits", "repeated"]


def test_what_no_screen_takes_is_refused_once_it_is_too_much(pos: FlaskClient) -> None:
    told = [bring(pos, f"code-{n}") for n in range(WAITING_MAX + 1)]
    assert {status for status, _ in told[:-1]} == {202}
    status, problem = told[-1]
    assert (status, problem["type"]) == (429, "/problems/too-many-scans")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("abc", "noise"), ("91\x0023", "unreadable"), ("91\ud80023", "unreadable"),
     ("9" * 4097, "unreadable"), ("9123\u202e", "unreadable"), ("优惠券", "waits")],
)  # fmt: skip
def test_a_hostile_text_is_told_for_what_it_is(pos: FlaskClient, text: str, verdict: str) -> None:
    status, body = bring(pos, text)
    assert (status, body["verdict"]) == (202, verdict)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"text": 5}, {"text": None}, {"text": "9123", "more": 1},
        {"text": "9123", "source": ""},
        {"text": "9123", "source": "A B"}, {"text": "9123", "source": "x" * 33},
        {"text": "9123", "source": 7},
    ],
)  # fmt: skip
def test_a_wrong_member_is_named(pos: FlaskClient, body: dict[str, Any]) -> None:
    response = pos.post("/v1/scans", json=body)
    assert (response.status_code, response.get_json()["type"]) == (400, "/problems/request-invalid")


@pytest.mark.parametrize(
    "query", ["wait_s=x", "wait_s=-1", "wait_s=99999", "looker=", "looker=a+b"]
)
def test_a_wrong_question_is_refused(pos: FlaskClient, query: str) -> None:
    assert pos.get(f"{NEXT}?{query}").status_code == 400


def test_nobody_without_a_key_brings_or_takes(unit: Unit) -> None:
    stranger = unit.flask.test_client()
    assert stranger.post("/v1/scans", json={"text": "9123"}).status_code == 401
    assert stranger.get(NEXT).status_code == 401
    assert stranger.post("/v1/scans/1/take").status_code == 401


def test_the_status_says_what_each_source_delivered(pos: FlaskClient) -> None:
    bring(pos, b.a_token(), source="phone")
    bring(pos, b.a_token(), source="phone")
    bring(pos, "\x1b[2J", source="phone")
    told = pos.get("/v1/status").get_json()["scanners"]
    assert told["watched"] is False
    assert told["sources"] == [
        {
            "source": "api:phone", "state": "ready", "error": "", "scans": 1, "taken": 0,
            "repeated": 1, "unreadable": 1, "refused": 0, "missed": 0, "last_scan_s_ago": 0,
        }
    ]  # fmt: skip


# --- at the clerk's page -------------------------------------------------------------------------


def test_the_clerk_s_page_redeems_what_a_scanner_read_and_notes_which(till: Till) -> None:
    token = b.a_token()
    inbox = till.core.scanners.inbox
    inbox.offer("counter", 1, token.encode())
    number = till.clerk.get(NEXT).get_json()["number"]
    shown = till.scan(token, scanned=str(number), key="k")
    assert shown.look == "good"
    assert till.core.journal.newest(1)[0].notes.source == "counter"
    assert inbox.tally("counter").taken == 1


def test_an_amount_that_is_typed_afterwards_leaves_the_scan_where_it_came_from(till: Till) -> None:
    card = b.a_token(**e.a_gift_card(voucher_id=e.voucher(50)))
    till.core.scanners.inbox.offer("counter", 1, card.encode())
    asked = till.scan("", scanned="1", key="k")
    assert (asked.look, asked.field("source")) == ("ask", "counter")
    till.scan(asked.field("scan"), source=asked.field("source"), amount="30.00")
    entry, _, notes = till.core.journal.newest(1)[0]
    assert (entry.accepted, notes.source) == (True, "counter")
    till.scan(card, source="nobody knows", amount="1.00")
    assert till.core.journal.newest(1)[0].notes.source == "page"


def test_what_is_on_the_form_is_not_what_the_scanner_read(till: Till) -> None:
    """A page cannot pass one text off as another that a scanner read."""
    till.core.scanners.inbox.offer("counter", 1, b"not-a-voucher")
    shown = till.scan(b.a_token(), scanned="1", key="k")
    assert (shown.look, shown.reason) == ("ask", ["not-a-token"])


def test_the_same_request_again_has_the_same_answer(till: Till) -> None:
    till.core.scanners.inbox.offer("counter", 1, b.a_token().encode())
    form = {"scanned": "1", "key": "k", "basket": "b"}
    first, again = till.scan("", **form), till.scan("", **form)
    assert (first.look, again.look) == ("good", "good")
    assert till.scans() == 1


def test_a_scan_that_another_screen_has_is_not_redeemed_twice(till: Till) -> None:
    till.core.scanners.inbox.offer("counter", 1, b.a_token().encode())
    till.scan("", scanned="1", key="mine")
    other = till.clerk.post("/redeem", data={"scanned": "1", "key": "yours"})
    assert other.status_code == 409
    assert till.scans() == 1


def test_a_scan_that_is_too_old_is_not_redeemed(till: Till) -> None:
    till.core.scanners.inbox.offer("counter", 1, b.a_token().encode())
    till.clock.pass_s(FRESH_S + 1)
    assert till.clerk.post("/redeem", data={"scanned": "1", "key": "k"}).status_code == 409
    assert till.scans() == 0


def test_a_code_that_has_no_text_is_refused_and_recorded(till: Till) -> None:
    till.core.scanners.inbox.offer("counter", 1, b"01\x1d0104012345")
    shown = till.scan("", scanned="1", key="k")
    assert (shown.look, shown.reason) == ("ask", ["not-a-token"])
    assert till.core.journal.newest(1)[0].notes.source == "counter"


def test_a_screen_far_away_takes_nothing_from_the_one_at_the_unit(till: Till) -> None:
    till.core.scanners.inbox.offer("counter", 1, b.a_token().encode())
    assert till.clerk.get(NEXT).status_code == 200
    for far in ({"REMOTE_ADDR": "10.0.0.7"}, {"HTTP_X_FORWARDED_FOR": "10.0.0.7"}):
        assert till.clerk.get(NEXT, environ_base=far).status_code == 204
    till.clock.pass_s(4)
    assert till.clerk.get(NEXT, environ_base={"REMOTE_ADDR": "10.0.0.7"}).status_code == 200


def test_where_every_other_scan_came_from_is_noted_too(till: Till) -> None:
    till.scan(b.a_token())
    assert till.core.journal.newest(1)[0].notes.source == "page"
    key = {"Idempotency-Key": "k", "Accept-Language": "en"}
    pos = with_key(till.unit)
    body = pos.post("/v1/redemptions", json={"scan": "nonsense"}, headers=key).get_json()
    assert body["source"] == "api"
