"""Status bitmaps in files: old or new after any accident, and unknown rather than wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.bundles.store import HubWord
from edge.contract.ids import StatusIndex
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.status import SHARD_SIZE, Status
from edge.contract.status_block import StatusBlock
from edge.errors import StoreUnavailable
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, SignedMessage, a_rig


def a_block(from_version: int, to_version: int, **places: Status) -> SignedMessage:
    """A block in which ``_INDEX`` has this status."""
    changes: dict[int, dict[int, Status]] = {0: {}, 1: {}, 2: {}}
    for name, now in places.items():
        index = int(name[1:])
        changes[index // SHARD_SIZE][index % SHARD_SIZE] = now
    block = StatusBlock.of(
        changes, from_version=from_version, to_version=to_version,
        issued_at_s=b.NOW_S, expires_at_s=b.NOW_S + 10**6,
    )  # fmt: skip
    return e.sealed(Kind.STATUS_BLOCK, block.to_body())


def word_of(rig: Rig) -> HubWord:
    assert rig.core.bundles.word is not None
    return rig.core.bundles.word


def status_of(rig: Rig, index: int) -> Status | None:
    return word_of(rig).status_of(StatusIndex(index))[0]


def files(rig: Rig) -> list[Path]:
    return sorted((rig.directory / "status").iterdir())


@pytest.fixture(name="loaded")
def _loaded(tmp_path: Path) -> Iterator[Rig]:
    """A unit with a block of three shards, one of which has nothing to say."""
    with a_rig(tmp_path / "unit") as rig:
        rig.take(a_block(0, 5, _9=Status.REVOKED, _131075=Status.SUSPENDED))
        yield rig


def test_a_block_is_looked_up_and_outlasts_a_restart(loaded: Rig) -> None:
    for _ in range(2):
        assert [status_of(loaded, i) for i in (9, 10, SHARD_SIZE + 3, 2 * SHARD_SIZE)] == [
            Status.REVOKED, Status.VALID, Status.SUSPENDED, Status.VALID,
        ]  # fmt: skip
        loaded.restart()
    assert word_of(loaded).status_n == 5


def test_a_unit_of_few_vouchers_has_few_files(loaded: Rig) -> None:
    loaded.restart()
    assert len(files(loaded)) == 2, "a shard in which all is valid needs none"


def test_changes_go_on_top_and_old_files_go_away(loaded: Rig) -> None:
    for version in range(5, 15):
        now = Status.VALID if version % 2 else Status.REVOKED
        loaded.take(a_block(version, version + 1, _10=now))
        assert status_of(loaded, 10) is now
        assert status_of(loaded, 9) is Status.REVOKED
    assert len(files(loaded)) <= 4
    loaded.restart()
    assert len(files(loaded)) == 2


def test_a_block_of_changes_that_begins_too_late_is_a_gap(loaded: Rig) -> None:
    with pytest.raises(MessageInvalid) as caught:
        loaded.take(a_block(6, 7, _1=Status.REVOKED))
    assert caught.value.slug == "status-gap"
    assert loaded.take(a_block(3, 5, _1=Status.REVOKED)) == [], "an old one brings nothing"


def test_all_there_is_to_say_replaces_what_was_said(loaded: Rig) -> None:
    loaded.take(a_block(0, 9, _10=Status.REVOKED))
    assert (status_of(loaded, 9), status_of(loaded, 10)) == (Status.VALID, Status.REVOKED)
    assert status_of(loaded, SHARD_SIZE + 3) is Status.VALID


@pytest.mark.parametrize("damage", ["flipped", "short", "gone", "empty"])
def test_a_damaged_file_is_unknown_and_never_valid(loaded: Rig, damage: str) -> None:
    loaded.restart()
    path = files(loaded)[0]
    content = bytearray(path.read_bytes())
    content[2] ^= 0b1000  # 9 would be valid
    what: dict[str, Any] = {"flipped": bytes(content), "short": bytes(content[:-1]), "empty": b""}
    path.unlink() if damage == "gone" else path.write_bytes(what[damage])
    loaded.restart()
    assert loaded.refusal(b.a_token()) == "status-missing"
    assert word_of(loaded).shards.damaged == {0}
    with pytest.raises(MessageInvalid) as caught:
        loaded.take(a_block(5, 6, _10=Status.REVOKED))
    assert caught.value.slug == "status-gap", "changes of what nobody knows are no help"
    loaded.take(a_block(0, 6, _9=Status.REVOKED))
    assert status_of(loaded, 9) is Status.REVOKED
    assert not word_of(loaded).shards.damaged


def test_whoever_reads_the_old_word_still_finds_its_files(loaded: Rig) -> None:
    old = word_of(loaded)  # nothing of it was looked at yet
    loaded.take(a_block(5, 6, _9=Status.VALID))
    assert old.status_of(StatusIndex(9))[0] is Status.REVOKED


def test_a_file_that_no_commit_has_named_is_swept(loaded: Rig) -> None:
    stray = loaded.directory / "status" / "00000-9-aabbccddeeff"
    stray.write_bytes(bytes(100))
    loaded.restart()
    assert not stray.exists()


def test_a_medium_that_takes_no_file_leaves_the_old_word(loaded: Rig) -> None:
    before = word_of(loaded)
    directory = loaded.directory / "status"
    hidden = directory.rename(loaded.directory / "hidden")
    directory.write_text("no directory")
    with pytest.raises(StoreUnavailable):
        loaded.take(a_block(0, 6, _9=Status.VALID, _10=Status.REVOKED))
    directory.unlink()
    hidden.rename(directory)
    assert word_of(loaded) is before
    loaded.restart()
    assert status_of(loaded, 9) is Status.REVOKED


def test_bitmaps_of_an_earlier_version_become_files(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit") as rig:
        bitmap = bytearray(32768)
        bitmap[0] = 1
        with rig.store.transaction():
            rig.store.execute("INSERT INTO status_shard VALUES (4, 7, ?)", (bytes(bitmap),))
        rig.restart()
        assert status_of(rig, 4 * SHARD_SIZE) is Status.REVOKED
        assert rig.store.rows("SELECT count(*) FROM status_shard") == [(0,)]


def test_until_a_first_load_is_complete_nothing_is_taken(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", word=None) as rig:
        rig.take(*e.first_word(), more=True)
        assert rig.refusal(b.a_token()) == "status-missing"
        rig.restart()
        assert rig.refusal(b.a_token()) == "status-missing"
        rig.take(a_block(0, 5))
        assert rig.refusal(b.a_token()) == "accepted"
