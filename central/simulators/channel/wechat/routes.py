"""The addresses of APIv3: verify, let a fault happen, do it, sign the answer."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from cryptography import x509
from flask import Blueprint, Response, request

from central.simulators.channel.faults import ANSWER_FAULTS, FILE_FAULTS
from central.simulators.channel.keys import MCHID
from central.simulators.channel.wechat import bills, orders, protocol, sharing, transfers
from central.simulators.channel.wechat.protocol import Asked
from central.simulators.channel.world import Refuse, World, rfc3339
from central.simulators.parts.misbehave import cut

Done = tuple[int, dict[str, Any] | None]
Work = Callable[[Asked], Done]

_BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
_CONSENT = "/v3/fund-app/mch-transfer/user-confirm-authorization"


def blueprint(world: World) -> Blueprint:  # noqa: C901 - a list of addresses
    """Return the routes under ``/v3``."""
    api = Blueprint("wechat", __name__)

    def answer(operation: str, number: str, work: Work) -> Response:
        return exchange(world, operation, number, work)

    def named(field: str) -> str:
        """Return a number in the body, to find the faults that are meant for it."""
        body = request.get_json(silent=True, force=True)
        value = body.get(field) if isinstance(body, dict) else None
        return value if isinstance(value, str) else ""

    # --- money in ----------------------------------------------------------------------------

    @api.post("/v3/pay/transactions/<way>")
    def create(way: str) -> Response:
        kinds = {"native": "NATIVE", "jsapi": "JSAPI"}
        if way not in kinds:
            return answer(f"wechat.pay.{way}", "", _nowhere)
        return answer(
            f"wechat.pay.{way}", named("out_trade_no"),
            lambda asked: orders.create(world, asked.body, kinds[way]),
        )  # fmt: skip

    @api.get("/v3/pay/transactions/out-trade-no/<number>")
    def query(number: str) -> Response:
        return answer(
            "wechat.pay.query", number,
            lambda _: _for_us(lambda: orders.query(orders.payment(world, number))),
        )  # fmt: skip

    @api.get("/v3/pay/transactions/id/<number>")
    def query_by_id(number: str) -> Response:
        return answer(
            "wechat.pay.query", number,
            lambda _: _for_us(lambda: orders.query(orders.by_channel_number(world, number))),
        )  # fmt: skip

    @api.post("/v3/pay/transactions/out-trade-no/<number>/close")
    def close(number: str) -> Response:
        return answer(
            "wechat.pay.close", number, lambda asked: orders.close(world, number, asked.body)
        )

    @api.post("/v3/refund/domestic/refunds")
    def refund() -> Response:
        return answer(
            "wechat.refund", named("out_refund_no"), lambda asked: orders.refund(world, asked.body)
        )

    @api.get("/v3/refund/domestic/refunds/<number>")
    def query_refund(number: str) -> Response:
        return answer("wechat.refund.query", number, lambda _: orders.query_refund(world, number))

    # --- money out ---------------------------------------------------------------------------

    @api.post(_BILLS)
    def transfer() -> Response:
        return answer(
            "wechat.transfer", named("out_bill_no"),
            lambda asked: transfers.transfer(world, asked.body, asked.serial, consented=False),
        )  # fmt: skip

    @api.post(f"{_BILLS}/transfer")
    def transfer_consented() -> Response:
        return answer(
            "wechat.transfer", named("out_bill_no"),
            lambda asked: transfers.transfer(world, asked.body, asked.serial, consented=True),
        )  # fmt: skip

    @api.get(f"{_BILLS}/out-bill-no/<number>")
    def query_transfer(number: str) -> Response:
        def work(_: Asked) -> Done:
            transfers.finish(world)
            return transfers.query(world, transfers.bill(world, number))

        return answer("wechat.transfer.query", number, work)

    @api.get(f"{_BILLS}/transfer-bill-no/<number>")
    def query_transfer_by_id(number: str) -> Response:
        def work(_: Asked) -> Done:
            transfers.finish(world)
            return transfers.query(world, transfers.bill_by_channel_number(world, number))

        return answer("wechat.transfer.query", number, work)

    @api.post(f"{_BILLS}/out-bill-no/<number>/cancel")
    def cancel(number: str) -> Response:
        return answer("wechat.transfer.cancel", number, lambda _: transfers.cancel(world, number))

    @api.post(_CONSENT)
    def ask_consent() -> Response:
        return answer(
            "wechat.authorize", named("out_authorization_no"),
            lambda asked: transfers.ask_consent(world, asked.body),
        )  # fmt: skip

    @api.get(f"{_CONSENT}/out-authorization-no/<number>")
    def query_consent(number: str) -> Response:
        return answer(
            "wechat.authorize.query", number, lambda _: transfers.query_consent(world, number)
        )

    @api.post(f"{_CONSENT}/out-authorization-no/<number>/close")
    def end_consent(number: str) -> Response:
        return answer(
            "wechat.authorize.close", number, lambda _: transfers.end_consent(world, number)
        )

    # --- shares ------------------------------------------------------------------------------

    @api.post("/v3/profitsharing/receivers/add")
    def add_receiver() -> Response:
        return answer(
            "wechat.share.receiver", named("account"),
            lambda asked: sharing.add_receiver(world, asked.body, asked.serial),
        )  # fmt: skip

    @api.post("/v3/profitsharing/receivers/delete")
    def delete_receiver() -> Response:
        return answer(
            "wechat.share.receiver", named("account"),
            lambda asked: sharing.delete_receiver(world, asked.body),
        )  # fmt: skip

    @api.post("/v3/profitsharing/orders")
    def share() -> Response:
        return answer(
            "wechat.share", named("out_order_no"),
            lambda asked: sharing.share(world, asked.body, asked.serial),
        )  # fmt: skip

    @api.post("/v3/profitsharing/orders/unfreeze")
    def unfreeze() -> Response:
        return answer(
            "wechat.share.unfreeze", named("out_order_no"),
            lambda asked: sharing.unfreeze(world, asked.body),
        )  # fmt: skip

    @api.get("/v3/profitsharing/orders/<number>")
    def query_share(number: str) -> Response:
        channel_no = request.args.get("transaction_id", "")
        return answer(
            "wechat.share.query", number, lambda _: sharing.query(world, number, channel_no)
        )

    @api.get("/v3/profitsharing/transactions/<number>/amounts")
    def left(number: str) -> Response:
        return answer("wechat.share.left", number, lambda _: sharing.left(world, number))

    @api.post("/v3/profitsharing/return-orders")
    def give_back() -> Response:
        return answer(
            "wechat.share.return", named("out_return_no"),
            lambda asked: sharing.give_back(world, asked.body),
        )  # fmt: skip

    @api.get("/v3/profitsharing/return-orders/<number>")
    def query_give_back(number: str) -> Response:
        of = request.args.get("out_order_no", "")
        return answer(
            "wechat.share.return.query", number,
            lambda _: sharing.query_give_back(world, number, of),
        )  # fmt: skip

    # --- bills and certificates --------------------------------------------------------------

    @api.get("/v3/bill/tradebill")
    def trade_bill() -> Response:
        query = request.args.to_dict()
        return answer(
            "wechat.bill.trade", query.get("bill_date", ""),
            lambda _: bills.trade_bill(world, query),
        )  # fmt: skip

    @api.get("/v3/bill/fundflowbill")
    def flow_bill() -> Response:
        query = request.args.to_dict()
        return answer(
            "wechat.bill.flow", query.get("bill_date", ""), lambda _: bills.flow_bill(world, query)
        )

    @api.get("/v3/billdownload/file")
    def download() -> Response:
        try:
            _verified(world)
            if world.faults.take("wechat.bill", "", FILE_FAULTS):
                return cut()
            content = bills.download(world, request.args.to_dict())
        except Refuse as exc:
            return Response(_said(exc), exc.status, content_type="application/json")
        # Not signed, as at the real one: the hash is what tells.
        return Response(content, content_type="text/plain; charset=utf-8")

    @api.get("/v3/certificates")
    def certificates() -> Response:
        return answer("wechat.certificates", "", lambda _: _certificates(world))

    return api


def exchange(world: World, operation: str, number: str, work: Work) -> Response:
    """Verify a request, do it unless a fault is in the way, and sign what comes of it."""
    try:
        asked = _verified(world)
    except Refuse as exc:
        world.note(operation, number, f"{exc.status} {exc.code}: {exc.message}", "")
        return _signed(world, "", exc.status, _said(exc))
    fault = world.faults.take(operation, number, ANSWER_FAULTS)
    if fault == "lost-before":
        world.note(operation, number, "reset", fault)
        return cut()
    if fault == "error-before":
        world.note(operation, number, "500", fault)
        return _signed(world, asked.serial, 500, _error("SYSTEM_ERROR"))
    if fault == "new-code":
        world.note(operation, number, "400 NEVER_SEEN_BEFORE", fault)
        return _signed(world, asked.serial, 400, _error("NEVER_SEEN_BEFORE"))
    status, raw = _done(world, asked, work)
    world.note(operation, number, f"{status} {raw.decode()}", fault)
    return _with_fault(world, asked.serial, status, raw, fault)


def _done(world: World, asked: Asked, work: Work) -> tuple[int, bytes]:
    try:
        with world.books.writing():
            status, body = work(asked)
    except Refuse as exc:
        return exc.status, _said(exc)
    raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    return status, raw


def _with_fault(world: World, serial: str, status: int, raw: bytes, fault: str) -> Response:
    if fault == "error-after":
        return _signed(world, serial, 500, _error("SYSTEM_ERROR"))
    if fault == "lost-after":
        return cut()
    if fault == "slow":
        world.pause(world.slow_s)
    if fault == "garbage":
        raw = b"<html>\xe7\xbb\xb4\xe6\x8a\xa4\xe4\xb8\xad</html>"
    if fault == "other-number" and raw:
        raw = _about_another(raw)
    if fault == "brace" and raw:
        raw = json.dumps({**json.loads(raw), "attach": 'a } and a {"'}).encode()
    return _badly_signed(world, serial, _signed(world, serial, status, raw), fault)


def _badly_signed(world: World, serial: str, response: Response, fault: str) -> Response:
    if fault == "no-signature":
        del response.headers["Wechatpay-Signature"]
    if fault == "unknown-serial":
        response.headers["Wechatpay-Serial"] = "51" + "AB" * 19
    if fault == "wrong-signature":
        response.headers["Wechatpay-Signature"] = base64.b64encode(bytes(256)).decode()
    if fault == "stale":
        signer, raw = protocol.signer_for(world, serial), response.get_data()
        for name, value in protocol.headers_of(signer, world.now_s() - 600, raw).items():
            response.headers[name] = value
    return response


def _about_another(raw: bytes) -> bytes:
    body = json.loads(raw) if raw else {}
    numbers = (
        "out_trade_no", "out_refund_no", "out_bill_no", "out_order_no", "out_return_no",
        "out_authorization_no",
    )  # fmt: skip
    return json.dumps(body | {name: "OTHER00000001" for name in numbers if name in body}).encode()


def _verified(world: World) -> Asked:
    target = request.environ.get("RAW_TARGET") or request.full_path.rstrip("?")
    headers = dict(request.headers)
    return protocol.verify(world, request.method, target, headers, request.get_data())


def _signed(world: World, serial: str, status: int, raw: bytes) -> Response:
    response = Response(raw, status, content_type="application/json; charset=utf-8")
    for name, value in protocol.signed_headers(world, serial, raw).items():
        response.headers[name] = value
    response.headers["Request-ID"] = f"08{world.now_s():X}-0"
    return response


def _said(refusal: Refuse) -> bytes:
    return json.dumps({"code": refusal.code, "message": refusal.message}).encode()


def _error(code: str) -> bytes:
    return json.dumps({"code": code, "message": "系统繁忙"}, ensure_ascii=False).encode()


def _for_us(work: Callable[[], Done]) -> Done:
    if request.args.get("mchid") != MCHID:
        raise Refuse(400, "PARAM_ERROR", "mchid is missing or another one")
    return work()


def _nowhere(_: Asked) -> Done:
    raise Refuse(404, "NOT_FOUND", "there is no such interface")


def _certificates(world: World) -> Done:
    data = []
    for signer in world.keys.platform:
        certificate = x509.load_pem_x509_certificate(signer.certificate)
        data.append(
            {
                "serial_no": signer.serial,
                "effective_time": _moment(certificate.not_valid_before_utc),
                "expire_time": _moment(certificate.not_valid_after_utc),
                "encrypt_certificate": protocol.seal(
                    world.keys.api_v3_key, signer.certificate, "certificate"
                ),
            }
        )
    return 200, {"data": data}


def _moment(at: dt.datetime) -> str:
    return rfc3339(int(at.timestamp()))
