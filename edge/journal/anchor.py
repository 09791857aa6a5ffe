"""The anchor: how far the journal has come, remembered outside the database.

A bit flipped in a WAL silently drops every later commit, and the chain that is left is valid: a
chain cannot protect its own tail. So epoch, number and hash of the newest entry also stand in a
small file of fixed size, best on another medium. It bears a MAC under a key of this unit, so that
it is this unit's word and not somebody's guess.

Two slots, 4 KiB apart, are written in turn: a write that the power cut tears leaves the other.
After one that failed the same slot is written again, for the other one holds the newest mark.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from pathlib import Path

from edge.contract.ids import Epoch, Seq
from edge.journal.model import AnchorState, Mark

SLOT_BYTES = 4096
FILE_BYTES = 2 * SLOT_BYTES
_MAGIC = b"VXA1"
_BODY = struct.Struct(">4sQQ32sQQ")
_MAC_BYTES = 32


class AnchorFile:
    """The anchor of one unit. Not thread-safe: the journal's lock guards it.

    Args:
        path: The file. It is created at its full size when it is first written.
        key: 32 secret bytes of this unit.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._key = key
        self._handle: int | None = None
        self._newest_slot: int | None = None

    def read(self) -> tuple[AnchorState, Mark]:
        """Return what the anchor says; ``Mark()`` unless the state is GOOD."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return AnchorState.MISSING, Mark()
        except OSError:
            return AnchorState.UNREADABLE, Mark()
        marks = [self._parse(content[at : at + SLOT_BYTES]) for at in (0, SLOT_BYTES)]
        good = [mark for mark in marks if mark]
        if not good:
            return AnchorState.UNREADABLE, Mark()
        newest = max(good)
        self._newest_slot = marks.index(newest)
        return AnchorState.GOOD, newest

    def slot_for(self, mark: Mark) -> int:
        """Return the slot that this mark is written to, 0 or 1: never that of the newest one."""
        return mark.seq % 2 if self._newest_slot is None else 1 - self._newest_slot

    def write(self, mark: Mark) -> None:
        """Write the mark durably: one overwrite, one flush.

        Raises:
            OSError: the medium does not take it.
        """
        if self._handle is None:
            self._handle = self._create()
        body = _BODY.pack(_MAGIC, *mark)
        slot = self.slot_for(mark)
        content = (body + self._mac(body)).ljust(SLOT_BYTES, b"\0")
        os.pwrite(self._handle, content, slot * SLOT_BYTES)
        os.fdatasync(self._handle)
        self._newest_slot = slot

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _create(self) -> int:
        # Overwriting a file of full size needs no new metadata, hence one flush (measured: an
        # append takes two and waits for the file system's journal).
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(handle).st_size != FILE_BYTES:
                os.pwrite(handle, bytes(FILE_BYTES), 0)
                os.ftruncate(handle, FILE_BYTES)
                os.fsync(handle)
                directory = os.open(self.path.parent, os.O_RDONLY)
                os.fsync(directory)
                os.close(directory)
        except OSError:
            os.close(handle)  # it is tried again with every entry
            raise
        return handle

    def _parse(self, slot: bytes) -> Mark | None:
        body = slot[: _BODY.size]
        mac = slot[_BODY.size : _BODY.size + _MAC_BYTES]
        if len(body) < _BODY.size or not hmac.compare_digest(mac, self._mac(body)):
            return None
        magic, epoch, seq, digest, step_floor, receipt = _BODY.unpack(body)
        if magic != _MAGIC:
            return None
        return Mark(Epoch(epoch), Seq(seq), digest, step_floor, receipt)

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)
