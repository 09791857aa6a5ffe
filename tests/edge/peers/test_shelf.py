"""What other units have recorded, in the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.contract.correction import Correction
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId, VoucherId
from edge.contract.journal_entry import EntryKind, Head, JournalEntry, entry_hash
from edge.contract.peer_message import Entries
from edge.contract.policy import Mode
from edge.contract.sync_message import Ack
from edge.db import Store
from edge.peers.contact import Me
from edge.peers.gossip import Verdict, examine
from edge.peers.shelf import KEPT_S, RELAYED_AFTER_S, PeerShelf
from tests import builders as b
from tests.edge.peers.world import STORE, MemoryJournal, unit_name

OTHER, THIRD = unit_name(2), unit_name(3)
VOUCHER = VoucherId(7)


class Now:
    def __init__(self) -> None:
        self.at_s = b.NOW_S

    def __call__(self) -> int:
        return self.at_s


@pytest.fixture(name="now")
def _now() -> Now:
    return Now()


@pytest.fixture(name="shelf")
def _shelf(tmp_path: Path, now: Now) -> Iterator[PeerShelf]:
    store = Store(tmp_path / "unit.db")
    yield PeerShelf(store, now)
    store.close()


def a_journal(unit: UnitId = OTHER, count: int = 3, **fields: object) -> MemoryJournal:
    """A journal of another unit that accepts as many vouchers."""
    journal = MemoryJournal(Me(b.ISSUER, STORE, unit, b.a_sign_key(unit)))
    for number in range(count):
        journal.append(**{"voucher_id": VoucherId(number), "mode": Mode.LAN, **fields})
    return journal


def give(shelf: PeerShelf, journal: MemoryJournal, held: Ack | None = None) -> Verdict:
    """Let the shelf take the next entries of a journal."""
    message = journal.after(held)
    assert message is not None
    newest = shelf.newest().get(journal.me.unit)
    key = journal.me.key.public_key()
    verdict, batch = examine(message, newest, shelf, b.ISSUER, key)
    if batch:
        shelf.put(batch)
    return verdict


def test_what_was_put_there_is_there_after_a_restart(tmp_path: Path, now: Now) -> None:
    journal = a_journal()
    store = Store(tmp_path / "unit.db")
    assert give(PeerShelf(store, now), journal) is Verdict.TAKEN
    store.close()
    store = Store(tmp_path / "unit.db")
    shelf = PeerShelf(store, now)
    assert shelf.newest() == {OTHER: journal.newest()}
    assert [shelf.hash_of(OTHER, Epoch(1), Seq(n)) for n in (1, 2, 3, 4)] == [
        *(entry_hash(raw) for raw in journal.raws), None,
    ]  # fmt: skip
    store.close()


def test_what_is_passed_on_is_what_its_author_has_signed(shelf: PeerShelf) -> None:
    journal = a_journal(count=3)
    give(shelf, journal)
    passed_on = shelf.after(OTHER, None)
    assert passed_on == journal.after(None)
    assert passed_on is not None
    head = Head.open(passed_on.head, b.ISSUER, journal.me.key.public_key())
    assert head.hash == passed_on.last.hash
    assert shelf.after(OTHER, journal.newest()) is None


def test_entries_are_taken_once_and_in_their_order(shelf: PeerShelf) -> None:
    journal = a_journal(count=20)
    first = journal.after(None)
    assert first is not None
    later = journal.after(first.last)
    assert later is not None
    assert give(shelf, journal, first.last) is Verdict.GAP, "the first are not here yet"
    assert [give(shelf, journal) for _ in range(2)] == [Verdict.TAKEN, Verdict.KNOWN]
    assert give(shelf, journal, first.last) is Verdict.TAKEN


def test_what_overlaps_is_taken_from_where_it_is_new(shelf: PeerShelf) -> None:
    journal = a_journal(count=2)
    give(shelf, journal)
    journal.append(voucher_id=VoucherId(50))
    assert give(shelf, journal) is Verdict.TAKEN
    assert shelf.newest()[OTHER] == journal.newest()


def test_another_entry_under_the_same_number_is_a_fork(shelf: PeerShelf) -> None:
    give(shelf, a_journal(count=2))
    assert give(shelf, a_journal(count=2, clerk="other")) is Verdict.FORK
    longer = a_journal(count=3, clerk="other")
    second = longer.hash_of(Epoch(1), Seq(2))
    assert second is not None
    assert give(shelf, longer, Ack(Epoch(1), Seq(2), second)) is Verdict.FORK, "by what it follows"


def test_what_others_have_taken_is_told_unit_by_unit(shelf: PeerShelf) -> None:
    give(shelf, a_journal(OTHER, 1, voucher_id=VOUCHER, amount=3000))
    third = a_journal(THIRD, 1, voucher_id=VOUCHER, amount=2000, code_step=77)
    third.append(
        kind=EntryKind.VOID, voucher_id=VOUCHER, amount=2000, voids=(Epoch(1), Seq(1)),
        mode=None, request=None,
    )  # fmt: skip
    third.append(voucher_id=VOUCHER, amount=500)
    give(shelf, third)
    assert shelf.taken(VOUCHER) == {OTHER: 3000, THIRD: 500}
    assert shelf.used_steps(VOUCHER) == {77}


def test_what_was_given_back_counts_for_entries_that_are_here_and_not_voided(
    shelf: PeerShelf,
) -> None:
    give(shelf, a_journal(OTHER, 1, voucher_id=VOUCHER, amount=3000))
    third = a_journal(THIRD, 2, voucher_id=VOUCHER, amount=2000)
    third.append(
        kind=EntryKind.VOID, voucher_id=VOUCHER, amount=2000, voids=(Epoch(1), Seq(1)),
        mode=None, request=None,
    )  # fmt: skip
    give(shelf, third)

    def of(unit: UnitId, seq: int, amount: int) -> Correction:
        return Correction(EntryRef(unit, Epoch(1), Seq(seq)), VOUCHER, amount)

    there = [of(OTHER, 1, 1000), of(THIRD, 2, 700)]
    voided_or_unheard_of = [of(THIRD, 1, 2000), of(OTHER, 2, 500)]
    assert shelf.given_back(there + voided_or_unheard_of) == {OTHER: 1000, THIRD: 700}
    assert shelf.given_back([of(THIRD, 2, 9999)]) == {THIRD: 2000}, "no more than was taken"


def test_an_entry_of_a_later_version_is_kept_and_passed_on(shelf: PeerShelf) -> None:
    journal = a_journal(count=1)
    later = b"\xff of a later version"
    head = Head(OTHER, Epoch(1), Seq(2), entry_hash(later), b.NOW_S)
    message = Entries(
        OTHER, Epoch(1), Seq(2), (later,), head.sign(b.ISSUER, journal.me.key)
    )  # fmt: skip
    give(shelf, journal)
    newest = shelf.newest()[OTHER]
    verdict, batch = examine(message, newest, shelf, b.ISSUER, journal.me.key.public_key())
    assert verdict is Verdict.TAKEN
    assert batch is not None
    shelf.put(batch)
    assert shelf.after(OTHER, newest) == message


def an_epoch(number: int, journal: MemoryJournal, gap_seq: int) -> Entries:
    """The first entry of a later epoch, which says how much of the one before is there."""
    from edge.contract.journal_entry import GENESIS, EpochCause, Gap  # noqa: PLC0415

    gap = Gap(EpochCause.ANCHOR_MISSING, Epoch(1), Seq(gap_seq))
    entry: JournalEntry = b.an_entry(
        unit=OTHER, epoch=Epoch(number), seq=Seq(1), prev=GENESIS, kind=EntryKind.EPOCH, gap=gap,
        voucher_id=None, amount=None, mode=None, receipt=None, request=None,
    )  # fmt: skip
    raw = entry.encode()
    head = Head(OTHER, Epoch(number), Seq(1), entry_hash(raw), b.NOW_S)
    return Entries(OTHER, Epoch(number), Seq(1), (raw,), head.sign(b.ISSUER, journal.me.key))


@pytest.mark.parametrize(
    ("says_there_are", "verdict"), [(2, Verdict.TAKEN), (1, Verdict.TAKEN), (3, Verdict.GAP)]
)
def test_a_new_epoch_is_taken_once_the_one_before_is_here(
    shelf: PeerShelf, says_there_are: int, verdict: Verdict
) -> None:
    journal = a_journal(count=2)
    give(shelf, journal)
    message = an_epoch(2, journal, says_there_are)
    key = journal.me.key.public_key()
    assert examine(message, shelf.newest()[OTHER], shelf, b.ISSUER, key)[0] is verdict


# --- for the hub ---------------------------------------------------------------------------------


def test_the_hub_is_brought_what_it_may_lack_after_a_while(shelf: PeerShelf, now: Now) -> None:
    journal = a_journal(count=3)
    give(shelf, journal)
    assert shelf.for_hub() is None, "its author may be sending it this very moment"
    assert shelf.unsent() == 3
    now.at_s += RELAYED_AFTER_S
    run = shelf.for_hub()
    assert run is not None
    assert (run.unit, run.epoch, run.first_seq, list(run.entries)) == (OTHER, 1, 1, journal.raws)


def test_what_the_hub_has_is_not_brought(shelf: PeerShelf, now: Now) -> None:
    journal = a_journal(count=3)
    give(shelf, journal)
    now.at_s += RELAYED_AFTER_S
    newest = journal.newest()
    assert newest is not None
    shelf.note_acked(OTHER, newest)
    assert (shelf.for_hub(), shelf.unsent(), shelf.acked(OTHER)) == (None, 0, newest)


def test_what_the_hub_has_goes_after_a_month_and_its_end_stays(shelf: PeerShelf, now: Now) -> None:
    journal, unsent = a_journal(OTHER, 3), a_journal(THIRD, 3)
    give(shelf, journal)
    give(shelf, unsent)
    newest = journal.newest()
    assert newest is not None
    shelf.note_acked(OTHER, newest)
    shelf.forget_old()
    assert shelf.hash_of(OTHER, Epoch(1), Seq(1)) is not None
    now.at_s += KEPT_S + 1
    shelf.forget_old()
    assert shelf.hash_of(OTHER, Epoch(1), Seq(1)) is None
    assert shelf.newest() == {OTHER: newest, THIRD: unsent.newest()}
    assert shelf.hash_of(THIRD, Epoch(1), Seq(1)) is not None, "nobody else may have it"


def test_a_hub_that_was_restored_is_brought_everything_again(shelf: PeerShelf, now: Now) -> None:
    journal = a_journal(count=3)
    give(shelf, journal)
    newest = journal.newest()
    assert newest is not None
    shelf.note_acked(OTHER, newest)
    shelf.forget_acked()
    now.at_s += RELAYED_AFTER_S
    assert shelf.unsent() == 3
    assert shelf.for_hub() is not None
