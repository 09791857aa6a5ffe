"""The machine: each unit is bought once, whatever a supplier does."""

from __future__ import annotations

import peewee
import pytest

from central.errors import Conflict, KeyReused
from central.foundation.db.engine import change, money_transaction, rows
from central.money.ledger.audit import audit
from central.money.ledger.balance import Balance, balance
from central.money.ledger.rules.write import Cost
from central.supply.suppliers.ask_for import Wanted, ask_for, bought, cancel
from central.supply.suppliers.model import TRANSITIONS, Attempt, Kind, Policy, Purchase
from central.supply.suppliers.next_step import GIVE_UP_S, SETTLE_S
from central.supply.suppliers.records import accounts, offers, purchases
from central.supply.suppliers.resolve import try_again
from central.supply.suppliers.sync_offers import sync_due
from edge.contract.money import Money
from tests.central.builders import at_once
from tests.central.supply.suppliers.market import (
    SKU,
    TOP_UP,
    Market,
    alerts,
    keys_sold,
    last,
    prepaid,
    state,
    stock_of,
    tries,
)

FUNDS = 1_000_000_00


class Died(BaseException):
    """The process ended here."""


def test_a_key_is_bought_at_the_cheapest_and_paid_from_what_lies_there(market: Market) -> None:
    market.open("dear", price_e4=90_000)
    market.open("cheap", price_e4=70_000)
    market.want()
    market.work()
    assert tries() == [("cheap", "accepted")]
    market.work(2)
    assert tries() == [("cheap", "succeeded")]
    found = bought("O-1/1")
    assert found == ("O-1/1", Purchase.SOURCED, Cost(f"1310.{SKU}", 700), "cheap", 1)
    [row] = market.bought_at()
    assert market.keys_of("O-1/1") == keys_sold(row)
    assert prepaid("cheap") == FUNDS - 700
    assert audit() == []


def test_a_story_of_a_purchase_that_was_altered_all_the_same_is_found(market: Market) -> None:
    market.open("cheap")
    market.want()
    market.work(2)
    assert purchases.broken_stories() == []
    found: list[str] = []

    class UndoneError(Exception):
        """The forgery is looked at and taken back."""

    def forged() -> None:
        change("INSERT INTO supplier_event (attempt, n, at_s, state, code, ms, who, hash)"
               " SELECT attempt, 99, at_s, state, code, ms, who, hash FROM supplier_event"
               " WHERE n = 2")  # fmt: skip
        found.extend(purchases.broken_stories())
        raise UndoneError

    with pytest.raises(UndoneError):
        money_transaction(forged)
    assert found == ["O-1/1"]


def test_a_top_up_is_bought_with_the_buyers_number_and_its_cost_is_the_orders(
    market: Market,
) -> None:
    market.open("shop")
    market.want(sku=TOP_UP)
    market.work()
    market.work(2)
    assert bought("O-1/1").cost == Cost("1040.shop", 800)
    [row] = market.bought_at()
    assert row["inputs"] == '{"recharge_account": "13800138000"}'
    assert prepaid("shop") == FUNDS


@pytest.mark.parametrize("fault", ["no-stock", "price-jump", "lost"])
def test_a_definite_no_goes_to_the_next_at_once(market: Market, fault: str) -> None:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    if fault == "lost":
        change("UPDATE supplier_account SET base_url = 'http://127.0.0.1:9' WHERE id = 'first'")
    else:
        # Half as dear again is more than it is sold for.
        market.let(fault, "first")
    market.want()
    market.work()
    assert tries()[-1][0] == "second"
    market.work(2)
    assert bought("O-1/1").supplier == "second"
    assert len(market.bought_at()) == 1


def test_one_that_was_not_reached_is_tried_once_more(market: Market) -> None:
    market.open("only")
    change("UPDATE supplier_account SET base_url = 'http://127.0.0.1:9'")
    market.want()
    market.work()
    assert tries() == [("only", "not_sent")] * 2
    assert state() == "exhausted"


def test_nobody_within_the_cap_is_exhausted_and_says_why(market: Market) -> None:
    market.open("dear", price_e4=110_000)
    market.want(net=1000)
    market.work()
    assert (state(), tries()) == ("exhausted", [])
    [(_, decision)] = purchases.decisions("O-1/1")
    assert decision["left_out"][0]["reason"] == "over-cap"
    assert decision["cap_e4"] == 100_000


@pytest.mark.parametrize("sku", [SKU, TOP_UP])
@pytest.mark.parametrize("fault", ["error-after", "lost-after", "hang", "garbage"])
def test_what_is_unknown_is_asked_for_and_never_bought_elsewhere(
    market: Market, fault: str, sku: str
) -> None:
    market.open("first", price_e4=70_000, deadline_ms=150)
    market.open("second", price_e4=80_000)
    market.let(fault, "first")
    market.want(sku=sku)
    market.work()
    assert tries() == [("first", "unknown")]
    market.work(2)
    assert tries() == [("first", "succeeded")]
    assert len(market.bought_at()) == 1


@pytest.mark.parametrize("sku", [SKU, TOP_UP])
def test_what_never_arrived_goes_elsewhere_once_it_must_have(market: Market, sku: str) -> None:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.let("lost-before", "first")
    market.want(sku=sku)
    market.work()
    for _ in range(8):
        market.work(10)
    assert tries() == [("first", "unknown")]
    market.work(SETTLE_S)
    assert tries()[0] == ("first", "not_found")
    market.work(5)
    assert tries()[1] == ("second", "succeeded")


def test_what_came_within_the_time_to_settle_is_found(market: Market) -> None:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.let("late", "first")
    market.want()
    market.work()
    market.wait_out(8, 15)
    assert tries() == [("first", "succeeded")]
    assert len(market.bought_at()) == 1


@pytest.mark.parametrize(("sku", "late_to"), [(SKU, "stock"), (TOP_UP, "dispute")])
def test_what_comes_after_all_that_is_stock_or_a_dispute(
    market: Market, sku: str, late_to: str
) -> None:
    """A request that turns up when everybody had given it up: nothing is lost, and it is said."""
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.world.late_s = 10 * SETTLE_S
    market.let("late", "first")
    market.want(sku=sku)
    market.work()
    market.wait_out(20, 15)
    assert tries() == [("first", "not_found"), ("second", "succeeded")]
    market.work(4000)
    [first, second] = purchases.attempts("O-1/1")
    assert (first.state, first.late_to) == (Attempt.LATE, late_to)
    assert second.state is Attempt.SUCCEEDED
    assert stock_of() == (1 if sku == SKU else 0)
    assert len(market.bought_at()) == 2
    assert "disputed" in alerts() or sku == SKU
    # Both are in the books: keys as stock, a top-up as a claim.
    assert prepaid("first") == FUNDS - 700
    claim = rows("SELECT d FROM account WHERE code = '1130.first'")
    assert claim == ([(700,)] if sku == TOP_UP else [])
    assert balance(f"1310.{SKU}").posted == (1500 if sku == SKU else 0)
    assert audit() == []


def test_a_key_may_be_bought_elsewhere_where_a_late_one_may_go_to_stock(market: Market) -> None:
    market.open("first", price_e4=70_000, ambiguity_s=30)
    market.open("second", price_e4=80_000)
    market.terms(late_win_to_stock=True)
    market.world.late_s = 300
    market.let("late", "first")
    market.want()
    market.work()
    market.wait_out(4, 10)
    assert tries() == [("first", "unknown"), ("second", "succeeded")]
    assert purchases.attempts("O-1/1")[0].passed_over
    market.wait_out(30, 15)
    [first, _] = purchases.attempts("O-1/1")
    assert first.state in {Attempt.LATE, Attempt.NOT_FOUND}
    market.work(4000)
    assert purchases.attempts("O-1/1")[0].state is Attempt.LATE
    assert stock_of() == 1


@pytest.mark.parametrize("sku", [SKU, TOP_UP])
def test_a_new_round_asks_again_who_has_refused(market: Market, sku: str) -> None:
    market.open("first", price_e4=70_000)
    market.terms(sku, attempts_max=1)
    market.let("no-stock", "first")
    market.want(sku=sku)
    market.work()
    assert (state(), tries()) == ("exhausted", [("first", "rejected")])
    market.world.faults.clear()
    sync_due(market.shelf, market.clock)
    money_transaction(lambda: try_again("O-1/1", market.clock()))
    market.work()
    market.work(2)
    assert tries() == [("first", "rejected"), ("first", "succeeded")]


def test_a_new_round_does_not_ask_again_of_whom_nobody_knows(market: Market) -> None:
    market.open("first", price_e4=70_000, ambiguity_s=30)
    market.open("second", price_e4=80_000)
    market.terms(late_win_to_stock=True)
    market.world.late_s = 10**6
    market.let("late", "first")
    market.let("no-stock", "second")
    market.want()
    market.work()
    market.wait_out(4, 10)
    assert (state(), tries()) == ("exhausted", [("first", "unknown"), ("second", "rejected")])
    market.world.faults.clear()
    sync_due(market.shelf, market.clock)
    money_transaction(lambda: try_again("O-1/1", market.clock()))
    market.work()
    assert [account for account, _ in tries()] == ["first", "second", "second"]
    [left] = purchases.decisions("O-1/1")[-1][1]["left_out"]
    assert (left["account"], left["reason"]) == ("first", "tried")  # not only its breaker


def test_a_top_up_is_not_even_where_the_terms_say_so(market: Market) -> None:
    market.open("first", price_e4=70_000, ambiguity_s=1)
    market.open("second", price_e4=80_000)
    market.terms(TOP_UP, late_win_to_stock=True)
    market.world.late_s = 10**6
    market.let("hang", "first")
    market.world.faults.clear()
    market.let("lost-after", "first")
    market.want(sku=TOP_UP)
    market.let("error-before", "first")
    market.work()
    market.let("error-before", "first", times=40)
    market.wait_out(5, 10)
    assert tries() == [("first", "unknown")]
    [attempt] = purchases.attempts("O-1/1")
    with pytest.raises(peewee.IntegrityError, match="no_second_top_up"):
        money_transaction(lambda: purchases.pass_over(attempt, market.clock()))


@pytest.mark.parametrize(
    ("fault", "code"),
    [("wrong-count", "wrong-count"), ("error-text", "text-for-key"), ("empty-key", "empty-key")],
)
def test_what_is_no_key_is_held_and_nobody_else_is_asked(
    market: Market, fault: str, code: str
) -> None:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.let(fault, "first")
    market.want(quantity=2)
    market.work()
    market.work(2)
    assert (state(), last().state, last().code) == ("held", Attempt.HELD, code)
    assert alerts() == ["held"]
    assert market.keys_of("O-1/1") == []
    market.wait_out(20, 60)
    assert len(market.bought_at()) == 1
    assert prepaid("first") == FUNDS


def test_a_key_that_was_sold_before_is_held(market: Market) -> None:
    market.open("shop")
    market.want("O-1/1")
    market.work()
    market.work(2)
    market.let("same-key")
    market.want("O-2/1")
    market.work()
    market.work(2)
    assert (state("O-2/1"), last("O-2/1").code) == ("held", "key-known")
    assert market.keys_of("O-2/1") == []
    assert prepaid("shop") == FUNDS - 800
    assert rows("SELECT count(*) FROM card_key") == [(1,)]


def test_slow_keys_are_waited_for(market: Market) -> None:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.let("slow-keys", "first")
    market.want()
    market.work()
    market.wait_out(4, 4)
    assert tries() == [("first", "accepted")]
    market.wait_out(6, 10)
    assert tries() == [("first", "succeeded")]


def test_an_order_that_was_given_back_goes_elsewhere(market: Market) -> None:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.let("fails", "first")
    market.want()
    market.work()
    market.wait_out(6, 10)
    assert tries() == [("first", "failed"), ("second", "succeeded")]
    assert prepaid("first") == FUNDS


def test_a_shop_that_finds_no_order_by_our_reference_is_asked_by_sending_the_same(
    market: Market,
) -> None:
    market.open("dujiao", "dujiao_next")
    market.let("lost-after")
    market.want()
    market.work()
    assert tries() == [("dujiao", "unknown")]
    market.wait_out(3, 5)
    assert tries() == [("dujiao", "succeeded")]
    assert len(market.bought_at()) == 1


def test_a_shop_that_cannot_be_asked_is_a_persons_business_after_a_day(market: Market) -> None:
    market.open("acg", "acg_shared")
    market.open("other", price_e4=90_000)
    market.let("lost-after")
    market.want()
    market.work()
    market.wait_out(50, 1800)
    market.work(GIVE_UP_S)
    assert (state(), tries()) == ("held", [("acg", "held")])
    assert len(market.bought_at()) == 1


def test_a_price_that_rose_behind_our_back_is_bought_elsewhere(market: Market) -> None:
    """A protocol without a price cap is asked for its price just before."""
    market.open("dujiao", "dujiao_next", price_e4=70_000)
    market.open("other", price_e4=90_000)
    market.world.stock("dujiao", "31", 120_000)
    market.want()
    market.clock.at_s += 120
    market.work()
    market.work(2)
    assert tries() == [("other", "succeeded")]


def test_more_charged_than_the_cap_is_delivered_and_said(market: Market) -> None:
    market.open("dujiao", "dujiao_next", price_e4=90_000)
    market.let("price-jump")
    market.want()
    market.work()
    market.work(2)
    assert state() == "sourced"
    assert alerts() == ["charged-over-cap"]
    assert prepaid("dujiao") == FUNDS - 1350


def test_a_supplier_who_has_less_of_our_money_than_he_takes_is_owed_and_it_is_said(
    market: Market,
) -> None:
    market.open("shop")
    change("UPDATE supplier_account SET supplier = 'shop'")
    accounts.add_supplier("poor", "poor", market.clock(), "test")
    change("UPDATE supplier_account SET supplier = 'poor'")
    market.want()
    market.work()
    market.work(2)
    assert state() == "sourced"
    assert alerts() == ["prepaid-short"]
    assert balance("2210.poor") == Balance(800, 0)


def test_an_account_that_fails_is_left_alone_and_tried_again(market: Market) -> None:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.let("error-before", "first", times=100)
    for n in range(5):
        market.want(f"O-{n}/1")
    market.work()
    assert "breaker-open" in alerts()
    market.want("O-9/1")
    market.work()
    assert tries("O-9/1")[0][0] == "second"
    market.world.faults.clear()
    market.wait_out(10, 30)
    market.want("O-10/1")
    market.work()
    assert tries("O-10/1")[0][0] == "first"
    assert "breaker-open" not in alerts()


def test_only_one_who_could_sell_is_waited_for_while_he_is_left_alone(market: Market) -> None:
    market.open("only")
    market.let("error-before", times=6)
    for n in range(5):
        market.want(f"O-{n}/1")
    market.work()
    market.want("O-9/1")
    market.work()
    assert (state("O-9/1"), tries("O-9/1")) == ("open", [])
    market.world.faults.clear()
    market.wait_out(8, 30)
    assert state("O-9/1") == "sourced"


# --- crashes -------------------------------------------------------------------------------------

STEPS = ["leased", "planned", "claimed", "called", "recorded"]


@pytest.mark.parametrize("sku", [SKU, TOP_UP])
@pytest.mark.parametrize("where", [*STEPS, "unknown", "asked", "noted"])
def test_a_process_that_dies_anywhere_buys_once(market: Market, where: str, sku: str) -> None:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    market.want(sku=sku)

    def die(here: str) -> None:
        if here == where:
            raise Died

    if where not in STEPS:
        market.let("lost-after", "first")
        if where == "unknown":
            with pytest.raises(Died):
                market.buyer(lambda here: die({"called": "unknown"}.get(here, here))).run_due()
            market.clock.at_s += 200
        else:
            market.work()
            market.clock.at_s += 2
    with pytest.raises(Died):
        market.buyer(die).run_due()
    assert state() in {"open", "sourced"}
    market.wait_out(20, 20)
    assert state() == "sourced"
    assert len(market.bought_at()) == 1
    assert [s for _, s in tries()].count("succeeded") == 1


def test_many_workers_at_once_buy_each_unit_once(market: Market) -> None:
    market.open("first", price_e4=70_000)
    market.open("second", price_e4=80_000)
    for n in range(6):
        market.want(f"O-{n}/1")

    def work(_: int) -> int:
        return market.buyer().run_due()

    found = at_once(4, work)
    assert not [f for f in found if isinstance(f, BaseException)]
    market.work(5)
    assert {state(f"O-{n}/1") for n in range(6)} == {"sourced"}
    assert len(market.bought_at()) == 6


# --- what an order may do ------------------------------------------------------------------------


def test_the_same_wish_is_the_same_purchase_and_another_is_refused(market: Market) -> None:
    market.open("shop")
    market.want()
    market.want()
    market.work()
    market.work(2)
    market.want()
    with pytest.raises(KeyReused):
        market.want(quantity=2)
    assert len(market.bought_at()) == 1


def test_a_wish_can_be_taken_back_only_while_nothing_is_under_way(market: Market) -> None:
    market.open("shop")
    market.let("lost-after")
    market.want()
    market.work()
    with pytest.raises(Conflict, match="Nobody knows"):
        cancel("O-1/1", market.clock())
    market.work(2)
    with pytest.raises(Conflict, match="has been bought"):
        cancel("O-1/1", market.clock())
    market.want("O-2/1")
    cancel("O-2/1", market.clock())
    market.work()
    assert (state("O-2/1"), tries("O-2/1")) == ("cancelled", [])


# --- the schema ----------------------------------------------------------------------------------


def test_the_schema_allows_what_the_table_of_states_does_and_nothing_else(
    market: Market,
) -> None:
    offer = market.open("shop")
    pairs = [(b, a) for b in Attempt for a in Attempt if a is not b]

    def prepare() -> None:
        for before, after in pairs:
            unit = f"{before}/{after}"
            wanted = Wanted(unit, SKU, Kind.KEY, 1, Money(1000, "CNY"))
            ask_for(wanted, market.seal, market.clock(), "test")
            _insert(unit, offer)
            for step in _way_to(before):
                _move(unit, step)

    money_transaction(prepare)
    for before, after in pairs:
        if (before, after) in TRANSITIONS:
            _move(f"{before}/{after}", after)
        else:
            with pytest.raises(peewee.DatabaseError, match="suppliers: "):
                _move(f"{before}/{after}", after)


def test_what_was_asked_for_never_changes_and_is_never_deleted(market: Market) -> None:
    offer = market.open("shop")
    market.want()
    _insert("O-1/1", offer)
    for change_ in ("client_ref = 'X'", "cost_e4 = 1", "quantity = 2", "account = 'other'"):
        with pytest.raises(peewee.DatabaseError, match=r"never changes|FOREIGN|violates"):
            change(f"UPDATE supplier_attempt SET {change_}")
    with pytest.raises(peewee.DatabaseError, match="an attempt stays"):
        money_transaction(lambda: change("DELETE FROM supplier_attempt"))


def test_a_unit_has_one_live_attempt_and_one_success(market: Market) -> None:
    offer = market.open("shop")
    market.want()
    _insert("O-1/1", offer)
    with pytest.raises(peewee.IntegrityError):
        _insert("O-1/1", offer, n=2)


def test_nothing_dearer_than_the_cap_is_ever_planned(market: Market) -> None:
    offer = market.open("shop")
    market.want()
    with pytest.raises(peewee.IntegrityError, match="supplier_attempt_cap"):
        _insert("O-1/1", offer, cost_e4=80_001)


def _way_to(state_: Attempt) -> list[Attempt]:
    ways: dict[Attempt, list[Attempt]] = {Attempt.PLANNED: []}
    todo = [Attempt.PLANNED]
    while todo:
        here = todo.pop(0)
        for before, after in sorted(TRANSITIONS):
            if before is here and after not in ways:
                ways[after] = [*ways[here], after]
                todo.append(after)
    return ways[state_]


def _insert(unit: str, offer: int, n: int = 1, cost_e4: int = 80_000) -> None:
    change(
        "INSERT INTO supplier_attempt (unit, n, kind, offer, account, their_ref, client_ref,"
        " quantity, cost_e4, cap_e4, allow_loss, state, passed_over, planned_at_s, next_at_s)"
        " VALUES (?, ?, 'supplier_key', ?, 'shop', '31', ?, 1, ?, 80000, ?, 'planned', ?, 1, 1)",
        (unit, n, offer, f"{unit}-{n}", cost_e4, False, False),
    )


def _move(unit: str, after: Attempt) -> None:
    late = "stock" if after is Attempt.LATE else None
    sent = None if after in {Attempt.DROPPED, Attempt.PLANNED} else 5
    change(
        "UPDATE supplier_attempt SET state = ?, late_to = ?, sent_at_s = ? WHERE unit = ?",
        (str(after), late, sent, unit),
    )


def test_the_policy_of_a_sku_is_gone_by(market: Market) -> None:
    market.open("cheap", price_e4=70_000, priority=9)
    market.open("dear", price_e4=80_000, priority=1)
    market.terms(policy=Policy.PRIORITY)
    market.want()
    market.work()
    assert tries()[0][0] == "dear"
    assert offers.terms_of(SKU).policy is Policy.PRIORITY


def test_a_price_that_was_too_dear_long_ago_is_asked_for_again(market: Market) -> None:
    market.open("shop", price_e4=120_000)
    market.world.stock("shop", "31", 80_000)
    market.want("O-1/1")
    market.work()
    assert state("O-1/1") == "exhausted"
    market.clock.at_s += 1000
    market.want("O-2/1")
    market.work()
    market.work(2)
    assert state("O-2/1") == "sourced"


@pytest.mark.parametrize("sku", [SKU, TOP_UP])
def test_what_turns_up_after_all_serves_its_unit_if_nobody_else_has(
    market: Market, sku: str
) -> None:
    market.open("only")
    market.world.late_s = 10 * SETTLE_S
    market.let("late")
    market.want(sku=sku)
    market.work()
    market.wait_out(20, 15)
    assert (state(), tries()) == ("exhausted", [("only", "not_found")])
    market.work(4000)
    assert (state(), tries()) == ("sourced", [("only", "succeeded")])
    assert (alerts(), stock_of()) == ([], 0)


def test_what_turns_up_after_its_order_was_refunded_is_late(market: Market) -> None:
    market.open("only")
    market.world.late_s = 10 * SETTLE_S
    market.let("late")
    market.want()
    market.work()
    market.wait_out(20, 15)
    cancel("O-1/1", market.clock())
    market.work(4000)
    assert (state(), tries()) == ("cancelled", [("only", "late")])
    assert stock_of() == 1
