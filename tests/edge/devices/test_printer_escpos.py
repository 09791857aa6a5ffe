"""A printer at a TCP port: what it is asked, and what each of its moods is taken for."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from edge.devices.paper import Row, Style
from edge.devices.ports import NoPrinter, Printed, Printer, PrinterState
from edge.devices.printer_escpos import EscposPrinter
from edge.devices.printers.address import parse_tcp
from edge.devices.simulated.escpos_paper import StatusKind, StatusRequest
from edge.devices.simulated.printer import SimulatedPrinter
from edge.errors import ConfigInvalid
from tests.edge.builders import TillPrinter, a_printer_profile

PROFILE = a_printer_profile(link={"io_ms": 250}, status_query={"done_ms": 250})
ROWS = [Row("金额 ¥88.00"), *[Row(f"line {n}") for n in range(60)], Row("", Style.CUT)]


@pytest.fixture(name="simulated")
def _simulated() -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter() as printer:
        yield printer


def a_printer(simulated: SimulatedPrinter, **bent: Any) -> Printer:
    """Waits as long as is given, or as long as it takes."""
    profile = a_printer_profile(**bent)
    if "link" in bent:
        return EscposPrinter(simulated.url, profile)
    return TillPrinter(simulated, profile)


def test_a_printer_that_is_well_prints_and_says_so(simulated: SimulatedPrinter) -> None:
    printer: Printer = a_printer(simulated)
    assert printer.state() is PrinterState.READY
    assert printer.print(ROWS).printed is Printed.CONFIRMED
    [paper] = simulated.papers()
    assert paper.text.splitlines()[0] == "金额 ￥88.00"
    assert paper.unknown_commands == ()


def test_it_is_asked_before_and_after_and_only_then(simulated: SimulatedPrinter) -> None:
    a_printer(simulated).print(ROWS)
    asked = [event for event in simulated.events() if isinstance(event, StatusRequest)]
    real, in_turn = StatusKind.REAL_TIME, StatusKind.IN_TURN
    assert asked == [StatusRequest(real, 2), StatusRequest(real, 4), StatusRequest(in_turn, 1)]


STATES: list[tuple[dict[str, Any], PrinterState]] = [
    ({}, PrinterState.READY),
    ({"paper_low": True}, PrinterState.PAPER_LOW),
    ({"paper_end": True}, PrinterState.PAPER_END),
    ({"cover_open": True}, PrinterState.COVER_OPEN),
    ({"error": True}, PrinterState.ERROR),
    ({"mute": True}, PrinterState.UNKNOWN),
    ({"garbage": True}, PrinterState.UNKNOWN),
    ({"cover_open": True, "paper_end": True}, PrinterState.COVER_OPEN),
    ({"paper_end": True, "paper_low": True}, PrinterState.PAPER_END),
]


@pytest.mark.parametrize(("faults", "state"), STATES, ids=str)
def test_its_state_is_told_and_unknown_is_never_ready(
    simulated: SimulatedPrinter, faults: dict[str, Any], state: PrinterState
) -> None:
    simulated.faults.change(**faults)
    assert a_printer(simulated).state() is state


@pytest.mark.parametrize(
    "faults", [{"paper_end": True}, {"cover_open": True}, {"error": True}, {"mute": True},
               {"garbage": True}],
    ids=lambda v: next(iter(v)),
)  # fmt: skip
def test_a_printer_that_is_not_ready_gets_not_one_byte_of_the_paper(
    simulated: SimulatedPrinter, faults: dict[str, Any]
) -> None:
    simulated.faults.change(**faults)
    outcome = a_printer(simulated).print(ROWS)
    assert outcome.printed is Printed.NOTHING_WRITTEN
    assert outcome.detail
    simulated.faults.change(**dict.fromkeys(faults, False))
    assert a_printer(simulated).state() is PrinterState.READY
    assert (simulated.papers(), simulated.open_paper().raw) == ([], b"")


UNCERTAIN = [{"drop_after": 200}, {"stall_after": 100}, {"wrong_ack": True}]


@pytest.mark.parametrize("faults", UNCERTAIN, ids=lambda v: next(iter(v)))
def test_what_may_be_on_paper_is_uncertain_and_never_confirmed(
    simulated: SimulatedPrinter, faults: dict[str, Any]
) -> None:
    simulated.faults.change(**faults)
    outcome = a_printer(simulated).print(ROWS)
    assert outcome.printed is Printed.UNCERTAIN
    assert outcome.detail


def test_paper_that_ends_in_the_middle_is_uncertain(simulated: SimulatedPrinter) -> None:
    simulated.faults.slow_bytes_per_s = 2000
    impatient = a_printer(simulated, link={"io_ms": 600}, status_query={"done_ms": 600})
    done: list[Printed] = []
    printing = threading.Thread(target=lambda: done.append(impatient.print(ROWS).printed))
    printing.start()
    while not simulated.open_paper().raw:
        assert printing.is_alive() or done
    simulated.faults.paper_end = True
    printing.join(10)
    assert done == [Printed.UNCERTAIN]


def test_a_slow_printer_is_waited_for_as_long_as_its_profile_says(
    simulated: SimulatedPrinter,
) -> None:
    simulated.faults.slow_bytes_per_s = 4000
    assert a_printer(simulated, link={"io_ms": 9000}).print(ROWS).printed is Printed.CONFIRMED


@pytest.mark.parametrize("faults", [{}, {"mute": True}, {"wrong_ack": True}])
def test_a_printer_that_never_answers_by_its_profile_is_sent_to(
    simulated: SimulatedPrinter, faults: dict[str, Any]
) -> None:
    simulated.faults.change(**faults)
    printer = a_printer(simulated, status_query={"dialect": "none"})
    assert printer.state() is PrinterState.READY, "more cannot be known of it"
    assert printer.print(ROWS).printed is Printed.SENT
    assert len(simulated.wait_for_papers(1)) == 1


def test_a_printer_that_is_not_there_is_unreachable(simulated: SimulatedPrinter) -> None:
    printer = a_printer(simulated)
    simulated.stop()
    assert printer.state() is PrinterState.UNREACHABLE
    assert printer.print(ROWS) == (Printed.NOTHING_WRITTEN, "unreachable")


def test_a_printer_in_use_by_another_till_is_waited_for(simulated: SimulatedPrinter) -> None:
    """It serves one client at a time; the next one gets no answer and tries later."""
    with socket.create_connection(simulated.address):
        assert (
            a_printer(simulated, link={"io_ms": 250}).print(ROWS).printed is Printed.NOTHING_WRITTEN
        )
    assert a_printer(simulated).print(ROWS).printed is Printed.CONFIRMED


class TalkativeServer:
    """Something at the port that is no printer and sends these bytes for ever."""

    def __init__(self, talk: bytes) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        try:
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    connection.settimeout(5)
                    while True:
                        connection.sendall(self._talk)
        except OSError:
            pass

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class CurtServer:
    """Something at the port that gives these answers, one a question, and then hangs up."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    for answer in self._answers:
                        connection.recv(64)
                        connection.sendall(answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.mark.parametrize("answers", [(), (b"\x12",)], ids=["at once", "after one answer"])
def test_something_that_hangs_up_gets_nothing_to_print(answers: tuple[bytes, ...]) -> None:
    server = CurtServer(*answers)
    printer = EscposPrinter(server.url, a_printer_profile(link={"io_ms": 9000}))
    assert printer.state() is PrinterState.UNREACHABLE
    assert printer.print(ROWS) == (Printed.NOTHING_WRITTEN, "unreachable")
    server.close()


def test_something_that_talks_without_end_is_given_up_in_time() -> None:
    server = TalkativeServer(b"\x00" * 64)
    begun = time.monotonic()
    printer = EscposPrinter(server.url, PROFILE)
    assert printer.state() in {PrinterState.UNKNOWN, PrinterState.UNREACHABLE}
    assert time.monotonic() - begun < 5
    server.close()


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "address"),
    [("tcp://127.0.0.1:9100", ("127.0.0.1", 9100)), ("tcp://printer.local:1", ("printer.local", 1)),
     ("tcp://[::1]:9100", ("::1", 9100)), ("tcp://p:65535", ("p", 65535))],
)  # fmt: skip
def test_an_address_is_host_and_port(url: str, address: tuple[str, int]) -> None:
    assert parse_tcp(url) == address


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:9100", "tcp://127.0.0.1", "tcp://:9100", "tcp://p:", "tcp://p:x", "tcp://p:0",
     "tcp://p:65536", "tcp://p:-1", "tcp://p:9１00", "usb://p:9100", "tcp://a..b:9100",
     f"tcp://{'a' * 64}:9100", "tcp://a b:9100", "tcp://a\x00b:9100"],
)  # fmt: skip
def test_what_is_no_address_is_a_setting_that_is_wrong(url: str) -> None:
    with pytest.raises(ConfigInvalid, match="tcp://HOST:PORT"):
        parse_tcp(url)


def test_a_unit_without_a_printer_writes_nothing() -> None:
    printer: Printer = NoPrinter()
    assert printer.state() is PrinterState.ABSENT
    assert printer.print(ROWS) == (Printed.NOTHING_WRITTEN, "absent")


@pytest.mark.parametrize("state", list(PrinterState))
def test_only_a_printer_known_to_be_well_is_sent_to(state: PrinterState) -> None:
    assert state.can_print == (state in {PrinterState.READY, PrinterState.PAPER_LOW})
