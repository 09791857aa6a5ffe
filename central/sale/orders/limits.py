"""How much one buyer may have kept for him without paying. Pure.

Whoever places orders and never pays takes what others would have bought; so not only orders are
counted, but the part of the stock that they hold.
"""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.language.words import N_


class Limits(NamedTuple):
    """What one contact, one network address, or one agent may hold unpaid.

    Args:
        contact_orders, address_orders: Unpaid orders.
        stock_percent: Of all keys of a SKU that are free or kept for unpaid orders.
        stock_least: So many keys may be held whatever part of the stock they are.
        agent_orders, agent_stock_percent: The same for one agent, whose customers are many.
    """

    contact_orders: int = 3
    address_orders: int = 10
    stock_percent: int = 20
    stock_least: int = 5
    agent_orders: int = 100
    agent_stock_percent: int = 50

    @property
    def of_agent(self) -> Limits:
        """What holds for an agent, who is counted as one contact."""
        return self._replace(
            contact_orders=self.agent_orders, stock_percent=self.agent_stock_percent
        )


class Held(NamedTuple):
    """What is held unpaid, this order included.

    Args:
        contact_orders, address_orders: Unpaid orders of this contact and this address.
        keys: Of the SKU, by this address or contact.
        stock: Keys of the SKU that are free or kept for unpaid orders.
    """

    contact_orders: int
    address_orders: int
    keys: int
    stock: int


def why_not(held: Held, limits: Limits) -> str:
    """Return why an order is refused; empty if it is not."""
    too_many = (
        held.contact_orders > limits.contact_orders or held.address_orders > limits.address_orders
    )
    if too_many:
        return N_("You have unpaid orders. Pay them or give them up first.")
    most = max(limits.stock_least, held.stock * limits.stock_percent // 100)
    if held.keys > most:
        return N_("So many are not kept for one buyer who has not paid.")
    return ""
