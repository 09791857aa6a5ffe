"""Steers the simulator: shops, goods, faults, clock. For whoever has its token."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify

from central.simulators.parts.control import control_blueprint, done, json_body, text_of, whole_of
from central.simulators.supplier.faults import ALL, Fault
from central.simulators.supplier.world import World

BOOKS = ("shop", "product", "purchase", "flow", "callback", "request")


def blueprint(world: World, token: str, deliver: Callable[[], int]) -> Blueprint:
    """Return the routes under ``/control``.

    Args:
        deliver: Sends the callbacks that are due and returns how many.
    """
    api = control_blueprint(token)

    @api.get("/faults")
    def faults() -> Response:
        seed, per_mille = world.faults.swarm_now
        waiting = [vars(fault) for fault in world.faults.waiting()]
        swarm_now = {"seed": seed, "per_mille": per_mille}
        return jsonify({"known": ALL, "waiting": waiting, "swarm": swarm_now})

    @api.post("/faults")
    def add_fault() -> Response:
        body = json_body()
        world.faults.add(Fault(
            text_of(body, "kind"), text_of(body, "shop", ""), text_of(body, "ref", ""),
            whole_of(body, "times", 1),
        ))  # fmt: skip
        return done()

    @api.delete("/faults")
    def clear_faults() -> Response:
        world.faults.clear()
        return done()

    @api.post("/swarm")
    def swarm() -> Response:
        body = json_body()
        world.faults.swarm(whole_of(body, "seed", 1), whole_of(body, "per_mille", 0))
        return done()

    @api.post("/clock")
    def clock() -> Response:
        world.shift_s += whole_of(json_body(), "forward_s", 0)
        world.grow_up()
        return jsonify({"now_s": world.now_s()})

    @api.post("/stock")
    def stock() -> Response:
        body = json_body()
        shop, ref = text_of(body, "shop"), text_of(body, "product")
        if world.shop(shop) is None or not ref.isdecimal():
            raise ValueError("there is no such shop, or the product is no number")
        world.stock(
            shop, ref, whole_of(body, "price_e4", 80_000), whole_of(body, "stock", 0),
            text_of(body, "kind", "key"),
        )  # fmt: skip
        return done()

    @api.post("/deliver")
    def deliver_now() -> Response:
        return jsonify({"sent": deliver()})

    @api.get("/books")
    def books() -> Response:
        world.grow_up()
        found = {name: world.books.rows(f"SELECT * FROM {name}") for name in BOOKS}  # noqa: S608
        return jsonify({"now_s": world.now_s(), **found})

    return api
