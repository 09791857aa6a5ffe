"""The one door to money, on real databases."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.errors import HubError, KeyReused, PostingRefused
from central.foundation.db.engine import HUB, change, money_transaction, open_database, rows
from central.money.ledger import store
from central.money.ledger.audit import audit, size
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.store import Posted
from edge.contract.money import MINOR_MAX
from tests.builders import NOW_S
from tests.central.books import balances
from tests.central.builders import Database, at_once

TODAY = 20260411


def a_posting(idem: str, minor: int = 100, **bent: Any) -> Posting:
    """Money comes in at the counter."""
    values: dict[str, Any] = {
        "idem": idem,
        "kind": "test",
        "ref": "order 1",
        "currency": "CNY",
        "legs": (debit("1010.counter", minor), credit("2010", minor)),
        "effective": TODAY,
        "actor": "test",
    }
    return Posting(**{**values, **bent})


def spending(idem: str, minor: int) -> Posting:
    """Money goes out again, of which there must be enough."""
    return a_posting(idem, legs=(debit("2010", minor), credit("1010.counter", minor)))


def post(posting: Posting) -> Posted:
    return money_transaction(lambda: store.post(posting, NOW_S))


def reverse(idem: str, journal_id: int) -> Posted:
    return money_transaction(
        lambda: store.reverse(idem, journal_id, NOW_S, day=TODAY, actor="test")
    )


def refusal(work: Callable[[], Any]) -> str:
    before = size()
    with pytest.raises(PostingRefused) as caught:
        work()
    assert size() == before
    return caught.value.detail


def test_the_same_request_is_posted_once(hub_database: Database) -> None:
    first = post(a_posting("oc:1"))
    again = post(a_posting("oc:1", actor="somebody else"))
    assert first.created
    assert again == Posted(first.id, created=False)
    assert size() == (1, 2)
    assert store.journal_id_of("oc:1") == first.id


def test_a_key_stands_for_one_request(hub_database: Database) -> None:
    post(a_posting("oc:1"))
    for other in (a_posting("oc:1", 101), a_posting("oc:1", effective=20260412)):
        with pytest.raises(KeyReused):
            post(other)
    assert size() == (1, 2)


def test_a_key_that_nobody_has_used_has_no_journal(hub_database: Database) -> None:
    assert store.journal_id_of("oc:1") is None


@pytest.mark.parametrize(
    ("bent", "why"),
    [
        ({"legs": (debit("1010.a", 5), credit("2010", 4))}, "debits and credits differ"),
        ({"legs": (debit("1010.a", 5),)}, "two legs"),
        ({"legs": (debit("1010.a", 0), credit("2010", 0))}, "positive"),
        ({"legs": (debit("1010.a", 2**63), credit("2010", 2**63))}, "positive"),
        ({"legs": (debit("2010", 5), credit("1010.a", 5))}, "below its floor"),
        ({"effective": 20260410}, "the day is closed"),
    ],
    ids=["unbalanced", "one-leg", "zero", "too-large", "overdraw", "closed-day"],
)
def test_what_breaks_a_rule_is_refused_with_a_sentence(
    hub_database: Database, bent: dict[str, Any], why: str
) -> None:
    change("UPDATE closed_through SET day = 20260410")
    assert why in refusal(lambda: post(a_posting("oc:1", **bent)))


def test_an_account_keeps_one_currency(hub_database: Database) -> None:
    post(a_posting("oc:1"))
    told = refusal(lambda: post(a_posting("oc:2", currency="USD")))
    assert "kept in CNY, not USD" in told


def test_a_closed_account_is_refused(hub_database: Database) -> None:
    post(a_posting("oc:1"))
    change("UPDATE account SET closed = ? WHERE code = '2010'", (True,))
    assert "the account is closed" in refusal(lambda: post(a_posting("oc:2")))


def test_a_total_that_would_not_fit_is_refused(hub_database: Database) -> None:
    post(a_posting("oc:1", MINOR_MAX))
    assert "64 bits" in refusal(lambda: post(a_posting("oc:2", MINOR_MAX)))


def test_a_refusal_leaves_the_transaction_usable(hub_database: Database) -> None:
    """What else happened in the transaction is kept if the caller set a savepoint."""

    def work() -> None:
        store.post(a_posting("oc:1"), NOW_S)
        with pytest.raises(PostingRefused), HUB.atomic():
            store.post(spending("oc:2", 101), NOW_S)
        store.post(spending("oc:3", 100), NOW_S)

    money_transaction(work)
    assert balances() == {}


def test_a_reversal_brings_every_account_back(hub_database: Database) -> None:
    first = post(a_posting("oc:1"))
    back = reverse("rv:oc:1", first.id)
    assert back.created
    assert reverse("rv:oc:1", first.id) == Posted(back.id, created=False)
    assert balances() == {}
    assert rows("SELECT kind, reverses_id FROM journal WHERE id = ?", (back.id,)) == [
        ("test-reversed", first.id)
    ]


def test_a_journal_is_reversed_once(hub_database: Database) -> None:
    """Not even under another key, and not while money of others would pay for it."""
    first = post(a_posting("oc:1"))
    post(a_posting("oc:2"))
    reverse("rv:oc:1", first.id)
    told = refusal(lambda: reverse("rv:again", first.id))
    assert "reversed already" in told
    assert balances() == {"1010.counter": 100, "2010": -100}


def test_what_was_never_posted_is_not_reversed(hub_database: Database) -> None:
    assert "no journal 77" in refusal(lambda: reverse("rv:x", 77))


def test_a_reversal_of_what_was_spent_is_refused(hub_database: Database) -> None:
    first = post(a_posting("oc:1"))
    post(spending("oc:2", 100))
    assert "below its floor" in refusal(lambda: reverse("rv:oc:1", first.id))


steps = st.lists(
    st.tuples(
        st.sampled_from(["pay", "spend", "replay", "reverse"]), st.integers(1, 300),
        st.integers(0, 30),
    ),
    max_size=30,
)  # fmt: skip


def walk(prefix: str, plan: list[tuple[str, int, int]]) -> None:
    """Do what is possible of a plan; what is refused leaves no trace."""
    done: list[tuple[Posting, int]] = []
    for number, (step, minor, which) in enumerate(plan):
        posting = (spending if step == "spend" else a_posting)(f"{prefix}:{number}", minor)
        try:
            if step in {"pay", "spend"}:
                done.append((posting, post(posting).id))
            elif done and step == "replay":
                known, journal_id = done[which % len(done)]
                assert post(known) == Posted(journal_id, created=False)
            elif done:
                _, journal_id = done[which % len(done)]
                reverse(f"rv:{prefix}:{journal_id}", journal_id)
        except PostingRefused:
            continue


def assert_totals_are_sums() -> None:
    [(total,)] = rows("SELECT coalesce(sum(side * amount), 0) FROM entry")
    assert total == 0
    for code, total_d, total_c, summed in rows(
        "SELECT code, account.d, account.c, coalesce(sum(side * amount), 0) FROM account"
        " LEFT JOIN entry ON account_id = account.id GROUP BY code, account.d, account.c"
    ):
        assert total_d - total_c == summed, code
    assert balances().get("2010", 0) <= 0
    assert audit() == []


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plan=steps)
def test_a_random_walk_leaves_the_books_in_order(
    hub_database: Database, plan: list[tuple[str, int, int]]
) -> None:
    """The examples share one database: a longer and longer history, all of it checked."""
    walk(str(size()[0]), plan)
    assert_totals_are_sums()


# --- many at once --------------------------------------------------------------------------------

WORKERS = 8


def test_many_tills_cannot_spend_more_than_there_is(hub_database: Database) -> None:
    post(a_posting("in", 1000))

    def spend(worker: int) -> int:
        spent = 0
        for number in range(10):
            try:
                post(spending(f"out:{worker}:{number}", 30))
                spent += 30
            except PostingRefused:
                continue
        return spent

    told = at_once(WORKERS, spend)
    assert sum(n for n in told if isinstance(n, int)) == 990, told
    assert balances() == {"1010.counter": 10, "2010": -10}
    assert audit() == []


def test_one_event_that_is_told_by_many_is_posted_once(hub_database: Database) -> None:
    told = at_once(WORKERS, lambda _: post(a_posting("oc:1")))
    assert sum(isinstance(t, Posted) and t.created for t in told) == 1, told
    assert len({t.id for t in told if isinstance(t, Posted)}) == 1
    assert size() == (1, 2)


def test_one_key_for_many_requests_goes_to_one_of_them(hub_database: Database) -> None:
    told = at_once(WORKERS, lambda worker: post(a_posting("oc:1", worker + 1)))
    assert sum(isinstance(t, Posted) for t in told) == 1
    assert sum(isinstance(t, KeyReused) for t in told) == WORKERS - 1, told


def test_accounts_that_many_open_at_once_are_opened_once(hub_database: Database) -> None:
    told = at_once(WORKERS, lambda worker: post(a_posting(f"oc:{worker}")))
    assert all(isinstance(t, Posted) for t in told), told
    assert balances() == {"1010.counter": 100 * WORKERS, "2010": -100 * WORKERS}


def _spend_in_a_process(file: str, worker: int) -> int:
    open_database("", Path(file))
    spent = 0
    for number in range(40):
        try:
            post(spending(f"out:{worker}:{number}", 30))
            spent += 30
        except HubError:
            continue
    HUB.close()
    return spent


def test_two_processes_on_one_file_cannot_spend_more_than_there_is(
    sqlite_database: Database,
) -> None:
    post(a_posting("in", 1000))
    HUB.close()
    file = str(sqlite_database.sqlite_file)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        spent = pool.starmap(_spend_in_a_process, [(file, 0), (file, 1)])
    assert sum(spent) == 990
    assert balances() == {"1010.counter": 10, "2010": -10}
    assert audit() == []
