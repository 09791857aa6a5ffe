"""A voucher as a CWT (RFC 8392) in base45, for systems that speak that rather than VX1.

The claims are the token's own, with registered keys where there are any::

    1 iss   issuer id                    -70001  product
    4 exp   Unix seconds                 -70002  value
    5 nbf   Unix seconds                 -70003  scope
    7 cti   voucher id, 6 bytes          -70004  flags, as in the token
    65535   {"status_list": {"idx": status index, "uri": the shard's name}}

The signature is the issuer's over these claims, so only the hub can export.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.contract import base45, canonical, cose
from edge.contract.ids import KeyId, ProductId, StatusIndex, StoreGroup, VoucherId
from edge.contract.keys import TrustList
from edge.contract.read import Fields
from edge.contract.refusal import Refusal
from edge.contract.signed import MessageInvalid
from edge.contract.status import shard_of, shard_uri
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, TokenInvalid, VoucherClaims, VoucherKind

_PRODUCT, _VALUE, _SCOPE, _FLAGS, _STATUS = -70001, -70002, -70003, -70004, 65535


def export(claims: VoucherClaims, issuer: str, private_key: Ed25519PrivateKey) -> str:
    """Return the voucher as base45 text of a tagged COSE_Sign1."""
    flags = claims.kind | claims.dynamic_required << 2 | claims.online_only << 3
    uri = shard_uri(issuer, shard_of(claims.status_index))
    body = {
        1: issuer,
        4: DAY_ZERO_S + claims.expires_day * DAY_S,
        5: DAY_ZERO_S + claims.not_before_day * DAY_S,
        7: claims.voucher_id.to_bytes(6, "big"),
        _PRODUCT: claims.product,
        _VALUE: claims.value,
        _SCOPE: claims.scope,
        _FLAGS: flags,
        _STATUS: {"status_list": {"idx": claims.status_index, "uri": uri}},
    }
    header = {cose.KID: bytes([claims.kid])}
    return base45.encode(cose.sign1(canonical.encode(body), private_key, header=header))


def import_(text: str, trust: TrustList) -> VoucherClaims:
    """Return what an exported voucher says, if the issuer in it has signed it.

    Raises:
        TokenInvalid: as ``voucher_token.verify_signature``; dates are not looked at.
    """
    try:
        sign1 = cose.open_sign1(base45.decode(text), bytes_max=4096)
        with Fields(canonical.decode(sign1.payload), "CWT") as f:
            claims = _claims(f, sign1.header)
            issuer = f.text(1)
    except (ValueError, MessageInvalid) as exc:
        raise TokenInvalid(Refusal.NOT_A_TOKEN) from exc
    keys = [key for key in trust.keys_numbered(claims.kid) if key.issuer == issuer]
    if not keys:
        raise TokenInvalid(Refusal.UNKNOWN_KEY)
    try:
        sign1.verify(keys[0].public_key)
    except cose.BadSignature as exc:
        raise TokenInvalid(Refusal.BAD_SIGNATURE) from exc
    if keys[0].foreign:
        raise TokenInvalid(Refusal.FOREIGN_ISSUER)
    return claims


def _claims(f: Fields, header: dict[int, Any]) -> VoucherClaims:
    kid = header.get(cose.KID)
    status = Fields(f.map(_STATUS).get("status_list"), "CWT")
    flags = f.uint(_FLAGS, 0b1111)
    if type(kid) is not bytes or len(kid) != 1:
        raise ValueError("a key number is one byte")
    return VoucherClaims(
        kid=KeyId(kid[0]),
        voucher_id=VoucherId(int.from_bytes(f.octets(7, 6), "big")),
        product=ProductId(f.uint(_PRODUCT, 0xFFFFFF)),
        value=f.uint(_VALUE, 0xFFFFFFFF),
        scope=StoreGroup(f.uint(_SCOPE, 0xFFFF)),
        not_before_day=_day(f.uint(5)),
        expires_day=_day(f.uint(4)),
        status_index=StatusIndex(status.uint("idx", 0xFFFFFFFF)),
        kind=VoucherKind(flags & 0b11),
        dynamic_required=bool(flags & 0b0100),
        online_only=bool(flags & 0b1000),
    )


def _day(at_s: int) -> int:
    day, rest = divmod(at_s - DAY_ZERO_S, DAY_S)
    if rest or not 0 <= day <= 0xFFFF:
        raise ValueError("a date is midnight UTC of a day that a token can name")
    return day
