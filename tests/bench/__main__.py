"""``./run bench``: measures, prints the table, and writes docs/reference/benchmarks.md.

./run bench             everything, about ten minutes
./run bench decision    only what is named: decision, footprint, routing, camera, ledger
./run bench --no-write  print only
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.bench import camera, decision, ledger, status
from tests.bench.footprint import footprint
from tests.bench.routing import routing

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"


class Row(NamedTuple):
    """One figure: what was measured, against what, the goal, and how it came about."""

    name: str
    measured: str
    goal: str
    note: str


def _decision(directory: Path) -> Iterator[Row]:
    verified = decision.verification(directory)
    yield Row(
        "P3 verify a token / bare Ed25519 verify of the same library",
        f"{verified.ratio:.2f}",
        "≤ 1.25",
        f"{verified.a_us:.0f} µs / {verified.b_us:.0f} µs",
    )
    for name, anchored, goal in (
        ("P1 scan to durable decision, without anchor", False, "≤ 1.6"),
        ("P1 scan to durable decision, with anchor", True, "≤ 2.0; p99 ≤ 3"),
    ):
        with tempfile.TemporaryDirectory(dir=directory) as own:
            ratio = decision.decision(Path(own), anchored=anchored)
        yield Row(
            f"{name} / verify + one flush of a pre-sized record",
            f"{ratio.ratio:.2f}; p99 {ratio.a_p99:.1f}",
            goal,
            f"{ratio.a_us:.0f} µs / {ratio.b_us:.0f} µs",
        )
    with tempfile.TemporaryDirectory(dir=directory) as own:
        written = decision.written(Path(own))
    yield Row(
        "P2 flushes and KiB written per redemption",
        f"{written.flushes:.2f} and {written.kib:.1f} KiB",
        "≤ 2 and ≤ 10 KiB",
        "counted: commit and anchor; journal, indexes and receipt job in the WAL,"
        " the anchor's 4 KiB slot not included",
    )


def _footprint(directory: Path) -> Iterator[Row]:
    found = footprint(directory)
    peer = found.peer_kib
    yield Row(
        "P10 memory of a unit / Python with flask and peewee imported",
        f"{found.idle_kib / peer:.2f}",
        "≤ 1.3",
        f"{found.idle_kib / 1024:.0f} MiB / {peer / 1024:.0f} MiB resident",
    )
    yield Row(
        "P10 the same, having printed",
        f"{found.printed_kib / peer:.2f}",
        "≤ 1.7",
        f"{found.printed_kib / 1024:.0f} MiB",
    )
    yield Row(
        "P10 memory of the process that reads pictures",
        f"{found.camera_kib / 1024:.0f} MiB",
        "≤ 100 MiB",
        "largest resident set while it reads one",
    )
    yield Row(
        "P10 from start to ready to scan",
        f"{found.ready_s:.2f} s",
        "≤ 2 s",
        "process start to the first answer over HTTP",
    )


def _routing(_directory: Path) -> Iterator[Row]:
    found = routing()
    yield Row(
        "P8 supplier routing decision over 12 offers of 5,000 SKUs",
        f"{found.median_us:.0f} µs",
        "≤ 50 µs median",
        f"p99 {found.p99_us:.0f} µs; the slowest policy, {found.policy}; with all its reasons",
    )


def _ledger(directory: Path) -> Iterator[Row]:
    """Short; ``python -m tests.bench.ledger`` takes its time, and grows the books further."""
    for row in ledger.rows(directory, quick=True):
        yield Row(*row)


def _camera(directory: Path) -> Iterator[Row]:
    for row in camera.rows(directory):
        yield Row(*row)


def _status(_directory: Path) -> Iterator[Row]:
    """Yield P6, of a hundred million vouchers."""
    for name, measured, goal in status.rows():
        yield Row(f"P6 {name}", measured, goal, "random places, signed blocks")


PARTS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "decision": _decision,
    "footprint": _footprint,
    "routing": _routing,
    "camera": _camera,
    "ledger": _ledger,
    "status": _status,
}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}")
    parser.add_argument("--no-write", action="store_true", help="leave the page as it is")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    chosen = options.parts or list(PARTS)
    tables: dict[str, list[Row]] = {}
    # Beside the code and not in /tmp, which may be memory: a flush must reach a disk.
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".bench-") as folder:
        machine = _machine(Path(folder))
        sys.stdout.write(f"{machine}\n")
        for part in chosen:
            directory = Path(folder) / part
            directory.mkdir()
            tables[part] = []
            for row in PARTS[part](directory):
                tables[part].append(row)
                sys.stdout.write(f"{row.name:68} {row.measured:>22}   goal {row.goal}\n")
                sys.stdout.flush()
    if not options.no_write and chosen == list(PARTS):
        PAGE.write_text(_page(machine, tables), "utf-8")
        sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")


def _machine(directory: Path) -> str:
    """Say what a reader must know of the machine: kind of processor, how many, cost of a flush."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores of {model}, Python {platform.python_version()},"
        f" a flush of 4 KiB takes {_flush_us(directory):.0f} µs (median)"
    )


def _flush_us(directory: Path) -> float:
    handle = os.open(directory / "flush", os.O_RDWR | os.O_CREAT)
    os.pwrite(handle, bytes(4096), 0)
    os.fsync(handle)
    times = []
    for _ in range(500):
        began = time.perf_counter()
        os.pwrite(handle, os.urandom(4096), 0)
        os.fdatasync(handle)
        times.append(time.perf_counter() - began)
    os.close(handle)
    return statistics.median(times) * 1e6


def _page(machine: str, tables: dict[str, list[Row]]) -> str:
    lines = [
        "<!-- Written by `./run bench`. -->",
        "# Benchmarks",
        "",
        f"Measured on: {machine}.",
        "",
        "Machines differ by a factor of two and so do minutes of one machine, so a figure is a",
        "ratio to a limit or a peer that is measured in the same run, in turns (A B A B …); the",
        "median of the rounds' ratios counts. `./run bench` measures again and writes this page.",
        "",
        "| figure | measured | goal | how |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {row.measured} | {row.goal} | {row.note} |"
        for rows in tables.values()
        for row in rows
    ]
    remarks = ROOT / "tests" / "bench" / "remarks.md"
    return "\n".join(lines) + "\n\n" + remarks.read_text("utf-8")


if __name__ == "__main__":
    main()
