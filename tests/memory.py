"""A file system in memory, if there is one: there nobody waits for a disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

GIB = 1 << 30


def roomy_memory(free_bytes: int, *, runs: bool = False) -> str | None:
    """Return a directory in memory with so much room, None without one.

    Args:
        runs: Programs that lie there have to run, too.
    """
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < free_bytes:
        return None
    if runs and os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return None
    return str(memory)
