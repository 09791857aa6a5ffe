"""One value, one byte string: deterministic CBOR (RFC 8949 §4.2.1), the only form we sign."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cbor2

DEPTH_MAX = 8
"""Nesting that any message of this contract stays below."""

_INT_MIN, _INT_MAX = -(2**64), 2**64 - 1


class NotCanonical(ValueError):
    """The bytes are not the one encoding of a value that this contract allows."""


def encode(value: Any) -> bytes:
    """Return the one encoding of a value.

    Args:
        value: None, bool, int of 64 bits, str, bytes, lists and tuples of these, and maps whose
            keys are ints or strs. Floats have several encodings in practice and are refused.

    Raises:
        NotCanonical: the value, or something within it, is of another type or too large.
    """
    try:
        return cbor2.dumps(_ordered(value, DEPTH_MAX, [1 << 30]))
    except UnicodeEncodeError as exc:
        raise NotCanonical("half a surrogate pair is no text") from exc


def decode(data: bytes, *, bytes_max: int = 1 << 20) -> Any:
    """Return the value whose one encoding these bytes are.

    The check is the definition itself: what was read must encode to the same bytes. So a longer
    form of a number, an unsorted or doubled key, a tag, a float, an indefinite length and bytes
    after the end are all refused.

    Raises:
        NotCanonical: the bytes are not such an encoding, or longer than ``bytes_max``.
    """
    if len(data) > bytes_max:
        raise NotCanonical(f"longer than {bytes_max} bytes")
    try:
        value = cbor2.loads(data)
    except Exception as exc:  # cbor2 runs converters for tags, which raise what they like
        raise NotCanonical("not CBOR") from exc
    # Shared references (tag 29) can make a small message unfold without end. Without them a
    # message of n bytes holds at most n values, so that is the budget of the walk.
    if cbor2.dumps(_ordered(value, DEPTH_MAX, [len(data) + 1])) != data:
        raise NotCanonical("not the deterministic encoding (RFC 8949 §4.2.1)")
    return value


def _ordered(value: Any, depth: int, budget: list[int]) -> Any:
    """Return the value with every map in the order of its encoded keys."""
    budget[0] -= 1
    if depth < 0 or budget[0] < 0:
        raise NotCanonical("nested too deeply")
    kind = type(value)
    if kind is int:
        if not _INT_MIN <= value <= _INT_MAX:
            raise NotCanonical("an integer does not fit into 64 bits")
        return value
    if kind is bytes or kind is str or kind is bool or value is None:
        return value
    if kind is list or kind is tuple:
        return [_ordered(item, depth - 1, budget) for item in value]
    if kind is dict:
        keys = list(value)
        if any(type(key) is not int and type(key) is not str for key in keys):
            raise NotCanonical("the keys of a map are integers or text")
        # Our own maps are written in ascending order of small positive numbers: nothing to sort.
        if any(type(k) is not int or not 0 <= k < 24 for k in keys) or keys != sorted(keys):
            keys.sort(key=cbor2.dumps)
        return {key: _ordered(value[key], depth - 1, budget) for key in keys}
    raise NotCanonical(f"{kind.__name__} has no place in this contract")


def sequence(data: bytes) -> Iterator[bytes]:
    """Yield the items of a CBOR sequence (RFC 8742) one after the other, undecoded.

    Raises:
        NotCanonical: when it is reached: an item that ends too early, or is no definite-length
            CBOR. Whether each is canonical, ``decode`` says.
    """
    at = 0
    while at < len(data):
        end = _end_of_item(data, at, DEPTH_MAX)
        yield data[at:end]
        at = end


def _end_of_item(data: bytes, at: int, depth: int) -> int:
    """Return where the item that begins at ``at`` ends (RFC 8949 §3)."""
    if at >= len(data) or depth < 0:
        raise NotCanonical("the sequence ends too early, or is nested too deeply")
    major, number = data[at] >> 5, data[at] & 0b11111
    at += 1
    if number >= 24:
        size = 1 << number - 24
        if size > 8:
            raise NotCanonical("an indefinite or reserved length")
        number = int.from_bytes(data[at : at + size], "big")
        at += size
    if major in (2, 3):
        at += number
    elif major in (4, 5, 6):
        for _ in range({4: number, 5: 2 * number, 6: 1}[major]):
            at = _end_of_item(data, at, depth - 1)
    if at > len(data):
        raise NotCanonical("the sequence ends too early")
    return at
