"""A simulator's books: one SQLite file, one writer at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

COUNTER = """
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""

Row = dict[str, Any]


class Books:
    """The file, with one lock around it: a request sees and leaves it whole.

    Args:
        schema: Its tables.
    """

    def __init__(self, file: Path | str, schema: str) -> None:
        self._db = apsw.Connection(str(file))
        self._lock = threading.RLock()
        self._depth = 0
        self._db.execute("PRAGMA journal_mode = wal; PRAGMA synchronous = normal")
        with self.writing():
            self._db.execute(schema + COUNTER)

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
