"""Alters seeds. Deterministic: the same number gives the same bytes, in every run.

Half of the alterations are blind (bits, bytes, slices, two seeds spliced). The others know CBOR:
they take a message apart, put another value of another type somewhere, and write it canonically
again, which is what gets past the first check.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import cbor2

from edge.contract import canonical

INTERESTING = (0, 1, 23, 24, 255, 256, 65535, 65536, 2**31, 2**32 - 1, 2**48, 2**63, 2**64 - 1, -1)
VALUES: tuple[Any, ...] = (
    *INTERESTING, None, True, False, "", "x" * 300, "\x00", "９", "\u202e", b"", b"\x00" * 32,
    b"\xff" * 33, [], [[]], {}, {0: 0}, [0] * 20,
)  # fmt: skip
LONGEST = 1 << 16


def mutate(seed: int, seeds: Sequence[bytes]) -> bytes:
    """Return the altered seed of this number."""
    dice = random.Random(seed)
    data = dice.choice(seeds)
    return alter(dice, data, seeds)


def alter(dice: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Return these bytes, altered once or a few times."""
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        data = dice.choice(_WAYS)(dice, data, seeds)
    return data[:LONGEST]


def _flip(dice: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    if not data:
        return dice.randbytes(4)
    altered = bytearray(data)
    altered[dice.randrange(len(altered))] ^= 1 << dice.randrange(8)
    return bytes(altered)


def _set(dice: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    at = dice.randrange(len(data) + 1)
    new = dice.choice((b"\x00", b"\xff", b"\x9f", b"\xbf", b"\x1b", b"\xd9", b'"', b"[", b"0"))
    return data[:at] + new * dice.choice((1, 1, 8, 500)) + data[at + 1 :]


def _cut(dice: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = sorted(dice.randrange(len(data) + 1) for _ in range(2))
    return dice.choice((data[:start], data[start:end], data[:start] + data[end:]))


def _double(dice: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = sorted(dice.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[start:end] * dice.choice((1, 3)) + data[end:]


def _splice(dice: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = dice.choice(seeds)
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other) + 1) :]


def _rewrite(dice: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    """Put another value somewhere into a CBOR item, or into the payload of a COSE message."""
    tag = b"\xd2" if data.startswith(b"\xd2") else b""
    try:
        value = cbor2.loads(data.removeprefix(tag))
        if tag and isinstance(value, list) and len(value) == 4 and dice.random() < 0.8:
            value[2] = _rewrite(dice, value[2], ())
        else:
            value = _replaced(dice, value)
        return tag + canonical.encode(value)
    except Exception:  # noqa: BLE001 - no CBOR, or none that can be written: altered blindly
        return _flip(dice, data, ())


def _replaced(dice: random.Random, value: Any) -> Any:  # noqa: PLR0911 - one a type
    if isinstance(value, dict) and value and dice.random() < 0.9:
        key = dice.choice(list(value))
        if dice.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: _replaced(dice, value[key])}
    if isinstance(value, list) and value and dice.random() < 0.9:
        at = dice.randrange(len(value))
        if dice.random() < 0.1:
            return value[:at] + value[at + 1 :]
        return [*value[:at], _replaced(dice, value[at]), *value[at + 1 :]]
    if isinstance(value, int) and not isinstance(value, bool) and dice.random() < 0.5:
        return value + dice.choice((-1, 1, 7))
    if isinstance(value, bytes) and dice.random() < 0.5:
        return _flip(dice, value, ())
    return dice.choice(VALUES)


_Way = Callable[[random.Random, bytes, Sequence[bytes]], bytes]
_WAYS: tuple[_Way, ...] = (_flip, _set, _cut, _double, _splice, *[_rewrite] * 5)
