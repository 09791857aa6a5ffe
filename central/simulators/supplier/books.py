"""The books of the shops: one SQLite file, one writer at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

SCHEMA = """
CREATE TABLE IF NOT EXISTS shop (
    id TEXT PRIMARY KEY, protocol TEXT NOT NULL, user TEXT NOT NULL, key TEXT NOT NULL,
    balance_e4 INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS product (
    shop TEXT NOT NULL, ref TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    price_e4 INTEGER NOT NULL, stock INTEGER NOT NULL, PRIMARY KEY (shop, ref)) STRICT;
CREATE TABLE IF NOT EXISTS purchase (
    no INTEGER PRIMARY KEY, shop TEXT NOT NULL, ref TEXT NOT NULL, product TEXT NOT NULL,
    quantity INTEGER NOT NULL, unit_e4 INTEGER NOT NULL, total_e4 INTEGER NOT NULL,
    state TEXT NOT NULL, keys TEXT NOT NULL, inputs TEXT NOT NULL, at_s INTEGER NOT NULL,
    visible_at_s INTEGER NOT NULL, ready_at_s INTEGER NOT NULL, callback_url TEXT NOT NULL,
    fault TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS purchase_ref ON purchase (shop, ref);
CREATE TABLE IF NOT EXISTS flow (
    id INTEGER PRIMARY KEY, shop TEXT NOT NULL, at_s INTEGER NOT NULL, change_e4 INTEGER NOT NULL,
    balance_e4 INTEGER NOT NULL, why TEXT NOT NULL, no INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS callback (
    id INTEGER PRIMARY KEY, no INTEGER NOT NULL, shop TEXT NOT NULL, url TEXT NOT NULL,
    fault TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, next_at_s INTEGER NOT NULL,
    last TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, shop TEXT NOT NULL, operation TEXT NOT NULL,
    ref TEXT NOT NULL, answer TEXT NOT NULL, fault TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""

Row = dict[str, Any]


class Books:
    """The file, with one lock around it: a request sees and leaves it whole."""

    def __init__(self, file: Path | str) -> None:
        self._db = apsw.Connection(str(file))
        self._lock = threading.RLock()
        self._depth = 0
        self._db.execute("PRAGMA journal_mode = wal; PRAGMA synchronous = normal")
        with self.writing():
            self._db.execute(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Do all of it or nothing; nobody else writes or reads meanwhile."""
        with self._lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Run a statement and return its rows by name."""
        with self._lock:
            cursor = self._db.execute(sql, values)
            found: list[Row] = []
            names: list[str] = []
            for row in cursor:
                names = names or [column[0] for column in cursor.getdescription()]
                found.append(dict(zip(names, row, strict=True)))
            return found

    def row(self, sql: str, *values: Any) -> Row | None:
        """Run a statement and return its first row, or None."""
        found = self.rows(sql, *values)
        return found[0] if found else None

    def run(self, sql: str, *values: Any) -> None:
        """Run a statement."""
        self.rows(sql, *values)

    def count(self, name: str) -> int:
        """Return the next number of this name: 1, 2, …"""
        [row] = self.rows(
            "INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
            " RETURNING value",
            name,
        )
        return int(row["value"])
