"""Messages that hub and unit sign: one envelope for all of them.

An envelope is a COSE_Sign1 whose ``external_aad`` names what is inside and who issued it, so
that a signed policy can never be passed off as a signed trust list, nor another issuer's as ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.contract import canonical, cose

MESSAGE_BYTES_MAX = 1 << 22
"""4 MiB: larger than any bundle, small enough for a Raspberry Pi to hold twice."""


class Kind(StrEnum):
    """What an envelope holds. The value stands in the signature; it is never renamed."""

    TRUST_LIST = "trust-list"
    EPOCH_KEYS = "epoch-keys"
    STATUS_DELTA = "status-delta"
    STATUS_BLOCK = "status-block"
    HANDLES = "handles"
    POLICY = "policy"
    CATALOGUE = "catalogue"
    RECEIPT_TEMPLATE = "receipt-template"
    PULL_ANSWER = "pull-answer"
    PUSH_RECEIPT = "push-receipt"
    RESERVATION = "reservation"
    GRANT = "grant"
    LEASE = "lease"
    CORRECTIONS = "corrections"
    JOURNAL_HEAD = "journal-head"
    ENROL_REQUEST = "enrol-request"
    ENROL_OFFER = "enrol-offer"
    ENROLMENT = "enrolment"
    PEERS = "peers"
    PEER_HELLO = "peer-hello"
    BUNDLE_FILE = "bundle-file"
    JOURNAL_FILE = "journal-file"


MESSAGE_SLUGS = frozenset(
    {
        "bad-message-signature",
        "foreign-message",
        "malformed-entry",
        "malformed-message",
        "push-too-large",
        "unknown-version",
    }
)
"""Every reason why a message may be invalid, whoever reads it."""
ANSWER_SLUGS = frozenset({"message-too-large", "replayed-message", "status-gap"})
"""Further ones why a unit does not take what the hub or a peer says; no problem over HTTP has
them."""


class MessageInvalid(ValueError):
    """A message is not what it claims to be. ``slug`` is stable and safe to show."""

    def __init__(self, slug: str, detail: str) -> None:
        assert slug in MESSAGE_SLUGS | ANSWER_SLUGS, slug
        super().__init__(detail)
        self.slug = slug


def external_aad(kind: Kind, issuer: str) -> bytes:
    """Return ``"VX1" 00 kind 00 issuer``: what binds a signature to its purpose."""
    return b"VX1\x00" + kind.encode() + b"\x00" + issuer.encode()


def seal(kind: Kind, issuer: str, body: Any, private_key: Ed25519PrivateKey) -> bytes:
    """Sign a body (anything ``canonical`` encodes) as one envelope."""
    return cose.sign1(canonical.encode(body), private_key, external_aad=external_aad(kind, issuer))


def unseal(kind: Kind, issuer: str, message: bytes, public_keys: Iterable[Ed25519PublicKey]) -> Any:
    """Return the body of an envelope that one of these keys has signed.

    Raises:
        MessageInvalid: ``malformed-message`` or ``bad-message-signature``.
    """
    try:
        sign1 = cose.open_sign1(message, bytes_max=MESSAGE_BYTES_MAX)
    except cose.NotCose as exc:
        raise MessageInvalid("malformed-message", f"the {kind} is not a signed message") from exc
    aad = external_aad(kind, issuer)
    for key in public_keys:
        try:
            sign1.verify(key, aad)
        except cose.BadSignature:
            continue
        try:
            return canonical.decode(sign1.payload, bytes_max=MESSAGE_BYTES_MAX)
        except canonical.NotCanonical as exc:
            raise MessageInvalid("malformed-message", f"the {kind} is not canonical") from exc
    raise MessageInvalid("bad-message-signature", f"the {kind} was not signed by a trusted key")
