"""Sends callbacks, repeats them by each channel's ladder, and misbehaves with them on request."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives.asymmetric import rsa

from central.simulators.channel.alipay import protocol as alipay
from central.simulators.channel.faults import CALLBACK_FAULTS
from central.simulators.channel.keys import Signer
from central.simulators.channel.wechat import protocol as wechat
from central.simulators.channel.world import World, plain, rfc3339
from central.simulators.parts.books import Row
from central.simulators.parts.post import Post, post

log = logging.getLogger(__name__)

LADDER_S = {
    "wechat": (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600,
               21600),
    "alipay": (240, 600, 600, 3600, 7200, 21600, 54000),
}  # fmt: skip
"""Seconds until the next try: WeChat Pay doc/v3/merchant/4012158598, Alipay 270/105902."""


@dataclass(frozen=True)
class Message:
    """What goes over the wire."""

    body: bytes
    headers: dict[str, str]


def deliver_due(world: World, send: Post = post) -> int:
    """Send every callback whose time has come; return how many were sent."""
    with world.books.writing():
        due = world.books.rows(
            "SELECT * FROM callback WHERE state = 'waiting' AND next_at_s <= ?"
            " ORDER BY id LIMIT 50",
            world.now_s(),
        )
    for found in due:
        _deliver(world, found, send)
    return len(due)


def next_due_s(world: World) -> int | None:
    """Return when the next callback is due; None if none waits."""
    row = world.books.row("SELECT min(next_at_s) AS at_s FROM callback WHERE state = 'waiting'")
    return row["at_s"] if row else None


def _deliver(world: World, found: Row, send: Post) -> None:
    operation = f"callback.{found['event_type']}"
    fault = world.faults.take(operation, found["number"], CALLBACK_FAULTS)
    make = _wechat if found["channel"] == "wechat" else _alipay
    messages = [make(world, found, fault)]
    if fault == "callback-duplicate":
        messages.append(make(world, found, ""))
    outcome, is_taken = "", False
    for message in messages:
        try:
            status, text = send(found["url"], message.body, message.headers)
        except OSError as exc:
            outcome = f"no answer: {exc}"
            continue
        outcome = f"{status} {text[:40]}"
        is_taken = (
            status in {200, 204} if found["channel"] == "wechat" else text.strip() == "success"
        )
    _note(world, found, outcome, is_taken=is_taken, fault=fault)


def _note(world: World, found: Row, outcome: str, *, is_taken: bool, fault: str) -> None:
    ladder = LADDER_S[found["channel"]]
    tries = found["tries"] + 1
    state, next_at_s = "taken", found["next_at_s"]
    if not is_taken:
        state = "waiting" if tries <= len(ladder) else "given-up"
        next_at_s = world.now_s() + (ladder[tries - 1] if tries <= len(ladder) else 0)
    with world.books.writing():
        world.books.run(
            "UPDATE callback SET state = ?, tries = ?, next_at_s = ?, last = ? WHERE id = ?",
            state, tries, next_at_s, f"{outcome} {fault}".strip(), found["id"],
        )  # fmt: skip
    log.info("callback %s to the hub: %s", found["event_id"], outcome)


# --- WeChat Pay ----------------------------------------------------------------------------------


def _wechat(world: World, found: Row, fault: str) -> Message:
    content = _bent(json.loads(found["content"]), fault)
    raw = json.dumps(content, ensure_ascii=False).encode()
    resource = wechat.seal(world.keys.api_v3_key, raw, found["original_type"])
    body = json.dumps(
        {
            "id": found["event_id"],
            "create_time": rfc3339(found["created_at_s"]),
            "resource_type": "encrypt-resource",
            "event_type": found["event_type"],
            "summary": "回调",
            "resource": {"original_type": found["original_type"], **resource},
        },
        ensure_ascii=False,
    ).encode()
    public = world.callback_signing == "public-key"
    signer = world.keys.public_key if public else world.keys.signing
    at_s = world.now_s()
    if fault == "callback-forged":
        signer = Signer(signer.serial, rsa.generate_private_key(65537, 2048))
    if fault == "callback-unknown-serial":
        signer = Signer("51" + "CD" * 19, rsa.generate_private_key(65537, 2048))
    if fault == "callback-stale":
        at_s -= 600
    headers = wechat.headers_of(signer, at_s, body)
    if fault == "callback-probe":
        headers["Wechatpay-Signature"] = (
            "WECHATPAY/SIGNTEST/" + base64.b64encode(bytes(238)).decode()
        )
    return Message(body, {**headers, "Content-Type": "application/json"})


def _bent(content: dict[str, object], fault: str) -> dict[str, object]:
    if fault == "callback-other-merchant":
        name = "mch_id" if "mch_id" in content else "mchid"
        return {**content, name: "1900000000"}
    if fault not in {"callback-wrong-amount", "callback-text-amount"}:
        return content
    money = content.get("amount")
    if isinstance(money, dict):
        name = "refund" if "refund" in money else "total"
        return {**content, "amount": {**money, name: _other(money[name], fault)}}
    return {**content, "transfer_amount": _other(content.get("transfer_amount", 0), fault)}


def _other(amount: object, fault: str) -> object:
    assert isinstance(amount, int)
    return amount + 1 if fault == "callback-wrong-amount" else str(amount)


# --- Alipay --------------------------------------------------------------------------------------


def _alipay(world: World, found: Row, fault: str) -> Message:
    form = json.loads(found["content"])
    at_s = world.now_s() - (72 * 3600 if fault == "callback-stale" else 0)
    if "msg_method" in form:
        form |= {"notify_id": found["event_id"], "utc_timestamp": str(at_s * 1000)}
    else:
        form |= {"notify_id": found["event_id"], "notify_time": plain(at_s)}
    if fault == "callback-other-merchant":
        form["app_id"] = "2021999999999999"
    if fault in {"callback-wrong-amount", "callback-text-amount"} and "total_amount" in form:
        wrong = {"callback-wrong-amount": "99999.99", "callback-text-amount": "one"}
        form["total_amount"] = wrong[fault]
    key = world.keys.alipay.key
    if fault in {"callback-forged", "callback-probe", "callback-unknown-serial"}:
        key = rsa.generate_private_key(65537, 2048)
    form["sign_type"] = "RSA2"
    form["sign"] = alipay.sign(key, alipay.notify_text(form))
    content_type = "application/x-www-form-urlencoded; charset=utf-8"
    return Message(urlencode(form).encode(), {"Content-Type": content_type})


def form_of(message: Message) -> dict[str, str]:
    """Return the fields of a form, to look at."""
    return dict(parse_qsl(message.body.decode()))
