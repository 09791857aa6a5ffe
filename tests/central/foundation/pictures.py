"""Picture files to send, good ones and bad ones."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image


def a_picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), **bent: Any) -> bytes:
    """A file: red at the left, blue at the right."""
    drawn = Image.new("RGB", size, "red")
    drawn.paste("blue", (size[0] // 2, 0, *size))
    return written(drawn, kind, **bent)


def written(drawn: Image.Image, kind: str, **bent: Any) -> bytes:
    """The bytes of a picture."""
    out = io.BytesIO()
    drawn.save(out, kind, **bent)
    return out.getvalue()


def moving(kind: str) -> bytes:
    """A film of two pictures; of the kind MPO it is what a phone writes beside its photograph."""
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    return written(frames[0], kind, save_all=True, append_images=frames[1:])


def bomb(width: int, height: int) -> bytes:
    """A small PNG whose head says that it is huge."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
