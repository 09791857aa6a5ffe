"""APIv3 on the wire: verifies a request, signs an answer, seals a resource, opens a field.

Written from WeChat Pay's documents and on purpose not from the adapter in this repository.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from central.simulators.channel import keys as parties
from central.simulators.channel.keys import Key, Signer
from central.simulators.channel.world import Refuse, World

SCHEME = "WECHATPAY2-SHA256-RSA2048"
_AUTHORIZATION = re.compile(r'([a-z_]+)="([^"]*)"')
_NONCE_KEPT_S = 3600


@dataclass(frozen=True)
class Asked:
    """A request whose signature is the merchant's."""

    body: dict[str, Any]
    serial: str
    """``Wechatpay-Serial``: whom fields are sealed for, and who is to sign the answer."""


def verify(world: World, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Asked:
    """Return the request if it is the merchant's, of now, and has not come before.

    Raises:
        Refuse: 401 SIGN_ERROR, or 400 for a header or a body that is not as demanded.
    """
    if "json" not in headers.get("Accept", "") and "*/*" not in headers.get("Accept", ""):
        raise Refuse(400, "PARAM_ERROR", "Accept must be application/json")
    if not headers.get("User-Agent"):
        raise Refuse(400, "PARAM_ERROR", "User-Agent is missing")
    scheme, _, rest = headers.get("Authorization", "").partition(" ")
    found = _AUTHORIZATION.findall(rest)
    fields = dict(found)
    wanted = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}
    if scheme != SCHEME or set(fields) != wanted or len(found) != len(wanted):
        raise _unsigned("Authorization is not as documented")
    if fields["mchid"] != parties.MCHID:
        raise _unsigned("there is no such merchant")
    if fields["serial_no"].upper().zfill(40) != world.keys.merchant_serial:
        raise _unsigned("the merchant has no certificate with this serial")
    if not re.fullmatch("[0-9]{10}", fields["timestamp"]):
        raise _unsigned("the timestamp is not in seconds")
    if abs(world.now_s() - int(fields["timestamp"])) > 300:
        raise _unsigned("the timestamp is more than five minutes away")
    if not 1 <= len(fields["nonce_str"]) <= 32:
        raise _unsigned("the nonce is not of 1 to 32 characters")
    text = "\n".join((method, target, fields["timestamp"], fields["nonce_str"], "")).encode()
    try:
        world.keys.merchant_key.verify(
            base64.b64decode(fields["signature"], validate=True), text + raw + b"\n",
            padding.PKCS1v15(), hashes.SHA256(),
        )  # fmt: skip
    except (InvalidSignature, binascii.Error) as exc:
        raise _unsigned("the signature is wrong") from exc
    _use_nonce(world, fields["nonce_str"])
    return Asked(_json(headers, raw), headers.get("Wechatpay-Serial", ""))


def signed_headers(world: World, asked_serial: str, raw: bytes) -> dict[str, str]:
    """Return the headers of an answer, signed with the key that the merchant has asked for."""
    return headers_of(signer_for(world, asked_serial), world.now_s(), raw)


def signer_for(world: World, serial: str) -> Signer:
    """Return the key with an id if it is named, the platform certificate otherwise."""
    if serial == world.keys.public_key.serial:
        return world.keys.public_key
    return world.keys.signing


def headers_of(signer: Signer, at_s: int, raw: bytes) -> dict[str, str]:
    """Return the four headers that sign an answer or a callback, and which way it was."""
    nonce = secrets.token_hex(16)
    return {
        "Wechatpay-Timestamp": str(at_s),
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": signer.serial,
        "Wechatpay-Signature": sign(signer.key, f"{at_s}\n{nonce}\n".encode() + raw + b"\n"),
        "Wechatpay-Signature-Type": SCHEME,
    }


def sign(key: Key, text: bytes) -> str:
    """Return the signature, base64."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def seal(api_v3_key: bytes, content: bytes, also: str) -> dict[str, str]:
    """Return content as an encrypted resource."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(api_v3_key).encrypt(nonce.encode(), content, also.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": also,
        "nonce": nonce,
    }


def opened(world: World, serial: str, sealed: Any) -> str:
    """Return a field that was sealed for us.

    Raises:
        Refuse: the header names no key of ours, or it was sealed for another.
    """
    signer = next(
        (s for s in (world.keys.public_key, *world.keys.platform) if s.serial == serial.upper()),
        None,
    )
    if signer is None:
        raise Refuse(400, "PARAM_ERROR", "Wechatpay-Serial names no key of the platform")
    try:
        raw = base64.b64decode(sealed, validate=True)
        sha1 = hashes.SHA1()  # noqa: S303 - theirs
        oaep = padding.OAEP(padding.MGF1(sha1), sha1, None)
        return signer.key.decrypt(raw, oaep).decode()
    except (ValueError, TypeError) as exc:
        raise Refuse(400, "PARAM_ERROR", "a sealed field cannot be opened") from exc


def _use_nonce(world: World, nonce: str) -> None:
    now_s = world.now_s()
    with world.books.writing():
        world.books.run("DELETE FROM nonce WHERE at_s < ?", now_s - _NONCE_KEPT_S)
        if world.books.row("SELECT 1 FROM nonce WHERE value = ?", nonce):
            raise _unsigned("this nonce has been used before")
        world.books.run("INSERT INTO nonce VALUES (?, ?)", nonce, now_s)


def _json(headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
    if not raw:
        return {}
    if "application/json" not in headers.get("Content-Type", ""):
        raise Refuse(400, "PARAM_ERROR", "Content-Type must be application/json")
    try:
        body = json.loads(raw, object_pairs_hook=_once)
    except ValueError as exc:
        raise Refuse(400, "PARAM_ERROR", "the body is not JSON") from exc
    if not isinstance(body, dict):
        raise Refuse(400, "PARAM_ERROR", "the body is not a JSON object")
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _unsigned(message: str) -> Refuse:
    return Refuse(401, "SIGN_ERROR", message)
