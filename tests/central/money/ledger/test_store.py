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
from central.money.ledger.balance import Balance
from central.money.ledger.posting import Leg, Posting, credit, debit
from central.money.ledger.statement import trial_balance
from central.money.ledger.store import Posted
from edge.contract.money import MINOR_MAX
from tests.builders import NOW_S
from tests.central.books import balances
from tests.central.builders import Database, at_once

TODAY = 20260411
PREPAID = "2130.A1"
"""An account with a floor, which is nobody's to overdraw."""


def a_posting(idem: str, minor: int = 100, **bent: Any) -> Posting:
    """Money comes in at the counter."""
    values: dict[str, Any] = {
        "idem": idem,
        "kind": "test",
        "ref": "order 1",
        "currency": "CNY",
        "legs": (debit("1010.counter", minor), credit(PREPAID, minor)),
        "effective": TODAY,
        "actor": "test",
    }
    return Posting(**{**values, **bent})


def spending(idem: str, minor: int) -> Posting:
    """Money goes out again, of which there must be enough."""
    return a_posting(idem, legs=(debit(PREPAID, minor), credit("1010.counter", minor)))


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
        ({"legs": (debit("1010.a", 5), credit(PREPAID, 4))}, "debits and credits differ"),
        ({"legs": (debit("1010.a", 5),)}, "two legs"),
        ({"legs": (debit("1010.a", 0), credit(PREPAID, 0))}, "positive"),
        ({"legs": (debit("1010.a", 2**63), credit(PREPAID, 2**63))}, "positive"),
        ({"legs": (debit(PREPAID, 5), credit("1010.a", 5))}, "below its floor"),
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


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("9999", "no account '9999'"), ("", "no account ''"), ("2010.x", "has no parts"),
        ("2310", "one store's"), ("2310.", "one store's"), ("2310.a b", "one store's"),
        ("2310." + "x" * 41, "one store's"),
    ],
)  # fmt: skip
def test_an_account_that_the_chart_does_not_have_is_refused(
    hub_database: Database, code: str, why: str
) -> None:
    strange = a_posting("oc:1", legs=(debit("1010.counter", 5), credit(code, 5)))
    assert why in refusal(lambda: post(strange))
    assert rows("SELECT count(*) FROM account") == [(0,)]


def test_a_closed_account_is_refused(hub_database: Database) -> None:
    post(a_posting("oc:1"))
    change("UPDATE account SET closed = ? WHERE code = '2130.A1'", (True,))
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


def test_a_reversal_names_what_it_takes_back(hub_database: Database) -> None:
    """A line of a store's statement that takes money away says for which entry at the till."""
    first = post(a_posting("oc:1", memo="S0412-K1/1/2"))
    back = reverse("rv:oc:1", first.id)
    assert rows("SELECT ref, memo FROM journal WHERE id = ?", (back.id,)) == [
        ("order 1", "S0412-K1/1/2")
    ]


def test_a_journal_is_reversed_once(hub_database: Database) -> None:
    """Not even under another key, and not while money of others would pay for it."""
    first = post(a_posting("oc:1"))
    post(a_posting("oc:2"))
    reverse("rv:oc:1", first.id)
    told = refusal(lambda: reverse("rv:again", first.id))
    assert "reversed already" in told
    assert balances() == {"1010.counter": 100, PREPAID: -100}


def test_what_was_never_posted_is_not_reversed(hub_database: Database) -> None:
    assert "no journal 77" in refusal(lambda: reverse("rv:x", 77))


def test_a_reversal_of_what_was_spent_is_refused(hub_database: Database) -> None:
    first = post(a_posting("oc:1"))
    post(spending("oc:2", 100))
    assert "below its floor" in refusal(lambda: reverse("rv:oc:1", first.id))


# --- holds ---------------------------------------------------------------------------------------

WALLET, TRANSIT, BALANCE = "2110.A1", "2410.web", "1020.web"


def earned(minor: int = 100) -> None:
    post(a_posting("earned", legs=(debit("5020", minor), credit(WALLET, minor))))


def a_payout(no: str, minor: int) -> Posting:
    return a_posting(f"po:{no}:hold", legs=(debit(WALLET, minor), credit(TRANSIT, minor)))


def hold(no: str, minor: int) -> Posted:
    return money_transaction(lambda: store.hold(a_payout(no, minor), NOW_S))


def commit(idem: str, hold_id: int, *legs: Leg, day: int = TODAY) -> Posted:
    return money_transaction(
        lambda: store.commit(idem, hold_id, NOW_S, day=day, actor="test", legs=legs or None)
    )


def void(idem: str, hold_id: int, day: int = TODAY) -> Posted:
    return money_transaction(lambda: store.void(idem, hold_id, NOW_S, day=day, actor="test"))


def test_what_is_held_is_not_available_and_has_not_moved(hub_database: Database) -> None:
    earned(100)
    hold("1", 60)
    assert store.balance(WALLET) == Balance(posted=100, held=60)
    assert store.balance(WALLET).available == 40
    assert store.balance(TRANSIT) == Balance(0, 0)
    assert balances() == {"5020": 100, WALLET: -100}


def test_a_second_hold_over_the_rest_is_refused(hub_database: Database) -> None:
    earned(100)
    hold("1", 60)
    assert "below its floor" in refusal(lambda: hold("2", 41))
    hold("2", 40)
    assert store.balance(WALLET).available == 0


def test_what_is_held_cannot_be_spent(hub_database: Database) -> None:
    earned(100)
    hold("1", 60)
    buying = a_posting("buy", legs=(debit(WALLET, 41), credit(PREPAID, 41)))
    assert "below its floor" in refusal(lambda: post(buying))


def test_a_hold_is_committed_as_it_was_held(hub_database: Database) -> None:
    earned(100)
    held = hold("1", 60)
    done = commit("po:1:post", held.id)
    assert done.created
    assert store.balance(WALLET) == Balance(40, 0)
    assert store.balance(TRANSIT) == Balance(60, 0)
    assert rows("SELECT kind, phase, pending_id FROM journal WHERE id = ?", (done.id,)) == [
        ("test-committed", "post", held.id)
    ]
    assert audit() == []


def test_a_hold_is_committed_in_part_and_released_as_a_whole(hub_database: Database) -> None:
    earned(100)
    held = hold("1", 60)
    commit("po:1:post", held.id, debit(WALLET, 50), debit("5040", 1), credit(BALANCE, 51))
    assert store.balance(WALLET) == Balance(50, 0)
    assert balances() == {"5020": 100, WALLET: -50, "5040": 1, BALANCE: -51}
    assert audit() == []


def test_a_commit_of_more_than_is_there_is_refused(hub_database: Database) -> None:
    earned(100)
    held = hold("1", 60)
    more = (debit(WALLET, 101), credit(BALANCE, 101))
    assert "below its floor" in refusal(lambda: commit("po:1:post", held.id, *more))
    assert "differ" in refusal(
        lambda: commit("po:1:post", held.id, debit(WALLET, 60), credit(BALANCE, 59))
    )
    assert store.balance(WALLET) == Balance(100, 60)


def test_a_void_gives_back_what_was_held(hub_database: Database) -> None:
    earned(100)
    done = void("po:1:void", hold("1", 60).id)
    assert store.balance(WALLET) == Balance(100, 0)
    assert rows("SELECT kind, phase FROM journal WHERE id = ?", (done.id,)) == [
        ("test-voided", "void")
    ]


@pytest.mark.parametrize("first", [commit, void], ids=["commit", "void"])
@pytest.mark.parametrize("second", [commit, void], ids=["commit", "void"])
def test_a_hold_is_resolved_once(
    hub_database: Database, first: Callable[..., Posted], second: Callable[..., Posted]
) -> None:
    """Another hold over the same accounts stands by, whose money must not be given away."""
    earned(200)
    held = hold("1", 60)
    hold("2", 60)
    first("po:1:first", held.id)
    assert "resolved already" in refusal(lambda: second("po:1:second", held.id))
    assert audit() == []


@pytest.mark.parametrize("resolve", [commit, void], ids=["commit", "void"])
def test_a_resolution_that_is_told_again_is_the_same_even_tomorrow(
    hub_database: Database, resolve: Callable[..., Posted]
) -> None:
    """A worker that died before midnight is replaced by one that asks again after it."""
    earned(100)
    held = hold("1", 60)
    done = resolve("po:1:end", held.id)
    assert resolve("po:1:end", held.id, day=TODAY + 1) == Posted(done.id, created=False)
    assert size() == (3, 6 if resolve is void else 8)


def test_a_key_of_a_hold_stands_for_one_request(hub_database: Database) -> None:
    earned(200)
    first, second = hold("1", 60), hold("2", 60)
    commit("po:1:post", first.id)
    others: list[Callable[[], Posted]] = [
        lambda: commit("po:1:post", second.id),
        lambda: void("po:1:post", first.id),
        lambda: commit("po:1:post", first.id, debit(WALLET, 59), credit(TRANSIT, 59)),
        lambda: post(a_payout("1", 60)),
        lambda: hold("1", 61),
    ]
    for other in others:
        with pytest.raises(KeyReused):
            other()
    assert hold("1", 60) == Posted(first.id, created=False)


@pytest.mark.parametrize("resolve", [commit, void], ids=["commit", "void"])
def test_only_a_hold_is_resolved(hub_database: Database, resolve: Callable[..., Posted]) -> None:
    moved = post(a_posting("oc:1"))
    assert "holds nothing" in refusal(lambda: resolve("x", moved.id))
    assert "no journal 77" in refusal(lambda: resolve("x", 77))


def test_what_was_committed_can_be_taken_back(hub_database: Database) -> None:
    """The money comes back as money; the hold has ended."""
    earned(100)
    done = commit("po:1:post", hold("1", 60).id)
    reverse("rv:1", done.id)
    assert store.balance(WALLET) == Balance(100, 0)
    assert audit() == []


def test_a_hold_is_not_taken_back_but_voided(hub_database: Database) -> None:
    earned(100)
    held = hold("1", 60)
    assert "two legs" in refusal(lambda: reverse("rv:1", held.id))


def test_a_reversal_that_is_told_again_is_the_same_even_tomorrow(hub_database: Database) -> None:
    first = post(a_posting("oc:1"))
    back = reverse("rv:oc:1", first.id)
    again = money_transaction(
        lambda: store.reverse("rv:oc:1", first.id, NOW_S, day=TODAY + 1, actor="another")
    )
    assert again == Posted(back.id, created=False)


def test_a_hold_on_a_closed_day_is_refused(hub_database: Database) -> None:
    earned(100)
    held = hold("1", 60)
    change("UPDATE closed_through SET day = ?", (TODAY,))
    for work in (lambda: hold("2", 1), lambda: commit("c", held.id), lambda: void("v", held.id)):
        assert "the day is closed" in refusal(work)


# --- balances ------------------------------------------------------------------------------------


def test_a_balance_is_in_the_normal_direction(hub_database: Database) -> None:
    post(a_posting("oc:1"))
    assert store.balance("1010.counter") == Balance(100, 0)
    assert store.balance(PREPAID) == Balance(100, 0)


def test_an_account_that_was_never_used_holds_nothing(hub_database: Database) -> None:
    assert store.balance("2310.NOBODY") == Balance(0, 0)
    assert store.balance("2310.NOBODY", TODAY) == Balance(0, 0)
    with pytest.raises(ValueError, match="no account '9999'"):
        store.balance("9999")


def test_a_balance_at_a_day_knows_what_had_moved_and_what_was_held(hub_database: Database) -> None:
    post(a_posting("e1", effective=20260401, legs=(debit("5020", 100), credit(WALLET, 100))))
    held = money_transaction(
        lambda: store.hold(a_payout("1", 60)._replace(effective=20260403), NOW_S)
    )
    commit("po:1:post", held.id, debit(WALLET, 55), credit(BALANCE, 55), day=20260405)
    # Told last, and of a day before all of that.
    post(a_posting("e0", effective=20260331, legs=(debit("5020", 7), credit(WALLET, 7))))
    expected = {
        20260330: Balance(0, 0),
        20260331: Balance(7, 0),
        20260402: Balance(107, 0),
        20260403: Balance(107, 60),
        20260404: Balance(107, 60),
        20260405: Balance(52, 0),
        20991231: Balance(52, 0),
    }
    assert {day: store.balance(WALLET, day) for day in expected} == expected
    assert store.balance(WALLET) == Balance(52, 0)


# --- a random walk -------------------------------------------------------------------------------

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
    for account in trial_balance():
        [(summed,)] = rows(
            "SELECT coalesce(sum(side * amount), 0) FROM entry JOIN account"
            " ON account.id = account_id WHERE code = ?",
            (account.code,),
        )
        assert account.balance == summed, account.code
    assert sum(account.balance for account in trial_balance()) == 0
    assert balances().get(PREPAID, 0) <= 0
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
    assert balances() == {"1010.counter": 10, PREPAID: -10}
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
    assert balances() == {"1010.counter": 100 * WORKERS, PREPAID: -100 * WORKERS}


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
    assert balances() == {"1010.counter": 10, PREPAID: -10}
    assert audit() == []
