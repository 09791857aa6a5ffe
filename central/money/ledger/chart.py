"""The chart of accounts: what each code means, in both languages, and which side it grows on."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

_OWNER = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)


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

    @property
    def is_closed_by_month(self) -> bool:
        """Say whether it counts within one period and begins the next one at zero."""
        return self in {Type.REVENUE, Type.EXPENSE}


class Heading(NamedTuple):
    """One line of the chart.

    Args:
        per: What an account of it is opened for; empty for a single account.
        floor: The least it may hold in its normal direction; None for no limit.
        hot: Nearly every order touches it and no decision waits for its balance. On PostgreSQL
            its total is rolled up afterwards, so that orders do not queue up for one row; then
            the audit proves its floor, not the row.
        clears: What passes through; it is zero once everything begun is ended.
    """

    code: str
    en: str
    zh: str
    type: Type
    per: str = ""
    floor: int | None = None
    hot: bool = False
    clears: bool = False


_A, _L, _E, _R, _X = Type.ASSET, Type.LIABILITY, Type.EQUITY, Type.REVENUE, Type.EXPENSE

CHART: dict[str, Heading] = {
    h.code: h
    for h in (
        # What we have, and what others owe us.
        Heading("1010", "Channel clearing", "渠道待结算款", _A, "channel", hot=True, clears=True),
        Heading("1020", "Channel balance", "渠道账户余额", _A, "channel", hot=True),
        Heading("1030", "Bank", "银行存款", _A, "bank"),
        Heading("1040", "Supplier prepayment", "供应商预存款", _A, "supplier", 0),
        Heading("1110", "Agent receivable", "代理追偿应收", _A, "agent"),
        Heading("1130", "Supplier claims", "供应商索赔应收", _A, "supplier"),
        Heading("1150", "Disputed redemptions", "争议核销待定", _A, clears=True),
        Heading("1310", "Card-key stock at cost", "卡密库存", _A, "sku"),
        Heading("1920", "Reconciliation suspense", "对账差异挂账", _A, clears=True),
        # What we owe.
        Heading(
            "2010", "Customer money for open orders", "待交付订单款", _L, floor=0, hot=True,
            clears=True,
        ),
        Heading("2020", "Vouchers sold, unredeemed", "已售未核销券负债", _L, "product", 0),
        Heading("2021", "Expired, still claimable", "已过期可激活券", _L, "product", 0),
        Heading("2110", "Agent wallet, available", "代理可提现余额", _L, "agent", 0),
        Heading(
            "2111", "Agent commission, pending", "代理待结算佣金", _L, "agent", 0, clears=True
        ),
        Heading("2120", "Agent deposit", "代理保证金", _L, "agent", 0),
        Heading("2130", "Agent prepaid purchasing money", "代理预存货款", _L, "agent", 0),
        Heading("2140", "Customer balance", "客户余额", _L, "customer", 0),
        Heading("2210", "Supplier payable", "应付供应商", _L, "supplier", hot=True),
        Heading("2310", "Store payable", "应付门店核销款", _L, "store", clears=True),
        Heading("2320", "Owner payable", "应付店主款", _L, "owner", 0, clears=True),
        Heading("2410", "Payout in transit", "出款在途", _L, "channel", clears=True),
        Heading("2510", "Tax withheld", "代扣代缴税款", _L, hot=True),
        Heading("2610", "Refund in transit", "退款在途", _L, "channel", clears=True),
        Heading("2710", "Reserve for double redemption", "重复核销准备金", _L),
        # What is ours.
        Heading("3010", "Opening balances", "期初余额", _E),
        Heading("3900", "Retained earnings", "未分配利润", _E),
        # What came in and what it cost, within one period.
        Heading("4010", "Sales", "销售收入", _R, hot=True),
        Heading("4020", "Margin", "差价收入", _R, hot=True),
        Heading("4030", "Breakage", "沉淀收入", _R, hot=True),
        Heading("4040", "Service fees", "平台服务费", _R, hot=True),
        Heading("4050", "Forfeits and penalties", "违约金收入", _R),
        Heading("5010", "Cost of goods", "商品成本", _X, hot=True),
        Heading("5020", "Commission", "佣金支出", _X, hot=True),
        Heading("5030", "Channel fees", "渠道手续费", _X, hot=True),
        Heading("5040", "Payout fees", "出款手续费", _X, hot=True),
        Heading("5050", "Double-redemption loss", "重复核销损失", _X),
        Heading("5060", "Bad debt", "坏账", _X),
    )
}  # fmt: skip


def heading_of(code: str) -> Heading:
    """Return the line of the chart that an account code such as ``2310.S0412`` stands under.

    Raises:
        ValueError: the chart has no such line, or the code names an owner where there is none,
            or none where there must be one.
    """
    number, dot, owner = code.partition(".")
    heading = CHART.get(number)
    if heading is None:
        raise ValueError(f"the chart has no account {number!r}")
    if not heading.per and dot:
        raise ValueError(f"the account {number} has no parts")
    if heading.per and not _OWNER.fullmatch(owner):
        raise ValueError(
            f"an account {number} is one {heading.per}'s: 1 to 40 letters, digits and hyphens"
        )
    return heading


def headings_per(kind: str) -> tuple[Heading, ...]:
    """Return the lines of the chart under which a party of this kind has accounts."""
    return tuple(h for h in CHART.values() if h.per == kind)
