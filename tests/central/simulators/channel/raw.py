"""Requests to the simulator that can be bent in every way; signed here, by nobody's library."""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json
from collections.abc import Mapping
from typing import Any

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from central.simulators.channel import keys
from tests.central.channel import Served

NATIVE = "/v3/pay/transactions/native"
ORDER: dict[str, Any] = {
    "appid": keys.APPID,
    "mchid": keys.MCHID,
    "description": "午餐券",
    "out_trade_no": "RAW0000001",
    "notify_url": "https://hub.example/callbacks/wechat-pay",
    "amount": {"total": 8800, "currency": "CNY"},
}
BEIJING = dt.timezone(dt.timedelta(hours=8))


def merchant_key(channel: Served, name: str = "apiclient_key.pem") -> rsa.RSAPrivateKey:
    """Return a key of the merchant's directory."""
    pem = (channel.settings_file.parent / name).read_bytes()
    key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def signed(key: rsa.RSAPrivateKey, text: bytes) -> str:
    """Return a signature, base64."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def wechat(
    channel: Served, method: str = "POST", target: str = NATIVE, body: Any = None, *,
    raw: bytes | None = None, sent_target: str = "", sent: bytes | None = None,
    headers: Mapping[str, str | None] | None = None, scheme: str = "WECHATPAY2-SHA256-RSA2048",
    key: rsa.RSAPrivateKey | None = None, **fields: str,
) -> requests.Response:  # fmt: skip
    """Send a request that is signed as APIv3 wants it, but for what is bent.

    Args:
        raw: The body that is signed, if it is not ``body`` as JSON.
        sent_target: Where it really goes.
        sent: The body that really goes.
        headers: Headers that are changed; None takes one away.
        fields: What is changed in ``Authorization``.
    """
    if raw is None:
        raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    values = {
        "mchid": keys.MCHID,
        "nonce_str": f"{next(_COUNT):032X}",
        "timestamp": str(channel.clock()),
        "serial_no": channel.world.keys.merchant_serial,
        **fields,
    }
    text = "\n".join((method, target, values["timestamp"], values["nonce_str"], "")).encode()
    values.setdefault("signature", signed(key or merchant_key(channel), text + raw + b"\n"))
    told = ",".join(f'{name}="{value}"' for name, value in values.items() if value)
    every: dict[str, str | None] = {
        "Accept": "application/json",
        "User-Agent": "test",
        "Content-Type": "application/json",
        "Authorization": f"{scheme} {told}",
        **(headers or {}),
    }
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            method, channel.url + (sent_target or target), data=raw if sent is None else sent,
            headers=every, timeout=30,
        )  # fmt: skip


_COUNT = itertools.count()


def code_of(answer: requests.Response) -> tuple[int, str]:
    """Return status and code of an answer."""
    found = answer.json()
    return answer.status_code, found.get("code", "")


def alipay(
    channel: Served,
    content: Mapping[str, Any] | str | None = None,
    *,
    method: str = "alipay.trade.precreate",
    changed: Mapping[str, str] | None = None,
    bent: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Send a request that is signed as the gateway wants it, but for what is bent.

    Args:
        changed: Parameters that are changed after the signature was made.
        bent: Parameters that are changed before; None takes one away.
    """
    if not isinstance(content, str):
        content = json.dumps(content, ensure_ascii=False)
    moment = dt.datetime.fromtimestamp(channel.clock(), BEIJING)
    values: dict[str, str | None] = {
        "app_id": keys.APP_ID,
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": moment.strftime("%Y-%m-%d %H:%M:%S"),
        "version": "1.0",
        "biz_content": content,
        "app_cert_sn": channel.world.keys.app_cert_sn,
        "alipay_root_cert_sn": channel.world.keys.root_sn,
        **(bent or {}),
    }
    sent = {name: value for name, value in values.items() if value is not None}
    text = "&".join(f"{name}={value}" for name, value in sorted(sent.items()) if value)
    key = merchant_key(channel, "alipay_app_key.pem")
    sent = {"sign": signed(key, text.encode()), **sent, **(changed or {})}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{channel.url}/gateway.do", data=sent, timeout=30)
    assert answer.status_code == 200
    whole: dict[str, Any] = answer.json()
    assert whole["sign"]
    [found] = [value for name, value in whole.items() if name.endswith("_response")]
    assert isinstance(found, dict)
    return found
