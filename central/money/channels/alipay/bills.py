"""Bills: a zip of GBK files, fetched, read, and proven against their own sums and balances.

Alipay gives no hash. What shows that a bill is whole is its end: the line that closes the list, the
number of rows and the sums; and in the bill of movements each balance follows from the one before.

Source: alipay.data.dataservice.bill.downloadurl.query at docs.open.alipay.com/api_15; the files
as merchants get them: ``#`` lines around a CSV whose fields end with a tab.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from central.errors import ChannelUnknown
from central.foundation.language.said import Saying, sentence_of
from central.money.channels.alipay import CHANNEL, read
from central.money.channels.alipay.client import BEIJING, Client
from central.money.channels.model import FlowRow, TradeKind, TradeRow, first_gap
from central.money.channels.ports import FlowBill, FundAccount, TradeBill
from central.money.channels.send import BILL_BYTES_MAX
from central.money.channels.yuan import CURRENCY, from_yuan, from_yuan_e5
from edge.contract.money import Money

T = TypeVar("T")
_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
    ValueError,
)  # fmt: skip
"""What ``zipfile`` may raise about bytes that are no zip; a name that is not UTF-8 is the last."""
FILES_MAX = 50
_TRADE_TITLE, _TRADE_END = "#支付宝业务明细查询", "业务明细列表结束"
_FLOW_TITLE, _FLOW_END = "#支付宝账务明细查询", "账务明细列表结束"
_TRADE_NAMES = (
    "支付宝交易号", "商户订单号", "业务类型", "完成时间", "订单金额（元）", "商家实收（元）",
    "退款批次号/请求号", "服务费（元）",
)  # fmt: skip
_FLOW_NAMES = (
    "账务流水号", "业务流水号", "商户订单号", "发生时间", "收入金额（+元）", "支出金额（-元）",
    "账户余额（元）", "业务类型", "备注",
)  # fmt: skip
_TRADE_SUM = re.compile(r"#交易合计：([0-9]+)笔，商家实收共(-?[0-9.]+)元")
_REFUND_SUM = re.compile(r"#退款合计：([0-9]+)笔，商家实收退款共(-?[0-9.]+)元")
_IN_SUM = re.compile(r"#收入合计：([0-9]+)笔，共(-?[0-9.]+)元")
_OUT_SUM = re.compile(r"#支出合计：([0-9]+)笔，共(-?[0-9.]+)元")
_ACCOUNT = re.compile(r"#账号：\[([0-9]+)\]")


class BillBroken(ValueError):
    """A bill does not hold together; the sentence says where."""


class AlipayBills:
    """Alipay as a channel that says what it has done. Yesterday's is there from nine o'clock."""

    channel = CHANNEL
    accounts = (FundAccount.BASIC,)

    def __init__(self, client: Client) -> None:
        self._client = client

    def trade_bill(self, day: dt.date) -> TradeBill:
        """Fetch and prove what was paid and refunded on a day."""
        seller = self._client.settings.seller_id
        found = self._fetch(
            "trade",
            day,
            lambda raw: TradeBill(CHANNEL, day, raw, read_trade_bill(raw, seller, day)),
        )
        return found or TradeBill(CHANNEL, day, b"")

    def flow_bill(self, day: dt.date, account: FundAccount = FundAccount.BASIC) -> FlowBill:
        """Fetch and prove how our account moved on a day; Alipay has one account."""
        if account not in self.accounts:
            raise ValueError(f"Alipay has no account {account}")
        seller = self._client.settings.seller_id

        def proven(raw: bytes) -> FlowBill:
            return FlowBill(CHANNEL, day, account, raw, read_flow_bill(raw, seller, day))

        found = self._fetch("signcustomer", day, proven)
        return found or FlowBill(CHANNEL, day, account, b"")

    def _fetch(self, kind: str, day: dt.date, proven: Callable[[bytes], T]) -> T | None:
        number = f"{day}/{kind}"
        method = "alipay.data.dataservice.bill.downloadurl.query"
        content = {"bill_type": kind, "bill_date": day.isoformat()}
        url = self._client.ask(
            method, number, content, lambda found: read.text(found, "bill_download_url")
        )

        def prove(raw: bytes) -> T:
            try:
                return proven(raw)
            except BillBroken as exc:
                raise ChannelUnknown(
                    "bill-broken", Saying("bill-broken", what=sentence_of(exc))
                ) from exc

        return None if url is None else self._client.fetch(number, url, BILL_BYTES_MAX, prove)


def read_trade_bill(raw: bytes, seller_id: str, day: dt.date) -> tuple[TradeRow, ...]:
    """Read the zip's list of trades and refunds, and check it against its sums.

    Raises:
        BillBroken: no zip, cut off, of another seller or day, or wrong sums.
    """
    lines = _detail(raw, _TRADE_TITLE)
    rows: list[TradeRow] = []
    got: dict[TradeKind, list[int]] = {kind: [] for kind in TradeKind}
    for place, fields in _rows(lines, _TRADE_NAMES, _TRADE_END, seller_id):
        with _at(place):
            row = _trade_row(fields, day)
            rows.append(row)
            got[row.kind].append(_minor(fields["商家实收（元）"]))
    _check_sum("交易合计", lines, _TRADE_SUM, got[TradeKind.PAYMENT])
    _check_sum("退款合计", lines, _REFUND_SUM, got[TradeKind.REFUND])
    return tuple(rows)


def read_flow_bill(raw: bytes, seller_id: str, day: dt.date) -> tuple[FlowRow, ...]:
    """Read the zip's list of movements, oldest first; check sums and the chain of balances.

    Raises:
        BillBroken: no zip, cut off, of another seller or day, wrong sums, a broken chain.
    """
    lines = _detail(raw, _FLOW_TITLE)
    rows: list[FlowRow] = []
    places: list[int] = []
    for place, fields in _rows(lines, _FLOW_NAMES, _FLOW_END, seller_id):
        with _at(place):
            rows.append(_flow_row(fields, day))
            places.append(place)
    if first_gap(rows) is not None:
        rows.reverse()  # Alipay lists the newest first
        gap = first_gap(rows)
        if gap is not None:
            raise _of_line(places[::-1][gap], Saying("row-gap-after"))
    _check_sum("收入合计", lines, _IN_SUM, [r.change.minor for r in rows if r.change.minor > 0])
    _check_sum("支出合计", lines, _OUT_SUM, [r.change.minor for r in rows if r.change.minor < 0])
    return tuple(rows)


def _detail(raw: bytes, title: str) -> list[str]:
    """Return the lines of the file in the zip that begins with a title."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as bundle:
            members = [m for m in bundle.infolist() if not m.is_dir()]
            if len(members) > FILES_MAX or sum(m.file_size for m in members) > BILL_BYTES_MAX:
                raise BillBroken(Saying("bill-too-large"))
            for member in members:
                with bundle.open(member) as opened:
                    content = opened.read(BILL_BYTES_MAX)
                lines = _text(content).replace("\r\n", "\n").rstrip("\n").split("\n")
                if lines[0].strip().rstrip(",") == title:
                    return lines
    except BillBroken:
        raise
    except _ZIP_ERRORS as exc:
        raise BillBroken(Saying("bill-not-zip")) from exc
    raise BillBroken(Saying("bill-no-title", name=title))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "gb18030")
    except UnicodeDecodeError as exc:
        raise BillBroken(Saying("bill-not-gbk")) from exc


def _rows(
    lines: list[str], names: tuple[str, ...], end: str, seller_id: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Give each row by the heading's names, with the line of the file that it stands on."""
    account = next((m[1] for line in lines[:4] if (m := _ACCOUNT.match(line))), "")
    # The account is written as our PID with 0156 (CNY) behind it.
    if account not in {seller_id, f"{seller_id}0156"}:
        raise BillBroken(Saying("bill-seller"))
    begin = next((i for i, line in enumerate(lines) if line.startswith(names[0])), None)
    finish = next(
        (i for i, line in enumerate(lines) if line.startswith("#-") and end in line), None
    )
    if begin is None or finish is None:
        raise _of_line(len(lines), Saying("bill-list-cut"))
    heading = [name.strip() for name in next(csv.reader([lines[begin]]))]
    if missing := [name for name in names if name not in heading]:
        raise BillBroken(Saying("bill-heading-lacks", column=missing[0]))
    reader = csv.reader(lines[begin + 1 : finish])
    for values in reader:
        place = begin + 1 + reader.line_num
        with _at(place):
            if len(values) != len(heading):
                raise BillBroken(Saying("bill-fields"))
        yield place, dict(zip(heading, (value.strip() for value in values), strict=True))


def _trade_row(fields: dict[str, str], day: dt.date) -> TradeRow:
    if fields["业务类型"] not in {"交易", "退款"}:
        raise BillBroken(Saying("bill-no-kind"))
    is_refund = fields["业务类型"] == "退款"
    fee = abs(_e5(fields["服务费（元）"]))  # its sign differs; what kind of row it is tells it
    return TradeRow(
        occurred_at_s=_moment(fields["完成时间"], day),
        kind=TradeKind.REFUND if is_refund else TradeKind.PAYMENT,
        number=fields["商户订单号"],
        channel_number=fields["支付宝交易号"],
        gross=Money(_minor(fields["订单金额（元）"]), CURRENCY),
        fee_e5=-fee if is_refund else fee,
        refund_number=fields["退款批次号/请求号"] if is_refund else "",
        state=fields["业务类型"],
    )


def _flow_row(fields: dict[str, str], day: dt.date) -> FlowRow:
    change = abs(_minor(fields["收入金额（+元）"])) - abs(_minor(fields["支出金额（-元）"]))
    return FlowRow(
        occurred_at_s=_moment(fields["发生时间"], day),
        flow_number=fields["账务流水号"],
        channel_number=fields["业务流水号"],
        our_number=fields["商户订单号"],
        kind=fields["业务类型"],
        change=Money(change, CURRENCY),
        balance=Money(_minor(fields["账户余额（元）"]), CURRENCY),
        memo=fields["备注"],
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


def _check_sum(name: str, lines: list[str], pattern: re.Pattern[str], counted: list[int]) -> None:
    for place in range(len(lines), 0, -1):
        if (said := pattern.match(lines[place - 1])) is None:
            continue
        with _at(place):
            if (int(said[1]), abs(_minor(said[2]))) != (len(counted), abs(sum(counted))):
                raise BillBroken(Saying("row-sum", column=name))
        return
    raise _of_line(len(lines), Saying("bill-sums-missing"))


def _moment(text: str, day: dt.date) -> int:
    try:
        at_s = read.parse_moment(text)
    except ValueError as exc:
        raise BillBroken(Saying("bill-time")) from exc
    if dt.datetime.fromtimestamp(at_s, BEIJING).date() != day:
        raise BillBroken(Saying("bill-day"))
    return at_s


def _minor(text: str) -> int:
    try:
        return from_yuan(text or "0").minor
    except ValueError as exc:
        raise BillBroken(Saying("bill-amount")) from exc


def _e5(text: str) -> int:
    try:
        return from_yuan_e5(text or "0")
    except ValueError as exc:
        raise BillBroken(Saying("bill-fee")) from exc
