"""The wings above the money, written down: three agents, two products."""

from __future__ import annotations

from central.errors import NotFound
from central.money.sharing.model import AgentId, Link
from central.money.sharing.ports import Named, Outside
from tests.central.money.sharing.builders import CHAIN, LEVELS

NAMES = {
    link.agent: Named(link.agent, f"代理{link.agent}", f"Agent {link.agent}") for link in CHAIN
}
PRODUCTS = {7: "drinks", 8: ""}


def chain_at(agent: AgentId, at_s: int) -> tuple[Link, ...]:
    """The chain of the builders, from this agent on."""
    for place, link in enumerate(CHAIN):
        if link.agent == agent:
            return CHAIN[place:]
    raise NotFound(f"There is no agent {agent}.")


def category_of(product: int) -> str:
    """The category of product 7 is drinks."""
    if product not in PRODUCTS:
        raise NotFound(f"There is no product {product}.")
    return PRODUCTS[product]


OUTSIDE = Outside(
    chain_at=chain_at,
    agents=lambda: list(NAMES.values()),
    levels=lambda: [Named(level, level, level.title()) for level in LEVELS],
    products=lambda: [Named("7", "午餐券", "Lunch voucher")],
    category_of=category_of,
)
