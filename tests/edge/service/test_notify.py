"""What the service manager hears, over a real socket of its kind."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from edge.config import service_manager
from edge.service.notify import Notifier


@pytest.mark.parametrize("abstract", [False, True], ids=["a path", "an abstract name"])
def test_a_note_arrives_as_one_datagram(tmp_path: Path, abstract: bool) -> None:
    address = f"@tearoff-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + address[1:] if abstract else address)
        assert Notifier(address).send("READY=1", "STATUS=listens")
        assert manager.recv(100) == b"READY=1\nSTATUS=listens"


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody", "x" * 500])
def test_nobody_who_listens_stops_nothing(address: str) -> None:
    assert Notifier(address).send("READY=1") is False


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({}, ("", None)),
        ({"NOTIFY_SOCKET": "/run/notify"}, ("/run/notify", None)),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "30000000"}, ("@x", 30.0)),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, ("", None)),
        ({"WATCHDOG_USEC": "0"}, ("", None)),
        ({"WATCHDOG_USEC": "soon"}, ("", None)),
        ({"WATCHDOG_USEC": "-1"}, ("", None)),
    ],
    ids=str,
)
def test_the_environment_says_who_watches(
    env: dict[str, str], told: tuple[str, float | None]
) -> None:
    assert service_manager(env) == told


def test_a_watchdog_of_this_very_process_is_heard() -> None:
    env = {"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": str(os.getpid())}
    assert service_manager(env) == ("", 1.5)
