"""The program of the decoding child: pictures or a camera in, texts out, until stdin ends."""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

from edge.devices.pictures.opening import NotAPicture, hush, prepare
from edge.devices.pictures.still import read_picture
from edge.devices.pictures.wire import packed, receive

ADDRESS_SPACE_BYTES = 3 << 30
"""The largest picture that is opened takes a sixth of it in each of four forms."""


def main() -> None:
    """Answer one message after another."""
    hush()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    while received := receive(sys.stdin.buffer):
        asked, body = received
        sys.stdout.buffer.write(packed(_answer(asked, body)))
        sys.stdout.buffer.flush()


def _answer(asked: dict[str, Any], picture: bytes) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        prepare()
        began = time.perf_counter()
        reading = read_picture(picture, asked["formats"], asked["budget_s"])
    except NotAPicture as exc:
        return {"error": exc.slug, "says": str(exc)}
    except ImportError:
        return {"error": "camera-extra-missing"}
    except MemoryError:
        return {"error": "too-large", "says": "the picture needs more memory than there is"}
    ms = round((time.perf_counter() - began) * 1000, 2)
    return {"reading": reading and reading._asdict(), "ms": ms}


if __name__ == "__main__":
    main()
