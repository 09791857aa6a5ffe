"""Where the channels call: verify, write down, answer. Nothing is called from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, request

from central.errors import CallbackRefused, NotFound
from central.foundation.web.permission import ANYBODY, needs
from central.money.channels.alipay.callbacks import read_notification
from central.money.channels.gather import Channels
from central.money.channels.ports import EventKind
from central.money.channels.take_in import Wake, take_in
from central.money.channels.wechat_pay.callbacks import read_callback


def blueprint(
    channels: Channels, wake: Mapping[EventKind, Wake], now_s: Callable[[], int]
) -> Blueprint:
    """Return the routes under ``/callbacks``; the signature is what lets a caller in."""
    api = Blueprint("callbacks", __name__, url_prefix="/callbacks")

    @api.post("/wechat-pay")
    @needs(ANYBODY)
    def wechat_pay() -> Response:
        client = channels.wechat_pay
        if client is None:
            raise NotFound
        headers = {name.lower(): value for name, value in request.headers}
        body = request.get_data()
        try:
            event = read_callback(headers, body, client.merchant, client.platform, now_s())
            take_in(event, wake, now_s())
        except CallbackRefused as exc:
            # What WeChat Pay looks for beside the status (doc/v3/merchant/4012158598).
            raise CallbackRefused(exc.detail, code="FAIL", message="失败") from exc
        return Response(status=204)

    @api.post("/alipay")
    @needs(ANYBODY)
    def alipay() -> Response:
        client = channels.alipay
        if client is None:
            raise NotFound
        event = read_notification(request.get_data(), client.settings, client.keys, now_s())
        take_in(event, wake, now_s())
        return Response("success", content_type="text/plain; charset=utf-8")

    return api
