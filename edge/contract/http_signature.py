"""HTTP Message Signatures (RFC 9421) as the units use them: one fixed profile.

Covered are the method, the authority, the path and the digest of the body (RFC 9530); the
parameters are ``created``, ``keyid``, ``alg`` and ``nonce``. The hub checks them with an
independent library, so that the two halves cannot agree on a mistake.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LABEL = "vx1"
COVERED = ("@method", "@authority", "@path", "content-digest")


def content_digest(body: bytes) -> str:
    """Return the value of ``Content-Digest`` (RFC 9530 §2)."""
    return f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"


class Request(NamedTuple):
    """What of an HTTP request is signed.

    Args:
        authority: Host and, unless it is the scheme's own, port; lower case.
        path: Absolute path without a query.
    """

    method: str
    authority: str
    path: str
    body: bytes


def sign_request(
    request: Request, private_key: Ed25519PrivateKey, key_id: str, *, created_s: int, nonce: bytes
) -> dict[str, str]:
    """Return the three headers that sign a request.

    Args:
        key_id: The unit id, or anything else without quotes that names the key.
        created_s: Unix seconds.
        nonce: Random bytes, so that two equal requests differ.
    """
    digest = content_digest(request.body)
    params = (
        "(" + " ".join(f'"{name}"' for name in COVERED) + ")"
        f";created={created_s}"
        f';keyid="{key_id}"'
        ';alg="ed25519"'
        f';nonce="{nonce.hex()}"'
    )
    base = (
        f'"@method": {request.method}\n'
        f'"@authority": {request.authority}\n'
        f'"@path": {request.path}\n'
        f'"content-digest": {digest}\n'
        f'"@signature-params": {params}'
    )
    signature = b64encode(private_key.sign(base.encode("ascii"))).decode()
    return {
        "Content-Digest": digest,
        "Signature-Input": f"{LABEL}={params}",
        "Signature": f"{LABEL}=:{signature}:",
    }
