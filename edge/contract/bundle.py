"""What the hub tells a unit besides keys, status and policy: products and handles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from edge.contract.ids import (
    KeyId,
    ProductId,
    StatusIndex,
    StoreGroup,
    StoreId,
    UnitId,
    VoucherId,
    parse_store_id,
    parse_unit_id,
)
from edge.contract.read import Fields
from edge.contract.sync_message import UnitState
from edge.contract.voucher_token import VoucherClaims, VoucherKind

LOCALES = ("zh-CN", "en")
"""The languages of everything a person reads. The first is the default."""


class Product(NamedTuple):
    """What a unit may know of a product.

    Args:
        names: By locale.
        worth_minor: What one measure of the voucher is worth in minor units: the face value of a
            single voucher whose token says 0, one use of a multi-use one, 1 for stored value.
        uses: Uses of a multi-use voucher whose token says 0.
    """

    product: ProductId
    names: Mapping[str, str]
    kind: VoucherKind
    worth_minor: int
    uses: int = 1

    def name(self, locale: str) -> str:
        """Return the name in a locale, or in any that there is."""
        return self.names.get(locale) or next(iter(self.names.values()), f"#{self.product}")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The products that this unit may meet."""

    version: int
    products: Mapping[ProductId, Product]

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        rows = [
            [p.product, dict(p.names), int(p.kind), p.worth_minor, p.uses]
            for _, p in sorted(self.products.items())
        ]
        return {1: self.version, 2: rows}

    @classmethod
    def from_body(cls, body: Any) -> Catalogue:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "catalogue") as f:
            products = [
                Product(
                    ProductId(row.uint(0, 0xFFFFFF)),
                    {str(k): str(v) for k, v in row.map(1).items()},
                    VoucherKind(row.uint(2)),
                    row.uint(3, 2**63 - 1),
                    row.uint(4, 0xFFFFFFFF),
                )
                for row in f.rows(2, 5)
            ]
            return cls(f.uint(1), {p.product: p for p in products})


@dataclass(frozen=True, slots=True)
class Handles:
    """What short codes of one store group stand for: vouchers by their status index.

    Args:
        from_version: Rows are added to the table of this version; 0 begins a new table.
        vouchers: Claims as their token would state them; ``kid`` is 0, nothing is signed.
    """

    group: StoreGroup
    from_version: int
    to_version: int
    vouchers: tuple[VoucherClaims, ...]

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        rows = [
            [c.status_index, c.voucher_id, c.product, c.value, c.scope, c.not_before_day,
             c.expires_day, int(c.kind), c.dynamic_required, c.online_only]
            for c in self.vouchers
        ]  # fmt: skip
        return {1: self.group, 2: self.from_version, 3: self.to_version, 4: rows}

    @classmethod
    def from_body(cls, body: Any) -> Handles:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "handles") as f:
            vouchers = tuple(
                VoucherClaims(
                    KeyId(0),
                    VoucherId(row.uint(1, 2**48 - 1)),
                    ProductId(row.uint(2, 0xFFFFFF)),
                    row.uint(3, 0xFFFFFFFF),
                    StoreGroup(row.uint(4, 0xFFFF)),
                    row.uint(5, 0xFFFF),
                    row.uint(6, 0xFFFF),
                    StatusIndex(row.uint(0, 0xFFFFFFFF)),
                    VoucherKind(row.uint(7)),
                    row.flag(8),
                    row.flag(9),
                )
                for row in f.rows(4, 10)
            )
            return cls(StoreGroup(f.uint(1, 0xFFFF)), f.uint(2), f.uint(3), vouchers)


class Peer(NamedTuple):
    """A unit of the same store, the one that is told included.

    Args:
        sign_key: Ed25519 public key, 32 bytes.
        address: ``host:port`` at which it said it listens to its peers; empty if it never did.
    """

    unit: UnitId
    sign_key: bytes
    state: UnitState
    address: str = ""


@dataclass(frozen=True, slots=True)
class PeerList:
    """Every unit that was ever enrolled in a store; a revoked one stays, for its journal does.

    Args:
        version: Grows with every change; an older list is never accepted again.
        group_stores: How many stores take the vouchers of this store's group.
        all_stores: How many stores there are: those that take a voucher of group 0.
    """

    version: int
    issued_at_s: int
    store: StoreId
    group_stores: int
    all_stores: int
    peers: tuple[Peer, ...]

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        rows = [[p.unit, p.sign_key, str(p.state), p.address] for p in self.peers]
        return {
            1: self.version, 2: self.issued_at_s, 3: self.store, 4: self.group_stores,
            5: self.all_stores, 6: rows,
        }  # fmt: skip

    @classmethod
    def from_body(cls, body: Any) -> PeerList:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "peers") as f:
            peers = tuple(
                Peer(
                    parse_unit_id(row.text(0)), row.octets(1, 32), UnitState(row.text(2)),
                    row.text(3, 64),
                )
                for row in f.rows(6, 4)
            )  # fmt: skip
            if len({peer.unit for peer in peers}) != len(peers):
                raise ValueError("a unit is named twice")
            return cls(f.uint(1), f.uint(2), parse_store_id(f.text(3)), f.uint(4), f.uint(5), peers)
