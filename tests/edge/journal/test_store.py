"""The journal: appended to, never changed, and read the same after every restart."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import GENESIS, EntryKind, JournalEntry, entry_hash
from edge.contract.refusal import Refusal
from edge.contract.sync_message import PUSH_BYTES_MAX, PUSH_ENTRIES_MAX, Ack
from edge.errors import StoreUnavailable
from edge.journal.knowledge import Risk
from edge.journal.store import Journal
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Reservations, Rig, a_reservation, a_rig, yuan


def an_ack(journal: Journal, seq: int, epoch: int = 1) -> Ack:
    digest = journal.hash_of(Epoch(epoch), Seq(seq))
    assert digest is not None
    return Ack(Epoch(epoch), Seq(seq), digest)


class TillExplodes(Exception):
    """Anything that may happen between writing and committing."""


def refusals(rig: Rig, count: int, text: str = "x") -> None:
    """Record so many refused scans in one transaction."""
    with rig.core.journal.writing() as page:
        for _ in range(count):
            page.append(EntryKind.REFUSAL, reason=Refusal.NOT_A_TOKEN, clerk=text, basket=text)


# --- appending -----------------------------------------------------------------------------------


def test_every_entry_bears_the_hash_of_the_one_before(rig: Rig) -> None:
    entries = [rig.present(text) for text in (b.a_token(), "garbage", b.a_token())]
    for before, after in pairwise(entries):
        assert after.entry.prev == before.hash == entry_hash(before.entry.encode())
        assert after.entry.seq == before.entry.seq + 1


def test_the_chain_goes_on_after_a_restart_with_another_boot(rig: Rig) -> None:
    first = rig.present("garbage")
    rig.restart()
    second = rig.present("garbage")
    assert (second.entry.prev, second.entry.epoch, second.entry.seq) == (first.hash, 1, 3)
    assert second.entry.boot != first.entry.boot


def test_an_entry_that_was_not_committed_was_not_written(rig: Rig) -> None:
    journal = rig.core.journal
    before = journal.tail
    with contextlib.suppress(TillExplodes), journal.writing() as page:
        page.append(EntryKind.REFUSAL, reason=Refusal.NOT_A_TOKEN)
        raise TillExplodes
    assert journal.tail == before
    assert rig.present("garbage").entry.seq == before.seq + 1


def test_a_unit_tells_the_hub_which_entry_was_the_newest_and_when(rig: Rig) -> None:
    newest = rig.present("garbage").entry
    rig.clock.pass_s(3600)
    told, now = rig.core.health.figures(), rig.core.journal.clock.now()
    assert (told["journal_epoch"], told["journal_seq"]) == (newest.epoch, newest.seq)
    assert told["journal_at_s"] == now.earliest_s
    assert rig.present("garbage").entry.wall_s >= now.earliest_s


def test_several_entries_of_one_transaction_are_chained_too(rig: Rig) -> None:
    refusals(rig, 3)
    assert [r.entry.seq for r in rig.core.journal.newest(9)] == [4, 3, 2]
    rig.restart()
    assert rig.core.journal.gap is None


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE journal SET amount = 2",
        "UPDATE journal SET hash = zeroblob(32)",
        "DELETE FROM journal",
        "DELETE FROM journal WHERE epoch = 1 AND seq = 2",
    ],
)
def test_the_database_itself_refuses_to_change_the_journal(rig: Rig, sql: str) -> None:
    rig.present(b.a_token())
    with pytest.raises(StoreUnavailable), rig.store.transaction():
        rig.store.execute(sql)
    with pytest.raises(apsw.ConstraintError, match="never c"):
        rig.store.execute(sql)
    assert len(rig.acceptances()) == 1


def test_a_request_leads_to_its_entry(rig: Rig) -> None:
    recorded = rig.present(b.a_token(), key="k")
    request = recorded.entry.request
    assert request is not None
    found = rig.core.journal.by_request(request)
    assert found == (recorded, recorded.notes.request_hash)
    assert rig.core.journal.by_request(bytes(16)) is None


def test_the_newest_scans_come_first_and_without_epochs(rig: Rig) -> None:
    for text in ("garbage", b.a_token()):
        rig.present(text)
    journal = rig.core.journal
    assert [r.entry.seq for r in journal.newest(9)] == [3, 2]
    assert [r.entry.seq for r in journal.newest(9, scans_only=False)] == [3, 2, 1]
    assert [r.entry.seq for r in journal.newest(1)] == [3]


@pytest.mark.parametrize(("epoch", "seq"), [(1, 99), (2, 1), (0, 0)])
def test_an_entry_that_is_not_there_is_none(rig: Rig, epoch: int, seq: int) -> None:
    assert rig.core.journal.get(Epoch(epoch), Seq(seq)) is None
    assert rig.core.journal.hash_of(Epoch(epoch), Seq(seq)) is None


def test_what_is_stored_is_what_is_sent(rig: Rig) -> None:
    recorded = rig.present(b.a_token(), clerk="丽", basket="篮")
    pushed = rig.core.journal.next_to_push()
    assert pushed is not None
    assert [JournalEntry.decode(raw) for raw in pushed[2]][-1] == recorded.entry


# --- risk ----------------------------------------------------------------------------------------


def test_risk_counts_what_was_accepted_alone_until_the_hub_has_it(rig: Rig) -> None:
    card = b.a_token(**e.a_gift_card())
    rig.present(b.a_token())
    rig.present(card, wish=yuan(1000))
    rig.present("garbage")
    journal = rig.core.journal
    both = Risk(2, 9800, (b.NOW_S, b.NOW_S))
    assert journal.risk == both
    rig.restart()
    assert rig.core.journal.risk == both
    assert rig.core.journal.acknowledge(an_ack(rig.core.journal, 2))
    assert rig.core.journal.risk == Risk(1, 1000, (b.NOW_S,))
    assert rig.core.journal.acknowledge(an_ack(rig.core.journal, 4))
    rig.restart()
    assert rig.core.journal.risk == Risk()


def test_recent_acceptances_are_those_of_ten_minutes(rig: Rig) -> None:
    for number in range(3):
        rig.present(b.a_token(voucher_id=e.voucher(number)))
        rig.clock.pass_s(300)
    assert list(rig.core.journal.risk.recent) == [b.NOW_S + 300, b.NOW_S + 600]
    rig.restart()
    assert list(rig.core.journal.risk.recent) == [b.NOW_S + 600]


def test_what_the_hub_held_is_no_risk_after_a_restart_either(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", reserver=Reservations(a_reservation())) as rig:
        rig.present(b.a_token())
        rig.restart()
        assert rig.core.journal.risk == Risk()


# --- acknowledgement -----------------------------------------------------------------------------


def test_an_acknowledgement_counts_by_number_and_hash(rig: Rig) -> None:
    rig.present(b.a_token())
    rig.present("garbage")
    journal = rig.core.journal
    assert (journal.unpushed(), journal.oldest_unpushed_s()) == (3, b.NOW_S)
    assert journal.acknowledge(an_ack(journal, 2))
    assert journal.unpushed() == 1
    rig.restart()
    assert rig.core.journal.acked == an_ack(rig.core.journal, 2)
    assert rig.core.journal.acknowledge(an_ack(rig.core.journal, 3))
    assert (rig.core.journal.unpushed(), rig.core.journal.oldest_unpushed_s()) == (0, None)


@pytest.mark.parametrize(
    "ack", [Ack(Epoch(1), Seq(2), GENESIS), Ack(Epoch(1), Seq(9), GENESIS),
            Ack(Epoch(2), Seq(1), GENESIS)],
)  # fmt: skip
def test_an_acknowledgement_of_another_journal_is_not_taken(rig: Rig, ack: Ack) -> None:
    """A cloned card has the right numbers; it has not the right hashes."""
    rig.present(b.a_token())
    before = rig.core.journal.acked
    assert not rig.core.journal.acknowledge(ack)
    assert rig.core.journal.acked == before
    assert rig.core.journal.unpushed() == 2


def test_a_hub_restored_from_a_backup_gets_again_what_it_lost(rig: Rig) -> None:
    rig.present(b.a_token())
    rig.present("garbage")
    journal = rig.core.journal
    everything = journal.next_to_push()
    journal.acknowledge(an_ack(journal, 3))
    assert journal.next_to_push() is None
    assert journal.acknowledge(an_ack(journal, 1))
    again = journal.next_to_push()
    assert everything is not None
    assert again == (1, 2, everything[2][1:])
    assert journal.acknowledge(Ack(Epoch(1), Seq(0), GENESIS)), "a hub that has nothing at all"
    assert journal.next_to_push() == everything


# --- what is pushed next -------------------------------------------------------------------------


def test_a_push_holds_five_hundred_entries_at_most(rig: Rig) -> None:
    refusals(rig, PUSH_ENTRIES_MAX)
    journal = rig.core.journal
    first = journal.next_to_push()
    assert first is not None
    assert (first[0], first[1], len(first[2])) == (1, 1, PUSH_ENTRIES_MAX)
    journal.acknowledge(an_ack(journal, PUSH_ENTRIES_MAX))
    rest = journal.next_to_push()
    assert rest is not None
    assert (rest[1], len(rest[2])) == (PUSH_ENTRIES_MAX + 1, 1)


def test_a_push_holds_256_kib_at_most(rig: Rig) -> None:
    refusals(rig, 450, text="𠮷" * 64)
    pushed, sizes = 0, []
    journal = rig.core.journal
    while following := journal.next_to_push():
        _, first, entries = following
        assert first == pushed + 1
        pushed += len(entries)
        sizes.append(sum(map(len, entries)))
        journal.acknowledge(an_ack(journal, pushed))
    assert pushed == 451
    assert len(sizes) > 1
    assert max(sizes) <= PUSH_BYTES_MAX


def test_a_push_is_of_one_epoch(rig: Rig) -> None:
    rig.present("garbage")
    journal = rig.core.journal
    journal.hub_is_ahead(Ack(Epoch(1), Seq(5), b"h" * 32))
    rig.present("garbage")
    first = journal.next_to_push()
    assert first is not None
    assert (first[0], first[1], len(first[2])) == (1, 1, 2)
    journal.acknowledge(an_ack(journal, 2))
    second = journal.next_to_push()
    assert second is not None
    assert (second[0], second[1], len(second[2])) == (2, 1, 2)
    journal.acknowledge(an_ack(journal, 2, epoch=2))
    assert journal.next_to_push() is None
