"""Messages between the unit and its decoding child: a length, JSON, a length, bytes."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_LENGTHS = struct.Struct(">II")
_JSON_MAX = 1 << 20
HEAD_BYTES = _LENGTHS.size


def packed(message: dict[str, Any], body: bytes = b"") -> bytes:
    """Return a message as it travels."""
    text = json.dumps(message).encode()
    return _LENGTHS.pack(len(text), len(body)) + text + body


def lengths(head: bytes) -> tuple[int, int]:
    """Return how long the two parts are that follow these ``HEAD_BYTES``.

    Raises:
        ValueError: nobody of ours wrote this.
    """
    text, body = _LENGTHS.unpack(head)
    if text > _JSON_MAX:
        raise ValueError("a message of the decoder is damaged")
    return text, body


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Return the next message, None if the other end has closed between two.

    Raises:
        EOFError: the other end has gone in the middle of one.
        ValueError: it is no message.
    """
    head = stream.read(HEAD_BYTES)
    if not head:
        return None
    text, body = lengths(_whole(head, HEAD_BYTES))
    message = json.loads(_whole(stream.read(text), text))
    if not isinstance(message, dict):
        raise ValueError("a message of the decoder is damaged")  # noqa: TRY004
    return message, _whole(stream.read(body), body)


def _whole(data: bytes, count: int) -> bytes:
    if len(data) != count:
        raise EOFError("the decoder died")
    return data
