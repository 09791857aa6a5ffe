"""Words for values, in English; the translations are keyed by them."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

TRANSLATIONS = Path(__file__).parent / "translations"


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark a sentence for translation without translating it here."""
    return text


def translate(locale: str, text: str) -> str:
    """Return a sentence in a language, for what is made without a browser that asks."""
    return _catalogue(locale).gettext(text) if text else ""


@cache
def _catalogue(locale: str) -> gettext.NullTranslations:
    languages = {"zh-CN": ["zh_Hans_CN"]}.get(locale, [])
    return gettext.translation("messages", TRANSLATIONS, languages=languages, fallback=True)


STATES = {
    "active": N_("active"),
    "revoked": N_("revoked"),
    "quarantined": N_("two journals"),
}
AGENT_STATES = {
    "active": N_("active"),
    "suspended": N_("suspended"),
    "terminated": N_("terminated"),
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
REFUSALS = {
    "not-a-token": N_("not one of our vouchers"),
    "mistyped": N_("mistyped"),
    "unknown-key": N_("signed with an unknown key"),
    "bad-signature": N_("forged or altered"),
    "foreign-issuer": N_("of another company"),
    "unknown-handle": N_("unknown number"),
    "unknown-voucher": N_("unknown voucher"),
    "wrong-store": N_("for another store"),
    "not-yet-valid": N_("not valid yet"),
    "expired": N_("expired"),
    "clock-uncertain": N_("clock uncertain"),
    "revoked": N_("was revoked"),
    "suspended": N_("suspended"),
    "already-redeemed": N_("already used here"),
    "redeemed-elsewhere": N_("used elsewhere"),
    "amount-missing": N_("no amount given"),
    "amount-mismatch": N_("the amount does not suit"),
    "wrong-currency": N_("another currency"),
    "insufficient-value": N_("not enough left"),
    "code-required": N_("code missing"),
    "code-wrong": N_("code wrong or too old"),
    "code-replayed": N_("code used already"),
    "code-unverifiable": N_("code could not be checked"),
    "locked-out": N_("too many wrong codes"),
    "online-required": N_("only with headquarters"),
    "over-floor-limit": N_("too much to accept alone"),
    "offline-count": N_("too many accepted alone"),
    "offline-sum": N_("too much accepted alone"),
    "offline-too-long": N_("too long without headquarters"),
    "velocity": N_("too many in a short time"),
    "grant-invalid": N_("not a word of headquarters"),
    "grant-expired": N_("verified too long ago"),
    "grant-used": N_("sale completed already"),
    "grant-other-store": N_("verified for another store"),
    "grant-other-unit": N_("verified for another till"),
    "grant-other-sale": N_("verified for another sale"),
    "grant-other-amount": N_("verified for another amount"),
    "value-lent": N_("set aside for another store"),
    "policy-missing": N_("no policy yet"),
    "status-missing": N_("no status yet"),
}
"""Why a till refused, in a few words for a table."""
REASONS = {
    "unknown-voucher": N_("unknown voucher"),
    "after-revocation": N_("the unit was revoked before"),
    "voids-nothing": N_("takes back what is not there"),
    "malformed-entry": N_("unreadable"),
}
"""Why the hub has kept an entry aside."""
ALARMS = {
    "fork": N_("two journals"),
    "new-epoch": N_("a journal began anew"),
    "posting-refused": N_("the ledger refused a posting"),
}
PRINTERS = {
    "ready": N_("ready"),
    "paper-low": N_("paper runs out"),
    "paper-end": N_("no paper"),
    "cover-open": N_("cover open"),
    "error": N_("error"),
    "unreachable": N_("not reachable"),
    "unknown": N_("does not answer"),
    "absent": N_("none"),
}
POSTINGS = {
    "brought-in": N_("Opening balance brought in"),
    "paid": N_("Payment received"),
    "vouchers-paid": N_("Money for vouchers received"),
    "channel-settled": N_("Channel settled"),
    "fee-returned": N_("Channel fee returned"),
    "stores-netted": N_("Stores netted with their owner"),
    "order-completed": N_("Order completed"),
    "commission-released": N_("Commission released"),
    "commission-of-redemption": N_("Commission of a redemption"),
    "commission-of-redemption-taken-back": N_("Commission of a redemption taken back"),
    "deposit-paid-in": N_("Deposit paid in"),
    "prepaid": N_("Prepaid money paid in"),
    "balance-topped-up": N_("Balance topped up"),
    "balance-given-back": N_("Balance given back"),
    "bought": N_("Paid from a balance"),
    "vouchers-sold": N_("Vouchers sold"),
    "redeemed": N_("Redeemed"),
    "shortfall-borne": N_("Underpayment borne"),
    "shortfall-undone": N_("Underpayment borne no more"),
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
    "voucher-expired-again": N_("Voucher expired again"),
    "goods-taken-back": N_("Goods taken back by a supplier"),
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
    N_("This account has not been opened."),
    N_("Nobody of this name has an account."),
    N_("There is no journal of this number."),
    N_("A day is written 2026-04-11."),
)
"""Titles of problems that a person may see on a page."""


def grouped(decimal: str) -> str:
    """Return an amount as a table shows it: ``-1234.50`` as ``−1,234.50``."""
    sign = "−" if decimal.startswith("-") else ""
    whole, point, rest = decimal.lstrip("-").partition(".")
    return f"{sign}{int(whole):,}{point}{rest}"
