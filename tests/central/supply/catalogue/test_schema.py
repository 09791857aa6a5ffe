"""What the database itself keeps: what was offered once stays what it is."""

from __future__ import annotations

from typing import Any

import peewee
import pytest

from central.foundation.db.engine import change, rows
from tests.central.builders import Database


@pytest.fixture(autouse=True)
def shelf(hub_database: Database) -> None:
    """Two types, two items, a live key, a draft key and a live bundle of the live key."""
    for kind, fulfilment in (("game-key", "local_key"), ("set", "bundle")):
        change("INSERT INTO product_type VALUES (?, '卡', 'Key', ?, 'amy', 0)", (kind, fulfilment))
        change("INSERT INTO product_type_version VALUES (?, 1, '{}', 'amy', 0)", (kind,))
        change(
            "INSERT INTO item (id, type, fulfilment, name_zh, name_en) VALUES (?, ?, ?, '卡', 'K')",
            (kind, kind, fulfilment),
        )
    for sku, item, fulfilment in (
        ("KEY-1", "game-key", "local_key"),
        ("KEY-2", "game-key", "local_key"),
        ("SET-1", "set", "bundle"),
    ):
        change(
            "INSERT INTO sku VALUES (?, ?, ?, '卡', 'K', NULL, NULL, NULL, 'draft', 'amy', 0, 0)",
            (sku, item, fulfilment),
        )
    change("INSERT INTO bundle_part VALUES ('SET-1', 'bundle', 'KEY-1', 'local_key', 2)")
    change("UPDATE sku SET state = 'live' WHERE id IN ('KEY-1', 'SET-1')")


FORBIDDEN: list[Any] = [
    ("UPDATE sku SET state = 'draft' WHERE id = 'KEY-1'", "no draft again"),
    ("UPDATE sku SET face_minor = 5, currency = 'CNY' WHERE id = 'KEY-1'", "stays what it is"),
    ("DELETE FROM sku WHERE id = 'KEY-1'", "offered once stays"),
    ("UPDATE sku SET face_minor = 5 WHERE id = 'KEY-2'", "(?i)check"),
    ("UPDATE sku SET product = 7 WHERE id = 'KEY-2'", "(?i)check|foreign key"),
    ("UPDATE sku SET fulfilment = 'manual' WHERE id = 'KEY-2'", "(?i)foreign key"),
    ("DELETE FROM bundle_part", "offered once stay"),
    ("UPDATE bundle_part SET quantity = 9", "taken out"),
    ("PART ('SET-1', 'bundle', 'KEY-2', 'local_key', 1)", "once stay"),
    ("PART ('KEY-2', 'local_key', 'KEY-1', 'local_key', 1)", "(?i)check"),
    ("PART ('KEY-2', 'bundle', 'KEY-1', 'local_key', 1)", "(?i)foreign"),
    ("UPDATE item SET type = 'set', fulfilment = 'bundle'", "stays"),
    ("UPDATE product_type SET fulfilment = 'link'", "stays"),
    ("DELETE FROM product_type", "stays"),
    ("UPDATE product_type_version SET body = '{\"a\": 1}'", "stays as it is"),
    ("DELETE FROM product_type_version", "a version stays"),
]


def test_the_database_refuses() -> None:
    for broken, why in FORBIDDEN:
        with pytest.raises(peewee.DatabaseError, match=why):
            change(broken.replace("PART", "INSERT INTO bundle_part VALUES"))


def test_a_category_stays_where_it_is() -> None:
    change("INSERT INTO category (id, name_zh, name_en) VALUES ('a', '甲', 'A'), ('b', '乙', 'B')")
    change("UPDATE category SET name_en = 'Bee' WHERE id = 'b'")
    with pytest.raises(peewee.DatabaseError, match="stays where it is"):
        change("UPDATE category SET parent = 'a' WHERE id = 'b'")


def test_a_draft_may_change_and_go_and_what_was_offered_may_be_renamed_and_retired() -> None:
    change("UPDATE sku SET face_minor = 5, currency = 'CNY' WHERE id = 'KEY-2'")
    change("DELETE FROM sku WHERE id = 'KEY-2'")
    change("UPDATE sku SET name_en = 'Key', state = 'retired' WHERE id = 'KEY-1'")
    assert rows("SELECT id, state FROM sku ORDER BY id") == [
        ("KEY-1", "retired"), ("SET-1", "live")
    ]  # fmt: skip
