"""Bills: a zip of two GBK files, details and summary, as Alipay writes them and as it must not."""

from __future__ import annotations

import datetime as dt
import io
import re
import secrets
import zipfile
from typing import Any

from central.simulators.channel import keys as parties
from central.simulators.channel.alipay import CHANNEL
from central.simulators.channel.alipay.protocol import Asked, Fail, text
from central.simulators.channel.faults import BILL_FAULTS
from central.simulators.channel.world import (
    BEIJING,
    World,
    day_of,
    fee_fen,
    local,
    plain,
    yuan,
)
from central.simulators.parts.books import Row

_READY_HOUR = 9
_URL_S = 30
_TRADE = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,"
    "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_FLOW = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,"
    "交易渠道,业务类型,备注"
)
_RULE = "#-----------------------------------------"

Answer = dict[str, Any]


def offer(world: World, asked: Asked) -> Answer:
    """Offer the bill of a day."""
    kind = text(asked.content, "bill_type", 20)
    day = _day(world, text(asked.content, "bill_date", 10))
    if kind not in {"trade", "signcustomer"}:
        raise Fail("40004", "invalid_arguments", "bill_type")
    lines = _trade_lines(world, day) if kind == "trade" else _flow_lines(world, day)
    if not lines:
        raise Fail("40004", "isp.bill_not_exist", "账单不存在")
    fault = world.faults.take("alipay.bill", day, BILL_FAULTS)
    content = _bent("\r\n".join(lines) + "\r\n", fault)
    token = secrets.token_urlsafe(32)
    packed = _zip(kind, day, content)
    if fault == "bill-wrong-hash":
        packed = packed[: len(packed) * 3 // 4]  # there is no hash here; half a zip is as bad
    world.books.run("INSERT INTO bill VALUES (?, ?, ?)", token, packed, world.now_s() + _URL_S)
    return {"bill_download_url": f"{world.base_url}/downloadBillFile.resource?token={token}"}


def download(world: World, token: str) -> bytes | None:
    """Return the file that was offered; its address is good for half a minute."""
    found = world.books.row("SELECT * FROM bill WHERE token = ?", token)
    if found is None or found["until_s"] < world.now_s():
        return None
    return bytes(found["content"])


def _day(world: World, text_: str) -> str:
    try:
        day = dt.date.fromisoformat(text_)
    except ValueError as exc:
        raise Fail("40004", "invalid_arguments", "bill_date") from exc
    ready = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(_READY_HOUR), BEIJING)
    if local(world.now_s()) < ready:
        raise Fail("40004", "isp.bill_not_exist", "账单尚未生成")
    return text_


def _trade_lines(world: World, day: str) -> list[str]:
    rows: list[tuple[int, str]] = []
    paid, back = [], []
    for order in world.books.rows("SELECT * FROM payment WHERE channel = ?", CHANNEL):
        if order["paid_at_s"] and day_of(order["paid_at_s"]) == day:
            rows.append((order["paid_at_s"], _trade_row(order, None)))
            paid.append(order["amount"])
    for refund in world.books.rows("SELECT * FROM refund WHERE channel = ?", CHANNEL):
        if day_of(refund["done_at_s"]) == day:
            order_of = world.books.row(
                "SELECT * FROM payment WHERE channel = ? AND number = ?", CHANNEL, refund["number"]
            )
            assert order_of is not None
            rows.append((refund["done_at_s"], _trade_row(order_of, refund)))
            back.append(-refund["amount"])
    if not rows:
        return []
    return [
        *_head("支付宝业务明细查询", "业务明细列表", day), _TRADE,
        *(row for _, row in sorted(rows, key=lambda found: found[0])),
        f"{_RULE}业务明细列表结束------------------------------------",
        f"#交易合计：{len(paid)}笔，商家实收共{yuan(sum(paid))}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{yuan(sum(back))}元，商家优惠退款共0.00元",
        _made(world),
    ]  # fmt: skip


def _trade_row(order: Row, refund: Row | None) -> str:
    amount = yuan(-refund["amount"] if refund else order["amount"])
    fee = fee_fen(refund["fee"]) if refund else -fee_fen(order["fee"])
    cells = [
        order["channel_no"] + "\t", order["number"] + "\t", ("退款" if refund else "交易") + "\t",
        order["description"], plain(order["created_at_s"]),
        plain(refund["done_at_s"] if refund else order["paid_at_s"]), "\t", "\t", "\t", "\t",
        "*拟(sim***@example.com)\t", amount, amount, "0.00", "0.00", "0.00", "0.00", "0.00", "",
        "0.00\t", "0.00", (refund["refund_number"] if refund else "") + "\t", yuan(fee), "0.00",
        refund["reason"] if refund else "",
    ]  # fmt: skip
    return ",".join(_cell(cell) for cell in cells)


def _flow_lines(world: World, day: str) -> list[str]:
    found = [
        row
        for row in world.books.rows("SELECT * FROM flow WHERE account = 'alipay/BASIC' ORDER BY id")
        if day_of(row["at_s"]) == day
    ]
    if not found:
        return []
    fault = world.faults.take("alipay.bill", day, {"bill-broken-chain": ""})
    rows = []
    for row in reversed(found):  # the newest first
        balance = row["balance"] + (1 if fault and row is found[0] else 0)
        rows.append(_flow_row(row, balance))
    ins = [row["change"] for row in found if row["change"] > 0]
    outs = [-row["change"] for row in found if row["change"] < 0]
    return [
        *_head("支付宝账务明细查询", "账务明细列表", day), _FLOW, *rows,
        f"{_RULE}账务明细列表结束------------------------------------",
        f"#支出合计：{len(outs)}笔，共{yuan(sum(outs))}元",
        f"#收入合计：{len(ins)}笔，共{yuan(sum(ins))}元",
        _made(world),
    ]  # fmt: skip


def _flow_row(row: Row, balance: int) -> str:
    change = row["change"]
    cells = [
        f"{row['id']:015d}\t", row["channel_no"] + "\t", row["our_no"] + "\t",
        row["business"] + "\t", plain(row["at_s"]), "*拟(sim***@example.com)\t",
        yuan(max(change, 0)), yuan(min(change, 0)), yuan(balance), "支付宝", row["kind"],
        row["memo"],
    ]  # fmt: skip
    return ",".join(_cell(cell) for cell in cells)


def _head(title: str, name: str, day: str) -> list[str]:
    first = dt.date.fromisoformat(day)
    begin, end = (f"{d:%Y年%m月%d日} 00:00:00" for d in (first, first + dt.timedelta(days=1)))
    return [
        f"#{title}",
        f"#账号：[{parties.SELLER_ID}0156]",
        f"#起始日期：[{begin}]   终止日期：[{end}]",
        f"{_RULE}{name}----------------------------------------",
    ]


def _made(world: World) -> str:
    return f"#导出时间：[{local(world.now_s()):%Y年%m月%d日 %H:%M:%S}]"


def _cell(text_: str) -> str:
    """Return a cell; a comma or a quote is quoted."""
    if "," in text_ or '"' in text_ or "\n" in text_:
        doubled = text_.replace('"', '""').replace("\n", " ")
        return f'"{doubled}"'
    return text_


def _bent(content: str, fault: str) -> str:
    if fault == "bill-cut":
        return content[: len(content) * 2 // 3]
    if fault == "bill-wrong-sum":
        return re.sub(r"(合计：)(\d+)笔", r"\g<1>9\2笔", content, count=1)
    return content


def _zip(kind: str, day: str, content: str) -> bytes:
    out = io.BytesIO()
    name = "业务明细" if kind == "trade" else "账务明细"
    stem = f"{parties.SELLER_ID}0156_{day.replace('-', '')}_{name}"
    summary = f"#支付宝{name.replace('明细', '汇总')}查询\r\n类型,笔数\r\n合计,1\r\n"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        # The summary comes first, as in the real ones: who takes the first file has the wrong one.
        bundle.writestr(f"{stem}(汇总).csv", summary.encode("gb18030"))
        bundle.writestr(f"{stem}.csv", content.encode("gb18030"))
    return out.getvalue()
