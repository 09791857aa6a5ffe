"""What the money is told of the wings above it: agents, products, categories."""

from __future__ import annotations

from central.money.sharing.ports import Named, Outside
from central.network.agents import upstream
from central.supply.catalogue import products, shelf
from edge.contract.ids import ProductId


def _products() -> list[Named]:
    found = products.catalogue().products.values()
    return [Named(str(p.product), p.names["zh-CN"], p.names["en"]) for p in found]


def _category_of(product: int) -> str:
    products.get(ProductId(product))  # or it is not found
    return shelf.category_of_product(product)


OUTSIDE_OF_SHARING = Outside(
    chain_at=upstream.chain_at,
    agents=lambda: [Named(a.id, a.name, a.name) for a in upstream.agents()],
    levels=lambda: [Named(level.id, level.name_zh, level.name_en) for level in upstream.levels()],
    products=_products,
    category_of=_category_of,
)
"""What sharing is told of the wings above the money."""
