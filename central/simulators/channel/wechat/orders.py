"""Payments and refunds: asked for, paid by the pretend buyer, queried, closed, sent back."""

from __future__ import annotations

import json
from typing import Any

from central.simulators.channel import keys as parties
from central.simulators.channel.books import NotEnough
from central.simulators.channel.wechat import CHANNEL, fields
from central.simulators.channel.world import Refuse, World, fee_fen, fee_of, rfc3339
from central.simulators.parts.books import Row

BASIC = "wechat/BASIC"
_STANDARD_S = 2 * 3600

Done = tuple[int, dict[str, Any] | None]


def create(world: World, body: dict[str, Any], way: str) -> Done:
    """Take an order; answer with a QR code's text or a prepay_id."""
    fields.ours(body)
    number = fields.text(body, "out_trade_no", 32, pattern=fields.ORDER)
    description = fields.text(body, "description", 127)
    amount = fields.part(body, "amount")
    total = fields.whole(amount, "total", 1)
    if amount.get("currency", "CNY") != "CNY":
        raise fields.wrong("currency")
    notify_url = fields.notify_url(body)
    payer = ""
    if way == "JSAPI":
        payer = fields.text(fields.part(body, "payer"), "openid", 128)
    now_s = world.now_s()
    expires_at_s = fields.moment(body, "time_expire") or now_s + _STANDARD_S
    if expires_at_s <= now_s + 60:
        raise Refuse(400, "PARAM_ERROR", "time_expire is less than a minute from now")
    settle = body.get("settle_info") or {}
    shared = isinstance(settle, dict) and settle.get("profit_sharing") is True
    said = json.dumps([description, total, payer, shared, way], ensure_ascii=False)
    known = payment(world, number)
    if known:
        if known["state"] == "paid":
            raise Refuse(400, "ORDERPAID", "the order is paid")
        if known["state"] == "closed":
            raise Refuse(400, "ORDER_CLOSED", "the order is closed")
        if known["said"] != said:
            raise Refuse(403, "OUT_TRADE_NO_USED", "the number is that of another order")
        token = known["token"]
    else:
        token = f"{now_s}{world.books.count('prepay'):06d}"
        world.books.run(
            "INSERT INTO payment (channel, number, said, amount, description, way, state, token,"
            " payer, channel_no, created_at_s, expires_at_s, notify_url, shared)"
            " VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?, '', ?, ?, ?, ?)",
            CHANNEL, number, said, total, description, way, token, payer, now_s, expires_at_s,
            notify_url, int(shared),
        )  # fmt: skip
    if way == "JSAPI":
        return 200, {"prepay_id": f"wx{token}"}
    return 200, {"code_url": f"weixin://wxpay/bizpayurl?pr={token}"}


def query(found: Row | None) -> Done:
    """Answer what became of an order."""
    if found is None:
        raise Refuse(404, "ORDER_NOT_EXIST", "there is no such order")
    return 200, content(found)


def close(world: World, number: str, body: dict[str, Any]) -> Done:
    """Close an order. As at the real one, a number that was never seen is answered the same."""
    if body.get("mchid") != parties.MCHID:
        raise fields.wrong("mchid")
    found = payment(world, number)
    if found is None:
        return 204, None
    if found["state"] == "paid":
        raise Refuse(400, "ORDERPAID", "the order is paid")
    if found["state"] == "closed":
        raise Refuse(400, "ORDER_CLOSED", "the order is closed")
    _state(world, number, "closed")
    return 204, None


def refund(world: World, body: dict[str, Any]) -> Done:
    """Send money back, in whole or in part, from the basic account."""
    refund_number = fields.text(body, "out_refund_no", 64, pattern=fields.LONG)
    amount = fields.part(body, "amount")
    back, total = fields.whole(amount, "refund", 1), fields.whole(amount, "total", 1)
    if amount.get("currency") != "CNY":
        raise fields.wrong("currency")
    reason = fields.text(body, "reason", 80, needed=False)
    notify_url = fields.notify_url(body, needed=False)
    found = _named(world, body)
    if found is None:
        raise Refuse(404, "RESOURCE_NOT_EXISTS", "there is no such order")
    if found["state"] != "paid":
        raise Refuse(400, "INVALID_REQUEST", "the order is not paid")
    known = world.books.row(
        "SELECT * FROM refund WHERE channel = ? AND refund_number = ?", CHANNEL, refund_number
    )
    if known:
        if (known["number"], known["amount"]) != (found["number"], back):
            raise Refuse(400, "INVALID_REQUEST", "the refund exists with other data")
        return 200, refund_content(known, found)
    if total != found["amount"]:
        raise Refuse(400, "INVALID_REQUEST", "total is not what the order was for")
    if back > found["amount"] - found["refunded"]:
        raise Refuse(400, "INVALID_REQUEST", "more than is left of the order")
    channel_no = world.number("5030", 29)
    fee = fee_of(back)
    try:
        world.books.move(
            BASIC, fee_fen(fee), world.now_s(), business="退款", kind="退还交易手续费",
            channel_no=channel_no, our_no=refund_number,
        )  # fmt: skip
        world.books.move(
            BASIC, -back, world.now_s(), business="退款", kind="退款", channel_no=channel_no,
            our_no=refund_number, memo=reason,
        )  # fmt: skip
    except NotEnough as exc:
        raise Refuse(403, "NOT_ENOUGH", "the basic account has not enough") from exc
    world.books.run(
        "INSERT INTO refund (channel, refund_number, number, amount, state, channel_no,"
        " created_at_s, notify_url, fee, reason) VALUES (?, ?, ?, ?, 'PROCESSING', ?, ?, ?, ?, ?)",
        CHANNEL, refund_number, found["number"], back, channel_no, world.now_s(), notify_url, fee,
        reason,
    )  # fmt: skip
    world.books.run(
        "UPDATE payment SET refunded = refunded + ? WHERE channel = ? AND number = ?",
        back, CHANNEL, found["number"],
    )  # fmt: skip
    made = world.books.row(
        "SELECT * FROM refund WHERE channel = ? AND refund_number = ?", CHANNEL, refund_number
    )
    assert made is not None
    return 200, refund_content(made, found)


def query_refund(world: World, refund_number: str) -> Done:
    """Answer what became of a refund; it is done as soon as somebody looks."""
    finish_refunds(world)
    found = world.books.row(
        "SELECT * FROM refund WHERE channel = ? AND refund_number = ?", CHANNEL, refund_number
    )
    if found is None:
        raise Refuse(404, "RESOURCE_NOT_EXISTS", "there is no such refund")
    order = payment(world, found["number"])
    assert order is not None
    return 200, refund_content(found, order)


def finish_refunds(world: World) -> None:
    """Let the refunds that are under way arrive, and tell the merchant."""
    for found in world.books.rows(
        "SELECT * FROM refund WHERE channel = ? AND state = 'PROCESSING'", CHANNEL
    ):
        now_s = world.now_s()
        world.books.run(
            "UPDATE refund SET state = 'SUCCESS', done_at_s = ? WHERE channel = ?"
            " AND refund_number = ?",
            now_s, CHANNEL, found["refund_number"],
        )  # fmt: skip
        order = payment(world, found["number"])
        assert order is not None
        told = {
            "mchid": parties.MCHID,
            "out_trade_no": order["number"],
            "transaction_id": order["channel_no"],
            "out_refund_no": found["refund_number"],
            "refund_id": found["channel_no"],
            "refund_status": "SUCCESS",
            "success_time": rfc3339(now_s),
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": order["amount"], "refund": found["amount"],
                "payer_total": order["amount"], "payer_refund": found["amount"],
            },
        }  # fmt: skip
        world.call_back(
            CHANNEL, "REFUND.SUCCESS", "refund", found["notify_url"], found["refund_number"],
            json.dumps(told, ensure_ascii=False),
        )  # fmt: skip


def pay(world: World, found: Row, payer: str) -> None:
    """Let the pretend buyer pay."""
    now_s = world.now_s()
    if found["state"] != "open":
        raise Refuse(409, "ORDER_CLOSED", "the order cannot be paid any more")
    channel_no = world.number("4200", 28)
    fee = fee_of(found["amount"])
    world.books.run(
        "UPDATE payment SET state = 'paid', payer = ?, channel_no = ?, paid_at_s = ?, fee = ?"
        " WHERE channel = ? AND number = ?",
        found["payer"] or payer, channel_no, now_s, fee, CHANNEL, found["number"],
    )  # fmt: skip
    world.books.move(
        BASIC, found["amount"], now_s, business="交易", kind="交易", channel_no=channel_no,
        our_no=found["number"],
    )  # fmt: skip
    world.books.move(
        BASIC, -fee_fen(fee), now_s, business="交易", kind="扣除交易手续费", channel_no=channel_no,
        our_no=found["number"],
    )  # fmt: skip
    paid = payment(world, found["number"])
    assert paid is not None
    world.call_back(
        CHANNEL, "TRANSACTION.SUCCESS", "transaction", found["notify_url"], found["number"],
        json.dumps(content(paid), ensure_ascii=False),
    )  # fmt: skip


def payment(world: World, number: str) -> Row | None:
    """Return an order by our number, closed by now if its time is up."""
    found = world.books.row(
        "SELECT * FROM payment WHERE channel = ? AND number = ?", CHANNEL, number
    )
    if found and found["state"] == "open" and found["expires_at_s"] <= world.now_s():
        _state(world, number, "closed")
        found["state"] = "closed"
    return found


def by_channel_number(world: World, channel_no: str) -> Row | None:
    """Return a paid order by the channel's number."""
    return world.books.row(
        "SELECT * FROM payment WHERE channel = ? AND channel_no = ? AND channel_no <> ''",
        CHANNEL, channel_no,
    )  # fmt: skip


def content(found: Row) -> dict[str, Any]:
    """Return what is said of an order, in a query and in a callback."""
    state = {"open": "NOTPAY", "closed": "CLOSED", "paid": "SUCCESS"}[found["state"]]
    if found["refunded"]:
        state = "REFUND"
    said: dict[str, Any] = {
        "appid": parties.APPID,
        "mchid": parties.MCHID,
        "out_trade_no": found["number"],
        "trade_state": state,
        "trade_state_desc": {"NOTPAY": "订单未支付", "CLOSED": "订单已关闭"}.get(state, "支付成功"),
        "amount": {"total": found["amount"], "currency": "CNY"},
    }
    if found["state"] == "paid":
        said["amount"] |= {"payer_total": found["amount"], "payer_currency": "CNY"}
        said |= {
            "transaction_id": found["channel_no"],
            "trade_type": found["way"],
            "bank_type": "OTHERS",
            "attach": "",
            "success_time": rfc3339(found["paid_at_s"]),
            "payer": {"openid": found["payer"]},
        }
    return said


def refund_content(found: Row, order: Row) -> dict[str, Any]:
    """Return what is said of a refund."""
    said: dict[str, Any] = {
        "refund_id": found["channel_no"],
        "out_refund_no": found["refund_number"],
        "transaction_id": order["channel_no"],
        "out_trade_no": order["number"],
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": rfc3339(found["created_at_s"]),
        "status": found["state"],
        "funds_account": "AVAILABLE",
        "amount": {
            "total": order["amount"], "refund": found["amount"], "payer_total": order["amount"],
            "payer_refund": found["amount"], "settlement_refund": found["amount"],
            "settlement_total": order["amount"], "discount_refund": 0, "currency": "CNY",
        },
    }  # fmt: skip
    if found["done_at_s"]:
        said["success_time"] = rfc3339(found["done_at_s"])
    return said


def _named(world: World, body: dict[str, Any]) -> Row | None:
    if body.get("transaction_id") is not None:
        return by_channel_number(world, fields.text(body, "transaction_id", 32))
    return payment(world, fields.text(body, "out_trade_no", 32))


def _state(world: World, number: str, state: str) -> None:
    world.books.run(
        "UPDATE payment SET state = ? WHERE channel = ? AND number = ?", state, CHANNEL, number
    )
