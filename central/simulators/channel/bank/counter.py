"""Takes a table of payouts as strictly as a bank does, pays it, and writes what became of it.

The table is what Chinese banks' corporate pages call 批量代发: a line for the batch, a heading, a
line for each payee, and here a check line with the hash of all before it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from typing import NamedTuple

from central.simulators.channel.books import NotEnough
from central.simulators.channel.faults import BANK_FAULTS
from central.simulators.channel.world import Refuse, World, yuan
from central.simulators.parts.books import Row

ACCOUNT, ACCOUNT_NAME = "6222021001012345678", "模拟商户有限公司"
BOOK = "bank/MAIN"
LINES_MAX = 5000
_BATCH = ["批次号", "日期", "付款账号", "付款户名", "币种", "总笔数", "总金额"]
_HEADING = ["序号", "流水号", "收款账号", "收款户名", "开户行", "金额", "用途"]
_ANSWER = ["客户流水号", "收方账号", "收方户名", "交易金额", "交易状态", "失败原因"]
_BOM = b"\xef\xbb\xbf"
_LINE_FAULTS = {kind: BANK_FAULTS[kind] for kind in ("bank-refused", "bank-processing")}
_ANSWER_FAULTS = {k: text for k, text in BANK_FAULTS.items() if k not in _LINE_FAULTS}


class Receipt(NamedTuple):
    """What the counter gives for a table; the total is fen."""

    number: str
    lines: int
    total: int


class _Line(NamedTuple):
    place: int
    number: str
    account: str
    name: str
    bank: str
    fen: int
    remark: str


def take(world: World, raw: bytes) -> Receipt:
    """Take a table and pay what it asks for.

    Raises:
        Refuse: it is not such a table, was altered on its way, is not from our customer's account,
            or its batch is known already. Nothing of it is paid.
    """
    encoding = "utf-8-sig" if raw.startswith(_BOM) else "gbk"
    number, total, lines = _checked(raw, encoding)
    known = world.books.row("SELECT sha256 FROM bank_batch WHERE number = ?", number)
    if known:
        raise Refuse(409, "BATCH_EXISTS", f"批次 {number} 已受理 · the batch was taken before")
    now_s = world.now_s()
    world.books.run(
        "INSERT INTO bank_batch (number, lines, total, sha256, encoding, at_s)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        number, len(lines), total, hashlib.sha256(raw).hexdigest(), encoding, now_s,
    )  # fmt: skip
    for line in lines:
        state, why = _pay(world, line)
        world.books.run(
            "INSERT INTO bank_line (batch, place, number, account, name, bank, amount, remark,"
            " state, fail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            number, line.place, line.number, line.account, line.name, line.bank, line.fen,
            line.remark, state, why,
        )  # fmt: skip
    world.note("bank.take", number, f"{len(lines)} lines, {yuan(total)}", "")
    return Receipt(number, len(lines), total)


def answer(world: World, number: str) -> bytes:
    """Return the table of what became of a batch, in the encoding in which it came.

    Raises:
        Refuse: there is no such batch.
    """
    batch = world.books.row("SELECT * FROM bank_batch WHERE number = ?", number)
    if batch is None:
        raise Refuse(404, "NO_BATCH", f"没有批次 {number} · there is no such batch")
    _finish(world, number)
    fault = world.faults.take("bank.answer", number, _ANSWER_FAULTS)
    if fault == "bank-returned":
        _return_one(world, number)
    table = [
        [line["number"], line["account"], line["name"], yuan(line["amount"]), line["state"],
         line["fail"]]
        for line in world.books.rows("SELECT * FROM bank_line WHERE batch = ? ORDER BY place",
                                     number)
    ]  # fmt: skip
    _bend(table, fault)
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([_ANSWER, *table])
    raw = out.getvalue().encode(batch["encoding"])
    world.note("bank.answer", number, f"{len(table)} lines", fault)
    return raw[: len(raw) * 2 // 3] if fault == "bank-cut" else raw


def _checked(raw: bytes, encoding: str) -> tuple[str, int, list[_Line]]:
    try:
        table = list(csv.reader(io.StringIO(raw.decode(encoding), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as exc:
        raise _refused("无法读取 · it cannot be read") from exc
    if len(table) < 5 or table[0] != _BATCH or table[2] != _HEADING:
        raise _refused("表头不符 · the headings are not those of a batch")
    if len(table[1]) != len(_BATCH) or len(table[-1]) != 3 or table[-1][0] != "校验":
        raise _refused("批次行或校验行缺失 · the batch line or the check line is missing")
    body = raw[: raw.rindex("校验".encode(encoding.removesuffix("-sig")))]
    if table[-1][2] != hashlib.sha256(body).hexdigest():
        raise _refused("校验值不符 · the table is not as it was made")
    number, day, account, name, currency, count, whole = table[1]
    if (account, name, currency) != (ACCOUNT, ACCOUNT_NAME, "CNY"):
        raise _refused("付款账号、户名或币种不符 · not our customer's account")
    if not re.fullmatch("[0-9A-Za-z]{6,32}", number) or not re.fullmatch(
        r"\d{4}-\d\d-\d\d", day, re.ASCII
    ):
        raise _refused("批次号或日期不符 · the batch has no number or no day")
    lines = [_line(place, cells) for place, cells in enumerate(table[3:-1], 1)]
    total = sum(line.fen for line in lines)
    if not 0 < len(lines) <= LINES_MAX or count != str(len(lines)) or whole != yuan(total):
        raise _refused("总笔数或总金额不符 · count or sum is not that of the lines")
    if len({line.number for line in lines}) != len(lines):
        raise _refused("流水号重复 · a number stands there twice")
    return number, total, lines


def _line(place: int, cells: list[str]) -> _Line:
    if len(cells) != len(_HEADING) or cells[0] != str(place):
        raise _refused(f"第 {place} 行序号不符 · line {place} is out of order")
    _, number, account, name, bank, amount, remark = cells
    if not re.fullmatch("[0-9A-Za-z]{6,32}", number):
        raise _refused(f"第 {place} 行流水号不符 · line {place} has no number")
    if not re.fullmatch("[0-9]{6,32}", account) or not name or not bank:
        raise _refused(f"第 {place} 行收款方不符 · line {place} names no payee")
    if not re.fullmatch(r"(?:0|[1-9][0-9]{0,9})[.][0-9]{2}", amount) or float(amount) == 0:
        raise _refused(f"第 {place} 行金额不符 · line {place} has no amount")
    return _Line(place, number, account, name, bank, int(amount.replace(".", "")), remark)


def _pay(world: World, line: _Line) -> tuple[str, str]:
    """Return what became of a line, and why it failed."""
    fault = world.faults.take("bank.line", line.number, _LINE_FAULTS)
    person = world.books.row(
        "SELECT name FROM receiver WHERE channel = 'person' AND account = ?", line.account
    )
    if world.books.row("SELECT 1 FROM bank_line WHERE number = ?", line.number):
        return "失败", "流水号重复"
    if fault == "bank-refused" or (person and person["name"] != line.name):
        return "失败", "户名不符"
    try:
        _move(world, line.number, -line.fen, "代发")
    except NotEnough:
        return "失败", "余额不足"
    return ("处理中", "") if fault == "bank-processing" else ("成功", "")


def _finish(world: World, number: str) -> None:
    """What is being worked on is done by the next but one answer."""
    for line in world.books.rows(
        "SELECT * FROM bank_line WHERE batch = ? AND state = '处理中'", number
    ):
        state = "成功" if line["looked_at"] else "处理中"
        world.books.run(
            "UPDATE bank_line SET state = ?, looked_at = 1 WHERE number = ? AND batch = ?",
            state, line["number"], number,
        )  # fmt: skip


def _return_one(world: World, number: str) -> None:
    paid = world.books.row(
        "SELECT * FROM bank_line WHERE batch = ? AND state = '成功' ORDER BY place LIMIT 1", number
    )
    if paid:
        _move(world, paid["number"], paid["amount"], "退票")
        world.books.run(
            "UPDATE bank_line SET state = '退票', fail = '账户已销户' WHERE number = ?"
            " AND batch = ?", paid["number"], number,
        )  # fmt: skip


def _bend(table: list[list[str]], fault: str) -> None:
    if fault == "bank-sorted":
        for line, account in zip(table, sorted((one[1] for one in table), reverse=True),
                                 strict=True):  # fmt: skip
            line[1] = account
    elif fault == "bank-other-amount":
        table[0][3] = "0.01"
    elif fault == "bank-twice":
        table.append(table[0])
    elif fault == "bank-missing":
        table.pop()
    elif fault == "bank-new-state":
        table[0][4] = "已受理待落地"


def _move(world: World, number: str, fen: int, kind: str) -> None:
    world.books.move(
        BOOK, fen, world.now_s(), business=kind, kind=kind, channel_no=world.number("7000", 28),
        our_no=number,
    )  # fmt: skip


def _refused(why: str) -> Refuse:
    return Refuse(400, "BAD_BATCH", why)


def batches(world: World, count: int) -> list[Row]:
    """Return the newest batches."""
    return world.books.rows("SELECT * FROM bank_batch ORDER BY at_s DESC, number DESC LIMIT ?",
                            count)  # fmt: skip
