"""All scanners of a unit together: real threads, real lines, plugs that come out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.devices.ports import Scanner
from edge.devices.profiles import load
from edge.devices.scanners.gather import Scanners
from edge.devices.scanners.serial_line import SerialScanner
from edge.devices.scanners.states import State
from edge.devices.simulated.scanner import Make, SimulatedScanner
from edge.errors import NotFound, RequestInvalid
from tests.edge.devices.scanners.rig import TOKEN, wait_for


class Hung:
    """A device that never comes back from being opened."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def attached(self) -> str | None:
        return "hung"

    def open(self) -> None:
        self.let_go.wait(60)

    def read(self, wait_s: float) -> Sequence[bytes]:
        time.sleep(wait_s)
        return []

    def close(self) -> None:
        pass


@contextmanager
def running(**devices: Scanner) -> Iterator[Scanners]:
    scanners = Scanners(devices, time.monotonic, lambda: 0.5)
    scanners.start()
    try:
        yield scanners
    finally:
        scanners.stop()


@pytest.fixture(name="plugs")
def _plugs(tmp_path: Path) -> Iterator[dict[str, SimulatedScanner]]:
    plugs = {n: SimulatedScanner(tmp_path / n, Make.GM65) for n in ("counter", "window")}
    yield plugs
    for plug in plugs.values():
        plug.unplug()


def lines(plugs: dict[str, SimulatedScanner]) -> dict[str, SerialScanner]:
    profile = load("scanner", "gm65-uart")
    return {name: SerialScanner(str(plug.link), profile) for name, plug in plugs.items()}


def state(scanners: Scanners, source: str) -> State:
    return next(s.state for s in scanners.seen() if s.source == source)


def texts(scanners: Scanners) -> list[tuple[str, int, str]]:
    """Take everything that waits."""
    found = []
    while waiting := scanners.inbox.next("test", 0):
        scanners.inbox.take(waiting.number, "test")
        found.append((waiting.scan.source, waiting.scan.generation, waiting.scan.text))
    return found


def test_a_scanner_is_plugged_out_and_in_while_the_other_goes_on(
    plugs: dict[str, SimulatedScanner],
) -> None:
    plugs["counter"].plug_in()
    with running(**lines(plugs)) as scanners:
        wait_for(lambda: state(scanners, "counter") is State.READY)
        assert state(scanners, "window") is State.ABSENT
        plugs["window"].plug_in()
        wait_for(lambda: state(scanners, "window") is State.READY)
        plugs["window"].send(TOKEN[:100])  # half a code, and out it goes
        plugs["window"].unplug()
        plugs["counter"].scan(TOKEN)
        wait_for(lambda: scanners.inbox.tally("counter").scans)
        assert ("counter", 1, TOKEN.decode()) in texts(scanners)
        wait_for(lambda: state(scanners, "window") is State.ABSENT)
        plugs["window"].plug_in()
        wait_for(lambda: state(scanners, "window") is State.READY)
        plugs["window"].scan(b"812345678901234567")
        wait_for(lambda: scanners.inbox.tally("window").last_steady_s)
        wait_for(lambda: ("window", 2, "812345678901234567") in texts(scanners))


def test_one_that_spews_and_one_that_hangs_hold_up_nobody(
    plugs: dict[str, SimulatedScanner],
) -> None:
    hung = Hung()
    for plug in plugs.values():
        plug.plug_in()
    with running(hung=hung, **lines(plugs)) as scanners:
        wait_for(lambda: state(scanners, "counter") is State.READY)
        wait_for(lambda: state(scanners, "window") is State.READY)
        junk = b"9" * 9_000 + b"\r" + b"".join(b"junk%d\r" % n for n in range(5000))
        noise = threading.Thread(target=lambda: plugs["window"].send(junk))
        noise.start()
        wait_for(lambda: scanners.inbox.tally("window").refused)
        plugs["counter"].scan(TOKEN)
        wait_for(lambda: scanners.inbox.tally("counter").scans)
        assert ("counter", 1, TOKEN.decode()) in texts(scanners)
        noise.join()
        assert scanners.inbox.tally("window").unreadable == 1
        seen = {s.source: s for s in scanners.seen()}
        assert seen["window"].lost
        assert not seen["counter"].lost
        assert seen["hung"].state is State.OPENING
        hung.let_go.set()


def test_the_hub_is_told_how_each_is_and_by_what_it_is_driven(
    plugs: dict[str, SimulatedScanner],
) -> None:
    figures = Scanners(lines(plugs), time.monotonic, lambda: 0.5).figures()
    assert list(figures) == ["scanner_counter", "scanner_window"]
    told = figures["scanner_counter"]
    assert told.startswith("absent gm65-uart ")
    assert len(told) <= 128  # more the hub would not keep


def test_a_command_goes_to_the_scanner_and_a_wrong_one_is_refused(
    plugs: dict[str, SimulatedScanner],
) -> None:
    with running(**lines(plugs)) as scanners:
        with pytest.raises(RequestInvalid, match="not ready"):
            scanners.tell("counter", "trigger_on")
        plugs["counter"].plug_in()
        wait_for(lambda: state(scanners, "counter") is State.READY)
        scanners.tell("counter", "trigger_on")
        wait_for(lambda: plugs["counter"].told == [bytes.fromhex("7e000801000201abcd")])
        with pytest.raises(RequestInvalid) as caught:
            scanners.tell("counter", "self_destruct")
        assert caught.value.extra["commands"] == "trigger_on, trigger_off, save"
        with pytest.raises(NotFound):
            scanners.tell("door", "trigger_on")
