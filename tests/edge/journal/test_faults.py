"""Disks that fail, fill up, lose power and lie: what was answered "accepted" is there."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from edge.bundles.store import BundleStore
from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import EpochCause
from edge.contract.sync_message import Ack
from edge.db import PRAGMAS, Store
from edge.errors import DiskFull, EdgeError, JournalBroken, StoreUnavailable
from edge.journal.audit import audit
from edge.journal.store import Recorded
from edge.receipt.spool import Event, JobState
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, a_rig
from tests.edge.faults import FailingDisk, UnpoweredDisk, mounted

ERRORS = [apsw.IOError, apsw.FullError]
BUSY_TILL = b.a_policy(
    version=2, solo=replace(b.a_policy().solo, count=10**6, sum_minor=10**12, per_10_min=10**6)
)


@pytest.fixture(name="disk")
def _disk() -> Iterator[FailingDisk]:
    with mounted(FailingDisk()) as disk:
        yield disk


@pytest.fixture(name="rig")
def _rig(tmp_path: Path, disk: FailingDisk) -> Iterator[Rig]:
    """A unit on a disk that can fail."""
    with a_rig(tmp_path / "unit", vfs=disk.name) as rig:
        rig.take(e.a_policy_message(BUSY_TILL))
        yield rig
        disk.heal()


def points_of(disk: FailingDisk, rig: Rig) -> int:
    """How many operations a redemption takes: the points at which it can fail."""
    before = disk.operations
    rig.present(b.a_token())
    return disk.operations - before


def settings_of(store: Store) -> dict[str, object]:
    return {name: store.rows(f"PRAGMA {name}")[0][0] for name, _, _ in PRAGMAS}


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("error", ERRORS, ids=["error", "full"])
def test_at_every_failing_point_of_a_redemption_the_answer_is_the_truth(
    rig: Rig, disk: FailingDisk, error: type[apsw.Error], for_ever: bool
) -> None:
    points = points_of(disk, rig)
    assert points >= 10
    for point in range(points):
        text, key = b.a_token(voucher_id=e.voucher(point)), f"{error}-{for_ever}-{point}"
        disk.fail(point, error, for_ever=for_ever)
        answered = answer_of(rig, text, key, error)
        disk.heal()
        again = rig.present(text, key=key)
        assert again.entry.accepted, "and it works again"
        assert answered in {None, again}
        assert rig.refusal(text) == "already-redeemed"
    accepted = [r.entry.voucher_id for r in rig.acceptances()]
    assert accepted == [b.some_claims().voucher_id, *map(e.voucher, range(points))]
    assert settings_of(rig.store) == {name: reads for name, _, reads in PRAGMAS}
    rig.restart()
    assert (rig.core.journal.gap, audit(rig.store)[1]) == (None, [])


def answer_of(rig: Rig, text: str, key: str, error: type[apsw.Error]) -> Recorded | None:
    """What the till is told; None if it is told that nothing was recorded."""
    told = DiskFull if error is apsw.FullError else StoreUnavailable
    with contextlib.suppress(told):
        return rig.present(text, key=key)
    return None


def test_a_disk_whose_every_flush_fails_gets_no_green_light(rig: Rig, disk: FailingDisk) -> None:
    """The row can be read back, but from memory: a power cut would take it."""
    points = points_of(disk, rig)
    disk.fail(points - 1, apsw.IOError, for_ever=True)
    with pytest.raises(StoreUnavailable):
        rig.present(b.a_token(voucher_id=e.voucher(1)), key="k")
    with pytest.raises(StoreUnavailable):
        rig.present(b.a_token(voucher_id=e.voucher(2)))
    disk.heal()
    assert rig.present(b.a_token(voucher_id=e.voucher(1)), key="k").entry.seq == 3
    assert rig.present(b.a_token(voucher_id=e.voucher(2))).entry.seq == 4


def test_a_failing_disk_never_leaves_a_connection_without_its_settings(
    rig: Rig, disk: FailingDisk
) -> None:
    disk.fail(0, apsw.FullError, for_ever=True)
    with pytest.raises(DiskFull):
        rig.present(b.a_token())
    disk.heal()
    assert settings_of(rig.store) == {name: reads for name, _, reads in PRAGMAS}


def test_a_checkpoint_that_fails_after_the_commit_does_not_undo_the_answer(
    rig: Rig, disk: FailingDisk
) -> None:
    with rig.store.transaction():
        rig.store.execute("INSERT INTO note VALUES ('ballast', zeroblob(?))", (4000 * 1000,))
    struck = 0
    for number in range(40):
        begun = disk.operations
        disk.fail(50, apsw.FullError, for_ever=True)  # a redemption alone takes fewer
        accepted = rig.present(b.a_token(voucher_id=e.voucher(number)))
        struck += disk.operations - begun > 50
        disk.heal()
        assert rig.core.journal.tail.hash == accepted.hash
    assert struck, "the WAL has grown beyond its bound"
    rig.restart()
    assert len(rig.acceptances()) == 40


@pytest.mark.parametrize("error", ERRORS)
def test_an_epoch_that_could_not_be_opened_is_opened_the_next_time(
    rig: Rig, disk: FailingDisk, error: type[apsw.Error]
) -> None:
    """Otherwise the next redemption would begin an epoch that names nothing."""
    journal, ack = rig.core.journal, Ack(Epoch(1), Seq(9), b"h" * 32)
    before = journal.tail
    disk.fail(0, error, for_ever=True)
    with pytest.raises(StoreUnavailable):
        journal.hub_is_ahead(ack)
    disk.heal()
    assert journal.tail == before
    assert rig.present("garbage").entry.epoch == 1
    journal.hub_is_ahead(ack)
    opened = journal.get(Epoch(2), Seq(1))
    assert opened is not None
    assert opened.entry.gap is not None
    assert opened.entry.gap.cause is EpochCause.HUB_AHEAD


@pytest.mark.parametrize("error", ERRORS)
def test_a_pull_that_cannot_be_stored_is_not_half_believed(
    rig: Rig, disk: FailingDisk, error: type[apsw.Error]
) -> None:
    news = [e.a_policy_message(replace(BUSY_TILL, version=3)), e.a_snapshot_message(9)]
    before, point = disk.operations, 0
    while point < 40:
        disk.fail(point, error, for_ever=False)
        try:
            rig.take(*news, cursor=b"c2")
            break
        except StoreUnavailable:
            word = rig.core.bundles.word
            assert word is not None
            assert word.policy is not None
            assert (word.policy.version, word.cursor) == (2, b"c1")
        point += 1
    assert disk.operations > before
    disk.heal()
    rig.take(*news, cursor=b"c2")
    rig.restart()
    word = rig.core.bundles.word
    assert word is not None
    assert (word.cursor, word.shards[0][0]) == (b"c2", 9)


@pytest.mark.parametrize("error", ERRORS)
def test_a_paper_whose_state_could_not_be_noted_keeps_its_place(
    rig: Rig, disk: FailingDisk, error: type[apsw.Error]
) -> None:
    rig.present(b.a_token())
    spool = rig.core.spool
    disk.fail(0, error, for_ever=True)
    with pytest.raises(StoreUnavailable):
        spool.take()
    disk.heal()
    job = spool.take()
    assert job is not None
    assert spool.report(job, Event.CONFIRMED).state is JobState.PRINTED
    assert spool.owed() == 0


# SQLite goes on after some of these errors, and apsw has nobody to tell them to.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("error", ERRORS)
def test_a_first_start_that_fails_can_be_begun_again(
    tmp_path: Path, disk: FailingDisk, error: type[apsw.Error]
) -> None:
    Store(tmp_path / "good.db", vfs=disk.name).close()
    points = disk.operations
    for number, point in enumerate([*range(60), *range(60, points, points // 40)]):
        path = tmp_path / f"unit-{number}.db"
        disk.fail(point, error, for_ever=True)
        with contextlib.suppress(StoreUnavailable):
            Store(path, vfs=disk.name).close()
        disk.heal()
        store = Store(path, vfs=disk.name)
        assert BundleStore(store, e.KEYS).word is None
        store.close()


# --- power cuts ----------------------------------------------------------------------------------


@pytest.fixture(name="prepared", scope="module")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a unit at the moment before the test: as a kill leaves them."""
    directory = tmp_path_factory.mktemp("prepared")
    with a_rig(directory / "unit") as rig:
        rig.take(e.a_policy_message(BUSY_TILL))
        rig.present("garbage")
        shutil.copytree(directory / "unit", directory / "files")
    return directory / "files"


def a_busy_minute(rig: Rig) -> Iterator[Recorded]:
    """Redemptions, papers, a pull and checkpoints; yields what a customer was told."""
    for number in range(6):
        yield rig.present(b.a_token(voucher_id=e.voucher(number)), key=f"k{number}")
        if number % 2:
            job = rig.core.spool.take()
            assert job is not None
            rig.core.spool.report(job, Event.CONFIRMED)
        if number == 2:
            rig.take(e.a_policy_message(replace(BUSY_TILL, version=3)))
        if number % 3 == 1:
            rig.store.checkpoint_if_worthwhile()


def until_the_power_fails(directory: Path, disk: UnpoweredDisk) -> list[Recorded]:
    told: list[Recorded] = []
    try:
        with a_rig(directory, vfs=disk.name) as rig:
            for recorded in a_busy_minute(rig):
                told.append(recorded)  # noqa: PERF402 - what was told before the cut counts
    except EdgeError:
        assert disk.is_off
    return told


def power_cut(prepared: Path, directory: Path, seed: int, lies: float) -> list[Recorded]:
    """Cut the power somewhere in a busy minute; return what customers had been told."""
    luck = random.Random(seed)
    used, found = directory / "used", directory / "found"
    shutil.copytree(prepared, used)
    with mounted(UnpoweredDisk(luck.randrange(10, 190), luck, lies)) as disk:
        told = until_the_power_fails(used, disk)
        found.mkdir(mode=0o700)
        for name in ("unit.key", "anchor"):
            shutil.copy(used / name, found / name)
        disk.write_out(found)
    return told


@pytest.mark.parametrize("seed", range(0, 400, 50))
def test_a_power_cut_takes_nothing_that_a_customer_was_told(
    prepared: Path, tmp_path: Path, seed: int
) -> None:
    for number in range(seed, seed + 50):
        told = power_cut(prepared, tmp_path / str(number), number, lies=0)
        with a_rig(tmp_path / str(number) / "found") as rig:
            journal = rig.core.journal
            assert (journal.gap, audit(rig.store)[1]) == (None, []), number
            for recorded in told:
                entry = recorded.entry
                assert journal.get(entry.epoch, entry.seq) == recorded, number
            assert rig.present("garbage").entry.seq >= len(told) + 3


@pytest.mark.parametrize("seed", range(0, 200, 50))
def test_a_disk_that_lies_about_flushes_loses_nothing_silently(
    prepared: Path, tmp_path: Path, seed: int
) -> None:
    """One flush in five is only pretended. What is lost is named, or the journal is not opened."""
    for number in range(seed, seed + 50):
        told = power_cut(prepared, tmp_path / str(number), 10_000 + number, lies=0.2)
        with contextlib.suppress(JournalBroken), a_rig(tmp_path / str(number) / "found") as rig:
            journal = rig.core.journal
            lost = [r for r in told if journal.get(r.entry.epoch, r.entry.seq) != r]
            assert not lost or journal.gap is not None, number
