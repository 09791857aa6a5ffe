"""Shares of payments: receivers, requests that are worked on later, what is left, returns."""

from __future__ import annotations

import json
from typing import Any

from central.simulators.channel import keys as parties
from central.simulators.channel.books import NotEnough
from central.simulators.channel.wechat import CHANNEL, fields, orders
from central.simulators.channel.wechat.protocol import opened
from central.simulators.channel.world import Refuse, World, fee_fen, rfc3339
from central.simulators.parts.books import Row

_REQUESTS_MAX = 50
_AFTER_PAYMENT_S = 60
_KINDS = r"MERCHANT_ID|PERSONAL_OPENID"

Done = tuple[int, dict[str, Any] | None]


def add_receiver(world: World, body: dict[str, Any], serial: str) -> Done:
    """Make somebody known."""
    fields.ours(body, mchid=False)
    kind = fields.text(body, "type", 32, pattern=_KINDS)
    account = fields.text(body, "account", 64)
    relation = fields.text(body, "relation_type", 32)
    name = opened(world, serial, body["name"]) if body.get("name") is not None else ""
    if kind == "MERCHANT_ID" and not name:
        raise fields.wrong("name")
    world.books.run(
        "INSERT INTO receiver VALUES (?, ?, ?, ?)"
        " ON CONFLICT (channel, account) DO UPDATE SET kind = excluded.kind, name = excluded.name",
        CHANNEL, account, kind, name,
    )  # fmt: skip
    return 200, {"type": kind, "account": account, "relation_type": relation}


def delete_receiver(world: World, body: dict[str, Any]) -> Done:
    """Forget somebody."""
    fields.ours(body, mchid=False)
    kind = fields.text(body, "type", 32, pattern=_KINDS)
    account = fields.text(body, "account", 64)
    world.books.run("DELETE FROM receiver WHERE channel = ? AND account = ?", CHANNEL, account)
    return 200, {"type": kind, "account": account}


def share(world: World, body: dict[str, Any], serial: str) -> Done:
    """Take a request for shares; it is worked on as soon as somebody looks."""
    fields.ours(body, mchid=False)
    number = fields.text(body, "out_order_no", 64, pattern=fields.LONG)
    order = _order(world, fields.text(body, "transaction_id", 32))
    receivers = fields.listed(body, "receivers", 50)
    is_last = fields.truth(body, "unfreeze_unsplit")
    parts = [_part(world, one, serial) for one in receivers]
    said = json.dumps([order["number"], is_last, parts], ensure_ascii=False)
    known = _sharing(world, number)
    if known:
        if known["said"] != said:
            raise Refuse(400, "INVALID_REQUEST", "the number is that of another request")
        return 200, _content(world, known)
    _check(world, order, sum(part[2] for part in parts))
    _write(world, number, order, said, is_last=is_last)
    for kind, account, amount, description in parts:
        world.books.run(
            "INSERT INTO share (channel, number, account, kind, amount, description, state)"
            " VALUES (?, ?, ?, ?, ?, ?, 'PENDING')",
            CHANNEL, number, account, kind, amount, description,
        )  # fmt: skip
    made = _sharing(world, number)
    assert made is not None
    return 200, _content(world, made)


def query(world: World, number: str, channel_no: str) -> Done:
    """Answer what became of a request."""
    finish(world)
    found = _sharing(world, number)
    order = orders.by_channel_number(world, channel_no)
    if found is None or order is None or order["number"] != found["payment_no"]:
        raise Refuse(404, "RESOURCE_NOT_EXISTS", "there is no such request")
    return 200, _content(world, found)


def unfreeze(world: World, body: dict[str, Any]) -> Done:
    """Give what has not been shared to the merchant."""
    number = fields.text(body, "out_order_no", 64, pattern=fields.LONG)
    fields.text(body, "description", 80)
    order = _order(world, fields.text(body, "transaction_id", 32))
    known = _sharing(world, number)
    if known is None:
        if order["finished"]:
            raise Refuse(400, "INVALID_REQUEST", "the order has been finished")
        _write(world, number, order, "unfreeze", is_last=True)
        known = _sharing(world, number)
    assert known is not None
    return 200, _content(world, known)


def left(world: World, channel_no: str) -> Done:
    """Answer what can be shared yet."""
    order = _order(world, channel_no)
    return 200, {"transaction_id": channel_no, "unsplit_amount": _unsplit(world, order)}


def give_back(world: World, body: dict[str, Any]) -> Done:
    """Take a merchant's share back; a person's cannot be."""
    number = fields.text(body, "out_order_no", 64, pattern=fields.LONG)
    return_number = fields.text(body, "out_return_no", 64, pattern=fields.LONG)
    mchid = fields.text(body, "return_mchid", 32)
    amount = fields.whole(body, "amount", 1)
    fields.text(body, "description", 80)
    known = world.books.row("SELECT * FROM give_back WHERE return_number = ?", return_number)
    if known:
        if (known["number"], known["mchid"], known["amount"]) != (number, mchid, amount):
            raise Refuse(400, "INVALID_REQUEST", "the return exists with other data")
        return 200, _returned(known)
    finish(world)
    part = world.books.row(
        "SELECT * FROM share WHERE channel = ? AND number = ? AND account = ?",
        CHANNEL, number, mchid,
    )  # fmt: skip
    if part is None or part["kind"] != "MERCHANT_ID" or part["state"] != "SUCCESS":
        raise Refuse(400, "INVALID_REQUEST", "only a merchant's share can be taken back")
    if part["returned"] + amount > part["amount"]:
        raise Refuse(400, "INVALID_REQUEST", "more than is left of the share")
    channel_no = world.number("3009", 28)
    world.books.run("UPDATE share SET returned = returned + ? WHERE id = ?", amount, part["id"])
    world.books.run(
        "INSERT INTO give_back VALUES (?, ?, ?, ?, ?, ?)",
        return_number, number, mchid, amount, channel_no, world.now_s(),
    )  # fmt: skip
    world.books.move(
        orders.BASIC, amount, world.now_s(), business="分账回退", kind="分账回退",
        channel_no=channel_no, our_no=return_number,
    )  # fmt: skip
    made = world.books.row("SELECT * FROM give_back WHERE return_number = ?", return_number)
    assert made is not None
    return 200, _returned(made)


def query_give_back(world: World, return_number: str, number: str) -> Done:
    """Answer what became of a return."""
    found = world.books.row(
        "SELECT * FROM give_back WHERE return_number = ? AND number = ?", return_number, number
    )
    if found is None:
        raise Refuse(404, "RESOURCE_NOT_EXISTS", "there is no such return")
    return 200, _returned(found)


def finish(world: World) -> None:
    """Work on what waits: move each share, and finish orders whose last request it was."""
    for found in world.books.rows(
        "SELECT * FROM sharing WHERE channel = ? AND state = 'PROCESSING'", CHANNEL
    ):
        for part in world.books.rows(
            "SELECT * FROM share WHERE channel = ? AND number = ? AND state = 'PENDING'",
            CHANNEL, found["number"],
        ):  # fmt: skip
            state = "SUCCESS"
            try:
                world.books.move(
                    orders.BASIC, -part["amount"], world.now_s(), business="分账", kind="分账",
                    channel_no=found["channel_no"], our_no=found["number"],
                    memo=part["description"],
                )  # fmt: skip
            except NotEnough:
                state = "CLOSED"
            world.books.run("UPDATE share SET state = ? WHERE id = ?", state, part["id"])
        world.books.run(
            "UPDATE sharing SET state = 'FINISHED' WHERE channel = ? AND number = ?",
            CHANNEL, found["number"],
        )  # fmt: skip


def _order(world: World, channel_no: str) -> Row:
    order = orders.by_channel_number(world, channel_no)
    if order is None:
        raise Refuse(404, "RESOURCE_NOT_EXISTS", "there is no such order")
    return order


def _check(world: World, order: Row, wanted: int) -> None:
    if not order["shared"]:
        raise Refuse(400, "INVALID_REQUEST", "the order was not placed to be shared")
    if order["finished"]:
        raise Refuse(400, "INVALID_REQUEST", "the order has been finished")
    if world.now_s() - order["paid_at_s"] < _AFTER_PAYMENT_S:
        raise Refuse(400, "INVALID_REQUEST", "the order was paid less than a minute ago")
    [row] = world.books.rows(
        "SELECT count(*) AS n FROM sharing WHERE channel = ? AND payment_no = ?",
        CHANNEL, order["number"],
    )  # fmt: skip
    if row["n"] >= _REQUESTS_MAX:
        raise Refuse(403, "RULE_LIMIT", "fifty requests are the most")
    if wanted > _unsplit(world, order):
        raise Refuse(403, "NOT_ENOUGH", "more than is left to be shared")
    shared = _shared(world, order) + wanted
    if shared * 100 > order["amount"] * world.share_ceiling_percent:
        raise Refuse(403, "RULE_LIMIT", "more than the share that is allowed")


def _write(world: World, number: str, order: Row, said: str, *, is_last: bool) -> None:
    world.books.run(
        "INSERT INTO sharing VALUES (?, ?, ?, ?, 'PROCESSING', ?, ?, ?)",
        CHANNEL, number, order["number"], said, int(is_last), world.number("3008", 28),
        world.now_s(),
    )  # fmt: skip
    if is_last:
        world.books.run(
            "UPDATE payment SET finished = 1 WHERE channel = ? AND number = ?",
            CHANNEL, order["number"],
        )  # fmt: skip


def _part(world: World, one: dict[str, Any], serial: str) -> tuple[str, str, int, str]:
    kind = fields.text(one, "type", 32, pattern=_KINDS)
    account = fields.text(one, "account", 64)
    amount = fields.whole(one, "amount", 1)
    description = fields.text(one, "description", 80)
    known = world.books.row(
        "SELECT * FROM receiver WHERE channel = ? AND account = ?", CHANNEL, account
    )
    if known is None or known["kind"] != kind:
        raise Refuse(400, "INVALID_REQUEST", "a receiver is not known")
    if one.get("name") is not None and opened(world, serial, one["name"]) != known["name"]:
        raise Refuse(400, "INVALID_REQUEST", "a receiver has another name")
    return kind, account, amount, description


def _shared(world: World, order: Row) -> int:
    [row] = world.books.rows(
        "SELECT coalesce(sum(share.amount), 0) AS shared FROM share JOIN sharing"
        " USING (channel, number) WHERE channel = ? AND payment_no = ? AND share.state <> 'CLOSED'",
        CHANNEL, order["number"],
    )  # fmt: skip
    return int(row["shared"])


def _unsplit(world: World, order: Row) -> int:
    if not order["shared"] or order["finished"]:
        return 0
    fee = fee_fen(order["fee"])
    return int(order["amount"] - order["refunded"]) - fee - _shared(world, order)


def _sharing(world: World, number: str) -> Row | None:
    return world.books.row(
        "SELECT * FROM sharing WHERE channel = ? AND number = ?", CHANNEL, number
    )


def _content(world: World, found: Row) -> dict[str, Any]:
    order = orders.payment(world, found["payment_no"])
    assert order is not None
    receivers = [
        {
            "type": part["kind"], "account": part["account"], "amount": part["amount"],
            "description": part["description"], "result": part["state"],
            "create_time": rfc3339(found["created_at_s"]), "detail_id": f"36{part['id']:026d}",
            **({"fail_reason": "ACCOUNT_ABNORMAL"} if part["state"] == "CLOSED" else {}),
        }
        for part in world.books.rows(
            "SELECT * FROM share WHERE channel = ? AND number = ? ORDER BY id",
            CHANNEL, found["number"],
        )
    ]  # fmt: skip
    return {
        "transaction_id": order["channel_no"],
        "out_order_no": found["number"],
        "order_id": found["channel_no"],
        "state": found["state"],
        "receivers": receivers,
    }


def _returned(found: Row) -> dict[str, Any]:
    return {
        "out_order_no": found["number"],
        "out_return_no": found["return_number"],
        "return_id": found["channel_no"],
        "return_mchid": found["mchid"],
        "amount": found["amount"],
        "result": "SUCCESS",
        "create_time": rfc3339(found["at_s"]),
        "finish_time": rfc3339(found["at_s"]),
        "description": parties.MCHID,
    }
