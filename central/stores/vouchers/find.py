"""Finds a voucher by its number as people and addresses write it."""

from __future__ import annotations

from central.errors import NotFound, RequestInvalid
from central.foundation.language.words import N_
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import parse_voucher_id


def voucher_of(text: str) -> Voucher:
    """Return the voucher of 12 lower-case hex digits.

    Raises:
        RequestInvalid: they are others. NotFound: there is none.
    """
    try:
        found: Voucher | None = Voucher.get_or_none(Voucher.id == parse_voucher_id(text))
    except ValueError:
        raise RequestInvalid(N_("A voucher's number has 12 hex digits.")) from None
    if found is None:
        raise NotFound(N_("There is no such voucher."))
    return found
