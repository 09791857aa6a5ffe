"""A sale is shared in the transaction that completes it: once, and with all that it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.errors import HubError, KeyReused, NotFound, PostingRefused, SharingRefused
from central.foundation.db.engine import money_transaction, rows
from central.money.ledger import rules
from central.money.ledger.audit import audit, size
from central.money.ledger.rules import Commission
from central.money.ledger.store import post
from central.money.sharing.earn import Earned, Part, earn, earn_part, promise
from central.money.sharing.model import LevelId, Link, Over
from central.money.sharing.rule_body import read_snapshot
from central.money.sharing.work_out import work_out
from edge.contract.money import Money
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, at_once
from tests.central.money.sharing.builders import (
    BY_LEVEL,
    CHAIN,
    CITY_1,
    GENERAL_1,
    PROVINCE_1,
    TODAY,
    a_rule,
    a_sale,
    activated,
    complete,
    fixed,
    redeem,
)

BOTH = (Commission(CITY_1, 500), Commission(PROVINCE_1, 200))


def commissions(ref: str = "O-1") -> list[tuple[Any, ...]]:
    return rows(
        "SELECT agent, minor, kept_minor, state, release_at_s FROM commission WHERE sale = ?"
        " ORDER BY place",
        (ref,),
    )


def test_a_completed_order_is_one_journal_with_its_shares(hub_database: Database) -> None:
    activated(a_rule())
    assert complete(a_sale()) == Earned("O-1", BOTH, created=True)
    assert balances() == {
        "1010.web": 10_000, "2210.sup": -6_000, "4010": -10_000, "5010": 6_000, "5020": 700,
        "2111.C1": -500, "2111.P1": -200,
    }  # fmt: skip
    until_s = b.NOW_S + 7 * 86_400
    assert commissions() == [
        ("C1", 500, 500, "pending", until_s), ("P1", 200, 200, "pending", until_s),
    ]  # fmt: skip
    assert audit() == []


def test_a_sale_for_others_lessens_the_margin(hub_database: Database) -> None:
    """The net variant: what is left of the price after supplier and agents is the house's."""
    activated(a_rule())
    complete(a_sale(), is_agency=True)
    assert balances() == {
        "1010.web": 10_000, "2210.sup": -6_000, "4020": -3_300, "2111.C1": -500, "2111.P1": -200,
    }  # fmt: skip


def test_an_order_that_is_told_again_is_shared_once(hub_database: Database) -> None:
    activated(a_rule())
    complete(a_sale())
    again = complete(a_sale(), at_s=b.NOW_S + 99)
    assert again == Earned("O-1", BOTH, created=False)
    assert size() == (2, 9)
    assert len(commissions()) == 2


@pytest.mark.parametrize(
    "bent",
    [{"minor": 10_001}, {"cost_minor": 1}, {"chain": CHAIN[1:]}, {"at_s": b.NOW_S + 1},
     {"product": 8}],
    ids=lambda bent: next(iter(bent)),
)  # fmt: skip
def test_a_number_stands_for_one_sale(hub_database: Database, bent: dict[str, Any]) -> None:
    activated(a_rule())
    complete(a_sale())
    with pytest.raises(KeyReused):
        money_transaction(lambda: earn(a_sale(**bent), b.NOW_S))
    with pytest.raises(KeyReused):
        money_transaction(lambda: promise(a_sale(), b.NOW_S))


def test_without_a_rule_set_nobody_earns(hub_database: Database) -> None:
    assert complete(a_sale()).commissions == ()
    assert balances()["4010"] == -10_000
    assert rows("SELECT scope, version, left_minor FROM shared_sale") == [(None, None, 10_000)]


def test_the_rule_set_of_the_sale_s_moment_counts(hub_database: Database) -> None:
    activated(a_rule(fixed(100)), from_s=b.NOW_S - 10)
    activated(a_rule(fixed(900)), from_s=b.NOW_S)
    assert complete(a_sale(at_s=b.NOW_S - 1)).commissions == (Commission(CITY_1, 100),)
    assert complete(a_sale("O-2")).commissions == (Commission(CITY_1, 900),)
    assert rows("SELECT version FROM shared_sale ORDER BY ref") == [(1,), (2,)]


def test_what_stands_with_an_order_is_worked_out_again_to_the_fen(
    hub_database: Database,
) -> None:
    """Years later, when the rule sets are others and the agents stand elsewhere."""
    activated(a_rule(BY_LEVEL))
    complete(a_sale(minor=9_999))
    activated(a_rule(fixed(1)), from_s=b.NOW_S + 1)
    [(text,)] = rows("SELECT snapshot FROM shared_sale")
    kept = json.loads(text)
    again = work_out(*read_snapshot(kept))
    assert again.by_agent == {agent: minor for agent, minor, *_ in commissions()}
    assert again.house_minor == kept["house_minor"]
    assert [s["cuts"] for s in kept["shares"]] == [[], [], ["levels"]]
    assert (kept["scope"], kept["version"]) == ("default", 1)


@pytest.mark.parametrize(
    ("bent", "why"),
    [
        ({"minor": 0}, "positive"),
        ({"minor": -500}, "positive"),
        ({"minor": 10**16}, "beyond all bounds"),
        ({"cost_minor": -1}, "not negative"),
        ({"amount": Money(10_000, "USD")}, "another currency"),
        ({"chain": (CHAIN[0], CHAIN[0])}, "once"),
        ({"minor": 400, "cost_minor": 0}, "All shares together"),
    ],
)
def test_what_cannot_be_shared_leaves_nothing_half_done(
    hub_database: Database, bent: dict[str, Any], why: str
) -> None:
    activated(a_rule(fixed(500), over=Over.REFUSE))
    with pytest.raises(SharingRefused, match=why):
        money_transaction(lambda: earn(a_sale(**bent), b.NOW_S))
    assert rows("SELECT count(*) FROM shared_sale") == [(0,)]
    assert size() == (0, 0)


def test_a_sale_that_the_ledger_refuses_is_not_shared(hub_database: Database) -> None:
    activated(a_rule())

    def work() -> None:
        earned = earn(a_sale(), b.NOW_S)
        costs = (rules.Cost("9999.sup", 6_000),)  # the chart has no such account
        done = rules.Completed("O-1", a_sale().amount, costs, earned.commissions)
        post(rules.order_completed(done, TODAY, "test"), b.NOW_S)

    with pytest.raises(PostingRefused):
        money_transaction(work)
    assert commissions() == []
    assert rows("SELECT count(*) FROM shared_sale") == [(0,)]


def test_an_agent_keeps_one_currency(hub_database: Database) -> None:
    activated(a_rule())
    activated(a_rule(currency="USD"), scope="product:9")
    complete(a_sale())
    with pytest.raises(PostingRefused, match="not USD"):
        complete(a_sale("O-2", amount=Money(500, "USD"), cost_minor=0, product=9))
    assert commissions("O-2") == []


def test_many_who_complete_one_order_share_it_once(hub_database: Database) -> None:
    activated(a_rule())
    told = at_once(6, lambda _: complete(a_sale()))
    assert sum(isinstance(one, Earned) and one.created for one in told) == 1, told
    assert all(isinstance(one, Earned) for one in told), told
    assert balances()["2111.C1"] == -500


# --- vouchers: promised first, earned part by part ------------------------------------------------


def promised(minor: int = 10_000) -> Earned:
    activated(a_rule())
    return money_transaction(lambda: promise(a_sale("V-1", minor, cost_minor=0), b.NOW_S))


def test_what_is_promised_is_earned_by_nobody_yet(hub_database: Database) -> None:
    assert promised().commissions == BOTH
    assert balances() == {}
    assert [(state, kept) for _, _, kept, state, _ in commissions("V-1")] == [
        ("promised", 500), ("promised", 200),
    ]  # fmt: skip


def test_a_redemption_earns_its_part_and_the_last_one_the_rest(hub_database: Database) -> None:
    promised(9_999)
    parts = [redeem(f"R{n}", minor).commissions for n, minor in enumerate((3_333, 3_333, 3_333))]
    assert [[one.minor for one in part] for part in parts] == [[166, 67], [167, 66], [166, 67]]
    assert balances() == {"5020": 699, "2111.C1": -499, "2111.P1": -200}
    assert [kept for _, _, kept, _, _ in commissions("V-1")] == [0, 0]
    assert {state for _, _, _, state, _ in commissions("R0")} == {"pending"}


def test_a_redemption_that_is_told_again_earns_once(hub_database: Database) -> None:
    promised()
    first = redeem("R1", 5_000)
    assert redeem("R1", 5_000) == first._replace(created=False)
    assert balances() == {"5020": 350, "2111.C1": -250, "2111.P1": -100}
    with pytest.raises(KeyReused):
        redeem("R1", 4_000)


def test_a_part_so_small_that_nobody_earns_of_it_is_noted(hub_database: Database) -> None:
    promised()
    assert redeem("R1", 1).commissions == ()
    assert rows("SELECT left_minor FROM shared_sale WHERE ref = 'V-1'") == [(9_999,)]


@pytest.mark.parametrize(
    ("minor", "currency", "kind"),
    [(10_001, "CNY", SharingRefused), (0, "CNY", SharingRefused), (-1, "CNY", SharingRefused),
     (100, "USD", SharingRefused)],
)  # fmt: skip
def test_more_than_was_promised_is_not_earned(
    hub_database: Database, minor: int, currency: str, kind: type[HubError]
) -> None:
    promised()
    with pytest.raises(kind, match=r"100\.00 are left"):
        redeem("R1", minor, currency=currency)
    assert commissions("R1") == []


def test_what_was_never_promised_is_not_found(hub_database: Database) -> None:
    with pytest.raises(NotFound, match="V-1"):
        redeem("R1", 100)
    activated(a_rule())
    complete(a_sale("V-1"))
    with pytest.raises(NotFound):
        redeem("R1", 100)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    minor=st.integers(1, 30_000),
    steps=st.lists(st.integers(1, 30_000), max_size=6),
    number=st.integers(0, 2**60),
)
def test_however_a_voucher_is_used_up_everybody_earns_all_of_his_share(
    sqlite_database: Database, minor: int, steps: list[int], number: int
) -> None:
    if not rows("SELECT 1 FROM sharing_rule"):
        activated(a_rule(BY_LEVEL, paid_levels=2))
    ref, left = f"V-{number}-{rows('SELECT count(*) FROM shared_sale')[0][0]}", minor
    whole = money_transaction(lambda: promise(a_sale(ref, minor, cost_minor=0), b.NOW_S))
    earned: dict[str, int] = {}
    for place, step in enumerate([*steps, minor]):
        part = Part(f"{ref}/{place}", ref, Money(min(step, left), "CNY"))
        if not part.amount.minor:
            break
        for one in money_transaction(lambda part=part: earn_part(part, b.NOW_S)).commissions:  # type: ignore[misc]
            earned[one.agent] = earned.get(one.agent, 0) + one.minor
        left -= part.amount.minor
    assert earned == {one.agent: one.minor for one in whole.commissions}


def test_who_is_barred_at_the_sale_stands_with_it(hub_database: Database) -> None:
    activated(a_rule(BY_LEVEL, paid_levels=3), answered_for="Agreed.")
    chain = (Link(CITY_1, LevelId("city")), CHAIN[1]._replace(barred="suspended"), CHAIN[2])
    assert complete(a_sale(chain=chain)).commissions == (
        Commission(CITY_1, 400), Commission(GENERAL_1, 300),
    )  # fmt: skip
