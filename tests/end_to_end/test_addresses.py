"""Programs that are told to listen where they cannot: a sentence, not a traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
NOT_OURS = "203.0.113.7"
"""An address that RFC 5737 keeps for documents: no machine has it."""


@pytest.fixture(name="taken")
def _taken() -> Iterator[int]:
    """A port at which somebody listens already."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def says(*command: str) -> str:
    """Run a command that fails; return the last line of what it says."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_a_unit_says_which_port_is_taken(tmp_path: Path, taken: int) -> None:
    unit = ("tearoff-unit", "--set", f"unit.data_dir={tmp_path / 'till'}", "--set")
    told = says(*unit, f"api.port={taken}", "run")
    assert f"127.0.0.1, port {taken}, cannot be listened at: Address already in use" in told


def test_a_unit_says_that_an_address_is_not_this_machine_s(tmp_path: Path) -> None:
    unit = ("tearoff-unit", "--set", f"unit.data_dir={tmp_path / 'till'}", "--set")
    told = says(*unit, f"api.host={NOT_OURS}", "run")
    assert f"{NOT_OURS}, port 8090, cannot be listened at" in told


def test_a_hub_says_which_port_is_taken_and_which_address_is_none(
    tmp_path: Path, taken: int
) -> None:
    hub = ("tearoff-hub", "--set", f"data_dir={tmp_path / 'hub'}")
    subprocess.run([str(BIN / hub[0]), *hub[1:], "init"], check=True, capture_output=True)
    told = says(*hub, "--set", f"port={taken}", "serve")
    assert f"127.0.0.1, port {taken}, cannot be listened at: Address already in use" in told
    told = says(*hub, "--set", "host=hub", "serve")
    assert "hub, port 8080, cannot be listened at" in told


@pytest.mark.parametrize("which", ["--port", "--web"])
def test_a_simulated_printer_says_which_port_is_taken(which: str, taken: int) -> None:
    ports = {"--port": 0, "--web": 0} | {which: taken}
    options = [part for name, port in ports.items() for part in (name, str(port))]
    told = says("tearoff-unit", "printer-simulator", *options)
    assert str(taken) in told
    assert "cannot be listened at: Address already in use" in told
