"""The machine against a channel that fails in every way, on both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from central.errors import Conflict
from central.foundation.db.engine import money_transaction
from central.money.channels.model import PayoutState
from central.money.channels.record import RecordedCalls
from central.money.ledger.audit import audit
from central.money.ledger.balance import Balance, balance
from central.money.payouts import release, store
from central.money.payouts.model import NO_CHANNEL, Event, Limits, State
from central.money.payouts.pay_out import LEASE_S, Machine
from central.money.payouts.store import Payout
from tests.builders import NOW_S
from tests.central.money.payouts.builders import AGENT, TODAY, an_agent, an_office, ask_for

pytestmark = pytest.mark.usefixtures("hub_database")


def one_after(*faults: str) -> Any:
    """The faults in turn, then none."""
    left = list(faults)
    return lambda: left.pop(0) if left else ""


@pytest.fixture(name="payout")
def _payout() -> Payout:
    an_agent()
    return ask_for(8800)


def states(payout: Payout) -> list[str]:
    return [h.event for h in store.story(payout.no)]


def test_a_payout_goes_out_and_is_posted(payout: Payout, tmp_path: Path) -> None:
    office = an_office(tmp_path)
    office.work()
    after = store.get(payout.no)
    assert (after.state, after.attempts, office.bank.asked) == (State.PAID, 1, ["transfer"])
    assert balance(AGENT) == Balance(50_000 - 8800, 0)
    assert balance("1020.bank").posted == 50_000 - 8800
    assert balance("2410.bank") == Balance(0, 0)
    assert audit() == []


def test_withheld_tax_is_owed_to_the_authority(tmp_path: Path) -> None:
    an_agent()
    ask_for(10_000, tax=1200)
    office = an_office(tmp_path)
    office.work()
    assert list(office.bank.book().values()) == [8800]
    assert (balance(AGENT).posted, balance("2510").posted) == (40_000, 1200)


@pytest.mark.parametrize("fault", ["before", "after", "lost"])
def test_after_an_unknown_answer_it_is_asked_for_and_not_sent_anew(
    payout: Payout, tmp_path: Path, fault: str
) -> None:
    office = an_office(tmp_path, faults=one_after(fault))
    office.work()
    assert store.get(payout.no).state is State.SENT
    assert balance(AGENT).held == 8800, "nobody knows yet"
    office.work(hours=1)
    assert office.bank.asked[:2] == ["transfer", "query"]
    assert store.get(payout.no).state is State.PAID
    assert list(office.bank.book().values()) == [8800]


def test_a_definite_refusal_gives_the_money_back(payout: Payout, tmp_path: Path) -> None:
    office = an_office(tmp_path, faults=one_after("refuse"))
    office.work()
    after = store.get(payout.no)
    assert (after.state, after.last_code) == (State.FAILED, "NAME_MISMATCH")
    assert balance(AGENT) == Balance(50_000, 0)
    office.work(hours=48)
    assert office.bank.book() == {}
    assert ask_for(8800, key="april, with the right name").no != payout.no


def test_a_refused_second_try_is_looked_at_once_more(payout: Payout, tmp_path: Path) -> None:
    """The first try may have arrived too late for the query: then the refusal is of a double."""
    office = an_office(tmp_path, faults=one_after("before", "", "refuse"))
    office.work()
    office.work(hours=1)
    assert office.bank.asked == ["transfer", "query", "transfer", "query"]
    assert store.get(payout.no).state is State.FAILED


def test_a_refused_query_ends_nothing(payout: Payout, tmp_path: Path) -> None:
    office = an_office(tmp_path, faults=one_after("after", "refuse", "refuse"))
    for _ in range(4):
        office.work(hours=1)
    assert store.get(payout.no).state is State.PAID
    assert list(office.bank.book().values()) == [8800]


def test_a_payee_who_has_to_confirm_is_waited_for(payout: Payout, tmp_path: Path) -> None:
    office = an_office(tmp_path, state=PayoutState.WAITS_FOR_PAYEE)
    office.work()
    office.work(hours=2)
    assert store.get(payout.no).state is State.CONFIRMING
    assert balance(AGENT).held == 8800
    office.bank.settle(payout.no, PayoutState.PAID)
    office.work(hours=2)
    assert store.get(payout.no).state is State.PAID
    assert states(payout).count("waits-for-payee") == 1


def test_a_confirmation_that_ran_out_gives_the_money_back(payout: Payout, tmp_path: Path) -> None:
    office = an_office(tmp_path, state=PayoutState.WAITS_FOR_PAYEE)
    office.work()
    office.bank.settle(payout.no, PayoutState.FAILED)
    office.work(hours=24.5)
    assert store.get(payout.no).state is State.FAILED
    assert balance(AGENT) == Balance(50_000, 0)


def test_a_payout_can_be_stopped_while_the_payee_has_not_confirmed(
    payout: Payout, tmp_path: Path
) -> None:
    office = an_office(tmp_path, state=PayoutState.WAITS_FOR_PAYEE)
    office.work()
    release.ask_to_stop(payout.no, NOW_S, "li")
    office.work()
    assert store.get(payout.no).state is State.CANCELLED
    assert balance(AGENT) == Balance(50_000, 0)


def test_whoever_stops_too_late_learns_that_it_was_paid(payout: Payout, tmp_path: Path) -> None:
    office = an_office(tmp_path, state=PayoutState.WAITS_FOR_PAYEE)
    office.work()
    office.bank.settle(payout.no, PayoutState.PAID)
    release.ask_to_stop(payout.no, NOW_S, "li")
    office.work()
    assert "cancel" not in office.bank.asked
    assert store.get(payout.no).state is State.PAID


def test_what_nobody_can_find_out_for_a_day_is_parked(payout: Payout, tmp_path: Path) -> None:
    office = an_office(tmp_path, faults=lambda: "lost")
    for _ in range(30):
        office.work(hours=1)
    assert store.get(payout.no).state is State.PARKED
    assert balance(AGENT).held == 8800, "only a definite end gives it back"
    office.bank = an_office(tmp_path).bank
    release.resume(payout.no, office.clock.now, "li", "the channel is back")
    office.work()
    assert store.get(payout.no).state is State.PAID
    assert list(office.bank.book().values()) == [8800]


@pytest.mark.parametrize("bent", [{"amount": 8801}, {"payee": "somebody else"}])
def test_a_word_that_does_not_fit_is_for_a_person(
    payout: Payout, tmp_path: Path, bent: dict[str, object]
) -> None:
    office = an_office(tmp_path, faults=one_after("after"))
    office.work()
    office.bank.settle(payout.no, PayoutState.PAID, **bent)
    office.work(hours=1)
    after = store.get(payout.no)
    assert (after.state, "another" in after.last_code) == (State.PARKED, True)
    assert balance(AGENT).held == 8800


def test_what_the_channel_knew_and_forgot_is_not_sent_again(payout: Payout, tmp_path: Path) -> None:
    office = an_office(tmp_path, state=PayoutState.WAITS_FOR_PAYEE)
    office.work()
    office.bank.forget(payout.no)
    office.work(hours=1)
    assert store.get(payout.no).state is State.PARKED
    assert office.bank.book() == {}


def test_a_callback_only_wakes_the_query(payout: Payout, tmp_path: Path) -> None:
    office = an_office(tmp_path, state=PayoutState.WAITS_FOR_PAYEE)
    office.work()
    office.bank.settle(payout.no, PayoutState.PAID)
    office.work()
    assert store.get(payout.no).state is State.CONFIRMING, "not due yet"
    assert store.wake(payout.no, office.clock.now)
    office.work()
    assert store.get(payout.no).state is State.PAID
    assert not store.wake(payout.no, office.clock.now), "it has ended"
    assert not store.wake("PO-unknown", office.clock.now)


def test_while_payouts_are_stopped_nothing_is_sent_and_what_was_is_followed(
    payout: Payout, tmp_path: Path
) -> None:
    office = an_office(tmp_path, faults=one_after("after"))
    office.work()
    second = ask_for(1000, key="may")
    release.set_limits(Limits(is_stopped=True), NOW_S, "boss")
    office.work(hours=1)
    assert store.get(payout.no).state is State.PAID
    assert store.get(second.no).state is State.READY
    release.set_limits(Limits(), NOW_S, "boss")
    office.work()
    assert store.get(second.no).state is State.PAID


def test_no_more_goes_out_within_an_hour_than_the_limit(tmp_path: Path) -> None:
    an_agent()
    release.set_limits(Limits(per_hour=10_000), NOW_S, "boss")
    for number in range(4):
        ask_for(4000, key=str(number))
    office = an_office(tmp_path)
    office.work()
    assert len(office.bank.book()) == 2
    office.work(hours=1.1)
    assert len(office.bank.book()) == 4


def test_a_payout_whose_channel_is_not_connected_waits_unsent(
    payout: Payout, tmp_path: Path
) -> None:
    office = an_office(tmp_path)
    for channels in ({}, {"other": office.bank}):
        assert Machine(channels, office.clock, lambda _: TODAY).run_due() == 0
    assert store.get(payout.no) == payout, "neither taken, nor counted as sent"
    assert store.sent_since(0) == 0
    office.work(hours=48)
    assert store.get(payout.no).state is State.PAID


@pytest.mark.parametrize("was_asked", [False, True], ids=["never asked", "asked"])
def test_what_was_parked_is_given_back_only_if_no_channel_was_ever_asked(
    payout: Payout, was_asked: bool
) -> None:
    """Earlier versions took a payout before they saw that its channel was not there."""

    def park() -> None:
        taken = store.take(payout, "lease", NOW_S, NOW_S + LEASE_S)
        store.happen(
            taken, Event.PARKED, NOW_S, "worker", NO_CHANNEL, lease="lease", lease_until_s=0,
            last_code=NO_CHANNEL,
        )  # fmt: skip

    money_transaction(park)
    if was_asked:
        RecordedCalls(lambda: NOW_S).begin("bank", "payout", payout.no, b"x" * 32)
        with pytest.raises(Conflict, match="only the channel"):
            release.refuse(payout.no, NOW_S, "li", "no channel", day=TODAY)
    else:
        release.refuse(payout.no, NOW_S, "li", "no channel", day=TODAY)
        assert store.get(payout.no).state is State.FAILED
    assert balance(AGENT) == Balance(50_000, 8800 if was_asked else 0)


def test_nobody_meddles_while_a_worker_is_at_it(payout: Payout) -> None:
    held = store.take(payout, "lease", NOW_S, NOW_S + LEASE_S)
    with pytest.raises(Conflict):
        store.take(held, "other", NOW_S, NOW_S + LEASE_S)
    with pytest.raises(Conflict):
        release.ask_to_stop(payout.no, NOW_S, "li")
    assert store.due(NOW_S + LEASE_S - 1, 10**9, {"bank"}) is None
    assert store.due(NOW_S + LEASE_S, 10**9, {"bank"}) is not None


def test_the_address_of_a_payee_is_in_no_repr(payout: Payout) -> None:
    assert "openid" not in repr(payout)
    assert "张三" not in repr(payout)
