"""Words for values, in English; the translations are keyed by them."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

from central.foundation.people.roles import Permission

_FOLDER = Path(__file__).parent / "translations"


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark a sentence for translation without translating it here."""
    return text


def translate(locale: str, text: str) -> str:
    """Return a sentence in a language, for what is made without a browser that asks."""
    return _catalogue(locale).gettext(text) if text else ""


@cache
def _catalogue(locale: str) -> gettext.NullTranslations:
    languages = {"zh-CN": ["zh_Hans_CN"]}.get(locale, [])
    return gettext.translation("messages", _FOLDER, languages=languages, fallback=True)


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
    "brought-in": N_("Opening balance brought in"),
    "paid": N_("Payment received"),
    "vouchers-paid": N_("Money for vouchers received"),
    "channel-settled": N_("Channel settled"),
    "fee-returned": N_("Channel fee returned"),
    "order-completed": N_("Order completed"),
    "commission-released": N_("Commission released"),
    "deposit-paid-in": N_("Deposit paid in"),
    "prepaid": N_("Prepaid money paid in"),
    "bought": N_("Paid from an agent's money"),
    "vouchers-sold": N_("Vouchers sold"),
    "redeemed": N_("Redeemed"),
    "refund-before-delivery": N_("Refund before delivery"),
    "refund-after-completion": N_("Refund after completion"),
    "refund-confirmed": N_("Refund confirmed"),
    "supplier-prefunded": N_("Supplier prefunded"),
    "stock-bought": N_("Stock bought"),
    "stock-used": N_("Stock used"),
    "supplier-paid": N_("Supplier paid"),
    "charged-without-delivery": N_("Charged without delivery"),
    "claim-met": N_("Claim met by the supplier"),
    "payout": N_("Payout held"),
    "payout-committed": N_("Payout paid"),
    "payout-voided": N_("Payout given back"),
    "tax-paid": N_("Withheld tax paid"),
    "transferred": N_("Transferred"),
    "vouchers-expired": N_("Vouchers expired"),
    "voucher-reactivated": N_("Voucher reactivated"),
    "breakage": N_("Breakage recognised"),
    "difference-found": N_("Difference found"),
    "difference-explained": N_("Difference explained"),
    "fees-charged": N_("Service fees of a statement"),
    "double-redemption-claimed": N_("Double redemption claimed"),
    "double-redemption-claimed-reversed": N_("Claim taken back"),
    "double-redemption-borne": N_("Double redemption decided"),
    "double-redemption-borne-reversed": N_("Decision taken back"),
    "reserve-accrued": N_("Reserve accrued"),
    "deposit-returned": N_("Deposit returned"),
    "deposit-set-off": N_("Deposit set off"),
    "deposit-forfeited": N_("Deposit forfeited"),
    "receivable-written-off": N_("Receivable written off"),
    "month-closed": N_("Month closed"),
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
