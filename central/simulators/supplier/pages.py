"""The simulator's page: its shops, their books, callbacks, faults, requests.

No login: it is served on loopback only. Who opens it with ``?token=…`` may let things go wrong.
"""

from __future__ import annotations

import datetime as dt
import hmac

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from central.simulators.supplier.faults import (
    ALL,
    ANSWER_FAULTS,
    CALLBACK_FAULTS,
    ORDER_FAULTS,
    Fault,
)
from central.simulators.supplier.world import World, yuan

ROWS_MAX = 20
BEIJING = dt.timezone(dt.timedelta(hours=8))
_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STATES = {
    "waiting": "处理中 · under way", "done": "已发货 · delivered",
    "failed": "失败退款 · given back",
    "taken": "已接收 · taken", "given-up": "已放弃 · given up", "lost": "已丢失 · lost",
}  # fmt: skip
LOOKS = {"waiting": "ask", "done": "good", "failed": "bad", "taken": "good", "given-up": "bad",
         "lost": "bad"}  # fmt: skip


def blueprint(world: World, token: str) -> Blueprint:  # noqa: C901 - a list of addresses
    """Return ``/`` and the button on it."""
    site = Blueprint("pages", __name__)

    @site.after_app_request
    def guard(response: Response) -> Response:
        if request.endpoint != "static" and request.blueprint != site.name:
            return response  # the shops' own answers are as the shops give them
        response.headers["Content-Security-Policy"] = _CSP
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    def has_token() -> bool:
        given = request.values.get("token", "")
        return hmac.compare_digest(given.encode(), token.encode())

    @site.get("/")
    def index() -> str:
        world.grow_up()

        def last(table: str, order: str) -> list[dict[str, object]]:
            return world.books.rows(
                f"SELECT * FROM {table} ORDER BY {order} DESC LIMIT ?",  # noqa: S608
                ROWS_MAX,
            )

        return render_template(
            "shops.html", token=token if has_token() else "", yuan=yuan, moment=_moment,
            now_s=world.now_s(), states=STATES, looks=LOOKS,
            shops=world.books.rows("SELECT * FROM shop ORDER BY id"),
            products=world.books.rows("SELECT * FROM product ORDER BY shop, ref LIMIT 100"),
            purchases=last("purchase", "no"), callbacks=last("callback", "id"),
            requests=last("request", "id"), waiting=world.faults.waiting(),
            swarm=world.faults.swarm_now,
            kinds=[("应答 Answers", ANSWER_FAULTS), ("订单 Orders", ORDER_FAULTS),
                   ("回调 Callbacks", CALLBACK_FAULTS)],
        )  # fmt: skip

    @site.post("/fault")
    def fault() -> AnyResponse:
        if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
            abort(403)
        if not has_token():
            abort(403)
        kind, shop = request.form.get("kind", ""), request.form.get("shop", "")
        if kind == "none":
            world.faults.clear()
        elif kind in ALL:
            world.faults.add(Fault(kind, shop))
        else:
            abort(400)
        return redirect(url_for("pages.index", token=token), 303)

    return site


def _moment(at_s: int) -> str:
    return dt.datetime.fromtimestamp(at_s, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
