"""Where the pages of headquarters hang, and who sees the way to them."""

from __future__ import annotations

from central.foundation.language.words import N_
from central.foundation.people.roles import Permission

NAVIGATION = (
    ("home", N_("Overview"), Permission.REDEMPTIONS_READ),
    ("units.show", N_("Units"), Permission.UNITS_READ),
    ("policies.show", N_("Policies"), Permission.POLICIES_READ),
    ("vouchers.find", N_("Vouchers"), Permission.VOUCHERS_READ),
    ("receipts.show", N_("Receipts"), Permission.UNITS_READ),
    ("orders.show", N_("Orders"), Permission.ORDERS_READ),
    ("customers.show", N_("Customers"), Permission.CUSTOMERS_READ),
    ("after_sales.show", N_("After-sales"), Permission.ORDERS_READ),
    ("redemptions.show", N_("Redemptions"), Permission.REDEMPTIONS_READ),
    ("redemptions.show_conflicts", N_("Conflicts"), Permission.REDEMPTIONS_READ),
    ("settlement.show", N_("Settlement"), Permission.SETTLEMENT_READ),
    ("reconciliation.show", N_("Reconciliation"), Permission.SETTLEMENT_READ),
    ("closing.show", N_("Closing"), Permission.LEDGER_READ),
    ("ledger.show", N_("Trial balance"), Permission.LEDGER_READ),
    ("entries.show", N_("Manual entries"), Permission.LEDGER_READ),
    ("sharing.rules", N_("Profit sharing"), Permission.SHARING_READ),
    ("payouts.show", N_("Payouts"), Permission.PAYOUTS_READ),
    ("jobs.show", N_("Jobs and alerts"), Permission.JOBS_READ),
    ("cards.show", N_("Card keys"), Permission.CARDS_READ),
    ("catalogue.show", N_("Catalogue"), Permission.CATALOGUE_READ),
    ("prices.show", N_("Prices"), Permission.PRICES_READ),
    ("suppliers.show", N_("Suppliers"), Permission.SUPPLIERS_READ),
)
ROOMS = {
    "bank_files": "payouts.show",
    "exchange": "jobs.show",
    "cases": "redemptions.show_conflicts",
    "fees": "settlement.show",
    "tax": "payouts.show",
    "diversions": "redemptions.show_conflicts",
    "statements": "settlement.show",
    "product_types": "catalogue.show",
}
"""Where pages hang that are of another blueprint than the page that leads to them."""
