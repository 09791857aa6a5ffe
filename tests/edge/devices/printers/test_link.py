"""The wires to a printer: real sockets and pseudo terminals, and every wait has its end."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.devices.paper import Row, Style
from edge.devices.ports import Printed, PrinterState
from edge.devices.printer_escpos import EscposPrinter
from edge.devices.printers.address import Address, parse_address
from edge.devices.simulated.printer import SimulatedPrinter
from edge.devices.simulated.serial_plug import SerialPlug
from edge.errors import ConfigInvalid
from tests.edge.builders import TillPrinter, a_printer_profile

ROWS = [Row("金额 ¥88.00"), *[Row(f"line {n}") for n in range(60)], Row("", Style.CUT)]
QUICK = a_printer_profile(link={"io_ms": 250, "baud": 115200}, status_query={"done_ms": 250})
PATIENT = a_printer_profile(link={"baud": 921600})
SILENT = a_printer_profile(link={"io_ms": 250, "baud": 921600}, status_query={"dialect": "none"})


@pytest.fixture(name="simulated")
def _simulated(tmp_path: Path) -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter(serial=tmp_path / "printer") as printer:
        yield printer


@pytest.fixture(name="plug")
def _plug(tmp_path: Path) -> Iterator[SerialPlug]:
    """A line at whose other end nobody reads."""
    plug = SerialPlug(tmp_path / "printer")
    yield plug
    plug.unplug()


# --- a serial line -------------------------------------------------------------------------------


def test_a_printer_at_a_serial_line_prints_and_says_so(simulated: SimulatedPrinter) -> None:
    printer = TillPrinter(simulated, PATIENT)
    assert printer.state() is PrinterState.READY
    for _ in range(2):
        assert printer.print(ROWS).printed is Printed.CONFIRMED
    first, second = simulated.papers()
    assert first.text == second.text
    assert first.text.splitlines()[0] == "金额 ￥88.00"
    assert first.unknown_commands == ()


@pytest.mark.parametrize(
    ("faults", "state"),
    [({"paper_end": True}, PrinterState.PAPER_END), ({"cover_open": True}, PrinterState.COVER_OPEN),
     ({"mute": True}, PrinterState.UNKNOWN), ({"garbage": True}, PrinterState.UNKNOWN)],
)  # fmt: skip
def test_a_printer_at_a_serial_line_that_is_not_well_gets_nothing(
    simulated: SimulatedPrinter, faults: dict[str, bool], state: PrinterState
) -> None:
    simulated.faults.change(**faults)
    assert TillPrinter(simulated, PATIENT).print(ROWS) == (Printed.NOTHING_WRITTEN, state)
    assert simulated.papers() == []


def test_a_silent_line_is_unknown_and_gets_nothing(plug: SerialPlug) -> None:
    printer = EscposPrinter(f"serial:{plug.path}", QUICK)
    assert printer.state() is PrinterState.UNKNOWN
    assert printer.print(ROWS) == (Printed.NOTHING_WRITTEN, PrinterState.UNKNOWN)


def test_a_line_that_takes_nothing_more_is_given_up(plug: SerialPlug) -> None:
    """A terminal without a reader takes a few thousand bytes and then blocks for ever."""
    printer = EscposPrinter(f"serial:{plug.path}", SILENT)
    outcome = printer.print_bytes(b"x" * 200_000)
    assert outcome.printed is Printed.UNCERTAIN
    assert "takes nothing" in outcome.detail


@pytest.mark.parametrize("fault", ["stall_after", "drop_after"])
def test_a_printer_that_stalls_in_the_middle_is_uncertain(
    simulated: SimulatedPrinter, fault: str
) -> None:
    setattr(simulated.faults, fault, 100)
    printer = EscposPrinter(simulated.url, QUICK)
    outcome = printer.print(ROWS)
    assert outcome == (Printed.UNCERTAIN, "the printer did not say that it was done")


def test_a_line_that_somebody_else_has_is_unreachable(simulated: SimulatedPrinter) -> None:
    import fcntl  # noqa: PLC0415

    with Path(simulated.url.removeprefix("serial:")).open("rb", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert EscposPrinter(simulated.url, QUICK).state() is PrinterState.UNREACHABLE
    assert TillPrinter(simulated, PATIENT).state() is PrinterState.READY


def test_a_printer_that_is_pulled_out_is_unreachable(simulated: SimulatedPrinter) -> None:
    printer = TillPrinter(simulated, PATIENT)
    assert printer.state() is PrinterState.READY
    simulated.stop()
    assert printer.state() is PrinterState.UNREACHABLE
    simulated.start()
    assert printer.print(ROWS).printed is Printed.CONFIRMED


def test_a_printer_without_answers_is_sent_to_over_a_serial_line(
    simulated: SimulatedPrinter,
) -> None:
    simulated.faults.mute = True
    printer = TillPrinter(simulated, a_printer_profile(status_query={"dialect": "none"}))
    assert printer.print(ROWS).printed is Printed.SENT
    assert len(simulated.wait_for_papers(1)) == 1


def test_a_printer_whose_answers_mean_nothing_is_asked_before_and_never_confirmed(
    simulated: SimulatedPrinter,
) -> None:
    printer = TillPrinter(simulated, a_printer_profile(status_query={"confirms": False}))
    assert printer.print(ROWS).printed is Printed.SENT
    simulated.wait_for_papers(1)
    simulated.faults.paper_end = True
    assert printer.print(ROWS) == (Printed.NOTHING_WRITTEN, PrinterState.PAPER_END)


@pytest.mark.parametrize("path", ["/dev/null", "/dev/no-such-line", "/etc/hostname"])
@pytest.mark.parametrize("kind", ["serial", "usb"])
def test_what_is_no_printer_is_unreachable(kind: str, path: str) -> None:
    if (kind, path) == ("usb", "/dev/null"):
        pytest.skip("to the kernel it is a character device like any other")
    printer = EscposPrinter(f"{kind}:{path}", QUICK)
    assert printer.state() is PrinterState.UNREACHABLE


# --- the kernel's USB printer --------------------------------------------------------------------


def test_a_printer_at_a_device_prints_and_says_so(simulated: SimulatedPrinter) -> None:
    """The device is a terminal in raw mode here: what counts is open, poll, read and write."""
    device = os.path.realpath(simulated.url.removeprefix("serial:"))
    printer = EscposPrinter(f"usb:{device}", a_printer_profile(link={"io_ms": 20_000}))
    assert printer.state() is PrinterState.READY
    assert printer.print(ROWS).printed is Printed.CONFIRMED
    assert len(simulated.papers()) == 1


# --- TCP -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def a_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Something at a port that talks once to each who comes."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_a_connection_reset_in_the_middle_is_uncertain() -> None:
    def talk(connection: socket.socket) -> None:
        for _ in range(2):
            connection.recv(3)
            connection.sendall(b"\x12")
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01" + bytes(7))

    with a_server(talk) as url:
        printer = EscposPrinter(url, a_printer_profile(link={"io_ms": 20_000}))
        outcome = printer.print_bytes(b"x" * 5_000_000)
    assert outcome.printed is Printed.UNCERTAIN
    assert "the connection broke" in outcome.detail


NONSENSE = b"\xff\xa5\xc3\x80HTTP/1.1 400 Bad Request\r\n\x1b[2J"


@pytest.mark.parametrize("profile", ["generic-80-gbk", "star-line"])
def test_whatever_talks_nonsense_without_end_gets_nothing(profile: str) -> None:
    """Somebody else's port: some of it looks like an answer, but no text like a good one."""
    heard = bytearray()

    def talk(connection: socket.socket) -> None:
        connection.settimeout(0.001)
        while True:
            connection.sendall(NONSENSE * 20)
            with contextlib.suppress(TimeoutError):
                heard.extend(connection.recv(4096))

    quick = a_printer_profile(profile, link={"io_ms": 200}, status_query={"done_ms": 200})
    with a_server(talk) as url:
        outcome = EscposPrinter(url, quick).print_bytes(b"PAPER" * 100)
    assert outcome.printed is Printed.NOTHING_WRITTEN
    assert b"PAPER" not in heard


def test_a_printer_that_takes_nothing_more_is_given_up() -> None:
    done = threading.Event()

    def talk(connection: socket.socket) -> None:
        done.wait(30)

    with a_server(talk) as url:
        outcome = EscposPrinter(url, SILENT).print_bytes(b"x" * 20_000_000)
        done.set()
    assert outcome.printed is Printed.UNCERTAIN
    assert "takes nothing" in outcome.detail


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"),
    [("tcp://127.0.0.1:9100", Address("tcp", "127.0.0.1", 9100)),
     ("serial:/dev/ttyUSB0", Address("serial", "/dev/ttyUSB0")),
     ("serial:/dev/ttyUSB0?baud=115200", Address("serial", "/dev/ttyUSB0", 0, 115200)),
     ("usb:/dev/usb/lp0", Address("usb", "/dev/usb/lp0")),
     ("usb:0416:5011", Address("usb-bulk", "0416:5011")),
     ("usb:04B8:0E15:J7: 1/2", Address("usb-bulk", "04b8:0e15", which="J7: 1/2")),
     ("usb:04b8:0e15:@1-1.4", Address("usb-bulk", "04b8:0e15", which="@1-1.4"))],
)  # fmt: skip
def test_an_address_is_one_of_four_kinds(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "9100", "lpt:/dev/lp0", "serial:", "serial:ttyUSB0", "serial:/dev/x?baud=fast",
     "serial:/dev/x?baud=", "serial:/dev/x?baud=9601", "serial:/dev/x?baud=9600&parity=odd",
     "serial:/dev/x?speed=9600", "usb:lp0", "usb:/dev/usb/lp0?baud=9600", "usb:/dev/\x00",
     "serial:/dev/x?baud=９６００", "usb:0416", "usb:0416:501", "usb:416:5011", "usb:0416:50111",
     "usb:0416:5011:", "usb:0416:501g", "usb:0416:5011:A\nB", "usb:０４１６:5011",
     "usb:0416:5011:" + "x" * 127, "serial:0416:5011"],
)  # fmt: skip
def test_what_is_no_address_of_a_printer_is_a_setting_that_is_wrong(text: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"a printer is at tcp://|baud is"):
        parse_address(text)
