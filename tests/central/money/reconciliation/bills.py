"""A channel that says what a test lets it say, and what the tests of this room ask of the books."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from central.foundation.db.engine import money_transaction, rows
from central.money.channels.model import (
    FlowBill,
    FlowRow,
    FundAccount,
    TradeBill,
    TradeKind,
    TradeRow,
)
from central.money.ledger import rules
from central.money.ledger.posting import Posting
from central.money.ledger.store import post
from central.money.reconciliation.model import By
from central.money.reconciliation.take import Taken, take, take_flows
from edge.contract.money import Money
from tests import builders as b
from tests.central.channel import yuan

WEB, DAY, TODAY = "web", dt.date(2026, 4, 11), 20260411
NEXT = DAY + dt.timedelta(days=1)
BY = By(b.NOW_S, TODAY + 1, "test")


def paid(number: str, amount: str, fee_e5: int = 0) -> TradeRow:
    """A payment in a bill."""
    return TradeRow(b.NOW_S, TradeKind.PAYMENT, number, f"42{number}", yuan(amount), fee_e5)


def refunded(number: str, amount: str, refund: str, fee_e5: int = 0) -> TradeRow:
    """A refund in a bill; the amount is negative."""
    return TradeRow(
        b.NOW_S, TradeKind.REFUND, number, f"42{number}", yuan(amount), fee_e5, refund,
        f"50{refund}",
    )  # fmt: skip


@dataclass
class Channel:
    """What a channel says of each day: payments, and how each of our accounts moved.

    Args:
        moved: Number and amount of each movement.
        opening: The balance before the first of them, minor units.
    """

    trades: dict[dt.date, tuple[TradeRow, ...]] = field(default_factory=dict)
    moved: dict[tuple[dt.date, FundAccount], list[tuple[str, str]]] = field(default_factory=dict)
    opening: int = 0
    accounts: tuple[FundAccount, ...] = (FundAccount.BASIC,)
    channel: str = WEB

    def trade_bill(self, day: dt.date) -> TradeBill:
        """Return the payments of a day."""
        told = self.trades.get(day, ())
        return TradeBill(self.channel, day, repr((day, told)).encode(), told)

    def flow_bill(self, day: dt.date, account: FundAccount = FundAccount.BASIC) -> FlowBill:
        """Return the movements of a day; the balance goes on from the opening."""
        balance = self.opening
        told: list[FlowRow] = []
        for number, amount in self.moved.get((day, account), ()):
            balance += yuan(amount).minor
            told.append(
                FlowRow(
                    b.NOW_S, f"F{len(told)}", f"42{number}", number, "交易", yuan(amount),
                    Money(balance, "CNY"),
                )
            )  # fmt: skip
        raw = repr((day, account, told)).encode()
        return FlowBill(self.channel, day, account, raw, tuple(told))


def take_both(channel: Channel, day: dt.date = DAY) -> list[Taken]:
    """Take the bill of payments and those of movements, as the timer does."""
    return [take(channel, day, BY), *take_flows(channel, day, BY)]


def booked(*postings: Posting) -> list[int]:
    """Post, and return the journals."""
    return money_transaction(lambda: [post(one, b.NOW_S).id for one in postings])


def pay(number: str, amount: str, day: int = TODAY) -> int:
    """Post a payment that we heard of."""
    return booked(rules.paid(WEB, f"42{number}", number, yuan(amount), day, "test"))[0]


def give_back(refund: str, amount: str, *, settled: bool = False) -> None:
    """Post a refund that the channel has confirmed."""
    booked(
        rules.refund_before_delivery(refund, "P1", WEB, yuan(amount), TODAY, "test"),
        rules.refund_confirmed(refund, WEB, yuan(amount), TODAY, "test", settled=settled),
    )


def assert_all_proofs_come_to_their_lines() -> None:
    """What lines prove together comes to their amount, to the fen."""
    wrong = rows(
        "SELECT bill_id, first, sum(amount) FROM (SELECT bill_id, coalesce(with_n, n) AS first,"
        " amount FROM bill_line l WHERE proves IS NOT NULL OR EXISTS (SELECT 1 FROM difference d"
        " WHERE d.bill_id = l.bill_id AND d.n = l.n AND d.state = 'resolved')) AS line"
        " GROUP BY bill_id, first HAVING sum(amount) <> (SELECT coalesce(sum(side * e.amount), 0)"
        " FROM proof p JOIN entry e ON e.id = p.entry_id WHERE p.bill_id = line.bill_id"
        " AND p.n = line.first)"
    )
    assert wrong == []
