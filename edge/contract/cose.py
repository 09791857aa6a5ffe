"""COSE_Sign1 with Ed25519, the one signature of this contract (RFC 9052 §4, RFC 9053 §2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.contract import canonical

ALG, KID, TYP = 1, 4, 16
"""Header labels (RFC 9052 §3.1; typ: RFC 9596)."""
EDDSA = -8

PROTECTED_EDDSA = bytes.fromhex("a10127")
"""The protected header ``{1: -8}``: EdDSA and nothing else."""

TAG_SIGN1 = b"\xd2"
"""CBOR tag 18, written before a COSE_Sign1 that stands alone."""


class BadSignature(ValueError):
    """The signature does not belong to this message and this key."""


class NotCose(ValueError):
    """The bytes are not a COSE_Sign1 of the form this contract writes."""


@dataclass(frozen=True, slots=True)
class Sign1:
    """A COSE_Sign1 taken apart, nothing verified yet."""

    protected: bytes
    header: dict[int, Any]
    payload: bytes
    signature: bytes

    def verify(self, public_key: Ed25519PublicKey, external_aad: bytes = b"") -> None:
        """Return quietly, or raise BadSignature."""
        verify(public_key, self.signature, self.protected, external_aad, self.payload)


def sig_structure(protected: bytes, external_aad: bytes, payload: bytes) -> bytes:
    """Return the bytes that are signed: the Sig_structure of RFC 9052 §4.4."""
    return cbor2.dumps(["Signature1", protected, external_aad, payload])


def verify(
    public_key: Ed25519PublicKey, signature: bytes, protected: bytes, aad: bytes, payload: bytes
) -> None:
    """Check a detached COSE signature; raises BadSignature."""
    try:
        public_key.verify(signature, sig_structure(protected, aad, payload))
    except InvalidSignature as exc:
        raise BadSignature("the signature is not of this message and key") from exc


def sign1(
    payload: bytes,
    private_key: Ed25519PrivateKey,
    *,
    header: dict[int, Any] | None = None,
    external_aad: bytes = b"",
) -> bytes:
    """Return a tagged COSE_Sign1 with an empty unprotected header.

    Args:
        header: Protected header parameters besides ``alg``, such as a kid or a type.
    """
    protected = canonical.encode({ALG: EDDSA, **(header or {})})
    signature = private_key.sign(sig_structure(protected, external_aad, payload))
    return TAG_SIGN1 + canonical.encode([protected, {}, payload, signature])


def open_sign1(message: bytes, *, bytes_max: int = 1 << 20) -> Sign1:
    """Take a COSE_Sign1 apart, with or without its tag. Nothing is verified here.

    Raises:
        NotCose: other bytes, another algorithm, or unprotected headers.
    """
    try:
        parts = canonical.decode(message.removeprefix(TAG_SIGN1), bytes_max=bytes_max)
        protected, unprotected, payload, signature = parts
        header = canonical.decode(protected)
    except (ValueError, TypeError) as exc:
        raise NotCose("not a COSE_Sign1 in deterministic CBOR") from exc
    if unprotected != {} or type(header) is not dict or header.get(ALG) != EDDSA:
        raise NotCose("only EdDSA, with every header protected")
    if type(payload) is not bytes or type(signature) is not bytes or len(signature) != 64:
        raise NotCose("payload and signature are byte strings")
    return Sign1(protected, header, payload, signature)
