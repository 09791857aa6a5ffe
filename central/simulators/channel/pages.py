"""The simulator's page: its books, what waits for a buyer, callbacks, faults, requests.

No login: it is served on loopback only. Who opens it with ``?token=…`` may also let things go
wrong; everybody on this machine may pay, as everybody with a phone may.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from central.simulators.channel import buyer
from central.simulators.channel.alipay.protocol import Fail
from central.simulators.channel.control import work_on
from central.simulators.channel.faults import (
    ALL,
    ANSWER_FAULTS,
    BANK_FAULTS,
    BILL_FAULTS,
    CALLBACK_FAULTS,
    FILE_FAULTS,
    TRANSFER_FAULTS,
    Fault,
)
from central.simulators.channel.world import Refuse, World, plain, yuan
from central.simulators.parts.door import only_from_here

ROWS_MAX = 20
_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ACCOUNTS = {
    "wechat/BASIC": "微信基本账户 · WeChat basic",
    "wechat/OPERATION": "微信运营账户 · WeChat operation",
    "wechat/FEES": "微信手续费账户 · WeChat fees",
    "alipay/BASIC": "支付宝账户 · Alipay",
    "bank/MAIN": "银行账户 · bank",
}
STATES = {
    "open": "待支付 · open", "precreated": "待扫码 · not scanned", "paid": "已支付 · paid",
    "closed": "已关闭 · closed", "WAIT_USER_CONFIRM": "待收款人确认 · waits for payee",
    "PROCESSING": "处理中 · processing", "SUCCESS": "成功 · made", "FAIL": "失败 · failed",
    "CANCELING": "撤销中 · being stopped", "CANCELLED": "已撤销 · stopped",
    "TAKING_EFFECT": "生效中 · in force", "CLOSED": "已关闭 · closed",
    "waiting": "待发送 · waits", "taken": "已接收 · taken", "given-up": "已放弃 · given up",
    "lost": "已丢失 · lost",
}  # fmt: skip
LOOKS = {
    "open": "ask", "precreated": "ask", "WAIT_USER_CONFIRM": "ask", "waiting": "ask",
    "PROCESSING": "ask", "CANCELING": "ask", "paid": "good", "SUCCESS": "good", "taken": "good",
    "TAKING_EFFECT": "good", "FAIL": "bad", "given-up": "bad", "lost": "bad",
}  # fmt: skip


def blueprint(world: World, token: str) -> Blueprint:  # noqa: C901 - a list of addresses
    """Return ``/`` and the buttons on it."""
    site = Blueprint("pages", __name__)

    @site.after_app_request
    def guard(response: Response) -> Response:
        if request.endpoint != "static" and request.blueprint not in {site.name, "bank"}:
            return response  # the channels' own answers are as the channels give them
        response.headers["Content-Security-Policy"] = _CSP
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    def has_token() -> bool:
        given = request.values.get("token", "")
        return hmac.compare_digest(given.encode(), token.encode())

    def back() -> AnyResponse:
        return redirect(url_for("pages.index", token=token if has_token() else None), 303)

    @site.get("/")
    def index() -> str:
        work_on(world)
        shown = _shown(world)
        return render_template(
            "books.html", **shown, token=token if has_token() else "", moment=plain, yuan=yuan,
            states=STATES, looks=LOOKS,
        )  # fmt: skip

    @site.post("/buyer/<act>")
    def act(act: str) -> AnyResponse:
        only_from_here()
        channel, code = request.form.get("channel", "wechat"), request.form.get("code", "")
        acts: dict[str, Callable[[], None]] = {
            "pay": lambda: buyer.pay(world, channel, code),
            "confirm": lambda: buyer.confirm(world, code),
            "consent": lambda: buyer.consent(world, code),
        }
        if act not in acts:
            abort(404)
        try:
            acts[act]()
        except (Refuse, Fail) as exc:
            abort(409, str(exc))
        return back()

    @site.post("/fault")
    def fault() -> AnyResponse:
        only_from_here()
        if not has_token():
            abort(403)
        kind = request.form.get("kind", "")
        if kind == "none":
            world.faults.clear()
        elif kind in ALL:
            world.faults.add(Fault(kind))
        else:
            abort(400)
        return back()

    return site


def _shown(world: World) -> dict[str, Any]:
    def last(table: str, order: str) -> list[dict[str, Any]]:
        return world.books.rows(f"SELECT * FROM {table} ORDER BY {order} DESC LIMIT ?", ROWS_MAX)  # noqa: S608

    return {
        "now_s": world.now_s(),
        "accounts": [(name, ACCOUNTS[name], world.books.balance(name)) for name in ACCOUNTS],
        "payments": last("payment", "created_at_s"),
        "transfers": last("transfer", "created_at_s"),
        "consents": last("consent", "created_at_s"),
        "callbacks": last("callback", "id"),
        "requests": last("request", "id"),
        "waiting": world.faults.waiting(),
        "swarm": world.faults.swarm_now,
        "kinds": [
            ("应答 Answers", ANSWER_FAULTS), ("账单 Bills", BILL_FAULTS | FILE_FAULTS),
            ("回调 Callbacks", CALLBACK_FAULTS), ("转账 Transfers", TRANSFER_FAULTS),
            ("银行 Bank", BANK_FAULTS),
        ],
        "serials": [signer.serial for signer in world.keys.platform],
        "signing": world.keys.signing.serial,
    }  # fmt: skip
