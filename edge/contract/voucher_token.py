"""The voucher token VX1: 26 bytes and a signature, printed as 218 digits.

::

    offset  0  1    2            8         11      15     17          19       21      25  26
            +--+----+------------+---------+-------+------+-----------+--------+-------+---+-----
            |v |kid | voucher id | product | value |scope | notbefore | expires| status|fl | sig
            +--+----+------------+---------+-------+------+-----------+--------+-------+---+-----
    bytes    1   1        6           3        4      2        2          2        4     1    64

All big-endian. The text is ``"9"`` and the 90 bytes as one decimal number of exactly 217 digits:
digits survive every keyboard-wedge scanner and input method, and QR numeric mode makes them free.
There is one text for one token. Everything that counts a voucher counts its id, never its text.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.contract import cose
from edge.contract.ids import KeyId, ProductId, StatusIndex, StoreGroup, VoucherId
from edge.contract.keys import TrustList
from edge.contract.refusal import Refusal

PREFIX = "9"
TEXT_DIGITS = 218
PAYLOAD_BYTES = 26
TOKEN_BYTES = PAYLOAD_BYTES + 64

VERSION_AND_TYPE = 0x11
"""High half: version 1. Low half: type 1, a voucher."""

DAY_ZERO_S = 1767225600
"""2026-01-01T00:00:00Z, the day that the dates of a token count from."""
DAY_S = 86400
FOR_EVER = 0xFFFF
"""An ``expires_day`` that never comes (it lies in the year 2205)."""

_FIXED = struct.Struct(">BB6s3sIHHHIB")
_DYNAMIC, _ONLINE_ONLY, _KIND_BITS = 0b0100, 0b1000, 0b0011


class VoucherKind(IntEnum):
    """How a voucher is used up, and what its ``value`` counts."""

    SINGLE = 0
    """Once. ``value`` is what it is worth, in minor units."""
    MULTI = 1
    """Several times. ``value`` is the number of uses."""
    STORED_VALUE = 2
    """In parts. ``value`` is the amount loaded, in minor units."""


class TokenInvalid(ValueError):
    """The text is not a voucher that may be used; ``reason`` says which way."""

    def __init__(self, reason: Refusal, claims: VoucherClaims | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.claims = claims
        """Set only once the signature was found good."""


class VoucherClaims(NamedTuple):
    """What a token says. A ``value`` of 0 means "as the product defines".

    The voucher is good from 00:00 UTC of ``not_before_day`` until 00:00 UTC of ``expires_day``,
    both counted from 2026-01-01.
    """

    kid: KeyId
    voucher_id: VoucherId
    product: ProductId
    value: int
    scope: StoreGroup
    not_before_day: int
    expires_day: int
    status_index: StatusIndex
    kind: VoucherKind
    dynamic_required: bool = False
    online_only: bool = False


def encode_payload(claims: VoucherClaims) -> bytes:
    """Return the 26 signed bytes.

    Raises:
        ValueError: a claim does not fit into its field.
    """
    flags = claims.kind | _DYNAMIC * claims.dynamic_required | _ONLINE_ONLY * claims.online_only
    try:
        return _FIXED.pack(
            VERSION_AND_TYPE,
            claims.kid,
            claims.voucher_id.to_bytes(6, "big"),
            claims.product.to_bytes(3, "big"),
            claims.value,
            claims.scope,
            claims.not_before_day,
            claims.expires_day,
            claims.status_index,
            flags,
        )
    except (struct.error, OverflowError) as exc:
        raise ValueError(f"a claim does not fit into its field: {claims}") from exc


def decode_payload(payload: bytes) -> VoucherClaims:
    """Read the 26 bytes of a payload whose version is ours.

    Raises:
        TokenInvalid: ``not-a-token``: another version or type, or flags nobody has defined.
    """
    version, kid, voucher_id, product, value, scope, start, end, status, flags = _FIXED.unpack(
        payload
    )
    if version != VERSION_AND_TYPE or flags > 0b1111 or flags & _KIND_BITS == 3:
        raise TokenInvalid(Refusal.NOT_A_TOKEN)
    return VoucherClaims(
        KeyId(kid),
        VoucherId(int.from_bytes(voucher_id, "big")),
        ProductId(int.from_bytes(product, "big")),
        value,
        StoreGroup(scope),
        start,
        end,
        StatusIndex(status),
        VoucherKind(flags & _KIND_BITS),
        flags & _DYNAMIC != 0,
        flags & _ONLINE_ONLY != 0,
    )


def external_aad(issuer: str) -> bytes:
    """Return ``"VX1"`` and the issuer id, which every token signature covers."""
    return b"VX1" + issuer.encode()


def sign(claims: VoucherClaims, issuer: str, private_key: Ed25519PrivateKey) -> str:
    """Return the 218 digits of a new token."""
    payload = encode_payload(claims)
    signed = cose.sig_structure(cose.PROTECTED_EDDSA, external_aad(issuer), payload)
    return text_of(payload, private_key.sign(signed))


def text_of(payload: bytes, signature: bytes) -> str:
    """Return the one text of these 90 bytes."""
    return PREFIX + str(int.from_bytes(payload + signature, "big")).zfill(TEXT_DIGITS - 1)


def split(text: str) -> tuple[bytes, bytes]:
    """Return payload and signature of the 218 digits, unverified.

    Raises:
        TokenInvalid: ``not-a-token``, for anything that ``text_of`` cannot have written.
    """
    # isdecimal alone would let other scripts' digits through, and int() reads them.
    if not (len(text) == TEXT_DIGITS and text[0] == PREFIX and text.isascii() and text.isdecimal()):
        raise TokenInvalid(Refusal.NOT_A_TOKEN)
    number = int(text[1:])
    if number >> (TOKEN_BYTES * 8):
        raise TokenInvalid(Refusal.NOT_A_TOKEN)
    token = number.to_bytes(TOKEN_BYTES, "big")
    return token[:PAYLOAD_BYTES], token[PAYLOAD_BYTES:]


def verify_signature(text: str, trust: TrustList) -> VoucherClaims:
    """Return what a genuine token says, whatever today's date is.

    Key numbers belong to their issuer, so another issuer's key may bear the number of ours: ours
    are tried first, and a token that only a known foreign key has signed is told apart from a
    forged one.

    Raises:
        TokenInvalid: ``not-a-token``, ``unknown-key``, ``bad-signature``, ``foreign-issuer``.
    """
    payload, signature = split(text)
    claims = decode_payload(payload)
    keys = trust.keys_numbered(claims.kid)
    if not keys:
        raise TokenInvalid(Refusal.UNKNOWN_KEY)
    for key in keys:
        try:
            key.public_key.verify(signature, key.signed_prefix + payload)
        except InvalidSignature:
            continue
        if key.foreign:
            raise TokenInvalid(Refusal.FOREIGN_ISSUER)
        return claims
    raise TokenInvalid(Refusal.BAD_SIGNATURE)


def validity(claims: VoucherClaims, earliest_s: int, latest_s: int) -> Refusal | None:
    """Say whether the voucher is good at a moment that lies between two bounds, Unix seconds.

    With a certain clock both bounds are the same. If the answer depends on where between them
    the moment lies, the clock is the reason and not the voucher: ``clock-uncertain``.
    """
    begins_s = DAY_ZERO_S + claims.not_before_day * DAY_S
    ends_s = DAY_ZERO_S + claims.expires_day * DAY_S
    if latest_s < begins_s:
        return Refusal.NOT_YET_VALID
    if earliest_s >= ends_s:
        return Refusal.EXPIRED
    if earliest_s < begins_s or latest_s >= ends_s:
        return Refusal.CLOCK_UNCERTAIN
    return None


def verify(text: str, trust: TrustList, now_s: int) -> VoucherClaims:
    """Return what a token says that is genuine and valid at ``now_s`` (Unix seconds).

    Raises:
        TokenInvalid: as ``verify_signature``; then ``not-yet-valid`` or ``expired``.
    """
    claims = verify_signature(text, trust)
    reason = validity(claims, now_s, now_s)
    if reason:
        raise TokenInvalid(reason, claims)
    return claims
