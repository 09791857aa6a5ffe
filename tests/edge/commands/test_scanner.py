"""``tearoff-unit scanner``: real processes at real pseudo-terminals."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from edge.commands.scanner import seen_line
from edge.devices.scanners.discover import Candidate, candidates
from edge.devices.simulated.scanner import Fault, Make, SimulatedScanner
from edge.devices.simulated.scanner_lines import obey
from edge.web.session import load_or_make_api_key
from tests.demo.processes import free_port
from tests.edge.builders import a_rig
from tests.edge.devices.scanners.rig import TOKEN, wait_for

PROGRAM = [sys.executable, "-m", "edge"]


@pytest.fixture(name="link")
def _link(tmp_path: Path) -> Path:
    return tmp_path / "usb-scanner"


@contextmanager
def program(*words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*PROGRAM, *words], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_what_a_scanner_reads_is_shown_as_it_is_read(link: Path) -> None:
    device = SimulatedScanner(link, Make.GM65)
    device.plug_in()
    with program("scanner", "listen", f"serial:{link}#gm65-uart") as listen:
        assert "Scan something" in line_of(listen)
        device.scan(TOKEN)
        assert line_of(listen) == f"{len(TOKEN)} bytes  {TOKEN.decode()}"
        device.send(b"\x1b[2Jpaid\r")
        told = line_of(listen)
        assert told.endswith("8 bytes  control-characters: b'\\x1b[2Jpaid'")
    device.unplug()


def test_a_simulated_scanner_and_a_listener_are_two_processes(link: Path) -> None:
    with program("scanner", "simulate", "--link", str(link), "--make", "newland") as simulated:
        assert f"serial:{link}" in line_of(simulated)
        with program("scanner", "listen", f"serial:{link}#newland-vcom") as listen:
            assert "newland-vcom" in line_of(listen)
            assert simulated.stdin
            simulated.stdin.write("812345678901234567\n")
            simulated.stdin.flush()
            assert line_of(listen) == "18 bytes  812345678901234567"
            simulated.stdin.write("!unplug\n")
            simulated.stdin.flush()
            assert "unplugged" in line_of(listen)
            assert listen.wait(30) == 1


@pytest.mark.parametrize(
    ("where", "told"),
    [("nowhere", "no scanner is called 'nowhere'"),
     ("serial:/dev/none", "/dev/none: there is no such device: is it plugged in?"),
     ("serial:/dev/null", "/dev/null: no scanner can be there"),
     ("hid:/dev/null", "/dev/null: no scanner can be there"),
     ("usb:/dev/x", "WHERE is serial:/dev/"),
     ("serial:/dev/x#nonesuch", "WHERE: no scanner profile"),
     ("serial:/dev/x#gm65", "did you mean gm65-"), ("hid:/dev/x#gm65-uart", "is for serial")],
)  # fmt: skip
def test_what_cannot_be_listened_to_is_said_in_a_sentence(where: str, told: str) -> None:
    done = subprocess.run(
        [*PROGRAM, "scanner", "listen", where], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "inside the unit" not in done.stderr, "nothing is wrong with the unit"


def test_a_scanner_is_set_up_without_a_running_unit(link: Path, tmp_path: Path) -> None:
    device = SimulatedScanner(link, Make.GM65)
    device.plug_in()
    setting = f"scanners.counter=serial:{link}#gm65-uart"
    where = f"unit.data_dir={tmp_path / 'data'}"
    done = subprocess.run(
        [*PROGRAM, "--set", setting, "--set", where, "--set", "api.port=1",
         "scanner", "setup", "counter", "--keep"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "set up" in done.stdout
    wait_for(lambda: bytes.fromhex("7e000901000000dec8") in device.told)
    device.unplug()


@pytest.mark.parametrize("word", [str(fault) for fault in Fault])
def test_each_fault_is_switched_on_and_off_by_a_line(link: Path, word: str) -> None:
    device = SimulatedScanner(link)
    assert obey(device, f"!{word}") == f"{word}: on"
    assert device.faults == {Fault(word)}
    assert obey(device, f"!{word}") == f"{word}: off"
    assert device.faults == set()


def test_a_line_that_is_none_of_the_words_says_so(link: Path) -> None:
    assert obey(SimulatedScanner(link), "!dance") == "there is no such word"


def test_what_is_attached_is_found_with_its_profile(tmp_path: Path) -> None:
    """A tree like ``/dev`` and ``/sys`` of a machine with two scanners."""
    serial, keys = tmp_path / "dev/serial/by-id", tmp_path / "dev/input/by-id"
    serial.mkdir(parents=True)
    keys.mkdir(parents=True)
    (tmp_path / "dev/ttyACM0").touch()
    (tmp_path / "dev/ttyUSB0").touch()
    (serial / "usb-GROW_GM65-if00").symlink_to(tmp_path / "dev/ttyACM0")
    (keys / "usb-Barcode_Reader-event-kbd").touch()
    (keys / "usb-Mouse-event-mouse").touch()
    assert candidates(tmp_path) == [
        Candidate("serial", "/dev/serial/by-id/usb-GROW_GM65-if00", "gm65-vcom"),
        Candidate("serial", "/dev/ttyUSB0"),
        Candidate("hid", "/dev/input/by-id/usb-Barcode_Reader-event-kbd"),
    ]


def test_a_code_with_control_characters_cannot_move_the_cursor() -> None:
    assert "\x1b" not in seen_line(b"\x1b[2J and more")
    assert seen_line("券".encode()) == "    3 bytes  too-short: b'\\xe5\\x88\\xb8'"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_screen_that_waits_for_a_scan_does_not_hold_up_the_end(
    tmp_path: Path, how: signal.Signals
) -> None:
    """The server waits five seconds for a thread that is busy, and then says so."""
    with a_rig(tmp_path / "unit"):
        pass
    port = free_port(8390)
    where = ["--set", f"unit.data_dir={tmp_path / 'unit'}", "--set", f"api.port={port}"]
    key = load_or_make_api_key(tmp_path / "unit" / "api.key")
    with subprocess.Popen(
        [*PROGRAM, *where, "run"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as unit:
        assert "listens" in line_of(unit)
        url = f"http://127.0.0.1:{port}/v1"
        bearer = {"Authorization": f"Bearer {key}"}
        with ThreadPoolExecutor(1) as pool:
            waits = pool.submit(
                urllib3.request, "GET", f"{url}/scans/next?wait_s=20", headers=bearer,
                timeout=60.0, retries=False,
            )  # fmt: skip

            def is_watched() -> bool:
                told = urllib3.request("GET", f"{url}/status", headers=bearer).json()
                return bool(told["scanners"]["watched"])

            wait_for(is_watched)
            unit.send_signal(how)
            assert waits.result().status == 204
        _, log = unit.communicate(timeout=60)
        assert unit.returncode == 0
        assert "still running" not in log
