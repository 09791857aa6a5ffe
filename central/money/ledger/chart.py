"""The chart of accounts: what each code means, in both languages, and which side it grows on."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Type(Enum):
    """What kind of account it is; the value stands in the database."""

    ASSET = "A"
    LIABILITY = "L"
    EQUITY = "E"
    REVENUE = "R"
    EXPENSE = "X"

    @property
    def sign(self) -> int:
        """Return 1 if it grows by debits, -1 if by credits."""
        return 1 if self in {Type.ASSET, Type.EXPENSE} else -1


class Heading(NamedTuple):
    """One line of the chart.

    Args:
        per: What an account of it is opened for; empty for a single account.
        floor: The least it may hold in its normal direction; None for no limit.
    """

    code: str
    en: str
    zh: str
    type: Type
    per: str = ""
    floor: int | None = None


CHART: dict[str, Heading] = {
    h.code: h
    for h in (
        Heading("1010", "Channel clearing", "渠道待结算款", Type.ASSET, "channel"),
        Heading("1110", "Agent receivable", "代理追偿应收", Type.ASSET, "agent"),
        Heading("2010", "Customer money for open orders", "待交付订单款", Type.LIABILITY, "", 0),
        Heading(
            "2020", "Vouchers sold, unredeemed", "已售未核销券负债", Type.LIABILITY, "product", 0
        ),
        Heading("2110", "Agent wallet, available", "代理可提现余额", Type.LIABILITY, "agent", 0),
        Heading("2111", "Agent commission, pending", "代理待结算佣金", Type.LIABILITY, "agent", 0),
        Heading("2210", "Supplier payable", "应付供应商", Type.LIABILITY, "supplier"),
        Heading("2310", "Store payable", "应付门店核销款", Type.LIABILITY, "store"),
        Heading("2610", "Refund in transit", "退款在途", Type.LIABILITY, "channel"),
        Heading("4010", "Sales", "销售收入", Type.REVENUE),
        Heading("4020", "Margin", "差价收入", Type.REVENUE),
        Heading("5010", "Cost of goods", "商品成本", Type.EXPENSE),
        Heading("5020", "Commission", "佣金支出", Type.EXPENSE),
    )
}


def heading_of(code: str) -> Heading:
    """Return the line of the chart that an account code such as ``2310.S0412`` stands under."""
    return CHART[code.partition(".")[0]]
