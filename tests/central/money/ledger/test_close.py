"""Days and months end, and what they came to can be read without adding everything up again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from central.errors import PostingRefused
from central.foundation.db.engine import money_transaction, posting_transaction, rows
from central.money.ledger import store
from central.money.ledger.audit import audit
from central.money.ledger.balance import Balance, last_within, snapshot_before
from central.money.ledger.close import close_day, close_month
from central.money.ledger.closes import Close, closed_through, closes, open_day
from central.money.ledger.posting import Leg, Posting, credit, debit
from central.money.ledger.seal import newest_seal, seal_new
from central.money.ledger.statement import statement, trial_balance
from tests.builders import NOW_S
from tests.central.builders import Database, at_once

TODAY = 20260511
WALLET = "2110.A1"


def post(idem: str, day: int, *legs: Leg) -> int:
    posting = Posting(idem, "test", "", "CNY", legs, day, "test", f"memo {idem}")
    return money_transaction(lambda: store.post(posting, NOW_S)).id


def sale(idem: str, day: int, price: int, cost: int) -> int:
    return post(
        idem, day, debit("1010.web", price), debit("5010", cost), credit("4010", price),
        credit(WALLET, cost),
    )  # fmt: skip


def close(day: int, today: int = TODAY) -> Close:
    return close_day(day, NOW_S, today=today, actor="li")


def close_a_month(month: int, today: int = TODAY) -> Close:
    return close_month(month, NOW_S, today=today, actor="li")


def told(work: Callable[[], Any]) -> str:
    before = (closed_through(), closes())
    with pytest.raises(PostingRefused) as caught:
        work()
    assert (closed_through(), closes()) == before
    return caught.value.detail


@pytest.fixture
def spring(hub_database: Database) -> Database:
    """Two days of April, told out of order, and one of May that was told first."""
    sale("may", 20260502, 70, 7)
    sale("b", 20260411, 200, 20)
    sale("a", 20260410, 100, 10)
    return hub_database


def test_a_closed_day_takes_nothing_more(spring: Database) -> None:
    close(20260410)
    assert closed_through() == 20260410
    for day in (20260410, 20260409):
        assert "the day is closed" in told(lambda day=day: sale("late", day, 1, 1))  # type: ignore[misc]
    sale("open", 20260411, 1, 1)
    assert audit() == []


def test_a_close_notes_the_newest_seal(spring: Database) -> None:
    noted = close(20260410)
    assert (noted.day, noted.closed_at_s, noted.actor) == (20260410, NOW_S, "li")
    assert (noted.sealed_id, noted.sealed_hash) == newest_seal()
    assert noted.sealed_id == max(n for (n,) in rows("SELECT id FROM journal"))
    assert closes() == [noted]


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (20260410, "closed already"), (20260401, "closed already"), (TODAY, "not over yet"),
        (20260601, "not over yet"), (20260431, "no day"), (0, "no day"),
        (20260430, "close the month"), (20260501, "month 202604 is still open"),
    ],
)  # fmt: skip
def test_a_day_that_cannot_be_closed_is_refused(spring: Database, day: int, why: str) -> None:
    close(20260410)
    assert why in told(lambda: close(day))


@pytest.mark.parametrize(
    ("month", "why"),
    [(202605, "not over yet"), (202603, "closed already"), (202613, "no month"), (0, "no month")],
)
def test_a_month_that_cannot_be_closed_is_refused(spring: Database, month: int, why: str) -> None:
    close(20260410)
    assert why in told(lambda: close_a_month(month))


def test_a_closed_month_begins_the_next_one_at_zero(spring: Database) -> None:
    close_a_month(202604)
    at_end = {a.code: a.balance for a in trial_balance(20260430)}
    assert (at_end["4010"], at_end["5010"], at_end["3900"]) == (0, 0, -270)
    assert at_end["1010.web"] == 300
    may = {a.code: a.balance for a in trial_balance(20260531)}
    assert (may["4010"], may["5010"], may["3900"]) == (-70, 7, -270)
    assert closed_through() == 20260430
    assert audit() == []


def test_a_month_is_closed_once(spring: Database) -> None:
    close_a_month(202604)
    assert "closed already" in told(lambda: close_a_month(202604))


def test_a_month_without_sales_is_closed_too(hub_database: Database) -> None:
    post("in", 20260411, debit("1010.web", 5), credit(WALLET, 5))
    assert close_a_month(202604).day == 20260430
    assert rows("SELECT count(*) FROM journal WHERE kind = 'month-closed'") == [(0,)]
    close(20260502)


def test_a_month_that_made_a_loss_takes_it_from_what_was_retained(hub_database: Database) -> None:
    sale("loss", 20260411, 10, 25)
    close_a_month(202604)
    assert store.balance("3900") == Balance(-15, 0)


def test_each_currency_has_its_own_result(hub_database: Database) -> None:
    sale("yuan", 20260411, 100, 10)
    abroad = Posting(
        "usd", "test", "", "USD", (debit("1010.abroad", 5), credit("4030", 5)), 20260411, "test"
    )
    money_transaction(lambda: store.post(abroad, NOW_S))
    with pytest.raises(PostingRefused, match="kept in CNY"):
        close_a_month(202604)


def test_months_are_closed_in_their_order_or_together(spring: Database) -> None:
    """Nobody closed April: what it left is carried with May's."""
    close_a_month(202605, today=20260611)
    assert {a.code: a.balance for a in trial_balance()}["3900"] == -333
    assert audit() == []


# --- snapshots -----------------------------------------------------------------------------------


DAYS = (20260409, 20260410, 20260411, 20260430, 20260501, 20260502, 20260531)


def everything() -> dict[str, Any]:
    """Every balance and statement of every day."""
    return {
        "trial": {day: trial_balance(day) for day in DAYS},
        "balances": {(code, day): store.balance(code, day) for code in ("1010.web", WALLET)
                     for day in DAYS},
        "statements": {(code, first, last): statement(code, first, last)
                       for code in ("1010.web", WALLET) for first in DAYS for last in DAYS},
    }  # fmt: skip


def test_a_close_changes_nothing_that_anybody_reads(spring: Database) -> None:
    before = everything()
    close(20260409)
    close(20260410)
    assert everything() == before
    close(20260411)
    assert everything() == before
    assert audit() == []


def test_what_is_posted_later_is_found_behind_the_snapshots(spring: Database) -> None:
    """Days come in any order: May's first journal is older than April's last one."""
    expected = {
        20260409: 0, 20260410: 100, 20260411: 300, 20260430: 350, 20260501: 350,
        20260502: 420, 20260531: 430,
    }  # fmt: skip
    close(20260410)
    sale("later", 20260515, 10, 1)
    close(20260411)
    sale("late", 20260430, 50, 5)
    close_a_month(202604)
    close(20260502)
    assert {day: store.balance("1010.web", day).posted for day in DAYS} == expected
    found = statement("1010.web", 20260411, 20260502)
    assert found is not None
    assert (found.opening, [line.change for line in found.lines], found.closing) == (
        100, [200, 50, 70], 420,
    )  # fmt: skip
    assert {a.code: a.balance for a in trial_balance(20260411)}["1010.web"] == 300
    assert audit() == []


def test_an_account_that_rests_keeps_its_snapshot(spring: Database) -> None:
    close(20260410)
    close_a_month(202604)
    post("other", 20260503, debit("1030.main", 9), credit("3010", 9))
    close(20260503)
    days = rows(
        "SELECT day FROM balance_snap JOIN account ON account.id = account_id"
        " WHERE code = '1030.main' ORDER BY day"
    )
    assert days == [(20260503,)]
    assert store.balance("1010.web", 20260503).posted == 370


def test_a_day_is_closed_without_a_journal(hub_database: Database) -> None:
    noted = close(20260410)
    assert (noted.sealed_id, noted.first_after, noted.last_within) == (0, 1, 0)
    post("in", 20260411, debit("1010.web", 5), credit(WALLET, 5))
    close(20260411)
    assert audit() == []


def test_a_statement_between_two_closes_reads_only_what_lies_there(hub_database: Database) -> None:
    for name, day in (("a", 20260410), ("b", 20260411), ("c", 20260412)):
        sale(name, day, 10, 1)
        close(day)
    [(account_id,)] = rows("SELECT id FROM account WHERE code = '1010.web'")
    first = snapshot_before(account_id, 20260411).first_after
    last = last_within(account_id, 20260411)
    within = rows(
        "SELECT idem FROM journal JOIN entry ON journal_id = journal.id"
        " WHERE account_id = ? AND entry.id BETWEEN ? AND ?",
        (account_id, first, last),
    )
    assert within == [("b",)]


# --- the open period -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "posted_on"),
    [(20260409, 20260411), (20260410, 20260411), (20260411, 20260411), (20260601, 20260601)],
)
def test_a_fact_of_a_closed_day_counts_on_the_first_open_one(
    spring: Database, day: int, posted_on: int
) -> None:
    close(20260410)
    assert open_day(day) == posted_on


def test_before_the_first_close_every_day_is_open(hub_database: Database) -> None:
    assert open_day(20200101) == 20200101


# --- many at once --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "transaction", [money_transaction, posting_transaction], ids=["queued", "beside"]
)
def test_whoever_posts_while_a_day_is_closed_is_in_it_or_refused(
    hub_database: Database, transaction: Callable[[Callable[[], Any]], Any]
) -> None:
    """None slips in behind the sums that were noted."""

    def work(worker: int) -> int:
        if worker == 0:
            close(20260410)
            return 0
        done = 0
        for number in range(20):
            legs = (debit("1010.web", 1), credit(WALLET, 1))
            posting = Posting(f"{worker}:{number}", "t", "", "CNY", legs, 20260410, "t")
            try:
                transaction(lambda posting=posting: store.post(posting, NOW_S))  # type: ignore[misc]
            except PostingRefused as exc:
                assert "the day is closed" in exc.detail  # noqa: PT017 - most are not refused
                continue
            done += 1
        return done

    answers = at_once(6, work)
    assert not [a for a in answers if isinstance(a, BaseException)], answers
    done = sum(a for a in answers if isinstance(a, int))
    assert store.balance(WALLET, 20260410).posted == done
    assert store.balance(WALLET).posted == done
    seal_new()
    assert audit() == []


def test_a_day_is_closed_by_one_of_many(spring: Database) -> None:
    answers = at_once(4, lambda _: close(20260410))
    assert sum(isinstance(a, Close) for a in answers) == 1, answers
    assert sum(isinstance(a, PostingRefused) for a in answers) == 3, answers
    assert audit() == []
