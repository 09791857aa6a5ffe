"""Whatever happens to a scanner, it comes back; and its state says what happened."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.devices.ports import ScannerLost
from edge.devices.scanners.states import NEXT, WAIT_S_MAX, Event, State, wait_s
from edge.devices.scanners.supervise import Supervisor


class Wire:
    """A scanner that a test plugs, unplugs and breaks."""

    def __init__(self) -> None:
        self.plugged: str | None = None
        self.opens = True
        self.broken: Exception | None = None
        self.is_open = False
        self.codes: list[bytes] = []
        self.times_opened = 0

    def attached(self) -> str | None:
        return self.plugged

    def open(self) -> None:
        assert not self.is_open, "opened twice without being closed"
        if not self.opens:
            raise ScannerLost("somebody else has it")
        self.is_open = True
        self.times_opened += 1

    def read(self, wait_s: float) -> Sequence[bytes]:
        assert self.is_open
        if self.broken:
            raise self.broken
        codes, self.codes = self.codes, []
        return codes

    def close(self) -> None:
        self.is_open = False


class Clock(threading.Event):
    """Time passes only where somebody waits."""

    now_s = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now_s += timeout or 0
        return False


class Rig:
    """A supervisor that a test steps through by hand."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.clock = Clock()
        self.got: list[tuple[int, bytes]] = []
        self.supervisor = Supervisor(
            "counter", self.wire, lambda generation, raw: self.got.append((generation, raw)),
            lambda: self.clock.now_s, lambda: 0.5, self.clock,
        )  # fmt: skip

    @property
    def state(self) -> State:
        return self.supervisor.condition().state

    def until(self, state: State, steps: int = 200) -> None:
        for _ in range(steps):
            if self.state is state:
                return
            self.supervisor.step()
        raise AssertionError(f"never {state}")


@pytest.fixture(name="rig")
def _rig() -> Rig:
    return Rig()


def test_a_scanner_that_is_plugged_in_later_is_found_and_read(rig: Rig) -> None:
    rig.supervisor.step()
    assert rig.state is State.ABSENT
    rig.wire.plugged = "one"
    rig.until(State.READY)
    rig.wire.codes = [b"a", b"b"]
    rig.supervisor.step()
    assert rig.got == [(1, b"a"), (1, b"b")]


@pytest.mark.parametrize("exc", [ScannerLost("gone"), OSError(5, "Input/output error")])
def test_an_unplugged_scanner_is_absent_and_comes_back_as_another_generation(
    rig: Rig, exc: Exception
) -> None:
    rig.wire.plugged = "one"
    rig.until(State.READY)
    rig.wire.broken, rig.wire.plugged = exc, None
    rig.until(State.ABSENT)
    assert not rig.wire.is_open
    rig.wire.broken, rig.wire.plugged = None, "two"
    rig.until(State.READY)
    rig.wire.codes = [b"a"]
    rig.supervisor.step()
    assert rig.got == [(2, b"a")]


def test_a_swap_in_place_between_two_looks_is_seen(rig: Rig) -> None:
    rig.wire.plugged = "one"
    rig.until(State.READY)
    rig.wire.plugged = "two"
    rig.supervisor.step()
    rig.until(State.READY)
    assert rig.supervisor.condition().generation == 2
    assert rig.wire.times_opened == 2


def test_a_scanner_that_cannot_be_opened_is_tried_again_ever_more_slowly(rig: Rig) -> None:
    rig.wire.plugged, rig.wire.opens = "one", False
    tried: list[float] = []
    while len(tried) < 12:
        before = rig.supervisor._failures
        rig.supervisor.step()
        if rig.supervisor._failures > before:
            tried.append(rig.clock.now_s)
    gaps = [round(b - a, 2) for a, b in itertools.pairwise(tried)]
    assert gaps[:7] == [0.5, 1, 2, 4, 8, 16, 30]
    assert set(gaps[7:]) == {30}
    assert rig.supervisor.condition().error == "somebody else has it"
    rig.wire.opens = True
    rig.until(State.READY)


def test_a_scanner_that_works_a_while_begins_anew_with_its_failures(rig: Rig) -> None:
    rig.wire.plugged = "one"
    for _ in range(6):
        rig.until(State.READY)
        rig.wire.broken = ScannerLost("hiccup")
        rig.supervisor.step()
        rig.wire.broken = None
    assert rig.supervisor._failures == 6
    rig.until(State.READY)
    rig.clock.now_s += 31
    rig.supervisor.step()
    assert rig.supervisor._failures == 0
    assert rig.supervisor.condition().error == ""


def test_one_that_comes_and_goes_is_said_to(rig: Rig) -> None:
    for number in range(7):
        rig.wire.plugged = f"plug {number}"
        rig.until(State.READY)
        rig.wire.plugged = None
        rig.until(State.ABSENT)
    assert rig.supervisor.condition().is_flapping
    rig.clock.now_s += 61
    assert not rig.supervisor.condition().is_flapping


def test_a_defect_in_a_driver_is_logged_and_does_not_end_its_thread(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.wire.plugged = "one"
    rig.until(State.READY)
    rig.wire.broken = ZeroDivisionError("12345678")
    rig.supervisor.step()
    assert rig.state is State.BACKOFF
    assert rig.supervisor.condition().error == "ZeroDivisionError"
    rig.wire.broken = None
    rig.until(State.READY)


def test_a_failure_is_logged_once_and_its_repetitions_are_not(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rig.wire.plugged, rig.wire.opens = "one", False
    for _ in range(400):
        rig.supervisor.step()
    said = [r for r in caplog.records if "somebody else" in r.getMessage()]
    assert len(said) == 1


def test_a_thread_runs_it_and_stops_at_once_when_told() -> None:
    rig = Wire()
    got: list[bytes] = []
    chance: Callable[[], float] = lambda: 0.5  # noqa: E731
    supervisor = Supervisor("s", rig, lambda _g, raw: got.append(raw), lambda: 0.0, chance)
    rig.plugged, rig.codes = "one", [b"code"]
    supervisor.start()
    while not got:
        pass
    supervisor.stop()
    assert not rig.is_open


# --- the table -----------------------------------------------------------------------------------


def test_no_state_is_the_last_one() -> None:
    reached = {State.ABSENT}
    for _ in State:
        reached |= {after for (before, _e), after in NEXT.items() if before in reached}
    assert reached == set(State)
    assert {before for before, _ in NEXT} == set(State)
    assert all((state, Event.FOUND) in NEXT or state is State.OPENING for state in State)


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_the_wait_doubles_within_its_bounds(chance: float) -> None:
    waits = [wait_s(n, chance) for n in range(1, 200)]
    assert all(0 < a <= b <= WAIT_S_MAX for a, b in itertools.pairwise(waits))


class AnythingHappens(RuleBasedStateMachine):
    """Plugs, faults and time in any order."""

    def __init__(self) -> None:
        super().__init__()
        logging.disable(logging.CRITICAL)
        self.rig = Rig()

    @rule(plugged=st.none() | st.sampled_from(["one", "two"]))
    def plug(self, plugged: str | None) -> None:
        self.rig.wire.plugged = plugged

    @rule(fault=st.sampled_from([None, ScannerLost("x"), OSError(5, "io"), ValueError("defect")]))
    def break_it(self, fault: Exception | None) -> None:
        self.rig.wire.broken = fault

    @rule(opens=st.booleans())
    def hold(self, opens: bool) -> None:
        self.rig.wire.opens = opens

    @rule(times=st.integers(1, 9))
    def step(self, times: int) -> None:
        for _ in range(times):
            self.rig.supervisor.step()

    @invariant()
    def it_is_open_only_while_ready(self) -> None:
        assert self.rig.wire.is_open == (self.rig.state is State.READY)

    def teardown(self) -> None:
        logging.disable(logging.NOTSET)
        self.rig.wire.plugged, self.rig.wire.broken, self.rig.wire.opens = "last", None, True
        self.rig.until(State.READY)


AnythingHappens.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestAnythingHappens = AnythingHappens.TestCase
