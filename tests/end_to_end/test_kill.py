"""Units that are killed, again and again, in the middle of what they do.

What must hold is simple. What somebody was told is on the disk. Who asks again with the same key
is told the same. No voucher is taken twice, no entry is lost or comes twice, and each acceptance
has its paper: one original, or a copy that says so.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from central.foundation.clock import now_s
from central.foundation.db.engine import rows as hub_rows
from edge.app import Unit
from edge.core import Parts
from edge.devices.simulated.printer import SimulatedPrinter
from tests.central.books import assert_sound, balances
from tests.end_to_end.killed_till import Asked, Till, Told, anchor_of, receipts_on
from tests.end_to_end.shop import GOOD_FOR_EVER, a_shop, a_unit_config, sell_texts
from tests.end_to_end.stranger import REDEMPTION, Row, journal_of

pytestmark = pytest.mark.kill

KILLS = int(os.environ.get("TEAROFF_KILLS", "25"))
"""Of each kind: four kinds make a hundred. ``./run simulate --kills 1000`` sets it."""
LUNCH_MINOR = 8800

Asking = dict[Asked, Told | None]
"""What was asked around a kill, and what was told before it."""


class Hunt:
    """Closes in on the commit: a little later after each kill that came before it, else earlier."""

    def __init__(self) -> None:
        self._share = 0.5
        self.found: Counter[str] = Counter()

    def __call__(self, till: Till, number: int) -> Asking:
        """Kill during one redemption."""
        asked = till.new()
        [told] = till.kill_during(till.redeem_s * self._share, asked)
        is_recorded = asked.request in {row.said.get(21) for row in journal_of(till.directory)}
        self._share = max(0.0, self._share + (-0.05 if is_recorded else 0.05))
        self.found["told" if told else "recorded" if is_recorded else "nothing"] += 1
        return {asked: told}


def among_three_requests(till: Till, number: int) -> Asking:
    """Two want the same voucher, a third another one."""
    first, other = till.new(), till.new()
    second = till.new(first.scan)
    told = till.kill_during(2 * till.redeem_s * number / KILLS, first, second, other)
    return dict(zip((first, second, other), told, strict=True))


def while_the_paper_comes(till: Till, number: int) -> Asking:
    asked = till.new()
    told = till.ask(asked)
    till.kill_during(1.5 * till.paper_s * number / KILLS)
    return {asked: told}


def while_it_comes_up_again(till: Till, number: int) -> Asking:
    asked = till.new()
    [told] = till.kill_during(till.redeem_s, asked)
    till.process.begin()
    till.kill_during(1.2 * till.start_s * number / KILLS)
    return {asked: told}


def while_the_hub_is_asked_and_told(till: Till, number: int) -> Asking:
    """The hub holds a voucher for a unit that is gone, and has entries whose receipt is lost."""
    asked = till.new()
    [told] = till.kill_during(3 * till.redeem_s * number / KILLS, asked)
    return {asked: told}


class Kind(NamedTuple):
    """A way to kill, and whether the hub is there."""

    kill: Callable[[Till, int], Asking]
    has_hub: bool = False


KINDS = {
    "among three requests": Kind(among_three_requests),
    "while the paper comes": Kind(while_the_paper_comes),
    "while it comes up again": Kind(while_it_comes_up_again),
    "while the hub is asked and told": Kind(while_the_hub_is_asked_and_told, has_hub=True),
}


@contextmanager
def a_till(directory: Path, *, has_hub: bool = False) -> Iterator[Till]:
    """An enrolled unit as a process, with many vouchers that it knows to be good."""
    with ExitStack() as stack:
        printer = stack.enter_context(SimulatedPrinter())
        shop = stack.enter_context(a_shop(directory / "hub", now_s))
        texts = sell_texts(3 * KILLS + 10, **GOOD_FOR_EVER)
        shop.enrol(directory / "till", Parts())
        unit = Unit(a_unit_config(directory / "till", hub=shop.url))
        pulled = unit.sync_now()
        unit.stop()
        assert pulled["pull"]
        till = Till(directory / "till", printer, texts, shop.url if has_hub else "")
        stack.callback(till.close)
        yield till


def kill_and_ask_again(till: Till, kill: Callable[[Till, int], Asking]) -> None:
    """Kill many times. Each time: look at the disk, start again, ask everything again."""
    for number in range(KILLS):
        asking = kill(till, number)
        found = journal_of(till.directory)
        assert_told_is_kept(asking, found)
        assert anchor_of(till.directory)[:3] in {row[:3] for row in found}, "it is never ahead"
        till.process.start()
        for asked, told in asking.items():
            till.ask_again(asked, told)
        assert till.api.get("/v1/status")["journal"]["gap"] is None


def assert_told_is_kept(asking: Asking, found: list[Row]) -> None:
    kept = {row.said.get(21): row.hash.hex() for row in found}
    for asked, told in asking.items():
        assert told is None or told[1]["entry"]["hash"] == kept[asked.request]


def assert_nothing_lost_and_nothing_doubled(till: Till) -> list[Row]:
    """Of a unit that does not run; return what it accepted."""
    found = journal_of(till.directory)
    assert_told_is_kept(dict(till.told), found)
    assert anchor_of(till.directory)[:3] == found[-1][:3]
    assert len(found) == 1 + len(till.told), "each request has one entry, after the epoch's own"
    accepted = [row for row in found if row.kind == REDEMPTION]
    assert all(row.papers for row in accepted), "a paper is owed from the same commit on"
    assert max(Counter(row.said[11] for row in accepted).values()) == 1
    presented = {asked.scan for asked in till.told}
    assert len(accepted) == len(presented), "each voucher was good for one"

    receipts = receipts_on(till.printer)
    assert {number for number, _ in receipts.whole} == {row.seq for row in accepted}
    assert receipts.whole == {(row.seq, row.hash.hex()) for row in accepted}
    assert max(receipts.begun.values()) == 1, "no paper looks like another"
    return accepted


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_unit_that_is_killed_nothing_is_lost_and_nothing_doubled(
    tmp_path: Path, kind: str
) -> None:
    kill, has_hub = KINDS[kind]
    with a_till(tmp_path, has_hub=has_hub) as till:
        kill_and_ask_again(till, kill)
        till.rest(sends=has_hub)
        till.process.kill()
        accepted = assert_nothing_lost_and_nothing_doubled(till)
        if has_hub:
            at_hub = hub_rows("SELECT epoch, seq, hash FROM redemption_entry ORDER BY seq")
            assert at_hub == [row[:3] for row in journal_of(till.directory)]
            assert hub_rows("SELECT count(*) FROM reservation") == [(0,)]
            assert balances()["2310.S0412"] == -len(accepted) * LUNCH_MINOR
            assert_sound()


def test_around_the_commit_a_redemption_is_there_or_not_and_never_half(tmp_path: Path) -> None:
    """Half of these kills come before the commit, half after it and before the answer."""
    hunt = Hunt()
    with a_till(tmp_path) as till:
        kill_and_ask_again(till, hunt)
        till.rest(sends=False)
        till.process.kill()
        assert_nothing_lost_and_nothing_doubled(till)
    assert hunt.found["nothing"] > 0, hunt.found
    assert hunt.found["recorded"] + hunt.found["told"] > 0, hunt.found
