"""A story whose lines are chained: whoever alters, drops or moves one breaks those after it.

It does not protect its own end: the newest lines may be missing and nothing shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

GENESIS = bytes(32)
"""What the first line of a story follows."""


def link(before: bytes, line: Sequence[Any]) -> bytes:
    """Return the hash of a line that follows another one.

    Args:
        before: Hash of that one, or GENESIS.
        line: Whose story it is, the number of the line, and what it tells.
    """
    body = json.dumps([*line], ensure_ascii=False).encode()
    return hashlib.sha256(before + body).digest()


def broken(lines: Iterable[Sequence[Any]]) -> list[str]:
    """Return whose stories were altered.

    Args:
        lines: Story by story and in their order: whose it is, the number of the line from 1 on,
            what it tells, its hash.
    """
    found: list[str] = []
    whose, before, expected = None, GENESIS, 0
    for *line, digest in lines:
        owner, n = line[0], line[1]
        if owner != whose:
            whose, before, expected = owner, GENESIS, 0
        expected += 1
        if (n != expected or bytes(digest) != link(before, line)) and str(owner) not in found[-1:]:
            found.append(str(owner))
        before = bytes(digest)
    return found
