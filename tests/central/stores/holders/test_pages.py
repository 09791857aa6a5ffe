"""The holder's page as the phone asks, and the page on which headquarters makes its link."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from central.foundation.people import login
from central.stores.holders.link import make_link, open_link
from central.stores.holders.tell import EPOCHS_MAX
from central.stores.redemptions.lease import book_of
from central.stores.units import steer
from central.stores.vouchers.status import revoke, suspend
from edge.contract.ids import StoreId, VoucherId
from edge.contract.keys import KEY_EPOCH_S
from edge.contract.voucher_token import verify
from tests import builders as b
from tests.central.builders import (
    COFFEE,
    GIFT,
    ZONE,
    Database,
    a_voucher,
    an_app,
    as_person,
    enrolled,
    fill_in,
)
from tests.central.phone import Phone, shown_on

STATIC = Path(__file__).parents[4] / "central/foundation/web/static"


@pytest.fixture(name="app")
def _app(hub_database: Database) -> Any:
    return an_app(hub_database)


def a_link(voucher_id: VoucherId) -> str:
    return make_link(voucher_id, "anna", b.NOW_S)


def test_a_phone_is_told_its_voucher_and_the_codes_of_it(app: Any) -> None:
    claims = a_voucher(GIFT)
    steer.add_store(StoreId("S0413"), "人民广场店", b.GROUP, ZONE, b.NOW_S)
    told = Phone(app.test_client()).open(a_link(claims.voucher_id)).json
    voucher = told["voucher"]
    assert verify(voucher["token"], b.a_trust_list(), b.NOW_S) == claims
    assert (voucher["kind"], voucher["remaining"], voucher["capacity"]) == (
        "stored-value", 20000, 20000,
    )  # fmt: skip
    assert voucher["stores"] == {"all": False, "names": ["人民广场店", "静安店"], "more": 0}
    assert told["hub_time_s"] == b.NOW_S
    long, short = shown_on(told, b.NOW_S)
    assert (len(long), len(short)) == (226, 18)


def test_the_codes_reach_until_the_voucher_ends_and_are_sent_once(app: Any) -> None:
    claims = a_voucher()
    phone, token = Phone(app.test_client()), a_link(claims.voucher_id)
    told = phone.open(token).json
    first, last = told["codes"][0], told["codes"][-1]
    assert first["from_s"] <= b.NOW_S < first["until_s"]
    assert last["from_s"] < told["voucher"]["until_s"] <= last["until_s"]
    assert len({row["static"] for row in told["codes"]}) == len(told["codes"])
    assert phone.open(token, have_until_s=last["until_s"]).json["codes"] == []
    fewer = phone.open(token, have_until_s=first["until_s"]).json["codes"]
    assert fewer == told["codes"][1:]


def test_a_voucher_that_never_ends_gets_codes_for_a_year_and_then_more(app: Any) -> None:
    claims = a_voucher(expires_day=0xFFFF)
    phone, token = Phone(app.test_client()), a_link(claims.voucher_id)
    told = phone.open(token).json
    assert told["voucher"]["until_s"] is None
    assert len(told["codes"]) == EPOCHS_MAX
    assert told["codes"][-1]["until_s"] - b.NOW_S > 365 * 86400
    assert told["codes"][0]["until_s"] - told["codes"][0]["from_s"] == KEY_EPOCH_S


def test_a_phone_sees_what_is_left(app: Any) -> None:
    claims = a_voucher(COFFEE)
    phone, token = Phone(app.test_client()), a_link(claims.voucher_id)
    till = enrolled()
    till.accept(claims, 3)
    till.deliver()
    assert phone.open(token).json["voucher"]["remaining"] == 7
    suspend(claims.voucher_id)
    assert phone.open(token).json["voucher"]["status"] == "suspended"
    revoke(claims.voucher_id)
    assert phone.open(token).json["voucher"]["status"] == "revoked"


def test_another_phone_is_told_that_it_is_on_another_phone_and_nothing_else(app: Any) -> None:
    token = a_link(a_voucher().voucher_id)
    assert Phone(app.test_client()).open(token).status_code == 200
    told = Phone(app.test_client()).open(token)
    assert (told.status_code, told.json["type"]) == (409, "/problems/on-another-phone")
    assert set(told.json) <= {"type", "title", "status", "detail", "instance"}


@pytest.mark.parametrize(
    ("bend", "status"),
    [
        (lambda body: body | {"token": "x" * 32}, 404),
        (lambda body: body | {"token": "short"}, 400),
        (lambda body: body | {"token": 5}, 400),
        (lambda body: body | {"have_until_s": -1}, 400),
        (lambda body: body | {"have_until_s": True}, 400),
        (lambda body: body | {"device": "AAAA"}, 400),
        (lambda body: body | {"device": None}, 400),
        (lambda body: {"token": body["token"]}, 400),
        (lambda body: [body], 400),
    ],
)
def test_what_no_page_sends_is_refused(app: Any, bend: Any, status: int) -> None:
    phone = Phone(app.test_client())
    token = a_link(a_voucher().voucher_id)
    good = {"device": base64.b64encode(phone.point).decode(), "token": token}
    body = json.dumps(bend(good)).encode()
    signature = phone.sign("/h/open", body)
    answer = phone.client.post(
        "/h/open", data=body, content_type="application/json",
        headers={"Device-Signature": signature},
    )  # fmt: skip
    assert answer.status_code == status


@pytest.mark.parametrize("signature", ["", "!!", "AAAA", "A" * 88])
def test_what_the_phone_has_not_signed_is_refused(app: Any, signature: str) -> None:
    phone = Phone(app.test_client())
    token = a_link(a_voucher().voucher_id)
    body = json.dumps({"device": base64.b64encode(phone.point).decode(), "token": token})
    for signed, sent in ((signature, body), (phone.sign("/h/open", body.encode()), body + " ")):
        answer = phone.client.post(
            "/h/open", data=sent, content_type="application/json",
            headers={"Device-Signature": signed},
        )  # fmt: skip
        assert answer.status_code == 401
    assert open_link(token, b"\x04" + b"x" * 64, b.NOW_S)  # nobody has locked it


def test_the_page_and_its_parts_need_nobody_and_hold_no_secret(app: Any) -> None:
    client = app.test_client()
    page = client.get("/h/")
    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    words = client.get("/h/words.json").json["words"]
    assert set(words) == {"zh-CN", "en"}
    assert words["zh-CN"]["bright"] != words["en"]["bright"]
    manifest = json.loads(client.get("/h/manifest.webmanifest").text)
    assert (manifest["start_url"], manifest["scope"]) == ("/h/", "/h/")


def test_the_worker_keeps_every_part_of_the_page() -> None:
    """A part that is missing would be missed only once there is no network."""
    worker = (STATIC / "holder/worker.js").read_text("utf-8")
    kept = set(re.findall(r'"(/[^"]*)"', worker))
    there = {f"/static/holder/{p.name}" for p in (STATIC / "holder").iterdir()}
    assert there - {"/static/holder/worker.js"} <= kept
    for path in kept:
        if path.startswith("/static/"):
            assert (STATIC.parent / path.lstrip("/")).exists(), path


def test_headquarters_makes_a_link_on_the_vouchers_page_and_sees_it_opened(app: Any) -> None:
    claims = a_voucher()
    admin = as_person(app)
    at = f"/vouchers/{claims.voucher_id:012x}"
    page = fill_in(admin, f"{at}/link", at).text
    [token] = re.findall(r"/h/#([\w-]{32})", page)
    assert token not in admin.get(at).text
    assert Phone(app.test_client()).open(token).status_code == 200
    assert "opened by a phone" in admin.get(at).text
    fill_in(admin, f"{at}/unlock", at, reason="new phone")
    assert "new phone" in admin.get(at).text
    assert Phone(app.test_client()).open(token).status_code == 200


def test_a_voucher_is_found_by_its_number_or_by_a_scan_of_it(app: Any) -> None:
    claims = a_voucher()
    told = Phone(app.test_client()).open(a_link(claims.voucher_id)).json
    admin, number = as_person(app), f"{claims.voucher_id:012x}"
    for asked in (number, number.upper(), told["voucher"]["token"], shown_on(told, b.NOW_S)[0]):
        answer = admin.get("/vouchers", query_string={"q": asked})
        assert answer.headers["Location"] == f"/vouchers/{number}", asked
    for asked in ("000000000000", "nothing", "9" + "1" * 217):
        page = admin.get("/vouchers", query_string={"q": asked}).text
        assert "No voucher has this number." in page


def test_a_program_makes_a_link_too(app: Any) -> None:
    key = login.add_api_key("shop", "admin", b.NOW_S)
    claims = a_voucher()
    path = f"/v1/vouchers/{claims.voucher_id:012x}"
    headers = {"Authorization": f"Bearer {key}"}
    client = app.test_client()
    made = client.post(f"{path}/holder-link", headers=headers)
    assert made.status_code == 201
    token = made.json["url"].partition("#")[2]
    assert Phone(app.test_client()).open(token).status_code == 200
    assert client.post(f"{path}/holder-link", headers=headers).status_code == 409
    freed = client.post(f"{path}/unlock", headers=headers, json={"reason": "new phone"})
    assert freed.json == {"voucher_id": f"{claims.voucher_id:012x}", "is_locked": False}


def test_headquarters_lends_on_the_vouchers_page_and_takes_it_back(app: Any) -> None:
    till = enrolled()
    card = a_voucher(GIFT)
    admin, at = as_person(app), f"/vouchers/{card.voucher_id:012x}"
    fill_in(admin, f"{at}/leases", at, unit=till.unit, amount="150.00", hours="2")
    page = admin.get(at).text
    assert "Lent. The till has it with its next pull." in page
    assert "150.00" in page
    [lease] = book_of(till.unit).leases
    assert lease.expires_at_s == b.NOW_S + 7200
    lease_at = f"{at}/leases/{lease.lease_id.hex()}"
    other = f"/vouchers/{a_voucher(GIFT).voucher_id:012x}"
    for what in ("recall", "write-off"):  # an address names the voucher that the lease is of
        fill_in(admin, lease_at.replace(at, other) + f"/{what}", at, reason="by mistake")
        assert "There is no such lease." in admin.get(other).text
    fill_in(admin, f"{lease_at}/recall", at)
    assert "recalled, not given back yet" in admin.get(at).text
    fill_in(admin, f"{lease_at}/write-off", at, reason="the till has burnt")
    page = admin.get(at).text
    assert "the till has burnt" in page
    assert "written off" in page


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        ({"amount": "x"}, "The amount is not a number."),
        ({"amount": "200.01"}, "A lease is not larger than its voucher."),
        ({"hours": "x"}, "Say for how many hours, as a number."),
        ({"hours": "721"}, "A lease lasts a minute to thirty days."),
        ({"unit": "S0412-K9"}, "There is no such unit."),
    ],
)
def test_what_cannot_be_lent_is_told_on_the_page(app: Any, bend: dict[str, str], said: str) -> None:
    till = enrolled()
    card = a_voucher(GIFT)
    admin, at = as_person(app), f"/vouchers/{card.voucher_id:012x}"
    form = {"unit": str(till.unit), "amount": "50", "hours": "2", **bend}
    fill_in(admin, f"{at}/leases", at, **form)
    assert said in admin.get(at).text
    assert book_of(till.unit).leases == ()
