"""What 0005_sharing.py promises: the database itself refuses, whoever asks and in what language.

No function of ours stands between these statements and the database.
"""

from __future__ import annotations

from typing import Any

import peewee
import pytest

from central.foundation.db.engine import HUB, change, rows
from tests.central.builders import Database

TABLES = ("agent", "agent_span", "sharing_rule", "shared_sale", "commission", "clawed_back")


@pytest.fixture
def furnished(hub_database: Database) -> Database:
    """G over P over C, and T who was terminated; a rule set that was used, and one that was not."""
    for agent, parent, state in (
        ("G", None, "active"), ("P", "G", "active"), ("C", "P", "active"),
        ("T", "G", "terminated"),
    ):  # fmt: skip
        change(
            "INSERT INTO agent (id, name, parent, level, state, bound_at_s, added_at_s)"
            " VALUES (?, 'x', ?, 'city', ?, 0, 0)",
            (agent, parent, state),
        )
    for n, to_s in ((1, 5), (2, None)):
        change(
            "INSERT INTO agent_span (agent, n, parent, level, state, from_s, to_s, actor)"
            " VALUES ('C', ?, 'P', 'city', 'active', ?, ?, 'x')",
            (n, n, to_s),
        )
    for version, state, from_s in ((1, "active", 10), (2, "active", 20), (3, "draft", None)):
        add_rule(version, state, from_s)
    for ref, kind, of, version in (
        ("O", "order", None, 1), ("V", "promise", None, 1), ("R", "redemption", "V", 1),
    ):  # fmt: skip
        change(
            "INSERT INTO shared_sale (ref, kind, promise, currency, minor, left_minor, scope,"
            " version, snapshot, shared_at_s)"
            " VALUES (?, ?, ?, 'CNY', 100, 50, 'default', ?, '', 0)",
            (ref, kind, of, version),
        )
    for sale, agent, state in (
        ("O", "C", "pending"), ("O", "P", "released"), ("V", "C", "promised"),
    ):  # fmt: skip
        add_commission(sale, agent, state)
    change("INSERT INTO clawed_back (refund, sale, minor, taken, at_s) VALUES ('F', 'O', 1, '', 0)")
    return hub_database


def add_rule(version: int, state: str = "draft", from_s: int | None = None) -> None:
    change(
        "INSERT INTO sharing_rule (scope, version, body, note, answered_for, state, from_s,"
        " drafted_by, drafted_at_s, activated_by)"
        " VALUES ('default', ?, '{}', '', '', ?, ?, 'x', 0, ?)",
        (version, state, from_s, None if from_s is None else "x"),
    )


def add_commission(sale: str, agent: str, state: str, minor: int = 9, kept: int = 5) -> None:
    released_at_s = 1 if state == "released" else None
    change(
        "INSERT INTO commission (sale, agent, place, minor, kept_minor, state, release_at_s,"
        " released_at_s) VALUES (?, ?, 0, ?, ?, ?, 0, ?)",
        (sale, agent, minor, kept, state, released_at_s),
    )


def state() -> list[Any]:
    return [rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE agent SET parent = 'C' WHERE id = 'G'", "above himself"),
        ("UPDATE agent SET parent = 'G' WHERE id = 'G'", "above himself"),
        ("INSERT INTO agent VALUES ('X', 'x', 'X', 'city', 'active', 0, 0)", "above himself"),
        ("INSERT INTO agent VALUES ('X', 'x', 'Y', 'city', 'active', 0, 0),"
         " ('Y', 'x', 'X', 'city', 'active', 0, 0)", "above himself"),
        ("INSERT INTO agent VALUES ('X', 'x', 'NOBODY', 'city', 'active', 0, 0)",
         "(?i)foreign key"),
        ("INSERT INTO agent VALUES ('X', 'x', 'T', 'city', 'active', 0, 0)", "one who works"),
        ("INSERT INTO agent VALUES ('X', 'x', 'G', 'emperor', 'active', 0, 0)",
         "(?i)foreign key"),
        ("UPDATE agent SET parent = 'T' WHERE id = 'C'", "one who works"),
        ("UPDATE agent SET state = 'terminated' WHERE id = 'P'", "cannot be terminated"),
        ("UPDATE agent SET state = 'active' WHERE id = 'T'", "stays so"),
        ("UPDATE agent SET state = 'asleep' WHERE id = 'C'", "(?i)check"),
        ("UPDATE agent SET id = 'D' WHERE id = 'C'", "stays so|(?i:foreign key)"),
        ("DELETE FROM agent WHERE id = 'T'", "never deleted"),
        ("UPDATE agent_span SET to_s = 9 WHERE n = 1", "what was stays so"),
        ("UPDATE agent_span SET to_s = 9, parent = 'G' WHERE n = 2", "what was stays so"),
        ("UPDATE agent_span SET to_s = 1 WHERE n = 2", "(?i)check"),
        ("DELETE FROM agent_span", "what was stays so"),
        ("INSERT INTO agent_span VALUES ('C', 3, 'P', 'city', 'active', 9, NULL, 'x')",
         "(?i)unique"),
        ("UPDATE sharing_rule SET body = '' WHERE version = 1", "used is never changed"),
        ("UPDATE sharing_rule SET state = 'draft', from_s = NULL, activated_by = NULL"
         " WHERE version = 1", "used is never changed"),
        ("UPDATE sharing_rule SET body = '' WHERE version = 2", "active is not edited"),
        ("UPDATE sharing_rule SET from_s = 99 WHERE version = 2", "active is not edited"),
        ("UPDATE sharing_rule SET from_s = 20, state = 'active', activated_by = 'x'"
         " WHERE version = 3", "(?i)unique"),
        ("UPDATE sharing_rule SET from_s = 20 WHERE version = 3", "(?i)check|unique"),
        ("UPDATE sharing_rule SET version = 9 WHERE version = 3", "keeps its name"),
        ("DELETE FROM sharing_rule WHERE version = 2", "only a draft"),
        ("UPDATE shared_sale SET left_minor = 51 WHERE ref = 'O'", "undone stays undone"),
        ("UPDATE shared_sale SET left_minor = -1 WHERE ref = 'O'", "(?i)check"),
        ("UPDATE shared_sale SET left_minor = 101 WHERE ref = 'V'", "(?i)check"),
        ("UPDATE shared_sale SET minor = 200 WHERE ref = 'O'", "stays so"),
        ("UPDATE shared_sale SET snapshot = '{}' WHERE ref = 'O'", "stays so"),
        ("UPDATE shared_sale SET version = 2 WHERE ref = 'O'", "stays so"),
        ("UPDATE shared_sale SET version = 8 WHERE ref = 'O'", "stays so|(?i:foreign key)"),
        ("UPDATE shared_sale SET promise = 'V' WHERE ref = 'O'", "stays so|(?i:check)"),
        ("DELETE FROM shared_sale WHERE ref = 'R'", "never deleted"),
        ("UPDATE commission SET kept_minor = 6 WHERE sale = 'O' AND agent = 'C'", "grows back"),
        ("UPDATE commission SET kept_minor = 10 WHERE sale = 'V'", "(?i)check"),
        ("UPDATE commission SET kept_minor = -1 WHERE sale = 'V'", "(?i)check"),
        ("UPDATE commission SET kept_minor = 0 WHERE agent = 'P'", "(?i)check"),
        ("UPDATE commission SET state = 'clawed' WHERE agent = 'P'", "(?i)check"),
        ("UPDATE commission SET state = 'pending' WHERE agent = 'P'", "from pending to released"),
        ("UPDATE commission SET state = 'pending' WHERE sale = 'V'", "from pending to released"),
        ("UPDATE commission SET state = 'released' WHERE agent = 'C' AND sale = 'O'", "(?i)check"),
        ("UPDATE commission SET minor = 8 WHERE agent = 'P'", "stays what it is"),
        ("DELETE FROM commission WHERE agent = 'P'", "never deleted"),
        ("UPDATE clawed_back SET minor = 2", "taken back stays so"),
        ("DELETE FROM clawed_back", "taken back stays so"),
    ],
    ids=lambda value: value[:60],
)  # fmt: skip
def test_what_must_never_happen_is_refused(furnished: Database, statement: str, why: str) -> None:
    before = state()
    with pytest.raises(peewee.DatabaseError, match=why), HUB.atomic():
        change(statement)
    assert state() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE agent SET parent = 'G' WHERE id = 'C'",
        "UPDATE agent SET state = 'terminated' WHERE id = 'C'",
        "UPDATE agent_span SET to_s = 9 WHERE n = 2",
        "UPDATE sharing_rule SET body = '' WHERE version = 3",
        "UPDATE sharing_rule SET state = 'draft', from_s = NULL, activated_by = NULL"
        " WHERE version = 2",
        "DELETE FROM sharing_rule WHERE version = 3",
        "UPDATE shared_sale SET left_minor = 0 WHERE ref = 'O'",
        "UPDATE shared_sale SET left_minor = 100 WHERE ref = 'V'",
        "UPDATE commission SET kept_minor = 4 WHERE agent = 'P'",
        "UPDATE commission SET kept_minor = 0, state = 'clawed' WHERE agent = 'P'",
        "UPDATE commission SET state = 'released', released_at_s = 1 WHERE sale = 'O'"
        " AND agent = 'C'",
        "UPDATE commission SET kept_minor = 9 WHERE sale = 'V'",
        "UPDATE commission SET kept_minor = 0 WHERE sale = 'V'",
    ],
)
def test_what_may_happen_happens(furnished: Database, statement: str) -> None:
    before = state()
    change(statement)
    assert state() != before


def test_a_statement_that_swaps_two_agents_makes_no_circle(furnished: Database) -> None:
    with pytest.raises(peewee.DatabaseError, match="above himself"), HUB.atomic():
        change(
            "UPDATE agent SET parent = CASE id WHEN 'G' THEN 'P' ELSE 'G' END"
            " WHERE id IN ('G', 'P')"
        )


@pytest.mark.postgres
@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_truncated(postgres_database: Database, table: str) -> None:
    with pytest.raises(peewee.DatabaseError, match="truncated"), HUB.atomic():
        change(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    ("sale", "agent", "bent"),
    [
        ("O", "C", {}),
        ("NOTHING", "G", {}),
        ("O", "G", {"minor": 0, "kept": 0}),
        ("O", "G", {"kept": 10}),
        ("O", "G", {"kept": 0}),
    ],
    ids=["twice", "of-no-sale", "of-nothing", "more-than-earned", "pending-without-any"],
)
def test_what_is_no_commission_is_not_written(
    furnished: Database, sale: str, agent: str, bent: dict[str, int]
) -> None:
    with pytest.raises(peewee.IntegrityError), HUB.atomic():
        add_commission(sale, agent, "pending", **bent)
