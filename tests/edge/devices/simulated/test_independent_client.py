"""The simulated printer, asked by a client that none of us wrote: receiptio (npm, Apache-2.0).

Run it with ``npm install --global receiptio@2.1.2``, or with the directory of a local installation
before ``PATH``: ``PATH=$PWD/node_modules/.bin:$PATH``.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from edge.devices.simulated.printer import SimulatedPrinter

RECEIPTIO = shutil.which("receiptio") or ""
PORT = 9100
"""It knows no other."""
RECEIPT = (
    "^^^Tearoff\n\nCoffee | 30.00\n---\n^Total | ^30.00\n\n{c:qr; option:qrcode,4,l}\n{c:hello}\n"
)

pytestmark = pytest.mark.skipif(
    not RECEIPTIO, reason="receiptio is not installed: npm install --global receiptio@2.1.2"
)


@pytest.fixture(name="printer")
def _printer() -> Iterator[SimulatedPrinter]:
    try:
        with SimulatedPrinter(port=PORT) as printer:
            yield printer
    except OSError as exc:
        pytest.skip(f"port {PORT} cannot be listened at: {exc.strerror}")


def receiptio(*args: str, given: str = "") -> str:
    done = subprocess.run(
        [RECEIPTIO, "-d", "127.0.0.1", "-p", "escpos", "-t", "20", *args],
        input=given, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return (done.stdout + done.stderr).strip()


@pytest.mark.parametrize(
    ("fault", "told"),
    [("", "online"), ("paper_end", "paperempty"), ("cover_open", "coveropen"), ("error", "error"),
     ("mute", "offline")],
)  # fmt: skip
def test_a_stranger_understands_how_the_printer_is(
    printer: SimulatedPrinter, fault: str, told: str
) -> None:
    if fault:
        printer.faults.change(**{fault: True})
    assert receiptio("-q") == told


def test_a_stranger_prints_and_is_told_that_it_is_done(printer: SimulatedPrinter) -> None:
    assert receiptio(given=RECEIPT) == "success"
    papers = [*printer.papers(), printer.open_paper()]
    text = "\n".join(paper.text for paper in papers)
    assert "Tearoff" in text
    assert "30.00" in text
