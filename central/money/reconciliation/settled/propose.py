"""Which payments and refunds a bill of movements has let into the balance, and for which fee. Pure.

A fee is never computed. What has come into the balance stands in the bill of movements; what was
paid and refunded stands in the bill of payments; the rest is what the channel has kept. The fees
that the bill of payments names, finer than a fen, must say the same but for rounding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

E5_PER_MINOR = 1000
"""A fee is told in 1/100,000, an amount in 1/100."""


class TradeLine(NamedTuple):
    """A payment or refund that has not reached the balance yet.

    Args:
        names: Its numbers, the most particular first: a refund's own before its payment's.
        is_open: Whether it differs from our books, and nobody has resolved that yet.
    """

    bill_id: int
    n: int
    names: tuple[str, ...]
    minor: int
    fee_e5: int
    is_open: bool


class FlowLine(NamedTuple):
    """A movement of the balance, in the bill of one of its parts."""

    bill_id: int
    n: int
    names: tuple[str, ...]
    minor: int


class Proposal(NamedTuple):
    """What a bill of movements settles.

    Args:
        gross: What was paid less what was refunded, minor units.
        net: By how much the balance has grown.
        fee_e5: What the bill of payments names as fees of these.
        trades: The payments and refunds, each whole.
        flows: The lines of the bill of movements, by number.
    """

    gross: int
    net: int
    fee_e5: int
    trades: tuple[TradeLine, ...]
    flows: tuple[int, ...]

    @property
    def fee(self) -> int:
        """What the channel has kept; less than nothing if it gave fees back."""
        return self.gross - self.net

    @property
    def fees_agree(self) -> bool:
        """Say whether both bills tell the same fees; each is rounded by half a fen at most."""
        return abs(self.fee * E5_PER_MINOR - self.fee_e5) * 2 <= E5_PER_MINOR * len(self.trades)


def propose(trades: Sequence[TradeLine], flows: Sequence[FlowLine]) -> dict[int, Proposal]:
    """Pair payments and refunds with movements of their number and amount; add up for each bill.

    A payment of which no movement is there stays for another day's bill. Its fee may be in the
    bill of another part than its movement.

    Args:
        flows: Of all bills of one day.
    """
    named: dict[str, list[FlowLine]] = defaultdict(list)
    for flow in flows:
        for name in flow.names:
            named[name].append(flow)
    used: set[FlowLine] = set()

    def nearest(trade: TradeLine, wanted_e5: int, off_max_e5: int) -> FlowLine | None:
        """Return the movement of a trade that comes nearest to an amount, if one is near."""
        off = {
            flow: abs(flow.minor * E5_PER_MINOR - wanted_e5)
            for name in trade.names
            for flow in named.get(name, ())
            if flow not in used
        }
        best = min(off, key=lambda flow: (off[flow], flow), default=None)
        return None if best is None or off[best] > off_max_e5 else best

    shown: dict[int, list[TradeLine]] = defaultdict(list)
    for trade in trades:
        if (moved := nearest(trade, trade.minor * E5_PER_MINOR, 0)) is not None:
            used.add(moved)
            shown[moved.bill_id].append(trade)
    for trade in (trade for some in shown.values() for trade in some):
        # Its fee, and nothing else of its number: what is shared out of a payment is no fee.
        if trade.fee_e5 and (fee := nearest(trade, -trade.fee_e5, E5_PER_MINOR)) is not None:
            used.add(fee)
    return {
        bill_id: _of_bill(shown[bill_id], [flow for flow in flows if flow.bill_id == bill_id], used)
        for bill_id in dict.fromkeys(flow.bill_id for flow in flows)
    }


def together(proposals: Iterable[Proposal]) -> Proposal:
    """Return what several bills of one day settle; their lines are left out."""
    some = tuple(proposals)
    return Proposal(
        sum(one.gross for one in some),
        sum(one.net for one in some),
        sum(one.fee_e5 for one in some),
        tuple(trade for one in some for trade in one.trades),
        (),
    )


def _of_bill(
    shown: Sequence[TradeLine], flows: Sequence[FlowLine], used: set[FlowLine]
) -> Proposal:
    taken = [flow for flow in flows if flow in used]
    return Proposal(
        sum(trade.minor for trade in shown),
        sum(flow.minor for flow in taken),
        sum(trade.fee_e5 for trade in shown),
        tuple(shown),
        tuple(flow.n for flow in taken),
    )


NOTHING = Proposal(0, 0, 0, (), ())
