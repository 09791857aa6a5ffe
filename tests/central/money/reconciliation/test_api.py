"""What programs read of reconciliation, and do."""

from __future__ import annotations

from typing import Any

import pytest

from central.foundation.people import login
from central.money.channels.model import FundAccount
from central.money.ledger import rules
from edge.contract.voucher_token import DAY_S
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, a_config, an_app
from tests.central.channel import yuan
from tests.central.money.reconciliation.bills import (
    DAY,
    NEXT,
    Channel,
    booked,
    paid,
    pay,
    take_both,
)
from tests.central.money.reconciliation.files.statements import BANK, SETTINGS

ROOT = "/v1/reconciliation"
SETTLEMENT = f"{ROOT}/settlements/web/20260411"


class Program:
    """A program with the key of a role."""

    def __init__(self, app: Any, role: str = "finance") -> None:
        key = login.add_api_key(role, role, b.NOW_S)
        self._client, self._headers = app.test_client(), {"Authorization": f"Bearer {key}"}

    def get(self, path: str, status: int = 200, **query: str) -> Any:
        """Read something."""
        got = self._client.get(f"{ROOT}{path}", query_string=query, headers=self._headers)
        assert got.status_code == status, got.text
        return got.json

    def post(self, path: str, status: int = 200, **sent: Any) -> Any:
        """Do something."""
        got = self._client.post(f"{ROOT}{path}", headers=self._headers, **sent)
        assert got.status_code == status, got.text
        return got.json


@pytest.fixture
def program(hub_database: Database) -> Program:
    config = a_config(hub_database)
    config.data_dir.mkdir(exist_ok=True)
    (config.data_dir / "statements.toml").write_text(SETTINGS, "utf-8")
    return Program(an_app(hub_database, lambda: b.NOW_S + 5 * DAY_S))


def test_a_file_is_taken_listed_and_put_right(program: Program) -> None:
    taken = program.post("/files/bank.main", data=BANK.encode(), content_type="text/csv")
    assert [one["differing"] for one in taken["bills"]] == [2, 0, 1]
    again = program.post("/files/bank.main", data=BANK.encode("gb18030"))
    assert again == taken
    bills = program.get("/bills", account="1030.main")["bills"]
    assert [(one["day"], one["kind"], one["open"]) for one in bills] == [
        (20260413, "bank", 1), (20260412, "bank", 0), (20260411, "bank", 2),
    ]  # fmt: skip
    [first, *_] = program.get("/differences", account="1030.main")["differences"]
    assert (first["number"], first["amount"], first["kind"]) == ("PF7", -100_000, "not-in-books")
    decided = {"account": "1040.kasushou", "reason": "the bank has it"}
    done = program.post(f"/differences/{first['id']}/resolve", json=decided)
    assert (done["state"], done["belongs_to"]) == ("resolved", "1040.kasushou")
    assert program.post(f"/differences/{first['id']}/resolve", 409, json=decided)["detail"]
    assert len(program.get("/differences")["differences"]) == 2
    assert len(program.get("/differences", state="all")["differences"]) == 3


def test_a_line_is_said_to_be_an_entry(program: Program) -> None:
    booked(rules.transferred("W1", "1020.web", "1030.main", yuan("91.79"), 20260411, "test"))
    program.post("/files/bank.main", data=BANK.encode())
    [entry] = program.get("/unproven", account="1030.main")["entries"]
    found = program.get("/differences", account="1030.main")["differences"]
    [line] = [one for one in found if one["number"] == "T2"]
    said = {"entry_id": entry["entry_id"], "reason": "the channel's"}
    assert program.post(f"/differences/{line['id']}/link", json=said)["state"] == "proven"
    program.post(f"/differences/{line['id']}/link", 409, json=said)


def test_a_settlement_is_read_and_then_posted(program: Program) -> None:
    pay("P1", "88.00")
    pay("P2", "1.00")
    channel = Channel(
        {DAY: (paid("P1", "88.00", 52_800),)},
        {(DAY, FundAccount.BASIC): [("P1", "88.00"), ("P1", "-0.53")]},
    )
    take_both(channel)
    take_both(channel, NEXT)
    assert [(one["ref"], one["is_missing"]) for one in program.get("/unproven")["entries"]] == [
        ("P2", True)
    ]
    shown = program.get("/settlements/web/20260411")["parts"]
    assert [(one["gross"], one["net"], one["fee"], one["journals"]) for one in shown] == [
        (8800, 8747, 53, [])
    ]
    assert "1020.web" not in balances()
    posted = program.post("/settlements/web/20260411")
    assert program.post("/settlements/web/20260411") == posted
    assert balances()["1020.web"] == 8747
    program.get("/settlements/web/20260414", 404)


@pytest.mark.parametrize(
    ("raw", "why"),
    [(b"", "There is no heading"), (BANK.replace("0.21", "9").encode(), "line 6: its balance"),
     (b"\xff\xff", "neither UTF-8 nor GBK")],
)  # fmt: skip
def test_a_file_that_is_wrong_is_a_problem_with_its_line(
    program: Program, raw: bytes, why: str
) -> None:
    told = program.post("/files/bank.main", 400, data=raw)
    assert why in told["detail"]
    assert program.get("/bills") == {"bills": []}


def test_a_body_that_is_too_large_is_refused(program: Program) -> None:
    program.post("/files/bank.main", 413, data=bytes((1 << 20) + 1))
    program.post("/files/bank.nobody", 404, data=b"x")
    program.post("/files/paypal.x", 422, data=b"x")
