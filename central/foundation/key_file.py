"""Keys of 32 bytes in files of mode 0600."""

from __future__ import annotations

import os
from pathlib import Path

from central.errors import ConfigInvalid

KEY_BYTES = 32


def read_key(path: Path) -> bytes:
    """Return a key.

    Raises:
        ConfigInvalid: the file is missing, holds no key, or can be read by others.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigInvalid(f"{path} can be read by others; run: chmod 600 {path}")
        key = bytes.fromhex(path.read_text("ascii"))
    except (OSError, ValueError) as exc:
        # Not "from exc": the chain would carry the file's content into a log.
        raise ConfigInvalid(f"{path} is missing or not a key: {type(exc).__name__}") from None
    if len(key) != KEY_BYTES:
        raise ConfigInvalid(f"{path} does not hold {KEY_BYTES} bytes")
    return key


def write_new_key(path: Path, key: bytes) -> None:
    """Write a key, and have it on the disk; one that is there stays.

    Raises:
        OSError: it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
