"""What the ledger has of a store that stands on no statement yet. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from central.foundation.db.engine import rows
from central.money.settlement.model import Movement

_ROOT = "coalesce(r.id, j.id), coalesce(r.kind, j.kind), coalesce(r.memo, j.memo)"
_NEW = "NOT EXISTS (SELECT 1 FROM statement_line l WHERE l.store_id = ? AND l.journal_id = j.id)"


class Unsettled(NamedTuple):
    """What stands on no statement yet.

    Args:
        currency: What the store's account is kept in.
        balance: What the ledger says is owed, minor units.
        movements: By number, each with the number of its entry.
    """

    currency: str
    balance: int
    movements: tuple[tuple[Movement, int], ...]

    @property
    def change(self) -> int:
        """What all of them together add to what is owed."""
        return sum(movement.change for movement, _ in self.movements)


def unsettled(store: str, account: str, after_entry: int) -> Unsettled | None:
    """Return what stands on no statement; None if the account was never opened.

    Args:
        after_entry: Entries up to this number are on issued statements, and not looked at.
    """
    found = rows("SELECT id, currency, c - d FROM account WHERE code = ?", (account,))
    if not found:
        return None
    [(account_id, currency, balance)] = found
    moved = [
        *_of_account(store, account_id, after_entry),
        *_decided(store, account_id, after_entry),
    ]
    return Unsettled(currency, int(balance), tuple(sorted(moved)))


def _of_account(store: str, account_id: int, after_entry: int) -> list[tuple[Movement, int]]:
    return [
        (Movement(journal, kind, effective, at_s, ref, int(change), 0, *root), int(entry_id))
        for journal, kind, effective, at_s, ref, change, entry_id, *root in rows(
            "SELECT j.id, j.kind, j.effective, j.at_s, j.ref, sum(-e.side * e.amount), min(e.id),"
            f" {_ROOT} FROM entry e JOIN journal j ON j.id = e.journal_id"
            " LEFT JOIN journal r ON r.id = j.reverses_id"
            " WHERE e.account_id = ? AND e.id > ? AND e.layer = 1"
            # Fees are in the lines that they are charged for.
            f" AND j.kind <> 'fees-charged' AND {_NEW}"
            " GROUP BY j.id, j.kind, j.effective, j.at_s, j.ref, r.id, r.kind, r.memo, j.memo",
            (account_id, after_entry, store),
        )
    ]


def _decided(store: str, account_id: int, after_entry: int) -> list[tuple[Movement, int]]:
    """Return decisions about this store's claims that move nothing of its own.

    Each of them moves what stands apart at 1150, and its key is that of the claim and ``:out``.
    """
    decision = "coalesce(r.idem, j.idem)"
    return [
        (Movement(journal, kind, effective, at_s, ref, 0, int(about), *root), int(entry_id))
        for journal, kind, effective, at_s, ref, about, entry_id, *root in rows(
            "SELECT j.id, j.kind, j.effective, j.at_s, j.ref, claimed.amount, e.id,"
            f" {_ROOT} FROM entry e JOIN journal j ON j.id = e.journal_id"
            " LEFT JOIN journal r ON r.id = j.reverses_id"
            f" JOIN journal c ON c.idem = substr({decision}, 1, length({decision}) - 4)"
            " JOIN entry claimed ON claimed.journal_id = c.id AND claimed.account_id = ?"
            " WHERE e.account_id = (SELECT id FROM account WHERE code = '1150') AND e.id > ?"
            " AND e.layer = 1 AND coalesce(r.kind, j.kind) = 'double-redemption-borne'"
            " AND NOT EXISTS (SELECT 1 FROM entry own"
            " WHERE own.journal_id = j.id AND own.account_id = ?)"
            f" AND {_NEW}",
            (account_id, after_entry, account_id, store),
        )
    ]


def fees_charged(store: str, journals: Sequence[int]) -> dict[int, int]:
    """Return the fee of each of these redemptions that stands on a statement, by its journal."""
    if not journals:
        return {}
    marks = ", ".join("?" * len(journals))
    return {
        int(journal): int(fee)
        for journal, fee in rows(
            "SELECT journal_id, fee FROM statement_line"
            f" WHERE store_id = ? AND journal_id IN ({marks})",
            (store, *journals),
        )
    }


def open_claims(account: str) -> int:
    """Return what of an account is claimed for double redemptions and not decided, minor units."""
    [(total,)] = rows(
        "SELECT coalesce(sum(own.amount), 0) FROM entry e JOIN journal c ON c.id = e.journal_id"
        " JOIN entry own ON own.journal_id = c.id"
        " WHERE e.account_id = (SELECT id FROM account WHERE code = '1150') AND e.layer = 1"
        " AND own.account_id = (SELECT id FROM account WHERE code = ?) AND own.layer = 1"
        " AND c.kind = 'double-redemption-claimed'"
        " AND NOT EXISTS (SELECT 1 FROM journal o WHERE o.idem = c.idem || ':out'"
        " AND NOT EXISTS (SELECT 1 FROM journal r WHERE r.reverses_id = o.id))"
        " AND NOT EXISTS (SELECT 1 FROM journal back WHERE back.reverses_id = c.id)",
        (account,),
    )
    return int(total)
