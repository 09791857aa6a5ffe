"""Bills: yesterday's payments and movements, as WeChat Pay writes them, and as it must not."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from typing import Any

from central.simulators.channel import keys as parties
from central.simulators.channel.faults import BILL_FAULTS
from central.simulators.channel.wechat import CHANNEL
from central.simulators.channel.wechat.orders import payment
from central.simulators.channel.world import BEIJING, Refuse, World, day_of, local, plain, yuan
from central.simulators.parts.books import Row

_READY_HOUR = 10
_URL_S = 300
_DAYS_MAX = 92
_TRADE = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
_TRADE_SUMS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
_FLOW = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
_FLOW_SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"

Done = tuple[int, dict[str, Any] | None]


def trade_bill(world: World, query: dict[str, str]) -> Done:
    """Offer the bill of a day's payments and refunds."""
    day = _day(world, query)
    if query.get("bill_type", "ALL") != "ALL":
        raise Refuse(400, "PARAM_ERROR", "the simulator makes bills of ALL")
    lines = _trade_lines(world, day)
    if not lines:
        raise Refuse(400, "NO_STATEMENT_EXIST", "nothing was paid on that day")
    return _offer(world, f"trade/{day}", _write(_TRADE, lines, _TRADE_SUMS, _trade_sums(lines)))


def flow_bill(world: World, query: dict[str, str]) -> Done:
    """Offer the bill of an account's movements on a day."""
    day = _day(world, query)
    account = query.get("account_type", "BASIC")
    if account not in {"BASIC", "OPERATION", "FEES"}:
        raise Refuse(400, "PARAM_ERROR", "account_type is not one of the three")
    found = [
        row
        for row in world.books.rows(
            "SELECT * FROM flow WHERE account = ? ORDER BY id", f"wechat/{account}"
        )
        if day_of(row["at_s"]) == day
    ]
    if not found:
        raise Refuse(400, "NO_STATEMENT_EXIST", "nothing has moved on that day")
    lines = [_flow_line(row) for row in found]
    fault = world.faults.take("wechat.bill", day, {"bill-broken-chain": ""})
    if fault:
        lines[-1][7] = yuan(found[-1]["balance"] + 1)
    ins = [row["change"] for row in found if row["change"] > 0]
    outs = [-row["change"] for row in found if row["change"] < 0]
    sums = [
        f"{len(found)}.0", f"{len(ins)}.0", yuan(sum(ins)), f"{len(outs)}.0", yuan(sum(outs))
    ]  # fmt: skip
    return _offer(world, f"flow/{day}", _write(_FLOW, lines, _FLOW_SUMS, sums))


def download(world: World, query: dict[str, str]) -> bytes:
    """Return the file that was offered; its address is good for five minutes."""
    found = world.books.row("SELECT * FROM bill WHERE token = ?", query.get("token", ""))
    if found is None or found["until_s"] < world.now_s():
        raise Refuse(400, "INVALID_REQUEST", "the address is not good any more")
    return bytes(found["content"])


def _offer(world: World, number: str, content: bytes) -> Done:
    fault = world.faults.take("wechat.bill", number.partition("/")[2], BILL_FAULTS)
    if fault == "bill-wrong-sum":
        head, _, last = content.rstrip(b"\r\n").rpartition(b"\r\n")
        content = head + b"\r\n" + re.sub(rb"`(\d+)", rb"`9\1", last, count=1) + b"\r\n"
    digest = hashlib.sha1(content).hexdigest()  # noqa: S324 - theirs
    if fault == "bill-wrong-hash":
        digest = hashlib.sha1(b"another file").hexdigest()  # noqa: S324
    if fault == "bill-cut":
        content = content[: len(content) * 2 // 3]
        digest = hashlib.sha1(content).hexdigest()  # noqa: S324 - so that the rows must tell
    token = secrets.token_urlsafe(32)
    world.books.run("INSERT INTO bill VALUES (?, ?, ?)", token, content, world.now_s() + _URL_S)
    return 200, {
        "hash_type": "SHA1",
        "hash_value": digest,
        "download_url": f"{world.base_url}/v3/billdownload/file?token={token}",
    }


def _day(world: World, query: dict[str, str]) -> str:
    if query.get("tar_type"):
        raise Refuse(400, "PARAM_ERROR", "the simulator does not compress its bills")
    text = query.get("bill_date", "")
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as exc:
        raise Refuse(400, "PARAM_ERROR", "bill_date is 2026-04-11") from exc
    if len(text) != 10:
        raise Refuse(400, "PARAM_ERROR", "bill_date is 2026-04-11")
    now = local(world.now_s())
    ready = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(_READY_HOUR), BEIJING)
    if now < ready:
        raise Refuse(400, "STATEMENT_CREATING", "the bill is made at ten o'clock of the next day")
    if (now.date() - day).days > _DAYS_MAX:
        raise Refuse(400, "NO_STATEMENT_EXIST", "older than three months")
    return text


def _trade_lines(world: World, day: str) -> list[list[str]]:
    paid = world.books.rows(
        "SELECT * FROM payment WHERE channel = ? AND paid_at_s IS NOT NULL", CHANNEL
    )
    found = [
        (order["paid_at_s"], _payment_line(order))
        for order in paid
        if day_of(order["paid_at_s"]) == day
    ]
    for refund in world.books.rows("SELECT * FROM refund WHERE channel = ?", CHANNEL):
        if day_of(refund["created_at_s"]) == day:
            order_of = payment(world, refund["number"])
            assert order_of is not None
            found.append((refund["created_at_s"], _refund_line(refund, order_of)))
    return [line for _, line in sorted(found, key=lambda one: one[0])]


def _payment_line(order: Row) -> list[str]:
    amount = yuan(order["amount"])
    return [
        plain(order["paid_at_s"]), parties.APPID, parties.MCHID, "0", "", order["channel_no"],
        order["number"], order["payer"], order["way"], "SUCCESS", "OTHERS", "CNY", amount, "0.00",
        "0", "0", "0.00", "0.00", "", "", _goods(order), "", _fee(order["fee"]), "0.60%", amount,
        "0.00", "",
    ]  # fmt: skip


def _refund_line(refund: Row, order: Row) -> list[str]:
    amount = yuan(refund["amount"])
    return [
        plain(refund["created_at_s"]), parties.APPID, parties.MCHID, "0", "", order["channel_no"],
        order["number"], order["payer"], order["way"], "REFUND", "OTHERS", "CNY", "0.00", "0.00",
        refund["channel_no"], refund["refund_number"], amount, "0.00", "ORIGINAL",
        # A snapshot: what becomes of the refund later is never written here.
        "PROCESSING", _goods(order), "", _fee(-refund["fee"]), "0.60%", "0.00", amount, "",
    ]  # fmt: skip


def _trade_sums(lines: list[list[str]]) -> list[str]:
    def total(place: int) -> str:
        return yuan(sum(_fen(line[place]) for line in lines))

    fees = sum(_e5(line[22]) for line in lines)
    return [
        str(len(lines)), total(12), total(16), total(17), _fee(fees), total(24), total(25)
    ]  # fmt: skip


def _flow_line(row: Row) -> list[str]:
    return [
        plain(row["at_s"]), row["channel_no"], f"{parties.MCHID}{row['id']:020d}", row["business"],
        row["kind"], "收入" if row["change"] > 0 else "支出", yuan(abs(row["change"])),
        yuan(row["balance"]), "system", row["memo"].replace("`", " "), row["our_no"],
    ]  # fmt: skip


def _write(heading: str, lines: list[list[str]], sums_heading: str, sums: list[str]) -> bytes:
    rows = [",".join(f"`{value}" for value in line) for line in lines]
    last = ",".join(f"`{value}" for value in sums)
    return ("\r\n".join([heading, *rows, sums_heading, last]) + "\r\n").encode()


def _goods(order: Row) -> str:
    return str(order["description"]).replace("`", " ")


def _fee(e5: int) -> str:
    sign = "-" if e5 < 0 else ""
    return f"{sign}{abs(e5) // 100_000}.{abs(e5) % 100_000:05d}"


def _fen(text: str) -> int:
    return _e5(text) // 1000


def _e5(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    whole, _, rest = text.lstrip("-").partition(".")
    return sign * (int(whole) * 100_000 + int(rest.ljust(5, "0")))
