"""P10: what a unit takes of a small machine, and how soon it can scan after a start."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.demo.processes import run, wait_until
from tests.demo.scenario import Stage, Till

STARTS = 5
_PEER = "import flask, peewee, time; print('up', flush=True); time.sleep(600)"


class Footprint(NamedTuple):
    """Resident memory in KiB, medians; seconds from the start of the process.

    Args:
        peer_kib: A Python that has imported flask and peewee and does nothing.
        idle_kib: A unit that has answered one request and printed nothing yet.
        printed_kib: The same once it has printed a receipt.
        camera_kib: The process that reads pictures, once it has read one.
        ready_s: Until the unit has answered whether a voucher is good.
    """

    peer_kib: float
    idle_kib: float
    printed_kib: float
    camera_kib: float
    ready_s: float


def footprint(directory: Path) -> Footprint:
    """Measure a real unit that a real hub has enrolled, and its peer, in turns."""
    stage = Stage(directory, lambda _: None)
    try:
        stage.open_shop()
        [till, *_] = stage.tills.values()
        peers, idle, printed, ready = [], [], [], []
        for number in range(STARTS):
            with _peer() as pid:
                peers.append(_resident_kib(pid))
            ready.append(_restart(till, stage.vouchers[0]["text"]))
            idle.append(_resident_kib(_pid(till)))
            _print_one(stage, till, number)
            printed.append(_resident_kib(_pid(till)))
        camera = _camera_kib(stage)
    finally:
        stage.end()
    return Footprint(
        peer_kib=statistics.median(peers),
        idle_kib=statistics.median(idle),
        printed_kib=statistics.median(printed),
        camera_kib=camera,
        ready_s=statistics.median(ready),
    )


@contextmanager
def _peer() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", _PEER], stdout=subprocess.PIPE) as peer:
        assert peer.stdout is not None
        peer.stdout.readline()
        yield peer.pid
        peer.kill()


def _restart(till: Till, text: str) -> float:
    till.unit.stop()
    began = time.perf_counter()
    till.unit.start("The unit listens")
    status, _ = till.api.ask("POST", "/v1/verifications", {"scan": text})
    assert status == 200, "the unit can scan"
    return time.perf_counter() - began


def _print_one(stage: Stage, till: Till, number: int) -> None:
    [voucher] = [v for v in stage.vouchers if v["what"] == "gift"]
    body = {"scan": voucher["text"], "amount": {"amount": 100, "currency": "CNY"}}
    status, answer = till.api.ask("POST", "/v1/redemptions", body, key=f"footprint-{number}")
    assert status == 201, answer
    wait_until("it is printed", lambda: not till.api.get("/v1/status")["printer"]["papers_owed"])


def _camera_kib(stage: Stage) -> float:
    voucher = stage.vouchers[0]
    picture = Path(voucher["directory"]) / voucher["png"]
    unit = str(Path(sys.executable).parent / "tearoff-unit")
    run(["tearoff-unit", "scan-image", str(picture), "--json"])  # warms the files of the libraries
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURE, unit, "scan-image", str(picture), "--json"],
        capture_output=True, check=True,
    )  # fmt: skip
    return float(measured.stdout)


# The largest of a command and of what it starts in turn.
_MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def _pid(till: Till) -> int:
    assert till.unit.pid is not None, "it was just started"
    return till.unit.pid


def _resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmRSS":
            return int(value.split()[0])
    raise AssertionError(f"process {pid} has ended")
