"""Who bears a double redemption: opened with the fact, closed once, taken back by later facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import peewee
import pytest

from central.errors import Conflict, KeyReused, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction
from central.money.ledger import rules
from central.money.ledger.rules import reserve_accrued
from central.money.ledger.store import post, reverse
from central.stores.redemptions.conflict import (
    DECIDE_S,
    CaseOutcome,
    CaseState,
    Decision,
    claim_of,
    close,
    open_missing,
)
from central.stores.redemptions.tables import ConflictCase
from edge.contract.journal_entry import JournalEntry
from edge.contract.money import Money
from edge.contract.policy import Mode
from tests import builders as b
from tests.central.books import assert_sound, balances, disputed, journals
from tests.central.builders import (
    GIFT,
    LUNCH,
    TODAY,
    Database,
    Till,
    a_voucher,
    at_once,
    enrolled,
    furnish,
)
from tests.central.network.agents.builders import a_tree

STORE = f"2310.{b.STORE}"


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> Iterator[None]:
    """A furnished hub before every test, and books in order after it."""
    furnish()
    a_tree(b.NOW_S - 10)
    yield
    assert_sound()


def a_double(product: Any = LUNCH) -> tuple[Till, Till, ConflictCase]:
    """Two tills that have both taken the same lunch; the second one's is the case."""
    tills, lunch = (enrolled("unit"), enrolled("second")), a_voucher(product)
    for number, till in enumerate(tills):
        till.accept(lunch, at_s=b.NOW_S + number)
        till.deliver()
    return *tills, ConflictCase.get()


def decide(outcome: CaseOutcome = CaseOutcome.PLATFORM, **bent: Any) -> Decision:
    values = {"outcome": outcome, "by": "li", "reason": "both within their limits", **bent}
    return Decision(**values)


def state_of(case: ConflictCase) -> tuple[str, str | None]:
    found = ConflictCase.get(ConflictCase.id == case.id)
    return found.state, found.outcome


def test_a_case_is_opened_with_the_fact_and_stands_apart() -> None:
    _, second, case = a_double()
    assert (case.unit_id, case.epoch, case.seq, case.times) == (second.unit, 1, 1, 0)
    assert (case.state, case.excess_minor, case.currency) == ("open", 8800, "CNY")
    assert case.decide_until_s == b.NOW_S + DECIDE_S
    assert balances() == {"1010.counter": 8800, STORE: -17600, "1150": 8800}


def test_reporting_again_opens_nothing_more() -> None:
    first, second, _ = a_double()
    first.deliver()
    second.deliver()
    assert ConflictCase.select().count() == journals("double-redemption-claimed") == 1


@pytest.mark.parametrize(
    ("outcome", "agent", "moved"),
    [
        (CaseOutcome.PLATFORM, "", {"5050": 8800, STORE: -17600}),
        (CaseOutcome.STORE, "", {STORE: -8800}),
        (CaseOutcome.AGENT, "C1", {"1110.C1": 8800, STORE: -17600}),
        (CaseOutcome.NO_CONFLICT, "", {STORE: -8800}),
    ],
)
def test_each_outcome_posts_what_it_says(
    outcome: CaseOutcome, agent: str, moved: dict[str, int]
) -> None:
    _, _, case = a_double()
    closed = close(case.id, decide(outcome, agent=agent), b.NOW_S + 60)
    assert (closed.state, closed.outcome, closed.agent) == ("closed", outcome, agent or None)
    assert (closed.closed_by, closed.reason) == ("li", "both within their limits")
    assert balances() == {"1010.counter": 8800, **moved}


def test_the_reserve_bears_what_it_holds() -> None:
    _, _, case = a_double()
    accrued = reserve_accrued("1", Money(8799, "CNY"), TODAY, "test")
    money_transaction(lambda: post(accrued, b.NOW_S))
    with pytest.raises(Conflict, match=r"holds 87\.99 only"):
        close(case.id, decide(CaseOutcome.RESERVE), b.NOW_S)
    more = reserve_accrued("2", Money(1, "CNY"), TODAY, "test")
    money_transaction(lambda: post(more, b.NOW_S))
    close(case.id, decide(CaseOutcome.RESERVE), b.NOW_S)
    assert balances().get("2710", 0) == 0


@pytest.mark.parametrize("second", [CaseOutcome.STORE, CaseOutcome.NO_CONFLICT])
def test_a_case_is_closed_once(second: CaseOutcome) -> None:
    _, _, case = a_double()
    close(case.id, decide(CaseOutcome.STORE), b.NOW_S)
    before = balances(), state_of(case)
    with pytest.raises(Conflict, match="is closed already"):
        close(case.id, decide(second, agent="C1" if second == "agent" else ""), b.NOW_S)
    assert (balances(), state_of(case)) == before


def test_of_many_who_close_a_case_at_once_one_does() -> None:
    _, _, case = a_double()
    outcomes = [CaseOutcome.PLATFORM, CaseOutcome.STORE, CaseOutcome.NO_CONFLICT] * 2
    told = at_once(6, lambda n: close(case.id, decide(outcomes[n]), b.NOW_S))
    refused = [t for t in told if isinstance(t, BaseException)]
    assert len(refused) == 5
    assert all(isinstance(t, Conflict) for t in refused)
    assert balances().get("1150", 0) == 0


def test_the_ledger_ends_a_claim_once_whatever_the_case_says() -> None:
    _, _, case = a_double()
    close(case.id, decide(CaseOutcome.PLATFORM), b.NOW_S)
    claim, key = claim_of(case), claim_of(case).outcome_idem
    store_too = rules.double_redemption_borne(claim, rules.Bearer.STORE, TODAY, "li")
    with pytest.raises(KeyReused):
        money_transaction(lambda: post(store_too, b.NOW_S))
    with pytest.raises(KeyReused):
        money_transaction(
            lambda: reverse(key, case.claim_journal_id, b.NOW_S, day=TODAY, actor="li")
        )


@pytest.mark.parametrize(
    ("bent", "error"),
    [
        ({"reason": " "}, RequestInvalid),
        ({"reason": "x" * 501}, RequestInvalid),
        ({"outcome": CaseOutcome.AGENT}, RequestInvalid),
        ({"agent": "C1"}, RequestInvalid),
        ({"outcome": CaseOutcome.AGENT, "agent": "no such.agent"}, NotFound),
        ({"outcome": CaseOutcome.AGENT, "agent": "NOBODY"}, NotFound),
    ],
    ids=["no-reason", "long-reason", "no-agent", "agent-too-many", "no-account", "nobody"],
)
def test_a_decision_that_cannot_be_leaves_nothing_behind(
    bent: dict[str, Any], error: type[Exception]
) -> None:
    _, _, case = a_double()
    before = balances()
    with pytest.raises(error):
        close(case.id, decide(**bent), b.NOW_S)
    assert (balances(), state_of(case)) == (before, (CaseState.OPEN, None))


def test_a_case_that_nobody_opened_is_not_closed() -> None:
    with pytest.raises(NotFound, match="no double redemption 7"):
        close(7, decide(), b.NOW_S)


# --- later facts ---------------------------------------------------------------------------------


def test_a_void_of_the_winner_withdraws_the_open_case() -> None:
    first, _, case = a_double()
    entry = first.void(_entry_of(first), at_s=b.NOW_S + 9)
    assert entry.voids == (1, 1)
    first.deliver(2)
    assert state_of(case) == (CaseState.WITHDRAWN, None)
    assert balances() == {"1010.counter": 8800, STORE: -8800}


@pytest.mark.parametrize("outcome", [*CaseOutcome])
def test_a_late_void_takes_a_decision_back(outcome: CaseOutcome) -> None:
    """Somebody has borne it; then it turns out that there was nothing to bear."""
    _fill_reserve(8800)
    first, _, case = a_double()
    close(case.id, decide(outcome, agent="C1" if outcome == "agent" else ""), b.NOW_S)
    first.void(_entry_of(first), at_s=b.NOW_S + 9)
    first.deliver(2)
    assert state_of(case) == (CaseState.WITHDRAWN, outcome)
    assert balances() == {"1010.counter": 8800, STORE: -8800, "5050": 8800, "2710": -8800}


def test_an_excess_that_changes_is_another_case() -> None:
    """An exact redemption that comes late takes more of the card than was left of it before."""
    solo, exact, card = enrolled("unit"), enrolled("second"), a_voucher(GIFT)
    solo.accept(card, 15000)
    solo.deliver()
    for number, amount in enumerate((6000, 9000), start=1):
        exact.accept(card, amount, mode=Mode.ONLINE)
        exact.deliver(number)
    found = ConflictCase.select().order_by(ConflictCase.times)
    assert [(c.times, c.state, c.excess_minor) for c in found] == [
        (0, "withdrawn", 1000), (1, "open", 10000),
    ]  # fmt: skip
    assert disputed() == 10000


def test_what_no_till_can_have_given_is_not_claimed() -> None:
    till, lunch = enrolled(), a_voucher()
    till.accept(lunch, amount=2**63 - 1)
    till.deliver()
    assert (ConflictCase.get().excess, disputed()) == (1, 8800)


def test_conflicts_of_before_get_their_cases_once() -> None:
    _, _, case = a_double()
    close(case.id, decide(CaseOutcome.NO_CONFLICT), b.NOW_S)
    assert open_missing("CNY", b.NOW_S) == 0
    change("UPDATE conflict_case SET state = 'withdrawn'")
    assert [open_missing("CNY", b.NOW_S) for _ in range(2)] == [1, 0]
    assert [c.times for c in ConflictCase.select().where(ConflictCase.state == "open")] == [1]


def _entry_of(till: Till) -> JournalEntry:
    return JournalEntry.decode(till.raws[0])


def _fill_reserve(minor: int) -> None:
    accrued = reserve_accrued("1", Money(minor, "CNY"), TODAY, "test")
    money_transaction(lambda: post(accrued, b.NOW_S))


# --- what the database itself refuses ------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE conflict_case SET excess_minor = 1", "stays what it is|closed once"),
        ("UPDATE conflict_case SET store_id = 'S0500'", "stays what it is|closed once"),
        ("UPDATE conflict_case SET outcome = 'store'", "closed once"),
        ("UPDATE conflict_case SET reason = 'another'", "closed once"),
        ("DELETE FROM conflict_case", "a case stays"),
    ],
)
def test_a_closed_case_is_never_edited(statement: str, why: str) -> None:
    _, _, case = a_double()
    close(case.id, decide(CaseOutcome.PLATFORM), b.NOW_S)
    with pytest.raises(peewee.DatabaseError, match=why):
        change(statement)


def test_an_entry_has_one_case_that_counts() -> None:
    a_double()
    with pytest.raises(peewee.IntegrityError, match=r"(?i)unique"):
        change("INSERT INTO conflict_case (id, unit_id, epoch, seq, times, store_id, voucher_id,"
               " excess, excess_minor, currency, state, opened_at_s, decide_until_s,"
               " claim_journal_id) SELECT 99, unit_id, epoch, seq, 7, store_id, voucher_id, excess,"
               " excess_minor, currency, 'open', opened_at_s, decide_until_s, claim_journal_id"
               " FROM conflict_case")  # fmt: skip
