"""Puts the simulator together, and runs it as a process."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from central.simulators.parts.control import control_blueprint, done, json_body, text_of, whole_of
from central.simulators.parts.door import a_flask, listen_here, token_of, write_private
from central.simulators.parts.server import SimulatorServer
from central.simulators.sms import service as sms
from central.simulators.sms.books import Books
from central.simulators.sms.faults import FAULTS, Fault
from central.simulators.sms.service import SIGN, TEMPLATES, Service

ROWS_MAX = 30
EVENTS = ("paid", "delivered", "patience", "refunded", "answered", "code", "changed")
BEIJING = dt.timezone(dt.timedelta(hours=8))
_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Simulator:
    """A simulator that can be served."""

    app: Flask
    service: Service
    token: str
    data_dir: Path


def build(
    data_dir: Path, clock: Callable[[], int], *, pause: Callable[[float], object] = time.sleep
) -> Simulator:
    """Return a simulator whose books and customer's key are in a directory.

    Args:
        clock: Unix seconds.
        pause: What an answer that hangs waits with.
    """
    token = token_of(data_dir)
    key = data_dir / "merchant" / "sms.secret"
    if not key.exists():
        key.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(key, secrets.token_urlsafe(24))
    made = Service(Books(data_dir / "books.db"), "LTAIsimulated", key.read_text(), clock, pause)
    app = a_flask("central.simulators.sms")
    app.register_blueprint(sms.blueprint(made))
    app.register_blueprint(_control(made, token))
    app.register_blueprint(_pages(made, token))
    return Simulator(app, made, token, data_dir)


def listen(simulator: Simulator, host: str, port: int) -> SimulatorServer:
    """Bind, and write the hub's ``sms.toml`` with the address that it has got.

    Raises:
        ConfigInvalid: the address is taken, or not of this machine.
    """
    server = listen_here(simulator.app, host, port, "sends pretend texts")
    codes = "".join(f'{event} = "{code}"\n' for event, code in zip(EVENTS, TEMPLATES, strict=True))
    write_private(
        simulator.data_dir / "merchant" / "sms.toml",
        f'endpoint = "{server.url}"\naccess_key_id = "{simulator.service.key_id}"\n'
        f'secret_file = "sms.secret"\nsign_name = "{SIGN}"\n\n[templates]\n{codes}',
    )
    return server


def serve(simulator: Simulator, server: SimulatorServer) -> None:
    """Serve until the process is told to end."""
    try:
        server.serve_forever()
    finally:
        server.server_close()
        simulator.service.books.close()


def _control(service: Service, token: str) -> Blueprint:
    api = control_blueprint(token)

    @api.post("/faults")
    def add_fault() -> Response:
        body = json_body()
        service.faults.add(Fault(
            text_of(body, "kind"), text_of(body, "action", ""), text_of(body, "phone", ""),
            whole_of(body, "times", 1),
        ))  # fmt: skip
        return done()

    @api.delete("/faults")
    def clear_faults() -> Response:
        service.faults.clear()
        return done()

    @api.post("/swarm")
    def swarm() -> Response:
        body = json_body()
        service.faults.swarm(whole_of(body, "seed", 1), whole_of(body, "per_mille", 0))
        return done()

    @api.post("/clock")
    def clock() -> Response:
        service.shift_s += whole_of(json_body(), "forward_s", 0)
        return jsonify({"now_s": service.now_s()})

    @api.get("/books")
    def books() -> Response:
        found = {name: service.books.rows(f"SELECT * FROM {name}") for name in ("text", "request")}  # noqa: S608
        return jsonify({"now_s": service.now_s(), **found})

    return api


def _pages(service: Service, token: str) -> Blueprint:
    site = Blueprint("pages", __name__)

    @site.after_app_request
    def guard(response: Response) -> Response:
        if request.endpoint in {"static", "pages.index", "pages.fault"}:
            response.headers["Content-Security-Policy"] = _CSP
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "no-store"
        return response

    def has_token() -> bool:
        return hmac.compare_digest(request.values.get("token", "").encode(), token.encode())

    @site.get("/")
    def index() -> str:
        def last(table: str) -> list[dict[str, object]]:
            return service.books.rows(f"SELECT * FROM {table} ORDER BY id DESC LIMIT ?", ROWS_MAX)  # noqa: S608

        return render_template(
            "phones.html", token=token if has_token() else "", texts=last("text"),
            requests=last("request"), waiting=service.faults.waiting(), faults=FAULTS,
            now_s=service.now_s(), moment=_moment,
        )  # fmt: skip

    @site.post("/fault")
    def fault() -> AnyResponse:
        same = request.headers.get("Sec-Fetch-Site", "none") in {"same-origin", "none"}
        if not same or not has_token():
            abort(403)
        kind = request.form.get("kind", "")
        if kind == "none":
            service.faults.clear()
        elif kind in FAULTS:
            service.faults.add(Fault(kind))
        else:
            abort(400)
        return redirect(f"/?token={token}", 303)

    return site


def _moment(at_s: int) -> str:
    return dt.datetime.fromtimestamp(at_s, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
