"""Payouts as a file for the bank, and the file that comes back. Pure.

A bank's clerk opens both in a spreadsheet. So no text in them may be taken for a formula, and what
comes back is compared line by line with what went out: somebody may have sorted half a column.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from dataclasses import dataclass, field

from central.errors import ChannelUnknown, RequestInvalid
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.channels.ports import Payee, PayoutOrder, PayoutState, Transfer
from central.money.channels.settings import BankFileSettings
from central.money.channels.yuan import from_yuan, to_yuan
from edge.contract.money import Money

CHANNEL = "bank-file"
LINES_MAX = 5000

HEADING = ("序号", "流水号", "收款账号", "收款户名", "开户行", "金额", "用途")
_BATCH_HEADING = ("批次号", "日期", "付款账号", "付款户名", "币种", "总笔数", "总金额")
_END = "校验"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet calculate (OWASP, CSV injection); the wide ones as well."""
_TEXT_MAX = 60

_STATES = {
    "成功": PayoutState.PAID, "交易成功": PayoutState.PAID, "success": PayoutState.PAID,
    "失败": PayoutState.FAILED, "交易失败": PayoutState.FAILED, "退票": PayoutState.FAILED,
    "fail": PayoutState.FAILED, "failed": PayoutState.FAILED,
    "处理中": PayoutState.PROCESSING, "processing": PayoutState.PROCESSING,
}  # fmt: skip
_NAMES = {
    "number": ("流水号", "业务参考号", "客户流水号", "number"),
    "account": ("收款账号", "收方账号", "account"),
    "amount": ("金额", "交易金额", "amount"),
    "state": ("状态", "处理结果", "交易状态", "state"),
    "reason": ("失败原因", "备注", "原因", "reason"),
}
"""What banks call the columns."""


@dataclass(frozen=True)
class BankBatch:
    """Payouts that go to the bank in one file."""

    number: str
    day: dt.date
    orders: tuple[PayoutOrder, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.orders) <= LINES_MAX:
            raise ValueError(f"a batch has 1 to {LINES_MAX} payouts")
        if len({order.number for order in self.orders}) != len(self.orders):
            raise ValueError("a payout stands in a batch once")

    @property
    def total(self) -> Money:
        """What leaves our account."""
        whole = Money(0, self.orders[0].amount.currency)
        for order in self.orders:
            whole += order.amount
        return whole


@dataclass(frozen=True)
class BankFile:
    """A file for the bank; its hash is kept, so that a changed one is noticed."""

    name: str
    content: bytes = field(repr=False)
    sha256: str
    lines: int
    total: Money


def write(batch: BankBatch, settings: BankFileSettings) -> BankFile:
    """Return the file of a batch; the same batch gives the same bytes.

    Raises:
        RequestInvalid: a name that begins like a formula, or that the encoding cannot write.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(_BATCH_HEADING)
    table.writerow(
        (batch.number, batch.day.isoformat(), settings.account, _exact(settings.account_name),
         batch.total.currency, len(batch.orders), to_yuan(batch.total))
    )  # fmt: skip
    table.writerow(HEADING)
    for place, order in enumerate(batch.orders, 1):
        try:
            check_line(order, settings.encoding)
        except RequestInvalid as exc:
            said = Saying("bank-line", payout=order.number, detail=exc.detail)
            raise RequestInvalid(said) from None
        payee = order.payee
        table.writerow(
            (place, order.number, payee.account, payee.name, payee.bank, to_yuan(order.amount),
             _harmless(order.remark))
        )  # fmt: skip
    body = _encoded(out.getvalue(), settings.encoding)
    sha256 = hashlib.sha256(body).hexdigest()
    # The last line lets the bank's clerk and ours see whether they look at the same file.
    body += _encoded(f"{_END},SHA-256,{sha256}\r\n", settings.encoding).removeprefix(_BOM)
    name = f"payout-{batch.number}.csv"
    whole = hashlib.sha256(body).hexdigest()
    return BankFile(name, body, whole, len(batch.orders), batch.total)


def check_payee(payee: Payee) -> None:
    """Refuse a payee whom no bank's file could name.

    Raises:
        RequestInvalid: his account is not digits, or his name or bank is missing, too long, or
            begins like a formula.
    """
    if not (
        payee.account.isascii() and payee.account.isdigit() and len(payee.account) <= _TEXT_MAX
    ):
        raise RequestInvalid(N_("A bank account is written in digits."))
    for text in (payee.name, payee.bank):
        _exact(text)


def check_line(order: PayoutOrder, encoding: str) -> None:
    """Refuse a payout that cannot stand in a file.

    Raises:
        RequestInvalid: its payee cannot be named, or the encoding cannot write him or the remark.
    """
    check_payee(order.payee)
    _encoded(f"{order.payee.name}{order.payee.bank}{_harmless(order.remark)}", encoding)


def read_results(raw: bytes, batch: BankBatch) -> tuple[Transfer, ...]:
    """Read the bank's answer to a batch. A payout that it does not name is not in the result.

    Raises:
        ChannelUnknown: it cannot be read, names a payout twice or one that is not of the batch,
            or an account or an amount is not what was asked for.
    """
    lines = list(csv.reader(io.StringIO(_decoded(raw))))
    heading, columns = _columns(lines)
    asked = {order.number: order for order in batch.orders}
    found: dict[str, Transfer] = {}
    for values in lines[heading + 1 :]:
        if not any(value.strip() for value in values) or values[0].strip().startswith(("#", _END)):
            continue
        fields = {name: _cell(values, at) for name, at in columns.items()}
        transfer = _transfer(fields, asked)
        if transfer.number in found:
            raise ChannelUnknown("twice", Saying("bank-twice", payout=transfer.number))
        found[transfer.number] = transfer
    return tuple(found.values())


_BOM = b"\xef\xbb\xbf"


def _transfer(fields: dict[str, str], asked: dict[str, PayoutOrder]) -> Transfer:
    number = fields["number"]
    order = asked.get(number)
    if order is None:
        raise ChannelUnknown("other-number", N_("The bank's file names a payout of another batch."))
    state = _STATES.get(fields["state"].lower())
    if state is None:
        raise ChannelUnknown("new-state", Saying("bank-state", payout=number))
    try:
        amount = from_yuan(fields["amount"].replace(",", ""))
    except ValueError as exc:
        raise ChannelUnknown("unreadable", Saying("bank-amount", payout=number)) from exc
    if amount != order.amount or fields["account"] != order.payee.account:
        raise ChannelUnknown("differs", Saying("bank-differs", payout=number))
    return Transfer(
        number,
        state,
        amount=amount,
        payee=order.payee.account,
        fail_code=fields.get("reason", "") if state is PayoutState.FAILED else "",
        channel_state=fields["state"],
    )


def _columns(lines: list[list[str]]) -> tuple[int, dict[str, int]]:
    """Return where the heading is, and which column is which."""
    for place, values in enumerate(lines[:20]):
        cells = [value.strip() for value in values]
        columns = {
            name: next(cells.index(one) for one in known if one in cells)
            for name, known in _NAMES.items()
            if any(one in cells for one in known)
        }
        if {"number", "account", "amount", "state"} <= set(columns):
            return place, columns
    raise ChannelUnknown("unreadable", N_("The bank's file has no heading that is known."))


def _cell(values: list[str], at: int) -> str:
    """Return a cell without what spreadsheets put around numbers: tab, apostrophe, ``="…"``."""
    text = values[at].strip() if at < len(values) else ""
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text.lstrip("'").strip()


def _exact(text: str) -> str:
    """Return a text that the bank compares: it is written as it is, or not at all."""
    if not text or len(text) > _TEXT_MAX or text.startswith(_FORMULA) or not text.isprintable():
        raise RequestInvalid(
            N_("The name or the bank of a payee is missing, too long, or begins like a formula.")
        )
    return text


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    plain = "".join(c if c.isprintable() else " " for c in text)[:_TEXT_MAX].strip()
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as exc:
        character = text[exc.start]
        raise RequestInvalid(
            Saying("bank-encoding", encoding=encoding, character=character)
        ) from exc


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig" if raw.startswith(_BOM) else "gb18030")
    except UnicodeDecodeError as exc:
        raise ChannelUnknown("unreadable", N_("The bank's file is neither UTF-8 nor GBK.")) from exc
