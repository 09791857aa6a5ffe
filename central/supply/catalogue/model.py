"""What is sold: categories, items, and SKUs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from central.supply.product_types.model import Fulfilment, Names, TypeVersion
from edge.contract.money import Money

SkuId = NewType("SkuId", str)
"""Capitals, digits and hyphens, at most 32: ``STEAM-50``. Accounts of the ledger take no more."""
CategoryId = NewType("CategoryId", str)
ItemId = NewType("ItemId", str)


class SkuState(StrEnum):
    """Whether a SKU can be ordered."""

    DRAFT = "draft"
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True)
class Category:
    """A node of the tree that buyers browse; it stays below its parent."""

    id: CategoryId
    names: Names
    parent: CategoryId | None = None
    place: int = 0


@dataclass(frozen=True)
class Item:
    """What is sold, as a buyer sees it.

    Args:
        media: Address of a picture, ``/media/…`` or ``https://…``; empty for none.
    """

    id: ItemId
    type: str
    names: Names
    category: CategoryId | None = None
    descriptions: Names | None = None
    media: str = ""


@dataclass(frozen=True)
class Part:
    """What a bundle has so many of."""

    sku: SkuId
    quantity: int


@dataclass(frozen=True)
class Sku:
    """What can be ordered.

    Args:
        face: What is printed on it; None if nothing is.
        product: The number in the tokens of our own vouchers; of such alone.
        parts: Of a bundle alone.
    """

    id: SkuId
    item: ItemId
    names: Names
    face: Money | None = None
    product: int | None = None
    parts: tuple[Part, ...] = ()
    state: SkuState = SkuState.DRAFT


@dataclass(frozen=True)
class Offered:
    """A SKU with all that an order has to know of it.

    Args:
        type: The newest version of its type; the order keeps ``type.id`` and ``type.version``.
        categories: From its own upwards; empty if it has none.
    """

    sku: Sku
    item: Item
    type: TypeVersion
    categories: tuple[CategoryId, ...]

    @property
    def fulfilment(self) -> Fulfilment:
        """How it comes to the buyer."""
        return self.type.fulfilment
