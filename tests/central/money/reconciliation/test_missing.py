"""An entry that its bills lack is resolved like another difference, and never counted twice."""

from __future__ import annotations

import pytest

from central.errors import Conflict
from central.foundation.db.engine import change, money_transaction, rows
from central.money.channels.model import TradeRow
from central.money.ledger import rules
from central.money.ledger.audit import audit
from central.money.ledger.store import reverse
from central.money.reconciliation.match import Kind
from central.money.reconciliation.resolve import (
    Decision,
    DifferenceView,
    differences,
    match_everything,
    resolve,
)
from central.money.reconciliation.take import Taken, take
from central.money.reconciliation.unproven import unproven
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, at_once
from tests.central.channel import yuan
from tests.central.money.reconciliation.bills import (
    BY,
    DAY,
    NEXT,
    TODAY,
    Channel,
    assert_all_proofs_come_to_their_lines,
    booked,
    paid,
    pay,
)

LATE = NEXT.replace(day=13)


def both_days(*late: TradeRow) -> None:
    """Take the bills of the day and of the next; the entry's own day has none of it."""
    take(Channel(), DAY, BY)
    take(Channel({NEXT: late}), NEXT, BY)


def put_right(one: DifferenceView, account: str = "1130.north") -> DifferenceView:
    return resolve(one.id, Decision(account, "never paid"), BY)


def take_back(journal: int) -> None:
    money_transaction(
        lambda: reverse(
            rules.reversal_key(journal), journal, b.NOW_S, day=TODAY, actor="li", memo="wrong"
        )
    )


def written_off() -> DifferenceView:
    """A payment of 88 that no bill has, and that somebody has posted elsewhere."""
    pay("P1", "88.00")
    both_days()
    [one] = differences()
    return put_right(one)


def test_an_entry_is_missing_when_the_bills_of_both_days_are_there(hub_database: Database) -> None:
    pay("P1", "88.00")
    take(Channel(), DAY, BY)
    assert differences() == []
    take(Channel(), NEXT, BY)
    [one] = differences()
    assert (one.kind, one.account, one.number, one.day, one.amount, one.source) == (
        Kind.MISSING, "1010.web", "P1", TODAY, yuan("-88.00"), "web",
    )  # fmt: skip
    both_days()
    assert differences() == [one]


def test_it_is_posted_elsewhere_once_and_nothing_is_open(hub_database: Database) -> None:
    done = written_off()
    assert (done.state, done.belongs_to, done.reason) == ("resolved", "1130.north", "never paid")
    assert balances() == {"2010": -8800, "1130.north": 8800}
    assert (differences(), unproven()) == ([], [])
    both_days()
    assert (differences(), unproven()) == ([], [])
    with pytest.raises(Conflict, match="resolved"):
        put_right(done)
    assert audit() == []


def test_many_who_resolve_it_post_it_once(hub_database: Database) -> None:
    pay("P1", "88.00")
    both_days()
    [one] = differences()
    told = at_once(6, lambda _: put_right(one))
    assert sum(isinstance(answer, Conflict) for answer in told) == 5, told
    assert balances() == {"2010": -8800, "1130.north": 8800}


def test_a_bill_that_has_it_after_all_takes_back_what_was_posted(hub_database: Database) -> None:
    """Entries of a business day that began late are in the bill of the day after the next."""
    pay("P1", "88.00", TODAY + 1)
    for day in (NEXT, LATE):
        take(Channel(), day, BY)
    put_right(differences()[0])
    assert balances()["1130.north"] == 8800
    assert take(Channel({DAY: (paid("P1", "88.00"),)}), DAY, BY) == Taken(3, 1, 1, 0)
    assert balances() == {"1010.web": 8800, "2010": -8800}
    assert [one.state for one in differences(all_of_them=True)] == ["taken-back"]
    assert (differences(), unproven()) == ([], [])
    assert_all_proofs_come_to_their_lines()
    assert audit() == []


def test_with_another_amount_the_rest_differs_and_nothing_counts_twice(
    hub_database: Database,
) -> None:
    pay("P1", "88.00", TODAY + 1)
    for day in (NEXT, LATE):
        take(Channel(), day, BY)
    put_right(differences()[0])
    take(Channel({DAY: (paid("P1", "90.00"),)}), DAY, BY)
    [one] = differences()
    assert (one.kind, one.amount) == (Kind.AMOUNT, yuan("2.00"))
    put_right(one, "4050")
    assert balances() == {"1010.web": 9000, "2010": -8800, "4050": -200}
    assert (differences(), unproven()) == ([], [])
    assert_all_proofs_come_to_their_lines()


def test_what_cannot_be_taken_back_is_not_doubled_but_told(hub_database: Database) -> None:
    """The day is closed: the late line is a difference of its own as long as it is."""
    pay("P1", "88.00", TODAY + 1)
    booked(rules.paid("web", "X", "P2", yuan("500.00"), TODAY, "test"))
    for day in (NEXT, LATE):
        take(Channel(), day, BY)
    [one] = [one for one in differences() if one.number == "P1"]
    put_right(one)
    change("UPDATE closed_through SET day = ?", (BY.day,))
    late = Channel({DAY: (paid("P1", "88.00"),)})
    assert take(late, DAY, BY).differing == 1
    [told] = [one for one in differences() if one.kind is Kind.NOT_IN_BOOKS]
    assert (told.number, told.amount) == ("P1", yuan("88.00"))
    assert take(late, DAY, BY._replace(day=BY.day + 1)).differing == 0
    assert balances()["1010.web"] == 8800 + 50000
    assert_all_proofs_come_to_their_lines()


def test_who_takes_the_payment_back_ends_the_difference(hub_database: Database) -> None:
    journal = pay("P1", "88.00")
    both_days()
    take_back(journal)
    assert match_everything(BY) == 0
    assert [one.state for one in differences(all_of_them=True)] == ["proven"]
    assert (balances(), unproven()) == ({}, [])


def test_who_takes_the_resolution_back_by_hand_finds_the_entry_missing_again(
    hub_database: Database,
) -> None:
    written_off()
    posted = rows("SELECT journal_id, found_id FROM difference")[0]
    for journal in posted:
        take_back(journal)
    assert [one.ref for one in unproven()] == ["P1"]
    assert match_everything(BY) == 1
    [one] = differences()
    assert (one.kind, one.amount) == (Kind.MISSING, yuan("-88.00"))
    put_right(one)
    assert balances() == {"2010": -8800, "1130.north": 8800}


def test_who_takes_the_payment_back_after_it_was_resolved_sees_what_stands_alone(
    hub_database: Database,
) -> None:
    written_off()
    [(journal,)] = rows("SELECT id FROM journal WHERE kind = 'paid'")
    take_back(journal)
    assert [(one.kind, one.amount) for one in unproven()] == [("difference-found", yuan("-88.00"))]


def test_what_is_posted_late_is_matched_without_a_new_bill(hub_database: Database) -> None:
    take(Channel({DAY: (paid("P1", "88.00"),)}), DAY, BY)
    take(Channel(), NEXT, BY)
    pay("P1", "88.00")
    assert match_everything(BY) == 0
    assert (differences(), unproven()) == ([], [])


def test_an_entry_that_a_line_names_with_another_amount_is_not_missing_too(
    hub_database: Database,
) -> None:
    pay("P1", "88.00")
    take(Channel({DAY: (paid("P1", "90.00"),)}), DAY, BY)
    take(Channel(), NEXT, BY)
    assert [one.kind for one in differences()] == [Kind.AMOUNT]
