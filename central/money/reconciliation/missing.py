"""Entries that the bills of their day and of the next lack (短款): differences like another."""

from __future__ import annotations

from collections.abc import Iterable

from central.errors import PostingRefused
from central.foundation.db.engine import HUB, change, rows
from central.money.ledger.rules import reversal_key
from central.money.ledger.store import reverse
from central.money.reconciliation.model import By
from central.money.reconciliation.unproven import unproven


def note(account: str, by: By, first: int = 0) -> None:
    """Write which entries of an account are missing, and end what is not any more.

    What a person has taken back by hand, or what a bill has proven by now, is not; what somebody
    had posted elsewhere and taken back from there is missing again.

    Args:
        first: Business day of the oldest entries that are looked at: those before were noted
            when their bills were taken.
    """
    change(
        "UPDATE difference SET state = 'taken-back', closed_at_s = ?, closed_by = ?"
        " WHERE state = 'resolved' AND entry_id IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM journal b WHERE b.reverses_id = found_id)"
        " AND EXISTS (SELECT 1 FROM entry e JOIN account a ON a.id = e.account_id"
        " WHERE e.id = entry_id AND a.code = ?)",
        (by.at_s, by.actor, account),
    )
    claimed = {
        int(entry)
        for (claims,) in rows(
            "SELECT claims FROM difference d JOIN bill ON bill.id = d.bill_id"
            " WHERE account = ? AND d.state = 'open' AND claims <> ''",
            (account,),
        )
        for entry in claims.split(",")
    }
    lacking = {
        one.entry: one.amount.minor
        for one in unproven(account, first=first)
        if one.has_bill and one.entry not in claimed
    }
    for difference_id, entry in rows(
        "SELECT d.id, entry_id FROM difference d JOIN entry e ON e.id = entry_id"
        " JOIN account a ON a.id = e.account_id JOIN journal j ON j.id = e.journal_id"
        " WHERE d.state = 'open' AND a.code = ? AND effective >= ?",
        (account, first),
    ):
        if lacking.pop(entry, None) is None:
            change(
                "UPDATE difference SET state = 'proven', closed_at_s = ?, closed_by = ?"
                " WHERE id = ? AND state = 'open'",
                (by.at_s, by.actor, difference_id),
            )
    for entry, minor in lacking.items():
        change(
            "INSERT INTO difference (entry_id, kind, amount, state, opened_at_s)"
            " VALUES (?, 'missing', ?, 'open', ?)",
            (entry, -minor, by.at_s),
        )


def take_back(entries: Iterable[int], by: By) -> bool:
    """Take back what was posted for entries that were missing: a bill has them after all.

    Returns:
        False if the ledger refuses it, because what was posted is spent or its day is closed: then
        nothing has changed, and what the bill says is to be posted where it belongs.
    """
    posted = [
        found
        for entry in entries
        for found in rows(
            "SELECT id, found_id, journal_id FROM difference d WHERE entry_id = ?"
            " AND state = 'resolved'"
            " AND NOT EXISTS (SELECT 1 FROM journal b WHERE b.reverses_id = d.found_id)",
            (entry,),
        )
    ]
    try:
        with HUB.atomic():  # a savepoint: what the ledger refuses leaves the rest as it was
            for difference_id, found, explained in posted:
                for journal in (explained, found):
                    reverse(
                        reversal_key(journal), journal, by.at_s, day=by.day, actor=by.actor,
                        memo=f"difference {difference_id}: a bill has it after all",
                    )  # fmt: skip
                [_] = rows(
                    "UPDATE difference SET state = 'taken-back', closed_at_s = ?, closed_by = ?"
                    " WHERE id = ? AND state = 'resolved' RETURNING id",
                    (by.at_s, by.actor, difference_id),
                )
    except PostingRefused:
        return False
    return True
