"""Key papers: papers beside a receipt that bear something worth stealing, such as a card key.

What one says lies sealed in the database until it is out, and then nowhere. Only this unit can
open it, and only as the very paper that it was sealed as.
"""

from __future__ import annotations

import json
import secrets
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge.contract.ids import Epoch, Seq
from edge.receipt.document import Cut, Document, Line, Pair, Rule, Title
from edge.receipt.spool import Job, Spool

LINES_MAX, CHARS_MAX = 40, 200
_NONCE_BYTES = 12


class KeyPaper(NamedTuple):
    """What a key paper says. Its repr does not.

    Args:
        title: One line, large.
        lines: At most LINES_MAX, each of CHARS_MAX characters at most.
    """

    title: str
    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return f"KeyPaper({len(self.lines)} lines)"


class KeyPapers:
    """The key papers of one unit.

    Args:
        key: 32 bytes that nobody else has.
    """

    def __init__(self, spool: Spool, key: bytes) -> None:
        self._spool = spool
        self._cipher = AESGCM(key)

    def add(self, epoch: Epoch, seq: Seq, request: bytes, key_paper: KeyPaper) -> Job | None:
        """Owe a key paper of an entry and return it; None if the entry has too many.

        Args:
            request: 16 bytes; the same again is the same key paper, and nothing is printed.
        """
        content = json.dumps([key_paper.title, *key_paper.lines], ensure_ascii=False).encode()

        def seal(number: int) -> bytes:
            nonce = secrets.token_bytes(_NONCE_BYTES)
            return nonce + self._cipher.encrypt(nonce, content, _which(epoch, seq, number))

        job = self._spool.add_key_paper(epoch, seq, request, seal)
        return self._spool.newest_of_key_paper(job) if job else None

    def read(self, job: Job) -> KeyPaper | None:
        """Return what a paper is to say; None if it was wiped or cannot be opened."""
        body = self._spool.body(job)
        if body is None:
            return None
        try:
            which = _which(job.epoch, job.seq, job.key_paper)
            content = self._cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], which)
        except InvalidTag:
            return None
        title, *lines = json.loads(content)
        return KeyPaper(title, tuple(lines))


def key_document(key_paper: KeyPaper, entry_ref: str, copy_title: str) -> Document:
    """Return the paper.

    Args:
        copy_title: Says which copy it is; empty for the original.
    """
    marks = (Title(copy_title),) if copy_title else ()
    lines = tuple(Line(line) for line in key_paper.lines)
    return (Title(key_paper.title), *marks, Rule(), *lines, Rule(), Pair("№", entry_ref), Cut())


def _which(epoch: Epoch, seq: Seq, key_paper: int) -> bytes:
    return f"VX1 key paper {epoch}/{seq}/{key_paper}".encode()
