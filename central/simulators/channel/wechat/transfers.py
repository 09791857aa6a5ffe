"""Transfers to people, confirmed by each or under a standing consent; and the consents."""

from __future__ import annotations

import json
from typing import Any

from central.simulators.channel import keys as parties
from central.simulators.channel.books import NotEnough
from central.simulators.channel.wechat import CHANNEL, fields
from central.simulators.channel.wechat.protocol import opened
from central.simulators.channel.world import Refuse, World, rfc3339
from central.simulators.parts.books import Row

OPERATION = "wechat/OPERATION"
_REPORTS = {"1005": {"岗位类型", "报酬说明"}, "1000": {"活动名称", "奖励说明"}}
_FINAL = ("SUCCESS", "FAIL", "CANCELLED")

Done = tuple[int, dict[str, Any] | None]


def transfer(world: World, body: dict[str, Any], serial: str, *, consented: bool) -> Done:
    """Take a transfer: it waits for the payee, or is made at once under his consent."""
    fields.ours(body, mchid=False)
    number = fields.text(body, "out_bill_no", 32, pattern=fields.NUMBER_32)
    scene = fields.text(body, "transfer_scene_id", 36, pattern="[0-9]+")
    amount = fields.whole(body, "transfer_amount", 10)
    remark = fields.text(body, "transfer_remark", 32)
    notify_url = fields.notify_url(body, needed=False)
    _check_reports(body, scene)
    payee, consent_id = _payee(world, body, consented=consented)
    name = _name(world, body, serial, amount)
    said = json.dumps([payee, amount, remark, scene, name, consent_id], ensure_ascii=False)
    known = bill(world, number)
    if known:
        if known["said"] != said:
            raise Refuse(400, "ALREADY_EXISTS", "the bill exists with other data")
        return 200, _answer(known, consented=consented)
    if amount > world.books.balance(OPERATION) - _waiting(world):
        raise Refuse(403, "NOT_ENOUGH", "the operation account has not enough")
    now_s = world.now_s()
    state = "PROCESSING" if consented else "WAIT_USER_CONFIRM"
    expired = world.faults.take("wechat.transfer", number, {"expired": ""})
    created_at_s = now_s - world.confirms_within_s if expired else now_s
    late = world.faults.take("wechat.transfer", number, {"close-late": ""})
    world.books.run(
        "INSERT INTO transfer (channel, number, said, amount, payee, name, remark, state,"
        " channel_no, package, created_at_s, updated_at_s, notify_url, late)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        CHANNEL, number, said, amount, payee, name, remark, state, world.number("1330", 34),
        f"affffddafdfafddffda=={number}", created_at_s, now_s, notify_url, int(bool(late)),
    )  # fmt: skip
    if consented:
        _make(world, number)
    made = bill(world, number)
    assert made is not None
    return 200, _answer(made, consented=consented)


def query(world: World, found: Row | None) -> Done:
    """Answer what became of a transfer."""
    if found is None:
        raise Refuse(404, "NOT_FOUND", "there is no such bill")
    if world.now_s() - found["created_at_s"] > 30 * 86400:
        raise Refuse(404, "NOT_FOUND", "the bill is older than 30 days")
    return 200, content(found)


def cancel(world: World, number: str) -> Done:
    """Stop a transfer that waits; it is CANCELING first, and stopped as soon as somebody looks."""
    found = bill(world, number)
    if found is None:
        raise Refuse(404, "NOT_FOUND", "there is no such bill")
    if found["state"] in {"CANCELING", "CANCELLED"}:
        return 200, _cancelled(found)
    if found["state"] != "WAIT_USER_CONFIRM":
        raise Refuse(400, "INVALID_REQUEST", "the bill does not wait for its payee any more")
    _state(world, number, "CANCELING")
    found["state"] = "CANCELING"
    return 200, _cancelled(found)


def confirm(world: World, number: str) -> None:
    """Let the pretend payee confirm."""
    found = bill(world, number)
    if found is None or found["state"] != "WAIT_USER_CONFIRM":
        raise Refuse(409, "INVALID_REQUEST", "there is nothing to confirm")
    _make(world, number)


def finish(world: World) -> None:
    """Fail what was not confirmed in its day, and stop what was cancelled."""
    limit = world.now_s() - world.confirms_within_s
    for found in world.books.rows(
        "SELECT * FROM transfer WHERE channel = ? AND state = 'WAIT_USER_CONFIRM'"
        " AND created_at_s <= ? AND late = 0",
        CHANNEL, limit,
    ):  # fmt: skip
        _end(world, found["number"], "FAIL", "OVERDUE_CLOSE")
    for found in world.books.rows(
        "SELECT * FROM transfer WHERE channel = ? AND state = 'CANCELING'", CHANNEL
    ):
        _end(world, found["number"], "CANCELLED", "MERCHANT_REVOCATION")


def bill(world: World, number: str) -> Row | None:
    """Return a transfer by our number."""
    return world.books.row(
        "SELECT * FROM transfer WHERE channel = ? AND number = ?", CHANNEL, number
    )


def bill_by_channel_number(world: World, channel_no: str) -> Row | None:
    """Return a transfer by the channel's number."""
    return world.books.row(
        "SELECT * FROM transfer WHERE channel = ? AND channel_no = ?", CHANNEL, channel_no
    )


def content(found: Row) -> dict[str, Any]:
    """Return what is said of a transfer, in a query and in a callback."""
    said: dict[str, Any] = {
        "mch_id": parties.MCHID,
        "out_bill_no": found["number"],
        "transfer_bill_no": found["channel_no"],
        "appid": parties.APPID,
        "state": found["state"],
        "transfer_amount": found["amount"],
        "transfer_remark": found["remark"],
        "openid": found["payee"],
        "create_time": rfc3339(found["created_at_s"]),
        "update_time": rfc3339(found["updated_at_s"]),
    }
    if found["fail"]:
        said["fail_reason"] = found["fail"]
    return said


# --- consent -------------------------------------------------------------------------------------


def ask_consent(world: World, body: dict[str, Any]) -> Done:
    """Ask a payee to let transfers through."""
    fields.ours(body, mchid=False)
    number = fields.text(body, "out_authorization_no", 32, pattern=fields.NUMBER_32)
    openid = fields.text(body, "openid", 64)
    fields.text(body, "transfer_scene_id", 36, pattern="[0-9]+")
    shown_as = fields.text(body, "user_display_name", 32)
    notify_url = fields.notify_url(body, "authorization_notify_url")
    known = consent(world, number)
    if known and (known["openid"], known["shown_as"]) != (openid, shown_as):
        raise Refuse(400, "INVALID_REQUEST", "the number is that of another consent")
    if not known:
        in_force = world.books.row(
            "SELECT 1 FROM consent WHERE openid = ? AND state = 'TAKING_EFFECT'", openid
        )
        if in_force:
            raise Refuse(400, "INVALID_REQUEST", "this payee has consented already")
        world.books.run(
            "INSERT INTO consent (number, id, openid, shown_as, state, package, created_at_s,"
            " notify_url) VALUES (?, ?, ?, ?, 'WAIT_USER_CONFIRM', ?, ?, ?)",
            number, world.number("165", 30), openid, shown_as, f"consent=={number}",
            world.now_s(), notify_url,
        )  # fmt: skip
        known = consent(world, number)
    assert known is not None
    return 200, {
        "out_authorization_no": number,
        "state": known["state"],
        "create_time": rfc3339(known["created_at_s"]),
        "package_info": known["package"],
    }


def query_consent(world: World, number: str) -> Done:
    """Answer whether the payee has."""
    found = consent(world, number)
    if found is None:
        raise Refuse(404, "NOT_FOUND", "there is no such consent")
    return 200, _consent_content(found)


def end_consent(world: World, number: str) -> Done:
    """End a consent."""
    found = consent(world, number)
    if found is None:
        raise Refuse(404, "NOT_FOUND", "there is no such consent")
    _consent_state(world, found, "CLOSED", "MCHTRANSFER.AUTHORIZATION.CLOSED")
    ended = consent(world, number)
    assert ended is not None
    return 200, _consent_content(ended)


def grant(world: World, number: str) -> None:
    """Let the pretend payee consent."""
    found = consent(world, number)
    if found is None or found["state"] != "WAIT_USER_CONFIRM":
        raise Refuse(409, "INVALID_REQUEST", "there is nothing to consent to")
    world.books.run("UPDATE consent SET granted_at_s = ? WHERE number = ?", world.now_s(), number)
    _consent_state(world, found, "TAKING_EFFECT", "MCHTRANSFER.AUTHORIZATION.CONFIRMED")


def consent(world: World, number: str) -> Row | None:
    """Return a consent; one that nobody gave in a day is closed by now."""
    found = world.books.row("SELECT * FROM consent WHERE number = ?", number)
    overdue = found and world.now_s() - found["created_at_s"] >= world.confirms_within_s
    if found and found["state"] == "WAIT_USER_CONFIRM" and overdue:
        world.books.run("UPDATE consent SET state = 'CLOSED' WHERE number = ?", number)
        found["state"] = "CLOSED"
    return found


# --- inside --------------------------------------------------------------------------------------


def _make(world: World, number: str) -> None:
    found = bill(world, number)
    assert found is not None
    if found["name"]:
        known = world.books.row(
            "SELECT name FROM receiver WHERE channel = 'person' AND account = ?", found["payee"]
        )
        if known and known["name"] != found["name"]:
            _end(world, number, "FAIL", "NAME_NOT_CORRECT")
            return
    try:
        world.books.move(
            OPERATION, -found["amount"], world.now_s(), business="商家转账", kind="转账",
            channel_no=found["channel_no"], our_no=number, memo=found["remark"],
        )  # fmt: skip
    except NotEnough:
        _end(world, number, "FAIL", "BALANCE_NOT_ENOUGH")
        return
    _end(world, number, "SUCCESS", "")


def _end(world: World, number: str, state: str, fail: str) -> None:
    world.books.run(
        "UPDATE transfer SET state = ?, fail = ?, updated_at_s = ? WHERE channel = ?"
        " AND number = ?",
        state, fail, world.now_s(), CHANNEL, number,
    )  # fmt: skip
    found = bill(world, number)
    assert found is not None
    world.call_back(
        CHANNEL, "MCHTRANSFER.BILL.FINISHED", "mch_payment", found["notify_url"], number,
        json.dumps(content(found), ensure_ascii=False),
    )  # fmt: skip


def _waiting(world: World) -> int:
    """Return what is locked for transfers that wait."""
    row = world.books.row(
        "SELECT coalesce(sum(amount), 0) AS locked FROM transfer WHERE channel = ? AND state IN"
        " ('WAIT_USER_CONFIRM', 'PROCESSING', 'CANCELING')",
        CHANNEL,
    )
    assert row is not None
    return int(row["locked"])


def _check_reports(body: dict[str, Any], scene: str) -> None:
    needed = _REPORTS.get(scene)
    if needed is None:
        return
    reports = fields.listed(body, "transfer_scene_report_infos", 10)
    told = {fields.text(one, "info_type", 15) for one in reports}
    for one in reports:
        fields.text(one, "info_content", 32)
    if told != needed:
        raise fields.wrong("transfer_scene_report_infos")


def _payee(world: World, body: dict[str, Any], *, consented: bool) -> tuple[str, str]:
    if not consented:
        return fields.text(body, "openid", 64), ""
    consent_id = fields.text(body, "authorization_id", 64)
    found = world.books.row(
        "SELECT * FROM consent WHERE id = ? AND state = 'TAKING_EFFECT'", consent_id
    )
    if found is None:
        raise Refuse(403, "NO_AUTH", "this payee has not consented")
    return str(found["openid"]), consent_id


def _name(world: World, body: dict[str, Any], serial: str, amount: int) -> str:
    sealed = body.get("user_name")
    if sealed is None:
        if amount >= 200_000:
            raise fields.wrong("user_name")
        return ""
    if amount < 30:
        raise fields.wrong("user_name")
    return opened(world, serial, sealed)


def _answer(found: Row, *, consented: bool) -> dict[str, Any]:
    if consented:
        return content(found)
    said = {
        "out_bill_no": found["number"],
        "transfer_bill_no": found["channel_no"],
        "create_time": rfc3339(found["created_at_s"]),
        "state": found["state"],
    }
    if found["state"] == "WAIT_USER_CONFIRM":
        said["package_info"] = found["package"]
    if found["fail"]:
        said["fail_reason"] = found["fail"]
    return said


def _cancelled(found: Row) -> dict[str, Any]:
    return {
        "out_bill_no": found["number"],
        "transfer_bill_no": found["channel_no"],
        "state": found["state"],
        "update_time": rfc3339(found["updated_at_s"]),
    }


def _consent_content(found: Row) -> dict[str, Any]:
    said: dict[str, Any] = {
        "appid": parties.APPID,
        "out_authorization_no": found["number"],
        "authorization_id": found["id"] if found["granted_at_s"] else "",
        "state": found["state"],
        "openid": found["openid"],
        "user_display_name": found["shown_as"],
    }
    if found["granted_at_s"]:
        said["authorize_time"] = rfc3339(found["granted_at_s"])
    if found["state"] == "CLOSED":
        said["close_info"] = {"close_reason": "MERCHANT_CLOSE"}
    return said


def _consent_state(world: World, found: Row, state: str, event_type: str) -> None:
    world.books.run("UPDATE consent SET state = ? WHERE number = ?", state, found["number"])
    changed = consent(world, found["number"])
    assert changed is not None
    said = _consent_content(changed) | {"mch_id": parties.MCHID}
    world.call_back(
        CHANNEL, event_type, "mch_payment", found["notify_url"], found["number"],
        json.dumps(said, ensure_ascii=False),
    )  # fmt: skip


def _state(world: World, number: str, state: str) -> None:
    world.books.run(
        "UPDATE transfer SET state = ?, updated_at_s = ? WHERE channel = ? AND number = ?",
        state, world.now_s(), CHANNEL, number,
    )  # fmt: skip
