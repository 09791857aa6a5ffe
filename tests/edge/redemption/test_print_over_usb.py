"""Receipts on a USB printer without a driver: what the spool promises holds at this wire, too."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.devices.ports import PrinterState
from edge.devices.printer_escpos import EscposPrinter
from edge.receipt.spool import JobState
from tests.edge.builders import Rig, a_printer_profile, a_rig
from tests.edge.devices.printers.usb_bus import UsbBus, UsbPrinter
from tests.edge.redemption.test_print_receipts import print_all, prints, redeem, states

PLUG = {"gone_after": None, "naks_after": None, "halts_after": None, "takes_most": 1 << 20}
FLAGS = ("paper_end", "cover_open", "error", "paper_low", "wrong_ack", "mute", "garbage")


@contextmanager
def a_till(directory: Path, device: UsbPrinter) -> Iterator[Rig]:
    bus = UsbBus(device)
    printer = EscposPrinter("usb:0416:5011", a_printer_profile(), bus.steady_s, bus)
    with a_rig(directory / "unit", printer=printer) as rig:
        yield rig


def mend(device: UsbPrinter) -> None:
    for name, value in PLUG.items():
        setattr(device, name, value)
    if not device.is_plugged_in:
        device.plug_in()
    device.faults.change(**dict.fromkeys(FLAGS, False))


@pytest.mark.parametrize("fault", ["gone_after", "naks_after", "halts_after"])
def test_a_receipt_that_broke_off_comes_again_as_a_marked_copy(tmp_path: Path, fault: str) -> None:
    device = UsbPrinter()
    with a_till(tmp_path, device) as rig:
        recorded = redeem(rig)
        setattr(device, fault, 150)
        job = rig.core.receipts.print_next()
        assert job is not None
        assert job.state is JobState.UNCERTAIN
        mend(device)
        print_all(rig)
        assert prints(device) == {(recorded.entry.seq, 1): 1}
        assert states(rig, recorded) == [(0, JobState.SUPERSEDED), (1, JobState.PRINTED)]


def test_a_printer_that_is_unplugged_gets_the_original_later(tmp_path: Path) -> None:
    device = UsbPrinter()
    with a_till(tmp_path, device) as rig:
        recorded = redeem(rig)
        device.is_plugged_in = False
        assert rig.core.receipts.print_next() is None
        state, why = rig.core.receipts.last_seen()
        assert state is PrinterState.UNREACHABLE
        assert "no device 0416:5011 is attached" in why
        device.plug_in()
        print_all(rig)
        assert prints(device) == {(recorded.entry.seq, 0): 1}
        assert rig.core.receipts.last_seen() == (PrinterState.READY, "")


def test_the_kernel_has_its_printer_back_once_the_unit_has_ended(tmp_path: Path) -> None:
    device = UsbPrinter(held_by_kernel={0})
    with a_till(tmp_path, device) as rig:
        redeem(rig)
        print_all(rig)
        assert device.held_by_kernel == set()
    assert device.held_by_kernel == {0}


def something_happens(device: UsbPrinter, luck: random.Random) -> None:
    mend(device)
    if luck.random() < 0.3:
        fault = luck.choice(["gone_after", "naks_after", "halts_after"])
        setattr(device, fault, device.machine.body_bytes + luck.randrange(700))
    elif luck.random() < 0.3:
        device.faults.change(**{luck.choice(FLAGS): True})
    elif luck.random() < 0.2:
        device.is_plugged_in = False
    device.takes_most = luck.choice([1, 13, 64, 1 << 20])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_fifty_receipts_on_a_bad_day_none_is_lost_and_none_comes_twice_unmarked(
    tmp_path: Path, seed: int
) -> None:
    luck, device = random.Random(seed), UsbPrinter()
    with a_till(tmp_path, device) as rig:
        entries = []
        for number in range(50):
            entries.append(redeem(rig, number).entry.seq)
            something_happens(device, luck)
            rig.core.receipts.print_next()
            if luck.random() < 0.05:
                rig.restart()
                rig.core.spool.recover()
        mend(device)
        print_all(rig)
        found = prints(device)
        assert {entry for entry, _ in found} == set(entries), "none is lost"
        assert all(times == 1 for times in found.values()), "each mark is on one paper"
