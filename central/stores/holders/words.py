"""Everything that the holder's page says, in English; the page gets both languages at once.

It works without a network, so it cannot ask for a sentence when it needs one.
"""

from __future__ import annotations

from central.foundation.language.words import N_, translate
from edge.contract.bundle import LOCALES

WORDS = {
    "title": N_("Your voucher"),
    "loading": N_("One moment …"),
    "left": N_("Balance"),
    "uses_left": N_("Uses left"),
    "once": N_("Good for one use"),
    "of": N_("of"),
    "show": N_("Show this at the till"),
    "changes": N_("It changes in {seconds} s. A picture of it is worthless after that."),
    "bright": N_("Turn up the brightness of your screen, so that the till can read it."),
    "type": N_("Or read this number out:"),
    "until": N_("Good until the end of"),
    "for_ever": N_("Does not expire"),
    "where": N_("Accepted at"),
    "everywhere": N_("Accepted at every store"),
    "more": N_("and {count} more"),
    "offline": N_("No network. The code works all the same; the balance is of {at}."),
    "clock_behind": N_("The clock of this phone is {seconds} s slow. This page allows for it."),
    "clock_ahead": N_("The clock of this phone is {seconds} s fast. This page allows for it."),
    "clock_unchecked": N_(
        "The clock of this phone has not been compared yet. If a till refuses the code, "
        "go online once."
    ),
    "no_codes": N_("The codes on this phone have run out. Go online once for new ones."),
    "status_redeemed": N_("It has been used up."),
    "status_revoked": N_("It was withdrawn. Ask whoever you have it from."),
    "status_suspended": N_("It is suspended. Ask the shop."),
    "status_expired": N_("It has expired."),
    "not_yet": N_("It is not valid yet."),
    "empty": N_("There is no voucher on this phone"),
    "empty_help": N_(
        "Open the link that you were given. If it was on this phone before, open it in the "
        "browser in which you opened it first."
    ),
    "other_phone": N_("This voucher is on another phone"),
    "other_phone_help": N_(
        "A voucher is on one phone at a time, so that nobody can copy it. If that phone is "
        "yours, use it. If it is lost or new, ask the shop or headquarters to unlock the "
        "voucher, then open this link again."
    ),
    "no_link": N_("This link does not work"),
    "no_link_help": N_(
        "A newer link was made for this voucher, or part of it is missing. Ask for a new one."
    ),
    "no_network": N_("The voucher could not be fetched"),
    "no_network_help": N_("This phone needs a network once, to fetch it. Try again in a moment."),
    "not_safe": N_("This browser cannot keep the voucher safe"),
    "not_safe_help": N_(
        "Open the link by its https address, in an ordinary window of an up-to-date browser."
    ),
    "again": N_("Try again"),
    "grant_ask": N_("Pay with this voucher?"),
    "grant_at": N_("At"),
    "grant_amount": N_("Amount"),
    "grant_agree": N_("Yes, pay"),
    "grant_no": N_("No"),
    "grant_show": N_("Let the till scan this"),
    "grant_back": N_("Back to the voucher"),
    "grant_left": N_("Good for {seconds} s, for this sale only."),
    "grant_over": N_("It was not scanned in time. Ask the till to scan your voucher again."),
    "grant_refused": N_("The voucher cannot pay this"),
    "grant_wrong_phone": N_("The voucher that the till has scanned is not in this browser"),
    "grant_wrong_phone_help": N_(
        "Open the till's code in the browser or app in which you see your voucher."
    ),
    "grant_paste": N_("Verify at a till"),
    "grant_paste_help": N_(
        "Scan the code at the till with this phone's camera. If that opens another app, copy the "
        "link and paste it here."
    ),
    "grant_go": N_("Continue"),
    "refusal_wrong-store": N_("It is not for this store."),
    "refusal_not-yet-valid": N_("It is not valid yet."),
    "refusal_expired": N_("It has expired."),
    "refusal_revoked": N_("It was withdrawn. Ask whoever you have it from."),
    "refusal_suspended": N_("It is suspended. Ask the shop."),
    "refusal_redeemed-elsewhere": N_("It has been used up."),
    "refusal_insufficient-value": N_("There is not enough left on it."),
    "refusal_value-lent": N_("Part of it is set aside for another store."),
    "refusal_grant-expired": N_(
        "It was not scanned in time. Ask the till to scan your voucher again."
    ),
    "refusal_other": N_("Ask the till to scan your voucher again."),
    "others": N_("Your vouchers"),
}


def both_languages() -> dict[str, dict[str, str]]:
    """Return the words of the page, by language."""
    return {
        locale: {name: translate(locale, text) for name, text in WORDS.items()}
        for locale in LOCALES
    }
