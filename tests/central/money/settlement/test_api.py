"""Settlement for programs: what they read, and what they may tell."""

from __future__ import annotations

from typing import Any

import pytest

from central.foundation.people import login
from tests import builders as b
from tests.central.builders import TODAY, Database, a_voucher, an_app, enrolled, furnish
from tests.central.money.settlement.builders import at, charge, day_of, issue, make_payable
from tests.central.stores.cases.test_evidence import a_double

NO = f"{b.STORE}-{TODAY}"
NOW_S = at(day_of(1), 10, 30)


class Program:
    """A program with a key."""

    def __init__(self, app: Any, role: str = "finance") -> None:
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {login.add_api_key('erp', role, b.NOW_S)}"}

    def get(self, path: str, status: int = 200) -> Any:
        response = self._client.get(path, headers=self._headers)
        assert response.status_code == status, response.text
        return response.json

    def post(self, path: str, status: int = 200, **body: object) -> Any:
        response = self._client.post(path, headers=self._headers, json=body)
        assert response.status_code == status, response.text
        return response.json


@pytest.fixture
def program(hub_database: Database) -> Program:
    app = an_app(hub_database, lambda: NOW_S, furnished=False)
    furnish()
    return Program(app)


def test_a_day_from_run_to_payable(program: Program) -> None:
    charge((0, 6000), fixed=10)
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    assert program.post("/v1/settlement/run") == {
        "issued": [NO], "confirmed": [], "released": [], "paid": [], "problems": [],
    }  # fmt: skip
    [one] = program.get("/v1/settlement/statements?state=issued&store=S0412")["statements"]
    assert (one["no"], one["gross"], one["fee"], one["due"], one["pays"]) == (
        NO, 8800, 63, 8737, 8737,
    )  # fmt: skip
    found = program.get(f"/v1/settlement/statements/{NO}")
    assert found["statement"] == one
    assert [line["kind"] for line in found["lines"]] == ["redemption"]
    line = program.get(f"/v1/settlement/statements/{NO}/lines/1")
    assert line["signed"]["raw"] == till.raws[0].hex()
    assert line["parts"] == [{"from_minor": 0, "ppm": 6000, "minor": 8800}]
    assert {leg["code"] for leg in line["journal"]["legs"]} == {"2020.7", "2310.S0412"}
    assert program.post(f"/v1/settlement/statements/{NO}/confirm")["answered_by"] == "key erp"
    program.post(f"/v1/settlement/statements/{NO}/confirm", 409)
    [group] = program.get("/v1/settlement/watermarks")["groups"]
    assert (group["group"], group["up_to_s"], group["units"][0]["why"]) == (
        b.GROUP, b.NOW_S, "silent",
    )  # fmt: skip
    make_payable(till, at_s=NOW_S)
    [payable] = program.get("/v1/settlement/payables")["payables"]
    assert (payable["amount"], payable["is_ready"], payable["statement_ids"]) == (8737, True, [NO])


def test_a_dispute_and_its_end(program: Program) -> None:
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    issue()
    path = f"/v1/settlement/statements/{NO}"
    program.post(f"{path}/dispute", 422, lines=[], reason="why")
    program.post(f"{path}/dispute", 404, lines=[2], reason="why")
    assert program.post(f"{path}/dispute", lines=[1], reason="why")["disputed"] == 8800
    program.post(f"{path}/lines/1/settle", note="it is")
    program.post(f"{path}/lines/1/settle", 409, note="again")
    [dispute] = program.get(path)["disputes"]
    assert (dispute["n"], dispute["note"], dispute["settled_by"]) == (1, "it is", "key erp")


def test_fees_are_agreed(program: Program) -> None:
    body: dict[str, Any] = {
        "first_day": TODAY, "currency": "CNY", "fixed_minor": 10,
        "tiers": [{"from_minor": 0, "ppm": 6000}],
    }  # fmt: skip
    agreed = program.post("/v1/settlement/fees/S0412", **body)
    assert agreed["version"] == 1
    assert program.get("/v1/settlement/fees/S0412") == {"fees": [agreed]}
    for bent, status in (
        ({"tiers": [{"from_minor": 0, "ppm": 1_000_001}]}, 422), ({"fixed_minor": -1}, 422),
        ({"currency": "USD"}, 409), ({"first_day": 20260431}, 400),
        ({"tiers": [{"from_minor": 5, "ppm": 1}]}, 400),
    ):  # fmt: skip
        program.post("/v1/settlement/fees/S0412", status, **(body | bent))
    program.post("/v1/settlement/fees/S9", 404, **body)
    assert program.get("/v1/settlement/fees/S0412") == {"fees": [agreed]}


def test_a_case_is_read_and_decided(program: Program) -> None:
    _, second, case = a_double()
    [listed] = program.get("/v1/cases?state=open")["cases"]
    assert (listed["id"], listed["excess_minor"]) == (case.id, 8800)
    [conflict] = program.get("/v1/conflicts")["conflicts"]
    assert conflict["case_id"] == case.id
    found = program.get(f"/v1/cases/{case.id}")
    assert found["suggestion"]["outcome"] == "platform"
    assert found["receipts"][0]["raw"] == second.raws[0].hex()
    path = f"/v1/cases/{case.id}/close"
    program.post(path, 422, outcome="nobody", reason="why")
    program.post(path, 400, outcome="agent", reason="why")
    program.post(path, 409, outcome="reserve", reason="why")
    closed = program.post(path, outcome="platform", reason="why")["case"]
    assert (closed["state"], closed["outcome"], closed["closed_by"]) == (
        "closed", "platform", "key erp",
    )  # fmt: skip
    program.post(path, 409, outcome="store", reason="why")
    program.post("/v1/cases/99/close", 404, outcome="store", reason="why")
    assert program.get("/v1/conflicts") == {"conflicts": []}


def test_lost_entries_are_accepted(program: Program) -> None:
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    till.begin_epoch(2)
    till.deliver()
    path = f"/v1/units/{till.unit}/epochs/2/accept-gap"
    [group] = program.get("/v1/settlement/watermarks")["groups"]
    assert (group["units"][0]["why"], group["units"][0]["lost_epoch"]) == ("lost", 2)
    assert program.post(path, reason="it burnt down") == {"unit": till.unit, "epoch": 2}
    program.post(path, 409, reason="again")
    program.post(f"/v1/units/{till.unit}/epochs/1/accept-gap", 404, reason="why")
