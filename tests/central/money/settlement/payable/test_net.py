"""An owner of several stores gets one payout, after what one of them or he himself owes us."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest

from central.errors import RequestInvalid
from central.foundation.db.engine import change, money_transaction
from central.insight.proofs import prove_all
from central.money.channels.model import Payee
from central.money.ledger import rules, store
from central.money.ledger.balance import balance
from central.money.ledger.days import business_day
from central.money.ledger.posting import Posting, credit, debit
from central.money.payouts.payees import set_payee
from central.money.payouts.regime import set_pooling
from central.money.payouts.store import newest
from central.money.settlement import store as books
from central.money.settlement.model import State
from central.money.settlement.payable.net import Part, netting, nettings
from central.money.settlement.payable.owners import owners, set_owner
from central.money.settlement.payable.pay import figures
from central.money.settlement.payable.pay_out import Asked, ask_for_all
from central.money.settlement.run import run
from central.money.settlement.statements.prove import prove
from edge.contract.ids import StoreGroup
from edge.contract.money import Money
from tests import builders as b
from tests.central.books import assert_sound, balances
from tests.central.builders import (
    CURRENCY,
    OTHER_STORE,
    TODAY,
    ZONE,
    Database,
    Till,
    a_voucher,
    an_app,
    as_person,
    enrolled,
    fill_in,
    furnish,
)
from tests.central.money.payouts.builders import Office, an_agent, an_office, ask_for
from tests.central.money.settlement.builders import FACTS, adjust, at, day_of, issue, make_payable

OWNER, ACCOUNT, OWES = "EAST-1", "2320.EAST-1", "1110.EAST-1"
NOON_S = at(day_of(1), 12)
FORBIDDEN = "What belongs to stores may not be paid out of our own balance."
ONE, OTHER = f"{b.STORE}-{TODAY}", f"{OTHER_STORE}-{TODAY}"


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> Iterator[list[Till]]:
    """A lunch is owed to one store and two to another; both are one owner's."""
    furnish()
    tills = [
        enrolled("one"),
        enrolled("two", OTHER_STORE),
    ]
    for till, times in zip(tills, (1, 2), strict=True):
        for _ in range(times):
            till.accept(a_voucher(scope=StoreGroup(0)))
        till.deliver()
    issue()
    assert make_payable(*tills, at_s=NOON_S) == [ONE, OTHER]
    for shop in (b.STORE, OTHER_STORE):
        set_owner(FACTS, shop, OWNER, "li", NOON_S)
    own = rules.transferred("T1", "1030.main", "1020.bank", Money(100_000, CURRENCY), TODAY, "test")
    money_transaction(lambda: store.post(own, NOON_S))
    yield tills
    assert_sound()
    assert prove() == []


def owes(minor: int) -> None:
    """The owner owes us something for what he did as an agent."""
    legs = (debit(OWES, minor), credit("3010", minor))
    posting = Posting("owes", "brought-in", OWNER, CURRENCY, legs, TODAY, "test")
    money_transaction(lambda: store.post(posting, NOON_S))


def with_a_payee() -> None:
    set_payee(ACCOUNT, "bank", Payee("6222-EAST", "东区业主"), NOON_S, by="li")


def ask(at_s: int = NOON_S) -> Asked:
    return ask_for_all("结算", at_s, day=business_day(at_s, ZONE), actor="finance")


def an_office_at_noon(directory: Path, **how: Any) -> Office:
    office = an_office(directory, **how)
    office.clock.now = NOON_S
    return office


def test_an_owner_of_two_stores_gets_one_payout_less_what_he_owes(tmp_path: Path) -> None:
    owes(5_000)
    with_a_payee()
    [payout] = ask().payouts
    assert (payout.account, payout.amount.minor) == (ACCOUNT, 3 * 8_800 - 5_000)
    [one] = nettings()
    assert (one.gross.minor, one.set_off.minor, one.due.minor) == (26_400, 5_000, 21_400)
    assert netting(one.no).parts == (
        Part(ONE, b.STORE, 8_800), Part(OTHER, OTHER_STORE, 17_600),
    )  # fmt: skip
    for no in (ONE, OTHER):
        found = books.statement(no)
        assert (found.state, found.payout_no) == (State.PAID, one.no)
    assert ask() == Asked([], [])
    assert prove_all(NOON_S, CURRENCY).is_good
    an_office_at_noon(tmp_path).work()
    assert run(FACTS, NOON_S, "clock").paid == ()
    assert not {OWES, ACCOUNT, f"2310.{b.STORE}", f"2310.{OTHER_STORE}"} & set(balances())
    assert prove_all(NOON_S, CURRENCY).is_good
    odd = rules.transferred("T2", "1030.main", ACCOUNT, Money(100, CURRENCY), TODAY, "test")
    back = odd._replace(legs=(debit("1030.main", 100), credit(ACCOUNT, 100)))
    money_transaction(lambda: store.post(back, NOON_S))
    said = prove_all(NOON_S, CURRENCY).said
    assert said == f"{ACCOUNT}: 1.00 stands there, it has to be 0.00"


def test_what_he_owes_may_take_all_of_it_and_nobody_is_paid() -> None:
    owes(50_000)
    assert ask() == Asked([], [])
    assert balance(OWES).posted == 50_000 - 26_400
    assert figures(NOON_S) == []
    assert prove_all(NOON_S, CURRENCY).is_good


def test_after_a_payout_that_failed_the_next_is_of_all_that_stands_there(tmp_path: Path) -> None:
    with_a_payee()
    [first] = ask().payouts
    is_refused = True
    office = an_office_at_noon(tmp_path, faults=lambda: "refuse" if is_refused else "")
    office.work()
    assert run(FACTS, NOON_S, "clock").paid == ()
    [second] = ask().payouts
    assert (second.no != first.no, second.amount) == (True, first.amount)
    is_refused = False
    office.work()
    assert balance(ACCOUNT).posted == 0
    assert len(nettings()) == 1


def test_without_a_payee_nothing_is_netted() -> None:
    [(owner, why)] = ask().left
    assert owner == OWNER
    assert "Nobody has said where" in why
    assert nettings() == []
    assert {one.store for one in figures(NOON_S)} == {b.STORE, OTHER_STORE}


def test_a_store_that_owes_us_is_set_off_against_the_other(hub: list[Till]) -> None:
    """What it was owed was less than what somebody has taken from it since."""
    with_a_payee()
    adjust(-10_000, NOON_S)
    issue(day_of(1))
    make_payable(*hub, at_s=at(day_of(2), 12))
    [payout] = ask(at(day_of(2), 12)).payouts
    assert payout.amount.minor == 17_600 - 1_200
    assert balance(f"2310.{b.STORE}").posted == 0
    [one] = nettings()
    assert [part.minor for part in netting(one.no).parts] == [8_800, -10_000, 17_600]


@pytest.mark.parametrize("hub_database", ["sqlite"], indirect=True)
def test_it_is_on_the_pages(hub: list[Till], hub_database: Database) -> None:
    with_a_payee()
    owes(5_000)
    app = an_app(hub_database, lambda: NOON_S)
    client = as_person(app, "finance")
    page = client.get("/settlement").text
    assert page.count("netted for EAST-1") == 2
    fill_in(client, "/settlement/pay", "/settlement", remark="April")
    page = client.get("/settlement").text
    assert all(said in page for said in ("1 payouts were asked for.", "214.00", "50.00"))
    [one] = nettings()
    page = client.get(f"/settlement/nettings/{one.no}").text
    assert all(said in page for said in (ONE, OTHER, "88.00", "176.00", "50.00", "214.00"))
    assert client.get("/settlement/nettings/NT0").status_code == 404
    own = "/settlement/owners"
    fill_in(client, own, "/settlement", store=str(b.STORE), owner="WEST 1")
    assert "The name of an owner has" in client.get("/settlement").text
    fill_in(client, own, "/settlement", store=str(b.STORE), owner="WEST-1")
    assert owners()[b.STORE] == "WEST-1"
    viewer = as_person(app, "viewer")
    assert '<form method="post"' not in viewer.get("/settlement").text.partition("<main")[2]
    assert fill_in(viewer, own, "/settlement", store=str(b.STORE), owner="X").status_code == 403


def test_a_store_stands_for_itself_again() -> None:
    set_owner(FACTS, str(OTHER_STORE), "", "li", NOON_S)
    assert owners() == {b.STORE: OWNER}
    for shop, owner in (("S9999", OWNER), (str(b.STORE), "no owner"), (str(b.STORE), "x" * 41)):
        with pytest.raises(RequestInvalid):
            set_owner(FACTS, shop, owner, "li", NOON_S)
    with pytest.raises(peewee.DatabaseError, match="whose it was stays"):
        money_transaction(lambda: change("UPDATE store_owner SET owner = 'x'"))
    set_payee(f"2310.{OTHER_STORE}", "bank", Payee("6222-0500", "五店"), NOON_S, by="li")
    asked = ask()
    assert [one.account for one in asked.payouts] == [f"2310.{OTHER_STORE}"]
    assert [owner for owner, _ in asked.left] == [OWNER]


def test_where_pooling_is_forbidden_no_store_and_no_owner_is_paid() -> None:
    with_a_payee()
    set_pooling(CURRENCY, "二清", "li", NOON_S, is_forbidden=True)
    assert ask() == Asked([], [(OWNER, FORBIDDEN)])
    set_owner(FACTS, str(b.STORE), "", "li", NOON_S)
    set_payee(f"2310.{b.STORE}", "bank", Payee("6222-0412", "静安店"), NOON_S, by="li")
    assert (str(b.STORE), FORBIDDEN) in ask().left
    assert (newest(9), nettings()) == ([], [])
    agent = an_agent()
    assert ask_for(100, agent).account == agent, "a commission is our own cost"
    for currency, reason in (("yuan", "so"), (CURRENCY, " ")):
        with pytest.raises(RequestInvalid):
            set_pooling(currency, reason, "li", NOON_S, is_forbidden=True)
    with pytest.raises(peewee.DatabaseError, match="what was in force stays so"):
        money_transaction(lambda: change("DELETE FROM regime"))
    set_pooling(CURRENCY, "licensed", "li", NOON_S, is_forbidden=False)
    assert {one.account for one in ask().payouts} == {ACCOUNT, f"2310.{b.STORE}"}
