"""Bills: fetched with their hash, read, and proven against their own sums and balances.

Source: pay.weixin.qq.com, docs/merchant/products/bill-download/format-trade.html and
structure/fund-bill.html; doc/v3/merchant/4012556742 (asking) and 4012084430 (fetching). Every
field has a back-tick in front; the last two lines are a heading and the sums; amounts are yuan,
fees with five decimals; the hash is SHA-1 of the file.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from central.errors import ChannelUnknown
from central.foundation.language.said import Saying, sentence_of
from central.money.channels.model import FlowRow, TradeKind, TradeRow, first_gap
from central.money.channels.ports import FlowBill, FundAccount, TradeBill
from central.money.channels.send import BILL_BYTES_MAX
from central.money.channels.wechat_pay import CHANNEL, read
from central.money.channels.wechat_pay.client import Client
from central.money.channels.yuan import CURRENCY, from_yuan, from_yuan_e5
from edge.contract.money import Money

T = TypeVar("T")
_FIRST = 2
"""The line of the file that the first row stands on: the heading is the first."""
BEIJING = dt.timezone(dt.timedelta(hours=8))

TRADE_HEADING = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
    "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
TRADE_SUMS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
FLOW_HEADING = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FLOW_SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


class BillBroken(ValueError):
    """A bill does not hold together; the sentence says where."""


class WeChatBills:
    """WeChat Pay as a channel that says what it has done. Yesterday's is there from ten o'clock."""

    channel = CHANNEL
    accounts = tuple(FundAccount)

    def __init__(self, client: Client) -> None:
        self._client = client

    def trade_bill(self, day: dt.date) -> TradeBill:
        """Fetch and prove what was paid and refunded on a day."""

        def proven(raw: bytes) -> TradeBill:
            rows = read_trade_bill(raw, self._client.merchant.mchid, day)
            return TradeBill(CHANNEL, day, raw, rows)

        found = self._fetch(
            "bill.trade", str(day), "/v3/bill/tradebill", {"bill_type": "ALL"}, day, proven
        )
        return found or TradeBill(CHANNEL, day, b"")

    def flow_bill(self, day: dt.date, account: FundAccount = FundAccount.BASIC) -> FlowBill:
        """Fetch and prove how an account moved on a day."""

        def proven(raw: bytes) -> FlowBill:
            return FlowBill(CHANNEL, day, account, raw, read_flow_bill(raw, day))

        found = self._fetch(
            "bill.flow", f"{day}/{account}", "/v3/bill/fundflowbill",
            {"account_type": account.value}, day, proven,
        )  # fmt: skip
        return found or FlowBill(CHANNEL, day, account, b"")

    def _fetch(
        self, kind: str, number: str, path: str, wanted: dict[str, str], day: dt.date,
        proven: Callable[[bytes], T],
    ) -> T | None:  # fmt: skip
        client = self._client
        query = urlencode({"bill_date": day.isoformat(), **wanted})
        offered = client.ask(kind, number, f"{path}?{query}", _offered)
        if offered is None:
            return None
        target, sha1 = offered

        def prove(raw: bytes) -> T:
            if not hmac.compare_digest(hashlib.sha1(raw).hexdigest(), sha1):  # noqa: S324 - theirs
                raise ChannelUnknown("bill-broken", Saying("bill-hash"))
            try:
                return proven(raw)
            except BillBroken as exc:
                raise ChannelUnknown(
                    "bill-broken", Saying("bill-broken", what=sentence_of(exc))
                ) from exc

        return client.fetch(f"{kind}.file", number, target, BILL_BYTES_MAX, prove)


def read_trade_bill(raw: bytes, mchid: str, day: dt.date) -> tuple[TradeRow, ...]:
    """Read a bill of all payments and refunds, and check it against its sums.

    Raises:
        BillBroken: cut off, of another merchant or day, or the sums are not those of the rows.
    """
    lines, sums = _table(raw, TRADE_HEADING, TRADE_SUMS)
    rows = []
    settled = refunded = ordered = asked = fees = 0
    for place, line in enumerate(lines, _FIRST):
        with _at(place):
            if line["商户号"] != mchid:
                raise BillBroken(Saying("bill-merchant"))
            row = _trade_row(line, day)
            rows.append(row)
            fees += row.fee_e5
            settled += _yuan(line["应结订单金额"]).minor
            refunded += _yuan(line["退款金额"]).minor
            ordered += _yuan(line["订单金额"]).minor
            asked += _yuan(line["申请退款金额"]).minor
    told = {
        "总交易单数": (_count(sums["总交易单数"]), len(rows)),
        "应结订单总金额": (_yuan(sums["应结订单总金额"]).minor, settled),
        "退款总金额": (_yuan(sums["退款总金额"]).minor, refunded),
        "手续费总金额": (_fee(sums["手续费总金额"]), fees),
        "订单总金额": (_yuan(sums["订单总金额"]).minor, ordered),
        "申请退款总金额": (_yuan(sums["申请退款总金额"]).minor, asked),
    }
    for name, (said, counted) in told.items():
        if said != counted:
            raise _of_line(len(rows) + 3, Saying("row-sum", column=name))
    return tuple(rows)


def read_flow_bill(raw: bytes, day: dt.date) -> tuple[FlowRow, ...]:
    """Read a bill of an account, oldest first; check its sums and the chain of balances.

    Raises:
        BillBroken: cut off, of another day, wrong sums, or a balance that does not follow.
    """
    lines, sums = _table(raw, FLOW_HEADING, FLOW_SUMS)
    rows = []
    for place, line in enumerate(lines, _FIRST):
        with _at(place):
            rows.append(_flow_row(line, day))
    gap = first_gap(rows)
    if gap is not None:
        rows.reverse()  # some merchants get the newest first
        if first_gap(rows) is not None:
            raise _of_line(gap + _FIRST, Saying("row-gap"))
    ins = [row.change.minor for row in rows if row.change.minor > 0]
    outs = [-row.change.minor for row in rows if row.change.minor < 0]
    told = {
        "资金流水总笔数": (_count(sums["资金流水总笔数"]), len(rows)),
        "收入笔数": (_count(sums["收入笔数"]), len(ins)),
        "收入金额": (_yuan(sums["收入金额"]).minor, sum(ins)),
        "支出笔数": (_count(sums["支出笔数"]), len(outs)),
        "支出金额": (_yuan(sums["支出金额"]).minor, sum(outs)),
    }
    for name, (said, counted) in told.items():
        if said != counted:
            raise _of_line(len(rows) + 3, Saying("row-sum", column=name))
    return tuple(rows)


def _offered(answer: dict[str, Any]) -> tuple[str, str]:
    """Return where the bill lies, and its hash."""
    if answer.get("hash_type") != "SHA1":
        raise ChannelUnknown("no-hash", Saying("bill-no-hash"))
    # Only the path: the request is signed, and goes to the channel and to nobody else.
    place = urlsplit(read.text(answer, "download_url"))
    target = f"{place.path}?{place.query}" if place.query else place.path
    return target, read.text(answer, "hash_value").lower()


def _table(raw: bytes, heading: str, sums: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BillBroken(Saying("bill-not-utf8")) from exc
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) < 3 or lines[0].strip() != heading:
        raise BillBroken(Saying("bill-heading"))
    if lines[-2].strip() != sums:
        raise _of_line(len(lines), Saying("bill-sums-missing"))
    names = heading.split(",")
    rows = []
    for place, line in enumerate(lines[1:-2], _FIRST):
        with _at(place):
            rows.append(_fields(line, names))
    with _at(len(lines)):
        return rows, _fields(lines[-1], sums.split(","))


def _fields(line: str, names: list[str]) -> dict[str, str]:
    """Split a row at ",`": a name of goods may hold a comma, a back-tick begins a field."""
    if not line.startswith("`"):
        raise BillBroken(Saying("bill-back-tick"))
    values = line[1:].split(",`")
    if len(values) != len(names):
        raise BillBroken(Saying("bill-fields"))
    return dict(zip(names, (value.strip() for value in values), strict=True))


def _trade_row(line: dict[str, str], day: dt.date) -> TradeRow:
    if line["货币种类"] != CURRENCY:
        raise BillBroken(Saying("bill-not-cny"))
    is_refund = line["交易状态"] == "REFUND"
    if not is_refund and line["交易状态"] not in {"SUCCESS", "REVOKED"}:
        raise BillBroken(Saying("bill-no-kind"))
    gross = _yuan(line["申请退款金额" if is_refund else "订单金额"])
    return TradeRow(
        occurred_at_s=_moment(line["交易时间"], day),
        kind=TradeKind.REFUND if is_refund else TradeKind.PAYMENT,
        number=line["商户订单号"],
        channel_number=line["微信订单号"],
        gross=Money(-gross.minor, CURRENCY) if is_refund else gross,
        fee_e5=_fee(line["手续费"]),
        refund_number=line["商户退款单号"] if is_refund else "",
        refund_channel_number=line["微信退款单号"] if is_refund else "",
        state=line["退款状态"] if is_refund else line["交易状态"],
    )


def _flow_row(line: dict[str, str], day: dt.date) -> FlowRow:
    amount = _yuan(line["收支金额(元)"])
    if line["收支类型"] not in {"收入", "支出"}:
        raise BillBroken(Saying("bill-no-direction"))
    sign = 1 if line["收支类型"] == "收入" else -1
    return FlowRow(
        occurred_at_s=_moment(line["记账时间"], day),
        flow_number=line["资金流水单号"],
        channel_number=line["微信支付业务单号"],
        our_number=line["业务凭证号"],
        kind=line["业务类型"],
        change=Money(sign * amount.minor, CURRENCY),
        balance=_yuan(line["账户结余(元)"]),
        memo=line["备注"],
    )


def _of_line(place: int, what: str) -> BillBroken:
    return BillBroken(Saying("line", line=place, what=what))


@contextmanager
def _at(place: int) -> Iterator[None]:
    """Name the line of the file in what is wrong with it."""
    try:
        yield
    except BillBroken as exc:
        raise _of_line(place, sentence_of(exc)) from exc


def _moment(text: str, day: dt.date) -> int:
    try:
        found = dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError as exc:
        raise BillBroken(Saying("bill-time")) from exc
    if found.date() != day:
        raise BillBroken(Saying("bill-day"))
    return int(found.timestamp())


def _yuan(text: str) -> Money:
    try:
        return from_yuan(text)
    except ValueError as exc:
        raise BillBroken(Saying("bill-amount")) from exc


def _fee(text: str) -> int:
    try:
        return from_yuan_e5(text)
    except ValueError as exc:
        raise BillBroken(Saying("bill-fee")) from exc


def _count(text: str) -> int:
    """Read a number of rows; WeChat Pay writes ``20.0`` in one bill and ``20`` in the other."""
    whole, point, rest = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or (point and set(rest) - {"0"}):
        raise BillBroken(Saying("bill-count"))
    return int(whole)
