"""Trades: precreated, scanned and paid by the pretend buyer, queried, closed, refunded, shared."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from central.simulators.channel import keys as parties
from central.simulators.channel.alipay import CHANNEL
from central.simulators.channel.alipay.protocol import Asked, Fail, amount, invalid, text
from central.simulators.channel.books import NotEnough
from central.simulators.channel.world import BEIJING, World, fee_fen, fee_of, plain, yuan
from central.simulators.parts.books import Row

ACCOUNT = "alipay/BASIC"
_STANDARD_S = 2 * 3600
BUYER = "2088000000000777"

Answer = dict[str, Any]


def precreate(world: World, asked: Asked) -> Answer:
    """Take a trade; it exists for queries only once the buyer has scanned its code."""
    content = asked.content
    number = text(content, "out_trade_no", 64)
    total = amount(content, "total_amount")
    subject = text(content, "subject")
    now_s = world.now_s()
    expires_at_s = _time_expire(content) or now_s + _STANDARD_S
    if expires_at_s <= now_s:
        raise invalid("time_expire")
    extend = content.get("extend_params") or {}
    shared = isinstance(extend, dict) and extend.get("royalty_freeze") == "true"
    said = json.dumps([total, subject, shared], ensure_ascii=False)
    known = trade(world, number)
    if known:
        if known["state"] == "paid":
            raise Fail("40004", "ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
        if known["state"] == "closed":
            raise Fail("40004", "ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
        if known["said"] != said:
            raise Fail("40004", "ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
        token = known["token"]
    else:
        token = f"bax{now_s}{world.books.count('qr'):06d}"
        world.books.run(
            "INSERT INTO payment (channel, number, said, amount, description, way, state, token,"
            " payer, channel_no, created_at_s, expires_at_s, notify_url, shared)"
            " VALUES (?, ?, ?, ?, ?, 'PRECREATE', 'precreated', ?, '', '', ?, ?, ?, ?)",
            CHANNEL, number, said, total, subject, token, now_s, expires_at_s, asked.notify_url,
            int(shared),
        )  # fmt: skip
    return {"out_trade_no": number, "qr_code": f"https://qr.alipay.com/{token}"}


def query(world: World, asked: Asked) -> Answer:
    """Answer what became of a trade."""
    found = _existing(world, asked)
    said = {
        "trade_no": found["channel_no"],
        "out_trade_no": found["number"],
        "buyer_logon_id": "sim***@example.com",
        "trade_status": status(found),
        "total_amount": yuan(found["amount"]),
        "buyer_user_id": found["payer"],
    }
    if found["paid_at_s"]:
        said |= {
            "send_pay_date": plain(found["paid_at_s"]),
            "receipt_amount": yuan(found["amount"]),
            "buyer_pay_amount": yuan(found["amount"]),
        }
    return said


def close(world: World, asked: Asked) -> Answer:
    """Close a trade that waits to be paid."""
    found = _existing(world, asked)
    if found["state"] == "paid":
        raise Fail("40004", "ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
    if found["state"] == "closed":
        raise Fail("40004", "ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
    _state(world, found["number"], "closed")
    return {"trade_no": found["channel_no"], "out_trade_no": found["number"]}


def cancel(world: World, asked: Asked) -> Answer:
    """Close what waits, refund what was paid."""
    number = text(asked.content, "out_trade_no", 64)
    found = trade(world, number)
    said = {"out_trade_no": number, "retry_flag": "N"}
    if found is None:
        return said
    if found["state"] == "paid" and found["refunded"] < found["amount"]:
        _refund(world, found, found["amount"] - found["refunded"], f"cancel-{number}", "撤销")
        return {**said, "trade_no": found["channel_no"], "action": "refund"}
    if found["state"] != "paid":
        _state(world, number, "closed")
    return {**said, "trade_no": found["channel_no"], "action": "close"}


def refund(world: World, asked: Asked) -> Answer:
    """Send money back at once."""
    found = _existing(world, asked)
    back = amount(asked.content, "refund_amount")
    request_no = text(asked.content, "out_request_no", 64, needed=False) or found["number"]
    reason = text(asked.content, "refund_reason", needed=False)
    if found["state"] != "paid":
        raise Fail("40004", "ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
    known = _refunds(world, found["number"], request_no)
    if known and known[0]["amount"] != back:
        raise Fail("40004", "ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
    if not known:
        if back > found["amount"] - found["refunded"]:
            raise Fail("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
        _refund(world, found, back, request_no, reason)
    now = trade(world, found["number"])
    assert now is not None
    return {
        "trade_no": found["channel_no"],
        "out_trade_no": found["number"],
        "buyer_logon_id": "sim***@example.com",
        "fund_change": "N" if known else "Y",
        "refund_fee": yuan(now["refunded"]),
        "buyer_user_id": found["payer"],
    }


def query_refund(world: World, asked: Asked) -> Answer:
    """Answer what became of a refund; without a status if there is none."""
    found = _existing(world, asked)
    request_no = text(asked.content, "out_request_no", 64)
    known = _refunds(world, found["number"], request_no)
    if not known:
        return {}
    said = {
        "trade_no": found["channel_no"],
        "out_trade_no": found["number"],
        "out_request_no": request_no,
        "total_amount": yuan(found["amount"]),
        "refund_amount": yuan(known[0]["amount"]),
        "refund_status": "REFUND_SUCCESS",
    }
    if "gmt_refund_pay" in (asked.content.get("query_options") or []):
        said["gmt_refund_pay"] = plain(known[0]["done_at_s"])
    return said


# --- shares --------------------------------------------------------------------------------------


def bind(world: World, asked: Asked) -> Answer:
    """Make receivers known."""
    text(asked.content, "out_request_no", 32)
    receivers = asked.content.get("receiver_list")
    if not isinstance(receivers, list) or not 0 < len(receivers) <= 20:
        raise invalid("receiver_list")
    for one in receivers:
        if not isinstance(one, dict) or one.get("type") not in {"userId", "loginName"}:
            raise invalid("type")
        world.books.run(
            "INSERT OR REPLACE INTO receiver VALUES (?, ?, ?, ?)",
            CHANNEL, text(one, "account"), one["type"], text(one, "name", needed=False),
        )  # fmt: skip
    return {"result_code": "SUCCESS"}


def settle(world: World, asked: Asked) -> Answer:
    """Take a request for shares; it is worked on as soon as somebody looks."""
    content = asked.content
    number = text(content, "out_request_no", 64)
    found = _by_channel_number(world, text(content, "trade_no", 64))
    parts = content.get("royalty_parameters")
    if not isinstance(parts, list) or len(parts) > 50:
        raise invalid("royalty_parameters")
    extend = content.get("extend_params") or {}
    is_last = isinstance(extend, dict) and extend.get("royalty_finish") == "true"
    if not parts and not is_last:
        raise invalid("royalty_parameters")
    said = json.dumps(parts, sort_keys=True)
    known = _sharing(world, number)
    if known:
        if known["said"] != said:
            raise Fail("40004", "ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
        return {"trade_no": found["channel_no"], "settle_no": known["channel_no"]}
    amounts = [_receiver(world, part) for part in parts]
    if found["finished"] or not found["shared"]:
        raise Fail("40004", "ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
    if sum(amounts) * 100 > found["amount"] * world.share_ceiling_percent:
        raise Fail("40004", "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", "分账金额校验失败")
    settle_no = world.number("2021", 32)
    world.books.run(
        "INSERT INTO sharing VALUES (?, ?, ?, ?, 'PROCESSING', ?, ?, ?)",
        CHANNEL, number, found["number"], said, int(is_last), settle_no, world.now_s(),
    )  # fmt: skip
    for part, fen in zip(parts, amounts, strict=True):
        world.books.run(
            "INSERT INTO share (channel, number, account, kind, amount, description, state)"
            " VALUES (?, ?, ?, 'userId', ?, ?, 'PROCESSING')",
            CHANNEL, number, part["trans_in"], fen, part.get("desc", ""),
        )  # fmt: skip
    if is_last:
        world.books.run(
            "UPDATE payment SET finished = 1 WHERE channel = ? AND number = ?",
            CHANNEL, found["number"],
        )  # fmt: skip
    return {"trade_no": found["channel_no"], "settle_no": settle_no}


def query_settle(world: World, asked: Asked) -> Answer:
    """Answer what became of shares."""
    number = text(asked.content, "out_request_no", 64)
    known = _sharing(world, number)
    if known is None:
        raise Fail("40004", "ACQ.TRADE_NOT_EXIST", "交易不存在")
    _work_on(world, known)
    details = [
        {
            "operation_type": "transfer", "execute_dt": plain(known["created_at_s"]),
            "trans_out": parties.SELLER_ID, "trans_out_type": "userId",
            "trans_in": part["account"], "trans_in_type": "userId",
            "amount": yuan(part["amount"]), "state": part["state"], "detail_id": str(part["id"]),
            **(
                {"error_code": "TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH"}
                if part["state"] == "FAIL" else {}
            ),
        }
        for part in world.books.rows(
            "SELECT * FROM share WHERE channel = ? AND number = ? ORDER BY id", CHANNEL, number
        )
    ]  # fmt: skip
    return {
        "out_request_no": number,
        "operation_dt": plain(known["created_at_s"]),
        "royalty_detail_list": details,
    }


# --- the pretend buyer ---------------------------------------------------------------------------


def scan(world: World, found: Row) -> None:
    """Let the buyer scan the code: the trade exists from now on."""
    if found["state"] == "precreated":
        world.books.run(
            "UPDATE payment SET state = 'open', channel_no = ?, payer = ? WHERE channel = ?"
            " AND number = ?",
            world.number("", 28), BUYER, CHANNEL, found["number"],
        )  # fmt: skip


def pay(world: World, found: Row) -> None:
    """Let the buyer scan and pay."""
    scan(world, found)
    current = trade(world, found["number"])
    assert current is not None
    if current["state"] != "open":
        raise Fail("40004", "ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
    now_s = world.now_s()
    fee = fee_of(current["amount"])
    world.books.run(
        "UPDATE payment SET state = 'paid', paid_at_s = ?, fee = ? WHERE channel = ?"
        " AND number = ?",
        now_s, fee, CHANNEL, found["number"],
    )  # fmt: skip
    _move(world, current, current["amount"], "交易付款", found["number"])
    _move(world, current, -fee_fen(fee), "收费", found["number"])
    paid = trade(world, found["number"])
    assert paid is not None
    notify(world, paid, "trade_status_sync", found["number"], {})


def trade(world: World, number: str) -> Row | None:
    """Return a trade by our number, closed by now if its time is up."""
    found = world.books.row(
        "SELECT * FROM payment WHERE channel = ? AND number = ?", CHANNEL, number
    )
    waits = found and found["state"] in {"precreated", "open"}
    if found and waits and found["expires_at_s"] <= world.now_s():
        _state(world, number, "closed")
        found["state"] = "closed"
    return found


def status(found: Row) -> str:
    """Return what Alipay calls its state."""
    if found["state"] == "paid":
        return "TRADE_CLOSED" if found["refunded"] >= found["amount"] else "TRADE_SUCCESS"
    return "TRADE_CLOSED" if found["state"] == "closed" else "WAIT_BUYER_PAY"


def notify(world: World, found: Row, kind: str, number: str, more: dict[str, str]) -> None:
    """Queue a notification about a trade."""
    form = {
        "notify_type": kind,
        "app_id": parties.APP_ID,
        "charset": "utf-8",
        "version": "1.0",
        "trade_no": found["channel_no"],
        "out_trade_no": found["number"],
        "seller_id": parties.SELLER_ID,
        "buyer_id": found["payer"],
        "trade_status": status(found),
        "total_amount": yuan(found["amount"]),
        "receipt_amount": yuan(found["amount"]),
        "subject": found["description"],
        "gmt_create": plain(found["created_at_s"]),
        "gmt_payment": plain(found["paid_at_s"]),
        **more,
    }
    world.call_back(
        CHANNEL, kind, "trade", found["notify_url"], number, json.dumps(form, ensure_ascii=False)
    )


# --- inside --------------------------------------------------------------------------------------


def _refund(world: World, found: Row, back: int, request_no: str, reason: str) -> None:
    fee = fee_of(back)
    try:
        _move(world, found, fee_fen(fee), "退费", request_no)
        _move(world, found, -back, "交易退款", request_no)
    except NotEnough as exc:
        raise Fail("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足") from exc
    now_s = world.now_s()
    world.books.run(
        "INSERT INTO refund VALUES (?, ?, ?, ?, 'SUCCESS', ?, ?, ?, '', ?, ?)",
        CHANNEL, request_no, found["number"], back, found["channel_no"], now_s, now_s, fee, reason,
    )  # fmt: skip
    world.books.run(
        "UPDATE payment SET refunded = refunded + ? WHERE channel = ? AND number = ?",
        back, CHANNEL, found["number"],
    )  # fmt: skip
    now = trade(world, found["number"])
    assert now is not None
    more = {"out_biz_no": request_no, "refund_fee": yuan(back), "gmt_refund": plain(now_s)}
    notify(world, now, "trade_status_sync", request_no, more)


def _existing(world: World, asked: Asked) -> Row:
    """Return the trade that is named; one that nobody has scanned does not exist."""
    if asked.content.get("trade_no"):
        return _by_channel_number(world, text(asked.content, "trade_no", 64))
    found = trade(world, text(asked.content, "out_trade_no", 64))
    if found is None or not found["channel_no"]:
        raise Fail("40004", "ACQ.TRADE_NOT_EXIST", "交易不存在")
    return found


def _by_channel_number(world: World, channel_no: str) -> Row:
    found = world.books.row(
        "SELECT number FROM payment WHERE channel = ? AND channel_no = ?", CHANNEL, channel_no
    )
    known = trade(world, found["number"]) if found else None
    if known is None:
        raise Fail("40004", "ACQ.TRADE_NOT_EXIST", "交易不存在")
    return known


def _refunds(world: World, number: str, request_no: str) -> list[Row]:
    return world.books.rows(
        "SELECT * FROM refund WHERE channel = ? AND number = ? AND refund_number = ?",
        CHANNEL, number, request_no,
    )  # fmt: skip


def _receiver(world: World, part: Any) -> int:
    if not isinstance(part, dict) or part.get("trans_in_type") != "userId":
        raise invalid("royalty_parameters")
    account = text(part, "trans_in", 16)
    known = world.books.row(
        "SELECT 1 FROM receiver WHERE channel = ? AND account = ?", CHANNEL, account
    )
    if known is None:
        raise Fail("40004", "ACQ.ROYALTY_RECEIVER_INVALID", "分账收入方未绑定")
    return amount(part, "amount")


def _sharing(world: World, number: str) -> Row | None:
    return world.books.row(
        "SELECT * FROM sharing WHERE channel = ? AND number = ?", CHANNEL, number
    )


def _work_on(world: World, known: Row) -> None:
    found = trade(world, known["payment_no"])
    assert found is not None
    for part in world.books.rows(
        "SELECT * FROM share WHERE channel = ? AND number = ? AND state = 'PROCESSING'",
        CHANNEL, known["number"],
    ):  # fmt: skip
        state = "SUCCESS"
        try:
            _move(world, found, -part["amount"], "分账", known["number"])
        except NotEnough:
            state = "FAIL"
        world.books.run("UPDATE share SET state = ? WHERE id = ?", state, part["id"])


def _move(world: World, found: Row, change: int, kind: str, our_no: str) -> None:
    world.books.move(
        ACCOUNT, change, world.now_s(), business=found["description"], kind=kind,
        channel_no=found["channel_no"], our_no=our_no,
    )  # fmt: skip


def _state(world: World, number: str, state: str) -> None:
    world.books.run(
        "UPDATE payment SET state = ? WHERE channel = ? AND number = ?", state, CHANNEL, number
    )


def _time_expire(content: dict[str, Any]) -> int | None:
    value = content.get("time_expire")
    if value is None:
        return None
    try:
        found = dt.datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except (TypeError, ValueError) as exc:
        raise invalid("time_expire") from exc
    return int(found.timestamp())
