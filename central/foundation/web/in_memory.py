"""Requests whose files never touch a disk."""

from __future__ import annotations

import io
from typing import IO

from flask import Request


class InMemory(Request):
    """A request whose files stay in memory, which its length bounds.

    A temporary file would have keys in it that nobody has encrypted yet.
    """

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        return io.BytesIO()
