"""Whatever is altered in the journal is found: by the audit always, at the start if it is new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from edge.contract.journal_entry import EntryKind, entry_hash
from edge.contract.refusal import Refusal
from edge.errors import JournalBroken
from edge.journal.audit import Finding, audit, audit_rows
from edge.journal.store import TAIL_CHECKED
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig


@contextmanager
def tampering(directory: Path) -> Iterator[apsw.Connection]:
    """The database of a unit that does not run, without its triggers."""
    connection = apsw.Connection(str(directory / "unit.db"))
    try:
        connection.execute("DROP TRIGGER journal_is_never_changed")
        connection.execute("DROP TRIGGER journal_is_never_cut")
        yield connection
    finally:
        connection.close()


def audited(connection: apsw.Connection) -> list[Finding]:
    return audit_rows(lambda sql: connection.execute(sql).fetchall())[1]


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :]


def put(connection: apsw.Connection, seq: int, **columns: Any) -> None:
    for name, value in columns.items():
        connection.execute(f"UPDATE journal SET {name} = ? WHERE seq = ?", (value, seq))


@pytest.fixture(name="closed")
def _closed(rig: Rig) -> Path:
    """The directory of a unit with five entries that has stopped."""
    rig.present(e.a_dynamic_text(), key="k", clerk="li", basket="b-1")
    rig.present("garbage")
    rig.present(b.a_token(**e.a_gift_card(voucher_id=e.voucher(1))), wish=e.yuan(3000))
    rig.present(b.a_token(voucher_id=e.voucher(2)))
    rig.core.stop()
    rig.store.close()
    return rig.directory


def test_a_journal_that_nobody_altered_has_no_findings(rig: Rig) -> None:
    for text in (b.a_token(), "garbage", b.a_token(voucher_id=e.voucher(1))):
        rig.present(text)
    assert audit(rig.store) == (4, [])


def test_any_flipped_byte_of_any_entry_or_hash_is_found(closed: Path) -> None:
    with tampering(closed) as connection:
        rows: list[Any] = connection.execute("SELECT seq, entry, hash FROM journal").fetchall()
        for seq, raw, digest in rows:
            for name, value in (("entry", raw), ("hash", digest)):
                for at in range(len(value)):
                    with connection:
                        put(connection, seq, **{name: flipped(value, at)})
                        [found, *_] = audited(connection)
                        assert (found.epoch, found.seq) == (1, seq), (name, at)
                        put(connection, seq, **{name: value})
        assert audited(connection) == []


ALTERED: list[tuple[str, Any]] = [
    ("kind", 2), ("voucher_id", 1), ("voucher_id", None), ("amount", 2), ("amount", None),
    ("wall_s", 0), ("mode", 1), ("mode", None), ("code_step", 1), ("code_step", None),
    ("reason", "expired"), ("request", bytes(16)), ("request", None),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value"), ALTERED)
def test_a_column_that_says_something_else_than_its_entry_is_found(
    closed: Path, column: str, value: Any
) -> None:
    """The next scan is answered from the columns: a code step taken away is a code used twice."""
    with tampering(closed) as connection:
        put(connection, 2, **{column: value})
        assert audited(connection) == [Finding(1, 2, "the columns say something else")]


def test_an_entry_taken_out_is_found(closed: Path) -> None:
    with tampering(closed) as connection:
        connection.execute("DELETE FROM journal WHERE seq = 3")
        assert audited(connection) == [Finding(1, 4, "number 3 is missing")]


def test_the_first_entry_taken_out_is_found(closed: Path) -> None:
    with tampering(closed) as connection:
        connection.execute("DELETE FROM journal WHERE seq = 1")
        assert audited(connection) == [Finding(1, 2, "number 1 is missing")]


def test_an_entry_put_in_place_of_another_with_its_hash_is_found_by_the_next(closed: Path) -> None:
    raw = b.an_entry(seq=3).encode()
    with tampering(closed) as connection:
        put(connection, 3, entry=raw, hash=entry_hash(raw))
        whats = [(f.seq, f.what) for f in audited(connection)]
        assert whats == [(3, "it does not follow the entry before it"),
                         (4, "it does not follow the entry before it")]  # fmt: skip


def test_bytes_that_are_no_entry_are_found_even_with_their_hash(closed: Path) -> None:
    with tampering(closed) as connection:
        put(connection, 3, entry=b"junk", hash=entry_hash(b"junk"))
        assert audited(connection)[0].seq == 3


# --- at the start --------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("column", ["entry", "hash"])
@pytest.mark.parametrize("at", [0, 5, 31])
def test_a_unit_whose_newest_entries_were_altered_does_not_open_its_journal(
    rig: Rig, closed: Path, seq: int, column: str, at: int
) -> None:
    with tampering(closed) as connection:
        [[value]] = connection.execute(f"SELECT {column} FROM journal WHERE seq = {seq}")
        put(connection, seq, **{column: flipped(value, at)})
    with pytest.raises(JournalBroken, match="not what was recorded"):
        rig.open()


def test_a_hole_in_the_newest_entries_is_found_at_the_start(rig: Rig, closed: Path) -> None:
    with tampering(closed) as connection:
        connection.execute("DELETE FROM print_job")
        connection.execute("DELETE FROM journal WHERE seq = 3")
    with pytest.raises(JournalBroken):
        rig.open()


def test_bytes_that_are_no_entry_are_a_broken_journal_at_the_start_too(
    rig: Rig, closed: Path
) -> None:
    with tampering(closed) as connection:
        put(connection, 5, entry=b"junk", hash=entry_hash(b"junk"))
    with pytest.raises(JournalBroken):
        rig.open()


def test_what_is_older_than_the_newest_entries_is_left_to_the_audit(rig: Rig) -> None:
    """Else a unit with a year of entries would take minutes to start."""
    with rig.core.journal.writing() as page:
        for _ in range(TAIL_CHECKED):
            page.append(EntryKind.REFUSAL, reason=Refusal.NOT_A_TOKEN)
    rig.core.stop()
    rig.store.close()
    with tampering(rig.directory) as connection:
        put(connection, 1, hash=bytes(32))
    rig.open()
    assert [f.seq for f in audit(rig.store)[1]] == [1, 2]
