"""The anchor: what was written is read back, and nothing else is ever believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.ids import Epoch, Seq
from edge.journal.anchor import FILE_BYTES, SLOT_BYTES, AnchorFile
from edge.journal.model import AnchorState, Mark

KEY = b"k" * 32
SIGNED_BYTES = 4 + 8 + 8 + 32 + 8 + 8 + 32
"""What of a slot is written; the rest is zeros."""


def a_mark(seq: int = 1, epoch: int = 1) -> Mark:
    return Mark(Epoch(epoch), Seq(seq), bytes([seq % 256]) * 32, 1000 + seq, seq)


def written(path: Path, *marks: Mark, key: bytes = KEY) -> Path:
    anchor = AnchorFile(path, key)
    for mark in marks:
        anchor.write(mark)
    anchor.close()
    return path


def read(path: Path, key: bytes = KEY) -> tuple[AnchorState, Mark]:
    return AnchorFile(path, key).read()


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_the_newest_mark_is_read_back(tmp_path: Path) -> None:
    path = written(tmp_path / "anchor", *(a_mark(seq) for seq in range(1, 8)))
    assert read(path) == (AnchorState.GOOD, a_mark(7))
    assert path.stat().st_size == FILE_BYTES
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_epoch_is_newer_than_any_number_of_the_last(tmp_path: Path) -> None:
    marks = [a_mark(500), a_mark(501), a_mark(1, epoch=2)]
    assert read(written(tmp_path / "anchor", *marks)) == (AnchorState.GOOD, a_mark(1, epoch=2))


def test_without_a_file_there_is_no_mark(tmp_path: Path) -> None:
    assert read(tmp_path / "anchor") == (AnchorState.MISSING, Mark())


@pytest.mark.parametrize("content", [b"", b"x", bytes(FILE_BYTES), os.urandom(FILE_BYTES)])
def test_a_file_without_a_mark_is_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "anchor"
    path.write_bytes(content)
    assert read(path) == (AnchorState.UNREADABLE, Mark())


def test_a_directory_in_its_place_is_unreadable(tmp_path: Path) -> None:
    assert read(tmp_path) == (AnchorState.UNREADABLE, Mark())


def test_another_units_anchor_is_unreadable(tmp_path: Path) -> None:
    path = written(tmp_path / "anchor", a_mark(), key=b"other" + bytes(27))
    assert read(path) == (AnchorState.UNREADABLE, Mark())


@pytest.mark.parametrize("newest", [6, 7])
def test_any_flipped_byte_of_a_slot_leaves_the_other_slot(tmp_path: Path, newest: int) -> None:
    path = written(tmp_path / "anchor", a_mark(newest - 1), a_mark(newest))
    whole = path.read_bytes()
    begin = (newest % 2) * SLOT_BYTES
    for at in range(SIGNED_BYTES):
        torn = bytearray(whole)
        torn[begin + at] ^= 1 << (at % 8)
        path.write_bytes(torn)
        assert read(path) == (AnchorState.GOOD, a_mark(newest - 1)), at


def test_what_is_flipped_behind_the_mark_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "anchor", a_mark(6), a_mark(7))
    torn = bytearray(path.read_bytes())
    torn[SLOT_BYTES + SIGNED_BYTES] ^= 1
    torn[-1] ^= 1
    path.write_bytes(torn)
    assert read(path) == (AnchorState.GOOD, a_mark(7))


@settings(max_examples=200)
@given(data=st.data())
def test_an_altered_file_says_what_was_written_once_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "altered-anchor"
    whole = bytearray(written(path, a_mark(6), a_mark(7)).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, 1)) * SLOT_BYTES + data.draw(st.integers(0, SIGNED_BYTES))
        whole[place] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.sampled_from([FILE_BYTES, SLOT_BYTES, 50, 0]))])
    state, mark = read(path)
    assert mark in {a_mark(6), a_mark(7)} if state is AnchorState.GOOD else mark == Mark()


@pytest.mark.parametrize("torn_at", [0, 1, 36, SIGNED_BYTES - 1])
def test_a_torn_write_leaves_the_mark_before(tmp_path: Path, torn_at: int) -> None:
    """The power fails while the slot is written: some of it is new and the rest is old."""
    path = written(tmp_path / "anchor", a_mark(5), a_mark(6))
    before = path.read_bytes()
    after = written(path, a_mark(7)).read_bytes()
    cut = SLOT_BYTES + torn_at
    path.write_bytes(before[:SLOT_BYTES] + after[SLOT_BYTES:cut] + before[cut:])
    state, mark = read(path)
    assert (state, mark) == (AnchorState.GOOD, a_mark(6))


def test_after_a_write_that_failed_the_newest_mark_is_not_written_over(tmp_path: Path) -> None:
    """Found by seed 157 of the simulator: the slots were chosen by the number of the entry, so what
    came after a failed write went over the only mark there was, and a power cut tore that."""
    anchor = AnchorFile(written(tmp_path / "anchor", a_mark(1)), KEY)
    assert anchor.read() == (AnchorState.GOOD, a_mark(1))
    before = anchor.path.read_bytes()
    # Number 2 finds no room; 3 is torn after its first bytes.
    anchor.write(a_mark(3))
    anchor.close()
    after = anchor.path.read_bytes()
    place = next(at for at in range(FILE_BYTES) if after[at] != before[at]) + 60
    anchor.path.write_bytes(after[:place] + before[place:])
    assert read(anchor.path) == (AnchorState.GOOD, a_mark(1))


def test_a_file_of_another_size_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    path.write_bytes(b"x" * 10_000)
    assert read(written(path, a_mark(2))) == (AnchorState.GOOD, a_mark(2))
    assert path.stat().st_size == FILE_BYTES


def test_a_medium_that_takes_nothing_is_an_error_and_keeps_no_file_open() -> None:
    """A unit writes its anchor with every redemption: a file left open each time ends it."""
    anchor = AnchorFile(Path("/dev/full"), KEY)
    before = open_files()
    for _ in range(5):
        with pytest.raises(OSError, match="No space left"):
            anchor.write(a_mark())
    assert open_files() == before


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        AnchorFile(tmp_path / "stick" / "anchor", KEY).write(a_mark())
