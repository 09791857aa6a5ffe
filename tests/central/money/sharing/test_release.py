"""Commissions are released when their hold is over: each once, and none stops another."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.errors import HubError
from central.foundation.db.engine import change, rows
from central.money.ledger.audit import audit, size
from central.money.ledger.store import journal_id_of
from central.money.sharing.model import AgentId
from central.money.sharing.release import Released, release, release_due
from tests import builders as b
from tests.central.books import balances
from tests.central.builders import Database, at_once
from tests.central.money.sharing.builders import (
    BY_LEVEL,
    CITY_1,
    PROVINCE_1,
    ZONE,
    a_rule,
    a_sale,
    activated,
    complete,
    pay_out,
    refund,
)

HOLD_S = 7 * 86_400
DUE_S = b.NOW_S + HOLD_S


def run(now_s: int = DUE_S, **bent: Any) -> Released:
    return release_due(now_s, timezone=ZONE, **bent)


def test_a_commission_is_released_when_its_hold_is_over(hub_database: Database) -> None:
    activated(a_rule())
    complete(a_sale())
    assert run(DUE_S - 1) == Released(0, {}, 0, [])
    assert run() == Released(2, {"CNY": 700}, 0, [])
    assert balances()["2110.C1"] == -500
    assert "2111.C1" not in balances()
    assert journal_id_of("rel:O-1:C1") is not None
    assert rows("SELECT state, released_at_s FROM commission ORDER BY place") == [
        ("released", DUE_S), ("released", DUE_S),
    ]  # fmt: skip
    assert audit() == []


def test_a_run_that_is_repeated_releases_nothing_twice(hub_database: Database) -> None:
    activated(a_rule())
    complete(a_sale())
    run()
    before = size()
    assert run(DUE_S + 99) == Released(0, {}, 0, [])
    assert release("O-1", CITY_1, DUE_S + 99, timezone=ZONE) is None
    assert size() == before


def test_without_a_hold_it_is_released_at_once(hub_database: Database) -> None:
    activated(a_rule(hold_s=0))
    complete(a_sale())
    assert run(b.NOW_S).commissions == 2


def test_what_was_refunded_in_part_is_released_in_part(hub_database: Database) -> None:
    activated(a_rule())
    complete(a_sale())
    refund(a_sale(), 5_000)
    assert run().minor == {"CNY": 350}
    complete(a_sale("O-2"))
    refund(a_sale("O-2"), 10_000, "RF-2")
    assert run() == Released(0, {}, 0, [])


def test_who_is_suspended_waits_and_is_not_forgotten(hub_database: Database) -> None:
    activated(a_rule())
    complete(a_sale())
    assert run(held={PROVINCE_1}) == Released(1, {"CNY": 500}, 1, [])
    assert run().minor == {"CNY": 200}


def test_more_than_one_batch_is_released_in_one_run(
    hub_database: Database,
) -> None:
    activated(a_rule())
    for number in range(4):
        complete(a_sale(f"O-{number}"), b.NOW_S + number % 2)
    assert run(DUE_S + 9, batch=3).commissions == 8
    assert balances()["2110.C1"] == -2_000


def test_one_that_cannot_be_released_stops_no_other(hub_database: Database) -> None:
    activated(a_rule())
    complete(a_sale())
    change("UPDATE account SET closed = ? WHERE code = '2111.C1'", (True,))
    done = run()
    assert (done.commissions, done.minor, len(done.faults)) == (1, {"CNY": 200}, 1)
    assert done.faults == [
        "O-1 C1: The ledger refuses this posting: rel:O-1:C1: the account is closed"
    ]
    assert rows("SELECT state FROM commission ORDER BY place") == [("pending",), ("released",)]
    change("UPDATE account SET closed = ? WHERE code = '2111.C1'", (False,))
    assert run(DUE_S + 1).minor == {"CNY": 500}


def test_many_runs_at_once_release_once(hub_database: Database) -> None:
    activated(a_rule())
    for number in range(3):
        complete(a_sale(f"O-{number}"))
    told = at_once(4, lambda _: run())
    assert sum(one.commissions for one in told if isinstance(one, Released)) == 6, told
    assert balances()["2110.C1"] == -1_500


# --- a long life ---------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["sale", "sale", "refund", "release", "pay", "again"]),
        st.integers(1, 20_000), st.integers(0, 9),
    ),
    max_size=25,
)  # fmt: skip


class Life:
    """Sales, refunds, releases and payouts in any order; what is refused leaves no trace."""

    def __init__(self) -> None:
        self.prefix = f"L{rows('SELECT count(*) FROM shared_sale')[0][0]}"
        [(newest_s,)] = rows("SELECT coalesce(max(at_s), 0) FROM journal")
        self.now_s = max(b.NOW_S, newest_s + 1)
        self.sales: list[Any] = []
        self.refunds: list[Any] = []

    def step(self, kind: str, minor: int, which: int) -> None:
        self.now_s += which * 86_400
        try:
            getattr(self, f"do_{kind}")(minor, which)
        except HubError:
            return

    def do_sale(self, minor: int, which: int) -> None:
        sale = a_sale(f"{self.prefix}-{len(self.sales)}", minor, at_s=self.now_s)
        self.sales.append(sale)
        complete(sale, self.now_s)

    def do_refund(self, minor: int, which: int) -> None:
        if self.sales:
            sale = self.sales[which % len(self.sales)]
            ref = f"RF-{self.prefix}-{len(self.refunds)}"
            refund(sale, minor, ref, self.now_s)
            self.refunds.append((sale, minor, ref))

    def do_again(self, minor: int, which: int) -> None:
        if self.refunds:
            sale, before, ref = self.refunds[which % len(self.refunds)]
            assert not refund(sale, before, ref, self.now_s).created

    def do_release(self, minor: int, which: int) -> None:
        assert run(self.now_s).faults == []

    def do_pay(self, minor: int, which: int) -> None:
        pay_out(f"{'CPG'[which % 3]}1", minor, f"{self.prefix}:{self.now_s}", self.now_s)


def assert_the_books_say_what_the_commissions_say() -> None:
    found = balances()
    kept: dict[tuple[str, str], int] = {
        (agent, state): minor
        for agent, state, minor in rows(
            "SELECT agent, state, sum(kept_minor) FROM commission GROUP BY agent, state"
        )
    }
    payouts = rows(
        "SELECT code, sum(amount) FROM entry JOIN account ON account.id = account_id"
        " JOIN journal ON journal.id = journal_id WHERE journal.kind = 'po' GROUP BY code"
    )
    paid = {code: int(minor) for code, minor in payouts}
    for agent in ("C1", "P1", "G1"):
        assert -found.get(f"2111.{agent}", 0) == kept.get((agent, "pending"), 0)
        wallet, owed = -found.get(f"2110.{agent}", 0), found.get(f"1110.{agent}", 0)
        released = kept.get((agent, "released"), 0)
        assert wallet - owed == released - paid.get(f"2110.{agent}", 0)
        assert min(wallet, owed) >= 0
    assert found.get("5020", 0) == sum(kept.values())
    assert audit() == []


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_a_long_life_leaves_the_books_in_order(
    hub_database: Database, steps: list[tuple[str, int, int]]
) -> None:
    """The examples share one database: a longer and longer history, all of it checked."""
    if not rows("SELECT 1 FROM sharing_rule"):
        activated(a_rule(BY_LEVEL, paid_levels=3, total_ppm=300_000), answered_for="Agreed.")
    life = Life()
    for kind, minor, which in steps:
        life.step(kind, minor, which)
    assert_the_books_say_what_the_commissions_say()


def test_after_everything_is_refunded_nobody_has_earned_anything(hub_database: Database) -> None:
    activated(a_rule())
    for number in range(5):
        complete(a_sale(f"O-{number}", 777 + number))
    run()
    for number in range(5):
        for part, minor in enumerate((300, 477 + number)):
            refund(a_sale(f"O-{number}", 777 + number), minor, f"RF-{number}-{part}")
    assert_the_books_say_what_the_commissions_say()
    assert "5020" not in balances()
    assert {s for (s,) in rows("SELECT state FROM commission")} == {"clawed"}


def test_an_agent_nobody_knows_has_nothing_to_release(hub_database: Database) -> None:
    assert release("O-1", AgentId("X"), DUE_S, timezone=ZONE) is None
