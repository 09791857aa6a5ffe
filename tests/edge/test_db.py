"""The database file: its settings, its lock, its WAL, and what is not a database at all."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from edge.db import PAGE_BYTES, PRAGMAS, WAL_GROWN_BYTES, WAL_PAGES_MAX, Store
from edge.errors import AlreadyRunning, EdgeError, JournalBroken, StoreUnavailable


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "unit.db"


@pytest.fixture(name="store")
def _store(path: Path) -> Iterator[Store]:
    store = Store(path)
    yield store
    store.close()


def wal_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def write_ballast(store: Store, kib: int) -> None:
    with store.transaction():
        store.execute("INSERT OR REPLACE INTO note VALUES ('ballast', zeroblob(?))", (kib << 10,))


@pytest.mark.parametrize(("name", "reads"), [(name, reads) for name, _, reads in PRAGMAS])
def test_every_setting_that_the_promises_rest_on_is_in_force(
    store: Store, name: str, reads: str | int
) -> None:
    assert store.rows(f"PRAGMA {name}") == [(reads,)]


def test_pages_are_small_and_sqlite_is_one_without_the_wal_bug(store: Store) -> None:
    assert store.rows("PRAGMA page_size") == [(PAGE_BYTES,)]
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)


# --- who may have it -----------------------------------------------------------------------------

OPEN_IT = """
import pathlib, sys
from edge.db import Store
from edge.errors import EdgeError
try:
    Store(pathlib.Path(sys.argv[1]))
except EdgeError as exc:
    print(exc.slug)
"""


def test_a_second_process_is_locked_out(store: Store, path: Path) -> None:
    command = [sys.executable, "-c", OPEN_IT, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "already-running\n"


def test_a_second_opening_in_the_same_process_is_locked_out_too(store: Store, path: Path) -> None:
    with pytest.raises(AlreadyRunning, match=r"unit\.lock"):
        Store(path)


def test_after_closing_it_may_be_opened_again(path: Path) -> None:
    for _ in range(2):
        store = Store(path)
        store.close()
        store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.rows("SELECT 1")


def test_an_opening_that_failed_holds_no_lock(path: Path) -> None:
    path.write_bytes(b"x" * 5000)
    with pytest.raises(JournalBroken):
        Store(path)
    path.unlink()
    Store(path).close()


# --- what is not a database ----------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"x" * 4096, b"SQLite format 3\x00" + b"\xff" * 4096, b"PK\3"])
def test_a_file_that_is_no_database_is_a_broken_journal(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalBroken, match="doctor"):
        Store(path)


def test_a_database_of_something_else_gets_our_tables_or_says_why(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE journal (note TEXT)")
    connection.close()
    with pytest.raises(StoreUnavailable):
        Store(path)


@pytest.mark.parametrize("at", [16, 100, 1024, 3000, 9000])
def test_a_damaged_page_is_noticed_or_harmless(path: Path, at: int) -> None:
    Store(path).close()
    content = bytearray(path.read_bytes())
    content[at : at + 64] = b"\xa5" * 64
    path.write_bytes(content)
    try:
        store = Store(path)
    except EdgeError as exc:
        assert isinstance(exc, StoreUnavailable)  # noqa: PT017 - or it opens
        return
    with store.transaction():
        store.execute("INSERT INTO note VALUES ('k', 'v')")
    store.close()


def test_a_place_that_is_no_directory_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        Store(tmp_path / "file" / "unit.db")
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        Store(tmp_path / "missing" / "unit.db")


def test_a_directory_in_its_place_says_so(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreUnavailable):
        Store(path)


# --- the WAL -------------------------------------------------------------------------------------


def test_the_wal_is_grown_before_the_first_redemption(store: Store, path: Path) -> None:
    assert wal_of(path).stat().st_size >= WAL_GROWN_BYTES
    before = wal_of(path).stat().st_size
    with store.transaction():
        store.execute("INSERT INTO note VALUES ('k', 'v')")
    assert wal_of(path).stat().st_size == before, "so that a commit needs one flush"


def test_the_wal_is_bounded_however_much_is_written(store: Store, path: Path) -> None:
    for _ in range(40):
        write_ballast(store, 1000)
    largest = (WAL_PAGES_MAX + 1100) * (PAGE_BYTES + 24)
    assert wal_of(path).stat().st_size < largest


def test_while_nobody_waits_the_wal_is_copied_and_begun_again(store: Store, path: Path) -> None:
    for _ in range(40):
        write_ballast(store, 500)
        store.checkpoint_if_worthwhile()
    assert wal_of(path).stat().st_size < 2 * WAL_GROWN_BYTES
    assert path.stat().st_size > 500 << 10


def test_nothing_is_copied_while_somebody_writes(store: Store, path: Path) -> None:
    write_ballast(store, 100)
    size = path.stat().st_size
    with store.transaction():
        other = threading.Thread(target=store.checkpoint_if_worthwhile)
        other.start()
        other.join(10)
        assert not other.is_alive()
    assert path.stat().st_size == size


def test_somebody_who_reads_beside_the_unit_holds_nobody_up(store: Store, path: Path) -> None:
    """Doctor walks a long journal; a checkpoint that waited for it would stop the till."""
    write_ballast(store, 100)
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM note").fetchall()
    begun = time.monotonic()
    for _ in range(20):
        write_ballast(store, 300)
        store.checkpoint_if_worthwhile()
    assert time.monotonic() - begun < 2.5, "the time-out for a busy file is five seconds"
    reader.close()
    store.checkpoint_if_worthwhile()
    write_ballast(store, 1)
    assert store.rows("SELECT length(value) FROM note WHERE key = 'ballast'") == [(1024,)]


def test_a_commit_is_seen_by_others_at_once(store: Store, path: Path) -> None:
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    with store.transaction():
        store.execute("INSERT INTO note VALUES ('k', 'v')")
        assert reader.execute("SELECT * FROM note").fetchall() == []
    assert reader.execute("SELECT * FROM note").fetchall() == [("k", "v")]
    reader.close()


def test_a_wrong_statement_leaves_no_transaction_open(store: Store) -> None:
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as caught, store.transaction():
            store.execute("INSERT INTO nothing VALUES (1)")
        assert caught.value.extra["cause"] == "SQLError"
    with store.transaction():
        store.execute("INSERT INTO note VALUES ('k', 'v')")
