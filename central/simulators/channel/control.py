"""Steers the simulator: faults, clock, money, keys, buyer. For whoever has its token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from central.simulators.channel import buyer
from central.simulators.channel.alipay.protocol import Fail
from central.simulators.channel.faults import ALL, Fault
from central.simulators.channel.wechat import orders, sharing, transfers
from central.simulators.channel.world import Refuse, World

BOOKS = (
    "account", "payment", "refund", "transfer", "consent", "sharing", "share", "give_back",
    "callback", "request",
)  # fmt: skip


def blueprint(world: World, token: str, deliver: Callable[[], int]) -> Blueprint:  # noqa: C901
    """Return the routes under ``/control``.

    Args:
        deliver: Sends the callbacks that are due and returns how many.
    """
    api = Blueprint("control", __name__, url_prefix="/control")

    @api.before_request
    def check() -> Response | None:
        return None if is_bearer(token) else _problem(401, "send the token of data_dir")

    @api.errorhandler(Refuse)
    def refused(error: Refuse) -> Response:
        return _problem(error.status, f"{error.code}: {error.message}")

    @api.errorhandler(Fail)
    def failed(error: Fail) -> Response:
        return _problem(409, f"{error.sub_code}: {error.sub_msg}")

    @api.errorhandler(ValueError)
    def wrong(error: ValueError) -> Response:
        return _problem(400, str(error))

    @api.get("/faults")
    def faults() -> Response:
        seed, per_mille = world.faults.swarm_now
        waiting = [vars(fault) for fault in world.faults.waiting()]
        return jsonify(
            {"known": ALL, "waiting": waiting, "swarm": {"seed": seed, "per_mille": per_mille}}
        )

    @api.post("/faults")
    def add_fault() -> Response:
        body = _body()
        world.faults.add(
            Fault(
                _text(body, "kind"), _text(body, "operation", ""), _text(body, "number", ""),
                _whole(body, "times", 1),
            )
        )  # fmt: skip
        return _done()

    @api.delete("/faults")
    def clear_faults() -> Response:
        world.faults.clear()
        return _done()

    @api.post("/swarm")
    def swarm() -> Response:
        body = _body()
        world.faults.swarm(_whole(body, "seed", 1), _whole(body, "per_mille", 0))
        return _done()

    @api.post("/clock")
    def clock() -> Response:
        world.shift_s += _whole(_body(), "forward_s", 0)
        work_on(world)
        return jsonify({"now_s": world.now_s()})

    @api.post("/recharge")
    def recharge() -> Response:
        body = _body()
        with world.books.writing():
            world.books.move(
                _text(body, "account"), _whole(body, "fen", 0), world.now_s(), business="充值",
                kind="充值", channel_no=world.number("9000", 28), our_no="",
            )  # fmt: skip
        return _done()

    @api.post("/person")
    def person() -> Response:
        body = _body()
        with world.books.writing():
            world.books.run(
                "INSERT OR REPLACE INTO receiver VALUES ('person', ?, 'person', ?)",
                _text(body, "account"), _text(body, "name"),
            )  # fmt: skip
        return _done()

    @api.post("/rotate/<step>")
    def rotate(step: str) -> Response:
        if step == "announce":
            return jsonify({"serial": world.keys.announce(world.now_s())})
        if step == "switch":
            return jsonify({"serial": world.keys.switch()})
        if step == "retire":
            return jsonify({"gone": world.keys.retire()})
        raise ValueError("rotate in three steps: announce, switch, retire")

    @api.post("/callback-signing/<way>")
    def callback_signing(way: str) -> Response:
        if way not in {"public-key", "certificate"}:
            raise ValueError("callbacks are signed by public-key or certificate")
        world.callback_signing = way
        return _done()

    @api.post("/deliver")
    def deliver_now() -> Response:
        work_on(world)
        return jsonify({"sent": deliver()})

    @api.post("/buyer/<act>")
    def act(act: str) -> Response:
        body = _body()
        acts: dict[str, Callable[[], None]] = {
            "pay": lambda: buyer.pay(
                world, _text(body, "channel", "wechat"), _text(body, "code"),
                _text(body, "payer", ""),
            ),
            "scan": lambda: buyer.scan(world, _text(body, "code")),
            "confirm": lambda: buyer.confirm(world, _text(body, "code")),
            "consent": lambda: buyer.consent(world, _text(body, "code")),
        }  # fmt: skip
        if act not in acts:
            raise ValueError("a buyer can pay, scan, confirm or consent")
        acts[act]()
        return _done()

    @api.get("/books")
    def books() -> Response:
        found = {name: world.books.rows(f"SELECT * FROM {name}") for name in BOOKS}  # noqa: S608
        return jsonify({"now_s": world.now_s(), **found})

    return api


def work_on(world: World) -> None:
    """Do what time does: refunds arrive, shares are made, days end."""
    with world.books.writing():
        orders.finish_refunds(world)
        transfers.finish(world)
        sharing.finish(world)


def is_bearer(token: str) -> bool:
    """Say whether the request brings the token."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme == "Bearer" and hmac.compare_digest(given.encode(), token.encode())


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ValueError("the body is a JSON object")  # noqa: TRY004 - a caller's fault
    return body


def _text(body: dict[str, Any], name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text")  # noqa: TRY004 - a caller's fault
    return value


def _whole(body: dict[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if type(value) is not int:
        raise ValueError(f"{name} is a whole number")
    return value


def _done() -> Response:
    return jsonify({"done": True})


def _problem(status: int, detail: str) -> Response:
    response = jsonify({"title": "The simulator cannot do this", "detail": detail})
    response.status_code = status
    return response
