"""Scanners at a serial line: real bytes over pseudo-terminals, as each maker sends them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.devices.ports import ScannerLost
from edge.devices.profiles import ScannerProfile, load
from edge.devices.scanners.frame import TOO_LONG
from edge.devices.scanners.serial_line import SerialScanner, why_not_opened
from edge.devices.simulated.scanner import Fault, Make, SimulatedScanner
from tests.edge.devices.scanners.rig import TOKEN, a_profile, gm65, read_until, wait_for


@pytest.fixture(name="link")
def _link(tmp_path: Path) -> Path:
    return tmp_path / "usb-scanner"


@contextmanager
def plugged(link: Path, make: Make, **how: bool) -> Iterator[SimulatedScanner]:
    device = SimulatedScanner(link, make, **how)
    device.plug_in()
    try:
        yield device
    finally:
        device.unplug()


@contextmanager
def opened(link: Path, profile: ScannerProfile) -> Iterator[SerialScanner]:
    scanner = SerialScanner(str(link), profile)
    scanner.open()
    try:
        yield scanner
    finally:
        scanner.close()


def scan_apart(device: SimulatedScanner, *codes: bytes) -> threading.Thread:
    """Scan in another thread, for the one that reads must not be the one that waits for it."""
    thread = threading.Thread(target=lambda: [device.scan(code) for code in codes])
    thread.start()
    return thread


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Make.PLAIN, Make.GM65, Make.NEWLAND, Make.HONEYWELL])
def test_codes_arrive_whole_and_in_order(link: Path, make: Make) -> None:
    profile = load("scanner", "generic-serial")
    with plugged(link, make) as device, opened(link, profile) as scanner:
        codes = [TOKEN + b"%02d" % n for n in range(10)]
        thread = scan_apart(device, *codes)
        assert read_until(scanner, 10) == codes
        thread.join()


@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.NO_END])
def test_a_slow_line_or_a_forgotten_line_end_loses_nothing(link: Path, fault: Fault) -> None:
    with plugged(link, Make.GM65) as device, opened(link, gm65()) as scanner:
        device.faults.add(fault)
        thread = scan_apart(device, TOKEN)
        assert read_until(scanner, 1) == [TOKEN]
        thread.join()


def test_the_acknowledgement_of_a_gm65_is_no_part_of_the_code(link: Path) -> None:
    profile = gm65()
    with plugged(link, Make.GM65, on_trigger=True) as device, opened(link, profile) as scanner:
        assert not device.scan(TOKEN)
        scanner.tell([profile.commands.trigger_on])
        assert scanner.read(0.3) == []
        wait_for(lambda: device.looks)
        assert device.scan(TOKEN)
        assert read_until(scanner, 1) == [TOKEN]
        assert device.told == [profile.commands.trigger_on]


def test_what_was_scanned_before_it_was_opened_is_not_redeemed_now(link: Path) -> None:
    with plugged(link, Make.PLAIN) as device:
        device.scan(b"an-old-one")
        with opened(link, load("scanner", "generic-serial")) as scanner:
            device.scan(b"a-new-one")
            assert read_until(scanner, 1) == [b"a-new-one"]


def test_a_scanner_that_spews_is_refused_and_goes_on_afterwards(link: Path) -> None:
    with (
        plugged(link, Make.PLAIN) as device,
        opened(link, load("scanner", "generic-serial")) as scanner,
    ):
        thread = threading.Thread(target=lambda: device.send(b"x" * 1_000_000 + b"\r"))
        thread.start()
        assert read_until(scanner, 1) == [TOO_LONG]
        while thread.is_alive():
            assert scanner.read(0.1) == []
        device.scan(TOKEN)
        assert read_until(scanner, 1) == [TOKEN]


# --- setting it up -------------------------------------------------------------------------------


def test_a_gm65_is_set_up_command_by_command(link: Path, tmp_path: Path) -> None:
    setup = ["7e 00 08 01 00 00 d6 ab cd", "7e 00 09 01 00 00 00 de c8"]
    profile = a_profile(
        tmp_path, setup=str(setup), setup_answer='"02 00 00 01 00 33 31"', strip="[]"
    )
    with plugged(link, Make.GM65) as device, opened(link, profile) as scanner:
        assert device.told == [bytes.fromhex(line) for line in setup]
        assert device.not_understood == []
        device.scan(TOKEN)
        assert read_until(scanner, 1) == [TOKEN]


def test_a_newland_is_set_up_with_its_own_words(link: Path, tmp_path: Path) -> None:
    profile = a_profile(
        tmp_path, terminator="crlf",
        setup=r'["text:~\u00010000#SCNMOD0;\u0003"]', setup_answer='"06 3b 03"',
    )  # fmt: skip
    with plugged(link, Make.NEWLAND) as device, opened(link, profile) as scanner:
        assert device.told == [b"~\x010000#SCNMOD0;\x03"]
        device.scan(TOKEN)
        assert read_until(scanner, 1) == [TOKEN]


@pytest.mark.parametrize("fault", [Fault.MUTE, Fault.WRONG_ANSWER])
def test_a_scanner_that_does_not_answer_to_its_set_up_is_not_taken_for_ready(
    link: Path, tmp_path: Path, fault: Fault
) -> None:
    profile = a_profile(
        tmp_path, setup='["7e 00 08 01 00 00 d6 ab cd"]', setup_answer='"02 00 00 01 00 33 31"'
    )
    with plugged(link, Make.GM65) as device:
        device.faults.add(fault)
        scanner = SerialScanner(str(link), profile)
        with pytest.raises(ScannerLost, match="command 1 of 1 of its set-up"):
            scanner.open()
        scanner.close()


def test_a_command_of_another_make_is_not_understood(link: Path, tmp_path: Path) -> None:
    profile = a_profile(tmp_path, setup='["16 54 0d"]')
    with plugged(link, Make.GM65) as device, opened(link, profile):
        wait_for(lambda: device.not_understood == [b"\x16T\r"])


def test_a_honeywell_is_triggered_and_stopped(link: Path, tmp_path: Path) -> None:
    profile = a_profile(tmp_path, trigger_on='"16 54 0d"', trigger_off='"16 55 0d"')
    with (
        plugged(link, Make.HONEYWELL, on_trigger=True) as device,
        opened(link, profile) as scanner,
    ):
        scanner.tell([profile.commands.trigger_on])
        scanner.read(0.15)
        wait_for(lambda: device.looks)
        scanner.tell([profile.commands.trigger_off])
        scanner.read(0.15)
        wait_for(lambda: not device.looks)


# --- SSI -----------------------------------------------------------------------------------------


def test_an_ssi_scanner_is_acknowledged_packet_by_packet(link: Path, tmp_path: Path) -> None:
    profile = a_profile(tmp_path, protocol="ssi", terminator="idle")
    with plugged(link, Make.SSI) as device, opened(link, profile) as scanner:
        thread = scan_apart(device, TOKEN, b"second", TOKEN)
        assert read_until(scanner, 3) == [TOKEN, b"second", TOKEN]
        thread.join()
        assert device.told == [bytes.fromhex("04d00400ff28")] * 3
        assert device.not_understood == []


def test_a_garbled_ssi_packet_is_asked_for_again(link: Path, tmp_path: Path) -> None:
    profile = a_profile(tmp_path, protocol="ssi", terminator="idle")
    with plugged(link, Make.SSI) as device, opened(link, profile) as scanner:
        device.faults.add(Fault.GARBLED)
        thread = scan_apart(device, TOKEN)
        assert read_until(scanner, 1) == [TOKEN]
        thread.join()
        assert bytes.fromhex("05d1040001ff25") in device.told


# --- the line itself -----------------------------------------------------------------------------


def test_nobody_else_can_open_the_line_meanwhile(link: Path) -> None:
    with plugged(link, Make.PLAIN), opened(link, load("scanner", "generic-serial")):
        second = SerialScanner(str(link), load("scanner", "generic-serial"))
        with pytest.raises(ScannerLost, match="another program has it open"):
            second.open()
        second.close()


def test_a_path_without_a_device_says_so(link: Path) -> None:
    scanner = SerialScanner(str(link), load("scanner", "generic-serial"))
    assert scanner.attached() is None
    with pytest.raises(ScannerLost, match="no such device"):
        scanner.open()


def test_a_line_that_one_may_not_open_names_the_group(link: Path) -> None:
    link.touch()
    told = why_not_opened(PermissionError(13, "Permission denied"), str(link))
    assert told == f"this user may not use it; add him to its group: {link.group()}"


def test_a_file_that_is_no_line_is_refused(link: Path) -> None:
    link.write_bytes(b"")
    with pytest.raises(ScannerLost):
        SerialScanner(str(link), load("scanner", "generic-serial")).open()


def test_an_unplugged_scanner_raises_what_a_supervisor_knows(link: Path) -> None:
    with plugged(link, Make.PLAIN) as device:
        scanner = SerialScanner(str(link), load("scanner", "generic-serial"))
        scanner.open()
        assert scanner.read(0) == []
        device.unplug()
        with pytest.raises((ScannerLost, OSError)):
            scanner.read(5.0)
        scanner.close()
        scanner.close()


def test_another_device_at_the_same_place_has_another_name(link: Path) -> None:
    scanner = SerialScanner(str(link), load("scanner", "generic-serial"))
    names = set()
    for _ in range(3):
        with plugged(link, Make.PLAIN):
            first = scanner.attached()
            assert first
            assert first == scanner.attached()
            names.add(first)
        assert scanner.attached() is None
    assert len(names) == 3


def test_what_a_scanner_can_be_told_is_what_its_profile_has(link: Path) -> None:
    told = SerialScanner(str(link), gm65()).commands()
    assert set(told) == {"trigger_on", "trigger_off", "save"}
    assert told["save"] == (bytes.fromhex("7e000901000000dec8"),)


@pytest.mark.parametrize(
    ("profile", "make"),
    [("gm65-vcom", Make.GM65), ("newland-vcom", Make.NEWLAND), ("honeywell-vcom", Make.HONEYWELL),
     ("zebra-ssi", Make.SSI)],
)  # fmt: skip
def test_each_profile_that_ships_speaks_with_a_scanner_of_its_make(
    link: Path, profile: str, make: Make
) -> None:
    found = load("scanner", profile)
    with plugged(link, make, on_trigger=True) as device, opened(link, found) as scanner:
        scanner.tell(scanner.commands()["trigger_on"])
        assert scanner.read(0.15) == []
        wait_for(lambda: device.looks)
        thread = scan_apart(device, TOKEN)
        assert read_until(scanner, 1) == [TOKEN]
        thread.join()
        assert device.not_understood == []
