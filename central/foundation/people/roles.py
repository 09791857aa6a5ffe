"""Permissions and the roles that have them. Pure; a role without a permission gets nothing."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """One thing that somebody may do."""

    UNITS_READ = "units.read"
    UNITS_MANAGE = "units.manage"
    POLICIES_READ = "policies.read"
    POLICIES_MANAGE = "policies.manage"
    """How much tills may risk without headquarters: whoever loosens it can lose money."""
    VOUCHERS_READ = "vouchers.read"
    VOUCHERS_ISSUE = "vouchers.issue"
    REDEMPTIONS_READ = "redemptions.read"
    LEDGER_READ = "ledger.read"
    LEDGER_CLOSE = "ledger.close"
    LEDGER_ENTER = "ledger.enter"
    LEDGER_CONFIRM = "ledger.confirm"
    """What somebody else has entered by hand."""
    AGENTS_READ = "agents.read"
    AGENTS_MANAGE = "agents.manage"
    SHARING_READ = "sharing.read"
    SHARING_MANAGE = "sharing.manage"
    PAYOUTS_READ = "payouts.read"
    PAYOUTS_REQUEST = "payouts.request"
    PAYOUTS_RELEASE = "payouts.release"
    SETTLEMENT_READ = "settlement.read"
    SETTLEMENT_MANAGE = "settlement.manage"
    CASES_DECIDE = "cases.decide"
    ORDERS_READ = "orders.read"
    ORDERS_PLACE = "orders.place"
    ORDERS_MANAGE = "orders.manage"
    ORDERS_REFUND = "orders.refund"
    ORDERS_GOODS = "orders.goods"
    """What agents have bought, as it was delivered; each look counts as the buyer's."""
    ORDERS_PRIVATE = "orders.private"
    """What buyers have typed and how they are reached, unmasked; each look is in the story."""
    CUSTOMERS_READ = "customers.read"
    """Accounts, their orders and balances; addresses are masked."""
    CUSTOMERS_MANAGE = "customers.manage"
    """Also how customers are reached; who is stopped and let in."""
    AFTER_SALES_MANAGE = "after-sales.manage"
    JOBS_READ = "jobs.read"
    JOBS_MANAGE = "jobs.manage"
    CARDS_READ = "cards.read"
    CARDS_IMPORT = "cards.import"
    CARDS_REVEAL = "cards.reveal"
    CARDS_EXPORT_APPROVE = "cards.export-approve"
    CATALOGUE_READ = "catalogue.read"
    CATALOGUE_MANAGE = "catalogue.manage"
    PRICES_READ = "prices.read"
    PRICES_MANAGE = "prices.manage"
    COST_SEE = "cost.see"
    """What things cost the house, and what nobody may go below."""
    SUPPLIERS_READ = "suppliers.read"
    SUPPLIERS_MANAGE = "suppliers.manage"


AGENT = "agent"
"""The one role that a key of an agent may have."""
ROLES: dict[str, frozenset[Permission]] = {
    "admin": frozenset(Permission),
    "finance": frozenset(
        {
            Permission.LEDGER_READ,
            Permission.LEDGER_CLOSE,
            Permission.POLICIES_READ,
            Permission.LEDGER_ENTER,
            Permission.LEDGER_CONFIRM,
            Permission.REDEMPTIONS_READ,
            Permission.AGENTS_READ,
            Permission.SHARING_READ,
            Permission.PAYOUTS_READ,
            Permission.PAYOUTS_REQUEST,
            Permission.PAYOUTS_RELEASE,
            Permission.SETTLEMENT_READ,
            Permission.SETTLEMENT_MANAGE,
            Permission.CASES_DECIDE,
            Permission.ORDERS_READ,
            Permission.ORDERS_REFUND,
            Permission.CUSTOMERS_READ,
            Permission.JOBS_READ,
            Permission.CARDS_READ,
            Permission.CATALOGUE_READ,
            Permission.PRICES_READ,
            Permission.PRICES_MANAGE,
            Permission.COST_SEE,
            Permission.SUPPLIERS_READ,
        }
    ),
    # A program that sells what is on offer: another shop, or the system of an agent.
    "shop": frozenset(
        {
            Permission.ORDERS_READ,
            Permission.ORDERS_PLACE,
            Permission.CATALOGUE_READ,
            Permission.PRICES_READ,
        }
    ),
    # The same for agents alone: it is told what was delivered to them.
    AGENT: frozenset(
        {
            Permission.ORDERS_READ,
            Permission.ORDERS_PLACE,
            Permission.ORDERS_GOODS,
            Permission.CATALOGUE_READ,
            Permission.PRICES_READ,
        }
    ),
    "viewer": frozenset(p for p in Permission if p.endswith(".read")),
}


def may(role: str, permission: Permission) -> bool:
    """Say whether a role has a permission; an unknown role has none."""
    return permission in ROLES.get(role, frozenset())
