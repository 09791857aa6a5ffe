"""Base45 (RFC 9285): bytes as the characters of a QR code's alphanumeric mode."""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE = {char: value for value, char in enumerate(_ALPHABET)}


def encode(data: bytes) -> str:
    """Return three characters for two bytes, and two for a last single one."""
    out = []
    for i in range(0, len(data) - 1, 2):
        rest, first = divmod(data[i] << 8 | data[i + 1], 45)
        third, second = divmod(rest, 45)
        out.append(_ALPHABET[first] + _ALPHABET[second] + _ALPHABET[third])
    if len(data) % 2:
        second, first = divmod(data[-1], 45)
        out.append(_ALPHABET[first] + _ALPHABET[second])
    return "".join(out)


def decode(text: str) -> bytes:
    """Return the bytes of a base45 text.

    Raises:
        ValueError: a character outside the alphabet, a length that cannot be, or a group whose
            value no bytes have (RFC 9285 §4.1 wants these refused).
    """
    try:
        values = [_VALUE[char] for char in text]
    except KeyError as exc:
        raise ValueError("not base45: a character outside the alphabet") from exc
    out = bytearray()
    for i in range(0, len(values), 3):
        group = values[i : i + 3]
        number = sum(value * 45**place for place, value in enumerate(group))
        size = len(group) - 1
        if size == 0 or number >> (8 * size):
            raise ValueError("not base45: a group that no bytes encode to")
        out += number.to_bytes(size, "big")
    return bytes(out)
