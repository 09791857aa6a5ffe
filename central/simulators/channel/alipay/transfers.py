"""Transfers to accounts: made at once, the same number is the same transfer."""

from __future__ import annotations

import json
import re
from typing import Any

from central.simulators.channel import keys as parties
from central.simulators.channel.alipay import CHANNEL
from central.simulators.channel.alipay.protocol import Asked, Fail, amount, invalid, text
from central.simulators.channel.books import NotEnough
from central.simulators.channel.world import World, plain, yuan
from central.simulators.parts.books import Row

ACCOUNT = "alipay/BASIC"
_PRODUCT, _SCENE = "TRANS_ACCOUNT_NO_PWD", "DIRECT_TRANSFER"
_KINDS = {
    "ALIPAY_USER_ID": r"2088[0-9]{12}",
    "ALIPAY_LOGON_ID": r"[^@\s]+@[^@\s]+|1[0-9]{10}",
    "ALIPAY_OPEN_ID": r"[0-9A-Za-z_\-]{20,128}",
}

Answer = dict[str, Any]


def transfer(world: World, asked: Asked) -> Answer:
    """Make a transfer."""
    if not asked.uses_certificates:
        raise Fail("40006", "isv.insufficient-isv-permissions", "该接口需使用公钥证书签名")
    content = asked.content
    number = text(content, "out_biz_no", 64)
    fen = _transfer_amount(content)
    _check_product(content)
    title = text(content, "order_title", 128)
    payee = content.get("payee_info")
    if not isinstance(payee, dict):
        raise invalid("payee_info", "")
    identity, kind = text(payee, "identity", 128), text(payee, "identity_type", 64)
    name = text(payee, "name", 128, needed=kind == "ALIPAY_LOGON_ID")
    if kind not in _KINDS or not re.fullmatch(_KINDS[kind], identity):
        raise invalid("payee_info", "")
    said = json.dumps([fen, identity, kind, name, title], ensure_ascii=False)
    known = order(world, number)
    if known:
        if known["said"] != said:
            raise Fail(
                "40004", "PAYMENT_INFO_INCONSISTENCY", "两次请求商户单号一样，但是参数不一致"
            )
        return _answer(known)
    person = world.books.row(
        "SELECT name FROM receiver WHERE channel = 'person' AND account = ?", identity
    )
    if person and name and person["name"] != name:
        raise Fail("40004", "PAYEE_USER_INFO_ERROR", "支付宝账号和姓名不匹配，请确认姓名是否正确")
    channel_no = world.number("", 28)
    try:
        world.books.move(
            ACCOUNT, -fen, world.now_s(), business=title, kind="转账", channel_no=channel_no,
            our_no=number, memo=text(content, "remark", needed=False),
        )  # fmt: skip
    except NotEnough as exc:
        raise Fail("40004", "PAYER_BALANCE_NOT_ENOUGH", "账户余额不足") from exc
    now_s = world.now_s()
    world.books.run(
        "INSERT INTO transfer (channel, number, said, amount, payee, name, remark, state,"
        " channel_no, package, created_at_s, updated_at_s, notify_url)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'SUCCESS', ?, '', ?, ?, ?)",
        CHANNEL, number, said, fen, identity, name, title, channel_no, now_s, now_s,
        asked.notify_url,
    )  # fmt: skip
    made = order(world, number)
    assert made is not None
    _notify(world, made)
    return _answer(made)


def query(world: World, asked: Asked) -> Answer:
    """Answer what became of a transfer."""
    if asked.content.get("order_id"):
        found = world.books.row(
            "SELECT * FROM transfer WHERE channel = ? AND channel_no = ?",
            CHANNEL, text(asked.content, "order_id", 64),
        )  # fmt: skip
    else:
        _check_product(asked.content)
        found = order(world, text(asked.content, "out_biz_no", 64))
    if found is None:
        raise Fail("40004", "ORDER_NOT_EXIST", "转账订单不存在")
    said = {
        "order_id": found["channel_no"],
        "pay_fund_order_id": found["channel_no"],
        "out_biz_no": found["number"],
        "trans_amount": yuan(found["amount"]),
        "status": found["state"],
        "pay_date": plain(found["updated_at_s"]),
        "order_fee": "0.00",
    }
    if found["fail"]:
        said |= {"error_code": found["fail"], "fail_reason": found["fail"]}
    return said


def order(world: World, number: str) -> Row | None:
    """Return a transfer by our number."""
    return world.books.row(
        "SELECT * FROM transfer WHERE channel = ? AND number = ?", CHANNEL, number
    )


def _answer(found: Row) -> Answer:
    return {
        "out_biz_no": found["number"],
        "order_id": found["channel_no"],
        "pay_fund_order_id": found["channel_no"],
        "status": found["state"],
        "trans_date": plain(found["created_at_s"]),
    }


def _notify(world: World, found: Row) -> None:
    method = "alipay.fund.trans.order.changed"
    content = {
        "out_biz_no": found["number"],
        "order_id": found["channel_no"],
        "product_code": _PRODUCT,
        "biz_scene": _SCENE,
        "status": found["state"],
        "trans_amount": yuan(found["amount"]),
        "pay_date": plain(found["updated_at_s"]),
    }
    form = {
        "msg_method": method,
        "app_id": parties.APP_ID,
        "charset": "utf-8",
        "version": "1.1",
        "biz_content": json.dumps(content, ensure_ascii=False),
    }
    world.call_back(
        CHANNEL, method, "transfer", found["notify_url"], found["number"],
        json.dumps(form, ensure_ascii=False),
    )  # fmt: skip


def _check_product(content: dict[str, Any]) -> None:
    if (content.get("product_code"), content.get("biz_scene")) != (_PRODUCT, _SCENE):
        raise invalid("product_code", "")


def _transfer_amount(content: dict[str, Any]) -> int:
    try:
        fen = amount(content, "trans_amount")
    except Fail as exc:
        raise invalid("trans_amount", "") from exc
    if fen < 10:
        raise Fail("40004", "EXCEED_LIMIT_SM_MIN_AMOUNT", "单笔最低转账金额0.1元")
    return fen
