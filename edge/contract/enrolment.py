"""How a unit becomes known: a one-time code, keys made on the unit, and a number compared.

::

    unit  -> hub   request: code, both public keys, SHA-256 of a secret nonce
    hub   -> unit  offer: the hub's key and nonce
    unit  -> hub   reveal: the nonce
                   both screens show six digits; the operator says whether they are the same
    unit  -> hub   is it confirmed?
    hub   -> unit  enrolment: who you are, whom you trust

The nonces are committed to before the other side's is known. Whoever sits in between and swaps
keys has one guess in a million, not as many as a computer can try.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.contract import VERSION, canonical, cose, signed
from edge.contract.ids import (
    Epoch,
    StoreGroup,
    StoreId,
    UnitId,
    parse_issuer_id,
    parse_store_id,
    parse_unit_id,
)
from edge.contract.read import Fields
from edge.contract.signed import MessageInvalid

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 characters that nobody takes for one another on a screen."""
CODE_CHARS = 12
CODE_LIFE_S = 600
NONCE_BYTES = 16


def normalise_code(text: str) -> str:
    """Return a typed one-time code without its hyphens and spaces, in capitals."""
    return text.replace("-", "").replace(" ", "").upper()


def written_code(code: str) -> str:
    """Return a code in groups of four, as people read it: ``K7QX-2MPA-9RTC``."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


@dataclass(frozen=True, slots=True)
class EnrolRequest:
    """A unit asks to become known. Signed with the key that it asks to be known by.

    Args:
        code: The one-time code the operator read out, normalised.
        sign_key: Ed25519 public key, 32 bytes.
        seal_key: X25519 public key, 32 bytes.
        commitment: ``commit(nonce, …)`` of a nonce not yet told.
        hardware: What the unit runs on, for the operator's list.
        software: Version of the unit's software.
    """

    code: str
    sign_key: bytes
    seal_key: bytes
    commitment: bytes
    hardware: str
    software: str

    def sign(self, private_key: Ed25519PrivateKey) -> bytes:
        """Return the signed message. The issuer is not known yet and stays empty."""
        body = {
            1: VERSION, 2: self.code, 3: self.sign_key, 4: self.seal_key, 5: self.commitment,
            6: self.hardware, 7: self.software,
        }  # fmt: skip
        return signed.seal(signed.Kind.ENROL_REQUEST, "", body, private_key)

    @classmethod
    def open(cls, message: bytes) -> EnrolRequest:
        """Read a request and check that it is signed by the very key it brings."""
        try:
            body = canonical.decode(cose.open_sign1(message, bytes_max=4096).payload)
        except ValueError as exc:
            raise MessageInvalid("malformed-message", "not an enrolment request") from exc
        with Fields(body, "enrolment request") as f:
            if f.uint(1) != VERSION:
                raise MessageInvalid("unknown-version", "another version of the contract")
            key = Ed25519PublicKey.from_public_bytes(f.octets(3, 32))
            signed.unseal(signed.Kind.ENROL_REQUEST, "", message, [key])
            return cls(
                f.text(2, 32), f.octets(3, 32), f.octets(4, 32), f.octets(5, 32), f.text(6, 128),
                f.text(7, 32),
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class EnrolOffer:
    """The hub's answer: here is who I am. Signed with the key it brings.

    Args:
        enrolment: 16 bytes that name this attempt.
        bundle_key: Ed25519 public key that signs everything the hub will ever say.
    """

    enrolment: bytes
    issuer: str
    bundle_key: bytes
    hub_nonce: bytes
    hub_time_s: int

    def sign(self, private_key: Ed25519PrivateKey) -> bytes:
        """Return the signed message."""
        body = {
            1: VERSION, 2: self.enrolment, 3: self.issuer, 4: self.bundle_key, 5: self.hub_nonce,
            6: self.hub_time_s,
        }  # fmt: skip
        return signed.seal(signed.Kind.ENROL_OFFER, "", body, private_key)

    @classmethod
    def open(cls, message: bytes) -> EnrolOffer:
        """Read an offer and check that it is signed by the very key it brings."""
        try:
            body = canonical.decode(cose.open_sign1(message, bytes_max=4096).payload)
        except ValueError as exc:
            raise MessageInvalid("malformed-message", "not an enrolment offer") from exc
        with Fields(body, "enrolment offer") as f:
            key = Ed25519PublicKey.from_public_bytes(f.octets(4, 32))
            signed.unseal(signed.Kind.ENROL_OFFER, "", message, [key])
            return cls(
                f.octets(2, 16), parse_issuer_id(f.text(3)), f.octets(4, 32),
                f.octets(5, NONCE_BYTES), f.uint(6),
            )  # fmt: skip


def commit(nonce: bytes, sign_key: bytes, seal_key: bytes) -> bytes:
    """Return what a unit sends before it tells its nonce."""
    return hashlib.sha256(b"VX1 commit\x00" + nonce + sign_key + seal_key).digest()


def comparison_number(
    sign_key: bytes, seal_key: bytes, unit_nonce: bytes, bundle_key: bytes, hub_nonce: bytes
) -> str:
    """Return the six digits that both screens show, written ``"482 913"``."""
    parts = sign_key + seal_key + unit_nonce + bundle_key + hub_nonce
    digest = hashlib.sha256(b"VX1 compare\x00" + parts).digest()
    number = int.from_bytes(digest[:8], "big") % 1_000_000
    return f"{number // 1000:03d} {number % 1000:03d}"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who a unit is, signed by the hub once the operator has confirmed.

    Args:
        group: The store group whose vouchers this unit takes, besides those of group 0.
        first_epoch: The epoch to begin the journal with: 1, or one more than the hub has seen
            of this hardware.
        timezone: IANA name; dates on receipts and business days are in it.
    """

    unit: UnitId
    store: StoreId
    store_name: str
    group: StoreGroup
    issuer: str
    bundle_key: bytes
    sign_key: bytes
    currency: str
    timezone: str
    first_epoch: Epoch
    issued_at_s: int

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        return {
            1: VERSION, 2: self.unit, 3: self.store, 4: self.store_name, 5: self.group,
            6: self.issuer, 7: self.bundle_key, 8: self.sign_key, 9: self.currency,
            10: self.timezone, 11: self.first_epoch, 12: self.issued_at_s,
        }  # fmt: skip

    @classmethod
    def from_body(cls, body: Any) -> Enrolment:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "enrolment") as f:
            return cls(
                unit=parse_unit_id(f.text(2)),
                store=parse_store_id(f.text(3)),
                store_name=f.text(4),
                group=StoreGroup(f.uint(5, 0xFFFF)),
                issuer=parse_issuer_id(f.text(6)),
                bundle_key=f.octets(7, 32),
                sign_key=f.octets(8, 32),
                currency=f.text(9, 3),
                timezone=f.text(10, 64),
                first_epoch=Epoch(f.uint(11)),
                issued_at_s=f.uint(12),
            )
