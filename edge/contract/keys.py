"""Who may sign, and the ladder of secrets behind the rotating codes.

The trust list names the issuer's keys. The ladder (HKDF, RFC 5869) goes::

    master key                       only at the hub
      group key                      only at the hub
        epoch key, 7 days            a unit holds a few of these, sealed to it (HPKE, RFC 9180)
          seed of one voucher        its holder's phone holds this one
          handle key                 turns a voucher's index into a short code's handle
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.contract import canonical, cose, signed
from edge.contract.ids import KeyId, StoreGroup, UnitId, VoucherId
from edge.contract.read import Fields

KEY_EPOCH_S = 7 * 86400
"""Seconds that one epoch key lasts; a whole number of code steps."""

HPKE_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
"""DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM: suite A.1 of RFC 9180."""


class CodeAlgorithm(IntEnum):
    """The hash of a group's rotating codes."""

    SHA1 = 1
    """Only for groups whose vouchers live in a wallet that knows no other."""
    SHA256 = 2


# --- the trust list ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key that signs vouchers.

    Args:
        foreign: The issuer is known, but its vouchers are not taken here.
    """

    issuer: str
    kid: KeyId
    public_bytes: bytes
    foreign: bool = False
    public_key: Ed25519PublicKey = field(init=False, compare=False, repr=False)
    signed_prefix: bytes = field(init=False, compare=False, repr=False)
    """The Sig_structure of a token up to its payload, which comes last (RFC 9052 §4.4)."""

    def __post_init__(self) -> None:
        aad = b"VX1" + self.issuer.encode()
        prefix = cbor2.dumps(["Signature1", cose.PROTECTED_EDDSA, aad, bytes(26)])[:-26]
        object.__setattr__(
            self, "public_key", Ed25519PublicKey.from_public_bytes(self.public_bytes)
        )
        object.__setattr__(self, "signed_prefix", prefix)


@dataclass(frozen=True, slots=True)
class TrustList:
    """The keys that a unit believes, as the hub last signed them.

    Args:
        version: Grows with every change; an older list is never accepted again.
        expires_at_s: Unix seconds after which the list is too old to trust for new vouchers.
        keys: Own and known foreign issuers' keys. A withdrawn key is simply absent.
        bundle_keys: Ed25519 public keys that sign the hub's messages, so that they can rotate.
        hub_seal_key: X25519 public key that a journal is sealed to when it leaves as a file;
            empty from a hub that takes none.
    """

    version: int
    issuer: str
    issued_at_s: int
    expires_at_s: int
    keys: tuple[IssuerKey, ...]
    bundle_keys: tuple[bytes, ...]
    hub_seal_key: bytes = b""
    _by_kid: Mapping[int, tuple[IssuerKey, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        by_kid: dict[int, tuple[IssuerKey, ...]] = {}
        for key in sorted(self.keys, key=lambda k: k.foreign):
            by_kid[key.kid] = (*by_kid.get(key.kid, ()), key)
        object.__setattr__(self, "_by_kid", by_kid)

    def keys_numbered(self, kid: KeyId) -> tuple[IssuerKey, ...]:
        """Return the keys with this number, our own first."""
        return self._by_kid.get(kid, ())

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        body: dict[int, Any] = {
            1: self.version,
            2: self.issuer,
            3: self.issued_at_s,
            4: self.expires_at_s,
            5: [[k.issuer, k.kid, k.public_bytes, k.foreign] for k in self.keys],
            6: list(self.bundle_keys),
        }
        if self.hub_seal_key:
            body[7] = self.hub_seal_key
        return body

    @classmethod
    def from_body(cls, body: Any) -> TrustList:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "trust-list") as f:
            keys = [
                IssuerKey(
                    row.text(0), KeyId(row.uint(1, 255)), row.octets(2, 32), foreign=row.flag(3)
                )
                for row in f.rows(5, 4)
            ]
            return cls(
                version=f.uint(1),
                issuer=f.text(2),
                issued_at_s=f.uint(3),
                expires_at_s=f.uint(4),
                keys=tuple(keys),
                bundle_keys=tuple(f.octets_list(6, 32)),
                hub_seal_key=f.octets(7, 32) if f.has(7) else b"",
            )


# --- the ladder ----------------------------------------------------------------------------------


def key_epoch_at(at_s: int) -> int:
    """Return the number of the 7-day key epoch that a moment (Unix seconds) lies in."""
    return at_s // KEY_EPOCH_S


def hkdf(secret: bytes, info: bytes, length: int = 32, salt: bytes = b"") -> bytes:
    """Derive a key (RFC 5869 with SHA-256)."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


def group_key(master_key: bytes, group: StoreGroup) -> bytes:
    """Return the key of a store group; it never leaves the hub."""
    return hkdf(master_key, b"VX1 group" + group.to_bytes(2, "big"))


def hub_seal_key(master_key: bytes) -> X25519PrivateKey:
    """Return the key that opens the journals which units give out as files."""
    return X25519PrivateKey.from_private_bytes(hkdf(master_key, b"VX1 hub seal"))


def epoch_key(key_of_group: bytes, epoch: int) -> bytes:
    """Return the key of one epoch: all that a unit is ever given."""
    return hkdf(key_of_group, b"VX1 epoch" + epoch.to_bytes(4, "big"))


def voucher_seed(key_of_epoch: bytes, voucher_id: VoucherId, algorithm: CodeAlgorithm) -> bytes:
    """Return the TOTP secret of one voucher in one epoch: 20 bytes for SHA-1, 32 for SHA-256."""
    length = 20 if algorithm is CodeAlgorithm.SHA1 else 32
    return hkdf(key_of_epoch, b"VX1 seed" + voucher_id.to_bytes(6, "big"), length)


def handle_key(key_of_epoch: bytes) -> bytes:
    """Return the AES-256 key that permutes voucher indices into handles in one epoch."""
    return hkdf(key_of_epoch, b"VX1 handle")


# --- epoch keys, sealed to one unit --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EpochKeys:
    """The epoch keys that one unit holds: its store group's and those of "all groups"."""

    unit: UnitId
    keys: Mapping[tuple[StoreGroup, int], tuple[CodeAlgorithm, bytes]] = field(repr=False)

    def of(self, group: StoreGroup, epoch: int) -> tuple[CodeAlgorithm, bytes] | None:
        """Return algorithm and key, or None if this unit was not given that one."""
        return self.keys.get((group, epoch))

    def epochs(self) -> Iterable[int]:
        """Return the epochs held, in no order."""
        return {epoch for _, epoch in self.keys}

    def sealed_body(self, unit_key: X25519PublicKey) -> dict[int, Any]:
        """Return the message body; only the holder of the unit's X25519 key can read it."""
        rows = [[g, e, int(a), k] for (g, e), (a, k) in sorted(self.keys.items())]
        sealed = HPKE_SUITE.encrypt(canonical.encode(rows), unit_key, _sealed_for(self.unit))
        return {1: self.unit, 2: sealed}

    @classmethod
    def from_sealed_body(cls, body: Any, unit: UnitId, unit_key: X25519PrivateKey) -> EpochKeys:
        """Open a message body; MessageInvalid if it is another unit's, altered, or malformed."""
        with Fields(body, "epoch-keys") as f:
            if f.text(1) != unit:
                raise signed.MessageInvalid("foreign-message", "these keys are another unit's")
            try:
                opened = HPKE_SUITE.decrypt(f.octets(2), unit_key, _sealed_for(unit))
            except (InvalidTag, ValueError) as exc:
                raise signed.MessageInvalid(
                    "malformed-message", "the keys cannot be opened"
                ) from exc
            rows = Fields({0: canonical.decode(opened)}, "epoch-keys").rows(0, 4)
            return cls(
                unit,
                {
                    (StoreGroup(row.uint(0, 0xFFFF)), row.uint(1, 2**32 - 1)): (
                        CodeAlgorithm(row.uint(2)),
                        row.octets(3, 32),
                    )
                    for row in rows
                },
            )


def _sealed_for(unit: UnitId) -> bytes:
    return b"VX1 epoch-keys\x00" + unit.encode()
