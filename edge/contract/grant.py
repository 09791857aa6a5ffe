"""Grants: the hub's word for one sale, carried to a unit without a network by the holder's phone.

The unit shows a link with what it asks for; the phone hands that to the hub, which holds the
amount and signs a grant for exactly this sale; the unit scans it from the phone::

    link     https://hub.example/h/#g=<base64url of canonical CBOR>
    grant    "7" and the signed message as one decimal number, a 01 byte before it

Digits for the same reason as in a token: every keyboard-wedge scanner types them right. The
leading 7 stays clear of our own 8 and 9 and of the payment codes (10-15, 25-30, 62).
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.contract import VERSION, canonical, signed
from edge.contract.ids import StoreId, UnitId, VoucherId, parse_store_id, parse_unit_id
from edge.contract.read import Fields
from edge.contract.signed import Kind, MessageInvalid

GRANT_LIFE_S = 180
"""Seconds from the hub's word to the scan at the till."""
GRANT_PREFIX = "7"
GRANT_BYTES_MAX = 400
"""A grant of the longest names has 253 bytes."""
REQUEST_BYTES_MAX = 160
FRAGMENT = "g="
_AMOUNT_MAX = 2**63 - 1


class GrantRequest(NamedTuple):
    """What a unit asks for, in the link that it shows.

    Args:
        nonce: The 16 bytes that the entry of this sale will bear; random, for one sale.
        amount: In the voucher's own measure.
    """

    store: StoreId
    unit: UnitId
    nonce: bytes
    voucher_id: VoucherId
    amount: int

    def link(self, page_url: str) -> str:
        """Return the address to be shown as a QR code."""
        body = canonical.encode(
            {1: VERSION, 2: self.store, 3: self.unit, 4: self.nonce, 5: self.voucher_id,
             6: self.amount}
        )  # fmt: skip
        return f"{page_url}#{FRAGMENT}{urlsafe_b64encode(body).decode().rstrip('=')}"

    @classmethod
    def parse(cls, text: str) -> GrantRequest:
        """Read what stands behind ``#g=``; MessageInvalid for anything that ``link`` cannot make.

        Nothing of it is signed: the hub believes none of it without looking.
        """
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            body = canonical.decode(raw, bytes_max=REQUEST_BYTES_MAX)
        except (binascii.Error, ValueError) as exc:
            raise MessageInvalid("malformed-message", "this is no request of a till") from exc
        with Fields(body, "grant-request") as f:
            _check_version(f)
            found = cls(
                parse_store_id(f.text(2)), parse_unit_id(f.text(3)), f.octets(4, 16),
                VoucherId(f.uint(5, 2**48 - 1)), f.uint(6, _AMOUNT_MAX),
            )  # fmt: skip
        if found.amount < 1 or found.link("").partition(FRAGMENT)[2] != text:
            raise MessageInvalid("malformed-message", "this is no request of a till")
        return found


class Grant(NamedTuple):
    """The hub holds this amount of this voucher, for this sale and no other.

    Args:
        nonce: That of the request; the entry bears it.
        expires_at_s: The unit accepts it until then, Unix seconds.
        hub_time_s: The hub's clock when it signed.
        remaining: What is left on the voucher afterwards, in its own measure.
    """

    store: StoreId
    unit: UnitId
    nonce: bytes
    voucher_id: VoucherId
    amount: int
    expires_at_s: int
    hub_time_s: int
    remaining: int

    def sign(self, issuer: str, private_key: Ed25519PrivateKey) -> str:
        """Return the digits that the phone shows. Ed25519 is deterministic: always the same."""
        body = {1: VERSION} | dict(enumerate(self, start=2))
        return text_of(signed.seal(Kind.GRANT, issuer, body, private_key))

    @classmethod
    def open(cls, text: str, issuer: str, public_keys: Iterable[Ed25519PublicKey]) -> Grant:
        """Verify and read a grant; MessageInvalid if it is not this issuer's."""
        body = signed.unseal(Kind.GRANT, issuer, message_of(text), public_keys)
        with Fields(body, "grant") as f:
            _check_version(f)
            return cls(
                parse_store_id(f.text(2)), parse_unit_id(f.text(3)), f.octets(4, 16),
                VoucherId(f.uint(5, 2**48 - 1)), f.uint(6, _AMOUNT_MAX), f.uint(7), f.uint(8),
                f.uint(9, _AMOUNT_MAX),
            )  # fmt: skip


def is_grant(scanned: str) -> bool:
    """Say whether a scan can only be meant as a grant. Nothing is verified."""
    text = scanned.strip()
    return len(text) > 200 and text[0] == GRANT_PREFIX and text.isascii() and text.isdecimal()


def text_of(message: bytes) -> str:
    """Return the one text of a signed message."""
    return GRANT_PREFIX + str(int.from_bytes(b"\x01" + message, "big"))


def message_of(text: str) -> bytes:
    """Return the signed message of a text; MessageInvalid for any but its one text."""
    if is_grant(text) and len(text) <= 1 + len(str(256 ** (GRANT_BYTES_MAX + 1))):
        number = int(text[1:])
        raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
        if raw[:1] == b"\x01" and text_of(raw[1:]) == text:
            return raw[1:]
    raise MessageInvalid("malformed-message", "this is no grant")


def digest_of(text: str) -> bytes:
    """Return the 32 bytes that an entry bears as evidence of its grant."""
    return hashlib.sha256(b"VX1 grant\x00" + message_of(text)).digest()


def _check_version(f: Fields) -> None:
    if f.uint(1) != VERSION:
        raise ValueError("another version of the contract")
