"""Asks what something costs: gathers the facts on one snapshot of the database, and quotes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from central.foundation.db.engine import reading
from central.money.sharing.model import AgentId
from central.money.sharing.ports import Outside
from central.supply.catalogue import shelf
from central.supply.catalogue.model import Offered, SkuId
from central.supply.prices import books, promotions
from central.supply.prices.model import Book, Facts, Quote, QuoteRefused
from central.supply.prices.quote import quote
from edge.contract.money import Money

CostOf = Callable[[SkuId, str, int], Money | None]
"""What the house pays for one piece of a SKU, in a currency, at a moment; None if nobody knows."""


def unknown_cost(_sku: SkuId, _currency: str, _at_s: int) -> None:
    """Say that nobody knows what a SKU costs the house."""


@dataclass(frozen=True)
class Asked:
    """What somebody wants to know the price of.

    Args:
        agent: Who buys, if it is an agent; the level is the agent's own at that moment.
        level: As if somebody of this level bought; only without an agent.
        cost: What the house pays for one piece, if that is another than is known.
    """

    sku: str
    quantity: int
    currency: str
    at_s: int
    channel: str = ""
    agent: str = ""
    level: str = ""
    is_member: bool = False
    cost: Money | None = None


def ask(asked: Asked, outside: Outside, cost_of: CostOf) -> Quote | QuoteRefused:
    """Return what it costs, with the reasons; or why there is no price.

    Raises:
        NotFound: there is no such SKU or agent.
    """
    return quote(reading(lambda: gather(asked, outside, cost_of)))


def gather(asked: Asked, outside: Outside, cost_of: CostOf) -> Facts:
    """Return all that a quote depends on, as it is in this transaction; NotFound as ``ask``."""
    found = shelf.offered(asked.sku)
    level = asked.level
    if asked.agent:
        level = str(outside.chain_at(AgentId(asked.agent), asked.at_s)[0].level)
    mine = [book for book in books.books() if _is_for(book, asked, level)]
    cost = asked.cost or cost_of(found.sku.id, asked.currency, asked.at_s)
    return Facts(
        found.sku.id, asked.quantity, asked.currency, asked.at_s, asked.channel, asked.agent,
        level, asked.is_member, found.categories,
        tuple(books.entries(found.sku.id, mine, asked.at_s)),
        books.floor_of(found.sku.id, asked.currency, asked.at_s),
        tuple(promotions.running(asked.currency, asked.at_s)),
        cost, _face(found, asked.currency),
    )  # fmt: skip


def _is_for(book: Book, asked: Asked, level: str) -> bool:
    return (
        book.currency == asked.currency
        and book.agent in {"", asked.agent}
        and book.level in {"", level}
        and book.channel in {"", asked.channel}
    )


def _face(found: Offered, currency: str) -> Money | None:
    face = found.sku.face
    # A card of 50 USD has no face value in CNY; what it costs there, a ladder says.
    return face if face and face.currency == currency else None
