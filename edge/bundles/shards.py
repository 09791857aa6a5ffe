"""Status bitmaps as files that are mapped into memory: one a shard and version, never changed.

A file is written and flushed before the database names it, and removed after the database has
named another one twice. So a power cut leaves the old state or the new one, a look-up touches one
page of 4 KiB, and a hundred million vouchers are 25 MB of page cache that the kernel may drop.
What a file holds is compared with its hash when it is first looked at; a card that has lost bits
makes its shard unknown, never valid.
"""

from __future__ import annotations

import hashlib
import logging
import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from edge.contract.status import BITMAP_BYTES

log = logging.getLogger(__name__)

SYNC_ALL_FROM = 16
"""So many files at once are flushed together; each for itself takes an SD card 20 ms."""


class Held(NamedTuple):
    """A shard as the database names it."""

    version: int
    digest: bytes


class ShardDamaged(ValueError):
    """The file of a shard is missing, or is not what was written."""


class ShardFiles:
    """The directory of the files. Written to under the store's lock, read by anybody."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._fresh: list[Path] = []
        self._stale: list[tuple[int, Held]] = []

    def write(self, shard: int, version: int, bitmap: bytes | bytearray) -> Held:
        """Write a bitmap; ``flush`` makes it durable.

        Raises:
            OSError: there is no room, or the medium does not take it.
        """
        assert len(bitmap) == BITMAP_BYTES, "a whole shard"
        held = Held(version, hashlib.sha256(bitmap).digest())
        self.directory.mkdir(mode=0o700, exist_ok=True)
        path = self.path(shard, held)
        # In place of the old file, never into it: somebody may have that one mapped.
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(bitmap)
        part.replace(path)
        self._fresh.append(path)
        return held

    def flush(self) -> None:
        """Make durable what was written since the last time; call it before the commit."""
        fresh, self._fresh = self._fresh, []
        if len(fresh) >= SYNC_ALL_FROM:
            os.sync()
            return
        for path in (*fresh, *([self.directory] if fresh else [])):
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def retire(self, before: Shards, after: Shards) -> None:
        """Note which files nobody needs any more, and remove those of the last time.

        Whoever still reads the word from before may open its files until then.
        """
        for shard, held in self._stale:
            if after.held.get(shard) != held:
                self.path(shard, held).unlink(missing_ok=True)
        self._stale = [
            (shard, held) for shard, held in before.held.items() if after.held.get(shard) != held
        ]

    def sweep(self, shards: Shards) -> None:
        """Remove every file that no row of the database names; call it at the start."""
        if not self.directory.is_dir():
            return
        named = {self.path(shard, held).name for shard, held in shards.held.items()}
        for path in self.directory.iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)

    def path(self, shard: int, held: Held) -> Path:
        """Return where the file of a shard lies."""
        return self.directory / f"{shard:05x}-{held.version:x}-{held.digest[:6].hex()}"

    def map(self, shard: int, held: Held) -> Sequence[int]:
        """Return the bitmap, mapped and compared with its hash.

        Raises:
            ShardDamaged: it is not there, or not what was written.
        """
        try:
            handle = os.open(self.path(shard, held), os.O_RDONLY | os.O_CLOEXEC)
            try:
                mapped = mmap.mmap(handle, 0, prot=mmap.PROT_READ)
            finally:
                os.close(handle)
        except (OSError, ValueError) as exc:  # an empty file cannot be mapped
            raise ShardDamaged(f"shard {shard} cannot be read: {type(exc).__name__}") from exc
        if len(mapped) != BITMAP_BYTES or hashlib.sha256(mapped).digest() != held.digest:
            mapped.close()
            raise ShardDamaged(f"shard {shard} is not what was written")
        return cast("Sequence[int]", mapped)


class Shards(Mapping[int, tuple[int, Sequence[int]]]):
    """Which shards are held, at one moment: by number, version and bitmap. Never changed."""

    def __init__(self, files: ShardFiles | None = None, held: Mapping[int, Held] | None = None):
        self._files = files
        self.held = dict(held or {})
        self._mapped: dict[int, Sequence[int]] = {}
        self.damaged: set[int] = set()
        """Shards that were found to be damaged: somebody should fetch them again."""

    def __getitem__(self, shard: int) -> tuple[int, Sequence[int]]:
        """Return version and bitmap.

        Raises:
            KeyError: nobody has sent it. ShardDamaged: it cannot be believed.
        """
        mapped = self._mapped.get(shard)
        if mapped is not None:
            return self.held[shard].version, mapped
        held = self.held[shard]
        assert self._files is not None, "what is held has a file"
        try:
            mapped = self._files.map(shard, held)
        except ShardDamaged as exc:
            if shard not in self.damaged:
                log.error("status unknown: %s", exc)  # noqa: TRY400 - said once, with its reason
            self.damaged.add(shard)
            raise
        self._mapped[shard] = mapped
        return held.version, mapped

    def __iter__(self) -> Iterator[int]:
        return iter(self.held)

    def __len__(self) -> int:
        return len(self.held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shards) and self.held == other.held

    __hash__ = None  # type: ignore[assignment]

    def with_(self, changed: Mapping[int, Held]) -> Shards:
        """Return these shards with others in the place of some."""
        shards = Shards(self._files, {**self.held, **changed})
        shards._mapped = {n: m for n, m in self._mapped.items() if n not in changed}
        shards.damaged = self.damaged - set(changed)
        return shards
