"""Is it the phone that asks? A signature of the phone's own key over what it sends. Pure.

The key is ECDSA on P-256 with SHA-256 (FIPS 186-5), which every browser's WebCrypto has had for
years and keeps so that no script can read it. WebCrypto writes a signature as r and s, 32 bytes
each (W3C WebCrypto §23.7); ``cryptography`` reads the DER of RFC 3279.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

KEY_BYTES = 65
"""An uncompressed point: 04, x, y (SEC 1 §2.3.3)."""
HEADER = "Device-Signature"


def signed_by(device_key: bytes, path: str, body: bytes, signature: str) -> bool:
    """Say whether a phone has signed this request body for this path.

    Args:
        signature: Base64 of 64 bytes, as it stands in the header; anything else is a no.
    """
    try:
        raw = base64.b64decode(signature, validate=True)
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), device_key)
    except (ValueError, binascii.Error):
        return False
    if len(raw) != 64 or len(device_key) != KEY_BYTES:
        return False
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    message = b"VX1 holder\x00" + path.encode() + b"\x00" + body
    try:
        key.verify(der, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
