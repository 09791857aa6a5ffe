"""Statements that somebody has altered behind our back are found out."""

from __future__ import annotations

import pytest

from central.foundation.db.engine import change, rows
from central.money.settlement.statements.prove import prove
from tests import builders as b
from tests.central.builders import TODAY, Database, a_voucher, enrolled, furnish
from tests.central.money.settlement.builders import at, charge, day_of, issue

FIRST, SECOND = f"{b.STORE}-{day_of(-1)}", f"{b.STORE}-{TODAY}"


@pytest.fixture
def altered(sqlite_database: Database) -> None:
    """Two statements with fees, and a database whose triggers somebody has removed."""
    furnish()
    charge((0, 6000), first=day_of(-1))
    till = enrolled(at_s=at(day_of(-3), 8))
    for ago in (1, 0):
        till.accept(a_voucher(), at_s=at(day_of(-ago), 12))
    till.deliver()
    issue()
    assert prove() == prove(b.STORE) == []
    for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        change(f"DROP TRIGGER {name}")


ALTERED = {
    "voucher": (
        "UPDATE statement_line SET voucher = 'ffffffffffff' WHERE statement_no = '{second}'",
        ["{second} is not what it was when it was issued"],
    ),
    "due": (
        "UPDATE statement_line SET due = due + 1 WHERE statement_no = '{second}'",
        ["{second} does not add up", "{second} is not what it was when it was issued"],
    ),
    "hash": (
        "UPDATE statement SET hash = zeroblob(32) WHERE no = '{first}'",
        [
            "{first} is not what it was when it was issued",
            "{second} does not follow the statement before it",
        ],
    ),
    "opening": (
        "UPDATE statement SET opening = opening + 1, closing = closing + 1 WHERE no = '{second}'",
        [
            "{second} does not begin where the statement before it ended",
            "{second} is not what it was when it was issued",
        ],
    ),
    "journal": (
        (
            "UPDATE entry SET amount = 8700 WHERE journal_id = ("
            "SELECT journal_id FROM statement_line WHERE statement_no = '{first}')"
        ),
        ["line 1 of {first} says 8800, the ledger 8700"],
    ),
    "fees": (
        (
            "UPDATE entry SET amount = 52 WHERE journal_id = ("
            "SELECT fee_journal_id FROM statement WHERE no = '{first}')"
        ),
        ["the fees of {first} are 53, the ledger has charged 52"],
    ),
    "number": (
        "UPDATE statement SET n = 3 WHERE no = '{second}'",
        ["{second} does not follow the statement before it"],
    ),
}


@pytest.mark.parametrize(("statement", "findings"), ALTERED.values(), ids=ALTERED)
def test_what_was_altered_is_named(altered: None, statement: str, findings: list[str]) -> None:
    names = {"first": FIRST, "second": SECOND}
    change(statement.format(**names))
    assert prove() == [finding.format(**names) for finding in findings]
