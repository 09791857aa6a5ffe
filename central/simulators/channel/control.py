"""Steers the simulator: faults, clock, money, keys, buyer. For whoever has its token."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify

from central.simulators.channel import buyer
from central.simulators.channel.alipay.protocol import Fail
from central.simulators.channel.faults import ALL, Fault
from central.simulators.channel.wechat import orders, sharing, transfers
from central.simulators.channel.world import Refuse, World
from central.simulators.parts.control import (
    control_blueprint,
    done,
    json_body,
    problem,
    text_of,
    whole_of,
)

BOOKS = (
    "account", "payment", "refund", "transfer", "consent", "sharing", "share", "give_back",
    "callback", "request", "bank_batch", "bank_line",
)  # fmt: skip


def blueprint(world: World, token: str, deliver: Callable[[], int]) -> Blueprint:  # noqa: C901
    """Return the routes under ``/control``.

    Args:
        deliver: Sends the callbacks that are due and returns how many.
    """
    api = control_blueprint(token)

    @api.errorhandler(Refuse)
    def refused(error: Refuse) -> Response:
        return problem(error.status, f"{error.code}: {error.message}")

    @api.errorhandler(Fail)
    def failed(error: Fail) -> Response:
        return problem(409, f"{error.sub_code}: {error.sub_msg}")

    @api.get("/faults")
    def faults() -> Response:
        seed, per_mille = world.faults.swarm_now
        waiting = [vars(fault) for fault in world.faults.waiting()]
        return jsonify(
            {"known": ALL, "waiting": waiting, "swarm": {"seed": seed, "per_mille": per_mille}}
        )

    @api.post("/faults")
    def add_fault() -> Response:
        body = json_body()
        world.faults.add(
            Fault(
                text_of(body, "kind"), text_of(body, "operation", ""), text_of(body, "number", ""),
                whole_of(body, "times", 1),
            )
        )  # fmt: skip
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
        work_on(world)
        return jsonify({"now_s": world.now_s()})

    @api.post("/recharge")
    def recharge() -> Response:
        body = json_body()
        with world.books.writing():
            world.books.move(
                text_of(body, "account"), whole_of(body, "fen", 0), world.now_s(), business="充值",
                kind="充值", channel_no=world.number("9000", 28), our_no="",
            )  # fmt: skip
        return done()

    @api.post("/person")
    def person() -> Response:
        body = json_body()
        with world.books.writing():
            world.books.run(
                "INSERT OR REPLACE INTO receiver VALUES ('person', ?, 'person', ?)",
                text_of(body, "account"), text_of(body, "name"),
            )  # fmt: skip
        return done()

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
        return done()

    @api.post("/deliver")
    def deliver_now() -> Response:
        work_on(world)
        return jsonify({"sent": deliver()})

    @api.post("/buyer/<act>")
    def act(act: str) -> Response:
        body = json_body()
        acts: dict[str, Callable[[], None]] = {
            "pay": lambda: buyer.pay(
                world, text_of(body, "channel", "wechat"), text_of(body, "code"),
                text_of(body, "payer", ""),
            ),
            "scan": lambda: buyer.scan(world, text_of(body, "code")),
            "confirm": lambda: buyer.confirm(world, text_of(body, "code")),
            "consent": lambda: buyer.consent(world, text_of(body, "code")),
        }  # fmt: skip
        if act not in acts:
            raise ValueError("a buyer can pay, scan, confirm or consent")
        acts[act]()
        return done()

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
