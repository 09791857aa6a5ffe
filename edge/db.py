"""One SQLite file, one connection, one writer at a time; every setting read back.

SQLite comes from ``apsw`` and not from the system: Debian 12 ships 3.40.1, and every version
before 3.51.3 can lose commits when two connections write and checkpoint at once
(docs/decisions/0005). We keep to one connection all the same.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import peewee
from playhouse.apsw_ext import APSWDatabase
from playhouse.migrations import Runner

from edge.errors import (
    N_,
    AlreadyRunning,
    CommitUnknown,
    DiskFull,
    JournalBroken,
    StoreUnavailable,
)

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"

PAGE_BYTES = 1024
"""Small pages: a redemption touches five of them, and an SD card writes what is touched."""
WAL_GROWN_BYTES = 1 << 20
"""The WAL is grown to this once, so that a commit overwrites and needs one flush, not two."""
WAL_PAGES_MAX = 4096
"""Beyond this a commit waits for a checkpoint; the idle checkpoint usually comes first."""

FREE_SPACE = N_("Free some space; what was recorded before is safe.")
TRY_AGAIN = N_("Try again; if it stays, run `tearoff-unit doctor`.")

# Each with what it must read back as, and why.
PRAGMAS: tuple[tuple[str, str | int, str | int], ...] = (
    ("journal_mode", "wal", "wal"),  # readers never block the till
    ("synchronous", "full", 2),  # a commit is on the disk before the light turns green
    ("wal_autocheckpoint", 0, 0),  # checkpoints come when nobody waits (docs/decisions/0005)
    ("journal_size_limit", -1, -1),  # the grown WAL stays
    ("foreign_keys", "on", 1),
    ("busy_timeout", 5000, 5000),
    ("cell_size_check", "on", 1),  # notice a corrupt page when it is read, not later
    ("trusted_schema", "off", 0),
)


class Store:
    """The unit's database. Use ``with store.transaction():`` for anything that writes.

    Args:
        path: The file; its directory must exist. A lock file beside it keeps other processes out.
        vfs: Name of the file system layer that SQLite uses; its own if empty.

    Raises:
        AlreadyRunning: another process has it open.
        JournalBroken: the file is not a database, or its pages do not hold together.
        StoreUnavailable: a setting that the promises rest on did not take.
    """

    def __init__(self, path: Path, *, vfs: str = "") -> None:
        self.path = path
        self.lock = threading.RLock()
        self._wal_pages = 0
        self._file_lock: int | None = _hold(path.with_suffix(".lock"))
        self.db = APSWDatabase(
            str(path), pragmas=[("page_size", PAGE_BYTES)], thread_safe=False, autoconnect=False,
            **({"vfs": vfs} if vfs else {}),
        )  # fmt: skip
        try:
            with _told_apart():
                self._open()
                Runner(self.db, str(MIGRATIONS)).up()
                self._grow_wal()
        except BaseException:
            self.close()
            raise

    @property
    def connection(self) -> apsw.Connection:
        """The one connection, for statements on the path of a scan."""
        if self.db.is_closed():
            self._open()
        connection: apsw.Connection = self.db.connection()
        return connection

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        """Run one statement that returns nothing; the caller holds the lock."""
        self.connection.execute(sql, values)

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of one statement; the caller holds the lock."""
        return self.connection.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock, and commit what is written within it, durably.

        Raises:
            DiskFull, JournalBroken, StoreUnavailable: nothing was written.
            CommitUnknown: COMMIT itself failed; read back whether it happened. The connection
                was dropped, so what is read then is what is on the disk.
        """
        with self.lock, _told_apart():
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._rollback()
                raise
            try:
                self.execute("COMMIT")
            except apsw.Error as exc:
                self._drop()
                raise CommitUnknown(TRY_AGAIN, cause=type(exc).__name__) from exc
        if self._wal_pages > WAL_PAGES_MAX:
            try:
                self.checkpoint()
            except StoreUnavailable:
                # It is committed, and the WAL may grow until a checkpoint succeeds.
                log.exception("the checkpoint failed")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the lock for reading several things that belong together."""
        with self.lock, _told_apart():
            yield

    def checkpoint(self) -> None:
        """Copy the WAL into the database; the next commit starts at the WAL's beginning again.

        It waits for no reader: what somebody like doctor still reads is copied another time.
        """
        with self.lock, _told_apart():
            mode = apsw.SQLITE_CHECKPOINT_PASSIVE
            in_wal, copied = self.connection.wal_checkpoint(mode=mode)
            if copied == in_wal:
                self._wal_pages = 0

    def checkpoint_if_worthwhile(self) -> None:
        """Checkpoint when nobody waits and there is something to copy."""
        if self._wal_pages and self.lock.acquire(blocking=False):
            try:
                self.checkpoint()
            finally:
                self.lock.release()

    def close(self) -> None:
        """Close the file and let others have it."""
        with self.lock:
            self._drop()
            if self._file_lock is not None:
                os.close(self._file_lock)
                self._file_lock = None

    def _open(self) -> None:
        if self._file_lock is None:
            raise StoreUnavailable(N_("The database of this unit was closed."))
        self.db.connect()
        try:
            self._set_up()
        except BaseException:
            self._drop()  # a connection without every setting must not stay
            raise

    def _set_up(self) -> None:
        # apsw binds SQLite's own types only; the migration runner notes when it ran.
        self.connection.convert_binding = lambda _cursor, _number, value: str(value)
        for name, wanted, reads in PRAGMAS:
            self.execute(f"PRAGMA {name} = {wanted}")
            [[actual]] = self.rows(f"PRAGMA {name}")
            if actual != reads:
                raise StoreUnavailable(f"SQLite keeps {name} at {actual}, {reads} is needed")
        # Last: setting wal_autocheckpoint takes any hook away, and without it the WAL only grows.
        self.connection.set_wal_hook(self._note_wal_pages)

    def _drop(self) -> None:
        """Let go of the connection, whatever it holds; the next use opens another."""
        with contextlib.suppress(apsw.Error, peewee.DatabaseError):
            self.db.close()

    def _rollback(self) -> None:
        try:
            if self.connection.in_transaction:
                self.execute("ROLLBACK")
        except apsw.Error:
            self._drop()

    def _grow_wal(self) -> None:
        wal = self.path.with_name(self.path.name + "-wal")
        if wal.exists() and wal.stat().st_size >= WAL_GROWN_BYTES:
            return
        self.execute("BEGIN IMMEDIATE")
        self.execute("CREATE TABLE ballast (data BLOB)")
        self.execute("INSERT INTO ballast VALUES (zeroblob(?))", (WAL_GROWN_BYTES,))
        self.execute("DROP TABLE ballast")
        self.execute("COMMIT")
        self.checkpoint()

    def _note_wal_pages(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn what SQLite says into our own errors, whether peewee stood in between or not."""
    try:
        yield
    except (apsw.Error, peewee.DatabaseError) as exc:
        cause = exc.__context__ if isinstance(exc, peewee.DatabaseError) else exc
        if _is_about_room(cause):
            raise DiskFull(FREE_SPACE) from exc
        if isinstance(cause, apsw.CorruptError | apsw.NotADBError):
            raise JournalBroken(N_("Run `tearoff-unit doctor`; it says what is damaged.")) from exc
        raise StoreUnavailable(TRY_AGAIN, cause=type(cause).__name__) from exc


def _is_about_room(cause: BaseException | None) -> bool:
    # Where there is no room for the shared memory of the WAL, SQLite calls it an I/O error.
    code = getattr(cause, "extendedresult", None)  # an error of another file system has none
    return isinstance(cause, apsw.FullError) or code == apsw.SQLITE_IOERR_SHMSIZE


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Keep everybody out of a database without opening it: it may be damaged.

    Raises:
        AlreadyRunning: another process has it open.
    """
    handle = _hold(database.with_suffix(".lock"))
    try:
        yield
    finally:
        os.close(handle)


def _hold(path: Path) -> int:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise StoreUnavailable(f"{path.parent} cannot be written: {exc.strerror}") from exc
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        os.close(handle)
        raise AlreadyRunning(f"Another process holds {path}") from exc
    return handle
