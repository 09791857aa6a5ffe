"""Receipts on the simulated printer over TCP: each comes out, and no second one without a mark."""

from __future__ import annotations

import random
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.devices.paper import Row
from edge.devices.ports import Outcome, Printed, PrinterState
from edge.devices.simulated.escpos_commands import CUT_SHORT
from edge.devices.simulated.printer import SimulatedPrinter
from edge.journal.store import Recorded
from edge.receipt.spool import COPIES_MAX, Event, JobState
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, TillPrinter, a_printer_profile, a_rig
from tests.edge.devices.printers.usb_bus import UsbPrinter

HEADER = "欢迎光临"
"""Stands once on every receipt, above everything that differs."""


@contextmanager
def a_till(directory: Path, printer: SimulatedPrinter, **bent: Any) -> Iterator[Rig]:
    """A unit with this printer; its thread is not started."""
    till_printer = TillPrinter(printer, a_printer_profile(**bent))
    with a_rig(directory / "unit", printer=till_printer) as rig:
        yield rig


@pytest.fixture(name="printer")
def _printer() -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter() as printer:
        yield printer


@pytest.fixture(name="rig")
def _rig(tmp_path: Path, printer: SimulatedPrinter) -> Iterator[Rig]:
    with a_till(tmp_path, printer) as rig:
        yield rig


def redeem(rig: Rig, number: int = 0) -> Recorded:
    recorded = rig.present(b.a_token(voucher_id=e.voucher(number)))
    assert recorded.entry.accepted
    return recorded


def states(rig: Rig, recorded: Recorded) -> list[tuple[int, JobState]]:
    jobs = rig.core.spool.of(recorded.entry.epoch, recorded.entry.seq)
    return [(job.copy, job.state) for job in jobs]


def prints(printer: SimulatedPrinter | UsbPrinter) -> Counter[tuple[int, int]]:
    """How often (entry, copy) can be read on all paper; 0 is the original without a mark."""
    papers = [*printer.papers(), printer.open_paper()]
    roll = "\n".join(paper.text for paper in papers)
    found: Counter[tuple[int, int]] = Counter()
    for receipt in roll.split(HEADER)[1:]:
        entry = re.search(r"S0412-K1/1/(\d+) [0-9a-f]{8}\b", receipt)
        copy = re.search(r"COPY (\d+)", receipt)
        if entry:
            found[int(entry[1]), int(copy[1]) if copy else 0] += 1
    return found


def unknown_commands(printer: SimulatedPrinter) -> list[str]:
    papers = [*printer.papers(), printer.open_paper()]
    return [command.why for paper in papers for command in paper.unknown_commands]


def print_all(rig: Rig, attempts: int = 200) -> None:
    """Print until nothing is owed."""
    for _ in range(attempts):
        if not rig.core.spool.owed():
            return
        rig.core.receipts.print_next()
    raise AssertionError(f"{rig.core.spool.owed()} papers are still owed")


# --- one fault at a time -------------------------------------------------------------------------


def test_a_redemption_becomes_a_receipt(rig: Rig, printer: SimulatedPrinter) -> None:
    recorded = redeem(rig)
    job = rig.core.receipts.print_next()
    assert job is not None
    assert (job.seq, job.copy, job.state) == (recorded.entry.seq, 0, JobState.PRINTED)
    [paper] = printer.papers()
    assert "￥88.00" in paper.text
    assert f"S0412-K1/1/2 {recorded.hash[:4].hex()}" in paper.text
    assert f"S0412-K1/1/2 {recorded.hash.hex()}" in paper.text, "and in the code"
    assert paper.unknown_commands == ()
    assert rig.core.receipts.print_next() is None


def test_a_copy_says_that_it_is_one(rig: Rig, printer: SimulatedPrinter) -> None:
    recorded = redeem(rig)
    rig.core.spool.add_copy(recorded.entry.epoch, recorded.entry.seq)
    print_all(rig)
    first, second = printer.papers()
    assert "COPY" not in first.text
    assert "COPY 1" in second.text
    assert states(rig, recorded) == [(0, JobState.PRINTED), (1, JobState.PRINTED)]


WAITING: list[tuple[dict[str, Any], PrinterState]] = [
    ({"paper_end": True}, PrinterState.PAPER_END),
    ({"cover_open": True}, PrinterState.COVER_OPEN),
    ({"error": True}, PrinterState.ERROR),
    ({"mute": True}, PrinterState.UNKNOWN),
    ({"garbage": True}, PrinterState.UNKNOWN),
]


@pytest.mark.parametrize(("faults", "state"), WAITING, ids=str)
def test_a_printer_that_is_not_well_gets_the_original_once_it_is(
    rig: Rig, printer: SimulatedPrinter, faults: dict[str, Any], state: PrinterState
) -> None:
    recorded = redeem(rig)
    printer.faults.change(**faults)
    assert rig.core.receipts.print_next() is None
    assert rig.core.receipts.state is state
    assert states(rig, recorded) == [(0, JobState.QUEUED)]
    printer.faults.change(**dict.fromkeys(faults, False))
    print_all(rig)
    assert prints(printer) == {(recorded.entry.seq, 0): 1}


def test_a_printer_that_is_switched_off_gets_the_original_later(
    rig: Rig, printer: SimulatedPrinter
) -> None:
    recorded = redeem(rig)
    printer.stop()
    assert rig.core.receipts.print_next() is None
    assert rig.core.receipts.state is PrinterState.UNREACHABLE
    printer.start()
    print_all(rig)
    assert prints(printer) == {(recorded.entry.seq, 0): 1}


@pytest.mark.parametrize("faults", [{"drop_after": 150}, {"stall_after": 150}], ids=str)
def test_a_receipt_that_broke_off_comes_again_as_a_marked_copy(
    rig: Rig, printer: SimulatedPrinter, faults: dict[str, Any]
) -> None:
    recorded = redeem(rig)
    printer.faults.change(**faults)
    job = rig.core.receipts.print_next()
    assert job is not None
    assert job.state is JobState.UNCERTAIN
    printer.faults.change(**dict.fromkeys(faults, None))
    print_all(rig)
    came, seq = prints(printer), recorded.entry.seq
    # One that only stood still may go on with what lay before it, if it does so at once.
    whole = came.pop((seq, 0), 0)
    assert whole <= ("stall_after" in faults)
    assert came == {(seq, 1): 1}
    assert states(rig, recorded) == [(0, JobState.SUPERSEDED), (1, JobState.PRINTED)]


def test_a_receipt_that_came_out_unconfirmed_comes_again_only_with_a_mark(
    rig: Rig, printer: SimulatedPrinter
) -> None:
    recorded = redeem(rig)
    printer.faults.wrong_ack = True
    rig.core.receipts.print_next()
    printer.faults.wrong_ack = False
    print_all(rig)
    assert prints(printer) == {(recorded.entry.seq, 0): 1, (recorded.entry.seq, 1): 1}


def test_a_printer_that_never_confirms_ends_the_copies_by_itself(
    rig: Rig, printer: SimulatedPrinter
) -> None:
    recorded = redeem(rig)
    printer.faults.wrong_ack = True
    print_all(rig)
    assert prints(printer) == {(recorded.entry.seq, n): 1 for n in range(COPIES_MAX + 1)}


def test_a_printer_that_by_its_profile_never_answers_is_sent_each_paper_once(
    tmp_path: Path, printer: SimulatedPrinter
) -> None:
    with a_till(tmp_path, printer, status_query={"dialect": "none"}) as rig:
        printer.faults.mute = True
        recorded = redeem(rig)
        job = rig.core.receipts.print_next()
        assert job is not None
        assert job.state is JobState.SENT
        printer.wait_for_papers(1)
        assert (prints(printer), rig.core.spool.owed()) == ({(recorded.entry.seq, 0): 1}, 0)


def test_power_that_fails_while_the_printer_holds_the_text_loses_nothing(tmp_path: Path) -> None:
    """A socket took the bytes; they were never on paper."""
    with SimulatedPrinter(buffered=True) as printer, a_till(tmp_path, printer) as rig:
        recorded = redeem(rig)
        printer.faults.stall_after = 400
        rig.core.receipts.print_next()
        printer.power_cycle()
        printer.faults.stall_after = None
        print_all(rig)
        assert prints(printer) == {(recorded.entry.seq, 1): 1}


def test_a_unit_killed_while_it_prints_prints_a_marked_copy_after(
    rig: Rig, printer: SimulatedPrinter
) -> None:
    recorded = redeem(rig)
    job = rig.core.spool.take()
    assert job is not None
    document = rig.core.papers.document(job)
    assert document is not None
    rig.restart()
    rig.core.spool.recover()
    print_all(rig)
    assert prints(printer) == {(recorded.entry.seq, 1): 1}


# --- the thread ----------------------------------------------------------------------------------


@contextmanager
def printing(rig: Rig) -> Iterator[None]:
    rig.core.receipts.start()
    try:
        yield
    finally:
        rig.core.receipts.stop()


def test_the_thread_prints_what_is_owed_and_what_comes(rig: Rig, printer: SimulatedPrinter) -> None:
    redeem(rig, 1)
    with printing(rig):
        printer.wait_for_papers(1)
        redeem(rig, 2)
        rig.core.receipts.wake()
        printer.wait_for_papers(2)
    assert prints(printer) == {(2, 0): 1, (3, 0): 1}


def test_redemption_goes_on_while_the_printer_holds_everything_up(
    rig: Rig, printer: SimulatedPrinter
) -> None:
    printer.faults.stall_after = 10
    with printing(rig):
        for number in range(10):
            redeem(rig, number)
            rig.core.receipts.wake()
        assert len(rig.acceptances()) == 10
        printer.faults.stall_after = None


class MoodyPrinter:
    """A printer whose code breaks on its first paper. Implements ``devices.ports.Printer``."""

    columns = 48
    why = ""

    def __init__(self) -> None:
        self.papers: list[list[str]] = []
        self.done = threading.Event()
        self._broken = True

    def state(self) -> PrinterState:
        return PrinterState.READY

    def print(self, rows: list[Row]) -> Outcome:
        if self._broken:
            self._broken = False
            raise ZeroDivisionError("never thought of")
        self.papers.append([row.text.strip() for row in rows])
        self.done.set()
        return Outcome(Printed.CONFIRMED)

    def close(self) -> None:
        pass


def test_an_error_that_nobody_thought_of_does_not_end_the_printing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    moody = MoodyPrinter()
    with a_rig(tmp_path / "unit", printer=moody) as rig:
        redeem(rig)
        with printing(rig):
            rig.core.receipts.wake()
            assert moody.done.wait(10)
        marked = any(row.endswith("COPY 1") for row in moody.papers[0])
        assert marked, "nobody knows whether the original came out"
    assert "never thought of" in caplog.text


# --- a bad day -----------------------------------------------------------------------------------

BAD_DAY: list[dict[str, Any]] = [
    {"paper_end": True}, {"cover_open": True}, {"error": True}, {"paper_low": True},
    {"wrong_ack": True}, {"drop_after": 5}, {"drop_after": 120}, {"drop_after": 333},
    {"stall_after": 60}, {"mute": True}, {"garbage": True}, {"slow_bytes_per_s": 20_000},
]  # fmt: skip


def turn(printer: SimulatedPrinter, luck: random.Random) -> None:
    """Something happens to the printer, mostly nothing."""
    good = dict.fromkeys(("drop_after", "stall_after", "slow_bytes_per_s"))
    flags = ("paper_end", "cover_open", "error", "paper_low", "wrong_ack", "mute", "garbage")
    printer.faults.change(**good, **dict.fromkeys(flags, False))
    if luck.random() < 0.35:
        printer.faults.change(**luck.choice(BAD_DAY))
    elif luck.random() < 0.1:
        printer.power_cycle()


@pytest.mark.parametrize("seed", [1, 2])
def test_of_fifty_receipts_on_a_bad_day_none_is_lost_and_none_comes_twice_unmarked(
    tmp_path: Path, seed: int
) -> None:
    luck = random.Random(seed)
    with SimulatedPrinter(buffered=True) as printer, a_till(tmp_path, printer) as rig:
        entries = []
        for number in range(50):
            entries.append(redeem(rig, number).entry.seq)
            turn(printer, luck)
            rig.core.receipts.print_next()
            if luck.random() < 0.05:
                rig.restart()
                rig.core.spool.recover()
        turn(printer, random.Random(0))
        print_all(rig)
        found = prints(printer)
        assert {entry for entry, _ in found} == set(entries), "none is lost"
        assert all(times == 1 for times in found.values()), "each mark is on one paper"
        assert set(unknown_commands(printer)) <= {CUT_SHORT}


def test_a_paper_is_ended_by_one_event_only(rig: Rig) -> None:
    redeem(rig)
    job = rig.core.spool.take()
    assert job is not None
    rig.core.spool.report(job, Event.CONFIRMED)
    assert rig.core.receipts.print_next() is None
