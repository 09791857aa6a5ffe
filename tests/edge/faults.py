"""Disks that fail or lose power when a test says so, under SQLite's own code."""
# ruff: noqa: N802 - the names of SQLite's methods

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import apsw

SECTOR_BYTES = 512
_NUMBERS = itertools.count(1)


class FailingDisk(apsw.VFS):
    """Passes everything on to the real file system until it is told to fail.

    Attributes:
        operations: Writes, flushes and truncations so far: the points at which it can fail.
    """

    def __init__(self) -> None:
        self.name = f"failing-{os.getpid()}-{next(_NUMBERS)}"
        self.operations = 0
        self._fails_at: int | None = None
        self._error: type[apsw.Error] = apsw.IOError
        self._for_ever = False
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _FailingFile(self, name, flags)

    def excepthook(self, *_: Any) -> bool:
        """SQLite may ignore an error, for instance while it closes. So do we."""
        return True

    def fail(self, after: int, error: type[apsw.Error], *, for_ever: bool) -> None:
        """Fail the operation that comes after so many good ones, and perhaps all after it."""
        self._fails_at = self.operations + after
        self._error, self._for_ever = error, for_ever

    def heal(self) -> None:
        """Be a good disk again."""
        self._fails_at = None

    def before_operation(self) -> None:
        number, self.operations = self.operations, self.operations + 1
        at = self._fails_at
        if at is not None and (number == at or (self._for_ever and number > at)):
            raise self._error("the disk fails")


class _FailingFile(apsw.VFSFile):
    def __init__(self, disk: FailingDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.before_operation()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.before_operation()
        super().xSync(flags)

    def xTruncate(self, newsize: int) -> None:
        self._disk.before_operation()
        super().xTruncate(newsize)


class PowerCut(apsw.IOError):
    """The machine is off: nothing works any more."""


class UnpoweredDisk(apsw.VFS):
    """Knows what has reached the medium and what a power cut would tear.

    Writes go through to the real files, so that SQLite reads what it wrote; beside them it keeps
    what was flushed, and every write since.

    Args:
        cut_at: After so many operations the power fails; None for never.
        luck: Decides what of the unflushed writes survives.
        lies: Share of the flushes that it only pretends to do, as bad media do.
    """

    def __init__(self, cut_at: int | None, luck: random.Random, lies: float = 0) -> None:
        self.name = f"unpowered-{os.getpid()}-{next(_NUMBERS)}"
        self.operations = 0
        self.cut_at = cut_at
        self.luck = luck
        self.lies = lies
        self.files: dict[Path, Medium] = {}
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        return _UnpoweredFile(self, self.medium(path), name, flags)

    def medium(self, path: Path) -> Medium:
        """Return what is known of one file; also of one that SQLite does not write."""
        return self.files.setdefault(path, Medium.of(path))

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.before_operation()
        self.files.pop(Path(filename), None)
        super().xDelete(filename, syncdir)

    def excepthook(self, *_: Any) -> bool:
        """After the cut SQLite closes its files; nobody listens."""
        return True

    @property
    def is_off(self) -> bool:
        return self.cut_at is not None and self.operations > self.cut_at

    def before_operation(self) -> None:
        self.operations += 1
        if self.is_off:
            raise PowerCut("the power is off")

    def write_out(self, directory: Path) -> None:
        """Write the files as they are found after the cut: torn at sectors, at random."""
        for path, medium in self.files.items():
            (directory / path.name).write_bytes(medium.after_cut(self.luck))


class Medium:
    """One file: what is certainly on the medium, and what perhaps is."""

    def __init__(self, content: bytes) -> None:
        self.flushed = bytearray(content)
        self.pending: list[tuple[int, bytes] | int] = []

    @classmethod
    def of(cls, path: Path) -> Medium:
        return cls(path.read_bytes() if path.exists() else b"")

    def flush(self) -> None:
        for change in self.pending:
            _apply(self.flushed, change)
        self.pending.clear()

    def after_cut(self, luck: random.Random) -> bytes:
        content = bytearray(self.flushed)
        for change in self.pending:
            if isinstance(change, int):
                if luck.random() < 0.5:
                    _apply(content, change)
                continue
            offset, data = change
            for begin in range(0, len(data), SECTOR_BYTES):
                if luck.random() < 0.5:
                    _apply(content, (offset + begin, data[begin : begin + SECTOR_BYTES]))
        return bytes(content)


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        return
    offset, data = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class _UnpoweredFile(apsw.VFSFile):
    def __init__(self, disk: UnpoweredDisk, medium: Medium, name: Any, flags: list[int]) -> None:
        self._disk, self._medium = disk, medium
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.before_operation()
        self._medium.pending.append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.before_operation()
        if self._disk.luck.random() >= self._disk.lies:
            self._medium.flush()

    def xTruncate(self, newsize: int) -> None:
        self._disk.before_operation()
        self._medium.pending.append(newsize)
        super().xTruncate(newsize)


Disk = TypeVar("Disk", bound=apsw.VFS)


@contextmanager
def mounted(disk: Disk) -> Iterator[Disk]:
    """A disk that SQLite knows while the test lasts."""
    try:
        yield disk
    finally:
        disk.unregister()
