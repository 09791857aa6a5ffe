"""Numbers decide, the surest first; every line of a bill ends in one place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.reconciliation.match import (
    Entry,
    Finding,
    Kind,
    Line,
    Match,
    Pass,
    match,
)


def line(n: int = 1, number: str = "P1", minor: int = 8800, **bent: str) -> Line:
    return Line(n, number, bent.get("channel", f"C{n}"), bent.get("refund", ""), minor)


def entry(id_: int = 1, *names: str, minor: int = 8800, days_off: int = 0) -> Entry:
    return Entry(id_, frozenset(names or ("P1",)), minor, days_off)


PROVEN = {
    "our number": ([line()], [entry()], Pass.NUMBER),
    "the channel's number": ([line(channel="42")], [entry(1, "O-9", "42")], Pass.CHANNEL_NUMBER),
    "a refund by its own number, not its payment's": (
        [line(minor=-800, refund="R1")], [entry(2, "R1", minor=-800)], Pass.REFUND_NUMBER,
    ),
    "a batch": (
        [line(number="B1", minor=300)], [entry(1, "B1", minor=100), entry(2, "B1", minor=200)],
        Pass.BATCH,
    ),
    "a batch over midnight": (
        [line(number="B1", minor=300)],
        [entry(1, "B1", minor=100), entry(2, "B1", minor=200, days_off=1)], Pass.NEXT_DAY,
    ),
    "a line of nothing": ([line(minor=0)], [], Pass.BATCH),
    "the day before": ([line()], [entry(days_off=-1)], Pass.NEXT_DAY),
    "the day after": ([line()], [entry(days_off=1)], Pass.NEXT_DAY),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "entries", "by"), PROVEN.values(), ids=PROVEN)
def test_a_line_proves_what_has_its_number(
    lines: list[Line], entries: list[Entry], by: Pass
) -> None:
    assert match(lines, entries) == (
        (Match(1, tuple(e.id for e in entries), by),), (),
    )  # fmt: skip


DIFFERS = {
    "not in the books": ([line()], [entry(1, "P2")], Finding(1, Kind.NOT_IN_BOOKS, 8800)),
    "the same amount is not enough": (
        [line()], [entry(1, "X")], Finding(1, Kind.NOT_IN_BOOKS, 8800),
    ),
    "a payment of two by its own number": (
        [line(channel="T1", minor=9000)], [entry(1, "P1", "T2"), entry(2, "P1", "T1")],
        Finding(1, Kind.AMOUNT, 200, (2,)),
    ),
    "a batch that does not add up": (
        [line(number="B1", minor=400)], [entry(1, "B1", minor=100), entry(2, "B1", minor=200)],
        Finding(1, Kind.AMOUNT, 100, (1, 2)),
    ),
    "more by the bill": ([line(minor=9000)], [entry()], Finding(1, Kind.AMOUNT, 200, (1,))),
    "less by the bill": ([line(minor=8000)], [entry()], Finding(1, Kind.AMOUNT, -800, (1,))),
    "a refund does not differ from its payment": (
        [line(minor=-800, refund="R1")], [entry(1, "P1", "R1")],
        Finding(1, Kind.NOT_IN_BOOKS, -800),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "entries", "finding"), DIFFERS.values(), ids=DIFFERS)
def test_a_line_that_proves_nothing_says_why(
    lines: list[Line], entries: list[Entry], finding: Finding
) -> None:
    assert match(lines, entries) == ((), (finding,))


def test_the_second_line_of_one_payment_is_a_duplicate() -> None:
    twice = [line(1, channel="42"), line(2, channel="42")]
    told = match(twice, [entry()])
    assert tuple(told) == ((Match(1, (1,), Pass.NUMBER),), (Finding(2, Kind.DUPLICATE, 8800),))
    assert match(twice[1:], [], before=twice[:1]).findings == told.findings


def test_the_same_day_goes_before_midnight_s_neighbour() -> None:
    told = match([line()], [entry(1, days_off=-1), entry(2)])
    assert told.matches == (Match(1, (2,), Pass.NUMBER),)


def test_several_lines_of_one_number_prove_what_they_come_to_together() -> None:
    """A payout of 120 that the channel moves as 120 and a fee of 1."""
    lines = [line(1, "PO7", -12000), line(2, "X", 5), line(3, "PO7", -100)]
    told = match(lines, [entry(4, "PO7", minor=-12100), entry(5, "X", minor=5)])
    assert set(told.matches) == {
        Match(2, (5,), Pass.NUMBER), Match(1, (4,), Pass.LINES, (3,)),
    }  # fmt: skip
    assert told.findings == ()


names = st.sampled_from(["P1", "P2", "P3", "C1", "C2", "R1"])
amounts = st.integers(-3, 3)
some_lines = st.lists(
    st.tuples(names, names, st.sampled_from(["", "R1", "R2"]), amounts), max_size=8
).map(lambda rows: [Line(n, *row) for n, row in enumerate(rows, 1)])
some_entries = st.lists(
    st.tuples(
        st.frozensets(names, min_size=1, max_size=2), amounts.filter(bool), st.integers(-1, 1)
    ),
    max_size=8,
).map(lambda rows: [Entry(n, *row) for n, row in enumerate(rows, 1)])


@given(some_lines, some_entries)
def test_every_line_ends_in_one_place_and_no_entry_is_proven_twice(
    lines: list[Line], entries: list[Entry]
) -> None:
    told = match(lines, entries)
    matched = [n for m in told.matches for n in (m.n, *m.others)]
    assert sorted(matched + [f.n for f in told.findings]) == [one.n for one in lines]
    taken = [entry for m in told.matches for entry in m.entries]
    taken += [entry for f in told.findings for entry in f.entries]
    assert len(taken) == len(set(taken))
    minor = {e.id: e.minor for e in entries}
    by_n = {one.n: one.minor for one in lines}
    for m in told.matches:
        assert sum(minor[e] for e in m.entries) == sum(by_n[n] for n in (m.n, *m.others))
    for finding in told.findings:
        assert finding.minor == by_n[finding.n] - sum(minor[e] for e in finding.entries) != 0
        assert bool(finding.entries) == (finding.kind is Kind.AMOUNT)
