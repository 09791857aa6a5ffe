"""Every posting rule once or more, on both engines, against a trial balance that is checked in."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from central.foundation.db.engine import money_transaction
from central.foundation.language.words import POSTINGS
from central.money.ledger import rules, store
from central.money.ledger.audit import audit
from central.money.ledger.chart import CHART, heading_of
from central.money.ledger.posting import check
from central.money.ledger.statement import trial_balance
from central.money.ledger.store import Posted
from tests.builders import NOW_S
from tests.central.builders import Database
from tests.central.money.ledger import walk
from tests.central.money.ledger.walk import Step, steps

GOLDEN = Path(__file__).with_name("golden_trial_balance.json")
CLEARED = ("1010", "2010", "2610", "2410", "1150", "1920", "2310", "2320", "2111")


def take(step: Step) -> Posted:
    """Take one step as its use case would."""
    told = step.posting
    known = store.journal_id_of(step.of) or 0
    if step.how == "post":
        return store.post(told, NOW_S)
    if step.how == "hold":
        return store.hold(told, NOW_S)
    when = {"day": told.effective, "actor": told.actor}
    if step.how == "commit":
        return store.commit(told.idem, known, NOW_S, **when, legs=told.legs)  # type: ignore[arg-type]
    if step.how == "void":
        return store.void(told.idem, known, NOW_S, **when)  # type: ignore[arg-type]
    assert step.how == "reverse"
    return store.reverse(told.idem, known, NOW_S, **when)  # type: ignore[arg-type]


def walked() -> dict[str, list[int]]:
    return {a.code: [a.debit, a.credit] for a in trial_balance()}


def test_the_walk_leads_to_the_golden_trial_balance(hub_database: Database) -> None:
    for step in steps():
        posted = money_transaction(lambda step=step: take(step))  # type: ignore[misc]
        assert posted.created, step.posting.idem
    assert walked() == json.loads(GOLDEN.read_text("utf-8"))
    for account in trial_balance():
        heading = heading_of(account.code)
        if heading.clears or heading.type.is_closed_by_month:
            assert account.balance == 0, account.code
    assert audit() == []


def test_a_walk_that_is_told_again_changes_nothing(hub_database: Database) -> None:
    for step in steps():
        money_transaction(lambda step=step: take(step))  # type: ignore[misc]
    before = walked()
    for step in steps():
        posted = money_transaction(lambda step=step: take(step))  # type: ignore[misc]
        assert not posted.created, step.posting.idem
    assert walked() == before


def test_the_chart_says_what_passes_through() -> None:
    assert {h.code for h in CHART.values() if h.clears} == set(CLEARED)


def test_the_walk_goes_through_every_rule() -> None:
    assert {step.rule for step in steps()} == set(range(24))
    written = {
        name for name, rule in inspect.getmembers(rules, inspect.isfunction)
        if rule.__annotations__["return"] == "Posting"
    }  # fmt: skip
    assert written
    assert written - set(re.findall(r"rules\.(\w+)\(", inspect.getsource(walk))) == set()


@pytest.mark.parametrize("step", steps(), ids=lambda step: f"{step.rule}-{step.posting.idem}")
def test_every_posting_balances_on_accounts_of_the_chart(step: Step) -> None:
    check(step.posting)
    assert all(heading_of(leg.account) for leg in step.posting.legs)


def test_every_kind_of_journal_has_a_name_for_people() -> None:
    assert {step.posting.kind for step in steps()} <= set(POSTINGS)


def test_each_event_has_a_key_of_its_own() -> None:
    keys = [step.posting.idem for step in steps()]
    assert len(set(keys)) == len(keys)
