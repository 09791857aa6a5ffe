"""Permissions and the roles that have them. Pure; a role without a permission gets nothing."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """One thing that somebody may do."""

    UNITS_READ = "units.read"
    UNITS_MANAGE = "units.manage"
    VOUCHERS_READ = "vouchers.read"
    VOUCHERS_ISSUE = "vouchers.issue"
    REDEMPTIONS_READ = "redemptions.read"
    LEDGER_READ = "ledger.read"
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
    SUPPLIERS_READ = "suppliers.read"
    SUPPLIERS_MANAGE = "suppliers.manage"


ROLES: dict[str, frozenset[Permission]] = {
    "admin": frozenset(Permission),
    "finance": frozenset(
        {
            Permission.LEDGER_READ,
            Permission.REDEMPTIONS_READ,
            Permission.AGENTS_READ,
            Permission.SHARING_READ,
            Permission.PAYOUTS_READ,
            Permission.PAYOUTS_REQUEST,
            Permission.PAYOUTS_RELEASE,
            Permission.SETTLEMENT_READ,
            Permission.SETTLEMENT_MANAGE,
            Permission.CASES_DECIDE,
            Permission.SUPPLIERS_READ,
        }
    ),
    "viewer": frozenset(p for p in Permission if p.endswith(".read")),
}


def may(role: str, permission: Permission) -> bool:
    """Say whether a role has a permission; an unknown role has none."""
    return permission in ROLES.get(role, frozenset())
