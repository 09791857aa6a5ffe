"""Opens SQLite or PostgreSQL, and runs every change in one kind of transaction.

``money_transaction`` is SERIALIZABLE with a bounded retry on PostgreSQL and ``BEGIN IMMEDIATE`` on
SQLite, where those of one process who wait for one another are committed together. At READ
COMMITTED a check followed by an insert overspent 116 of 120 accounts; so, none
(docs/decisions/0006). Nothing that talks to the outside may run inside of it. ``reading`` is for
what looks at several tables and must see one moment of them.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import apsw
import peewee
import psycopg
from playhouse.apsw_ext import APSWDatabase
from playhouse.migrations import Runner
from playhouse.pool import PooledPostgresqlDatabase

from central.errors import ConfigInvalid
from central.foundation.db.group_commit import GroupBroken, GroupCommit

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x7EA20FF
"""Key of the advisory lock that keeps two nodes from migrating at once."""

CONNECTIONS_MAX = 32
"""Connections to PostgreSQL; a request that finds none free waits for up to ten seconds."""
ATTEMPTS_MAX = 12
"""Tries of one transaction; with jitter this is some seconds of fighting for one row."""
_QUEUE_UP = "LOCK TABLE feed IN EXCLUSIVE MODE"
_RETRIED = {"40001", "40P01", "23505"}
"""serialization_failure and deadlock_detected; and unique_violation, which a transaction gets when
another one has committed the same key after our snapshot: the next try sees it."""

T = TypeVar("T")

_GROUPS = GroupCommit()
"""On SQLite all changes of one process, in the order in which they came."""
os.register_at_fork(after_in_child=_GROUPS.forget)

HUB = peewee.DatabaseProxy()
"""The database that every table of the hub belongs to; ``open_database`` gives it one."""


class Table(peewee.Model):
    """Base of the hub's tables."""

    class Meta:
        """Peewee's settings."""

        database = HUB
        legacy_table_names = False


class _Sqlite(APSWDatabase):  # type: ignore[misc]
    """SQLite by apsw: Debian's own 3.40 can lose commits of two writing connections."""

    def _add_conn_hooks(self, conn: apsw.Connection) -> None:
        super()._add_conn_hooks(conn)
        # apsw binds SQLite's own types only; the migration runner notes when it ran.
        conn.convert_binding = lambda _cursor, _number, value: str(value)


def open_database(dsn: str, sqlite_file: Path) -> peewee.Database:
    """Connect, migrate, and return the database.

    Args:
        dsn: ``postgresql://…``, or empty for SQLite at ``sqlite_file``.

    Raises:
        ConfigInvalid: the DSN is of another kind, or the database cannot be reached.
    """
    database: peewee.Database = _postgres(dsn) if dsn else _sqlite(sqlite_file)
    HUB.initialize(database)
    try:
        with _connected_alone(database, sqlite_file):
            Runner(database, str(MIGRATIONS)).up()
    except (peewee.DatabaseError, OSError) as exc:
        where = "PostgreSQL" if dsn else str(sqlite_file)
        raise ConfigInvalid(f"the database {where} cannot be opened: {exc}") from exc
    return database


def is_sqlite(database: peewee.Database) -> bool:
    """Say which engine it is."""
    return isinstance(database, peewee.SqliteDatabase)


def _sqlite(file: Path) -> peewee.Database:
    pragmas = [
        ("journal_mode", "wal"),
        ("synchronous", "full"),  # what a unit was told is acknowledged is on the disk
        ("foreign_keys", "on"),
        ("trusted_schema", "off"),
        ("recursive_triggers", "on"),  # the ledger's triggers fire for REPLACE too
    ]
    return _Sqlite(str(file), pragmas=pragmas, timeout=30)


def _postgres(dsn: str) -> peewee.Database:
    scheme, _, rest = dsn.partition("://")
    if scheme not in {"postgresql", "postgres"}:
        raise ConfigInvalid("database is postgresql://… or empty for SQLite")
    dsn = f"postgresql://{rest}"  # the one that peewee knows as an address
    try:
        psycopg.conninfo.conninfo_to_dict(dsn)
    except psycopg.Error:
        # Not "from exc": its sentence may repeat the password.
        raise ConfigInvalid("database is not the address of a PostgreSQL") from None
    database: peewee.Database = PooledPostgresqlDatabase(
        dsn, max_connections=CONNECTIONS_MAX, timeout=10, stale_timeout=300, prefer_psycopg3=True,
        isolation_level="SERIALIZABLE",
    )  # fmt: skip
    return database


@contextmanager
def _connected_alone(database: peewee.Database, sqlite_file: Path) -> Iterator[None]:
    """Connect, and keep every other node from migrating meanwhile.

    A migration begins by reading which ones are missing, and SQLite's switch to WAL waits for
    nobody; so who comes second must not even connect before the first has ended.
    """
    if is_sqlite(database):
        directory = os.open(sqlite_file.parent, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            with database.connection_context():
                yield
        finally:
            os.close(directory)  # which gives the lock back
        return
    with database.connection_context():
        database.execute_sql("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        try:
            yield
        finally:
            database.execute_sql("SELECT pg_advisory_unlock(%s)", (_MIGRATION_LOCK,))


def money_transaction(work: Callable[[], T], pause: Callable[[float], None] = time.sleep) -> T:
    """Run ``work`` in one serializable transaction and return what it returns.

    ``work`` may run several times and must therefore do nothing but read and write the database.

    Raises:
        peewee.OperationalError: after ATTEMPTS_MAX tries others were still in the way.
    """
    return _persistent(work, _writing, pause)


def posting_transaction(work: Callable[[], T], pause: Callable[[float], None] = time.sleep) -> T:
    """Run ``work`` in one transaction beside others, and return what it returns.

    Only for work that decides nothing by what it has read: its decisions are conditional updates
    that must hit one row, and rules of the schema. Posting to the ledger is such work; looking for
    something and then adding it is not, and belongs into ``money_transaction``. On SQLite the two
    are the same (docs/decisions/0011).

    Raises:
        peewee.OperationalError: after ATTEMPTS_MAX tries others were still in the way.
    """
    return _persistent(work, _beside, pause)


def lone_transaction(work: Callable[[], T], pause: Callable[[float], None] = time.sleep) -> T:
    """Run ``work`` while no ``money_transaction`` runs, and return what it returns.

    On PostgreSQL each of its statements sees what was committed before it, also by those whom it
    has waited for in between; ``money_transaction`` would go on with what it saw at first.

    Raises:
        peewee.OperationalError: after ATTEMPTS_MAX tries others were still in the way.
    """
    return _persistent(work, _alone, pause)


def _persistent(
    work: Callable[[], T],
    transaction: Callable[[peewee.Database], AbstractContextManager[None]],
    pause: Callable[[float], None],
) -> T:
    database = HUB.obj
    assert database is not None, "open_database comes first"

    def persistent(work: Callable[[], Any]) -> Any:
        return _tried(work, database, transaction, pause)

    if is_sqlite(database) and not database.in_transaction():
        return _GROUPS.run(work, persistent, savepoint)
    result: T = persistent(work)
    return result


def _tried(
    work: Callable[[], Any],
    database: peewee.Database,
    transaction: Callable[[peewee.Database], AbstractContextManager[None]],
    pause: Callable[[float], None],
) -> Any:
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with _connected(database), transaction(database):
                return work()
        except (peewee.OperationalError, peewee.IntegrityError) as exc:
            if attempt == ATTEMPTS_MAX or not worth_retrying(exc):
                raise
            pause((2 ** min(attempt, 6)) * 0.002 * (0.5 + secrets.randbelow(1000) / 1000))
    raise AssertionError("the loop returns or raises")


@contextmanager
def savepoint() -> Iterator[None]:
    """Let what fails within a transaction be taken back without the rest of it. SQLite only.

    Raises:
        GroupBroken: all of the transaction is gone already.
    """
    try:
        with HUB.savepoint():
            yield
    except Exception as exc:
        if not HUB.connection().in_transaction:
            raise GroupBroken from exc
        raise


@contextmanager
def _connected(database: peewee.Database) -> Iterator[None]:
    """Keep an open connection, or open one for this transaction and give it back."""
    opened = database.connect(reuse_if_open=True)
    try:
        yield
    finally:
        if opened:
            database.close()


@contextmanager
def _writing(database: peewee.Database) -> Iterator[None]:
    if is_sqlite(database):
        with database.atomic("IMMEDIATE"):
            yield
        return
    with database.atomic():
        # Writers queue up before their first look. Nearly all of them count the feed up; of two
        # that meet there one has worked for nothing, and a push of 300 entries never got through
        # beside ten small changes a second.
        database.execute_sql(_QUEUE_UP)
        yield


@contextmanager
def _alone(database: peewee.Database) -> Iterator[None]:
    with _beside(database):
        if not is_sqlite(database):
            database.execute_sql(_QUEUE_UP)
        yield


@contextmanager
def _beside(database: peewee.Database) -> Iterator[None]:
    level = ("IMMEDIATE",) if is_sqlite(database) else ("READ COMMITTED",)
    with database.atomic(*level):
        yield


def reading(work: Callable[[], T]) -> T:
    """Run ``work``, which only reads, on one snapshot. It waits for nobody, and nobody for it."""
    database = HUB.obj
    assert database is not None, "open_database comes first"
    level = () if is_sqlite(database) else ("REPEATABLE READ",)
    with _connected(database), database.atomic(*level):
        return work()


def worth_retrying(error: peewee.DatabaseError) -> bool:
    """Say whether only somebody else was in the way, so that another try may get through."""
    cause = error.__context__ or error.__cause__
    if isinstance(cause, apsw.BusyError):
        return True
    return getattr(cause, "sqlstate", None) in _RETRIED


def rows(sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Run a SELECT, or a change with RETURNING, written with ``?``; return its rows."""
    return list(_run(sql, values).fetchall())


def change(sql: str, values: tuple[Any, ...] = ()) -> None:
    """Run a statement written with ``?`` that returns nothing."""
    _run(sql, values)


def _run(sql: str, values: tuple[Any, ...]) -> Any:
    database = HUB.obj
    assert database is not None, "open_database comes first"
    return database.execute_sql(sql.replace("?", database.param), values)
