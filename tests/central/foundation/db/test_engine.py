"""Opening a database, and the one kind of transaction, on both engines."""

from __future__ import annotations

import multiprocessing
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import apsw
import peewee
import psycopg
import pytest

from central.errors import ConfigInvalid
from central.foundation.db.engine import (
    ATTEMPTS_MAX,
    HUB,
    change,
    is_sqlite,
    lone_transaction,
    money_transaction,
    open_database,
    posting_transaction,
    reading,
    rows,
)
from tests.central.builders import Database, at_once, close_hub


def feed() -> int:
    return int(rows("SELECT n FROM feed")[0][0])


def count_up() -> int:
    """Read, then write what follows from it: the thing that must not be done twice at once."""
    following = feed() + 1
    change("UPDATE feed SET n = ?", (following,))
    return following


# --- opening -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dsn", ["mysql://root@localhost/hub", "hub.db", "sqlite:///hub.db"])
def test_only_postgresql_and_sqlite_are_known(dsn: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="postgresql://"):
        open_database(dsn, tmp_path / "hub.db")


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://hub:hunter2secret@127.0.0.1:1/hub",
        "postgresql://hub:hunter2secret@127.0.0.1:notaport/hub",
        "postgresql://hub:hunter2secret@127.0.0.1:1/hub?no_such_option=1",
        "postgresql://hub:hunter2secret@[::1/hub",
    ],
    ids=["nobody-listens", "no-port", "no-option", "no-address"],
)
def test_a_server_that_cannot_be_reached_is_told_without_the_password(
    dsn: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        open_database(dsn, tmp_path / "hub.db")
    assert "PostgreSQL" in str(caught.value)
    assert "hunter2secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("file", ["missing/hub.db", "a-directory"])
def test_a_file_that_cannot_be_opened_is_told(file: str, tmp_path: Path) -> None:
    (tmp_path / "a-directory").mkdir()
    with pytest.raises(ConfigInvalid, match="cannot be opened"):
        open_database("", tmp_path / file)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "hub.db"
    file.write_bytes(b"this is not a database, but long enough to be taken for one" * 100)
    with pytest.raises(ConfigInvalid, match="cannot be opened"):
        open_database("", file)


def test_opening_again_changes_nothing(hub_database: Database) -> None:
    money_transaction(count_up)
    before = feed()
    close_hub()
    open_database(hub_database.dsn, hub_database.sqlite_file)
    assert feed() == before


@pytest.mark.postgres
def test_both_ways_to_write_the_address_of_a_server_work(
    postgres_database: Database, tmp_path: Path
) -> None:
    close_hub()
    short = postgres_database.dsn.replace("postgresql://", "postgres://")
    open_database(short, tmp_path / "hub.db")
    assert feed() == 0


def _open_in_a_process(start: Barrier, answers: Queue[str], dsn: str, file: str) -> None:
    start.wait(30)
    try:
        open_database(dsn, Path(file))
        answers.put(f"open at {feed()}")
    except ConfigInvalid as exc:
        answers.put(exc.detail)
    else:
        close_hub()


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_nodes_that_start_at_once_migrate_once(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    dsn = ""
    if engine == "postgres":
        server = request.getfixturevalue("postgres_server")
        dsn = server.dsn(server.create())
    spawn = multiprocessing.get_context("spawn")
    start, answers = spawn.Barrier(4), spawn.Queue()
    given = (start, answers, dsn, str(tmp_path / "hub.db"))
    nodes = [spawn.Process(target=_open_in_a_process, args=given) for _ in range(4)]
    for node in nodes:
        node.start()
    assert [answers.get(timeout=60) for _ in nodes] == ["open at 0"] * 4
    for node in nodes:
        node.join(60)


# --- transactions --------------------------------------------------------------------------------


def test_what_raises_leaves_nothing_behind(hub_database: Database) -> None:
    def work() -> None:
        count_up()
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        money_transaction(work)
    assert feed() == 0


def test_a_transaction_gives_its_connection_back(hub_database: Database) -> None:
    close_hub()
    assert money_transaction(count_up) == 1
    assert HUB.is_closed()


def test_a_transaction_keeps_a_connection_that_was_open(hub_database: Database) -> None:
    HUB.connect(reuse_if_open=True)
    money_transaction(count_up)
    assert not HUB.is_closed()


def test_nothing_is_counted_twice(hub_database: Database) -> None:
    told = at_once(8, lambda _: [money_transaction(count_up) for _ in range(5)])
    counted = sorted(n for some in told if isinstance(some, list) for n in some)
    assert counted == list(range(1, 41)), told


@pytest.mark.postgres
def test_a_transaction_that_somebody_has_overtaken_is_run_again(
    postgres_database: Database,
) -> None:
    """Somebody who does not queue up with our writers: another program, or a person."""
    tries = []
    add_day = "UPDATE closed_through SET day = day + 1"

    def work() -> None:
        tries.append(rows("SELECT day FROM closed_through")[0][0])
        if len(tries) < 4:
            with psycopg.connect(postgres_database.dsn, autocommit=True) as somebody:
                somebody.execute(add_day)
        change(add_day)

    pauses: list[float] = []
    money_transaction(work, pauses.append)
    assert tries == [0, 1, 2, 3]
    assert len(pauses) == 3
    assert all(0 < pause < 1 for pause in pauses)


def test_writers_queue_up_before_their_first_look(hub_database: Database) -> None:
    """So that hardly anybody works for nothing. PostgreSQL forgets what a transaction has read a
    moment after it lets the next one in, and may find a conflict in that moment.
    """
    tries = []

    def work() -> int:
        tries.append(feed())
        return count_up()

    at_once(8, lambda _: [money_transaction(work) for _ in range(5)])
    assert sorted(set(tries)) == list(range(40))
    assert len(tries) <= 44


@pytest.mark.postgres
def test_who_posts_does_not_wait_for_whoever_is_queued_up(postgres_database: Database) -> None:
    """Beside a transaction that holds the queue; and then the other way round."""

    def beside() -> str:
        posting_transaction(lambda: change("UPDATE closed_through SET day = day"))
        HUB.close()
        return "done"

    def work() -> str:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(beside).result(timeout=30)

    assert money_transaction(work) == "done"


@pytest.mark.postgres
def test_the_three_kinds_of_transactions(postgres_database: Database) -> None:
    def level() -> str:
        return str(rows("SHOW transaction_isolation")[0][0])

    assert money_transaction(level) == "serializable"
    assert posting_transaction(level) == "read committed"
    assert lone_transaction(level) == "read committed"
    assert reading(level) == "repeatable read"


@pytest.mark.parametrize("transaction", [posting_transaction, lone_transaction])
def test_they_leave_nothing_behind_when_they_fail(
    hub_database: Database, transaction: Callable[[Callable[[], object]], object]
) -> None:
    def work() -> None:
        count_up()
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        transaction(work)
    assert feed() == 0
    transaction(count_up)
    assert feed() == 1


def test_whoever_must_be_alone_waits_and_sees_what_was_committed_meanwhile(
    hub_database: Database,
) -> None:
    told = at_once(
        6,
        lambda n: [(lone_transaction if n % 2 else money_transaction)(count_up) for _ in range(5)],
    )
    counted = sorted(n for some in told if isinstance(some, list) for n in some)
    assert counted == list(range(1, 31)), told


def test_who_reads_sees_one_moment_and_waits_for_nobody(hub_database: Database) -> None:
    def work() -> tuple[int, int]:
        before = feed()
        writer = threading.Thread(target=lambda: (money_transaction(count_up), HUB.close()))
        writer.start()
        writer.join(10)
        assert not writer.is_alive()
        return before, feed()

    assert reading(work) == (0, 0)
    assert feed() == 1


def test_a_locked_file_is_waited_for(sqlite_database: Database) -> None:
    other = apsw.Connection(str(sqlite_database.sqlite_file))
    other.execute("BEGIN IMMEDIATE")
    HUB.connection().set_busy_timeout(1)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            other.execute("COMMIT")

    assert money_transaction(count_up, pause) == 1
    assert len(pauses) == 3
    other.close()


def test_nobody_waits_for_ever(sqlite_database: Database) -> None:
    other = apsw.Connection(str(sqlite_database.sqlite_file))
    other.execute("BEGIN IMMEDIATE")
    HUB.connection().set_busy_timeout(1)
    pauses: list[float] = []
    with pytest.raises(peewee.OperationalError):
        money_transaction(count_up, pauses.append)
    assert len(pauses) == ATTEMPTS_MAX - 1
    other.close()


def test_a_mistake_is_not_repeated(hub_database: Database) -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        change("INSERT INTO feed (id, n) VALUES (2, 0)")  # only row 1 may exist

    with pytest.raises(peewee.IntegrityError):
        money_transaction(work)
    assert len(tries) == 1


def test_sqlite_writes_what_it_has_acknowledged(sqlite_database: Database) -> None:
    assert is_sqlite(HUB.obj)
    asked = {name: rows(f"PRAGMA {name}")[0][0] for name in (
        "journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "trusted_schema",
    )}  # fmt: skip
    assert asked == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1,
        "trusted_schema": 0,
    }  # fmt: skip


@pytest.mark.postgres
def test_postgresql_transactions_are_serializable(postgres_database: Database) -> None:
    def work() -> str:
        return str(rows("SHOW transaction_isolation")[0][0])

    assert money_transaction(work) == "serializable"
    assert not is_sqlite(HUB.obj)
