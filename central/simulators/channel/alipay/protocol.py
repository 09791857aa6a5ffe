"""The gateway on the wire: verifies a request, signs an answer.

Written from Alipay's documents and on purpose not from the adapter in this repository.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from central.simulators.channel import keys as parties
from central.simulators.channel.keys import Key
from central.simulators.channel.world import BEIJING, World, is_notify_url

_MISSING = {
    "method": "isv.missing-method", "sign": "isv.missing-signature",
    "sign_type": "isv.missing-signature-type", "app_id": "isv.missing-app-id",
    "timestamp": "isv.missing-timestamp", "version": "isv.missing-version",
    "charset": "isv.invalid-charset", "biz_content": "isv.missing-biz-content",
}  # fmt: skip


class Fail(Exception):
    """The request is not done; ``sub_code`` is what Alipay calls the reason."""

    def __init__(self, code: str, sub_code: str, sub_msg: str) -> None:
        super().__init__(sub_msg)
        self.code, self.sub_code, self.sub_msg = code, sub_code, sub_msg


@dataclass(frozen=True)
class Asked:
    """A request whose signature is the application's."""

    method: str
    content: dict[str, Any]
    notify_url: str
    uses_certificates: bool


def verify(world: World, parameters: Mapping[str, str]) -> Asked:
    """Return the request if it is the application's and of now.

    Raises:
        Fail: 40001 for what is missing, 40002 for what is wrong.
    """
    for name, sub_code in _MISSING.items():
        if not parameters.get(name):
            raise Fail("40001", sub_code, f"{name} is missing")
    _check_common(world, parameters)
    text = "&".join(
        f"{name}={value}" for name, value in sorted(parameters.items()) if name != "sign" and value
    )
    try:
        world.keys.app_key.verify(
            base64.b64decode(parameters["sign"], validate=True), text.encode(),
            padding.PKCS1v15(), hashes.SHA256(),
        )  # fmt: skip
    except (InvalidSignature, binascii.Error) as exc:
        raise Fail("40002", "isv.invalid-signature", "验签出错") from exc
    notify_url = parameters.get("notify_url", "")
    if notify_url and not is_notify_url(notify_url):
        raise Fail("40002", "isv.invalid-parameter", "notify_url")
    try:
        content = json.loads(parameters["biz_content"])
    except ValueError as exc:
        raise Fail("40002", "isv.invalid-parameter", "biz_content is not JSON") from exc
    if not isinstance(content, dict):
        raise Fail("40002", "isv.invalid-parameter", "biz_content is not an object")
    return Asked(parameters["method"], content, notify_url, "app_cert_sn" in parameters)


def sign(key: Key, text: bytes) -> str:
    """Return the signature, base64."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def notify_text(form: Mapping[str, str]) -> bytes:
    """Return what a notification's signature covers."""
    kept = {k: v for k, v in form.items() if k not in {"sign", "sign_type"} and v != ""}
    return "&".join(f"{name}={kept[name]}" for name in sorted(kept)).encode()


def text(content: dict[str, Any], name: str, most: int = 256, *, needed: bool = True) -> str:
    """Return a text of the content; empty if it is not there and not needed."""
    value = content.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise invalid(name)
    return value


def amount(content: dict[str, Any], name: str) -> int:
    """Return an amount in fen, from a text in yuan with at most two decimals."""
    value = content.get(name)
    match = re.fullmatch(
        r"([0-9]{1,9})(?:\.([0-9]{1,2}))?", value if isinstance(value, str) else ""
    )
    if not match or (fen := int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))) < 1:
        raise invalid(name)
    return fen


def invalid(name: str, family: str = "ACQ.") -> Fail:
    """Return the failure of a field."""
    return Fail("40004", f"{family}INVALID_PARAMETER", f"{name} is missing or not as documented")


def _check_common(world: World, parameters: Mapping[str, str]) -> None:
    wanted = {
        "app_id": (parties.APP_ID, "isv.invalid-app-id"),
        "sign_type": ("RSA2", "isv.invalid-signature-type"),
        "version": ("1.0", "isv.invalid-version"),
    }
    for name, (value, sub_code) in wanted.items():
        if parameters[name] != value:
            raise Fail("40002", sub_code, f"{name} is another one")
    if parameters["charset"].lower() != "utf-8":
        raise Fail("40002", "isv.invalid-charset", "charset is utf-8")
    if parameters.get("format", "JSON").upper() != "JSON":
        raise Fail("40002", "isv.invalid-format", "format is JSON")
    try:
        sent = dt.datetime.strptime(parameters["timestamp"], "%Y-%m-%d %H:%M:%S").replace(
            tzinfo=BEIJING
        )
    except ValueError as exc:
        raise Fail("40002", "isv.invalid-timestamp", "timestamp") from exc
    if abs(sent.timestamp() - world.now_s()) > 300:
        raise Fail("40002", "isv.invalid-timestamp", "timestamp is not of now in GMT+8")
    serials = {"app_cert_sn": world.keys.app_cert_sn, "alipay_root_cert_sn": world.keys.root_sn}
    given = [name for name in serials if name in parameters]
    if given and any(parameters.get(name) != serial for name, serial in serials.items()):
        raise Fail("40002", f"isv.invalid-{given[0].replace('_', '-')}", "a certificate's serial")
