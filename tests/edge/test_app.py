"""A whole unit: it starts with whatever it finds, says what is the matter, and stops cleanly."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge.app import Unit, listen, private_directory
from edge.attached import build_printer
from edge.bundles.identity import UnitKeys
from edge.config import EdgeConfig, PrinterSection
from edge.contract.signed import Kind
from edge.core import Parts
from edge.db import Store
from edge.devices.ports import NoPrinter
from edge.devices.printer_escpos import EscposPrinter
from edge.devices.simulated.printer import SimulatedPrinter
from edge.errors import AlreadyRunning, ConfigInvalid, EdgeError
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Clock, a_config, a_rig, a_unit, with_key
from tests.edge.sync.small_hub import (
    Asked,
    Reply,
    a_pull_answer,
    a_push_receipt,
    a_small_hub,
    good,
    signed_reply,
)

WAIT_S = 20
BOTH = ("zh-CN", "en")


@pytest.fixture(name="directory")
def _directory(tmp_path: Path) -> Path:
    """A unit that has redeemed one voucher and stopped."""
    with a_rig(tmp_path / "unit") as rig:
        rig.present(b.a_token())
        rig.store.checkpoint()
    return tmp_path / "unit"


def redeem(pos: FlaskClient, number: int, language: str = "en") -> TestResponse:
    return pos.post(
        "/v1/redemptions",
        json={"scan": b.a_token(voucher_id=e.voucher(number))},
        headers={"Idempotency-Key": f"{number} {language}", "Accept-Language": language},
    )


def is_free(directory: Path) -> bool:
    """Whether nobody holds the database."""
    try:
        Store(directory / "unit.db").close()
    except AlreadyRunning:
        return False
    return True


# --- a unit that works ---------------------------------------------------------------------------


def test_one_scan_is_answered_recorded_printed_and_pushed(directory: Path) -> None:
    clock = Clock()
    with SimulatedPrinter() as printer, a_small_hub() as hub:
        config = replace(
            a_config(directory), printer=PrinterSection(printer.url),
            hub=replace(EdgeConfig().hub, url=hub.url),
        )  # fmt: skip
        unit = Unit(config, Parts(clock.wall_s, clock.steady_s))
        unit.start()
        answer = redeem(with_key(unit), 1)
        assert answer.status_code == 201
        papers = printer.wait_for_papers(2, timeout_s=WAIT_S)
        hub.wait_for(1, "/push")
        unit.stop()
    assert json.loads(answer.data)["entry"]["hash"] in papers[1].text
    assert is_free(directory)


def test_a_unit_starts_and_stops_again_and_again(directory: Path) -> None:
    before = set(threading.enumerate())
    for _ in range(3):
        with a_unit(directory) as unit:
            unit.start()
        assert is_free(directory)
    assert set(threading.enumerate()) <= before


def test_stopping_twice_or_without_a_start_does_nothing(directory: Path) -> None:
    with a_unit(directory) as unit:
        unit.stop()
        unit.stop()


def test_serving_ends_with_everything_closed(directory: Path) -> None:
    with a_unit(directory) as unit:
        ends = KeyboardInterrupt

        def ready(address: str) -> None:
            assert address.startswith("http://127.0.0.1:")
            raise ends

        with pytest.raises(ends):
            unit.serve(ready)
        assert is_free(directory)


def test_while_nobody_waits_the_wal_is_copied(directory: Path) -> None:
    with a_unit(directory) as unit:
        assert unit.store is not None
        copied = threading.Event()
        unit.store.checkpoint_if_worthwhile = copied.set  # type: ignore[method-assign]
        unit.start()
        assert copied.wait(WAIT_S)


# --- a unit that must not start ------------------------------------------------------------------

MUST_NOT_START: dict[str, tuple[dict[str, Any], str]] = {
    "a printer of no address": ({"printer": PrinterSection("tcp://p")}, "tcp://HOST:PORT"),
    "a printer of no profile": ({"printer": PrinterSection("tcp://p:1", "x")}, "printer profile"),
    "a hub of no address": ({"hub": replace(EdgeConfig().hub, url="http://")}, "a hub is at"),
}


@pytest.mark.parametrize(("sections", "told"), MUST_NOT_START.values(), ids=MUST_NOT_START)
def test_a_setting_that_is_wrong_stops_the_start_and_holds_nothing(
    directory: Path, sections: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigInvalid, match=told):
        Unit(replace(a_config(directory), **sections))
    assert is_free(directory)


def test_a_second_process_on_the_same_data_does_not_start(directory: Path) -> None:
    with a_unit(directory), pytest.raises(AlreadyRunning):
        Unit(a_config(directory))


@pytest.mark.parametrize("host", ["no.such.host.invalid", "256.1.1.1", "a..b", "x" * 300])
def test_a_host_that_is_none_is_told(directory: Path, host: str) -> None:
    with a_unit(directory) as unit, pytest.raises(ConfigInvalid, match="cannot be listened at"):
        listen(unit.flask, host, 0, threads=1)


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigInvalid, match="cannot be made"):
            Unit(a_config(place))


def test_the_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    private_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_the_printer_is_the_one_of_the_settings() -> None:
    assert isinstance(build_printer(EdgeConfig()), NoPrinter)
    config = replace(EdgeConfig(), printer=PrinterSection("tcp://127.0.0.1:9100"))
    assert isinstance(build_printer(config), EscposPrinter)


# --- a unit that starts, but redeems nothing -----------------------------------------------------


def empty(directory: Path) -> None:
    for path in directory.glob("unit.db*"):
        path.unlink()


def garbage(directory: Path) -> None:
    empty(directory)
    (directory / "unit.db").write_bytes(b"garbage" * 5000)


def a_directory_in_its_place(directory: Path) -> None:
    empty(directory)
    (directory / "unit.db").mkdir()


def damaged_pages(directory: Path) -> None:
    data = bytearray((directory / "unit.db").read_bytes())
    for at in range(2048, len(data), 1024):
        data[at : at + 8] = b"\xff" * 8
    (directory / "unit.db").write_bytes(data)


def altered(directory: Path, statement: str) -> None:
    connection = apsw.Connection(str(directory / "unit.db"))
    connection.execute("DROP TRIGGER journal_is_never_changed")
    connection.execute(statement)
    connection.close()


def an_altered_entry(directory: Path) -> None:
    altered(directory, "UPDATE journal SET hash = zeroblob(32) WHERE seq = 2")


def an_altered_word_of_the_hub(directory: Path) -> None:
    altered(directory, "UPDATE bundle SET message = x'00' WHERE kind = 'policy'")


def other_keys(directory: Path) -> None:
    keys = UnitKeys(b.a_sign_key("another"), b.a_seal_key("another"))
    e.write_keys(directory / "unit.key", keys)


CLOSED: dict[str, tuple[Callable[[Path], None], str, int]] = {
    "it is not enrolled": (empty, "unit-not-enrolled", 503),
    "its database is none": (garbage, "journal-broken", 503),
    "its database cannot be opened": (a_directory_in_its_place, "store-unavailable", 503),
    "its database has damaged pages": (damaged_pages, "journal-broken", 503),
    "an entry was altered": (an_altered_entry, "journal-broken", 503),
    "the hub's word was altered": (an_altered_word_of_the_hub, "journal-broken", 503),
    "its keys are others": (other_keys, "journal-broken", 503),
}
TRIES = [("POST", "/v1/redemptions"), ("POST", "/v1/verifications"), ("POST", "/v1/sync"),
         ("GET", "/v1/redemptions/1/2"), ("POST", "/v1/redemptions/1/2/copies")]  # fmt: skip


def problem_of(response: TestResponse) -> dict[str, Any]:
    assert response.content_type == "application/problem+json"
    problem: dict[str, Any] = json.loads(response.data)
    return problem


@pytest.mark.parametrize(("damage", "slug", "status"), CLOSED.values(), ids=CLOSED)
def test_it_comes_up_and_answers_everything_with_the_reason(
    directory: Path, damage: Callable[[Path], None], slug: str, status: int
) -> None:
    damage(directory)
    with a_unit(directory) as unit:
        unit.start()
        pos = with_key(unit)
        for language in BOTH:
            for method, path in TRIES:
                headers = {"Accept-Language": language, "Idempotency-Key": "k"}
                response = pos.open(
                    path, method=method, headers=headers, json={"scan": b.a_token()}
                )
                problem = problem_of(response)
                assert (problem["type"], response.status_code) == (f"/problems/{slug}", status)
                for sentence in (problem["title"], problem["detail"]):
                    assert sentence
                    assert sentence.isascii() == (language == "en")
        body = json.loads(pos.get("/v1/status").data)
        assert (body["enrolled"], body["problem"]) == (False, slug)
        with pytest.raises(EdgeError) as caught:
            unit.sync_now()
        assert caught.value.slug == slug


@pytest.mark.parametrize(("damage", "slug", "status"), CLOSED.values(), ids=CLOSED)
def test_its_page_says_what_to_do_in_both_languages(
    directory: Path, damage: Callable[[Path], None], slug: str, status: int
) -> None:
    damage(directory)
    with a_unit(directory) as unit:
        visitor = unit.flask.test_client()
        pages = [visitor.get("/", headers={"Accept-Language": language}) for language in BOTH]
        assert [page.status_code for page in pages] == [status] * 2
        assert "tearoff-unit" in pages[0].text
        assert "tearoff-unit" in pages[1].text
        assert pages[0].text != pages[1].text
        assert unit.broken is not None
        assert unit.broken.title in pages[1].text
        assert unit.broken.title not in pages[0].text
        assert "Traceback" not in pages[0].text + pages[1].text
        assert visitor.post("/redeem", data={"scan": b.a_token()}).status_code in {401, 404}


def content_of(directory: Path) -> object:
    """What stands in the database, as far as it can be read."""
    path = directory / "unit.db"
    if path.is_dir():
        return sorted(path.iterdir())
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        return [connection.execute(f"SELECT * FROM {t}").fetchall() for t in ("journal", "bundle")]
    except apsw.Error:
        return path.read_bytes()


@pytest.mark.parametrize("damage", [damage for damage, *_ in CLOSED.values() if damage != empty])
def test_it_changes_nothing_of_what_is_damaged(
    directory: Path, damage: Callable[[Path], None]
) -> None:
    """Whoever has to find out what happened finds it as it was."""
    damage(directory)
    before = content_of(directory)
    with a_unit(directory) as unit:
        unit.start()
        redeem(with_key(unit), 1)
    assert content_of(directory) == before


# --- a unit that starts, and says that something is missing --------------------------------------


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff" * 8192], ids=["missing", "empty", "altered"]
)
def test_without_its_anchor_a_unit_goes_on_in_a_new_epoch_and_says_so(
    directory: Path, content: bytes | None
) -> None:
    path = directory / "anchor"
    path.unlink() if content is None else path.write_bytes(content)
    with a_unit(directory) as unit:
        pos = with_key(unit)
        again = pos.post(
            "/v1/redemptions", json={"scan": b.a_token()}, headers={"Idempotency-Key": "k"}
        )
        assert problem_of(again)["reason"] == "already-redeemed", "nothing was forgotten"
        journal = json.loads(pos.get("/v1/status").data)["journal"]
        assert journal["epoch"] == 2
        cause = "anchor-missing" if content is None else "anchor-unreadable"
        assert journal["gap"]["cause"] == cause
        assert "流水账 请联系技术支持" in strip_of(unit, "zh-CN")
        assert "Journal call support" in strip_of(unit, "en")


def test_with_a_clock_in_1970_a_unit_starts_and_refuses_what_may_have_expired(
    directory: Path,
) -> None:
    clock = Clock(0)
    with a_unit(directory, parts=Parts(clock.wall_s, clock.steady_s)) as unit:
        pos = with_key(unit)
        for language in BOTH:
            problem = problem_of(redeem(pos, 1, language))
            assert (problem["reason"], problem["way_out"]) == ("clock-uncertain", "network")
            assert problem["detail"].isascii() == (language == "en")
        assert json.loads(pos.get("/v1/status").data)["clock"]["source"] == "floor"


# --- a unit whose world is not well --------------------------------------------------------------


def strip_of(unit: Unit, language: str) -> str:
    """The lamps that a clerk sees."""
    client = unit.flask.test_client()
    with client.session_transaction() as session:
        session["clerk"] = "li"
    page = client.get("/strip", headers={"Accept-Language": language}).text
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.parametrize(
    ("fault", "state", "told"),
    [("paper_end", "paper-end", ("打印机 等待装纸", "Printer waits for paper")),
     ("cover_open", "cover-open", ("打印机 上盖未合", "Printer cover open")),
     ("", "unreachable", ("打印机 无法连接", "Printer not reachable"))],
    ids=["no paper", "cover open", "no printer"],
)  # fmt: skip
def test_a_printer_that_is_not_well_stops_no_redemption_and_loses_no_receipt(
    directory: Path, fault: str, state: str, told: tuple[str, str]
) -> None:
    clock = Clock()
    with SimulatedPrinter() as printer:
        if fault:
            printer.faults.change(**{fault: True})
        else:
            printer.stop()
        config = replace(a_config(directory), printer=PrinterSection(printer.url))
        unit = Unit(config, Parts(clock.wall_s, clock.steady_s))
        assert unit.core is not None
        unit.core.receipts.print_next()
        assert redeem(with_key(unit), 1).status_code == 201
        told_state = json.loads(with_key(unit).get("/v1/status").data)["printer"]
        assert told_state == {"state": state, "papers_owed": 2, "papers_held": 0}
        assert all(t in strip_of(unit, lang) for t, lang in zip(told, BOTH, strict=True))
        if fault:
            printer.faults.change(**{fault: False})
        else:
            printer.start()
        unit.start()
        assert len(printer.wait_for_papers(2, timeout_s=WAIT_S)) == 2
        unit.stop()


UNBELIEVABLE: dict[str, Callable[[Asked], Reply]] = {
    "nonsense": lambda _: Reply(b"\x00\xff" * 500),
    "a page": lambda _: Reply(b"<html>", content_type="text/html"),
    "an error": lambda _: Reply(status=500),
    "a right message with a wrong signature": lambda asked: (
        signed_reply(Kind.PULL_ANSWER, a_pull_answer(asked).to_body(), key="thief")
        if asked.path.endswith("/pull")
        else signed_reply(Kind.PUSH_RECEIPT, a_push_receipt(asked).to_body(), key="thief")
    ),
}


@pytest.mark.parametrize("answer", UNBELIEVABLE.values(), ids=UNBELIEVABLE)
def test_a_hub_that_cannot_be_believed_is_no_hub_and_nothing_is_lost(
    directory: Path, answer: Callable[[Asked], Reply]
) -> None:
    with a_small_hub(answer) as hub, a_unit(directory, hub_url=hub.url) as unit:
        pos = with_key(unit)
        assert redeem(pos, 1).status_code == 201, "within its policy a unit decides alone"
        assert json.loads(pos.post("/v1/sync").data) == {"pull": False, "push": False}
        status = json.loads(pos.get("/v1/status").data)
        assert (status["hub"]["online"], status["journal"]["unsent"]) == (False, 3)
        assert status["hub"]["error"]
        assert "总部 离线" in strip_of(unit, "zh-CN")
        assert "Headquarters offline" in strip_of(unit, "en")
        hub.answer = good
        assert json.loads(pos.post("/v1/sync").data) == {"pull": True, "push": True}
        assert json.loads(pos.get("/v1/status").data)["journal"]["unsent"] == 0
