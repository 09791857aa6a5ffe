"""The service manager hears that the unit is well only as long as it can do its one thing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.db import Store
from edge.errors import StoreUnavailable
from edge.service.notify import Notifier
from edge.service.watchdog import FEEDS_A_PERIOD, SelfTest, Unwell, Watchdog
from tests.edge.builders import a_rig

WAIT_S = 60


class Manager:
    """A service manager: the socket that it listens at."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)

    def hears(self, wait_s: float = WAIT_S) -> str:
        """The next note; empty if none comes in time."""
        self._socket.settimeout(wait_s)
        try:
            return self._socket.recv(1000).decode()
        except TimeoutError:
            return ""

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "unit.db")
    yield made
    made.close()


def test_a_unit_that_is_well_says_so(store: Store) -> None:
    SelfTest(store)()
    SelfTest(None)()


def test_a_database_that_does_not_answer_is_not_well(store: Store) -> None:
    check = SelfTest(store)
    store.connection.close()
    with pytest.raises(StoreUnavailable):
        check()


def test_only_a_check_that_passes_is_told(manager: Manager) -> None:
    faults: list[Exception] = [Unwell("a forged voucher passes"), OSError("disk")]

    def check() -> None:
        if faults:
            raise faults.pop()

    watchdog = Watchdog(check, Notifier(manager.address), 30.0)
    assert [watchdog.feed(), watchdog.feed(), watchdog.feed()] == [False, False, True]
    assert manager.hears() == "WATCHDOG=1"
    assert manager.hears(0.01) == ""


def test_it_is_told_several_times_a_period(manager: Manager) -> None:
    watchdog = Watchdog(lambda: None, Notifier(manager.address), 0.03)
    watchdog.start()
    assert [manager.hears() for _ in range(FEEDS_A_PERIOD + 1)] == ["WATCHDOG=1"] * 4
    watchdog.stop()


def test_nobody_who_watches_is_told_nothing(manager: Manager) -> None:
    watchdog = Watchdog(lambda: None, Notifier(manager.address), None)
    watchdog.start()
    assert manager.hears(0.05) == ""
    watchdog.stop()


def test_a_database_that_hangs_is_told_no_more(store: Store, manager: Manager) -> None:
    """The lock of the store is what every scan takes; whoever holds it for ever has hung it."""
    watchdog = Watchdog(SelfTest(store), Notifier(manager.address), 0.03)
    watchdog.start()
    assert manager.hears() == "WATCHDOG=1"
    release, held = threading.Event(), threading.Event()

    def hang() -> None:
        with store.reading():
            held.set()
            release.wait(WAIT_S)

    hanging = threading.Thread(target=hang)
    hanging.start()
    assert held.wait(WAIT_S)
    while manager.hears(0.5):  # what was under way
        pass
    assert manager.hears(0.3) == "", "ten periods without a word"
    release.set()
    hanging.join()
    assert manager.hears() == "WATCHDOG=1", "and it goes on when the database does"
    watchdog.stop()


def a_unit(directory: Path, manager: Manager, watchdog_s: float) -> subprocess.Popen[str]:
    env = os.environ | {
        "NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(int(watchdog_s * 1e6)),
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "edge", "--set", f"unit.data_dir={directory}", "--set",
         "api.port=0", "run"],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def test_a_running_unit_tells_that_it_is_ready_well_and_at_its_end(
    tmp_path: Path, manager: Manager
) -> None:
    with a_rig(tmp_path / "unit"):
        pass
    process = a_unit(tmp_path / "unit", manager, 0.6)
    try:
        assert manager.hears().startswith("READY=1\nSTATUS=listens at http://127.0.0.1:")
        assert manager.hears() == "WATCHDOG=1"
        process.send_signal(signal.SIGTERM)
        last = ""
        while note := manager.hears(5):
            last = note
            if note == "STOPPING=1":
                break
        assert last == "STOPPING=1"
        assert process.wait(WAIT_S) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_unit_that_is_stopped_in_its_tracks_tells_nothing_more(
    tmp_path: Path, manager: Manager
) -> None:
    process = a_unit(tmp_path / "unit", manager, 0.3)  # not enrolled: it is well all the same
    try:
        assert manager.hears().startswith("READY=1")
        assert manager.hears() == "WATCHDOG=1"
        process.send_signal(signal.SIGSTOP)
        while manager.hears(0.5):
            pass
        assert manager.hears(0.9) == "", "three periods: a service manager would start it again"
    finally:
        process.kill()
        process.communicate()
