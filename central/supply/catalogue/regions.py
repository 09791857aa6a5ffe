"""Codes of regions: 44 is a province, 4403 a city of it, 440305 a district of that. Pure.

Which place a code means is nobody's business here; a longer code lies inside of its beginnings.
"""

from __future__ import annotations

import re

from central.errors import RequestInvalid
from central.foundation.language.words import N_

CODE = r"([0-9]{2}){0,3}"
"""None, or 2, 4 or 6 digits, as GB/T 2260 has them."""


def region_in(text: str) -> str:
    """Return the region that somebody has typed; empty for none.

    Raises:
        RequestInvalid: it is no code.
    """
    code = text.strip()
    if not re.fullmatch(CODE, code):
        raise RequestInvalid(N_("A region is 2, 4 or 6 digits, as 44, 4403 or 440305."))
    return code


def lies_outside(store: str, voucher: str) -> bool:
    """Say whether a store certainly lies outside of where a voucher is meant for.

    A store of which only the province is known may lie in the city that the voucher is for:
    nobody is accused of that.
    """
    if not store or not voucher:
        return False
    return not (store.startswith(voucher) or voucher.startswith(store))
