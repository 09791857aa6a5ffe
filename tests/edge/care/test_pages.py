"""The doctor on a page: for a supervisor, in both languages, and on a unit that is not enrolled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.app import Unit
from edge.config import PrinterSection
from edge.core import Parts
from edge.db import Store
from edge.devices.ports import PrinterState
from edge.web.session import Clerks
from tests.edge.builders import a_config, a_rig


@pytest.fixture(name="enrolled")
def _enrolled(tmp_path: Path) -> Path:
    with a_rig(tmp_path / "unit"):
        pass
    return tmp_path / "unit"


def logged_in(unit: Unit, name: str, pin: str, locale: str = "en") -> Any:
    client = unit.flask.test_client()
    client.post("/language", data={"locale": locale, "back": "/"})
    assert client.post("/login", data={"name": name, "pin": pin}).status_code == 302
    return client


def pins(directory: Path) -> dict[str, str]:
    store = Store(directory / "unit.db")
    clerks = Clerks(store, lambda: 0.0)
    found = {"li": clerks.add("li"), "wang": clerks.add("wang", is_supervisor=True)}
    store.close()
    return found


def test_only_a_supervisor_looks_behind_the_screen(enrolled: Path) -> None:
    pin = pins(enrolled)
    unit = Unit(a_config(enrolled), Parts())
    assert unit.flask.test_client().get("/doctor").headers["Location"].endswith("/login")
    clerk = logged_in(unit, "li", pin["li"])
    refused = clerk.get("/doctor")
    assert refused.status_code == 401
    assert "supervisor" in refused.text
    assert "/doctor" not in clerk.get("/").text
    supervisor = logged_in(unit, "wang", pin["wang"])
    assert 'href="/doctor"' in supervisor.get("/").text
    assert supervisor.get("/doctor").status_code == 200
    unit.stop()


def test_a_clerk_who_gets_a_new_pin_is_a_supervisor_no_more(enrolled: Path) -> None:
    pins(enrolled)
    store = Store(enrolled / "unit.db")
    clerks = Clerks(store, lambda: 0.0)
    assert clerks.is_supervisor("wang")
    clerks.add("wang")
    assert not clerks.is_supervisor("wang")
    assert not clerks.is_supervisor("nobody")
    store.close()


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", ("Everything is well.", "every one follows the one before", "What to do")),
        ("zh-CN", ("一切正常。", "逐笔相连", "怎么办", "锚点")),
    ],
)
def test_the_page_says_everything_in_both_languages(
    enrolled: Path, locale: str, words: tuple[str, ...]
) -> None:
    pin = pins(enrolled)
    unit = Unit(a_config(enrolled), Parts())
    text = logged_in(unit, "wang", pin["wang"], locale).get("/doctor").text
    assert [word for word in words if word not in text] == []
    unit.stop()


def test_the_printer_is_told_as_its_own_thread_has_seen_it(enrolled: Path) -> None:
    """A printer serves one connection at a time; the doctor must not take it from a receipt."""
    pin = pins(enrolled)
    config = a_config(enrolled, printer=PrinterSection("tcp://127.0.0.1:9"))
    unit = Unit(config, Parts())
    assert unit.core is not None
    unit.core.receipts.state = PrinterState.PAPER_END
    text = logged_in(unit, "wang", pin["wang"]).get("/doctor").text
    assert "put a new roll in" in text
    assert "Something is broken." in text
    unit.stop()


def test_a_unit_that_is_not_enrolled_shows_it_on_its_own_screen_only(tmp_path: Path) -> None:
    unit = Unit(a_config(tmp_path / "unit"), Parts())
    client = unit.flask.test_client()
    text = client.get("/doctor", headers={"Accept-Language": "en"}).text
    assert "not enrolled" in text
    assert "run: tearoff-unit enrol" in text
    far = client.get("/doctor", environ_base={"REMOTE_ADDR": "192.168.0.7"})
    assert far.status_code == 401
    assert "tearoff-unit enrol" not in far.text
    unit.stop()
