"""Words for values, in English; the translations are keyed by them."""

from __future__ import annotations

from central.foundation.people.roles import Permission


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark a sentence for translation without translating it here."""
    return text


NAVIGATION = (
    ("home", N_("Overview"), Permission.REDEMPTIONS_READ),
    ("units.show", N_("Units"), Permission.UNITS_READ),
    ("redemptions.show", N_("Redemptions"), Permission.REDEMPTIONS_READ),
    ("redemptions.show_conflicts", N_("Conflicts"), Permission.REDEMPTIONS_READ),
    ("ledger.show", N_("Trial balance"), Permission.LEDGER_READ),
)
STATES = {
    "active": N_("active"),
    "revoked": N_("revoked"),
    "quarantined": N_("two journals"),
}
MODES = {
    "online": N_("online"),
    "grant": N_("by phone"),
    "lease": N_("leased"),
    "lan": N_("by the store's units"),
    "degraded": N_("offline, some units silent"),
    "solo": N_("offline"),
}
OUTCOMES = {
    "recorded": N_("recorded"),
    "applied": N_("applied"),
    "overspend": N_("overspend"),
    "quarantined": N_("kept aside"),
}
OUTCOME_LOOKS = {"recorded": "quiet", "applied": "good", "overspend": "bad", "quarantined": "ask"}
POSTINGS = {
    "vouchers-paid": N_("Money for vouchers received"),
    "vouchers-sold": N_("Vouchers sold"),
    "redeemed": N_("Redeemed"),
    "redeemed-reversed": N_("Redemption taken back"),
}
TITLES = (
    N_("The request cannot be understood"),
    N_("There is no such thing here"),
    N_("This cannot be done here"),
    N_("The request is too large"),
    N_("Too many tries; wait"),
    N_("Something went wrong inside the hub"),
    N_("This is not permitted"),
    N_("Your role does not have this permission."),
)
"""Titles of problems that a person may see on a page."""
