"""What a program asks about a case is done once, however often it asks under its own key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

from central.errors import KeyReused
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.sale.after_sales import store
from central.sale.after_sales.model import Case


def once(who: str, key: str, wish: Sequence[object], at_s: int, work: Callable[[], Case]) -> Case:
    """Do what a program asks, or return the case of when it was done, as it is now.

    Args:
        who: The program; another one may have chosen the same key.
        wish: All that it asks; JSON.

    Raises:
        KeyReused: the key was used for another wish.
    """
    idem = hashlib.sha256(json.dumps([who, key]).encode()).hexdigest()
    asked = hashlib.sha256(json.dumps(wish).encode()).digest()

    def write() -> Case:
        known = rows("SELECT request_hash, case_id FROM after_sale_request WHERE idem = ?", (idem,))
        if known:
            [(before, case_id)] = known
            if bytes(before) != asked:
                raise KeyReused(N_("This key was used for another request."))
            return store.get(case_id)
        case = work()
        change(
            "INSERT INTO after_sale_request (idem, request_hash, case_id, at_s)"
            " VALUES (?, ?, ?, ?)",
            (idem, asked, case.id, at_s),
        )
        return case

    return money_transaction(write)
