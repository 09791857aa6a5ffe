"""The audit believes nobody: it is held against books that somebody has altered.

Whoever has the database's own password can drop triggers and write what he likes. Each test is one
such deed on both engines, and says what the audit has to say about it.
"""

from __future__ import annotations

from typing import Any

import pytest

from central.errors import HubError
from central.foundation.db.engine import HUB, change, is_sqlite, money_transaction, rows
from central.foundation.people import login
from central.money.ledger import audit_log, store
from central.money.ledger.audit import anchor_findings, audit, prove, size
from central.money.ledger.close import close_day
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.seal import newest_seal, seal_new
from tests.builders import NOW_S
from tests.central.builders import Database, an_app

DAY = 20260411
WALLET, OTHER = "2130.A1", "2130.A2"


def a_posting(idem: str, minor: int, *, to: str = WALLET, day: int = DAY) -> Posting:
    legs = (debit("1010.counter", minor), credit(to, minor))
    return Posting(idem, "prepaid", "", "CNY", legs, day, "test", f"memo {idem}")


def post(posting: Posting) -> int:
    return money_transaction(lambda: store.post(posting, NOW_S)).id


@pytest.fixture
def books(hub_database: Database) -> Database:
    """Five journals of two days, sealed; the first day is closed."""
    post(a_posting("k1", 100, day=DAY - 1))
    post(a_posting("k2", 60, to=OTHER, day=DAY - 1))
    close_day(DAY - 1, NOW_S, today=DAY, actor="test")
    for number in (3, 4, 5):
        post(a_posting(f"k{number}", 10 * number))
    seal_new()
    return hub_database


def tamper(*statements: str) -> None:
    """Do what the schema forbids, as somebody with the database's own password can."""
    if is_sqlite(HUB.obj):
        for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            change(f"DROP TRIGGER {name}")
        change("PRAGMA foreign_keys = off")
    else:
        change("SET session_replication_role = replica")  # no trigger, no foreign key
    for statement in statements:
        change(statement)


def numbers() -> list[int]:
    """The numbers of the journals: on PostgreSQL a refused one leaves a gap."""
    return [n for (n,) in rows("SELECT id FROM journal ORDER BY id")]


SWAPPED = (
    "UPDATE entry SET account_id = (SELECT id FROM account WHERE code = '2130.A2') WHERE id = 6"
)
SEALED_OTHERWISE = "journal 4 is not what was sealed"
SAYS = "of 20260410 says 160/0, its entries say 200/0"
ENTRY = "INSERT INTO entry (id, journal_id, account_id, layer, side, amount) SELECT"
JOURNAL = (
    "INSERT INTO journal (id, idem, req_hash, kind, ref, phase, effective, at_s, actor) VALUES"
)


def test_untouched_books_are_sound(books: Database) -> None:
    proof = prove()
    assert proof.findings == []
    assert (proof.journals, proof.entries, proof.unsealed) == (5, 10, 0) == (*size(), 0)
    assert proof.newest.journal_id == numbers()[-1]


@pytest.mark.parametrize(
    ("statements", "findings"),
    [
        (
            ["UPDATE entry SET amount = 999 WHERE id = 6"],
            ["journal 3 does not balance in CNY on layer 1: -969",
             "journal 3 is not what was sealed",
             "account 2130.A1 says 0/220, its entries say 0/1189"],
        ),
        (
            ["UPDATE entry SET amount = 999 WHERE journal_id = 3",
             "UPDATE account SET c = c + 969 WHERE code = '2130.A1'",
             "UPDATE account SET d = d + 969 WHERE code = '1010.counter'"],
            ["journal 3 is not what was sealed"],
        ),
        (
            ["DELETE FROM entry WHERE id = 6"],
            ["journal 3 has less than two entries",
             "journal 3 does not balance in CNY on layer 1: 30",
             "journal 3 is not what was sealed",
             "account 2130.A1 says 0/220, its entries say 0/190"],
        ),
        (
            [SWAPPED,
             "UPDATE account SET c = c - 30 WHERE code = '2130.A1'",
             "UPDATE account SET c = c + 30 WHERE code = '2130.A2'"],
            ["journal 3 is not what was sealed"],
        ),
        (
            ["UPDATE account SET code = 'x' WHERE code = '2130.A1'",
             "UPDATE account SET code = '2130.A1' WHERE code = '2130.A2'",
             "UPDATE account SET code = '2130.A2' WHERE code = 'x'"],
            [f"journal {n} is not what was sealed" for n in (1, 2, 3, 4, 5)],
        ),
        (["UPDATE journal SET memo = 'another' WHERE id = 4"], [SEALED_OTHERWISE]),
        (["UPDATE journal SET actor = 'nobody' WHERE id = 4"], [SEALED_OTHERWISE]),
        (["UPDATE journal SET at_s = 0 WHERE id = 4"], [SEALED_OTHERWISE]),
        (
            ["UPDATE journal SET effective = 20260410 WHERE id = 4"],
            ["journal 4 is not what was sealed",
             "journal 4 was written into 20260410 after it was closed",
             f"the snapshot of account 1010.counter {SAYS}",
             "the snapshot of account 2130.A1 of 20260410 says 0/100, its entries say 0/140"],
        ),
        (
            ["DELETE FROM entry WHERE journal_id = 4", "DELETE FROM journal WHERE id = 4",
             "UPDATE account SET c = c - 40 WHERE code = '2130.A1'",
             "UPDATE account SET d = d - 40 WHERE code = '1010.counter'"],
            ["journal 4 was sealed and is gone"],
        ),
        (
            ["DELETE FROM entry WHERE journal_id = 4", "DELETE FROM journal WHERE id = 4",
             "DELETE FROM seal WHERE journal_id = 4",
             "UPDATE account SET c = c - 40 WHERE code = '2130.A1'",
             "UPDATE account SET d = d - 40 WHERE code = '1010.counter'"],
            ["the chain is broken before journal 5"],
        ),
        (
            ["DELETE FROM journal WHERE id = 4"],
            ["journal 4 was sealed and is gone", "entry 7 belongs to no journal",
             "entry 8 belongs to no journal"],
        ),
        (
            ["DELETE FROM seal WHERE journal_id = 4"],
            ["journal 4 is not sealed: it was not written by the ledger",
             "the chain is broken before journal 5"],
        ),
        (
            ["UPDATE account SET c = 61 WHERE code = '2130.A2'"],
            ["account 2130.A2 says 0/61, its entries say 0/60"],
        ),
        (
            ["UPDATE account SET pd = 5 WHERE code = '2130.A2'"],
            ["account 2130.A2 holds 5/0, its open holds say 0/0"],
        ),
        (
            ["UPDATE balance_snap SET c = 61 WHERE c = 60"],
            ["the snapshot of account 2130.A2 of 20260410 says 0/61, its entries say 0/60"],
        ),
        (
            ["DELETE FROM balance_snap WHERE c = 60"],
            ["account 2130.A2 has no snapshot of 20260410"],
        ),
        (
            ["UPDATE closed_through SET day = 0"],
            ["20260410 was closed and is open again"],
        ),
    ],
    ids=["amount", "amount-both-sides-and-totals", "entry-gone", "account-swapped",
         "codes-swapped", "memo", "actor", "time", "day", "journal-gone-with-entries",
         "journal-gone-with-entries-and-seal", "journal-gone", "seal-gone", "total", "held",
         "snapshot", "snapshot-gone", "opened-again"],
)  # fmt: skip
def test_what_was_altered_is_named(
    books: Database, statements: list[str], findings: list[str]
) -> None:
    assert numbers() == [1, 2, 3, 4, 5], "so that the findings can name them"
    tamper(*statements)
    assert sorted(audit()) == sorted(findings)


def insert_a_journal(number: int) -> None:
    """It balances, and the totals were raised with it."""
    change(f"{JOURNAL} ({number}, 'k', '', 'prepaid', '', 'posted', {DAY}, 0, 'test')")
    change(f"{ENTRY} 90, {number}, id, 1, 1, 7 FROM account WHERE code = '1010.counter'")
    change(f"{ENTRY} 91, {number}, id, 1, -1, 7 FROM account WHERE code = '2130.A1'")
    change("UPDATE account SET c = c + 7 WHERE code = '2130.A1'")
    change("UPDATE account SET d = d + 7 WHERE code = '1010.counter'")
    change("UPDATE account SET rolled = 91 WHERE hot")


def test_an_inserted_journal_is_named(books: Database) -> None:
    """Nobody has sealed it in its place. On PostgreSQL a refused posting leaves a gap to put it
    into; on SQLite there is none, and it can only come last.
    """
    if not is_sqlite(HUB.obj):
        rows("SELECT nextval('journal_number')")
        post(a_posting("k7", 10))
    seal_new()
    tamper()
    insert_a_journal(6)
    assert audit() == ["journal 6 is not sealed: it was not written by the ledger"]
    seal_new()
    assert audit() == ["journal 6 is not sealed: it was not written by the ledger"]


def test_what_is_posted_next_does_not_cover_an_inserted_journal(
    sqlite_database: Database,
) -> None:
    post(a_posting("k1", 100))
    tamper()
    insert_a_journal(2)
    post(a_posting("k3", 30))
    found = audit()
    assert "journal 2 is not sealed: it was not written by the ledger" in found


@pytest.mark.parametrize(
    "statement",
    ["UPDATE entry SET amount = 'much' WHERE id = 6", "UPDATE entry SET side = 2 WHERE id = 6",
     "UPDATE journal SET effective = 'never' WHERE id = 3",
     "UPDATE journal SET req_hash = 'x' WHERE id = 3",
     "UPDATE seal SET hash = 5 WHERE journal_id = 3"],
)  # fmt: skip
def test_nonsense_is_named_too(sqlite_database: Database, statement: str) -> None:
    """SQLite keeps any value in any column once the checks are gone."""
    for number in range(1, 5):
        post(a_posting(f"k{number}", 10))
    tamper("PRAGMA ignore_check_constraints = on", statement)
    assert any("journal 3 is not what was sealed" in finding for finding in audit())


def remake_the_chain(first: int) -> None:
    """Make all seals anew from a journal on, as somebody can who has this program."""
    from central.money.ledger.chain import GENESIS, Head, journal_hash  # noqa: PLC0415
    from central.money.ledger.seal import HEAD, entries_of  # noqa: PLC0415

    before = rows("SELECT hash FROM seal WHERE journal_id < ? ORDER BY journal_id DESC", (first,))
    prev = bytes(before[0][0]) if before else GENESIS
    change("DELETE FROM seal WHERE journal_id >= ?", (first,))
    for row in rows(f"SELECT {HEAD} FROM journal WHERE id >= ? ORDER BY id", (first,)):
        head = Head(*row)._replace(req_hash=bytes(row[2]))
        seal = journal_hash(prev, head, entries_of(head.id, head.id)[head.id])
        change("INSERT INTO seal VALUES (?, ?, ?)", (head.id, prev, seal))
        prev = seal


def test_a_chain_that_was_made_anew_disagrees_with_the_closes(books: Database) -> None:
    tamper("UPDATE journal SET memo = 'another' WHERE id = 2")
    remake_the_chain(2)
    assert audit() == ["the close of 20260410 has seen another journal 2, or another one before it"]


def test_a_chain_that_was_made_anew_disagrees_with_earlier_audits(books: Database) -> None:
    proof = prove()
    money_transaction(lambda: audit_log.note(proof, NOW_S, "test"))
    tamper("UPDATE journal SET memo = 'another' WHERE id = 4")
    remake_the_chain(4)
    assert audit() == [f"the audit of {NOW_S} has seen another journal 5, or another one before it"]


def test_a_chain_that_was_made_anew_disagrees_with_what_was_noted_on_paper(
    books: Database,
) -> None:
    noted = newest_seal()
    assert list(anchor_findings("the note", *noted)) == []
    tamper("UPDATE journal SET memo = 'another' WHERE id = 4")
    remake_the_chain(4)
    assert audit() == []
    assert list(anchor_findings("the note", *noted)) == [
        "the note has seen another journal 5, or another one before it"
    ]


def cut_off(first: int) -> None:
    """Take away everything from a journal on, and lower the totals with it."""
    change(
        "UPDATE account SET"
        " d = d - (SELECT coalesce(sum(amount), 0) FROM entry WHERE account_id = account.id"
        f" AND side = 1 AND journal_id >= {first}),"
        " c = c - (SELECT coalesce(sum(amount), 0) FROM entry WHERE account_id = account.id"
        f" AND side = -1 AND journal_id >= {first})"
    )
    for table, column in (("entry", "journal_id"), ("seal", "journal_id"), ("journal", "id")):
        change(f"DELETE FROM {table} WHERE {column} >= {first}")


def test_a_tail_that_was_cut_off_is_missed_by_the_close(books: Database) -> None:
    tamper()
    cut_off(2)
    found = audit()
    assert "the close of 20260410 has seen journal 2, which is gone" in found


def test_a_tail_that_was_cut_off_is_missed_by_the_last_audit(books: Database) -> None:
    """Behind the last close; on that audit's paper, or in the table, the newest seal was noted."""
    proof = prove()
    money_transaction(lambda: audit_log.note(proof, NOW_S, "test"))
    tamper()
    cut_off(4)
    assert audit() == [f"the audit of {NOW_S} has seen journal 5, which is gone"]


def test_money_out_of_nowhere_is_found(books: Database) -> None:
    tamper(f"{ENTRY} 77, 77, id, 1, -1, 1000000 FROM account WHERE code = '2130.A1'")
    assert sorted(audit()) == sorted([
        "entry 77 belongs to no journal",
        "journal 77 does not balance in CNY on layer 1: -1000000",
        "account 2130.A1 says 0/220, its entries say 0/1000220",
    ])  # fmt: skip


def test_an_entry_on_no_account_is_found(books: Database) -> None:
    tamper("UPDATE entry SET account_id = 99 WHERE id = 6")
    found = audit()
    assert "entry 6 is on no account" in found
    assert "journal 3 is not what was sealed" in found


def test_an_account_below_its_floor_is_found_where_the_row_has_none(books: Database) -> None:
    """Customers' money for open orders is hot: on PostgreSQL its floor is proven only here."""
    posting = Posting("oc:1", "test", "", "CNY", (debit("2010", 5), credit("4010", 5)), DAY, "test")
    if is_sqlite(HUB.obj):
        with pytest.raises(HubError):
            post(posting)
        return
    post(posting)
    assert audit() == ["account 2010 lies below its floor: -5"]
    seal_new()
    assert audit() == ["account 2010 lies below its floor: -5"]


# --- holds and reversals -------------------------------------------------------------------------


def a_hold(no: str, minor: int) -> int:
    legs = (debit(WALLET, minor), credit("2410.web", minor))
    posting = Posting(f"po:{no}", "payout", no, "CNY", legs, DAY, "test")
    return money_transaction(lambda: store.hold(posting, NOW_S)).id


def void(hold_id: int) -> int:
    return money_transaction(
        lambda: store.void(f"void:{hold_id}", hold_id, NOW_S, day=DAY, actor="test")
    ).id


def test_open_holds_are_counted(books: Database) -> None:
    """A hold, and after it one that was given back: only the first is still held."""
    a_hold("1", 20)
    void(a_hold("2", 20))
    assert audit() == []
    assert rows("SELECT pd, pc FROM account WHERE code = ?", (WALLET,)) == [(20, 0)]
    tamper("UPDATE account SET pd = 0 WHERE pd = 20")
    assert audit() == [f"account {WALLET} holds 0/0, its open holds say 20/0"]


def test_a_hold_that_was_resolved_twice_is_found(books: Database) -> None:
    a_hold("1", 20)
    hold = a_hold("2", 20)
    first = void(hold)
    second = void(a_hold("3", 20))
    seal_new()
    tamper(
        "DROP INDEX journal_one_resolution",
        f"UPDATE journal SET pending_id = {hold} WHERE id = {second}",
    )
    assert f"journal {second} resolves no open hold" in audit()
    assert first < second


def test_a_release_of_something_else_is_found(books: Database) -> None:
    resolution = void(a_hold("1", 20))
    seal_new()
    tamper(f"UPDATE entry SET amount = 19 WHERE journal_id = {resolution}")
    assert f"journal {resolution} releases something else than was held" in audit()


def test_a_reversal_that_is_no_mirror_is_found(books: Database) -> None:
    back = money_transaction(lambda: store.reverse("rv:3", 3, NOW_S, day=DAY, actor="test")).id
    seal_new()
    assert audit() == []
    tamper(f"UPDATE entry SET amount = 29 WHERE journal_id = {back}")
    assert f"journal {back} does not mirror what it reverses" in audit()


# --- what is noted -------------------------------------------------------------------------------


def test_an_audit_is_noted_with_what_it_found(books: Database) -> None:
    assert audit_log.newest_audit() is None
    proof = prove()
    money_transaction(lambda: audit_log.note(proof, NOW_S, "li"))
    noted = audit_log.newest_audit()
    assert noted is not None
    assert (noted.at_s, noted.actor, noted.journals, noted.entries) == (NOW_S, "li", 5, 10)
    assert noted.findings == []
    assert noted.newest == newest_seal()


def test_progress_is_told_as_it_goes(books: Database) -> None:
    told: list[tuple[int, int]] = []
    prove(lambda done, of: told.append((done, of)))
    assert told[-1] == (5, 5)
    assert told == sorted(told)


def test_an_empty_ledger_is_sound(hub_database: Database) -> None:
    proof = prove()
    assert (proof.findings, proof.journals, proof.newest.journal_id) == ([], 0, 0)


def test_a_program_reads_the_findings_in_its_language(books: Database) -> None:
    client = an_app(books).test_client()
    key = login.add_api_key("books", "finance", NOW_S)
    tamper("UPDATE entry SET amount = 19 WHERE journal_id = 3")

    def asked(language: str) -> Any:
        headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
        return client.get("/v1/ledger/audit", headers=headers).json

    english, chinese = asked("en"), asked("zh-CN")
    assert not english["sound"]
    assert len(english["findings"]) == len(chinese["findings"]) > 0
    assert not set(english["findings"]) & set(chinese["findings"])
