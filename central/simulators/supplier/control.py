"""Steers the simulator: shops, goods, faults, clock. For whoever has its token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from central.simulators.supplier.faults import ALL, Fault
from central.simulators.supplier.world import World

BOOKS = ("shop", "product", "purchase", "flow", "callback", "request")


def blueprint(world: World, token: str, deliver: Callable[[], int]) -> Blueprint:  # noqa: C901
    """Return the routes under ``/control``.

    Args:
        deliver: Sends the callbacks that are due and returns how many.
    """
    api = Blueprint("control", __name__, url_prefix="/control")

    @api.before_request
    def check() -> Response | None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = scheme == "Bearer" and hmac.compare_digest(given.encode(), token.encode())
        return None if right else _problem(401, "send the token of data_dir")

    @api.errorhandler(ValueError)
    def wrong(error: ValueError) -> Response:
        return _problem(400, str(error))

    @api.get("/faults")
    def faults() -> Response:
        seed, per_mille = world.faults.swarm_now
        waiting = [vars(fault) for fault in world.faults.waiting()]
        swarm_now = {"seed": seed, "per_mille": per_mille}
        return jsonify({"known": ALL, "waiting": waiting, "swarm": swarm_now})

    @api.post("/faults")
    def add_fault() -> Response:
        body = _body()
        world.faults.add(Fault(
            _text(body, "kind"), _text(body, "shop", ""), _text(body, "ref", ""),
            _whole(body, "times", 1),
        ))  # fmt: skip
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
        world.grow_up()
        return jsonify({"now_s": world.now_s()})

    @api.post("/stock")
    def stock() -> Response:
        body = _body()
        shop, ref = _text(body, "shop"), _text(body, "product")
        if world.shop(shop) is None or not ref.isdecimal():
            raise ValueError("there is no such shop, or the product is no number")
        world.stock(
            shop, ref, _whole(body, "price_e4", 80_000), _whole(body, "stock", 0),
            _text(body, "kind", "key"),
        )  # fmt: skip
        return _done()

    @api.post("/deliver")
    def deliver_now() -> Response:
        return jsonify({"sent": deliver()})

    @api.get("/books")
    def books() -> Response:
        world.grow_up()
        found = {name: world.books.rows(f"SELECT * FROM {name}") for name in BOOKS}  # noqa: S608
        return jsonify({"now_s": world.now_s(), **found})

    return api


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
