"""A unit's disk on which a write fails, or is the last one, when the simulation says so.

SQLite, the journal's SQL and the anchor's bytes are the real ones, on memory. What a power cut does
to single sectors is another layer's business (``tests/edge/journal/test_faults.py``).
"""

from __future__ import annotations

import errno
import os
import shutil
from enum import StrEnum
from pathlib import Path
from typing import Any

import apsw

from edge.db import Store
from edge.journal.anchor import SLOT_BYTES, AnchorFile
from edge.journal.model import Mark


class Crash(BaseException):
    """A unit is gone, in the middle of whatever it did."""


class Fault(StrEnum):
    """How a write ends."""

    DIES_BEFORE = "dies before it"
    DIES_AFTER = "dies after it"
    ERROR = "fails"
    ERROR_AFTER = "says it failed, but it is there"
    FULL = "finds no room"
    TORN = "dies in the middle of it"


FAULTS = tuple(Fault)


class Disk:
    """What is about to go wrong with the writes of one machine."""

    def __init__(self) -> None:
        self._due: tuple[int, Fault] | None = None
        self.is_off = False
        """Its machine is gone: whatever it does as it falls, nobody hears of."""

    def arm(self, after: int, fault: Fault) -> None:
        """Let this happen to the write that comes after so many good ones."""
        self._due = (after, fault)

    def gone(self) -> Crash:
        """Return what ends the machine: it says nothing more to anybody."""
        self.is_off = True
        return Crash()

    def heal(self) -> None:
        """Be a good disk."""
        self._due = None

    def next_write(self) -> Fault | None:
        """Return what happens to the write at hand."""
        if self._due is None:
            return None
        after, fault = self._due
        if after:
            self._due = (after - 1, fault)
            return None
        self._due = None
        return fault


_WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT")


class FaultyStore(Store):
    """The unit's database on such a disk."""

    def __init__(self, path: Path, disk: Disk, *, vfs: str = "") -> None:
        self.disk = disk
        super().__init__(path, vfs=vfs)

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        """Run a statement, or let it fail."""
        fault = self.disk.next_write() if sql.startswith(_WRITES) else None
        if fault in {Fault.DIES_BEFORE, Fault.TORN}:
            raise self.disk.gone()
        if fault is Fault.ERROR:
            raise apsw.IOError("the disk fails")
        if fault is Fault.FULL:
            raise apsw.FullError("no room")
        super().execute(sql, values)
        if fault is Fault.DIES_AFTER:
            raise self.disk.gone()
        if fault is Fault.ERROR_AFTER:
            raise apsw.IOError("the disk fails")

    def die(self) -> None:
        """Be gone as a killed process is: nothing is written any more, the WAL stays."""
        if not self.db.is_closed():
            self.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self.close()

    def is_held(self) -> bool:
        """Say whether somebody is within a transaction."""
        return not self.db.is_closed() and self.connection.in_transaction

    def _grow_wal(self) -> None:
        """On memory a commit flushes nothing, and a megabyte a unit is what takes the time."""


class FaultyAnchor(AnchorFile):
    """The anchor on such a disk; it fails with the same faults at its own writes."""

    def __init__(self, path: Path, key: bytes, disk: Disk) -> None:
        super().__init__(path, key)
        self._disk = disk

    def write(self, mark: Mark) -> None:
        """Write the mark, or let it fail."""
        fault = self._disk.next_write()
        if fault is Fault.DIES_BEFORE:
            raise self._disk.gone()
        if fault in {Fault.ERROR, Fault.FULL}:
            raise OSError(errno.EIO if fault is Fault.ERROR else errno.ENOSPC, "the disk fails")
        if fault is Fault.TORN:
            self._tear(mark)
            raise self._disk.gone()
        super().write(mark)
        if fault is Fault.DIES_AFTER:
            raise self._disk.gone()
        if fault is Fault.ERROR_AFTER:
            raise OSError(errno.EIO, "the disk fails")

    def _tear(self, mark: Mark) -> None:
        """Half a slot is new: its MAC fits nothing."""
        with self.path.open("r+b") as file:
            file.seek(self.slot_for(mark) * SLOT_BYTES + 40)
            file.write(b"\xff" * 64)


FILES = ("unit.db", "unit.db-wal", "anchor")


def copy_files(source: Path, target: Path, *, anchor: bool = True) -> None:
    """Make a unit's files those of another moment, or of another machine.

    Args:
        anchor: It is on the same medium; otherwise the target's own stays as it is.
    """
    target.mkdir(exist_ok=True)
    for name in FILES:
        if name == "anchor" and not anchor:
            continue
        (target / name).unlink(missing_ok=True)
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
    if not (target / "unit.db").exists():
        raise FileNotFoundError(os.fspath(source))
