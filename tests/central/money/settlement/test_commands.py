"""``tearoff-hub settlement`` and ``cases`` as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import builders as b
from tests.central.builders import (
    TODAY,
    Database,
    Till,
    a_config,
    a_voucher,
    enrolled,
    furnish,
    write_keys,
)
from tests.central.money.settlement.builders import charge, issue
from tests.central.stores.cases.test_evidence import a_double
from tests.central.test_cli import Hub

NO = f"{b.STORE}-{TODAY}"


@pytest.fixture
def hub(sqlite_database: Database) -> Hub:
    """A furnished hub with its keys, as commands find it."""
    config = a_config(sqlite_database)
    write_keys(config.data_dir / "keys")
    furnish()
    return Hub(config.data_dir, f"issuer={b.ISSUER}")


@pytest.fixture
def till(hub: Hub) -> Till:
    """A till whose day with a fee is issued."""
    charge((0, 6000), fixed=10)
    working = enrolled()
    working.accept(a_voucher())
    working.accept(a_voucher())
    working.deliver()
    issue()
    return working


def test_what_is_due_is_done(hub: Hub) -> None:
    """The clock is the real one: years after that day everything is due."""
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    assert f"{NO} issued, due 88.00" in hub.do("settlement", "issue")
    assert hub.do("settlement", "issue") == ""
    assert hub.do("settlement", "prove") == "sound\n"


def test_statements_are_listed_and_shown(hub: Hub, till: Till) -> None:
    listed = hub.do("settlement", "list", "--store", "S0412", "--month", "2026-04")
    assert listed.split() == [NO, "issued", "0.00", "174.74", "0.00", "174.74", "CNY"]
    shown = hub.do("settlement", "show", NO)
    assert "S0412-K1/1/2" in shown
    assert "88.00        0.63       87.37       87.37" in shown
    assert json.loads(hub.do("settlement", "list", "--json"))["no"] == NO
    assert len(json.loads(hub.do("settlement", "show", NO, "--json"))["lines"]) == 2
    assert hub.do("settlement", "list", "--state", "paid") == ""


def test_a_statement_is_written_into_a_file(hub: Hub, till: Till, tmp_path: Path) -> None:
    for ending in ("csv", "txt", "xlsx"):
        told = hub.do("settlement", "export", NO, "--format", ending, "--out", str(tmp_path))
        file = tmp_path / f"{NO}.{ending}"
        assert told == f"{file}\n"
        assert file.stat().st_size > 100
    assert "服务费" in (tmp_path / f"{NO}.csv").read_text("utf-8")
    assert "cannot be written" in hub.fail(
        "settlement", "export", NO, "--format", "txt", "--out", str(tmp_path / "nowhere")
    )


def test_a_statement_is_disputed_settled_and_not_answered_again(hub: Hub, till: Till) -> None:
    # Years have passed since, and so have its three days.
    told = hub.fail("settlement", "dispute", NO, "1", "--reason", "not ours")
    assert "The days in which S0412-20260411 could be disputed have passed." in told
    assert "confirmed" in hub.do("settlement", "confirm", NO)
    assert "is confirmed and cannot be confirmed" in hub.fail("settlement", "confirm", NO)
    assert "Line 1 of" in hub.fail("settlement", "settle", NO, "1", "--note", "so")
    assert "There is no statement" in hub.fail("settlement", "confirm", "S0412-20200101")


def test_what_keeps_money_back_is_told(hub: Hub, till: Till) -> None:
    told = hub.do("settlement", "watermark")
    assert "group 3: 2026-04-11 20:00:00" in told
    assert "S0412-K1     2026-04-11 20:00:00  silent since" in told
    hub.do("settlement", "confirm", NO)
    assert hub.do("settlement", "payables") == ""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--percent", "0.6", "--fixed", "0.10"), "0.6 % + 0.10 each"),
        (("--tier", "0=0.8", "--tier", "100000=0.6"),
         "0.8 % from 0.00 of the month's volume; 0.6 % from 100000.00 of the month's volume"),
        ((), "none"),
        (("--percent", "100"), "100 %"),
        (("--percent", "0.0001"), "0.0001 %"),
    ],
    ids=str,
)  # fmt: skip
def test_fees_are_agreed(hub: Hub, given: tuple[str, ...], told: str) -> None:
    first = ("--from", "2027-05-01")
    assert hub.do("settlement", "fees", "S0412", *first, *given) == (
        f"S0412 pays from 2027-05-01: {told}\n"
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--percent", "101"), "between 0 % and 100 %"), (("--percent", "-1"), "percentage"),
        (("--percent", "much"), "percentage"), (("--tier", "0="), "percentage"),
        (("--percent", "0.00001"), "four decimals"),
        (("--fixed", "1.001"), "“1.001” is no amount; one is written 88.50"),
        (("--tier", "5"), "VOLUME=PERCENT"),
        (("--tier", "5=1"), "begin at 0"), (("--from", "2026-02-30"), "no day 20260230"),
        (("--from", "soon"), "written 2026-04-11"),
    ],
    ids=str,
)  # fmt: skip
def test_fees_that_cannot_be_are_told(hub: Hub, given: tuple[str, ...], told: str) -> None:
    assert told in hub.fail("settlement", "fees", "S0412", "--from", "2027-05-01", *given)


def test_cases_are_listed_shown_and_closed_once(hub: Hub) -> None:
    _, second, case = a_double()
    assert f"{second.unit}/1/1" in hub.do("cases", "list", "--state", "open")
    assert json.loads(hub.do("cases", "list", "--json"))["id"] == case.id
    assert json.loads(hub.do("cases", "show", str(case.id)))["suggestion"]["outcome"] == "platform"
    close = ("cases", "close", str(case.id))
    assert "Name the agent" in hub.fail(*close, "agent", "--reason", "so")
    assert "platform, journal" in hub.do(*close, "platform", "--reason", "so")
    assert "is closed already" in hub.fail(*close, "store", "--reason", "so")
    told = hub.fail("cases", "close", "99", "store", "--reason", "so")
    assert "There is no double redemption 99" in told
    assert hub.do("cases", "list", "--state", "open") == "There is no such case.\n"


def test_lost_entries_are_accepted(hub: Hub, till: Till) -> None:
    till.begin_epoch(2)
    till.deliver()
    assert "lost since" in hub.do("settlement", "watermark")
    hub.do("cases", "accept-gap", till.unit, "2", "--reason", "it burnt down")
    assert "lost" not in hub.do("settlement", "watermark")
    assert "accepted before" in hub.fail("cases", "accept-gap", till.unit, "2", "--reason", "again")
