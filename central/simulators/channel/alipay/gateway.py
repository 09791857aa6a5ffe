"""The gateway's one address: verify, let a fault happen, do it, sign the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from central.simulators.channel.alipay import bills, protocol, trades, transfers
from central.simulators.channel.alipay.protocol import Asked, Fail
from central.simulators.channel.faults import ANSWER_FAULTS, FILE_FAULTS
from central.simulators.channel.world import World
from central.simulators.parts.misbehave import cut

METHODS: dict[str, Callable[[World, Asked], dict[str, Any]]] = {
    "alipay.trade.precreate": trades.precreate,
    "alipay.trade.query": trades.query,
    "alipay.trade.close": trades.close,
    "alipay.trade.cancel": trades.cancel,
    "alipay.trade.refund": trades.refund,
    "alipay.trade.fastpay.refund.query": trades.query_refund,
    "alipay.trade.royalty.relation.bind": trades.bind,
    "alipay.trade.order.settle": trades.settle,
    "alipay.trade.order.settle.query": trades.query_settle,
    "alipay.fund.trans.uni.transfer": transfers.transfer,
    "alipay.fund.trans.common.query": transfers.query,
    "alipay.data.dataservice.bill.downloadurl.query": bills.offer,
}


def blueprint(world: World) -> Blueprint:
    """Return ``/gateway.do`` and where bills are fetched."""
    api = Blueprint("alipay", __name__)

    @api.route("/gateway.do", methods=["GET", "POST"])
    def gateway() -> Response:
        parameters = {**request.args.to_dict(), **request.form.to_dict()}
        return _exchange(world, parameters)

    @api.get("/downloadBillFile.resource")
    def download() -> Response:
        if world.faults.take("alipay.bill", "", FILE_FAULTS):
            return cut()
        content = bills.download(world, request.args.get("token", ""))
        if content is None:
            return Response("expired", 404)
        return Response(content, content_type="application/zip")

    return api


def _exchange(world: World, parameters: dict[str, str]) -> Response:
    method = parameters.get("method", "")
    number = _number(parameters)
    try:
        asked = protocol.verify(world, parameters)
    except Fail as exc:
        world.note(method or "gateway", number, f"{exc.code} {exc.sub_code}", "")
        return _signed(world, method, _said(exc), certified=False)
    fault = world.faults.take(method, number, ANSWER_FAULTS)
    if fault == "lost-before":
        world.note(method, number, "reset", fault)
        return cut()
    if fault == "error-before":
        world.note(method, number, "20000", fault)
        return _signed(world, method, _unavailable(), certified=asked.uses_certificates)
    if fault == "new-code":
        world.note(method, number, "40004 NEVER_SEEN_BEFORE", fault)
        said = _said(Fail("40004", "NEVER_SEEN_BEFORE", "新错误"))
        return _signed(world, method, said, certified=asked.uses_certificates)
    said = _done(world, asked)
    world.note(method, number, json.dumps(said, ensure_ascii=False), fault)
    return _with_fault(world, asked, said, fault)


def _done(world: World, asked: Asked) -> dict[str, Any]:
    work = METHODS.get(asked.method)
    try:
        if work is None:
            raise Fail("40002", "isv.invalid-method", "there is no such method here")
        with world.books.writing():
            found = work(world, asked)
    except Fail as exc:
        return _said(exc)
    return {"code": "10000", "msg": "Success", **found}


def _with_fault(world: World, asked: Asked, said: dict[str, Any], fault: str) -> Response:
    if fault == "error-after":
        said = _unavailable()
    if fault == "lost-after":
        return cut()
    if fault == "slow":
        world.pause(world.slow_s)
    if fault == "garbage":
        return Response("<html>维护中</html>", content_type="text/html; charset=utf-8")
    if fault == "other-number":
        names = ("out_trade_no", "out_biz_no", "out_request_no", "trade_no")
        said = {**said, **{name: "OTHER00000001" for name in names if name in said}}
    if fault == "brace":
        said = {**said, "msg": 'Success } and {"', "memo": '"}'}
    if fault == "stale":
        return Response("", 504)  # answers of the gateway have no time; a proxy has given up
    return _signed(world, asked.method, said, certified=asked.uses_certificates, fault=fault)


def _signed(
    world: World, method: str, said: dict[str, Any], *, certified: bool, fault: str = ""
) -> Response:
    name = f"{method.replace('.', '_')}_response" if method in METHODS else "error_response"
    raw = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    signature = protocol.sign(world.keys.alipay.key, raw.encode())
    if fault == "wrong-signature":
        signature = protocol.sign(world.keys.public_key.key, raw.encode())
    whole = f'{{"{name}":{raw}'
    if certified:
        serial = "0" * 32 if fault == "unknown-serial" else world.keys.alipay.serial
        whole += f',"alipay_cert_sn":"{serial}"'
    if fault != "no-signature":
        whole += f',"sign":"{signature}"'
    return Response(whole + "}", content_type="text/html;charset=utf-8")


def _said(fail: Fail) -> dict[str, Any]:
    messages = {
        "40001": "Missing Required Arguments", "40002": "Invalid Arguments",
        "40006": "Insufficient Permissions",
    }  # fmt: skip
    return {
        "code": fail.code,
        "msg": messages.get(fail.code, "Business Failed"),
        "sub_code": fail.sub_code,
        "sub_msg": fail.sub_msg,
    }


def _unavailable() -> dict[str, Any]:
    return {
        "code": "20000", "msg": "Service Currently Unavailable", "sub_code": "isp.unknow-error",
        "sub_msg": "系统繁忙",
    }  # fmt: skip


def _number(parameters: dict[str, str]) -> str:
    try:
        content = json.loads(parameters.get("biz_content", ""))
    except ValueError:
        return ""
    if not isinstance(content, dict):
        return ""
    for name in ("out_biz_no", "out_request_no", "out_trade_no", "bill_date"):
        if isinstance(content.get(name), str):
            return str(content[name])
    return ""
