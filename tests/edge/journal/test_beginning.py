"""The start: journal and anchor tell the same story, or the difference is told by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge.contract.dynamic_code import STEP_S
from edge.contract.ids import Epoch, Seq, UnitId
from edge.contract.journal_entry import GENESIS, EntryKind, EpochCause, Gap
from edge.contract.sync_message import Ack
from edge.errors import JournalBroken
from edge.journal.anchor import FILE_BYTES, SLOT_BYTES
from edge.journal.audit import audit
from edge.journal.beginning import Tail, gap_between
from edge.journal.model import AnchorState, Mark
from edge.sync.pull import compare_ack
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, a_rig

TAIL = Tail(Epoch(2), Seq(7), b"7" * 32, 3)
HASHES = {(2, 7): b"7" * 32, (2, 6): b"6" * 32, (1, 9): b"9" * 32}
MARK = Mark(Epoch(2), Seq(7), b"7" * 32)
GOOD, MISSING, UNREADABLE = AnchorState.GOOD, AnchorState.MISSING, AnchorState.UNREADABLE

# What the journal ends with, what the anchor says, and what cannot be proven.
TABLE: list[tuple[str, Tail, AnchorState, Mark, bool, Gap | None]] = [
    ("the very first start", Tail(), MISSING, Mark(), False, Gap(EpochCause.FIRST_START)),
    ("enrolled again", Tail(), MISSING, Mark(), True, Gap(EpochCause.ENROLLED_AGAIN)),
    ("enrolled again, anchor unreadable", Tail(), UNREADABLE, Mark(), True,
     Gap(EpochCause.ENROLLED_AGAIN)),
    ("database lost", Tail(), GOOD, MARK, False,
     Gap(EpochCause.ENROLLED_AGAIN, Epoch(2), Seq(0), GENESIS, Seq(7), b"7" * 32)),
    ("together", TAIL, GOOD, MARK, False, None),
    ("killed before the anchor", TAIL, GOOD, Mark(Epoch(2), Seq(6), b"6" * 32), False, None),
    ("the epoch was opened, the anchor not written", TAIL, GOOD,
     Mark(Epoch(1), Seq(9), b"9" * 32), False, None),
    ("no anchor", TAIL, MISSING, Mark(), False,
     Gap(EpochCause.ANCHOR_MISSING, Epoch(2), Seq(7), b"7" * 32)),
    ("anchor unreadable", TAIL, UNREADABLE, Mark(), False,
     Gap(EpochCause.ANCHOR_UNREADABLE, Epoch(2), Seq(7), b"7" * 32)),
    ("three entries lost", TAIL, GOOD, Mark(Epoch(2), Seq(10), b"x" * 32), False,
     Gap(EpochCause.JOURNAL_BEHIND_ANCHOR, Epoch(2), Seq(7), b"7" * 32, Seq(10), b"x" * 32)),
    ("an epoch lost", TAIL, GOOD, Mark(Epoch(3), Seq(2), b"x" * 32), False,
     Gap(EpochCause.JOURNAL_BEHIND_ANCHOR, Epoch(3), Seq(0), GENESIS, Seq(2), b"x" * 32)),
    ("another entry at its place", TAIL, GOOD, Mark(Epoch(2), Seq(7), b"x" * 32), False,
     Gap(EpochCause.JOURNAL_ALTERED, Epoch(2), Seq(0), GENESIS, Seq(7), b"x" * 32)),
    ("another entry below the end", TAIL, GOOD, Mark(Epoch(2), Seq(6), b"x" * 32), False,
     Gap(EpochCause.JOURNAL_ALTERED, Epoch(2), Seq(0), GENESIS, Seq(6), b"x" * 32)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tail", "state", "mark", "enrolled_before", "gap"),
    [pytest.param(*row[1:], id=row[0]) for row in TABLE],
)
def test_what_cannot_be_proven_when(
    tail: Tail, state: AnchorState, mark: Mark, enrolled_before: bool, gap: Gap | None
) -> None:
    def hash_of(epoch: Epoch, seq: Seq) -> bytes | None:
        return HASHES.get((epoch, seq))

    assert gap_between(tail, state, mark, hash_of, enrolled_before=enrolled_before) == gap


# --- on real files -------------------------------------------------------------------------------


def anchor_of(directory: Path) -> Path:
    return directory / "anchor"


def copied(rig: Rig, to: Path) -> Path:
    """What a kill leaves: the files as they are at this moment."""
    shutil.copytree(rig.directory, to)
    return to


def opening(rig: Rig) -> Gap:
    """Return what the newest epoch's first entry says; it must be at the beginning of its chain."""
    journal = rig.core.journal
    first = journal.get(journal.tail.epoch, Seq(1))
    assert first is not None
    assert first.entry.gap is not None
    assert (first.entry.kind, first.entry.prev) == (EntryKind.EPOCH, GENESIS)
    assert audit(rig.store)[1] == []
    return first.entry.gap


def test_the_first_start_opens_epoch_1_and_nothing_is_missing(rig: Rig) -> None:
    assert opening(rig) == Gap(EpochCause.FIRST_START)
    assert rig.core.journal.gap is None
    rig.restart()
    assert rig.core.journal.tail.seq == 1


def test_hardware_the_hub_knows_begins_with_the_epoch_that_the_hub_says(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", enrolment=b.an_enrolment(first_epoch=Epoch(4))) as rig:
        assert rig.core.journal.tail.epoch == 4
        assert opening(rig) == Gap(EpochCause.ENROLLED_AGAIN)


def test_a_kill_between_commit_and_anchor_leaves_nothing_to_report(
    rig: Rig, tmp_path: Path
) -> None:
    before = anchor_of(rig.directory).read_bytes()
    rig.present(b.a_token())
    killed = copied(rig, tmp_path / "killed")
    anchor_of(killed).write_bytes(before)
    with a_rig(killed) as again:
        assert again.core.journal.gap is None
        assert again.refusal(b.a_token()) == "already-redeemed"


def test_entries_that_the_database_lost_are_named(rig: Rig, tmp_path: Path) -> None:
    kept = rig.present(e.a_dynamic_text())
    older = copied(rig, tmp_path / "older")
    last = [rig.present(b.a_token(voucher_id=e.voucher(n))) for n in range(3)][-1]
    shutil.copy(anchor_of(rig.directory), anchor_of(older))
    with a_rig(older) as again:
        cause = EpochCause.JOURNAL_BEHIND_ANCHOR
        gap = Gap(cause, Epoch(1), kept.entry.seq, kept.hash, last.entry.seq, last.hash)
        assert opening(again) == again.core.journal.gap == gap
        assert again.core.journal.tail.epoch == 2


def test_receipt_numbers_go_on_after_entries_were_lost(rig: Rig, tmp_path: Path) -> None:
    older = copied(rig, tmp_path / "older")
    printed = [rig.present(b.a_token(voucher_id=e.voucher(n))).entry.receipt for n in range(3)]
    shutil.copy(anchor_of(rig.directory), anchor_of(older))
    with a_rig(older) as again:
        assert printed == [1, 2, 3]
        assert again.present(b.a_token()).entry.receipt == 4


def test_an_entry_altered_with_its_hash_is_named(rig: Rig, tmp_path: Path) -> None:
    """Somebody has put another journal of the same length in its place."""
    other = copied(rig, tmp_path / "other")
    here = rig.present(b.a_token())
    with a_rig(other) as swapped:
        swapped.present("garbage")
    shutil.copy(anchor_of(rig.directory), anchor_of(other))
    with a_rig(other) as again:
        cause = EpochCause.JOURNAL_ALTERED
        gap = Gap(cause, Epoch(1), Seq(0), GENESIS, here.entry.seq, here.hash)
        assert opening(again) == gap


@pytest.mark.parametrize("damage", ["missing", "zeros", "another unit's"])
def test_without_a_readable_anchor_the_end_of_the_journal_is_not_proven(
    rig: Rig, tmp_path: Path, damage: str
) -> None:
    last = rig.present(b.a_token())
    rig.close()
    anchor_of(rig.directory).unlink()
    if damage == "zeros":
        anchor_of(rig.directory).write_bytes(bytes(FILE_BYTES))
    elif damage == "another unit's":
        anchor_of(rig.directory).write_bytes(b"x" * FILE_BYTES)
    rig.open()
    missing = damage == "missing"
    cause = EpochCause.ANCHOR_MISSING if missing else EpochCause.ANCHOR_UNREADABLE
    assert opening(rig) == Gap(cause, Epoch(1), last.entry.seq, last.hash)
    assert rig.core.journal.gap is not None


def test_one_damaged_slot_of_the_anchor_is_no_reason_to_worry(rig: Rig) -> None:
    rig.present(b.a_token())
    rig.present("garbage")
    rig.close()
    content = bytearray(anchor_of(rig.directory).read_bytes())
    newest = (rig.core.journal.tail.seq % 2) * SLOT_BYTES
    content[newest + 10] ^= 1
    anchor_of(rig.directory).write_bytes(content)
    rig.open()
    assert rig.core.journal.gap is None


def test_a_database_that_was_deleted_is_named_by_the_anchor(rig: Rig) -> None:
    last = rig.present(b.a_token())
    rig.close()
    (rig.directory / "unit.db").unlink()
    e.enrol(rig.directory)
    rig.open()
    cause = EpochCause.ENROLLED_AGAIN
    gap = Gap(cause, Epoch(1), Seq(0), GENESIS, last.entry.seq, last.hash)
    assert opening(rig) == rig.core.journal.gap == gap
    assert rig.core.journal.tail.epoch == 2


def test_an_anchor_on_another_medium_is_written_and_read_there(tmp_path: Path) -> None:
    stick = tmp_path / "stick" / "anchor"
    stick.parent.mkdir()
    with a_rig(tmp_path / "unit", anchor_file=stick) as rig:
        rig.present(b.a_token())
        rig.restart()
        assert rig.core.journal.gap is None
        assert not anchor_of(rig.directory).exists()
        stick.unlink()
        rig.restart()
        assert opening(rig).cause is EpochCause.ANCHOR_MISSING


def test_an_anchor_that_cannot_be_written_stops_no_redemption(tmp_path: Path) -> None:
    """After the commit nothing turns a success into a failure; a lamp says it."""
    with a_rig(tmp_path / "unit", anchor_file=tmp_path / "pulled-out" / "anchor") as rig:
        assert rig.refusal(b.a_token()) == "accepted"
        assert rig.core.journal.anchor_failed
        (tmp_path / "pulled-out").mkdir()
        rig.present("garbage")
        assert not rig.core.journal.anchor_failed


# --- codes that were used in entries which are lost ----------------------------------------------


def test_a_code_used_in_a_lost_entry_is_not_taken_again(rig: Rig, tmp_path: Path) -> None:
    """The anchor remembers the newest step of all: the code's own voucher is forgotten."""
    older = copied(rig, tmp_path / "older")
    text = e.a_dynamic_text(dynamic_required=True)
    assert rig.refusal(text) == "accepted"
    shutil.copy(anchor_of(rig.directory), anchor_of(older))
    with a_rig(older) as again:
        assert again.refusal(text) == "code-replayed"
        other = e.a_dynamic_text(voucher_id=e.voucher(1))
        assert again.refusal(other) == "code-replayed", "nobody knows whose codes were used"
        again.clock.pass_s(STEP_S)
        fresh = e.a_dynamic_text(b.NOW_S + STEP_S, voucher_id=e.voucher(1))
        assert again.refusal(fresh) == "accepted"


def test_without_an_anchor_every_code_on_any_screen_counts_as_used(rig: Rig) -> None:
    rig.close()
    anchor_of(rig.directory).unlink()
    rig.open()
    for step in range(-2, 3):
        assert rig.refusal(e.a_dynamic_text(b.NOW_S + step * STEP_S)) == "code-replayed"
    rig.clock.pass_s(3 * STEP_S)
    assert rig.refusal(e.a_dynamic_text(b.NOW_S + 3 * STEP_S)) == "accepted"


def test_the_floor_of_used_codes_survives_the_next_restart(rig: Rig) -> None:
    rig.close()
    anchor_of(rig.directory).unlink()
    rig.open()
    rig.restart()
    assert rig.core.journal.gap is None
    assert rig.refusal(e.a_dynamic_text()) == "code-replayed"


def test_the_floor_of_used_codes_survives_the_loss_of_the_database_too(rig: Rig) -> None:
    rig.close()
    anchor_of(rig.directory).unlink()
    rig.restart()
    rig.close()
    (rig.directory / "unit.db").unlink()
    e.enrol(rig.directory)
    rig.open()
    rig.take(*e.first_word())
    assert rig.refusal(e.a_dynamic_text()) == "code-replayed"


# --- both restored from an older copy: only the hub can tell --------------------------------------


def test_an_older_copy_of_everything_is_found_out_by_the_hub(rig: Rig, tmp_path: Path) -> None:
    kept = rig.present("garbage")
    older = copied(rig, tmp_path / "older")
    lost = [rig.present(e.a_dynamic_text(voucher_id=e.voucher(n))) for n in range(3)][-1]
    ack = Ack(Epoch(1), lost.entry.seq, lost.hash)
    with a_rig(older) as again:
        assert again.core.journal.gap is None, "nothing here could tell"
        assert not compare_ack(again.core.journal, ack)
        gap = Gap(EpochCause.HUB_AHEAD, Epoch(1), kept.entry.seq, kept.hash,
                  lost.entry.seq, lost.hash)  # fmt: skip
        assert opening(again) == again.core.journal.gap == gap
        assert again.refusal(e.a_dynamic_text(voucher_id=e.voucher(0))) == "code-replayed"
        assert again.present(b.a_token()).entry.receipt == 4, "1 to 3 are on paper somewhere"


def test_a_clone_that_went_its_own_way_is_found_out_too(rig: Rig, tmp_path: Path) -> None:
    clone = copied(rig, tmp_path / "clone")
    original = rig.present(b.a_token())
    with a_rig(clone) as other:
        other.present("garbage")
        assert not compare_ack(other.core.journal, Ack(Epoch(1), Seq(2), original.hash))
        gap = opening(other)
        assert (gap.cause, gap.known_seq, gap.known_hash) == (
            EpochCause.HUB_AHEAD, 2, original.hash,
        )  # fmt: skip


def test_an_epoch_that_the_hub_knows_and_this_unit_does_not_is_named(rig: Rig) -> None:
    assert not compare_ack(rig.core.journal, Ack(Epoch(3), Seq(9), b"h" * 32))
    assert rig.core.journal.tail.epoch == 4
    gap = Gap(EpochCause.HUB_AHEAD, Epoch(3), Seq(0), GENESIS, Seq(9), b"h" * 32)
    assert opening(rig) == gap


def test_a_hub_that_has_less_than_before_gets_the_rest_again(rig: Rig) -> None:
    recorded = [rig.present("garbage") for _ in range(3)]
    journal, (second, third) = rig.core.journal, [r.hash for r in recorded[:2]]
    known = Ack(Epoch(1), Seq(3), third)
    journal.acknowledge(known)
    assert compare_ack(journal, known, known)
    assert journal.unpushed() == 1
    assert compare_ack(journal, Ack(Epoch(1), Seq(2), second), known)
    assert journal.unpushed() == 2
    assert compare_ack(journal, None, Ack(Epoch(1), Seq(2), second))
    assert journal.unpushed() == 4


def test_a_pull_that_was_sent_before_a_push_takes_nothing_back(rig: Rig) -> None:
    """Its answer is older than the receipt of the push."""
    recorded = rig.present("garbage")
    journal = rig.core.journal
    known = journal.acked
    journal.acknowledge(Ack(Epoch(1), Seq(2), recorded.hash))
    assert compare_ack(journal, None, known)
    assert journal.unpushed() == 0


def test_a_start_leaves_the_one_good_slot_of_a_young_anchor_alone(rig: Rig) -> None:
    """A power cut while the same is written there again would leave none."""
    anchor = rig.config.anchor_path
    before = anchor.stat().st_mtime_ns
    rig.restart()
    assert rig.core.journal.tail.seq == 1
    assert anchor.stat().st_mtime_ns == before


def test_what_the_hub_has_and_this_unit_has_needs_no_new_epoch(rig: Rig) -> None:
    recorded = rig.present(b.a_token())
    journal = rig.core.journal
    acks = [None, Ack(Epoch(1), Seq(0), GENESIS), Ack(Epoch(1), Seq(2), recorded.hash)]
    assert all(compare_ack(journal, ack) for ack in acks)
    assert journal.tail.epoch == 1


def test_a_loss_that_was_told_is_not_told_again(rig: Rig) -> None:
    """The hub goes on to acknowledge the old epoch until the new one has arrived."""
    ack = Ack(Epoch(1), Seq(5), b"h" * 32)
    assert not compare_ack(rig.core.journal, ack)
    assert compare_ack(rig.core.journal, ack)
    assert rig.core.journal.tail == Tail(Epoch(2), Seq(1), rig.core.journal.tail.hash, 4)
    rig.restart()
    assert rig.core.journal.gap is None, "both are in the journal now"


def test_a_journal_of_another_unit_is_not_continued(rig: Rig) -> None:
    """A machine enrolled at another hub: its entries would be a forgery there."""
    rig.present(b.a_token())
    rig.close()
    e.enrol(rig.directory, b.an_enrolment(unit=UnitId("S0999-K1")))
    with pytest.raises(JournalBroken, match="another unit") as caught:
        rig.open()
    assert caught.value.extra["other"] == "S0412-K1"
    assert "--replace-journal" in str(caught.value.extra["command"])
