"""Valid things with one argument to bend one thing. Nothing here is random."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.contract import voucher_token
from edge.contract.bundle import Catalogue, Product
from edge.contract.enrolment import Enrolment
from edge.contract.ids import (
    Epoch,
    KeyId,
    ProductId,
    Seq,
    StatusIndex,
    StoreGroup,
    StoreId,
    UnitId,
    VoucherId,
)
from edge.contract.journal_entry import GENESIS, EntryKind, JournalEntry
from edge.contract.keys import IssuerKey, TrustList
from edge.contract.policy import Mode, Policy, SoloLimits
from edge.contract.receipt_template import Logo, ReceiptLine, ReceiptTemplate
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, VoucherClaims, VoucherKind

ISSUER = "hub.example"
NOW_S = DAY_ZERO_S + 100 * DAY_S + 12 * 3600
"""Noon UTC of 2026-04-11: every test's "now", unless it says otherwise."""
UNIT = UnitId("S0412-K1")
STORE = StoreId("S0412")
GROUP = StoreGroup(3)


def a_sign_key(name: str = "issuer") -> Ed25519PrivateKey:
    """The Ed25519 key of this name, the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def a_seal_key(name: str = "unit") -> X25519PrivateKey:
    """The X25519 key of this name, the same in every run."""
    return X25519PrivateKey.from_private_bytes(hashlib.sha256(b"seal " + name.encode()).digest())


def an_issuer_key(issuer: str = ISSUER, kid: int = 1, **bent: Any) -> IssuerKey:
    """The public key that belongs to ``a_sign_key`` of the same issuer."""
    name = bent.pop("key", "issuer" if issuer == ISSUER else issuer)
    return IssuerKey(issuer, KeyId(kid), a_sign_key(name).public_key().public_bytes_raw(), **bent)


def a_trust_list(*keys: IssuerKey, **bent: Any) -> TrustList:
    """Our own issuer's key, or the given ones."""
    values: dict[str, Any] = {
        "version": 1,
        "issuer": ISSUER,
        "issued_at_s": NOW_S - DAY_S,
        "expires_at_s": NOW_S + 90 * DAY_S,
        "keys": keys or (an_issuer_key(),),
        "bundle_keys": (a_sign_key("bundle").public_key().public_bytes_raw(),),
    }
    return TrustList(**{**values, **bent})


def some_claims(**bent: Any) -> VoucherClaims:
    """A single-use voucher worth 88.00, of our group, valid around NOW_S."""
    values: dict[str, Any] = {
        "kid": KeyId(1),
        "voucher_id": VoucherId(0x0A1B2C3D4E5F),
        "product": ProductId(7),
        "value": 8800,
        "scope": GROUP,
        "not_before_day": 90,
        "expires_day": 200,
        "status_index": StatusIndex(9),
        "kind": VoucherKind.SINGLE,
    }
    return VoucherClaims(**{**values, **bent})


def a_token(*, issuer: str = ISSUER, key: str = "issuer", **bent: Any) -> str:
    """The 218 digits of ``some_claims``."""
    return voucher_token.sign(some_claims(**bent), issuer, a_sign_key(key))


def an_entry(**bent: Any) -> JournalEntry:
    """The first redemption of an epoch: a voucher worth 88.00, alone."""
    values: dict[str, Any] = {
        "unit": UNIT,
        "epoch": Epoch(1),
        "seq": Seq(1),
        "prev": GENESIS,
        "kind": EntryKind.REDEMPTION,
        "wall_s": NOW_S,
        "uncertainty_s": 2,
        "boot": b"bootboot",
        "monotonic_ms": 123456,
        "voucher_id": VoucherId(0x0A1B2C3D4E5F),
        "amount": 1,
        "mode": Mode.SOLO,
        "policy_version": 1,
        "status_version": 1,
        "clerk": "li",
        "receipt": 1,
        "request": bytes(range(16)),
    }
    return JournalEntry(**{**values, **bent})


def a_policy(**bent: Any) -> Policy:
    """Online and solo; alone up to 500.00 while the status is fresh."""
    values: dict[str, Any] = {
        "version": 1,
        "currency": "CNY",
        "modes": frozenset({Mode.ONLINE, Mode.SOLO}),
        "floors": {Mode.SOLO: (50000, 20000, 5000, 0)},
        "solo": SoloLimits(count=200, sum_minor=1_000_000, per_10_min=60, hours=72),
    }
    return Policy(**{**values, **bent})


def a_catalogue(**bent: Any) -> Catalogue:
    """A meal voucher (7), a coffee card of ten (8) and a gift card (9)."""
    rows = [
        Product(ProductId(7), {"zh-CN": "午餐券", "en": "Lunch voucher"}, VoucherKind.SINGLE, 8800),
        Product(
            ProductId(8), {"zh-CN": "咖啡十次卡", "en": "Ten coffees"}, VoucherKind.MULTI, 1500, 10
        ),
        Product(ProductId(9), {"zh-CN": "礼品卡", "en": "Gift card"}, VoucherKind.STORED_VALUE, 1),
    ]
    return Catalogue(**{"version": 1, "products": {p.product: p for p in rows}, **bent})


def a_receipt_template(**bent: Any) -> ReceiptTemplate:
    """Both languages, one line above and below."""
    values: dict[str, Any] = {
        "version": 1,
        "locales": ("zh-CN", "en"),
        "header": {"zh-CN": ("欢迎光临",), "en": ("Welcome",)},
        "footer": {"zh-CN": ("请保留此小票",), "en": ("Please keep this receipt",)},
    }
    return ReceiptTemplate(**{**values, **bent})


LOGO = Logo(16, 8, bytes.fromhex("ffff8001bffda005a005bffd8001ffff"))
"""A frame in a frame."""


def a_full_template(**bent: Any) -> ReceiptTemplate:
    """One that uses everything: a logo, its own lines in its own order, a code for the holder."""
    lines = (
        ReceiptLine.LOGO, ReceiptLine.STORE, ReceiptLine.TIME, ReceiptLine.RULE,
        ReceiptLine.PRODUCT, ReceiptLine.AMOUNT, ReceiptLine.TOTAL, ReceiptLine.REMAINING,
        ReceiptLine.RULE, ReceiptLine.RECEIPT, ReceiptLine.VOUCHER, ReceiptLine.ENTRY,
        ReceiptLine.FOOTER, ReceiptLine.HOLDER_CODE,
    )  # fmt: skip
    values: dict[str, Any] = {
        "lines": lines, "logo": LOGO, "holder_link": "https://tearoff.example/r?e={entry}&v={voucher}",
    }  # fmt: skip
    return a_receipt_template(**{**values, **bent})


def an_enrolment(**bent: Any) -> Enrolment:
    """UNIT of STORE, as ``a_sign_key("unit")`` enrolled it."""
    values: dict[str, Any] = {
        "unit": UNIT,
        "store": STORE,
        "store_name": "静安店",
        "group": GROUP,
        "issuer": ISSUER,
        "bundle_key": a_sign_key("bundle").public_key().public_bytes_raw(),
        "sign_key": a_sign_key("unit").public_key().public_bytes_raw(),
        "currency": "CNY",
        "timezone": "Asia/Shanghai",
        "first_epoch": Epoch(1),
        "issued_at_s": NOW_S - DAY_S,
    }
    return Enrolment(**{**values, **bent})
