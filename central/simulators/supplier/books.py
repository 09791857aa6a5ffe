"""The books of the shops."""

from __future__ import annotations

from pathlib import Path

from central.simulators.parts import books

SCHEMA = """
CREATE TABLE IF NOT EXISTS shop (
    id TEXT PRIMARY KEY, protocol TEXT NOT NULL, user TEXT NOT NULL, key TEXT NOT NULL,
    balance_e4 INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS product (
    shop TEXT NOT NULL, ref TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    price_e4 INTEGER NOT NULL, stock INTEGER NOT NULL, PRIMARY KEY (shop, ref)) STRICT;
CREATE TABLE IF NOT EXISTS changed (
    shop TEXT NOT NULL, ref TEXT NOT NULL, at_s INTEGER NOT NULL, PRIMARY KEY (shop, ref)) STRICT;
CREATE TABLE IF NOT EXISTS purchase (
    no INTEGER PRIMARY KEY, shop TEXT NOT NULL, ref TEXT NOT NULL, product TEXT NOT NULL,
    quantity INTEGER NOT NULL, unit_e4 INTEGER NOT NULL, total_e4 INTEGER NOT NULL,
    state TEXT NOT NULL, keys TEXT NOT NULL, inputs TEXT NOT NULL, at_s INTEGER NOT NULL,
    visible_at_s INTEGER NOT NULL, ready_at_s INTEGER NOT NULL, callback_url TEXT NOT NULL,
    fault TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS purchase_ref ON purchase (shop, ref);
CREATE TABLE IF NOT EXISTS flow (
    id INTEGER PRIMARY KEY, shop TEXT NOT NULL, at_s INTEGER NOT NULL, change_e4 INTEGER NOT NULL,
    balance_e4 INTEGER NOT NULL, why TEXT NOT NULL, no INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS callback (
    id INTEGER PRIMARY KEY, no INTEGER NOT NULL, shop TEXT NOT NULL, url TEXT NOT NULL,
    fault TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, next_at_s INTEGER NOT NULL,
    last TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, shop TEXT NOT NULL, operation TEXT NOT NULL,
    ref TEXT NOT NULL, answer TEXT NOT NULL, fault TEXT NOT NULL) STRICT;
"""


class Books(books.Books):
    """Shops, goods, purchases, and what is on our account."""

    def __init__(self, file: Path | str) -> None:
        super().__init__(file, SCHEMA)
