"""What is entered by hand: every kind, once, by two where one is not enough, and taken back."""

from __future__ import annotations

import pytest

from central.errors import (
    Conflict,
    KeyReused,
    NotFound,
    NotPermitted,
    PostingRefused,
    RequestInvalid,
)
from central.foundation.db.engine import change, money_transaction, rows
from central.money.entries import store
from central.money.entries.enter import confirm, enter, preview, refuse
from central.money.entries.kinds import KINDS, OPENINGS
from central.money.entries.model import Asked, By, Entry, EntryState
from central.money.ledger import rules
from central.money.ledger.audit import audit
from central.money.ledger.store import post
from edge.contract.money import Money
from tests.builders import NOW_S
from tests.central.books import balances
from tests.central.builders import TODAY, Database, at_once
from tests.central.money.ledger.walk import cny
from tests.central.network.agents.builders import a_tree

ABOVE = 1_000_000
AMY, BOB = (By(name, NOW_S, TODAY, is_person=True) for name in ("amy", "bob"))
BOT = By("key bot", NOW_S, TODAY, is_person=False)


@pytest.fixture
def books(hub_database: Database) -> None:
    """Agents and a supplier there are, and a bank with 50,000.00."""
    del hub_database
    a_tree(NOW_S - 10)
    change(
        "INSERT INTO supplier (id, name, state, made_by, made_at_s)"
        " VALUES ('north', 'North', 'active', 'amy', 0)"
    )
    done("brought-in", 5_000_000, what="bank", owner="main")


pytestmark = pytest.mark.usefixtures("books")


def asked(kind: str, minor: int = 100, document: str = "D1", day: int | None = None,
          note: str = "so", **fields: str) -> Asked:  # fmt: skip
    fields = {name.rstrip("_"): value for name, value in fields.items()}
    return Asked(kind, fields, document, cny(minor), day, note)


def done(kind: str, minor: int = 100, document: str = "D1", **fields: str) -> Entry:
    """Enter something, and let a second person confirm it if that is needed."""
    entry, _ = enter(asked(kind, minor, document, None, "so", **fields), AMY, ABOVE)
    return confirm(entry.id, BOB) if entry.state is EntryState.WAITING else entry


def taken_back(journal_id: int | None) -> Entry:
    return done("taken-back", 0, journal=str(journal_id))


def test_finance_can_do_without_a_programmer_all_that_the_rules_know() -> None:
    """Each kind once; every account is where a person would have reckoned it to be."""
    done("brought-in", 700, what="agent-receivable", owner="C1")
    done("brought-in", 40, what="supplier-claim", owner="north")
    done("brought-in", 900, what="supplier-payable", owner="north")
    done("brought-in", 80_000, what="channel", owner="web")
    done("transferred", 30_000, from_="channel:web", to="bank:main")
    done("prepaid", 6_000, agent="C1", to="channel:web")
    done("prepaid", 4_000, "D2", agent="C1", to="bank:main")
    done("deposit-paid-in", 5_000, agent="C1", to="bank:main")
    done("deposit-set-off", 300, agent="C1")
    done("deposit-forfeited", 1_000, agent="C1")
    done("deposit-returned", 3_700, agent="C1", from_="bank:main")
    done("receivable-written-off", 400, agent="C1")
    done("supplier-prefunded", 20_000, supplier="north", from_="bank:main")
    done("supplier-paid", 880, supplier="north", from_="channel:web")
    done("claim-met", 30, "P1", supplier="north")
    done("claim-set-off", 10, "P2", supplier="north")
    done("fee-returned", 25, channel="web")
    done("brought-in", 90, what="tax-withheld")
    done("tax-paid", 90, from_="bank:main")
    done("reserve-accrued", 1_500)
    wrong = done("transferred", 999, "wrong", from_="bank:main", to="channel:web")
    taken_back(wrong.journal_id)
    assert {entry.kind for entry in store.newest(100)} == set(KINDS)
    assert balances() == {
        "1010.web": 6_000, "1020.web": 49_145, "1030.main": 5_015_210, "1040.north": 20_030,
        "2130.C1": -10_000, "2210.north": -10, "2710": -1_500,
        "3010": -(5_000_000 + 700 + 40 - 900 + 80_000 - 90), "4050": -1_000, "5030": -25,
        "5050": 1_500, "5060": 400,
    }  # fmt: skip
    assert audit() == []


def test_what_is_entered_again_is_posted_once_and_what_differs_is_told() -> None:
    first, is_new = enter(asked("prepaid", 500, agent="C1", to="bank:main"), AMY, ABOVE)
    again, is_new_again = enter(asked("prepaid", 500, agent="C1", to="bank:main"), BOB, ABOVE)
    assert (is_new, is_new_again, again.id) == (True, False, first.id)
    for other in (
        asked("prepaid", 501, agent="C1", to="bank:main"),
        asked("prepaid", 500, agent="C2", to="bank:main"),
        asked("prepaid", 500, agent="C1", to="bank:main", day=TODAY - 1),
    ):
        with pytest.raises(KeyReused, match="under D1: entry"):
            enter(other, AMY, ABOVE)
    wish = asked("prepaid", 7, "X", agent="C1", to="bank:main")
    results = at_once(4, lambda _: enter(wish, AMY, ABOVE))
    assert sum(is_new for _, is_new in results) == 1  # type: ignore[misc]
    assert balances()["2130.C1"] == -507


def test_what_is_large_or_grave_or_new_waits_for_somebody_else() -> None:
    before = balances()
    waiting = [
        enter(wanted, AMY, 1_000)[0]
        for wanted in (
            asked("prepaid", 1_001, agent="C1", to="bank:main"),
            asked("transferred", 5, from_="bank:main", to="bank:typo"),
            asked("brought-in", 5, what="reserve"),
        )
    ]
    assert [entry.state for entry in waiting] == [EntryState.WAITING] * 3
    assert balances() == before, "nothing is posted while it waits"
    assert (
        preview(asked("prepaid", 1_000, "D9", agent="C1", to="bank:main"), AMY, 1_000).why_two == ""
    )
    number = waiting[0].id
    for nobody in (AMY, BOT):
        with pytest.raises(NotPermitted):
            confirm(number, nobody)
    confirmed = confirm(number, BOB)
    assert confirm(number, BOB) == confirmed, "again is harmless"
    assert balances()["2130.C1"] == -1_001
    [(actor, memo)] = rows("SELECT actor, memo FROM journal WHERE id = ?", (confirmed.journal_id,))
    assert (actor, memo) == ("amy", "D1 (bob)"), "both stand below the seal"
    refused = refuse(waiting[1].id, "there is no such bank", AMY)
    assert (refused.state, refused.decided_by) == (EntryState.REFUSED, "amy")
    with pytest.raises(Conflict, match="wait any more"):
        confirm(refused.id, BOB)
    with pytest.raises(Conflict, match="wait any more"):
        refuse(number, "no", BOB)
    results = at_once(3, lambda _: confirm(waiting[2].id, BOB))
    assert {entry.state for entry in results} == {EntryState.POSTED}  # type: ignore[union-attr]
    assert balances()["2710"] == -5


REFUSED: list[tuple[Asked, type[Exception], str]] = [
        (asked("prepaid", agent="NOBODY", to="bank:main"), NotFound, "no agent NOBODY"),
        (asked("prepaid", agent="", to="bank:main"), RequestInvalid, "Name the agent"),
        (asked("supplier-paid", supplier="x", from_="bank:main"), NotFound, "no supplier x"),
        (asked("prepaid", agent="C1", to="main"), RequestInvalid, "bank:main"),
        (asked("prepaid", agent="C1", to="bank:a b"), RequestInvalid, "bank:main"),
        (asked("prepaid", 0, agent="C1", to="bank:main"), RequestInvalid, "more than nothing"),
        (asked("prepaid", -5, agent="C1", to="bank:main"), RequestInvalid, "more than nothing"),
        (asked("prepaid", 100, "a:b", agent="C1", to="bank:main"), RequestInvalid, "colon"),
        (asked("prepaid", 100, "", agent="C1", to="bank:main"), RequestInvalid, "1 to 64"),
        (asked("prepaid", day=TODAY + 1, agent="C1", to="bank:main"), RequestInvalid, "not come"),
        (asked("prepaid", day=20260231, agent="C1", to="bank:main"), RequestInvalid, "is written"),
        (asked("prepaid", agent="C1", to="bank:main", shop="x"), RequestInvalid, "not asked for"),
        (asked("brought-in", what="vouchers"), RequestInvalid, "is one of"),
        (asked("brought-in", what="reserve", owner="x"), RequestInvalid, "nobody's"),
        (asked("brought-in", what="bank", owner=""), RequestInvalid, "Name the bank"),
        (asked("brought-in", what="reserve", note=""), RequestInvalid, "Say why"),
        (asked("transferred", from_="bank:main", to="bank:main"), RequestInvalid, "places"),
        (asked("deposit-returned", agent="C1", from_="bank:main"), PostingRefused, "0.00 CNY"),
        (asked("receivable-written-off", agent="C1"), PostingRefused, "0.00 CNY and no more"),
        (asked("supplier-paid", supplier="north", from_="bank:main"), PostingRefused, "no more"),
        (asked("taken-back", journal="99"), NotFound, "no journal"),
        (asked("taken-back", journal="x"), RequestInvalid, "has a number"),
        (asked("gift"), NotFound, "no such kind"),
    (asked("transferred", from_="bank:main", to="bank:b")._replace(amount=Money(1, "USD")),
     PostingRefused, "kept in CNY, not USD"),
]  # fmt: skip


def test_what_cannot_be_is_told_and_nothing_is_kept() -> None:
    before = store.counts()
    for wanted, error, said in REFUSED:
        with pytest.raises(error, match=said):
            enter(wanted, AMY, ABOVE)
    assert store.counts() == before


def test_a_closed_day_is_told_with_the_first_open_one_also_to_who_confirms() -> None:
    waiting, _ = enter(asked("brought-in", 5, what="reserve"), AMY, ABOVE)
    change("UPDATE closed_through SET day = ?", (TODAY,))
    for work in (
        lambda: enter(asked("prepaid", agent="C1", to="bank:main"), AMY, ABOVE),
        lambda: confirm(waiting.id, BOB),
    ):
        with pytest.raises(
            PostingRefused, match=r"2026-04-11 is closed\. The first open day is 2026"
        ):
            work()
    assert store.get(waiting.id).state is EntryState.WAITING


def test_a_journal_is_taken_back_by_two_and_its_number_is_free_again() -> None:
    wrong = done("prepaid", 500, agent="C1", to="bank:main")
    asked_for, _ = enter(asked("taken-back", 0, journal=str(wrong.journal_id)), AMY, ABOVE)
    assert balances()["2130.C1"] == -500, "one alone takes nothing back"
    confirm(asked_for.id, BOB)
    assert "2130.C1" not in balances()
    assert store.get(wrong.id).state is EntryState.TAKEN_BACK
    again, is_new = enter(asked("taken-back", 0, journal=str(wrong.journal_id)), BOB, ABOVE)
    assert (again.id, is_new) == (asked_for.id, False)
    done("prepaid", 50, agent="C1", to="bank:main")
    assert balances()["2130.C1"] == -50
    assert audit() == []
    spent = done("prepaid", 30, "D7", agent="C2", to="bank:main")
    money_transaction(
        lambda: post(rules.bought_from_prepaid("O1", "C2", cny(30), TODAY, "C2"), NOW_S)
    )
    with pytest.raises(PostingRefused, match=r"2130\.C2: there are 0\.00"):
        enter(asked("taken-back", 0, journal=str(spent.journal_id)), AMY, ABOVE)


def test_what_was_entered_cannot_be_altered_and_papers_stay() -> None:
    entry = done("prepaid", 500, agent="C1", to="bank:main")
    digest = store.attach(entry.id, "C:\\scan\\slip.pdf", b"%PDF", "amy", NOW_S)
    assert store.attach(entry.id, "again.pdf", b"%PDF", "bob", NOW_S) == digest
    [paper] = store.documents(entry.id)
    assert (paper.name, store.content(entry.id, paper.id)) == ("slip.pdf", ("slip.pdf", b"%PDF"))
    for raw in (b"", b"x" * (store.DOCUMENT_BYTES + 1)):
        with pytest.raises(RequestInvalid, match="768 KiB"):
            store.attach(entry.id, "slip.pdf", raw, "amy", NOW_S)
    for sql in (
        "UPDATE manual_entry SET amount = 1",
        "UPDATE manual_entry SET asked_by = 'bob'",
        "UPDATE manual_entry SET state = 'waiting', journal_id = NULL",
        "DELETE FROM manual_entry",
        "UPDATE manual_entry_document SET content = 'x'",
        "DELETE FROM manual_entry_document",
    ):
        with pytest.raises(Exception, match="what was entered stays"):
            money_transaction(lambda sql=sql: change(sql))  # type: ignore[misc]


def test_every_opening_is_an_account_of_the_chart() -> None:
    for slug, opening in OPENINGS.items():
        owner = {"agent": "C1", "supplier": "north"}.get(slug.partition("-")[0], "x")
        entry = done(
            "brought-in", 1, what=slug,
            owner="" if opening.heading in {"2510", "2710", "3900"} else owner,
        )  # fmt: skip
        assert entry.state is EntryState.POSTED
