"""Where money stands still because nobody has done what is his to do: alerts, by age.

``proofs`` says what does not agree. This says what agrees and has waited too long.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from central.foundation.db.engine import reading, rows
from central.foundation.jobs import alerts
from central.foundation.language.said import Saying
from central.money.closing.days import open_days
from central.money.ledger.days import date_of
from central.money.reconciliation.unproven import unproven

DAY_S = 86_400
UNPROVEN_DAYS = 7
"""An entry that no bill has had for longer than this is asked after."""
BANK_DAYS = 3
"""A bank answers within so many days after a file was made."""
OPEN_DAYS = 3
"""A day is closed within so many days after it."""

CASE, DISPUTE, UNPROVEN, OPEN_DAY, PAYOUT = (
    "conflict-late", "statement-disputed", "entry-unproven", "day-open", "payout-stands",
)  # fmt: skip


def tell_all(at_s: int, today: int, with_bills: Collection[str]) -> int:
    """Open or clear the alerts of all that stands still; return how many are open.

    Call it outside of a transaction.

    Args:
        today: The business day that is going on.
        with_bills: Channels in use that give bills.
    """
    found = {
        CASE: reading(lambda: cases(at_s)),
        DISPUTE: reading(lambda: disputes(at_s)),
        UNPROVEN: reading(lambda: entries(today)),
        OPEN_DAY: reading(lambda: days(today, with_bills)),
        PAYOUT: reading(lambda: payouts(at_s)),
    }
    for kind, told in found.items():
        alerts.tell_all(kind, told, at_s)
    return sum(map(len, found.values()))


def cases(at_s: int) -> dict[str, str]:
    """Return double redemptions that were to be decided by now."""
    return {
        str(case): Saying("case-late", store=store, days=(at_s - until_s) // DAY_S)
        for case, store, until_s in rows(
            "SELECT id, store_id, decide_until_s FROM conflict_case WHERE state = 'open'"
            " AND decide_until_s < ? ORDER BY id",
            (at_s,),
        )
    }


def payouts(at_s: int) -> dict[str, str]:
    """Return payouts that need a person, that wait unsent for longer than a day, or of which the
    bank has said nothing for three."""
    said = {
        "parked": Saying("payout-parked"),
        "waiting": Saying("payout-unreleased"),
        "ready": Saying("payout-unsent"),
    }
    found: dict[str, str] = {
        no: said[state]
        for no, state in rows(
            "SELECT no, state FROM payout WHERE state = 'parked' OR"
            " (state IN ('waiting', 'ready') AND requested_at_s < ?) ORDER BY requested_at_s, no",
            (at_s - DAY_S,),
        )
    }
    for no, file, since_s in rows(
        "SELECT p.no, l.file_no, p.first_sent_at_s FROM payout p"
        " JOIN bank_file_line l ON l.payout_no = p.no"
        " WHERE p.state = 'sent' AND p.first_sent_at_s < ? ORDER BY p.no",
        (at_s - BANK_DAYS * DAY_S,),
    ):
        days = (at_s - int(since_s)) // DAY_S
        found[no] = Saying("payout-unanswered", file=file, days=days)
    return found


def disputes(at_s: int) -> dict[str, str]:
    """Return statements with a line that a store does not agree with, and nobody has settled."""
    return {
        no: Saying("lines-disputed", count=count, days=(at_s - since_s) // DAY_S)
        for no, count, since_s in rows(
            "SELECT statement_no, count(*), min(opened_at_s) FROM disputed_line"
            " WHERE settled_at_s IS NULL GROUP BY statement_no ORDER BY statement_no"
        )
    }


def entries(today: int) -> dict[str, str]:
    """Return accounts with entries that no bill has proven for long."""
    old: dict[str, list[int]] = defaultdict(list)
    for one in unproven():
        if (date_of(today) - date_of(one.day)).days > UNPROVEN_DAYS:
            old[one.account].append(one.day)
    return {
        account: Saying("entries-unproven", count=len(found), day=min(found))
        for account, found in old.items()
    }


def days(today: int, with_bills: Collection[str]) -> dict[str, str]:
    """Return the oldest day that is open for too long, and what it waits for."""
    oldest = next(open_days(with_bills, today), None)
    if oldest is None or (date_of(today) - date_of(oldest.day)).days <= OPEN_DAYS:
        return {}
    return {str(oldest.day): oldest.said or Saying("could-be-closed")}
