"""What Alipay signs and how: parameters sorted, answers by their bytes, serials of certificates.

Sources: 签名 and 验签 at opendocs.alipay.com; docs.open.alipay.com/api_1 for the common parameters.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

SIGN_TYPE = "RSA2"
_RSA_SIGNATURES = "1.2.840.113549.1.1."
"""Beginning of the algorithms whose roots count in ``alipay_root_cert_sn``: not SM2, not ECDSA."""
_RSA_SIGNATURES_DER = bytes.fromhex("2a864886f70d0101")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_SPACE = " \t\r\n"


class Signed(NamedTuple):
    """The part of an answer that its signature covers, and what stands beside it."""

    raw: bytes
    value: dict[str, Any]
    signature: str
    cert_sn: str


def request_text(parameters: Mapping[str, str]) -> bytes:
    """Return what a request's signature covers: all but ``sign``, sorted, empty ones left out."""
    return _sorted(parameters, {"sign"})


def notify_text(parameters: Mapping[str, str]) -> bytes:
    """Return what a notification's signature covers: all but ``sign`` and ``sign_type``."""
    return _sorted(parameters, {"sign", "sign_type"})


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


def locate(body: bytes, method: str) -> Signed:
    """Return the signed part of an answer.

    The bytes between the braces are what was signed, as they stand. They are found with a JSON
    decoder: who counts braces declares a transfer that has been made a failure as soon as a
    remark holds a ``}``.

    Args:
        method: Such as ``alipay.trade.query``; the answer's name is made of it.

    Raises:
        ValueError: not such an answer, or a name stands in it twice.
    """
    text = body.decode("utf-8")  # a UnicodeDecodeError is a ValueError
    spans = _members(text)
    name = method.replace(".", "_") + "_response"
    if name not in spans:
        name = "error_response"
    if name not in spans or "sign" not in spans:
        raise ValueError("the answer is not signed, or to another question")
    start, end, value = spans[name]
    signature, cert_sn = spans["sign"][2], spans.get("alipay_cert_sn", (0, 0, ""))[2]
    if not (isinstance(value, dict) and isinstance(signature, str) and isinstance(cert_sn, str)):
        raise ValueError("the answer is not as documented")  # noqa: TRY004
    return Signed(text[start:end].encode(), value, signature, cert_sn)


def cert_sn(certificate: x509.Certificate) -> str:
    """Return the serial that Alipay knows a certificate by: MD5 of its issuer and number."""
    text = certificate.issuer.rfc4514_string() + str(certificate.serial_number)
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - theirs


def root_cert_sn(chain: bytes) -> str:
    """Return ``alipay_root_cert_sn``: the serials of the RSA roots in the file, joined by ``_``.

    Raises:
        ValueError: the file holds no such certificate, or one that cannot be read.
    """
    found = [cert_sn(root) for root in map(_rsa_root, _PEM.findall(chain)) if root is not None]
    if not found:
        raise ValueError("there is no RSA root in the file")
    return "_".join(found)


def _rsa_root(pem: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        # One of Alipay's own roots (ECDSA, with parameters that should not be there) is such a
        # one. It does not count; one of RSA would.
        if _RSA_SIGNATURES_DER in base64.b64decode(b"".join(pem.split(b"\n")[1:-1])):
            raise
        return None
    algorithm = certificate.signature_algorithm_oid.dotted_string
    return certificate if algorithm.startswith(_RSA_SIGNATURES) else None


def _sorted(parameters: Mapping[str, str], without: set[str]) -> bytes:
    return "&".join(
        f"{name}={value}"
        for name, value in sorted(parameters.items())
        if name not in without and value != ""
    ).encode()


def _members(text: str) -> dict[str, tuple[int, int, Any]]:
    """Return where each member of the outermost object begins and ends, and its value."""
    decoder = json.JSONDecoder(parse_float=str)  # money is never a float
    spans: dict[str, tuple[int, int, Any]] = {}
    at = _expect(text, 0, "{")
    while True:
        name, at = decoder.raw_decode(text, _skip(text, at))
        if not isinstance(name, str) or name in spans:
            raise ValueError("a name of the answer stands there twice, or is none")
        start = _skip(text, _expect(text, at, ":"))
        value, end = decoder.raw_decode(text, start)
        spans[name] = (start, end, value)
        at = _skip(text, end)
        if text[at : at + 1] != ",":
            break
        at += 1
    if _skip(text, _expect(text, at, "}")) != len(text):
        raise ValueError("something stands behind the answer")
    return spans


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _expect(text: str, at: int, sign_: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != sign_:
        raise ValueError("the answer is not a JSON object")
    return at + 1
