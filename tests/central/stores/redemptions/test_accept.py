"""Where a pushed entry stands to what the hub has: the table, and what holds for any push."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.stores.redemptions.accept import Arrived, Place, arrange, empty_tail
from edge.contract.ids import Epoch, Seq, UnitId
from edge.contract.journal_entry import GENESIS, entry_hash
from edge.contract.sync_message import Ack
from tests import builders as b
from tests.central.builders import Till

FIRST = empty_tail(Epoch(1))
NEXT, KNOWN, FORK, GAP = Place.NEXT, Place.KNOWN, Place.FORK, Place.GAP


def a_journal(entries: int, clerk: str = "li") -> Till:
    till = Till(b.UNIT, b.a_sign_key("unit"), b.a_seal_key("unit"))
    for _ in range(entries):
        till.accept(b.some_claims(), clerk=clerk)
    return till


def at(till: Till, seq: int) -> tuple[Ack, dict[Seq, bytes]]:
    """The hub has a journal up to here."""
    known = {Seq(n): entry_hash(raw) for n, raw in enumerate(till.raws[:seq], start=1)}
    return (Ack(till.epoch, Seq(seq), known[Seq(seq)]) if seq else FIRST), known


def places(till: Till, held: int, first: int, raws: list[bytes]) -> list[Place]:
    tail, known = at(till, held)
    return [a.place for a in arrange(till.unit, tail, known, Seq(first), tuple(raws))]


OURS = a_journal(6)
CLONE = a_journal(6, clerk="wang")


@pytest.mark.parametrize(
    ("held", "first", "raws", "expected"),
    [
        (0, 1, OURS.raws[:3], [NEXT, NEXT, NEXT]),
        (3, 4, OURS.raws[3:], [NEXT, NEXT, NEXT]),
        (3, 1, OURS.raws[:3], [KNOWN, KNOWN, KNOWN]),
        (3, 2, OURS.raws[1:5], [KNOWN, KNOWN, NEXT, NEXT]),
        (3, 3, CLONE.raws[2:4], [FORK, FORK]),
        (3, 2, [OURS.raws[1], *CLONE.raws[2:4]], [KNOWN, FORK, FORK]),
        (3, 4, CLONE.raws[3:5], [FORK, FORK]),
        (3, 5, OURS.raws[4:], [GAP, GAP]),
        (0, 2, OURS.raws[1:3], [GAP, GAP]),
        (3, 0, OURS.raws[:2], [FORK, FORK]),
        (3, 4, [OURS.raws[3], OURS.raws[3]], [NEXT, FORK]),
        (3, 4, [], []),
    ],
    ids=["all-new", "next", "known", "overlap", "fork-at-known", "fork-in-push", "wrong-previous",
         "gap", "gap-at-start", "number-0", "twice-in-push", "empty"],
)  # fmt: skip
def test_each_entry_has_its_place(
    held: int, first: int, raws: list[bytes], expected: list[Place]
) -> None:
    assert places(OURS, held, first, raws) == expected


def test_an_entry_that_cannot_be_read_keeps_its_place() -> None:
    """The head that covers it is signed; what follows it must not wait for ever."""
    till = a_journal(2)
    till.garble()
    after = till.accept(b.some_claims())
    arrived = arrange(till.unit, FIRST, {}, Seq(1), tuple(till.raws))
    assert [a.place for a in arrived] == [NEXT] * 4
    assert arrived[2].entry is None
    assert arrived[2].fault == "malformed-entry"
    assert arrived[3].entry == after


Bend = Callable[[Till], object]


@pytest.mark.parametrize(
    "bend",
    [
        lambda till: till.accept(b.some_claims(), unit=UnitId("S0412-K2")),
        lambda till: till.accept(b.some_claims(), epoch=Epoch(2)),
        lambda till: till.accept(b.some_claims(), seq=Seq(9)),
        lambda till: till.accept(b.some_claims(), prev=GENESIS),
    ],
    ids=["unit", "epoch", "number", "previous"],
)
def test_an_entry_that_says_it_is_another_one_is_a_fork(bend: Bend) -> None:
    till = a_journal(2)
    bend(till)
    assert places(till, 2, 3, till.raws[2:]) == [FORK]


def test_a_known_number_without_a_known_hash_is_a_fork() -> None:
    tail, _ = at(OURS, 3)
    [only] = arrange(OURS.unit, tail, {}, Seq(3), (OURS.raws[2],))
    assert only.place is FORK


@given(st.integers(0, 6), st.integers(1, 6), st.integers(1, 6))
def test_whatever_part_of_one_journal_comes_nothing_of_it_is_a_fork(
    held: int, first: int, last: int
) -> None:
    found = places(OURS, held, first, OURS.raws[first - 1 : last])
    expected = [KNOWN if n <= held else NEXT for n in range(first, last + 1)]
    assert found == (expected if first <= held + 1 else [GAP] * len(expected))


@given(st.lists(st.sampled_from(OURS.raws + CLONE.raws), max_size=6), st.integers(0, 6))
def test_what_is_taken_is_always_one_unbroken_chain(raws: list[bytes], held: int) -> None:
    tail, known = at(OURS, held)
    arrived = arrange(OURS.unit, tail, known, Seq(held + 1), tuple(raws))
    taken = [a for a in arrived if a.place is NEXT]
    before: bytes = tail.hash
    for one in taken:
        assert one.entry is not None
        assert one.entry.prev == before
        before = one.hash
    rest = arrived[len(taken) :]
    assert _all_behind_a_break(rest)


def _all_behind_a_break(rest: list[Arrived]) -> bool:
    return all(a.place in {FORK, GAP} for a in rest)
