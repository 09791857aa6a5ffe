"""A Star printer is asked in its own dialect: before, how it is; after, what it has counted."""

from __future__ import annotations

import pytest

from edge.devices.paper import Row, Style
from edge.devices.ports import Printed, PrinterState
from edge.devices.printer_escpos import EscposPrinter
from edge.devices.simulated.escpos_paper import QrCode
from tests.edge.builders import a_printer_profile
from tests.edge.devices.printers.star import StarPrinter

QUICK = a_printer_profile("star-line", link={"io_ms": 300}, status_query={"done_ms": 300})
PATIENT = a_printer_profile("star-line", link={"io_ms": 20_000}, status_query={"done_ms": 20_000})
ROWS = [
    Row("Receipt 57"), Row("Amount", Style.LARGE), Row("S0412-K1", Style.QR),
    Row("", Style.DRAWER), Row("", Style.CUT),
]  # fmt: skip


def test_a_star_printer_prints_and_has_counted_it() -> None:
    with StarPrinter() as star:
        printer = EscposPrinter(star.url, PATIENT)
        assert printer.state() is PrinterState.READY
        assert printer.print(ROWS).printed is Printed.CONFIRMED
        assert printer.print(ROWS).printed is Printed.CONFIRMED, "the count goes on"
        first = star.reader.papers[0]
        assert first.text == "Receipt 57\nAmount\n[QR] S0412-K1"
        assert [strip.module_dots for strip in first.strips if isinstance(strip, QrCode)] == [4]
        assert star.reader.drawers == 2


STATES = [
    (b"\x00\x00\x00\x00", PrinterState.READY),
    (b"\x20\x00\x00\x00", PrinterState.COVER_OPEN),
    (b"\x00\x00\x00\x08", PrinterState.PAPER_END),
    (b"\x00\x00\x00\x04", PrinterState.PAPER_LOW),
    (b"\x00\x08\x00\x00", PrinterState.ERROR),
    (b"\x00\x00\x02\x00", PrinterState.ERROR),
    (b"\x28\x00\x00\x0c", PrinterState.COVER_OPEN),
]


@pytest.mark.parametrize(("status", "state"), STATES, ids=str)
def test_each_state_of_a_star_printer_is_understood(status: bytes, state: PrinterState) -> None:
    with StarPrinter(status) as star:
        printer = EscposPrinter(star.url, PATIENT)
        assert printer.state() is state
        outcome = printer.print(ROWS)
        assert (outcome.printed is Printed.CONFIRMED) == state.can_print
        assert bool(star.reader.papers) == state.can_print


def test_a_star_printer_that_does_not_count_is_uncertain() -> None:
    with StarPrinter(counts=False) as star:
        assert EscposPrinter(star.url, QUICK).print(ROWS).printed is Printed.UNCERTAIN


def test_a_star_printer_that_is_silent_gets_nothing_to_print() -> None:
    with StarPrinter(None) as star:
        printer = EscposPrinter(star.url, QUICK)
        assert printer.print(ROWS) == (Printed.NOTHING_WRITTEN, PrinterState.UNKNOWN)
        assert not star.reader.papers
