"""What the hub tells a unit besides keys, status and policy: products, receipts, handles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from edge.contract.ids import KeyId, ProductId, StatusIndex, StoreGroup, VoucherId
from edge.contract.read import Fields
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
class ReceiptTemplate:
    """What stands above and below every receipt.

    Args:
        locales: The languages printed, in this order.
        header: Lines by locale, above.
        footer: Lines by locale, below.
    """

    version: int
    locales: tuple[str, ...]
    header: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    footer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        return {
            1: self.version,
            2: list(self.locales),
            3: {k: list(v) for k, v in self.header.items()},
            4: {k: list(v) for k, v in self.footer.items()},
        }

    @classmethod
    def from_body(cls, body: Any) -> ReceiptTemplate:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "receipt-template") as f:
            locales = tuple(f.texts(2))
            if not locales or any(locale not in LOCALES for locale in locales):
                raise ValueError("a language that nobody translates into")
            return cls(f.uint(1), locales, _lines(f.map(3)), _lines(f.map(4)))


def _lines(by_locale: dict[Any, Any]) -> dict[str, tuple[str, ...]]:
    return {str(k): tuple(str(line)[:128] for line in v) for k, v in by_locale.items()}


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
