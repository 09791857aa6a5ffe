"""Asking for a payout, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.errors import Conflict, KeyReused, PayoutRefused, PostingRefused, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.money.channels.model import Payee
from central.money.ledger.balance import Balance, balance
from central.money.payouts import release, store
from central.money.payouts.model import PAYEE_COOLS_S, Limits, State
from central.money.payouts.payees import changes_of, set_payee
from central.money.payouts.request import number_of, request_all
from central.money.sharing.model import AgentId
from central.network.agents import change as change_agent
from central.network.agents.change import NewAgent
from tests.builders import NOW_S
from tests.central.builders import Database
from tests.central.money.payouts.builders import AGENT, TODAY, an_agent, an_office, ask_for, earn

pytestmark = pytest.mark.usefixtures("hub_database")


def test_what_is_asked_for_is_not_available_any_more() -> None:
    an_agent(minor=50_000)
    payout = ask_for(8800)
    assert (payout.state, payout.order.amount.minor) == (State.READY, 8800)
    assert balance(AGENT) == Balance(50_000, 8800)
    assert [h.event for h in store.story(payout.no)] == ["requested"]


def test_asking_twice_is_asking_once() -> None:
    an_agent()
    assert ask_for() == ask_for()
    assert balance(AGENT).held == 8800


def test_the_same_key_for_another_amount_is_refused() -> None:
    an_agent()
    ask_for(8800)
    with pytest.raises(KeyReused):
        ask_for(8801)


def test_nobody_is_paid_more_than_he_has() -> None:
    an_agent(minor=8799)
    with pytest.raises(PostingRefused, match="floor"):
        ask_for(8800)
    assert store.newest(10) == []


def test_two_payouts_together_are_no_more_than_the_balance() -> None:
    an_agent(minor=10_000)
    ask_for(6000, key="first")
    with pytest.raises(PostingRefused):
        ask_for(6000, key="second")
    assert balance(AGENT).available == 4000


def test_a_party_without_an_address_is_paid_nothing() -> None:
    earn()
    with pytest.raises(Conflict, match="Nobody has said"):
        ask_for()


def test_a_terminated_agent_is_paid_nothing_and_is_still_owed_it(tmp_path: Path) -> None:
    change_agent.add(NewAgent("A7", "小李", "promoter"), NOW_S, "li")
    an_agent()
    release.set_limits(Limits(two_person_above=5000), NOW_S, "boss")
    unsent = [ask_for(4000, key="ready"), ask_for(8800, key="waiting")]
    change_agent.terminate(AgentId("A7"), NOW_S, "li", day=TODAY)
    assert {store.get(one.no).state for one in unsent} == {State.FAILED}
    assert store.story(unsent[0].no)[-1][3:] == ("li", "agent terminated")
    set_payee(AGENT, "bank", Payee("somewhere else"), NOW_S, by="li")
    with pytest.raises(Conflict, match="terminated"):
        ask_for(key="later")
    office = an_office(tmp_path)
    office.work()
    assert (office.bank.book(), balance(AGENT)) == ({}, Balance(50_000, 0))


def test_what_a_suspended_agent_is_owed_waits_until_he_works_again(tmp_path: Path) -> None:
    agent = change_agent.add(NewAgent("A7", "小李", "promoter"), NOW_S, "li").id
    an_agent()
    payout, office = ask_for(), an_office(tmp_path)
    change_agent.suspend(agent, NOW_S, "li")
    office.work()
    assert store.get(payout.no) == payout, "not taken"
    with pytest.raises(Conflict, match="suspended"):
        ask_for(key="later")
    change_agent.resume(agent, NOW_S, "li")
    office.work()
    assert store.get(payout.no).state is State.PAID


@pytest.mark.parametrize(
    ("account", "address"), [("4010", "x"), ("2110.", "x"), ("2110.A7", ""), ("1010.bank", "x")]
)
def test_only_parties_have_payees(account: str, address: str) -> None:
    with pytest.raises(RequestInvalid):
        set_payee(account, "bank", Payee(address), NOW_S, by="li")


def test_a_change_of_payee_changes_no_payout_that_was_asked_for() -> None:
    an_agent(address="old")
    payout = ask_for()
    set_payee(AGENT, "bank", Payee("new"), NOW_S, by="li")
    assert store.get(payout.no).order.payee.account == "old"
    assert ask_for(key="later").order.payee.account == "new"


def test_withheld_tax_is_not_sent() -> None:
    an_agent()
    payout = ask_for(10_000, tax=1200)
    assert (payout.order.amount.minor, payout.amount.minor) == (8800, 10_000)
    assert balance(AGENT).held == 10_000


@pytest.mark.parametrize("tax", [-1, 8800, 9000])
def test_tax_is_less_than_the_payout(tax: int) -> None:
    an_agent()
    with pytest.raises(PayoutRefused):
        ask_for(8800, tax=tax)
    assert balance(AGENT).held == 0


def test_a_payee_gets_so_much_a_day_and_no_more() -> None:
    an_agent(minor=50_000)
    release.set_limits(Limits(payee_per_day=10_000), NOW_S, "boss")
    ask_for(6000, key="first")
    with pytest.raises(PayoutRefused, match="today"):
        ask_for(6000, key="second")


def test_while_payouts_are_stopped_none_is_asked_for() -> None:
    an_agent()
    release.set_limits(Limits(is_stopped=True), NOW_S, "boss")
    with pytest.raises(PayoutRefused, match="stopped"):
        ask_for()


def test_what_one_person_has_asked_for_another_releases() -> None:
    an_agent()
    release.set_limits(Limits(two_person_above=5000), NOW_S, "boss")
    payout = ask_for(8800, actor="li")
    assert payout.state is State.WAITING
    with pytest.raises(PayoutRefused, match="Somebody else"):
        release.release(payout.no, NOW_S, "li")
    assert release.release(payout.no, NOW_S, "wang").state is State.READY
    with pytest.raises(Conflict):
        release.release(payout.no, NOW_S, "wang")


def test_many_small_ones_to_one_payee_need_a_second_person_together() -> None:
    an_agent(minor=50_000)
    release.set_limits(Limits(two_person_above=10_000), NOW_S, "boss")
    states = [ask_for(6000, key=key).state for key in ("first", "second")]
    assert states == [State.READY, State.WAITING]


def test_where_money_goes_is_noted_and_a_change_needs_a_second_person_for_a_while() -> None:
    an_agent(minor=50_000)
    assert ask_for(100, key="first").state is State.READY
    set_payee(AGENT, "bank", Payee("6222020412345678"), NOW_S + 60, by="eve")
    [newest, first] = changes_of(AGENT)
    assert (newest.who, newest.address, first.who) == ("eve", "622****5678", "li")
    assert ask_for(100, key="second", at_s=NOW_S + 120).state is State.WAITING
    later = NOW_S + 61 + PAYEE_COOLS_S
    assert ask_for(100, key="third", at_s=later).state is State.READY
    with pytest.raises(Exception, match="stays noted"):
        change("UPDATE payee_change SET who = 'li'")


def test_the_schema_does_not_let_one_person_do_both(hub_database: Database) -> None:
    an_agent()
    payout = ask_for(8800, actor="li")
    with pytest.raises(Exception, match=r"payout_two_persons|CHECK"):
        money_transaction(
            lambda: change("UPDATE payout SET released_by = 'li' WHERE no = ?", (payout.no,))
        )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE payout SET amount = amount + 1",
        "UPDATE payout SET address = 'mine'",
        "DELETE FROM payout",
        "UPDATE payout_event SET who = 'nobody'",
        "DELETE FROM payout_event",
    ],
)
def test_what_was_asked_for_cannot_be_changed_behind_our_back(sql: str) -> None:
    an_agent()
    ask_for()
    with pytest.raises(Exception, match="stays what it is"):
        money_transaction(lambda: change(sql))


def test_what_was_never_sent_can_be_given_back() -> None:
    an_agent()
    payout = ask_for()
    refused = release.refuse(payout.no, NOW_S, "li", "wrong month", day=TODAY)
    assert refused.state is State.FAILED
    assert balance(AGENT) == Balance(50_000, 0)
    with pytest.raises(Conflict):
        release.refuse(payout.no, NOW_S, "li", "again", day=TODAY)
    assert store.story(payout.no)[-1].detail == "wrong month"


def test_a_batch_asks_for_each_party_once_a_day() -> None:
    for number, minor in (("A1", 5000), ("A2", 5), ("A3", 7000)):
        an_agent(f"2110.{number}", minor)
    an_agent("2110.A4", 9000)
    agent = change_agent.add(NewAgent("A4", "小王", "promoter"), NOW_S, "li").id
    change_agent.suspend(agent, NOW_S, "li")
    for _ in range(2):
        batch = request_all("2110", "佣金", NOW_S, day=TODAY, actor="job", currency="CNY")
        assert sorted(p.amount.minor for p in batch.payouts) == [5000, 7000]
        assert [account for account, _ in batch.left] == ["2110.A2", "2110.A4"]
    assert rows("SELECT count(*) FROM payout") == [(2,)]


def test_a_number_suits_every_channel_and_follows_from_what_it_is_for() -> None:
    assert number_of(AGENT, "april") == number_of(AGENT, "april") != number_of(AGENT, "may")
    assert len(number_of(AGENT, "april")) == 32
    assert number_of(AGENT, "april").isalnum()
