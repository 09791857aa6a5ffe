"""Who redeemed first: what holds for every set of facts, in every order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from central.stores.redemptions.resolve import Fact, Share, resolve
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId
from edge.contract.policy import Mode
from tests.builders import NOW_S

UNITS = [UnitId("S0412-K1"), UnitId("S0412-K2"), UnitId("S0500-K1")]

refs = st.builds(
    EntryRef, st.sampled_from(UNITS), st.integers(1, 2).map(Epoch), st.integers(1, 5).map(Seq)
)
fact = st.builds(
    Fact, refs, st.sampled_from(Mode), st.integers(NOW_S, NOW_S + 3), st.integers(0, 60),
    st.booleans(), st.booleans(),
)  # fmt: skip
facts = st.lists(fact, max_size=10, unique_by=lambda f: f.ref)
capacities = st.integers(1, 100)


def a_fact(number: int, mode: Mode = Mode.SOLO, at_s: int = NOW_S, amount: int = 1,
           **bent: bool) -> Fact:  # fmt: skip
    return Fact(EntryRef(UNITS[0], Epoch(1), Seq(number)), mode, at_s, amount, **bent)


def covered(capacity: int, *known: Fact) -> list[int]:
    shares = resolve(capacity, known)
    return [shares[f.ref].covered for f in known]


def rank(one: Fact) -> tuple[bool, int, int, EntryRef]:
    return one.is_written_off, one.mode, one.wall_s, one.ref


@given(capacities, facts, st.randoms())
def test_the_order_of_arrival_changes_nothing(
    capacity: int, known: list[Fact], dice: object
) -> None:
    shuffled = known.copy()
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert resolve(capacity, shuffled) == resolve(capacity, known)


@given(capacities, facts)
def test_what_is_covered_never_adds_up_to_more_than_there_is(
    capacity: int, known: list[Fact]
) -> None:
    shares = resolve(capacity, known)
    total = sum(share.covered for share in shares.values())
    wanted = sum(f.amount for f in known if not f.is_voided)
    assert total == min(capacity, wanted)


@given(capacities, facts)
def test_every_fact_is_covered_or_in_excess_to_its_full_amount(
    capacity: int, known: list[Fact]
) -> None:
    shares = resolve(capacity, known)
    for one in known:
        share = shares[one.ref]
        assert share.covered >= 0
        assert share.excess >= 0
        assert sum(share) == (0 if one.is_voided else one.amount)


@given(capacities, facts, fact)
def test_a_late_fact_takes_nothing_from_what_ranks_before_it(
    capacity: int, known: list[Fact], late: Fact
) -> None:
    known = [f for f in known if f.ref != late.ref]
    before, after = resolve(capacity, known), resolve(capacity, [*known, late])
    for one in known:
        if rank(one) < rank(late):
            assert after[one.ref] == before[one.ref]
        assert after[one.ref].covered <= before[one.ref].covered


@given(capacities, facts, st.integers(0, 9))
def test_a_void_takes_nothing_from_anybody(capacity: int, known: list[Fact], which: int) -> None:
    if not known:
        return
    target = known[which % len(known)]
    others = [f for f in known if f.ref != target.ref]
    before = resolve(capacity, [*others, target._replace(is_voided=False)])
    after = resolve(capacity, [*others, target._replace(is_voided=True)])
    assert after == {**resolve(capacity, others), target.ref: Share(0, 0)}
    assert all(after[f.ref].covered >= before[f.ref].covered for f in others)


@given(capacities, facts)
def test_hearing_of_something_twice_is_hearing_of_it_once(capacity: int, known: list[Fact]) -> None:
    assert resolve(capacity, known + known) == resolve(capacity, known)


@given(st.permutations(list(Mode)))
def test_the_strongest_guarantee_comes_first(modes: list[Mode]) -> None:
    """Even if a weaker one was earlier: the hub had promised it."""
    known = [a_fact(n, mode, NOW_S - mode) for n, mode in enumerate(modes, start=1)]
    shares = resolve(1, known)
    assert {f.mode for f in known if shares[f.ref].covered} == {Mode.ONLINE}


def test_of_two_alike_the_earlier_one_comes_first() -> None:
    assert covered(1, a_fact(1, at_s=NOW_S + 1), a_fact(2, at_s=NOW_S)) == [0, 1]


def test_at_the_same_moment_the_name_decides() -> None:
    assert covered(1, a_fact(2), a_fact(1)) == [0, 1]


def test_a_large_fact_is_covered_in_part_and_a_later_one_not_at_all() -> None:
    known = [a_fact(1, amount=70), a_fact(2, amount=50), a_fact(3, amount=10)]
    assert covered(100, *known) == [70, 30, 0]


def test_a_void_makes_room_for_the_next() -> None:
    assert covered(1, a_fact(1, is_voided=True), a_fact(2)) == [0, 1]


def test_nothing_known_is_nothing_spent() -> None:
    assert resolve(5, []) == {}
