"""The sentences of the unit, in English; the translations are keyed by them.

Code carries slugs, catalogues carry sentences: a refusal is ``already-redeemed`` everywhere but
on a screen, on paper and in ``detail``.
"""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from edge.contract.bundle import LOCALES
from edge.contract.refusal import Refusal, WayOut
from edge.errors import N_ as N_  # noqa: PLC0414 - it is one of the words

DOMAIN = "edge"
TRANSLATIONS = Path(__file__).parent / "translations"


REFUSALS: dict[Refusal, str] = {
    Refusal.NOT_A_TOKEN: N_("This is not one of our vouchers."),
    Refusal.MISTYPED: N_("The number was mistyped."),
    Refusal.UNKNOWN_KEY: N_("This unit does not know the key that signed this voucher."),
    Refusal.BAD_SIGNATURE: N_("This voucher is forged or altered."),
    Refusal.FOREIGN_ISSUER: N_("This voucher is from another company."),
    Refusal.UNKNOWN_HANDLE: N_("This unit does not know the voucher behind this number."),
    Refusal.UNKNOWN_VOUCHER: N_("Headquarters does not know this voucher."),
    Refusal.WRONG_STORE: N_("This voucher is not for this store."),
    Refusal.NOT_YET_VALID: N_("This voucher is not valid yet."),
    Refusal.EXPIRED: N_("This voucher has expired."),
    Refusal.CLOCK_UNCERTAIN: N_(
        "The clock of this unit is uncertain; the voucher may well be valid."
    ),
    Refusal.REVOKED: N_("This voucher was revoked."),
    Refusal.SUSPENDED: N_("This voucher is suspended."),
    Refusal.ALREADY_REDEEMED: N_("This voucher was used here already."),
    Refusal.REDEEMED_ELSEWHERE: N_("This voucher was used elsewhere."),
    Refusal.AMOUNT_MISSING: N_("How much shall be taken?"),
    Refusal.AMOUNT_MISMATCH: N_("The amount does not suit this voucher."),
    Refusal.WRONG_CURRENCY: N_("This voucher is in another currency."),
    Refusal.INSUFFICIENT_VALUE: N_("There is not enough left on this voucher."),
    Refusal.CODE_REQUIRED: N_("A picture of this voucher is not enough: its code rotates."),
    Refusal.CODE_WRONG: N_("The code is wrong or too old."),
    Refusal.CODE_REPLAYED: N_("This code was used already."),
    Refusal.CODE_UNVERIFIABLE: N_("This unit cannot check rotating codes at the moment."),
    Refusal.LOCKED_OUT: N_("Too many wrong codes."),
    Refusal.ONLINE_REQUIRED: N_("This voucher can only be used while headquarters is reachable."),
    Refusal.OVER_FLOOR_LIMIT: N_("This is too much to accept without headquarters."),
    Refusal.OFFLINE_COUNT: N_("This unit has accepted as many vouchers alone as it may."),
    Refusal.OFFLINE_SUM: N_("This unit has accepted as much value alone as it may."),
    Refusal.OFFLINE_TOO_LONG: N_("This unit has been without headquarters for too long."),
    Refusal.VELOCITY: N_("Too many vouchers in too short a time."),
    Refusal.GRANT_INVALID: N_("What the phone shows is not from headquarters."),
    Refusal.GRANT_EXPIRED: N_("What the phone shows is too old."),
    Refusal.GRANT_USED: N_("This sale was completed already."),
    Refusal.GRANT_OTHER_STORE: N_("The phone has verified a sale of another store."),
    Refusal.GRANT_OTHER_UNIT: N_("The phone has verified a sale of another till."),
    Refusal.GRANT_OTHER_SALE: N_("The phone has verified another sale."),
    Refusal.GRANT_OTHER_AMOUNT: N_("The phone has verified another amount."),
    Refusal.VALUE_LENT: N_("Part of this voucher is set aside for another store."),
    Refusal.POLICY_MISSING: N_("This unit has no policy from headquarters yet."),
    Refusal.STATUS_MISSING: N_("This unit has not heard from headquarters yet."),
}

WAYS_OUT: dict[WayOut, str] = {
    WayOut.NONE: N_("It cannot be used."),
    WayOut.SCAN_AGAIN: N_("Scan or type it again."),
    WayOut.FRESH_CODE: N_("Scan the code that the customer's phone shows right now."),
    WayOut.ENTER_AMOUNT: N_("Enter the amount."),
    WayOut.OTHER_STORE: N_("It is good in another store."),
    WayOut.WAIT: N_("Try again later."),
    WayOut.NETWORK: N_("Connect this unit to the network and scan again."),
    WayOut.VERIFY_AGAIN: N_("Scan the voucher again, and let the customer verify this sale."),
    WayOut.ASK_HEADQUARTERS: N_("Headquarters can help."),
}

RECEIPT = (
    N_("COPY"), N_("VOID"), N_("REFUND"), N_("Amount"), N_("Uses"), N_("Uses left"), N_("Balance"),
    N_("Receipt"), N_("Time"), N_("Voucher"), N_("Clerk"), N_("Checked"), N_("Entry"),
    N_("Bundle file taken"), N_("Journal file given out"), N_("Unit"), N_("File made"),
    N_("Entries in it"), N_("Headquarters has"),
    N_("online"), N_("offline"), N_("by the customer's phone"), N_("offline, on lent value"),
    N_("offline, by the store's tills"), N_("Printer test"), N_("Total"),
)  # fmt: skip
"""The words of ``receipt.document``, which knows no gettext."""


@cache
def _catalogue(locale: str) -> gettext.NullTranslations:
    return gettext.translation(
        DOMAIN, TRANSLATIONS, languages=[locale.replace("-", "_")], fallback=True
    )


def translate(locale: str, text: str) -> str:
    """Return a sentence in a language; in English if nobody has translated it."""
    return _catalogue(locale).gettext(text) if text else text


_SPANS = (
    (172_800, 86_400, N_("{n} d")),
    (7_200, 3_600, N_("{n} h")),
    (120, 60, N_("{n} min")),
    (0, 1, N_("{n} s")),
)
"""From how many seconds on which unit is used, and how many seconds are one."""


def span(locale: str, seconds: int) -> str:
    """Return how long something took, in the largest unit of which there are two: ``90 min``."""
    for least, one, words in _SPANS:
        if seconds >= least:
            return translate(locale, words).format(n=seconds // one)
    return translate(locale, _SPANS[-1][2]).format(n=0)


def best_locale(wanted: str | None, default: str) -> str:
    """Return which of our languages an Accept-Language header asks for."""
    for tag, quality in parse_accept_header(wanted, LanguageAccept):
        for locale in LOCALES:
            if quality > 0 and locale.lower().split("-")[0] == tag.lower().split("-")[0]:
                return locale
    return default
