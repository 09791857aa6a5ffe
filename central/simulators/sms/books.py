"""The books of the text service: what was asked, and what lies on the phones."""

from __future__ import annotations

from pathlib import Path

from central.simulators.parts import books

SCHEMA = """
CREATE TABLE IF NOT EXISTS text (
    id INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, phone TEXT NOT NULL, sign TEXT NOT NULL,
    template TEXT NOT NULL, content TEXT NOT NULL, out_id TEXT NOT NULL, biz_id TEXT NOT NULL
    ) STRICT;
CREATE INDEX IF NOT EXISTS text_phone ON text (phone, at_s);
CREATE TABLE IF NOT EXISTS nonce (nonce TEXT PRIMARY KEY, at_s INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, action TEXT NOT NULL, phone TEXT NOT NULL,
    answer TEXT NOT NULL, fault TEXT NOT NULL) STRICT;
"""


class Books(books.Books):
    """Texts, used nonces, requests."""

    def __init__(self, file: Path | str) -> None:
        super().__init__(file, SCHEMA)
