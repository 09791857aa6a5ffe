"""Whether the law lets us collect money for others and pay it out of our own balance, by currency.

Where it does not (二清), stores and their owners must get theirs by the channel's own sharing or
collect for themselves; agents' commissions are our own cost and not affected.
"""

from __future__ import annotations

from central.errors import RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_

OF_OTHERS = ("2310", "2320")
"""What is owed to stores and their owners: money of third parties, which lies with us."""


def forbids_pooling(currency: str) -> bool:
    """Say whether money of others may not be paid out of our own balance in a currency."""
    found = rows(
        "SELECT pooling_forbidden FROM regime WHERE currency = ? ORDER BY n DESC LIMIT 1",
        (currency,),
    )
    return bool(found and found[0][0])


def set_pooling(currency: str, reason: str, by: str, at_s: int, *, is_forbidden: bool) -> None:
    """Forbid or allow it from now on; what was in force before stays beside it.

    Payouts that were asked for before go on.

    Raises:
        RequestInvalid: no such currency, or no reason.
    """
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise RequestInvalid(f"{currency!r} is no currency.")
    said = reason.strip()
    if not said or len(said) > 500:
        raise RequestInvalid(N_("Say in a sentence by which rule."))

    def work() -> None:
        [(newest,)] = rows("SELECT coalesce(max(n), 0) FROM regime WHERE currency = ?", (currency,))
        change(
            "INSERT INTO regime (currency, n, pooling_forbidden, reason, set_by, set_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (currency, newest + 1, is_forbidden, said, by, at_s),
        )

    money_transaction(work)
