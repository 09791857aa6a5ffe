"""Words for what a type is made of, in English; the translations are keyed by them."""

from __future__ import annotations

from flask_babel import get_locale

from central.foundation.language.words import N_
from central.supply.product_types.model import FieldKind, Fulfilment, ValidityKind

FULFILMENTS = {
    Fulfilment.LOCAL_KEY: N_("card keys from our stock"),
    Fulfilment.SUPPLIER_KEY: N_("card keys from a supplier"),
    Fulfilment.DIRECT_TOPUP: N_("top-up by a supplier"),
    Fulfilment.LINK: N_("a link"),
    Fulfilment.OWN_VOUCHER: N_("our own voucher"),
    Fulfilment.MANUAL: N_("by hand"),
    Fulfilment.BUNDLE: N_("a bundle"),
}
KINDS = {
    FieldKind.TEXT: N_("text"),
    FieldKind.NUMBER: N_("whole number"),
    FieldKind.CHOICE: N_("choice"),
    FieldKind.PHONE: N_("phone"),
    FieldKind.EMAIL: N_("e-mail"),
    FieldKind.DATE: N_("date"),
}
VALIDITIES = {
    ValidityKind.UNLIMITED: N_("without an end"),
    ValidityKind.DAYS: N_("for days from delivery on"),
    ValidityKind.UNTIL: N_("until the end of a day"),
}
SAMPLES = {
    "key": "ABCD-EFGH-1234", "link": "https://example.com/open/1234", "voucher": "1234 5678 …",
    "reference": "R-1", "note": "…", "parts": "…", "order": "O-1", "quantity": "1",
    "until": "2026-12-31",
}  # fmt: skip
"""What stands in the places of a delivery that is only tried."""


def reader_locale() -> str:
    """Return the language of this request as names have it, ``zh-CN`` or ``en``."""
    return "zh-CN" if str(get_locale()).startswith("zh") else "en"
