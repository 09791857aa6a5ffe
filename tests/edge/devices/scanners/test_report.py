"""What the doctor says of each scanner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from edge.config import load
from edge.devices.finding import Finding, Health
from edge.devices.scanners.gather import ScannerSeen
from edge.devices.scanners.report import scanner_reports
from edge.devices.scanners.states import State
from edge.devices.simulated.scanner import SimulatedScanner


def told(text: str, *seen: ScannerSeen) -> Finding:
    config, _ = load(env={}, overrides=[f"scanners.counter={text}"])
    states: Sequence[ScannerSeen] = seen
    [report] = scanner_reports(config, (lambda: states) if seen else None)
    return report()


def test_a_unit_without_scanners_has_nothing_to_tell() -> None:
    assert scanner_reports(load(env={})[0]) == []


def test_without_the_unit_it_is_told_whether_one_is_attached(tmp_path: Path) -> None:
    link = tmp_path / "usb-scanner"
    found = told(f"serial:{link}#gm65-uart")
    assert (found.name, found.health) == ("scanner counter", Health.BAD)
    assert found.what_to_do.startswith("plug it in")
    device = SimulatedScanner(link)
    device.plug_in()
    found = told(f"serial:{link}#gm65-uart")
    assert (found.health, found.found) == (Health.GOOD, f"attached at {link}")
    assert found.profile.startswith("gm65-uart ")
    device.unplug()


def test_a_wrong_setting_is_a_finding_and_no_crash() -> None:
    found = told("serial:/dev/x#gm65")
    assert found.health is Health.BAD
    assert "did you mean gm65-" in found.found


@pytest.mark.parametrize("state", list(State))
def test_in_the_unit_it_is_told_how_it_is(state: State) -> None:
    found = told("serial:/dev/x#gm65-uart", ScannerSeen("counter", state, last_s=7))
    assert (found.health is Health.GOOD) == (state is State.READY)
    assert bool(found.what_to_do) == (state is not State.READY)
    assert str(state) in found.found
    assert found.last_answer == "7 s ago"


def test_one_that_comes_and_goes_is_not_well() -> None:
    seen = ScannerSeen("counter", State.READY, is_flapping=True)
    assert told("serial:/dev/x#gm65-uart", seen).what_to_do == "comes and goes: check the plug"
