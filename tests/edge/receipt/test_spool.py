"""Papers owed: each ends once, and what may be out already comes again only as a marked copy."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import StoreUnavailable
from edge.receipt.spool import COPIES_MAX, ENDS, TRANSITIONS, Event, Job, JobState, Spool
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig

EVERY_PAIR = list(itertools.product(JobState, Event))


def a_job(rig: Rig, state: JobState = JobState.QUEUED) -> Job:
    """The paper of a redemption, put into a state."""
    entry = rig.present(b.a_token()).entry
    with rig.store.transaction():
        rig.store.execute("UPDATE print_job SET state = ?, boot = x'00'", (str(state),))
    [job] = rig.core.spool.of(entry.epoch, entry.seq)
    return job


def states(rig: Rig, job: Job) -> list[tuple[int, JobState]]:
    return [(one.copy, one.state) for one in rig.core.spool.of(job.epoch, job.seq)]


@pytest.mark.parametrize(("state", "event"), EVERY_PAIR, ids=str)
def test_every_event_in_every_state_is_in_the_table_or_an_error(
    rig: Rig, state: JobState, event: Event
) -> None:
    job = a_job(rig, state)
    after = TRANSITIONS.get((state, event))
    if after is None:
        with pytest.raises(KeyError):
            rig.core.spool.report(job, event)
        assert states(rig, job) == [(0, state)]
        return
    reported = rig.core.spool.report(job, event, "because")
    assert (reported.state, reported.error) == (after, "because")
    assert rig.core.spool.of(job.epoch, job.seq) == [reported]


def test_the_states_that_are_ends_are_left_by_nothing_and_all_others_lead_there() -> None:
    left = {state for state, _ in TRANSITIONS}
    assert left == set(JobState) - ENDS
    for state in left:
        seen, todo = set(), {state}
        while todo:
            seen |= todo
            todo = {after for (s, _), after in TRANSITIONS.items() if s in todo} - seen
        assert seen & ENDS


def test_a_redemption_owes_its_paper_and_a_refusal_none(rig: Rig) -> None:
    rig.present(b.a_token())
    rig.present(b.a_token())
    rig.present("garbage")
    assert rig.core.spool.owed() == 1


def test_papers_are_taken_in_the_order_in_which_they_were_owed(rig: Rig) -> None:
    entries = [rig.present(b.a_token(voucher_id=e.voucher(n))).entry.seq for n in range(3)]
    spool = rig.core.spool
    taken = []
    while job := spool.take():
        taken.append(job.seq)
        spool.report(job, Event.CONFIRMED)
    assert taken == entries
    assert spool.owed() == 0


def test_what_was_not_written_is_taken_again_and_its_tries_are_counted(rig: Rig) -> None:
    job = a_job(rig)
    spool = rig.core.spool
    for attempts in (1, 2, 3):
        taken = spool.take()
        assert taken is not None
        assert (taken.id, taken.copy, taken.attempts) == (job.id, 0, attempts)
        spool.report(taken, Event.NOTHING_WRITTEN, "paper-end")
    assert states(rig, job) == [(0, JobState.QUEUED)]


def test_an_uncertain_paper_is_replaced_by_a_marked_copy(rig: Rig) -> None:
    job = a_job(rig)
    spool = rig.core.spool
    taken = spool.take()
    assert taken is not None
    spool.report(taken, Event.NO_ANSWER)
    assert spool.owed() == 1
    copy = spool.take()
    assert copy is not None
    assert copy.copy == 1
    spool.report(copy, Event.CONFIRMED)
    assert states(rig, job) == [(0, JobState.SUPERSEDED), (1, JobState.PRINTED)]


def test_after_some_copies_by_itself_a_person_has_to_ask(rig: Rig) -> None:
    """And nothing says that a copy follows when none does."""
    job = a_job(rig)
    spool = rig.core.spool
    while taken := spool.take():
        spool.report(taken, Event.NO_ANSWER)
    superseded = [(n, JobState.SUPERSEDED) for n in range(COPIES_MAX)]
    assert states(rig, job) == [*superseded, (COPIES_MAX, JobState.NEEDS_OPERATOR)]
    assert spool.owed() == 0
    assert [held.id for held in spool.held()] == [spool.of(job.epoch, job.seq)[-1].id]
    assert spool.add_copy(job.epoch, job.seq) == COPIES_MAX + 1
    assert spool.owed() == 1


def test_a_copy_that_a_person_asks_for_is_the_next_number(rig: Rig) -> None:
    job = a_job(rig, JobState.PRINTED)
    assert [rig.core.spool.add_copy(job.epoch, job.seq) for _ in range(3)] == [1, 2, 3]


def test_no_paper_is_owed_for_an_entry_that_is_not_there(rig: Rig) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        rig.core.spool.add_copy(b.an_entry().epoch, b.an_entry(seq=99).seq)
    assert caught.value.extra["cause"] == "ConstraintError"


@pytest.mark.parametrize("state", list(JobState))
def test_a_crash_in_any_state_never_leads_to_a_second_unmarked_original(
    rig: Rig, state: JobState
) -> None:
    job = a_job(rig, state)
    rig.restart()
    spool = rig.core.spool
    spool.recover()
    taken = spool.take()
    if state in ENDS | {JobState.NEEDS_OPERATOR}:
        assert taken is None
        return
    assert taken is not None
    may_be_out = state in {JobState.SENDING, JobState.UNCERTAIN}
    assert taken.copy == (1 if may_be_out else 0)
    assert states(rig, job)[0][1] is (JobState.SUPERSEDED if may_be_out else JobState.SENDING)


def test_recovering_twice_changes_nothing_more(rig: Rig) -> None:
    a_job(rig, JobState.SENDING)
    assert (rig.core.spool.recover(), rig.core.spool.recover()) == (1, 0)


def test_an_old_view_of_a_paper_changes_nothing(rig: Rig) -> None:
    """Two threads must not both end the same paper."""
    a_job(rig)
    spool = rig.core.spool
    taken = spool.take()
    assert taken is not None
    spool.report(taken, Event.CONFIRMED)
    with pytest.raises(AssertionError):
        spool.report(taken, Event.CONFIRMED)


def test_the_newest_papers_come_first(rig: Rig) -> None:
    for number in range(3):
        rig.present(b.a_token(voucher_id=e.voucher(number)))
    assert [job.seq for job in rig.core.spool.newest(2)] == [4, 3]


# --- what a person decides -----------------------------------------------------------------------


def a_held(rig: Rig) -> Job:
    a_job(rig, JobState.NEEDS_OPERATOR)
    [held] = rig.core.spool.held()
    return held


def test_a_held_paper_is_printed_again_as_a_marked_copy(rig: Rig) -> None:
    held = a_held(rig)
    assert rig.core.spool.decide(held.id, Event.COPIED) == held
    assert states(rig, held) == [(0, JobState.SUPERSEDED), (1, JobState.QUEUED)]
    assert rig.core.spool.held() == []


def test_a_held_paper_that_nobody_wants_is_given_up(rig: Rig) -> None:
    held = a_held(rig)
    assert rig.core.spool.decide(held.id, Event.ABANDONED) == held
    assert states(rig, held) == [(0, JobState.GIVEN_UP)]


def test_a_paper_is_decided_about_once(rig: Rig) -> None:
    """Two clerks, or one who taps twice."""
    held = a_held(rig)
    spool = rig.core.spool
    assert spool.decide(held.id, Event.COPIED)
    assert spool.decide(held.id, Event.COPIED) is None
    assert spool.decide(held.id, Event.ABANDONED) is None
    assert spool.decide(held.id + 99, Event.COPIED) is None
    assert states(rig, held) == [(0, JobState.SUPERSEDED), (1, JobState.QUEUED)]


OUTCOMES = st.sampled_from(
    [Event.CONFIRMED, Event.WRITTEN, Event.NOTHING_WRITTEN, Event.NO_ANSWER, Event.KILLED]
)


@settings(max_examples=40)
@given(outcomes=st.lists(OUTCOMES, max_size=12))
def test_whatever_happens_at_most_one_paper_without_a_mark_may_be_out(
    tmp_path_factory: pytest.TempPathFactory, outcomes: list[Event]
) -> None:
    with e.a_rig(tmp_path_factory.mktemp("spool") / "unit") as rig:
        rig.present(b.a_token())
        spool: Spool = rig.core.spool
        written = []
        for outcome in outcomes:
            job = spool.take()
            if job is None:
                break
            if outcome is not Event.NOTHING_WRITTEN:
                written.append(job.copy)
            if outcome is Event.KILLED:
                rig.restart()
                spool = rig.core.spool
                spool.recover()
            else:
                spool.report(job, outcome)
        assert written == list(range(len(written))), "the original, then copy 1, 2 …"
