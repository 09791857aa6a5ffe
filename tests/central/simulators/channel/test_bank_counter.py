"""The bank's counter and our files: what it takes, what it refuses, and each way it misbehaves."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.errors import RequestInvalid
from central.money.channels import settings
from central.money.ledger.audit import audit
from central.money.payouts import release, store
from central.money.payouts.bank_files.answer import Taken, take_answer
from central.money.payouts.bank_files.make import fetch, make
from central.money.payouts.model import State
from central.money.payouts.store import Payout
from central.simulators.channel import app as simulator
from central.simulators.channel.bank.counter import ACCOUNT
from central.simulators.channel.faults import BANK_FAULTS, Fault
from central.simulators.channel.keys import write_settings
from tests.builders import NOW_S
from tests.central.books import balances
from tests.central.builders import Database
from tests.central.money.payouts.bank_answers import LI, a_payee
from tests.central.money.payouts.builders import TODAY, ask_for

WHOLE = 1_000_000_00


@pytest.fixture(name="bank")
def _bank(tmp_path: Path) -> simulator.Simulator:
    return simulator.build(tmp_path / "bank", lambda: NOW_S)


@pytest.fixture(name="counter")
def _counter(bank: simulator.Simulator) -> FlaskClient:
    return bank.app.test_client()


def a_file(bank: simulator.Simulator, count: int = 3) -> tuple[str, bytes, list[Payout]]:
    """A file of so many payouts, as it goes to the bank."""
    found = settings.load(write_settings(bank.data_dir, "http://127.0.0.1:1", "http://127.0.0.1:2"))
    asked = [
        ask_for(100 + n, account=a_payee(f"A{n}"), at_s=NOW_S - 60 + n) for n in range(1, count + 1)
    ]
    made = make(found.bank_file, NOW_S, day=TODAY, actor="li")
    return made.no, fetch(made.no, NOW_S, actor="li")[1], asked


def hand_in(counter: FlaskClient, raw: bytes) -> Any:
    return counter.post("/bank/files", data=raw, content_type="text/csv")


def states(asked: list[Payout]) -> list[State]:
    return [store.get(one.no).state for one in asked]


@pytest.mark.usefixtures("hub_database")
def test_what_the_bank_paid_is_what_left_our_account(
    bank: simulator.Simulator, counter: FlaskClient
) -> None:
    no, raw, asked = a_file(bank)
    taken = hand_in(counter, raw)
    assert taken.json == {"number": no, "lines": 3, "total": 306}
    answers = counter.get(f"/bank/files/{no}/answer")
    assert take_answer(no, answers.data, LI) == Taken(paid=3)
    assert states(asked) == [State.PAID] * 3
    assert balances()["1030.main"] == -306 == bank.world.books.balance("bank/MAIN") - WHOLE
    again = hand_in(counter, raw)
    assert (again.status_code, again.json["code"]) == (409, "BATCH_EXISTS")
    assert bank.world.books.balance("bank/MAIN") == WHOLE - 306
    assert audit() == []


BENT: dict[str, Callable[[bytes], bytes]] = {
    "a byte": lambda raw: raw.replace(b"1.01", b"9.01"),
    "another account of ours": lambda raw: resealed(raw.replace(ACCOUNT.encode(), b"6222999999")),
    "a sum": lambda raw: resealed(raw.replace(b",3.06\r\n", b",3.07\r\n")),
    "a count": lambda raw: resealed(raw.replace(b"CNY,3,", b"CNY,4,")),
    "an order of lines": lambda raw: resealed(raw.replace(b"\r\n2,", b"\r\n3,")),
    "an amount": lambda raw: resealed(raw.replace(b",1.02,", b",1.020,")),
    "an account": lambda raw: resealed(raw.replace(b"6217000000000000002", b"62170 2")),
    "half of it": lambda raw: raw[: len(raw) // 2],
    "no check line": lambda raw: raw[: raw.rindex("校验".encode("gbk"))],
    "not GBK": lambda raw: b"\xff" + raw,
    "nothing": lambda _: b"",
}


def resealed(raw: bytes) -> bytes:
    body = raw[: raw.rindex("校验".encode("gbk"))]
    return body + f"校验,SHA-256,{hashlib.sha256(body).hexdigest()}\r\n".encode("gbk")


@pytest.mark.parametrize("what", BENT)
@pytest.mark.usefixtures("sqlite_database")
def test_what_is_bent_is_refused_and_nothing_is_paid(
    bank: simulator.Simulator, counter: FlaskClient, what: str
) -> None:
    _, raw, _ = a_file(bank)
    bent = BENT[what](raw)
    assert bent != raw
    refused = hand_in(counter, bent)
    assert (refused.status_code, refused.json["code"]) == (400, "BAD_BATCH")
    assert bank.world.books.balance("bank/MAIN") == WHOLE
    assert bank.world.books.rows("SELECT * FROM bank_batch") == []
    assert hand_in(counter, raw).status_code == 200


UNBELIEVABLE = {
    "bank-sorted": "with other data",
    "bank-other-amount": "with other data",
    "bank-twice": "twice",
    "bank-new-state": "is not known",
}


@pytest.mark.parametrize("fault", sorted(BANK_FAULTS))
@pytest.mark.usefixtures("sqlite_database")
def test_however_the_bank_misbehaves_each_payout_ends_as_its_books_say(
    bank: simulator.Simulator, counter: FlaskClient, fault: str
) -> None:
    no, raw, asked = a_file(bank)
    if fault in {"bank-refused", "bank-processing"}:
        bank.world.faults.add(Fault(fault))
    hand_in(counter, raw)
    if fault == "bank-returned":
        take_answer(no, counter.get(f"/bank/files/{no}/answer").data, LI)
    if fault not in {"bank-refused", "bank-processing"}:
        bank.world.faults.add(Fault(fault))
    first = counter.get(f"/bank/files/{no}/answer").data
    if fault in UNBELIEVABLE:
        with pytest.raises(RequestInvalid, match=UNBELIEVABLE[fault]):
            take_answer(no, first, LI)
        assert states(asked) == [State.SENT] * 3
    elif fault == "bank-cut":
        with pytest.raises(RequestInvalid):
            take_answer(no, first, LI)
    else:
        take_answer(no, first, LI)
    last = take_answer(no, counter.get(f"/bank/files/{no}/answer").data, LI)
    assert last.open == 0
    for payout in last.differ:
        release.came_back(payout, NOW_S, "wang", "退票", day=TODAY)
    assert take_answer(no, counter.get(f"/bank/files/{no}/answer").data, LI) == Taken(known=3)
    wanted = {
        "bank-refused": [State.FAILED, State.PAID, State.PAID],
        "bank-returned": [State.FAILED, State.PAID, State.PAID],
    }
    assert states(asked) == wanted.get(fault, [State.PAID] * 3)
    assert balances()["1030.main"] == bank.world.books.balance("bank/MAIN") - WHOLE
    assert audit() == []


@pytest.mark.usefixtures("sqlite_database")
def test_a_payee_whose_name_does_not_match_gets_nothing(
    bank: simulator.Simulator, counter: FlaskClient
) -> None:
    with bank.world.books.writing():
        bank.world.books.run(
            "INSERT INTO receiver VALUES ('person', '6217000000000000001', 'person', '李四')"
        )
        bank.world.books.run("UPDATE account SET balance = 102 WHERE name = 'bank/MAIN'")
    no, raw, asked = a_file(bank)
    hand_in(counter, raw)
    take_answer(no, counter.get(f"/bank/files/{no}/answer").data, LI)
    assert states(asked) == [State.FAILED, State.PAID, State.FAILED]
    assert [store.get(one.no).last_code for one in asked] == ["户名不符", "", "余额不足"]


@pytest.mark.usefixtures("sqlite_database")
def test_the_counter_is_a_page(bank: simulator.Simulator, counter: FlaskClient) -> None:
    assert "还没有。" in counter.get("/bank").text
    no, raw, _ = a_file(bank)
    wrong = counter.post("/bank/files", data={"file": (io.BytesIO(b"x"), "x.csv")})
    assert wrong.status_code == 400
    assert "表头不符" in wrong.text
    sent = {"file": (io.BytesIO(raw), "x.csv")}
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert counter.post("/bank/files", data=sent, headers=elsewhere).status_code == 403
    sent = {"file": (io.BytesIO(raw), "x.csv")}
    assert counter.post("/bank/files", data=sent).headers["Location"] == "/bank"
    assert no in counter.get("/bank").text
    assert "银行账户" in counter.get("/").text
    assert counter.get("/bank/files/BF1/answer").status_code == 404


def test_utf8_is_answered_in_utf8(sqlite_database: Database, bank: simulator.Simulator) -> None:
    del sqlite_database
    counter = bank.app.test_client()
    file = write_settings(bank.data_dir, "http://127.0.0.1:1", "http://127.0.0.1:2")
    file.write_text(file.read_text("utf-8") + 'encoding = "utf-8-sig"\n', "utf-8")
    payout = ask_for(500, account=a_payee("A2", name="𬭸"))
    made = make(settings.load(file).bank_file, NOW_S, day=TODAY, actor="li")
    assert hand_in(counter, fetch(made.no, NOW_S, actor="li")[1]).status_code == 200
    answered = counter.get(f"/bank/files/{made.no}/answer").data
    assert "𬭸".encode() in answered
    assert take_answer(made.no, answered, LI) == Taken(paid=1)
    assert states([payout]) == [State.PAID]
