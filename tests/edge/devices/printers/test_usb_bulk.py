"""A USB printer by its bulk endpoints: pyusb itself, on a bus whose printers really read ESC/POS.

No real printer has been tried; what libusb does below pyusb is not in here.
"""

from __future__ import annotations

import ctypes
import errno
import sys
from typing import Any

import pytest
from usb.core import USBError

from edge.devices.escpos_bytes import escpos_bytes
from edge.devices.paper import Row, Style
from edge.devices.ports import Printed, PrinterState
from edge.devices.printer_escpos import EscposPrinter
from edge.devices.simulated.escpos_paper import StatusKind, StatusRequest
from tests.edge.builders import a_printer_profile
from tests.edge.devices.printers.usb_bus import IN, OUT, SECOND, Endpoints, UsbBus, UsbPrinter

ROWS = [Row("金额 ¥88.00"), *[Row(f"line {n}") for n in range(60)], Row("", Style.CUT)]
AT = "usb:0416:5011"
VENDORS_OWN = Endpoints(kind=0xFF, protocol=0)
KEYS = Endpoints(kind=0x03, addresses=(0x85,), attributes=0x03)
DISK = Endpoints(kind=0x08, protocol=0x50, addresses=(0x05, 0x85))


def a_printer(bus: UsbBus, at: str = AT, **bent: Any) -> EscposPrinter:
    return EscposPrinter(at, a_printer_profile(**bent), bus.steady_s, bus)


@pytest.fixture(name="device")
def _device() -> UsbPrinter:
    return UsbPrinter()


@pytest.fixture(name="bus")
def _bus(device: UsbPrinter) -> UsbBus:
    return UsbBus(device)


def test_it_prints_and_says_so_and_is_let_go(bus: UsbBus, device: UsbPrinter) -> None:
    printer = a_printer(bus)
    assert printer.state() is PrinterState.READY
    for _ in range(2):
        assert printer.print(ROWS).printed is Printed.CONFIRMED
        assert (device.claimed, device.handles) == (set(), 0)
    first, second = device.papers()
    assert first.text == second.text
    assert first.text.splitlines()[0] == "金额 ￥88.00"
    assert first.unknown_commands == ()
    assert printer.why == ""


@pytest.mark.parametrize(
    ("interfaces", "writes_at"),
    [
        ((VENDORS_OWN,), OUT),
        ((KEYS, Endpoints(number=1)), OUT),
        ((DISK, Endpoints(number=1, addresses=(SECOND, IN))), SECOND),
        ((VENDORS_OWN, Endpoints(number=1, addresses=(SECOND, 0x84))), SECOND),
        ((Endpoints(protocol=1, addresses=(OUT,)),
          Endpoints(alternate=1, addresses=(SECOND, IN))), SECOND),
        ((Endpoints(protocol=4), Endpoints(alternate=1, addresses=(SECOND, IN))), SECOND),
    ],
    ids=["vendor's own", "with keys", "with a disk", "the printer's before the vendor's",
         "both directions before one", "not the one that speaks IPP"],
)  # fmt: skip
def test_of_several_interfaces_the_one_that_prints_is_taken(
    interfaces: tuple[Endpoints, ...], writes_at: int
) -> None:
    device = UsbPrinter(interfaces=interfaces)
    assert a_printer(UsbBus(device)).print(ROWS).printed is Printed.CONFIRMED
    assert device.written_at == {writes_at}


@pytest.mark.parametrize("short", [1, 7, 64])
def test_what_is_taken_in_pieces_comes_out_whole(device: UsbPrinter, short: int) -> None:
    device.takes_most = short
    assert a_printer(UsbBus(device)).print(ROWS).printed is Printed.CONFIRMED
    assert len(device.papers()[0].text.splitlines()) >= 61


def test_answers_without_anything_in_them_are_not_the_end(bus: UsbBus, device: UsbPrinter) -> None:
    device.empty_answers = 3
    assert a_printer(bus).state() is PrinterState.READY


def test_a_device_that_nobody_has_configured_is(bus: UsbBus, device: UsbPrinter) -> None:
    device.is_configured = False
    assert a_printer(bus).state() is PrinterState.READY


STATES: list[tuple[dict[str, Any], PrinterState]] = [
    ({"paper_low": True}, PrinterState.PAPER_LOW), ({"paper_end": True}, PrinterState.PAPER_END),
    ({"cover_open": True}, PrinterState.COVER_OPEN), ({"error": True}, PrinterState.ERROR),
    ({"mute": True}, PrinterState.UNKNOWN), ({"garbage": True}, PrinterState.UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("faults", "state"), STATES, ids=str)
def test_its_state_is_read_back(
    bus: UsbBus, device: UsbPrinter, faults: dict[str, bool], state: PrinterState
) -> None:
    device.faults.change(**faults)
    assert a_printer(bus).state() is state
    if not state.can_print:
        assert a_printer(bus).print(ROWS) == (Printed.NOTHING_WRITTEN, state)
        assert device.open_paper().raw == b""


def test_an_old_answer_is_not_taken_for_a_new_one(bus: UsbBus, device: UsbPrinter) -> None:
    """Somebody asked, and went before he was told."""
    device.answers = b"\x12" * 3
    device.faults.cover_open = True
    assert a_printer(bus).state() is PrinterState.COVER_OPEN


def test_a_printer_that_answers_without_end_is_not_listened_to_for_ever(
    bus: UsbBus, device: UsbPrinter
) -> None:
    device.answers = b"\xff" * 100_000
    assert a_printer(bus, link={"io_ms": 200}).state() is PrinterState.READY


def test_one_that_tells_nothing_is_sent_to(device: UsbPrinter) -> None:
    device.interfaces = (Endpoints(protocol=1, addresses=(OUT,)),)
    bus = UsbBus(device)
    assert a_printer(bus).state() is PrinterState.UNKNOWN
    silent = a_printer(bus, status_query={"dialect": "none"})
    assert silent.print(ROWS).printed is Printed.SENT
    assert len(device.papers()) == 1


# --- what goes wrong in the middle ---------------------------------------------------------------


BROKEN = {
    "gone_after": "the connection broke: No such device",
    "halts_after": "the connection broke: Pipe error",
    "naks_after": "the connection broke: the printer takes nothing",
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("after", [1, 100, 512, 700])
def test_what_breaks_in_the_middle_is_uncertain_and_the_next_paper_comes_out(
    bus: UsbBus, device: UsbPrinter, fault: str, after: int
) -> None:
    setattr(device, fault, after)
    printer = a_printer(bus)
    outcome = printer.print(ROWS)
    assert outcome.printed is Printed.UNCERTAIN
    assert outcome.detail.startswith(BROKEN[fault])
    assert device.handles == 0
    setattr(device, fault, None)
    device.plug_in()
    assert printer.print(ROWS).printed is Printed.CONFIRMED


EVERYTHING = [
    Row("金额 ¥88.00"), Row("HEADER", Style.LARGE), Row("https://tearoff.example/" * 3, Style.QR),
    Row("drawn Ω♞"), Row("0412000057", Style.CODE128), Row("END"), Row("", Style.CUT),
]  # fmt: skip


@pytest.mark.parametrize("profile", ["generic-80-gbk", "epson-tm-t88v"])
def test_wherever_a_paper_broke_off_the_next_one_is_whole(profile: str) -> None:
    """In the middle of a picture or a QR code its head was taken for the rest of that."""
    body = escpos_bytes(EVERYTHING, a_printer_profile(profile))
    for after in range(3, len(body), len(body) // 8):
        device = UsbPrinter()
        bus = UsbBus(device)
        printer = EscposPrinter(AT, a_printer_profile(profile), bus.steady_s, bus)
        assert printer.print_bytes(body).printed is Printed.CONFIRMED
        whole = printed_on(device)
        device.naks_after = device.machine.body_bytes + after
        assert printer.print_bytes(body).printed is Printed.UNCERTAIN
        assert printer.state() is PrinterState.UNREACHABLE
        assert printer.why.startswith("it takes no more data")
        device.naks_after = None
        assert printer.state() is PrinterState.READY, "and it hears what it is asked"
        assert printer.print_bytes(body).printed is Printed.CONFIRMED, after
        assert printed_on(device).endswith(whole), after


def printed_on(device: UsbPrinter) -> str:
    return "".join(paper.text for paper in [*device.papers(), device.open_paper()])


def test_after_a_paper_that_came_out_whole_nothing_is_added(
    bus: UsbBus, device: UsbPrinter
) -> None:
    device.faults.wrong_ack = True
    printer = a_printer(bus)
    printer.print(ROWS)
    before = device.machine.body_bytes
    printer.state()
    assert device.machine.body_bytes == before


def test_no_transfer_waits_longer_than_the_profile_says(bus: UsbBus, device: UsbPrinter) -> None:
    device.naks_after = 100
    before = bus.now_s
    a_printer(bus, link={"io_ms": 700}, status_query={"done_ms": 900}).print(ROWS)
    assert bus.wait_ms_max <= 900
    assert bus.now_s - before < 2.5


def test_a_printer_that_is_mute_at_the_end_is_uncertain(bus: UsbBus, device: UsbPrinter) -> None:
    device.faults.wrong_ack = True
    outcome = a_printer(bus).print(ROWS)
    assert outcome == (Printed.UNCERTAIN, "the printer did not say that it was done")


@pytest.mark.parametrize("endpoint", [OUT, IN])
def test_an_endpoint_that_has_halted_is_set_free_for_the_next_try(
    bus: UsbBus, device: UsbPrinter, endpoint: int
) -> None:
    device.halted = {endpoint}
    printer = a_printer(bus)
    assert printer.state() is PrinterState.UNREACHABLE
    assert printer.why == "it refused what was sent to it: switch it off and on"
    assert printer.state() is PrinterState.READY
    assert printer.why == ""


@pytest.mark.parametrize("call", range(1, 60))
def test_a_plug_that_is_pulled_out_at_any_moment_is_a_state(
    monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """At the n-th call to libusb, whichever it is; a paper is out, uncertain, or not begun."""
    device = UsbPrinter(serial="A1", held_by_kernel={0})
    bus, count = UsbBus(device), [0]

    def there() -> UsbPrinter:
        count[0] += 1
        if count[0] >= call:
            device.is_plugged_in = False
            raise USBError("No such device", -4, errno.ENODEV)
        return device

    device.there = there  # type: ignore[method-assign] # a plug, not a module of ours
    printer = a_printer(bus, AT + ":A1")
    outcome = printer.print(ROWS)
    if outcome.printed is Printed.NOTHING_WRITTEN:
        assert outcome.detail == PrinterState.UNREACHABLE
        assert printer.why
        assert device.open_paper().raw == b""
    if outcome.printed is Printed.CONFIRMED:
        assert len(device.papers()) == 1
    printer.close()
    device.__dict__.pop("there")
    device.plug_in()
    assert printer.print(ROWS).printed is Printed.CONFIRMED
    assert device.handles == 0


# --- which one, and whose ------------------------------------------------------------------------


def test_none_is_unreachable_and_found_when_it_comes(bus: UsbBus, device: UsbPrinter) -> None:
    device.is_plugged_in = False
    printer = a_printer(bus)
    assert printer.print(ROWS) == (Printed.NOTHING_WRITTEN, PrinterState.UNREACHABLE)
    assert printer.why == "no device 0416:5011 is attached: is it switched on? lsusb lists all"
    device.plug_in()
    assert printer.print(ROWS).printed is Printed.CONFIRMED


def two(first: str | None, second: str | None) -> tuple[UsbPrinter, UsbPrinter]:
    return UsbPrinter(serial=first, ports=(1, 2)), UsbPrinter(serial=second, ports=(1, 4, 3))


@pytest.mark.parametrize(
    ("serials", "names"),
    [((None, None), ("@1-1.2", "@1-1.4.3")), (("A1", "B2"), ("A1", "B2")),
     (("00000000", "00000000"), ("@1-1.2", "@1-1.4.3")), (("A1", None), ("A1", "@1-1.4.3"))],
    ids=["without serials", "with", "with one and the same", "one without"],
)  # fmt: skip
def test_of_two_alike_none_is_guessed_and_each_can_be_named(
    serials: tuple[str | None, str | None], names: tuple[str, str]
) -> None:
    devices = two(*serials)
    bus = UsbBus(*devices)
    printer = a_printer(bus)
    assert printer.state() is PrinterState.UNREACHABLE
    told = ", ".join(f"{AT}:{name}" for name in names)
    assert printer.why == f"2 devices 0416:5011 are attached; set printer.to to one of: {told}"
    for device, name in zip(devices, names, strict=True):
        assert a_printer(bus, f"{AT}:{name}").print(ROWS).printed is Printed.CONFIRMED
        assert len(device.papers()) == 1
    assert [device.handles for device in devices] == [0, 0]


def test_a_serial_number_that_none_has_is_told_with_those_there_are() -> None:
    printer = a_printer(UsbBus(*two("A1", None)), AT + ":A2")
    assert printer.state() is PrinterState.UNREACHABLE
    assert printer.why.startswith("no device 0416:5011 is A2; ")
    assert f"{AT}:A1, {AT}:@1-1.4.3" in printer.why


def test_other_devices_are_left_alone(device: UsbPrinter) -> None:
    other = UsbPrinter(vendor=0x04B8)
    assert a_printer(UsbBus(other, device)).print(ROWS).printed is Printed.CONFIRMED
    assert other.machine.events == device.machine.events.__class__()


def test_what_the_kernel_had_is_its_again_at_the_end_and_only_then(
    bus: UsbBus, device: UsbPrinter
) -> None:
    device.held_by_kernel = {0}
    printer = a_printer(bus)
    for _ in range(3):
        assert printer.print(ROWS).printed is Printed.CONFIRMED
        assert device.held_by_kernel == set()
    assert device.kernel_changes == 1
    printer.close()
    assert (device.held_by_kernel, device.kernel_changes, device.handles) == ({0}, 2, 0)
    printer.close()
    assert device.kernel_changes == 2
    assert printer.print(ROWS).printed is Printed.CONFIRMED, "and may be taken again"


def test_what_the_kernel_did_not_have_it_is_not_given(bus: UsbBus, device: UsbPrinter) -> None:
    with_nothing_taken = a_printer(bus)
    with_nothing_taken.state()
    with_nothing_taken.close()
    assert device.held_by_kernel == set()


def test_a_printer_that_has_gone_takes_nothing_along(bus: UsbBus, device: UsbPrinter) -> None:
    device.held_by_kernel = {0}
    printer = a_printer(bus)
    printer.state()
    device.is_plugged_in = False
    printer.close()


def test_a_serial_adapter_is_not_taken_from_its_driver() -> None:
    """Past its driver an adapter sends at no speed that anybody has set."""
    device = UsbPrinter(interfaces=(VENDORS_OWN,), held_by_kernel={0})
    printer = a_printer(UsbBus(device))
    assert printer.state() is PrinterState.UNREACHABLE
    assert "is it serial:/dev/tty" in printer.why
    assert (device.held_by_kernel, device.handles) == ({0}, 0)


def test_what_is_no_printer_is_told() -> None:
    stick = UsbPrinter(interfaces=(DISK,))
    printer = a_printer(UsbBus(stick))
    assert printer.state() is PrinterState.UNREACHABLE
    assert printer.why == "0416:5011 is no printer: it has no place to send data to"


@pytest.mark.parametrize(
    ("fault", "told"),
    [("forbidden", "this user may not use it"), ("held_by_others", "another program has it open")],
)
@pytest.mark.parametrize("at", [AT, AT + ":A1"])
def test_one_that_may_not_be_used_is_told(at: str, fault: str, told: str) -> None:
    device = UsbPrinter(serial="A1")
    setattr(device, fault, True)
    printer = a_printer(UsbBus(device), at)
    assert printer.print(ROWS) == (Printed.NOTHING_WRITTEN, PrinterState.UNREACHABLE)
    assert printer.why.startswith(told)
    assert device.handles == 0
    setattr(device, fault, False)
    assert printer.print(ROWS).printed is Printed.CONFIRMED


def test_what_is_not_installed_is_told_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_library(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    printer = EscposPrinter(AT, a_printer_profile())
    monkeypatch.setattr(ctypes, "CDLL", no_library)
    assert printer.state() is PrinterState.UNREACHABLE
    assert "apt install libusb-1.0-0" in printer.why
    monkeypatch.setitem(sys.modules, "usb.core", None)
    assert printer.state() is PrinterState.UNREACHABLE
    assert "pip install 'tearoff[usb]'" in printer.why
    printer.close()


def test_it_is_asked_before_and_after_and_only_then(bus: UsbBus, device: UsbPrinter) -> None:
    a_printer(bus).print(ROWS)
    asked = [event for event in device.machine.events if isinstance(event, StatusRequest)]
    real, in_turn = StatusKind.REAL_TIME, StatusKind.IN_TURN
    assert asked == [StatusRequest(real, 2), StatusRequest(real, 4), StatusRequest(in_turn, 1)]
