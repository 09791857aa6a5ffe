"""Journals are sealed in the order of their numbers, and hot accounts rolled up behind them."""

from __future__ import annotations

import hashlib
import threading

import pytest

from central.foundation.db.engine import (
    HUB,
    is_sqlite,
    money_transaction,
    posting_transaction,
    rows,
)
from central.money.ledger import seal, store
from central.money.ledger.audit import audit, prove
from central.money.ledger.balance import Balance
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.seal import Sealer, newest_seal, seal_new
from central.money.ledger.statement import journal, trial_balance
from tests.builders import NOW_S
from tests.central.builders import Database, at_once

DAY = 20260411


def a_posting(idem: str, minor: int = 10) -> Posting:
    legs = (debit("1010.web", minor), credit("2130.A1", minor))
    return Posting(idem, "prepaid", "", "CNY", legs, DAY, "test")


def post(idem: str, minor: int = 10) -> int:
    return money_transaction(lambda: store.post(a_posting(idem, minor), NOW_S)).id


def test_sqlite_seals_in_the_transaction_of_the_journal(sqlite_database: Database) -> None:
    number = post("k1")
    assert newest_seal().journal_id == number
    assert seal_new() == 0


@pytest.mark.postgres
def test_postgresql_seals_afterwards(postgres_database: Database) -> None:
    numbers = [post(f"k{n}") for n in range(5)]
    assert newest_seal() == seal.Sealed(0, bytes(32))
    assert prove().unsealed == 5
    assert audit() == []
    assert seal_new() == 5
    assert newest_seal().journal_id == numbers[-1]
    assert seal_new() == 0
    assert prove().unsealed == 0
    assert audit() == []


@pytest.mark.postgres
def test_many_journals_are_sealed_in_rounds(postgres_database: Database) -> None:
    count = seal.JOURNALS_PER_ROUND + 5
    money_transaction(lambda: [store.post(a_posting(f"k{n}"), NOW_S) for n in range(count)])
    assert seal_new() == count
    assert audit() == []


def test_a_seal_is_the_hash_of_what_an_auditor_can_write_down(hub_database: Database) -> None:
    """Nothing of the engine is in it, and nothing that only this program could make."""
    number = post("k1", 8800)
    seal_new()
    [(req_hash,)] = rows("SELECT req_hash FROM journal")
    text = (
        f'[1,"{"0" * 64}",{number},"k1","{bytes(req_hash).hex()}",'
        f'["prepaid","","posted",null,null,20260411,{NOW_S},"test",""],'
        '[["1010.web","CNY",1,1,8800],["2130.A1","CNY",1,-1,8800]]]'
    )
    assert newest_seal().hash == hashlib.sha256(text.encode("ascii")).digest()


def test_a_journal_knows_its_seal(hub_database: Database) -> None:
    first, second = post("k1"), post("k2")
    seal_new()
    one, two = journal(first), journal(second)
    assert one is not None
    assert two is not None
    assert one.prev == bytes(32)
    assert two.prev == one.hash
    assert two.hash == newest_seal().hash


# --- hot accounts --------------------------------------------------------------------------------


def test_a_hot_account_counts_at_once(hub_database: Database) -> None:
    """Whether or not it was rolled up."""
    for number in range(3):
        post(f"a{number}")
        assert store.balance("1010.web") == Balance(10 * number + 10, 0)
    seal_new()
    assert store.balance("1010.web") == Balance(30, 0)
    post("b", 7)
    assert store.balance("1010.web") == Balance(37, 0)
    assert {a.code: a.debit for a in trial_balance()} == {"1010.web": 37, "2130.A1": 0}
    assert audit() == []


@pytest.mark.postgres
def test_a_hot_account_is_rolled_up_behind_the_writers(postgres_database: Database) -> None:
    post("a", 30)
    assert rows("SELECT hot, d, rolled FROM account WHERE code = '1010.web'") == [(True, 0, 0)]
    seal_new()
    [(d, rolled)] = rows("SELECT d, rolled FROM account WHERE code = '1010.web'")
    assert d == 30
    assert rolled == rows("SELECT max(id) FROM entry")[0][0]
    assert rows("SELECT hot, c FROM account WHERE code = '2130.A1'") == [(False, 30)]


def test_no_account_is_hot_on_sqlite(sqlite_database: Database) -> None:
    post("a", 30)
    assert rows("SELECT hot, d FROM account WHERE code = '1010.web'") == [(0, 30)]


# --- who comes in between ------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_seal_waits_for_whoever_has_a_number_and_has_not_committed(
    postgres_database: Database,
) -> None:
    """Otherwise a journal would turn up among sealed ones, as if somebody had put it there."""
    has_number, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        def work() -> None:
            store.post(a_posting("slow"), NOW_S)
            has_number.set()
            assert may_commit.wait(30)

        posting_transaction(work)
        HUB.close()

    def sealing() -> None:
        seal_new()
        HUB.close()

    writer, sealer = threading.Thread(target=slow), threading.Thread(target=sealing)
    writer.start()
    assert has_number.wait(30)
    sealer.start()
    while not rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
        pass
    may_commit.set()
    writer.join(30)
    sealer.join(30)
    assert newest_seal().journal_id == store.journal_id_of("slow")
    assert audit() == []


def test_nothing_is_lost_or_sealed_twice_while_many_write_and_seal(hub_database: Database) -> None:
    def work(worker: int) -> None:
        for number in range(15):
            if worker < 2:
                seal_new()
            else:
                posting = a_posting(f"{worker}:{number}", 1)
                posting_transaction(lambda posting=posting: store.post(posting, NOW_S))  # type: ignore[misc]

    answers = at_once(6, work)
    assert answers == [None] * 6
    assert store.balance("1010.web") == Balance(60, 0)
    seal_new()
    assert prove().unsealed == 0
    assert audit() == []
    assert store.balance("1010.web") == Balance(60, 0)


@pytest.mark.postgres
def test_the_sealer_seals_until_it_is_stopped(postgres_database: Database) -> None:
    sealer = Sealer(interval_s=0.001)
    sealer.start()
    number = post("k1")
    while newest_seal().journal_id < number:
        pass
    sealer.stop()
    post("k2")
    assert newest_seal().journal_id == number


@pytest.mark.postgres
def test_a_sealer_whose_server_is_away_goes_on_when_it_is_back(
    postgres_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Its connection is cut under it; the round fails and is told, and the next one seals."""
    assert not is_sqlite(HUB.obj)
    sealer = Sealer(interval_s=0.001)
    sealer.start()
    while "sealing was put off" not in caplog.text:
        rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    number = post("k1")
    while newest_seal().journal_id < number:
        pass
    sealer.stop()
