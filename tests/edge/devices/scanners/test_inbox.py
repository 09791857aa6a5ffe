"""Each scan reaches one screen, once, and soon or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge.devices.ports import Scan
from edge.devices.scanners import inbox as limits
from edge.devices.scanners.admit import Fault
from edge.devices.scanners.inbox import Inbox, Verdict, Waiting

CODE = b"812345678901234567"


class Steady:
    """A steady counter that stands still until a test moves it."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(name="clock")
def _clock() -> Steady:
    return Steady()


@pytest.fixture(name="inbox")
def _inbox(clock: Steady) -> Inbox:
    return Inbox(clock)


@pytest.fixture(name="live")
def _live() -> Iterator[Inbox]:
    """One that real threads wait at."""
    inbox = Inbox(time.monotonic)
    yield inbox
    inbox.close()


def looked_at(inbox: Inbox, looker: str = "till", **how: bool) -> Waiting | None:
    return inbox.next(looker, 0, **how)


def test_a_scan_waits_until_a_screen_takes_it(inbox: Inbox) -> None:
    assert inbox.offer("counter", 3, CODE) is Verdict.WAITS
    seen = looked_at(inbox)
    assert seen == Waiting(1, Scan(CODE.decode(), "counter", 3, 100.0))
    assert looked_at(inbox) == seen  # looking is not taking
    assert inbox.take(1, "request") == seen
    assert looked_at(inbox) is None
    assert inbox.tally("counter").taken == 1


def test_only_one_request_gets_a_scan_and_gets_it_again(inbox: Inbox) -> None:
    inbox.offer("counter", 1, CODE)
    assert inbox.take(1, "mine")
    assert inbox.take(1, "yours") is None
    assert inbox.take(1, "mine")
    assert inbox.take(2, "mine") is None


def test_scans_are_shown_in_the_order_in_which_they_came(inbox: Inbox) -> None:
    for number in range(3):
        inbox.offer("counter", 1, b"code-%d" % number)
    shown = []
    while seen := looked_at(inbox):
        shown.append(seen.scan.text)
        inbox.take(seen.number, "request")
    assert shown == ["code-0", "code-1", "code-2"]


def test_a_scan_that_nobody_takes_is_dropped_and_that_is_counted(
    inbox: Inbox, clock: Steady, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.offer("counter", 1, CODE)
    clock.now_s += limits.FRESH_S + 0.1
    assert looked_at(inbox) is None
    assert inbox.take(1, "too late") is None
    assert inbox.tally("counter").missed == 1
    assert "no screen" in caplog.text
    assert CODE.decode() not in caplog.text


@pytest.mark.parametrize("other", ["counter", "hall"])
def test_the_same_code_from_the_same_or_another_scanner_is_one_scan(
    inbox: Inbox, clock: Steady, other: str
) -> None:
    assert inbox.offer("counter", 1, CODE) is Verdict.WAITS
    clock.now_s += 1.4
    assert inbox.offer(other, 1, CODE) is Verdict.REPEATED
    clock.now_s += 1.6
    assert inbox.offer(other, 1, CODE) is Verdict.WAITS
    assert inbox.tally(other).repeated == 1


def test_noise_bothers_nobody_and_a_bad_code_is_shown_without_its_content(inbox: Inbox) -> None:
    assert inbox.offer("counter", 1, b"ab") is Verdict.NOISE
    assert looked_at(inbox) is None
    assert inbox.offer("counter", 1, b"\x1b[2Jpaid") is Verdict.UNREADABLE
    seen = looked_at(inbox)
    assert seen
    assert (seen.scan.text, seen.fault) == ("", Fault.CONTROL)


def test_a_scanner_that_delivers_without_end_is_refused_and_leaves_room_for_others(
    inbox: Inbox, clock: Steady
) -> None:
    verdicts = []
    for number in range(1000):
        clock.now_s += 0.001
        verdicts.append(inbox.offer("mad", 1, b"junk%d" % number))
    assert verdicts[:8] == [Verdict.WAITS] * 8
    assert set(verdicts[8:]) == {Verdict.FULL, Verdict.TOO_FAST}
    assert inbox.tally("mad").refused == 992
    assert inbox.offer("counter", 1, CODE) is Verdict.WAITS


def test_names_of_sources_without_end_cost_bounded_memory(inbox: Inbox) -> None:
    for number in range(1000):
        inbox.offer(f"phone-{number}", 1, CODE)
    assert len(inbox.tallies) <= limits.SOURCES_MAX + 1


# --- several screens -----------------------------------------------------------------------------


def test_a_screen_far_away_sees_nothing_while_one_at_the_unit_looks(
    inbox: Inbox, clock: Steady
) -> None:
    inbox.offer("counter", 1, CODE)
    assert looked_at(inbox, "till", is_near=True)
    clock.now_s += 1
    assert looked_at(inbox, "office", is_near=False) is None
    clock.now_s += limits.NEAR_S
    assert looked_at(inbox, "office", is_near=False)


def test_it_is_known_whether_anybody_looks(inbox: Inbox, clock: Steady) -> None:
    assert not inbox.is_watched()
    looked_at(inbox)
    assert inbox.is_watched()
    clock.now_s += limits.WATCHED_S + 0.1
    assert not inbox.is_watched()


def test_who_waits_sees_a_scan_at_once(live: Inbox) -> None:
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(live.next, "till", 60.0)
        while not live.is_watched():
            pass
        live.offer("counter", 1, CODE)
        seen = waits.result(timeout=30)
    assert seen
    assert seen.scan.text == CODE.decode()


def test_a_screen_that_asks_again_lets_its_older_question_go(live: Inbox) -> None:
    with ThreadPoolExecutor(2) as pool:
        older = pool.submit(live.next, "till", 60.0)
        while not live._lookers:
            pass
        newer = pool.submit(live.next, "till", 60.0)
        assert older.result(timeout=30) is None
        live.offer("counter", 1, CODE)
        assert newer.result(timeout=30)


def test_no_more_threads_wait_than_there_may_be(live: Inbox) -> None:
    with ThreadPoolExecutor(limits.LOOKERS_MAX) as pool:
        waiting = [pool.submit(live.next, f"s{n}", 60.0) for n in range(limits.LOOKERS_MAX)]
        while len(live._lookers) < limits.LOOKERS_MAX:
            pass
        assert live.next("one more", 60.0) is None  # at once
        live.close()
        assert [w.result(timeout=30) for w in waiting] == [None] * limits.LOOKERS_MAX


def test_many_screens_that_reach_for_the_same_scans_get_each_once(live: Inbox) -> None:
    got: list[int] = []
    begin = threading.Barrier(4)

    def screen(name: str) -> None:
        begin.wait(30)
        got.extend(number for number in range(1, 9) if live.take(number, name))

    for number in range(8):
        live.offer("counter", 1, b"code-%d" % number)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(screen, name) for name in "abcd"]:
            done.result(timeout=30)
    assert sorted(got) == list(range(1, 9))
