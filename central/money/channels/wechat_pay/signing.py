"""The cryptography of APIv3: what is signed, how it is verified, sealed and opened. Pure.

Sources, all at pay.weixin.qq.com: signature of requests, doc/v3/merchant/4012365336; of the call in
the app, 4012365341; of answers and callbacks,
docs/merchant/development/interface-rules/build-verify-sign-src.html; AEAD, 4012071382.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SCHEME = "WECHATPAY2-SHA256-RSA2048"
AEAD = "AEAD_AES_256_GCM"
WINDOW_S = 300
"""Answers and callbacks older or younger than this are replays."""


def request_text(method: str, target: str, timestamp: int, nonce: str, body: bytes) -> bytes:
    """Return what a request's signature covers: five lines, each with its newline.

    Args:
        target: Path with query, exactly as it goes over the wire.
        body: The very bytes that are sent; empty for GET.
    """
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def answer_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    """Return what the signature of an answer or a callback covers; an empty body is a line too."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def app_text(appid: str, timestamp: int, nonce: str, package: str) -> bytes:
    """Return what is signed for the app that opens the till (JSAPI, mini-program)."""
    return f"{appid}\n{timestamp}\n{nonce}\n{package}\n".encode()


def sign(key: RSAPrivateKey, text: bytes) -> str:
    """Return the signature, base64."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(key: RSAPublicKey, text: bytes, signature: str) -> bool:
    """Say whether the signature is the key's; anything unreadable is not."""
    try:
        key.verify(
            base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def authorization(*, mchid: str, serial: str, timestamp: int, nonce: str, signature: str) -> str:
    """Return the Authorization header."""
    return (
        f'{SCHEME} mchid="{mchid}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{serial}"'
    )


def seal(key: RSAPublicKey, text: str) -> str:
    """Encrypt a sensitive field for the channel: RSAES-OAEP with SHA-1, as APIv3 wants it."""
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - theirs
    return base64.b64encode(key.encrypt(text.encode(), oaep)).decode()


def open_resource(api_v3_key: bytes, resource: Any) -> bytes:
    """Decrypt the resource of a callback, or a platform certificate.

    Raises:
        ValueError: another algorithm, a field is missing, or it was not sealed with our key.
    """
    if not isinstance(resource, dict) or resource.get("algorithm") != AEAD:
        raise ValueError("the resource is not sealed with AEAD_AES_256_GCM")
    nonce, sealed, also = (resource.get(n) for n in ("nonce", "ciphertext", "associated_data"))
    if not isinstance(nonce, str) or not isinstance(sealed, str):
        raise ValueError("the resource lacks its nonce or its ciphertext")  # noqa: TRY004
    also = also or ""
    if not isinstance(also, str):
        raise ValueError("the associated data are not a text")  # noqa: TRY004
    try:
        return AESGCM(api_v3_key).decrypt(
            nonce.encode(), base64.b64decode(sealed, validate=True), also.encode()
        )
    except (InvalidTag, binascii.Error, ValueError) as exc:
        raise ValueError("the resource was not sealed with our key") from exc
