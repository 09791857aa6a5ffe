"""The pages of the simulated printer: papers, faults, and nothing that runs by itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from edge.devices.simulated.pages import printer_pages
from edge.devices.simulated.printer import SimulatedPrinter


@pytest.fixture(name="printer")
def _printer() -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter(width_dots=384) as printer:
        yield printer


@pytest.fixture(name="pages")
def _pages(printer: SimulatedPrinter) -> FlaskClient:
    return printer_pages(printer).test_client()


def send(printer: SimulatedPrinter, data: bytes) -> None:
    """Print, and wait until all of it is on paper."""
    with socket.create_connection(printer.address, timeout=5) as client:
        client.sendall(data + b"\x1dr\x01")
        assert client.recv(1) == b"\x00"


def test_without_papers_it_says_so_in_both_languages(pages: FlaskClient) -> None:
    page = pages.get("/").text
    assert "还没有小票" in page
    assert "No receipt has been printed yet" in page
    assert "小票" in page
    assert "Receipts" in page


def test_the_newest_paper_comes_first(printer: SimulatedPrinter, pages: FlaskClient) -> None:
    send(printer, b"first\n\x1dV\x00second\n\x1dV\x00")
    page = pages.get("/").text
    assert page.index("second") < page.index("first")
    assert page.index('src="/papers/2.png') < page.index('src="/papers/1.png')
    assert "No receipt" not in page


def test_what_was_printed_is_escaped(printer: SimulatedPrinter, pages: FlaskClient) -> None:
    send(printer, b"<script>alert(1)</script>&\n\x1dV\x00")
    page = pages.get("/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in page
    assert "<script>alert" not in page


def test_a_paper_not_cut_yet_is_shown(printer: SimulatedPrinter, pages: FlaskClient) -> None:
    send(printer, b"half a rec\n")
    page = pages.get("/").text
    assert "Not cut yet" in page
    assert "half a rec" in page
    assert pages.get("/papers/1.png").status_code == 200
    assert pages.get("/papers.json").json == []


def test_unknown_commands_are_shown_loudly(printer: SimulatedPrinter, pages: FlaskClient) -> None:
    send(printer, b"\x1b{1x\n\x1dV\x00")
    assert "Unknown commands" in pages.get("/").text
    [paper] = pages.get("/papers.json").json or []
    assert paper == {
        "number": 1,
        "text": "1x",
        "bytes_hex": b"\x1b{1x\n\x1dV\x00".hex(),
        "unknown_commands": [
            {"offset": 0, "hex": "1b7b", "why": "this is no command that the printer has"}
        ],
    }


def test_a_picture_is_a_png_and_only_of_papers_there_are(
    printer: SimulatedPrinter, pages: FlaskClient
) -> None:
    send(printer, b"x\n\x1dV\x00")
    answer = pages.get("/papers/1.png")
    assert (answer.mimetype, answer.data[:4]) == ("image/png", b"\x89PNG")
    assert pages.get("/papers/2.png").status_code == 404


BOOLEAN_FAULTS = [
    "paper_end", "paper_low", "cover_open", "error", "mute", "garbage", "wrong_ack",
]  # fmt: skip


@pytest.mark.parametrize("fault", BOOLEAN_FAULTS)
def test_each_boolean_fault_has_a_switch(
    printer: SimulatedPrinter, pages: FlaskClient, fault: str
) -> None:
    assert f'action="/faults/{fault}"' in pages.get("/").text
    for is_on in (True, False):
        answer = pages.post(f"/faults/{fault}", data={"on": str(int(is_on))})
        assert (answer.status_code, answer.location) == (303, "/")
        assert getattr(printer.faults, fault) is is_on
        assert pages.get("/").text.count('aria-pressed="true"') == is_on


def test_every_boolean_of_the_faults_has_its_switch(printer: SimulatedPrinter) -> None:
    now = printer.faults.now()
    names = [name for name in vars(now) if isinstance(getattr(now, name), bool)]
    assert sorted(names) == sorted(BOOLEAN_FAULTS)


@pytest.mark.parametrize("name", ["drop_after", "_lock", "change", "nothing"])
def test_nothing_else_can_be_switched(pages: FlaskClient, name: str) -> None:
    assert pages.post(f"/faults/{name}", data={"on": "1"}).status_code == 404


def test_a_form_on_another_site_switches_nothing(
    printer: SimulatedPrinter, pages: FlaskClient
) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = pages.post("/faults/cover_open", data={"on": "1"}, headers=headers)
    assert answer.status_code == 403
    assert not printer.faults.cover_open
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert pages.post("/faults/cover_open", data={"on": "1"}, headers=headers).status_code == 303


@pytest.mark.parametrize("path", ["/", "/papers.json", "/printer.css", "/printer.js", "/nothing"])
def test_every_answer_has_a_strict_policy(pages: FlaskClient, path: str) -> None:
    headers = pages.get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_brings_everything_itself_and_needs_no_exception(pages: FlaskClient) -> None:
    page = pages.get("/").text
    assert "http://" not in page
    assert "https://" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    for path in ("/printer.css", "/printer.js"):
        assert f'"{path}"' in page
        assert pages.get(path).status_code == 200
    assert "prefers-color-scheme: dark" in pages.get("/printer.css").text


def test_the_page_refreshes_itself_every_two_seconds(pages: FlaskClient) -> None:
    assert "2000" in pages.get("/printer.js").text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in pages.get("/").text
