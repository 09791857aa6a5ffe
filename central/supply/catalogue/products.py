"""Adds products and tells the units about them."""

from __future__ import annotations

from peewee import fn

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.feed import next_change
from central.foundation.language.words import N_
from central.supply.catalogue.tables import ProductRow
from edge.contract.bundle import Catalogue, Product
from edge.contract.ids import ProductId
from edge.contract.voucher_token import VoucherKind

USES_MAX = 100_000
FACE_MINOR_MAX = 10**14
"""Minor units that one voucher is worth at most: ten thousand of them fit into the ledger."""


def add(product: Product) -> None:
    """Add a product.

    Raises:
        RequestInvalid: a name is missing or a figure is out of range.
        Conflict: the number is taken.
    """
    names = [product.names.get(locale, "").strip() for locale in ("zh-CN", "en")]
    # U+3000 is the space between Chinese characters.
    if not all(1 <= len(n) <= 128 and n.replace("\u3000", " ").isprintable() for n in names):
        raise RequestInvalid(N_("A product has a name of 1 to 128 characters in both languages."))
    if not 1 <= product.product <= 0xFFFFFF or product.worth_minor < 1 or product.uses < 1:
        raise RequestInvalid(
            N_("A product's number is 1 to 16777215; worth and uses are positive.")
        )
    if product.uses > USES_MAX or product.worth_minor * product.uses > FACE_MINOR_MAX:
        raise RequestInvalid(N_("No voucher has so many uses, or is worth so much."))
    if product.kind is VoucherKind.STORED_VALUE and product.worth_minor != 1:
        raise RequestInvalid(N_("A stored value is worth its own amount: leave worth at 1."))
    if product.kind is not VoucherKind.MULTI and product.uses != 1:
        raise RequestInvalid(N_("Only a multi-use voucher has uses."))

    def write() -> None:
        if ProductRow.get_or_none(ProductRow.id == product.product):
            raise Conflict(f"There is a product {product.product} already.")
        ProductRow.create(
            id=product.product,
            name_zh=names[0],
            name_en=names[1],
            kind=int(product.kind),
            worth_minor=product.worth_minor,
            uses=product.uses,
            changed_n=next_change(),
        )

    money_transaction(write)


def get(product: ProductId) -> Product:
    """Return a product; NotFound if there is none of that number."""
    row = ProductRow.get_or_none(ProductRow.id == product)
    if row is None:
        raise NotFound(f"There is no product {product}.")
    return _product(row)


def catalogue() -> Catalogue:
    """Return all products; the version is the number of the newest change."""
    found = [_product(row) for row in ProductRow.select().order_by(ProductRow.id)]
    return Catalogue(changed_n(), {p.product: p for p in found})


def changed_n() -> int:
    """Return the number of the newest change of any product."""
    return int(ProductRow.select(fn.max(ProductRow.changed_n)).scalar() or 0)


def _product(row: ProductRow) -> Product:
    return Product(
        ProductId(row.id),
        {"zh-CN": row.name_zh, "en": row.name_en},
        VoucherKind(row.kind),
        row.worth_minor,
        row.uses,
    )
