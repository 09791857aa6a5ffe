"""Twenty thousand operations as they come, held against a model that only adds and subtracts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from central.errors import KeyReused, PostingRefused
from central.foundation.db.engine import HUB, money_transaction
from central.money.ledger import rules, store
from central.money.ledger.audit import prove
from central.money.ledger.balance import Balance
from central.money.ledger.chart import heading_of
from central.money.ledger.close import close_day, close_month
from central.money.ledger.closes import closed_through
from central.money.ledger.posting import Leg, Posting
from central.money.ledger.seal import seal_new
from central.money.ledger.statement import statement, trial_balance
from edge.contract.money import Money
from tests.builders import NOW_S
from tests.central.builders import Database

FIRST_DAY = 20260402
OPERATIONS_PER_TRANSACTION = 100
AGENTS = tuple(f"A{number}" for number in range(12))


@dataclass
class Known:
    """One journal, as the model has it."""

    posting: Posting
    id: int
    held: tuple[Leg, ...] = ()
    is_reversed: bool = False


@dataclass
class Walk:
    """Draws operations, does them, and keeps its own books."""

    chance: random.Random
    days: list[int] = field(default_factory=lambda: [FIRST_DAY])
    """The calendar until today."""
    number: int = 0
    known: list[Known] = field(default_factory=list)
    moved: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Debits less credits, by account and day."""
    now: Counter[str] = field(default_factory=Counter)
    """The same until now, by account."""
    holds: list[Known] = field(default_factory=list)
    """Those that are open."""
    held: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def step(self) -> None:
        """Do one thing."""
        kinds: list[Callable[[], None]] = [
            self.sale, self.sale, self.sale, self.top_up, self.hold, self.hold, self.commit,
            self.commit, self.void, self.reverse, self.replay, self.claw, self.overdraw, self.late,
            self.other_body,
        ]  # fmt: skip
        kind = self.chance.choice(kinds)
        self.number += 1
        try:
            with HUB.atomic():
                kind()
        except (PostingRefused, KeyReused):
            self.refused[kind.__name__] += 1
        else:
            self.done[kind.__name__] += 1

    # What can happen.

    def sale(self) -> None:
        """An order with shares on four levels, told on some day of the last three."""
        shares = tuple(
            rules.Commission(agent, self.chance.randint(1, 500))
            for agent in self.chance.sample(AGENTS, 4)
        )
        price = self.chance.randint(3_000, 90_000)
        cost = (rules.Cost("2210.north", self.chance.randint(1, price)),)
        order = rules.Completed(
            f"O{self.number}", Money(price, "CNY"), cost, shares,
            is_agency=self.chance.random() < 0.5,
        )  # fmt: skip
        day = self.some_day()
        paid = rules.paid("web", f"T{self.number}", order.order, order.price, day, "walk")
        self.take(paid, store.post(paid, NOW_S).id)
        completed = rules.order_completed(order, day, "walk")
        self.take(completed, store.post(completed, NOW_S).id)

    def top_up(self) -> None:
        """An agent pays in advance."""
        posting = rules.prepaid(
            "1010.web", f"P{self.number}", self.agent(),
            Money(self.chance.randint(1, 9_000), "CNY"), self.some_day(), "walk",
        )  # fmt: skip
        self.take(posting, store.post(posting, NOW_S).id)

    def hold(self) -> None:
        """Part of what an agent has is set aside; sometimes more than there is."""
        code = f"{self.chance.choice(['2111', '2130'])}.{self.agent()}"
        left = self.left(code)
        payout = rules.Payout(
            str(self.number),
            code,
            "web",
            Money(self.chance.randint(1, max(1, left) * 5 // 4), "CNY"),
        )
        posting = rules.payout_requested(payout, self.day, "walk")
        known = Known(posting, store.hold(posting, NOW_S).id, posting.legs)
        self.known.append(known)
        self.set_aside(known, 1)

    def commit(self) -> None:
        """A hold becomes a posting: all of it, or a part with a fee."""
        known = self.a_hold()
        whole = known.held[0].minor
        part = self.chance.choice([whole, self.chance.randint(1, whole)])
        payout = rules.Payout(known.posting.ref, known.held[0].account, "web", Money(part, "CNY"))
        paid = rules.payout_paid(payout, self.day, "walk", fee=self.chance.randint(0, 3))
        done = store.commit(paid.idem, known.id, NOW_S, day=self.day, actor="walk", legs=paid.legs)
        self.set_aside(known, -1)
        self.take(paid, done.id)

    def void(self) -> None:
        """A hold is given back."""
        known = self.a_hold()
        key = rules.payout_void_key(known.posting.ref)
        store.void(key, known.id, NOW_S, day=self.day, actor="walk")
        self.set_aside(known, -1)

    def reverse(self) -> None:
        """Any journal is taken back, unless it was, or somebody has spent what it gave."""
        known = self.chance.choice(self.known)
        back = store.reverse(
            f"rv:{known.id}:{self.number}", known.id, NOW_S, day=self.day, actor="walk"
        )
        assert not known.is_reversed
        assert not known.held
        known.is_reversed = True
        mirror = tuple(leg._replace(side=-leg.side) for leg in known.posting.legs)
        self.count(mirror, self.day)
        self.known.append(Known(known.posting._replace(legs=mirror, effective=self.day), back.id))

    def replay(self) -> None:
        """The same event again is the same journal."""
        known = self.chance.choice([k for k in self.known[-200:] if k.posting.idem[:2] == "oc"])
        assert store.post(known.posting, NOW_S + 5) == store.Posted(known.id, created=False)

    def claw(self) -> None:
        """An agent gives back what he has; what is missing he owes."""
        agent = self.agent()
        pending = self.left(f"2111.{agent}")
        clawed = rules.claw(agent, self.chance.randint(1, 700), pending=pending, available=0)
        refunded = rules.Refunded(
            f"R{self.number}", "O", "web", Money(self.chance.randint(700, 900), "CNY"), (clawed,)
        )
        posting = rules.refund_after_completion(refunded, self.some_day(), "walk")
        self.take(posting, store.post(posting, NOW_S).id)

    def overdraw(self) -> None:
        """More than an agent has left: never."""
        agent = self.agent()
        too_much = Money(self.left(f"2130.{agent}") + 1, "CNY")
        posting = rules.bought_from_prepaid(f"B{self.number}", agent, too_much, self.day, "walk")
        store.post(posting, NOW_S)
        raise AssertionError("an agent has spent what he did not have")

    def late(self) -> None:
        """Something of a closed day: never."""
        day = closed_through() or 20260101
        posting = rules.prepaid("1010.web", f"L{self.number}", "A0", Money(5, "CNY"), day, "walk")
        journal_id = store.post(posting, NOW_S).id
        assert closed_through() == 0
        self.take(posting, journal_id)

    def other_body(self) -> None:
        """The key of another event: never."""
        known = self.chance.choice([k for k in self.known[-200:] if k.posting.idem[:2] == "oc"])
        store.post(known.posting._replace(ref="another"), NOW_S)
        raise AssertionError("one key has stood for two events")

    # The model's own books.

    def agent(self) -> str:
        return self.chance.choice(AGENTS)

    @property
    def day(self) -> int:
        return self.days[-1]

    def some_day(self) -> int:
        return self.chance.choice([day for day in self.days[-3:] if day > closed_through()])

    def a_hold(self) -> Known:
        if not self.holds:
            raise PostingRefused("there is no hold")
        return self.chance.choice(self.holds)

    def take(self, posting: Posting, journal_id: int) -> None:
        self.known.append(Known(posting, journal_id))
        self.count(posting.legs, posting.effective)

    def count(self, legs: tuple[Leg, ...], day: int) -> None:
        for leg in legs:
            self.moved[leg.account, day] += leg.side * leg.minor
            self.now[leg.account] += leg.side * leg.minor

    def set_aside(self, known: Known, way: int) -> None:
        if way == 1:
            self.holds.append(known)
        else:
            self.holds.remove(known)
        self.held[known.held[0].account] += way * known.held[0].minor

    def left(self, code: str) -> int:
        return -self.now[code] - self.held[code]

    def through(self, day: int) -> dict[str, int]:
        """Return what had moved through a day, but for what was nothing."""
        found: Counter[str] = Counter()
        for (code, of_day), minor in self.moved.items():
            if of_day <= day:
                found[code] += minor
        return {code: minor for code, minor in found.items() if minor}

    def agrees(self) -> None:
        """Hold every account against the model, now and at the end of many days."""
        now = {code: minor for code, minor in self.now.items() if minor}
        assert {a.code: a.balance for a in trial_balance() if a.balance} == now
        for code in sorted(self.now):
            sign = heading_of(code).type.sign
            expected = Balance(sign * self.now[code], self.held[code] if sign == -1 else 0)
            assert store.balance(code) == expected, code
        for day in self.days[:: len(self.days) // 12] + self.days[-4:]:
            found = {a.code: a.balance for a in trial_balance(day) if a.balance}
            assert found == self.through(day), day
        code = "2111.A0"
        first, last = self.days[len(self.days) // 3], self.days[2 * len(self.days) // 3]
        told = statement(code, first, last)
        assert told is not None
        assert told.closing == -self.through(last).get(code, 0)
        assert told.closing - told.opening == -sum(
            minor for (c, day), minor in self.moved.items() if c == code and first <= day <= last
        )


def close_and_go_on(walk: Walk) -> None:
    """The night comes: what is three days old is closed, and a month with its journal."""
    walk.days.append(rules.day_after(walk.day))
    ended = walk.days[-2]
    if ended == rules.last_day_of(ended // 100):
        close_a_month(walk, ended // 100)
    elif len(walk.days) > 4 and walk.days[-4] > closed_through():
        close_day(walk.days[-4], NOW_S, today=walk.day, actor="walk")


def close_a_month(walk: Walk, month: int) -> None:
    results = tuple(
        rules.Result(account.code, account.balance)
        for account in trial_balance(rules.last_day_of(month))
        if account.balance and heading_of(account.code).type.is_closed_by_month
    )
    close_month(month, NOW_S, today=walk.day, actor="walk")
    posting = rules.month_closed(month, "CNY", results, "walk")
    walk.count(posting.legs, posting.effective)


def go(walk: Walk, operations: int) -> None:
    def some() -> None:
        for _ in range(OPERATIONS_PER_TRANSACTION):
            walk.step()

    for _ in range(operations // OPERATIONS_PER_TRANSACTION):
        money_transaction(some)
        if walk.chance.random() < 0.3:
            seal_new()
        close_and_go_on(walk)


@pytest.mark.parametrize("seed", [1])
def test_twenty_thousand_operations_leave_the_books_in_order(
    sqlite_database: Database, seed: int
) -> None:
    walk = Walk(random.Random(seed))
    go(walk, 20_000)
    assert sum(walk.done.values()) + sum(walk.refused.values()) == 20_000
    for kind in ("sale", "hold", "commit", "void", "reverse", "replay", "claw"):
        assert walk.done[kind] > 300, kind
    assert walk.refused["overdraw"] + walk.refused["late"] + walk.refused["other_body"] > 3_000
    walk.agrees()
    assert prove().findings == []


@pytest.mark.postgres
def test_the_same_walk_on_postgresql(postgres_database: Database) -> None:
    """A tenth of it: a statement takes ten times as long there."""
    walk = Walk(random.Random(2))
    go(walk, 2_000)
    walk.agrees()
    seal_new()
    walk.agrees()
    assert prove().findings == []
