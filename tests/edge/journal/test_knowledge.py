"""What a unit knows of one voucher: the sum of what it did."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import EntryKind
from edge.journal.knowledge import Knowledge, Trace, knowledge_of

TRACES = st.lists(
    st.builds(
        Trace,
        epoch=st.just(Epoch(1)),
        seq=st.integers(1, 99).map(Seq),
        kind=st.sampled_from([EntryKind.REDEMPTION, EntryKind.VOID]),
        amount=st.integers(0, 10000),
        wall_s=st.just(0),
        code_step=st.none() | st.integers(0, 9),
    )
)


def test_of_a_voucher_never_seen_nothing_is_known() -> None:
    assert knowledge_of([]) == Knowledge()


def test_a_void_gives_the_value_back_but_not_the_code() -> None:
    taken = Trace(Epoch(1), Seq(2), EntryKind.REDEMPTION, 3000, 10, 77)
    void = Trace(Epoch(1), Seq(3), EntryKind.VOID, 3000, 20, None)
    assert knowledge_of([taken, void]) == Knowledge(0, taken, frozenset({77}))


@given(TRACES)
def test_taken_is_what_was_accepted_less_what_was_voided(traces: list[Trace]) -> None:
    accepted = [t for t in traces if t.kind is EntryKind.REDEMPTION]
    voided = [t for t in traces if t.kind is EntryKind.VOID]
    known = knowledge_of(traces)
    assert known.taken == sum(t.amount for t in accepted) - sum(t.amount for t in voided)
    assert known.last == (accepted[-1] if accepted else None)
    assert known.used_steps == {t.code_step for t in accepted if t.code_step is not None}
