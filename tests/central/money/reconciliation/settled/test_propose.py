"""What has come into the balance of what was paid, and the fee that is between the two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.reconciliation.settled.propose import (
    NOTHING,
    FlowLine,
    Proposal,
    TradeLine,
    propose,
    together,
)


def paid(n: int, minor: int, fee_e5: int, *names: str, bill: int = 1) -> TradeLine:
    return TradeLine(bill, n, names or (f"P{n}",), minor, fee_e5, is_open=False)


def moved(n: int, minor: int, *names: str, bill: int = 7) -> FlowLine:
    return FlowLine(bill, n, names, minor)


ONE = paid(1, 8800, 52_800)
SETTLED = {
    "a payment and its fee": (
        [ONE], [moved(1, 8800, "P1"), moved(2, -53, "P1")],
        Proposal(8800, 8747, 52_800, (ONE,), (1, 2)),
    ),
    "a fee that was rounded to nothing": (
        [paid(1, 50, 300)], [moved(1, 50, "P1")], Proposal(50, 50, 300, (paid(1, 50, 300),), (1,)),
    ),
    "a refund gives its fee back": (
        [paid(1, -800, -4_800, "R1")], [moved(1, 5, "R1"), moved(2, -800, "R1")],
        Proposal(-800, -795, -4_800, (paid(1, -800, -4_800, "R1"),), (1, 2)),
    ),
    "a payout is none of it": (
        [ONE], [moved(1, 8800, "P1"), moved(2, -53, "P1"), moved(3, -100, "PO7")],
        Proposal(8800, 8747, 52_800, (ONE,), (1, 2)),
    ),
    "what was shared out of a payment is no fee": (
        [ONE], [moved(1, 8800, "P1"), moved(2, -2000, "P1"), moved(3, -53, "P1")],
        Proposal(8800, 8747, 52_800, (ONE,), (1, 3)),
    ),
    "a payment that has not come yet waits": (
        [ONE, paid(2, 100, 0)], [moved(1, 100, "P2"), moved(2, -53, "P1")],
        Proposal(100, 100, 0, (paid(2, 100, 0),), (1,)),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("trades", "flows", "wanted"), SETTLED.values(), ids=SETTLED)
def test_a_balance_settles_what_has_come_into_it(
    trades: list[TradeLine], flows: list[FlowLine], wanted: Proposal
) -> None:
    assert propose(trades, flows) == {7: wanted}
    assert wanted.fees_agree


def test_two_refunds_of_one_amount_take_a_movement_each() -> None:
    """Alipay names both by the order they are of."""
    trades = [paid(n, -800, 0, f"R{n}", "P1") for n in (1, 2)]
    assert propose(trades, [moved(1, -800, "P1")])[7].trades == (trades[0],)
    assert propose(trades, [moved(1, -800, "P1"), moved(2, -800, "P1")])[7].flows == (1, 2)


def test_a_fee_may_leave_another_of_our_accounts() -> None:
    told = propose([ONE], [moved(1, 8800, "P1"), moved(1, -53, "P1", bill=8)])
    assert (told[7].net, told[7].fee, told[8].net, told[8].fee) == (8800, 0, -53, 53)
    assert together(told.values()).fees_agree


@pytest.mark.parametrize(
    "flows", [[moved(1, 8800, "P1")], [moved(1, 8800, "P1"), moved(2, -60, "P1")]],
    ids=["without a fee", "another fee"],
)  # fmt: skip
def test_fees_that_differ_from_the_bill_of_payments_are_seen(flows: list[FlowLine]) -> None:
    assert not propose([ONE], flows)[7].fees_agree


@given(
    st.lists(
        st.tuples(st.integers(1, 10_000), st.integers(0, 6_000), st.booleans()), max_size=8
    )
)  # fmt: skip
def test_whatever_comes_gross_is_net_and_fee_and_nothing_moves_twice(
    days: list[tuple[int, int, bool]],
) -> None:
    trades = [paid(n, minor, fee) for n, (minor, fee, _) in enumerate(days, 1)]
    flows: list[FlowLine] = []
    for trade, (_, _, has_come) in zip(trades, days, strict=True):
        if has_come:
            flows.append(moved(len(flows) + 1, trade.minor, trade.names[0]))
            if fee := (trade.fee_e5 + 500) // 1000:
                flows.append(moved(len(flows) + 1, -fee, trade.names[0]))
    told = propose(trades, flows).get(7, NOTHING)
    assert told.trades == tuple(t for t, d in zip(trades, days, strict=True) if d[2])
    assert told.flows == tuple(flow.n for flow in flows)
    assert told.gross == told.net + told.fee
    assert told.fees_agree
